package ca_test

import (
	"fmt"
	"testing"

	"onecert/ca"
	"onecert/pki"
	"onecert/pkitest"
)

// bulk is an order of one person whose keys are thrown away.
func bulk(t *testing.T, n int) ca.Bulk {
	t.Helper()
	var spki [2][]byte
	for i := range spki {
		var err error
		if spki[i], err = pki.MarshalPublicKey(newKey(pki.SM2).Public()); err != nil {
			t.Fatal(err)
		}
	}
	return ca.Bulk{Application: fmt.Sprintf("bulk-%d", n), Profile: "person-sign", Holder: fmt.Sprintf("H-%d", n),
		Subject: pki.Name{{Type: "C", Value: "CN"}, {Type: "O", Value: "示例市民政局"}, {Type: "CN", Value: fmt.Sprintf("持有人%07d", n)}},
		Key:     spki[0], Pair: pki.KeyGrant{PublicKey: spki[1], Envelope: pki.Envelope{Format: pki.SM2EnvelopedKey, DER: []byte{0x30, 0}}}}
}

// TestBulk: what is loaded is what issuing leaves, which the invariants say that end
// every test; it can be shown, renewed and revoked like any other.
func TestBulk(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		h := open(t, source, nil)
		ctx := as("ra")
		var ready []*ca.BulkReady
		for n := range 40 {
			r, err := h.room.Prepare(ctx, bulk(t, n))
			if err != nil {
				t.Fatal(err)
			}
			ready = append(ready, r)
		}
		if err := h.room.Load(ctx, ready); err != nil {
			t.Fatal(err)
		}
		h.checkInvariants()
		issued, err := h.Order(ctx, "bulk-7")
		if err != nil || issued.Sign.State != pki.Valid || issued.Encrypt == nil || issued.Encrypt.Partner != issued.Sign.Serial {
			t.Fatalf("%+v, %v", issued, err)
		}
		if _, err := h.Renew(ctx, "sm2", issued.Sign.Serial, ca.Change{Application: "renewed"}); err != nil {
			t.Error(err)
		}
		if c, err := h.Revoke(ctx, "sm2", issued.Sign.Serial, ca.Revocation{Reason: "superseded"}); err != nil || c.State != pki.Revoked {
			t.Errorf("%+v, %v", c, err)
		}
		if err := h.room.Load(ctx, ready[:1]); err == nil {
			t.Error("an application went in twice")
		}
		again := bulk(t, 1000)
		again.Holder = "H-3"
		second, err := h.room.Prepare(ctx, again)
		if err != nil {
			t.Fatal(err)
		}
		if err := h.room.Load(ctx, []*ca.BulkReady{second}); pki.CodeOf(err) == "" {
			t.Errorf("a holder got a second certificate unasked: %v", err)
		}
	})
}
