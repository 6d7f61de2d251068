package wire

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/ca"
	"onecert/ceremony"
	"onecert/keys"
	"onecert/kmc"
	"onecert/pki"
)

// NewCA says what the first start of a CA makes.
type NewCA struct {
	Dir          string
	Organisation string
	Host         string       // name or address the API is reached under
	Listen       string       // API
	Public       string       // plain HTTP for CRL and AIA
	Accept       string       // where inner zones dial in; empty: nowhere
	Console      string       // where officers come with a browser; empty: there is no console
	Addresses    ca.Addresses // as they stand in certificates for ever
	Partitions   int
	Database     string // empty: sqlite:ca.db, unless DatabaseFile names a file with the source
	DatabaseFile string
	Families     []string // of sm2, rsa, ecdsa; ecdsa or rsa is needed for the API itself
	Cipher       keys.Cipher
	CRLPause     time.Duration
	Link         string                  // "tlcp": with a key for a pair
	Suites       map[string][2]pki.Suite // of root and issuing CA, where not the usual ones
	Canaries     bool                    // make issuers of canaries, for an observer
}

// Suites of root and issuing CA. The root lives longest and signs least.
var familySuites = map[string][2]pki.Suite{
	"sm2": {pki.SM2, pki.SM2}, "rsa": {pki.RSA4096, pki.RSA3072}, "ecdsa": {pki.P384, pki.P256},
}

var familyNames = map[string]string{"sm2": "SM2", "rsa": "RSA", "ecdsa": "ECDSA"}

// Lives of CA certificates: an end entity of five years fits into its issuer, and
// the issuer into its root, for ten years of issuing.
const rootYears, issuingYears = 30, 15

// InitCA makes keys, hierarchy and configuration of a CA in a folder that has none.
// Roots stay beside the issuing keys here; taking them off line is a ceremony.
func InitCA(_ context.Context, n NewCA, options Options) (configPath string, err error) {
	configPath = filepath.Join(n.Dir, "ca.yaml")
	if _, err := os.Stat(configPath); err == nil {
		return "", pki.Errorf(pki.Conflict, "init.exists", "%s is there already; a CA is made once", configPath).
			To("choose another folder; to start the CA use 'onecert ca serve --config %s'", configPath)
	}
	if err := n.check(); err != nil {
		return "", err
	}
	i, err := newInitialiser(n.Dir, n.Cipher)
	if err != nil {
		return "", err
	}
	config := &CA{Component: "ca", Origin: n.Host + "/ca", Database: n.Database, DatabaseFile: n.DatabaseFile,
		Listen: n.Listen, Public: n.Public, Accept: n.Accept, Hosts: []string{n.Host},
		TLSCertificate: "tls.pem", HolderKeyFile: "holder.key", AuditHeads: "audit-heads",
		CRL: CRLFile{Dir: "public/crl", AIA: "public/aia", Pause: n.CRLPause}}
	if config.Database == "" && config.DatabaseFile == "" {
		config.Database = "sqlite:ca.db"
	}
	config.Console = consoleAt(n.Console)
	var roots []IssuerFile
	for _, family := range n.Families {
		issuer, root, err := i.family(family, n, options.now()())
		if err != nil {
			return "", err
		}
		config.Issuers, roots = append(config.Issuers, issuer), append(roots, root)
	}
	config.Issuers = append(config.Issuers, roots...)
	if err := i.trust(config.Issuers); err != nil { // before canaries, which nobody trusts
		return "", err
	}
	if n.Canaries {
		for _, family := range n.Families {
			canary, err := i.canary(family, n, options.now()())
			if err != nil {
				return "", err
			}
			config.Issuers = append(config.Issuers, canary)
		}
	}
	if config.TLSKey, err = i.key("keys/tls.pem", n.tlsSuite()); err != nil {
		return "", err
	}
	if config.Protocol, config.Pair, err = i.pair(n.Link); err != nil {
		return "", err
	}
	if config.AuditKey, err = i.audit(config.Origin); err != nil {
		return "", err
	}
	if slices.Contains(n.Families, "sm2") {
		if _, err := i.key(messageKey, pki.SM2); err != nil {
			return "", err
		}
	}
	if err := i.secret("holder.key"); err != nil {
		return "", err
	}
	return configPath, Save(configPath, config)
}

// initialiser makes keys and files of one folder under one passphrase.
type initialiser struct {
	dir, pass string
	cipher    keys.Cipher
}

