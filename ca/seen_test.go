package ca

import (
	"fmt"
	"hash/maphash"
	"testing"
)

// TestSeen: a name that was added is never taken for new, from whichever filter, and of
// those that were not few are taken for known.
func TestSeen(t *testing.T) {
	s := newSeen()
	name := func(kind string, n int) string { return keyName(fmt.Sprint(kind, n)) }
	if s.never(name("new", 1)) {
		t.Error("it knew before it had read")
	}
	read := newFilter(1000)
	for n := range 1000 {
		read.add(maphash.String(s.seed, name("read", n)))
	}
	const many = sinceStart * 2 // more than the first filter is for
	for n := range many {
		s.add(name("added", n))
	}
	s.take(read)
	for n := range 1000 {
		if s.never(name("read", n)) {
			t.Fatalf("what was read is taken for new: %d", n)
		}
	}
	for n := range many {
		if s.never(name("added", n)) {
			t.Fatalf("what was added is taken for new: %d", n)
		}
	}
	if s.never(name("new", 1), name("read", 1)) {
		t.Error("one of two names was read")
	}
	s.doubt.Store(true)
	if s.never(name("new", 1)) {
		t.Error("an order is let through while nothing can be stored")
	}
	s.doubt.Store(false)
	wrong := 0
	for n := range 100_000 {
		if !s.never(name("new", n)) {
			wrong++
		}
	}
	if len(s.parts) != 3 || wrong > 1000 {
		t.Errorf("%d filters take %d new names of 100,000 for known", len(s.parts), wrong)
	}
}

// TestSeenIsBounded: filters end to grow, and only ask more then.
func TestSeenIsBounded(t *testing.T) {
	s := newSeen()
	for range 20 {
		last := s.parts[len(s.parts)-1]
		last.names = last.room
		s.add("one")
	}
	if s.octets() > maxSeen {
		t.Errorf("%d octets", s.octets())
	}
	s.take(newFilter(0))
	if s.never("one") {
		t.Error("taken for new")
	}
}
