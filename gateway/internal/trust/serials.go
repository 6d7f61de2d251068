package trust

import (
	"encoding/binary"
	"hash/maphash"
	"time"

	"onecert/pki"
)

// serials is a compact set of listed certificates of one issuer: an open-addressed table
// of slots with the serial in full, so that no two are ever taken for one another. A
// million take 37 MB and hold no pointer, which the collector would have to follow.
type serials struct {
	seed  maphash.Seed
	slots []byte
	used  int
	long  map[string]listed // serials longer than RFC 5280 allows
}

// listed is what a list says about one certificate.
type listed struct {
	reason pki.Reason
	at     time.Time // to the second
}

// A slot: length of the serial (0: empty), its content octets, reason, seconds since the
// epoch below.
const (
	serialMax  = 20
	keyOctets  = 1 + serialMax
	atReason   = keyOctets
	atTime     = keyOctets + 1
	slotOctets = keyOctets + 5
	epoch      = 946684800 // 2000-01-01
	firstSlots = 16
)

// serialKey is a serial as a slot begins; of long ones the length is too large.
type serialKey struct {
	fixed [keyOctets]byte
	long  string
}

// keyOf makes the key of the content octets of an INTEGER.
func keyOf(serial []byte) (k serialKey) {
	if len(serial) > serialMax || len(serial) == 0 {
		k.long = string(serial)
		return k
	}
	k.fixed[0] = byte(len(serial))
	copy(k.fixed[1:], serial)
	return k
}

// keyOfSerial makes the key of a serial as the journal writes it.
func keyOfSerial(s pki.Serial) serialKey {
	octets := s.Big().Bytes()
	if len(octets) == 0 || octets[0]&0x80 != 0 {
		octets = append([]byte{0}, octets...)
	}
	return keyOf(octets)
}

// newSerials makes a set with room for n without growing.
func newSerials(n int) *serials {
	return &serials{seed: maphash.MakeSeed(), slots: make([]byte, max(firstSlots, n*10/7+1)*slotOctets)}
}

func (s *serials) room() int { return len(s.slots) / slotOctets }

// slot returns a key's slot, or the empty one it would take.
func (s *serials) slot(k *[keyOctets]byte) (slot []byte, found bool) {
	room := s.room()
	hash := maphash.Bytes(s.seed, k[:])
	for i := int(uint64(uint32(hash)) * uint64(room) >> 32); ; i++ {
		if i == room {
			i = 0
		}
		slot = s.slots[i*slotOctets : (i+1)*slotOctets]
		if slot[0] == 0 {
			return slot, false
		}
		if [keyOctets]byte(slot[:keyOctets]) == *k {
			return slot, true
		}
	}
}

// find looks a certificate up.
func (s *serials) find(k *serialKey) (listed, bool) {
	if k.fixed[0] == 0 {
		found, ok := s.long[k.long]
		return found, ok
	}
	slot, ok := s.slot(&k.fixed)
	if !ok {
		return listed{}, false
	}
	return listed{pki.Reason(slot[atReason]), time.Unix(int64(binary.LittleEndian.Uint32(slot[atTime:]))+epoch, 0)}, true
}

// set puts an entry in place of what was known.
func (s *serials) set(k *serialKey, entry listed) {
	if k.fixed[0] == 0 {
		if s.long == nil {
			s.long = map[string]listed{}
		}
		s.long[k.long] = entry
		return
	}
	if s.used >= s.room()*7/10 {
		s.grow()
	}
	slot, found := s.slot(&k.fixed)
	if !found {
		copy(slot, k.fixed[:])
		s.used++
	}
	slot[atReason] = byte(entry.reason)
	binary.LittleEndian.PutUint32(slot[atTime:], uint32(min(max(entry.at.Unix()-epoch, 0), 1<<32-1)))
}

func (s *serials) grow() {
	old := s.slots
	s.slots = make([]byte, s.room()*3/2*slotOctets)
	for ; len(old) > 0; old = old[slotOctets:] {
		if old[0] != 0 {
			slot, _ := s.slot((*[keyOctets]byte)(old))
			copy(slot, old[:slotOctets])
		}
	}
}

// add notes an entry of a list. Of a serial that stands twice the graver one counts: a
// removal hides nothing, and a hold no revocation.
func (s *serials) add(k *serialKey, entry listed) {
	if earlier, twice := s.find(k); twice && gravity(earlier.reason) >= gravity(entry.reason) {
		return
	}
	s.set(k, entry)
}

func gravity(r pki.Reason) int {
	switch r {
	case pki.RemoveFromCRL:
		return 0
	case pki.CertificateHold:
		return 1
	}
	return 2
}

func (s *serials) count() int { return s.used + len(s.long) }

// size is what the set takes, in octets.
func (s *serials) size() int64 { return int64(len(s.slots)) + int64(len(s.long))*96 }
