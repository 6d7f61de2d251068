package ceremony

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"onecert/keys"
	"onecert/pki"
)

// TestMain takes SoftHSM's folder away: it must outlive the tests, since the module
// stays loaded.
func TestMain(m *testing.M) {
	code := m.Run()
	if config := os.Getenv("SOFTHSM2_CONF"); strings.Contains(config, "onecert-hsm-") {
		os.RemoveAll(filepath.Dir(config))
	}
	os.Exit(code)
}

// softHSM is the URI, but for the key's label, of a token in SoftHSM. A process has
// one: the module reads its configuration from the environment once.
var softHSM = sync.OnceValues(func() (uri string, err error) {
	modules, _ := filepath.Glob("/usr/lib*/softhsm/libsofthsm2.so")
	more, _ := filepath.Glob("/usr/lib/*/softhsm/libsofthsm2.so")
	if modules = append(modules, more...); len(modules) == 0 {
		return "", errors.New("SoftHSM is missing: run scripts/deps.sh, which installs softhsm2")
	}
	dir, err := os.MkdirTemp("", "onecert-hsm-")
	config := filepath.Join(dir, "softhsm2.conf")
	err = errors.Join(err, os.Mkdir(filepath.Join(dir, "tokens"), 0o700), os.Setenv("SOFTHSM2_CONF", config),
		os.WriteFile(config, []byte("directories.tokendir = "+dir+"/tokens\nobjectstore.backend = file\nlog.level = ERROR\n"), 0o600),
		os.WriteFile(filepath.Join(dir, "pin"), []byte("87654321\n"), 0o600))
	if err != nil {
		return "", err
	}
	out, err := exec.Command("softhsm2-util", "--init-token", "--free", "--label", "ceremony", "--so-pin", "12345678", "--pin", "87654321").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("softhsm2-util: %w: %s", err, out)
	}
	return fmt.Sprintf("pkcs11:token=ceremony;object=%%s?module-path=%s&pin-source=file:%s/pin", modules[0], dir), nil
})

// A root and an issuing CA whose keys are made in a device and never leave it.
func TestKeysInADevice(t *testing.T) {
	uri, err := softHSM()
	must(t, err)
	run := "-" + rand.Text()[:6] // the token outlives a test
	uri = strings.Replace(uri, "object=%s", "object=%s"+run, 1)
	o := newOffice(t)
	root := strings.Replace(rootAct("root", pki.P256), "split: {set: roots, shares: 5, threshold: 3}", "key: '"+fmt.Sprintf(uri, "root")+"'", 1)
	issuing := strings.Replace(issuingAct("web", "root", pki.RSA2048, ""), "file:keys/web.pem?pass=file:passphrase", fmt.Sprintf(uri, "web"), 1)
	rehearsal := o.config(root + issuing)
	rehearsal.Rehearse, rehearsal.People = true, Rehearsal{}
	_, err = Run(t.Context(), rehearsal)
	must(t, err)
	if _, err := keys.Open(fmt.Sprintf(uri, "root"), keys.Options{}); err == nil {
		t.Fatal("a rehearsal has made a key in the device")
	}
	result := o.hold(root + issuing + listAct("root", ""))
	second := o.hold(listAct("root", ""))
	key, err := keys.Open(fmt.Sprintf(uri, "web"), keys.Options{})
	must(t, err)
	web := issuer{key, chainOf(t, result+"/certs/web.pem")}
	said, ok := openssl(t, map[string][]byte{"root.pem": certsPEM(web.chain[1]), "web.pem": certsPEM(web.chain[0]), "leaf.pem": certsPEM(web.leaf(t, "a.example", person)),
		"lists.pem": append(pemOf("X509 CRL", web.list(t, 1)), rootList(t, second, "root")...)},
		"verify", "-attime", at(o), "-crl_check_all", "-CRLfile", "lists.pem", "-CAfile", "root.pem", "-untrusted", "web.pem", "leaf.pem")
	if !ok {
		t.Error(said)
	}
	if text := string(read(t, result, issuersFile)); !strings.Contains(text, "object=web") || exists(result+"/keys") {
		t.Errorf("the fragment: %s", text)
	}
	transcript := string(read(t, filepath.Dir(result), transcriptFile))
	if !strings.Contains(transcript, `"location":"pkcs11:token=ceremony;object=web`+run+`"`) || strings.Contains(transcript, "pin-source") {
		t.Error("the transcript does not say where the key is, or says how it is opened")
	}
	// What a broken-off ceremony has made in a device stays there; the module does too.
	o.people.confirm = func(object Object) error {
		if object.Name == "other" {
			return pki.Errorf(pki.Forbidden, "test.no", "no")
		}
		return nil
	}
	o.refused(strings.NewReplacer("id: root", "id: other", "object=root", "object=other").Replace(root), "test.no")
	if _, err := keys.Open(fmt.Sprintf(uri, "other"), keys.Options{}); err != nil {
		t.Error(err)
	}
	o.people.confirm = nil
	o.refused(strings.Replace(strings.NewReplacer("id: root", "id: sm2", "object=root", "object=sm2").Replace(root), "suite: p256", "suite: sm2", 1), "key.no-sm2")
}
