package wire

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"onecert/ca"
	"onecert/kmc"
	"onecert/pki"
)

// CA is the configuration of a CA process: one strict YAML file. Relative paths
// start from the file's folder.
type CA struct {
	// Component says which sort of file this is: "ca".
	Component string `yaml:"component"`
	// Origin names the audit log in its signed heads, such as ca.example.gov/ca.
	Origin string `yaml:"origin"`
	// Database is sqlite:PATH or postgres://…; DatabaseFile names a file that holds it,
	// for a source with a password.
	Database     string `yaml:"database,omitempty"`
	DatabaseFile string `yaml:"database_file,omitempty"`
	// Listen is the address of the API (mutual TLS); Public serves CRLs and CA
	// certificates over plain HTTP.
	Listen string `yaml:"listen"`
	Public string `yaml:"public,omitempty"`
	// Accept is where components of inner zones dial in, to be called back.
	Accept string `yaml:"accept,omitempty"`
	// DialOut is for a CA that accepts no connection itself.
	DialOut []DialOut `yaml:"dial_out,omitempty"`
	// Hosts are the names and addresses that stand in the API's own certificate.
	Hosts []string `yaml:"hosts"`
	// TLSKey is the URI of the API's own key; its certificate is made by this CA.
	TLSKey string `yaml:"tls_key"`
	// TLSCertificate is where that certificate is kept; it is made anew at half its life.
	TLSCertificate string `yaml:"tls_certificate"`
	// Protocol is what this component speaks to the others: tls (the default), or tlcp
	// with its Pair. With a Pair the API takes TLCP beside TLS.
	Protocol string    `yaml:"protocol,omitempty"`
	Pair     *PairFile `yaml:"pair,omitempty"`
	// HolderKeyFile holds 64 hexadecimal digits: the key of holder ids, never changed.
	HolderKeyFile string `yaml:"holder_key_file"`
	// Profiles is a folder of profiles the first start begins with; empty means those
	// that come with the program. Later they change by two persons, without a file.
	Profiles string `yaml:"profiles,omitempty"`
	// AuditKey signs the heads of the audit log; AuditHeads is where they are copied,
	// best a folder on another machine.
	AuditKey   string `yaml:"audit_key"`
	AuditHeads string `yaml:"audit_heads"`
	// AuditCopies are further places for the heads; one that fails stops nothing.
	AuditCopies []CopyFile `yaml:"audit_copies,omitempty"`
	Health      HealthFile `yaml:"health,omitempty"`
	// Console is where officers work with a browser; without it there is none here.
	Console *ConsoleFile `yaml:"console,omitempty"`

	Issuers []IssuerFile `yaml:"issuers"`
	CRL     CRLFile      `yaml:"crl"`
	KMC     *KMCLink     `yaml:"kmc,omitempty"`

	dir string
}

// IssuerFile is one issuing CA.
type IssuerFile struct {
	ID  string `yaml:"id"`
	Key string `yaml:"key"` // URI
	// Certificate is a PEM file: the issuer's first, then up to the root.
	Certificate string `yaml:"certificate"`
	Partitions  int    `yaml:"partitions,omitempty"`
	// ListsOnly marks a root that is kept here only to keep its CRL fresh. Take the
	// entry out when the root goes off line.
	ListsOnly bool         `yaml:"lists_only,omitempty"`
	Addresses ca.Addresses `yaml:"addresses"`
}

// CRLFile says where lists go and how long they live.
type CRLFile struct {
	Dir   string        `yaml:"dir"`             // served under /crl
	AIA   string        `yaml:"aia"`             // folder of CA certificates, served under /aia
	Life  time.Duration `yaml:"life,omitempty"`  // 24h
	Pause time.Duration `yaml:"pause,omitempty"` // 1s between two lists
}

// DialOut is for a zone that accepts no connection (design.md decision 15): this
// process opens one to Address and answers what comes back over it.
type DialOut struct {
	Address string `yaml:"address"`
	// Server is the name or address in the peer's certificate; of Address if empty.
	Server string `yaml:"server,omitempty"`
}

// KMCLink is how the CA reaches its key management centre across the network.
type KMCLink struct {
	// URL is where it listens. A centre that dials out has none: CallsIn is then the
	// name it is registered under at this CA, and Accept of the CA is where it dials.
	URL     string `yaml:"url,omitempty"`
	CallsIn string `yaml:"calls_in,omitempty"`
	// MessageKey signs the messages (SM2); MessageCertificate is its certificate.
	MessageKey         string `yaml:"message_key"`
	MessageCertificate string `yaml:"message_certificate"`
	// Centre is the certificate the centre signs its answers with.
	Centre string `yaml:"centre"`
}

