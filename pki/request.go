package pki

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/pem"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm3"
	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// MaxRequest is the most octets of a certificate request we read.
const MaxRequest = 64 << 10

// Form says how a request was signed; the answer to the applicant names it, since
// two of the SM2 forms come from tools used in a way their makers did not intend.
type Form string

// The forms met in the wild.
const (
	Standard   Form = "standard"    // RFC 2986; SM2 with the default user id (GM/T 0009)
	EmptyID    Form = "empty-id"    // SM2 with an empty user id: plain "openssl req" 3.0
	DoubleHash Form = "double-hash" // SM2 over SM3(body) instead of body: some web tools
)

// Request is a certificate request whose proof of possession holds.
type Request struct {
	Subject      []byte // DER Name as asked for; the profile decides what becomes of it
	PublicKey    crypto.PublicKey
	SPKI         []byte // the key in our own encoding
	Suite        Suite
	Form         Form
	CFCA         bool             // CFCA's dialect of dual-certificate request
	TemporaryKey crypto.PublicKey // CFCA: receives the encryption key; nil otherwise
	AltNames     []AltName        // asked for in an extensionRequest
}

// ParseRequest reads a PKCS#10 request (RFC 2986, GM/T 0092) in PEM or DER, CFCA's
// dialect included, checks its key and its signature, and says which form it had.
// DoubleHash is accepted only where allowDoubleHash says so.
func ParseRequest(data []byte, allowDoubleHash bool) (*Request, error) {
	der, err := requestDER(data)
	if err != nil {
		return nil, err
	}
	malformed := Errorf(Invalid, "request.malformed", "the certificate request is not valid DER of a PKCS#10 request").
		To("send the file the tool made, unchanged, in PEM or DER")
	input := cryptobyte.String(der)
	var outer, info, body, algorithm cryptobyte.String
	var signature []byte
	if !input.ReadASN1(&outer, cbasn1.SEQUENCE) || !input.Empty() ||
		!outer.ReadASN1Element(&info, cbasn1.SEQUENCE) ||
		!outer.ReadASN1(&algorithm, cbasn1.SEQUENCE) ||
		!outer.ReadASN1BitStringAsBytes(&signature) || !outer.Empty() {
		return nil, malformed
	}
	signed := []byte(info)
	if !info.ReadASN1(&body, cbasn1.SEQUENCE) {
		return nil, malformed
	}
	request, err := readBody(body, malformed)
	if err != nil {
		return nil, err
	}
	var oid OID
	if !algorithm.ReadASN1ObjectIdentifier(&oid) {
		return nil, malformed
	}
	request.Form, err = proof(request.PublicKey, oid, signed, signature, allowDoubleHash)
	if err != nil {
		return nil, err
	}
	return request, nil
}

func requestDER(data []byte) ([]byte, error) {
	if len(data) > MaxRequest {
		return nil, Errorf(Invalid, "request.size", "the certificate request is larger than %d octets", MaxRequest)
	}
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, Errorf(Invalid, "request.empty", "the certificate request is empty").To("send the PEM or DER file the tool made")
	}
	if data[0] == 0x30 {
		return data, nil
	}
	block, rest := pem.Decode(data)
	switch {
	case block == nil:
		return nil, Errorf(Invalid, "request.pem", "the certificate request is neither DER nor complete PEM").
			To("check that the file has its BEGIN and END lines and was not cut")
	case block.Type != "CERTIFICATE REQUEST" && block.Type != "NEW CERTIFICATE REQUEST":
		return nil, Errorf(Invalid, "request.type", "the PEM file holds a %.40q, not a certificate request", block.Type).
			To("send the file with BEGIN CERTIFICATE REQUEST; never send a private key")
	case len(bytes.TrimSpace(rest)) > 0:
		return nil, Errorf(Invalid, "request.several", "the PEM file holds more than one object").To("send one request at a time")
	}
	return block.Bytes, nil
}

