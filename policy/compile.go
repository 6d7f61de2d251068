package policy

import (
	"fmt"
	"regexp"
	"slices"
	"time"
	_ "time/tzdata" // a minimal machine has no zones of its own
)

// Bounds of rules.
const (
	maxRules      = 10_000
	maxExceptions = 16
	maxValues     = 200_000   // in the conditions of all rules
	maxEntries    = 1_000_000 // in all lists
	maxWord       = 1024      // octets of one value
	maxAbout      = 4096      // octets of a name or description
	maxSpans      = 1_000_000 // of addresses, counted for each rule that asks for them
	maxZones      = 64
)

// compiler turns Rules into a Set and collects faults on the way.
type compiler struct {
	set      *Set
	rules    *Rules
	faults   Faults
	rule     string // where we are
	at       string // when, except.0
	values   int
	spanned  int
	networks map[string][]span
	zones    map[string]int
}

// Compile checks rules and makes them ready. The error is a *pki.Error of kind Invalid;
// FaultsOf gives each fault with its rule and field, and what to do. The rules must not
// be changed afterwards.
func Compile(rules *Rules) (*Set, error) {
	c := &compiler{rules: rules, zones: map[string]int{}, networks: map[string][]span{}}
	c.set = &Set{source: rules, calendars: map[string]*calendar{}}
	c.head()
	c.readCalendars()
	c.readNetworks()
	c.readLists()
	c.readRules()
	if len(c.faults) > 0 {
		return nil, c.faults.refusal()
	}
	if c.build(); c.set.index.over {
		c.rule = ""
		c.fault("rules", "too-many", maxIndex)
		return nil, c.faults.refusal()
	}
	return c.set, nil
}

func (c *compiler) fault(field, code string, about ...any) {
	if len(c.faults) < maxFaults {
		c.faults = append(c.faults, fault(c.rule, field, code, about...))
	}
}

func (c *compiler) head() {
	if c.rules.Version != 1 {
		c.fault("version", "version", c.rules.Version)
	}
	if c.rules.Default != "" && c.rules.Default != Allow && c.rules.Default != Deny {
		c.fault("default", "effect", string(c.rules.Default))
	}
	c.set.allow = c.rules.Default == Allow
	if len(c.rules.Rules) > maxRules {
		c.fault("rules", "too-many", maxRules)
	}
}

func (c *compiler) readCalendars() {
	for _, name := range sorted(c.rules.Calendars) {
		days, field, value := newCalendar(c.rules.Calendars[name])
		if field != "" {
			c.fault("calendars."+shown(name)+"."+field, "calendar", value)
			continue
		}
		c.set.calendars[name] = days
	}
}

func (c *compiler) readNetworks() {
	for _, name := range sorted(c.rules.Networks) {
		c.networks[name] = c.spans("networks."+shown(name), c.rules.Networks[name])
	}
}

func (c *compiler) spans(field string, texts []string) (all []span) {
	for _, text := range texts {
		s, ok := parseSpan(text)
		if !ok {
			c.fault(field, "address", text)
			continue
		}
		all = append(all, s)
	}
	c.count(field, len(texts))
	return merged(all)
}

func (c *compiler) count(field string, n int) {
	if c.values <= maxValues && c.values+n > maxValues {
		c.fault(field, "too-many", maxValues)
	}
	c.values += n
}

