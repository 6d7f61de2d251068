package e2e

import (
	"crypto"
	"crypto/rand"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/pki"
)

// The checker is itself checked on hierarchies that gmsm makes here, without any
// code of the platform between: when it says no to what the platform makes, the
// checker is not the one to doubt.

// authority is a certificate with its key; folder is where its files go.
type authority struct {
	folder string
	cert   *smx509.Certificate
	key    crypto.Signer
}

// tree is a root, an issuing CA under it, and a leaf, as files root, ca and leaf.
type tree struct {
	folder           string
	root, ca, leaf   authority
	started, lapsing time.Time
}

func newTree(t testing.TB, suite pki.Suite) tree {
	t.Helper()
	folder := t.TempDir()
	now := time.Now().UTC().Truncate(time.Second)
	h := tree{folder: folder, started: now.Add(-time.Hour), lapsing: now.Add(24 * time.Hour)}
	h.root = h.issue(t, suite, "root", nil, smx509.KeyUsageCertSign|smx509.KeyUsageCRLSign)
	h.ca = h.issue(t, suite, "ca", &h.root, smx509.KeyUsageCertSign|smx509.KeyUsageCRLSign)
	h.leaf = h.issue(t, suite, "leaf", &h.ca, smx509.KeyUsageDigitalSignature)
	return h
}

// issue makes a certificate with a new key, self-signed without issuer.
func (h tree) issue(t testing.TB, suite pki.Suite, name string, issuer *authority, usage smx509.KeyUsage) authority {
	t.Helper()
	key, err := pki.GenerateKey(rand.Reader, suite)
	if err != nil {
		t.Fatal(err)
	}
	return h.certify(t, key, name, issuer, usage)
}

func (h tree) certify(t testing.TB, key crypto.Signer, name string, issuer *authority, usage smx509.KeyUsage) authority {
	t.Helper()
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		t.Fatal(err)
	}
	isCA := usage&smx509.KeyUsageCertSign != 0
	template := &smx509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{Country: []string{"CN"}, Organization: []string{"示例单位"}, CommonName: name},
		NotBefore: h.started, NotAfter: h.lapsing, KeyUsage: usage,
		IsCA: isCA, BasicConstraintsValid: true,
	}
	self := authority{h.folder, template, key}
	if issuer == nil {
		issuer = &self
	}
	der, err := smx509.CreateCertificate(rand.Reader, template, issuer.cert, key.Public(), issuer.key)
	if err != nil {
		t.Fatal(err)
	}
	self.cert, err = smx509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	h.write(t, name, "CERTIFICATE", der)
	pkcs8, err := smx509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	h.write(t, name+".key", "PRIVATE KEY", pkcs8)
	return self
}

// file is the path of a file of the tree.
func (h tree) file(name string) string { return filepath.Join(h.folder, name) }

func (h tree) write(t testing.TB, name, kind string, der []byte) string {
	t.Helper()
	return h.writeBytes(t, name, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func (h tree) writeBytes(t testing.TB, name string, content []byte) string {
	t.Helper()
	if err := os.WriteFile(h.file(name), content, 0o600); err != nil {
		t.Fatal(err)
	}
	return h.file(name)
}

// revoke writes a CRL of an issuer under a name; base > 0 makes it a delta.
func (h tree) revoke(t testing.TB, name string, issuer authority, base int64, serials ...*big.Int) string {
	t.Helper()
	list := &smx509.RevocationList{Number: big.NewInt(base + 7), ThisUpdate: h.started, NextUpdate: h.lapsing}
	for _, serial := range serials {
		list.RevokedCertificateEntries = append(list.RevokedCertificateEntries,
			smx509.RevocationListEntry{SerialNumber: serial, RevocationTime: h.started, ReasonCode: 1})
	}
	if base > 0 {
		value, err := asn1.Marshal(base)
		if err != nil {
			t.Fatal(err)
		}
		list.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 27}, Critical: true, Value: value}}
	}
	der, err := smx509.CreateRevocationList(rand.Reader, list, issuer.cert, issuer.key)
	if err != nil {
		t.Fatal(err)
	}
	return h.write(t, name, "X509 CRL", der)
}

// spoil writes a copy of a PEM file whose object is changed in its last octet, in the
// signature.
func (h tree) spoil(t testing.TB, name string) string {
	t.Helper()
	content, err := os.ReadFile(h.file(name))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(content)
	block.Bytes[len(block.Bytes)-1] ^= 1
	return h.write(t, name+".spoiled", block.Type, block.Bytes)
}

// openssl runs the other stranger.
func openssl(t testing.TB, args ...string) string {
	t.Helper()
	output, err := exec.Command("openssl", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("openssl %s: %v\n%s", strings.Join(args, " "), err, output)
	}
	return string(output)
}
