package helpdesk

import (
	"context"
	"fmt"
	"slices"
)

// CheckInvariants reads every ticket and returns what must not be, in words:
//
//   - its state and its times agree: resolved has a time, waiting has time left or is late
//   - its conversation begins with its opening, has no gaps, and leads to its state
//   - what is sealed opens, and what is erased is closed
//   - a rating is of a closed ticket
func CheckInvariants(ctx context.Context, d *Desk) (faults []string) {
	all, err := tickets(ctx, d.cfg.DB.Read(), "ORDER BY number")
	if err != nil {
		return []string{err.Error()}
	}
	for _, t := range all {
		for _, wrong := range d.wrong(ctx, t) {
			faults = append(faults, t.Number+": "+wrong)
		}
	}
	return faults
}

func (d *Desk) wrong(ctx context.Context, t *Ticket) (all []string) {
	fault := func(is bool, what string, args ...any) {
		if is {
			all = append(all, fmt.Sprintf(what, args...))
		}
	}
	done := t.State == Resolved || t.State == Closed
	fault(done == t.Resolved.IsZero(), "it is %s, and when it was resolved says otherwise", t.State)
	fault((t.State == Closed) == t.Closed.IsZero(), "it is %s, and when it was closed says otherwise", t.State)
	fault(t.Left != 0 && t.State != Waiting, "it is %s and has time left for later", t.State)
	fault(t.Rating != 0 && t.State != Closed, "it is %s and rated", t.State)
	fault(t.Late && !done, "it is late and not resolved")
	fault(t.Erased && t.State != Closed, "it is erased and %s", t.State)
	turns, err := d.turns(ctx, t.Number)
	if err != nil {
		return append(all, err.Error())
	}
	state := State("")
	for i, turn := range turns {
		fault(turn.Number != i+1, "turn %d is numbered %d", i+1, turn.Number)
		fault(t.Erased && turn.Text != "", "turn %d is not erased", i+1)
		if i == 0 {
			state = Open
			fault(turn.Event != opening, "it begins with %s", turn.Event)
			continue
		}
		at := slices.IndexFunc(moves, func(m move) bool { return m.from == state && m.event == turn.Event })
		if fault(at < 0, "it was %s and took a %s", state, turn.Event); at >= 0 {
			state = moves[at].to
		}
	}
	fault(state != t.State, "its conversation leads to %q and it is %s", state, t.State)
	fault(t.Version != len(turns), "version %d has %d turns", t.Version, len(turns))
	if !t.Erased {
		d.reveal(t)
		fault(t.Subject == "", "its words do not open")
	}
	return all
}
