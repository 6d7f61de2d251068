package ra

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"database/sql"
	"encoding/base32"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"onecert/db"
	"onecert/officer"
	"onecert/pki"
)

// Keys is how signing keys are made for holders without any tool of their own
// (design.md decision 9): at the key management centre, through the CA. The
// registration carries ciphertext only. A ticket opens the key; who packages it also
// needs to have had the password given out.
type Keys interface {
	Make(ctx context.Context, o KeyOrder) (request []byte, err error)
	Password(ctx context.Context, application string, nonce []byte) (string, error)
	Package(ctx context.Context, application, form string, ticket []byte) (*pki.Package, error)
}

// KeyOrder asks for a signing key. Asked twice it is the same key.
type KeyOrder struct {
	Application, Profile string
	Suite                pki.Suite
	Holder               string
	Ticket               []byte
}

// delivery is a line of ra_delivery.
type delivery struct {
	suite       pki.Suite
	ticket      []byte // sealed
	code        []byte // hash
	codeUntil   time.Time
	tries       int
	fetched     time.Time // the first time
	application string
}

// How long a download code is good, how often it may be mistyped, and how long a
// download that broke can be done again.
const (
	downloadLife = 7 * 24 * time.Hour
	mostTries    = 5
	fetchWindow  = 15 * time.Minute
)

func readDelivery(ctx context.Context, q querier, application string) (delivery, error) {
	d := delivery{application: application, suite: pki.SM2}
	var until, fetched int64
	err := q.QueryRowContext(ctx, "SELECT suite, ticket, code, code_until, tries, fetched FROM ra_delivery WHERE application = $1", application).
		Scan(&d.suite, &d.ticket, &d.code, &until, &d.tries, &fetched)
	if errors.Is(err, sql.ErrNoRows) {
		return d, nil
	}
	if err != nil {
		return d, fmt.Errorf("reading the delivery of %s: %w", application, err)
	}
	d.codeUntil, d.fetched = moment(until), moment(fetched)
	return d, nil
}

func (d delivery) store(ctx context.Context, tx *sql.Tx) error {
	return db.Insert(ctx, tx, "ra_delivery", []string{"application", "suite", "ticket", "code", "code_until", "tries", "fetched"},
		[][]any{{d.application, string(d.suite), d.ticket, d.code, millis(d.codeUntil), int64(d.tries), millis(d.fetched)}},
		`ON CONFLICT (application) DO UPDATE SET suite = excluded.suite, ticket = excluded.ticket, code = excluded.code, code_until = excluded.code_until,
			tries = excluded.tries, fetched = excluded.fetched`)
}

// keyFor has the key of an application made whose holder brings none, and puts its
// request into the application. The ticket is stored before the key is asked for.
func (r *Registration) keyFor(ctx context.Context, a *Application) error {
	if a.KeyFrom != keyServer || !a.Operation.needsRequest() {
		return nil
	}
	if r.cfg.Keys == nil {
		return pki.Errorf(pki.Unavailable, "delivery.no-keys", "this office has no way to a key management centre that makes holders' keys").
			To("have the holder make the key and send the request")
	}
	d, err := readDelivery(ctx, r.cfg.DB.Read(), a.ID)
	if err != nil {
		return err
	}
	if d.ticket == nil {
		if d, err = r.drawTicket(ctx, d); err != nil {
			return err
		}
	}
	ticket, err := r.ticketOf(d)
	if err != nil {
		return err
	}
	defer clear(ticket)
	a.Request, err = r.cfg.Keys.Make(ctx, KeyOrder{Application: a.ID, Profile: a.Profile, Suite: d.suite, Holder: a.Holder, Ticket: ticket})
	return err
}

func (r *Registration) drawTicket(ctx context.Context, d delivery) (delivery, error) {
	ticket := make([]byte, pki.LeastTicket)
	if _, err := io.ReadFull(r.cfg.Random, ticket); err != nil {
		return d, fmt.Errorf("drawing a ticket: %w", err)
	}
	defer clear(ticket)
	var err error
	if d.ticket, err = r.cfg.Sealer.Seal(r.cfg.Random, ticket, []byte("ra ticket "+d.application)); err != nil {
		return d, fmt.Errorf("sealing a ticket: %w", err)
	}
	return d, r.cfg.DB.Tx(ctx, func(tx *sql.Tx) error { return d.store(ctx, tx) })
}

