package policy

import (
	"cmp"
	"encoding/binary"
	"net/netip"
	"slices"
)

// index answers most conditions of all rules at once. For each field it has, by value,
// the set of clauses the field does not exclude (a row of bits). The rows of a request's
// own values, one field after the other, cut the clauses down to the few that are looked
// at one by one.
type index struct {
	words      int // of a row
	total      int
	dimensions [fields]*dimension
	attributes []*dimension
	lists      *listDimension
	addresses  *addressDimension
	times      *dimension // has base only; the rest is computed once a second
	moments    []moment
	interned   map[string]row
	most       int  // words of all rows
	over       bool // there would be more
}

// maxIndex bounds the rows, in words: 256 MiB. Rules of an office have under one.
const maxIndex = 32 << 20

// row has a bit for each clause.
type row []uint64

func (r row) set(n int) { r[n/64] |= 1 << (n % 64) }

func newIndex(total int) *index {
	ix := &index{words: (total + 63) / 64, total: total, interned: map[string]row{}, most: maxIndex}
	ix.lists = &listDimension{conditions: map[int]*lists{}, clauses: map[int]*clause{}}
	ix.addresses = &addressDimension{clauses: newDimension(fieldAddresses)}
	ix.times = newDimension(fieldTimes)
	return ix
}

// dimension is the rows of one field.
type dimension struct {
	of      field
	clauses map[int]*clause // that have a condition on it
	wilds   []int           // that have to be checked besides
	values  map[string][]int
	belows  map[string][]int
	middles map[segment][]int
	rows    map[string]row  // by value
	below   map[string]row  // by what the value is below
	middle  map[segment]row // by one segment of the value
	base    row             // for a value that no rule names
	absent  row             // for no value
}

// segment is a segment of a path at its place.
type segment struct {
	place int
	text  string
}

func newDimension(of field) *dimension {
	return &dimension{of: of, clauses: map[int]*clause{}, values: map[string][]int{}, belows: map[string][]int{}, middles: map[segment][]int{}}
}

func (ix *index) dimension(of field) *dimension {
	if ix.dimensions[of] == nil {
		ix.dimensions[of] = newDimension(of)
	}
	return ix.dimensions[of]
}

func (ix *index) attribute(c *attribute) *dimension {
	for len(ix.attributes) <= c.kind {
		ix.attributes = append(ix.attributes, newDimension(c.of))
	}
	ix.attributes[c.kind].of = c.of
	return ix.attributes[c.kind]
}

func (d *dimension) enter(c *clause)              { d.clauses[c.number] = c }
func (d *dimension) entered(c *clause) bool       { return d.clauses[c.number] != nil }
func (d *dimension) wild(number int)              { d.wilds = append(d.wilds, number) }
func (d *dimension) add(value string, number int) { d.values[value] = append(d.values[value], number) }
func (d *dimension) addBelow(parent string, number int) {
	d.belows[parent] = append(d.belows[parent], number)
}

func (d *dimension) addSegment(s segment, number int) { d.middles[s] = append(d.middles[s], number) }

// finish makes the rows when all clauses have entered.
func (ix *index) finish() {
	for _, d := range ix.dimensions {
		if d != nil {
			d.finish(ix)
		}
	}
	for _, d := range ix.attributes {
		d.finish(ix)
	}
	ix.lists.finish(ix)
	ix.addresses.finish(ix)
	ix.times.finish(ix)
	ix.interned = nil
}

func (d *dimension) finish(ix *index) {
	d.base, d.absent = ix.without(d.clauses, func(c *clause) bool { return false }), ix.without(d.clauses, func(c *clause) bool { return c.absentHolds })
	for _, number := range d.wilds {
		d.base.set(number)
	}
	d.rows, d.below, d.middle = rowsOf(ix, d.base, d.values), rowsOf(ix, d.base, d.belows), rowsOf(ix, d.base, d.middles)
	d.values, d.belows, d.middles, d.wilds = nil, nil, nil, nil
}

// without is a row of the clauses that have no condition, and of those that hold anyway.
func (ix *index) without(clauses map[int]*clause, holds func(*clause) bool) row {
	r := make(row, ix.words)
	for number := range ix.total {
		if c := clauses[number]; c == nil || holds(c) {
			r.set(number)
		}
	}
	return r
}

