package wire

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"onecert/audit"
	"onecert/db"
	"onecert/officer"
	"onecert/pki"
	"onecert/shares"
)

// Who may rescue: a root shell on the machine, and M of N custodians (design.md
// decision 14). What the custodians share opens nothing; its hash stands in the audit
// log, whose head is signed and copied off the machine, so that whoever prepares new
// shares is seen before they count.

const (
	actPrepare    = "rescue.prepare"
	rescueSecret  = 32             // octets
	settles       = 24 * time.Hour // how long new shares do not count yet
	maxReason     = 500            // characters
	rescueSubject = "onecert rescue\x00"
)

// Preparation is a splitting among custodians that counts, or will.
type Preparation struct {
	Set       string    `json:"set"`
	Threshold int       `json:"threshold"`
	Total     int       `json:"total"`
	At        time.Time `json:"at"`
	Counts    time.Time `json:"counts"` // from when on
	hash      string
}

// NewPreparation says for which components shares are made.
type NewPreparation struct {
	Configs   []string
	Threshold int
	Total     int
	Deliver   func([]shares.Share) error // hands the shares to their custodians
}

// RescuePrepare splits a secret among custodians and notes its hash in the audit log of
// each component. It counts at once before the first administrator has enrolled, and
// otherwise after a day: so that losing shares, and making new ones behind the
// custodians' backs, both come to light in time.
func RescuePrepare(ctx context.Context, n NewPreparation, options Options) ([]Preparation, error) {
	if err := shares.CheckNumbers(n.Threshold, n.Total); err != nil {
		return nil, err
	}
	var all []*rescue
	defer func() {
		for _, r := range all {
			r.close()
		}
	}()
	for _, config := range n.Configs {
		r, err := openRescue(ctx, config, options)
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	random := options.Random
	if random == nil {
		random = rand.Reader
	}
	secret := make([]byte, rescueSecret)
	defer clear(secret)
	if _, err := io.ReadFull(random, secret); err != nil {
		return nil, fmt.Errorf("drawing the secret of a rescue: %w", err)
	}
	split, err := shares.Split(random, secret, n.Threshold, n.Total)
	if err != nil {
		return nil, err
	}
	if err := n.Deliver(split); err != nil {
		return nil, err
	}
	var made []Preparation
	for _, r := range all {
		p, err := r.prepare(ctx, split[0], hashOf(secret))
		if err != nil {
			return made, err
		}
		made = append(made, p)
	}
	return made, nil
}

func hashOf(secret []byte) string {
	sum := sha256.Sum256(append([]byte(rescueSubject), secret...))
	return hex.EncodeToString(sum[:])
}

// rescue is one component's database, log and registry, opened on its machine.
type rescue struct {
	config    string
	component string
	files     logFiles
	options   Options
	now       time.Time
	d         *db.DB
	log       *audit.Log
	registry  *officer.Registry
	detail    map[string]string // who brought shares, and why; of every entry
}

func openRescue(ctx context.Context, config string, options Options) (*rescue, error) {
	r := &rescue{config: config, options: options, now: options.now()()}
	if err := r.open(ctx); err != nil {
		r.close()
		return nil, err
	}
	return r, nil
}

func (r *rescue) open(ctx context.Context) (err error) {
	if r.component, r.files, err = logOf(r.config); err != nil {
		return err
	}
	if r.d, err = openExisting(ctx, r.files); err != nil {
		return err
	}
	if r.log, err = openAudit(ctx, r.d, r.files.dir, r.files.origin, r.files.key); err != nil {
		return err
	}
	r.registry, err = officer.Open(ctx, r.d, r.log, r.options.now())
	return err
}

func (r *rescue) close() {
	if r.registry != nil {
		r.registry.Close()
	}
	if r.d != nil {
		r.d.Close()
	}
}

// actor is who a rescue is in the log: nobody's certificate, and no officer.
func (r *rescue) actor(roles ...string) pki.Actor { return pki.Actor{Name: "rescue", Roles: roles} }

// note writes an entry and copies the signed head at once: by the next start somebody
// elsewhere knows.
func (r *rescue) note(ctx context.Context, act, object string, result audit.Result, more map[string]string) error {
	detail := map[string]string{}
	for _, some := range []map[string]string{r.detail, more} {
		for name, value := range some {
			detail[name] = value
		}
	}
	entry := audit.Act{Actor: r.actor(), Act: act, Object: object, Result: result, Detail: detail, At: r.now}
	if err := r.d.Tx(ctx, func(tx *sql.Tx) error { return r.log.Append(ctx, tx, entry) }); err != nil {
		return err
	}
	r.options.log().Warn("a rescue acts on this component", "act", act, "result", result, "detail", detail)
	heads, stop := context.WithCancel(ctx)
	defer stop()
	return startHeads(heads, r.log, resolve(r.files.dir, r.files.heads))
}

func (r *rescue) prepare(ctx context.Context, share shares.Share, hash string) (Preparation, error) {
	all, err := r.registry.List(ctx)
	if err != nil {
		return Preparation{}, err
	}
	p := Preparation{Set: share.Set, Threshold: share.Threshold, Total: share.Total, At: r.now.UTC(), Counts: r.now.Add(settles).UTC()}
	if !slices.ContainsFunc(all, func(o officer.Officer) bool { return o.Kind == officer.Person }) {
		p.Counts = p.At // a first start: nobody is there yet to be got around
	}
	return p, r.note(ctx, actPrepare, p.Set, audit.Done, map[string]string{"sha256": hash, "threshold": strconv.Itoa(p.Threshold),
		"total": strconv.Itoa(p.Total), "counts": p.Counts.Format(time.RFC3339)})
}

// preparation finds the newest that counts, else the newest there is; nil without one.
func preparation(ctx context.Context, log *audit.Log, now time.Time) (*Preparation, error) {
	var newest, counting *Preparation
	for from := int64(0); ; {
		page, err := log.Search(ctx, audit.Query{From: from, Act: actPrepare})
		if err != nil {
			return nil, err
		}
		for _, e := range page {
			p := readPreparation(e)
			if newest = p; p != nil && !now.Before(p.Counts) {
				counting = p
			}
			from = e.Number + 1
		}
		if len(page) == 0 {
			break
		}
	}
	if counting != nil {
		return counting, nil
	}
	return newest, nil
}

func readPreparation(e audit.Entry) *Preparation {
	p := &Preparation{Set: e.Object, At: e.At.UTC(), hash: e.Detail["sha256"]}
	var errs [3]error
	p.Threshold, errs[0] = strconv.Atoi(e.Detail["threshold"])
	p.Total, errs[1] = strconv.Atoi(e.Detail["total"])
	p.Counts, errs[2] = time.Parse(time.RFC3339, e.Detail["counts"])
	if errs != [3]error{} || e.Result != audit.Done {
		return nil
	}
	return p
}

// NewRescue is what every act of a rescue takes.
type NewRescue struct {
	Config string
	Shares []shares.Share
	Reason string
}

// beginRescue opens a component and proves that it may be rescued: its log is whole,
// something is wrong that this act mends, and enough custodians are there. elsewhere
// says that what is wrong need not be this component's: the act itself looks at it.
func beginRescue(ctx context.Context, n NewRescue, mend Mend, elsewhere bool, options Options) (*rescue, Condition, error) {
	if err := checkReason(n.Reason); err != nil {
		return nil, Condition{}, err
	}
	condition, err := RescueLook(ctx, n.Config, options)
	if err != nil {
		return nil, condition, err
	}
	if !elsewhere && !slices.Contains(condition.Mends(), mend) {
		return nil, condition, healthy(mend)
	}
	r, err := openRescue(ctx, n.Config, options)
	if err != nil {
		return nil, condition, err
	}
	if err := r.prove(ctx, n, condition); err != nil {
		if noted := r.note(ctx, "rescue."+string(mend), "", audit.Refused, map[string]string{"code": pki.CodeOf(err), "reason": n.Reason}); noted != nil {
			err = noted
		}
		r.close()
		return nil, condition, err
	}
	return r, condition, nil
}

func healthy(mend Mend) error {
	return pki.Errorf(pki.Conflict, "rescue.healthy", "there is nothing here that 'rescue %s' mends", string(mend)).
		To("see 'onecert rescue look'; while anything else still works, officers do it")
}

func checkReason(reason string) error {
	if reason = strings.TrimSpace(reason); reason == "" || len([]rune(reason)) > maxReason || pki.HidesIdentity(reason) {
		return pki.Errorf(pki.Invalid, "rescue.reason", "the reason is missing, longer than %d characters, or holds an identity number", maxReason).
			To("say in a sentence why; it stands in the audit log for ever")
	}
	return nil
}

// prove holds the shares against the audit log.
func (r *rescue) prove(ctx context.Context, n NewRescue, condition Condition) error {
	for _, p := range condition.Parts {
		if p.Name == "audit.whole" && p.Says != "audit.whole" {
			return pki.Errorf(pki.Conflict, "rescue.audit", "the audit log does not verify, so it cannot be said who may rescue").
				To("see 'onecert audit verify', and restore a backup")
		}
		if p.Says == "clock.back" {
			return pki.Errorf(pki.Unavailable, "rescue.clock", "the machine's clock stands before the last act").To("set it right first: by it everything here is judged")
		}
	}
	p := condition.Prepared
	if p == nil {
		return pki.Errorf(pki.Forbidden, "rescue.unprepared", "no shares were ever made for a rescue of this component").
			To("make them with 'onecert rescue prepare'; they count after %d hours", int(settles.Hours()))
	}
	if r.now.Before(p.Counts) {
		return pki.Errorf(pki.Forbidden, "rescue.early", "the shares of set %s count from %s on", p.Set, p.Counts.Format(time.RFC3339)).
			To("wait until then: the copies of the audit log have to be seen first")
	}
	secret, err := shares.Combine(n.Shares)
	if err != nil {
		return err
	}
	defer clear(secret)
	if hashOf(secret) != p.hash {
		return pki.Errorf(pki.Forbidden, "rescue.shares", "these are not the shares of this component's rescue").To("bring those of set %s", p.Set)
	}
	places := []string{}
	for _, s := range n.Shares {
		places = append(places, strconv.Itoa(s.Index))
	}
	slices.Sort(places)
	r.detail = map[string]string{"reason": strings.TrimSpace(n.Reason), "set": p.Set, "shares": strings.Join(places, " ")}
	return nil
}
