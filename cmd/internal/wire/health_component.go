package wire

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/ca"
	"onecert/db"
	"onecert/keys"
	"onecert/kmc"
	"onecert/pki"
	"onecert/serve"
	"onecert/status"
)

// look collects a CA's health.
func (c *CA) look(ctx context.Context, d *db.DB, now time.Time) []serve.Item {
	l := c.looker(d, now)
	l.common(ctx)
	l.certificate("tls", c.TLSCertificate, true)
	l.twin(c.Pair, c.Protocol)
	for _, i := range c.Issuers {
		l.certificate("issuer."+i.ID, i.Certificate, len(c.Issuers) <= fewIssuers)
	}
	if c.KMC != nil {
		l.certificate("message", c.KMC.MessageCertificate, false)
		l.certificate("centre", c.KMC.Centre, false)
	}
	if d != nil {
		l.clock(ca.LastOrder(ctx, d))
		l.journal(ctx)
		l.replacement(ctx)
		c.lists(ctx, l)
	}
	c.rootLists(l)
	return l.items
}

// fewIssuers is how many issuers a CA has of which each is its whole work to somebody:
// one for each family of algorithms, and their roots. Of many, one that fails must not
// have the others' callers sent away.
const fewIssuers = 8

func (c *CA) looker(d *db.DB, now time.Time) *looker {
	source, err := databaseSource(c.dir, c.Database, c.DatabaseFile)
	if err != nil {
		source = ""
	}
	return &looker{dir: c.dir, now: now, d: d, log: c.log(), care: c.Health.complete(), ask: statfs,
		spaces: spaces(c.dir, source, c.AuditHeads, space{"lists", c.Path(c.CRL.Dir)})}
}

func (l *looker) journal(ctx context.Context) {
	if last, err := status.OpenReadOnly(l.d).Last(ctx); err == nil {
		l.add(serve.Item{Name: "journal", Level: serve.Fine, Says: "journal.ok", Value: float64(last), Metric: "journal_number"})
	}
}

// replacement: how far the newest replacement of an issuing CA has come, and what it
// took. One that missed somebody is a warning until the next is ordered.
func (l *looker) replacement(ctx context.Context) {
	r, err := ca.LastReplacement(ctx, l.d)
	if err != nil || r == nil {
		return
	}
	labels := map[string]string{"from": r.From, "to": r.To}
	level, says := serve.Fine, "replacement.done"
	switch {
	case r.Ended.IsZero():
		level, says = serve.Warning, "replacement.running"
	case r.Missed > 0:
		level, says = serve.Warning, "replacement.missed"
	}
	l.add(serve.Item{Name: "replacement", Level: level, Says: says, Value: float64(r.Done), Metric: "replacement_done", Labels: labels})
	for _, figure := range []struct {
		name  string
		value float64
	}{{"total", float64(r.Total)}, {"passed", float64(r.Passed)}, {"missed", float64(r.Missed)}, {"seconds", r.Seconds}} {
		l.add(serve.Item{Name: "replacement." + figure.name, Level: serve.Fine, Says: "count.ok", Value: figure.value, Metric: "replacement_" + figure.name, Labels: labels})
	}
}

func (c *CA) lists(ctx context.Context, l *looker) {
	for _, i := range c.Issuers {
		list, err := ca.LastList(ctx, l.d, i.ID)
		switch {
		case err != nil:
		case list == nil:
			l.add(serve.Item{Name: "crl." + i.ID, Level: serve.Warning, Says: "crl.none"})
		default:
			l.list(i.ID, list.ThisUpdate, list.NextUpdate)
		}
		if !i.ListsOnly {
			l.counts(ctx, i.ID)
		}
	}
}

// rootLists looks at lists that lie among the published ones and are none of this
// CA's to sign: the roots', which lapse unless a ceremony brings new ones.
func (c *CA) rootLists(l *looker) {
	files, err := filepath.Glob(filepath.Join(c.Path(c.CRL.Dir), "*", "complete.crl"))
	if err != nil {
		return
	}
	for _, file := range files {
		id := filepath.Base(filepath.Dir(file))
		if slices.ContainsFunc(c.Issuers, func(i IssuerFile) bool { return i.ID == id }) {
			continue
		}
		der, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		if list, err := smx509.ParseRevocationList(der); err == nil {
			l.list(id, list.ThisUpdate, list.NextUpdate)
		}
	}
}

