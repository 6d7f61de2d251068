package wire

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/emmansun/gmsm/smx509"

	"onecert/ca"
	"onecert/cms"
	"onecert/keys"
	"onecert/pki"
	"onecert/serve"
	"onecert/tlcp"
)

// What a component speaks to the others.
const (
	overTLS  = "tls"
	overTLCP = "tlcp"
)

// PairFile is a component's dual certificate for TLCP. Its encryption key is made by the
// key management centre and comes in an envelope to the signing key, over TLS: that is
// how the first link comes before the pair it will use, the centre's own included.
type PairFile struct {
	// SignKey is the URI of the signing key, made on this machine; EncryptKey is the URI
	// of the file the encryption key is put into.
	SignKey    string `yaml:"sign_key"`
	EncryptKey string `yaml:"encrypt_key"`
	// Certificate is a PEM file: the signing certificate, the encryption certificate,
	// then the CAs above them without the root.
	Certificate string `yaml:"certificate"`
}

// The files an init names.
const (
	pairSignKey     = "keys/pair-sign.pem"
	pairEncryptKey  = "keys/pair-encrypt.pem"
	pairCertificate = "pair.pem"
)

// speech is what a configuration says about links.
type speech struct {
	protocol string
	pair     *PairFile
}

func (c *CA) speech() speech   { return speech{protocol: c.Protocol, pair: c.Pair} }
func (c *KMC) speech() speech  { return speech{protocol: c.Protocol, pair: c.Pair} }
func (c *Node) speech() speech { return speech{protocol: c.Protocol, pair: c.Pair} }

func (s speech) check(path string) error {
	switch {
	case s.protocol != "" && s.protocol != overTLS && s.protocol != overTLCP:
		return pki.Errorf(pki.Invalid, "config.protocol", "%s: protocol is %.20q, neither tls nor tlcp", path, s.protocol)
	case s.protocol == overTLCP && s.pair == nil:
		return pki.Errorf(pki.Invalid, "config.protocol-pair", "%s: protocol is tlcp, and no pair is given", path).
			To("give pair: with sign_key, encrypt_key and certificate; 'init --link tlcp' writes it")
	case s.pair == nil:
		return nil
	}
	err := needs(path, map[string]string{"pair.sign_key": s.pair.SignKey, "pair.encrypt_key": s.pair.EncryptKey, "pair.certificate": s.pair.Certificate})
	if err != nil {
		return err
	}
	uri, err := keys.ParseURI(s.pair.EncryptKey)
	if err == nil && uri.Hardware() {
		err = pki.Errorf(pki.NotImplemented, "config.pair-hardware", "%s: pair.encrypt_key is in hardware; it comes in an envelope and is kept in an encrypted file", path).
			To("write file:keys/pair-encrypt.pem?pass=file:passphrase")
	}
	return err
}

// ready refuses to start a component that is to speak TLCP and has no pair: it would
// reach nobody, not even whom it gets the pair from.
func (s speech) ready(own *serve.Pair) error {
	if s.protocol != overTLCP || own.Certificate() != nil {
		return nil
	}
	return pki.Errorf(pki.Invalid, "link.protocol", "the configuration says protocol: tlcp, but there is no pair yet").
		To("start with protocol: tls, get the pair ('onecert pair enrol'; a CA makes its own), then set tlcp")
}

// open reads the pair; one that is not there yet is empty. nil: none is configured.
func (f *PairFile) open(dir string) (*serve.Pair, error) {
	if f == nil {
		return nil, nil
	}
	own := &serve.Pair{}
	if _, err := os.Stat(resolve(dir, f.Certificate)); errors.Is(err, fs.ErrNotExist) {
		return own, nil
	}
	c, err := f.read(dir)
	if err != nil {
		return nil, err
	}
	if err := own.Replace(c); err != nil {
		return nil, pki.Errorf(pki.Invalid, "config.pair", "%s and its keys do not belong together", f.Certificate).
			To("put back what belongs together, or enrol the pair anew").Because(err)
	}
	return own, nil
}

func (f *PairFile) read(dir string) (c tlcp.Certificate, err error) {
	chain, err := readCertificates(resolve(dir, f.Certificate))
	if err != nil {
		return c, err
	}
	if len(chain) < 2 {
		return c, pki.Errorf(pki.Invalid, "config.pair", "%s does not hold a signing and an encryption certificate", f.Certificate)
	}
	sign, err := openKey(dir, f.SignKey)
	if err != nil {
		return c, fmt.Errorf("opening the pair's signing key: %w", err)
	}
	encrypt, err := openKey(dir, f.EncryptKey)
	if err != nil {
		return c, fmt.Errorf("opening the pair's encryption key: %w", err)
	}
	raw := rawChain(chain)
	return tlcp.Certificate{Sign: append([][]byte{raw[0]}, raw[2:]...), Encrypt: raw[1:2], SignKey: sign, EncryptKey: encrypt}, nil
}