func rowsOf[K comparable](ix *index, base row, values map[K][]int) map[K]row {
	rows := make(map[K]row, len(values))
	for value, numbers := range values {
		rows[value] = ix.with(base, numbers)
	}
	return rows
}

// with is base and the clauses named; equal ones are one row.
func (ix *index) with(base row, numbers []int) row {
	r := slices.Clone(base)
	for _, number := range numbers {
		r.set(number)
	}
	return ix.intern(r)
}

func (ix *index) intern(r row) row {
	key := make([]byte, 0, len(r)*8)
	for _, word := range r {
		key = binary.LittleEndian.AppendUint64(key, word)
	}
	if known, ok := ix.interned[string(key)]; ok {
		return known
	}
	if ix.most -= len(r); ix.most < 0 {
		ix.over = true // and the rules are refused
		return r
	}
	ix.interned[string(key)] = r
	return r
}

// listDimension is the rows of the lists, by set of lists.
type listDimension struct {
	conditions map[int]*lists
	clauses    map[int]*clause
	rows       []row
	base       [4]row // by whether user (1) and certificate (2) are known
}

func (d *listDimension) enter(c *clause, condition *lists) {
	d.conditions[c.number], d.clauses[c.number] = condition, c
}

func (d *listDimension) finish(ix *index) {
	if len(d.clauses) == 0 {
		return
	}
	byList := map[int][]int{}
	var lists *listIndex
	for number, condition := range d.conditions {
		lists = condition.index
		for _, list := range condition.numbers {
			byList[list] = append(byList[list], number)
		}
	}
	empty := make(row, ix.words)
	for _, set := range lists.sets {
		var numbers []int
		for _, list := range set {
			numbers = append(numbers, byList[list]...)
		}
		d.rows = append(d.rows, ix.with(empty, numbers))
	}
	for known := range d.base {
		d.base[known] = ix.without(d.clauses, func(c *clause) bool {
			return c.absentHolds && d.conditions[c.number].unknown(known&1 != 0, known&2 != 0)
		})
	}
}

// addressDimension is the rows of addresses: from each address in starts to the next one
// the answer is the same.
type addressDimension struct {
	clauses *dimension
	spans   []clauseSpan
	starts  []netip.Addr
	rows    []row
	base    row // before the first
}

type clauseSpan struct {
	span
	number int
}

func (d *addressDimension) enter(c *clause) { d.clauses.enter(c) }

func (d *addressDimension) finish(ix *index) {
	d.base = ix.without(d.clauses.clauses, func(*clause) bool { return false })
	type change struct {
		at     netip.Addr
		number int
		enters bool
	}
	var changes []change
	for _, s := range d.spans {
		changes = append(changes, change{s.first, s.number, true})
		if after, ok := following(s.last); ok {
			changes = append(changes, change{after, s.number, false})
		}
	}
	slices.SortFunc(changes, func(a, b change) int { return cmp.Or(a.at.Compare(b.at), a.number-b.number) })
	current, depth := slices.Clone(d.base), make([]int, ix.total)
	for i, c := range changes {
		if c.enters {
			depth[c.number]++
		} else {
			depth[c.number]--
		}
		if current[c.number/64] &^= 1 << (c.number % 64); depth[c.number] > 0 {
			current.set(c.number)
		}
		if i+1 == len(changes) || changes[i+1].at != c.at {
			d.starts = append(d.starts, c.at)
			d.rows = append(d.rows, ix.intern(slices.Clone(current)))
		}
	}
	d.spans = nil
}

func (d *addressDimension) find(a netip.Addr) row {
	i, same := slices.BinarySearchFunc(d.starts, a, netip.Addr.Compare)
	if same {
		i++
	}
	if i == 0 {
		return d.base
	}
	return d.rows[i-1]
}

// group is the rows of one field, of which a clause has to be in one.
type group struct {
	of         field
	start, end int
}

