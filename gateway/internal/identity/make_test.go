package identity

import (
	"crypto/elliptic"
	"crypto/rand"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"crypto/ecdsa"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"onecert/pki"
)

// part is one attribute of a test's name, of any string type and octets.
type part struct {
	oid   string
	tag   asn1.Tag
	value string
	same  bool // in the RDN of the one before
}

// utf is a part as our CA writes it.
func utf(oid, value string) part { return part{oid: oid, tag: asn1.UTF8String, value: value} }

const (
	oidC, oidST, oidL, oidO, oidOU     = "2.5.4.6", "2.5.4.8", "2.5.4.7", "2.5.4.10", "2.5.4.11"
	oidCN, oidT, oidG, oidSerial, oidE = "2.5.4.3", "2.5.4.12", "2.5.4.42", "2.5.4.5", "1.2.840.113549.1.9.1"
	oidDC                              = "0.9.2342.19200300.100.1.25"
)

func nameDER(t testing.TB, parts ...part) []byte {
	t.Helper()
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		for i := 0; i < len(parts); {
			b.AddASN1(asn1.SET, func(b *cryptobyte.Builder) {
				for first := true; i < len(parts) && (first || parts[i].same); first = false {
					p := parts[i]
					oid, err := pki.ParseOID(p.oid)
					if err != nil {
						t.Fatal(err)
					}
					b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
						b.AddASN1ObjectIdentifier(oid)
						b.AddASN1(p.tag, func(b *cryptobyte.Builder) { b.AddBytes([]byte(p.value)) })
					})
					i++
				}
			})
		}
	})
	return b.BytesOrPanic()
}

// made is a certificate of a test; its signature is none, since nothing here verifies it.
type made struct {
	subject, issuer []part
	extensions      map[string][]byte
}

func (m made) der(t testing.TB) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	spki, err := pki.MarshalPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	if m.issuer == nil {
		m.issuer = []part{utf(oidC, "CN"), utf(oidO, "示例电子认证中心"), utf(oidCN, "示例签发 CA")}
	}
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(asn1.Tag(0).ContextSpecific().Constructed(), func(b *cryptobyte.Builder) { b.AddASN1Int64(2) })
		b.AddASN1BigInt(pki.Serial("4b1fa0c3").Big())
		b.AddBytes(pki.AlgorithmIdentifier(pki.P256))
		b.AddBytes(nameDER(t, m.issuer...))
		b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1UTCTime(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
			b.AddASN1UTCTime(time.Date(2028, 1, 2, 3, 4, 5, 0, time.UTC))
		})
		b.AddBytes(nameDER(t, m.subject...))
		b.AddBytes(spki)
		if len(m.extensions) > 0 {
			b.AddASN1(asn1.Tag(3).ContextSpecific().Constructed(), func(b *cryptobyte.Builder) {
				b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
					for text, value := range m.extensions {
						oid, _ := pki.ParseOID(text)
						b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
							b.AddASN1ObjectIdentifier(oid)
							b.AddASN1OctetString(value)
						})
					}
				})
			})
		}
	})
	return pki.ThrowAway(b.BytesOrPanic(), pki.P256)
}

// person is what most tests are about.
func person() []part {
	return []part{utf(oidC, "CN"), utf(oidST, "示例省"), utf(oidL, "示例市"), utf(oidO, "示例市民政局"), utf(oidOU, "社会救助处"),
		utf(oidCN, "张三"), utf(oidT, "zhangsan01"), utf(oidG, "三"), utf(oidE, "zs@example.gov.cn")}
}

func compiled(t testing.TB, c Config) *Plan {
	t.Helper()
	p, err := Compile(c, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func facts(t testing.TB, parts ...part) *Facts {
	t.Helper()
	return &Facts{Certificate: made{subject: parts}.der(t), User: "zhangsan01", Name: "张三", Groups: []string{"救助", "staff"}, Level: "2", Method: "certificate",
		Session: "s1", Since: time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC), Privilege: "read"}
}

func oneRequest() Request {
	return Request{ID: "r-1", Address: netip.MustParseAddr("192.0.2.7"), Scheme: "https", Host: "app.example.gov.cn", Port: 443, Protocol: "TLSv1.3"}
}

// told is what an application receives of a request that carried nothing of its own.
func told(t testing.TB, c Config, f *Facts) (*http.Request, error) {
	t.Helper()
	out := &http.Request{Method: "GET", URL: &url.URL{Path: "/"}, Header: http.Header{}}
	return out, compiled(t, c).Apply(out, f, oneRequest())
}

func mustTell(t testing.TB, c Config, f *Facts) *http.Request {
	t.Helper()
	out, err := told(t, c, f)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// single returns the one value of a header whatever its spelling.
func single(t testing.TB, out *http.Request, name string) string {
	t.Helper()
	values, found := out.Header[name], false
	for key := range out.Header {
		if sameName(key, name) {
			if found || len(out.Header[key]) != 1 {
				t.Fatalf("header %s is there more than once", name)
			}
			values, found = out.Header[key], true
		}
	}
	if !found {
		return ""
	}
	return values[0]
}

func cookieValue(t testing.TB, out *http.Request, name string) string {
	t.Helper()
	all := out.CookiesNamed(name)
	if len(all) > 1 {
		t.Fatalf("cookie %s is there %d times", name, len(all))
	}
	if len(all) == 0 {
		return ""
	}
	return all[0].Value
}

// run asks another program.
func run(t testing.TB, input string, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Stdin = strings.NewReader(input)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return string(out)
}

// file writes a file of the test.
func file(t testing.TB, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
