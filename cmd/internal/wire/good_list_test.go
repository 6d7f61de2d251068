package wire

import (
	"crypto/rand"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"

	"onecert/ca"
	"onecert/pki"
)

// listMaker is an issuer of lists.
type listMaker struct {
	*testing.T
	key         *sm2.PrivateKey
	certificate *smx509.Certificate
	now         time.Time
}

func newListMaker(t *testing.T, now time.Time) *listMaker {
	t.Helper()
	key, err := sm2.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &smx509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "示例 CA"}, NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(1, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: smx509.KeyUsageCRLSign, SubjectKeyId: []byte{1}}
	der, err := smx509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := smx509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &listMaker{t, key, certificate, now}
}

// list makes a CRL; base 0 is a complete one.
func (m *listMaker) list(number, base int64, life time.Duration, more []pkix.Extension, entries map[int64]pki.Reason) *ca.CRL {
	m.Helper()
	template := &smx509.RevocationList{Number: big.NewInt(number), ThisUpdate: m.now.Add(-time.Minute), NextUpdate: m.now.Add(life), ExtraExtensions: more}
	if base != 0 {
		value, err := asn1.Marshal(base)
		if err != nil {
			m.Fatal(err)
		}
		template.ExtraExtensions = append(template.ExtraExtensions, pkix.Extension{Id: pki.OIDDeltaCRLIndicator, Critical: true, Value: value})
	}
	for serial, reason := range entries {
		template.RevokedCertificateEntries = append(template.RevokedCertificateEntries, smx509.RevocationListEntry{SerialNumber: big.NewInt(serial), RevocationTime: m.now, ReasonCode: int(reason)})
	}
	der, err := smx509.CreateRevocationList(rand.Reader, template, m.certificate, m.key)
	if err != nil {
		m.Fatal(err)
	}
	return &ca.CRL{DER: der}
}

// revokedIn is the reason a certificate is listed for, 99 if it is not.
func revokedIn(r *revoked, serial int64) pki.Reason {
	reason, listed := r.reason(pki.SerialOf(big.NewInt(serial)))
	if !listed {
		return 99
	}
	return reason
}

// TestDeltaHasTheNews: a complete list of many entries is made seldom. What was revoked,
// held or released since stands in the delta, and a complete list that a delta builds on
// is fetched once.
func TestDeltaHasTheNews(t *testing.T) {
	now := time.Now().Truncate(time.Second)
	m := newListMaker(t, now)
	l := &lists{options: Options{Now: func() time.Time { return now }}, trust: []*smx509.Certificate{m.certificate}}
	full := m.list(5, 0, 24*time.Hour, nil, map[int64]pki.Reason{10: pki.KeyCompromise, 11: pki.CertificateHold})
	delta := m.list(9, 4, time.Hour, nil, map[int64]pki.Reason{11: pki.RemoveFromCRL, 12: pki.Superseded, 13: pki.CertificateHold})
	asked := map[bool]int{}
	ask := func(d bool) (*ca.CRL, error) {
		asked[d]++
		switch {
		case d && delta == nil:
			return nil, pki.Errorf(pki.Unknown, "crl.none", "none")
		case d:
			return delta, nil
		}
		return full, nil
	}
	get := func(have *revoked) *revoked {
		t.Helper()
		r, err := l.newest(m.certificate.RawSubject, have, ask)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	holds := func(r *revoked, want map[int64]pki.Reason) {
		t.Helper()
		for serial, reason := range want {
			if got := revokedIn(r, serial); got != reason {
				t.Errorf("certificate %d is listed for %v, not %v", serial, got, reason)
			}
		}
	}
	have := get(nil)
	holds(have, map[int64]pki.Reason{10: pki.KeyCompromise, 11: 99, 12: pki.Superseded, 13: pki.CertificateHold, 14: 99})
	if !have.until().Equal(now.Add(time.Hour)) {
		t.Errorf("it lapses at %v", have.until())
	}
	delta = m.list(10, 5, time.Hour, nil, map[int64]pki.Reason{14: pki.Superseded})
	have = get(have)
	holds(have, map[int64]pki.Reason{10: pki.KeyCompromise, 11: pki.CertificateHold, 14: pki.Superseded})
	if asked[false] != 1 {
		t.Errorf("the complete list was fetched %d times", asked[false])
	}
	delta = m.list(20, 12, time.Hour, nil, nil)
	full = m.list(21, 0, 24*time.Hour, nil, map[int64]pki.Reason{15: pki.Superseded})
	have = get(have) // what is at hand is older than the delta's base; what comes is newer than the delta
	holds(have, map[int64]pki.Reason{10: 99, 15: pki.Superseded})
	delta = nil
	have = get(have)
	if holds(have, map[int64]pki.Reason{15: pki.Superseded}); asked[false] != 3 {
		t.Errorf("without a delta the complete list was fetched %d times", asked[false])
	}
}

// TestUnusableLists: without both lists as they should be nobody is let in.
func TestUnusableLists(t *testing.T) {
	now := time.Now().Truncate(time.Second)
	m, stranger := newListMaker(t, now), newListMaker(t, now)
	l := &lists{options: Options{Now: func() time.Time { return now }}, trust: []*smx509.Certificate{m.certificate}}
	full, delta := m.list(5, 0, time.Hour, nil, nil), m.list(9, 4, time.Hour, nil, nil)
	point := []pkix.Extension{{Id: pki.OIDIssuingDistPoint, Critical: true, Value: []byte{0x30, 0}}}
	for name, c := range map[string]struct{ full, delta *ca.CRL }{
		"a lapsed delta":                {full, m.list(9, 4, -time.Second, nil, nil)},
		"a lapsed complete list":        {m.list(5, 0, -time.Second, nil, nil), delta},
		"another's delta":               {full, stranger.list(9, 4, time.Hour, nil, nil)},
		"another's complete list":       {stranger.list(5, 0, time.Hour, nil, nil), delta},
		"a complete one as delta":       {full, full},
		"a delta as complete one":       {delta, delta},
		"a gap between them":            {m.list(3, 0, time.Hour, nil, nil), delta},
		"a partition's":                 {m.list(5, 0, time.Hour, point, nil), delta},
		"a partition's delta":           {full, m.list(9, 4, time.Hour, point, nil)},
		"a delta on one yet to be made": {full, m.list(9, 10, time.Hour, nil, nil)},
		"nothing":                       {full, &ca.CRL{}},
		"no answer for the delta":       {full, nil},
		"no answer":                     {nil, delta},
	} {
		_, err := l.newest(m.certificate.RawSubject, nil, func(d bool) (*ca.CRL, error) {
			asked := c.full
			if d {
				asked = c.delta
			}
			if asked == nil {
				return nil, pki.Errorf(pki.Unavailable, "remote.timeout", "no answer")
			}
			return asked, nil
		})
		if pki.KindOf(err) != pki.Unavailable {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := l.newest(m.certificate.RawSubject, nil, func(d bool) (*ca.CRL, error) {
		return map[bool]*ca.CRL{true: delta, false: full}[d], nil
	}); err != nil {
		t.Errorf("as they should be: %v", err)
	}
}
