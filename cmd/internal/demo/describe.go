package demo

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// The shape of demo.json is a contract (design.md §4): outside checks read it.
type description struct {
	Endpoints  map[string]any            `json:"endpoints"`
	Trust      map[string]anchors        `json:"trust"`
	Identities map[string]map[string]any `json:"identities"`
}

type anchors struct {
	Root  string `json:"root"`
	Chain string `json:"chain"`
}

type keyFiles struct {
	SignCert string `json:"sign_cert"`
	SignKey  string `json:"sign_key"`
	EncCert  string `json:"enc_cert,omitempty"`
	EncKey   string `json:"enc_key,omitempty"`
	P12      string `json:"p12"`
}

// describe writes demo.json with everything that exists, and nothing that does not.
func (t *tree) describe() error {
	base := "http://" + t.s.address("public")
	d := description{Trust: map[string]anchors{}, Identities: map[string]map[string]any{}}
	crl, aia := map[string]string{}, map[string]string{}
	for _, family := range families {
		crl[family] = base + "/crl/" + family + "/complete.crl"
		crl[family+"-root"] = base + "/crl/" + family + "-root/complete.crl"
		aia[family] = base + "/aia/" + family + ".cer"
		d.Trust[family] = anchors{Root: filepath.Join(t.o.Dir, "trust", family+"-root.pem"), Chain: filepath.Join(t.o.Dir, "trust", family+"-chain.pem")}
	}
	d.Endpoints = map[string]any{"start": t.start.url(), "ca": "https://" + t.s.address("ca"), "kmc": "https://" + t.s.address("kmc"), "ra": "https://" + t.s.address("ra"), "lra": "https://" + t.s.address("lra"), "selfservice": "https://" + t.s.address("self"), "console": "https://" + t.s.address("console"), "counter_console": "https://" + t.s.address("counter"), "crl": crl, "aia": aia,
		"portal": base + "/", "ocsp": base + "/ocsp", "ldap": "ldap://" + t.s.address("ldap"), "node": "https://" + t.s.address("node"),
		"gateway": []string{"https://" + t.s.address("gate") + "/", "https://" + t.s.address("site") + "/"}, "gateway_admin": "https://" + t.s.address("gateway")}
	for _, r := range append(cast(), expiredPerson()) {
		roles := r.roles
		if roles == nil {
			roles = []string{}
		}
		identity := map[string]any{"kind": r.kind, "roles": roles, "password": password}
		for _, family := range r.families {
			identity[family] = t.keyFiles(r.name, family)
		}
		d.Identities[r.name] = identity
	}
	data, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		return fmt.Errorf("writing demo.json: %w", err)
	}
	return writeFile(filepath.Join(t.o.Dir, descriptionName), append(data, '\n'), 0o600)
}

// trust and chain are the files of a family's root, and of what stands between.
func (t *tree) trust(family string) string {
	return filepath.Join(t.o.Dir, "trust", family+"-root.pem")
}
func (t *tree) chain(family string) string {
	return filepath.Join(t.o.Dir, "trust", family+"-chain.pem")
}

const descriptionName = "demo.json"

// withdraw removes demo.json, if it is there.
func withdraw(dir string) error {
	if err := os.Remove(filepath.Join(dir, descriptionName)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("removing an old demo.json: %w", err)
	}
	return nil
}

func (t *tree) keyFiles(name, family string) keyFiles {
	files := keyFiles{SignCert: t.file(name, family, "sign.pem"), SignKey: t.file(name, family, "sign.key"), P12: t.file(name, family, "sign.p12")}
	if _, err := os.Stat(t.file(name, family, "enc.pem")); err == nil {
		files.EncCert, files.EncKey = t.file(name, family, "enc.pem"), t.file(name, family, "enc.key")
	}
	return files
}
