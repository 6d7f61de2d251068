package e2e

import (
	"bytes"
	"crypto/rand"
	"encoding/asn1"
	"math/big"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/emmansun/gmsm/smx509"
)

// wrong is a bad order and how it must be refused.
type wrong struct {
	name   string
	order  order
	status int
	code   string
}

// refusedAll orders what is wrong and holds that each is refused for its own
// reason and leaves nothing behind.
func refusedAll(t *testing.T, d *demo, all []wrong) {
	t.Helper()
	office := d.as(t, "centre.issuer")
	before := office.list(t)
	for _, w := range all {
		t.Run(w.name, func(t *testing.T) {
			err := office.call(http.MethodPost, "/v1/orders", w.order, nil)
			refuses(t, err, w.status, w.code)
			if number := "999901199001010010"; err != nil && strings.Contains(err.Error(), number) {
				t.Error("the refusal repeats the identity number")
			}
			if after := office.list(t); len(after) != len(before) {
				t.Errorf("%d certificates became %d", len(before), len(after))
			}
		})
	}
}

// TestBadRequestFiles: whatever is sent in place of a request.
func TestBadRequestFiles(t *testing.T) {
	d := shared(t)
	good := map[string]applicant{}
	for _, way := range []string{"sm2", "rsa2048", "p256"} {
		good[way] = newApplicant(t, way, personName())
	}
	pem, der := good["sm2"].request(t), unpem(t, good["sm2"].file("request.pem"))
	from := func(name string, request []byte, code string) wrong {
		o := good["sm2"].order(t, "person-sign")
		o.Request = request
		return wrong{name, o, 422, code}
	}
	all := []wrong{
		from("nothing", []byte{}, "request.empty"),
		from("blanks", []byte("\n \n"), "request.empty"),
		from("text", []byte("a certificate, please"), "request.pem"),
		from("cut PEM", pem[:len(pem)-40], "request.pem"),
		from("PEM with a hole", slices.Concat(pem[:90], pem[140:]), "request.pem"),
		from("cut DER", der[:len(der)-1], "request.malformed"),
		from("DER and more", append(slices.Clone(der), 0), "request.malformed"),
		from("two requests", append(slices.Clone(pem), pem...), "request.several"),
		from("a certificate", read(t, d.Identities["alice"].SM2.SignCert), "request.type"),
		from("a private key", read(t, d.Identities["alice"].SM2.SignKey), "request.type"),
		from("another structure", []byte{0x30, 0x03, 0x02, 0x01, 0x05}, "request.malformed"),
		from("endless length", []byte{0x30, 0x84, 0xff, 0xff, 0xff, 0xff}, "request.malformed"),
		from("indefinite length", append([]byte{0x30, 0x80}, der[4:]...), "request.malformed"),
		from("deep", bytes.Repeat([]byte{0x30, 0x82, 0x10, 0x00}, 1000), "request.malformed"),
	}
	for way, a := range good {
		der := unpem(t, a.file("request.pem"))
		signature, name := slices.Clone(der), slices.Clone(der)
		signature[len(der)-1] ^= 1
		name[bytes.Index(der, []byte("申请人"))+11] ^= 1
		all = append(all, from(way+" with another signature", signature, "request.proof-of-possession"),
			from(way+" for another name", name, "request.proof-of-possession"))
	}
	refusedAll(t, d, all)
}

// TestBadKeys: keys nobody should certify, as OpenSSL makes them.
func TestBadKeys(t *testing.T) {
	d := shared(t)
	var all []wrong
	for _, c := range []struct {
		name, code string
		key        []string
		req        []string
	}{
		{"RSA 1024", "key.size", []string{"-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"}, nil},
		{"RSA 2047", "key.size", []string{"-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2047"}, nil},
		{"RSA with exponent 3", "key.exponent", []string{"-algorithm", "RSA", "-pkeyopt", "rsa_keygen_pubexp:3"}, nil},
		{"RSA-PSS", "key.algorithm", []string{"-algorithm", "RSA-PSS"}, nil},
		{"P-224", "key.curve", []string{"-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-224"}, nil},
		{"P-521", "key.curve", []string{"-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"}, nil},
		{"secp256k1", "key.curve", []string{"-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:secp256k1"}, nil},
		{"P-256 spelled out", "key.curve", []string{"-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-pkeyopt", "ec_param_enc:explicit"}, nil},
		{"Ed25519", "key.algorithm", []string{"-algorithm", "ED25519"}, nil},
		{"SHA-1", "request.algorithm", keyFlags("rsa2048"), []string{"-sha1"}},
		{"MD5", "request.algorithm", keyFlags("rsa2048"), []string{"-md5"}},
		{"ECDSA with SHA-1", "request.algorithm", keyFlags("p256"), []string{"-sha1"}},
	} {
		a := applicant{folder: t.TempDir()}
		openssl(t, append([]string{"genpkey", "-out", a.file("sign.key")}, c.key...)...)
		openssl(t, append([]string{"req", "-new", "-utf8", "-key", a.file("sign.key"), "-out", a.file("request.pem"), "-subj", personName()}, c.req...)...)
		all = append(all, wrong{c.name, a.order(t, "person-sign"), 422, c.code})
	}
	for _, way := range []string{"sm2", "p256", "p384"} {
		a := newApplicant(t, way, personName())
		o := a.order(t, "person-sign")
		o.Request = moved(t, a)
		all = append(all, wrong{way + " off its curve", o, 422, "key.point"})
	}
	for name, key := range crookedRSA() {
		o := applicantWithout(t, key)
		all = append(all, wrong{name, o, 422, map[bool]string{true: "key.modulus", false: "key.exponent"}[strings.Contains(name, "modulus")]})
	}
	refusedAll(t, d, all)
}

