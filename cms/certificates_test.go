package cms

import (
	"bytes"
	"crypto/rand"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/emmansun/gmsm/pkcs7"
	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"

	"onecert/pki"
)

func throwAway(t testing.TB, name string) (*smx509.Certificate, *sm2.PrivateKey) {
	t.Helper()
	key, err := sm2.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &smx509.Certificate{SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now(), NotAfter: time.Now().Add(time.Hour)}
	der, err := smx509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	c, err := smx509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c, key
}

// TestForeignBundles: what OpenSSL and gmsm write, signed or not, in DER and in pieces.
func TestForeignBundles(t *testing.T) {
	one, key := throwAway(t, "一")
	two, _ := throwAway(t, "二")
	var text bytes.Buffer
	for _, c := range []*smx509.Certificate{one, two} {
		if err := pem.Encode(&text, &pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(t.TempDir(), "both.pem")
	if err := os.WriteFile(file, text.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	openssl, err := exec.Command("openssl", "crl2pkcs7", "-nocrl", "-certfile", file, "-outform", "DER").Output()
	if err != nil {
		t.Fatal(err)
	}
	degenerate, err := pkcs7.DegenerateCertificate(append(bytes.Clone(one.Raw), two.Raw...))
	if err != nil {
		t.Fatal(err)
	}
	national, err := pkcs7.NewSMSignedData([]byte("hello"))
	if err != nil {
		t.Fatal(err)
	}
	if err := national.AddSigner(one, key, pkcs7.SignerInfoConfig{}); err != nil {
		t.Fatal(err)
	}
	national.AddCertificate(two)
	signed, err := national.Finish()
	if err != nil {
		t.Fatal(err)
	}
	for name, message := range map[string][]byte{"openssl": openssl, "gmsm": degenerate, "national, signed": signed, "indefinite": indefinite(openssl)} {
		all, err := Certificates(message)
		if err != nil || len(all) != 2 || !bytes.Equal(all[0], one.Raw) || !bytes.Equal(all[1], two.Raw) {
			t.Errorf("%s: %d certificates, %v", name, len(all), err)
		}
	}
	for name, message := range map[string][]byte{"nothing": nil, "a certificate": one.Raw, "cut": openssl[:len(openssl)-1], "more": append(bytes.Clone(openssl), 0),
		"no certificates": {0x30, 0x23, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2, 0xa0, 0x16}, "huge": make([]byte, maxBundle+1)} {
		if all, err := Certificates(message); pki.CodeOf(err) != "cms.certificates" {
			t.Errorf("%s: %d certificates, %v", name, len(all), err)
		}
	}
}

// indefinite gives the outermost element an indefinite length.
func indefinite(der []byte) []byte {
	out := append([]byte{0x30, 0x80}, der[4:]...)
	return append(out, 0, 0)
}

func FuzzCertificates(f *testing.F) {
	c, _ := throwAway(f, "一")
	degenerate, err := pkcs7.DegenerateCertificate(c.Raw)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(degenerate)
	f.Add(indefinite(degenerate))
	f.Fuzz(func(t *testing.T, message []byte) {
		all, err := Certificates(message)
		if (err == nil) != (len(all) > 0) {
			t.Errorf("%d certificates, %v", len(all), err)
		}
	})
}
