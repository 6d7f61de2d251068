package ra

import (
	"context"
	"database/sql"
	"fmt"

	"onecert/pki"
)

// usualDraftDays is how many days nobody has to touch a draft, or what was returned, for
// it to be given up: nothing about people is kept that leads nowhere (features O15).
const usualDraftDays = 90

// forgetter is who gives up in histories and the log.
const forgetter = "clock"

// forgottenTogether is how many are looked for at a time.
const forgottenTogether = 200

// ForgetDrafts gives up drafts and returned applications that nobody has touched for as
// long as the configuration says, and erases what they said of people: fields, request,
// scans, name. What stays is that there was one, whose, and when. A report of a loss is
// left to people, since to give it up would release a certificate. The process calls it
// each hour.
func (r *Registration) ForgetDrafts(ctx context.Context) (n int, err error) {
	days := r.cfg.DraftDays
	if days == 0 {
		days = usualDraftDays
	}
	if days < 0 {
		return 0, nil
	}
	before := millis(r.now().AddDate(0, 0, -days))
	for {
		old, err := collect(ctx, r.cfg.DB.Read(), scanText, fmt.Sprintf(`SELECT a.id FROM ra_place p JOIN ra_application a ON a.id = p.application
			WHERE p.node = $1 AND p.state IN ('draft', 'returned') AND p.created < $2 AND a.changed < $2 AND NOT (a.operation = 'freeze' AND a.state = 'returned')
			AND NOT EXISTS (SELECT 1 FROM ra_node n WHERE n.site <> '' AND n.path > $3 AND a.path >= n.path AND a.path < n.path || '~')
			ORDER BY p.created, a.id LIMIT %d`, forgottenTogether), r.cfg.Home.ID, before, r.cfg.Home.Path)
		if err != nil {
			return n, err
		}
		for _, id := range old {
			if err := r.forgetDraft(ctx, id, before, fmt.Sprintf("untouched for %d days; what it said was erased", days)); err != nil {
				return n, fmt.Errorf("giving up %s: %w", id, err)
			}
			n++
		}
		if len(old) < forgottenTogether {
			return n, nil
		}
	}
}

func (r *Registration) forgetDraft(ctx context.Context, id string, before int64, note string) error {
	return r.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		if err := alone(ctx, tx); err != nil {
			return err
		}
		a, err := readApplication(ctx, tx, scope{node: r.cfg.Home}, id)
		if err != nil {
			return err
		}
		was := a.State
		if was != Draft && was != Returned || millis(a.Changed) >= before {
			return nil // somebody has come back to it
		}
		a.State = Withdrawn
		a.erase()
		to := &sheaf{}
		to.do("DELETE FROM ra_piece WHERE hash IN (SELECT hash FROM ra_document WHERE application = $1) AND NOT EXISTS (SELECT 1 FROM ra_document d WHERE d.hash = ra_piece.hash AND d.application <> $1)", id)
		to.do("DELETE FROM ra_document WHERE application = $1", id)
		to.do("UPDATE ra_batch_row SET name = '' WHERE application = $1 AND application <> ''", id)
		who := scope{actor: pki.Actor{Name: forgetter}}
		who.node.ID = a.Node
		return r.store(ctx, tx, to, r.entryOf(step{a, Withdraw, was, note, who}, nil))
	})
}

// erase leaves nothing in an application that tells of a person. Which certificate it was
// about stays: that is told of there.
func (a *Application) erase() {
	a.Fields, a.sealed, a.Request = map[string]string{}, nil, nil
	if a.Operation == Issue {
		a.Holder, a.Reason = "", ""
	}
}

// forgotten says whether the last that happened is that it was given up untouched.
func forgotten(history []Moment) bool {
	if len(history) == 0 {
		return false
	}
	last := history[len(history)-1]
	return last.Actor == forgetter && last.State == Withdrawn
}
