package audit_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/emmansun/gmsm/sm2"
	"golang.org/x/mod/sumdb/note"

	"onecert/audit"
	"onecert/pki"
	"onecert/pkitest"
)

const body = origin + "\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"

func TestParseCheckpoint(t *testing.T) {
	c, err := audit.ParseCheckpoint(body)
	if err != nil || c.Origin != origin || c.Size != 20852163 || c.Root[0] != 0x0a || c.String() != body {
		t.Fatalf("%+v, %v", c, err)
	}
	root := "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="
	for _, wrong := range []string{"", "\n", "\n\n\n", origin, origin + "\n1\n", origin + "\n1\n" + root,
		origin + "\n1\n" + root + "\nextension\n", origin + "\n01\n" + root + "\n", origin + "\n+1\n" + root + "\n",
		origin + "\n-1\n" + root + "\n", origin + "\n1 \n" + root + "\n", origin + "\n9223372036854775808\n" + root + "\n",
		"two words\n1\n" + root + "\n", "\n1\n" + root + "\n", origin + "\n1\n" + root[:40] + "\n", origin + "\n1\n" + root[:20] + "\r" + root[20:] + "\n",
		origin + "\n1\n" + strings.Replace(root, "q2I=", "q2J=", 1) + "\n", origin + "\n0x1\n" + root + "\n", origin + "\n1_0\n" + root + "\n",
	} {
		if c, err := audit.ParseCheckpoint(wrong); pki.KindOf(err) != pki.Invalid {
			t.Errorf("%q gave %+v, %v", wrong, c, err)
		}
	}
}

// FuzzCheckpoint holds that what parses is written back octet by octet, and that no
// note opens without a known key's signature.
func FuzzCheckpoint(f *testing.F) {
	_, keys := signers(f)
	h := open(f, pkitest.SQLite(f))
	f.Add([]byte(body))
	f.Add(h.head(f))
	f.Add([]byte("onecert.example/ca\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n— onecert.example/ca AAAAAAAA\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if c, err := audit.ParseCheckpoint(string(data)); err == nil && c.String() != string(data) {
			t.Errorf("%q became %q", data, c.String())
		}
		if c, err := audit.OpenCheckpoint(data, keys...); err == nil {
			t.Errorf("%+v was opened unsigned", c)
		}
	})
}

// FuzzVerifier does the same for a key written as text.
func FuzzVerifier(f *testing.F) {
	_, keys := signers(f)
	for _, key := range keys {
		f.Add(key.String())
	}
	f.Add("a+00000000+AQ==")
	f.Fuzz(func(t *testing.T, text string) {
		if v, err := audit.ParseVerifier(text); err == nil && v.String() != text {
			t.Errorf("%q became %q", text, v.String())
		}
	})
}

func TestCheckpointNeedsAKnownKey(t *testing.T) {
	h := open(t, pkitest.SQLite(t))
	h.record(t, acts(0, 3)...)
	signed := h.head(t)
	for i, key := range h.keys { // either key alone will do
		if c, err := audit.OpenCheckpoint(signed, key); err != nil || c.Size != 3 || c.Origin != origin {
			t.Errorf("key %d: %+v, %v", i, c, err)
		}
	}
	_, strange := signers(t)
	if _, err := audit.OpenCheckpoint(signed, strange...); pki.CodeOf(err) != "audit.forged" {
		t.Errorf("strange keys: %v", err)
	}
	if _, err := audit.OpenCheckpoint(signed); pki.CodeOf(err) != "audit.forged" {
		t.Errorf("no keys: %v", err)
	}
	// One good signature does not excuse a wrong one of another known key.
	lines := bytes.Split(signed, []byte("\n"))
	second := lines[5]
	at := bytes.LastIndexByte(second, ' ') + 20
	second[at] ^= 'A' ^ 'B'
	if _, err := audit.OpenCheckpoint(bytes.Join(lines, []byte("\n")), h.keys...); err == nil {
		t.Error("a wrong second signature passed")
	}
	// The right key, but a body of another origin.
	s, keys := signers(t)
	foreign, err := note.Sign(&note.Note{Text: strings.Replace(body, origin, "other.example/log", 1)}, s[0])
	if err != nil {
		t.Fatal(err)
	}
	if _, err := audit.OpenCheckpoint(foreign, keys...); pki.CodeOf(err) != "audit.forged" {
		t.Errorf("another origin: %v", err)
	}
	unsigned := audit.OpenReadOnly(h.d)
	if _, err := unsigned.Checkpoint(t.Context()); pki.CodeOf(err) != "audit.no-signer" {
		t.Errorf("without a signer: %v", err)
	}
}

