package verify

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/pki"
)

func parsePEM(text []byte) (all []*smx509.Certificate, err error) {
	for {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			break
		}
		c, err := smx509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	if len(all) == 0 {
		return nil, errors.New("no certificate")
	}
	return all, nil
}

type change = func(*smx509.RevocationList)

// listCase gives the lists of the issuing CA; the root's is clean.
type listCase struct {
	what  string
	lists []change
	code  string // "" for good
}

func listCases(leaf *smx509.Certificate) []listCase {
	revoked, held := revoke(leaf, pki.KeyCompromise), revoke(leaf, pki.CertificateHold)
	removed := revoke(leaf, pki.RemoveFromCRL)
	stale := func(l *smx509.RevocationList) {
		l.ThisUpdate, l.NextUpdate = now.AddDate(0, 0, -2), now.Add(-time.Second)
	}
	future := func(l *smx509.RevocationList) { l.ThisUpdate = now.Add(time.Second) }
	place, other := "http://crl.demo.example/1.crl", "http://crl.demo.example/2.crl"
	unknown := extended(pki.OID{1, 2, 3}, true, []byte{5, 0})
	return []listCase{
		{"clean", []change{nil}, ""},
		{"none", nil, "crl.missing"},
		{"revoked", []change{revoked}, "revocation.revoked"},
		{"held", []change{held}, "revocation.held"},
		{"unspecified", []change{revoke(leaf, pki.Unspecified)}, "revocation.revoked"},
		{"stale", []change{stale}, "crl.stale"},
		{"stale beside current", []change{stale, numbered(8)}, ""},
		{"future", []change{future}, "crl.future"},
		{"newer says revoked", []change{nil, numbered(8, revoked)}, "revocation.revoked"},
		{"newer says released", []change{numbered(8), held}, ""},
		{"older says released", []change{numbered(6), held}, "revocation.held"},
		{"unknown critical extension", []change{unknown}, "crl.critical-extension"},
		{"indirect, of the issuer itself", []change{scoped("", 4)}, ""},
		{"indirect, revoked", []change{scoped("", 4), numbered(8, scoped("", 4), revoked)}, "revocation.revoked"},
		{"users", []change{scoped("", 1)}, ""},
		{"CAs", []change{scoped("", 2)}, "crl.scope"},
		{"attributes", []change{scoped("", 5)}, "crl.scope"},
		{"some reasons", []change{scoped("", 3)}, "crl.partial-reasons"},
		{"its partition", []change{scoped(place)}, ""},
		{"its partition, revoked", []change{scoped(place), numbered(8, revoked, scoped(place))}, "revocation.revoked"},
		{"another partition", []change{scoped(other)}, "crl.scope"},
		{"another partition and its own", []change{scoped(other), scoped(place)}, ""},
		{"stale own and another partition", []change{scoped(other), func(l *smx509.RevocationList) { stale(l); scoped(place)(l) }}, "crl.stale"},
		{"broken scope", []change{extended(pki.OIDIssuingDistPoint, true, []byte{0x30, 1})}, "crl.critical-extension"},
		{"one scope revokes, one does not", []change{numbered(9), numbered(5, revoked, scoped("", 1))}, "revocation.revoked"},
		{"removed in a complete list", []change{removed}, ""},

		{"delta alone", []change{numbered(8, deltaOf(7))}, "crl.delta-alone"},
		{"delta alone says revoked", []change{numbered(8, deltaOf(7), revoked)}, "revocation.revoked"},
		{"delta revokes", []change{nil, numbered(8, deltaOf(7), revoked)}, "revocation.revoked"},
		{"delta holds", []change{nil, numbered(8, deltaOf(7), held)}, "revocation.held"},
		{"delta releases", []change{held, numbered(8, deltaOf(7), removed)}, ""},
		{"delta cannot release what is revoked", []change{revoked, numbered(8, deltaOf(7), removed)}, "revocation.revoked"},
		{"delta turns hold into revoked", []change{held, numbered(8, deltaOf(7), revoked)}, "revocation.revoked"},
		{"delta of a later base releases", []change{held, numbered(9, deltaOf(8), removed)}, "revocation.held"},
		{"delta of a later base revokes", []change{nil, numbered(9, deltaOf(8), revoked)}, "revocation.revoked"},
		{"two deltas in a row", []change{held, numbered(9, deltaOf(8), removed), numbered(8, deltaOf(7))}, ""},
		{"released, then revoked", []change{held, numbered(8, deltaOf(7), removed), numbered(9, deltaOf(7), revoked)}, "revocation.revoked"},
		{"held again", []change{held, numbered(9, deltaOf(7), held), numbered(8, deltaOf(7), removed)}, "revocation.held"},
		{"delta older than the list", []change{numbered(9), numbered(8, deltaOf(7), revoked)}, ""},
		{"delta of another scope", []change{held, numbered(8, deltaOf(7), removed, scoped("", 1))}, "revocation.held"},
		{"stale delta does not release", []change{held, numbered(8, deltaOf(7), removed, stale)}, "revocation.held"},
		{"stale list, fresh delta", []change{stale, numbered(8, deltaOf(7))}, "crl.stale"},
	}
}

