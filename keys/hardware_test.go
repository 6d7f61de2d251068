package keys

import (
	"bytes"
	"crypto"
	"crypto/ecdh"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"

	"onecert/keys/internal/devicetest"
	"onecert/pki"
)

func TestMain(m *testing.M) { os.Exit(devicetest.Main(m)) }

// tokenURI names an object in one of SoftHSM's tokens.
func tokenURI(t testing.TB, label, object, use string) (string, devicetest.HSM) {
	t.Helper()
	hsm := devicetest.SoftHSM(t)
	return URI{Scheme: "pkcs11", Path: hsm.Module, Pass: hsm.PINFile, Token: Token{Label: label}, Object: Object{Label: object}, Use: use}.String(), hsm
}

func cardURI(soft devicetest.SDF, index uint32, use string) string {
	u := URI{Scheme: "sdf", Path: soft.Library, Index: index, HasIndex: true, Use: use}
	if use != "kek" {
		u.Pass = soft.PasswordFile
	}
	return u.String()
}

func opened(t testing.TB, uri string) *Key {
	t.Helper()
	key, err := Open(uri, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// hardwareKeys are keys in devices, one a suite: the same tests as for keys in files.
func hardwareKeys(t testing.TB) map[pki.Suite]*Key {
	t.Helper()
	made := map[pki.Suite]*Key{}
	for _, suite := range []pki.Suite{pki.RSA2048, pki.P256, pki.P384} {
		uri, _ := tokenURI(t, "first", devicetest.Unique(string(suite)), "")
		key, err := Generate(uri, suite, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if again := opened(t, uri); !samePublic(again.Public(), key.Public()) {
			t.Errorf("%s: another key is opened", suite)
		}
		made[suite] = key
	}
	made[pki.SM2] = opened(t, cardURI(devicetest.NewSDF(t, devicetest.Standard), 1, "sign"))
	return made
}

func TestHardwareSigns(t *testing.T) {
	msg := []byte("to be signed")
	for suite, key := range hardwareKeys(t) {
		if key.Suite() != suite {
			t.Fatalf("%s: suite %s", suite, key.Suite())
		}
		for _, random := range []io.Reader{rand.Reader, nil} {
			signature, err := key.SignMessage(random, msg, nil)
			if err != nil || !verify(key.Public(), msg, signature) {
				t.Errorf("%s: %v", suite, err)
			}
		}
		dir := t.TempDir()
		signature, err := key.SignMessage(nil, msg, nil)
		if err != nil {
			t.Fatal(err)
		}
		opensslJudges(t, dir, key, msg, signature)
		if _, err := key.Decrypt(nil, make([]byte, 256), nil); err == nil {
			t.Errorf("%s: a key for signing decrypts", suite)
		}
	}
}

// opensslJudges lets openssl verify a signature made with the suite's usual hash.
func opensslJudges(t testing.TB, dir string, key *Key, msg, signature []byte) {
	t.Helper()
	spki, err := smx509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	m := writeFile(t, dir+"/m", string(msg), 0o600)
	public := writeFile(t, dir+"/pub.pem", string(encodePEM("PUBLIC KEY", spki)), 0o600)
	given := writeFile(t, dir+"/sig", string(signature), 0o600)
	args := []string{"dgst", "-sha256", "-verify", public, "-signature", given}
	switch key.Suite() {
	case pki.SM2:
		args = []string{"pkeyutl", "-verify", "-pubin", "-inkey", public, "-sigfile", given, "-rawin", "-digest", "sm3",
			"-pkeyopt", "distid:1234567812345678", "-in"}
	case pki.P384:
		args[1] = "-sha384"
	}
	openssl(t, append(args, m)...)
}

// The user id in gmsm's options cannot be read; the usual one is recognised, others are refused.
func TestHardwareUserID(t *testing.T) {
	key := opened(t, cardURI(devicetest.NewSDF(t, devicetest.Standard), 1, "sign"))
	msg := []byte("to be signed")
	for _, opts := range []crypto.SignerOpts{nil, sm2.DefaultSM2SignerOpts, sm2.NewSM2SignerOption(true, nil), sm2.NewSM2SignerOption(true, []byte("1234567812345678"))} {
		if signature, err := key.Sign(nil, msg, opts); err != nil || !verify(key.Public(), msg, signature) {
			t.Errorf("%v: %v", opts, err)
		}
	}
	for _, opts := range []crypto.SignerOpts{sm2.NewSM2SignerOption(true, []byte("alice@example.cn")), sm2.NewSM2SignerOption(false, nil)} {
		if _, err := key.SignMessage(nil, msg, opts); pki.KindOf(err) != pki.NotImplemented || pki.CodeOf(err) != "key.user-id" {
			t.Errorf("another user id: %v", err)
		}
	}
	if _, err := key.SignMessage(nil, msg, crypto.SHA256); pki.CodeOf(err) != "key.hash" {
		t.Errorf("SM2 with SHA-256: %v", err)
	}
}

// A certificate and a list signed in a device, by the libraries that take a crypto.Signer.
func TestHardwareIssues(t *testing.T) {
	for suite, key := range hardwareKeys(t) {
		template := &smx509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "demo root"}, NotBefore: time.Now(),
			NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: smx509.KeyUsage(x509.KeyUsageCertSign)}
		der, err := smx509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
		if err != nil {
			t.Errorf("%s: %v", suite, err)
			continue
		}
		certificate, err := smx509.ParseCertificate(der)
		if err != nil || certificate.CheckSignatureFrom(certificate) != nil {
			t.Errorf("%s: %v", suite, err)
		}
	}
}

func TestHardwareDecrypts(t *testing.T) {
	soft := devicetest.NewSDF(t, devicetest.Standard)
	card := opened(t, cardURI(soft, 1, "encrypt"))
	uri, _ := tokenURI(t, "first", devicetest.Unique("key"), "encrypt")
	token, err := Generate(uri, pki.RSA2048, Options{})
	if err != nil {
		t.Fatal(err)
	}
	text := []byte("sixteen octets..")
	for _, key := range []*Key{card, token} {
		dir := t.TempDir()
		spki, err := smx509.MarshalPKIXPublicKey(key.Public())
		if err != nil {
			t.Fatal(err)
		}
		public := writeFile(t, dir+"/pub.pem", string(encodePEM("PUBLIC KEY", spki)), 0o600)
		openssl(t, "pkeyutl", "-encrypt", "-pubin", "-inkey", public, "-in", writeFile(t, dir+"/m", string(text), 0o600), "-out", dir+"/c")
		cipher, err := os.ReadFile(dir + "/c")
		if err != nil {
			t.Fatal(err)
		}
		if got, err := key.Decrypt(nil, cipher, nil); err != nil || !bytes.Equal(got, text) {
			t.Errorf("%s: %q %v", key, got, err)
		}
		if _, err := key.SignMessage(nil, text, nil); pki.CodeOf(err) != "key.use" {
			t.Errorf("%s: a key for decrypting signs: %v", key, err)
		}
	}
	//lint:ignore SA1019 it is what others write
	if got, err := token.Decrypt(nil, make([]byte, 256), &rsa.PKCS1v15DecryptOptions{SessionKeyLen: 16}); err != nil || len(got) != 16 {
		t.Errorf("a session key: %x %v", got, err)
	}
}

func TestHardwareAgrees(t *testing.T) {
	uri, _ := tokenURI(t, "first", devicetest.Unique("key"), "encrypt")
	key, err := Generate(uri, pki.P384, Options{})
	if err != nil {
		t.Fatal(err)
	}
	peer, err := ecdh.P384().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	want, err := peer.ECDH(key.PublicKey())
	if err != nil {
		t.Fatal(err)
	}
	if got, err := key.ECDH(peer.PublicKey()); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%x %v", got, err)
	}
}

