package policy

import (
	"math/bits"
	"sync"
	"time"
)

// Set is Rules made ready for deciding. It does not change; any number of goroutines
// may ask it.
type Set struct {
	rules      []*rule // as written
	active     []*rule // without those disabled; the number of a rule's When is its place here
	allow      bool    // what the default does
	index      *index
	lists      *listIndex // nil where no rule asks for one
	zones      []*time.Location
	calendars  map[string]*calendar
	source     *Rules
	needs      [LevelHighest + 1]row // rules that allow and need just that level
	kinds      []kind
	needsUnits bool
	foldsPaths bool
	spare      sync.Pool // of *facts
}

// kind is a type of attribute some rule asks for, of the subject's or the issuer's name.
type kind struct {
	of    field
	short string
}

// rule is a Rule, made ready.
type rule struct {
	source  *Rule
	when    *clause
	except  []*clause
	allow   bool
	require Level
	needs   Level // the least a login has to be for the rule to allow
}

// Decide answers a request. A nil Set denies everything.
func (s *Set) Decide(r *Request) Decision {
	if s == nil {
		return Decision{Reason: ReasonNoRules}
	}
	f := s.facts()
	decision := s.decide(f, r)
	f.clear()
	s.spare.Put(f)
	return decision
}

func (s *Set) facts() *facts {
	if f, ok := s.spare.Get().(*facts); ok {
		return f
	}
	return &facts{set: s, clocks: make([]clock, len(s.zones))}
}

func (s *Set) decide(f *facts, r *Request) Decision {
	if fault := f.load(r); fault != "" {
		return Decision{Reason: ReasonFault, Fault: fault}
	}
	s.index.look(f)
	n := s.first(f)
	if n < 0 {
		return s.byDefault(s.hint(f, len(s.active)))
	}
	d := s.active[n].decision(f.subject.Level)
	if d.Reason == ReasonRule && !d.Allowed {
		d.Missing = s.hint(f, n)
	}
	return d
}

func (s *Set) byDefault(missing Level) Decision {
	if s.allow {
		missing = 0
	}
	return Decision{Allowed: s.allow, Reason: ReasonDefault, Missing: missing}
}

// decision is what a rule that matches says.
func (r *rule) decision(level Level) Decision {
	d := Decision{Reason: ReasonRule, Rule: r.source.ID, Name: r.source.Name}
	if r.allow && level < r.require {
		d.Reason, d.Missing = ReasonLevel, r.require
	} else {
		d.Allowed = r.allow
	}
	return d
}

// first is the first rule that matches, -1 where none does.
func (s *Set) first(f *facts) int {
	for word := 0; word*64 < len(s.active); word++ {
		for m := f.candidates(word, allFields); m != 0; m &= m - 1 {
			n := word*64 + bits.TrailingZeros64(m)
			if n >= len(s.active) {
				return -1
			}
			if s.matches(f, s.active[n]) {
				return n
			}
		}
	}
	return -1
}

// matches judges what the index has left open.
func (s *Set) matches(f *facts, r *rule) bool {
	for _, c := range r.when.slow {
		if c.check(f) != yes {
			return false
		}
	}
	for _, exception := range r.except {
		if s.excepts(f, exception) {
			return false
		}
	}
	return true
}

func (s *Set) excepts(f *facts, c *clause) bool {
	if f.candidates(c.number/64, allFields)>>(c.number%64)&1 == 0 {
		return false
	}
	for _, slow := range c.slow {
		if !c.holds(slow.check(f)) {
			return false
		}
	}
	return true
}

// hint is the lowest level above the subject's at which one of the first rules could
// allow what was denied: everything matches that another login would not change.
func (s *Set) hint(f *facts, before int) Level {
	settled := settledFields(f.subject)
	for level := f.subject.Level + 1; level <= LevelHighest; level++ {
		for word := 0; word*64 < before; word++ {
			m := s.needs[level][word]
			if m == 0 {
				continue
			}
			for m &= f.candidates(word, settled); m != 0; m &= m - 1 {
				n := word*64 + bits.TrailingZeros64(m)
				if n >= before {
					break
				}
				if s.active[n].mayMatch(f, settled) {
					return level
				}
			}
		}
	}
	return 0
}

// mayMatch: no condition that is settled fails, and no exception holds for good.
func (r *rule) mayMatch(f *facts, settled fieldSet) bool {
	for _, c := range r.when.slow {
		if settled.has(c.field()) && c.check(f) != yes {
			return false
		}
	}
	for _, exception := range r.except {
		if exception.stays(f, settled) {
			return false
		}
	}
	return true
}

// stays: every condition of an exception holds whatever the next login is.
func (c *clause) stays(f *facts, settled fieldSet) bool {
	for _, condition := range c.conditions {
		if !settled.has(condition.field()) || !c.holds(condition.check(f)) {
			return false
		}
	}
	return true
}