func (r *Registration) ticketOf(d delivery) ([]byte, error) {
	if d.ticket == nil || r.over(d) {
		return nil, pki.Errorf(pki.Conflict, "delivery.over", "what was made for this application has been handed over").
			To("if it did not arrive, revoke the certificate and apply anew")
	}
	ticket, err := r.cfg.Sealer.Open(d.ticket, []byte("ra ticket "+d.application))
	if err != nil {
		return nil, fmt.Errorf("opening the ticket of %s: %w", d.application, err)
	}
	return ticket, nil
}

// over says that the time to fetch a package again has passed.
func (r *Registration) over(d delivery) bool {
	return !d.fetched.IsZero() && r.now().After(d.fetched.Add(fetchWindow))
}

// forget deletes tickets whose package was fetched and whose time to fetch it again is
// over.
func (r *Registration) forget(ctx context.Context, tx *sql.Tx) error {
	_, err := tx.ExecContext(ctx, "UPDATE ra_delivery SET ticket = NULL, code = NULL WHERE fetched > 0 AND fetched < $1 AND (ticket IS NOT NULL OR code IS NOT NULL)",
		millis(r.now().Add(-fetchWindow)))
	if err != nil {
		return fmt.Errorf("deleting tickets: %w", err)
	}
	return nil
}

// HandPassword gives the password of a key made at the centre, to be told to the holder
// or printed: once, or to the same nonce for a few minutes, for an answer that was lost.
func (r *Registration) HandPassword(ctx context.Context, id string, nonce []byte) (string, error) {
	a, s, err := r.toDeliver(ctx, id)
	if err != nil {
		return "", err
	}
	if a.KeyFrom != keyServer || r.cfg.Keys == nil {
		return "", pki.Errorf(pki.Conflict, "delivery.own-key", "the holder made this key; there is no password").To("hand over the certificates")
	}
	if err := r.lookedAt(ctx, s, a, "delivery.password", "password"); err != nil {
		return "", err
	}
	return r.cfg.Keys.Password(ctx, id, nonce)
}

func (r *Registration) toDeliver(ctx context.Context, id string) (*Application, scope, error) {
	s, err := r.enter(ctx, officer.Deliver)
	if err != nil {
		return nil, s, err
	}
	a, err := readApplication(ctx, r.cfg.DB.Read(), s, id)
	if err != nil {
		return nil, s, err
	}
	if a.State != Issued && a.State != Delivered || !a.Operation.makes() {
		return nil, s, pki.Errorf(pki.Conflict, "application.state", "nothing of application %s is there to hand over", a.ID).To("carry it out first")
	}
	return a, s, nil
}

// DownloadCode is a one-time code for a holder, shown once.
type DownloadCode struct {
	Code  string    `json:"code"`
	Until time.Time `json:"until"`
}

// HandCode makes the one-time code by which the holder downloads what was made. An
// earlier one is void.
func (r *Registration) HandCode(ctx context.Context, id string) (*DownloadCode, error) {
	a, s, err := r.toDeliver(ctx, id)
	if err != nil {
		return nil, err
	}
	random := make([]byte, 10)
	if _, err := io.ReadFull(r.cfg.Random, random); err != nil {
		return nil, fmt.Errorf("drawing a download code: %w", err)
	}
	text := base32.StdEncoding.EncodeToString(random)
	if err := r.lookedAt(ctx, s, a, "delivery.code", "code"); err != nil {
		return nil, err
	}
	until := r.now().Add(downloadLife)
	err = r.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		d, err := readDelivery(ctx, tx, id)
		if err != nil {
			return err
		}
		if r.over(d) {
			return pki.Errorf(pki.Conflict, "delivery.over", "what was made for this application has been handed over").
				To("if it did not arrive, revoke the certificate and apply anew")
		}
		d.code, d.codeUntil, d.tries = hashOfCode(id, text), until, 0
		return d.store(ctx, tx)
	})
	return &DownloadCode{text[:4] + "-" + text[4:8] + "-" + text[8:12] + "-" + text[12:], until}, err
}