func readBody(body cryptobyte.String, malformed error) (*Request, error) {
	var version int64
	var subject, spki cryptobyte.String
	if !body.ReadASN1Integer(&version) || !body.ReadASN1Element(&subject, cbasn1.SEQUENCE) ||
		!body.ReadASN1Element(&spki, cbasn1.SEQUENCE) {
		return nil, malformed
	}
	if version != 0 {
		return nil, Errorf(Invalid, "request.version", "the certificate request has version %d, not 1 (coded 0)", version)
	}
	if _, err := NameOf(subject); err != nil {
		return nil, err
	}
	request := &Request{Subject: subject}
	var err error
	if request.PublicKey, err = ParsePublicKey(spki); err != nil {
		return nil, err
	}
	if request.Suite, err = SuiteOf(request.PublicKey); err != nil {
		return nil, err
	}
	if request.SPKI, err = MarshalPublicKey(request.PublicKey); err != nil {
		return nil, err
	}
	if body.Empty() {
		return request, nil // GmSSL leaves the attributes out where there are none
	}
	var attributes cryptobyte.String
	if !body.ReadASN1(&attributes, explicitTag(0)) || !body.Empty() {
		return nil, malformed
	}
	return request, request.readAttributes(attributes, malformed)
}

// maxAttributes bounds the work an attacker's request can ask for.
const maxAttributes = 16