// look collects the rows of a request, the most telling fields first.
func (ix *index) look(f *facts) {
	for of, d := range ix.dimensions {
		if d == nil {
			continue
		}
		start := len(f.rows)
		switch field(of) {
		case fieldHosts:
			d.lookHost(f)
		case fieldPaths, fieldUnits:
			d.lookPlace(f)
		default:
			values, known := f.texts(d.of)
			d.look(f, values, known)
		}
		f.groups = append(f.groups, group{d.of, start, len(f.rows)})
	}
	for kind, d := range ix.attributes {
		start := len(f.rows)
		d.lookName(f, kind)
		f.groups = append(f.groups, group{d.of, start, len(f.rows)})
	}
	if len(ix.lists.clauses) > 0 {
		start := len(f.rows)
		ix.lists.look(f)
		f.groups = append(f.groups, group{fieldLists, start, len(f.rows)})
	}
	if len(ix.addresses.clauses.clauses) > 0 {
		f.rows = append(f.rows, ix.addresses.find(f.address))
		f.groups = append(f.groups, group{fieldAddresses, len(f.rows) - 1, len(f.rows)})
	}
	if len(ix.moments) > 0 {
		f.rows = append(f.rows, f.now(ix))
		f.groups = append(f.groups, group{fieldTimes, len(f.rows) - 1, len(f.rows)})
	}
}

// now is the row of the moment. Within one second no window opens or closes, so that it
// is used again.
func (f *facts) now(ix *index) row {
	if f.moment != nil && f.momentAt == f.second {
		return f.moment
	}
	f.moment, f.momentAt = append(f.moment[:0], ix.times.base...), f.second
	for _, m := range ix.moments {
		if m.times.check(f) == yes {
			f.moment.set(m.number)
		}
	}
	return f.moment
}

func (d *dimension) look(f *facts, values []string, known bool) {
	if !known {
		f.rows = append(f.rows, d.absent)
		return
	}
	start := len(f.rows)
	for _, value := range values {
		if r, ok := d.rows[value]; ok {
			f.rows = append(f.rows, r)
		}
	}
	if len(f.rows) == start {
		f.rows = append(f.rows, d.base)
	}
}

func (d *dimension) lookHost(f *facts) {
	if f.host == "" {
		f.rows = append(f.rows, d.absent)
		return
	}
	d.look(f, text(f.host), true)
	if len(d.below) == 0 {
		return
	}
	for parent := range parents(f.host) {
		if r, ok := d.below[parent]; ok {
			f.rows = append(f.rows, r)
		}
	}
}

func (d *dimension) lookPlace(f *facts) {
	at, known := f.place(d.of)
	if !known {
		f.rows = append(f.rows, d.absent)
		return
	}
	f.rows = append(f.rows, d.base)
	if r, ok := d.rows[at]; ok {
		f.rows = append(f.rows, r)
	}
	place, begin := 0, 1
	for end := 0; end <= len(at); end++ {
		if end < len(at) && at[end] != '/' {
			continue
		}
		if r, ok := d.below[at[:end]]; ok {
			f.rows = append(f.rows, r)
		}
		if end > 0 && len(d.middle) > 0 {
			if r, ok := d.middle[segment{place, at[begin:end]}]; ok {
				f.rows = append(f.rows, r)
			}
			place, begin = place+1, end+1
		}
	}
}

func (d *dimension) lookName(f *facts, kind int) {
	if f.subject.Certificate == nil {
		f.rows = append(f.rows, d.absent)
		return
	}
	start := len(f.rows)
	for i := range f.names {
		if f.names[i].kind != kind {
			continue
		}
		if r, ok := d.rows[f.names[i].folded]; ok {
			f.rows = append(f.rows, r)
		}
	}
	if len(f.rows) == start {
		f.rows = append(f.rows, d.base)
	}
}

func (d *listDimension) look(f *facts) {
	known := 0
	if f.subject.User != "" {
		known |= 1
	}
	if f.subject.Certificate != nil {
		known |= 2
	}
	f.rows = append(f.rows, d.base[known])
	for _, set := range f.member {
		f.rows = append(f.rows, d.rows[set])
	}
}

// candidates are the clauses of one word that no group of the fields excludes.
func (f *facts) candidates(word int, of fieldSet) uint64 {
	m := ^uint64(0)
	for _, g := range f.groups {
		if !of.has(g.of) {
			continue
		}
		var either uint64
		for _, r := range f.rows[g.start:g.end] {
			either |= r[word]
		}
		if m &= either; m == 0 {
			return 0
		}
	}
	return m
}
