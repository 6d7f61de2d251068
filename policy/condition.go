package policy

import "slices"

// verdict is what a condition says.
type verdict uint8

const (
	no     verdict = iota
	absent         // there is nothing to judge by
	yes
)

// condition is one condition of a rule, made ready.
type condition interface {
	field() field
	check(f *facts) verdict
	// enter puts the condition of a clause into the index. exact: the index alone answers
	// it; else a clause that the index lets through has to be checked.
	enter(ix *index, c *clause) (exact bool)
	wanted() []string
	found(f *facts) []string
	// covers tells that whatever holds for other, of the same field, holds here too.
	covers(other condition) bool
}

// clause is conditions that have to hold together: a rule's When, or one of its Except.
type clause struct {
	number      int
	conditions  []condition
	slow        []condition // the ones the index cannot answer
	absentHolds bool        // an exception of a rule that allows: not knowing takes out
}

// holds turns a verdict into an answer for this clause.
func (c *clause) holds(v verdict) bool { return v == yes || v == absent && c.absentHolds }

// words is a condition on a field whose values are compared as they are.
type words struct {
	of     field
	values []string // as written
	set    []string // sorted; for least_level more than is written
}

func (c *words) field() field     { return c.of }
func (c *words) wanted() []string { return c.values }

func (c *words) check(f *facts) verdict {
	values, known := f.texts(c.of)
	if !known {
		return absent
	}
	for _, value := range values {
		if _, ok := slices.BinarySearch(c.set, value); ok {
			return yes
		}
	}
	return no
}

func (c *words) found(f *facts) []string {
	values, _ := f.texts(c.of)
	return slices.DeleteFunc(slices.Clone(values), func(value string) bool { return value == "" })
}

func (c *words) enter(ix *index, of *clause) bool {
	d := ix.dimension(c.of)
	for _, value := range c.set {
		d.add(value, of.number)
	}
	d.enter(of)
	return true
}

func (c *words) covers(other condition) bool { return subset(other.(*words).set, c.set) }

// subset of sorted texts.
func subset(less, more []string) bool {
	for _, text := range less {
		if _, ok := slices.BinarySearch(more, text); !ok {
			return false
		}
	}
	return true
}

// hosts is a condition on the host asked for: as it is, or anything below a domain.
type hosts struct {
	values []string
	exact  []string // sorted
	below  []string // sorted, without "*."
}

func (c *hosts) field() field     { return fieldHosts }
func (c *hosts) wanted() []string { return c.values }

func (c *hosts) check(f *facts) verdict {
	if f.host == "" {
		return absent
	}
	if _, ok := slices.BinarySearch(c.exact, f.host); ok {
		return yes
	}
	for parent := range parents(f.host) {
		if _, ok := slices.BinarySearch(c.below, parent); ok {
			return yes
		}
	}
	return no
}

// parents are the domains a host is below, nearest first.
func parents(host string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for i := range len(host) {
			if host[i] == '.' && !yield(host[i+1:]) {
				return
			}
		}
	}
}

func (c *hosts) found(f *facts) []string { return text(f.host) }

func (c *hosts) enter(ix *index, of *clause) bool {
	d := ix.dimension(fieldHosts)
	for _, host := range c.exact {
		d.add(host, of.number)
	}
	for _, domain := range c.below {
		d.addBelow(domain, of.number)
	}
	d.enter(of)
	return true
}

func (c *hosts) covers(other condition) bool {
	o := other.(*hosts)
	for _, host := range o.exact {
		if c.check(&facts{host: host}) != yes {
			return false
		}
	}
	return subset(o.below, c.below)
}

// places is a condition on the path, or on the chain of units.
type places struct {
	of     field
	values []string
	all    []place
	fold   bool // paths: without regard to case; units are always folded
}

func (c *places) field() field     { return c.of }
func (c *places) wanted() []string { return c.values }

func (c *places) check(f *facts) verdict {
	at, known := f.place(c.of)
	if !known {
		return absent
	}
	if c.fold && c.of == fieldPaths {
		at = f.folded
	}
	for i := range c.all {
		if c.all[i].matches(at) {
			return yes
		}
	}
	return no
}

