package ca

import (
	"bytes"
	"encoding/hex"
	"slices"
	"sort"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"onecert/pki"
)

// pieceOctets is the size of a piece: a revocation rewrites one, so small ones make it
// cheap; each is a row of the database and 8 octets in the list it stands in.
const pieceOctets = 4096

// piece is entries of a list in DER. Once it stands in a run it never changes: lists
// being signed, lists stored before and the run of today share it.
type piece struct {
	octets  []byte
	first   []byte // serial of the first entry
	entries int64
	id      int64 // of its row; 0: not stored yet
}

// run is the entries of one list, sorted by serial. One more or one less is the work
// of one piece, whether there are ten entries or a million.
type run struct {
	pieces  []*piece
	entries int64
	octets  int
}

// serialOctets is what entries are sorted by: big-endian, without leading zero, so the
// order is that of the serials' text.
func serialOctets(s pki.Serial) []byte {
	octets, err := hex.DecodeString(string(s))
	if err != nil {
		return []byte(s) // no serial that was parsed
	}
	return octets
}

// nextEntry takes the first entry off a piece.
func nextEntry(octets *cryptobyte.String) (serial, entry []byte, ok bool) {
	var whole, body, number cryptobyte.String
	if !octets.ReadASN1Element(&whole, cbasn1.SEQUENCE) {
		return nil, nil, false
	}
	rest := whole
	if !rest.ReadASN1(&body, cbasn1.SEQUENCE) || !body.ReadASN1(&number, cbasn1.INTEGER) {
		return nil, nil, false
	}
	if len(number) > 1 && number[0] == 0 {
		number = number[1:]
	}
	return number, whole, true
}

// find returns the place of the piece that has a serial or would get it.
func (r *run) find(serial []byte) int {
	after := sort.Search(len(r.pieces), func(n int) bool { return bytes.Compare(r.pieces[n].first, serial) > 0 })
	return max(0, after-1)
}

// cut divides a piece at a serial.
func (p *piece) cut(serial []byte) (before, own, after []byte) {
	rest := cryptobyte.String(p.octets)
	for !rest.Empty() {
		at := len(p.octets) - len(rest)
		found, entry, ok := nextEntry(&rest)
		if !ok {
			break // our own encoding: it cannot be
		}
		switch order := bytes.Compare(found, serial); {
		case order == 0:
			return p.octets[:at], entry, rest
		case order > 0:
			return p.octets[:at], nil, p.octets[at:]
		}
	}
	return p.octets, nil, nil
}

// put adds an entry or takes the place of the one with its serial.
func (r *run) put(serial, entry []byte) {
	if len(r.pieces) == 0 {
		r.pieces = []*piece{{octets: bytes.Clone(entry), first: bytes.Clone(serial), entries: 1}}
		r.entries, r.octets = 1, len(entry)
		return
	}
	n := r.find(serial)
	old := r.pieces[n]
	before, own, after := old.cut(serial)
	count := old.entries + 1
	if own != nil {
		count--
	}
	r.replace(n, slices.Concat(before, entry, after), count)
}

// remove takes an entry out; without it nothing happens.
func (r *run) remove(serial []byte) {
	if len(r.pieces) == 0 {
		return
	}
	n := r.find(serial)
	before, own, after := r.pieces[n].cut(serial)
	if own != nil {
		r.replace(n, slices.Concat(before, after), r.pieces[n].entries-1)
	}
}

// replace puts new pieces in the place of one: none, one, or two halves of a large one.
func (r *run) replace(n int, octets []byte, entries int64) {
	old := r.pieces[n]
	r.entries += entries - old.entries
	r.octets += len(octets) - len(old.octets)
	var made []*piece
	switch {
	case entries == 0:
	case len(octets) > pieceOctets && entries > 1:
		made = halves(octets, entries)
	default:
		made = []*piece{newPiece(octets, entries)}
	}
	if len(made) == 1 {
		r.pieces[n] = made[0]
		return
	}
	r.pieces = slices.Replace(r.pieces, n, n+1, made...)
}

func newPiece(octets []byte, entries int64) *piece {
	rest := cryptobyte.String(octets)
	first, _, _ := nextEntry(&rest)
	return &piece{octets: octets, first: first, entries: entries}
}

func halves(octets []byte, entries int64) []*piece {
	rest := cryptobyte.String(octets)
	var count int64
	for count < entries-1 && (count == 0 || len(octets)-len(rest) < len(octets)/2) {
		if _, _, ok := nextEntry(&rest); !ok {
			break
		}
		count++
	}
	at := len(octets) - len(rest)
	// Each half in memory of its own: the other one will be replaced.
	return []*piece{newPiece(bytes.Clone(octets[:at]), count), newPiece(bytes.Clone(octets[at:]), entries-count)}
}

// snapshot is the run as it is now; pieces never change.
func (r *run) snapshot() run {
	return run{pieces: slices.Clone(r.pieces), entries: r.entries, octets: r.octets}
}

// joined is several runs as one list. A CRL need not be sorted.
func joined(runs []*run) run {
	var all run
	for _, r := range runs {
		all.pieces = append(all.pieces, r.pieces...)
		all.entries += r.entries
		all.octets += r.octets
	}
	return all
}

// all hands the serials of a run to fn, in order.
func (r *run) all(fn func(serial []byte) bool) {
	for _, p := range r.pieces {
		for rest := cryptobyte.String(p.octets); !rest.Empty(); {
			serial, _, ok := nextEntry(&rest)
			if !ok || !fn(serial) {
				return
			}
		}
	}
}

// loader fills an empty run in the order of serials.
type loader struct {
	run     *run
	octets  []byte
	entries int64
}

func (l *loader) add(entry []byte) {
	if l.entries > 0 && len(l.octets)+len(entry) > pieceOctets {
		l.flush()
	}
	l.octets = append(l.octets, entry...)
	l.entries++
}

func (l *loader) flush() {
	if l.entries == 0 {
		return
	}
	l.run.pieces = append(l.run.pieces, newPiece(bytes.Clone(l.octets), l.entries))
	l.run.entries += l.entries
	l.run.octets += len(l.octets)
	l.octets, l.entries = l.octets[:0], 0
}

// changes is what a delta list lists: what was held, released or revoked after the
// journal number of the full list it builds on.
type changes struct {
	run   run
	last  map[string]int64 // of each serial its last change
	queue []changedAt      // in the order of the journal
}

type changedAt struct {
	number int64
	serial string
}

func (c *changes) put(number int64, serial, entry []byte) {
	if c.last == nil {
		c.last = map[string]int64{}
	}
	c.run.put(serial, entry)
	c.last[string(serial)] = number
	c.queue = append(c.queue, changedAt{number, string(serial)})
}

// forget leaves out what the full list with journal number after has already.
func (c *changes) forget(after int64) {
	n := 0
	for n < len(c.queue) && c.queue[n].number <= after {
		if q := c.queue[n]; c.last[q.serial] == q.number {
			c.run.remove([]byte(q.serial))
			delete(c.last, q.serial)
		}
		n++
	}
	c.queue = c.queue[n:]
}
