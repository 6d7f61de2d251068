package e2e

import (
	"net/url"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// crlNumber is the number of an issuer's complete list on the web.
func crlNumber(t testing.TB, d *demo, family string) int64 {
	t.Helper()
	text := openssl(t, "crl", "-inform", "DER", "-in", d.fetch(t, d.Endpoints.CRL[family]), "-noout", "-crlnumber")
	n, err := strconv.ParseInt(strings.TrimPrefix(strings.TrimSpace(text), "crlNumber=0x"), 16, 64)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return n
}

// lists returns the complete list and the one of the partition a certificate names.
func (d *demo) lists(t testing.TB, family, cert string) []string {
	t.Helper()
	return []string{d.fetch(t, d.Endpoints.CRL[family]), d.fetch(t, distributionPoint(t, cert))}
}

// deltaOf is where the delta of a full list is.
func deltaOf(t testing.TB, list string) string {
	t.Helper()
	text := openssl(t, "crl", "-inform", "DER", "-in", list, "-noout", "-text")
	_, after, ok := strings.Cut(text, "X509v3 Freshest CRL")
	_, after, ok2 := strings.Cut(after, "URI:")
	if !ok || !ok2 {
		t.Fatalf("the list %s names no delta:\n%s", list, text)
	}
	return strings.Fields(after)[0]
}

// fate asks BouncyCastle what a list says of a certificate, after it has verified
// the list's signature.
func (d *demo) fate(t testing.TB, family, crl, cert string) map[string]string {
	t.Helper()
	answer := java(t, "crl", "--issuer", d.Trust[family].Chain, "--crl", crl, "--serial", serialOf(t, cert))
	javaSays(t, answer, "signature=ok", "current=true")
	return javaValues(answer)
}

// everyList waits until complete list and partition say of all certificates what
// they should: the reason's number, "" for not listed.
func (d *demo) everyList(t testing.TB, family, reason string, certs ...string) {
	t.Helper()
	for _, cert := range certs {
		eventually(t, "both lists of "+family+" say '"+reason+"'", func() bool {
			for _, crl := range d.lists(t, family, cert) {
				if fate := d.fate(t, family, crl, cert); fate["reason"] != reason || fate["listed"] != strconv.FormatBool(reason != "") {
					return false
				}
			}
			return true
		})
	}
}

// openSSLJudges lets OpenSSL judge certificates with each of the lists.
func (d *demo) openSSLJudges(t testing.TB, family, refusal string, certs ...string) {
	t.Helper()
	if family == "sm2" {
		return // OpenSSL 3.0 reads SM2 signatures with another user id
	}
	for _, cert := range certs {
		for _, crl := range d.lists(t, family, cert) {
			opensslSays(t, []string{"crl", "-inform", "DER", "-in", crl, "-noout", "-CAfile", d.Trust[family].Chain}, "verify OK")
			args := d.verifyArgs(family, cert, "-crl_check", "-CRLfile", crl)
			if refusal == "" {
				opensslSays(t, args, ": OK")
			} else {
				opensslRefuses(t, refusal, args...)
			}
		}
	}
}

func ways() map[string]string {
	return map[string]string{"sm2": "sm2", "rsa": "rsa2048", "ecdsa": "p256"}
}

func TestRevoked(t *testing.T) {
	d := shared(t)
	office := d.as(t, "centre.issuer")
	for family, way := range ways() {
		t.Run(family, func(t *testing.T) {
			a := newApplicant(t, way, personName())
			got := a.person(t, office)
			sign, encrypt := a.file("sign.pem"), a.file("enc.pem")
			d.everyList(t, family, "", sign, encrypt)
			d.openSSLJudges(t, family, "", sign, encrypt)

			before := crlNumber(t, d, family)
			revoked := office.revoke(t, got.Encrypt, "keyCompromise")
			if revoked.State != "revoked" || revoked.Reason != "keyCompromise" {
				t.Errorf("the answer: %+v", revoked)
			}
			d.everyList(t, family, "1", sign, encrypt) // the pair, whichever half was named
			d.openSSLJudges(t, family, "certificate revoked", sign, encrypt)
			if after := crlNumber(t, d, family); after <= before {
				t.Errorf("the list's number went from %d to %d", before, after)
			}
			refuses(t, office.call("POST", got.Sign.path("release"), nil, nil), 409, "status.transition")
			refuses(t, office.call("POST", got.Sign.path("revoke"), map[string]string{"reason": "superseded"}, nil), 409, "status.transition")
		})
	}
}

// TestOtherPartition: a list of another partition proves nothing about a
// certificate, and OpenSSL sees that it is not meant for it.
func TestOtherPartition(t *testing.T) {
	d := shared(t)
	for _, family := range []string{"rsa", "ecdsa"} {
		cert := d.Identities["alice"].in()[family].SignCert
		at, err := url.Parse(distributionPoint(t, cert))
		if err != nil {
			t.Fatal(err)
		}
		own, err := strconv.Atoi(strings.TrimSuffix(path.Base(at.Path), ".crl"))
		if err != nil {
			t.Fatalf("the partition's address is %s", at)
		}
		at.Path = path.Join(path.Dir(at.Path), strconv.Itoa((own+1)%8)+".crl")
		opensslRefuses(t, "different CRL scope", d.verifyArgs(family, cert, "-crl_check", "-CRLfile", d.fetch(t, at.String()))...)
		opensslRefuses(t, "unable to get certificate CRL", d.verifyArgs(family, cert, "-crl_check")...)
	}
}

// TestHoldAndRelease: held is on the lists as certificateHold; released is gone from
// them, and the deltas tell those who still have an older list, complete or of the
// partition.
func TestHoldAndRelease(t *testing.T) {
	d := shared(t)
	office := d.as(t, "centre.issuer")
	for family, way := range ways() {
		t.Run(family, func(t *testing.T) {
			a := newApplicant(t, way, personName())
			got := a.person(t, office)
			sign, encrypt := a.file("sign.pem"), a.file("enc.pem")
			if held := office.act(t, got.Sign, "hold", nil); held.State != "held" {
				t.Errorf("the answer: %+v", held)
			}
			d.everyList(t, family, "6", sign, encrypt)
			d.openSSLJudges(t, family, "certificate revoked", sign, encrypt)
			older := map[string][]string{sign: d.lists(t, family, sign), encrypt: d.lists(t, family, encrypt)}

			if released := office.act(t, got.Encrypt, "release", nil); released.State != "valid" {
				t.Errorf("the answer: %+v", released)
			}
			d.everyList(t, family, "", sign, encrypt)
			d.openSSLJudges(t, family, "", sign, encrypt)
			for cert, lists := range older {
				for _, list := range lists {
					d.deltaReleases(t, family, list, cert)
				}
			}
		})
	}
}

// deltaReleases: BouncyCastle reads in a full list's delta that a hold has ended, and
// OpenSSL judges with both lists together.
func (d *demo) deltaReleases(t *testing.T, family, older, cert string) {
	t.Helper()
	delta := d.fetch(t, deltaOf(t, older))
	fate := d.fate(t, family, delta, cert)
	if fate["delta"] != "true" || fate["listed"] != "true" || fate["reason"] != "8" || fate["base"] == "" {
		t.Errorf("the delta says %v", fate)
	}
	if family == "sm2" {
		return
	}
	args := []string{"-crl_check", "-CRLfile", older}
	opensslRefuses(t, "certificate revoked", d.verifyArgs(family, cert, args...)...)
	opensslSays(t, d.verifyArgs(family, cert, append(args, "-use_deltas", "-CRLfile", delta)...), ": OK")
}

// TestStrangersReadLists: a list that was changed anywhere is refused.
func TestStrangersReadLists(t *testing.T) {
	d := shared(t)
	for _, family := range families() {
		crl := d.fetch(t, d.Endpoints.CRL[family])
		content := read(t, crl)
		for _, at := range []int{len(content) / 3, len(content) - 1} {
			changed := append([]byte(nil), content...)
			changed[at] ^= 1
			file := filepath.Join(t.TempDir(), "changed.crl")
			writeFile(t, file, changed)
			javaRefuses(t, "crl", "--issuer", d.Trust[family].Chain, "--crl", file)
		}
	}
}
