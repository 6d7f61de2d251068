package ocsp

import (
	"bytes"
	"encoding/asn1"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"testing"

	"onecert/pki"
	"onecert/pkitest"
)

func TestSeveralCertificates(t *testing.T) {
	h := open(t, pkitest.SQLite(t), nil)
	a := h.authorities["rsa"]
	var serials []pki.Serial
	var ids []wireID
	for i := range maxCertificates {
		s := newSerial()
		if i%2 == 0 {
			h.put(t, h.issued("rsa", s))
		}
		serials = append(serials, s)
		ids = append(ids, a.certID([]string{"sha1", "sha256", "sm3"}[i%3], i%4 < 2, s))
	}
	got := h.checkAll(t, "rsa", h.send(encode(t, []byte("0123456789abcdef"), ids...)))
	if len(got) != maxCertificates {
		t.Fatal(len(got))
	}
	for i, one := range got {
		if want := []string{"good", "unknown"}[i%2]; one.serial != serials[i] || one.state != want || string(one.nonce) != "0123456789abcdef" {
			t.Errorf("%d: %+v", i, one)
		}
	}
}

// What cannot be answered gets its own refusal, without a signature.
func TestRefusals(t *testing.T) {
	h := open(t, pkitest.SQLite(t), nil)
	sm2, rsa := h.authorities["sm2"], h.authorities["rsa"]
	s := h.issue(t, "sm2")
	right := sm2.certID("sha1", true, s)
	stranger := newAuthority(t, "stranger", pki.P256).certID("sha1", true, s)
	mixed := right
	mixed.KeyHash = stranger.KeyHash
	md5 := right
	md5.Hash.OID = asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 5}
	wrongHash := right
	wrongHash.Hash.OID = hashOIDs["sha256"]
	var many, thousand []wireID
	for range 1000 {
		thousand = append(thousand, right)
	}
	many = thousand[:maxCertificates+1]
	for name, c := range map[string]struct {
		der    []byte
		status int
		ocsp   byte
		reason string
	}{
		"another issuer":         {encode(t, nil, stranger), 200, unauthorized, "ocsp.issuer"},
		"the issuer's name only": {encode(t, nil, mixed), 200, unauthorized, "ocsp.issuer"},
		"unknown hash":           {encode(t, nil, md5), 200, unauthorized, "ocsp.issuer"},
		"another hash":           {encode(t, nil, wrongHash), 200, unauthorized, "ocsp.issuer"},
		"several issuers":        {encode(t, nil, right, rsa.certID("sha1", true, s)), 200, unauthorized, "ocsp.several-issuers"},
		"one beyond":             {encode(t, nil, many...), 400, malformedRequest, "ocsp.too-many"},
		"a thousand":             {encode(t, nil, thousand...), http.StatusRequestEntityTooLarge, malformedRequest, "ocsp.too-large"},
		"nobody":                 {encode(t, nil), 400, malformedRequest, "ocsp.malformed"},
		"empty":                  {nil, 400, malformedRequest, "ocsp.malformed"},
		"no nonce in the nonce":  {encode(t, []byte{}, right), 400, malformedRequest, "ocsp.nonce"},
		"a long nonce":           {encode(t, make([]byte, maxNonce+1), right), 400, malformedRequest, "ocsp.nonce"},
		"one octet more":         {append(encode(t, nil, right), 0), 400, malformedRequest, "ocsp.malformed"},
	} {
		w := h.send(c.der)
		if w.Code != c.status || !bytes.Equal(w.Body.Bytes(), []byte{0x30, 3, 10, 1, c.ocsp}) || w.Header().Get("X-Reason") != c.reason {
			t.Errorf("%s: %d %x %s", name, w.Code, w.Body.Bytes(), w.Header().Get("X-Reason"))
		}
	}
	for _, n := range []int{1, maxNonce} {
		nonce := bytes.Repeat([]byte{7}, n)
		if got := h.check(t, "sm2", h.send(encode(t, nonce, right))); !bytes.Equal(got.nonce, nonce) {
			t.Errorf("nonce of %d octets: %x", n, got.nonce)
		}
	}
}

// Serials no certificate can have are unknown, and repeated as they came.
func TestOddSerials(t *testing.T) {
	h := open(t, pkitest.SQLite(t), nil)
	for name, content := range map[string][]byte{
		"zero": {0}, "negative": {0x80}, "21 octets": bytes.Repeat([]byte{0x7f}, 21), "64 octets": bytes.Repeat([]byte{0x7f}, 64),
	} {
		id := h.authorities["sm2"].certID("sha1", true, "01")
		id.Serial = asn1.RawValue{FullBytes: append([]byte{2, byte(len(content))}, content...)}
		w := h.send(encode(t, nil, id))
		if w.Code != 200 || !bytes.Contains(w.Body.Bytes(), id.Serial.FullBytes) {
			t.Errorf("%s: %d", name, w.Code)
		}
	}
	id := h.authorities["sm2"].certID("sha1", true, "01")
	id.Serial = asn1.RawValue{FullBytes: append([]byte{2, 65}, bytes.Repeat([]byte{0x7f}, 65)...)}
	if w := h.send(encode(t, nil, id)); w.Code != 400 {
		t.Error("65 octets:", w.Code)
	}
}

