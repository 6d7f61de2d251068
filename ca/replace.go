package ca

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"time"

	"onecert/audit"
	"onecert/officer"
	"onecert/pki"
)

// Replacing is for the day an issuing CA's key was stolen: everything it issued that is
// good is issued anew by another issuing CA, and the old certificates are revoked as
// superseded. The theft does not touch holders' keys, so both keys stay: nobody has to
// come, and no old file is lost. "CA compromise" would say that the keys are bad, and
// none of them could ever be certified again (compromise).

// Replacement asks to replace what one issuing CA has issued.
type Replacement struct {
	To     string `json:"to" minLength:"1" maxLength:"32" doc:"the issuing CA that takes over"`
	Reason string `json:"reason" minLength:"1" maxLength:"1000"`
}

// Replacing is how a replacement stands.
type Replacing struct {
	ID        string    `json:"id" doc:"the approval's"`
	From      string    `json:"from"`
	To        string    `json:"to"`
	Reason    string    `json:"reason"`
	OrderedBy string    `json:"ordered_by"`
	Created   time.Time `json:"created"`
	Ended     time.Time `json:"ended,omitzero" doc:"not there while it goes on"`
	Total     int64     `json:"total" doc:"orders of the old issuer, whatever became of them"`
	Done      int64     `json:"done" doc:"orders issued anew; a pair is one"`
	Passed    int64     `json:"passed" doc:"had ended before, were followed by another, or were never issued"`
	Missed    int64     `json:"missed" doc:"could not be issued anew; they are listed"`
	Seconds   float64   `json:"seconds" doc:"of work"`
	PerSecond float64   `json:"per_second"`

	position string
}

// ProposeReplacement proposes to issue anew under another issuing CA everything that is
// good of this one. Once approved it runs by itself, across restarts.
func (ca *CA) ProposeReplacement(ctx context.Context, from string, r Replacement) (*officer.Receipt, error) {
	if _, err := ca.cfg.Check(ctx, officer.ReplaceIssuer); err != nil {
		return nil, err
	}
	if ca.cfg.Officers == nil {
		return nil, noApprovals()
	}
	if err := refuseIdentity("reason", r.Reason); err != nil {
		return nil, err
	}
	total, err := ca.replaceable(ctx, from, r.To)
	if err != nil {
		return nil, err
	}
	a, err := ca.cfg.Officers.Propose(ctx, officer.Proposal{Operation: officer.ReplaceIssuer, Object: from, Content: r.To,
		Summary: fmt.Sprintf("%s → %s: %d orders", from, r.To, total), Reason: r.Reason}, nil)
	out := a.Receipt()
	return &out, err
}

// replaceable says whether one issuer can take over from another, and counts the orders.
func (ca *CA) replaceable(ctx context.Context, from, to string) (total int64, err error) {
	old, err := ca.Issuer(from)
	if err != nil {
		return 0, err
	}
	next, err := ca.Issuer(to)
	if err != nil {
		return 0, err
	}
	switch {
	case from == to || old.ListsOnly || next.ListsOnly:
		return 0, pki.Errorf(pki.Invalid, "replace.issuers", "%s cannot take over from %s", to, from).To("name two different issuing CAs")
	case old.suite.Family() != next.suite.Family():
		return 0, pki.Errorf(pki.Invalid, "issuer.family", "issuer %s is %s, %s is %s", from, old.suite.Family(), to, next.suite.Family()).
			To("holders' keys stay, so the new issuing CA has to be of the same family of algorithms")
	}
	if err := next.valid(ca.cfg.Now()); err != nil {
		return 0, err
	}
	var running string
	err = ca.cfg.DB.Read().QueryRowContext(ctx, "SELECT COALESCE(MIN(id), '') FROM ca_replacement WHERE from_issuer = $1 AND ended = 0", from).Scan(&running)
	if err != nil {
		return 0, storeFailed(fmt.Errorf("looking for replacements: %w", err))
	}
	if running != "" {
		return 0, pki.Errorf(pki.Conflict, "replace.running", "a replacement of %s is running already, under %s", from, running).To("see how it stands")
	}
	err = ca.cfg.DB.Read().QueryRowContext(ctx, "SELECT COUNT(*) FROM ca_order WHERE issuer = $1", from).Scan(&total)
	return total, storeFailed(err)
}

// replaceIssuer is done with the last approval: it is noted, and KeepReplacing finds it.
func (ca *CA) replaceIssuer(ctx context.Context, tx *sql.Tx, a officer.Approval) (func(), error) {
	total, err := ca.replaceable(ctx, a.Object, a.Content)
	if err != nil {
		return nil, err
	}
	now, detail := ca.cfg.Now().UTC(), a.Trail()
	detail["to"] = a.Content
	actor, _ := pki.ActorFrom(ctx)
	err = ca.cfg.Audit.Append(ctx, tx, audit.Act{Actor: actor, Act: string(officer.ReplaceIssuer), Object: a.Object, Result: audit.Done, Detail: detail, At: now})
	if err != nil {
		return nil, err
	}
	err = insertReplacement(ctx, tx, Replacing{ID: a.ID, From: a.Object, To: a.Content, Reason: a.Reason, OrderedBy: a.ProposedBy, Created: now, Total: total})
	return nil, err
}

