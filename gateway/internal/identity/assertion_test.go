package identity

import (
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"onecert/pki"
)

// counted counts what a key signs, and can be away.
type counted struct {
	crypto.Signer
	n    atomic.Int32
	away atomic.Bool
}

func (c *counted) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	if c.away.Load() {
		return nil, errors.New("the card does not answer")
	}
	c.n.Add(1)
	return c.Signer.Sign(random, digest, opts)
}

type clock struct{ at atomic.Int64 }

func (c *clock) now() time.Time              { return time.Unix(0, c.at.Load()) }
func (c *clock) pass(d time.Duration)        { c.at.Add(int64(d)) }
func newClock() *clock                       { c := &clock{}; c.at.Store(1_790_000_000_000_000_000); return c }
func key(t testing.TB, s pki.Suite) *counted { t.Helper(); return &counted{Signer: rawKey(t, s)} }
func segment(token string, n int) string     { return strings.Split(token, ".")[n] }
func octets(t testing.TB, text string) []byte {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(text)
	fail(t, err)
	return b
}
func fail(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
func asserting(algorithm string) Config {
	return Config{Assertion: &Assertion{Audience: "https://app.example.gov.cn", Algorithm: algorithm}}
}
func emptyRequest() *http.Request { return &http.Request{URL: &url.URL{}, Header: http.Header{}} }
func rawKey(t testing.TB, s pki.Suite) crypto.Signer {
	t.Helper()
	k, err := pki.GenerateKey(rand.Reader, s)
	fail(t, err)
	return k
}

func signerOf(t testing.TB, keys ...crypto.Signer) *Signer {
	t.Helper()
	s, err := NewSigner(SignerConfig{Issuer: "https://gateway.example.gov.cn", Keys: keys})
	fail(t, err)
	return s
}

// TestAssertionVerifies: OpenSSL verifies both algorithms with the keys of the JWKS, and
// the claims say who it is.
func TestAssertionVerifies(t *testing.T) {
	ec, sm := key(t, pki.P256), key(t, pki.SM2)
	signer, c := signerOf(t, ec, sm, key(t, pki.P256)), newClock()
	var set struct{ Keys []map[string]string }
	fail(t, json.Unmarshal(signer.JWKS(), &set))
	if len(set.Keys) != 3 {
		t.Fatalf("%d keys published", len(set.Keys))
	}
	f := facts(t, person()...)
	for i, algorithm := range []string{ES256, SM2} {
		p, err := Compile(asserting(algorithm), Options{Signer: signer, Now: c.now})
		fail(t, err)
		out := emptyRequest()
		fail(t, p.Apply(out, f, oneRequest()))
		token := single(t, out, "X-OneCert-Assertion")
		var head map[string]string
		fail(t, json.Unmarshal(octets(t, segment(token, 0)), &head))
		if head["alg"] != algorithm || head["kid"] != set.Keys[i]["kid"] || set.Keys[i]["alg"] != algorithm || head["typ"] != "JWT" {
			t.Errorf("head %v, key %v", head, set.Keys[i])
		}
		opensslVerifies(t, set.Keys[i], token, algorithm)

		var said map[string]any
		fail(t, json.Unmarshal(octets(t, segment(token, 1)), &said))
		sum := sha256.Sum256(f.Certificate)
		for name, want := range map[string]any{
			"iss": "https://gateway.example.gov.cn", "aud": "https://app.example.gov.cn", "sub": "zhangsan01", "sid": "s1", "acr": "2", "name": "张三",
			"iat": 1.79e9, "nbf": 1.79e9, "exp": 1.79e9 + 120, "serial": "4b1fa0c3", "issuer_dn": "CN=示例签发 CA,O=示例电子认证中心,C=CN",
		} {
			if said[name] != want {
				t.Errorf("%s: %v, want %v", name, said[name], want)
			}
		}
		if cnf := said["cnf"].(map[string]any)["x5t#S256"]; cnf != base64.RawURLEncoding.EncodeToString(sum[:]) {
			t.Errorf("cnf %v", cnf)
		}
		if jti, _ := said["jti"].(string); len(jti) != 22 {
			t.Errorf("jti %q", jti)
		}
	}
}

// opensslVerifies checks a token with a key of the set, put together from its coordinates.
func opensslVerifies(t *testing.T, jwk map[string]string, token, algorithm string) {
	t.Helper()
	curve := pki.OIDP256
	if algorithm == SM2 {
		curve = pki.OIDSM2
	}
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(pki.OIDECPublicKey)
			b.AddASN1ObjectIdentifier(curve)
		})
		b.AddASN1BitString(append(append([]byte{4}, octets(t, jwk["x"])...), octets(t, jwk["y"])...))
	})
	public := file(t, "key.pem", pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: b.BytesOrPanic()}))
	raw := octets(t, segment(token, 2))
	if len(raw) != 64 {
		t.Fatalf("a signature of %d octets", len(raw))
	}
	var signature cryptobyte.Builder
	signature.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1BigInt(new(big.Int).SetBytes(raw[:32]))
		b.AddASN1BigInt(new(big.Int).SetBytes(raw[32:]))
	})
	input := file(t, "input", []byte(segment(token, 0)+"."+segment(token, 1)))
	args := []string{"pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", public, "-sigfile", file(t, "signature", signature.BytesOrPanic()), "-in", input}
	if algorithm == SM2 {
		args = append(args, "-digest", "sm3", "-pkeyopt", "distid:1234567812345678")
	} else {
		args = append(args, "-digest", "sha256")
	}
	if said := run(t, "", "openssl", args...); !strings.Contains(said, "Successfully") {
		t.Errorf("OpenSSL on %s: %s", algorithm, said)
	}
}

