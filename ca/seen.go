package ca

import (
	"context"
	"fmt"
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"
)

// seen answers for most names of an order, without asking the database, that no order
// there has them: a new applicant's key, application and holder are new as a rule. It
// is wrong in one direction only: some names it takes for known are not, and for those
// the database is asked.
//
// It holds what the database held at the start, read in the background, and every order
// since, from before it can be committed on: a CA is the only writer of its database.
// Until all was read it knows of nothing.
type seen struct {
	seed  maphash.Seed
	ready atomic.Bool
	doubt atomic.Bool // the last steps could not be stored: look, before a pair is taken for nothing
	mu    sync.RWMutex
	parts []*filter // the last takes what is new, the others are full or were read
}

// maxSeen bounds the memory of all filters, in octets. Beyond it the last one takes
// everything, and the database is asked the oftener.
const maxSeen = 256 << 20

// sinceStart is for how many names the first filter is, half a MiB; each further one is
// for widening times as many, so that there are few to look through.
const sinceStart, widening = 1 << 18, 4

func newSeen() *seen {
	return &seen{seed: maphash.MakeSeed(), parts: []*filter{newFilter(sinceStart)}}
}

// never reports that no order has any of the names.
func (s *seen) never(names ...string) bool {
	if !s.ready.Load() || s.doubt.Load() {
		return false
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, name := range names {
		sum := maphash.String(s.seed, name)
		for _, part := range s.parts {
			if part.has(sum) {
				return false
			}
		}
	}
	return true
}

// add notes names before they are stored.
func (s *seen) add(names ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range names {
		last := s.parts[len(s.parts)-1]
		if last.names >= last.room && s.octets()+widening*len(last.blocks)*blockOctets <= maxSeen {
			last = newFilter(widening * last.room)
			s.parts = append(s.parts, last)
		}
		last.add(maphash.String(s.seed, name))
	}
}

func (s *seen) octets() (all int) {
	for _, part := range s.parts {
		all += len(part.blocks) * blockOctets
	}
	return all
}

// take has what was read at the start count.
func (s *seen) take(read *filter) {
	s.mu.Lock()
	s.parts = append([]*filter{read}, s.parts...)
	s.mu.Unlock()
	s.ready.Store(true)
}

// filter is a Bloom filter whose bits of one name stand in one block, which is one line
// of the processor's cache. About one in 700 unknown names is taken for known.
type filter struct {
	blocks      [][8]uint64
	names, room int
}

const (
	bitsPerName = 16
	bitsSet     = 7
	blockOctets = 64
)

func newFilter(room int) *filter {
	return &filter{blocks: make([][8]uint64, room*bitsPerName/(8*blockOctets)+1), room: room}
}

// block chooses by the upper half of the hash; the lower one chooses the bits.
func (f *filter) block(sum uint64) *[8]uint64 {
	return &f.blocks[(sum>>32)*uint64(len(f.blocks))>>32]
}

// bits is a number of which each nine bits choose one of a block.
func bits(sum uint64) uint64 { return (sum & 0xffffffff) * 0x9e3779b97f4a7c15 }

func (f *filter) add(sum uint64) {
	block, choice := f.block(sum), bits(sum)
	for range bitsSet {
		block[choice>>6&7] |= 1 << (choice & 63)
		choice >>= 9
	}
	f.names++
}

func (f *filter) has(sum uint64) bool {
	block, choice := f.block(sum), bits(sum)
	for range bitsSet {
		if block[choice>>6&7]&(1<<(choice&63)) == 0 {
			return false
		}
		choice >>= 9
	}
	return true
}

// namesOnce is what an order brings that the filter holds, at most.
const namesOnce = 5

// seenPage is how many orders are read at once; between two pages the reader rests as
// long as it worked, and no transaction of its stays open.
const seenPage = 2000

// againSeen is how long the reader waits after an error.
const againSeen = time.Minute

// readSeen fills the filter with what the database holds, until ctx ends.
func (ca *CA) readSeen(ctx context.Context) {
	for ctx.Err() == nil {
		err := ca.readAllSeen(ctx)
		if err == nil || ctx.Err() != nil {
			return
		}
		ca.cfg.Log.Warn("what was ordered before cannot be read; each order asks the database", "error", err)
		sleep(ctx, againSeen)
	}
}

func (ca *CA) readAllSeen(ctx context.Context) error {
	var orders int
	if err := ca.cfg.DB.Read().QueryRowContext(ctx, "SELECT COUNT(*) FROM ca_order").Scan(&orders); err != nil {
		return fmt.Errorf("counting orders: %w", err)
	}
	read := newFilter(min(namesOnce*orders, maxSeen/2*8/bitsPerName))
	for after, more := "", true; more; {
		begun := time.Now()
		last, n, err := ca.readSeenPage(ctx, read, after)
		if err != nil {
			return err
		}
		if after, more = last, n == seenPage; more {
			sleep(ctx, time.Since(begun))
		}
	}
	ca.seen.take(read)
	return nil
}

// seenOrders asks for what recent.add would have been given.
const seenOrders = `SELECT o.application, o.key_hash, o.holder, o.skeleton, COALESCE(c.key_hash, '') FROM ca_order o
	LEFT JOIN ca_certificate c ON c.application = o.application AND c.role = 'encrypt'
	WHERE o.application > $1 ORDER BY o.application LIMIT $2`

func (ca *CA) readSeenPage(ctx context.Context, into *filter, after string) (last string, n int, err error) {
	rows, err := ca.cfg.DB.Read().QueryContext(ctx, seenOrders, after, seenPage)
	if err != nil {
		return "", 0, fmt.Errorf("reading what was ordered: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var o orderRow
		var pair string
		if err := rows.Scan(&o.application, &o.keyHash, &o.holder, &o.skeleton, &pair); err != nil {
			return "", 0, fmt.Errorf("reading what was ordered: %w", err)
		}
		for _, name := range append(o.names(), keyName(pair)) {
			into.add(maphash.String(ca.seen.seed, name))
		}
		last, n = o.application, n+1
	}
	if err := rows.Err(); err != nil {
		return "", 0, fmt.Errorf("reading what was ordered: %w", err)
	}
	return last, n, nil
}