// outcome is what became of one order.
type outcome struct {
	application, serial, holder string
	done                        bool
	why                         *pki.Error // it could not be issued anew
}

// replaceOne issues one order anew; asked again, after a crash, it finds what it did.
func (ca *CA) replaceOne(ctx context.Context, r *Replacing, application string) (outcome, error) {
	old, err := ca.readOrder(ctx, application)
	if err != nil {
		return outcome{}, err
	}
	out := outcome{application: application, holder: old.holder}
	if !old.issued() {
		return out, nil
	}
	out.serial = string(old.certs[0].serial)
	name := replacementName(r.ID, application)
	if made, err := ca.readOrder(ctx, name); err == nil && made.issued() {
		out.done = true
		return out, ca.succeedReplaced(ctx, old, made)
	}
	record, err := ca.recordOf(ctx, old.issuer, old.certs[0].serial)
	if err != nil {
		return out, err
	}
	switch state := record.State.At(ca.cfg.Now(), record.NotAfter); state {
	case pki.Valid:
	case pki.Held:
		return out, pki.Errorf(pki.Conflict, "replace.held", "the certificate is held").To("release or revoke it, then order the replacement again")
	default:
		return out, nil
	}
	if followed, err := ca.followed(ctx, old, name, 0); err != nil || followed {
		return out, err
	}
	p, err := ca.planReplacement(r, old, name)
	if err != nil {
		return out, err
	}
	if _, err := ca.carryOut(ctx, p, replacer()); err != nil {
		return out, err
	}
	made, err := ca.readOrder(ctx, name)
	if err != nil {
		return out, err
	}
	out.done = true
	return out, ca.succeedReplaced(ctx, old, made)
}

// replacer is the CA carrying out what several persons have approved.
func replacer() pki.Actor { return pki.Actor{Name: "ca"} }

// replacementName is the application of an order's replacement, the same at each try.
func replacementName(id, application string) string {
	sum := sha256.Sum256([]byte(id + "\x00" + application))
	return "replace-" + hex.EncodeToString(sum[:20])
}

// followed reports whether a newer certificate took an order's place, or one that took
// that one's: then that is replaced, or was, and this one ends by itself.
func (ca *CA) followed(ctx context.Context, old *storedOrder, except string, depth int) (bool, error) {
	followers, err := ca.followers(ctx, old)
	if err != nil || depth == maxLineage {
		return false, err
	}
	for _, f := range followers {
		if f.application == except {
			continue
		}
		if live, err := ca.live(ctx, f.issuer, f.serial, f.created); err != nil || live {
			return live, err
		}
		next, err := ca.readOrder(ctx, f.application)
		if err != nil {
			return false, err
		}
		if later, err := ca.followed(ctx, next, except, depth+1); err != nil || later {
			return later, err
		}
	}
	return false, nil
}

// planReplacement keeps keys, names, values and the day the certificate ends; what
// changes is who signs, and where its lists are found.
func (ca *CA) planReplacement(r *Replacing, old *storedOrder, name string) (*plan, error) {
	issuer, err := ca.Issuer(r.To)
	if err != nil {
		return nil, err
	}
	profiles := ca.profiles()
	profile, err := profiles.orderable(old.profile)
	if err != nil {
		return nil, err
	}
	sum, err := digest("replace", old.issuer+"/"+string(old.certs[0].serial), r.ID)
	if err != nil {
		return nil, err
	}
	p := &plan{profiles: profiles, profile: profile, issuer: issuer, until: old.certs[0].notAfter, predecessors: old.certs}
	// A change of data in the same keys, as far as the flow is concerned.
	p.row = orderRow{application: name, act: actModify, digest: sum, holder: old.holder, predecessor: old.lineage(r.To), reason: pki.Superseded,
		decision: "replacement " + r.ID}
	suite, err := ca.inherit(p, actModify, old, Change{})
	if err != nil {
		return nil, err
	}
	return p, ca.complete(p, p.subject, suite, replacer())
}

// succeedReplaced lets officers and sites operate with their new certificates.
func (ca *CA) succeedReplaced(ctx context.Context, old, made *storedOrder) error {
	if old.kind != Officer && old.kind != Site {
		return nil
	}
	issued, err := ca.answer(made)
	if err != nil {
		return err
	}
	return ca.letSucceed(ctx, old, issued, replacer())
}
