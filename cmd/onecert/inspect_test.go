package main

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/pki"
)

func inspectJSON(t testing.TB, path string, more ...string) []inspected {
	t.Helper()
	out, stderr, code := onecert(t, append([]string{"--json", "cert", "inspect", path}, more...)...)
	if code != 0 {
		t.Fatalf("%s: %d %s", path, code, stderr)
	}
	var answer struct{ Objects []inspected }
	if err := json.Unmarshal([]byte(out), &answer); err != nil {
		t.Fatal(err)
	}
	return answer.Objects
}

func (f inspected) values(name string) string {
	for _, e := range f.Extensions {
		if e.Name == name {
			return strings.Join(e.Values, ", ")
		}
	}
	return ""
}

// What openssl says of a certificate of any suite is what we say.
func TestInspectAgreesWithOpenSSL(t *testing.T) {
	english(t)
	for _, suite := range []pki.Suite{pki.SM2, pki.RSA2048, pki.P256, pki.P384} {
		c := newChain(t, suite)
		for name, certificate := range map[string]*smx509.Certificate{"leaf": c.leaf, "ca": c.ca, "root": c.root} {
			path := file(t, name+".crt", certPEM(certificate))
			facts := inspectJSON(t, path)[0]
			text, _, _ := onecert(t, "cert", "inspect", path)
			compareFields(t, string(suite)+" "+name, path, facts, text)
			compareText(t, string(suite)+" "+name, path, facts)
		}
	}
}

// compareFields compares what openssl prints a field at a time.
func compareFields(t *testing.T, what, path string, facts inspected, text string) {
	t.Helper()
	out := openssl(t, "x509", "-in", path, "-noout", "-subject", "-issuer", "-serial", "-dates", "-nameopt", "utf8,sep_comma_plus_space")
	for line := range strings.Lines(out) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		var got string
		switch key {
		case "subject":
			got = facts.Subject
		case "issuer":
			got = facts.Issuer
		case "serial":
			got, value = string(facts.Serial), strings.ToLower(value)
		case "notBefore", "notAfter":
			at, err := time.Parse("Jan _2 15:04:05 2006 MST", value)
			if err != nil {
				t.Fatal(err)
			}
			value, got = instant(at), facts.NotBefore
			if key == "notAfter" {
				got = facts.NotAfter
			}
		}
		if got != value {
			t.Errorf("%s %s: we say %q, openssl %q", what, key, got, value)
		}
		if !strings.Contains(text, day(value)) {
			t.Errorf("%s %s: %q is not in what people see", what, key, day(value))
		}
	}
	for _, digest := range []string{"sha256", "sm3"} {
		_, fingerprint, _ := strings.Cut(strings.TrimSpace(openssl(t, "x509", "-in", path, "-noout", "-fingerprint", "-"+digest)), "=")
		if got := facts.Fingerprints[digest]; got != strings.ToLower(strings.ReplaceAll(fingerprint, ":", "")) || !strings.Contains(text, fingerprint) {
			t.Errorf("%s %s fingerprint: we say %s, openssl %s", what, digest, got, fingerprint)
		}
	}
}

var hexBlock = regexp.MustCompile(`(?m)^ *((?:[0-9a-f]{2}:)+(?:[0-9a-f]{2})?)$`)

