package ocsp

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/asn1"
	"math/big"
	"net/http/httptest"
	"testing"
	"time"

	"crypto"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"

	"onecert/pki"
)

// The tests read answers with encoding/asn1 from the syntax of RFC 6960, not with the
// room's own encoder; OpenSSL and BouncyCastle judge them elsewhere.

type wireResponse struct {
	Status asn1.Enumerated
	Bytes  struct {
		Type  asn1.ObjectIdentifier
		Value []byte
	} `asn1:"optional,explicit,tag:0"`
}

type wireBasic struct {
	TBS          asn1.RawValue
	Algorithm    asn1.RawValue
	Signature    asn1.BitString
	Certificates []asn1.RawValue `asn1:"explicit,tag:0"`
}

type wireData struct {
	KeyHash    []byte    `asn1:"explicit,tag:2"`
	Produced   time.Time `asn1:"generalized"`
	Singles    []wireAnswer
	Extensions []wireExtension `asn1:"optional,explicit,tag:1"`
}

type wireAnswer struct {
	ID         wireID
	Good       asn1.Flag       `asn1:"optional,tag:0"`
	Revoked    wireRevoked     `asn1:"optional,tag:1"`
	Unknown    asn1.Flag       `asn1:"optional,tag:2"`
	ThisUpdate time.Time       `asn1:"generalized"`
	NextUpdate time.Time       `asn1:"generalized,explicit,tag:0"`
	Extensions []wireExtension `asn1:"optional,explicit,tag:1"`
}

type wireRevoked struct {
	At     time.Time       `asn1:"generalized"`
	Reason asn1.Enumerated `asn1:"optional,explicit,tag:0,default:0"`
}

// said is one certificate's answer.
type said struct {
	state      string // good, revoked, unknown
	reason     pki.Reason
	at         time.Time
	this, next time.Time
	produced   time.Time
	serial     pki.Serial
	nonce      []byte
	extensions map[string]time.Time
	responder  *smx509.Certificate
}

// check reads an answer about one certificate and verifies its signature.
func (h *house) check(t testing.TB, issuer string, w *httptest.ResponseRecorder) said {
	t.Helper()
	all := h.checkAll(t, issuer, w)
	if len(all) != 1 {
		t.Fatalf("%d answers", len(all))
	}
	return all[0]
}

func (h *house) checkAll(t testing.TB, issuer string, w *httptest.ResponseRecorder) []said {
	t.Helper()
	if w.Code != 200 || w.Header().Get("Content-Type") != "application/ocsp-response" {
		t.Fatalf("status %d, %v, reason %s", w.Code, w.Header(), w.Header().Get("X-Reason"))
	}
	return h.read(t, issuer, w.Body.Bytes())
}

func (h *house) read(t testing.TB, issuer string, der []byte) (all []said) {
	t.Helper()
	var outer wireResponse
	unmarshal(t, der, &outer)
	if outer.Status != 0 {
		t.Fatalf("response status %d", outer.Status)
	}
	var basic wireBasic
	unmarshal(t, outer.Bytes.Value, &basic)
	var data wireData
	unmarshal(t, basic.TBS.FullBytes, &data)
	responder, err := smx509.ParseCertificate(basic.Certificates[0].FullBytes)
	if err != nil {
		t.Fatal(err)
	}
	ca := h.authorities[issuer].certificate
	if err := responder.CheckSignatureFrom(ca); err != nil {
		t.Fatal(err)
	}
	verify(t, responder, basic)
	var nonce []byte
	if len(data.Extensions) > 0 {
		unmarshal(t, data.Extensions[0].Value, &nonce)
	}
	for _, s := range data.Singles {
		one := said{state: "unknown", this: s.ThisUpdate, next: s.NextUpdate, produced: data.Produced, nonce: nonce, responder: responder,
			extensions: map[string]time.Time{}}
		serial := new(big.Int)
		unmarshal(t, s.ID.Serial.FullBytes, &serial)
		one.serial = pki.SerialOf(serial)
		switch {
		case !s.Revoked.At.IsZero():
			one.state, one.at, one.reason = "revoked", s.Revoked.At, pki.Reason(s.Revoked.Reason)
		case bool(s.Good):
			one.state = "good"
		}
		if s.Unknown && one.state != "unknown" {
			t.Fatal("two states")
		}
		for _, e := range s.Extensions {
			var at time.Time
			if rest, err := asn1.UnmarshalWithParams(e.Value, &at, "generalized"); err != nil || len(rest) > 0 {
				t.Fatal(err)
			}
			one.extensions[e.ID.String()] = at
		}
		all = append(all, one)
	}
	return all
}

func verify(t testing.TB, responder *smx509.Certificate, basic wireBasic) {
	t.Helper()
	tbs, signature := basic.TBS.FullBytes, basic.Signature.RightAlign()
	sum := sha256.Sum256(tbs)
	good := false
	switch key := responder.PublicKey.(type) {
	case *rsa.PublicKey:
		good = rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], signature) == nil
	case *ecdsa.PublicKey:
		if key.Curve == sm2.P256() {
			good = sm2.VerifyASN1WithSM2(key, nil, tbs, signature)
		} else {
			good = ecdsa.VerifyASN1(key, sum[:], signature)
		}
	}
	if !good {
		t.Fatal("the signature does not verify")
	}
}

func unmarshal(t testing.TB, der []byte, into any) {
	t.Helper()
	if rest, err := asn1.Unmarshal(der, into); err != nil || len(rest) > 0 {
		t.Fatalf("%T: %v, %d octets left", into, err, len(rest))
	}
}
