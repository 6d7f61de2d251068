package observer

import (
	"context"
	"crypto/rand"
	"crypto/x509/pkix"
	"fmt"
	"strings"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/pki"
	"onecert/verify"
)

// askTime is how long one question to a service may take.
const askTime = 10 * time.Second

// between two looks for a change that is still to come.
const between = 50 * time.Millisecond

// canary orders one, asks about it everywhere, revokes it and asks again.
func (o *Observer) canary(ctx context.Context, c Canary) {
	b := &bird{o: o, c: c}
	if !b.step(ctx, "issue", b.issue) {
		return
	}
	for _, way := range b.ways() {
		b.step(ctx, way.name+".good", func(ctx context.Context) error { return b.becomes(ctx, way, "") })
	}
	if !b.step(ctx, "revoke", b.revoke) {
		return
	}
	for _, way := range b.ways() {
		b.step(ctx, way.name+".revoked", func(ctx context.Context) error { return b.becomes(ctx, way, "revocation.revoked") })
	}
}

// bird is one canary under way.
type bird struct {
	o    *Observer
	c    Canary
	cert *verify.Certificate
}

// step runs one step, notes its result and reports whether it went well.
func (b *bird) step(ctx context.Context, name string, act func(context.Context) error) bool {
	start := time.Now()
	err := act(ctx)
	r := Result{Name: b.c.Issuer + "." + name, Good: err == nil, Took: time.Since(start)}
	if err != nil {
		r.Says = err.Error()
	}
	b.o.note(ctx, r)
	return err == nil
}

// issue makes a key, orders the canary, and reads what came as any stranger would.
func (b *bird) issue(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	key, err := pki.GenerateKey(rand.Reader, b.c.Suite)
	if err != nil {
		return err
	}
	name, err := pki.NewSerial(rand.Reader)
	if err != nil {
		return err
	}
	request, err := smx509.CreateCertificateRequest(rand.Reader, &smx509.CertificateRequest{
		Subject: pkix.Name{Organization: []string{"OneCert observer"}, CommonName: "canary " + string(name[:12])}}, key)
	if err != nil {
		return err
	}
	der, err := b.o.cfg.Authority.Canary(ctx, b.c.Issuer, request)
	if err != nil {
		return err
	}
	if b.cert, err = verify.ParseCertificate(der); err != nil {
		return fmt.Errorf("the CA handed out something else than a certificate: %w", err)
	}
	v := b.judge(ctx, verify.Request{Revocation: verify.Unchecked})
	if !v.Good {
		return fmt.Errorf("the CA handed out a bad certificate: %s", codes(v))
	}
	return nil
}

func (b *bird) revoke(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	return b.o.cfg.Authority.End(ctx, b.c.Issuer, pki.SerialOf(b.cert.Serial))
}

// judge completes a question about the canary and puts it to verify.
func (b *bird) judge(ctx context.Context, r verify.Request) verify.Verdict {
	r.Certificate, r.Roots, r.Purpose = b.cert, []*verify.Certificate{b.c.Certificate}, verify.Any
	r.At, r.Skew = b.o.cfg.Now(), time.Minute
	return verify.Check(ctx, r)
}

func codes(v verify.Verdict) string {
	var all []string
	for _, r := range v.Reasons {
		all = append(all, r.Code)
	}
	return strings.Join(all, ", ")
}

// way is one service that says how a certificate is.
type way struct {
	name string
	ask  func(ctx context.Context) (verify.Verdict, error)
}

func (b *bird) ways() []way {
	all := []way{
		{"ocsp.post", func(ctx context.Context) (verify.Verdict, error) { return b.ocsp(ctx, b.o.post) }},
		{"ocsp.get", func(ctx context.Context) (verify.Verdict, error) { return b.ocsp(ctx, b.o.get) }},
		{"crl", b.lists},
	}
	if b.c.Directory != "" {
		all = append(all, way{"ldap", b.directory})
	}
	return all
}

// becomes asks a service until it says what it should: nothing against the canary (""),
// or exactly one reason.
func (b *bird) becomes(ctx context.Context, w way, want string) error {
	ctx, cancel := context.WithTimeout(ctx, b.o.cfg.Within)
	defer cancel()
	for {
		v, err := w.ask(ctx)
		said := codes(v)
		if err == nil && said == want && v.Good == (want == "") {
			return nil
		}
		select {
		case <-time.After(between):
		case <-ctx.Done():
			if err != nil {
				return err
			}
			if said == "" {
				said = "good"
			}
			return fmt.Errorf("after %s it still says: %s", b.o.cfg.Within, said)
		}
	}
}

// ocsp asks the responder the canary names, in one of the two ways.
func (b *bird) ocsp(ctx context.Context, send func(context.Context, string, []byte) (*verify.Answer, error)) (v verify.Verdict, err error) {
	addresses := b.cert.OCSP()
	if len(addresses) == 0 {
		return v, fmt.Errorf("the canary names no OCSP responder")
	}
	answer, err := send(ctx, addresses[0], verify.BuildOCSPRequest(b.cert, b.c.Certificate, nil))
	if err != nil {
		return v, err
	}
	return b.judge(ctx, verify.Request{Answers: []*verify.Answer{answer}}), nil
}

// lists fetches what the canary names, as a relying party without OCSP does.
func (b *bird) lists(ctx context.Context) (verify.Verdict, error) {
	return b.judge(ctx, verify.Request{Source: listsOnly{b.o}}), nil
}

// directory judges by the lists that stand under the issuer in the directory.
func (b *bird) directory(ctx context.Context) (v verify.Verdict, err error) {
	lists, err := directoryLists(ctx, b.c)
	if err != nil {
		return v, err
	}
	return b.judge(ctx, verify.Request{Lists: lists}), nil
}