func hashOfCode(application, code string) []byte {
	plain := strings.ToUpper(strings.NewReplacer("-", "", " ", "").Replace(code))
	sum := sha256.Sum256([]byte("onecert download\x00" + application + "\x00" + plain))
	return sum[:]
}

// Parcel is what a holder downloads: certificates and envelope for a key of one's own,
// or the package of a key made at the centre.
type Parcel struct {
	Made    *Made        `json:"made,omitempty"`
	Package *pki.Package `json:"package,omitempty"`
}

// Fetch gives the holder what was made, for number and code. The first time counts as
// the hand-over; for 15 minutes the same code gives the same again.
func (r *Registration) Fetch(ctx context.Context, id, code, form string) (*Parcel, error) {
	d, err := r.redeem(ctx, id, code)
	if err != nil {
		return nil, err
	}
	a, err := r.any(ctx, id)
	if err != nil {
		return nil, err
	}
	parcel, err := r.parcelOf(ctx, a, d, form)
	if err != nil {
		return nil, err
	}
	return parcel, r.fetched(ctx, id, scope{actor: pki.Actor{Name: "holder"}, node: Node{ID: a.Node}})
}

// PackageFor gives an officer what was made, to put into the holder's hand.
func (r *Registration) PackageFor(ctx context.Context, id, form string) (*Parcel, error) {
	a, s, err := r.toDeliver(ctx, id)
	if err != nil {
		return nil, err
	}
	d, err := readDelivery(ctx, r.cfg.DB.Read(), id)
	if err != nil {
		return nil, err
	}
	if err := r.lookedAt(ctx, s, a, "delivery.package", "package"); err != nil { // each time, not only the first
		return nil, err
	}
	parcel, err := r.parcelOf(ctx, a, d, form)
	if err != nil {
		return nil, err
	}
	return parcel, r.fetched(ctx, id, s)
}

func (r *Registration) parcelOf(ctx context.Context, a *Application, d delivery, form string) (*Parcel, error) {
	if a.KeyFrom != keyServer {
		made, err := readResult(ctx, r.cfg.DB.Read(), a.ID)
		return &Parcel{Made: made}, err
	}
	if r.cfg.Keys == nil {
		return nil, errNoCA()
	}
	ticket, err := r.ticketOf(d)
	if err != nil {
		return nil, err
	}
	defer clear(ticket)
	if form == "" {
		form = pki.FormPKCS12
	}
	packed, err := r.cfg.Keys.Package(ctx, a.ID, form, ticket)
	return &Parcel{Package: packed}, err
}

// redeem judges a code. Every wrong try counts before it is answered, and an unknown
// number is answered like a wrong code.
func (r *Registration) redeem(ctx context.Context, id, code string) (d delivery, err error) {
	wrong := pki.Errorf(pki.Forbidden, "delivery.code", "number and code do not belong together, or the code is over").
		To("look at both again; the counter can give a new code")
	good := false
	err = r.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		if d, err = readDelivery(ctx, tx, id); err != nil || d.code == nil {
			return err
		}
		if d.tries >= mostTries || !r.now().Before(d.codeUntil) || r.over(d) {
			return nil
		}
		if good = subtle.ConstantTimeCompare(d.code, hashOfCode(id, code)) == 1; good {
			return nil
		}
		d.tries++
		return d.store(ctx, tx)
	})
	if err == nil && !good {
		err = wrong
	}
	return d, err
}

// fetched notes the first time something was handed over, as the delivery.
func (r *Registration) fetched(ctx context.Context, id string, who scope) error {
	return r.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		d, err := readDelivery(ctx, tx, id)
		if err != nil {
			return err
		}
		if d.fetched.IsZero() {
			d.fetched = r.now()
			if err := d.store(ctx, tx); err != nil {
				return err
			}
		}
		a, err := scanApplication(tx.QueryRowContext(ctx, "SELECT "+applicationColumns+" FROM ra_application WHERE id = $1", id))
		if err != nil || a.State != Issued {
			return err
		}
		a.State, a.DeliveredBy = Delivered, who.actor.Name
		return r.record(ctx, tx, step{a: a, event: Deliver, was: Issued, who: who}, nil)
	})
}
