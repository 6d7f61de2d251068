package identity

import (
	"net/http"
	"net/url"
	"time"

	"onecert/pki"
)

// Options are what a Plan needs beside its Config.
type Options struct {
	Signer *Signer // of assertions; nil where no application wants one
	Now    func() time.Time
}

// Plan is a Config ready for use, by many requests at once.
type Plan struct{}

// Compile checks a Config. Its errors name the field, what is wrong and what to do.
func Compile(c Config, o Options) (*Plan, error) { return nil, notYet() }

// Strip removes from a request everything that this or any other application could take
// for the gateway's word: headers and cookies (h), URL parameters (u; nil: none). Trailers
// go through it as well, as h.
func (p *Plan) Strip(h http.Header, u *url.URL) {}

// Prepare makes what all requests of a session have in common. A value that the
// application's character set cannot hold, or a name that could deceive it, is an error:
// the request must not go on.
func (p *Plan) Prepare(f *Facts) (*Prepared, error) { return nil, notYet() }

// Apply is Prepare and Prepared.Apply, for a single request.
func (p *Plan) Apply(out *http.Request, f *Facts, r Request) error { return notYet() }

// Prepared is a Plan applied to the facts of one session. The caller keeps it as long as
// plan, session and certificate stay the same; it is safe for requests at once.
type Prepared struct{}

// Apply adds to a request that Strip has been over.
func (p *Prepared) Apply(out *http.Request, r Request) error { return notYet() }

func notYet() error {
	return pki.Errorf(pki.NotImplemented, "identity.not-implemented", "this part of the gateway is not built yet")
}
