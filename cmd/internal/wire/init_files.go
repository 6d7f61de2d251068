package wire

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"path/filepath"
	"slices"

	"github.com/emmansun/gmsm/smx509"

	"onecert/audit"
	"onecert/keys"
	"onecert/pki"
)

// audit makes the key that signs the heads of the audit log, and writes beside the
// keys what an auditor checks them with.
func (i *initialiser) audit(origin string) (string, error) {
	key, uri, err := i.newKey("keys/audit.pem", pki.SM2)
	if err != nil {
		return "", err
	}
	verifier, err := audit.NewVerifier(origin, key.Public())
	if err != nil {
		return "", err
	}
	return uri, WriteNew(filepath.Join(i.dir, "audit.pub"), []byte(verifier.String()+"\n"), 0o644)
}

// trust collects every CA certificate in trust.pem: what officers and other
// components are given.
func (i *initialiser) trust(issuers []IssuerFile) error {
	all, err := authorities(i.dir, issuers)
	if err != nil {
		return err
	}
	return WriteNew(filepath.Join(i.dir, "trust.pem"), all, 0o644)
}

// authorities is every CA certificate of the issuers, in PEM, each once.
func authorities(dir string, issuers []IssuerFile) ([]byte, error) {
	var all [][]byte
	for _, issuer := range issuers {
		chain, err := readCertificates(resolve(dir, issuer.Certificate))
		if err != nil {
			return nil, err
		}
		for _, der := range rawChain(chain) {
			if !slices.ContainsFunc(all, func(have []byte) bool { return bytes.Equal(have, der) }) {
				all = append(all, der)
			}
		}
	}
	return PEM(all...), nil
}

// requested makes a key of a KMC whose certificate a CA is to issue, and the request
// for it, with all that the profile site asks for.
func (i *initialiser) requested(name string, suite pki.Suite, subject pki.Name, host string) (string, error) {
	key, uri, err := i.newKey("keys/"+name+".pem", suite)
	if err != nil {
		return "", err
	}
	der, err := siteRequest(key, subject, host)
	if err != nil {
		return "", err
	}
	return uri, WriteNew(filepath.Join(i.dir, name+".csr"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}), 0o644)
}

// siteSubject is a component's: the organisation is that of the first CA it trusts.
func siteSubject(component string, trust []byte) pki.Name {
	unit := "OneCert"
	for _, der := range pemBlocks(trust) {
		c, err := smx509.ParseCertificate(der)
		if err != nil {
			continue
		}
		if name, err := pki.NameOf(c.RawSubject); err == nil && name.Get("O") != "" {
			unit = name.Get("O")
			break
		}
	}
	return pki.Name{{Type: "C", Value: "CN"}, {Type: "O", Value: unit}, {Type: "CN", Value: component}}
}

// siteRequest is a PKCS#10 request with the host as alternative name.
func siteRequest(key *keys.Key, subject pki.Name, host string) ([]byte, error) {
	name, err := subject.DER()
	if err != nil {
		return nil, err
	}
	template := &smx509.CertificateRequest{RawSubject: name}
	if ip := net.ParseIP(host); ip != nil {
		template.IPAddresses = []net.IP{ip}
	} else {
		template.DNSNames = []string{host}
	}
	der, err := smx509.CreateCertificateRequest(nil, template, key)
	if err != nil {
		return nil, fmt.Errorf("making a certificate request: %w", err)
	}
	return der, nil
}

// messages makes what a KMC speaks GM/T 0014 with: an SM2 key with its request,
// and the message certificates of the CAs it listens to.
func (i *initialiser) messages(config *KMC, n NewKMC) (err error) {
	if config.MessageKey, err = i.requested("message", pki.SM2, siteSubject("kmc", n.Trust), n.Host); err != nil {
		return err
	}
	config.MessageCertificate, config.Peers = "message.pem", map[string][]string{}
	for name, text := range n.Peers {
		file := filepath.Join("peers", name+".pem")
		if err := WriteNew(filepath.Join(i.dir, file), text, 0o644); err != nil {
			return err
		}
		config.Peers[name] = []string{file}
	}
	return nil
}

// tlsSuiteOf is the suite of a TLS key that an issuing CA of a trust list takes.
func tlsSuiteOf(trust []byte) (pki.Suite, error) {
	found := pki.Suite("")
	for _, der := range pemBlocks(trust) {
		c, err := x509.ParseCertificate(der)
		if err != nil || !c.IsCA || bytes.Equal(c.RawSubject, c.RawIssuer) {
			continue
		}
		switch c.PublicKeyAlgorithm {
		case x509.ECDSA:
			return pki.P256, nil
		case x509.RSA:
			found = pki.RSA2048
		}
	}
	if found == "" {
		return "", pki.Errorf(pki.Invalid, "init.trust", "the trust list has no issuing CA with RSA or ECDSA").
			To("give the trust.pem that 'onecert ca init' wrote: issuing CAs and roots")
	}
	return found, nil
}

// pair makes the signing key of a pair for TLCP. What is spoken stays TLS until the pair
// is there.
func (i *initialiser) pair(link string) (string, *PairFile, error) {
	if link != overTLCP {
		return "", nil, nil
	}
	sign, err := i.key(pairSignKey, pki.SM2)
	if err != nil {
		return "", nil, err
	}
	return overTLS, &PairFile{SignKey: sign, EncryptKey: keyURI(pairEncryptKey, "passphrase"), Certificate: pairCertificate}, nil
}
