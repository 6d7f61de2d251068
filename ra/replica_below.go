package ra

import (
	"context"
	"database/sql"
	"slices"
	"time"

	"onecert/audit"
	"onecert/db"
	"onecert/pki"
)

// linkEvery is how often the registration above is asked for news.
const linkEvery = time.Second

// KeepLink hands up what changes here and takes what changes above until ctx ends. A
// broken link is logged when it breaks and when it holds again, and tried for ever.
func (r *Registration) KeepLink(ctx context.Context) {
	tick := time.NewTicker(linkEvery)
	defer tick.Stop()
	for {
		before := r.link.fault()
		err := r.Sync(ctx)
		if ctx.Err() != nil {
			return
		}
		switch {
		case err != nil && before == nil:
			r.cfg.Log.Error("the link to the registration above does not work", "error", err)
		case err == nil && before != nil:
			r.cfg.Log.Info("the link to the registration above works again")
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Sync brings this counter and the registration above to the same state, once. Broken
// off at any point the next one goes on: what arrives twice is taken once.
func (r *Registration) Sync(ctx context.Context) error {
	if r.cfg.Upstream == nil {
		return pki.Errorf(pki.Unavailable, "link.none", "this office has no registration above it")
	}
	err := r.exchange(ctx)
	r.link.tried(r.cfg.Now(), err)
	return err
}

// exchange fetches the tree first: an office that is suspended learns of it though
// nothing is taken from it any more.
func (r *Registration) exchange(ctx context.Context) error {
	reset, err := r.fetch(ctx)
	if err == nil && reset {
		if err = r.beginAnew(ctx); err == nil {
			_, err = r.fetch(ctx)
		}
	}
	if err != nil {
		return err
	}
	if err := r.handUp(ctx); err != nil {
		return err
	}
	_, err = r.fetch(ctx) // what was decided at once on what was handed up
	return err
}

func (r *Registration) beginAnew(ctx context.Context) error {
	r.cfg.Log.Warn("the registration above does not know what this office had of it; both are compared anew")
	return r.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		return db.Send(ctx, tx, db.Do("DELETE FROM ra_link_position"), db.Do("DELETE FROM ra_link"))
	})
}

func (r *Registration) position(ctx context.Context, side string) (number int64, mark string, err error) {
	_, err = collect(ctx, r.cfg.DB.Read(), func(row scanner) (struct{}, error) { return struct{}{}, row.Scan(&number, &mark) },
		"SELECT number, mark FROM ra_link_position WHERE side = $1", side)
	return number, mark, err
}

func (s *sheaf) position(side string, number int64, mark string) {
	s.do(`INSERT INTO ra_link_position (side, number, mark) VALUES ($1, $2, $3)
		ON CONFLICT (side) DO UPDATE SET number = excluded.number, mark = excluded.mark`, side, number, mark)
}

// known notes which version of an application the registration above has.
func (s *sheaf) known(id string, version int, waits bool) {
	s.do(`INSERT INTO ra_link (application, version, waiting) VALUES ($1, $2, $3)
		ON CONFLICT (application) DO UPDATE SET version = excluded.version, waiting = excluded.waiting`, id, version, flag(waits))
}

// told notes that the registration above has a version; what it could not take of it
// still waits.
func (s *sheaf) told(id string, version int) {
	s.do("INSERT INTO ra_link (application, version, waiting) VALUES ($1, $2, 0) ON CONFLICT (application) DO UPDATE SET version = excluded.version", id, version)
}

func (r *Registration) write(ctx context.Context, to *sheaf) error {
	return r.cfg.DB.Tx(ctx, func(tx *sql.Tx) error { return to.send(ctx, tx) })
}

// handUp gives the registration above what has changed here since the last time, and
// what it could not take then.
func (r *Registration) handUp(ctx context.Context) error {
	again, err := collect(ctx, r.cfg.DB.Read(), scanText, "SELECT application FROM ra_link WHERE waiting = 1 ORDER BY application LIMIT $1", dossiersAtOnce)
	if err != nil {
		return err
	}
	if err := r.give(ctx, again); err != nil {
		return err
	}
	for {
		from, _, err := r.position(ctx, above)
		if err != nil {
			return err
		}
		found, err := collect(ctx, r.cfg.DB.Read(), scanChange, "SELECT number, application, version FROM ra_change WHERE number > $1 ORDER BY number LIMIT $2", from, dossiersAtOnce)
		if err != nil || len(found) == 0 {
			return err
		}
		var ids []string
		for _, c := range found {
			ids = append(ids, c.application)
		}
		if err := r.give(ctx, ids); err != nil {
			return err
		}
		to := &sheaf{}
		to.position(above, found[len(found)-1].number, "")
		if err := r.write(ctx, to); err != nil {
			return err
		}
	}
}

func scanText(row scanner) (text string, err error) { return text, row.Scan(&text) }

// give hands up those applications of which the registration above has another version.
func (r *Registration) give(ctx context.Context, ids []string) error {
	ids, err := r.otherAbove(ctx, ids)
	if err != nil {
		return err
	}
	var all []Dossier
	for _, id := range ids {
		d, err := r.dossier(ctx, id, false)
		if err != nil {
			return err
		}
		if d != nil {
			all = append(all, *d)
		}
	}
	if len(all) == 0 {
		return nil
	}
	answers, err := r.cfg.Upstream.HandUp(ctx, all)
	if err != nil {
		return err
	}
	if len(answers) != len(all) {
		return pki.Errorf(pki.Unavailable, "link.answer", "the registration above answered for %d of %d applications", len(answers), len(all))
	}
	for i, h := range answers {
		if err := r.answered(ctx, &all[i], h); err != nil {
			return err
		}
	}
	return nil
}

// otherAbove picks out, each once, those of which the registration above has another
// version, or could not take all. What was just taken from there is none of them.
func (r *Registration) otherAbove(ctx context.Context, ids []string) (other []string, err error) {
	if len(ids) == 0 {
		return nil, nil
	}
	args := make([]any, len(ids))
	for i, id := range ids {
		args[i] = id
	}
	found, err := collect(ctx, r.cfg.DB.Read(), scanText, `SELECT a.id FROM ra_application a LEFT JOIN ra_link l ON l.application = a.id
		WHERE a.id IN `+db.In(1, len(ids))+" AND (l.version IS NULL OR l.version <> a.version OR l.waiting = 1)", args...)
	for _, id := range ids {
		if slices.Contains(found, id) && !slices.Contains(other, id) {
			other = append(other, id)
		}
	}
	return other, err
}

// answered notes what became of one dossier above. What was refused is shown with the
// application until somebody here changes it.
func (r *Registration) answered(ctx context.Context, d *Dossier, h Handed) error {
	a := &d.Application
	switch {
	case h.ID != a.ID:
		return pki.Errorf(pki.Unavailable, "link.answer", "the registration above answered for another application")
	case h.Theirs != nil:
		return r.merge(ctx, h.Theirs)
	}
	if err := r.handDocuments(ctx, d, h.Lacks); err != nil {
		return err
	}
	to := &sheaf{}
	to.known(a.ID, a.Version, h.Again)
	if h.Code != "" && !h.Again {
		to.do("UPDATE ra_application SET conflict = $1 WHERE id = $2", shortened("not taken above: "+h.Wrong), a.ID)
	}
	return r.write(ctx, to)
}

// fetch takes what changed above.
func (r *Registration) fetch(ctx context.Context) (reset bool, err error) {
	for {
		after, mark, err := r.position(ctx, below)
		if err != nil {
			return false, err
		}
		_, tree, err := r.position(ctx, "tree")
		if err != nil {
			return false, err
		}
		n, err := r.cfg.Upstream.News(ctx, NewsQuery{After: after, Mark: mark, Tree: tree})
		if err != nil {
			return false, err
		}
		if err := r.noteTeller(ctx, n.Tells); err != nil {
			return false, err
		}
		if err := r.plant(ctx, n); err != nil || n.Reset {
			return n.Reset, err
		}
		if err := r.mergeAll(ctx, n.Dossiers); err != nil {
			return false, err
		}
		to := &sheaf{}
		to.position(below, n.Position, n.Mark)
		if err := r.write(ctx, to); err != nil || !n.More {
			return false, err
		}
	}
}

// plant puts the tree as it stands above in place of what was known of it: rights and
// suspensions count from here on. Of posts the later one counts, as some are made here.
func (r *Registration) plant(ctx context.Context, n *News) error {
	if len(n.Nodes) == 0 {
		return nil
	}
	to := &sheaf{}
	for _, one := range n.Nodes {
		to.do(`INSERT INTO ra_node (id, parent, level, name, region, contact, rights, agreement, site, path, state, version, added_by, changed)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) ON CONFLICT (id) DO UPDATE SET name = excluded.name, region = excluded.region,
			contact = excluded.contact, rights = excluded.rights, agreement = excluded.agreement, site = excluded.site, state = excluded.state,
			version = excluded.version, added_by = excluded.added_by, changed = excluded.changed`,
			one.ID, one.Parent, string(one.Level), one.Name, one.Region, one.Contact, encoded(one.Rights), one.Agreement, one.Site, one.Path, string(one.State),
			one.Version, one.AddedBy, millis(one.Changed))
	}
	for _, p := range n.Posts {
		to.do(`INSERT INTO ra_post (officer, node, title, trained, confidentiality, until, version, changed, changed_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
			ON CONFLICT (officer) DO UPDATE SET node = excluded.node, title = excluded.title, trained = excluded.trained, confidentiality = excluded.confidentiality,
			until = excluded.until, version = excluded.version, changed = excluded.changed, changed_by = excluded.changed_by WHERE ra_post.changed < excluded.changed`,
			p.Officer, p.Node, p.Title, p.Trained, p.Confidentiality, millis(p.Until), p.Version, millis(p.Changed), p.ChangedBy)
	}
	to.position("tree", 0, n.Tree)
	return r.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		act := audit.Act{Actor: pki.Actor{Name: "link"}, Act: "tree.told", Object: r.cfg.Home.ID, Result: audit.Done, Detail: map[string]string{"tree": n.Tree}, At: r.now()}
		if err := r.cfg.Audit.Append(ctx, tx, act); err != nil {
			return err
		}
		return to.send(ctx, tx)
	})
}
