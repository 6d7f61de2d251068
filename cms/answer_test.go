//lint:file-ignore SA1019 broken SM2 keys are made by their coordinates

package cms

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/x509"
	"math/big"
	"strings"
	"testing"

	"github.com/emmansun/gmsm/sm2"

	"onecert/pki"
)

// useAnswer goes the way a CA and a holder go, and stops at the first refusal.
func useAnswer(message []byte, kmc, public *ecdsa.PublicKey, holder crypto.PrivateKey) (repacked, content []byte, err error) {
	if err := VerifyAnswer(message, kmc); err != nil {
		return nil, nil, err
	}
	if repacked, err = RepackSM2(message, public); err != nil {
		return nil, nil, err
	}
	content, err = OpenAnswer(holder, message)
	return repacked, content, err
}

func TestAnswerVectors(t *testing.T) {
	file := vectors(t, "sm2-key-answer.json")
	kmc, holder, escrow := file.key(t, "kmc"), file.key(t, "holder"), file.key(t, "escrow")
	for _, c := range file.Cases {
		repacked, content, err := useAnswer(unhex(t, c.Der), &kmc.PublicKey, &escrow.PublicKey, device{holder})
		if c.Expect != "ok" {
			if pki.CodeOf(err) != c.Expect {
				t.Errorf("%s: %v, not %s", c.Name, err, c.Expect)
			}
			continue
		}
		if err != nil || !bytes.Equal(repacked, unhex(t, c.Repacked)) || !bytes.Equal(content, unhex(t, c.Content)) {
			t.Errorf("%s: %v\n%x\n%x", c.Name, err, repacked, content)
			continue
		}
		for name, open := range map[string]func() (*sm2.PrivateKey, error){
			"ours": func() (*sm2.PrivateKey, error) { return OpenSM2Key(holder, repacked) },
			"gmsm": func() (*sm2.PrivateKey, error) { return gmsmOpen(holder, repacked) },
		} {
			if key, err := open(); err != nil || !key.Equal(escrow) {
				t.Errorf("%s: %s does not open what was repacked: %v", c.Name, name, err)
			}
		}
	}
}

// centre is a key management centre with its certificate.
func centre(t testing.TB, withCertificate bool) (Signer, *ecdsa.PublicKey) {
	t.Helper()
	signer := newSM2(t)
	cert := newCertificate(t, signer)
	by := Signer{Key: signer, Issuer: cert.RawIssuer, Serial: cert.SerialNumber}
	if withCertificate {
		by.Certificate = cert.Raw
	}
	return by, &signer.PublicKey
}

func TestAnswerSM2Key(t *testing.T) {
	holder, escrowed := newSM2(t), newSM2(t)
	for name, to := range forms(newCertificate(t, holder)) {
		for _, withCertificate := range []bool{false, true} {
			by, public := centre(t, withCertificate)
			message, err := AnswerSM2Key(rand.Reader, to, by, escrowed)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			repacked, content, err := useAnswer(message, public, &escrowed.PublicKey, holder)
			if err != nil || !bytes.Equal(content, escrowed.D.FillBytes(make([]byte, 32))) {
				t.Errorf("%s: %v", name, err)
			}
			if key, err := gmsmOpen(holder, repacked); err != nil || !key.Equal(escrowed) {
				t.Errorf("%s: gmsm: %v", name, err)
			}
			// Another pair's public key is noticed by the holder, who alone can.
			wrong, err := RepackSM2(message, &holder.PublicKey)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := OpenSM2Key(holder, wrong); pki.CodeOf(err) != "envelope.mismatch" {
				t.Errorf("%s: %v", name, err)
			}
			if _, err := RepackCMS(message); pki.CodeOf(err) != "envelope.algorithm" {
				t.Errorf("%s as CMS: %v", name, err)
			}
		}
	}
}

// RSA and ECDSA pairs: the CA repacks blind, openssl opens, the key is the key.
func TestAnswerPKCS8(t *testing.T) {
	by, public := centre(t, true)
	for _, suite := range []pki.Suite{pki.RSA2048, pki.P256, pki.P384} {
		holder := newKey(t, suite)
		cert := newCertificate(t, holder)
		escrowed := newKey(t, suite)
		pkcs8 := marshalKey(t, escrowed)
		for name, to := range forms(cert) {
			message, err := AnswerPKCS8(rand.Reader, to, by, pkcs8)
			if err != nil {
				t.Fatal(err)
			}
			if err := VerifyAnswer(message, public); err != nil {
				t.Errorf("%s %s: %v", suite, name, err)
			}
			if got, err := OpenAnswer(holder, message); err != nil || !bytes.Equal(got, pkcs8) {
				t.Errorf("%s %s: %v", suite, name, err)
			}
			repacked, err := RepackCMS(message)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := OpenEnvelope(holder, repacked); err != nil || !bytes.Equal(got, pkcs8) {
				t.Errorf("%s %s repacked: %v", suite, name, err)
			}
			path := writeFile(t, t.TempDir()+"/m.der", repacked)
			got := openssl(t, "cms", "-decrypt", "-binary", "-inform", "DER", "-in", path, "-recip", cert.certFile, "-inkey", cert.keyFile)
			key, err := x509.ParsePKCS8PrivateKey(got)
			if err != nil || !samePublic(key.(crypto.Signer).Public(), escrowed.Public()) {
				t.Errorf("%s %s: openssl: %v", suite, name, err)
			}
			if _, err := RepackSM2(message, public); pki.CodeOf(err) != "envelope.algorithm" {
				t.Errorf("%s %s as SM2: %v", suite, name, err)
			}
		}
	}
}

