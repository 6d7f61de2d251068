package identity

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"onecert/pki"
)

// TestCharsetsAgreeWithOthers writes every character of the ideographs in use with our
// writer and lets Python read it back, in each character set, by percent and base64.
func TestCharsetsAgreeWithOthers(t *testing.T) {
	var all strings.Builder
	for r := rune(0x4e00); r <= 0x9fa5; r++ {
		all.WriteRune(r)
	}
	all.WriteString("·—“”（）ＡａàāΩЖ①")
	for _, charset := range []string{charsetUTF8, charsetGBK, charsetGB18030} {
		var lines []string
		for part := range strings.SplitSeq(wrap(all.String(), 500), "\n") {
			for _, encoding := range []string{encodingPercent, encodingBase64} {
				w := writer{where: InHeader, name: "x", charset: charset, encoding: encoding}
				text, err := w.write(part)
				if err != nil {
					t.Fatal(err)
				}
				lines = append(lines, encoding+" "+text+" "+part)
			}
		}
		reader := `
import sys, base64, urllib.parse
n = 0
for line in sys.stdin.buffer:
    encoding, text, want = line.decode("utf-8").rstrip("\n").split(" ")
    octets = urllib.parse.unquote_to_bytes(text) if encoding == "percent" else base64.b64decode(text, validate=True)
    assert octets.decode(sys.argv[1]) == want, want
    assert octets == want.encode(sys.argv[1])
    n += 1
print(n)
`
		if got := strings.TrimSpace(run(t, strings.Join(lines, "\n")+"\n", "python3", "-c", reader, charset)); got != fmt.Sprint(len(lines)) {
			t.Errorf("%s: Python read %s of %d", charset, got, len(lines))
		}
	}
}