// The Ed25519 signature must satisfy the reference implementation of notes, given
// nothing but the text of our key.
func TestNoteOpensElsewhere(t *testing.T) {
	h := open(t, pkitest.SQLite(t))
	reference, err := note.NewVerifier(h.keys[0].String())
	if err != nil {
		t.Fatal(err)
	}
	n, err := note.Open(h.head(t), note.VerifierList(reference))
	if err != nil || len(n.Sigs) != 1 || len(n.UnverifiedSigs) != 1 {
		t.Errorf("%+v, %v", n, err)
	}
}

// OpenSSL checks the SM2 signature, with the default user identity.
func TestSM2HeadByOpenSSL(t *testing.T) {
	h := open(t, pkitest.SQLite(t))
	h.record(t, acts(0, 3)...)
	text, lines, _ := strings.Cut(string(h.head(t)), "\n\n")
	national := strings.Split(lines, "\n")[1]
	sig, err := base64.StdEncoding.DecodeString(national[strings.LastIndexByte(national, ' ')+1:])
	if err != nil {
		t.Fatal(err)
	}
	key := h.keys[1].String()
	encoded, err := base64.StdEncoding.DecodeString(strings.SplitN(key, "+", 3)[2])
	if err != nil {
		t.Fatal(err)
	}
	_, der, _ := bytes.Cut(encoded, []byte("\n"))
	dir := t.TempDir()
	for name, content := range map[string][]byte{"text": []byte(text + "\n"), "sig": sig[4:],
		"key.pem": pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	openssl := func() ([]byte, error) {
		cmd := exec.Command("openssl", "pkeyutl", "-verify", "-rawin", "-digest", "sm3", "-pkeyopt", "distid:1234567812345678",
			"-pubin", "-inkey", "key.pem", "-in", "text", "-sigfile", "sig")
		cmd.Dir = dir
		return cmd.CombinedOutput()
	}
	if out, err := openssl(); err != nil {
		t.Errorf("openssl refuses the head: %v: %s", err, out)
	}
	os.WriteFile(filepath.Join(dir, "text"), []byte(strings.Replace(text, "\n3\n", "\n4\n", 1)+"\n"), 0o600)
	if out, err := openssl(); err == nil {
		t.Errorf("openssl accepts another head: %s", out)
	}
}

func TestVerifierText(t *testing.T) {
	_, keys := signers(t)
	for _, key := range keys {
		v, err := audit.ParseVerifier(key.String())
		if err != nil || v.String() != key.String() || v.KeyHash() != key.KeyHash() || v.Name() != origin {
			t.Errorf("%s: %v", key, err)
		}
	}
	text := keys[1].String()
	name, rest, _ := strings.Cut(text, "+")
	hash, key64, _ := strings.Cut(rest, "+")
	for _, wrong := range []string{"", "++", name, name + "+" + hash, "other+" + rest, name + "+00000000+" + key64, name + "+" + strings.ToUpper(hash) + "x+" + key64,
		name + "+" + hash + "+" + key64[:40], name + "+" + hash + "+!", name + "+" + hash + "+", text + "\n", strings.Repeat("a", 5000) + "++"} {
		if v, err := audit.ParseVerifier(wrong); pki.CodeOf(err) != "audit.key" {
			t.Errorf("%q gave %v, %v", wrong, v, err)
		}
	}
}

func TestKeysThatCannotSignHeads(t *testing.T) {
	for _, suite := range []pki.Suite{pki.P256, pki.P384} {
		key, err := pki.GenerateKey(rand.Reader, suite)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := audit.NewSigner(origin, key); pki.CodeOf(err) != "audit.key" {
			t.Errorf("%s: %v", suite, err)
		}
	}
	if _, err := audit.NewVerifier(origin, &rsa.PublicKey{}); pki.CodeOf(err) != "audit.key" {
		t.Errorf("RSA: %v", err)
	}
	key, err := sm2.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := audit.NewSigner("a name", key); pki.CodeOf(err) != "audit.key" {
		t.Errorf("name: %v", err)
	}
	if v := (audit.Verifier{}); v.Verify([]byte("x"), []byte("y")) {
		t.Error("an empty verifier accepts")
	}
	public, _, _ := ed25519.GenerateKey(rand.Reader)
	if v, err := audit.NewVerifier(origin, public); err != nil || v.Verify([]byte("x"), nil) {
		t.Errorf("an empty signature passed, %v", err)
	}
}
