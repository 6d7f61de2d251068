package ra

import (
	"bytes"
	"context"
	"crypto/x509"
	"net/netip"
	"slices"
	"strings"
	"time"

	"onecert/audit"
	"onecert/pki"
)

// HolderRole is the role of a holder who is known by his certificate. No officer has
// it, and no right of officers goes with it.
const HolderRole = "holder"

// Contact is a way to reach a holder.
type Contact struct {
	By string // phone or mail
	At string
}

// Messenger takes messages to holders to deliver. It returns when a message is kept
// for delivery; values fill in the words of the kind (code, minutes, number).
type Messenger interface {
	Send(ctx context.Context, to Contact, kind string, values map[string]string) error
}

// The kinds of messages.
const (
	MessageLossCode       = "loss-code"       // values: code, minutes
	MessageContactCode    = "contact-code"    // values: code, minutes, field
	MessageContactChanged = "contact-changed" // values: field, days; to where it was before
	MessageFrozen         = "frozen"          // values: count
)

// Touch is one thing that was done with a holder's escrowed key.
type Touch struct {
	Entry       int64     `json:"entry" doc:"its number at the centre"`
	At          time.Time `json:"at"`
	Act         string    `json:"act"`
	By          string    `json:"by"`
	Certificate string    `json:"certificate,omitempty"`
	Result      string    `json:"result"`
	Reason      string    `json:"reason,omitempty"`
	Authority   string    `json:"authority,omitempty" doc:"who ordered it, of a recovery by law"`
}

// Ledger tells what was done with a holder's escrowed keys: the key management centre.
type Ledger interface {
	// Ledger returns touches from an entry on, oldest first.
	Ledger(ctx context.Context, holder string, from int64, limit int) ([]Touch, error)
}

// SelfConfig is what self-service is made of. Without a Messenger there are no codes,
// without a Ledger no ledger; both are said as unavailable.
type SelfConfig struct {
	Messenger Messenger
	Ledger    Ledger
	// PerSource is how many unidentified calls one address has an hour; 0: 60. A front
	// end before many people has a limit of its own and a high number here.
	PerSource int
	// OldDays is how many days a phone or mail that its holder has replaced here is still
	// told of a loss and gets its codes; 0: 7, below 0: none.
	OldDays int
}

const usualPerSource = 60

// Self is the self-service of holders (features H9). A caller with a certificate is
// the actor of the context, with the role HolderRole and the holder's id as name; see
// HolderOf. It has none of the rights of officers, and each act is audited.
type Self struct{ r *Registration }

// Self returns the registration's self-service.
func (r *Registration) Self() Self { return Self{r} }

// HolderOf says whose certificate it is: what serve.Peers.Who needs at the listener of
// self-service. The chain is verified before; here it has to be one of ours, and good
// as far as was heard.
func (r *Registration) HolderOf(ctx context.Context, peer *x509.Certificate) (pki.Actor, error) {
	serial := pki.SerialOf(peer.SerialNumber)
	all, err := collect(ctx, r.cfg.DB.Read(), scanCertificate, "SELECT "+certificateColumns+" FROM ra_certificate WHERE serial = $1", string(serial))
	if err != nil {
		return pki.Actor{}, err
	}
	// A device's certificate is its unit's by the holder id, and must not speak for it.
	all = slices.DeleteFunc(all, func(c *Certificate) bool { return c.State != pki.Valid || c.Kind != Person && c.Kind != Organisation })
	if len(all) != 1 || !peer.NotAfter.Truncate(time.Second).Equal(all[0].NotAfter.Truncate(time.Second)) {
		return pki.Actor{}, notKnown()
	}
	// Another CA under the same root can choose its serial numbers. Of what was imported
	// there is nothing to compare with.
	made, err := readResult(ctx, r.cfg.DB.Read(), all[0].Application)
	if err == nil && !bytes.Equal(made.Sign.DER, peer.Raw) {
		return pki.Actor{}, notKnown()
	}
	if err != nil && pki.CodeOf(err) != "application.nothing" {
		return pki.Actor{}, err
	}
	return pki.Actor{Name: all[0].Holder, Roles: []string{HolderRole}, Certificate: pki.Fingerprint(peer.Raw)}, nil
}

func notKnown() *pki.Error {
	return pki.Errorf(pki.Forbidden, "self.certificate", "this certificate is not known here, or not good any more").
		To("report a loss, which takes no certificate, or go to a counter")
}

// enter says which holder is asking. One whose certificate is not good is an actor
// without a name.
func (f Self) enter(ctx context.Context) (pki.Actor, error) {
	actor, ok := pki.ActorFrom(ctx)
	if ok && actor.Name == "" && actor.Certificate != "" {
		return actor, notKnown()
	}
	if !ok || actor.Name == "" || !slices.Contains(actor.Roles, HolderRole) {
		return actor, pki.Errorf(pki.Forbidden, "self.anonymous", "no holder's certificate was presented").To("present your certificate; without one, report a loss or ask by number and code")
	}
	return actor, nil
}

