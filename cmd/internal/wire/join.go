package wire

import (
	"context"
	"crypto/x509"
	"database/sql"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/emmansun/gmsm/smx509"

	"onecert/db"
	"onecert/officer"
	"onecert/pki"
)

// reception lets in whom a CA it trusts has certified: a component that issues no
// certificates of its own registers those of its officers and sites.
type reception struct {
	officers *officer.Registry
	database *db.DB
	roots    *x509.CertPool
	nation   *smx509.CertPool // roots of those who come by TLCP
	now      func() time.Time
}

// trusted checks that a certificate is a good one for authenticating a client.
func (r *reception) trusted(der []byte) error {
	err := r.leads(der)
	if err == nil {
		return nil
	}
	return pki.Errorf(pki.Invalid, "join.certificate", "the certificate is not a good one of a trusted CA").
		To("send the certificate the CA issued for this officer or site").Because(err)
}

// leads verifies a certificate of either kind.
func (r *reception) leads(der []byte) error {
	if certificate, err := smx509.ParseCertificate(der); err == nil {
		if suite, err := pki.SuiteOf(certificate.PublicKey); err == nil && suite == pki.SM2 {
			_, err = certificate.Verify(smx509.VerifyOptions{Roots: r.nation, CurrentTime: r.now(),
				KeyUsages: []smx509.ExtKeyUsage{smx509.ExtKeyUsageClientAuth}})
			return err
		}
	}
	certificate, err := x509.ParseCertificate(der)
	if err == nil {
		_, err = certificate.Verify(x509.VerifyOptions{Roots: r.roots, Intermediates: r.roots, CurrentTime: r.now(),
			KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	}
	return err
}

func (r *reception) join(ctx context.Context, order JoinOrder) (joined Joined, err error) {
	if err := r.trusted(order.Certificate); err != nil {
		return joined, err
	}
	err = r.database.Tx(ctx, func(tx *sql.Tx) error {
		if joined.Role, joined.Name, err = r.officers.Redeem(ctx, tx, order.Code); err != nil {
			return err
		}
		kind := officer.KindOf(joined.Role)
		self := pki.WithActor(ctx, pki.Actor{Name: joined.Name, Roles: []string{joined.Role}})
		_, err := r.officers.RegisterIn(self, tx, officer.Registration{Certificate: order.Certificate, Name: joined.Name, Kind: kind,
			Roles: []string{joined.Role}, Issuer: "ca"})
		return err
	})
	return joined, err
}

// routes let people in, and tell of renewed certificates.
func (r *reception) routes(api huma.API) {
	join := huma.Operation{OperationID: "join", Method: http.MethodPost, Path: pathEnrolments, Summary: "Register a certificate of the CA with a one-time code"}
	huma.Register(api, join, func(ctx context.Context, in *body[JoinOrder]) (*body[Joined], error) {
		joined, err := r.join(ctx, in.Body)
		return &body[Joined]{joined}, err
	})
	r.successorRoute(api)
}

// successorRoute lets a site tell of its renewed certificate. The registry accepts it
// for the same key only; that it is a good one is checked here.
func (r *reception) successorRoute(api huma.API) {
	huma.Register(api, operation("succeed", http.MethodPost, pathSuccessors, "Register one's own renewed certificate"),
		func(ctx context.Context, in *body[Succession]) (*body[Joined], error) {
			actor, known := pki.ActorFrom(ctx)
			if !known {
				return nil, pki.Errorf(pki.Forbidden, "officer.anonymous", "nobody is identified on this connection").To("present the certificate registered for you")
			}
			if err := r.trusted(in.Body.Certificate); err != nil {
				return nil, err
			}
			o, err := r.officers.Succeed(ctx, actor.Certificate, in.Body.Certificate)
			if err != nil {
				return nil, err
			}
			return &body[Joined]{Joined{Name: o.Name, Role: o.Roles[0]}}, nil
		})
}
