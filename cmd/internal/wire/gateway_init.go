package wire

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"onecert/ca"
	"onecert/keys"
	"onecert/pki"
)

// NewGateway says what the first start of a gateway makes.
type NewGateway struct {
	Dir          string
	Host         string // name or address the administration is reached under
	Listen       string // administration
	Console      string // where officers come with a browser; empty: there is no console
	Name         string // as applications know it; empty: https://Host
	CA           string // address of the CA's API
	Trust        []byte // PEM of CA certificates, issuing ones and roots
	Database     string // empty: sqlite:gateway.db, unless DatabaseFile names a file with the source
	DatabaseFile string
	SealWith     keys.SealAlgorithm
	Cipher       keys.Cipher
	Link         string // "tlcp": with a key for a pair
}

// secretPurpose ties the sealed secret to what it is for.
const secretPurpose = "onecert gateway secret"

// InitGateway makes keys, the shared secret and the configuration of a gateway in a folder
// that has none, and a request for its site certificate.
func InitGateway(n NewGateway) (configPath string, err error) {
	configPath = filepath.Join(n.Dir, "gateway.yaml")
	if _, err := os.Stat(configPath); err == nil {
		return "", pki.Errorf(pki.Conflict, "init.exists", "%s is there already; a gateway is made once", configPath).To("choose another folder")
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
	if config.TLSKey, err = i.requested("tls", tls, siteSubject("gateway", n.Trust), n.Host); err != nil {
		return "", err
	}
	if config.Protocol, config.Pair, err = i.pair(n.Link); err != nil {
		return "", err
	}
	if config.AuditKey, err = i.audit(config.Origin); err != nil {
		return "", err
	}
	for _, suite := range []pki.Suite{pki.P256, pki.SM2} {
		uri, err := i.key("keys/assertion-"+string(suite)+".pem", suite)
		if err != nil {
			return "", err
		}
		config.AssertionKeys = append(config.AssertionKeys, uri)
	}
	if err := i.sealedSecret(filepath.Join(n.Dir, config.Secret), n.SealWith); err != nil {
		return "", err
	}
	if err := os.MkdirAll(config.Path(config.ServiceKeys), 0o700); err != nil {
		return "", fmt.Errorf("making the folder of the services' keys: %w", err)
	}
	if err := WriteNew(filepath.Join(n.Dir, "trust.pem"), n.Trust, 0o644); err != nil {
		return "", err
	}
	return configPath, Save(configPath, config)
}

// config is what will be written, judged before any key is made.
func (n *NewGateway) config(path string) (*Gateway, error) {
	if err := errors.Join(checkPlace(n.Host, n.Listen), checkConsole(n.Console)); err != nil {
		return nil, err
	}
	if err := checkLink(n.Link); err != nil {
		return nil, err
	}
	if n.Name == "" {
		n.Name = "https://" + n.Host
	}
	c := &Gateway{Component: componentGateway, Origin: n.Host + "/gateway", Name: n.Name, Database: n.Database, DatabaseFile: n.DatabaseFile, Listen: n.Listen, Console: consoleAt(n.Console), CA: n.CA,
		TLSKey: keyURI("keys/tls.pem", "passphrase"), TLSCertificate: "tls.pem", Trust: "trust.pem", SealKey: keyURI("keys/seal.pem", "passphrase"), Secret: "secret.sealed",
		ServiceKeys: "services", ServicePassphrase: "passphrase", Lists: "lists", AuditKey: keyURI("keys/audit.pem", "passphrase"), AuditHeads: "audit-heads", dir: n.Dir}
	if c.Database == "" && c.DatabaseFile == "" {
		c.Database = "sqlite:gateway.db"
	}
	c.complete()
	with := *c
	with.AssertionKeys = []string{"made below"}
	return c, with.check(path)
}

// sealedSecret makes the sealing key, and the secret all gateways of a site share.
func (i *initialiser) sealedSecret(path string, algorithm keys.SealAlgorithm) error {
	sealer, err := keys.GenerateSealer(keyURI(filepath.Join(i.dir, "keys/seal.pem"), i.pass), algorithm, keys.Options{})
	if err != nil {
		return fmt.Errorf("making the sealing key: %w", err)
	}
	secret := make([]byte, 32)
	if _, err := rand.Read(secret); err != nil {
		return fmt.Errorf("making a secret: %w", err)
	}
	sealed, err := sealer.Seal(rand.Reader, secret, []byte(secretPurpose))
	if err != nil {
		return fmt.Errorf("sealing the secret: %w", err)
	}
	return WriteNew(path, []byte(base64.StdEncoding.EncodeToString(sealed)+"\n"), 0o600)
}

// EnrolGateway turns a code of the CA (role site) into the gateway's certificate, in the
// key its init made.
func EnrolGateway(ctx context.Context, config, code string) (ca.Enrolled, error) {
	c, err := LoadGateway(config)
	if err != nil {
		return ca.Enrolled{}, err
	}
	return enrolSite(ctx, c.CA, code, siteFiles{Config: config, Trust: c.Path(c.Trust), Certificate: c.Path(c.TLSCertificate)})
}

// FirstCodes makes them in the gateway's database, whether or not it is being served.
func (c *Gateway) FirstCodes(ctx context.Context) (map[string]string, error) {
	return c.log().codes(ctx, "gateway")
}

// JoinGateway registers the certificate of an identity at a gateway with a code, and notes
// the gateway in identity.yaml.
func JoinGateway(ctx context.Context, dir, server, code string) (Joined, error) {
	identity, err := LoadSession(dir)
	if err != nil {
		return Joined{}, err
	}
	trust, err := os.ReadFile(resolve(dir, identity.Trust))
	if err != nil {
		return Joined{}, pki.Errorf(pki.Invalid, "config.certificate", "the certificate file %s cannot be read", identity.Trust).Because(err)
	}
	chain, err := identity.Chain()
	if err != nil {
		return Joined{}, err
	}
	joined, err := Join(ctx, server, trust, JoinOrder{Code: code, Certificate: chain[0]})
	if err != nil {
		return joined, err
	}
	identity.Gateway = server
	return joined, replaceConfig(filepath.Join(dir, sessionName), identity)
}
