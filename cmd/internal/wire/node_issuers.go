package wire

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"os"
	"sync"

	"github.com/emmansun/gmsm/smx509"

	"onecert/ca"
	"onecert/pki"
)

// issuersFile keeps what a node learnt of the CA's issuers, so that it starts while the
// way to the CA is cut. Their certificates are verified by nobody here: whoever writes
// this file could as well write the node's configuration.
const issuersFile = "issuers.json"

// nodeIssuer is an issuer as a node knows it.
type nodeIssuer struct {
	ca.IssuerView
	certificate *smx509.Certificate
}

// knownIssuers are the issuers of the CA as last heard.
type knownIssuers struct {
	ca   *ca.Client
	file string

	mu    sync.Mutex
	known []nodeIssuer
	stale bool // the CA has others by now than the node was started with
}

// learnIssuers asks the CA, or reads what it said last time.
func learnIssuers(ctx context.Context, client *ca.Client, file string) (*knownIssuers, error) {
	k := &knownIssuers{ca: client, file: file}
	views, asked := client.Issuers(ctx)
	if asked != nil {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, asked // never heard of any: the CA's word is the better error
		}
		if err := json.Unmarshal(text, &views); err != nil {
			return nil, pki.Errorf(pki.Invalid, "node.issuers", "%s cannot be read", file).To("remove it and start while the CA answers").Because(err)
		}
	}
	var err error
	if k.known, err = readIssuers(views); err != nil {
		return nil, err
	}
	return k, k.save(views)
}

func readIssuers(views []ca.IssuerView) ([]nodeIssuer, error) {
	var all []nodeIssuer
	for _, v := range views {
		if len(v.Chain) == 0 {
			return nil, pki.Errorf(pki.Invalid, "node.issuers", "issuer %.32s has no certificate", v.ID)
		}
		certificate, err := smx509.ParseCertificate(v.Chain[0])
		if err != nil {
			return nil, fmt.Errorf("reading the certificate of issuer %.32s: %w", v.ID, err)
		}
		v.Counts = nil // as of a moment nobody keeps
		all = append(all, nodeIssuer{v, certificate})
	}
	return all, nil
}

func (k *knownIssuers) save(views []ca.IssuerView) error {
	for i := range views {
		views[i].Counts = nil
	}
	text, err := json.Marshal(views)
	if err != nil {
		return err
	}
	return replaceChanged(k.file, text, 0o644)
}

func (k *knownIssuers) all() []nodeIssuer {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.known
}

// look asks whether the CA has other issuers by now. They are noted for the next start:
// a responder with a new key is nothing to begin in passing.
func (k *knownIssuers) look(ctx context.Context) error {
	views, err := k.ca.Issuers(ctx)
	if err != nil {
		return err
	}
	now, err := readIssuers(views)
	if err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.stale = !sameIssuers(now, k.known)
	if k.stale {
		return k.save(views)
	}
	return nil
}

func sameIssuers(a, b []nodeIssuer) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].ID != b[i].ID || !bytes.Equal(a[i].certificate.Raw, b[i].certificate.Raw) {
			return false
		}
	}
	return true
}

func (k *knownIssuers) changed() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.stale
}

// named returns the id of the issuer of a certificate, "" if it is none of ours.
func (k *knownIssuers) named(asked Asked) string {
	for _, i := range k.all() {
		if bytes.Equal(i.certificate.RawSubject, asked.Issuer) && i.Partitions > 0 {
			return i.ID
		}
	}
	return ""
}

// forTLS are the issuing CAs whose certificates callers need not send.
func (k *knownIssuers) forTLS() []*x509.Certificate {
	var all []*x509.Certificate
	for _, i := range k.all() {
		if c, err := x509.ParseCertificate(i.certificate.Raw); err == nil && c.PublicKeyAlgorithm != x509.UnknownPublicKeyAlgorithm {
			all = append(all, c)
		}
	}
	return all
}