// newInitialiser begins in a folder where nothing was begun before.
func newInitialiser(dir string, cipher keys.Cipher) (*initialiser, error) {
	if _, err := os.Stat(filepath.Join(dir, "keys")); err == nil {
		return nil, pki.Errorf(pki.Conflict, "init.unfinished", "%s holds keys of an init that was broken off", dir).
			To("move the folder away and begin again")
	}
	i := &initialiser{dir: dir, pass: filepath.Join(dir, "passphrase"), cipher: cipher}
	return i, i.passphrase()
}

// passphrase makes a random one unless the operator put one there before.
func (i *initialiser) passphrase() error {
	if _, err := os.Stat(i.pass); err == nil {
		return nil
	}
	return i.secret("passphrase")
}

func (i *initialiser) secret(name string) error {
	secret := make([]byte, 32)
	if _, err := rand.Read(secret); err != nil {
		return fmt.Errorf("making a secret: %w", err)
	}
	return WriteNew(filepath.Join(i.dir, name), []byte(hex.EncodeToString(secret)+"\n"), 0o600)
}

// key makes a key file and returns its URI relative to the folder.
func (i *initialiser) key(name string, suite pki.Suite) (string, error) {
	_, uri, err := i.newKey(name, suite)
	return uri, err
}

func (i *initialiser) newKey(name string, suite pki.Suite) (*keys.Key, string, error) {
	path := filepath.Join(i.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, "", fmt.Errorf("making the folder of keys: %w", err)
	}
	key, err := keys.Generate(keyURI(path, i.pass), suite, keys.Options{Cipher: i.cipher})
	if err != nil {
		return nil, "", fmt.Errorf("making the key %s: %w", name, err)
	}
	return key, keyURI(name, "passphrase"), nil
}

// family makes root and issuing CA. The root stays beside it and keeps its CRL fresh
// until a ceremony takes it off line.
func (i *initialiser) family(family string, n NewCA, now time.Time) (issuer, above IssuerFile, err error) {
	suites, known := n.Suites[family]
	if !known {
		suites, known = familySuites[family]
	}
	if !known {
		return issuer, above, pki.Errorf(pki.Invalid, "init.family", "%.20q is not a family of algorithms", family).To("use sm2, rsa or ecdsa")
	}
	rootKey, rootURI, err := i.newKey("keys/"+family+"-root.pem", suites[0])
	if err != nil {
		return issuer, above, err
	}
	issuingKey, uri, err := i.newKey("keys/"+family+".pem", suites[1])
	if err != nil {
		return issuer, above, err
	}
	subject := func(role string) pki.Name {
		return pki.Name{{Type: "C", Value: "CN"}, {Type: "O", Value: n.Organisation}, {Type: "CN", Value: n.Organisation + " " + familyNames[family] + " " + role}}
	}
	now = now.UTC().Truncate(time.Second)
	rootID := family + "-root"
	root, err := certify(subject("Root CA"), rootKey, span{now, rootYears, -1}, nil)
	if err != nil {
		return issuer, above, err
	}
	issuing, err := certify(subject("Issuing CA"), issuingKey, span{now, issuingYears, 0},
		&ceremony.Signer{ID: rootID, Key: rootKey, Certificate: root, Addresses: ceremony.Addresses{CRL: n.Addresses.CRL, AIA: n.Addresses.AIA}})
	if err != nil {
		return issuer, above, err
	}
	issuer = IssuerFile{ID: family, Key: uri, Certificate: "certs/" + family + ".pem", Partitions: n.Partitions, Addresses: n.Addresses}
	above = IssuerFile{ID: rootID, Key: rootURI, Certificate: "certs/" + rootID + ".pem", ListsOnly: true, Addresses: n.Addresses}
	if err := WriteNew(filepath.Join(i.dir, issuer.Certificate), PEM(issuing.Raw, root.Raw), 0o644); err != nil {
		return issuer, above, err
	}
	return issuer, above, WriteNew(filepath.Join(i.dir, above.Certificate), PEM(root.Raw), 0o644)
}

