package kmc

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os/exec"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"

	"onecert/pki"
)

// readVector reads a vector's message as the two ends do, signature included, and
// says what it found in the words of the vectors.
func readVector(t testing.TB, kind string, der []byte) (decodedMessage, error) {
	key := map[string]string{"request": "ca", "respond": "kmc"}[kind]
	message, err := readSigned(der)
	if err != nil {
		return decodedMessage{}, err
	}
	var found decodedMessage
	if kind == "request" {
		r, err := readRequest(message.body)
		if err != nil {
			return found, err
		}
		found = describeHead(r.ca, r.at, r.task)
		for _, o := range r.operations {
			found.List = append(found.List, describeOperation(o))
		}
	} else {
		r, err := readRespond(message.body)
		if err != nil {
			return found, err
		}
		found = describeHead(r.kmc, r.at, r.task)
		for _, a := range r.answers {
			found.List = append(found.List, describeAnswer(a))
		}
	}
	return found, message.verify(&vectorKey(t, key).PublicKey)
}

func describeHead(e entity, at time.Time, task pki.Serial) decodedMessage {
	return decodedMessage{Name: hex.EncodeToString(e.name), KeyHash: hex.EncodeToString(e.keyHash),
		Serial: string(e.serial), At: at.Format(time.RFC3339), Task: string(task)}
}

func describeProtection(p protection) string {
	return fmt.Sprint(p.asymmetric, p.symmetric, p.hash)
}

func describeOperation(o operation) decodedPart {
	switch {
	case o.apply != nil:
		a := o.apply
		return decodedPart{Kind: "apply", Suite: string(a.suite), Protect: describeProtection(a.protect), CertNo: string(a.certNo),
			Recipient: hex.EncodeToString(a.recipient), NotBefore: a.notBefore.Format(time.RFC3339), NotAfter: a.notAfter.Format(time.RFC3339),
			UserName: string(a.userName), Region: string(a.region), Extend: string(a.extend)}
	case o.restore != nil:
		r := o.restore
		return decodedPart{Kind: "restore", Protect: describeProtection(r.protect), CertNo: string(r.certNo),
			Recipient: hex.EncodeToString(r.recipient), UserName: string(r.userName), Extend: string(r.extend)}
	}
	return decodedPart{Kind: "revoke", CertNo: string(o.revoke.certNo)}
}

func describeAnswer(a answer) decodedPart {
	key := func(kind string, k *returnedKey) decodedPart {
		return decodedPart{Kind: kind, CertNo: string(k.certNo), PublicKey: hex.EncodeToString(k.publicKey), Sealed: hex.EncodeToString(k.sealed)}
	}
	switch {
	case a.apply != nil:
		return key("apply", a.apply)
	case a.restore != nil:
		return key("restore", a.restore)
	case a.revoke != nil:
		return decodedPart{Kind: "revoke", CertNo: string(a.revoke.certNo)}
	}
	return decodedPart{Kind: "error", Number: a.failed.number, Text: string(a.failed.text)}
}

func TestVectors(t *testing.T) {
	for _, v := range readVectors(t) {
		t.Run(v.Message+" "+v.Name, func(t *testing.T) {
			found, err := readVector(t, v.Message, v.der(t))
			if v.Outcome == "refuse" {
				if pki.CodeOf(err) != v.Code {
					t.Errorf("%s: got %v (%s), want %s", v.Why, err, pki.CodeOf(err), v.Code)
				}
				return
			}
			if err != nil {
				t.Fatalf("%s: %v", v.Why, err)
			}
			got, _ := json.Marshal(found)
			want, _ := json.Marshal(v.Decoded)
			if !sameJSON(t, got, want) {
				t.Errorf("%s:\n got %s\nwant %s", v.Why, got, want)
			}
		})
	}
}

func sameJSON(t *testing.T, a, b []byte) bool {
	var x, y any
	if json.Unmarshal(a, &x) != nil || json.Unmarshal(b, &y) != nil {
		t.Fatal("not JSON")
	}
	return reflect.DeepEqual(x, y)
}

// What we write is what the vectors named "what we write" hold, byte for byte.
func TestWriting(t *testing.T) {
	written := 0
	for _, v := range readVectors(t) {
		if !strings.HasPrefix(v.Why, "what we write") && v.Name != "several" && v.Name != "revoke" {
			continue
		}
		written++
		der := v.der(t)
		message, err := readSigned(der)
		if err != nil {
			t.Fatal(err)
		}
		body, err := rewrite(v.Message, message.body)
		if err != nil || !bytes.Equal(body, message.body) {
			t.Errorf("%s %s: %x, %v", v.Message, v.Name, body, err)
		}
		message.body = body
		if again, err := message.marshal(); err != nil || !bytes.Equal(again, der) {
			t.Errorf("%s %s: %x, %v", v.Message, v.Name, again, err)
		}
	}
	if written < 8 {
		t.Errorf("only %d vectors of what we write", written)
	}
}

func rewrite(kind string, body []byte) ([]byte, error) {
	if kind == "request" {
		r, err := readRequest(body)
		if err != nil {
			return nil, err
		}
		return r.marshal()
	}
	r, err := readRespond(body)
	if err != nil {
		return nil, err
	}
	return r.marshal()
}

