package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	mathrand "math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"onecert/officer"
	"onecert/pki"
	"onecert/ra"
)

// registrations lets the officers of a province work at once in one registration
// (features H12): what a call takes then, how many there are in a second, and whether
// anybody sees another branch.
func (b *bench) registrations(ctx context.Context) error {
	for _, e := range b.engines {
		if err := b.province(ctx, e); err != nil {
			return fmt.Errorf("%s: %w", e.name, err)
		}
	}
	return nil
}

// stamps is a CA in name only: what the CA takes is measured by itself.
type stamps struct{}

// Carry implements ra.Orders.
func (stamps) Carry(_ context.Context, o ra.Order) (*ra.Made, error) {
	serial, err := pki.NewSerial(rand.Reader)
	if err != nil {
		return nil, err
	}
	holder, now := sha256.Sum256([]byte(o.Identity)), time.Now()
	return &ra.Made{Sign: ra.MadeCertificate{Issuer: "sm2", Serial: serial, Holder: hex.EncodeToString(holder[:16]), Profile: o.Profile,
		NotBefore: now, NotAfter: now.AddDate(1, 0, 0), DER: []byte{0x30, 0}}}, nil
}

// province is a registration with many branches, and their officers at work.
type province struct {
	*counterHall
	branches, counters int // counters of each branch
	requests           [][]byte
	pause              time.Duration // after a call, on average; 0: none

	people atomic.Int64
	known  [64]atomic.Pointer[ra.Application] // some of the newest, of any branch
	mu     sync.Mutex
	waits  map[string][]time.Duration
	listed int
	looks  int // at another branch
	wrong  []string
}

func (b *bench) province(ctx context.Context, e engine) error {
	source, err := e.fresh()
	if err != nil {
		return err
	}
	hall, err := openRegistration(ctx, source, b.dir, stamps{})
	if err != nil {
		return err
	}
	defer hall.close()
	p := &province{counterHall: hall, branches: pick(b, 4, 40), counters: 10}
	if err := p.build(ctx); err != nil {
		return err
	}
	rows := [][]string{{"", "calls/s, all at once", "p50 ms", "p99", "calls/s, with pauses", "p50 ms", "p99"}}
	last := pick(b, 2*time.Second, 20*time.Second)
	rushed := p.work(ctx, last, 0)
	calm := p.work(ctx, last, 2*time.Second)
	for _, call := range append(calls(), "all calls") {
		rows = append(rows, slices.Concat([]string{call}, figuresOf(rushed[call], last), figuresOf(calm[call], last)))
	}
	if faults := append(p.wrong, ra.CheckInvariants(ctx, p.Registration)...); len(faults) > 0 {
		return fmt.Errorf("%d things are not as they must be, the first: %s", len(faults), faults[0])
	}
	b.out.table(fmt.Sprintf("%d officers of %d registrations with %d counters at work in one registration, %s", p.branches*(p.counters+2), p.branches, p.branches*p.counters, e.name), rows,
		fmt.Sprintf("%s each: all at once without a pause, then with one of 2 s on average after each call, as people have; load and server in one process.", last),
		fmt.Sprintf("Nobody saw another branch: all of %d listed applications were of the officer's own, and %d looks at others' numbers were answered with unknown.", p.listed, p.looks),
		"The invariants of the database hold afterwards, the statistics counted anew among them. A stand-in makes the certificates.")
	return nil
}

// build makes the tree and its officers by the calls its administrators make.
func (p *province) build(ctx context.Context) error {
	if err := p.FirstPosts(ctx, []string{"centre.system", "centre.security"}); err != nil {
		return err
	}
	add := func(id, parent string, level ra.Level) error {
		added, err := p.AddNode(as("centre.system", officer.System), ra.Node{ID: id, Parent: parent, Level: level, Name: "示例" + id})
		if err != nil {
			return err
		}
		_, err = p.SetNode(as("centre.security", officer.Security), id, added.Version, ra.Active)
		return err
	}
	err := together(8, p.branches, func(i int) error {
		branch := fmt.Sprintf("r%d", i)
		if err := add(branch, "centre", ra.RA); err != nil {
			return err
		}
		for n := range p.counters {
			counter := fmt.Sprintf("l%d", i*p.counters+n)
			if err := add(counter, branch, ra.LRA); err != nil {
				return err
			}
			if err := p.staff(counter); err != nil {
				return err
			}
		}
		return p.staff(branch)
	})
	if err != nil {
		return err
	}
	p.requests = make([][]byte, 16)
	return together(2, len(p.requests), func(i int) (err error) {
		key, err := pki.GenerateKey(rand.Reader, pki.SM2)
		if err != nil {
			return err
		}
		p.requests[i], err = newRequest(key, pki.Name{{Type: "CN", Value: "试用者"}})
		return err
	})
}

// calls are what the officers do, in the order of the table.
func calls() []string {
	return []string{"register", "submit", "list", "show", "look at another branch", "approve", "statistics", "carry out", "hand over"}
}

// work lets everybody work for a time and returns what each call took.
func (p *province) work(ctx context.Context, last, pause time.Duration) map[string][]time.Duration {
	p.pause, p.waits = pause, map[string][]time.Duration{}
	ctx, cancel := context.WithTimeout(ctx, last)
	defer cancel()
	var staff sync.WaitGroup
	for i := range p.branches {
		branch := fmt.Sprintf("r%d", i)
		path := "/centre/" + branch + "/"
		for n := range p.counters {
			counter := fmt.Sprintf("l%d", i*p.counters+n)
			staff.Go(func() { p.at(ctx, counter, path+counter+"/", p.register) })
		}
		staff.Go(func() { p.at(ctx, branch, path, p.review) })
		staff.Go(func() { p.at(ctx, branch, path, p.issue) })
	}
	staff.Wait()
	p.waits["all calls"] = slices.Concat(slices.Collect(maps.Values(p.waits))...)
	return p.waits
}