// KMC is the configuration of a KMC process.
type KMC struct {
	Component    string `yaml:"component"` // "kmc"
	Origin       string `yaml:"origin"`
	Database     string `yaml:"database,omitempty"`
	DatabaseFile string `yaml:"database_file,omitempty"`
	// Listen is the address of the API; a centre that only dials out has none.
	Listen  string    `yaml:"listen,omitempty"`
	DialOut []DialOut `yaml:"dial_out,omitempty"`
	// CA is the address of the CA's API, where the site certificate is renewed at half
	// its life; without it that is an officer's work.
	CA string `yaml:"ca,omitempty"`
	// TLSKey and TLSCertificate are the API's own, enrolled at the CA as a site.
	TLSKey         string `yaml:"tls_key"`
	TLSCertificate string `yaml:"tls_certificate"`
	// Protocol is what this component speaks to the others: tls (the default), or tlcp
	// with its Pair. With a Pair the API takes TLCP beside TLS.
	Protocol string    `yaml:"protocol,omitempty"`
	Pair     *PairFile `yaml:"pair,omitempty"`
	// Trust is a PEM file of the CA certificates that officers', sites' and holders'
	// certificates lead to.
	Trust string `yaml:"trust"`
	// MasterKey seals every escrowed key.
	MasterKey  string `yaml:"master_key"`
	AuditKey   string `yaml:"audit_key"`
	AuditHeads string `yaml:"audit_heads"`
	// AuditCopies and Health are as a CA's.
	AuditCopies []CopyFile `yaml:"audit_copies,omitempty"`
	Health      HealthFile `yaml:"health,omitempty"`
	// Console is where officers work with a browser; without it there is none here.
	Console *ConsoleFile `yaml:"console,omitempty"`
	// MessageKey signs answers of GM/T 0014 (SM2); Peers are the CAs' message
	// certificates by the name each CA is registered under.
	MessageKey         string              `yaml:"message_key,omitempty"`
	MessageCertificate string              `yaml:"message_certificate,omitempty"`
	Peers              map[string][]string `yaml:"peers,omitempty"`

	// Investigators is a PEM file of the CA certificates that investigators' lead to,
	// beside Trust; CaseApprovals is how many custodians approve a case beside who
	// proposes it (2), RetentionYears how long a pair is kept after its certificate
	// has ended (10, at least 5).
	Investigators  string `yaml:"investigators,omitempty"`
	CaseApprovals  int    `yaml:"case_approvals,omitempty"`
	RetentionYears int    `yaml:"retention_years,omitempty"`
	// SigningDays is how long a signing key made for a holder waits to be packaged (30),
	// SigningMost how many of one CA may wait (10,000).
	SigningDays int `yaml:"signing_days,omitempty"`
	SigningMost int `yaml:"signing_most,omitempty"`

	Pool map[pki.Suite]kmc.PoolSize `yaml:"pool,omitempty"`

	dir string
}

// maxConfig bounds a configuration file: that of a CA with a thousand issuers has a
// third of it.
const maxConfig = 1 << 20

// Component reads which component a configuration file is for.
func Component(path string) (string, error) {
	data, err := readConfig(path)
	if err != nil {
		return "", err
	}
	var head struct {
		Component string `yaml:"component"`
	}
	if err := yaml.Unmarshal(data, &head); err != nil {
		return "", wrongConfig(path, err)
	}
	return head.Component, nil
}

// LoadCA reads and checks a CA's configuration. Unknown keys are refused.
func LoadCA(path string) (*CA, error) {
	c := &CA{dir: filepath.Dir(path)}
	if err := load(path, c); err != nil {
		return nil, err
	}
	return c, c.check(path)
}

// LoadKMC reads and checks a KMC's configuration.
func LoadKMC(path string) (*KMC, error) {
	c := &KMC{dir: filepath.Dir(path)}
	if err := load(path, c); err != nil {
		return nil, err
	}
	return c, c.check(path)
}

func readConfig(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, pki.Errorf(pki.Invalid, "config.open", "the configuration %s cannot be opened", path).
			To("check the path; 'onecert ca init' makes one").Because(err)
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxConfig+1))
	if err != nil || len(data) > maxConfig {
		return nil, pki.Errorf(pki.Invalid, "config.read", "the configuration %s cannot be read or is over %d octets", path, maxConfig).Because(err)
	}
	return data, nil
}

func load(path string, into any) error {
	data, err := readConfig(path)
	if err != nil {
		return err
	}
	return parseConfig(path, data, into)
}

// parseConfig decodes strictly; its errors name line and key.
func parseConfig(path string, data []byte, into any) error {
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	decoder.KnownFields(true)
	if err := decoder.Decode(into); err != nil {
		return wrongConfig(path, err)
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return pki.Errorf(pki.Invalid, "config.documents", "%s holds more than one YAML document", path)
	}
	return nil
}

