package wire

import (
	"crypto/x509"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"onecert/ca"
	"onecert/gateway"
	"onecert/helpdesk"
	"onecert/keys"
	"onecert/kmc"
	"onecert/pki"
	"onecert/ra"
	"onecert/serve"
)

// Identity is an officer's or a site's identity.yaml: where its components are, and
// what it shows them. Relative paths start from the file's folder.
type Identity struct {
	Server string `yaml:"server,omitempty"` // the CA's API, https://host:port
	KMC    string `yaml:"kmc,omitempty"`    // the key management centre's
	RA     string `yaml:"ra,omitempty"`     // the registration's, or the local counter's
	// Gateway is the gateway's administration.
	Gateway string `yaml:"gateway,omitempty"`
	// Certificate is a PEM file: one's own first, then the issuing CAs.
	Certificate string `yaml:"certificate"`
	// Key is the URI of its key. Without pass= in it the passphrase is asked for.
	Key string `yaml:"key"`
	// PlainKey says that the key is not encrypted: demonstrations only.
	PlainKey bool `yaml:"plain_key,omitempty"`
	// Trust is a PEM file of the roots the components' certificates lead to.
	Trust string `yaml:"trust"`

	dir string
}

// sessionName is the file in an identity's folder.
const sessionName = "identity.yaml"

// SessionOptions are what the caller of OpenSession provides.
type SessionOptions struct {
	// Ask returns the passphrase of a key file that names none; nil: it is an error.
	Ask func(path string) ([]byte, error)
	Now func() time.Time // nil: time.Now
}

// Session is somebody's way to the components, made with their certificate.
type Session struct {
	Certificate     *x509.Certificate
	CA              *ca.Client      // nil where identity.yaml names no CA: an officer of a registration
	CAOfficers      *Registry       // nil likewise
	Gateway         *gateway.Client // nil where identity.yaml names no gateway
	Platform        *GatewayPlatform
	GatewayOfficers *Registry
	KMC             *kmc.Client      // for what JSON carries; nil where identity.yaml names no KMC
	KMCOfficers     *Registry        // nil likewise
	RA              *ra.Client       // nil where identity.yaml names no registration
	RAOfficers      *Registry        // nil likewise
	Desk            *helpdesk.Client // the registration's service desk; nil likewise

	reach func(address string) (*serve.Client, error)
}

// LoadSession reads identity.yaml of a folder strictly.
func LoadSession(dir string) (*Identity, error) {
	path := filepath.Join(dir, sessionName)
	if _, err := os.Stat(path); err != nil {
		return nil, pki.Errorf(pki.Unknown, "identity.missing", "there is no identity in %s", dir).
			To("name your folder with --as or ONECERT_AS; 'onecert officer enrol' makes one").Because(err)
	}
	f := &Identity{dir: dir}
	if err := load(path, f); err != nil {
		return nil, err
	}
	if f.Server == "" && f.RA == "" {
		return f, needs(path, map[string]string{"server": ""})
	}
	return f, needs(path, map[string]string{"certificate": f.Certificate, "key": f.Key, "trust": f.Trust})
}

// Chain reads the identity's certificates, its own first.
func (f *Identity) Chain() ([][]byte, error) {
	chain, err := readCertificates(resolve(f.dir, f.Certificate))
	if err != nil {
		return nil, err
	}
	return rawChain(chain), nil
}

// Roots reads what the identity trusts.
func (f *Identity) Roots() (*x509.CertPool, error) {
	text, err := os.ReadFile(resolve(f.dir, f.Trust))
	if err != nil {
		return nil, pki.Errorf(pki.Invalid, "config.certificate", "the certificate file %s cannot be read", f.Trust).Because(err)
	}
	return TrustPool(text)
}

