package sdf

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/keys/internal/devicetest"
	"onecert/keys/internal/pool"
	"onecert/pki"
)

// quick makes recovery quick enough for a test.
func quick() pool.Config { return pool.Config{Size: 8, Quiet: time.Millisecond} }

func newTestDevice(t testing.TB, variant devicetest.Variant) (devicetest.SDF, *Device) {
	t.Helper()
	soft := devicetest.NewSDF(t, variant)
	d, err := newDevice(soft.Library, quick())
	if err != nil {
		t.Fatal(err)
	}
	return soft, d
}

func open(t testing.TB, d *Device, soft devicetest.SDF, at Address) crypto.Signer {
	t.Helper()
	if at.Field == 0 {
		at.Field = 64
	}
	k, err := d.Open(at, []byte(soft.Password))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func openssl(t testing.TB, args ...string) []byte {
	t.Helper()
	output, err := exec.Command("openssl", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("openssl %v: %v\n%s", args, err, output)
	}
	return output
}

// clean fails if the device saw its caller misbehave.
func clean(t testing.TB, soft devicetest.SDF) {
	t.Helper()
	if n := soft.Count(t, devicetest.Misuses); n != 0 {
		t.Errorf("the device was misused %d times", n)
	}
}

func digest(t testing.TB) []byte {
	t.Helper()
	e := make([]byte, digestLen)
	if _, err := rand.Read(e); err != nil {
		t.Fatal(err)
	}
	return e
}

// opensslVerifies lets OpenSSL judge a signature over e with the key file's own public key.
func opensslVerifies(t testing.TB, soft devicetest.SDF, pair string, e, signature []byte) {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string][]byte{"e": e, "sig": signature} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	openssl(t, "pkeyutl", "-verify", "-inkey", filepath.Join(soft.Dir, pair), "-in", filepath.Join(dir, "e"), "-sigfile", filepath.Join(dir, "sig"))
}

func TestSign(t *testing.T) {
	for _, c := range []struct {
		variant devicetest.Variant
		field   int
	}{{devicetest.Standard, 64}, {devicetest.Field32, 32}} {
		soft, d := newTestDevice(t, c.variant)
		for _, index := range []uint32{1, 2} {
			k := open(t, d, soft, Address{Index: index, Use: Sign, Field: c.field})
			spki, err := smx509.MarshalPKIXPublicKey(k.Public())
			pair := "sign-" + string(rune('0'+index)) + ".pem"
			if want := openssl(t, "pkey", "-in", filepath.Join(soft.Dir, pair), "-pubout", "-outform", "DER"); err != nil || !bytes.Equal(spki, want) {
				t.Fatalf("field %d, index %d: another public key (%v)", c.field, index, err)
			}
			e := digest(t)
			signature, err := k.Sign(nil, e, nil)
			if err != nil {
				t.Fatal(err)
			}
			opensslVerifies(t, soft, pair, e, signature)
			if _, err := k.Sign(nil, e[1:], nil); pki.CodeOf(err) != "key.digest" {
				t.Errorf("31 octets: %v", err)
			}
		}
		clean(t, soft)
	}
}

func TestDecrypt(t *testing.T) {
	for _, c := range []struct {
		variant devicetest.Variant
		at      Address
	}{
		{devicetest.Standard, Address{Field: 64}},
		{devicetest.Field32, Address{Field: 32}},
		{devicetest.ShortDecrypt, Address{Field: 64, ShortDecrypt: true}},
	} {
		soft, d := newTestDevice(t, c.variant)
		c.at.Index, c.at.Use = 1, Encrypt
		k := open(t, d, soft, c.at).(*EncryptKey)
		dir := t.TempDir()
		for _, size := range []int{1, 16, 32, 136, 300} {
			text := bytes.Repeat([]byte{0x5a}, size)
			in, out := filepath.Join(dir, "text"), filepath.Join(dir, "cipher")
			if err := os.WriteFile(in, text, 0o600); err != nil {
				t.Fatal(err)
			}
			openssl(t, "pkeyutl", "-encrypt", "-inkey", filepath.Join(soft.Dir, "enc-1.pem"), "-in", in, "-out", out)
			cipher, err := os.ReadFile(out)
			if err != nil {
				t.Fatal(err)
			}
			opened, err := k.Decrypt(nil, cipher, nil)
			if err != nil || !bytes.Equal(opened, text) {
				t.Errorf("%q, %d octets: %x %v", c.variant, size, opened, err)
			}
			cipher[len(cipher)-1] ^= 1
			if _, err := k.Decrypt(nil, cipher, nil); pki.CodeOf(err) != "key.ciphertext" || pki.KindOf(err) != pki.Invalid {
				t.Errorf("%q, a changed ciphertext: %v", c.variant, err)
			}
		}
		if _, err := k.Sign(nil, digest(t), nil); pki.CodeOf(err) != "key.use" {
			t.Errorf("signing with the encryption pair: %v", err)
		}
		if n := soft.Count(t, devicetest.OpenedDevices); n != 1 {
			t.Errorf("bad ciphertexts made us connect %d times", n)
		}
		clean(t, soft)
	}
}

