package wire

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"github.com/emmansun/gmsm/smx509"
	"go.yaml.in/yaml/v3"

	"onecert/ca"
	"onecert/pki"
)

// What a CA speaks GM/T 0014 with, in its folder.
const (
	messageKey         = "keys/message.pem"
	messageCertificate = "message.pem"
	centreCertificate  = "kmc-message.pem"
)

// messageDays is how long a message certificate is good: both ends have to be given
// a new one by hand, so as long as the profile site allows.
const messageDays = 1100

// CertifyMessages has the CA issue its own message certificate, once. A CA without
// an SM2 issuer has no message key and speaks to no KMC across the network.
func (p *CAProcess) CertifyMessages(ctx context.Context) (path string, err error) {
	c := p.config
	path = c.Path(messageCertificate)
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	if _, err := os.Stat(c.Path(messageKey)); errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	key, err := openKey(c.dir, keyURI(messageKey, "passphrase"))
	if err != nil {
		return "", fmt.Errorf("opening the message key: %w", err)
	}
	request, err := newRequest(key, "ca")
	if err != nil {
		return "", err
	}
	now := p.options.now()()
	order := p.ownOrder("self-message-"+strconv.FormatInt(now.UnixNano(), 36), request)
	order.Days = messageDays
	issued, err := p.Issue(machine(ctx), order)
	if err != nil {
		return "", fmt.Errorf("making the message certificate: %w", err)
	}
	return path, WriteNew(path, PEM(issued.Sign.DER), 0o644)
}

// NewLink says how a CA is joined to a KMC across the network.
type NewLink struct {
	Config string // ca.yaml
	URL    string // the KMC's API
	Code   string // of the role site, made at the KMC
	Centre []byte // PEM: the certificate the KMC signs its messages with
	// CallsIn is, instead of URL and Code, the name of a KMC that dials in. The CA's
	// certificate is then registered on the KMC's side ('onecert officer join').
	CallsIn string
}

// Link registers the CA at the KMC and notes the KMC in the CA's configuration,
// which its next start reads.
func Link(ctx context.Context, n NewLink) (Joined, error) {
	c, err := LoadCA(n.Config)
	if err != nil {
		return Joined{}, err
	}
	if err := n.check(c); err != nil {
		return Joined{}, err
	}
	if err := ReplaceFile(c.Path(centreCertificate), n.Centre, 0o644); err != nil {
		return Joined{}, err
	}
	if n.CallsIn != "" {
		return Joined{}, n.note()
	}
	joined, err := n.join(ctx, c)
	if err != nil {
		return joined, err
	}
	return joined, n.note()
}

func (n *NewLink) join(ctx context.Context, c *CA) (Joined, error) {
	trust, err := authorities(c.dir, c.Issuers)
	if err != nil {
		return Joined{}, err
	}
	own, err := readCertificates(c.Path(c.TLSCertificate))
	if err != nil {
		return Joined{}, err
	}
	return Join(ctx, n.URL, trust, JoinOrder{Code: n.Code, Certificate: own[0].Raw})
}

func (n *NewLink) check(c *CA) error {
	if c.KMC != nil {
		return pki.Errorf(pki.Conflict, "link.exists", "%s names a key management centre already", n.Config).To("take its kmc: part out first")
	}
	if n.CallsIn != "" && c.Accept == "" {
		return pki.Errorf(pki.Invalid, "link.accept", "%s names no address where a centre could dial in", n.Config).To("set accept: HOST:PORT in it first")
	}
	if _, err := os.Stat(c.Path(messageCertificate)); err != nil {
		return pki.Errorf(pki.Invalid, "link.message", "this CA has no message certificate, which GM/T 0014 needs").
			To("it is made by 'onecert ca init' for a CA with an SM2 issuer").Because(err)
	}
	blocks := pemBlocks(n.Centre)
	if len(blocks) == 0 {
		return pki.Errorf(pki.Invalid, "link.centre", "the KMC's message certificate is not PEM").To("give the message.pem of the KMC's folder")
	}
	certificate, err := smx509.ParseCertificate(blocks[0])
	if err == nil {
		var suite pki.Suite
		if suite, err = pki.SuiteOf(certificate.PublicKey); err == nil && suite == pki.SM2 {
			return nil
		}
	}
	return pki.Errorf(pki.Invalid, "link.centre", "the KMC's message certificate is not one of an SM2 key").
		To("give the message.pem of the KMC's folder").Because(err)
}

// note appends the kmc part, so that comments in the file stay.
func (n *NewLink) note() error {
	text, err := os.ReadFile(n.Config)
	if err != nil {
		return fmt.Errorf("reading the configuration: %w", err)
	}
	part, err := yaml.Marshal(map[string]KMCLink{"kmc": {URL: n.URL, CallsIn: n.CallsIn, MessageKey: keyURI(messageKey, "passphrase"),
		MessageCertificate: messageCertificate, Centre: centreCertificate}})
	if err != nil {
		return fmt.Errorf("writing the configuration: %w", err)
	}
	text = append(append(text, '\n'), part...)
	whole := &CA{dir: filepath.Dir(n.Config)}
	if err := parseConfig(n.Config, text, whole); err != nil {
		return err
	}
	return ReplaceFile(n.Config, text, 0o600)
}

// ownOrder is an order of the CA for itself.
func (p *CAProcess) ownOrder(application string, request []byte) ca.Order {
	order := ca.Order{Application: application, Profile: string(ca.Site), Request: request, Holder: "site:ca",
		Subject: pki.Name{{Type: "C", Value: "CN"}, {Type: "O", Value: "OneCert"}, {Type: "CN", Value: "ca"}}}
	for _, host := range p.config.Hosts {
		order.AltNames = append(order.AltNames, ca.HostName(host))
	}
	return order
}
