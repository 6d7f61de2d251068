package ocsp

import (
	"encoding/binary"
	"hash/maphash"
	"sync"
	"syscall"
	"time"
)

// known is the room's copy of the journal: the state of every certificate of the
// issuers served, as of the last entry followed. Ten million certificates take some
// hundred MB (bench/ocsp.go measures it): each has a slot of 26 octets in an
// open-addressed table, with its serial in full, so that no two are ever taken for
// one another; only those held or revoked have more.
//
// The tables lie outside Go's heap. Inside, the collector would wait until garbage of
// several times their size had gathered before it looks.
type known struct {
	seed   maphash.Seed
	shards [shardCount]shard
}

// shardCount divides the table, so that growing never needs twice the memory of the
// whole and a change never stops more than one question in so many.
const shardCount = 256

type shard struct {
	mu     sync.RWMutex
	slots  []byte // whole slots
	used   int
	listed map[certKey]listing
}

// slot is a record in the table: serial, issuer's place + 1 (0: empty), state, end of
// validity in seconds since the epoch below.
const (
	slotOctets = serialOctets + 6
	atIssuer   = serialOctets
	atState    = serialOctets + 1
	atNotAfter = serialOctets + 2
	epoch      = 946684800 // 2000-01-01
	forever    = 1<<32 - 1
	firstSlots = 16
	offHeap    = 64 << 10 // octets from which a table lies outside the heap
)

// States in a slot.
const (
	slotValid byte = iota + 1
	slotHeld
	slotRevoked
)

// listing is what is known beyond the slot of a certificate held or revoked, in
// milliseconds since 1970.
type listing struct {
	at         int64
	invalidity int64 // 0: none
	reason     uint8
}

// record is the state of one certificate.
type record struct {
	state    byte
	notAfter uint32
	listing
}

func newKnown() *known { return &known{seed: maphash.MakeSeed()} }

// stamp is a time as a slot holds it; what lies outside is cut to the ends.
func stamp(t time.Time) uint32 {
	return uint32(min(max(t.Unix()-epoch, 0), forever))
}

func (r *record) expires() time.Time {
	if r.notAfter == forever {
		return time.Unix(1<<40, 0)
	}
	return time.Unix(int64(r.notAfter)+epoch, 0)
}

func (k *known) place(key *certKey) (*shard, uint32) {
	var octets [serialOctets + 1]byte
	copy(octets[:], key.serial[:])
	octets[serialOctets] = key.issuer
	sum := maphash.Bytes(k.seed, octets[:])
	return &k.shards[sum>>56], uint32(sum)
}

// get returns what is known of a certificate.
func (k *known) get(key certKey) (record, bool) {
	s, hash := k.place(&key)
	s.mu.RLock()
	defer s.mu.RUnlock()
	slot, found := s.find(&key, hash)
	if !found {
		return record{}, false
	}
	r := record{state: slot[atState], notAfter: binary.LittleEndian.Uint32(slot[atNotAfter:])}
	if r.state != slotValid {
		r.listing = s.listed[key]
	}
	return r, true
}

// set puts a record in place of what was known.
func (k *known) set(key certKey, r record) {
	s, hash := k.place(&key)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.used >= s.room()*4/5 {
		s.grow(k, max(firstSlots, s.room()*3/2))
	}
	slot, found := s.find(&key, hash)
	if !found {
		copy(slot, key.serial[:])
		slot[atIssuer] = key.issuer + 1
		s.used++
	}
	slot[atState] = r.state
	binary.LittleEndian.PutUint32(slot[atNotAfter:], r.notAfter)
	if r.state == slotValid {
		delete(s.listed, key)
		return
	}
	if s.listed == nil {
		s.listed = map[certKey]listing{}
	}
	s.listed[key] = r.listing
}

func (s *shard) room() int { return len(s.slots) / slotOctets }

// find returns a key's slot, or the empty one it would take; nil in a table without any.
func (s *shard) find(key *certKey, hash uint32) (slot []byte, found bool) {
	room := s.room()
	if room == 0 {
		return nil, false
	}
	for i := int(uint64(hash) * uint64(room) >> 32); ; i++ {
		if i == room {
			i = 0
		}
		slot = s.slots[i*slotOctets : (i+1)*slotOctets]
		if slot[atIssuer] == 0 {
			return slot, false
		}
		if slot[atIssuer] == key.issuer+1 && [serialOctets]byte(slot[:serialOctets]) == key.serial {
			return slot, true
		}
	}
}

// reserve makes room for so many certificates at once.
func (k *known) reserve(certificates int) {
	for i := range k.shards {
		s := &k.shards[i]
		s.mu.Lock()
		if room := certificates / shardCount * 4 / 3; room > s.room() {
			s.grow(k, room)
		}
		s.mu.Unlock()
	}
}

// grow gives the shard a larger table.
func (s *shard) grow(k *known, room int) {
	old := s.slots
	s.slots = newTable(room * slotOctets)
	for slots := old; len(slots) > 0; slots = slots[slotOctets:] {
		if slots[atIssuer] == 0 {
			continue
		}
		key := certKey{serial: [serialOctets]byte(slots[:serialOctets]), issuer: slots[atIssuer] - 1}
		_, hash := k.place(&key)
		slot, _ := s.find(&key, hash)
		copy(slot, slots[:slotOctets])
	}
	free(old)
}

// newTable returns memory full of zeroes.
func newTable(octets int) []byte {
	if octets < offHeap {
		return make([]byte, octets)
	}
	table, err := syscall.Mmap(-1, 0, octets, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		return make([]byte, octets)
	}
	return table
}

// each hands every record of a shard to fn; the shard waits meanwhile.
func (k *known) each(number int, fn func(certKey, record)) {
	s := &k.shards[number]
	s.mu.RLock()
	defer s.mu.RUnlock()
	for slots := s.slots; len(slots) > 0; slots = slots[slotOctets:] {
		if slots[atIssuer] == 0 {
			continue
		}
		key := certKey{serial: [serialOctets]byte(slots[:serialOctets]), issuer: slots[atIssuer] - 1}
		r := record{state: slots[atState], notAfter: binary.LittleEndian.Uint32(slots[atNotAfter:])}
		if r.state != slotValid {
			r.listing = s.listed[key]
		}
		fn(key, r)
	}
}

// size returns how many certificates are known and what their tables take, in octets.
func (k *known) size() (certificates, octets int) {
	for i := range k.shards {
		s := &k.shards[i]
		s.mu.RLock()
		certificates += s.used
		octets += len(s.slots)
		s.mu.RUnlock()
	}
	return certificates, octets
}

// clear forgets everything: the journal is another one.
func (k *known) clear() {
	for i := range k.shards {
		s := &k.shards[i]
		s.mu.Lock()
		free(s.slots)
		s.slots, s.used, s.listed = nil, 0, nil
		s.mu.Unlock()
	}
}

// free gives a table's memory back. Of what lies in the heap Munmap knows nothing.
func free(table []byte) {
	if len(table) >= offHeap {
		_ = syscall.Munmap(table)
	}
}
