package ra

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"onecert/audit"
	"onecert/pki"
)

// had reads what is here of an application of the counter's, if anything.
func (r *Registration) had(ctx context.Context, s scope, id string) (*Application, []Moment, error) {
	history, err := readHistory(ctx, r.cfg.DB.Read(), id)
	if err != nil || len(history) == 0 {
		return nil, nil, err
	}
	have, err := readApplication(ctx, r.cfg.DB.Read(), s, id)
	if err != nil {
		return nil, nil, err
	}
	if len(history) != have.Version {
		return nil, nil, changed(nothing{}, nil, "application") // somebody acted between the two
	}
	return have, history, nil
}

// checkDossier refuses what no counter of this scope can have made.
func (r *Registration) checkDossier(s scope, d *Dossier) error {
	a := &d.Application
	refuse := func(what string) error {
		return pki.Errorf(pki.Invalid, "link.dossier", "the counter sent an application with %s", what).To("look at the counter's version and database")
	}
	switch {
	case !within(a.Path, s.node.Path) || pathEnd(a.Path) != a.Node || !strings.HasPrefix(a.ID, a.Node+"-") || len(a.ID) > 64:
		return pki.Errorf(pki.Forbidden, "link.path", "an application of another office was sent")
	case len(d.History) == 0 || a.Version != len(d.History) || d.History[len(d.History)-1].State != a.State:
		return refuse("a history that is not its own")
	case !slices.Contains(Operations(), a.Operation) || !slices.Contains(Kinds(), a.Kind):
		return refuse("an operation or a kind there is none of")
	case d.Suite != "" && !slices.Contains(pki.Suites(), d.Suite):
		return refuse("keys there are none of")
	}
	late := r.now().Add(24 * time.Hour).UnixMilli()
	for i, m := range d.History {
		if m.Number != i+1 || m.At <= 0 || m.At > late || len(m.Actor) > 64 || checkNote("note", m.Note+m.Actor+m.Node) != nil {
			return refuse("a moment that cannot be")
		}
	}
	return checkText("application", a.ID+a.Profile+a.Reason+a.Issuer+string(a.Serial)+a.Holder)
}

func pathEnd(path string) string {
	all := nodesOf(path)
	return all[len(all)-1]
}

// continued is the entry that continues what is here by the counter's moments, and by
// what this office decides on them at once.
func (r *Registration) continued(ctx context.Context, s scope, have *Application, d *Dossier, common int) (*entry, error) {
	e := &entry{base: common}
	if have != nil {
		a := *have
		a.Fields = maps.Clone(have.Fields)
		if err := r.reveal(&a); err != nil { // it is sealed again below, whatever came of it
			return nil, err
		}
		e.a, e.was, e.before = &a, have.State, millis(have.Changed)
	} else {
		a, err := r.newFromBelow(ctx, s, d)
		if err != nil {
			return nil, err
		}
		e.a = a
	}
	from, edited, asked := e.was, have == nil, Moment{}
	for _, m := range d.History[common:] {
		if !fromBelow(from, m) {
			return nil, pki.Errorf(pki.Forbidden, "link.illegal", "an application that is %s cannot become %s by %q at a counter", from, m.State, m.Event)
		}
		switch from = m.State; m.Event {
		case string(Edit), string(Submit):
			edited = true
		case string(Deliver):
			e.a.DeliveredBy = m.Actor
		case askWithdraw:
			asked = m
		case wentApart, settled:
			e.a.Conflict = d.Application.Conflict
		}
		e.add(s.actor, m, "by", s.node.ID)
	}
	switch {
	case forgotten(d.History): // what was known of it here ends as well
		e.a.erase()
	case edited:
		if err := r.takeContent(ctx, s, e.a, &d.Application); err != nil {
			return nil, err
		}
	}
	e.a.State = from
	r.decideAtOnce(ctx, s, e, asked)
	if err := checkNote("conflict", e.a.Conflict); err != nil {
		return nil, err
	}
	return e, r.conceal(e.a)
}