func TestWhatHardwareCannot(t *testing.T) {
	soft := devicetest.NewSDF(t, devicetest.Standard)
	uri, hsm := tokenURI(t, "first", devicetest.Unique("key"), "")
	for _, c := range []struct {
		uri   string
		suite pki.Suite
		kind  pki.Kind
		code  string
	}{
		{uri, pki.SM2, pki.NotImplemented, "key.no-sm2"},
		{cardURI(soft, 3, "sign"), pki.SM2, pki.NotImplemented, "key.generate"},
		{"pkcs11:type=secret-key;object=x?module-path=" + hsm.Module, pki.P256, pki.Invalid, "key.uri"},
		{"file:/x?device=" + "sdf%3A%2Fl.so%3Findex%3D1", pki.P256, pki.Invalid, "key.uri"},
	} {
		if _, err := Generate(c.uri, c.suite, Options{}); pki.KindOf(err) != c.kind || pki.CodeOf(err) != c.code {
			t.Errorf("making %s: %v", c.uri, err)
		}
	}
	for uri, code := range map[string]string{
		cardURI(soft, 9, "sign"): "key.missing", cardURI(soft, 1, "kek"): "key.use", "sdf:" + soft.Library: "key.uri",
		uri:                                 "key.missing",
		"pkcs11:?module-path=" + hsm.Module: "key.uri", "pkcs11:type=secret-key;object=x?module-path=" + hsm.Module: "key.use",
		"pkcs11:token=first;object=x?module-path=/nowhere/m.so": "library.missing",
		"sdf:/nowhere/l.so?index=1":                             "library.missing", "sdf:l.so?index=1": "library.path",
		"pkcs11:token=first;object=x?module-path=" + hsm.Module + "&pin-source=file:/nowhere": "key.missing",
		"file:/x?device=sdf%3A%2Fl.so%3Findex%3D1":                                            "key.uri",
	} {
		if _, err := Open(uri, Options{}); pki.CodeOf(err) != code {
			t.Errorf("opening %s: %v (%s)", uri, err, pki.CodeOf(err))
		}
	}
	if _, err := Random("file:/x"); pki.CodeOf(err) != "key.uri" {
		t.Errorf("random numbers of a file: %v", err)
	}
}

