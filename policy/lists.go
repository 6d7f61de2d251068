package policy

import "slices"

// listIndex answers in which lists a subject stands, with four look-ups however many
// lists there are.
type listIndex struct {
	fingerprints map[string]int // to a number in sets
	serials      map[string]int
	names        map[string]int
	users        map[string]int
	sets         [][]int // numbers of lists
	longer       map[[2]int]int
	lists        []listed
	numbers      map[string]int
}

// listed is what has to be known of a list beside its entries.
type listed struct {
	name                string
	people, certificate bool // kinds of entries
}

func newListIndex() *listIndex {
	return &listIndex{map[string]int{}, map[string]int{}, map[string]int{}, map[string]int{}, [][]int{nil}, map[[2]int]int{}, nil, map[string]int{}}
}

// put adds an entry of a list. Entries with the same lists share a set.
func (ix *listIndex) put(entries map[string]int, key string, list int) {
	set := entries[key]
	if n := len(ix.sets[set]); n > 0 && ix.sets[set][n-1] == list {
		return
	}
	next, ok := ix.longer[[2]int{set, list}]
	if !ok {
		next = len(ix.sets)
		ix.sets = append(ix.sets, append(slices.Clip(ix.sets[set]), list))
		ix.longer[[2]int{set, list}] = next
	}
	entries[key] = next
}

// lists is a condition on the lists a subject stands in.
type lists struct {
	values  []string
	numbers []int
	index   *listIndex
}

func (c *lists) field() field     { return fieldLists }
func (c *lists) wanted() []string { return c.values }

func (c *lists) check(f *facts) verdict {
	for _, set := range f.member {
		for _, number := range c.index.sets[set] {
			if slices.Contains(c.numbers, number) {
				return yes
			}
		}
	}
	if c.unknown(f.subject.User != "", f.subject.Certificate != nil) {
		return absent
	}
	return no
}

// unknown: a list that has only entries of a kind the subject lacks cannot be asked.
func (c *lists) unknown(user, certificate bool) bool {
	return slices.ContainsFunc(c.numbers, func(number int) bool {
		l := c.index.lists[number]
		return (l.people || l.certificate) && !(l.people && user) && !(l.certificate && certificate)
	})
}

func (c *lists) found(f *facts) (all []string) {
	for _, set := range f.member {
		for _, number := range c.index.sets[set] {
			all = append(all, c.index.lists[number].name)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func (c *lists) enter(ix *index, of *clause) bool {
	ix.lists.enter(of, c)
	return true
}

func (c *lists) covers(other condition) bool {
	return !slices.ContainsFunc(other.(*lists).numbers, func(number int) bool { return !slices.Contains(c.numbers, number) })
}
