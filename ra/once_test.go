package ra_test

import (
	"testing"
	"time"

	"onecert/pkitest"
	"onecert/ra"
)

// TestKeysOfEntriesAreForgotten: an entry sent again within a month is entered once;
// after that its key is forgotten, and a fresh one is not.
func TestKeysOfEntriesAreForgotten(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		h := newHouse(t, source, nil)
		send := func(key string, n int) string {
			t.Helper()
			e := person(t, n, "张示例")
			e.Key, e.Request = key, nil
			return must[*ra.Application](t)(h.Register(as("lra1.registrar"), e)).ID
		}
		forget := func() {
			t.Helper()
			if err := h.room.ForgetKeys(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		first := send("first", 1)
		h.clock.add(29 * 24 * time.Hour)
		forget()
		second := send("second", 2)
		if send("first", 1) != first {
			t.Error("a key was forgotten within the month")
		}
		h.clock.add(2 * 24 * time.Hour)
		forget()
		if send("first", 1) == first {
			t.Error("an old key is kept")
		}
		if send("second", 2) != second {
			t.Error("a fresh key was forgotten")
		}
	})
}

// TestCancelledOrganisation: a holder of any kind is cancelled by what that kind says.
func TestCancelledOrganisation(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		a := h.issued("lra1", ra.Entry{Operation: ra.Issue, Kind: ra.Organisation, Request: newRequest(t), Fields: map[string]string{"name": "示例市民政局",
			"credit_code": "91350100M000100Y43", "legal_representative": "法人", "agent": "经办", "agent_identity": resident(63), "phone": "13900000000"}})
		h.issued("lra1", ra.Entry{Operation: ra.Revoke, Issuer: a.Issuer, Serial: a.Serial, Reason: "cessationOfOperation"})
		done := h.issued("lra1", ra.Entry{Operation: ra.Cancel, Holder: a.Holder})
		if _, has := done.Fields["unit"]; has || done.Fields["name"] != "示例市民政局" {
			t.Errorf("%v", done.Fields)
		}
	})
}
