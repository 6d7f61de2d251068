package ra

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"onecert/pki"
)

// How many are carried out at once, in one go, how many goes there are at once, and how
// many are remembered.
const (
	carriers      = 32
	mostGoes      = 4
	mostCarried   = 20_000
	carryingsKept = 20
	carryFaults   = 100
)

// CarryQuery says which approved applications are to be carried out together.
type CarryQuery struct {
	Batch string   `json:"batch,omitempty" maxLength:"64"`
	Node  string   `json:"node,omitempty" maxLength:"24" doc:"all that is approved at a node and below it"`
	IDs   []string `json:"ids,omitempty" maxItems:"20000"`
}

// Carrying is a go at many applications: how far it is.
type Carrying struct {
	ID     string       `json:"id"`
	By     string       `json:"by"`
	Node   string       `json:"node"`
	Batch  string       `json:"batch,omitempty" doc:"of which sheet's rows, where one was named"`
	Total  int          `json:"total"`
	Done   int          `json:"done"`
	Failed int          `json:"failed"`
	Ended  time.Time    `json:"ended,omitzero"`
	Began  time.Time    `json:"began"`
	More   bool         `json:"more,omitempty" doc:"there were more than go at once; start again"`
	Faults []CarryFault `json:"faults" doc:"the first hundred"`

	path string // of the node
}

// CarryFault is one that could not be carried out.
type CarryFault struct {
	Application string `json:"application"`
	Code        string `json:"code"`
	Wrong       string `json:"wrong"`
}

// carryings are the goes of this process. What was interrupted by its end is started
// again: applications that were done are done no second time.
type carryings struct {
	mu      sync.Mutex
	all     []*Carrying // the newest last
	running sync.WaitGroup
	stops   map[string]context.CancelFunc // of what goes on, by id
}

// CarryAll begins to carry out many approved applications and returns at once; Carrying
// tells how far it is.
func (r *Registration) CarryAll(ctx context.Context, q CarryQuery) (*Carrying, error) {
	s, err := r.enterFor(ctx, Carry)
	if err != nil {
		return nil, err
	}
	if r.cfg.States == nil {
		return nil, errNoCA()
	}
	if s, err = r.narrow(ctx, s, q.Node); err != nil {
		return nil, err
	}
	all, more, err := r.toCarry(ctx, s, q)
	if err != nil {
		return nil, err
	}
	if q.Batch != "" && len(all) == 0 { // whether another branch has such a batch is not said
		return nil, pki.Errorf(pki.Conflict, "carrying.none", "nothing of this batch is approved and waits to be carried out").To("compare the batch's number; come back when it is approved")
	}
	random := make([]byte, 8)
	if _, err := io.ReadFull(r.cfg.Random, random); err != nil {
		return nil, fmt.Errorf("drawing an id: %w", err)
	}
	c := &Carrying{ID: hex.EncodeToString(random), By: s.actor.Name, Node: s.node.ID, Batch: q.Batch, Total: len(all), More: more, Began: r.now(), Faults: []CarryFault{}, path: s.node.Path}
	own, stop := context.WithCancel(context.WithoutCancel(ctx))
	if err := r.going.begin(c, stop); err != nil {
		stop()
		return nil, err
	}
	shown := *c
	go func() {
		defer r.going.running.Done()
		defer stop()
		r.carryThrough(own, s, c, all)
	}()
	return &shown, nil
}

// begin notes a go. One office has one at a time, which its officers may know of; of
// the other offices' nobody is told more than that there are many.
func (g *carryings) begin(c *Carrying, stop context.CancelFunc) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, other := range g.all {
		if other.Ended.IsZero() && other.Node == c.Node {
			return pki.Errorf(pki.Conflict, "carrying.one", "%s carries out %d applications of this office at this moment", other.By, other.Total).To("wait until that is done")
		}
	}
	if len(g.stops) >= mostGoes {
		return pki.Errorf(pki.Unavailable, "carrying.many", "other offices' applications are carried out at this moment").To("try again in a minute")
	}
	if g.stops == nil {
		g.stops = map[string]context.CancelFunc{}
	}
	for i, oldest := range g.all {
		if len(g.all) >= carryingsKept && !oldest.Ended.IsZero() {
			g.all = slices.Delete(g.all, i, i+1)
			break
		}
	}
	g.all, g.stops[c.ID] = append(g.all, c), stop
	g.running.Add(1)
	return nil
}

