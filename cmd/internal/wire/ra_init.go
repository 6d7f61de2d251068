package wire

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"onecert/ca"
	"onecert/keys"
	"onecert/pki"
)

// NewRA says what the first start of a registration, or of a local counter, makes.
type NewRA struct {
	Dir        string
	Component  string // "ra" or "lra"
	Host       string // name or address the API is reached under
	Listen     string
	Home       RAHome
	CA         string // address of the CA's API
	Upstream   string // of the registration above
	KMC        string // of the key management centre's API, for the ledger of holders
	SelfListen string // of self-service
	// ConsoleListen is where officers come with a browser; empty: there is no console.
	ConsoleListen string
	Notices       *NoticesFile // how holders are told; nil: nobody is
	Trust         []byte       // PEM of CA certificates, issuing ones and roots
	Database      string       // empty: sqlite:COMPONENT.db, unless DatabaseFile names a file with the source
	DatabaseFile  string
	SealWith      keys.SealAlgorithm
	Cipher        keys.Cipher
	Link          string // "tlcp": with a key for a pair
}

// InitRA makes keys and configuration of a registration in a folder that has none, and
// a request for its site certificate.
func InitRA(n NewRA) (configPath string, err error) {
	configPath = filepath.Join(n.Dir, n.Component+".yaml")
	if _, err := os.Stat(configPath); err == nil {
		return "", pki.Errorf(pki.Conflict, "init.exists", "%s is there already; a registration is made once", configPath).To("choose another folder")
	}
	config, err := n.config(configPath)
	if err != nil {
		return "", err
	}
	i, err := newInitialiser(n.Dir, n.Cipher)
	if err != nil {
		return "", err
	}
	tls, err := tlsSuiteOf(n.Trust)
	if err != nil {
		return "", err
	}
	if config.TLSKey, err = i.requested("tls", tls, siteSubject(n.Home.ID, n.Trust), n.Host); err != nil {
		return "", err
	}
	if config.Protocol, config.Pair, err = i.pair(n.Link); err != nil {
		return "", err
	}
	if config.AuditKey, err = i.audit(config.Origin); err != nil {
		return "", err
	}
	if _, err := keys.GenerateSealer(keyURI(filepath.Join(n.Dir, "keys/seal.pem"), i.pass), n.SealWith, keys.Options{}); err != nil {
		return "", fmt.Errorf("making the sealing key: %w", err)
	}
	if err := WriteNew(filepath.Join(n.Dir, "trust.pem"), n.Trust, 0o644); err != nil {
		return "", err
	}
	return configPath, Save(configPath, config)
}

// config is what will be written, judged before any key is made.
func (n *NewRA) config(path string) (*RA, error) {
	if err := errors.Join(checkPlace(n.Host, n.Listen), checkConsole(n.ConsoleListen)); err != nil {
		return nil, err
	}
	if err := checkLink(n.Link); err != nil {
		return nil, err
	}
	c := &RA{Component: n.Component, Origin: n.Host + "/" + n.Component, Database: n.Database, DatabaseFile: n.DatabaseFile, Listen: n.Listen, Home: n.Home,
		CA: n.CA, Upstream: n.Upstream, KMC: n.KMC, SelfListen: n.SelfListen, TLSKey: keyURI("keys/tls.pem", "passphrase"), TLSCertificate: "tls.pem", Trust: "trust.pem",
		SealKey: keyURI("keys/seal.pem", "passphrase"), AuditKey: keyURI("keys/audit.pem", "passphrase"), AuditHeads: "audit-heads"}
	if c.Database == "" && c.DatabaseFile == "" {
		c.Database = "sqlite:" + n.Component + ".db"
	}
	c.Notices = n.Notices
	c.Console = consoleAt(n.ConsoleListen)
	if err := c.check(path); err != nil {
		return nil, err
	}
	home := c.Home.node()
	return c, home.Check()
}

// EnrolRA turns a code of the CA (role site) into the registration's certificate, in
// the key its init made. An office without a way to the CA names the CA's address.
func EnrolRA(ctx context.Context, config, server, code string) (ca.Enrolled, error) {
	c, err := LoadRA(config)
	if err != nil {
		return ca.Enrolled{}, err
	}
	if server == "" {
		server = c.CA
	}
	if server == "" {
		return ca.Enrolled{}, pki.Errorf(pki.Invalid, "ra.ca", "the configuration names no CA to enrol at").To("name its address with --server")
	}
	return enrolSite(ctx, server, code, siteFiles{Config: config, Trust: c.Path(c.Trust), Certificate: c.Path(c.TLSCertificate)})
}
