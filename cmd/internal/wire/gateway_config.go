package wire

import (
	"errors"
	"path/filepath"
	"strings"
	"time"

	"onecert/keys"
	"onecert/pki"
)

const componentGateway = "gateway"

// Gateway is the configuration of a gateway's process. What it protects, for whom and by
// which rules is decided through its API and kept in its database.
type Gateway struct {
	Component string `yaml:"component"` // "gateway"
	// Origin names the audit log in its signed heads.
	Origin string `yaml:"origin"`
	// Name is what it calls itself in the statements applications get: https://gw.gov.example.
	Name         string `yaml:"name"`
	Database     string `yaml:"database,omitempty"`
	DatabaseFile string `yaml:"database_file,omitempty"`
	// Listen is the address of the administration (mutual TLS). The services have theirs in
	// their own configuration.
	Listen string `yaml:"listen"`
	// CA is the address of the CA's API: its journal is followed, site certificates are
	// renewed there and certificates of services ordered.
	CA string `yaml:"ca"`
	// TLSKey and TLSCertificate are the API's own, enrolled at the CA as a site.
	TLSKey         string `yaml:"tls_key"`
	TLSCertificate string `yaml:"tls_certificate"`
	// Protocol is what this component speaks to the CA: tls (the default), or tlcp with its
	// Pair. With a Pair the API takes TLCP beside TLS.
	Protocol string    `yaml:"protocol,omitempty"`
	Pair     *PairFile `yaml:"pair,omitempty"`
	// Trust is a PEM file of the CA certificates that officers' and sites' lead to.
	Trust string `yaml:"trust"`
	// SealKey seals Secret, and the keys of sessions. Gateways of one site share both.
	SealKey string `yaml:"seal_key"`
	Secret  string `yaml:"secret"`
	// AssertionKeys sign what applications are told: P-256 and SM2, the first of each kind.
	AssertionKeys []string `yaml:"assertion_keys"`
	// ServiceKeys is the folder of the services' keys, under one passphrase; a service names
	// one as file:NAME.pem. Keys in hardware it names as hardware:NAME.
	ServiceKeys       string            `yaml:"service_keys"`
	ServicePassphrase string            `yaml:"service_passphrase"`
	ServiceHardware   map[string]string `yaml:"service_hardware,omitempty"`
	// Lists keeps revocation lists, those that were uploaded among them.
	Lists string `yaml:"lists"`

	Log      GatewayLog      `yaml:"log,omitempty"`
	Sessions GatewaySessions `yaml:"sessions,omitempty"`

	AuditKey    string     `yaml:"audit_key"`
	AuditHeads  string     `yaml:"audit_heads"`
	AuditCopies []CopyFile `yaml:"audit_copies,omitempty"`
	Health      HealthFile `yaml:"health,omitempty"`
	// Console is where officers work with a browser; without it there is none here.
	Console *ConsoleFile `yaml:"console,omitempty"`

	dir string
}

// GatewayLog is the access log.
type GatewayLog struct {
	Dir    string `yaml:"dir,omitempty"`     // "log"
	MaxMiB int64  `yaml:"max_mib,omitempty"` // of one file; 256
	Days   int    `yaml:"days,omitempty"`    // that files are kept; 180
	Syslog string `yaml:"syslog,omitempty"`  // a collector as well: tls://host:6514
	Trust  string `yaml:"trust,omitempty"`   // PEM of roots for it; without it the system's
}

// GatewaySessions bounds sessions.
type GatewaySessions struct {
	Idle     time.Duration `yaml:"idle,omitempty"`     // 30m
	Absolute time.Duration `yaml:"absolute,omitempty"` // 12h
	PerUser  int           `yaml:"per_user,omitempty"` // 10
	// Refuse the log in that is one too many; otherwise the oldest session ends for it.
	Refuse bool `yaml:"refuse,omitempty"`
	// Database, or DatabaseFile with it inside, keeps the sessions where gateways of one site
	// share them; without it they are in the gateway's own.
	Database     string `yaml:"database,omitempty"`
	DatabaseFile string `yaml:"database_file,omitempty"`
}

// LoadGateway reads and checks a gateway's configuration.
func LoadGateway(path string) (*Gateway, error) {
	c := &Gateway{dir: filepath.Dir(path)}
	if err := load(path, c); err != nil {
		return nil, err
	}
	c.complete()
	return c, c.check(path)
}

func (c *Gateway) complete() {
	if c.Log.Dir == "" {
		c.Log.Dir = "log"
	}
}

func (c *Gateway) check(path string) error {
	if c.Component != componentGateway {
		return pki.Errorf(pki.Invalid, "config.component", "%s: component is %.20q, not gateway", path, c.Component)
	}
	if (c.Database == "") == (c.DatabaseFile == "") {
		return pki.Errorf(pki.Invalid, "config.database", "%s: give database or database_file, one of the two", path)
	}
	if c.Sessions.Database != "" && c.Sessions.DatabaseFile != "" {
		return pki.Errorf(pki.Invalid, "config.database", "%s: sessions has database and database_file", path).To("give one of the two, or none")
	}
	if !strings.HasPrefix(c.Name, "https://") {
		return pki.Errorf(pki.Invalid, "config.name", "%s: name is %.60q, not an https address", path, c.Name).To("write what applications know the gateway by: https://gw.gov.example")
	}
	for name, text := range c.ServiceHardware {
		if uri, err := keys.ParseURI(text); err != nil || !uri.Hardware() {
			return pki.Errorf(pki.Invalid, "config.hardware", "%s: service_hardware.%.40s is no URI of a key in hardware", path, name).To("write pkcs11:… or sdf:…")
		}
	}
	if c.Log.Syslog != "" {
		if _, _, err := (CopyFile{Syslog: c.Log.Syslog}).collector(); err != nil {
			return pki.Errorf(pki.Invalid, "config.log", "%s: log.syslog is not tls://HOST:PORT, tcp://HOST:PORT or udp://HOST:PORT", path)
		}
	}
	if err := errors.Join(checkCare(path, c.AuditCopies, c.Health), c.speech().check(path), c.Console.check(path)); err != nil {
		return err
	}
	return needs(path, map[string]string{"origin": c.Origin, "listen": c.Listen, "ca": c.CA, "tls_key": c.TLSKey, "tls_certificate": c.TLSCertificate,
		"trust": c.Trust, "seal_key": c.SealKey, "secret": c.Secret, "service_keys": c.ServiceKeys, "service_passphrase": c.ServicePassphrase, "lists": c.Lists,
		"assertion_keys": strings.Join(c.AssertionKeys, ","), "audit_key": c.AuditKey, "audit_heads": c.AuditHeads})
}

// Path resolves a path of the configuration.
func (c *Gateway) Path(path string) string { return resolve(c.dir, path) }

func (c *Gateway) log() logFiles {
	return logFiles{c.dir, c.Database, c.DatabaseFile, c.Origin, c.AuditKey, c.AuditHeads}
}

func (c *Gateway) speech() speech { return speech{protocol: c.Protocol, pair: c.Pair} }
