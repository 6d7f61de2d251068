package pki_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"onecert/pki"
)

// opensslRequest makes a key and a request with OpenSSL, the tool applicants use.
func opensslRequest(t testing.TB, keyArgs, requestArgs []string) []byte {
	t.Helper()
	dir := t.TempDir()
	key, request := filepath.Join(dir, "key.pem"), filepath.Join(dir, "request.pem")
	run := func(args ...string) {
		t.Helper()
		if out, err := exec.Command("openssl", args...).CombinedOutput(); err != nil {
			t.Fatalf("openssl %v: %v\n%s", args, err, out)
		}
	}
	run(append([]string{"genpkey", "-out", key}, keyArgs...)...)
	run(append([]string{"req", "-new", "-utf8", "-key", key, "-out", request, "-subj", "/C=CN/O=示例市民政局/CN=林晓明"}, requestArgs...)...)
	data, err := os.ReadFile(request)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestRequestsOfOpenSSL(t *testing.T) {
	sm2Key := []string{"-algorithm", "SM2"}
	cases := []struct {
		name    string
		key     []string
		request []string
		suite   pki.Suite
		form    pki.Form
	}{
		{"sm2 plain", sm2Key, []string{"-sm3"}, pki.SM2, pki.EmptyID},
		{"sm2 default id", sm2Key, []string{"-sm3", "-sigopt", "distid:1234567812345678"}, pki.SM2, pki.Standard},
		{"rsa", []string{"-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"}, []string{"-sha256"}, pki.RSA2048, pki.Standard},
		{"rsa sha512", []string{"-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:3072"}, []string{"-sha512"}, pki.RSA3072, pki.Standard},
		{"p256", []string{"-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"}, []string{"-sha256"}, pki.P256, pki.Standard},
		{"p384", []string{"-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"}, []string{"-sha384"}, pki.P384, pki.Standard},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			data := opensslRequest(t, c.key, append(c.request, "-addext", "subjectAltName=DNS:www.example.cn,IP:192.0.2.7,email:a@example.cn"))
			request, err := pki.ParseRequest(data, false)
			if err != nil {
				t.Fatal(err)
			}
			if request.Suite != c.suite || request.Form != c.form {
				t.Errorf("suite %s form %s, want %s %s", request.Suite, request.Form, c.suite, c.form)
			}
			if len(request.AltNames) != 3 || request.AltNames[0].Value != "www.example.cn" || request.AltNames[1].Value != "192.0.2.7" {
				t.Errorf("alternative names %v", request.AltNames)
			}
			name, err := pki.NameOf(request.Subject)
			if err != nil || name.Get("CN") != "林晓明" {
				t.Errorf("name %v, %v", name, err)
			}
		})
	}
}

func TestRequestRefused(t *testing.T) {
	good := opensslRequest(t, []string{"-algorithm", "SM2"}, []string{"-sm3"})
	flipped := bytes.Clone(good)
	at := len(flipped) / 2
	flipped[at] ^= 1
	cases := []struct {
		name string
		data []byte
		code string
	}{
		{"empty", nil, "request.empty"},
		{"cut PEM", good[:len(good)/2], "request.pem"},
		{"text", []byte("hello"), "request.pem"},
		{"private key", []byte("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"), "request.type"},
		{"two", append(bytes.Clone(good), good...), "request.several"},
		{"too large", make([]byte, pki.MaxRequest+1), "request.size"},
		{"small rsa", opensslRequest(t, []string{"-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"}, nil), "key.size"},
		{"exponent 3", opensslRequest(t, []string{"-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-pkeyopt", "rsa_keygen_pubexp:3"}, nil), "key.exponent"},
		{"curve", opensslRequest(t, []string{"-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:secp256k1"}, nil), "key.curve"},
		{"sha1", opensslRequest(t, []string{"-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"}, []string{"-sha1"}), "request.algorithm"},
		{"ed25519", opensslRequest(t, []string{"-algorithm", "ED25519"}, nil), "key.algorithm"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := pki.ParseRequest(c.data, false)
			if pki.KindOf(err) != pki.Invalid || pki.CodeOf(err) != c.code {
				t.Errorf("got %v (%s), want code %s", err, pki.CodeOf(err), c.code)
			}
		})
	}
	if _, err := pki.ParseRequest(flipped, true); pki.KindOf(err) != pki.Invalid {
		t.Errorf("one flipped character: %v", err)
	}
}

// TestRequestEveryFlippedBit: no change of the signed body or signature passes.
func TestRequestEveryFlippedBit(t *testing.T) {
	data := opensslRequest(t, []string{"-algorithm", "SM2"}, []string{"-sm3", "-outform", "DER"})
	if _, err := pki.ParseRequest(data, true); err != nil {
		t.Fatal(err)
	}
	for i := range data {
		changed := bytes.Clone(data)
		changed[i] ^= 0x04
		if _, err := pki.ParseRequest(changed, true); err == nil {
			t.Errorf("octet %d changed and still accepted", i)
		}
	}
}

// Requests by other implementations, where the samples are present.
func TestRequestSamples(t *testing.T) {
	dir := filepath.Join("..", "..", "shared", "samples", "gm-csr")
	cases := []struct {
		file       string
		double     bool
		suite      pki.Suite
		form       pki.Form
		cfca, temp bool
	}{
		{"cfca-sadk-rsa.csr", false, pki.RSA2048, pki.Standard, true, true},
		{"cfca-sadk-sm2.csr", false, pki.SM2, pki.Standard, true, true},
		{"tongsuo-sm2.csr", false, pki.SM2, pki.Standard, false, false},
		{"trustasia-sm2.csr", true, pki.SM2, pki.DoubleHash, true, true},
	}
	for _, c := range cases {
		data, err := os.ReadFile(filepath.Join(dir, c.file))
		if os.IsNotExist(err) {
			t.Logf("%s is not here; requests made by OpenSSL and gmsm are tested above", c.file)
			continue
		}
		request, err := pki.ParseRequest(data, c.double)
		if err != nil {
			t.Errorf("%s: %v", c.file, err)
			continue
		}
		if request.Suite != c.suite || request.Form != c.form || request.CFCA != c.cfca || (request.TemporaryKey != nil) != c.temp {
			t.Errorf("%s: %+v", c.file, request)
		}
		if c.double {
			if _, err := pki.ParseRequest(data, false); pki.CodeOf(err) != "request.double-hash" {
				t.Errorf("%s without the profile's option: %v", c.file, err)
			}
		}
	}
}

func FuzzParseRequest(f *testing.F) {
	f.Add(opensslRequest(f, []string{"-algorithm", "SM2"}, []string{"-sm3", "-outform", "DER", "-addext", "subjectAltName=DNS:a.example"}))
	f.Add([]byte("-----BEGIN CERTIFICATE REQUEST-----\nMAA=\n-----END CERTIFICATE REQUEST-----\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		request, err := pki.ParseRequest(data, true)
		if err == nil && (request.PublicKey == nil || len(request.SPKI) == 0 || request.Form == "") {
			t.Errorf("accepted without a key: %+v", request)
		}
		if err != nil && pki.KindOf(err) != pki.Invalid {
			t.Errorf("kind %v", pki.KindOf(err))
		}
	})
}