// moved is an applicant's request with the public point beside its curve.
func moved(t testing.TB, a applicant) []byte {
	t.Helper()
	der := unpem(t, a.file("request.pem"))
	openssl(t, "pkey", "-in", a.file("sign.key"), "-pubout", "-outform", "DER", "-out", a.file("public"))
	public := read(t, a.file("public"))
	at := bytes.Index(der, public[len(public)-40:])
	if at < 0 {
		t.Fatal("the public key is not found in the request")
	}
	der[at+39] ^= 1
	return der
}

type rsaKey struct {
	N *big.Int
	E int
}

// crookedRSA are RSA keys no tool would make.
func crookedRSA() map[string]rsaKey {
	n := new(big.Int).Lsh(big.NewInt(1), 2047)
	odd := new(big.Int).SetBit(n, 0, 1)
	return map[string]rsaKey{"exponent 1": {odd, 1}, "even exponent": {odd, 65536}, "negative exponent": {odd, -3},
		"even modulus": {new(big.Int).Lsh(big.NewInt(1), 2047), 65537}, "modulus zero": {new(big.Int), 65537}}
}

// applicantWithout orders with a request for a key that has no private half; the key
// is judged before the signature.
func applicantWithout(t testing.TB, key rsaKey) order {
	t.Helper()
	public, err := asn1.Marshal(key)
	if err != nil {
		t.Fatal(err)
	}
	subject, err := asn1.Marshal(template().Subject.ToRDNSequence())
	if err != nil {
		t.Fatal(err)
	}
	type algorithm struct {
		OID  asn1.ObjectIdentifier
		Null asn1.RawValue
	}
	null := asn1.RawValue{Tag: asn1.TagNull}
	type spki struct {
		Algorithm algorithm
		Bits      asn1.BitString
	}
	type info struct {
		Version int
		Subject asn1.RawValue
		Key     spki
	}
	der, err := asn1.Marshal(struct {
		Info      info
		Algorithm algorithm
		Signature asn1.BitString
	}{
		info{0, asn1.RawValue{FullBytes: subject}, spki{algorithm{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}, null}, bits(public)}},
		algorithm{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 11}, null}, bits(make([]byte, 256)),
	})
	if err != nil {
		t.Fatal(err)
	}
	id := unused()
	return order{Application: "e2e-" + id, Profile: "person-sign", Request: der, Holder: "E-" + id}
}

func bits(content []byte) asn1.BitString {
	return asn1.BitString{Bytes: content, BitLength: 8 * len(content)}
}

