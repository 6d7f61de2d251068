package e2e

import (
	"encoding/hex"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A key made at the centre, handed over by the command line, is opened by strangers:
// OpenSSL, Tongsuo and BouncyCastle verify the file's MAC, read key and certificate, and
// find that they belong together. The certificate leads to the demo's root.
func TestHolderKeyOpensEverywhere(t *testing.T) {
	d := shared(t)
	library, err := tongsuoLibrary()
	if err != nil {
		t.Fatal(err)
	}
	for family, way := range map[string]struct{ suite, signature string }{
		"sm2": {"sm2", "SM3withSM2"}, "rsa": {"rsa2048", "SHA256withRSA"}, "ecdsa": {"p256", "SHA256withECDSA"},
	} {
		t.Run(family, func(t *testing.T) {
			dir := t.TempDir()
			out, password := filepath.Join(dir, "out"), filepath.Join(dir, "password")
			d.officer(t, "centre.issuer", "ca", "holder-key", "issue", "--profile", "device-client", "--suite", way.suite,
				"--subject", "O=示例市水务局, CN=camera-"+unused(), "--out", out, "--password-file", password)
			d.verifies(t, family, filepath.Join(out, "sign.pem"))
			stores := []string{"sign"}
			if family == "sm2" {
				stores = append(stores, "encrypt")
			}
			for _, name := range stores {
				file := filepath.Join(out, name+".p12")
				key := filepath.Join(dir, name+".key")
				openssl(t, "pkcs12", "-in", file, "-passin", "file:"+password, "-nodes", "-nocerts", "-out", key)
				own := openssl(t, "pkey", "-in", key, "-pubout")
				certified := openssl(t, "x509", "-in", filepath.Join(out, name+".pem"), "-noout", "-pubkey")
				if own != certified {
					t.Errorf("%s: OpenSSL finds another key than the certificate's", name)
				}
				tongsuoOpens(t, library, file, password)
				text, err := os.ReadFile(filepath.Join(out, name+".pem"))
				if err != nil {
					t.Fatal(err)
				}
				block, _ := pem.Decode(text)
				javaSays(t, java(t, "store", "--in", file, "--password", password, "--signature", way.signature),
					"keys=1", "certificate="+hex.EncodeToString(block.Bytes))
				wrong := filepath.Join(dir, "wrong")
				if err := os.WriteFile(wrong, []byte("AAAAA-AAAAA-AAAAA-AAAAA-AAAAA\n"), 0o600); err != nil {
					t.Fatal(err)
				}
				if answer, code := runJava(t, []string{"store", "--in", file, "--password", wrong, "--signature", way.signature}); code == 0 {
					t.Errorf("opens with another password: %s", answer)
				}
			}
		})
	}
}

func tongsuoOpens(t *testing.T, library, file, password string) {
	t.Helper()
	answer, err := exec.Command("python3", "tongsuo/store.py", library, file, password).CombinedOutput()
	if err != nil || !strings.Contains(string(answer), "opened=1\nbelongs=1") {
		t.Errorf("Tongsuo: %v\n%s", err, answer)
	}
}