// openssl sees GM/T 0010's fields in GM/T 0010's order.
func TestAnswerLayout(t *testing.T) {
	by, _ := centre(t, false)
	cert := newCertificate(t, newKey(t, pki.SM2))
	ours, err := AnswerSM2Key(rand.Reader, cert.named(), by, newSM2(t))
	if err != nil {
		t.Fatal(err)
	}
	for name, message := range map[string][]byte{"vector": unhex(t, vectors(t, "sm2-key-answer.json").Cases[0].Der), "ours": ours} {
		output := string(openssl(t, "asn1parse", "-inform", "DER", "-in", writeFile(t, t.TempDir()+"/a.der", message)))
		var top []string
		for line := range strings.Lines(output) {
			if strings.Contains(line, "d=1 ") {
				top = append(top, strings.Fields(line[strings.Index(line, "cons:")+strings.Index(line, "prim:")+1:])[1])
			}
		}
		if got := strings.Join(top, ","); got != "INTEGER,SET,SET,SEQUENCE,SET" {
			t.Errorf("%s: %s\n%s", name, got, output)
		}
		for _, part := range []string{":1.2.156.10197.1.301.3", ":1.2.156.10197.6.1.4.2.1", ":sm4-ecb", "l=  32 prim: cont [ 0 ]", ":1.2.156.10197.1.301.1", ":sm3"} {
			if !strings.Contains(output, part) {
				t.Errorf("%s: no %q in\n%s", name, part, output)
			}
		}
	}
}

func TestAnswerRefuses(t *testing.T) {
	by, public := centre(t, false)
	holder, rsaHolder := newSM2(t), newKey(t, pki.RSA2048)
	to, rsaTo := Recipient{Public: holder.Public()}, Recipient{Public: rsaHolder.Public()}
	pkcs8 := marshalKey(t, newKey(t, pki.P256))
	rsaSigner := by
	rsaSigner.Key = rsaHolder
	unnamed, keyless, big0 := by, by, by
	unnamed.Issuer, keyless.Key, big0.Serial = nil, nil, new(big.Int)
	large := by
	large.Certificate = make([]byte, MaxKeyMessage)
	for name, make := range map[string]func() ([]byte, error){
		"SM2 to RSA":           func() ([]byte, error) { return AnswerSM2Key(rand.Reader, rsaTo, by, newSM2(t)) },
		"PKCS#8 to SM2":        func() ([]byte, error) { return AnswerPKCS8(rand.Reader, to, by, pkcs8) },
		"no key":               func() ([]byte, error) { return AnswerSM2Key(rand.Reader, to, by, nil) },
		"no PKCS#8":            func() ([]byte, error) { return AnswerPKCS8(rand.Reader, rsaTo, by, nil) },
		"too much":             func() ([]byte, error) { return AnswerPKCS8(rand.Reader, rsaTo, by, make([]byte, MaxKeyMessage)) },
		"large certificate":    func() ([]byte, error) { return AnswerSM2Key(rand.Reader, to, large, newSM2(t)) },
		"RSA signer":           func() ([]byte, error) { return AnswerSM2Key(rand.Reader, to, rsaSigner, newSM2(t)) },
		"unnamed signer":       func() ([]byte, error) { return AnswerSM2Key(rand.Reader, to, unnamed, newSM2(t)) },
		"no signer":            func() ([]byte, error) { return AnswerSM2Key(rand.Reader, to, keyless, newSM2(t)) },
		"signer with serial 0": func() ([]byte, error) { return AnswerSM2Key(rand.Reader, to, big0, newSM2(t)) },
	} {
		if message, err := make(); pki.KindOf(err) != pki.Invalid || message != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	message, err := AnswerSM2Key(rand.Reader, to, by, newSM2(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := VerifyAnswer(message, &holder.PublicKey); pki.CodeOf(err) != "envelope.signature" || pki.KindOf(err) != pki.Forbidden {
		t.Errorf("verified with another key: %v", err)
	}
	if err := VerifyAnswer(message, nil); pki.CodeOf(err) != "envelope.signer" {
		t.Errorf("verified without key: %v", err)
	}
	for name, opener := range map[string]crypto.PrivateKey{"another SM2 key": newSM2(t), "an RSA key": rsaHolder} {
		if _, err := OpenAnswer(opener, message); pki.CodeOf(err) != "envelope.open" {
			t.Errorf("opened with %s: %v", name, err)
		}
	}
	if _, err := RepackSM2(message, newKey(t, pki.P256).Public().(*ecdsa.PublicKey)); pki.CodeOf(err) != "envelope.recipient" {
		t.Errorf("repacked for P-256: %v", err)
	}
	off := &ecdsa.PublicKey{Curve: sm2.P256(), X: big.NewInt(1), Y: big.NewInt(1)}
	if _, err := RepackSM2(message, off); pki.CodeOf(err) != "envelope.recipient" {
		t.Errorf("repacked off the curve: %v", err)
	}
	if err := VerifyAnswer(make([]byte, MaxKeyMessage+1), public); pki.CodeOf(err) != "envelope.size" {
		t.Errorf("too large: %v", err)
	}
}