// desk is where an officer sits; over is when the working day is.
type desk struct {
	node, path string
	over       context.Context
}

func (p *province) at(over context.Context, node, path string, act func(desk) error) {
	for over.Err() == nil {
		if err := act(desk{node, path, over}); err != nil {
			p.fault("%s: %v", node, err)
			return
		}
	}
}

func (p *province) fault(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wrong = append(p.wrong, fmt.Sprintf(format, args...))
}

// timed does a call, notes what it took, and pauses as people do.
func (p *province) timed(d desk, call string, act func() error) error {
	took, err := clocked(act)
	p.mu.Lock()
	p.waits[call] = append(p.waits[call], took)
	p.mu.Unlock()
	if p.pause > 0 {
		select {
		case <-d.over.Done():
		case <-time.After(time.Duration(mathrand.ExpFloat64() * float64(p.pause))):
		}
	}
	return err
}

// own holds what was shown against where the officer sits.
func (d desk) own(p *province, all ...*ra.Application) {
	for _, a := range all {
		if !strings.HasPrefix(a.Path, d.path) {
			p.fault("%s is shown %s of %s", d.node, a.ID, a.Path)
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.listed += len(all)
}

// register is what a registrar does over and over: a person comes, and goes to review.
func (p *province) register(d desk) (err error) {
	who, n := officerAt(d.node, "registrar"), int(p.people.Add(1))
	var a *ra.Application
	err = p.timed(d, "register", func() (err error) {
		a, err = p.Register(who, ra.Entry{Operation: ra.Issue, Kind: ra.Person, Request: p.requests[n%len(p.requests)], Fields: map[string]string{"name": fmt.Sprintf("试用者%07d", n),
			"identity_kind": "resident", "identity": residentNumber(n), "unit": "示例市民政局", "phone": "13900000000"}})
		return err
	})
	if err != nil {
		return err
	}
	if err := p.timed(d, "submit", func() (err error) { a, err = p.Submit(who, a.ID, ra.Decision{Version: a.Version}); return err }); err != nil {
		return err
	}
	other := p.known[n%len(p.known)].Swap(a)
	if err := p.list(d, who); err != nil {
		return err
	}
	err = p.timed(d, "show", func() (err error) { a, err = p.Application(who, a.ID); return err })
	if err != nil {
		return err
	}
	d.own(p, a)
	return p.look(d, who, other)
}

func (p *province) list(d desk, who context.Context, states ...ra.State) error {
	return p.timed(d, "list", func() error {
		page, err := p.Applications(who, ra.Query{States: states})
		if err == nil {
			d.own(p, page.Items...)
		}
		return err
	})
}

// look asks for an application of another branch, which nobody there may know of.
func (p *province) look(d desk, who context.Context, other *ra.Application) error {
	if other == nil || strings.HasPrefix(other.Path, d.path) {
		return nil
	}
	return p.timed(d, "look at another branch", func() error {
		_, err := p.Application(who, other.ID)
		if pki.CodeOf(err) != "application.unknown" {
			return fmt.Errorf("%s looked at %s of %s: %w", d.node, other.ID, other.Path, err)
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		p.looks++
		return nil
	})
}

// waiting are applications of a branch in a state, the newest.
func (p *province) waiting(d desk, role string, state ra.State) (all []*ra.Application, err error) {
	err = p.timed(d, "list", func() error {
		page, err := p.Applications(officerAt(d.node, role), ra.Query{States: []ra.State{state}, Limit: 20})
		if err == nil {
			all = page.Items
			d.own(p, all...)
		}
		return err
	})
	if len(all) == 0 && d.over.Err() == nil {
		time.Sleep(10 * time.Millisecond) // nothing to do yet
	}
	return all, err
}

// review is what a reviewer does over and over.
func (p *province) review(d desk) error {
	who := officerAt(d.node, "reviewer")
	all, err := p.waiting(d, "reviewer", ra.Submitted)
	if err != nil {
		return err
	}
	for _, a := range all {
		if d.over.Err() != nil {
			return nil
		}
		if err := p.timed(d, "approve", func() error { _, err := p.Approve(who, a.ID, ra.Decision{Version: a.Version}); return err }); err != nil {
			return err
		}
	}
	return p.timed(d, "statistics", func() error {
		_, err := p.Statistics(who, ra.StatisticsQuery{By: []ra.By{ra.ByNode, ra.ByOperation}})
		return err
	})
}

// issue is what an issuer does over and over.
func (p *province) issue(d desk) error {
	who := officerAt(d.node, "issuer")
	all, err := p.waiting(d, "issuer", ra.Approved)
	if err != nil {
		return err
	}
	for _, a := range all {
		if d.over.Err() != nil {
			return nil
		}
		if err := p.timed(d, "carry out", func() (err error) { a, err = p.CarryOut(who, a.ID, ra.Decision{Version: a.Version}); return err }); err != nil {
			return err
		}
		if err := p.timed(d, "hand over", func() error { _, err := p.HandOver(who, a.ID, ra.Decision{Version: a.Version}); return err }); err != nil {
			return err
		}
	}
	return nil
}

// figuresOf are calls a second, and what half and nearly all of them took at most.
func figuresOf(all []time.Duration, last time.Duration) []string {
	if len(all) == 0 {
		return []string{"0", "", ""}
	}
	slices.Sort(all)
	return []string{digits(float64(len(all)) / last.Seconds()), millis(all[len(all)/2]), millis(all[len(all)*99/100])}
}