// The optional parts of a request, and what DER forbids.
func TestParse(t *testing.T) {
	good := func(change func(*wireTBS)) []byte {
		a := newAuthority(t, "a", pki.P256)
		r := wireRequest{wireTBS{List: []wireSingle{{ID: a.certID("sha1", true, "42")}}}}
		change(&r.TBS)
		der, err := asn1.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	plain := good(func(*wireTBS) {})
	inner := plain[2:]
	signature := []byte{0xa0, 13, 0x30, 11, 0x30, 5, 6, 3, 0x2a, 3, 4, 3, 2, 0, 1}
	locator := wireExtension{ID: asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 7}, Value: []byte{0x30, 0}}
	nonce := wireExtension{ID: asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 2}, Value: []byte{4, 1, 9}}
	criticalLocator := locator
	criticalLocator.Critical = true
	for name, c := range map[string]struct {
		der  []byte
		want error
	}{
		"plain":   {plain, nil},
		"version": {good(func(t *wireTBS) { t.Version = asn1.RawValue{FullBytes: []byte{0xa0, 3, 2, 1, 0}} }), nil},
		"requestor": {good(func(t *wireTBS) {
			t.Requestor = asn1.RawValue{FullBytes: []byte{0xa1, 5, 0x82, 3, 'a', '.', 'b'}}
		}), nil},
		"signature":           {element(nil, tagSequence, inner, signature), nil},
		"locator":             {good(func(t *wireTBS) { t.List[0].Extensions = []wireExtension{locator} }), nil},
		"nonce":               {good(func(t *wireTBS) { t.Extensions = []wireExtension{locator, nonce} }), nil},
		"version 2":           {good(func(t *wireTBS) { t.Version = asn1.RawValue{FullBytes: []byte{0xa0, 3, 2, 1, 1}} }), errMalformed},
		"critical":            {good(func(t *wireTBS) { t.Extensions = []wireExtension{criticalLocator} }), errCritical},
		"critical in one":     {good(func(t *wireTBS) { t.List[0].Extensions = []wireExtension{criticalLocator} }), errCritical},
		"two nonces":          {good(func(t *wireTBS) { t.Extensions = []wireExtension{nonce, nonce} }), errMalformed},
		"after the signature": {element(nil, tagSequence, inner, signature, []byte{5, 0}), errMalformed},
		"a long length":       {append([]byte{0x30, 0x81, plain[1]}, inner...), errMalformed},
		"an indefinite one":   {append(append([]byte{0x30, 0x80}, inner...), 0, 0), errMalformed},
		"a padded serial":     {bytes.Replace(plain, []byte{2, 1, 0x42}, []byte{2, 1, 0x42}[:0], 1), errMalformed},
	} {
		var r request
		if err := r.parse(c.der); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, text := range []string{"\x02\x02\x00\x42", "\x02\x02\xff\x80", "\x02\x00"} {
		id := newAuthority(t, "a", pki.P256).certID("sha1", true, "42")
		id.Serial = asn1.RawValue{FullBytes: []byte(text)}
		var r request
		if err := r.parse(encode(t, nil, id)); !errors.Is(err, errMalformed) {
			t.Errorf("serial %x: %v", text, err)
		}
	}
}

// What parses keeps to the limits, its CertIDs stand in it as they are repeated, and a
// serial names the same certificate here and in the journal.
func FuzzRequest(f *testing.F) {
	a := newAuthority(f, "a", pki.P256)
	f.Add(encode(f, nil, a.certID("sha1", true, "42")))
	f.Add(encode(f, []byte("nonce"), a.certID("sm3", false, "7f42"), a.certID("sha256", true, "00ff")))
	f.Add([]byte{0x30, 0})
	directory := newDirectory()
	bits, err := publicBits(a.certificate.RawSubjectPublicKeyInfo)
	if err != nil {
		f.Fatal(err)
	}
	directory.add(a.certificate.RawSubject, bits, 0)
	f.Fuzz(func(t *testing.T, der []byte) {
		var r request
		if r.parse(der) != nil {
			return
		}
		if len(r.ids) == 0 || len(r.ids) > maxCertificates || len(r.nonce) > maxNonce {
			t.Fatal("beyond the limits")
		}
		for i := range r.ids {
			id := &r.ids[i]
			if !bytes.Contains(der, id.raw) {
				t.Fatal("a CertID is not of the request")
			}
			issuer, form, found := directory.find(id)
			if key, ok := keyOf(issuer, id.serial); ok && found {
				if again, ok := journalKey(issuer, key.number()); !ok || again != key || form >= directory.forms() {
					t.Fatal("a serial is not the same in the journal")
				}
			}
		}
	})
}

// What decodes is what was encoded, whatever the spelling.
func FuzzPath(f *testing.F) {
	f.Add("/MFEw%2F+ab==", []byte("abc"))
	f.Add("//%4D", []byte{0xff, 0xfe, 0xfb, 0xef, 0xbe})
	f.Fuzz(func(t *testing.T, path string, der []byte) {
		var b buffer
		if len(path) <= maxPath {
			if out, err := decodePath(b.der[:], b.text[:], path); err == nil && len(out) > maxRequest {
				t.Fatal("too long")
			}
		}
		if len(der) > maxPath/8 {
			return
		}
		std := base64.StdEncoding.EncodeToString(der)
		for _, text := range []string{std, strings.TrimRight(std, "="), everyEscaped(std), base64.RawURLEncoding.EncodeToString(der)} {
			if strings.HasPrefix(text, "/") {
				continue // no SEQUENCE begins so
			}
			if out, err := decodePath(b.der[:], b.text[:], "/"+text); err != nil || !bytes.Equal(out, der) {
				t.Fatalf("%q: %x, %v", text, out, err)
			}
		}
	})
}
