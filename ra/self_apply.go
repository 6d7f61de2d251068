package ra

import (
	"context"
	"database/sql"
	"time"

	"onecert/db"
	"onecert/pki"
)

// renewEarly is how long before its end a certificate may be renewed by its holder.
const renewEarly = 90 * 24 * time.Hour

// Which names one certificate.
type Which struct {
	Issuer string     `json:"issuer" minLength:"1" maxLength:"32"`
	Serial pki.Serial `json:"serial" minLength:"1" maxLength:"64"`
}

// Progress is how an application stands, for its applicant.
type Progress struct {
	Number    string    `json:"number"`
	Operation Operation `json:"operation"`
	State     State     `json:"state"`
	Changed   time.Time `json:"changed"`
	Note      string    `json:"note,omitempty" doc:"why it was returned or rejected"`
}

// RenewMine applies for the renewal of one of the caller's certificates: from 90 days
// before its end, and after it as long as the rights of its counter allow, which takes
// another certificate of the holder that is still good. It is reviewed like any
// other. Asked again it answers the application that is on its way.
func (f Self) RenewMine(ctx context.Context, w Which) (*Progress, error) {
	who, err := f.enter(ctx)
	if err != nil {
		return nil, err
	}
	c, err := f.mine(ctx, who, w.Issuer, w.Serial)
	if err != nil {
		return nil, err
	}
	if err := f.renewable(ctx, c); err != nil {
		return nil, f.refused(ctx, who, "self.renew", err)
	}
	a, err := f.r.applyFor(ctx, who, c, Entry{Operation: Renew, Issuer: c.Issuer, Serial: c.Serial}, "")
	if err != nil {
		return nil, f.refused(ctx, who, "self.renew", err)
	}
	return f.progress(ctx, a)
}

// renewable says whether a certificate's time has come, or has not passed for good.
func (f Self) renewable(ctx context.Context, c *Certificate) error {
	now := f.r.now()
	switch {
	case c.State != pki.Valid:
		return pki.Errorf(pki.Conflict, "renew.state", "this certificate is %s", c.State).To("go to a counter")
	case now.Before(c.NotAfter.Add(-renewEarly)):
		return pki.Errorf(pki.Conflict, "renew.early", "this certificate is good until %s", c.NotAfter.In(chinaTime()).Format(time.DateOnly)).
			To("come back after %s", c.NotAfter.Add(-renewEarly).In(chinaTime()).Format(time.DateOnly))
	case now.Before(c.NotAfter):
		return nil
	}
	days, err := f.r.grace(ctx, c.Path)
	if err != nil {
		return err
	}
	if !now.Before(c.NotAfter.AddDate(0, 0, days)) {
		return pki.Errorf(pki.Conflict, "renew.late", "this certificate ended on %s", c.NotAfter.In(chinaTime()).Format(time.DateOnly)).To("apply for a new one at a counter")
	}
	return nil
}

// grace is how many days after its end a certificate at a path may be renewed: as many
// as every node on the way allows, and none where one says nothing.
func (r *Registration) grace(ctx context.Context, path string) (int, error) {
	way, err := collect(ctx, r.cfg.DB.Read(), scanNode, "SELECT "+nodeColumns+" FROM ra_node WHERE $1 >= path AND $1 < path || '~' ORDER BY path", path)
	if err != nil || len(way) == 0 {
		return 0, err
	}
	days := way[0].Rights.Grace
	for _, n := range way {
		days = min(days, n.Rights.Grace)
	}
	return days, nil
}

// MyApplications lists what is applied for the caller, newest first.
func (f Self) MyApplications(ctx context.Context, q ListQuery) (*Page[*Progress], error) {
	who, err := f.enter(ctx)
	if err != nil {
		return nil, err
	}
	created, id, err := whenAfter(q.After)
	if err != nil {
		return nil, err
	}
	var find search
	where := find.is("holder = ? AND holder <> '' AND state <> 'draft'", who.Name)
	if id != "" {
		where += find.is(" AND (created, id) < (?, ?)", created, id)
	}
	found, err := leaf(ctx, f.r, q, scanApplication, &find, "SELECT "+applicationColumns+" FROM ra_application WHERE "+where+" ORDER BY created DESC, id DESC", byTime)
	if err != nil {
		return nil, err
	}
	page := &Page[*Progress]{Items: []*Progress{}, After: found.After}
	for _, a := range found.Items {
		p, err := f.progress(ctx, a)
		if err != nil {
			return nil, err
		}
		page.Items = append(page.Items, p)
	}
	return page, nil
}

func (f Self) progress(ctx context.Context, a *Application) (*Progress, error) {
	p := &Progress{Number: a.ID, Operation: a.Operation, State: a.State, Changed: a.Changed}
	if a.State != Returned && a.State != Rejected {
		return p, nil
	}
	err := f.r.cfg.DB.Read().QueryRowContext(ctx, "SELECT note FROM ra_history WHERE application = $1 AND number = $2", a.ID, a.Version).Scan(&p.Note)
	return p, err
}

// applyFor registers and submits an application of a holder's own, at the counter of
// the certificate it is about. The rules review it, or a person.
func (r *Registration) applyFor(ctx context.Context, who pki.Actor, c *Certificate, e Entry, note string) (*Application, error) {
	s := scope{actor: who}
	s.node.ID, s.node.Path = c.Node, c.Path
	var a *Application
	err := r.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		if err := alone(ctx, tx); err != nil { // two at once find the same one open
			return err
		}
		open, err := collect(ctx, tx, scanApplication, "SELECT "+applicationColumns+` FROM ra_application
			WHERE serial = $1 AND issuer = $2 AND operation = $3 AND state IN ('submitted', 'returned', 'approved')`, string(c.Serial), c.Issuer, string(e.Operation))
		if err != nil {
			return err
		}
		if len(open) > 0 {
			a = open[0]
			return nil
		}
		if a, err = r.enterNew(ctx, tx, s, e); err != nil {
			return err
		}
		if err := r.record(ctx, tx, step{a: a, event: "register", note: note, who: s}, nil); err != nil {
			return err
		}
		a.State = Submitted
		if err := r.record(ctx, tx, step{a: a, event: Submit, was: Draft, who: s}, nil); err != nil {
			return err
		}
		err = db.Savepoint(ctx, tx, func() error {
			ruled, err := r.ruled(ctx, tx, a.ID)
			if err == nil && ruled != nil {
				a = ruled
			}
			return err
		})
		if told(err) != nil {
			return nil // what no rule may review, a person does
		}
		return err
	})
	return a, err
}