// The wrong form of a call is told from a broken device.
func TestWrongForm(t *testing.T) {
	soft, d := newTestDevice(t, devicetest.Field32)
	if _, err := d.Open(Address{Index: 1, Use: Sign, Field: 64}, []byte(soft.Password)); pki.CodeOf(err) != "key.point" {
		t.Errorf("a library with short fields read as the standard: %v", err)
	}
	soft, d = newTestDevice(t, devicetest.Standard)
	if _, err := d.Open(Address{Index: 1, Use: Sign, Field: 32}, []byte(soft.Password)); pki.CodeOf(err) != "key.point" {
		t.Errorf("the standard read with short fields: %v", err)
	}
	clean(t, soft)
}

func TestConcurrent(t *testing.T) {
	soft, d := newTestDevice(t, devicetest.Standard)
	k, other := open(t, d, soft, Address{Index: 1, Use: Sign}), open(t, d, soft, Address{Index: 2, Use: Sign})
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 100 {
				for _, k := range []crypto.Signer{k, other} {
					if _, err := k.Sign(nil, digest(t), nil); err != nil { // verified inside
						t.Error(err)
						return
					}
				}
			}
		})
	}
	group.Wait()
	if n := soft.Count(t, devicetest.OpenSessions); n < 1 || n > 8 {
		t.Errorf("%d sessions", n)
	}
	clean(t, soft)
}

