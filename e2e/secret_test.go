package e2e

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rsa"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"
)

// identityNumbers are those of the cast and those these tests order with. They
// belong to nobody, and must be found nowhere.
func identityNumbers() []string {
	return []string{"999901199001010010", "999901199102020023", "999901198003030037", "999901198504040049", "999901195001010012", typedNumber}
}

// typedNumber is one that a careless officer types in wrong places.
const typedNumber = "999901199203030052"

// careless puts an identity number wherever an order has room for one, so that it
// could get into logs.
func careless(t *testing.T, d *demo) {
	office := d.as(t, "centre.issuer")
	a := newApplicant(t, "sm2", personName())
	good := a.order(t, "person-sign")
	good.Holder, good.Identity = "", &document{"resident", typedNumber}
	if got := office.issue(t, good); strings.Contains(got.Sign.Holder, typedNumber) || len(got.Sign.Holder) < 20 {
		t.Errorf("the holder id is %q", got.Sign.Holder)
	}
	bad := a.order(t, "person-sign")
	bad.Holder = typedNumber
	refuses(t, office.call(http.MethodPost, "/v1/orders", bad, nil), 422, "holder.clear")
	bad = a.order(t, "person-sign")
	bad.Values = map[string]string{"identity_number": typedNumber}
	refuses(t, office.call(http.MethodPost, "/v1/orders", bad, nil), 422, "value.unknown")
	bad = a.order(t, "person-sign")
	bad.Profile = typedNumber
	for _, method := range []string{http.MethodPost, http.MethodPut} {
		if err := office.call(method, "/v1/orders", bad, nil); err == nil {
			t.Error("a nonsensical order was carried out")
		}
	}
	for _, path := range []string{"/v1/orders/" + typedNumber, "/v1/certificates?subject=" + typedNumber, "/v1/certificates?holder=" + typedNumber,
		"/v1/certificates/sm2/" + typedNumber, "/v1/certificates?" + url.QueryEscape(typedNumber) + "=1", "/" + typedNumber} {
		_ = office.call(http.MethodGet, path, nil, nil) // refused or empty: the log is what counts
	}
}

var privateKey = regexp.MustCompile(`-----BEGIN (RSA |EC |SM2 |)PRIVATE KEY-----`)

// nothingSecret searches everything a demo writes: its log, its databases with
// their logs, and every other file.
func nothingSecret(t *testing.T, d *demo) {
	t.Helper()
	written := d.written(t)
	if len(written["ca/ca.db"]) == 0 || len(written["kmc/kmc.db"]) == 0 {
		t.Fatal("the databases are not where they are searched")
	}
	secrets := d.secrets(t)
	for _, fault := range betrayed(written, secrets) {
		t.Error(fault)
	}
	t.Logf("searched %d files for %d secrets", len(written), len(secrets))
}

// written is everything a demo has put down, by name.
func (d *demo) written(t *testing.T) map[string][]byte {
	t.Helper()
	all := map[string][]byte{"(output)": []byte(d.out.String()), "(log)": []byte(d.log.String())}
	err := filepath.WalkDir(d.folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		if os.IsNotExist(err) {
			return nil // written anew meanwhile
		}
		name, _ := filepath.Rel(d.folder, path)
		all[name] = content
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// betrayed says which file holds which secret.
func betrayed(written, secrets map[string][]byte) (faults []string) {
	for name, content := range written {
		for _, number := range identityNumbers() {
			if bytes.Contains(content, []byte(number)) {
				faults = append(faults, name+" holds the identity number "+number)
			}
		}
		if strings.HasPrefix(name, "identities/") {
			continue // throw-away keys are there on purpose
		}
		if found := privateKey.Find(content); found != nil {
			faults = append(faults, name+" holds a plain "+string(found))
		}
		for what, secret := range secrets {
			if what != name && bytes.Contains(content, secret) {
				faults = append(faults, name+" holds "+what)
			}
		}
	}
	return faults
}

// TestBetrayalIsSeen plants each kind of secret.
func TestBetrayalIsSeen(t *testing.T) {
	secrets := map[string][]byte{}
	addSecret(secrets, "a key", []byte{1, 2, 3, 0xab, 5, 6, 7})
	secrets["ca/passphrase"] = []byte("correct horse battery")
	planted := map[string][]byte{
		"number": []byte("id=" + typedNumber), "identities/number": []byte(typedNumber), "pem": []byte("x\n-----BEGIN EC PRIVATE KEY-----\n"),
		"octets": {9, 9, 1, 2, 3, 0xab, 5, 6, 7, 9}, "hexadecimal": []byte("d=010203ab050607"), "base64": []byte("AQIDqwUGBw=="),
		"(log)": []byte("opened with correct horse battery"),
	}
	faults := strings.Join(betrayed(planted, secrets), "\n")
	for name := range planted {
		if !strings.Contains(faults, name+" holds ") {
			t.Errorf("what is planted in %s is not found", name)
		}
	}
	innocent := map[string][]byte{"identities/key": planted["pem"], "ca/passphrase": secrets["ca/passphrase"], "a": []byte("-----BEGIN ENCRYPTED PRIVATE KEY-----")}
	if faults := betrayed(innocent, secrets); len(faults) > 0 {
		t.Errorf("the innocent are accused: %q", faults)
	}
}

// secrets are octets that must stand in no file but their own: private keys as
// they are in PKCS#8 and as bare numbers, passphrases and the holder key.
func (d *demo) secrets(t *testing.T) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	for name, i := range d.Identities {
		for family, files := range i.in() {
			for what, path := range map[string]string{"signing": files.SignKey, "escrowed": files.EncKey} {
				if path == "" {
					continue
				}
				block, _ := pem.Decode(read(t, path))
				addSecret(all, "the "+what+" key of "+name+" "+family+" in PKCS#8", block.Bytes)
				for number, octets := range bareNumbers(t, block.Bytes) {
					addSecret(all, "the "+what+" key of "+name+" "+family+", "+number, octets)
				}
			}
		}
	}
	for _, file := range []string{"ca/passphrase", "kmc/passphrase", "ca/holder.key"} {
		content := bytes.TrimSpace(read(t, filepath.Join(d.folder, file)))
		if len(content) < 16 {
			t.Errorf("%s is short", file)
		}
		all[file] = content
	}
	return all
}

// addSecret adds octets as they are, in hexadecimal and in base64.
func addSecret(all map[string][]byte, what string, octets []byte) {
	all[what] = octets
	all[what+" in hexadecimal"] = []byte(hex.EncodeToString(octets))
	text := base64.RawStdEncoding.EncodeToString(octets)
	all[what+" in base64"] = []byte(text[:len(text)-1]) // the last letter may share its bits with what follows
}

func bareNumbers(t *testing.T, pkcs8 []byte) map[string][]byte {
	t.Helper()
	key, err := smx509.ParsePKCS8PrivateKey(pkcs8)
	if err != nil {
		t.Fatal(err)
	}
	switch key := key.(type) {
	case *rsa.PrivateKey:
		return map[string][]byte{"p": key.Primes[0].Bytes(), "q": key.Primes[1].Bytes(), "d": key.D.Bytes()}
	case *ecdsa.PrivateKey:
		//lint:ignore SA1019 the raw number is what is looked for
		return map[string][]byte{"d": key.D.FillBytes(make([]byte, 32))}
	case *sm2.PrivateKey:
		return map[string][]byte{"d": key.D.FillBytes(make([]byte, 32))}
	}
	t.Fatalf("a %T is no key of the demo", key)
	return nil
}