// compareText compares with the long form: version, key, extensions.
func compareText(t *testing.T, what, path string, facts inspected) {
	t.Helper()
	long := openssl(t, "x509", "-in", path, "-noout", "-text", "-nameopt", "utf8,sep_comma_plus_space")
	for _, want := range []string{
		"Version: 3 (0x2)", "Public-Key: (" + day(itoa(facts.Key.Bits)) + " bit)",
		"Signature Algorithm: " + strings.TrimPrefix(facts.SignatureAlgorithm.Name, "-"),
		facts.values("keyUsage"), facts.values("extKeyUsage"), facts.values("basicConstraints"), facts.values("subjectKeyIdentifier"),
	} {
		if !strings.Contains(long, want) {
			t.Errorf("%s: openssl does not say %q\n%s", what, want, long)
		}
	}
	if id := strings.TrimPrefix(facts.values("authorityKeyIdentifier"), "keyid:"); !strings.Contains(long, id) {
		t.Errorf("%s: authority key identifier %s", what, id)
	}
	var octets string
	for _, match := range hexBlock.FindAllStringSubmatch(long, -1) {
		octets += strings.ReplaceAll(match[1], ":", "")
	}
	if key := facts.Key.Point + facts.Key.Modulus; !strings.Contains(octets, key) || !strings.Contains(octets, facts.Signature) {
		t.Errorf("%s: key or signature differ from openssl's", what)
	}
	for _, name := range []string{"subjectAltName", "cRLDistributionPoints", "authorityInfoAccess", "certificatePolicies"} {
		if facts.values(name) == "" && strings.HasSuffix(what, "leaf") {
			t.Errorf("%s: we show no %s", what, name)
		}
		for _, value := range strings.Split(facts.values(name), ", ") {
			value = strings.Replace(value, "OCSP - ", "OCSP - ", 1)
			value = strings.Replace(value, "IP:fd00::1", "IP Address:FD00:0:0:0:0:0:0:1", 1)
			value = strings.Replace(value, "IP:", "IP Address:", 1)
			if !strings.Contains(long, value) {
				t.Errorf("%s: openssl does not say %q", what, value)
			}
		}
	}
}

func itoa(n int) string { b, _ := json.Marshal(n); return string(b) }

