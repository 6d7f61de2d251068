package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// demo is a running demonstration as its demo.json describes it.
type demo struct {
	*process
	Endpoints struct {
		CA  string            `json:"ca"`
		KMC string            `json:"kmc"`
		CRL map[string]string `json:"crl"`
		AIA map[string]string `json:"aia"`

		Start  string `json:"start"`
		Portal string `json:"portal"`
		OCSP   string `json:"ocsp"`
		LDAP   string `json:"ldap"`
		Node   string `json:"node"`
		RA     string `json:"ra"`
		LRA    string `json:"lra"`

		Gateway      []string `json:"gateway"`
		GatewayAdmin string   `json:"gateway_admin"`

		Self           string `json:"selfservice"`
		Console        string `json:"console"`
		CounterConsole string `json:"counter_console"`
	} `json:"endpoints"`
	Trust      map[string]trust    `json:"trust"`
	Identities map[string]identity `json:"identities"`
}

type trust struct {
	Root  string `json:"root"`
	Chain string `json:"chain"`
}

type identity struct {
	Kind     string    `json:"kind"`
	Roles    []string  `json:"roles"`
	SM2      *keyFiles `json:"sm2,omitempty"`
	RSA      *keyFiles `json:"rsa,omitempty"`
	ECDSA    *keyFiles `json:"ecdsa,omitempty"`
	Password string    `json:"password"`
}

type keyFiles struct {
	SignCert string `json:"sign_cert"`
	SignKey  string `json:"sign_key"`
	EncCert  string `json:"enc_cert,omitempty"`
	EncKey   string `json:"enc_key,omitempty"`
	P12      string `json:"p12"`
}

// in is the identity's files of each algorithm family it has.
func (i identity) in() map[string]*keyFiles {
	all := map[string]*keyFiles{}
	for family, files := range map[string]*keyFiles{"sm2": i.SM2, "rsa": i.RSA, "ecdsa": i.ECDSA} {
		if files != nil {
			all[family] = files
		}
	}
	return all
}

// families are the hierarchies of the demonstration.
func families() []string { return []string{"sm2", "rsa", "ecdsa"} }

// readDemo reads demo.json strictly: outside checks rely on each name in it.
func readDemo(p *process) (*demo, error) {
	content, err := os.ReadFile(filepath.Join(p.folder, "demo.json"))
	if err != nil {
		return nil, err
	}
	d := &demo{process: p}
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(d); err != nil {
		return nil, fmt.Errorf("reading demo.json: %w\n%s", err, content)
	}
	return d, nil
}

// start starts a demonstration and waits until it is ready.
func start(folder string, flags ...string) (*demo, error) {
	p, err := launch(folder, flags...)
	if err != nil {
		return nil, err
	}
	return p.ready()
}

var sharedDemo = sync.OnceValues(func() (*demo, error) {
	folder, err := scratch()
	if err != nil {
		return nil, err
	}
	return start(filepath.Join(folder, "shared"))
})

// shared is the one demonstration of all tests that neither stop nor kill it.
func shared(t testing.TB) *demo {
	t.Helper()
	d, err := sharedDemo()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// demoIn starts one for a single test, which ends it.
func demoIn(t testing.TB, folder string, flags ...string) *demo {
	t.Helper()
	d, err := start(folder, flags...)
	if err != nil {
		t.Fatal(err)
	}
	return d
}