// For libraries that allow one session: everything works in it.
func TestOneSession(t *testing.T) {
	soft := devicetest.NewSDF(t, devicetest.Standard)
	d, err := newDevice(soft.Library, pool.Config{Size: 1, Quiet: time.Millisecond, Wait: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	sign, decrypt := open(t, d, soft, Address{Index: 1, Use: Sign}), open(t, d, soft, Address{Index: 2, Use: Encrypt})
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for range 20 {
				if _, err := sign.Sign(nil, digest(t), nil); err != nil {
					t.Error(err)
				}
				if _, err := decrypt.(*EncryptKey).Decrypt(nil, octets(t, vectors(t).Cipher[0].DER, -1), nil); pki.CodeOf(err) != "key.ciphertext" {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	if n := soft.Count(t, devicetest.OpenSessions); n != 1 {
		t.Errorf("%d sessions", n)
	}
	clean(t, soft)
}

// A device that answers a missing right with a code that says nothing.
func TestHint(t *testing.T) {
	failed := pki.Errorf(pki.Unavailable, "key.device-failed", "failed").To("look")
	if err := (&key{bare: true}).hint(failed); !strings.Contains(err.Error(), "pass-source") || failed.Remedy != "look" {
		t.Error(err)
	}
	if err := (&key{}).hint(failed); err != error(failed) {
		t.Error(err)
	}
}

func TestVanishedAndBack(t *testing.T) {
	for _, how := range []string{"COMMFAIL", "HARDFAIL"} {
		soft, d := newTestDevice(t, devicetest.Standard)
		k := open(t, d, soft, Address{Index: 1, Use: Sign})
		soft.Break(t, how)
		for range 3 {
			_, err := k.Sign(nil, digest(t), nil)
			if pki.KindOf(err) != pki.Unavailable || pki.CodeOf(err) != "key.device-gone" {
				t.Errorf("%s: %v", how, err)
			}
			time.Sleep(2 * time.Millisecond)
		}
		if _, err := d.Open(Address{Index: 1, Use: Sign, Field: 64}, []byte(soft.Password)); pki.CodeOf(err) != "key.device-gone" {
			t.Errorf("%s: opening a key: %v", how, err)
		}
		soft.Mend(t)
		time.Sleep(2 * time.Millisecond)
		if _, err := k.Sign(nil, digest(t), nil); err != nil {
			t.Errorf("%s: after it is back: %v", how, err)
		}
		if n := soft.Count(t, devicetest.WrongPasswords); n != 0 {
			t.Errorf("%d wrong passwords", n)
		}
		clean(t, soft)
	}
}

// Gone and back between two signatures: nobody is troubled.
func TestRestartedDevice(t *testing.T) {
	soft, d := newTestDevice(t, devicetest.Standard)
	k := open(t, d, soft, Address{Index: 1, Use: Sign})
	soft.Break(t, "COMMFAIL")
	_, _ = d.Describe() // somebody notices, so that the sessions die
	soft.Mend(t)
	time.Sleep(2 * time.Millisecond)
	if _, err := k.Sign(nil, digest(t), nil); err != nil {
		t.Error(err)
	}
	clean(t, soft)
}

func TestManySignWhileItVanishes(t *testing.T) {
	soft, d := newTestDevice(t, devicetest.Standard)
	k := open(t, d, soft, Address{Index: 1, Use: Sign})
	var group sync.WaitGroup
	var done, failed atomic.Int64
	stop := make(chan struct{})
	for range 8 {
		group.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				switch _, err := k.Sign(nil, digest(t), nil); {
				case err == nil:
					done.Add(1)
				case pki.KindOf(err) == pki.Unavailable:
					failed.Add(1)
					time.Sleep(time.Millisecond)
				default:
					t.Error(err)
					return
				}
			}
		})
	}
	for range 5 {
		time.Sleep(30 * time.Millisecond)
		soft.Break(t, "COMMFAIL")
		before := failed.Load()
		for deadline := time.Now().Add(time.Minute); failed.Load() == before && time.Now().Before(deadline); {
			time.Sleep(20 * time.Millisecond)
		}
		soft.Mend(t)
	}
	for deadline := time.Now().Add(time.Minute); done.Load() == 0 && time.Now().Before(deadline); {
		time.Sleep(30 * time.Millisecond)
	}
	close(stop)
	group.Wait()
	if _, err := k.Sign(nil, digest(t), nil); err != nil || done.Load() == 0 || failed.Load() == 0 {
		t.Errorf("%v after %d signatures and %d failures", err, done.Load(), failed.Load())
	}
	clean(t, soft)
}

func TestWrongPassword(t *testing.T) {
	soft, d := newTestDevice(t, devicetest.Standard)
	at := Address{Index: 1, Use: Sign, Field: 64}
	for range 5 {
		if _, err := d.Open(at, []byte("b1234567")); pki.CodeOf(err) != "key.pin" || pki.KindOf(err) != pki.Forbidden {
			t.Errorf("a wrong password: %v", err)
		}
	}
	if n := soft.Count(t, devicetest.WrongPasswords); n != 1 {
		t.Errorf("a wrong password was shown %d times", n)
	}
	k := open(t, d, soft, at)
	if _, err := d.Open(at, []byte("b1234567")); pki.CodeOf(err) != "key.pin-differs" {
		t.Errorf("a wrong password while the right one is in force: %v", err)
	}
	if _, err := k.Sign(nil, digest(t), nil); err != nil {
		t.Error(err)
	}
	// Without a password the device says what it wants.
	bare, err := d.Open(Address{Index: 2, Use: Sign, Field: 64}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := bare.Sign(nil, digest(t), nil); pki.CodeOf(err) != "key.passphrase-missing" || pki.KindOf(err) != pki.Forbidden {
		t.Errorf("no password: %v", err)
	}
	clean(t, soft)
}

// The password was changed in the device while it was away: it is shown once.
func TestPasswordChanged(t *testing.T) {
	soft, d := newTestDevice(t, devicetest.Standard)
	k := open(t, d, soft, Address{Index: 1, Use: Sign})
	if err := os.WriteFile(filepath.Join(soft.Dir, "pass-1"), []byte("other"), 0o600); err != nil {
		t.Fatal(err)
	}
	soft.Break(t, "COMMFAIL")
	_, _ = d.Describe()
	soft.Mend(t)
	time.Sleep(2 * time.Millisecond)
	for range 5 {
		if _, err := k.Sign(nil, digest(t), nil); pki.CodeOf(err) != "key.pin" {
			t.Error(err)
		}
	}
	if n := soft.Count(t, devicetest.WrongPasswords); n != 1 {
		t.Errorf("the old password was shown %d times", n)
	}
}

// Another device answers under the same library: its signatures are not given out.
func TestExchangedDevice(t *testing.T) {
	soft, d := newTestDevice(t, devicetest.Standard)
	k, err := d.Open(Address{Index: 1, Use: Sign, Field: 64}, []byte(soft.Password))
	if err != nil {
		t.Fatal(err)
	}
	k.(*SignKey).at.Index = 2 // the key at 2 stands for the one that came in between
	if err := d.password(2).Try([]byte(soft.Password), func() error { return nil }); err != nil {
		t.Fatal(err)
	}
	if _, err := k.Sign(nil, digest(t), nil); pki.CodeOf(err) != "key.device-wrong" {
		t.Error(err)
	}
}

func TestMissing(t *testing.T) {
	soft, d := newTestDevice(t, devicetest.Standard)
	for _, use := range []Use{Sign, Encrypt} {
		if _, err := d.Open(Address{Index: 9, Use: use, Field: 64}, []byte("x")); pki.CodeOf(err) != "key.missing" || pki.KindOf(err) != pki.Unknown {
			t.Errorf("no key: %v", err)
		}
	}
	clean(t, soft)
	dir := t.TempDir()
	text := filepath.Join(dir, "text.so")
	if err := os.WriteFile(text, []byte("no library"), 0o600); err != nil {
		t.Fatal(err)
	}
	open := filepath.Join(dir, "open.so")
	if err := os.WriteFile(open, []byte("no library"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(open, 0o666); err != nil {
		t.Fatal(err)
	}
	libm, _ := filepath.Glob("/lib/*/libm.so.6")
	if len(libm) == 0 {
		t.Fatal("libm.so.6 is missing")
	}
	for path, code := range map[string]string{
		filepath.Join(dir, "none.so"): "library.missing", text: "library.load", open: "library.mode",
		"libsoftsdf.so": "library.path", dir: "library.load", libm[0]: "library.symbol",
	} {
		if _, err := Load(path, 0); pki.CodeOf(err) != code {
			t.Errorf("%s: %v", path, err)
		}
	}
	lacks, err := newDevice(devicetest.NewSDF(t, devicetest.LacksSign).Library, quick())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lacks.Open(Address{Index: 1, Use: Sign, Field: 64}, []byte("x")); pki.CodeOf(err) != "library.symbol" {
		t.Errorf("a library that cannot sign: %v", err)
	}
}

func TestLoadOnce(t *testing.T) {
	soft := devicetest.NewSDF(t, devicetest.Standard)
	link := filepath.Join(t.TempDir(), "link.so")
	if err := os.Symlink(soft.Library, link); err != nil {
		t.Fatal(err)
	}
	a, err := Load(soft.Library, 4)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := Load(link, 0); err != nil || a != b {
		t.Errorf("one library is two devices (%v)", err)
	}
	if _, err := Load(link, 5); pki.CodeOf(err) != "key.sessions" {
		t.Errorf("another number of sessions: %v", err)
	}
	if _, err := Load(link, 1000); pki.CodeOf(err) != "key.uri" {
		t.Errorf("1000 sessions: %v", err)
	}
}

func TestRandomAndInfo(t *testing.T) {
	soft, d := newTestDevice(t, devicetest.Standard)
	info, err := d.Describe()
	if err != nil || info != (Info{"OneCert tests", "softsdf", "2026112300100042", 0x00010203, 1}) {
		t.Errorf("%+v %v", info, err)
	}
	for _, size := range []int{0, 1, 256, 257, 1000} {
		a, b := make([]byte, size), make([]byte, size)
		if err := d.Random(a); err != nil {
			t.Fatal(err)
		}
		if err := d.Random(b); err != nil {
			t.Fatal(err)
		}
		if size > 16 && (bytes.Equal(a, b) || bytes.Equal(a[size-16:], make([]byte, 16))) {
			t.Errorf("%d octets are not random", size)
		}
	}
	clean(t, soft)
}

func TestKEK(t *testing.T) {
	soft, d := newTestDevice(t, devicetest.Standard)
	k, err := d.OpenKEK(1)
	if err != nil {
		t.Fatal(err)
	}
	iv, secret := digest(t)[:16], digest(t)
	wrapped, cipher, err := k.Encrypt(iv, secret)
	if err != nil || bytes.Equal(cipher, secret) || len(cipher) != len(secret) {
		t.Fatalf("%x %x %v", wrapped, cipher, err)
	}
	opened, err := k.Decrypt(wrapped, iv, cipher)
	if err != nil || !bytes.Equal(opened, secret) {
		t.Errorf("%x %v", opened, err)
	}
	wrapped[len(wrapped)-1] ^= 1
	if opened, err := k.Decrypt(wrapped, iv, cipher); err == nil && bytes.Equal(opened, secret) {
		t.Error("a changed key opens the text")
	}
	other, err := d.OpenKEK(7)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := other.Encrypt(iv, secret); pki.CodeOf(err) != "key.missing" {
		t.Errorf("no KEK: %v", err)
	}
	if n := soft.Count(t, devicetest.OpenKeys); n != 0 {
		t.Errorf("%d keys were left in the device", n)
	}
	clean(t, soft)
}

func TestCodes(t *testing.T) {
	for code, name := range map[Code]string{sdrCommFail: "SDR_COMMFAIL", sdrParDeny: "SDR_PARDENY", sdrEncData: "SDR_ENCDATAERR",
		sdrBase + 0x1e: "SDR_OUTARGERR", 0x01010001: "SDR 0x01010001", 0xffffffff: "SDR 0xFFFFFFFF"} {
		if code.Error() != name {
			t.Errorf("%x is called %s", uint32(code), code)
		}
	}
}