// OpenSSL reads what we write as DER, and verifies its signature.
func TestOpenSSLReadsMessages(t *testing.T) {
	for _, v := range readVectors(t) {
		if v.Outcome != "accept" {
			continue
		}
		command := exec.Command("openssl", "asn1parse", "-inform", "DER")
		command.Stdin = bytes.NewReader(v.der(t))
		if out, err := command.CombinedOutput(); err != nil || bytes.Contains(out, []byte("Error")) {
			t.Errorf("%s %s: %v\n%s", v.Message, v.Name, err, out)
		}
	}
}

// Whatever octet of a message is changed, it is no longer accepted.
func TestEveryChangedOctet(t *testing.T) {
	for _, v := range readVectors(t) {
		if v.Outcome != "accept" || v.Name != "several" {
			continue
		}
		der := v.der(t)
		for i := range der {
			changed := bytes.Clone(der)
			changed[i] ^= 1
			if _, err := readVector(t, v.Message, changed); err == nil && !harmless(der, i) {
				t.Errorf("%s: octet %d changed and still accepted", v.Message, i)
			}
		}
	}
}

// harmless: the signature's algorithm stands outside what is signed, and two other
// names of it are read as the same algorithm.
func harmless(der []byte, i int) bool {
	oid := []byte{0x06, 0x08, 0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01, 0x83, 0x75}
	at := bytes.LastIndex(der, oid)
	return i >= at && i < at+len(oid)
}

func TestLimits(t *testing.T) {
	if _, err := readSigned(make([]byte, maxMessage+1)); pki.CodeOf(err) != codeMalformed {
		t.Errorf("too large: %v", err)
	}
	m := maker{t}
	body := m.request(m.der(m.apply(), "tag:0"))
	for range maxOperations - 1 {
		body.List = append(body.List, m.der(asnRevoke{vectorCertNo(9)}, "tag:2"))
	}
	der, _ := hex.DecodeString(m.hex(body))
	if r, err := readRequest(der); err != nil || len(r.operations) != maxOperations {
		t.Errorf("the most operations: %v", err)
	}
}

func TestFailureTravels(t *testing.T) {
	for _, n := range numbers {
		kind := pki.Internal
		for k, hundreds := range kindHundreds {
			if n.number/100*100 == hundreds {
				kind = k
			}
		}
		sent := pki.Errorf(kind, n.code, "what is wrong\nwith %s", "密钥").To("do this")
		f := failureOf(fmt.Errorf("wrapped: %w", sent))
		got := f.err()
		if f.number != n.number || pki.KindOf(got) != kind || pki.CodeOf(got) != n.code || got.Error() != "what is wrong with 密钥; do this" {
			t.Errorf("%d %s: %d %v", n.number, n.code, f.number, got)
		}
	}
	secret := failureOf(fmt.Errorf("the password is 1234"))
	if secret.number != 900 || strings.Contains(string(secret.text), "1234") {
		t.Errorf("an internal error told %q", secret.text)
	}
	long := failureOf(pki.Errorf(pki.Invalid, "km.order", "%s", strings.Repeat("密", 2000)))
	if len(long.text) > maxText || pki.KindOf(long.err()) != pki.Invalid {
		t.Errorf("a long text: %d octets", len(long.text))
	}
	foreign := (&failure{17, []byte("\x1b[31mno key\u202e")}).err()
	if foreign.Error() != "[31mno key; look the number of the error up in the manual of the key management centre" {
		t.Errorf("foreign text shown as %q", foreign)
	}
	if got := (&failure{number: 399}).err(); pki.KindOf(got) != pki.Unknown || got.Error() == "" {
		t.Errorf("unknown number: %v", got)
	}
}

func TestNumbersAreUnique(t *testing.T) {
	seen := map[any]bool{}
	for _, n := range numbers {
		if seen[n.number] || seen[n.code] {
			t.Errorf("%d %s stands twice", n.number, n.code)
		}
		seen[n.number], seen[n.code] = true, true
	}
}

func FuzzReadRequest(f *testing.F) { fuzzMessage(f, "request") }
func FuzzReadRespond(f *testing.F) { fuzzMessage(f, "respond") }

// fuzzMessage: nothing panics, refusals are Invalid, and what is read is written to
// something that reads the same.
func fuzzMessage(f *testing.F, kind string) {
	for _, v := range readVectors(f) {
		if v.Message == kind {
			f.Add(v.der(f))
		}
	}
	f.Fuzz(func(t *testing.T, der []byte) {
		message, err := readSigned(der)
		if err != nil {
			if pki.KindOf(err) != pki.Invalid {
				t.Fatalf("kind %v", pki.KindOf(err))
			}
			return
		}
		sm2.VerifyASN1WithSM2(&vectorKey(t, "ca").PublicKey, nil, nil, message.signature)
		body, err := rewrite(kind, message.body)
		if err != nil {
			if pki.KindOf(err) != pki.Invalid {
				t.Fatalf("kind %v: %v", pki.KindOf(err), err)
			}
			return
		}
		again, err := rewrite(kind, body)
		if err != nil || !bytes.Equal(again, body) {
			t.Fatalf("read %x\nwrote %x\nthen %x, %v", message.body, body, again, err)
		}
	})
}