// takeNew puts away a pair whose encryption key came in an envelope. Broken off between
// its files, it does not belong together, and is enrolled anew.
func (f *PairFile) takeNew(dir string, issued *ca.Issued) error {
	if issued.Encrypt == nil || issued.Envelope == nil {
		return pki.Errorf(pki.Internal, "pair.single", "the CA answered with no pair").To("check that the CA and its key management centre are of this version")
	}
	sign, err := openKey(dir, f.SignKey)
	if err != nil {
		return fmt.Errorf("opening the pair's signing key: %w", err)
	}
	inside, err := cms.OpenSM2Key(sign, issued.Envelope.DER)
	if err != nil {
		return fmt.Errorf("opening the envelope of the encryption key: %w", err)
	}
	key, err := keys.Wrap(inside)
	if err != nil {
		return err
	}
	text, err := resolveURI(dir, f.EncryptKey)
	if err != nil {
		return err
	}
	uri, err := keys.ParseURI(text)
	if err != nil {
		return err
	}
	final := uri.Path
	uri.Path += ".new"
	if err := os.Remove(uri.Path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("clearing away a half-written key: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(final), 0o700); err != nil {
		return fmt.Errorf("making the folder of keys: %w", err)
	}
	if err := keys.Store(uri.String(), key, keys.Options{}); err != nil {
		return err
	}
	if err := os.Rename(uri.Path, final); err != nil {
		return fmt.Errorf("putting the encryption key in place: %w", err)
	}
	return f.write(dir, issued)
}

// write keeps the certificates of a pair whose keys are there.
func (f *PairFile) write(dir string, issued *ca.Issued) error {
	if issued.Encrypt == nil {
		return pki.Errorf(pki.Internal, "pair.single", "the CA answered with no pair")
	}
	all := append([][]byte{issued.Sign.DER, issued.Encrypt.DER}, issued.Chain[:len(issued.Chain)-1]...)
	return ReplaceFile(resolve(dir, f.Certificate), PEM(all...), 0o644)
}

// nationOf are the SM2 certificates of a trust list: those who come by TLCP lead to them.
func nationOf(trusted []*smx509.Certificate) *smx509.CertPool {
	pool := smx509.NewCertPool()
	for _, c := range trusted {
		if suite, err := pki.SuiteOf(c.PublicKey); err == nil && suite == pki.SM2 {
			pool.AddCert(c)
		}
	}
	return pool
}

// EnrolPair turns a code of a CA into a component's pair for TLCP. The component has its
// certificate for TLS already; names and addresses are those.
func EnrolPair(ctx context.Context, config, server, code string) (done ca.Enrolled, err error) {
	own, err := pairedOf(config)
	if err != nil {
		return done, err
	}
	if server == "" {
		server = own.ca
	}
	if own.pair == nil || server == "" {
		return done, pki.Errorf(pki.Invalid, "pair.none", "%s names no pair, or no CA to get one from", config).To("add pair: to it, as deploy/ shows, and a sign_key")
	}
	trust, err := os.ReadFile(own.trust)
	if err != nil {
		return done, pki.Errorf(pki.Invalid, "config.certificate", "the certificate file %s cannot be read", own.trust).Because(err)
	}
	request, err := own.request()
	if err != nil {
		return done, err
	}
	if done, err = Enrol(ctx, server, trust, ca.Enrolment{Code: code, Request: request, Pair: true}); err != nil {
		return done, err
	}
	return done, own.pair.takeNew(own.dir, done.Issued)
}

// paired is what enrolling a pair needs of a component.
type paired struct {
	dir, ca, trust, certificate string
	pair                        *PairFile
}

func pairedOf(config string) (paired, error) {
	component, err := Component(config)
	if err != nil {
		return paired{}, err
	}
	switch component {
	case "kmc":
		c, err := LoadKMC(config)
		if err != nil {
			return paired{}, err
		}
		return paired{c.dir, c.CA, c.Path(c.Trust), c.Path(c.TLSCertificate), c.Pair}, nil
	case "node":
		c, err := LoadNode(config)
		if err != nil {
			return paired{}, err
		}
		return paired{c.dir, c.CA, c.Path(c.Trust), c.Path(c.TLSCertificate), c.Pair}, nil
	}
	if component == componentGateway {
		c, err := LoadGateway(config)
		if err != nil {
			return paired{}, err
		}
		return paired{c.dir, c.CA, c.Path(c.Trust), c.Path(c.TLSCertificate), c.Pair}, nil
	}
	if component == componentRA || component == componentLRA {
		c, err := LoadRA(config)
		if err != nil {
			return paired{}, err
		}
		return paired{c.dir, c.CA, c.Path(c.Trust), c.Path(c.TLSCertificate), c.Pair}, nil
	}
	return paired{}, unknownComponent(config, component)
}

// request asks for the names that stand in the component's certificate for TLS.
func (p paired) request() ([]byte, error) {
	known, err := readCertificates(p.certificate)
	if err != nil {
		return nil, err
	}
	key, err := openKey(p.dir, p.pair.SignKey)
	if err != nil {
		return nil, fmt.Errorf("opening the pair's signing key: %w", err)
	}
	der, err := smx509.CreateCertificateRequest(nil, &smx509.CertificateRequest{RawSubject: known[0].RawSubject,
		DNSNames: known[0].DNSNames, IPAddresses: known[0].IPAddresses}, key)
	if err != nil {
		return nil, fmt.Errorf("making a certificate request: %w", err)
	}
	return der, nil
}
