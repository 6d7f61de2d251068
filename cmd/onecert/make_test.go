package main

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/pki"
)

// onecert runs the program in process and returns what it printed and its exit code.
func onecert(t testing.TB, args ...string) (out, errors string, code int) {
	t.Helper()
	return onecertIn(t, "", args...)
}

func onecertIn(t testing.TB, input string, args ...string) (out, errors string, code int) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = run(args, strings.NewReader(input), &stdout, &stderr)
	return stdout.String(), stderr.String(), code
}

// english keeps the machine's locale out of a test.
func english(t *testing.T) {
	t.Helper()
	t.Setenv("LC_ALL", "C.UTF-8")
}

// chain is a root, an issuing CA and a leaf with every extension we write.
type chain struct {
	rootKey, caKey, leafKey crypto.Signer
	root, ca, leaf          *smx509.Certificate
}

var issueTime = time.Now().UTC().Truncate(time.Hour).Add(-time.Hour)

func newChain(t testing.TB, suite pki.Suite) *chain {
	t.Helper()
	c := &chain{rootKey: newKey(t, suite), caKey: newKey(t, suite), leafKey: newKey(t, suite)}
	root := template(t, "示例根证书", 20)
	root.IsCA, root.BasicConstraintsValid = true, true
	root.KeyUsage = smx509.KeyUsageCertSign | smx509.KeyUsageCRLSign
	c.root = sign(t, root, root, c.rootKey, c.rootKey)
	ca := template(t, "示例签发中心", 10)
	ca.IsCA, ca.BasicConstraintsValid, ca.MaxPathLenZero = true, true, true
	ca.KeyUsage = smx509.KeyUsageCertSign | smx509.KeyUsageCRLSign
	c.ca = sign(t, ca, c.root, c.caKey, c.rootKey)
	c.leaf = sign(t, fullLeaf(t), c.ca, c.leafKey, c.caKey)
	return c
}

func newKey(t testing.TB, suite pki.Suite) crypto.Signer {
	t.Helper()
	key, err := pki.GenerateKey(rand.Reader, suite)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func template(t testing.TB, commonName string, years int) *smx509.Certificate {
	t.Helper()
	serial, err := pki.NewSerial(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	subject, err := pki.Name{{Type: "C", Value: "CN"}, {Type: "ST", Value: "示例省"}, {Type: "O", Value: "示例市民政局"}, {Type: "CN", Value: commonName}}.DER()
	if err != nil {
		t.Fatal(err)
	}
	return &smx509.Certificate{SerialNumber: serial.Big(), RawSubject: subject, NotBefore: issueTime, NotAfter: issueTime.AddDate(years, 0, 0)}
}

// fullLeaf carries every kind of extension inspect decodes.
func fullLeaf(t testing.TB) *smx509.Certificate {
	leaf := template(t, "张三", 3)
	leaf.KeyUsage = smx509.KeyUsageDigitalSignature | smx509.KeyUsageContentCommitment
	leaf.ExtKeyUsage = []smx509.ExtKeyUsage{smx509.ExtKeyUsageServerAuth, smx509.ExtKeyUsageClientAuth, smx509.ExtKeyUsageEmailProtection}
	leaf.DNSNames = []string{"www.demo.example"}
	leaf.EmailAddresses = []string{"zhangsan@demo.example"}
	leaf.IPAddresses = []net.IP{net.IPv4(10, 1, 2, 3).To4(), net.ParseIP("fd00::1")}
	leaf.URIs = []*url.URL{{Scheme: "https", Host: "www.demo.example", Path: "/a"}}
	leaf.CRLDistributionPoints = []string{"http://crl.demo.example/1.crl"}
	leaf.OCSPServer, leaf.IssuingCertificateURL = []string{"http://ocsp.demo.example/"}, []string{"http://aia.demo.example/ca.crt"}
	policy, err := smx509.OIDFromInts([]uint64{1, 2, 156, 99999, 1, 1})
	if err != nil {
		t.Fatal(err)
	}
	leaf.Policies = []smx509.OID{policy}
	code := pki.StringExtension(pki.OIDOrganizationCode, "91110000MA01234567")
	leaf.ExtraExtensions = []pkix.Extension{{Id: code.OID, Value: code.Value}}
	return leaf
}

func sign(t testing.TB, template, parent *smx509.Certificate, key, signer crypto.Signer) *smx509.Certificate {
	t.Helper()
	if spki, err := smx509.MarshalPKIXPublicKey(key.Public()); err == nil {
		template.SubjectKeyId = spki[len(spki)-20:]
	}
	der, err := smx509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	c, err := smx509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// crl makes a list of the chain's issuing CA, changed by the caller before signing.
func (c *chain) crl(t testing.TB, change func(*smx509.RevocationList)) []byte {
	t.Helper()
	list := &smx509.RevocationList{Number: big.NewInt(7), ThisUpdate: issueTime, NextUpdate: issueTime.AddDate(0, 0, 7)}
	if change != nil {
		change(list)
	}
	return signList(t, list, c.ca, c.caKey)
}

func signList(t testing.TB, list *smx509.RevocationList, issuer *smx509.Certificate, key crypto.Signer) []byte {
	t.Helper()
	der, err := smx509.CreateRevocationList(rand.Reader, list, issuer, key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func certPEM(certs ...*smx509.Certificate) []byte {
	var all []byte
	for _, c := range certs {
		all = append(all, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	return all
}

func crlPEM(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: der})
}

// file writes data into the test's folder and returns its path.
func file(t testing.TB, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// openssl runs the independent tool.
func openssl(t testing.TB, args ...string) string {
	t.Helper()
	var stderr bytes.Buffer
	command := exec.Command("openssl", args...)
	command.Stderr = &stderr
	out, err := command.Output()
	if err != nil {
		t.Fatalf("openssl %s: %v\n%s", strings.Join(args, " "), err, stderr.String())
	}
	return string(out)
}
