package ra_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"onecert/pki"
	"onecert/pkitest"
	"onecert/ra"
)

// act is one try of the model.
type act struct {
	event ra.Event
	who   string
	do    func(h *house, ctx context.Context, a *ra.Application) (*ra.Application, error)
}

func acts() []act {
	by := func(event ra.Event, roles ...string) (all []act) {
		calls := map[ra.Event]func(*house) func(context.Context, string, ra.Decision) (*ra.Application, error){
			ra.Submit: func(h *house) func(context.Context, string, ra.Decision) (*ra.Application, error) { return h.Submit },
			ra.Return: func(h *house) func(context.Context, string, ra.Decision) (*ra.Application, error) { return h.Return },
			ra.Approve: func(h *house) func(context.Context, string, ra.Decision) (*ra.Application, error) {
				return h.Approve
			},
			ra.Reject: func(h *house) func(context.Context, string, ra.Decision) (*ra.Application, error) { return h.Reject },
			ra.Withdraw: func(h *house) func(context.Context, string, ra.Decision) (*ra.Application, error) {
				return h.Withdraw
			},
			ra.Carry: func(h *house) func(context.Context, string, ra.Decision) (*ra.Application, error) {
				return h.CarryOut
			},
			ra.Deliver: func(h *house) func(context.Context, string, ra.Decision) (*ra.Application, error) {
				return h.HandOver
			},
		}
		for _, node := range []string{"lra1", "ra1", "ra2", "centre"} {
			for _, role := range roles {
				all = append(all, act{event, node + "." + role, func(h *house, ctx context.Context, a *ra.Application) (*ra.Application, error) {
					return calls[event](h)(ctx, a.ID, ra.Decision{Version: a.Version, Note: "model"})
				}})
			}
		}
		return all
	}
	all := []string{"registrar", "reviewer", "issuer", "audit"}
	return slices.Concat(by(ra.Submit, all...), by(ra.Return, all...), by(ra.Approve, all...), by(ra.Reject, all...), by(ra.Withdraw, all...), by(ra.Carry, all...), by(ra.Deliver, all...))
}

// next is the state machine as design.md §5 tells it, written down a second time.
var next = map[ra.State]map[ra.Event]ra.State{
	ra.Draft:     {ra.Submit: ra.Submitted, ra.Withdraw: ra.Withdrawn},
	ra.Returned:  {ra.Submit: ra.Submitted, ra.Withdraw: ra.Withdrawn},
	ra.Submitted: {ra.Return: ra.Returned, ra.Approve: ra.Approved, ra.Reject: ra.Rejected, ra.Withdraw: ra.Withdrawn},
	ra.Approved:  {ra.Carry: ra.Issued, ra.Reject: ra.Rejected},
	ra.Issued:    {ra.Deliver: ra.Delivered},
}

// roles says who may do it, of the officers that see the application.
var roles = map[ra.Event][]string{ra.Submit: {"registrar"}, ra.Withdraw: {"registrar"}, ra.Return: {"reviewer"}, ra.Approve: {"reviewer"}, ra.Reject: {"reviewer"},
	ra.Carry: {"issuer"}, ra.Deliver: {"registrar", "issuer"}}

// TestStateMachine tries random acts of random officers: exactly what the model allows
// happens, and what is told to be legal is what then succeeds.
func TestStateMachine(t *testing.T) {
	h := newHouse(t, pkitest.SQLite(t), nil)
	all := acts()
	for seed := range uint64(12) {
		random := rand.New(rand.NewPCG(seed, 5))
		a := must[*ra.Application](t)(h.Register(as("lra1.registrar"), person(t, int(seed), fmt.Sprint("模型", seed))))
		for range 60 {
			tried := all[random.IntN(len(all))]
			h.tryModel(a, tried)
			if now, err := h.Application(as("lra1.registrar"), a.ID); err != nil {
				t.Fatal(err)
			} else {
				a = now
			}
		}
	}
}

func (h *house) tryModel(a *ra.Application, tried act) {
	h.t.Helper()
	ctx := as(tried.who)
	node, role := splitName(tried.who)
	to, possible := next[a.State][tried.event]
	sees := node != "ra2"
	reviews := role != "reviewer" || node != "lra1"
	want := possible && sees && slices.Contains(roles[tried.event], role) && reviews
	if shown, err := h.Application(ctx, a.ID); err == nil && slices.Contains(shown.Legal, tried.event) != want {
		h.t.Errorf("%s by %s in %s: told legal %v, the model says %t", tried.event, tried.who, a.State, shown.Legal, want)
	}
	done, err := tried.do(h, ctx, a)
	if shown, failed := h.Application(ctx, a.ID); failed == nil && err != nil {
		for _, bar := range shown.Barred {
			if bar.Act == tried.event && bar.Code != pki.CodeOf(err) {
				h.t.Errorf("%s by %s in %s: told barred by %s, refused by %v", tried.event, tried.who, a.State, bar.Code, err)
			}
		}
	}
	if (err == nil) != want {
		h.t.Errorf("%s by %s in %s: %v, the model says %t", tried.event, tried.who, a.State, err, want)
	}
	if err == nil && done.State != to {
		h.t.Errorf("%s by %s in %s led to %s", tried.event, tried.who, a.State, done.State)
	}
	if err != nil && pki.KindOf(err) == pki.Internal {
		h.t.Errorf("%s by %s in %s: %v", tried.event, tried.who, a.State, err)
	}
}

func splitName(name string) (node, role string) {
	for i := range name {
		if name[i] == '.' {
			return name[:i], name[i+1:]
		}
	}
	return name, ""
}
