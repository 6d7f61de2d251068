package policy

import "slices"

// Outcome is what became of one rule.
type Outcome string

// The outcomes.
const (
	Matches    Outcome = "matches"
	NotMatched Outcome = "not-matched"
	Excepted   Outcome = "excepted"
	Disabled   Outcome = "disabled"
)

// Explanation is a Decision with the way that led to it.
type Explanation struct {
	Decision Decision `json:"decision"`
	Text     Text     `json:"text"`
	// Rules are the ones considered, in order; the last decides where Decision names one.
	Rules []Judgement `json:"rules"`
}

// Judgement is what a rule says about a request.
type Judgement struct {
	Rule    string  `json:"rule"`
	Name    string  `json:"name,omitempty"`
	Effect  Effect  `json:"effect"`
	Outcome Outcome `json:"outcome"`
	// Condition is the first one that fails, or the first of the exception that holds.
	Condition string   `json:"condition,omitempty"`
	Exception int      `json:"exception,omitempty"` // from 1
	Wanted    []string `json:"wanted,omitempty"`
	Found     []string `json:"found,omitempty"` // empty: the request or the subject has none
	// MayMatch is the level of a login with which the rule could match; 0: none.
	MayMatch Level `json:"may_match,omitempty"`
	Text     Text  `json:"text"`
}

// mostShown is how many values of a condition an explanation has.
const mostShown = 8

// Explain answers a request like Decide, by looking at every rule as it is written, and
// says why. It is for people, and much slower.
func (s *Set) Explain(r *Request) Explanation {
	e := Explanation{Decision: Decision{Reason: ReasonNoRules}, Rules: []Judgement{}}
	if s != nil {
		f := &facts{set: s, clocks: make([]clock, len(s.zones))}
		if fault := f.load(r); fault != "" {
			e.Decision = Decision{Reason: ReasonFault, Fault: fault}
		} else {
			e.walk(s, f)
		}
	}
	e.Text = e.Decision.Text()
	return e
}

func (e *Explanation) walk(s *Set, f *facts) {
	missing := Level(0)
	for _, r := range s.rules {
		j := r.judge(f)
		if e.Rules = append(e.Rules, j); j.MayMatch > 0 && (missing == 0 || j.MayMatch < missing) {
			missing = j.MayMatch
		}
		if j.Outcome != Matches {
			continue
		}
		if e.Decision = r.decision(f.subject.Level); e.Decision.Reason == ReasonRule && !e.Decision.Allowed {
			e.Decision.Missing = missing
		}
		return
	}
	e.Decision = s.byDefault(missing)
}

// judge looks at one rule, condition by condition.
func (r *rule) judge(f *facts) Judgement {
	j := Judgement{Rule: r.source.ID, Name: r.source.Name, Effect: r.source.Effect, Outcome: Matches}
	if r.source.Disabled {
		j.Outcome = Disabled
		j.Text = j.text(nil, r, f)
		return j
	}
	at := r.failing(f)
	if at != nil {
		j.Outcome = NotMatched
	} else if at, j.Exception = r.excepting(f); at != nil {
		j.Outcome = Excepted
	}
	if at != nil {
		j.Condition, j.Wanted, j.Found = at.field().String(), few(at.wanted()), few(at.found(f))
		if r.allow && r.needs > f.subject.Level && r.mayEver(f) {
			j.MayMatch = r.needs
		}
	}
	j.Text = j.text(at, r, f)
	return j
}

// failing is the first condition that does not hold, nil where all do.
func (r *rule) failing(f *facts) condition {
	for _, c := range r.when.conditions {
		if c.check(f) != yes {
			return c
		}
	}
	return nil
}

// excepting is the first exception that holds, by its first condition, and its number.
func (r *rule) excepting(f *facts) (first condition, number int) {
	for i, exception := range r.except {
		if !slices.ContainsFunc(exception.conditions, func(c condition) bool { return !exception.holds(c.check(f)) }) {
			return exception.conditions[0], i + 1
		}
	}
	return nil, 0
}

// mayEver is mayMatch without the help of the index.
func (r *rule) mayEver(f *facts) bool {
	settled := settledFields(f.subject)
	for _, c := range r.when.conditions {
		if settled.has(c.field()) && c.check(f) != yes {
			return false
		}
	}
	return !slices.ContainsFunc(r.except, func(exception *clause) bool { return exception.stays(f, settled) })
}

func few(values []string) []string {
	if len(values) > mostShown {
		values = append(slices.Clone(values[:mostShown]), "…")
	}
	return values
}