func wrongConfig(path string, err error) error {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	text = strings.Join(strings.Fields(strings.ReplaceAll(text, "unmarshal errors:", "")), " ")
	return pki.Errorf(pki.Invalid, "config.yaml", "%s: %.300s", path, text).To("see the commented samples under deploy/")
}

// needs refuses a configuration with an empty value that must be there.
func needs(path string, values map[string]string) error {
	for _, name := range sortedKeys(values) {
		if values[name] == "" {
			return pki.Errorf(pki.Invalid, "config.missing", "%s: %s is not given", path, name).To("see the commented samples under deploy/")
		}
	}
	return nil
}

func (c *CA) check(path string) error {
	if c.Component != "ca" {
		return pki.Errorf(pki.Invalid, "config.component", "%s: component is %.20q, not ca", path, c.Component)
	}
	if (c.Database == "") == (c.DatabaseFile == "") {
		return pki.Errorf(pki.Invalid, "config.database", "%s: give database or database_file, one of the two", path)
	}
	if len(c.Issuers) == 0 {
		return pki.Errorf(pki.Invalid, "config.issuers", "%s: no issuer", path)
	}
	for _, i := range c.Issuers {
		err := needs(path, map[string]string{"issuers.id": i.ID, "issuers.key": i.Key, "issuers.certificate": i.Certificate})
		if err != nil {
			return err
		}
	}
	if c.KMC != nil {
		if (c.KMC.URL == "") == (c.KMC.CallsIn == "") {
			return pki.Errorf(pki.Invalid, "config.kmc", "%s: give kmc.url or kmc.calls_in, one of the two", path)
		}
		if c.KMC.CallsIn != "" && c.Accept == "" {
			return pki.Errorf(pki.Invalid, "config.accept", "%s: kmc.calls_in needs accept, the address where the centre dials in", path)
		}
		err := needs(path, map[string]string{"kmc.message_key": c.KMC.MessageKey,
			"kmc.message_certificate": c.KMC.MessageCertificate, "kmc.centre": c.KMC.Centre})
		if err != nil {
			return err
		}
	}
	if err := checkCare(path, c.AuditCopies, c.Health); err != nil {
		return err
	}
	if err := errors.Join(c.speech().check(path), c.Console.check(path)); err != nil {
		return err
	}
	return needs(path, map[string]string{"origin": c.Origin, "hosts": strings.Join(c.Hosts, ","), "tls_key": c.TLSKey,
		"tls_certificate": c.TLSCertificate, "holder_key_file": c.HolderKeyFile, "audit_key": c.AuditKey, "audit_heads": c.AuditHeads,
		"crl.dir": c.CRL.Dir, "crl.aia": c.CRL.AIA})
}

func (c *KMC) check(path string) error {
	if c.Component != "kmc" {
		return pki.Errorf(pki.Invalid, "config.component", "%s: component is %.20q, not kmc", path, c.Component)
	}
	if (c.Database == "") == (c.DatabaseFile == "") {
		return pki.Errorf(pki.Invalid, "config.database", "%s: give database or database_file, one of the two", path)
	}
	if c.Listen == "" && len(c.DialOut) == 0 {
		return pki.Errorf(pki.Invalid, "config.listen", "%s: neither listen nor dial_out is given, so nobody could reach it", path)
	}
	if err := checkCare(path, c.AuditCopies, c.Health); err != nil {
		return err
	}
	if err := errors.Join(c.speech().check(path), c.Console.check(path)); err != nil {
		return err
	}
	return needs(path, map[string]string{"origin": c.Origin, "tls_key": c.TLSKey, "tls_certificate": c.TLSCertificate,
		"trust": c.Trust, "master_key": c.MasterKey, "audit_key": c.AuditKey, "audit_heads": c.AuditHeads})
}

// Path resolves a path of the configuration.
func (c *CA) Path(path string) string  { return resolve(c.dir, path) }
func (c *KMC) Path(path string) string { return resolve(c.dir, path) }

func resolve(dir, path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

// Save writes a configuration file for the first time; it never overwrites one.
func Save(path string, config any) error {
	data, err := yaml.Marshal(config)
	if err != nil {
		return fmt.Errorf("writing the configuration: %w", err)
	}
	return WriteNew(path, data, 0o600)
}

// replaceConfig writes a configuration file anew.
func replaceConfig(path string, config any) error {
	data, err := yaml.Marshal(config)
	if err != nil {
		return fmt.Errorf("writing the configuration: %w", err)
	}
	return ReplaceFile(path, data, 0o600)
}
