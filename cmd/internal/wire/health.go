package wire

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/audit"
	"onecert/db"
	"onecert/pki"
	"onecert/serve"
	"onecert/status"
)

// looker collects the health of one component. The same looks are made by the
// component itself, for /readyz and its metrics, and from outside by 'onecert health'.
type looker struct {
	dir    string
	now    time.Time
	d      *db.DB // nil: it did not open
	log    logFiles
	care   HealthFile
	spaces []space
	ask    func(dir string) (capacity, error)
	items  []serve.Item
}

// add notes an item.
func (l *looker) add(i serve.Item) { l.items = append(l.items, i) }

// level is how far something has come: from warn on it is a warning, from fail on
// failing.
func level(value, warn, fail float64) serve.Level {
	switch {
	case value >= fail:
		return serve.Failing
	case value >= warn:
		return serve.Warning
	}
	return serve.Fine
}

// common are the looks every component has.
func (l *looker) common(ctx context.Context) {
	l.database(ctx)
	l.disks()
	l.backups()
	if l.d == nil {
		return
	}
	l.heads(ctx)
}

func (l *looker) database(ctx context.Context) {
	i := serve.Item{Name: "database", Level: serve.Fine, Says: "database.ok", Stops: true}
	started := time.Now()
	if l.d == nil || l.d.Read().PingContext(ctx) != nil {
		i.Level, i.Says = serve.Failing, "database.down"
	}
	i.Value, i.Unit, i.Metric = time.Since(started).Seconds(), "seconds", "database_answer_seconds"
	l.add(i)
}

// disks: failing below the reserve, a warning below four times it.
func (l *looker) disks() {
	least := float64(uint64(l.care.Reserve) << 20)
	for _, s := range l.spaces {
		i := serve.Item{Name: "disk." + s.name, Level: serve.Fine, Says: "disk.ok", Stops: s.name != "lists" && s.name != "log", Unit: "octets", Metric: "disk_free_bytes", Labels: map[string]string{"place": s.name}}
		has, err := l.ask(s.dir)
		i.Value = float64(has.free)
		switch {
		case err != nil:
			i.Level, i.Says, i.Stops = serve.Warning, "disk.unknown", false
		case i.Value < least:
			i.Level, i.Says = serve.Failing, "disk.full"
		case i.Value < 4*least:
			i.Level, i.Says = serve.Warning, "disk.low"
		}
		l.add(i)
	}
}

// backups: a late one is a warning, one three times as late failing. A drill that did
// not work is failing at once; none at all is a warning.
func (l *looker) backups() {
	r, err := readRecord(filepath.Join(l.dir, recordName))
	backup := serve.Item{Name: "backup", Level: serve.Warning, Says: "backup.none", Unit: "seconds"}
	drill := serve.Item{Name: "drill", Level: serve.Warning, Says: "drill.none", Unit: "seconds"}
	if err != nil {
		backup.Says = "backup.unknown"
	}
	if r.Backup != nil {
		age, limit := l.now.Sub(r.Backup.At), l.care.BackupAge
		backup.Value, backup.Metric = age.Seconds(), "backup_age_seconds"
		backup.Level, backup.Says = level(age.Seconds(), limit.Seconds(), 3*limit.Seconds()), "backup.ok"
		if backup.Level != serve.Fine {
			backup.Says = "backup.old"
		}
	}
	if r.Drill != nil {
		age := l.now.Sub(r.Drill.At)
		drill.Value, drill.Metric = age.Seconds(), "drill_age_seconds"
		drill.Level, drill.Says = serve.Fine, "drill.ok"
		switch {
		case !r.Drill.Good:
			drill.Level, drill.Says = serve.Failing, "drill.failed"
		case age > l.care.DrillAge:
			drill.Level, drill.Says = serve.Warning, "drill.old"
		}
	}
	l.add(backup)
	l.add(drill)
}

// headLate is how long the copied head may stand behind the log.
const headLate = time.Minute

// heads: the log's size, and whether its head was copied.
func (l *looker) heads(ctx context.Context) {
	size, err := audit.OpenReadOnly(l.d).Size(ctx)
	if err != nil {
		l.add(serve.Item{Name: "audit", Level: serve.Failing, Says: "audit.unreadable", Stops: true})
		return
	}
	l.add(serve.Item{Name: "audit", Level: serve.Fine, Says: "audit.ok", Value: float64(size), Metric: "audit_entries"})
	i := serve.Item{Name: "audit.head", Level: serve.Fine, Says: "head.ok", Metric: "audit_head_behind"}
	c, at, err := audit.Copied(resolve(l.dir, l.log.heads))
	i.Value = float64(size - c.Size)
	switch {
	case pki.KindOf(err) == pki.Unknown && err != nil:
		i.Level, i.Says, i.Metric = serve.Warning, "head.none", ""
	case err != nil:
		i.Level, i.Says, i.Metric = serve.Failing, "head.unreadable", ""
	case c.Size > size:
		i.Level, i.Says = serve.Failing, "head.rewound"
	case c.Size < size && l.now.Sub(at) > headLate:
		i.Level, i.Says = serve.Warning, "head.behind"
	}
	l.add(i)
}

