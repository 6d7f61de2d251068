package wire

import (
	"context"

	"onecert/ca"
	"onecert/pki"
	"onecert/ra"
)

// keyMaking is what a registration asks of a CA where a holder has no tool: the object,
// or its client.
type keyMaking interface {
	MakeHolderKey(ctx context.Context, o ca.HolderKeyOrder) (*pki.SigningRequest, error)
	HolderKeyPassword(ctx context.Context, application string, o ca.HolderPassword) (*pki.Password, error)
	PackageHolderKey(ctx context.Context, application string, o ca.HolderPackage) (*pki.Package, error)
}

var (
	_ ra.Keys   = ordering{}
	_ keyMaking = (*ca.Client)(nil)
	_ keyMaking = (*ca.CA)(nil)
)

// Make implements ra.Keys.
func (o ordering) Make(ctx context.Context, k ra.KeyOrder) ([]byte, error) {
	made, err := o.ca.MakeHolderKey(o.as(ctx), ca.HolderKeyOrder{Application: k.Application, Profile: k.Profile, Suite: k.Suite, Holder: k.Holder, Ticket: k.Ticket})
	if err != nil {
		return nil, err
	}
	return made.Request, nil
}

// Password implements ra.Keys.
func (o ordering) Password(ctx context.Context, application string, nonce []byte) (string, error) {
	made, err := o.ca.HolderKeyPassword(o.as(ctx), application, ca.HolderPassword{Nonce: nonce})
	if err != nil {
		return "", err
	}
	return made.Text, nil
}

// Package implements ra.Keys.
func (o ordering) Package(ctx context.Context, application, form string, ticket []byte) (*pki.Package, error) {
	return o.ca.PackageHolderKey(o.as(ctx), application, ca.HolderPackage{Form: form, Ticket: ticket})
}
