package ra

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	"onecert/officer"
	"onecert/pki"
)

// The link between a local counter with a process of its own and the registration above
// it (design: docs/decisions/2026-11-23-registration-link.md). An application has one
// history, and one office at a time may continue it: the counter while it is a draft or
// was returned, the registration above from the moment it is submitted. So the shorter
// history is normally the beginning of the longer, and either side takes from the other
// what it lacks. Where they went apart all the same, the registration above is right
// about the state, and what the counter had done stands as a conflict for a person.

// Upstream is the registration above, as a counter sees it: another process.
type Upstream interface {
	// HandUp gives applications that changed here. Given twice they are taken once.
	HandUp(ctx context.Context, all []Dossier) ([]Handed, error)
	// HandDocument gives a scan that belongs to one of them. Given twice it is taken once.
	HandDocument(ctx context.Context, id string, d Document, content []byte) error
	// News asks what changed there of the counter's own.
	News(ctx context.Context, q NewsQuery) (*News, error)
}

// Dossier is everything an office has of one application. Sensitive fields are in clear
// within the link's TLS and sealed anew by who stores them.
type Dossier struct {
	Application  Application   `json:"application"`
	History      []Moment      `json:"history" maxItems:"1000"`
	Documents    []Document    `json:"documents,omitempty" maxItems:"30" doc:"upwards: the scans that belong to it"`
	Certificates []Certificate `json:"certificates,omitempty" maxItems:"10" doc:"downwards: what came of it, and what it is about"`
	Suite        pki.Suite     `json:"suite,omitempty" enum:"sm2,rsa2048,rsa3072,rsa4096,p256,p384" doc:"of a key to be made at the centre"`
	Made         *Made         `json:"made,omitempty" doc:"downwards: what is to be handed over"`
}

// Handed is what became of a dossier above.
type Handed struct {
	ID      string   `json:"id"`
	Version int      `json:"version" doc:"that the registration above has now"`
	Code    string   `json:"code,omitempty" doc:"why it is not taken"`
	Wrong   string   `json:"wrong,omitempty"`
	Again   bool     `json:"again,omitempty" doc:"it has to be sent again later"`
	Lacks   []string `json:"lacks,omitempty" doc:"hashes of its scans that are not there yet"`
	Theirs  *Dossier `json:"theirs,omitempty" doc:"where both went apart: what stands above"`
}

// NewsQuery says what a counter has already.
type NewsQuery struct {
	After int64  `query:"after" minimum:"0" doc:"number of the last change it has"`
	Mark  string `query:"mark" maxLength:"64" doc:"of that change, as it was told"`
	Tree  string `query:"tree" maxLength:"64" doc:"of the tree it has"`
}

// News is what changed above.
type News struct {
	Position int64     `json:"position"`
	Mark     string    `json:"mark"`
	More     bool      `json:"more,omitempty"`
	Reset    bool      `json:"reset,omitempty" doc:"the change it has is unknown here, as after a restoration: begin anew"`
	Tree     string    `json:"tree,omitempty" doc:"name of this state of the tree; nodes and posts are told where it differs"`
	Nodes    []Node    `json:"nodes,omitempty" doc:"from the top to the counter, and below it"`
	Posts    []Post    `json:"posts,omitempty" doc:"at the counter and below it"`
	Dossiers []Dossier `json:"dossiers,omitempty"`
	Tells    bool      `json:"tells,omitempty" doc:"holders hear from here what happens to their applications and certificates, by mail"`
}

// What stands in histories beside what officers do.
const (
	registered  = "register"
	askWithdraw = "ask-withdraw" // the counter asks to take back what is under review above
	wentApart   = "conflict"
	settled     = "settle"
)

// The sides of the link, as their positions are stored.
const (
	above = "up"
	below = "down"
)

// dossiersAtOnce is how many go in one message.
const dossiersAtOnce = 50

// begins says how many moments two histories have in common at their beginning.
func begins(x, y []Moment) int {
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			return i
		}
	}
	return min(len(x), len(y))
}

// markOf names a change so that it is known again, and tells nothing else of it.
func markOf(number int64, application string, version int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %s %d", number, application, version))
	return hex.EncodeToString(sum[:8])
}

func readHistory(ctx context.Context, q querier, id string) ([]Moment, error) {
	return collect(ctx, q, func(row scanner) (m Moment, err error) {
		err = row.Scan(&m.Number, &m.At, &m.Actor, &m.Node, &m.Event, &m.State, &m.Note)
		return m, err
	}, "SELECT number, at, actor, node, event, state, note FROM ra_history WHERE application = $1 ORDER BY number", id)
}

