package gateway

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"slices"
	"strings"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/pki"
	"onecert/tlcp"
)

// shown is a certificate of ours, ready for one of the two protocols.
type shown struct {
	tls  *tls.Certificate
	tlcp *tlcp.Certificate
	ends time.Time
}

// certificates reads what the services show, and opens their keys.
func (g *Gateway) certificates(c *Configuration) (map[string]*shown, error) {
	all := map[string]*shown{}
	for _, one := range c.Certificates {
		at := "certificates." + one.Name
		if !isName(one.Name) || all[one.Name] != nil {
			return nil, fault("certificates", "the name %q is there twice or cannot be one", one.Name).To("use small letters, digits and hyphens")
		}
		chain, leaf, err := readChain(at+".chain", one.Chain)
		if err != nil {
			return nil, err
		}
		key, err := g.ownKey(at+".key", one.Key, leaf)
		if err != nil {
			return nil, err
		}
		s := &shown{ends: leaf.NotAfter}
		if one.EncryptChain == "" {
			if suite, err := pki.SuiteOf(leaf.PublicKey); err == nil && suite == pki.SM2 {
				return nil, fault(at+".encryptChain", "an SM2 certificate alone serves neither protocol").To("add the encryption certificate and its key, for TLCP; TLS needs an RSA or ECDSA certificate")
			}
			s.tls = &tls.Certificate{Certificate: chain, PrivateKey: signs{key}}
		} else if s.tlcp, err = g.pair(at, one, chain, leaf, key); err != nil {
			return nil, err
		}
		if !g.cfg.Now().Before(leaf.NotAfter) && !g.goesOn(one) {
			return nil, fault(at+".chain", "the certificate ended on %s", leaf.NotAfter.UTC().Format(time.DateOnly)).To("give its successor")
		}
		all[one.Name] = s
	}
	return all, nil
}

// goesOn says of a certificate that has ended that it runs already, or did before a
// restart: one service with an old certificate, which people and the health are told of,
// must keep neither the others from running nor anything else from being changed.
func (g *Gateway) goesOn(c Certificate) bool {
	old := g.running.Load()
	return old == nil || slices.Contains(old.config.Certificates, c)
}

// signs is a key that only signs: crypto/tls refuses TLS 1.2 with an ECDSA key that could
// decrypt as well, and RSA key exchange, which needs one, has no forward secrecy.
type signs struct{ crypto.Signer }

// pair makes a pair for TLCP.
func (g *Gateway) pair(at string, one Certificate, chain [][]byte, leaf *smx509.Certificate, key crypto.Signer) (*tlcp.Certificate, error) {
	encrypt, second, err := readChain(at+".encryptChain", one.EncryptChain)
	if err != nil {
		return nil, err
	}
	encryptKey, err := g.ownKey(at+".encryptKey", one.EncryptKey, second)
	if err != nil {
		return nil, err
	}
	decrypter, ok := encryptKey.(crypto.Decrypter)
	if !ok {
		return nil, fault(at+".encryptKey", "the key cannot decrypt").To("give the key of the encryption certificate")
	}
	for _, c := range []*smx509.Certificate{leaf, second} {
		if suite, err := pki.SuiteOf(c.PublicKey); err != nil || suite != pki.SM2 {
			return nil, fault(at, "a pair for TLCP has SM2 keys").To("leave encryptChain empty for RSA and ECDSA")
		}
	}
	return &tlcp.Certificate{Sign: chain, Encrypt: encrypt, SignKey: key, EncryptKey: decrypter, SignLeaf: leaf, EncryptLeaf: second}, nil
}

// maxChain is how many certificates a chain of ours may have.
const maxChain = 8

func readChain(at, text string) (chain [][]byte, leaf *smx509.Certificate, err error) {
	for rest := []byte(text); len(chain) < maxChain; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			return nil, nil, fault(at, "there is a %q in it", block.Type[:min(len(block.Type), 40)]).To("give certificates in PEM only")
		}
		chain = append(chain, block.Bytes)
	}
	if len(chain) == 0 {
		return nil, nil, fault(at, "there is no certificate in it").To("give PEM, the certificate first, then the CAs above it")
	}
	for i, der := range chain {
		c, err := smx509.ParseCertificate(der)
		if err != nil {
			return nil, nil, fault(at, "certificate %d does not decode", i+1).Because(err)
		}
		if i == 0 {
			leaf = c
		}
	}
	return chain, leaf, nil
}

// ownKey opens a key and looks that it belongs to a certificate.
func (g *Gateway) ownKey(at, uri string, leaf *smx509.Certificate) (crypto.Signer, error) {
	key, err := g.cfg.Keys(uri)
	if err != nil {
		return nil, within(at, err)
	}
	public, ok := key.Public().(interface{ Equal(crypto.PublicKey) bool })
	if !ok || !public.Equal(leaf.PublicKey) {
		return nil, fault(at, "the key is not the certificate's").To("give the key the certificate was made for")
	}
	return key, nil
}

// The protocols a service may speak.
const (
	nameTLS12 = "tls1.2"
	nameTLS13 = "tls1.3"
	nameTLCP  = "tlcp"
)

// groups are the key exchanges of TLS by name. X25519MLKEM768 costs a quarter of the
// handshakes a second and is a service's choice.
func groupOf(name string) (tls.CurveID, bool) {
	switch name {
	case "X25519":
		return tls.X25519, true
	case "P-256":
		return tls.CurveP256, true
	case "P-384":
		return tls.CurveP384, true
	case "X25519MLKEM768":
		return tls.X25519MLKEM768, true
	}
	return 0, false
}