func TestLists(t *testing.T) {
	for _, suite := range []pki.Suite{pki.SM2, pki.P256} {
		w := newWorld(t, suite)
		for _, c := range listCases(w.leaf) {
			lists := []*CRL{w.list(w.root, nil)}
			for _, change := range c.lists {
				lists = append(lists, w.list(w.ca, change))
			}
			for range 2 { // in either order
				r := w.request()
				r.Lists = lists
				v := Check(t.Context(), r)
				if c.code == "" {
					wantGood(t, string(suite)+" "+c.what, v)
				} else {
					wantCodes(t, string(suite)+" "+c.what, v, c.code)
				}
				slices.Reverse(lists)
			}
		}
	}
}

// The reason says when and why; an intermediate's revocation counts as well.
func TestRevokedReason(t *testing.T) {
	w := newWorld(t, pki.SM2)
	r := w.request()
	r.Lists = []*CRL{w.list(w.root, revoke(w.ca.cert, pki.CACompromise)), w.list(w.ca, revoke(w.leaf, pki.Superseded))}
	v := Check(t.Context(), r)
	if v.Good || len(v.Reasons) != 2 {
		t.Fatalf("%+v", v)
	}
	for i, want := range []Reason{{Revocation: "superseded", Subject: "C=CN, CN=张三"}, {Revocation: "cACompromise", Subject: "C=CN, CN=Demo CA"}} {
		got := v.Reasons[i]
		if got.Code != "revocation.revoked" || got.Revocation != want.Revocation || got.Subject != want.Subject || !got.Time.Equal(now.AddDate(0, 0, -3)) {
			t.Errorf("%+v", got)
		}
	}
	r.Lists = []*CRL{w.list(w.ca, nil)}
	wantCodes(t, "no list about the CA", Check(t.Context(), r), "crl.missing")
}

// Who wants the rules kept by those who make lists gets that, too.
func TestListForms(t *testing.T) {
	w := newWorld(t, pki.P256)
	twice := func(l *smx509.RevocationList) {
		other := w.template("another")
		revoke(other, pki.KeyCompromise)(l)
		revoke(other, pki.KeyCompromise)(l)
	}
	for _, c := range []struct {
		what   string
		change change
		codes  map[Profile]string
	}{
		{"a usual list", nil, map[Profile]string{}},
		{"a serial twice", twice, map[Profile]string{RFC5280: "crl.irregular", CABF: "crl.irregular"}},
		{"indirect", scoped("", 4), map[Profile]string{CABF: "crl.irregular"}},
		{"its partition", scoped("http://crl.demo.example/1.crl"), map[Profile]string{}},
	} {
		for _, profile := range Profiles() {
			list := w.list(w.ca, c.change)
			k := newCheck(t.Context(), &Request{At: now, Profile: profile})
			if code := k.useless(list, ours(t, w.leaf, w.ca.cert, w.root.cert)); code != c.codes[profile] {
				t.Errorf("%s, %s: %q, want %q", profile, c.what, code, c.codes[profile])
			}
		}
	}
	list := w.list(w.ca, nil)
	list.number = nil
	k := newCheck(t.Context(), &Request{At: now, Profile: RFC5280})
	if code := k.useless(list, ours(t, w.leaf, w.ca.cert, w.root.cert)); code != "crl.irregular" {
		t.Errorf("without a number: %q", code)
	}
}