// clock holds the machine's time against the last act the database knows.
func (l *looker) clock(last time.Time, err error) {
	i := serve.Item{Name: "clock", Level: serve.Fine, Says: "clock.ok", Unit: "seconds", Stops: true, Metric: "clock_behind_seconds"}
	switch {
	case err != nil:
		i.Level, i.Says, i.Stops = serve.Warning, "clock.unknown", false
	case !last.IsZero() && l.now.Before(last):
		i.Value = last.Sub(l.now).Seconds()
		i.Level, i.Says = level(i.Value, 1, 5), "clock.back"
	}
	l.add(i)
}

// certificate: a warning in the last quarter of its life, failing in the last
// twentieth. stops says that nothing works once it has lapsed.
func (l *looker) certificate(name, file string, stops bool) {
	i := serve.Item{Name: "certificate." + name, Level: serve.Failing, Says: "certificate.missing", Stops: stops}
	chain, err := readCertificates(resolve(l.dir, file))
	if err == nil {
		i = l.life(i, chain[0])
	}
	l.add(i)
}

// twin looks at the pair for TLCP; nothing works without it only where it is spoken.
func (l *looker) twin(f *PairFile, protocol string) {
	if f == nil {
		return
	}
	if _, err := os.Stat(resolve(l.dir, f.Certificate)); errors.Is(err, fs.ErrNotExist) && protocol != overTLCP {
		return // not enrolled yet
	}
	l.certificate("pair", f.Certificate, protocol == overTLCP)
}

func (l *looker) life(i serve.Item, c *smx509.Certificate) serve.Item {
	i.Value, i.Unit = c.NotAfter.Sub(l.now).Seconds(), "seconds"
	i.Metric, i.Labels = "certificate_not_after_seconds", map[string]string{"certificate": i.Name[len("certificate."):]}
	spent := l.now.Sub(c.NotBefore).Seconds() / c.NotAfter.Sub(c.NotBefore).Seconds()
	i.Level, i.Says = level(spent, 0.75, 0.95), "certificate.ok"
	switch {
	case l.now.After(c.NotAfter):
		i.Level, i.Says = serve.Failing, "certificate.expired"
	case l.now.Before(c.NotBefore):
		i.Level, i.Says = serve.Failing, "certificate.early"
	case i.Level != serve.Fine:
		i.Says, i.Stops = "certificate.late", false
	}
	return i
}

// list: an alarm at half of its life, failing at three quarters (design.md §3.5).
func (l *looker) list(name string, this, next time.Time) {
	i := serve.Item{Name: "crl." + name, Unit: "seconds", Value: next.Sub(l.now).Seconds(), Says: "crl.ok",
		Metric: "crl_next_update_seconds", Labels: map[string]string{"issuer": name}}
	i.Level = level(l.now.Sub(this).Seconds()/next.Sub(this).Seconds(), 0.5, 0.75)
	switch {
	case l.now.After(next):
		i.Level, i.Says = serve.Failing, "crl.expired"
	case i.Level != serve.Fine:
		i.Says = "crl.late"
	}
	l.add(i)
}

// counts: how many certificates an issuer has in each state.
func (l *looker) counts(ctx context.Context, issuer string) {
	counts, err := status.OpenReadOnly(l.d).Counts(ctx, issuer)
	if err != nil {
		return // the database's item says it
	}
	for _, state := range []pki.State{pki.Valid, pki.Held, pki.Revoked} {
		l.add(serve.Item{Name: "certificates." + issuer + "." + string(state), Level: serve.Fine, Says: "count.ok", Value: float64(counts[state]),
			Metric: "certificates", Labels: map[string]string{"issuer": issuer, "state": string(state)}})
	}
}

// copied adds how further places for heads stand, which only the component knows.
func copied(log *audit.Log, now time.Time) (all []serve.Item) {
	if size, at, err := log.CopiedHead(); !at.IsZero() || err != nil {
		i := serve.Item{Name: "audit.copied", Level: serve.Fine, Says: "copy.ok", Value: float64(size), Metric: "audit_copied_entries", Labels: map[string]string{"to": "heads"}}
		if err != nil || now.Sub(at) > headLate {
			i.Level, i.Says = serve.Failing, "copy.failing"
		}
		all = append(all, i)
	}
	for _, c := range log.Copies() {
		i := serve.Item{Name: "audit.copy." + c.Name, Level: serve.Fine, Says: "copy.ok", Value: float64(c.Size), Metric: "audit_copied_entries", Labels: map[string]string{"to": c.Name}}
		if c.Err != nil {
			i.Level, i.Says = serve.Failing, "copy.failing"
		} else if c.At.IsZero() {
			i.Level, i.Says = serve.Warning, "copy.waiting"
		}
		all = append(all, i)
	}
	return all
}
