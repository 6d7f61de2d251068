package wire

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"onecert/audit"
	"onecert/db"
	"onecert/officer"
	"onecert/pki"
	"onecert/serve"
	"onecert/status"
)

// Rescue is for an installation whose own certificates have all ended, so that nobody
// can log in and no component knows another (design.md §3.7, decision 14). It works on
// a component's machine, never through its API, and gives nobody more than they had.

// Mend is what a rescue does about something that is wrong.
type Mend string

// The four things a rescue does, and nothing else.
const (
	MendCertificates Mend = "certificates" // at the CA: its own, and those of other components
	MendInstall      Mend = "install"      // at any component: what the CA has made for it
	MendCodes        Mend = "codes"
	MendLists        Mend = "crl"
)

// Part is one thing that was looked at.
type Part struct {
	serve.Item
	Until time.Time `json:"until,omitzero"` // when it ends or ended
	Mend  Mend      `json:"mend,omitempty"` // what a rescue does about it
}

// Condition is how a component stands, as far as a rescue is concerned.
type Condition struct {
	Component string       `json:"component"`
	Clock     time.Time    `json:"clock"`             // what the machine says it is
	LastAct   time.Time    `json:"last_act,omitzero"` // the newest entry of the audit log
	Prepared  *Preparation `json:"prepared,omitempty"`
	Parts     []Part       `json:"parts"`
}

// Mends lists what there is to do, in the order to do it in.
func (c Condition) Mends() (all []Mend) {
	for _, m := range []Mend{MendCertificates, MendInstall, MendCodes, MendLists} {
		if slices.ContainsFunc(c.Parts, func(p Part) bool { return p.Mend == m }) {
			all = append(all, m)
		}
	}
	return all
}

// RescueLook says what has ended or is broken. It changes nothing but brings tables of
// an earlier release up to date.
func RescueLook(ctx context.Context, config string, options Options) (Condition, error) {
	component, f, err := logOf(config)
	if err != nil {
		return Condition{}, err
	}
	e := &examination{config: config, now: options.now()(), files: f, found: Condition{Component: component, Parts: []Part{}}}
	e.found.Clock = e.now.UTC()
	if e.d, err = openExisting(ctx, f); err == nil {
		defer e.d.Close()
	}
	return e.found, e.all(ctx)
}

// openExisting opens a component's database for writing, and makes none.
func openExisting(ctx context.Context, f logFiles) (*db.DB, error) {
	missing := pki.Errorf(pki.Unavailable, "rescue.database", "the component's database cannot be opened").
		To("a rescue writes everything it does there; start the database, or restore a backup first")
	source, err := databaseSource(f.dir, f.database, f.databaseFile)
	if err != nil {
		return nil, err
	}
	if path, ok := strings.CutPrefix(source, "sqlite:"); ok {
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return nil, missing.Because(err)
		}
	}
	d, err := db.Open(ctx, source)
	if err != nil {
		return nil, missing.Because(err)
	}
	return d, nil
}

// examination collects a condition.
type examination struct {
	config string
	now    time.Time
	files  logFiles
	d      *db.DB // nil: it did not open
	found  Condition
}

func (e *examination) all(ctx context.Context) error {
	look, listen, err := e.looker()
	if err != nil {
		return err
	}
	for _, item := range look(ctx, e.d, e.now) {
		e.item(item)
	}
	e.served(ctx, listen)
	if e.d == nil {
		return nil
	}
	e.log(ctx)
	return e.officers(ctx)
}

// looker is the component's own look at its health.
func (e *examination) looker() (look func(context.Context, *db.DB, time.Time) []serve.Item, listen string, err error) {
	if e.found.Component == "kmc" {
		c, err := LoadKMC(e.config)
		if err != nil {
			return nil, "", err
		}
		return c.look, c.Listen, nil
	}
	if e.found.Component == componentGateway {
		c, err := LoadGateway(e.config)
		if err != nil {
			return nil, "", err
		}
		return c.look, c.Listen, nil
	}
	if c := e.found.Component; c == componentRA || c == componentLRA {
		c, err := LoadRA(e.config)
		if err != nil {
			return nil, "", err
		}
		return c.look, c.Listen, nil
	}
	c, err := LoadCA(e.config)
	if err != nil {
		return nil, "", err
	}
	return c.look, c.Listen, nil
}

