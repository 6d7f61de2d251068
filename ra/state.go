package ra

import (
	"slices"

	"onecert/officer"
	"onecert/pki"
)

// State of an application (design.md §5).
type State string

// The states. Issued means that what was applied for is done: certificates made, or,
// for acts that make none, a certificate revoked, frozen, released, a holder cancelled.
const (
	Draft     State = "draft"
	Submitted State = "submitted"
	Returned  State = "returned"
	Approved  State = "approved"
	Rejected  State = "rejected"
	Issued    State = "issued"
	Delivered State = "delivered"
	Withdrawn State = "withdrawn"
)

// AllStates lists them.
func AllStates() []State {
	return []State{Draft, Submitted, Returned, Approved, Rejected, Issued, Delivered, Withdrawn}
}

// Ended says that nothing can happen to an application any more.
func (s State) Ended() bool { return s == Rejected || s == Delivered || s == Withdrawn }

// Event is what an officer does with an application.
type Event string

// The events.
const (
	Edit     Event = "edit"     // change what it says
	Submit   Event = "submit"   // hand it to review
	Return   Event = "return"   // back for correction
	Approve  Event = "approve"  // 审核通过
	Reject   Event = "reject"   // for good
	Withdraw Event = "withdraw" // take it back
	Carry    Event = "issue"    // carry out what was approved
	Deliver  Event = "deliver"  // hand over
)

// move is one line of the state machine.
type move struct {
	from  State
	event Event
	to    State
	right officer.Operation
}

// moves is the state machine, whole. That one who registers never reviews, and that
// acts which make no certificate have nothing to deliver, is said in legal.
var moves = []move{
	{Draft, Edit, Draft, officer.Register},
	{Draft, Submit, Submitted, officer.Register},
	{Draft, Withdraw, Withdrawn, officer.Register},
	{Returned, Edit, Returned, officer.Register},
	{Returned, Submit, Submitted, officer.Register},
	{Returned, Withdraw, Withdrawn, officer.Register},
	{Submitted, Withdraw, Withdrawn, officer.Register},
	{Submitted, Return, Returned, officer.Review},
	{Submitted, Approve, Approved, officer.Review},
	{Submitted, Reject, Rejected, officer.Review},
	{Approved, Carry, Issued, officer.CarryOut},
	{Approved, Reject, Rejected, officer.Review}, // found wrong before it was carried out
	{Issued, Deliver, Delivered, officer.Deliver},
}

// legal says whether an event may happen to an application now by this officer, and
// what it becomes.
func legal(a *Application, event Event, who scope) (move, error) {
	i := slices.IndexFunc(moves, func(m move) bool { return m.from == a.State && m.event == event })
	if i < 0 {
		return move{}, pki.Errorf(pki.Conflict, "application.state", "an application that is %s cannot be %s", a.State, pastOf(event)).
			To("look at it again; the acts that are possible now stand in its legal acts")
	}
	m := moves[i]
	if err := officer.May(who.actor, m.right); err != nil {
		return move{}, err
	}
	if m.right == officer.Review && a.RegisteredBy == who.actor.Name {
		return move{}, ownWork()
	}
	if event == Withdraw && a.State != Draft && a.Operation == Freeze && a.RegisteredBy != who.actor.Name {
		return move{}, pki.Errorf(pki.Forbidden, "application.reported", "a report of a loss is taken back by who took it, or by the review").
			To("have a reviewer reject it, who sees to it that the holder was vetted")
	}
	if event == Deliver && !a.Operation.makes() {
		return move{}, pki.Errorf(pki.Conflict, "application.state", "nothing is handed over for a %s", a.Operation)
	}
	if m.right == officer.Review && !who.reviews(a.Path) {
		return move{}, pki.Errorf(pki.Forbidden, "application.level", "the acts of a local counter are reviewed at the registration above it").
			To("the reviewer of %s decides", who.above(a.Path))
	}
	return m, nil
}

func pastOf(e Event) string {
	switch e {
	case Edit:
		return "edited"
	case Submit:
		return "submitted"
	case Return:
		return "returned"
	case Approve:
		return "approved"
	case Reject:
		return "rejected"
	case Withdraw:
		return "withdrawn"
	case Carry:
		return "carried out"
	case Deliver:
		return "delivered"
	}
	return "changed"
}
