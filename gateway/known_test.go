package gateway_test

import (
	"net/netip"
	"testing"

	"onecert/gateway"
	"onecert/pki"
	"onecert/policy"
	"onecert/status"
)

// TestKnown: who comes by a transport of somebody else's is decided about as at the door,
// and no longer let in once the certificate or the session is over.
func TestKnown(t *testing.T) {
	h := newHouse(t)
	h.apply(h.document(h.withJournal()...))
	alice, bob := h.ca.issue("alice", nil), h.ca.issue("bob", nil)
	h.record(alice, status.Issued)
	h.record(bob, status.Issued)
	known := func(who *holder, token string) *gateway.Known {
		k, err := h.g.Known(t.Context(), "front", [][]byte{who.cert.Raw}, token)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	eventually(t, func() bool {
		_, err := h.g.Known(t.Context(), "front", [][]byte{alice.cert.Raw}, "")
		return err == nil
	})
	token, session, _ := h.desk.Open(t.Context(), gateway.Login{Fingerprint: known(alice, "").Judge(t.Context()).Fingerprint, User: alice.cert.Subject.SerialNumber + "@own"})
	may := func(k *gateway.Known) (bool, string) {
		d, err := k.May(t.Context(), &policy.Request{Address: netip.MustParseAddr("192.0.2.7"), Application: "oa", Protocol: policy.ProtocolTLS, Method: "GET", Path: "/"})
		if err != nil {
			return d.Allowed, pki.CodeOf(err)
		}
		return d.Allowed, ""
	}
	for _, c := range []struct {
		name    string
		k       *gateway.Known
		allowed bool
		code    string
	}{
		{"without a session", known(alice, ""), true, ""},
		{"with a session", known(alice, token), true, ""},
		{"with another's session", known(bob, token), false, "gateway.session"},
		{"with a made up session", known(alice, "x"), false, "sso.token"},
	} {
		if allowed, code := may(c.k); allowed != c.allowed || code != c.code {
			t.Errorf("%s: %v %q", c.name, allowed, code)
		}
	}
	if _, err := h.g.Known(t.Context(), "back", nil, ""); pki.KindOf(err) != pki.Unknown {
		t.Errorf("a service that is not there: %v", err)
	}
	if _, err := h.g.Known(t.Context(), "front", [][]byte{h.sm2.issue("eve", nil).cert.Raw[:20]}, ""); pki.KindOf(err) != pki.Forbidden {
		t.Errorf("no certificate: %v", err)
	}
	k := known(alice, token)
	h.desk.End(t.Context(), session.ID, "officer")
	if allowed, code := may(k); allowed || code != "sso.ended" {
		t.Errorf("after the session's end: %v %q", allowed, code)
	}
	k = known(bob, "")
	h.record(bob, status.Revoked)
	eventually(t, func() bool { _, code := may(k); return code == "gateway.certificate" })
}