// protocols makes the configurations of both protocols.
func (g *Gateway) protocols(at string, v *service, c *Configuration, all map[string]*shown) error {
	var forTLS []tls.Certificate
	var forTLCP []tlcp.Certificate
	for _, name := range v.Certificates {
		one := all[name]
		switch {
		case one == nil:
			return fault(at+".certificates", "there is no certificate %q", name)
		case one.tls != nil:
			forTLS = append(forTLS, *one.tls)
		default:
			forTLCP = append(forTLCP, *one.tlcp)
		}
	}
	for _, p := range v.Protocols {
		if !slices.Contains([]string{nameTLS12, nameTLS13, nameTLCP}, p) {
			return fault(at+".protocols", "%q is none we speak", p).To("write tls1.2, tls1.3 or tlcp")
		}
	}
	speaks := func(p string) bool { return len(v.Protocols) == 0 || slices.Contains(v.Protocols, p) }
	if speaks(nameTLS12) || speaks(nameTLS13) {
		if len(forTLS) > 0 {
			if err := g.forTLS(at, v, c, forTLS); err != nil {
				return err
			}
		} else if len(v.Protocols) > 0 {
			return fault(at+".certificates", "TLS is spoken and there is no RSA or ECDSA certificate").To("add one, or write protocols: tlcp")
		}
	}
	if speaks(nameTLCP) {
		if len(forTLCP) > 0 {
			g.forTLCP(v, c, forTLCP)
		} else if len(v.Protocols) > 0 {
			return fault(at+".certificates", "TLCP is spoken and there is no SM2 pair").To("add one, or take tlcp out of protocols")
		}
	}
	if v.tls == nil && v.tlcp == nil {
		return fault(at+".certificates", "there is none a protocol can be spoken with").To("name at least one certificate")
	}
	return nil
}

func (g *Gateway) forTLS(at string, v *service, c *Configuration, certificates []tls.Certificate) error {
	own := &tls.Config{Certificates: certificates, MinVersion: tls.VersionTLS12, Time: g.cfg.Now, NextProtos: v.next()}
	if len(v.Protocols) > 0 && !slices.Contains(v.Protocols, nameTLS12) {
		own.MinVersion = tls.VersionTLS13
	}
	if len(v.Protocols) > 0 && !slices.Contains(v.Protocols, nameTLS13) {
		own.MaxVersion = tls.VersionTLS12
	}
	own.CurvePreferences = []tls.CurveID{tls.X25519, tls.CurveP256, tls.CurveP384}
	if len(v.Groups) > 0 {
		own.CurvePreferences = nil
	}
	for _, name := range v.Groups {
		id, ok := groupOf(name)
		if !ok {
			return fault(at+".groups", "%q is no key exchange", name).To("write X25519, P-256, P-384 or X25519MLKEM768")
		}
		own.CurvePreferences = append(own.CurvePreferences, id)
	}
	v.tlsPlain = own
	v.tls = own.Clone()
	v.resuming.keep(v.tlsPlain, false)
	v.resuming.keep(v.tls, true)
	if v.ClientCertificate != AskNone {
		v.tls.ClientAuth = tls.RequestClientCert
		if v.NameAuthorities {
			v.tls.ClientCAs = authorities(c, v.Trust)
		}
	}
	return nil
}

// next are the application protocols: a TCP service has none of its own.
func (v *service) next() []string {
	if v.Kind == TCP {
		return nil
	}
	return []string{"h2", "http/1.1"}
}

// authorities are the CAs of a trust set that crypto/tls can name. They are told to
// clients only; nothing is verified with them.
func authorities(c *Configuration, set string) *x509.CertPool {
	pool := x509.NewCertPool()
	for _, ca := range c.Trust.Accepted(set) {
		pool.AppendCertsFromPEM([]byte(ca.Anchors))
		pool.AppendCertsFromPEM([]byte(ca.Intermediates))
	}
	return pool
}

func (g *Gateway) forTLCP(v *service, c *Configuration, certificates []tlcp.Certificate) {
	own := &tlcp.Config{Rand: g.cfg.Random, Time: g.cfg.Now, Certificates: certificates, SessionCache: v.resuming.plain, NextProtos: v.next()}
	v.tlcpPlain = own
	v.tlcp = own.Clone()
	v.tlcp.SessionCache = v.resuming.asked
	if v.ClientCertificate != AskNone {
		v.tlcp.ClientAuth = tlcp.RequestClientCert
		if v.NameAuthorities {
			v.tlcp.ClientNames = c.Trust.AuthorityNames(v.Trust)
		}
	}
}

// asks says whether who wants to reach a name is asked for a certificate in the
// handshake: not where everything behind the name is public.
func (v *service) asks(name string) bool {
	if v.ClientCertificate == AskNone {
		return false
	}
	if v.Kind == TCP || len(v.LoginFor) > 0 {
		return true
	}
	host := strings.ToLower(strings.TrimSuffix(name, "."))
	for _, app := range v.apps {
		if (host == "" || app.answersTo(host)) && !app.public() {
			return true
		}
	}
	return !slices.ContainsFunc(v.apps, func(a *application) bool { return a.answersTo(host) })
}
