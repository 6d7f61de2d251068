package keys

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/emmansun/gmsm/smx509"

	"onecert/pki"
)

// openssl runs the independent judge; the test fails where it is missing.
func openssl(t testing.TB, args ...string) []byte {
	t.Helper()
	output, err := exec.Command("openssl", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("openssl %s: %v\n%s", strings.Join(args, " "), err, output)
	}
	return output
}

func TestOpenSSLOpensOurs(t *testing.T) {
	dir := t.TempDir()
	pass := writePass(t, dir, "an example passphrase")
	for _, suite := range quickSuites() {
		for name, cipher := range map[string]Cipher{"aes": AES256CBC, "sm4": SM4CBC} {
			path := filepath.Join(dir, string(suite)+name+".pem")
			key, err := Generate("file:"+path+"?pass=file:"+pass, suite, Options{Cipher: cipher})
			if err != nil {
				t.Fatal(err)
			}
			spki, err := smx509.MarshalPKIXPublicKey(key.Public())
			if err != nil {
				t.Fatal(err)
			}
			got := openssl(t, "pkey", "-in", path, "-passin", "file:"+pass, "-pubout", "-outform", "DER")
			if !bytes.Equal(got, spki) {
				t.Errorf("%s %s: openssl reads another key", suite, name)
			}
			openssl(t, "pkey", "-in", path, "-passin", "file:"+pass, "-check", "-noout")
		}
	}
}

// Every form in which OpenSSL makes a key: generated, converted, traditional.
func TestWeOpenOpenSSLs(t *testing.T) {
	dir := t.TempDir()
	pass := writePass(t, dir, "an example passphrase")
	for suite, genpkey := range map[pki.Suite][]string{
		pki.SM2:     {"-algorithm", "SM2"},
		pki.RSA2048: {"-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"},
		pki.RSA3072: {"-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:3072"},
		pki.P256:    {"-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"},
		pki.P384:    {"-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"},
	} {
		plain := filepath.Join(dir, string(suite)+".plain.pem")
		openssl(t, append([]string{"genpkey", "-out", plain}, genpkey...)...)
		spki := openssl(t, "pkey", "-in", plain, "-pubout", "-outform", "DER")
		forms := map[string][]string{
			"genpkey encrypted": {"pkey", "-in", plain, "-aes-256-cbc", "-passout", "file:" + pass},
			"PBKDF2 SHA-512":    {"pkcs8", "-topk8", "-v2", "aes-192-cbc", "-v2prf", "hmacWithSHA512", "-iter", "5000", "-in", plain, "-passout", "file:" + pass},
			"PBKDF2 SHA-1":      {"pkcs8", "-topk8", "-v2", "aes-128-cbc", "-v2prf", "hmacWithSHA1", "-in", plain, "-passout", "file:" + pass},
			"PBKDF2 SM4":        {"pkcs8", "-topk8", "-v2", "sm4-cbc", "-in", plain, "-passout", "file:" + pass},
			"scrypt":            {"pkcs8", "-topk8", "-scrypt", "-in", plain, "-passout", "file:" + pass},
			"scrypt SM4":        {"pkcs8", "-topk8", "-scrypt", "-v2", "sm4-cbc", "-in", plain, "-passout", "file:" + pass},
			"plain":             {"pkey", "-in", plain},
		}
		switch suite.Family() {
		case "rsa":
			forms["traditional"] = []string{"rsa", "-traditional", "-in", plain}
		default:
			forms["traditional"] = []string{"ec", "-in", plain} // "SM2 PRIVATE KEY" for SM2
		}
		for name, args := range forms {
			path := filepath.Join(dir, "form.pem")
			openssl(t, append(args, "-out", path)...)
			if err := os.Chmod(path, 0o600); err != nil {
				t.Fatal(err)
			}
			key, err := Open("file:"+path+"?pass=file:"+pass, Options{AllowPlain: true})
			if err != nil {
				t.Errorf("%s %s: %v", suite, name, err)
				continue
			}
			if got, _ := smx509.MarshalPKIXPublicKey(key.Public()); !bytes.Equal(got, spki) || key.Suite() != suite {
				t.Errorf("%s %s: another key (%s)", suite, name, key.Suite())
			}
		}
	}
}

func TestParametersBlocksAreSkipped(t *testing.T) {
	dir := t.TempDir()
	for suite, curve := range map[pki.Suite]string{pki.SM2: "SM2", pki.P256: "prime256v1"} {
		path := filepath.Join(dir, curve+".pem")
		openssl(t, "ecparam", "-genkey", "-name", curve, "-out", path)
		text, err := os.ReadFile(path)
		if err != nil || !bytes.Contains(text, []byte(" PARAMETERS-----")) {
			t.Fatalf("%s: openssl wrote no parameters (%v)", curve, err)
		}
		key, err := Open("file:"+path, Options{AllowPlain: true})
		if err != nil || key.Suite() != suite {
			t.Errorf("%s: %v", curve, err)
		}
	}
}

func TestOpenSSLFormsWeRefuse(t *testing.T) {
	dir := t.TempDir()
	for name, c := range map[string]struct {
		args []string
		code string
	}{
		"old PEM encryption": {[]string{"genrsa", "-traditional", "-aes128", "-passout", "pass:x", "2048"}, "key.encryption"},
		"PBES1":              {[]string{"pkcs8", "-topk8", "-v1", "PBE-SHA1-3DES", "-passout", "pass:x", "-in", dir + "/p256.pem"}, "key.encryption"},
		"explicit curve":     {[]string{"ecparam", "-name", "prime256v1", "-genkey", "-noout", "-param_enc", "explicit"}, "key.algorithm"},
		"Ed25519":            {[]string{"genpkey", "-algorithm", "ED25519"}, "key.algorithm"},
		"P-521":              {[]string{"genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"}, "key.algorithm"},
		"RSA 1024":           {[]string{"genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"}, "key.size"},
		"public key":         {[]string{"pkey", "-in", dir + "/p256.pem", "-pubout"}, "key.not-a-key"},
	} {
		openssl(t, "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", dir+"/p256.pem")
		text := openssl(t, c.args...)
		path := writeFile(t, dir+"/form.pem", string(text), 0o600)
		if _, err := Open("file:"+path, Options{AllowPlain: true, Passphrase: []byte("x")}); pki.CodeOf(err) != c.code {
			t.Errorf("%s: %v (%s)", name, err, pki.CodeOf(err))
		}
	}
}

// What a Key signs, openssl verifies.
func TestOpenSSLVerifies(t *testing.T) {
	dir := t.TempDir()
	message := writeFile(t, dir+"/m", "to be signed", 0o600)
	for _, suite := range quickSuites() {
		key := throwAway(t, suite)
		signature, err := key.SignMessage(nil, []byte("to be signed"), nil)
		if err != nil {
			t.Fatal(err)
		}
		spki, err := smx509.MarshalPKIXPublicKey(key.Public())
		if err != nil {
			t.Fatal(err)
		}
		public := writeFile(t, dir+"/pub.pem", string(encodePEM("PUBLIC KEY", spki)), 0o600)
		given := writeFile(t, dir+"/sig", string(signature), 0o600)
		args := []string{"dgst", "-verify", public, "-signature", given}
		switch suite {
		case pki.SM2:
			args = []string{"pkeyutl", "-verify", "-pubin", "-inkey", public, "-sigfile", given, "-rawin", "-digest", "sm3",
				"-pkeyopt", "distid:1234567812345678", "-in"}
		case pki.P384:
			args = append(args, "-sha384")
		default:
			args = append(args, "-sha256")
		}
		openssl(t, append(args, message)...)
	}
}
