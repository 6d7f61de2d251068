package ca

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"golang.org/x/crypto/cryptobyte"

	"onecert/keys"
	"onecert/pki"
	"onecert/pkitest"
)

// model of a run: entries by serial.
type runModel map[string][]byte

func (m runModel) compare(t *testing.T, r *run) {
	t.Helper()
	var serials []string
	size := 0
	for s, entry := range m {
		serials = append(serials, s)
		size += len(entry)
	}
	slices.Sort(serials)
	var got []string
	r.all(func(serial []byte) bool { got = append(got, string(serial)); return true })
	if !slices.Equal(got, serials) || r.entries != int64(len(m)) || r.octets != size {
		t.Fatalf("%d entries of %d octets are said, %d stand there, the model has %d of %d", r.entries, r.octets, len(got), len(m), size)
	}
	for _, p := range r.pieces {
		var n int64
		for rest := cryptobyte.String(p.octets); !rest.Empty(); n++ {
			serial, entry, ok := nextEntry(&rest)
			if !ok || !bytes.Equal(m[string(serial)], entry) {
				t.Fatal("a piece holds what was not put there")
			}
			if n == 0 && !bytes.Equal(serial, p.first) {
				t.Fatal("a piece begins elsewhere than it says")
			}
		}
		if n != p.entries || n == 0 || len(p.octets) > pieceOctets && n > 1 {
			t.Fatalf("a piece of %d octets has %d entries and says %d", len(p.octets), n, p.entries)
		}
	}
}

// has reports whether an entry is there.
func (r *run) has(serial []byte) bool {
	if len(r.pieces) == 0 {
		return false
	}
	_, own, _ := r.pieces[r.find(serial)].cut(serial)
	return own != nil
}

func randomEntry(dice *rand.Rand, serial pki.Serial) []byte {
	l := pki.Listed{Serial: serial, At: time.Unix(1_900_000_000+dice.Int64N(1e8), 0), Reason: []pki.Reason{0, 1, 4, 6}[dice.IntN(4)]}
	if dice.IntN(3) == 0 {
		l.Invalidity = l.At.Add(-time.Hour)
	}
	return pki.AddListed(nil, l)
}

// TestRunAgainstModel: whatever is put and removed, a run is the sorted set, its
// pieces are small, and earlier snapshots stay what they were.
func TestRunAgainstModel(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	dice := rand.New(rand.NewPCG(seed, 3))
	random := rand.NewChaCha8([32]byte{byte(seed)})
	var r run
	m := runModel{}
	var serials []pki.Serial
	type picture struct {
		run
		octets []byte
	}
	var pictures []picture
	whole := func(r run) (all []byte) {
		for _, p := range r.pieces {
			all = append(all, p.octets...)
		}
		return all
	}
	for step := range 4000 {
		var s pki.Serial
		switch {
		case len(serials) > 0 && dice.IntN(3) == 0:
			s = serials[dice.IntN(len(serials))]
		case dice.IntN(50) == 0:
			s = pki.SerialOf(pki.Serial("80").Big()) // one octet, with the high bit set
		default:
			s, _ = pki.NewSerial(random)
		}
		serials = append(serials, s)
		key := serialOctets(s)
		if dice.IntN(4) == 0 {
			r.remove(key)
			delete(m, string(key))
		} else {
			entry := randomEntry(dice, s)
			r.put(key, entry)
			m[string(key)] = entry
		}
		if step%500 == 0 {
			m.compare(t, &r)
			snapshot := r.snapshot()
			pictures = append(pictures, picture{snapshot, whole(snapshot)})
		}
	}
	m.compare(t, &r)
	for _, p := range pictures {
		if !bytes.Equal(whole(p.run), p.octets) {
			t.Fatal("a snapshot changed")
		}
	}
	for key := range m {
		if !r.has([]byte(key)) {
			t.Fatal("an entry is not found")
		}
		r.remove([]byte(key))
	}
	if len(r.pieces) != 0 || r.entries != 0 || r.octets != 0 || r.has([]byte{1}) {
		t.Error("an emptied run is not empty")
	}
}