// dossier puts together what this office has of an application; down adds what is for
// the counter only. It is nil where there is none.
func (r *Registration) dossier(ctx context.Context, id string, down bool) (*Dossier, error) {
	q := r.cfg.DB.Read()
	found, err := collect(ctx, q, scanApplication, "SELECT "+applicationColumns+" FROM ra_application WHERE id = $1", id)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	a := found[0]
	if err := r.reveal(a); err != nil {
		return nil, err
	}
	d := &Dossier{Application: *a}
	if d.History, err = readHistory(ctx, q, id); err != nil {
		return nil, err
	}
	// Read in two statements: somebody may have gone on between them.
	d.History = d.History[:min(len(d.History), a.Version)]
	if a.KeyFrom == keyServer {
		key, err := readDelivery(ctx, q, id)
		if err != nil {
			return nil, err
		}
		d.Suite = key.suite
	}
	if !down {
		d.Documents, err = readDocuments(ctx, q, id)
		return d, err
	}
	d.Certificates, err = collect(ctx, q, scanOwn, "SELECT "+certificateColumns+` FROM ra_certificate WHERE application = $1
		UNION SELECT `+certificateColumns+" FROM ra_certificate WHERE issuer = $2 AND serial = $3", id, a.Issuer, string(a.Serial))
	if err != nil || !a.Operation.makes() || a.State != Issued && a.State != Delivered {
		return d, err
	}
	d.Made, err = readResult(ctx, q, id)
	return d, err
}

// suite takes over which key is to be made at the centre; one that is being made stays.
func (s *sheaf) suite(d *Dossier) {
	if d.Suite != "" {
		s.do(`INSERT INTO ra_delivery (application, suite, code_until, tries, fetched) VALUES ($1, $2, 0, 0, 0)
			ON CONFLICT (application) DO UPDATE SET suite = excluded.suite WHERE ra_delivery.ticket IS NULL AND ra_delivery.fetched = 0`, d.Application.ID, string(d.Suite))
	}
}

func scanOwn(row scanner) (Certificate, error) {
	c, err := scanCertificate(row)
	return *c, err
}

// counter is the node whose process calls: the one whose site certificate this is, or
// that of the name the site is registered under, which outlives the certificate.
func (r *Registration) counter(ctx context.Context) (scope, error) {
	actor, err := r.cfg.Check(ctx, officer.Replicate)
	if err != nil {
		return scope{}, err
	}
	found, err := collect(ctx, r.cfg.DB.Read(), scanNode, "SELECT "+nodeColumns+" FROM ra_node WHERE (site = $1 OR site = $2) AND site <> '' AND path > $3 AND path < $4",
		actor.Certificate, actor.Name, r.cfg.Home.Path, r.cfg.Home.Path+"~")
	if err != nil {
		return scope{}, err
	}
	if len(found) != 1 {
		return scope{}, pki.Errorf(pki.Forbidden, "link.site", "the certificate of %s is that of no office below %s", actor.Name, r.cfg.Home.Name).
			To("have the name the office's site is registered under, or its certificate's fingerprint, entered in the tree")
	}
	return scope{actor: actor, node: found[0]}, nil
}

// heldBelow refuses to continue here what the process of a counter has in hand.
func (r *Registration) heldBelow(ctx context.Context, q querier, a *Application) error {
	if a.State != Draft && a.State != Returned {
		return nil
	}
	found, err := collect(ctx, q, scanNode, "SELECT "+nodeColumns+" FROM ra_node WHERE site <> '' AND path > $1 AND $2 >= path AND $2 < path || '~'", r.cfg.Home.Path, a.Path)
	if err != nil || len(found) == 0 {
		return err
	}
	return inHandBelow(found[0])
}

func inHandBelow(n Node) *pki.Error {
	return pki.Errorf(pki.Conflict, "application.below", "%s works on this application until it is submitted", n.Name).To("ask the counter")
}

// fromBelow says whether a counter may have let an event happen.
func fromBelow(from State, m Moment) bool {
	switch m.Event {
	case registered:
		return from == "" && m.State == Draft
	case askWithdraw, wentApart:
		return from != "" && m.State == from
	case settled:
		return m.State == from && (from == Draft || from == Returned)
	}
	return from != Submitted && slices.ContainsFunc(moves, func(one move) bool {
		return one.from == from && string(one.event) == m.Event && one.to == m.State && (one.right == officer.Register || one.right == officer.Deliver)
	})
}