func (r *Request) readAttributes(attributes cryptobyte.String, malformed error) error {
	for n := 0; !attributes.Empty(); n++ {
		var attribute cryptobyte.String
		var oid OID
		if n == maxAttributes || !attributes.ReadASN1(&attribute, cbasn1.SEQUENCE) ||
			!attribute.ReadASN1ObjectIdentifier(&oid) {
			return malformed
		}
		var err error
		switch {
		case oid.Equal(OIDExtRequest):
			err = r.readExtensions(attribute, malformed)
		case oid.Equal(OIDCFCATempKey):
			r.CFCA = true
			r.TemporaryKey, err = readTemporaryKey(attribute, r.Suite)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// readExtensions takes the alternative names from an extensionRequest (RFC 2985
// 5.4.2); other wishes are the profile's to decide and are passed over.
func (r *Request) readExtensions(attribute cryptobyte.String, malformed error) error {
	var set, list cryptobyte.String
	if !attribute.ReadASN1(&set, cbasn1.SET) || !set.ReadASN1(&list, cbasn1.SEQUENCE) {
		return malformed
	}
	for !list.Empty() {
		var extension cryptobyte.String
		var oid OID
		var critical bool
		var value cryptobyte.String
		if !list.ReadASN1(&extension, cbasn1.SEQUENCE) || !extension.ReadASN1ObjectIdentifier(&oid) ||
			!extension.ReadOptionalASN1Boolean(&critical, cbasn1.BOOLEAN, false) ||
			!extension.ReadASN1(&value, cbasn1.OCTET_STRING) {
			return malformed
		}
		if oid.Equal(OIDSubjectAltName) {
			names, ok := readAltNames(value)
			if !ok {
				return malformed
			}
			r.AltNames = names
		}
	}
	return nil
}

const maxAltNames = 100

func readAltNames(value cryptobyte.String) (names []AltName, ok bool) {
	var list cryptobyte.String
	if !value.ReadASN1(&list, cbasn1.SEQUENCE) || !value.Empty() {
		return nil, false
	}
	for !list.Empty() {
		var content cryptobyte.String
		var tag cbasn1.Tag
		if len(names) == maxAltNames || !list.ReadAnyASN1(&content, &tag) {
			return nil, false
		}
		switch tag {
		case contextTag(1):
			names = append(names, AltName{"email", string(content)})
		case contextTag(2):
			names = append(names, AltName{"dns", string(content)})
		case contextTag(6):
			names = append(names, AltName{"uri", string(content)})
		case contextTag(7):
			names = append(names, AltName{"ip", ipText(content)})
		default:
			names = append(names, AltName{"other", ""}) // refused later, by name, where names are used
		}
	}
	return names, true
}

// readTemporaryKey reads CFCA's attribute 1.2.840.113549.1.9.63: OCTET STRING of
// SEQUENCE { version 1, OCTET STRING key }. An SM2 key is 8 header octets and two
// coordinates in fields of 64 octets, left-aligned; an RSA key is PKCS#1.
func readTemporaryKey(attribute cryptobyte.String, suite Suite) (crypto.PublicKey, error) {
	wrong := Errorf(Invalid, "request.temporary-key", "the request's temporary public key is malformed").
		To("make the request again with the vendor's tool")
	var octets, sequence, key cryptobyte.String
	var version int64
	if !attribute.ReadASN1(&octets, cbasn1.OCTET_STRING) || !octets.ReadASN1(&sequence, cbasn1.SEQUENCE) ||
		!sequence.ReadASN1Integer(&version) || version != 1 || !sequence.ReadASN1(&key, cbasn1.OCTET_STRING) {
		return nil, wrong
	}
	if suite.Family() == "rsa" {
		public, err := parseRSA(key)
		if err != nil {
			return nil, wrong
		}
		return public, nil
	}
	if suite != SM2 || len(key) != 136 {
		return nil, wrong
	}
	point := append([]byte{4}, key[8:40]...)
	point = append(point, key[72:104]...)
	public, err := sm2.NewPublicKey(point)
	if err != nil {
		return nil, wrong
	}
	return public, nil
}

// proof checks that the request was signed with the key it names.
func proof(public crypto.PublicKey, algorithm OID, body, signature []byte, allowDoubleHash bool) (Form, error) {
	failed := Errorf(Invalid, "request.proof-of-possession", "the request's signature does not fit its public key").
		To("make the request again with the private key that belongs to it")
	switch key := public.(type) {
	case *rsa.PublicKey:
		if hash, digest := hashFor(algorithm, true, body); hash != 0 {
			if rsa.VerifyPKCS1v15(key, hash, digest, signature) != nil {
				return "", failed
			}
			return Standard, nil
		}
	case *ecdsa.PublicKey:
		if sm2.IsSM2PublicKey(key) {
			if !algorithm.Equal(OIDSM2WithSM3) {
				break
			}
			return proofSM2(key, body, signature, allowDoubleHash, failed)
		}
		if hash, digest := hashFor(algorithm, false, body); hash != 0 {
			if !ecdsa.VerifyASN1(key, digest, signature) {
				return "", failed
			}
			return Standard, nil
		}
	}
	return "", Errorf(Invalid, "request.algorithm", "the request is signed with an algorithm that is not accepted").
		To("sign it with SM2 and SM3, or with SHA-256, SHA-384 or SHA-512")
}

func hashFor(algorithm OID, isRSA bool, body []byte) (crypto.Hash, []byte) {
	sha256OID, sha384OID, sha512OID := OIDECDSASHA256, OIDECDSASHA384, OIDECDSASHA512
	if isRSA {
		sha256OID, sha384OID, sha512OID = OIDRSASHA256, OIDRSASHA384, OIDRSASHA512
	}
	switch {
	case algorithm.Equal(sha256OID):
		sum := sha256.Sum256(body)
		return crypto.SHA256, sum[:]
	case algorithm.Equal(sha384OID):
		sum := sha512.Sum384(body)
		return crypto.SHA384, sum[:]
	case algorithm.Equal(sha512OID):
		sum := sha512.Sum512(body)
		return crypto.SHA512, sum[:]
	}
	return 0, nil
}

func proofSM2(key *ecdsa.PublicKey, body, signature []byte, allowDoubleHash bool, failed *Error) (Form, error) {
	if sm2.VerifyASN1WithSM2(key, nil, body, signature) {
		return Standard, nil
	}
	if sm2.VerifyASN1(key, digestEmptyID(key, body), signature) {
		return EmptyID, nil
	}
	sum := sm3.Sum(body)
	if !sm2.VerifyASN1WithSM2(key, nil, sum[:], signature) {
		return "", failed
	}
	if !allowDoubleHash {
		return "", Errorf(Invalid, "request.double-hash", "the request was hashed twice before signing, which the profile does not allow").
			To("sign with another tool, or have an administrator allow double_hash_requests in the profile")
	}
	return DoubleHash, nil
}

// digestEmptyID computes SM3(Z ‖ body) with a user id of no octets. gmsm turns an
// empty id into the default one, so Z is put together here:
// ENTL(0000) ‖ a ‖ b ‖ Gx ‖ Gy ‖ X ‖ Y (GB/T 32918.2 5.5).
func digestEmptyID(key *ecdsa.PublicKey, body []byte) []byte {
	params := key.Params()
	field := make([]byte, 32)
	z := sm3.New()
	z.Write([]byte{0, 0})
	a := params.P.FillBytes(make([]byte, 32))
	a[31] -= 3 // a = p - 3; p ends in FF
	z.Write(a)
	z.Write(params.B.FillBytes(field))
	z.Write(params.Gx.FillBytes(field))
	z.Write(params.Gy.FillBytes(field))
	z.Write(Point(key)[1:])
	e := sm3.New()
	e.Write(z.Sum(nil))
	e.Write(body)
	return e.Sum(nil)
}
