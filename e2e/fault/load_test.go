package fault

import (
	"context"
	"crypto/rand"
	"encoding/pem"
	"fmt"
	mathrand "math/rand/v2"
	"sync"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/ca"
	"onecert/cms"
	"onecert/keys"
	"onecert/kmc"
	"onecert/pki"
)

// clients act at the same time; each on pairs of its own, so that what it was told
// last is what has to be there.
const clients = 6

// load is clients at work.
type load struct {
	stop  chan struct{}
	group sync.WaitGroup
}

// begin lets the clients act until end.
func (w *town) begin() *load {
	l := &load{stop: make(chan struct{})}
	w.everLoaded++
	for n := range clients {
		c := &client{town: w, number: n, dice: mathrand.New(mathrand.NewPCG(w.seed, uint64(w.everLoaded*clients+n+1)))}
		l.group.Go(func() { c.work(l.stop) })
	}
	return l
}

// end returns when every client has had its last answer or refusal.
func (l *load) end() {
	close(l.stop)
	l.group.Wait()
}

type client struct {
	*town
	number int
	dice   *mathrand.Rand
	made   int
}

// pause is how long a client waits that was refused.
const pause = 3 * time.Millisecond

func (c *client) work(stop chan struct{}) {
	for {
		select {
		case <-stop:
			return
		default:
		}
		if err := c.act(); err != nil {
			time.Sleep(pause)
		}
	}
}

// act does one thing, chosen by the dice.
func (c *client) act() error {
	if open := c.book.open(c.number); len(open) > 0 && c.dice.IntN(3) > 0 {
		return c.order(open[c.dice.IntN(len(open))])
	}
	valid, held := c.book.inState(c.number, pki.Valid), c.book.inState(c.number, pki.Held)
	n := c.dice.IntN(100)
	if n < 4 {
		return c.list()
	}
	if len(held) > 0 && n < 14 {
		p := held[c.dice.IntN(len(held))]
		if n < 11 {
			return c.change(p, pki.Valid)
		}
		return c.change(p, pki.Revoked)
	}
	if len(valid) == 0 || n >= 64 {
		return c.first()
	}
	p := valid[c.dice.IntN(len(valid))]
	switch {
	case n < 24:
		return c.change(p, pki.Held)
	case n < 32:
		return c.change(p, pki.Revoked)
	case n < 42:
		return c.follow(p, "renew")
	case n < 49:
		return c.follow(p, "reissue")
	case n < 54:
		return c.follow(p, "modify")
	}
	return c.recover(p)
}

func person(cn string) pki.Name {
	return pki.Name{{Type: "C", Value: "CN"}, {Type: "ST", Value: "示例省"}, {Type: "O", Value: "示例市民政局"}, {Type: "CN", Value: cn}}
}

// newRequest makes a key and a request with it.
func newRequest(suite pki.Suite, name pki.Name) ([]byte, *keys.Key, error) {
	made, err := pki.GenerateKey(rand.Reader, suite)
	if err != nil {
		return nil, nil, err
	}
	key, err := keys.Wrap(made)
	if err != nil {
		return nil, nil, err
	}
	subject, err := name.DER()
	if err != nil {
		return nil, nil, err
	}
	der, err := smx509.CreateCertificateRequest(rand.Reader, &smx509.CertificateRequest{RawSubject: subject}, key)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}), key, err
}

// name is a new application's.
func (c *client) name() string {
	c.made++
	return fmt.Sprintf("f-%03d-%d-%04d", c.everLoaded, c.number, c.made) // no two look alike
}

// first orders a pair for a new holder.
func (c *client) first() error {
	p := &pair{owner: c.number, application: c.name(), issuer: "sm2"}
	suite := pki.SM2
	if c.made%5 == 0 {
		p.issuer, suite = "ecdsa", pki.P256
	}
	request, key, err := newRequest(suite, person("持有人 "+p.application))
	if err != nil {
		return err
	}
	o := ca.Order{Application: p.application, Profile: "person-sign", Request: request, Holder: "H-" + p.application}
	p.signer, p.escrow = key, p
	p.ask = func() (*ca.Issued, error) { return c.authority.Issue(context.Background(), o) }
	c.book.opened(p)
	return c.order(p)
}

// order asks for a pair, perhaps again.
func (c *client) order(p *pair) error {
	got, err := p.ask()
	if err != nil {
		c.book.refused(p.application, err)
		return err
	}
	c.book.answered(p, got)
	if p.application[len(p.application)-1]&3 == 0 || len(got.History) > 0 { // a quarter of them
		c.opens(p, got)
	}
	return nil
}