// item takes over what matters here of a component's health: certificates with their
// dates, lists, clock, database, log, and disks where they fail.
func (e *examination) item(i serve.Item) {
	p := Part{Item: i}
	kind, name, _ := strings.Cut(i.Name, ".")
	switch kind {
	case "certificate":
		p.Until, p.Mend = e.until(i), e.certificate(name, i)
	case "crl":
		p.Until = e.until(i)
		if i.Says == "crl.expired" && e.keeps(name) {
			p.Mend = MendLists
		}
	case "database", "clock", "audit":
	case "disk":
		if i.Level != serve.Failing {
			return
		}
	default:
		return
	}
	e.found.Parts = append(e.found.Parts, p)
}

func (e *examination) until(i serve.Item) time.Time {
	if i.Unit != "seconds" || i.Metric == "" {
		return time.Time{}
	}
	return e.now.Add(time.Duration(i.Value * float64(time.Second))).UTC().Truncate(time.Second)
}

// certificate says what mends one that has ended. The CA makes its own and those of
// other components; an issuing CA's is a ceremony's.
func (e *examination) certificate(name string, i serve.Item) Mend {
	switch {
	case i.Says != "certificate.expired" || strings.HasPrefix(name, "issuer."):
		return ""
	case e.found.Component == "ca" && name != "centre":
		return MendCertificates
	}
	return MendInstall
}

// keeps reports whether an issuer's lists are this CA's to sign, and can be.
func (e *examination) keeps(issuer string) bool {
	c, err := LoadCA(e.config)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(c.Issuers, func(i IssuerFile) bool {
		if i.ID != issuer {
			return false
		}
		chain, err := readCertificates(c.Path(i.Certificate))
		return err == nil && e.now.Before(chain[0].NotAfter)
	})
}

// served says whether the component runs: then it holds the lease of its database, and
// what needs that has to wait until it is stopped.
func (e *examination) served(ctx context.Context, listen string) {
	p := Part{Item: serve.Item{Name: "lease", Level: serve.Fine, Says: "lease.free"}}
	running := slices.ContainsFunc(asked(ctx, listen), func(i serve.Item) bool { return i.Name == "service" && i.Says != "service.down" })
	if running {
		p.Says = "lease.held"
	} else if e.d != nil {
		release, err := e.d.Lease(ctx, e.found.Component)
		if errors.Is(err, db.ErrLeased) {
			p.Says = "lease.held"
		} else if err == nil {
			release()
		}
	}
	e.found.Parts = append(e.found.Parts, p)
}

// log verifies the whole audit log: what a rescue believes of shares stands there.
func (e *examination) log(ctx context.Context) {
	p := Part{Item: serve.Item{Name: "audit.whole", Level: serve.Fine, Says: "audit.whole", Stops: true}}
	report, err := verifyLog(ctx, e.config)
	switch {
	case err != nil:
		p.Level, p.Says = serve.Failing, "audit.unreadable"
	case !report.Good():
		p.Level, p.Says = serve.Failing, "audit.changed"
	}
	p.Value = float64(report.Size)
	e.found.Parts = append(e.found.Parts, p)
	log := audit.OpenReadOnly(e.d)
	if last, err := log.Tail(ctx, 1); err == nil && len(last) == 1 {
		e.found.LastAct = last[0].At.UTC()
	}
	if prepared, err := preparation(ctx, log, e.now); err == nil {
		e.found.Prepared = prepared
	}
}

func verifyLog(ctx context.Context, config string) (audit.Report, error) {
	source, err := AuditOf(config)
	if err != nil {
		return audit.Report{}, err
	}
	report, err := source.Verify(ctx)
	if pki.CodeOf(err) == "audit.heads" { // none was copied yet
		source.Heads = ""
		report, err = source.Verify(ctx)
	}
	return report, err
}