// TestBadOrders: sound requests in orders that must not be carried out.
func TestBadOrders(t *testing.T) {
	d := shared(t)
	a := newApplicant(t, "sm2", personName())
	with := func(name string, status int, code string, change func(*order)) wrong {
		o := a.order(t, "person-sign")
		change(&o)
		return wrong{name, o, status, code}
	}
	named := func(name, code, cn string) wrong {
		return with(name, 422, code, func(o *order) {
			o.Subject = []attribute{{Type: "C", Value: "CN"}, {Type: "O", Value: "示例市民政局"}, {Type: "CN", Value: cn}}
		})
	}
	refusedAll(t, d, []wrong{
		with("unknown profile", 422, "profile.unknown", func(o *order) { o.Profile = "king" }),
		with("half a pair", 422, "profile.half", func(o *order) { o.Profile = "person-encrypt" }),
		with("a CA", 422, "profile.ceremony", func(o *order) { o.Profile = "sub-ca" }),
		with("unknown issuer", 404, "issuer.unknown", func(o *order) { o.Issuer = "moon" }),
		with("issuer of another family", 422, "issuer.family", func(o *order) { o.Issuer = "rsa" }),
		with("no holder", 422, "holder.missing", func(o *order) { o.Holder = "" }),
		with("identity number as holder", 422, "holder.clear", func(o *order) { o.Holder = "999901199001010010" }),
		with("holder and identity", 422, "holder.both", func(o *order) { o.Identity = &document{"resident", "999901199001010010"} }),
		with("days", 422, "order.days", func(o *order) { o.Days = 4000 }),
		with("no such value", 422, "value.unknown", func(o *order) { o.Values = map[string]string{"identity_number": "999901199001010010"} }),
		with("no credit code", 422, "value.missing", func(o *order) { o.Profile = "organisation-sign" }),
		with("name of a host for a person", 422, "altname.kind", func(o *order) { o.AltNames = []attribute{{Kind: "dns", Value: "a.example"}} }),
		with("no name of a host", 422, "altname.missing", func(o *order) { o.Profile = "device-server" }),
		with("another country", 422, "subject.fixed", func(o *order) {
			o.Subject = []attribute{{Type: "C", Value: "XX"}, {Type: "O", Value: "甲"}, {Type: "CN", Value: "乙"}}
		}),
		named("control character", "lint.naming.control", "申请人\u0007甲"),
		named("NUL", "lint.naming.control", "申请人\x00.example"),
		named("direction turned", "lint.naming.bidirectional", "申请人\u202e甲"),
		named("zero width", "lint.naming.invisible", "申请\u200b人甲"),
		named("separator", "lint.naming.separator", "申请人,O=别处"),
		named("mixed scripts", "lint.naming.mixed-script", "pаypal"),
		named("full width", "lint.naming.full-width", "Ｔom"),
		named("trailing blank", "lint.naming.blank", "申请人甲 "),
		named("65 characters", "name.length", strings.Repeat("长", 65)),
		named("empty", "name.empty", ""),
	})
}

// TestBadNamesInRequests: the same where the name stands in the request itself.
func TestBadNamesInRequests(t *testing.T) {
	d := shared(t)
	var all []wrong
	for _, c := range []struct{ name, cn, code string }{
		{"control character", "申请人\u0007甲", "lint.naming.control"}, {"NUL", "申请人\x00.example", "lint.naming.control"},
		{"direction turned", "申请人\u202e甲", "lint.naming.bidirectional"}, {"65 characters", strings.Repeat("长", 65), "name.length"},
	} {
		subject := template()
		subject.Subject.CommonName = c.cn
		der, err := smx509.CreateCertificateRequest(rand.Reader, subject, sm2Key(t))
		if err != nil {
			t.Fatal(err)
		}
		id := unused()
		all = append(all, wrong{c.name, order{Application: "e2e-" + id, Profile: "person-sign", Request: der, Holder: "E-" + id}, 422, c.code})
	}
	refusedAll(t, d, all)
}

// TestTakenKeysAndNames: what belongs to somebody already.
func TestTakenKeysAndNames(t *testing.T) {
	d := shared(t)
	office := d.as(t, "centre.issuer")
	a := newApplicant(t, "sm2", "/C=CN/O=示例市民政局/CN=申请人Zed0"+unused())
	o := a.order(t, "person-sign")
	got := office.issue(t, o)
	got.files(t, a.folder)
	a.open(t, *got.Envelope, a.file("sign.key"), a.file("enc.pem"), "enc.key")

	thief := applicant{folder: a.folder, family: "sm2", way: "sm2"}
	thief.ask(t, personName())
	taken := thief.order(t, "person-sign")
	openssl(t, "req", "-new", "-utf8", "-sm3", "-key", a.file("enc.key"), "-out", a.file("request.pem"), "-subj", personName())
	escrowed := a.order(t, "person-sign")
	second := newApplicant(t, "sm2", personName()).order(t, "person-sign")
	second.Holder = o.Holder
	alike := newApplicant(t, "sm2", strings.Replace("/C=CN/O=示例市民政局/CN="+commonName(got), "Zed0", "ZedO", 1)).order(t, "person-sign")
	other := o
	other.Days = 30
	refusedAll(t, d, []wrong{
		{"somebody's signing key", taken, 409, "request.key-taken"},
		{"an escrowed key", escrowed, 409, "request.key-taken"},
		{"a second pair for one holder", second, 409, "holder.second"},
		{"a name that looks alike", alike, 409, "name.look-alike"},
		{"another order under the same name", other, 409, "order.conflict"},
	})
	if again := office.issue(t, o); !bytes.Equal(again.Sign.DER, got.Sign.DER) || !bytes.Equal(again.Encrypt.DER, got.Encrypt.DER) {
		t.Error("the first order asked again gives another pair")
	}
}

func commonName(of *issued) string {
	_, after, _ := strings.Cut(of.Sign.Subject, "CN=")
	name, _, _ := strings.Cut(after, ",")
	return name
}