// opens opens the envelopes of an answer with the holder's key.
func (c *client) opens(p *pair, got *ca.Issued) {
	if p.escrow == p { // else the key stays, and nothing is sealed
		if err := fits(p.signer, got.Envelope, got.Encrypt.DER); err != nil {
			c.book.contradiction("%s: its envelope: %v", p.application, err)
		}
	}
	for _, old := range got.History {
		of := p.before(old.CertNo)
		if of == nil {
			c.book.contradiction("%s: a key from before that was another's", p.application)
		} else if err := fits(p.signer, &old.Envelope, of.told.Encrypt.DER); err != nil {
			c.book.contradiction("%s: the key from before: %v", p.application, err)
		}
	}
}

// fits opens an envelope and holds the key against a certificate.
func fits(signer *keys.Key, envelope *pki.Envelope, certificate []byte) error {
	parsed, err := smx509.ParseCertificate(certificate)
	if err != nil {
		return err
	}
	inside, err := opened(signer, envelope)
	if err != nil {
		return err
	}
	spki, err := pki.MarshalPublicKey(inside.Public())
	if err == nil && string(spki) != string(parsed.RawSubjectPublicKeyInfo) {
		err = fmt.Errorf("the key in it is not the certificate's")
	}
	return err
}

func opened(signer *keys.Key, envelope *pki.Envelope) (*keys.Key, error) {
	if envelope.Format == pki.SM2EnvelopedKey {
		inside, err := cms.OpenSM2Key(signer, envelope.DER)
		if err != nil {
			return nil, err
		}
		return keys.Wrap(inside)
	}
	content, err := cms.OpenEnvelope(signer, envelope.DER)
	if err != nil {
		return nil, err
	}
	return keys.ReadPKCS8(content)
}

// follow renews, re-issues or modifies; whether it succeeds or not, nobody follows
// that pair a second time.
func (c *client) follow(old *pair, act string) error {
	p := &pair{owner: c.number, application: c.name(), issuer: old.issuer, signer: old.signer, escrow: old.escrow}
	change := ca.Change{Application: p.application}
	serial := old.told.Sign.Serial
	ctx := context.Background()
	switch act {
	case "renew":
		p.keptFrom = old
		p.ask = func() (*ca.Issued, error) { return c.authority.Renew(ctx, p.issuer, serial, change) }
	case "modify":
		p.keptFrom, p.replaces, p.revokes = old, old, []*pair{old}
		change.Subject = person("改名 " + p.application)
		p.ask = func() (*ca.Issued, error) { return c.authority.Modify(ctx, p.issuer, serial, change) }
	case "reissue":
		p.replaces, p.escrow, p.revokes = old, p, old.sharing()
		var err error
		if change.Request, p.signer, err = newRequest(old.signer.Suite(), person("x")); err != nil {
			return err
		}
		p.ask = func() (*ca.Issued, error) { return c.authority.Reissue(ctx, p.issuer, serial, change) }
	}
	c.book.note(func() { old.followed = true })
	c.book.opened(p)
	return c.order(p)
}

// change holds, releases (to valid) or revokes. Until the answer it may be either.
func (c *client) change(p *pair, to pki.State) error {
	ctx, serial := context.Background(), p.told.Sign.Serial
	touched, reason := []*pair{p}, "cessationOfOperation"
	if to == pki.Revoked && c.dice.IntN(3) == 0 { // then everything with this key
		touched, reason = p.sharing(), "keyCompromise"
	}
	c.book.note(func() {
		for _, q := range touched {
			q.mayBe(to)
		}
	})
	var err error
	switch to {
	case pki.Held:
		_, err = c.authority.Hold(ctx, p.issuer, serial)
	case pki.Valid:
		_, err = c.authority.Release(ctx, p.issuer, serial)
	case pki.Revoked:
		_, err = c.authority.Revoke(ctx, p.issuer, serial, ca.Revocation{Reason: reason})
	}
	if err != nil {
		c.book.refused(p.application+" to "+string(to), err)
		return err
	}
	c.book.note(func() {
		c.book.told++
		for _, q := range touched {
			q.states = []pki.State{to}
		}
	})
	return nil
}

func (c *client) list() error {
	issuer := []string{"sm2", "ecdsa"}[c.dice.IntN(2)]
	before := c.book.lastNumber(issuer)
	lists, err := c.authority.SignCRLs(context.Background(), issuer)
	if err != nil {
		c.book.refused("a list of "+issuer, err)
		return err
	}
	c.book.listed(issuer, before, lists)
	return nil
}

// recover gets a pair from the KMC without the CA, as a custodian does.
func (c *client) recover(p *pair) error {
	grant, err := c.custodian.Recover(context.Background(), kmc.Recovery{CA: "ca1", CertNo: p.escrow.told.Encrypt.Serial,
		Certificate: p.told.Sign.DER, Reason: "a lost token"})
	if err != nil {
		c.book.refused(p.application+" recovered", err)
		return err
	}
	if err := fits(p.signer, &grant.Envelope, p.told.Encrypt.DER); err != nil {
		c.book.contradiction("%s: recovered: %v", p.application, err)
	}
	c.book.note(func() { c.book.told++ })
	return nil
}
