package wire

import (
	"context"
	"slices"
	"time"

	"onecert/db"
	"onecert/keys"
	"onecert/serve"
)

// look collects a registration's health.
func (c *RA) look(ctx context.Context, d *db.DB, now time.Time) []serve.Item {
	l := c.looker(d, now)
	l.common(ctx)
	l.certificate("tls", c.TLSCertificate, true)
	l.twin(c.Pair, c.Protocol)
	return l.items
}

func (c *RA) looker(d *db.DB, now time.Time) *looker {
	source, err := databaseSource(c.dir, c.Database, c.DatabaseFile)
	if err != nil {
		source = ""
	}
	return &looker{dir: c.dir, now: now, d: d, log: c.log(), care: c.Health.complete(), ask: statfs, spaces: spaces(c.dir, source, c.AuditHeads)}
}

func (p *RAProcess) health(ctx context.Context) []serve.Item {
	now := p.options.now()()
	return slices.Concat(p.config.look(ctx, p.database, now), copied(p.Audit, now), p.boxHealth(ctx), p.LinkHealth(ctx))
}

func (p *RAProcess) reserve() *reserve {
	return newReserve(p.config.Health.complete().Reserve, p.options.now(), p.config.looker(nil, time.Time{}).spaces)
}

// ra looks at everything a registration's configuration names.
func (k *checker) ra(ctx context.Context, c *RA) {
	_, err := readCertificates(c.Path(c.Trust))
	k.note("trust", err)
	k.pair("tls", c.TLSKey, c.TLSCertificate, NoteAwaited)
	k.twin(c.Pair, NoteAwaited)
	home := c.Home.node()
	k.note("home", home.Check())
	uri, err := resolveURI(c.dir, c.SealKey)
	if err == nil {
		_, err = keys.OpenSealer(uri, keys.Options{})
	}
	k.note("seal_key", err)
	k.log(ctx, c.log())
}
