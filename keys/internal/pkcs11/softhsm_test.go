package pkcs11

import (
	"bytes"
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"onecert/keys/internal/devicetest"
	"onecert/keys/internal/pool"
	"onecert/pki"
)

func TestMain(m *testing.M) { os.Exit(devicetest.Main(m)) }

// softhsm returns a module whose recovery is quick enough for a test. All modules of
// the process are one SoftHSM inside.
func softhsm(t testing.TB) (devicetest.HSM, *Module) {
	t.Helper()
	hsm := devicetest.SoftHSM(t)
	f, err := loadFunctions(hsm.Module)
	if err != nil {
		t.Fatal(err)
	}
	return hsm, newModule(hsm.Module, f, pool.Config{Size: 8, Quiet: time.Millisecond})
}

func token(label string) Token { return Token{Label: label} }

func generate(t testing.TB, m *Module, hsm devicetest.HSM, n New) crypto.Signer {
	t.Helper()
	if n.Token == (Token{}) {
		n.Token = token("first")
	}
	if n.Object.Label == "" {
		n.Object.Label = devicetest.Unique(string(n.Suite))
	}
	k, err := m.Generate(n, []byte(hsm.PIN), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func openssl(t testing.TB, args ...string) []byte {
	t.Helper()
	output, err := exec.Command("openssl", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("openssl %s: %v\n%s", strings.Join(args, " "), err, output)
	}
	return output
}

// files writes files into a fresh folder and returns it.
func files(t testing.TB, content map[string][]byte) string {
	t.Helper()
	dir := t.TempDir()
	for name, octets := range content {
		if err := os.WriteFile(filepath.Join(dir, name), octets, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func spki(t testing.TB, public crypto.PublicKey) []byte {
	t.Helper()
	der, err := pki.MarshalPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

var message = []byte("to be signed")

func digestOf(hash crypto.Hash) []byte {
	switch hash {
	case crypto.SHA384:
		sum := sha512.Sum384(message)
		return sum[:]
	case crypto.SHA512:
		sum := sha512.Sum512(message)
		return sum[:]
	}
	sum := sha256.Sum256(message)
	return sum[:]
}

// What a token signs, openssl verifies.
func TestSign(t *testing.T) {
	hsm, m := softhsm(t)
	for suite, forms := range map[pki.Suite][]crypto.SignerOpts{
		pki.RSA2048: {crypto.SHA256, crypto.SHA384, crypto.SHA512, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA256},
			&rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthAuto, Hash: crypto.SHA384}, &rsa.PSSOptions{SaltLength: 20, Hash: crypto.SHA512}},
		pki.RSA3072: {crypto.SHA256, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthAuto, Hash: crypto.SHA256}},
		pki.P256:    {crypto.SHA256, crypto.SHA384, crypto.SHA512}, // longer digests are cut
		pki.P384:    {crypto.SHA384, crypto.SHA256, crypto.SHA512},
	} {
		k := generate(t, m, hsm, New{Suite: suite, Use: Sign})
		if got, err := pki.SuiteOf(k.Public()); err != nil || got != suite {
			t.Fatalf("%s: made a %s (%v)", suite, got, err)
		}
		for _, opts := range forms {
			signature, err := k.Sign(nil, digestOf(opts.HashFunc()), opts)
			if err != nil {
				t.Errorf("%s %v: %v", suite, opts, err)
				continue
			}
			dir := files(t, map[string][]byte{"m": message, "sig": signature, "pub": spki(t, k.Public())})
			args := []string{"dgst", "-" + strings.ToLower(strings.ReplaceAll(opts.HashFunc().String(), "-", "")), "-keyform", "DER",
				"-verify", dir + "/pub", "-signature", dir + "/sig"}
			if _, pss := opts.(*rsa.PSSOptions); pss {
				args = append(args, "-sigopt", "rsa_padding_mode:pss")
			}
			openssl(t, append(args, dir+"/m")...)
		}
		if _, err := k.Sign(nil, digestOf(crypto.SHA256)[1:], crypto.SHA256); err == nil {
			t.Errorf("%s: a short digest is signed", suite)
		}
	}
}

func v15Options(sessionKey int) crypto.DecrypterOpts {
	//lint:ignore SA1019 it is what others write
	return &rsa.PKCS1v15DecryptOptions{SessionKeyLen: sessionKey}
}

func TestRSADecrypt(t *testing.T) {
	hsm, m := softhsm(t)
	k := generate(t, m, hsm, New{Suite: pki.RSA2048, Use: Encrypt}).(*RSAKey)
	text := []byte("sixteen octets..")
	dir := files(t, map[string][]byte{"m": text, "pub": spki(t, k.Public())})
	encrypt := func(options ...string) []byte {
		args := append([]string{"pkeyutl", "-encrypt", "-pubin", "-keyform", "DER", "-inkey", dir + "/pub", "-in", dir + "/m", "-out", dir + "/c"}, options...)
		openssl(t, args...)
		cipher, err := os.ReadFile(dir + "/c")
		if err != nil {
			t.Fatal(err)
		}
		return cipher
	}
	v15, oaepSHA1 := encrypt(), encrypt("-pkeyopt", "rsa_padding_mode:oaep")
	for name, c := range map[string]struct {
		cipher []byte
		opts   crypto.DecrypterOpts
	}{
		"PKCS#1 v1.5": {v15, nil}, "with options": {v15, v15Options(0)},
		"session key": {v15, v15Options(16)},
		"OAEP":        {oaepSHA1, &rsa.OAEPOptions{Hash: crypto.SHA1}},
	} {
		if opened, err := k.Decrypt(rand.Reader, c.cipher, c.opts); err != nil || !bytes.Equal(opened, text) {
			t.Errorf("%s: %q %v", name, opened, err)
		}
	}
	// What does not open gives a random key where a session key is expected, an error elsewhere.
	bad := bytes.Clone(v15)
	bad[100] ^= 1
	for name, cipher := range map[string][]byte{"bad padding": bad, "another padding": oaepSHA1} {
		if opened, err := k.Decrypt(rand.Reader, cipher, nil); err == nil || len(opened) != 0 {
			t.Errorf("%s opens: %q", name, opened)
		}
		one, err1 := k.Decrypt(rand.Reader, cipher, v15Options(16))
		two, err2 := k.Decrypt(rand.Reader, cipher, v15Options(16))
		if err1 != nil || err2 != nil || len(one) != 16 || bytes.Equal(one, two) {
			t.Errorf("%s tells that it is: %x %v, %x %v", name, one, err1, two, err2)
		}
	}
	if key, err := k.Decrypt(rand.Reader, v15, v15Options(32)); err != nil || len(key) != 32 || bytes.Contains(key, text) {
		t.Errorf("a key of another length: %x %v", key, err)
	}
	if _, err := k.Decrypt(rand.Reader, v15[1:], nil); pki.CodeOf(err) != "key.ciphertext" {
		t.Errorf("a short ciphertext: %v", err)
	}
	if _, err := k.Decrypt(rand.Reader, v15, &rsa.OAEPOptions{Hash: crypto.MD5}); pki.CodeOf(err) != "key.padding" {
		t.Errorf("OAEP with MD5: %v", err)
	}
	if _, err := k.Sign(nil, digestOf(crypto.SHA256), crypto.SHA256); pki.CodeOf(err) != "key.use" {
		t.Errorf("a key for decrypting signs: %v", err)
	}
}

// The token and openssl agree on a key.
func TestECDH(t *testing.T) {
	hsm, m := softhsm(t)
	for suite, curve := range map[pki.Suite]ecdh.Curve{pki.P256: ecdh.P256(), pki.P384: ecdh.P384()} {
		k := generate(t, m, hsm, New{Suite: suite, Use: Encrypt}).(*ECKey)
		if k.Curve() != curve || k.PublicKey() == nil {
			t.Fatalf("%s: curve %v", suite, k.Curve())
		}
		dir := files(t, map[string][]byte{"pub": spki(t, k.Public())})
		name := map[pki.Suite]string{pki.P256: "P-256", pki.P384: "P-384"}[suite]
		openssl(t, "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:"+name, "-out", dir+"/peer.pem")
		public, err := pki.ParsePublicKey(openssl(t, "pkey", "-in", dir+"/peer.pem", "-pubout", "-outform", "DER"))
		if err != nil {
			t.Fatal(err)
		}
		peer, err := public.(*ecdsa.PublicKey).ECDH()
		if err != nil {
			t.Fatal(err)
		}
		openssl(t, "pkeyutl", "-derive", "-inkey", dir+"/peer.pem", "-peerkey", dir+"/pub", "-peerform", "DER", "-out", dir+"/secret")
		want, err := os.ReadFile(dir + "/secret")
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if got, err := k.ECDH(peer); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s: %x, openssl has %x (%v)", suite, got, want, err)
			}
		}
		other, err := ecdh.X25519().GenerateKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := k.ECDH(other.PublicKey()); pki.CodeOf(err) != "key.curve" {
			t.Errorf("another curve: %v", err)
		}
	}
}

// Keys others made: by openssl, put into the token by SoftHSM's own tool.
func TestImported(t *testing.T) {
	hsm, m := softhsm(t)
	dir := t.TempDir()
	for _, genpkey := range [][]string{
		{"-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"},
		{"-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"},
	} {
		name := devicetest.Unique("imported")
		ids := [2]string{name + " 1", name + " 2"}
		for _, id := range ids { // twice under one label
			key := filepath.Join(dir, id)
			openssl(t, append([]string{"genpkey", "-out", key}, genpkey...)...)
			output, err := exec.Command("softhsm2-util", "--import", key, "--token", "second", "--label", name, "--id", hex.EncodeToString([]byte(id)), "--pin", hsm.PIN).CombinedOutput()
			if err != nil {
				t.Fatalf("softhsm2-util --import: %v\n%s", err, output)
			}
		}
		if _, err := m.Open(token("second"), Object{Label: name}, []byte(hsm.PIN)); pki.CodeOf(err) != "key.several" {
			t.Errorf("%s: two keys of one name: %v", name, err)
		}
		for _, o := range []Object{{Label: name, ID: ids[1]}, {ID: ids[1]}} {
			k, err := m.Open(token("second"), o, []byte(hsm.PIN))
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if want := openssl(t, "pkey", "-in", filepath.Join(dir, ids[1]), "-pubout", "-outform", "DER"); !bytes.Equal(spki(t, k.Public()), want) {
				t.Errorf("%s: another public key", name)
			}
			if _, err := k.Sign(nil, digestOf(crypto.SHA384), crypto.SHA384); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func TestConcurrent(t *testing.T) {
	hsm, m := softhsm(t)
	for _, suite := range []pki.Suite{pki.RSA2048, pki.P256} {
		k := generate(t, m, hsm, New{Suite: suite, Use: Sign})
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() {
				for range 200 {
					if _, err := k.Sign(nil, digestOf(crypto.SHA256), crypto.SHA256); err != nil { // verified inside
						t.Error(err)
						return
					}
				}
			})
		}
		group.Wait()
	}
}

// The tokens' folder is moved away under a running process, and comes back.
func TestRemovedAndBack(t *testing.T) {
	hsm, m := softhsm(t)
	first := generate(t, m, hsm, New{Suite: pki.P256, Use: Sign})
	other := generate(t, m, hsm, New{Token: token("third"), Suite: pki.P256, Use: Sign})
	away := hsm.Dir + ".away"
	for range 3 {
		if err := os.Rename(hsm.Dir, away); err != nil {
			t.Fatal(err)
		}
		for range 4 {
			_, err := first.Sign(nil, digestOf(crypto.SHA256), crypto.SHA256)
			if pki.KindOf(err) != pki.Unavailable || pki.CodeOf(err) != "key.device-gone" {
				t.Errorf("without its token: %v (%s)", err, pki.CodeOf(err))
			}
			time.Sleep(2 * time.Millisecond)
		}
		if err := os.Rename(away, hsm.Dir); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Millisecond)
		for _, k := range []crypto.Signer{first, other} {
			if _, err := k.Sign(nil, digestOf(crypto.SHA256), crypto.SHA256); err != nil {
				t.Errorf("after it is back: %v", err)
			}
		}
	}
}

func TestRemovedUnderLoad(t *testing.T) {
	hsm, m := softhsm(t)
	k := generate(t, m, hsm, New{Suite: pki.P256, Use: Sign})
	stop := make(chan struct{})
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if _, err := k.Sign(nil, digestOf(crypto.SHA256), crypto.SHA256); err != nil {
					if pki.KindOf(err) != pki.Unavailable {
						t.Errorf("without its token: %v", err)
						return
					}
					time.Sleep(time.Millisecond)
				}
			}
		})
	}
	for range 3 {
		time.Sleep(50 * time.Millisecond)
		if err := os.Rename(hsm.Dir, hsm.Dir+".away"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(30 * time.Millisecond)
		if err := os.Rename(hsm.Dir+".away", hsm.Dir); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(50 * time.Millisecond)
	close(stop)
	group.Wait()
	if _, err := k.Sign(nil, digestOf(crypto.SHA256), crypto.SHA256); err != nil {
		t.Error(err)
	}
}
