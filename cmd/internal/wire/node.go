package wire

import (
	"net"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"onecert/pki"
)

// Node is the configuration of a node of status: the process that tells relying parties
// whether certificates are good. It has its own copy of the CA's journal and answers
// from it, at the centre or in a province, also while the way to the CA is cut.
type Node struct {
	Component string `yaml:"component"` // "node"
	// CA is the address of the CA's API; Trust is a PEM file of the certificates it and
	// the node's callers lead to.
	CA    string `yaml:"ca"`
	Trust string `yaml:"trust"`
	// TLSKey and TLSCertificate are the node's own, enrolled at the CA with a code of
	// role node.
	TLSKey         string `yaml:"tls_key"`
	TLSCertificate string `yaml:"tls_certificate"`
	// Protocol is what this component speaks to the others: tls (the default), or tlcp
	// with its Pair. With a Pair the API takes TLCP beside TLS.
	Protocol string    `yaml:"protocol,omitempty"`
	Pair     *PairFile `yaml:"pair,omitempty"`
	// Database holds the copy of the journal, the directory and the positions.
	Database     string `yaml:"database,omitempty"`
	DatabaseFile string `yaml:"database_file,omitempty"`
	// Listen is the node's API over mutual TLS (health, metrics, the observer's report);
	// Public serves OCSP, CRLs, CA certificates, the look-up and the portal over plain HTTP.
	Listen string `yaml:"listen"`
	Public string `yaml:"public"`

	OCSP     NodeOCSP      `yaml:"ocsp,omitempty"`
	CRL      NodeCRL       `yaml:"crl,omitempty"`
	LDAP     *NodeLDAP     `yaml:"ldap,omitempty"`
	Portal   NodePortal    `yaml:"portal,omitempty"`
	Observer *NodeObserver `yaml:"observer,omitempty"`
	Health   HealthFile    `yaml:"health,omitempty"`

	dir string
}

// NodeOCSP is the responder. Its keys are made by itself and renewed by itself.
type NodeOCSP struct {
	Dir string `yaml:"dir,omitempty"` // certificates and the copy kept in memory; "ocsp"
	// Key is a URI in which {issuer} and {n} stand for the issuer and the renewal.
	Key    string        `yaml:"key"`
	Life   time.Duration `yaml:"life,omitempty"`    // of an answer; 1h
	MaxLag time.Duration `yaml:"max_lag,omitempty"` // the copy may be behind; 10m
}

// NodeCRL is where lists are kept as files, for this node and any web server.
type NodeCRL struct {
	Dir string `yaml:"dir,omitempty"` // "public/crl"
	AIA string `yaml:"aia,omitempty"` // "public/aia"
}

// NodeLDAP is the directory.
type NodeLDAP struct {
	Listen string `yaml:"listen"`           // plain LDAP: everything in it is public
	Secure string `yaml:"secure,omitempty"` // LDAP over TLS, under the node's own certificate
	Base   string `yaml:"base"`             // "o=OneCert,c=CN"
	// Targets are other directories that are kept equal.
	Targets []NodeTarget `yaml:"targets,omitempty"`
}

// NodeTarget is somebody else's directory.
type NodeTarget struct {
	Name         string `yaml:"name"`
	Address      string `yaml:"address"` // ldap://… or ldaps://…
	Trust        string `yaml:"trust,omitempty"`
	BindDN       string `yaml:"bind_dn,omitempty"`
	PasswordFile string `yaml:"password_file,omitempty"`
}

// NodePortal is the public site.
type NodePortal struct {
	Operator string `yaml:"operator,omitempty"` // as people know the service
	// Registration is the address of the self-service of a registration, whose public part
	// says what is announced and by which rules the service works. Left out, the site has
	// no such pages.
	Registration string `yaml:"registration,omitempty"`
	// SelfService and Console are where the pages send holders and officers; left out, they
	// send nobody there.
	SelfService string `yaml:"self_service,omitempty"`
	Console     string `yaml:"console,omitempty"`
}

func (n NodePortal) check(path string) error {
	for key, address := range map[string]string{"registration": n.Registration, "self_service": n.SelfService, "console": n.Console} {
		if u, err := url.Parse(address); address != "" && (err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil) {
			return pki.Errorf(pki.Invalid, "config.portal", "%s: portal.%s is no https address", path, key).To("write it as https://host:port")
		}
	}
	return nil
}

// NodeObserver asks all of it from outside.
type NodeObserver struct {
	Every  time.Duration `yaml:"every,omitempty"`  // between rounds; 1m
	Within time.Duration `yaml:"within,omitempty"` // a revocation has to be seen; 5s
	// Canaries are the ids of issuers that make canaries; all the CA has if empty.
	Canaries []string `yaml:"canaries,omitempty"`
	// Watch are further addresses (host:port) whose TLS certificates are watched.
	Watch []string `yaml:"watch,omitempty"`
}

// LoadNode reads and checks a node's configuration.
func LoadNode(path string) (*Node, error) {
	c := &Node{dir: filepath.Dir(path)}
	if err := load(path, c); err != nil {
		return nil, err
	}
	c.complete()
	return c, c.check(path)
}

func (c *Node) complete() {
	for _, d := range []struct {
		value *string
		usual string
	}{{&c.OCSP.Dir, "ocsp"}, {&c.CRL.Dir, "public/crl"}, {&c.CRL.AIA, "public/aia"}} {
		if *d.value == "" {
			*d.value = d.usual
		}
	}
}

func (c *Node) check(path string) error {
	if c.Component != "node" {
		return pki.Errorf(pki.Invalid, "config.component", "%s: component is %.20q, not node", path, c.Component)
	}
	if (c.Database == "") == (c.DatabaseFile == "") {
		return pki.Errorf(pki.Invalid, "config.database", "%s: give database or database_file, one of the two", path)
	}
	if !strings.Contains(c.OCSP.Key, "{issuer}") {
		return pki.Errorf(pki.Invalid, "config.ocsp", "%s: ocsp.key does not hold {issuer}, so issuers would share a key", path).
			To("write file:ocsp/{issuer}-{n}.pem?pass=file:passphrase")
	}
	if c.LDAP != nil {
		if err := c.LDAP.check(path); err != nil {
			return err
		}
	}
	if err := checkCare(path, nil, c.Health); err != nil {
		return err
	}
	if err := c.Portal.check(path); err != nil {
		return err
	}
	if err := c.speech().check(path); err != nil {
		return err
	}
	return needs(path, map[string]string{"ca": c.CA, "trust": c.Trust, "tls_key": c.TLSKey, "tls_certificate": c.TLSCertificate,
		"listen": c.Listen, "public": c.Public})
}

func (l *NodeLDAP) check(path string) error {
	for _, address := range []string{l.Listen, l.Secure} {
		if _, _, err := net.SplitHostPort(address); address != "" && err != nil {
			return pki.Errorf(pki.Invalid, "config.ldap", "%s: %.60q is not an address with a port", path, address)
		}
	}
	names := map[string]bool{}
	for _, t := range l.Targets {
		if t.Name == "" || names[t.Name] {
			return pki.Errorf(pki.Invalid, "config.ldap.target", "%s: each directory to publish to has a name of its own", path)
		}
		names[t.Name] = true
		if t.BindDN != "" && t.PasswordFile == "" {
			return pki.Errorf(pki.Invalid, "config.ldap.target", "%s: %s has a bind_dn and no password_file", path, t.Name)
		}
	}
	return needs(path, map[string]string{"ldap.listen": l.Listen, "ldap.base": l.Base})
}

// Path resolves a path of the configuration.
func (c *Node) Path(path string) string { return resolve(c.dir, path) }
