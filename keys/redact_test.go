package keys

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/emmansun/gmsm/sm2"

	"onecert/pki"
)

// leaks says whether text holds the secret in a form a printer could give it.
func leaks(text string, secret []byte) bool {
	text = strings.ToLower(text)
	for _, form := range []string{
		string(secret), hex.EncodeToString(secret), fmt.Sprint(secret), strings.Trim(fmt.Sprint(secret[:8]), "[]"),
		fmt.Sprintf("%#v", secret), base64.StdEncoding.EncodeToString(secret), base64.RawURLEncoding.EncodeToString(secret),
	} {
		if strings.Contains(text, strings.ToLower(form)) {
			return true
		}
	}
	return false
}

// everyWay prints a value in every way Go has.
func everyWay(t *testing.T, value any) []string {
	t.Helper()
	var texts []string
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%p", "%T", "%10.3v"} {
		texts = append(texts, fmt.Sprintf(verb, value))
	}
	texts = append(texts, fmt.Sprint(value), fmt.Sprintln(value), fmt.Errorf("using %v: %w", value, errors.New("x")).Error())
	var buffer bytes.Buffer
	for _, handler := range []slog.Handler{slog.NewJSONHandler(&buffer, nil), slog.NewTextHandler(&buffer, nil)} {
		slog.New(handler).With("held", value).Info("act", "key", value, slog.Group("g", "k", value))
	}
	texts = append(texts, buffer.String())
	encoded, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return append(texts, string(encoded))
}

func TestNothingPrintsAKey(t *testing.T) {
	signer, err := sm2.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key, err := Wrap(signer)
	if err != nil {
		t.Fatal(err)
	}
	// As numbers too: fmt prints a big.Int in decimal.
	secret := signer.D.FillBytes(make([]byte, 32))
	type holder struct {
		Exported  *Key
		Value     Key
		hidden    *Key
		hiddenVal Key
	}
	for _, value := range []any{
		key, *key, &key, []*Key{key}, []Key{*key}, map[string]*Key{"k": key}, struct{ K Key }{*key},
		holder{key, *key, key, *key}, &holder{key, *key, key, *key},
	} {
		for _, text := range everyWay(t, value) {
			if leaks(text, secret) || strings.Contains(text, signer.D.String()) {
				t.Errorf("%T shows the key: %s", value, text)
			}
		}
	}
	if got := fmt.Sprintf("%+v", key); !strings.HasPrefix(got, "keys.Key(sm2 ") || len(got) != len("keys.Key(sm2 )")+16 {
		t.Errorf("a Key shows as %s", got)
	}
}

func TestNothingPrintsASealer(t *testing.T) {
	secret := bytes.Repeat([]byte{0xc3, 0x5a}, 16)
	sealer, err := newSealer(AES256GCM, secret)
	if err != nil {
		t.Fatal(err)
	}
	type holder struct {
		Value  Sealer
		hidden Sealer
	}
	for _, value := range []any{sealer, *sealer, []*Sealer{sealer}, map[string]Sealer{"k": *sealer}, holder{*sealer, *sealer}, &holder{*sealer, *sealer}} {
		for _, text := range everyWay(t, value) {
			if leaks(text, secret) || leaks(text, sealer.master()) {
				t.Errorf("%T shows the key: %s", value, text)
			}
		}
	}
}

// No error of a wrong passphrase, a damaged file or a refused act holds key or passphrase.
func TestErrorsHoldNoSecret(t *testing.T) {
	dir := t.TempDir()
	pass := "correct-horse-battery"
	uri := "file:" + dir + "/k.pem?pass=file:" + writePass(t, dir, pass)
	key, err := Generate(uri, pki.SM2, Options{})
	if err != nil {
		t.Fatal(err)
	}
	secret := key.private().sm2.D.FillBytes(make([]byte, 32))
	_, wrong := Open(uri, Options{Passphrase: []byte("wrong-" + pass)})
	_, exists := Generate(uri, pki.SM2, Options{})
	_, decrypt := key.Decrypt(nil, make([]byte, 120), nil)
	_, digest := key.Sign(nil, make([]byte, 32), &rsaOpts{})
	for _, err := range []error{wrong, exists, decrypt, digest} {
		if err == nil {
			t.Fatal("an act that must fail did not")
		}
		for e := err; e != nil; e = errors.Unwrap(e) {
			text := fmt.Sprintf("%v %+v %#v", e, e, e)
			if leaks(text, secret) || strings.Contains(text, pass) {
				t.Errorf("the error shows a secret: %s", text)
			}
		}
	}
	if _, ok := key.Public().(*ecdsa.PublicKey); !ok {
		t.Errorf("the public key is a %T", key.Public())
	}
}

func spew(format string, values ...any) string { return fmt.Sprintf(format, values...) }
