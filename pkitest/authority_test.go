package pkitest

import (
	"crypto/rand"
	"testing"
	"time"

	"onecert/keys"
	"onecert/pki"
)

func TestCertify(t *testing.T) {
	signer, err := pki.GenerateKey(rand.Reader, pki.SM2)
	if err != nil {
		t.Fatal(err)
	}
	key, err := keys.Wrap(signer)
	if err != nil {
		t.Fatal(err)
	}
	subject, err := pki.Name{{Type: "C", Value: "CN"}, {Type: "CN", Value: "测试根"}}.DER()
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().UTC()
	a := pki.Authority{Subject: subject, PublicKey: key.Public(), NotBefore: now, NotAfter: now.AddDate(1, 0, 0), PathLen: -1}
	root, err := Certify(a, key, nil)
	if err != nil || root.CheckSignatureFrom(root) != nil {
		t.Fatal(err)
	}
	a.NotAfter = a.NotAfter.AddDate(1, 0, 0) // outlives its issuer
	if _, err := Certify(a, key, root); err == nil {
		t.Error("what lint refuses is signed")
	}
}
