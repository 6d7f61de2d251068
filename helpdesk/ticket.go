package helpdesk

import (
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"onecert/officer"
	"onecert/pki"
)

// Kind is what help is needed with.
type Kind string

// The kinds (features H8).
const (
	PIN          Kind = "pin"          // PIN forgotten or blocked
	Installation Kind = "installation" // drivers, readers, browsers
	Certificate  Kind = "certificate"  // applying, renewing, ending
	Use          Kind = "use"          // an application does not accept it
	Complaint    Kind = "complaint"
	Other        Kind = "other"
)

func kinds() []Kind { return []Kind{PIN, Installation, Certificate, Use, Complaint, Other} }

// State is where a ticket stands.
type State string

// The states. Open and Working count against the deadline, Waiting does not: then it is
// the person's turn.
const (
	Open     State = "open"
	Working  State = "working"
	Waiting  State = "waiting"
	Resolved State = "resolved"
	Closed   State = "closed"
)

// Event is what happens to a ticket.
type Event string

// The events. Reply and Rate are the person's, Close is the clock's, the others an
// officer's.
const (
	Take    Event = "take"    // somebody begins to work on it
	Answer  Event = "answer"  // to the person
	Note    Event = "note"    // for colleagues only
	Ask     Event = "ask"     // the person has to say more
	Resolve Event = "resolve" // answered for good
	Forward Event = "forward" // to the desk of another node
	Reply   Event = "reply"
	Rate    Event = "rate"
	Close   Event = "close"
)

// move is one line of the state machine.
type move struct {
	from  State
	event Event
	to    State
}

// moves is the state machine, whole. A reply to what was resolved opens it again; a
// closed ticket stays closed, and a new one is opened instead.
var moves = []move{
	{Open, Take, Working}, {Working, Take, Working}, {Waiting, Take, Waiting}, // taken over from a colleague
	{Open, Note, Open}, {Working, Note, Working}, {Waiting, Note, Waiting}, {Resolved, Note, Resolved},
	{Working, Answer, Working}, {Working, Ask, Waiting}, {Working, Resolve, Resolved}, {Waiting, Resolve, Resolved},
	{Open, Forward, Open}, {Working, Forward, Open},
	{Open, Reply, Open}, {Working, Reply, Working}, {Waiting, Reply, Working}, {Resolved, Reply, Working},
	{Resolved, Rate, Closed}, {Resolved, Close, Closed},
	{Waiting, Close, Closed}, {Open, Close, Closed}, {Working, Close, Closed}, // nobody comes back to it
}

// next returns what a ticket becomes, or why not.
func next(from State, event Event) (State, error) {
	i := slices.IndexFunc(moves, func(m move) bool { return m.from == from && m.event == event })
	if i < 0 {
		return "", pki.Errorf(pki.Conflict, "desk.state", "a ticket that is %s takes no %s", from, event).
			To("look at it again; what is possible now stands in its legal events")
	}
	return moves[i].to, nil
}

// byOfficer are the events an officer may cause.
func byOfficer(event Event) bool {
	return slices.Contains([]Event{Take, Answer, Note, Ask, Resolve, Forward}, event)
}

// counts reports whether time counts against the deadline.
func (s State) counts() bool { return s == Open || s == Working }

// Ticket is a person's need for help.
type Ticket struct {
	Number  string `json:"number"` // T-2026-000001
	Kind    Kind   `json:"kind"`
	Urgent  bool   `json:"urgent"`
	State   State  `json:"state"`
	Node    string `json:"node"`
	Path    string `json:"path"`
	Version int    `json:"version" doc:"of what was read; acts on another version are refused"`

	Holder  string `json:"holder,omitempty" doc:"holder id, of somebody with a certificate"`
	Name    string `json:"name"`
	Contact string `json:"contact,omitempty" doc:"mail address"`
	Subject string `json:"subject"`

	Officer  string        `json:"officer,omitempty" doc:"who works on it"`
	Opened   time.Time     `json:"opened"`
	Due      time.Time     `json:"due" doc:"when it is to be resolved; moves while the person is asked"`
	Left     time.Duration `json:"left_ns,omitempty" doc:"working time that is left once the person has replied"`
	Answered time.Time     `json:"answered,omitzero" doc:"the first time"`
	Resolved time.Time     `json:"resolved,omitzero"`
	Closed   time.Time     `json:"closed,omitzero"`
	Late     bool          `json:"late,omitempty" doc:"resolved after its deadline"`
	Rating   int           `json:"rating,omitempty" doc:"1 to 5, by the person"`
	Erased   bool          `json:"erased,omitempty" doc:"name, contact and words have been erased"`
	Turns    []Turn        `json:"turns,omitempty"`
	Legal    []Event       `json:"legal,omitempty" doc:"what may happen to it now"`

	code    string // hash of the code for people without a certificate
	sealed  []byte
	waited  time.Duration // working time until the first answer
	changed time.Time
}

// Turn is what somebody said.
type Turn struct {
	Number   int       `json:"number"`
	At       time.Time `json:"at"`
	By       string    `json:"by"` // an officer's name, or "person"
	Event    Event     `json:"event"`
	Internal bool      `json:"internal,omitempty"` // for officers only
	Text     string    `json:"text"`
}

// person is who a turn is by if it is the one who needs help.
const person = "person"

// Question is what a ticket is opened with.
type Question struct {
	Kind    Kind   `json:"kind"`
	Urgent  bool   `json:"urgent,omitempty" doc:"somebody cannot work until it is resolved"`
	Holder  string `json:"holder,omitempty" maxLength:"64"`
	Name    string `json:"name" maxLength:"100"`
	Contact string `json:"contact,omitempty" maxLength:"254" doc:"mail address, for notices"`
	Subject string `json:"subject" maxLength:"200"`
	Text    string `json:"text" maxLength:"4000"`
}

// Limits of what people write, in characters.
const (
	maxName    = 100
	maxSubject = 200
	maxText    = 4000
)

func (q Question) check() error {
	if !slices.Contains(kinds(), q.Kind) {
		return pki.Errorf(pki.Invalid, "desk.kind", "a ticket is about pin, installation, certificate, use, complaint or other")
	}
	for _, c := range []struct {
		what, text string
		most       int
		lines      bool
	}{{"name", q.Name, maxName, false}, {"subject", q.Subject, maxSubject, false}, {"text", q.Text, maxText, true}} {
		if err := checkText(c.what, c.text, c.most, c.lines); err != nil {
			return err
		}
	}
	if strings.ContainsFunc(q.Holder, func(r rune) bool { return r <= ' ' || r > '~' }) || len(q.Holder) > 64 {
		return pki.Errorf(pki.Invalid, "desk.holder", "the holder id is none")
	}
	return nil
}

func checkText(what, text string, most int, lines bool) error {
	bad := func(r rune) bool {
		return unicode.IsControl(r) && (!lines || r != '\n' && r != '\t') || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069
	}
	if n := utf8.RuneCountInString(text); strings.TrimSpace(text) == "" || n > most || !utf8.ValidString(text) || strings.ContainsFunc(text, bad) {
		return pki.Errorf(pki.Invalid, "desk.text", "the %s must be 1 to %d characters without control characters", what, most)
	}
	return nil
}

// legal lists what an officer may do with a ticket.
func legal(t *Ticket, actor pki.Actor) []Event {
	all := []Event{}
	for _, m := range moves {
		if m.from == t.State && byOfficer(m.event) && officer.May(actor, officer.WorkTickets) == nil {
			all = append(all, m.event)
		}
	}
	return all
}
