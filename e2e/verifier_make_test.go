package e2e

import (
	"crypto"
	"crypto/rand"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"fmt"
	"math/big"
	"path/filepath"
	"testing"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/pki"
)

// pathCase is a root, two CAs and a leaf, one of them changed before it is signed;
// good is the verdict that RFC 5280 asks for.
type pathCase struct {
	name            string
	good            bool
	first, ca, leaf func(*smx509.Certificate)
	list            func(*smx509.RevocationList) // of the CA above the leaf
	without, forged bool                         // its list is left out; the leaf's signature is changed
	policy          bool                         // asks for an explicit policy
	bouncy          string                       // why BouncyCastle judges otherwise
}

// caseFiles are what the judges are shown.
type caseFiles struct {
	root, chain, leaf string
	lists             []string
}

// caseKeys are the keys of one suite's cases: root, two CAs, leaf.
type caseKeys [4]crypto.Signer

func newCaseKeys(t testing.TB, suite pki.Suite) (keys caseKeys) {
	t.Helper()
	for i := range keys {
		made, err := pki.GenerateKey(rand.Reader, suite)
		if err != nil {
			t.Fatal(err)
		}
		keys[i] = made
	}
	return keys
}

func (c pathCase) write(t testing.TB, keys caseKeys) caseFiles {
	t.Helper()
	dir := t.TempDir()
	rootKey, firstKey, caKey, leafKey := keys[0], keys[1], keys[2], keys[3]
	root := signed(t, authorityTemplate("root"), nil, rootKey, rootKey, nil)
	first := signed(t, authorityTemplate("first"), root, firstKey, rootKey, c.first)
	ca := signed(t, authorityTemplate("ca"), first, caKey, firstKey, c.ca)
	leaf := signed(t, &smx509.Certificate{Subject: pkix.Name{Country: []string{"CN"}, CommonName: "leaf"}, DNSNames: []string{"www.demo.example"},
		KeyUsage: smx509.KeyUsageDigitalSignature}, ca, leafKey, caKey, c.leaf)
	leafDER := leaf.Raw
	if c.forged {
		leafDER = append([]byte{}, leafDER...)
		leafDER[len(leafDER)-1] ^= 1
	}
	f := caseFiles{filepath.Join(dir, "root.pem"), filepath.Join(dir, "chain.pem"), filepath.Join(dir, "leaf.pem"), nil}
	writeFile(t, f.root, inPEM("CERTIFICATE", root.Raw))
	writeFile(t, f.chain, append(inPEM("CERTIFICATE", ca.Raw), inPEM("CERTIFICATE", first.Raw)...))
	writeFile(t, f.leaf, inPEM("CERTIFICATE", leafDER))
	for i, issuer := range []struct {
		cert   *smx509.Certificate
		key    crypto.Signer
		change func(*smx509.RevocationList)
	}{{root, rootKey, nil}, {first, firstKey, nil}, {ca, caKey, c.list}} {
		if c.without && issuer.cert == ca {
			continue
		}
		list := &smx509.RevocationList{Number: big.NewInt(1), ThisUpdate: time.Now().Add(-time.Hour), NextUpdate: time.Now().Add(time.Hour)}
		if issuer.change != nil {
			issuer.change(list)
		}
		may := *issuer.cert // what it says it may not, it does all the same
		may.KeyUsage |= smx509.KeyUsageCRLSign
		der, err := smx509.CreateRevocationList(rand.Reader, list, &may, issuer.key)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, fmt.Sprintf("%d.crl", i))
		writeFile(t, path, inPEM("X509 CRL", der))
		f.lists = append(f.lists, path)
	}
	return f
}

func inPEM(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

func authorityTemplate(name string) *smx509.Certificate {
	return &smx509.Certificate{Subject: pkix.Name{Country: []string{"CN"}, CommonName: name}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: smx509.KeyUsageCertSign | smx509.KeyUsageCRLSign}
}

// leafSerial is the leaf's, for the lists.
const leafSerial = 7

func signed(t testing.TB, c, parent *smx509.Certificate, key, signer crypto.Signer, change func(*smx509.Certificate)) *smx509.Certificate {
	t.Helper()
	c.SerialNumber, c.NotBefore, c.NotAfter = big.NewInt(leafSerial), time.Now().Add(-2*time.Hour), time.Now().Add(24*time.Hour)
	c.SubjectKeyId = pki.KeyID(key.Public())
	if change != nil {
		change(c)
	}
	if parent == nil {
		parent = c
	}
	der, err := smx509.CreateCertificate(rand.Reader, c, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	made, err := smx509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func extraExtension(oid asn1.ObjectIdentifier, critical bool, value string) func(*smx509.Certificate) {
	return func(c *smx509.Certificate) {
		c.ExtraExtensions = append(c.ExtraExtensions, pkix.Extension{Id: oid, Critical: critical, Value: []byte(value)})
	}
}