// MyCertificates lists the caller's certificates, those that ended too, with what the
// caller may do about them here.
func (f Self) MyCertificates(ctx context.Context, q ListQuery) (*Page[*Certificate], error) {
	who, err := f.enter(ctx)
	if err != nil {
		return nil, err
	}
	end, serial, err := whenAfter(q.After)
	if err != nil {
		return nil, err
	}
	var find search
	where := find.is("holder = ?", who.Name)
	if serial != "" {
		where += find.is(" AND (not_after < ? OR not_after = ? AND serial > ?)", end, end, serial)
	}
	page, err := leaf(ctx, f.r, q, scanCertificate, &find, "SELECT "+certificateColumns+" FROM ra_certificate WHERE "+where+" ORDER BY not_after DESC, serial",
		func(c *Certificate) string { return when(c.NotAfter, string(c.Serial)) })
	if err != nil {
		return nil, err
	}
	for _, c := range page.Items {
		if c.State.At(f.r.now(), c.NotAfter) == pki.Valid {
			c.Legal = append(c.Legal, Freeze)
		}
		if f.renewable(ctx, c) == nil {
			c.Legal = append(c.Legal, Renew)
		}
	}
	return page, nil
}

// mine reads one of the caller's certificates; another's does not exist.
func (f Self) mine(ctx context.Context, who pki.Actor, issuer string, serial pki.Serial) (*Certificate, error) {
	serial, err := pki.ParseSerial(string(serial))
	if err != nil {
		return nil, err
	}
	c, err := scanCertificate(f.r.cfg.DB.Read().QueryRowContext(ctx, "SELECT "+certificateColumns+
		" FROM ra_certificate WHERE issuer = $1 AND serial = $2 AND holder = $3", issuer, string(serial), who.Name))
	if err != nil {
		return nil, unknownOr(err, "certificate.unknown", "certificate of yours", strings.TrimPrefix(issuer+"/"+string(serial), "/"))
	}
	return c, nil
}

// Copies are certificates to download. What belongs to a key is handed over at a
// counter and not here.
type Copies struct {
	Sign    []byte   `json:"sign"`
	Encrypt []byte   `json:"encrypt,omitempty"`
	Chain   [][]byte `json:"chain" doc:"issuing CA first, then up to the root; DER"`
}

// Download returns one of the caller's certificates with its chain.
func (f Self) Download(ctx context.Context, issuer string, serial pki.Serial) (*Copies, error) {
	who, err := f.enter(ctx)
	if err != nil {
		return nil, err
	}
	c, err := f.mine(ctx, who, issuer, serial)
	if err != nil {
		return nil, err
	}
	made, err := readResult(ctx, f.r.cfg.DB.Read(), c.Application)
	if err != nil {
		return nil, err
	}
	copies := &Copies{Sign: made.Sign.DER, Chain: made.Chain}
	if made.Encrypt != nil {
		copies.Encrypt = made.Encrypt.DER
	}
	return copies, f.note(ctx, who, "self.download", string(c.Serial), nil)
}

// TouchQuery says which touches are asked for. They are the last where they are fewer
// than Limit.
type TouchQuery struct {
	From  int64 `query:"from" minimum:"0" doc:"from this entry on; of the next page, the one after the last that was read"`
	Limit int   `query:"limit" minimum:"0" maximum:"200" doc:"how many at most; 50 if not said"`
}

// MyLedger tells what was done with the caller's escrowed keys.
func (f Self) MyLedger(ctx context.Context, q TouchQuery) ([]Touch, error) {
	who, err := f.enter(ctx)
	if err != nil {
		return nil, err
	}
	if f.r.cfg.Self.Ledger == nil {
		return nil, pki.Errorf(pki.Unavailable, "self.ledger", "this office has no way to the key management centre").To("ask at a counter")
	}
	all, err := f.r.cfg.Self.Ledger.Ledger(ctx, who.Name, q.From, pageSize(q.Limit))
	if err != nil {
		return nil, err
	}
	return all, f.note(ctx, who, "self.ledger", "", nil)
}

// note writes an act of a holder to the audit log.
func (f Self) note(ctx context.Context, who pki.Actor, act, object string, detail map[string]string) error {
	return f.r.cfg.Audit.Record(ctx, audit.Act{Actor: who, Act: act, Object: object, Subject: who.Name, Result: audit.Done, Detail: detail, At: f.r.now()})
}

// withSource carries where an unidentified call came from; the routes set it.
type sourceKey struct{}

func withSource(ctx context.Context, address string) context.Context {
	return context.WithValue(ctx, sourceKey{}, address)
}

// sourceOf is the address limits count by: of IPv6 the network, since everybody there
// has a whole one.
func sourceOf(ctx context.Context) string {
	text, _ := ctx.Value(sourceKey{}).(string)
	if at, err := netip.ParseAddrPort(text); err == nil {
		text = at.Addr().String()
	}
	a, err := netip.ParseAddr(text)
	if err != nil {
		return "unknown"
	}
	if a = a.Unmap(); a.Is6() {
		if p, err := a.WithZone("").Prefix(64); err == nil {
			return p.String()
		}
	}
	return a.String()
}

func (f Self) messenger() (Messenger, error) {
	if f.r.cfg.Self.Messenger == nil {
		return nil, pki.Errorf(pki.Unavailable, "self.messages", "this office sends no codes").To("go to a counter")
	}
	return f.r.cfg.Self.Messenger, nil
}
