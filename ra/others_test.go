package ra_test

import (
	"encoding/json"
	"strings"
	"testing"

	"onecert/audit"
	"onecert/pki"
	"onecert/pkitest"
	"onecert/ra"
)

// has makes the CA know a certificate of a holder in another branch.
func (h *house) has(n int, c ra.Certificate) string {
	h.t.Helper()
	id, err := h.ca.Identify(h.t.Context(), "resident", resident(n))
	if err != nil {
		h.t.Fatal(err)
	}
	h.ca.mu.Lock()
	defer h.ca.mu.Unlock()
	if h.ca.held == nil {
		h.ca.held = map[string][]ra.Certificate{}
	}
	h.ca.held[id] = append(h.ca.held[id], c)
	return id
}

func elsewhere(h *house) ra.Certificate {
	return ra.Certificate{Issuer: "sm2", Serial: "0a0b0c0d", Holder: "x", Kind: ra.Person, Name: "机密姓名", Unit: "别处单位", Node: "lra9", Path: "/centre/ra9/lra9/",
		State: pki.Valid, NotAfter: h.clock.Now().AddDate(2, 0, 0), Region: "440000"}
}

// TestOneHolderOneKey: a second certificate is refused without a reason, and linked by
// decision with one: the reviewer sees kind, state, end and region, and nobody's name.
func TestOneHolderOneKey(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		h.has(70, elsewhere(h))
		e := person(t, 70, "陈示例")
		a := must[*ra.Application](t)(h.Register(as("lra1.registrar"), e))
		_, err := h.Submit(as("lra1.registrar"), a.ID, ra.Decision{Version: a.Version})
		wantCode(t, err, "holder.has-one")
		a = must[*ra.Application](t)(h.Edit(as("lra1.registrar"), a.ID, ra.EditOf{Version: a.Version, Entry: ra.Entry{Operation: ra.Issue, Reason: "调任，两地任职"}}))
		a = must[*ra.Application](t)(h.Submit(as("lra1.registrar"), a.ID, ra.Decision{Version: a.Version}))
		a = must[*ra.Application](t)(h.Application(as("ra1.reviewer"), a.ID))
		if len(a.Others) != 1 || a.Others[0].Region != "440000" || a.Others[0].State != pki.Valid || a.Others[0].Kind != ra.Person || a.Others[0].NotAfter.IsZero() {
			t.Fatalf("%+v", a.Others)
		}
		text, err := json.Marshal(a.Others)
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range []string{"机密姓名", "别处单位", "lra9", "0a0b0c0d"} {
			if strings.Contains(string(text), secret) {
				t.Errorf("the reviewer is told %s", secret)
			}
		}
		must[*ra.Application](t)(h.Approve(as("ra1.reviewer"), a.ID, ra.Decision{Version: a.Version}))
		if entries := must[[]audit.Entry](t)(h.cfg.Audit.Search(t.Context(), audit.Query{Act: "application.link"})); len(entries) != 1 || entries[0].Detail["reason"] != "调任，两地任职" {
			t.Errorf("%+v", entries)
		}
	})
}

// TestAskedAtTheRegistration: what a counter without a way to the CA could not ask is
// asked before the review, and shown before it is decided.
func TestAskedAtTheRegistration(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		h := newHouse(t, source, func(c *ra.Config) { c.Holders = nil })
		h.has(71, elsewhere(h))
		plain := h.submitted("lra1.registrar", person(t, 71, "褚示例"))
		e := person(t, 71, "褚示例")
		e.Reason = "两个岗位"
		reasoned := h.submitted("lra1.registrar", e)
		h.room.Close()
		h.cfg.DB.Close()
		h.cfg.Holders = h.ca
		h.start()
		_, err := h.Approve(as("ra1.reviewer"), plain.ID, ra.Decision{Version: plain.Version})
		wantCode(t, err, "holder.has-one")
		_, err = h.Approve(as("ra1.reviewer"), reasoned.ID, ra.Decision{Version: reasoned.Version})
		wantCode(t, err, "holder.others")
		if a := must[*ra.Application](t)(h.Application(as("ra1.reviewer"), reasoned.ID)); len(a.Others) != 1 {
			t.Fatalf("%+v", a)
		}
		if a := must[*ra.Application](t)(h.Approve(as("ra1.reviewer"), reasoned.ID, ra.Decision{Version: reasoned.Version})); a.State != ra.Approved || a.Holder == "" {
			t.Errorf("%+v", a)
		}
	})
}

// TestTwoOnTheirWay: while one application of a holder is on its way, a second waits.
func TestTwoOnTheirWay(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		first := h.submitted("lra1.registrar", person(t, 72, "卫示例"))
		a := must[*ra.Application](t)(h.Register(as("lra3.registrar"), person(t, 72, "卫示例")))
		_, err := h.Submit(as("lra3.registrar"), a.ID, ra.Decision{Version: a.Version})
		wantCode(t, err, "holder.applied")
		must[*ra.Application](t)(h.Withdraw(as("lra1.registrar"), first.ID, ra.Decision{Version: first.Version}))
		must[*ra.Application](t)(h.Submit(as("lra3.registrar"), a.ID, ra.Decision{Version: a.Version}))
	})
}

// TestOneSuccessor: a renewal, re-issue or change of one certificate at a time.
func TestOneSuccessor(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		a := h.issued("lra1", person(t, 140, "甲示例"))
		renew := ra.Entry{Operation: ra.Renew, Issuer: a.Issuer, Serial: a.Serial}
		first := h.submitted("lra1.registrar", renew)
		second := must[*ra.Application](t)(h.Register(as("lra1.registrar"), ra.Entry{Operation: ra.Modify, Issuer: a.Issuer, Serial: a.Serial, Fields: map[string]string{"unit": "示例市档案局"}}))
		_, err := h.Submit(as("lra1.registrar"), second.ID, ra.Decision{Version: second.Version})
		wantCode(t, err, "certificate.applied")
		must[*ra.Application](t)(h.Withdraw(as("lra1.registrar"), first.ID, ra.Decision{Version: first.Version}))
		must[*ra.Application](t)(h.Submit(as("lra1.registrar"), second.ID, ra.Decision{Version: second.Version}))
	})
}