func sorted[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

var ruleID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

func (c *compiler) readRules() {
	seen := map[string]bool{}
	for i := range c.rules.Rules {
		source := &c.rules.Rules[i]
		if c.rule = source.ID; !ruleID.MatchString(source.ID) {
			c.rule = fmt.Sprintf("#%d", i+1)
			c.fault("id", "id", source.ID)
		} else if seen[source.ID] {
			c.fault("id", "id-twice", source.ID)
		}
		seen[source.ID] = true
		c.set.rules = append(c.set.rules, c.readRule(source))
		if len(c.faults) >= maxFaults {
			return
		}
	}
}

func (c *compiler) readRule(source *Rule) *rule {
	r := &rule{source: source, allow: source.Effect == Allow, require: source.RequireLevel}
	if source.Effect != Allow && source.Effect != Deny {
		c.fault("effect", "effect", string(source.Effect))
	}
	if c.level("require_level", source.RequireLevel); source.RequireLevel != 0 && source.Effect == Deny {
		c.fault("require_level", "level-deny")
	}
	if len(source.Name)+len(source.Description) > maxAbout {
		c.fault("name", "long", maxAbout)
	}
	if len(source.Except) > maxExceptions {
		c.fault("except", "too-many", maxExceptions)
	}
	c.at = "when"
	r.when = &clause{conditions: c.conditions(&source.When)}
	for i := range source.Except {
		c.at = fmt.Sprintf("except.%d", i+1)
		exception := &clause{conditions: c.conditions(&source.Except[i]), absentHolds: r.allow}
		if len(exception.conditions) == 0 {
			c.fault(c.at, "nothing")
		}
		r.except = append(r.except, exception)
	}
	r.needs = r.least()
	return r
}

func (c *compiler) level(field string, level Level) {
	if level < LevelAnonymous || level > LevelHighest {
		c.fault(field, "level", int(level))
	}
}

// never is the level of a rule no login satisfies, and of rules that deny.
const never Level = -1

// least is the lowest level of any login the rule could allow.
func (r *rule) least() Level {
	if !r.allow {
		return never
	}
	implied := r.require
	for _, condition := range r.when.conditions {
		implied = max(implied, condition.field().implied())
		if l, ok := condition.(*lists); ok {
			implied = max(implied, l.implied())
		}
	}
	best := never
	for _, login := range Logins() {
		if level := login.Level(); level >= implied && (best == never || level < best) && r.admits(login) {
			best = level
		}
	}
	return best
}

// admits: neither kind nor level of the login speaks against it.
func (r *rule) admits(login Login) bool {
	for _, condition := range r.when.conditions {
		if w, ok := condition.(*words); ok && !w.admits(login, true) {
			return false
		}
	}
	for _, exception := range r.except {
		out := true
		for _, condition := range exception.conditions {
			w, ok := condition.(*words)
			out = out && ok && (w.of == fieldLevel || w.of == fieldLogins) && w.admits(login, false)
		}
		if out {
			return false
		}
	}
	return true
}

func (c *words) admits(login Login, otherwise bool) bool {
	switch c.of {
	case fieldLevel:
		return slices.Contains(c.set, levelNames[login.Level()])
	case fieldLogins:
		return slices.Contains(c.set, string(login))
	}
	return otherwise
}

// implied: who is in a list of users has at least a password.
func (c *lists) implied() Level {
	least := LevelCertificate
	for _, number := range c.numbers {
		if c.index.lists[number].people {
			least = LevelPassword
		}
	}
	return least
}

// build numbers the clauses and makes the index.
func (c *compiler) build() {
	s := c.set
	for _, r := range s.rules {
		if !r.source.Disabled {
			s.active = append(s.active, r)
		}
	}
	total := (len(s.active) + 63) / 64 * 64 // exceptions begin with a word of their own
	var all []*clause
	for i, r := range s.active {
		r.when.number = i
		all = append(all, r.when)
		for _, exception := range r.except {
			exception.number = total
			total++
			all = append(all, exception)
		}
	}
	s.index = newIndex(total)
	for _, one := range all {
		for _, condition := range one.conditions {
			if !condition.enter(s.index, one) {
				one.slow = append(one.slow, condition)
			}
			s.prepare(condition)
		}
	}
	s.index.finish()
	for level := range s.needs {
		s.needs[level] = make(row, s.index.words)
	}
	for i, r := range s.active {
		if r.needs != never {
			s.needs[r.needs].set(i)
		}
	}
	if s.lists != nil {
		s.lists.longer = nil
	}
}

// prepare notes what of a request has to be made ready for a condition.
func (s *Set) prepare(condition condition) {
	if of, ok := condition.(*places); ok {
		s.needsUnits = s.needsUnits || of.of == fieldUnits
		s.foldsPaths = s.foldsPaths || of.of == fieldPaths && of.fold
	}
}

// zone numbers the time zones in use.
func (c *compiler) zone(field, name string) int {
	if number, ok := c.zones[name]; ok {
		return number
	}
	location, err := time.LoadLocation(name)
	if err != nil || name == "Local" || name == "" {
		c.fault(field, "zone", name)
		return 0
	}
	if len(c.set.zones) == maxZones {
		c.fault(field, "too-many", maxZones)
	}
	c.zones[name] = len(c.set.zones)
	c.set.zones = append(c.set.zones, location)
	return c.zones[name]
}
