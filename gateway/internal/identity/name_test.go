package identity

import (
	"encoding/hex"
	"strings"
	"testing"

	"golang.org/x/crypto/cryptobyte/asn1"

	"onecert/pki"
)

// gbk are octets of the GBK character set, written by hand from the standard's table.
func gbk(t *testing.T, octets string) string {
	t.Helper()
	raw, err := hex.DecodeString(octets)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// TestNamesOfOtherCAs: string types and octets as CAs have really used them.
func TestNamesOfOtherCAs(t *testing.T) {
	for _, c := range []struct {
		name, legacy string
		tag          asn1.Tag
		value, want  string // want "" is a refusal
	}{
		{"UTF8String", "", asn1.UTF8String, "张三", "张三"},
		{"PrintableString", "", asn1.PrintableString, "Zhang San", "Zhang San"},
		{"BMPString", "", tagBMP, "\x5f\x20\x4e\x09", "张三"},
		{"BMPString with a surrogate pair", "", tagBMP, "\xd8\x42\xdf\xb7", "𠮷"},
		{"BMPString, odd", "", tagBMP, "\x5f\x20\x4e", ""},
		{"BMPString, half a pair", "", tagBMP, "\xd8\x42\x4e\x09", ""},
		{"UniversalString", "", tagUniversal, "\x00\x00\x5f\x20\x00\x00\x4e\x09", "张三"},
		{"UniversalString, beyond Unicode", "", tagUniversal, "\x00\x11\x00\x00", ""},
		{"T61String in GBK", "", asn1.T61String, gbk(t, "d5c5c8fd"), "张三"},
		{"PrintableString in GBK", "", asn1.PrintableString, gbk(t, "d5c5c8fd"), "张三"},
		{"PrintableString in GBK that passes for UTF-8", "", asn1.PrintableString, gbk(t, "d2bbd0a9"), "一些"},
		{"PrintableString in UTF-8", "", asn1.PrintableString, "张三", "张三"},
		{"IA5String in UTF-8", "", asn1.IA5String, "张三@例", "张三@例"},
		{"UTF8String in GBK", "", asn1.UTF8String, gbk(t, "d5c5c8fd"), "张三"},
		{"T61String in Latin-1", "latin1", asn1.T61String, "Jos\xe9", "José"},
		{"octets of no character set", "", asn1.T61String, "\xff\xff", ""},
		{"GBK where only declared sets count", "refuse", asn1.T61String, gbk(t, "d5c5c8fd"), ""},
		{"half a character of GBK", "", asn1.T61String, "\xd5\xc5\xc8", ""},
		{"INTEGER", "", asn1.INTEGER, "\x05", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := facts(t, utf(oidC, "CN"), part{oid: oidCN, tag: c.tag, value: c.value})
			out, err := told(t, Config{Legacy: c.legacy, Items: []Item{{In: InHeader, Name: "X-CN", Source: "subject.CN"}}}, f)
			switch {
			case c.want == "" && pki.CodeOf(err) != "identity.unreadable":
				t.Errorf("want a refusal, got %v, %q", err, single(t, out, "X-CN"))
			case c.want != "" && err != nil:
				t.Error(err)
			case c.want != "" && single(t, out, "X-CN") != c.want:
				t.Errorf("got %q", single(t, out, "X-CN"))
			}
		})
	}
}

// TestReadName: the same types as pki's reader, and the characters it cannot read.
func TestReadName(t *testing.T) {
	der := nameDER(t, utf(oidC, "CN"), part{oid: oidO, tag: asn1.T61String, value: gbk(t, "d5c5c8fd")}, part{oid: oidCN, tag: tagBMP, value: "\x5f\x20"}, utf(oidE, "a@b"), utf("1.2.3", "x"))
	name, err := ReadName(der)
	if err != nil || name.String() != "C=CN, O=张三, CN=张, E=a@b, 1.2.3=x" {
		t.Errorf("%s %v", name, err)
	}
	if _, err := ReadName(nameDER(t, part{oid: oidCN, tag: asn1.T61String, value: "\xff\xff"})); pki.CodeOf(err) != "identity.unreadable" {
		t.Error(err)
	}
	if _, err := ReadName([]byte{1}); err == nil {
		t.Error("no name is read")
	}
}

// TestUnreadableElsewhere: an attribute nobody asks for hinders nobody.
func TestUnreadableElsewhere(t *testing.T) {
	f := facts(t, utf(oidCN, "张三"), part{oid: oidOU, tag: asn1.T61String, value: "\xff\xff"}, utf("1.2.3.4", "x"))
	out := mustTell(t, Config{Items: []Item{
		{In: InHeader, Name: "X-CN", Source: "subject.CN"}, {In: InHeader, Name: "X-DN", Source: "subject"}, {In: InHeader, Name: "X-Own", Source: "subject.1.2.3.4"},
	}}, f)
	if got := single(t, out, "X-CN"); got != "张三" {
		t.Errorf("CN: %q", got)
	}
	if got := single(t, out, "X-DN"); got != `1.2.3.4=#0c0178,2.5.4.11=#1402ffff,CN=张三` {
		t.Errorf("DN: %q", got)
	}
	if got := single(t, out, "X-Own"); got != "x" {
		t.Errorf("by OID: %q", got)
	}
}