// TestThumbprint: a key's id is RFC 7638's, calculated by Python.
func TestThumbprint(t *testing.T) {
	for _, suite := range []pki.Suite{pki.P256, pki.SM2} {
		script := `
import sys, json, hashlib, base64
k = json.load(sys.stdin)["keys"][0]
text = json.dumps({m: k[m] for m in ("crv", "kty", "x", "y")}, separators=(",", ":"), sort_keys=True)
print(base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=") == k["kid"])
`
		if said := run(t, string(signerOf(t, key(t, suite)).JWKS()), "python3", "-c", script); said != "True\n" {
			t.Error(suite, said)
		}
	}
}

// TestOneSignatureManyRequests: a session's requests share an assertion until half its
// life is over; a key that is away does not stop them before the other quarter is.
func TestOneSignatureManyRequests(t *testing.T) {
	k, c := key(t, pki.P256), newClock()
	p, err := Compile(asserting(ES256), Options{Signer: signerOf(t, k), Now: c.now})
	fail(t, err)
	d, err := p.Prepare(facts(t, person()...))
	fail(t, err)
	ask := func() (string, error) {
		out := emptyRequest()
		err := d.Apply(out, oneRequest())
		return single(t, out, "X-OneCert-Assertion"), err
	}
	first, _ := ask()
	for range 100 {
		if again, err := ask(); again != first || err != nil {
			t.Fatal("another assertion within half its life", err)
		}
	}
	if c.pass(59 * time.Second); k.n.Load() != 1 {
		t.Errorf("%d signatures", k.n.Load())
	}
	c.pass(2 * time.Second)
	second, err := ask()
	if second == first || err != nil || k.n.Load() != 2 {
		t.Errorf("after half its life: %v, %d signatures", err, k.n.Load())
	}
	k.away.Store(true)
	c.pass(70 * time.Second)
	if again, err := ask(); again != second || err != nil {
		t.Error("the key is away, and so is the assertion", err)
	}
	c.pass(30 * time.Second)
	if _, err := ask(); err == nil {
		t.Error("an assertion about to end is told")
	}
	k.away.Store(false)
	c.pass(-time.Hour)
	third, err := ask()
	if err != nil || third == second {
		t.Error("the clock went back an hour, and the assertion is from the future", err)
	}
	var waiting sync.WaitGroup
	c.pass(3 * time.Hour)
	for range 50 {
		waiting.Go(func() {
			if _, err := ask(); err != nil {
				t.Error(err)
			}
		})
	}
	if waiting.Wait(); k.n.Load() != 4 {
		t.Errorf("%d signatures for 50 at once", k.n.Load()-3)
	}
}

// TestNobodyIsAsserted: no person, no assertion; a certificate alone is one.
func TestNobodyIsAsserted(t *testing.T) {
	p, err := Compile(asserting(""), Options{Signer: signerOf(t, key(t, pki.P256))})
	fail(t, err)
	out := emptyRequest()
	fail(t, p.Apply(out, &Facts{}, oneRequest()))
	if single(t, out, "X-OneCert-Assertion") != "" {
		t.Error("nobody is asserted")
	}
	f := facts(t, person()...)
	f.User = ""
	fail(t, p.Apply(out, f, oneRequest()))
	if body := string(octets(t, segment(single(t, out, "X-OneCert-Assertion"), 1))); !strings.Contains(body, `"sub":"x5t#S256:`) {
		t.Error(body)
	}
}

// TestSignerRefuses: keys nobody could verify with.
func TestSignerRefuses(t *testing.T) {
	for _, c := range []SignerConfig{{}, {Issuer: "x"}, {Issuer: "x", Keys: []crypto.Signer{rawKey(t, pki.P384)}}, {Issuer: "x", Keys: []crypto.Signer{rawKey(t, pki.RSA2048)}}} {
		if _, err := NewSigner(c); pki.CodeOf(err) != "identity.signer" {
			t.Error(err)
		}
	}
}
