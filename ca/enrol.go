package ca

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"strings"
	"unicode"

	"onecert/officer"
	"onecert/pki"
)

// Enrolment turns a one-time code and a request into an officer's or a site's
// certificate that may operate this CA (design.md decision 14).
type Enrolment struct {
	Code    string `json:"code" minLength:"8" maxLength:"80"`
	Request []byte `json:"request" maxLength:"87384" doc:"PKCS#10 of the officer's own key, base64"`
	AltName string `json:"host,omitempty" maxLength:"253" doc:"a site's host name or address; from the request if empty"`
	Pair    bool   `json:"pair,omitempty" doc:"a component's pair for TLCP, for an SM2 request"`
}

// Enrolled is who one has become.
type Enrolled struct {
	Name   string  `json:"name"`
	Role   string  `json:"role"`
	Issued *Issued `json:"issued"`
}

// SitePair is the profile of a component's pair for TLCP.
const SitePair = "site-tlcp"

var errPeek = errors.New("only looking")

// Enrol needs no certificate: the code is the right. The order of acts keeps the
// code good until its certificate is registered: look, issue (safe to repeat, since
// the application's name comes from the code), then use up and register in one.
func (ca *CA) Enrol(ctx context.Context, e Enrolment) (*Enrolled, error) {
	if ca.cfg.Officers == nil {
		return nil, pki.Errorf(pki.NotImplemented, "enrolment.none", "this CA enrols nobody")
	}
	var role, name string
	err := ca.tx(ctx, func(tx *sql.Tx) (err error) {
		if role, name, err = ca.cfg.Officers.Redeem(ctx, tx, e.Code); err != nil {
			return err
		}
		return errPeek
	})
	if !errors.Is(err, errPeek) {
		return nil, err
	}
	if e.Pair && officer.KindOf(role) != officer.Place {
		return nil, pki.Errorf(pki.Invalid, "enrolment.pair", "a pair for TLCP is for components; the code is for %s", role).To("leave pair out")
	}
	sum := sha256.Sum256([]byte(plainCode(e.Code)))
	machine := pki.WithActor(ctx, pki.Actor{Name: name, Roles: []string{officer.Security}})
	issued, err := ca.Issue(machine, ca.enrolmentOrder(e, role, name, "enrol-"+hex.EncodeToString(sum[:12])))
	if err != nil {
		return nil, err
	}
	kind := officer.KindOf(role)
	err = ca.tx(machine, func(tx *sql.Tx) error {
		if _, _, err := ca.cfg.Officers.Redeem(machine, tx, e.Code); err != nil {
			return err
		}
		_, err := ca.cfg.Officers.RegisterIn(machine, tx, officer.Registration{Certificate: issued.Sign.DER, Name: name, Kind: kind,
			Roles: []string{role}, Issuer: issued.Sign.Issuer})
		return err
	})
	if err != nil {
		return nil, err
	}
	return &Enrolled{Name: name, Role: role, Issued: issued}, nil
}

// plainCode is a code without what people type differently, so that one code is one
// application.
func plainCode(code string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToUpper(r)
		}
		return -1
	}, code)
}

// enrolmentOrder names the officer as registered; the unit is the CA's own.
func (ca *CA) enrolmentOrder(e Enrolment, role, name, application string) Order {
	unit := "OneCert"
	if n, err := pki.NameOf(ca.cfg.Issuers[0].Certificate.RawSubject); err == nil && n.Get("O") != "" {
		unit = n.Get("O")
	}
	o := Order{Application: application, Profile: string(Officer), Request: e.Request, Holder: "officer:" + name,
		Subject: pki.Name{{Type: "C", Value: "CN"}, {Type: "O", Value: unit}, {Type: "CN", Value: name}}}
	if officer.KindOf(role) == officer.Place {
		o.Profile, o.Holder = string(Site), "site:"+name
		if e.Pair {
			o.Profile = SitePair
		}
		if e.AltName != "" {
			o.AltNames = []pki.AltName{HostName(e.AltName)}
		}
	}
	return o
}

// HostName is the alternative name of a host given by name or address.
func HostName(host string) pki.AltName {
	ip := pki.AltName{Kind: "ip", Value: host}
	if pki.CheckAltName(ip) == nil {
		return ip
	}
	return pki.AltName{Kind: "dns", Value: host}
}
