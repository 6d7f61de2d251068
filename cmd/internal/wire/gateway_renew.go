package wire

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"strings"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/ca"
	"onecert/gateway"
	"onecert/officer"
	"onecert/pki"
)

// What a gateway had certified for its services it renews at half the life, in the same
// keys, as a new version of the configuration. Certificates that people brought stay
// theirs; the health warns of them.

// serviceHolder begins the holder of each certificate a gateway ordered.
const serviceHolder = "service:"

// itself is the gateway in the log and in versions, with the rights of who runs its
// services.
func (p *GatewayProcess) itself(ctx context.Context) context.Context {
	return pki.WithActor(ctx, pki.Actor{Name: componentGateway, Roles: []string{officer.System}})
}

func (p *GatewayProcess) keepCertificates(ctx context.Context) {
	tick := time.NewTicker(renewLook)
	defer tick.Stop()
	for {
		if err := p.renewCertificates(ctx); err != nil && ctx.Err() == nil {
			p.options.log().Error("renewing the services' certificates", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// renewCertificates renews what has lived half its life. One that fails does not keep the
// others; all that worked come into force together.
func (p *GatewayProcess) renewCertificates(ctx context.Context) error {
	p.ordering.Lock()
	defer p.ordering.Unlock()
	ctx = p.itself(ctx)
	running, v, err := p.Current(ctx)
	if err != nil {
		return err
	}
	var failed error
	renewed := map[string]gateway.Certificate{}
	for _, c := range running.Certificates {
		next, err := p.successor(ctx, c)
		switch {
		case err != nil:
			failed = fmt.Errorf("%s: %w", c.Name, err)
		case next != nil:
			renewed[c.Name] = *next
		}
	}
	if len(renewed) == 0 {
		return failed
	}
	text, err := json.Marshal(running) // what runs is not ours to change
	if err != nil {
		return err
	}
	document, err := gateway.Parse(text)
	if err != nil {
		return err
	}
	for i, c := range document.Certificates {
		if next, there := renewed[c.Name]; there {
			document.Certificates[i] = next
		}
	}
	if _, err := p.Apply(ctx, gateway.Change{Base: v.Number, Note: "renewed " + strings.Join(sortedKeys(renewed), ", "), Document: document}); err != nil {
		return err
	}
	return failed
}

// successor is what follows a certificate, nil if it is too early or it is not one a
// gateway ordered. A lost answer is asked for again under the same name.
func (p *GatewayProcess) successor(ctx context.Context, c gateway.Certificate) (*gateway.Certificate, error) {
	leaf, err := firstOf(c.Chain)
	if err != nil || p.options.now()().Before(leaf.NotBefore.Add(leaf.NotAfter.Sub(leaf.NotBefore)/2)) {
		return nil, err
	}
	issuer := p.issuers.named(Asked{Issuer: leaf.RawIssuer, Serial: pki.SerialOf(leaf.SerialNumber)})
	if issuer == "" {
		return nil, nil
	}
	serial := pki.SerialOf(leaf.SerialNumber)
	record, err := p.ca.Show(ctx, issuer, serial)
	if err != nil && pki.KindOf(err) == pki.Unknown {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(record.Holder, serviceHolder) || !bytes.Equal(record.DER, leaf.Raw) {
		return nil, nil
	}
	issued, err := p.ca.Renew(ctx, issuer, serial, ca.Change{Application: "renew-" + pki.Fingerprint(leaf.Raw)[:32]})
	if err != nil {
		return nil, err
	}
	above := issued.Chain[:len(issued.Chain)-1]
	c.Chain = string(PEM(append([][]byte{issued.Sign.DER}, above...)...))
	if c.EncryptChain == "" {
		return &c, nil
	}
	if issued.Encrypt == nil {
		return nil, pki.Errorf(pki.Internal, "pair.single", "the CA answered with no pair").To("check that the CA and its key management centre are of this version")
	}
	c.EncryptChain = string(PEM(append([][]byte{issued.Encrypt.DER}, above...)...))
	return &c, nil
}

// firstOf is the certificate a chain begins with.
func firstOf(chain string) (*smx509.Certificate, error) {
	block, _ := pem.Decode([]byte(chain))
	if block == nil {
		return nil, pki.Errorf(pki.Invalid, "config.certificate", "the chain holds no PEM certificate")
	}
	return smx509.ParseCertificate(block.Bytes)
}