func TestListSignature(t *testing.T) {
	for _, suite := range suites {
		w, other := newWorld(t, suite), newWorld(t, suite)
		r := w.request()
		r.Lists = []*CRL{w.list(w.root, nil), w.list(other.ca, nil)} // same name, other key
		wantCodes(t, string(suite)+": another CA's list", Check(t.Context(), r), "crl.signature")
		der := w.listDER(w.ca, revoke(w.leaf, pki.KeyCompromise))
		at := indexOf(der, w.leaf.SerialNumber.Bytes())
		der[at+5] ^= 1 // it now revokes another certificate
		forged, err := ParseCRL(der)
		if err != nil {
			t.Fatal(err)
		}
		r.Lists = []*CRL{w.list(w.root, nil), forged}
		wantCodes(t, string(suite)+": a forged list", Check(t.Context(), r), "crl.signature")
	}
}

func indexOf(der, part []byte) int {
	for i := range der {
		if i+len(part) <= len(der) && string(der[i:i+len(part)]) == string(part) {
			return i
		}
	}
	return -1
}

// RFC 6960: a responder's certificate with ocsp-nocheck needs no list, as a responder.
func TestNoCheck(t *testing.T) {
	w := newWorld(t, pki.SM2)
	template := w.person()
	template.ExtKeyUsage = []smx509.ExtKeyUsage{smx509.ExtKeyUsageOCSPSigning}
	template.ExtraExtensions = []pkix.Extension{{Id: pki.OIDOCSPNoCheck, Value: []byte{5, 0}}}
	r := w.request()
	r.Certificate, r.Lists, r.Purpose = our(t, w.issue(w.ca, template, w.leafKey)), []*CRL{w.list(w.root, nil)}, OCSP
	wantGood(t, "responder", Check(t.Context(), r))
	r.Purpose = Any
	wantCodes(t, "the same for anything else", Check(t.Context(), r), "crl.missing")
}

func TestEntries(t *testing.T) {
	w := newWorld(t, pki.SM2)
	critical := func(l *smx509.RevocationList) {
		l.RevokedCertificateEntries = []smx509.RevocationListEntry{{SerialNumber: big.NewInt(5), RevocationTime: now,
			ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 2, 3}, Critical: true, Value: []byte{5, 0}}}}}
	}
	r := w.request()
	r.Lists = []*CRL{w.list(w.root, nil), w.list(w.ca, critical)}
	wantCodes(t, "an entry with an unknown critical extension", Check(t.Context(), r), "crl.critical-extension")
	twice := func(l *smx509.RevocationList) {
		revoke(w.leaf, pki.KeyCompromise)(l)
		revoke(w.leaf, pki.RemoveFromCRL)(l)
	}
	r.Lists = []*CRL{w.list(w.root, nil), w.list(w.ca, twice)}
	wantCodes(t, "a serial twice", Check(t.Context(), r), "revocation.revoked")
}

func TestParseCRL(t *testing.T) {
	w := newWorld(t, pki.SM2)
	der := w.listDER(w.ca, numbered(9, deltaOf(7)))
	list, err := ParseCRL(der)
	if err != nil || !list.Delta() || !list.NextUpdate().Equal(now.AddDate(0, 0, 7)) || string(list.Issuer()) != string(w.ca.cert.RawSubject) {
		t.Errorf("%+v %v", list, err)
	}
	for i := range der {
		if _, err := ParseCRL(der[:i]); pki.CodeOf(err) != "crl.malformed" {
			t.Fatalf("%d octets: %v", i, err)
		}
	}
	if _, err := ParseCRL(append(der, 0)); pki.CodeOf(err) != "crl.malformed" {
		t.Error("an octet behind a list is taken")
	}
	if _, err := ParseCRL(w.listDER(w.ca, extended(pki.OIDDeltaCRLIndicator, true, []byte{2, 1, 0xff}))); pki.CodeOf(err) != "crl.malformed" {
		t.Errorf("a negative base: %v", err)
	}
}

// FuzzParseCRL: no bytes panic, and only what the issuer really signed makes a
// certificate good.
func FuzzParseCRL(f *testing.F) {
	w := newWorld(f, pki.SM2)
	signed := map[string]bool{}
	for _, c := range listCases(w.leaf) {
		for _, change := range c.lists {
			der := w.listDER(w.ca, change)
			list, err := ParseCRL(der)
			if err == nil {
				signed[string(list.signed.tbs)] = true
			}
			f.Add(der)
		}
	}
	question, rootList := w.request(), w.list(w.root, nil)
	f.Fuzz(func(t *testing.T, der []byte) {
		list, err := ParseCRL(der)
		if err != nil {
			return
		}
		r := question
		r.Lists = []*CRL{rootList, list}
		if v := Check(t.Context(), r); v.Good && !signed[string(list.signed.tbs)] {
			t.Fatal("a list that nobody signed made the certificate good")
		}
	})
}