func TestInspectNationalExtensions(t *testing.T) {
	english(t)
	leaf := fullLeaf(t)
	for _, e := range []pki.Extension{
		pki.IdentifyCodeExtension("TEST-NUMBER"), pki.StringExtension(pki.OIDTaxationNumber, "91110000MA01234567"),
		{OID: pki.OIDInsuranceNumber, Value: []byte{0xa5, 1}}, {OID: pki.OID{1, 2, 156, 112562, 2, 1, 1, 1}, Value: []byte("\x0c\x061@示")},
	} {
		leaf.ExtraExtensions = append(leaf.ExtraExtensions, pkix.Extension{Id: e.OID, Critical: e.Critical, Value: e.Value})
	}
	c := newChain(t, pki.SM2)
	path := file(t, "a.der", sign(t, leaf, c.ca, c.leafKey, c.caKey).Raw)
	facts := inspectJSON(t, path)[0]
	for name, want := range map[string]string{"identifyCode": "residenterCardNumber:TEST-NUMBER", "taxationNumber": "91110000MA01234567",
		"organizationCode": "91110000MA01234567", "insuranceNumber": "a501"} {
		if got := facts.values(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	out, _, _ := onecert(t, "--lang", "zh", "cert", "inspect", path)
	for _, want := range []string{"个人身份标识码 identifyCode (1.2.156.10260.4.1.1)", "组织机构代码", "主体: C=CN, ST=示例省, O=示例市民政局, CN=张三",
		"SM2（256 位）", "SM2-with-SM3", "密钥用法 keyUsage (2.5.29.15), 关键", "1.2.156.112562.2.1.1.1"} {
		if !strings.Contains(out, want) {
			t.Errorf("Chinese output has no %q:\n%s", want, out)
		}
	}
}

// Foreign text cannot act on the terminal.
func TestInspectHostileText(t *testing.T) {
	english(t)
	leaf := fullLeaf(t)
	subject := pkix.Name{CommonName: "evil\x1b[2J\u202exe\nSubject: CN=root"}
	leaf.RawSubject, leaf.Subject = nil, subject
	leaf.ExtraExtensions = append(leaf.ExtraExtensions, pkix.Extension{Id: asn1.ObjectIdentifier{1, 2, 3}, Value: []byte("\x0c\x03a\x1bb")})
	c := newChain(t, pki.SM2)
	path := file(t, "a.der", sign(t, leaf, c.ca, c.leafKey, c.caKey).Raw)
	out, _, code := onecert(t, "cert", "inspect", path)
	if code != 0 || strings.ContainsAny(out, "\x1b\u202e") || !strings.Contains(out, `\u{001b}[2J\u{202e}xe\u{000a}Subject`) || !strings.Contains(out, `a\u{001b}b`) {
		t.Errorf("%d\n%s", code, out)
	}
}

func TestInspectCRL(t *testing.T) {
	english(t)
	for _, suite := range []pki.Suite{pki.SM2, pki.RSA2048} {
		c := newChain(t, suite)
		list := c.crl(t, func(l *smx509.RevocationList) {
			for i := range 60 {
				serial, _ := pki.ParseSerial("40" + strings.Repeat("0", 34) + hex.EncodeToString([]byte{1, byte(i)}))
				entry := smx509.RevocationListEntry{SerialNumber: serial.Big(), RevocationTime: issueTime.Add(-time.Minute), ReasonCode: 1}
				entry.ExtraExtensions = []pkix.Extension{{Id: pki.OIDInvalidityDate, Value: []byte("\x18\x0f20260102030405Z")}}
				l.RevokedCertificateEntries = append(l.RevokedCertificateEntries, entry)
			}
			l.ExtraExtensions = []pkix.Extension{{Id: pki.OIDIssuingDistPoint, Critical: true, Value: []byte{0x30, 3, 0x81, 1, 0xff}}}
		})
		path := file(t, "a.crl", list)
		facts := inspectJSON(t, path)[0]
		if facts.RevokedTotal != 60 || len(facts.Revoked) != 50 || facts.values("cRLNumber") != "7" ||
			facts.values("issuingDistributionPoint") != "onlyContainsUserCerts" || facts.Revoked[0].Invalidity != "2026-01-02T03:04:05Z" {
			t.Errorf("%s: %+v", suite, facts)
		}
		long := openssl(t, "crl", "-in", path, "-inform", "DER", "-noout", "-text", "-nameopt", "utf8,sep_comma_plus_space")
		out, _, _ := onecert(t, "cert", "inspect", "--all", path)
		for _, e := range inspectJSON(t, path, "--all")[0].Revoked {
			if !strings.Contains(long, strings.ToUpper(string(e.Serial))) || !strings.Contains(out, string(e.Serial)) || e.Reason != "keyCompromise" {
				t.Errorf("%s: entry %+v", suite, e)
			}
		}
		if !strings.Contains(long, "Issuer: "+facts.Issuer) || !strings.Contains(long, "Key Compromise") {
			t.Errorf("%s: openssl says %s", suite, long)
		}
	}
}

func TestInspectRequests(t *testing.T) {
	english(t)
	dir := t.TempDir()
	for name, args := range map[string][]string{
		"rsa":      {"-newkey", "rsa:2048"},
		"p256":     {"-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"},
		"sm2":      {"-newkey", "sm2", "-sm3", "-sigopt", "distid:1234567812345678"},
		"sm2empty": {"-newkey", "sm2", "-sm3"},
	} {
		path := filepath.Join(dir, name+".csr")
		arguments := append([]string{"req", "-new", "-nodes", "-keyout", path + ".key", "-out", path, "-utf8", "-subj", "/C=CN/O=示例单位/CN=李四",
			"-addext", "subjectAltName=DNS:a.demo.example"}, args...)
		openssl(t, arguments...)
		facts := inspectJSON(t, path)[0]
		form := map[string]pki.Form{"sm2empty": pki.EmptyID}[name]
		if form == "" {
			form = pki.Standard
		}
		if facts.Kind != kindRequest || facts.Subject != "C=CN, O=示例单位, CN=李四" || facts.values("subjectAltName") != "DNS:a.demo.example" ||
			!facts.Possession.Holds || facts.Possession.Form != form {
			t.Errorf("%s: %+v %+v", name, facts, facts.Possession)
		}
		if out, _, code := onecert(t, "--lang", "zh", "cert", "inspect", path); code != 0 || !strings.Contains(out, "私钥持有证明: 成立") {
			t.Errorf("%s: %s", name, out)
		}
	}
	samples, _ := filepath.Glob("../../../shared/samples/gm-csr/*.csr")
	for _, path := range samples {
		if facts := inspectJSON(t, path)[0]; !facts.Possession.Holds {
			t.Errorf("%s: %+v", path, facts.Possession)
		}
	}
}

// Several objects, leading text, DER in a row, standard input.
func TestInspectForms(t *testing.T) {
	english(t)
	c := newChain(t, pki.SM2)
	many := append([]byte("a text before\n"), certPEM(c.leaf, c.ca)...)
	many = append(many, crlPEM(c.crl(t, nil))...)
	path := file(t, "many.pem", many)
	facts := inspectJSON(t, path)
	if len(facts) != 3 || facts[0].Source != path+"#1" || facts[2].Kind != kindCRL {
		t.Errorf("%+v", facts)
	}
	row := append(append([]byte{}, c.leaf.Raw...), c.root.Raw...)
	if facts := inspectJSON(t, file(t, "row.der", row)); len(facts) != 2 || facts[1].Subject != facts[1].Issuer {
		t.Errorf("%+v", facts)
	}
	out, _, code := onecertIn(t, string(certPEM(c.leaf)), "cert", "inspect", "-")
	if code != 0 || !strings.HasPrefix(out, "Certificate (-):") {
		t.Errorf("%d %s", code, out)
	}
}

func TestInspectRefuses(t *testing.T) {
	english(t)
	c := newChain(t, pki.SM2)
	good := certPEM(c.leaf)
	key, err := exec.Command("openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256").Output()
	if err != nil {
		t.Fatal(err)
	}
	locked := file(t, "locked", good)
	broken := append([]byte{}, c.leaf.Raw...)
	broken[len(broken)/2] ^= 0xff
	for name, want := range map[string]struct{ path, code string }{
		"missing":     {filepath.Join(t.TempDir(), "none"), "file.missing"},
		"directory":   {t.TempDir(), "file.directory"},
		"empty":       {file(t, "empty", nil), "file.nothing"},
		"text":        {file(t, "text", []byte("hello")), "file.nothing"},
		"cut PEM":     {file(t, "cut", good[:len(good)-40]), "file.pem"},
		"cut second":  {file(t, "cut2", append(append([]byte{}, good...), good[:len(good)/2]...)), "file.pem"},
		"cut DER":     {file(t, "cutder", c.leaf.Raw[:200]), "file.der"},
		"private key": {file(t, "key", append(append([]byte{}, good...), key...)), "file.private-key"},
		"other DER":   {file(t, "other", []byte{0x30, 3, 2, 1, 1}), "file.object"},
		"unreadable":  {locked + "/below", "file.unreadable"},
	} {
		out, stderr, code := onecert(t, "--json", "cert", "inspect", want.path)
		if e := errorIn(t, stderr); code != 1 || out != "" || e["code"] != want.code || strings.Contains(stderr, "PRIVATE") {
			t.Errorf("%s: %d %s %s", name, code, out, stderr)
		}
		_, stderr, code = onecert(t, "--lang", "zh", "cert", "inspect", want.path)
		if code != 1 || strings.Count(stderr, "\n") != 1 || !strings.HasPrefix(stderr, "onecert: 读取 ") {
			t.Errorf("%s in Chinese: %d %s", name, code, stderr)
		}
	}
	if _, stderr, code := onecert(t, "cert", "inspect", file(t, "broken", broken)); code != 1 && code != 0 || strings.Contains(stderr, "panic") {
		t.Errorf("%d %s", code, stderr)
	}
	if os.Geteuid() != 0 { // root may read everything
		if err := os.Chmod(locked, 0); err != nil {
			t.Fatal(err)
		}
		if _, stderr, _ := onecert(t, "--json", "cert", "inspect", locked); errorIn(t, stderr)["code"] != "file.permission" {
			t.Error(stderr)
		}
	}
}

// FuzzInspect: no file makes the reader, the decoder or the printer panic, and
// nothing that acts on a terminal gets through.
func FuzzInspect(f *testing.F) {
	c := newChain(f, pki.SM2)
	f.Add(c.leaf.Raw)
	f.Add(certPEM(c.leaf, c.ca))
	f.Add(c.crl(f, nil))
	samples, _ := filepath.Glob("../../../shared/samples/*/*.c??")
	for _, path := range samples {
		if data, err := os.ReadFile(path); err == nil {
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		objects, err := splitObjects(data, "x")
		if err != nil {
			return
		}
		for _, o := range objects {
			o.names()
			facts, err := inspectObject(o, true)
			if err != nil {
				continue
			}
			p := &printer{console: &console{lang: "zh"}}
			printInspected(p, facts)
			if strings.ContainsAny(p.buffer.String(), "\x1b\u202e\x00") {
				t.Fatalf("%q", p.buffer.String())
			}
		}
	})
}
