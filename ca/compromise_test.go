package ca_test

import (
	"context"
	"crypto"
	"io"
	"sync/atomic"
	"testing"

	"onecert/ca"
	"onecert/keys"
	"onecert/pki"
	"onecert/pkitest"
)

// between is a signing key and a random source that let something happen in the midst
// of an order, once.
type between struct {
	*keys.Key
	signing, drawing atomic.Pointer[func()]
}

func happen(what *atomic.Pointer[func()]) {
	if act := what.Swap(nil); act != nil {
		(*act)()
	}
}

func (b *between) SignMessage(random io.Reader, message []byte, opts crypto.SignerOpts) ([]byte, error) {
	happen(&b.signing)
	return b.Key.SignMessage(random, message, opts)
}

func (b *between) Read(p []byte) (int, error) {
	happen(&b.drawing)
	return (&loaded{}).Read(p)
}

// asking is a key management centre in whose answer something happens, once.
type asking struct {
	*fakeKMC
	meanwhile atomic.Pointer[func()]
}

func (a *asking) Generate(ctx context.Context, o pki.KeyOrder) (pki.KeyGrant, error) {
	happen(&a.meanwhile)
	return a.fakeKMC.Generate(ctx, o)
}

// TestCompromiseOvertakesOrder: a key is reported as bad while something in it is on
// its way, wherever that is: nothing is released in that key any more, neither at once
// nor after a restart nor to who asks again, its pair goes into history, and the holder
// gets a new key.
func TestCompromiseOvertakesOrder(t *testing.T) {
	report := map[string]func(h *house, first *ca.Issued) error{
		"revoked": func(h *house, first *ca.Issued) error {
			_, err := h.Revoke(as("office"), "sm2", first.Sign.Serial, ca.Revocation{Reason: "keyCompromise"})
			return err
		},
		"re-issued": func(h *house, first *ca.Issued) error {
			data, _ := request(h.t, pki.SM2, person("新"))
			_, err := h.Reissue(as("office"), "sm2", first.Sign.Serial, ca.Change{Application: "new-key", Request: data, Reason: "keyCompromise"})
			return err
		},
	}
	for how, act := range report {
		for _, when := range []string{"planned", "asked for", "stored"} {
			if how == "re-issued" && when != "stored" {
				continue // one successor at a time
			}
			t.Run(how+" while "+when, func(t *testing.T) {
				// A renewal asks for no pair, and nothing else follows its certificate
				// meanwhile; a second certificate in the same key does both.
				second := when == "asked for" || how == "re-issued"
				pkitest.EachDatabase(t, func(t *testing.T, source string) { overtake(t, source, when, second, act) })
			})
		}
	}
}

func overtake(t *testing.T, source, when string, second bool, report func(*house, *ca.Issued) error) {
	key, kmc := &between{}, &asking{}
	h := open(t, source, func(c *ca.Config) {
		key.Key = c.Issuers[0].Key.(*keys.Key)
		kmc.fakeKMC = c.KMC.(*fakeKMC)
		c.Issuers[0].Key, c.Random, c.KMC = key, key, kmc
	})
	data, holder := request(t, pki.SM2, person("甲一"))
	first := mustIssue(t, h, ca.Order{Application: "first", Profile: "person-sign", Request: data, Holder: "H-A"})
	ask := func() error {
		_, err := h.Renew(as("office"), "sm2", first.Sign.Serial, ca.Change{Application: "late"})
		return err
	}
	if second {
		o := ca.Order{Application: "late", Profile: "person-sign", Request: requestOf(t, holder, person("甲一")), Holder: "H-A", Decision: "second"}
		ask = func() error { _, err := h.Issue(as("office"), o); return err }
	}
	overtaken := func() {
		if err := report(h, first); err != nil {
			t.Error(err)
		}
	}
	map[string]*atomic.Pointer[func()]{"planned": &key.drawing, "asked for": &kmc.meanwhile, "stored": &key.signing}[when].Store(&overtaken)
	wantCode(t, ask(), pki.Conflict, "request.key-compromised")
	if err := ask(); pki.KindOf(err) != pki.Conflict {
		t.Errorf("asked again: %v", err)
	}
	h.restart()
	if issued, err := h.Order(as("office"), "late"); err == nil {
		t.Errorf("released in a bad key: %+v", issued.Sign)
	}
	h.kmc.mu.Lock()
	for number, application := range h.kmc.byCert {
		if application != "new-key" && !h.kmc.retired[number] {
			t.Errorf("the pair of %s is in use for ever", application)
		}
	}
	h.kmc.mu.Unlock()
	if _, err := h.Order(as("office"), "new-key"); err == nil {
		return
	}
	fresh, _ := request(t, pki.SM2, person("新"))
	if _, err := h.Reissue(as("office"), "sm2", first.Sign.Serial, ca.Change{Application: "new-key", Request: fresh}); err != nil {
		t.Errorf("the holder gets no new key: %v", err)
	}
}
