package wire

import (
	"context"

	"onecert/ca"
	"onecert/pki"
)

// Both ways to a KMC make signing keys for holders as well.
var (
	_ ca.SigningCentre = InProcess{}
	_ ca.SigningCentre = (*kmcLink)(nil)
)

// MakeSigning implements ca.SigningCentre.
func (p InProcess) MakeSigning(ctx context.Context, o pki.SigningOrder) (pki.SigningRequest, error) {
	return p.Centre.MakeSigning(p.as(ctx), o)
}

// SigningPassword implements ca.SigningCentre.
func (p InProcess) SigningPassword(ctx context.Context, o pki.PasswordOrder) (pki.Password, error) {
	return p.Centre.SigningPassword(p.as(ctx), o)
}

// Package implements ca.SigningCentre.
func (p InProcess) Package(ctx context.Context, o pki.PackageOrder) (pki.Package, error) {
	return p.Centre.Package(p.as(ctx), o)
}

// EndSigning implements ca.SigningCentre.
func (p InProcess) EndSigning(ctx context.Context, end pki.SigningEnd) error {
	return p.Centre.EndSigning(p.as(ctx), end)
}

// MakeSigning implements ca.SigningCentre.
func (l *kmcLink) MakeSigning(ctx context.Context, o pki.SigningOrder) (pki.SigningRequest, error) {
	if l.client == nil {
		return pki.SigningRequest{}, errNotConnected
	}
	return l.client.MakeSigning(ctx, o)
}

// SigningPassword implements ca.SigningCentre.
func (l *kmcLink) SigningPassword(ctx context.Context, o pki.PasswordOrder) (pki.Password, error) {
	if l.client == nil {
		return pki.Password{}, errNotConnected
	}
	return l.client.SigningPassword(ctx, o)
}

// Package implements ca.SigningCentre.
func (l *kmcLink) Package(ctx context.Context, o pki.PackageOrder) (pki.Package, error) {
	if l.client == nil {
		return pki.Package{}, errNotConnected
	}
	return l.client.Package(ctx, o)
}

// EndSigning implements ca.SigningCentre.
func (l *kmcLink) EndSigning(ctx context.Context, end pki.SigningEnd) error {
	if l.client == nil {
		return errNotConnected
	}
	return l.client.EndSigning(ctx, end)
}