// wrap breaks a text into lines of so many characters.
func wrap(text string, length int) string {
	var b strings.Builder
	for i, r := range []rune(text) {
		if i > 0 && i%length == 0 {
			b.WriteByte('\n')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// TestNotInTheCharset: a rare character is an error in GBK, never a question mark, and is
// told in GB 18030, whose four octets glibc reads.
func TestNotInTheCharset(t *testing.T) {
	for _, name := range []string{"𠮷田", "😀", "䶵㛃𪚥"} {
		f := facts(t, utf(oidCN, name))
		item := Item{In: InHeader, Name: "X-CN", Source: "subject.CN", Charset: charsetGBK}
		out, err := told(t, Config{Items: []Item{item}}, f)
		if pki.CodeOf(err) != "identity.charset" || strings.Contains(fmt.Sprint(out.Header), "?") || !strings.Contains(err.Error(), "gb18030") {
			t.Errorf("%s: %v %v", name, err, out.Header)
		}
		item.Charset = charsetGB18030
		got := single(t, mustTell(t, Config{Items: []Item{item}}, f), "X-CN")
		if back := run(t, got, "iconv", "-f", "GB18030", "-t", "UTF-8"); back != name {
			t.Errorf("iconv reads %q", back)
		}
	}
}

// TestNoControlCharacters: in no place, by no encoding.
func TestNoControlCharacters(t *testing.T) {
	for _, bad := range []string{"a\r\nX-Admin: 1", "a\nb", "a\x00b", "a\x7fb", "a\u0085b", "a\u2028b", "\t"} {
		for _, encoding := range []string{encodingRaw, encodingPercent, encodingBase64, encodingBase64URL} {
			for _, in := range []string{InHeader, InCookie, InParameter} {
				_, err := told(t, Config{Items: []Item{{In: in, Name: "v", Source: "user", Encoding: encoding}}}, &Facts{User: bad})
				if pki.CodeOf(err) != "identity.control" {
					t.Errorf("%q by %s in a %s: %v", bad, encoding, in, err)
				}
			}
		}
	}
	if _, err := told(t, Config{Items: []Item{{In: InCookie, Name: "v", Source: "user", Encoding: encodingRaw}}}, &Facts{User: "a; b"}); pki.CodeOf(err) != "identity.cookie" {
		t.Error(err)
	}
}

// TestWritable: what is set passes Go's own checks of a request and arrives octet by octet.
func TestWritable(t *testing.T) {
	c := everything()
	c.Charset = charsetGBK
	out := mustTell(t, c, facts(t, person()...))
	out.URL.Scheme, out.URL.Host, out.Host = "http", "127.0.0.1", "app.example.gov.cn"
	var sent bytes.Buffer
	if err := out.Write(&sent); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"\r\ndnname: ", "\xd5\xc5\xc8\xfd", "KOAL_CERT_CN=%D5%C5%C8%FD", "cert.cn=%D5%C5%C8%FD"} {
		if !strings.Contains(sent.String(), want) {
			t.Errorf("%q is not in\n%s", want, sent.String())
		}
	}
}

// TestTooMuch: both what is the same each time and what is not count.
func TestTooMuch(t *testing.T) {
	f := facts(t, person()...)
	f.Chain = [][]byte{make([]byte, 3000), make([]byte, 3000), make([]byte, 3000), make([]byte, 3000)}
	if _, err := told(t, Config{Sets: []string{"rfc9440"}}, f); pki.CodeOf(err) != "identity.size" {
		t.Error(err)
	}
	out := &http.Request{URL: &url.URL{}}
	r := oneRequest()
	r.Host = strings.Repeat("a", 1000)
	if err := compiled(t, Config{MaxBytes: 1000}).Apply(out, &Facts{}, r); pki.CodeOf(err) != "identity.size" {
		t.Error(err)
	}
}

// TestRFC9440: the two headers as the RFC has them, octet for octet.
func TestRFC9440(t *testing.T) {
	f := facts(t, person()...)
	f.Chain = [][]byte{[]byte("issuing"), []byte("root")}
	out := mustTell(t, Config{Sets: []string{"rfc9440"}}, f)
	if got := out.Header["Client-Cert"]; len(got) != 1 || got[0] != ":"+base64.StdEncoding.EncodeToString(f.Certificate)+":" {
		t.Errorf("%q", got)
	}
	if got := out.Header["Client-Cert-Chain"]; len(got) != 1 || got[0] != ":aXNzdWluZw==:, :cm9vdA==:" {
		t.Errorf("%q", got)
	}
	f.Chain = nil
	if out := mustTell(t, Config{Sets: []string{"rfc9440"}}, f); out.Header["Client-Cert-Chain"] != nil {
		t.Error("an empty chain is told")
	}
	if out := mustTell(t, Config{Sets: []string{"rfc9440"}}, &Facts{User: "x"}); out.Header["Client-Cert"] != nil {
		t.Error("a certificate is told where there is none")
	}
}

// TestKOAL: the cookies exactly as named, readable the way applications do it: URL-decode,
// then GBK or UTF-8.
func TestKOAL(t *testing.T) {
	f := facts(t, person()...)
	want := map[string]string{
		"KOAL_CERT_CN": "张三", "KOAL_CERT_G": "三", "KOAL_CERT_O": "示例市民政局", "KOAL_CERT_OU": "社会救助处", "KOAL_CERT_C": "CN", "KOAL_CERT_L": "示例市", "KOAL_CERT_ST": "示例省",
		"KOAL_CERT_E": "zs@example.gov.cn", "KOAL_CERT_T": "zhangsan01", "KOAL_CERT_SERIAL_NUMBER": "1260363971", "KOAL_CERT_SN": "1260363971",
		"KOAL_CERT_DN":        "E=zs@example.gov.cn,G=三,T=zhangsan01,CN=张三,OU=社会救助处,O=示例市民政局,L=示例市,S=示例省,C=CN",
		"KOAL_CERT_ISSUER_CN": "示例签发 CA", "KOAL_CERT_ISSUER_O": "示例电子认证中心", "KOAL_CERT": pemOf(f.Certificate),
		"KOAL_NOT_BEFORE": "2026-01-02 11:04:05", "KOAL_NOT_AFTER": "2028-01-02 11:04:05", "KOAL_CLIENT_IP": "192.0.2.7",
	}
	for _, charset := range []string{charsetUTF8, charsetGBK} {
		out := mustTell(t, Config{Sets: []string{"koal"}, Charset: charset}, f)
		if n := len(out.Cookies()); n != len(want) {
			t.Errorf("%d cookies, want %d", n, len(want))
		}
		for name, value := range want {
			octets, err := url.QueryUnescape(cookieValue(t, out, name))
			if err != nil {
				t.Fatal(err)
			}
			if charset == charsetGBK {
				octets, _ = encodingOf(charsetGBK).NewDecoder().String(octets)
			}
			if octets != value {
				t.Errorf("%s in %s: %q, want %q", name, charset, octets, value)
			}
		}
	}
	out := mustTell(t, Config{Sets: []string{"koal"}, Serial: "HEX", Times: "dashed"}, f)
	if cookieValue(t, out, "KOAL_CERT_SN") != "4B1FA0C3" || cookieValue(t, out, "KOAL_NOT_AFTER") != "2028-01-02-11-04-05" {
		t.Errorf("%v", out.Header["Cookie"])
	}
}

// TestJIT: the headers exactly as named, Chinese as raw octets, as applications read them
// (ISO 8859-1 to octets, then the character set).
func TestJIT(t *testing.T) {
	f := facts(t, person()...)
	for _, charset := range []string{charsetUTF8, charsetGBK, charsetGB18030} {
		out := mustTell(t, Config{Sets: []string{"jit"}, Charset: charset, Forwarding: "none"}, f)
		if len(out.Header) != 10 { // nine and the request's id
			t.Errorf("%d headers: %v", len(out.Header), out.Header)
		}
		for name, want := range map[string]string{
			"dnname":       "E=zs@example.gov.cn,G=三,T=zhangsan01,CN=张三,OU=社会救助处,O=示例市民政局,L=示例市,S=示例省,C=CN",
			"serialnumber": "4B1FA0C3", "issuerdn": "CN=示例签发 CA,O=示例电子认证中心,C=CN", "notbefore": "2026-01-02 11:04:05", "notafter": "2028-01-02 11:04:05",
			"certinfo": base64.StdEncoding.EncodeToString(f.Certificate), "clientip": "192.0.2.7", "privilege": "read", "username": "zhangsan01",
		} {
			got := out.Header[name]
			if len(got) != 1 {
				t.Fatalf("%s: %q", name, got)
			}
			if set := encodingOf(charset); set != nil {
				got[0], _ = set.NewDecoder().String(got[0])
			}
			if got[0] != want || !utf8.ValidString(got[0]) {
				t.Errorf("%s in %s: %q, want %q", name, charset, got[0], want)
			}
		}
	}
}

// TestOtherSets: nginx, Envoy, oauth2-proxy, Authelia.
func TestOtherSets(t *testing.T) {
	f := facts(t, utf(oidO, "Example, Ltd."), utf(oidCN, "张三"))
	sum := sha256.Sum256(f.Certificate)
	out := mustTell(t, Config{Sets: []string{"nginx", "envoy", "oauth2-proxy", "authelia"}}, f)
	for name, want := range map[string]string{
		"X-SSL-Client-Verify": "SUCCESS", "X-SSL-Client-S-DN": `CN=张三,O=Example\2C Ltd.`, "X-SSL-Client-Serial": "4B1FA0C3",
		"X-SSL-Client-Cert": percent(pemOf(f.Certificate)), "X-Forwarded-Client-Cert": "Hash=" + hex.EncodeToString(sum[:]) + `;Subject="CN=张三,O=Example\\2C Ltd."`,
		"X-Auth-Request-User": "zhangsan01", "X-Forwarded-Groups": "救助,staff", "Remote-User": "zhangsan01", "Remote-Name": "张三", "Remote-Groups": "救助,staff",
	} {
		if got := single(t, out, name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	out = mustTell(t, Config{Sets: []string{"nginx"}}, &Facts{})
	if single(t, out, "X-SSL-Client-Verify") != "NONE" || single(t, out, "X-SSL-Client-S-DN") != "" {
		t.Errorf("%v", out.Header)
	}
	out = mustTell(t, Config{Sets: []string{"nginx"}}, &Facts{Refused: "expired"})
	if single(t, out, "X-SSL-Client-Verify") != "FAILED:expired" {
		t.Errorf("%v", out.Header)
	}
}

// TestForwarding: X-Forwarded-* and RFC 7239, with a trusted proxy and IPv6.
func TestForwarding(t *testing.T) {
	r := oneRequest()
	r.Address, r.Via, r.Host, r.Port = netip.MustParseAddr("2001:db8::7%eth0"), []netip.Addr{netip.MustParseAddr("::ffff:192.0.2.1")}, `a"b:8443`, 8443
	out := &http.Request{URL: &url.URL{}}
	if err := compiled(t, Config{Forwarding: "both"}).Apply(out, &Facts{}, r); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"X-Forwarded-For": "2001:db8::7, 192.0.2.1", "X-Real-Ip": "2001:db8::7", "X-Forwarded-Proto": "https", "X-Forwarded-Host": `a"b:8443`, "X-Forwarded-Port": "8443", "X-Request-Id": "r-1",
		"Forwarded": `for="[2001:db8::7]";host="a\"b:8443";proto=https, for=192.0.2.1`,
	} {
		if got := single(t, out, name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	out = &http.Request{URL: &url.URL{}}
	if err := compiled(t, Config{Forwarding: "none"}).Apply(out, &Facts{}, r); err != nil || len(out.Header) != 1 {
		t.Errorf("%v %v", out.Header, err)
	}
}
