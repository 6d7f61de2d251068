package wire

import (
	"context"
	"fmt"

	"onecert/kmc"
	"onecert/pki"
	"onecert/serve"
)

// kmcLink is the CA's way to a KMC across the network. It is made before the CA
// has its own certificate, which the connection needs, and connected after.
type kmcLink struct {
	config  *CA
	options Options
	caller  caller
	client  *kmc.Client
	api     *serve.Client
}

func newKMCLink(config *CA, options Options) *kmcLink {
	return &kmcLink{config: config, options: options}
}

// connect opens the way: over inward where the centre dials in.
func (l *kmcLink) connect(own caller, inward *serve.Inward) error {
	c := l.config
	l.caller = own
	key, err := openKey(c.dir, c.KMC.MessageKey)
	if err != nil {
		return fmt.Errorf("opening the message key: %w", err)
	}
	certificate, err := readCertificates(c.Path(c.KMC.MessageCertificate))
	if err != nil {
		return err
	}
	centre, err := readCertificates(c.Path(c.KMC.Centre))
	if err != nil {
		return err
	}
	var api *serve.Client
	if c.KMC.CallsIn != "" {
		api = inward.Client(c.KMC.CallsIn)
	} else if api, err = own.client(c.KMC.URL); err != nil {
		return err
	}
	l.api = api
	l.client, err = kmc.NewClient(kmc.ClientConfig{API: api, Key: key, Certificate: certificate[0], Centre: centre,
		Now: l.options.now(), Random: l.options.Random})
	return err
}

var errNotConnected = pki.Errorf(pki.Unavailable, "kmc.starting", "the way to the key management centre is not open yet").To("try again in a moment")

// Generate implements ca.KeyCentre.
func (l *kmcLink) Generate(ctx context.Context, order pki.KeyOrder) (pki.KeyGrant, error) {
	if l.client == nil {
		return pki.KeyGrant{}, errNotConnected
	}
	return l.client.Generate(ctx, order)
}

// Restore implements ca.KeyCentre.
func (l *kmcLink) Restore(ctx context.Context, restore pki.KeyRestore) (pki.KeyGrant, error) {
	if l.client == nil {
		return pki.KeyGrant{}, errNotConnected
	}
	return l.client.Restore(ctx, restore)
}

// Retire implements ca.KeyCentre.
func (l *kmcLink) Retire(ctx context.Context, certNo pki.Serial) error {
	if l.client == nil {
		return errNotConnected
	}
	return l.client.Retire(ctx, certNo)
}

// Close ends the connection.
func (l *kmcLink) Close() {
	if l.client != nil {
		l.client.Close()
	}
}