// PIN from a prompt, or from shares that somebody has put together.
func TestHardwarePassphraseOption(t *testing.T) {
	soft := devicetest.NewSDF(t, devicetest.Standard)
	uri := URI{Scheme: "sdf", Path: soft.Library, Index: 1, HasIndex: true, Use: "sign"}.String()
	pass := []byte(soft.Password)
	key, err := Open(uri, Options{Passphrase: pass})
	if err != nil {
		t.Fatal(err)
	}
	clear(pass) // the caller's copy
	if _, err := key.SignMessage(nil, []byte("m"), nil); err != nil {
		t.Error(err)
	}
	if _, err := Open(uri, Options{Passphrase: []byte("wrong")}); pki.CodeOf(err) != "key.pin-differs" {
		t.Errorf("a wrong one: %v", err)
	}
}

func TestDescribeAndRandom(t *testing.T) {
	soft := devicetest.NewSDF(t, devicetest.Standard)
	hsm := devicetest.SoftHSM(t)
	for uri, want := range map[string]Device{
		"sdf:" + soft.Library:                           {"OneCert tests", "softsdf", "2026112300100042", "", "0.1.2.3"},
		"pkcs11:token=second?module-path=" + hsm.Module: {Manufacturer: "SoftHSM project", Model: "SoftHSM v2", Label: "second"},
	} {
		got, err := Describe(uri)
		if err != nil || got.Manufacturer != want.Manufacturer || got.Model != want.Model || got.Label != want.Label ||
			got.Version == "" || want.Serial != "" && got != want {
			t.Errorf("%s: %+v %v", uri, got, err)
		}
		source, err := Random(uri)
		if err != nil {
			t.Fatal(err)
		}
		var group sync.WaitGroup
		for range 4 {
			group.Go(func() {
				if _, err := pki.GenerateKey(source, pki.P256); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
	}
	soft.Break(t, "HARDFAIL")
	source, err := Random("sdf:" + soft.Library)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := source.Read(make([]byte, 32)); n != 0 || pki.CodeOf(err) != "key.device-gone" {
		t.Errorf("a dead device gives %d random octets (%v)", n, err)
	}
	if _, err := Describe("sdf:" + soft.Library); pki.KindOf(err) != pki.Unavailable {
		t.Errorf("a dead device: %v", err)
	}
}

// Neither key nor error nor log shows PIN or password.
func TestHardwareHidesPINs(t *testing.T) {
	soft := devicetest.NewSDF(t, devicetest.Standard)
	uri, hsm := tokenURI(t, "first", devicetest.Unique("key"), "")
	token, err := Generate(uri, pki.P256, Options{})
	if err != nil {
		t.Fatal(err)
	}
	card := opened(t, cardURI(soft, 1, "sign"))
	type holder struct {
		Key   *Key
		Value Key
		URI   URI
	}
	secrets := []string{hsm.PIN, soft.Password}
	look := func(text string) {
		for _, secret := range secrets {
			if strings.Contains(text, secret) || leaks(text, []byte(secret)) {
				t.Errorf("shows %s: %s", secret, text)
			}
		}
	}
	location, err := ParseURI(uri)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []*Key{token, card} {
		for _, value := range []any{key, *key, holder{key, *key, location}, &holder{key, *key, location}, []*Key{key}} {
			for _, text := range everyWay(t, value) {
				look(text)
			}
		}
		// What the key is made of, printed as carelessly as can be.
		held := key.private()
		for _, text := range []string{spew("%v", held), spew("%+v", held), spew("%#v", held), spew("%+v", held.signer), spew("%#v", held.signer)} {
			look(text)
		}
	}
	var log bytes.Buffer
	_, wrong := Open(uri, Options{Passphrase: []byte(hsm.PIN + "0")})
	_, refused := Open(cardURI(soft, 2, "sign"), Options{Passphrase: []byte(soft.Password + "0")})
	soft.Break(t, "COMMFAIL")
	_, gone := card.SignMessage(nil, []byte("m"), nil)
	for _, err := range []error{wrong, refused, gone} {
		if err == nil {
			t.Fatal("an act that must fail did not")
		}
		slog.New(slog.NewJSONHandler(&log, nil)).Error("act", "error", err)
		for e := err; e != nil; e = errors.Unwrap(e) {
			look(spew("%v %+v %#v", e, e, e))
		}
		if text, _ := json.Marshal(err); text != nil {
			look(string(text))
		}
	}
	look(log.String())
}

// A vanished device, through the whole of keys, with the patience of production.
func TestHardwareGoneAndBack(t *testing.T) {
	soft := devicetest.NewSDF(t, devicetest.Standard)
	key := opened(t, cardURI(soft, 1, "sign"))
	soft.Break(t, "COMMFAIL")
	if _, err := key.SignMessage(nil, []byte("m"), nil); pki.KindOf(err) != pki.Unavailable || !strings.Contains(err.Error(), "SDR_COMMFAIL") {
		t.Errorf("gone: %v", err)
	}
	soft.Mend(t)
	begin := time.Now()
	for {
		_, err := key.SignMessage(nil, []byte("m"), nil)
		if err == nil {
			break
		}
		if time.Since(begin) > time.Minute {
			t.Fatalf("still gone after a minute: %v", err)
		}
		time.Sleep(50 * time.Millisecond)
	}
	if n := soft.Count(t, devicetest.Misuses); n != 0 {
		t.Errorf("%d misuses", n)
	}
}

func TestHardwareSealer(t *testing.T) {
	soft := devicetest.NewSDF(t, devicetest.Standard)
	hsm := devicetest.SoftHSM(t)
	secretKey := func(name string) string {
		return URI{Scheme: "pkcs11", Path: hsm.Module, Pass: hsm.PINFile, Token: Token{Label: "second"}, Object: Object{Label: name}, Type: "secret-key"}.String()
	}
	for name, device := range map[string]string{"token": secretKey("kek"), "card": cardURI(soft, 1, "kek")} {
		for _, algorithm := range []SealAlgorithm{AES256GCM, SM4GCM} {
			path := filepath.Join(t.TempDir(), "master.pem")
			uri := URI{Path: path, Device: device}.String()
			made, err := GenerateSealer(uri, algorithm, Options{})
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			blob, err := made.Seal(nil, []byte("record"), []byte("aad"))
			if err != nil {
				t.Fatal(err)
			}
			again, err := OpenSealer(uri, Options{})
			if err != nil || again.ID() != made.ID() || again.Algorithm() != algorithm {
				t.Fatalf("%s: %v", name, err)
			}
			if text, err := again.Open(blob, []byte("aad")); err != nil || string(text) != "record" {
				t.Errorf("%s: %q %v", name, text, err)
			}
			if _, err := GenerateSealer(uri, algorithm, Options{}); pki.CodeOf(err) != "key.exists" {
				t.Errorf("%s: made twice: %v", name, err)
			}
			if _, err := OpenSealer(URI{Path: path, Pass: hsm.PINFile}.String(), Options{}); pki.CodeOf(err) != "seal.protection" {
				t.Errorf("%s: opened with a passphrase: %v", name, err)
			}
			damaged(t, uri, path, made)
		}
	}
	// Another key of the device, another device, a file of the other kind.
	path := filepath.Join(t.TempDir(), "master.pem")
	if _, err := GenerateSealer(URI{Path: path, Device: secretKey("one")}.String(), SM4GCM, Options{}); err != nil {
		t.Fatal(err)
	}
	if _, err := GenerateSealer(URI{Path: path + "2", Device: secretKey("two")}.String(), SM4GCM, Options{}); err != nil {
		t.Fatal(err)
	}
	for device, code := range map[string]string{
		secretKey("two"): "seal.device", cardURI(soft, 1, "kek"): "seal.device", secretKey("none"): "key.missing",
		cardURI(soft, 1, "sign"): "key.uri", strings.Replace(secretKey("one"), "secret-key", "private", 1): "key.uri",
	} {
		if _, err := OpenSealer(URI{Path: path, Device: device}.String(), Options{}); pki.CodeOf(err) != code {
			t.Errorf("%s: %v", device, err)
		}
	}
	if _, err := OpenSealer(secretKey("one"), Options{}); pki.KindOf(err) != pki.NotImplemented || pki.CodeOf(err) != "seal.place" {
		t.Errorf("a sealer inside a device: %v", err)
	}
	plain := filepath.Join(t.TempDir(), "plain.pem")
	if _, err := GenerateSealer(URI{Path: plain, Pass: hsm.PINFile}.String(), SM4GCM, Options{}); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenSealer(URI{Path: plain, Device: cardURI(soft, 1, "kek")}.String(), Options{}); pki.CodeOf(err) != "seal.protection" {
		t.Errorf("a file under a passphrase, opened by a device: %v", err)
	}
	soft.Break(t, "COMMFAIL")
	if _, err := GenerateSealer(URI{Path: path + "3", Device: cardURI(soft, 1, "kek")}.String(), SM4GCM, Options{}); pki.CodeOf(err) != "key.device-gone" {
		t.Errorf("a dead device: %v", err)
	}
	if _, err := os.Stat(path + "3"); err == nil {
		t.Error("a file was written without the device")
	}
}

// damaged changes each octet of the file in turn: none of them passes unnoticed.
func damaged(t *testing.T, uri, path string, made *Sealer) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	block := decodePEM(t, text)
	for at := range block {
		changed := bytes.Clone(block)
		changed[at] ^= 1
		writeFile(t, path, string(encodePEM(labelSealer, changed)), 0o600)
		if sealer, err := OpenSealer(uri, Options{}); err == nil {
			t.Errorf("octet %d changed: opens as %s, was %s", at, sealer, made)
		} else if pki.KindOf(err) == pki.Internal {
			t.Errorf("octet %d changed: %v", at, err)
		}
	}
}

func decodePEM(t testing.TB, text []byte) []byte {
	t.Helper()
	block, _ := pem.Decode(text)
	if block == nil {
		t.Fatal("not PEM")
	}
	return block.Bytes
}
