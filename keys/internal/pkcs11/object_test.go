package pkcs11

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/asn1"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"onecert/keys/internal/pool"
	"onecert/pki"
)

func curveName(t testing.TB, oid asn1.ObjectIdentifier) []byte {
	t.Helper()
	der, err := asn1.Marshal(oid)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func TestParsePoint(t *testing.T) {
	for _, c := range []struct {
		curve elliptic.Curve
		oid   asn1.ObjectIdentifier
	}{{elliptic.P256(), oidP256}, {elliptic.P384(), oidP384}} {
		key, err := ecdsa.GenerateKey(c.curve, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		bare, err := key.PublicKey.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		wrapped, err := asn1.Marshal(bare)
		if err != nil {
			t.Fatal(err)
		}
		name := curveName(t, c.oid)
		for _, point := range [][]byte{bare, wrapped} {
			if got, err := parsePoint(name, point); err != nil || !key.PublicKey.Equal(got) {
				t.Errorf("%d octets: %v", len(point), err)
			}
		}
		off := append([]byte{}, bare...)
		off[len(off)-1] ^= 1
		for _, point := range [][]byte{off, bare[1:], wrapped[:len(wrapped)-1], append(append([]byte{}, wrapped...), 0), nil} {
			if _, err := parsePoint(name, point); pki.CodeOf(err) != "key.point" {
				t.Errorf("%x: %v", point, err)
			}
		}
	}
	for code, params := range map[string][]byte{
		"key.no-sm2": curveName(t, oidSM2),
		"key.curve":  {0x13, 0x05, 'P', '-', '2', '5', '6'}, // curveName as text, PKCS #11 2.40 allows it
	} {
		if _, err := parsePoint(params, []byte{4}); pki.CodeOf(err) != code {
			t.Errorf("%s: %v", code, err)
		}
	}
	if _, err := parsePoint(curveName(t, asn1.ObjectIdentifier{1, 3, 132, 0, 35}), nil); pki.CodeOf(err) != "key.curve" {
		t.Errorf("P-521: %v", err)
	}
}

func FuzzParsePoint(f *testing.F) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	bare, err := key.PublicKey.Bytes()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(curveName(f, oidP256), bare)
	f.Add(curveName(f, oidP384), append([]byte{4, 65}, bare...))
	f.Add(curveName(f, oidSM2), bare)
	f.Fuzz(func(t *testing.T, params, point []byte) {
		if got, err := parsePoint(params, point); err == nil {
			if _, err := got.(*ecdsa.PublicKey).Bytes(); err != nil {
				t.Fatalf("%x %x: %v", params, point, err)
			}
		}
	})
}

func FuzzPairDER(f *testing.F) {
	f.Add(make([]byte, 64))
	f.Add([]byte(strings.Repeat("\xff", 96)))
	f.Fuzz(func(t *testing.T, raw []byte) {
		size := len(raw) / 2
		der, err := pairDER(raw, size)
		if err != nil {
			return
		}
		var pair struct{ R, S asn1.RawValue }
		if rest, err := asn1.Unmarshal(der, &pair); err != nil || len(rest) != 0 {
			t.Fatalf("%x became %x (%v)", raw, der, err)
		}
	})
}

func TestVerdicts(t *testing.T) {
	for err, want := range map[error]pool.Verdict{
		nil: pool.Keep, errors.New("x"): pool.Keep, ckrMechanismInvalid: pool.Keep, ckrPINIncorrect: pool.Keep,
		ckrEncryptedDataInvalid: pool.Keep, ckrSessionHandleInvalid: pool.Session, ckrUserNotLoggedIn: pool.Session,
		ckrKeyHandleInvalid: pool.Session, ckrDeviceRemoved: pool.Device, ckrTokenNotPresent: pool.Device,
		ckrCryptokiNotInitialized: pool.Device, fmt.Errorf("signing: %w", ckrDeviceRemoved): pool.Device,
	} {
		if got := verdict(err); got != want {
			t.Errorf("%v: %v", err, got)
		}
	}
}

func TestExplain(t *testing.T) {
	m := &Module{path: "/m.so"}
	for r, want := range map[Return]struct {
		kind pki.Kind
		code string
	}{
		ckrPINIncorrect: {pki.Forbidden, "key.pin"}, ckrPINLocked: {pki.Forbidden, "key.pin-locked"},
		ckrDeviceRemoved: {pki.Unavailable, "key.device-gone"}, ckrSessionHandleInvalid: {pki.Unavailable, "key.device-gone"},
		ckrMechanismInvalid: {pki.Invalid, "key.mechanism"}, ckrKeyFunctionNotAllowed: {pki.Invalid, "key.use"},
		ckrEncryptedDataInvalid: {pki.Invalid, "key.ciphertext"}, ckrSessionCount: {pki.Unavailable, "key.device-busy"},
		ckrGeneralError: {pki.Unavailable, "key.device-failed"}, 0x80000123: {pki.Unavailable, "key.device-refused"},
		ckrTokenWriteProtected: {pki.Forbidden, "key.device-refused"},
	} {
		err := m.explain(r)
		if pki.KindOf(err) != want.kind || pki.CodeOf(err) != want.code || !errors.Is(err, r) || !strings.Contains(err.Error(), r.Error()) {
			t.Errorf("%v: %v (%s)", r, err, pki.CodeOf(err))
		}
		if e, ok := errors.AsType[*pki.Error](err); !ok || e.Remedy == "" {
			t.Errorf("%v: says nothing to do", r)
		}
	}
	if m.explain(nil) != nil {
		t.Error("nothing is an error")
	}
	if Return(0x80000123).Error() != "CKR 0x80000123" {
		t.Error(Return(0x80000123).Error())
	}
}

func TestLoad(t *testing.T) {
	hsm, _ := softhsm(t)
	found, _ := filepath.Glob("/lib/*/libm.so.6")
	if len(found) == 0 {
		t.Fatal("libm.so.6 is missing")
	}
	text := filepath.Join(t.TempDir(), "text.so")
	if err := os.WriteFile(text, []byte("no library"), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, code := range map[string]string{found[0]: "library.symbol", text: "library.load", "/nowhere/m.so": "library.missing", "m.so": "library.path"} {
		if _, err := Load(path, 0); pki.CodeOf(err) != code {
			t.Errorf("%s: %v", path, err)
		}
	}
	a, err := Load(hsm.Module, 0)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := Load(hsm.Module, 16); err != nil || a != b {
		t.Errorf("one module is two (%v)", err)
	}
	if _, err := Load(hsm.Module, 3); pki.CodeOf(err) != "key.sessions" {
		t.Errorf("another number of sessions: %v", err)
	}
}