// TestChangesForget: what the oldest current full list has falls out of the delta, and
// nothing else does.
func TestChangesForget(t *testing.T) {
	dice := rand.New(rand.NewPCG(1, 2))
	random := rand.NewChaCha8([32]byte{9})
	var c changes
	last := map[string]int64{}
	var serials []pki.Serial
	for number := int64(1); number <= 3000; number++ {
		if len(serials) == 0 || dice.IntN(2) == 0 {
			s, _ := pki.NewSerial(random)
			serials = append(serials, s)
		}
		s := serials[dice.IntN(len(serials))]
		c.put(number, serialOctets(s), randomEntry(dice, s))
		last[string(serialOctets(s))] = number
		if number%300 == 0 {
			base := number - 250
			c.forget(base)
			for key, n := range last {
				if c.run.has([]byte(key)) != (n > base) {
					t.Fatalf("after %d, a change of %d is there: %v", base, n, c.run.has([]byte(key)))
				}
			}
		}
	}
	c.forget(3000)
	if c.run.entries != 0 || len(c.queue) != 0 || len(c.last) != 0 {
		t.Error("something is left")
	}
}

// BenchmarkPutInAMillion is one more revocation until publishing.
func BenchmarkPutInAMillion(b *testing.B) {
	random := rand.NewChaCha8([32]byte{4})
	at := time.Unix(1_900_000_000, 0)
	var serials []pki.Serial
	for range 1_000_000 {
		s, _ := pki.NewSerial(random)
		serials = append(serials, s)
	}
	slices.Sort(serials)
	r := &run{}
	l := loader{run: r}
	for _, s := range serials {
		l.add(pki.AddListed(nil, pki.Listed{Serial: s, At: at, Reason: pki.Superseded}))
	}
	l.flush()
	b.ReportMetric(float64(r.octets)/1e6, "MB")
	for b.Loop() {
		s, _ := pki.NewSerial(random)
		r.put(serialOctets(s), pki.AddListed(nil, pki.Listed{Serial: s, At: at, Reason: pki.KeyCompromise}))
	}
}

// BenchmarkSignAMillion puts together, lints and signs the list of a million entries.
func BenchmarkSignAMillion(b *testing.B) {
	random := rand.NewChaCha8([32]byte{4})
	at := time.Unix(1_900_000_000, 0)
	r := &run{}
	serials := make([]pki.Serial, 1_000_000)
	for n := range serials {
		serials[n], _ = pki.NewSerial(random)
	}
	slices.Sort(serials)
	l := loader{run: r}
	for _, s := range serials {
		l.add(pki.AddListed(nil, pki.Listed{Serial: s, At: at, Reason: pki.Superseded}))
	}
	l.flush()
	signer, err := pki.GenerateKey(random, pki.SM2)
	if err != nil {
		b.Fatal(err)
	}
	key, err := keys.Wrap(signer)
	if err != nil {
		b.Fatal(err)
	}
	certificate, err := pkitest.Certify(pki.Authority{Subject: []byte{0x30, 0x0f, 0x31, 0x0d, 0x30, 0x0b, 6, 3, 0x55, 4, 3, 0x0c, 4, 't', 'e', 's', 't'},
		PublicKey: key.Public(), NotBefore: at.AddDate(-1, 0, 0), NotAfter: at.AddDate(9, 0, 0), PathLen: -1}, key, nil)
	if err != nil {
		b.Fatal(err)
	}
	issuer := &Issuer{ID: "sm2", Key: key, Certificate: certificate, suite: pki.SM2, keyID: certificate.SubjectKeyId, Addresses: Addresses{CRL: "http://crl.example"}}
	room := &CA{cfg: Config{Random: random}}
	b.ReportAllocs()
	for b.Loop() {
		m, err := room.signList(issuer, CRL{Issuer: "sm2", Number: 1, Partition: complete, ThisUpdate: at.Add(time.Hour), NextUpdate: at.Add(25 * time.Hour), Entries: r.entries}, r.snapshot())
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(m.Size)/1e6, "MB")
	}
}
