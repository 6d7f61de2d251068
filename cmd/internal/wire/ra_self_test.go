package wire

import (
	"context"
	"crypto/x509"
	"math/big"
	"testing"

	"onecert/pki"
	"onecert/ra"
)

// TestWhoseCertificateIsNotGood: is nobody at the self-service, and no less than one who
// came without: what takes a certificate says why it is refused, a loss is reported.
func TestWhoseCertificateIsNotGood(t *testing.T) {
	authority, trust := smallAuthority(t)
	p := newBranches(t, authority, trust).p
	who, err := p.holder(t.Context(), &x509.Certificate{SerialNumber: big.NewInt(4711), Raw: []byte("foreign")})
	if err != nil || who.Name != "" || len(who.Roles) > 0 || who.Certificate == "" {
		t.Fatalf("%+v, %v", who, err)
	}
	ctx := pki.WithActor(context.Background(), who)
	if _, err := p.Registration.Self().MyCertificates(ctx); pki.CodeOf(err) != "self.certificate" {
		t.Errorf("%v", err)
	}
	if _, err := p.Registration.Self().Progress(ctx, ra.Look{Number: "lra1-260901-k3v9x2aq", Code: "AAAAA-AAAAA"}); pki.CodeOf(err) != "look.wrong" {
		t.Errorf("%v", err)
	}
	if _, err := p.Registration.Nodes(ctx); pki.KindOf(err) != pki.Forbidden {
		t.Errorf("an officer's call: %v", err)
	}
}
