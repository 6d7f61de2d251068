package pkcs11

import (
	"crypto"
	"crypto/rand"
	"os"
	"os/exec"
	"strings"
	"testing"
	"unsafe"

	"onecert/keys/internal/devicetest"
	"onecert/pki"
)

// childVariable marks the fresh process of TestWrongPIN.
const childVariable = "ONECERT_TEST_FRESH_PROCESS"

// A wrong PIN shows only in a process that has not logged in yet: it is tried in a
// fresh one.
func TestWrongPIN(t *testing.T) {
	hsm, m := softhsm(t)
	name := devicetest.Unique("pin")
	generate(t, m, hsm, New{Object: Object{Label: name}, Token: token("fourth"), Suite: pki.P256, Use: Sign})
	child := exec.Command(os.Args[0], "-test.run=^TestFreshProcess$", "-test.v")
	child.Env = append(os.Environ(), childVariable+"="+name)
	output, err := child.CombinedOutput()
	if err != nil || !strings.Contains(string(output), "--- PASS: TestFreshProcess") {
		t.Fatalf("%v\n%s", err, output)
	}
	if strings.Contains(string(output), "13572468") || strings.Contains(string(output), hsm.PIN) {
		t.Errorf("a PIN is printed:\n%s", output)
	}
	// Here the token is logged in and would take any PIN; the process does not.
	if _, err := m.Open(token("fourth"), Object{Label: name}, []byte("13572468")); pki.CodeOf(err) != "key.pin-differs" || pki.KindOf(err) != pki.Forbidden {
		t.Errorf("a wrong PIN while logged in: %v", err)
	}
}

func TestFreshProcess(t *testing.T) {
	name := os.Getenv(childVariable)
	if name == "" {
		return // part of TestWrongPIN
	}
	hsm := devicetest.SoftHSM(t)
	m, err := Load(hsm.Module, 0)
	if err != nil {
		t.Fatal(err)
	}
	open := func(pin string) error {
		_, err := m.Open(token("fourth"), Object{Label: name}, []byte(pin))
		t.Log(err)
		return err
	}
	for _, pin := range []string{"13572468", "13572468", "13572468", "13572468"} {
		if err := open(pin); pki.CodeOf(err) != "key.pin" || pki.KindOf(err) != pki.Forbidden {
			t.Errorf("a wrong PIN: %v", err)
		}
	}
	if err := open(""); pki.CodeOf(err) != "key.passphrase-missing" {
		t.Errorf("no PIN: %v", err)
	}
	if err := open("1"); pki.CodeOf(err) != "key.pin" {
		t.Errorf("a short PIN: %v", err)
	}
	if err := open(hsm.PIN); err != nil {
		t.Errorf("the right PIN after wrong ones: %v", err)
	}
}

// A key may want the PIN at each use (CKA_ALWAYS_AUTHENTICATE).
func TestAlwaysAuthenticate(t *testing.T) {
	hsm, m := softhsm(t)
	generate(t, m, hsm, New{Token: token("fifth"), Suite: pki.P256, Use: Sign}) // logs in
	where, _, err := m.locate(token("fifth"))
	if err != nil {
		t.Fatal(err)
	}
	how, public, private, err := pairTemplates(pki.RSA2048, Sign)
	if err != nil {
		t.Fatal(err)
	}
	name := Object{Label: devicetest.Unique("always")}
	own := object{name, ckoPrivate}.template()[1:]
	private = append(append(private, own...), yes(ckaAlwaysAuthenticate, true))
	if err := m.write(where, func(s *session) error { return m.makePair(s, how, append(public, own...), private) }); err != nil {
		t.Fatal(err)
	}
	k, err := m.Open(token("fifth"), name, []byte(hsm.PIN))
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err := k.Sign(nil, digestOf(crypto.SHA256), crypto.SHA256); err != nil {
			t.Error(err)
		}
	}
	// The token itself refuses without: so the PIN was really shown.
	err = k.(*RSAKey).use(func(s *session, h handle) error {
		if !h.always {
			t.Error("the attribute was not seen")
		}
		if err := m.f.begin(fnSignInit, s.handle, &mechanism{kind: ckmRSAPKCS}, h.number); err != nil {
			return err
		}
		_, err := m.f.crypt(fnSign, s.handle, []byte("x"), 256)
		return err
	})
	if err == nil {
		t.Error("the token signs without being shown the PIN")
	}
}