// decideAtOnce answers what was asked of this office: a withdrawal it grants while it
// has not decided, and what is submitted incomplete goes back.
func (r *Registration) decideAtOnce(ctx context.Context, s scope, e *entry, asked Moment) {
	if e.a.State != Submitted {
		return
	}
	if asked.Event != "" {
		e.a.State = Withdrawn
		e.add(s.actor, Moment{At: millis(r.now()), Actor: asked.Actor, Node: r.cfg.Home.ID, Event: string(Withdraw), State: Withdrawn, Note: asked.Note}, "asked-by", s.node.ID)
		return
	}
	err := r.complete(e.a)
	if err == nil {
		err = r.permitted(ctx, r.cfg.DB.Read(), e.a)
	}
	if own, ok := errors.AsType[*pki.Error](err); ok && own.Kind != pki.Internal {
		e.a.State = Returned
		e.add(s.actor, Moment{At: millis(r.now()), Actor: "registration", Node: r.cfg.Home.ID, Event: string(Return), State: Returned, Note: own.Error()}, "looked-at", s.node.ID)
	}
}

// add puts a moment into an entry, with its line in the audit log: who did it where, and
// over whose link it came.
func (e *entry) add(via pki.Actor, m Moment, how, node string) {
	was := e.was
	if len(e.moments) > 0 {
		was = e.moments[len(e.moments)-1].State
	}
	actor := via
	if m.Actor != "" {
		actor.Name = m.Actor
	}
	detail := map[string]string{"operation": string(e.a.Operation), "before": string(was), "after": string(m.State), how: node, "link": via.Name}
	if m.Note != "" {
		detail["note"] = m.Note
	}
	e.moments = append(e.moments, m)
	e.acts = append(e.acts, audit.Act{Actor: actor, Act: "application." + m.Event, Object: e.a.ID, Subject: e.a.Holder, Result: audit.Done, Detail: detail, At: moment(m.At)})
	e.a.Changed = moment(m.At)
}

// newFromBelow is an application that is not here yet: what the counter says of it as
// far as a counter can know it.
func (r *Registration) newFromBelow(ctx context.Context, s scope, d *Dossier) (*Application, error) {
	in := &d.Application
	node, err := r.readNode(ctx, in.Node)
	if err != nil {
		return nil, err
	}
	if node.Path != in.Path {
		return nil, pki.Errorf(pki.Forbidden, "link.path", "%s does not stand where the counter says", in.Node)
	}
	a := &Application{ID: in.ID, Operation: in.Operation, Kind: in.Kind, Node: node.ID, Path: node.Path, RegisteredBy: d.History[0].Actor, Batch: in.Batch,
		Created: in.Created.UTC().Truncate(time.Millisecond), Fields: map[string]string{}}
	switch {
	case a.Operation.follows():
		c, err := readCertificate(ctx, r.cfg.DB.Read(), s, in.Issuer, in.Serial)
		if err != nil {
			return nil, err
		}
		a.Issuer, a.Serial, a.Holder, a.Kind, a.Profile = c.Issuer, c.Serial, c.Holder, c.Kind, c.Profile
	case a.Operation == Cancel:
		h, err := readHolder(ctx, r.cfg.DB.Read(), s, in.Holder)
		if err != nil {
			return nil, err
		}
		a.Kind, a.Holder = h.Kind, h.ID
	}
	return a, nil
}

// takeContent takes what an application says, which the counter may change while it has
// it in hand; fields are in clear afterwards.
func (r *Registration) takeContent(ctx context.Context, s scope, a, in *Application) error {
	if a.Operation == Issue {
		a.Profile = in.Profile
	}
	if len(in.Fields) > 30 || len(in.Request) > 65536 || in.Days < 0 || in.Days > 10980 {
		return pki.Errorf(pki.Invalid, "link.dossier", "the application is larger than one can be")
	}
	fields := normal(in.Fields)
	if a.Operation.follows() {
		if err := r.sameHolder(ctx, s, a, fields); err != nil {
			return err
		}
	}
	a.Fields, a.Reason, a.Request, a.KeyFrom, a.Days, a.Single = fields, in.Reason, in.Request, in.KeyFrom, in.Days, in.Single
	if err := a.checkReason(); err != nil {
		return err
	}
	return checkFields(a.Kind, a.Fields, false)
}

