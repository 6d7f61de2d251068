package verify

import (
	"encoding/pem"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/emmansun/gmsm/smx509"

	"onecert/pki"
)

// opensslAgrees asks openssl the same question and compares the verdicts. It knows
// no SM2 chains (its 3.0 checks them with an empty user id), so RSA and ECDSA stand
// for the rules, which do not depend on the algorithm.
func opensslAgrees(t *testing.T, what string, r Request, lists [][]byte) {
	t.Helper()
	dir := t.TempDir()
	write := func(name, kind string, all [][]byte) string {
		path := filepath.Join(dir, name)
		var text []byte
		for _, der := range all {
			text = append(text, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})...)
		}
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	raw := func(certs []*Certificate) (all [][]byte) {
		for _, c := range certs {
			all = append(all, c.Raw)
		}
		return all
	}
	args := []string{"verify", "-CAfile", write("root", "CERTIFICATE", raw(r.Roots)), "-attime", fmt.Sprint(r.At.Unix()), "-check_ss_sig"}
	if len(r.Intermediates) > 0 {
		args = append(args, "-untrusted", write("ca", "CERTIFICATE", raw(r.Intermediates)))
	}
	if r.Revocation == RequireStatus {
		args = append(args, "-crl_check_all", "-use_deltas")
		if len(lists) > 0 {
			args = append(args, "-CRLfile", write("lists", "X509 CRL", lists))
		}
	}
	switch r.Purpose {
	case Server:
		args = append(args, "-purpose", "sslserver")
	case Client:
		args = append(args, "-purpose", "sslclient")
	case TimeStamp:
		args = append(args, "-purpose", "timestampsign")
	}
	args = append(args, write("leaf", "CERTIFICATE", [][]byte{r.Certificate.Raw}))
	out, err := exec.Command("openssl", args...).CombinedOutput()
	for _, der := range lists {
		list, parseErr := ParseCRL(der)
		if parseErr != nil {
			t.Fatal(parseErr)
		}
		r.Lists = append(r.Lists, list)
	}
	if v := Check(t.Context(), r); v.Good != (err == nil) {
		t.Errorf("%s: we say good %v %v, openssl says %v\n%s", what, v.Good, v.Reasons, err, out)
	}
}

func TestOpenSSLAgrees(t *testing.T) {
	const oneList = "openssl asks the newest list only, be it a delta or of another scope"
	const indirect = "openssl reads indirect lists only when told to"
	differs := map[string]string{
		"indirect, of the issuer itself": indirect, "indirect, revoked": indirect,
		"one scope revokes, one does not": oneList, "delta alone": oneList, "delta of a later base releases": oneList,
		"delta of another scope": oneList, "stale list, fresh delta": oneList, "stale delta does not release": oneList,
		"delta cannot release what is revoked": "openssl lets removeFromCRL release anything",
		"broken scope":                         "openssl passes over a scope that does not decode",
		"last second":                          "openssl counts the last second as expired, RFC 5280 4.1.2.5 does not",
		"server, any usage":                    "openssl wants serverAuth itself",
	}
	for _, suite := range []pki.Suite{pki.RSA2048, pki.P256} {
		w := newWorld(t, suite)
		for _, c := range listCases(w.leaf) {
			if differs[c.what] != "" {
				continue
			}
			r := w.request()
			r.Lists, r.Purpose = nil, Any
			lists := [][]byte{w.listDER(w.root, nil)}
			for _, change := range c.lists {
				lists = append(lists, w.listDER(w.ca, pointing(change)))
			}
			opensslAgrees(t, string(suite)+" "+c.what, r, lists)
		}
		for _, c := range leafCases() {
			if differs[c.what] != "" {
				continue
			}
			template := w.person()
			if c.change != nil {
				c.change(template)
			}
			r := w.request()
			switch c.purpose {
			case Server, Client, TimeStamp, Any:
			default:
				continue // openssl has no such purpose, or means S/MIME
			}
			r.Certificate, r.Purpose, r.Revocation = our(t, w.issue(w.ca, template, w.leafKey)), c.purpose, Unchecked
			opensslAgrees(t, string(suite)+" "+c.what, r, nil)
		}
		opensslAgreesOnIssuers(t, w)
	}
}

// pointing adds to complete lists the pointer to deltas without which openssl does
// not look for them.
func pointing(change change) change {
	return func(l *smx509.RevocationList) {
		if change != nil {
			change(l)
		}
		for _, e := range l.ExtraExtensions {
			if e.Id.Equal(pki.OIDDeltaCRLIndicator) {
				return
			}
		}
		e := pki.FreshestCRLExtension([]string{"http://crl.demo.example/delta.crl"})
		extended(e.OID, e.Critical, e.Value)(l)
	}
}

func opensslAgreesOnIssuers(t *testing.T, w *world) {
	t.Helper()
	for what, change := range map[string]func(*smx509.Certificate){
		"good CA":         nil,
		"no CA":           func(c *smx509.Certificate) { c.IsCA = false },
		"no cert sign":    func(c *smx509.Certificate) { c.KeyUsage = smx509.KeyUsageCRLSign },
		"expired CA":      func(c *smx509.Certificate) { c.NotAfter = now.AddDate(0, 0, -1) },
		"permitted names": func(c *smx509.Certificate) { c.PermittedDNSDomains = []string{"demo.example"} },
		"other names":     func(c *smx509.Certificate) { c.PermittedDNSDomains = []string{"other.example"} },
		"excluded names":  func(c *smx509.Certificate) { c.ExcludedDNSDomains = []string{"a.demo.example"} },
		"path length 0":   func(c *smx509.Certificate) { c.MaxPathLenZero = true },
	} {
		ca := w.authority("Demo CA", w.root, change)
		r := w.request()
		r.Purpose, r.Revocation, r.Lists = Any, Unchecked, nil
		r.Intermediates, r.Certificate = ours(t, ca.cert), our(t, w.issue(ca, w.person(), w.leafKey))
		opensslAgrees(t, string(w.suite)+" "+what, r, nil)
		below := w.authority("Demo below", ca, nil)
		r.Intermediates, r.Certificate = append(r.Intermediates, our(t, below.cert)), our(t, w.issue(below, w.person(), w.leafKey))
		opensslAgrees(t, string(w.suite)+" below "+what, r, nil)
		r.Intermediates = ours(t, below.cert)
		opensslAgrees(t, string(w.suite)+" gap "+what, r, nil)
	}
}
