package wire

import (
	"context"
	"os"
	"path/filepath"

	"onecert/ca"
	"onecert/keys"
	"onecert/pki"
)

// NewNode says what the first start of a node makes.
type NewNode struct {
	Dir      string
	Host     string // name or address the node is reached under
	CA       string // address of the CA's API
	Trust    []byte // PEM of CA certificates, issuing ones and roots
	Listen   string // API
	Public   string // plain HTTP
	LDAP     string // empty: no directory
	Base     string // of the directory
	Portal   NodePortal
	Observe  bool
	Database string // empty: sqlite:node.db
	Cipher   keys.Cipher
	Link     string // "tlcp": with a key for a pair
}

// InitNode makes key, request and configuration of a node in a folder that has none.
func InitNode(n NewNode) (configPath string, err error) {
	configPath = filepath.Join(n.Dir, "node.yaml")
	if _, err := os.Stat(configPath); err == nil {
		return "", pki.Errorf(pki.Conflict, "init.exists", "%s is there already; a node is made once", configPath).To("choose another folder")
	}
	if err := checkLink(n.Link); err != nil {
		return "", err
	}
	i, err := newInitialiser(n.Dir, n.Cipher)
	if err != nil {
		return "", err
	}
	config := &Node{Component: "node", CA: n.CA, Trust: "trust.pem", TLSCertificate: "tls.pem", Database: n.Database, Listen: n.Listen, Public: n.Public,
		OCSP: NodeOCSP{Key: unescapedBraces(keyURI("ocsp/{issuer}-{n}.pem", "passphrase"))}, Portal: n.Portal}
	if config.Database == "" {
		config.Database = "sqlite:node.db"
	}
	if n.LDAP != "" {
		config.LDAP = &NodeLDAP{Listen: n.LDAP, Base: n.Base}
	}
	if n.Observe {
		config.Observer = &NodeObserver{}
	}
	config.complete()
	suite, err := tlsSuiteOf(n.Trust)
	if err != nil {
		return "", err
	}
	if config.TLSKey, err = i.requested("tls", suite, siteSubject("node", n.Trust), n.Host); err != nil {
		return "", err
	}
	if config.Protocol, config.Pair, err = i.pair(n.Link); err != nil {
		return "", err
	}
	if err := config.check(configPath); err != nil {
		return "", err
	}
	if err := WriteNew(filepath.Join(n.Dir, "trust.pem"), n.Trust, 0o644); err != nil {
		return "", err
	}
	return configPath, Save(configPath, config)
}

// EnrolNode turns a code of a CA (role node) into the node's certificate, in the key
// its init made.
func EnrolNode(ctx context.Context, config, code string) (ca.Enrolled, error) {
	c, err := LoadNode(config)
	if err != nil {
		return ca.Enrolled{}, err
	}
	return enrolSite(ctx, c.CA, code, siteFiles{Config: config, Trust: c.Path(c.Trust), Certificate: c.Path(c.TLSCertificate)})
}
