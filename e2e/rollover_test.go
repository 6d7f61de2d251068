package e2e

import (
	"crypto/rand"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"path/filepath"
	"testing"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/keys"
	"onecert/pki"
)

// rollover is the plan of a ceremony with a root, an issuing CA and its successor.
const rollover = `title: 换钥仪式
operator: 王工
custodians: [赵甲, 钱乙, 孙丙]
witnesses: [吴己]
state: state
acts:
  - root: {id: root, suite: %[1]s, subject: "C=CN, O=示例, CN=示例根", years: 20, path_length: 1, split: {shares: 3, threshold: 2}, addresses: {crl: "http://pki.example/crl", aia: "http://pki.example/aia"}}
  - issuing: {id: web, parent: root, suite: %[1]s, subject: "C=CN, O=示例, CN=示例签发", years: 10, path_length: 0, key: "file:keys/web.pem?pass=file:passphrase", addresses: {crl: "http://pki.example/crl", aia: "http://pki.example/aia", ocsp: "http://pki.example/ocsp"}}
  - rollover: {authority: web, id: web-2, years: 9, old_key: "file:keys/web.pem?pass=file:passphrase", key: "file:keys/web-2.pem?pass=file:passphrase"}
  - root_crl: {root: root}
`

// rolledOver holds the ceremony with throw-away keys and returns its result, with a
// certificate issued by each of the two keys.
func rolledOver(t *testing.T, suite string) (file func(name string) string) {
	t.Helper()
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "rollover.yaml"), []byte(fmt.Sprintf(rollover, suite)))
	if out, problem, code := onecert(t, "ceremony", "run", filepath.Join(dir, "rollover.yaml"), "--out", filepath.Join(dir, "out"), "--rehearse"); code != 0 {
		t.Fatalf("%d %s %s", code, out, problem)
	}
	result := filepath.Join(dir, "out", "result")
	for _, id := range []string{"web", "web-2"} {
		chain := filepath.Join(result, "certs", id+".pem")
		block, _ := pem.Decode(read(t, chain))
		writeFile(t, filepath.Join(dir, id+".pem"), pem.EncodeToMemory(block)) // alone, without its root
		writeFile(t, filepath.Join(dir, "of-"+id+".pem"), pemText("CERTIFICATE", leafOf(t, result, id, block.Bytes)))
	}
	for _, name := range []string{"web-2-by-web", "web-by-web-2"} {
		writeFile(t, filepath.Join(dir, name+".pem"), read(t, filepath.Join(result, "certs", name+".pem")))
	}
	writeFile(t, filepath.Join(dir, "root.pem"), read(t, filepath.Join(result, "certs", "root.pem")))
	return func(name string) string { return filepath.Join(dir, name+".pem") }
}

// leafOf issues a certificate with one of the keys.
func leafOf(t *testing.T, result, id string, issuer []byte) []byte {
	t.Helper()
	key, err := keys.Open(keys.URI{Path: filepath.Join(result, "keys", id+".pem"), Pass: filepath.Join(result, "passphrase")}.String(), keys.Options{})
	if err != nil {
		t.Fatal(err)
	}
	parent, err := smx509.ParseCertificate(issuer)
	if err != nil {
		t.Fatal(err)
	}
	own, err := pki.GenerateKey(rand.Reader, key.Suite())
	if err != nil {
		t.Fatal(err)
	}
	der, err := smx509.CreateCertificate(rand.Reader, &smx509.Certificate{Subject: pkix.Name{CommonName: "of " + id}, SerialNumber: big.NewInt(time.Now().UnixNano()),
		NotBefore: time.Now().Add(-time.Minute), NotAfter: time.Now().AddDate(1, 0, 0), KeyUsage: smx509.KeyUsageDigitalSignature}, parent, own.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// A roll-over with SM2 keys, judged by BouncyCastle's path validation: who believes one
// key of the CA only accepts what the other signed through the cross certificate, and
// not without it; who believes the root accepts both. ECDSA shows that the judge itself
// counts self-issued certificates as RFC 5280 6.1.4 (l) says.
func TestRolloverByBouncyCastle(t *testing.T) {
	for _, suite := range []string{"sm2", "p256"} {
		t.Run(suite, func(t *testing.T) {
			file := rolledOver(t, suite)
			for _, c := range []struct {
				anchor, between, leaf string
				good                  bool
			}{
				{"root", "web", "of-web", true},
				{"root", "web-2", "of-web-2", true},
				{"web", "web-2-by-web", "of-web-2", true},
				{"web-2", "web-by-web-2", "of-web", true},
				{"root", "web", "of-web-2", false}, // one name, another key
				{"root", "web-2", "of-web", false},
				{"web", "web-by-web-2", "of-web-2", false}, // the cross certificate of the other way
				{"web-2", "web-2-by-web", "of-web", false},
			} {
				words := []string{"chain", "--root", file(c.anchor), "--chain", file(c.between), "--leaf", file(c.leaf)}
				if c.good {
					javaSays(t, java(t, words...), "valid=true", "length=2")
				} else {
					javaSays(t, javaRefuses(t, words...), "valid=false")
				}
			}
			javaRefuses(t, "chain", "--root", file("web"), "--leaf", file("of-web-2")) // without any
			javaSays(t, java(t, "chain", "--root", file("web"), "--leaf", file("of-web")), "valid=true", "length=1")
		})
	}
}