// place is where a request or a subject stands.
func (f *facts) place(of field) (at string, known bool) {
	if of == fieldPaths {
		return f.path, f.hasPath
	}
	return f.units, f.units != ""
}

func (c *places) found(f *facts) []string {
	at, known := f.place(c.of)
	if !known {
		return nil
	}
	if at == "" {
		at = "/"
	}
	return []string{at}
}

func (c *places) enter(ix *index, of *clause) (exact bool) {
	d := ix.dimension(c.of)
	d.enter(of)
	if c.fold && c.of == fieldPaths {
		d.wild(of.number)
		return false
	}
	exact = true
	for i := range c.all {
		switch p := &c.all[i]; {
		case p.segments != nil:
			if exact = false; p.telling < 0 {
				d.wild(of.number)
				continue
			}
			text, _ := p.segments[p.telling].literal()
			d.addSegment(segment{p.telling, text}, of.number)
		case p.below:
			d.addBelow(p.literal, of.number)
		default:
			d.add(p.literal, of.number)
		}
	}
	return exact
}

func (c *places) covers(other condition) bool {
	o := other.(*places)
	if c.fold != o.fold {
		return false
	}
	for i := range o.all {
		if !slices.ContainsFunc(c.all, func(p place) bool { return p.covers(&o.all[i]) }) {
			return false
		}
	}
	return true
}

// covers is careful: it says yes only where that is plain.
func (p *place) covers(o *place) bool {
	if p.source == o.source {
		return true
	}
	if p.segments != nil || o.segments != nil {
		return false
	}
	return (p.below || !o.below) && p.matches(o.literal)
}

// attribute is a condition on attributes of the subject's or the issuer's name.
type attribute struct {
	of     field
	short  string
	values []string
	exact  []string // sorted, folded; none with matchCase
	wild   []pattern
	fold   bool
	kind   int // of the set's attributes
}

func (c *attribute) field() field { return c.of }

func (c *attribute) wanted() []string {
	all := make([]string, len(c.values))
	for i, value := range c.values {
		all[i] = c.short + "=" + value
	}
	return all
}

func (c *attribute) check(f *facts) verdict {
	if f.subject.Certificate == nil {
		return absent
	}
	for i := range f.names {
		if a := &f.names[i]; a.kind == c.kind && c.matches(a) {
			return yes
		}
	}
	return no
}

func (c *attribute) matches(a *named) bool {
	value := a.value
	if c.fold {
		if value = a.folded; len(c.exact) > 0 {
			if _, ok := slices.BinarySearch(c.exact, value); ok {
				return true
			}
		}
	}
	octets := a.octets[0]
	if c.fold {
		octets = a.octets[1]
	}
	for i := range c.wild {
		if c.wild[i].octets&^octets == 0 && c.wild[i].matches(value) {
			return true
		}
	}
	return false
}

func (c *attribute) found(f *facts) (all []string) {
	for _, a := range f.names {
		if a.kind == c.kind {
			all = append(all, c.short+"="+a.value)
		}
	}
	return all
}

// enter: of two conditions of one clause on one type, which may hold for different
// attributes, the index knows the first.
func (c *attribute) enter(ix *index, of *clause) (exact bool) {
	d := ix.attribute(c)
	if d.entered(of) {
		return false
	}
	d.enter(of)
	for _, value := range c.exact {
		d.add(value, of.number)
	}
	if len(c.wild) > 0 {
		d.wild(of.number)
	}
	return len(c.wild) == 0
}

func (c *attribute) covers(other condition) bool {
	o := other.(*attribute)
	if c.kind != o.kind || c.fold != o.fold {
		return false
	}
	for _, value := range o.values {
		if !slices.Contains(c.values, value) && !c.coversLiteral(value) {
			return false
		}
	}
	return true
}

func (c *attribute) coversLiteral(source string) bool {
	one := newPattern(source, c.fold)
	literal, ok := one.literal()
	return ok && c.matches(&named{value: literal, folded: literal, octets: [2]uint64{octetsOf(literal), octetsOf(literal)}})
}

func text(value string) []string {
	if value == "" {
		return nil
	}
	return []string{value}
}