// look collects a KMC's health.
func (c *KMC) look(ctx context.Context, d *db.DB, now time.Time) []serve.Item {
	l := c.looker(d, now)
	l.common(ctx)
	l.certificate("tls", c.TLSCertificate, true)
	l.twin(c.Pair, c.Protocol)
	if c.speaks() {
		l.certificate("message", c.MessageCertificate, false)
		for _, name := range sortedKeys(c.Peers) {
			for n, file := range c.Peers[name] {
				if n == len(c.Peers[name])-1 { // older ones are on their way out
					l.certificate("peer."+name, file, false)
				}
			}
		}
	}
	if d != nil {
		l.clock(kmc.LastUse(ctx, d))
		c.pools(ctx, l)
	}
	return l.items
}

func (c *KMC) looker(d *db.DB, now time.Time) *looker {
	source, err := databaseSource(c.dir, c.Database, c.DatabaseFile)
	if err != nil {
		source = ""
	}
	return &looker{dir: c.dir, now: now, d: d, log: c.log(), care: c.Health.complete(), ask: statfs, spaces: spaces(c.dir, source, c.AuditHeads)}
}

// pools: below half of the low-water mark the filling does not keep up; an empty pool
// makes each order wait for its pair.
func (c *KMC) pools(ctx context.Context, l *looker) {
	sizes := c.Pool
	if sizes == nil {
		sizes = kmc.DefaultPool()
	}
	for _, suite := range pki.Suites() {
		size := sizes[suite]
		if size.Target == 0 {
			continue
		}
		spare, err := kmc.Spare(ctx, l.d, suite)
		if err != nil {
			return
		}
		i := serve.Item{Name: "pool." + string(suite), Level: serve.Fine, Says: "pool.ok", Value: float64(spare), Metric: "pool_spare", Labels: map[string]string{"suite": string(suite)}}
		switch {
		case spare == 0:
			i.Level, i.Says = serve.Failing, "pool.empty"
		case spare < int64(size.Low+1)/2:
			i.Level, i.Says = serve.Warning, "pool.low"
		}
		l.add(i)
	}
}

// Health looks at a component from outside, on its machine, whether or not it is being
// served.
func Health(ctx context.Context, path string, now time.Time) ([]serve.Item, error) {
	if component, err := Component(path); err == nil && component == "node" {
		return nodeHealth(ctx, path, now)
	}
	component, f, err := logOf(path)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	d := openForLook(ctx, f)
	if d != nil {
		defer d.Close()
	}
	if component == "kmc" {
		c, err := LoadKMC(path)
		if err != nil {
			return nil, err
		}
		return append(c.look(ctx, d, now), asked(ctx, c.Listen)...), nil
	}
	if component == componentGateway {
		c, err := LoadGateway(path)
		if err != nil {
			return nil, err
		}
		return append(c.look(ctx, d, now), askedGateway(ctx, c.Listen)...), nil
	}
	if component == componentRA || component == componentLRA {
		c, err := LoadRA(path)
		if err != nil {
			return nil, err
		}
		return append(c.look(ctx, d, now), asked(ctx, c.Listen)...), nil
	}
	c, err := LoadCA(path)
	if err != nil {
		return nil, err
	}
	return append(c.look(ctx, d, now), asked(ctx, c.Listen)...), nil
}

// healthTimeout bounds all looks together.
const healthTimeout = 30 * time.Second

// openForLook opens what is there; a database that is not is an item.
func openForLook(ctx context.Context, f logFiles) *db.DB {
	source, err := databaseSource(f.dir, f.database, f.databaseFile)
	if err != nil {
		return nil
	}
	if path, ok := strings.CutPrefix(source, "sqlite:"); ok {
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return nil
		}
	}
	d, err := db.OpenReadOnly(ctx, source)
	if err != nil {
		return nil
	}
	return d
}

// maxReady bounds the answer of /readyz.
const maxReady = 1 << 20