func (g *carryings) ended(c *Carrying, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	c.Ended = now
	delete(g.stops, c.ID)
}

// end stops what goes on; what was begun at the CA is finished there.
func (g *carryings) end() {
	g.mu.Lock()
	for _, stop := range g.stops {
		stop()
	}
	g.mu.Unlock()
	g.running.Wait()
}

// toCarry lists what is approved, the oldest first.
func (r *Registration) toCarry(ctx context.Context, s scope, q CarryQuery) (all []*Application, more bool, err error) {
	var find search
	var where string
	if q.Batch == "" {
		where = find.is("FROM ra_place WHERE node = ? AND state = 'approved'", s.node.ID)
	} else {
		where = find.is("FROM (SELECT created, id AS application FROM ra_application WHERE batch = ? AND batch <> '' AND state = 'approved' AND path >= ? AND path < ?) found", q.Batch, s.from(), s.to())
	}
	ids := q.IDs
	if len(ids) == 0 {
		ids, err = collect(ctx, r.cfg.DB.Read(), scanText, fmt.Sprintf("SELECT application %s ORDER BY created, application LIMIT %d", where, mostCarried+1), find.args...)
		if err != nil {
			return nil, false, err
		}
	}
	if len(ids) > mostCarried {
		ids, more = ids[:mostCarried], true
	}
	for some := range slices.Chunk(ids, mostPage) {
		found, err := r.readAll(ctx, s, some)
		if err != nil {
			return nil, false, err
		}
		all = append(all, found...)
	}
	return all, more, nil
}

// carryThrough carries out one after the other, many at once.
func (r *Registration) carryThrough(ctx context.Context, s scope, c *Carrying, all []*Application) {
	next := make(chan *Application)
	var workers sync.WaitGroup
	for range carriers {
		workers.Go(func() {
			for a := range next {
				err := ctx.Err()
				if err == nil {
					_, err = r.carryRead(ctx, s, a, Decision{Version: a.Version})
				}
				if err != nil {
					err = r.refused(context.WithoutCancel(ctx), s, Carry, a.ID, err)
				}
				r.going.note(c, a.ID, err)
			}
		})
	}
	for _, a := range all {
		next <- a
	}
	close(next)
	workers.Wait()
	r.going.ended(c, r.now())
}

func (g *carryings) note(c *Carrying, id string, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if err == nil {
		c.Done++
		return
	}
	c.Failed++
	if len(c.Faults) < carryFaults {
		wrong := "it could not be carried out; the log says more"
		if own := told(err); own != nil {
			wrong = own.Error()
		}
		c.Faults = append(c.Faults, CarryFault{id, pki.CodeOf(err), wrong})
	}
}

// GoQuery selects goes at many applications.
type GoQuery struct {
	Batch string `query:"batch" maxLength:"64" doc:"only those at a sheet's rows"`
	ListQuery
}

// Carryings tells how far the goes at many applications of one's subtree are, the
// newest first. No more than carryingsKept are remembered.
func (r *Registration) Carryings(ctx context.Context, q GoQuery) (*Page[Carrying], error) {
	s, err := r.enterFor(ctx, Carry)
	if err != nil {
		return nil, err
	}
	r.going.mu.Lock()
	defer r.going.mu.Unlock()
	shown, limit := []Carrying{}, pageSize(q.Limit)
	begins := q.After == "" // one that is forgotten meanwhile was the last
	for _, c := range slices.Backward(r.going.all) {
		if begins && s.covers(c.path) && (q.Batch == "" || q.Batch == c.Batch) && len(shown) <= limit {
			one := *c
			one.Faults = slices.Clone(c.Faults)
			shown = append(shown, one)
		}
		begins = begins || c.ID == q.After
	}
	return paged(shown, limit, func(c Carrying) string { return c.ID }), nil
}
