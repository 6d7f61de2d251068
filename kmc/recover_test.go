package kmc

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/pki"
	"onecert/pkitest"
)

type recoverCase struct {
	name        string
	certificate []byte
	kind        pki.Kind
	code        string
}

// recoverCases are certificates that prove nothing about the holder of o.
func recoverCases(t *testing.T, s *seats, o pki.KeyOrder, next *token) []recoverCase {
	issue := func(holder string, k *token, change func(*smx509.Certificate)) []byte {
		return s.holders.issue(t, holder, k.signer.Public(), change)
	}
	foreign := newHolderCA(t, s.clock.Now())
	good := issue(o.Holder, next, nil)
	changed := append([]byte{}, good...)
	changed[len(changed)-1] ^= 1
	return []recoverCase{
		{"another holder", issue("holder-2", next, nil), pki.Forbidden, "km.holder"},
		{"another CA", foreign.issue(t, o.Holder, next.signer.Public(), nil), pki.Forbidden, "km.certificate"},
		{"the CA itself", s.holders.certificate.Raw, pki.Forbidden, "km.certificate"},
		{"expired", issue(o.Holder, next, func(c *smx509.Certificate) { c.NotAfter = s.clock.Now().Add(-time.Second) }), pki.Forbidden, "km.certificate"},
		{"not yet valid", issue(o.Holder, next, func(c *smx509.Certificate) { c.NotBefore = s.clock.Now().Add(time.Minute) }), pki.Forbidden, "km.certificate"},
		{"for encryption", issue(o.Holder, next, func(c *smx509.Certificate) { c.KeyUsage = smx509.KeyUsageKeyEncipherment }), pki.Forbidden, "km.certificate"},
		{"no usage", issue(o.Holder, next, func(c *smx509.Certificate) { c.KeyUsage = 0 }), pki.Forbidden, "km.certificate"},
		{"nobody", issue("", next, nil), pki.Forbidden, "km.certificate"},
		{"a changed signature", changed, pki.Forbidden, "km.certificate"},
		{"cut", good[:len(good)-5], pki.Forbidden, "km.certificate"},
		{"a stub", []byte{0x30}, pki.Forbidden, "km.certificate"},
		{"another kind of key", issue(o.Holder, newToken(t, pki.P256), nil), pki.Invalid, "km.recipient"},
	}
}

// A certificate that is no longer good recovers nothing.
func TestRecoverAsksWhetherGood(t *testing.T) {
	revoked := errors.New("revoked")
	h := newHouse(t, pkitest.SQLite(t), func(c *Config) {
		c.Good = func(_ context.Context, certificate *smx509.Certificate) error {
			if certificate.Subject.CommonName == "holder-2" {
				return pki.Errorf(pki.Forbidden, "status.revoked", "the certificate is revoked").Because(revoked)
			}
			return nil
		}
	})
	k := newToken(t, pki.SM2)
	for n := 1; n <= 2; n++ {
		o := h.order(n, pki.SM2, k)
		if _, err := h.centre.Generate(as("ca1"), o); err != nil {
			t.Fatal(err)
		}
		_, err := h.centre.Recover(as("keeper"), Recovery{CertNo: o.CertNo, Reason: "x", Certificate: h.holders.issue(t, o.Holder, k.signer.Public(), nil)})
		if (n == 2) != errors.Is(err, revoked) {
			t.Errorf("holder %d: %v", n, err)
		}
	}
}

func TestRecoverUnconfigured(t *testing.T) {
	h := newHouse(t, pkitest.SQLite(t), func(c *Config) { c.HolderOf = nil })
	_, err := h.centre.Recover(as("keeper"), Recovery{CertNo: certNo(1), Reason: "x"})
	wantCode(t, err, pki.NotImplemented, "km.not-implemented")
}
