package gateway

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"time"

	"onecert/audit"
	"onecert/db"
	"onecert/officer"
	"onecert/pki"
	"onecert/policy"
)

// maxDocument bounds a configuration.
const maxDocument = 16 << 20

// Parse reads a configuration strictly: a field nobody knows is an error.
func Parse(document []byte) (*Configuration, error) {
	c := &Configuration{}
	if len(document) > maxDocument {
		return nil, pki.Errorf(pki.Invalid, "gateway.document", "the configuration is larger than 16 MiB")
	}
	decoder := json.NewDecoder(bytes.NewReader(document))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(c); err != nil {
		return nil, pki.Errorf(pki.Invalid, "gateway.document", "the configuration does not decode: %s", decodeFault(err)).To("mend that place").Because(err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, pki.Errorf(pki.Invalid, "gateway.document", "there is something behind the configuration").To("give one JSON document")
	}
	c.whole()
	return c, nil
}

// decodeFault says where a document is wrong, without repeating what stands there.
func decodeFault(err error) string {
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return "the field " + e.Field + " has another kind of value than it should"
	}
	if e, ok := errors.AsType[*json.SyntaxError](err); ok {
		return "it is no JSON at octet " + strconv.FormatInt(e.Offset, 10)
	}
	return cut(err.Error(), 200)
}