// officers looks at the three administrators.
func (e *examination) officers(ctx context.Context) error {
	all, err := administrators(ctx, e.d, e.found.Component, e.now)
	if err != nil {
		e.found.Parts = append(e.found.Parts, Part{Item: serve.Item{Name: "officer", Level: serve.Failing, Says: "officer.unreadable", Stops: true}})
		return nil
	}
	locked := !slices.ContainsFunc(all, func(a administrator) bool { return a.role == officer.Security && a.says == "officer.ok" })
	for _, role := range duties() {
		if !slices.ContainsFunc(all, func(a administrator) bool { return a.role == role }) {
			e.found.Parts = append(e.found.Parts, Part{Item: serve.Item{Name: "officer." + role, Level: serve.Warning, Says: "officer.none"}})
		}
	}
	for _, a := range all {
		p := Part{Item: serve.Item{Name: "officer." + a.name, Level: serve.Failing, Says: a.says}, Until: a.until}
		switch {
		case a.says == "officer.ok":
			p.Level = serve.Fine
		case a.says == "officer.expired" && locked:
			p.Mend = MendCodes
		case a.says == "officer.expired":
			p.Says = "officer.expired-one" // the security administrator mends it
		}
		e.found.Parts = append(e.found.Parts, p)
	}
	return nil
}

// duties are the three separated administrations, in their usual order.
func duties() []string { return []string{officer.System, officer.Security, officer.Audit} }

// administrator is one person in one of the three administrations.
type administrator struct {
	name, role string
	says       string    // officer.ok, .expired, .held or .unknown
	until      time.Time // of the certificate that is good longest
}

// administrators says of each whether any certificate is good. The CA asks its own
// journal; a KMC knows when certificates end, and no more.
func administrators(ctx context.Context, d *db.DB, component string, now time.Time) (all []administrator, err error) {
	registry, err := officer.Open(ctx, d, audit.OpenReadOnly(d), nil)
	if err != nil {
		return nil, err
	}
	defer registry.Close()
	registered, err := registry.List(ctx)
	if err != nil {
		return nil, err
	}
	for _, o := range registered {
		i := slices.IndexFunc(o.Roles, func(role string) bool { return slices.Contains(duties(), role) })
		if !o.Active() || i < 0 {
			continue
		}
		says, until, err := standing(ctx, d, component, o, now)
		if err != nil {
			return nil, err
		}
		n := slices.IndexFunc(all, func(a administrator) bool { return a.name == o.Name })
		if n < 0 {
			n, all = len(all), append(all, administrator{name: o.Name, role: o.Roles[i], says: says, until: until})
		}
		all[n].add(says, until)
	}
	return all, nil
}

// add takes a further certificate of the same person into account: one good is enough,
// and one that was held on purpose or cannot be judged is not got around.
func (a *administrator) add(says string, until time.Time) {
	order := []string{"officer.expired", "officer.unknown", "officer.held", "officer.ok"}
	if slices.Index(order, says) > slices.Index(order, a.says) {
		a.says = says
	}
	if until.After(a.until) {
		a.until = until
	}
}

func standing(ctx context.Context, d *db.DB, component string, o officer.Officer, now time.Time) (says string, until time.Time, err error) {
	until, state := o.NotAfter, pki.Valid
	if component == "ca" {
		record, err := status.OpenReadOnly(d).Record(ctx, o.Issuer, o.Serial)
		if err != nil && pki.KindOf(err) != pki.Unknown {
			return "", until, err
		}
		if err == nil {
			until, state = record.NotAfter.UTC(), record.State
		}
	}
	switch {
	case state != pki.Valid:
		return "officer.held", until, nil
	case until.IsZero():
		return "officer.unknown", until, nil
	case now.After(until):
		return "officer.expired", until, nil
	}
	return "officer.ok", until, nil
}