func TestGenerate(t *testing.T) {
	hsm, m := softhsm(t)
	n := New{token("sixth"), Object{Label: devicetest.Unique("ca")}, pki.P256, Sign}
	made := generate(t, m, hsm, n)
	if _, err := m.Generate(n, []byte(hsm.PIN), rand.Reader); pki.CodeOf(err) != "key.exists" || pki.KindOf(err) != pki.Conflict {
		t.Errorf("made twice: %v", err)
	}
	opened, err := m.Open(n.Token, n.Object, []byte(hsm.PIN))
	if err != nil || string(spki(t, opened.Public())) != string(spki(t, made.Public())) {
		t.Errorf("another key is opened (%v)", err)
	}
	k := opened.(*ECKey)
	err = k.use(func(s *session, h handle) error {
		for kind, want := range map[ulong]bool{ckaSensitive: true, ckaExtractable: false, ckaPrivate: true, ckaToken: true,
			ckaSign: true, ckaDecrypt: false, ckaDerive: false} {
			if got, err := m.flag(s, h.number, kind); err != nil || got != want {
				t.Errorf("attribute %#x is %v (%v)", kind, got, err)
			}
		}
		if id, err := m.f.value(s.handle, h.number, ckaID); err != nil || len(id) != idLen {
			t.Errorf("id %x (%v)", id, err)
		}
		if secret, err := m.f.value(s.handle, h.number, ckaValue); err != nil || len(secret) != 0 {
			t.Errorf("the token gives the key out (%v)", err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	for want, n := range map[string]New{
		"key.no-sm2":      {token("sixth"), Object{Label: "sm2"}, pki.SM2, Sign},
		"key.name":        {token("sixth"), Object{}, pki.P256, Sign},
		"suite.unknown":   {token("sixth"), Object{Label: "x"}, "x", Sign},
		"key.device-gone": {token("nobody"), Object{Label: "x"}, pki.P256, Sign},
	} {
		if _, err := m.Generate(n, []byte(hsm.PIN), rand.Reader); pki.CodeOf(err) != want {
			t.Errorf("%s: %v", want, err)
		}
	}
	if _, err := m.Generate(New{token("sixth"), Object{Label: "y"}, pki.SM2, Sign}, nil, rand.Reader); pki.KindOf(err) != pki.NotImplemented || !strings.Contains(err.Error(), "SoftHSM") {
		t.Errorf("SM2: %v", err)
	}
	if _, err := m.Open(token("sixth"), Object{Label: "nothing"}, []byte(hsm.PIN)); pki.CodeOf(err) != "key.missing" || pki.KindOf(err) != pki.Unknown {
		t.Errorf("no such key: %v", err)
	}
}

func TestWhichToken(t *testing.T) {
	hsm, m := softhsm(t)
	if _, err := m.Describe(Token{}); pki.CodeOf(err) != "key.several" || pki.KindOf(err) != pki.Invalid {
		t.Errorf("no token named among several: %v", err)
	}
	for _, label := range hsm.Tokens {
		info, err := m.Describe(token(label))
		if err != nil || info.Label != label || info.Serial == "" || !strings.Contains(info.Model, "SoftHSM") || !strings.HasPrefix(info.Firmware, "2.") {
			t.Errorf("%+v %v", info, err)
		}
		where, _, err := m.locate(Token{Serial: info.Serial})
		if err != nil || where.label != label {
			t.Errorf("by serial number: %+v %v", where, err)
		}
	}
	slots, err := m.f.slots()
	if err != nil {
		t.Fatal(err)
	}
	where, info, err := m.locate(Token{Slot: slots[0], HasSlot: true})
	if err != nil || !where.hasSlot || where.slot != slots[0] {
		t.Errorf("by slot: %+v %v", where, err)
	}
	if _, err := m.Describe(Token{Slot: slots[0], HasSlot: true, Serial: "0"}); pki.CodeOf(err) != "key.device-gone" {
		t.Errorf("another token in the slot: %v", err)
	}
	if info.flags&ckfInitialized == 0 || unsafe.Sizeof(*info) != 208 {
		t.Errorf("flags %#x, CK_TOKEN_INFO of %d octets", info.flags, unsafe.Sizeof(*info))
	}
}

func TestSecret(t *testing.T) {
	hsm, m := softhsm(t)
	name := Object{Label: devicetest.Unique("aes")}
	if _, err := m.OpenSecret(token("first"), name, []byte(hsm.PIN)); pki.CodeOf(err) != "key.missing" {
		t.Errorf("before it is made: %v", err)
	}
	if _, err := m.GenerateSecret(token("first"), name, []byte(hsm.PIN), rand.Reader); err != nil {
		t.Fatal(err)
	}
	if _, err := m.GenerateSecret(token("first"), name, []byte(hsm.PIN), rand.Reader); pki.CodeOf(err) != "key.exists" {
		t.Errorf("made twice: %v", err)
	}
	s, err := m.OpenSecret(token("first"), name, []byte(hsm.PIN))
	if err != nil {
		t.Fatal(err)
	}
	iv, text := digestOf(crypto.SHA256)[:16], digestOf(crypto.SHA512)[:32]
	cipher, err := s.Encrypt(iv, text)
	if err != nil || string(cipher) == string(text) || len(cipher) != 32 {
		t.Fatalf("%x %v", cipher, err)
	}
	if opened, err := s.Decrypt(iv, cipher); err != nil || string(opened) != string(text) {
		t.Errorf("%x %v", opened, err)
	}
	for _, blocks := range [][]byte{nil, text[:15], text[:17]} {
		if _, err := s.Encrypt(iv, blocks); pki.CodeOf(err) != "key.blocks" {
			t.Errorf("%d octets: %v", len(blocks), err)
		}
	}
}

func TestRandom(t *testing.T) {
	_, m := softhsm(t)
	for _, size := range []int{0, 1, 256, 1000} {
		a, b := make([]byte, size), make([]byte, size)
		if err := m.Random(token("first"), a); err != nil {
			t.Fatal(err)
		}
		if err := m.Random(token("first"), b); err != nil {
			t.Fatal(err)
		}
		if size > 16 && (string(a) == string(b) || string(a[size-16:]) == string(make([]byte, 16))) {
			t.Errorf("%d octets are not random", size)
		}
	}
}