// sameHolder refuses a counter that would change who the holder of a certificate is.
func (r *Registration) sameHolder(ctx context.Context, s scope, a *Application, fields map[string]string) error {
	c, err := readCertificate(ctx, r.cfg.DB.Read(), s, a.Issuer, a.Serial)
	if err != nil {
		return err
	}
	first, err := r.any(ctx, c.Application)
	if pki.KindOf(err) == pki.Unknown {
		return nil // of an import: nothing is known but its name
	}
	if err != nil {
		return err
	}
	if err := r.reveal(first); err != nil {
		return err
	}
	other := map[string]string{}
	for name := range maps.Keys(fields) {
		if fields[name] != first.Fields[name] {
			other[name] = fields[name]
		}
	}
	whole := *a
	whole.Fields = first.Fields
	return whole.accepts(other)
}

// News tells the calling counter what changed of its own, and how the tree stands. A
// suspended counter is told so; it can hand nothing up.
func (r *Registration) News(ctx context.Context, q NewsQuery) (*News, error) {
	s, err := r.counter(ctx)
	if err != nil {
		return nil, err
	}
	r.heard(s.node.ID)
	n := &News{Tells: r.cfg.Notices.mails()}
	if err := r.treeFor(ctx, s, q.Tree, n); err != nil {
		return nil, err
	}
	if n.Reset, err = r.forgotten(ctx, q); err != nil || n.Reset {
		return n, err
	}
	return n, r.changesFor(ctx, s, q.After, n)
}

// treeFor tells the way to the top with everything at and below the counter.
func (r *Registration) treeFor(ctx context.Context, s scope, have string, n *News) (err error) {
	if n.Nodes, err = r.readWay(ctx, s.node.ID); err != nil {
		return err
	}
	under, err := r.readNodes(ctx, s)
	if err != nil {
		return err
	}
	for _, node := range under {
		if node.ID != s.node.ID {
			n.Nodes = append(n.Nodes, node)
		}
	}
	if n.Posts, err = r.readPosts(ctx, s); err != nil {
		return err
	}
	sum := sha256.Sum256([]byte(encoded([]any{n.Nodes, n.Posts})))
	if n.Tree = hex.EncodeToString(sum[:]); n.Tree == have {
		n.Nodes, n.Posts = nil, nil
	}
	return nil
}

// forgotten says whether the counter has heard of a change that is unknown here: this
// database, or the counter's, was restored.
func (r *Registration) forgotten(ctx context.Context, q NewsQuery) (bool, error) {
	if q.After == 0 {
		return false, nil
	}
	mark, err := r.markAt(ctx, q.After)
	return err == nil && mark != q.Mark, err
}

func (r *Registration) markAt(ctx context.Context, number int64) (string, error) {
	found, err := collect(ctx, r.cfg.DB.Read(), scanChange, "SELECT number, application, version FROM ra_change WHERE number = $1", number)
	if err != nil || len(found) == 0 {
		return "", err
	}
	return markOf(number, found[0].application, found[0].version), nil
}

func scanChange(row scanner) (c change, err error) {
	err = row.Scan(&c.number, &c.application, &c.version)
	return c, err
}

// changesFor collects the dossiers of what changed, also of what the counter has told
// itself: one that was restored has lost it.
func (r *Registration) changesFor(ctx context.Context, s scope, after int64, n *News) error {
	if err := r.cfg.DB.Read().QueryRowContext(ctx, "SELECT number FROM ra_counter WHERE name = 'change'").Scan(&n.Position); err != nil {
		return fmt.Errorf("reading the number of the last change: %w", err)
	}
	found, err := collect(ctx, r.cfg.DB.Read(), scanChange, `SELECT number, application, version FROM ra_change
		WHERE number > $1 AND number <= $2 AND path >= $3 AND path < $4 ORDER BY number LIMIT $5`, after, n.Position, s.from(), s.to(), dossiersAtOnce)
	if err != nil {
		return err
	}
	if len(found) == dossiersAtOnce {
		n.Position, n.More = found[len(found)-1].number, true
	}
	if n.Mark, err = r.markAt(ctx, n.Position); err != nil {
		return err
	}
	told := map[string]bool{}
	for _, c := range found {
		if told[c.application] {
			continue
		}
		told[c.application] = true
		d, err := r.dossier(ctx, c.application, true)
		if err != nil {
			return err
		}
		if d != nil {
			n.Dossiers = append(n.Dossiers, *d)
		}
	}
	return nil
}