// Current returns the configuration that runs, and its version.
func (g *Gateway) Current(ctx context.Context) (*Configuration, Version, error) {
	if _, err := g.enterOffice(ctx, officer.ReadGateway); err != nil {
		return nil, Version{}, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.running.Load().config, g.last, nil
}

// Version returns an older configuration.
func (g *Gateway) Version(ctx context.Context, number int64) (*Configuration, Version, error) {
	if _, err := g.enterOffice(ctx, officer.ReadGateway); err != nil {
		return nil, Version{}, err
	}
	v, document, err := oneVersion(ctx, g.cfg.DB.Read(), number)
	if err != nil {
		return nil, Version{}, err
	}
	c, err := Parse(document)
	return c, v, err
}

// Versions lists at most n versions before one number (0: from the newest), newest first.
func (g *Gateway) Versions(ctx context.Context, before int64, n int) ([]Version, error) {
	if _, err := g.enterOffice(ctx, officer.ReadGateway); err != nil {
		return nil, err
	}
	if before <= 0 {
		before = 1 << 62
	}
	if n <= 0 || n > 1000 {
		n = 100
	}
	return listVersions(ctx, g.cfg.DB.Read(), before, n)
}

// Check says whether a configuration could run, and changes nothing. Addresses that
// others have show when it is applied.
func (g *Gateway) Check(ctx context.Context, c *Configuration) error {
	if _, err := g.enterOffice(ctx, officer.ReadGateway); err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	old := g.running.Load()
	r, err := g.build(ctx, c, old)
	if err == nil {
		r.closeBut(old)
	}
	return err
}

// Change is a configuration that is to follow the one with the number Base.
type Change struct {
	Base     int64          `json:"base" doc:"the version it was made from; another one since then is a conflict"`
	Note     string         `json:"note" doc:"why" maxLength:"500"`
	Document *Configuration `json:"document"`
}

// Apply makes a configuration the one that runs. It is built, its addresses are bound and
// it is stored before anything changes; on error everything goes on as it was.
func (g *Gateway) Apply(ctx context.Context, change Change) (Version, error) {
	actor, err := g.enterOffice(ctx, officer.WriteGateway)
	if err != nil {
		return Version{}, err
	}
	if err := g.rights(actor, change.Document); err != nil {
		return Version{}, err
	}
	return g.apply(ctx, actor, change, 0)
}

// Rollback makes an old configuration the one that runs, as a new version.
func (g *Gateway) Rollback(ctx context.Context, number, base int64, note string) (Version, error) {
	actor, err := g.enterOffice(ctx, officer.WriteGateway)
	if err != nil {
		return Version{}, err
	}
	_, document, err := oneVersion(ctx, g.cfg.DB.Read(), number)
	if err != nil {
		return Version{}, err
	}
	c, err := Parse(document)
	if err != nil {
		return Version{}, err
	}
	c.decline(g.running.Load().config)
	if err := g.rights(actor, c); err != nil {
		return Version{}, err
	}
	return g.apply(ctx, actor, Change{Base: base, Note: note, Document: c}, number)
}

func (g *Gateway) apply(ctx context.Context, actor pki.Actor, change Change, restored int64) (Version, error) {
	if change.Document == nil {
		return Version{}, pki.Errorf(pki.Invalid, "gateway.document", "there is no configuration")
	}
	document, err := json.Marshal(change.Document)
	if err != nil {
		return Version{}, err
	}
	// What runs is read from the stored form, so that it is the same after a restart.
	c, err := Parse(document)
	if err != nil {
		return Version{}, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return Version{}, pki.Errorf(pki.Unavailable, "gateway.closed", "the gateway is stopping")
	}
	sum := sha256.Sum256(document)
	v := Version{Hash: hex.EncodeToString(sum[:]), Note: change.Note, By: actor.Name, At: g.cfg.Now().UTC().Truncate(time.Millisecond), Base: change.Base, Restored: restored}
	store := func() error {
		return g.cfg.DB.Tx(ctx, func(tx *sql.Tx) error { return g.storeVersion(ctx, tx, actor, &v, document) })
	}
	if err := g.change(ctx, c, store); err != nil {
		if db.IsUnavailable(err) {
			err = pki.Errorf(pki.Unavailable, "gateway.store", "the configuration cannot be stored; the last one goes on").To("see that the database is there").Because(err)
		}
		return Version{}, err
	}
	g.last, g.fault = v, nil
	g.listCame() // its row may say something else now
	return v, nil
}

func stale(last Version) error {
	return pki.Errorf(pki.Conflict, "gateway.stale", "the configuration was changed by %s since it was looked at: it is version %d now", last.By, last.Number).
		To("compare with version %d and apply again", last.Number)
}

// storeVersion writes a version with the next number, if nobody was faster.
func (g *Gateway) storeVersion(ctx context.Context, tx *sql.Tx, actor pki.Actor, v *Version, document []byte) error {
	last, _, err := lastVersion(ctx, tx)
	if err != nil {
		return err
	}
	if last.Number != v.Base {
		return stale(last)
	}
	v.Number = last.Number + 1
	if err := insertVersion(ctx, tx, *v, document); err != nil {
		return err
	}
	return g.cfg.Audit.Append(ctx, tx, audit.Act{Actor: actor, Act: "gateway.configure", Object: strconv.FormatInt(v.Number, 10), Result: audit.Done,
		Detail: map[string]string{"hash": v.Hash, "base": strconv.FormatInt(v.Base, 10), "restored": strconv.FormatInt(v.Restored, 10), "note": v.Note}, At: v.At})
}

// change puts a configuration in the place of the one that runs. store is called when
// nothing can fail any more but it.
func (g *Gateway) change(ctx context.Context, c *Configuration, store func() error) error {
	old := g.running.Load()
	next, err := g.build(ctx, c, old)
	if err != nil {
		return err
	}
	opened, err := g.bind(next)
	if err != nil {
		next.closeBut(old)
		return err
	}
	if err := store(); err != nil {
		next.closeBut(old)
		for _, e := range opened {
			e.close()
		}
		return err
	}
	sets, err := g.trustOf(c)
	if err == nil {
		err = g.trust.Apply(sets)
	}
	if err != nil { // it was checked: this is a bug
		next.closeBut(old)
		closeAll(opened)
		g.cfg.Log.Error("a trust configuration that was checked cannot be applied", "error", err)
		return err
	}
	g.take(next, old, opened)
	return nil
}

// bind listens on the addresses that are new. Their entrances answer only when they are
// taken; who comes before that waits.
func (g *Gateway) bind(next *running) (opened map[string]*entrance, err error) {
	opened = map[string]*entrance{}
	for _, v := range next.services {
		for _, address := range v.Listen {
			if e := g.entrances[address]; e != nil && e.kind == v.Kind {
				continue
			}
			if e := g.entrances[address]; e != nil {
				return closeAll(opened), pki.Errorf(pki.Conflict, "gateway.kind", "services.%s.listen: %s is listened on for another kind of service", v.Name, address).
					To("use another address, or take the other service away first")
			}
			e, err := g.enter(address, v)
			if err != nil {
				return closeAll(opened), err
			}
			opened[address] = e
		}
	}
	return opened, nil
}

func closeAll(all map[string]*entrance) map[string]*entrance {
	for _, e := range all {
		e.close()
	}
	return nil
}

// drainTime is how long what is under way may take when its service or back ends go.
const drainTime = 10 * time.Minute

// take is the moment of change.
func (g *Gateway) take(next, old *running, opened map[string]*entrance) {
	g.running.Store(next)
	for address, e := range opened {
		g.entrances[address] = e
	}
	served := map[string]bool{}
	for _, v := range next.services {
		for _, address := range v.Listen {
			served[address] = true
			g.entrances[address].serves(v)
		}
	}
	for _, e := range opened {
		e.begin()
	}
	for address, e := range g.entrances {
		if !served[address] {
			delete(g.entrances, address)
			go g.bounded(func(ctx context.Context) { e.drain(ctx) })
		}
	}
	if old == nil {
		return
	}
	for _, app := range old.unused(next) {
		go g.bounded(func(ctx context.Context) { app.pool.Drain(ctx) })
	}
}

func (g *Gateway) bounded(act func(ctx context.Context)) {
	ctx, cancel := context.WithTimeout(g.ctx, drainTime)
	defer cancel()
	act(ctx)
}

// resume starts with the newest configuration that can run.
func (g *Gateway) resume(ctx context.Context) error {
	last, _, err := lastVersion(ctx, g.cfg.DB.Read())
	if err != nil {
		return err
	}
	if last.Number == 0 {
		return g.change(ctx, nothing(), func() error { return nil })
	}
	for number := last.Number; number > 0 && number > last.Number-10; number-- {
		v, document, err := oneVersion(ctx, g.cfg.DB.Read(), number)
		if err != nil {
			return err
		}
		c, err := Parse(document)
		if err == nil {
			err = g.change(ctx, c, func() error { return nil })
		}
		if err == nil {
			g.last = v
			return nil
		}
		g.fault = err
		g.cfg.Log.Error("a configuration cannot run; the one before it is tried", "version", number, "error", err)
	}
	return g.fault
}

// nothing is the configuration before the first: no service, nobody may reach anything.
func nothing() *Configuration {
	c := &Configuration{Policy: policy.Rules{Version: 1}}
	c.whole()
	return c
}

// Fault says why the newest configuration does not run; nil: it does.
func (g *Gateway) Fault() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.fault
}

// Addresses are those each service listens on, by its name and the written address.
func (g *Gateway) Addresses() map[string]map[string]string {
	g.mu.Lock()
	defer g.mu.Unlock()
	all := map[string]map[string]string{}
	for written, e := range g.entrances {
		name := e.service.Load().Name
		if all[name] == nil {
			all[name] = map[string]string{}
		}
		all[name][written] = e.bound()
	}
	return all
}