// asked is what the component says of itself at /readyz: that it answers, and what
// only it can know. Its certificate is not verified: nothing is told to it, and what
// it says decides nothing.
func asked(ctx context.Context, listen string) []serve.Item {
	checks, items := askReady(ctx, listen)
	for _, name := range sortedKeys(checks) {
		says, _, _ := strings.Cut(name, ".")
		switch {
		case strings.HasPrefix(name, "audit.cop"):
			says = "copy"
		case says != "key" || name == openedItem:
			continue // looked at from here as well, or a number that does not travel
		}
		i := serve.Item{Name: name, Level: serve.Level(checks[name]), Says: says + ".ok"}
		if i.Level != serve.Fine {
			i.Says = says + ".failing"
		}
		items = append(items, i)
	}
	return items
}

// askReady returns the checks at /readyz by name, and whether the component serves.
func askReady(ctx context.Context, listen string) (map[string]string, []serve.Item) {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return nil, nil // it listens nowhere: a zone that only dials out
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	down := []serve.Item{{Name: "service", Level: serve.Failing, Says: "service.down", Stops: true}}
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+net.JoinHostPort(host, port)+"/readyz", nil)
	if err != nil {
		return nil, down
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, down
	}
	defer response.Body.Close()
	var answer struct {
		Ready  bool              `json:"ready"`
		Checks map[string]string `json:"checks"`
	}
	if err := json.NewDecoder(io.LimitReader(response.Body, maxReady)).Decode(&answer); err != nil {
		return nil, down
	}
	items := []serve.Item{{Name: "service", Level: serve.Fine, Says: "service.ok", Stops: true}}
	if !answer.Ready {
		items[0].Level, items[0].Says = serve.Failing, "service.unready"
	}
	return answer.Checks, items
}

// health is what the component itself sees: the same, and how heads travel.
func (p *CAProcess) health(ctx context.Context) []serve.Item {
	now := p.options.now()()
	return slices.Concat(p.config.look(ctx, p.database, now), copied(p.Audit, now), p.openedKeys())
}

const openedItem = "key.opened"

// openedKeys says which issuers' keys did not open when they were last needed, or are
// in a device that is not there now. One that was never needed is in order: only
// 'onecert config check' opens it.
func (p *CAProcess) openedKeys() (all []serve.Item) {
	opened, there := 0, devices{}
	for _, file := range p.config.Issuers {
		open, err := p.signers[file.ID].Tried()
		if open {
			opened++
		}
		if there.trouble(file.Key, err) != nil {
			all = append(all, serve.Item{Name: "key." + file.ID, Level: serve.Failing, Says: "key.failing", Stops: len(p.config.Issuers) <= fewIssuers})
		}
	}
	return append(all, serve.Item{Name: openedItem, Level: serve.Fine, Says: "key.ok", Value: float64(opened), Metric: "issuer_keys_open"})
}

// devices are those that were asked in one look whether they are there.
type devices map[device]error

type device struct {
	library string
	token   keys.Token
}

// trouble is what is wrong with a key by URI. A device that was away when its key was
// last needed, and is back, is in order: the next signature opens the key again.
func (d devices) trouble(uri string, last error) error {
	place, err := keys.ParseURI(uri)
	if err != nil || !place.Hardware() {
		return last
	}
	at := device{place.Path, place.Token}
	gone, asked := d[at]
	if !asked {
		_, gone = keys.Describe(uri)
		d[at] = gone
	}
	if gone == nil && pki.KindOf(last) == pki.Unavailable {
		return nil
	}
	return errors.Join(last, gone)
}

func (p *KMCProcess) health(ctx context.Context) []serve.Item {
	now := p.options.now()()
	return append(p.config.look(ctx, p.database, now), copied(p.Audit, now)...)
}

func (p *CAProcess) reserve() *reserve {
	return newReserve(p.config.Health.complete().Reserve, p.options.now(), p.config.looker(nil, time.Time{}).spaces)
}

func (p *KMCProcess) reserve() *reserve {
	return newReserve(p.config.Health.complete().Reserve, p.options.now(), p.config.looker(nil, time.Time{}).spaces)
}