// TrustPool makes a list of roots of a PEM text. SM2 roots are passed over: they
// come by TLCP, not by TLS.
func TrustPool(text []byte) (*x509.CertPool, error) {
	pool, found := x509.NewCertPool(), false
	for _, der := range pemBlocks(text) {
		if root, err := x509.ParseCertificate(der); err == nil && root.PublicKeyAlgorithm != x509.UnknownPublicKeyAlgorithm {
			pool.AddCert(root)
			found = true
		}
	}
	if !found {
		return nil, pki.Errorf(pki.Invalid, "trust.none", "the trust file holds no RSA or ECDSA root certificate in PEM").
			To("ask the operator of the CA for its trust.pem")
	}
	return pool, nil
}

// OpenSession opens the identity of a folder.
func OpenSession(dir string, options SessionOptions) (*Session, error) {
	f, err := LoadSession(dir)
	if err != nil {
		return nil, err
	}
	own, err := f.identity(options)
	if err != nil {
		return nil, err
	}
	roots, err := f.Roots()
	if err != nil {
		return nil, err
	}
	tls := serve.ClientTLS(own, roots, options.Now)
	s := &Session{Certificate: own.Certificate(), reach: func(address string) (*serve.Client, error) { return serve.NewClient(address, tls) }}
	for _, c := range []struct {
		address string
		reached func(*serve.Client) error
	}{
		{f.Server, func(c *serve.Client) error { s.CA, s.CAOfficers = ca.NewClient(c), &Registry{c}; return nil }},
		{f.KMC, func(c *serve.Client) (err error) {
			s.KMCOfficers = &Registry{c}
			s.KMC, err = kmc.NewClient(kmc.ClientConfig{API: c, Now: options.Now})
			return err
		}},
		{f.Gateway, func(c *serve.Client) error {
			c.Answer = 64 << 20 // a configuration
			s.Gateway, s.Platform, s.GatewayOfficers = gateway.NewClient(c), &GatewayPlatform{c}, &Registry{c}
			return nil
		}},
		{f.RA, func(c *serve.Client) error {
			s.RA, s.RAOfficers, s.Desk = ra.NewClient(c), &Registry{c}, helpdesk.NewClient(c)
			return nil
		}},
	} {
		if c.address == "" {
			continue
		}
		api, err := s.reach(c.address)
		if err != nil {
			return nil, err
		}
		if err := c.reached(api); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// identity opens key and certificate. An SM2 certificate is refused here: in TLS
// it would break the handshake without a word.
func (f *Identity) identity(options SessionOptions) (*serve.Identity, error) {
	chain, err := f.Chain()
	if err != nil {
		return nil, err
	}
	leaf, err := x509.ParseCertificate(chain[0])
	if err != nil || leaf.PublicKeyAlgorithm == x509.UnknownPublicKeyAlgorithm {
		return nil, pki.Errorf(pki.Invalid, "identity.certificate", "the certificate of this identity cannot be used in TLS").
			To("enrol with an RSA or ECDSA key; SM2 needs TLCP, which is not built yet").Because(err)
	}
	key, err := f.key(options)
	if err != nil {
		return nil, err
	}
	if !samePublic(leaf, key) {
		return nil, pki.Errorf(pki.Invalid, "identity.key", "the key of this identity is not the one in its certificate").
			To("put back the key the certificate was made for, or enrol anew")
	}
	return serve.NewIdentity(chain, key)
}

func (f *Identity) key(options SessionOptions) (*keys.Key, error) {
	full, err := resolveURI(f.dir, f.Key)
	if err != nil {
		return nil, err
	}
	open := keys.Options{AllowPlain: f.PlainKey}
	uri, err := keys.ParseURI(full)
	if err != nil {
		return nil, err
	}
	if !f.PlainKey && uri.Pass == "" && options.Ask != nil {
		if open.Passphrase, err = options.Ask(uri.Path); err != nil {
			return nil, err
		}
		defer clear(open.Passphrase)
	}
	return keys.Open(full, open)
}

// SaveSession writes identity.yaml into a folder. Its files are the caller's to
// put there; it overwrites nothing.
func SaveSession(dir string, identity Identity) error {
	if err := Save(filepath.Join(dir, sessionName), identity); err != nil {
		return fmt.Errorf("saving the identity: %w", err)
	}
	return nil
}