// canary makes an issuer of canaries: its own root, which stands in no trust list.
func (i *initialiser) canary(family string, n NewCA, now time.Time) (IssuerFile, error) {
	id := ca.CanaryID(family)
	suite := map[string]pki.Suite{"sm2": pki.SM2, "rsa": pki.RSA2048, "ecdsa": pki.P256}[family]
	key, uri, err := i.newKey("keys/"+id+".pem", suite)
	if err != nil {
		return IssuerFile{}, err
	}
	name := pki.Name{{Type: "C", Value: "CN"}, {Type: "O", Value: n.Organisation}, {Type: "CN", Value: "Canaries " + familyNames[family] + " - trusted by nobody"}}
	root, err := certify(name, key, span{now.UTC().Truncate(time.Second), issuingYears, 0}, nil)
	if err != nil {
		return IssuerFile{}, err
	}
	issuer := IssuerFile{ID: id, Key: uri, Certificate: "certs/" + id + ".pem", Partitions: 1, Addresses: n.Addresses}
	return issuer, WriteNew(filepath.Join(i.dir, issuer.Certificate), PEM(root.Raw), 0o644)
}

// span is how long a CA's certificate lives and how many CAs may follow it.
type span struct {
	from           time.Time
	years, pathLen int
}

func certify(name pki.Name, key *keys.Key, s span, parent *ceremony.Signer) (*smx509.Certificate, error) {
	subject, err := name.DER()
	if err != nil {
		return nil, err
	}
	return ceremony.Certify(rand.Reader, pki.Authority{Subject: subject, PublicKey: key.Public(),
		NotBefore: s.from, NotAfter: s.from.AddDate(s.years, 0, 0), PathLen: s.pathLen}, key, parent)
}

// NewKMC says what the first start of a KMC makes.
type NewKMC struct {
	Dir          string
	Host         string
	Listen       string
	Console      string    // where officers come with a browser; empty: there is no console
	DialOut      []DialOut // to the CAs, where they cannot dial in
	CA           string    // address of the CA's API, to renew the site certificate at
	Database     string    // empty: sqlite:kmc.db, unless DatabaseFile names a file with the source
	DatabaseFile string
	Trust        []byte            // PEM of CA certificates, issuing ones and roots
	Peers        map[string][]byte // PEM of the message certificate of each CA, by the name it is registered under
	SealWith     keys.SealAlgorithm
	Cipher       keys.Cipher
	Link         string // "tlcp": with a key for a pair
}

// InitKMC makes keys and configuration of a KMC in a folder that has none, and a
// request for its site certificate.
func InitKMC(n NewKMC) (configPath string, err error) {
	configPath = filepath.Join(n.Dir, "kmc.yaml")
	if _, err := os.Stat(configPath); err == nil {
		return "", pki.Errorf(pki.Conflict, "init.exists", "%s is there already; a KMC is made once", configPath).To("choose another folder")
	}
	if err := n.check(); err != nil {
		return "", err
	}
	i, err := newInitialiser(n.Dir, n.Cipher)
	if err != nil {
		return "", err
	}
	config := &KMC{Component: "kmc", Origin: n.Host + "/kmc", Database: n.Database, DatabaseFile: n.DatabaseFile,
		Listen: n.Listen, DialOut: n.DialOut, CA: n.CA, TLSCertificate: "tls.pem",
		Trust: "trust.pem", AuditHeads: "audit-heads", MasterKey: keyURI("keys/master.pem", "passphrase")}
	if config.Database == "" && config.DatabaseFile == "" {
		config.Database = "sqlite:kmc.db"
	}
	config.Console = consoleAt(n.Console)
	tls, err := tlsSuiteOf(n.Trust)
	if err != nil {
		return "", err
	}
	if config.TLSKey, err = i.requested("tls", tls, siteSubject("kmc", n.Trust), n.Host); err != nil {
		return "", err
	}
	if config.Protocol, config.Pair, err = i.pair(n.Link); err != nil {
		return "", err
	}
	if config.AuditKey, err = i.audit(config.Origin); err != nil {
		return "", err
	}
	if err := i.messages(config, n); err != nil {
		return "", err
	}
	if _, err := keys.GenerateSealer(keyURI(filepath.Join(n.Dir, "keys/master.pem"), i.pass), n.SealWith, keys.Options{}); err != nil {
		return "", fmt.Errorf("making the master key: %w", err)
	}
	if err := WriteNew(filepath.Join(n.Dir, "trust.pem"), n.Trust, 0o644); err != nil {
		return "", err
	}
	return configPath, Save(configPath, config)
}

// SetPool changes how many spare pairs a KMC keeps, in its configuration.
func SetPool(path string, pool map[pki.Suite]kmc.PoolSize) error {
	config, err := LoadKMC(path)
	if err != nil {
		return err
	}
	config.Pool = pool
	return replaceConfig(path, config)
}
