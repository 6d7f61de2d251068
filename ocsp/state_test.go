package ocsp

import (
	"testing"
	"time"

	"onecert/pki"
	"onecert/pkitest"
	"onecert/status"
)

// The answers of a life, by each kind of issuer, hash and form, on both databases.
func TestStates(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		h := open(t, source, nil)
		for id := range suites() {
			for hash := range hashOIDs {
				for _, null := range []bool{true, false} {
					t.Run(id+" "+hash, func(t *testing.T) { h.life(t, id, hash, null) })
				}
			}
		}
	})
}

func (h *house) life(t *testing.T, id, hash string, null bool) {
	s := newSerial()
	ask := func() said {
		t.Helper()
		return h.check(t, id, h.send(encode(t, nil, h.authorities[id].certID(hash, null, s))))
	}
	expect := func(state string, reason pki.Reason) said {
		t.Helper()
		got := ask()
		if got.state != state || got.reason != reason || got.serial != s {
			t.Errorf("%+v, want %s %s", got, state, reason)
		}
		if got.next.Before(got.this) || got.this.After(h.watch.now()) || got.produced.Before(got.this) {
			t.Errorf("times %+v", got)
		}
		return got
	}
	expect("unknown", 0)
	h.put(t, h.issued(id, s))
	expect("good", 0)
	expect("good", 0)
	h.put(t, h.changed(id, s, status.Held))
	expect("revoked", pki.CertificateHold)
	h.put(t, h.changed(id, s, status.Released))
	expect("good", 0)
	revoke := h.changed(id, s, status.Revoked)
	revoke.Reason, revoke.Invalidity = pki.KeyCompromise, h.watch.now().Add(-48*time.Hour).Truncate(time.Second)
	h.put(t, revoke)
	got := expect("revoked", pki.KeyCompromise)
	if !got.extensions["2.5.29.24"].Equal(revoke.Invalidity) || !got.at.Equal(revoke.At.Truncate(time.Second)) {
		t.Errorf("revoked at %v, invalid since %v", got.at, got.extensions)
	}
}

// After its end a certificate is answered for as before, with the archive's cut-off,
// until that passes it (RFC 6960 4.4.4).
func TestExpiredAndArchive(t *testing.T) {
	h := open(t, pkitest.SQLite(t), func(c *Config) { c.Archive = 1000 * time.Hour })
	good, revoked := newSerial(), newSerial()
	a, b := h.issued("sm2", good), h.issued("sm2", revoked)
	a.NotAfter, b.NotAfter = h.watch.now().Add(time.Hour), h.watch.now().Add(time.Hour)
	h.put(t, a, b, h.changed("sm2", revoked, status.Revoked))
	const cutoff = "1.3.6.1.5.5.7.48.1.6"
	if got := h.state(t, "sm2", good); got.state != "good" || len(got.extensions) != 0 {
		t.Errorf("before: %+v", got)
	}
	h.watch.advance(2 * time.Hour)
	h.await(t, "the pulse", func() bool { at, err := h.moment(); return err == nil && !at.stale })
	for s, want := range map[pki.Serial]string{good: "good", revoked: "revoked"} {
		got := h.state(t, "sm2", s)
		if got.state != want || h.watch.now().Add(-1000*time.Hour).Sub(got.extensions[cutoff]).Abs() > 10*time.Second {
			t.Errorf("expired: %+v", got)
		}
	}
	h.watch.advance(1000 * time.Hour)
	h.await(t, "the pulse", func() bool { at, err := h.moment(); return err == nil && !at.stale })
	for _, s := range []pki.Serial{good, revoked} {
		if got := h.state(t, "sm2", s); got.state != "unknown" {
			t.Errorf("beyond the archive: %+v", got)
		}
	}
}

// A reserved serial is in no journal: it is unknown, also where it would be good soon.
func TestNeverGoodBeforeIssued(t *testing.T) {
	h := open(t, pkitest.SQLite(t), nil)
	s := newSerial()
	for range 3 {
		got := h.state(t, "sm2", s)
		if got.state != "unknown" || got.next.Sub(got.this) > time.Minute {
			t.Errorf("%+v", got)
		}
	}
	h.put(t, h.issued("rsa", s)) // the same serial of another issuer
	if got := h.state(t, "sm2", s); got.state != "unknown" {
		t.Errorf("another issuer's: %+v", got)
	}
	h.put(t, h.issued("sm2", s))
	if got := h.state(t, "sm2", s); got.state != "good" {
		t.Errorf("after: %+v", got)
	}
}