// TestWhichOfSeveral: departments are repeated in government names.
func TestWhichOfSeveral(t *testing.T) {
	f := facts(t, utf(oidO, "局"), utf(oidOU, "处"), utf(oidOU, "科"), utf(oidCN, "张三"))
	for which, want := range map[string]string{"": "处", "first": "处", "last": "科", "2": "科", "3": "", "all": "处|科"} {
		out := mustTell(t, Config{Items: []Item{{In: InHeader, Name: "X-OU", Source: "subject.OU", Which: which, Join: "|"}}}, f)
		if got := single(t, out, "X-OU"); got != want {
			t.Errorf("which %q: %q, want %q", which, got, want)
		}
	}
	for which, code := range map[string]string{"only": "identity.several", "all": "identity.separator"} {
		f := facts(t, utf(oidOU, "处|长"), utf(oidOU, "科"))
		_, err := told(t, Config{Items: []Item{{In: InHeader, Name: "X-OU", Source: "subject.OU", Which: which, Join: "|"}}}, f)
		if pki.CodeOf(err) != code {
			t.Errorf("which %q: %v", which, err)
		}
	}
}

// TestMissing: a value that is not there.
func TestMissing(t *testing.T) {
	f := facts(t, utf(oidCN, "张三"))
	item := Item{In: InHeader, Name: "X-T", Source: "subject.title"}
	if _, there := mustTell(t, Config{Items: []Item{item}}, f).Header["X-T"]; there {
		t.Error("omitted is there")
	}
	item.Missing = "empty"
	if v, there := mustTell(t, Config{Items: []Item{item}}, f).Header["X-T"]; !there || v[0] != "" {
		t.Error("empty is not there")
	}
	item.Missing = "refuse"
	if _, err := told(t, Config{Items: []Item{item}}, f); pki.CodeOf(err) != "identity.missing" {
		t.Error(err)
	}
}

// TestOpenSSLReadsTheSame compares with OpenSSL: a certificate it made, and what it says
// of it and of one of ours.
func TestOpenSSLReadsTheSame(t *testing.T) {
	dir := t.TempDir()
	run(t, "", "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", dir+"/key.pem", "-utf8",
		"-subj", "/C=CN/ST=示例省/O=示例市民政局/OU=一处/OU=二科/CN=张三/emailAddress=zs@example.gov.cn/title=t01/serialNumber=H-77",
		"-addext", "subjectAltName=email:zs@example.gov.cn,DNS:pc.example.gov.cn,IP:192.0.2.9,URI:urn:x:1,otherName:1.3.6.1.4.1.311.20.2.3;UTF8:zs@ad.example",
		"-addext", "certificatePolicies=1.2.156.1.1,1.2.3.4", "-addext", "1.2.156.10260.4.1.4=ASN1:PRINTABLESTRING:91110000X", "-out", dir+"/c.pem")
	der := []byte(run(t, "", "openssl", "x509", "-in", dir+"/c.pem", "-outform", "DER"))
	says := func(args ...string) string {
		text := run(t, "", "openssl", append([]string{"x509", "-in", dir + "/c.pem", "-noout"}, args...)...)
		_, text, _ = strings.Cut(strings.TrimSpace(text), "=")
		return text
	}
	items := map[string]string{ // source and form: what it must be
		"subject":              says("-subject", "-nameopt", "RFC2253,-esc_msb,utf8"),
		"serial HEX":           says("-serial"),
		"fingerprint.sha256":   strings.ToLower(strings.ReplaceAll(says("-fingerprint", "-sha256"), ":", "")),
		"fingerprint.sha1":     strings.ToLower(strings.ReplaceAll(says("-fingerprint", "-sha1"), ":", "")),
		"fingerprint.sm3":      strings.ToLower(strings.ReplaceAll(says("-fingerprint", "-sm3"), ":", "")),
		"notAfter openssl":     says("-enddate"),
		"notBefore openssl":    says("-startdate"),
		"subject.title":        "t01",
		"subject.serialNumber": "H-77",
		"san.email":            "zs@example.gov.cn", "san.dns": "pc.example.gov.cn", "san.ip": "192.0.2.9", "san.uri": "urn:x:1", "san.upn": "zs@ad.example",
		"policies": "1.2.156.1.1", "extension.1.2.156.10260.4.1.4": "91110000X",
		"certificate.pem": run(t, "", "openssl", "x509", "-in", dir+"/c.pem"),
	}
	for key, want := range items {
		source, form, _ := strings.Cut(key, " ")
		out := mustTell(t, Config{Items: []Item{{In: InParameter, Name: "v", Source: source, Form: form}}}, &Facts{Certificate: der})
		if got := out.URL.Query().Get("v"); got != want {
			t.Errorf("%s: %q, OpenSSL %q", key, got, want)
		}
	}
}

// FuzzName: whatever stands in a name, reading it neither fails hard nor makes a text that
// is not UTF-8; and the text for searching never deceives (see dn_test.go).
func FuzzName(f *testing.F) {
	f.Add(nameDER(f, person()...))
	f.Add(nameDER(f, part{oid: oidCN, tag: tagBMP, value: "\x5f\x20"}, part{oid: oidT, tag: asn1.T61String, value: "\xd5\xc5", same: true}))
	f.Add(nameDER(f, utf(oidCN, "张三,T=admin"), utf(oidT, "x")))
	f.Fuzz(func(t *testing.T, der []byte) {
		name, err := readName(der, "")
		if err != nil {
			return
		}
		for _, style := range []Names{{}, {Deceptive: "escape"}, {Order: "root-first", Separator: ", "}} {
			text, err := distinguished(name, formPlain, style)
			if err == nil {
				undeceived(t, name, text, style)
			}
		}
		if text := rfc4514(leafFirst(name)); strings.Count(text, "=") != max(len(name), 0) {
			t.Errorf("%d attributes, %q", len(name), text)
		}
	})
}
