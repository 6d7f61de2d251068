package ca

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"onecert/officer"
	"onecert/pki"
)

// MostPublished is how many certificates one question may name.
const MostPublished = 256

// Published is a certificate that its profile lets into directories. No more is told
// of it than what it says itself, and whose it is.
type Published struct {
	Issuer string     `json:"issuer"`
	Serial pki.Serial `json:"serial"`
	Holder string     `json:"holder"`
	Kind   Kind       `json:"kind"`
	Role   string     `json:"role" doc:"single, sign or encrypt"`
	DER    []byte     `json:"der"`
}

// Published returns those of an issuer's certificates that may stand in a directory
// (Profile.Published), in whatever state they are: the journal tells that. Unknown
// serials and those not published are left out alike.
func (ca *CA) Published(ctx context.Context, issuer string, serials []pki.Serial) ([]Published, error) {
	if _, err := ca.cfg.Check(ctx, officer.FollowStatus); err != nil {
		return nil, err
	}
	i, err := ca.Issuer(issuer)
	if err != nil {
		return nil, err
	}
	if len(serials) > MostPublished {
		return nil, tooMany()
	}
	all := []Published{}
	for _, serial := range serials {
		o, err := ca.readOrderOf(ctx, issuer, serial)
		if pki.KindOf(err) == pki.Unknown {
			continue
		}
		if err != nil {
			return nil, err
		}
		if c := ca.publishedOf(o, serial, i.suite); c != nil {
			all = append(all, *c)
		}
	}
	return all, nil
}

// publishedOf returns one certificate of an order, nil if it may not be seen.
func (ca *CA) publishedOf(o *storedOrder, serial pki.Serial, suite pki.Suite) *Published {
	if !o.issued() {
		return nil
	}
	for n := range o.certs {
		c := &o.certs[n]
		if c.serial != serial || !ca.publishes(c.profile) {
			continue
		}
		full := o.certificate(c, suite)
		return &Published{Issuer: o.issuer, Serial: serial, Holder: o.holder, Kind: o.kind, Role: c.role, DER: full.DER}
	}
	return nil
}

// publishes goes by the profile as it is today: one that no longer publishes keeps
// its older certificates in as well.
func (ca *CA) publishes(profile string) bool {
	p, ok := ca.profiles()[profile]
	return ok && p.Published
}

const (
	pathPublished = "/v1/published"
	pathIssued    = "/v1/issued"
)

// publishedQuery names certificates of one issuer.
type publishedQuery struct {
	Issuer  string       `json:"issuer" maxLength:"32"`
	Serials []pki.Serial `json:"serials" maxItems:"256"`
}

// IssuedCertificates returns those of the named certificates that were issued, DER,
// whatever their profile: for who looks at everything once more.
func (ca *CA) IssuedCertificates(ctx context.Context, issuer string, serials []pki.Serial) (map[pki.Serial][]byte, error) {
	if _, err := ca.cfg.Check(ctx, officer.FollowStatus); err != nil {
		return nil, err
	}
	i, err := ca.Issuer(issuer)
	if err == nil && len(serials) > MostPublished {
		err = tooMany()
	}
	if err != nil {
		return nil, err
	}
	all := map[pki.Serial][]byte{}
	for _, serial := range serials {
		o, err := ca.readOrderOf(ctx, issuer, serial)
		if pki.KindOf(err) == pki.Unknown || err == nil && !o.issued() {
			continue
		}
		if err != nil {
			return nil, err
		}
		for n := range o.certs {
			if o.certs[n].serial == serial {
				all[serial] = o.certificate(&o.certs[n], i.suite).DER
			}
		}
	}
	return all, nil
}

func tooMany() error {
	return pki.Errorf(pki.Invalid, "published.many", "one question may name %d certificates", MostPublished).To("ask in parts")
}

func (ca *CA) publishedRoute(api huma.API) {
	huma.Register(api, operation("published", http.MethodPost, pathPublished, "Those of the named certificates that may stand in a directory"),
		func(ctx context.Context, in *body[publishedQuery]) (*body[[]Published], error) {
			all, err := ca.Published(ctx, in.Body.Issuer, in.Body.Serials)
			return reply(&all, err)
		})
	huma.Register(api, operation("issued-certificates", http.MethodPost, pathIssued, "The named certificates, as issued"),
		func(ctx context.Context, in *body[publishedQuery]) (*body[map[pki.Serial][]byte], error) {
			all, err := ca.IssuedCertificates(ctx, in.Body.Issuer, in.Body.Serials)
			return reply(&all, err)
		})
}

// IssuedCertificates is CA.IssuedCertificates.
func (c *Client) IssuedCertificates(ctx context.Context, issuer string, serials []pki.Serial) (map[pki.Serial][]byte, error) {
	all, err := post[publishedQuery, map[pki.Serial][]byte](ctx, c, pathIssued, &publishedQuery{issuer, serials})
	if err != nil {
		return nil, err
	}
	return *all, nil
}

// Published is CA.Published.
func (c *Client) Published(ctx context.Context, issuer string, serials []pki.Serial) ([]Published, error) {
	all, err := post[publishedQuery, []Published](ctx, c, pathPublished, &publishedQuery{issuer, serials})
	if err != nil {
		return nil, err
	}
	return *all, nil
}
