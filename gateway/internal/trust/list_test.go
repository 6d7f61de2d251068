package trust

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"math/big"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emmansun/gmsm/smx509"
	"golang.org/x/crypto/cryptobyte"
	asn1 "golang.org/x/crypto/cryptobyte/asn1"

	"onecert/pki"
)

// million is how many entries the large list has.
const million = 1_000_000

// serialAt are serials as a CA draws them: 20 octets, without order.
func serialAt(i int) *big.Int {
	sum := sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(i)))
	sum[0] = sum[0]&0x3f | 0x40
	return new(big.Int).SetBytes(sum[:serialMax])
}

// manyEntries are n entries with reasons of all kinds: three patterns with the serial put
// in, because building each would take longer than all that is tested.
func manyEntries(n int) []byte {
	var patterns [3][]byte
	for i, reason := range []pki.Reason{0, pki.KeyCompromise, pki.CertificateHold} {
		patterns[i] = entryOf(serialAt(0), moment.Add(-time.Hour), reason)
	}
	place := bytes.Index(patterns[0], serialAt(0).Bytes())
	all := make([]byte, 0, n*52)
	for i := range n {
		at := len(all) + place
		all = append(all, patterns[i%3]...)
		serialAt(i).FillBytes(all[at : at+serialMax])
	}
	return all
}

// TestMillion: a list of a million entries is read in seconds, stays below 40 MB, is
// asked in less than a microsecond, and nobody waits while the next one is taken.
func TestMillion(t *testing.T) {
	root := newCA(t, "sm2", "根", nil)
	alice := root.issue(nil)
	s := open(t, Options{Now: newClock().now}, CA{Name: "ours", Anchors: root.pem(), Revocation: []Source{{Name: "list", Kind: SourceUpload}}})
	entries := manyEntries(million)
	next := moment.Add(24 * time.Hour)
	first, second := root.list(paper{number: 1, next: next, entries: entries}), root.list(paper{number: 2, next: next, entries: entries})

	begun := time.Now()
	upload(t, s, "list", first)
	took := time.Since(begun)
	h := s.Health()[0]
	t.Logf("%d octets read and checked in %v, kept in %.1f MB", len(first), took, float64(h.Bytes)/1e6)
	if h.Entries != million || h.Bytes > 40e6 {
		t.Errorf("%d entries in %d octets", h.Entries, h.Bytes)
	}
	set, chain := s.Set("people"), [][]byte{alice.Raw}
	wants(t, "good", set.Judge(t.Context(), chain, moment), Good)
	if n := testing.AllocsPerRun(1000, func() { set.Judge(t.Context(), chain, moment) }); n > 1 {
		t.Errorf("a known certificate costs %v allocations", n)
	}

	var reloading atomic.Bool
	reloading.Store(true)
	go func() {
		defer reloading.Store(false)
		if _, err := s.Upload(t.Context(), "ours", "list", second); err != nil {
			t.Error(err)
		}
	}()
	var all []time.Duration
	for reloading.Load() {
		at := time.Now()
		if v := set.Judge(t.Context(), chain, moment); v.Code != Good {
			t.Fatal("the reload shows:", v.Code, v.Reasons)
		}
		all = append(all, time.Since(at))
		time.Sleep(20 * time.Microsecond)
	}
	slices.Sort(all)
	p99 := all[len(all)*99/100]
	t.Logf("during the reload %d questions: p50 %v, p99 %v, longest %v", len(all), all[len(all)/2], p99, all[len(all)-1])
	if p99 > 20*time.Millisecond {
		t.Errorf("p99 of a question during a reload is %v", p99)
	}
	runtime.KeepAlive(s)
}

// BenchmarkLookUp asks a set of a million.
func BenchmarkLookUp(b *testing.B) {
	set := newSerials(million)
	keys := make([]serialKey, million)
	for i := range keys {
		octets := serialAt(i).Bytes()
		keys[i] = keyOf(octets)
		set.set(&keys[i], listed{pki.KeyCompromise, moment})
	}
	i := 0
	for b.Loop() {
		if _, ok := set.find(&keys[i%(1<<16)]); !ok {
			b.Fatal("lost")
		}
		i += 7919
	}
}

// BenchmarkJudge asks about known certificates against a list of a million.
func BenchmarkJudge(b *testing.B) {
	root := newCA(b, "sm2", "根", nil)
	s := open(b, Options{Now: newClock().now}, CA{Name: "ours", Anchors: root.pem(), Revocation: []Source{{Name: "list", Kind: SourceUpload}}})
	if _, err := s.Upload(b.Context(), "ours", "list", root.list(paper{number: 1, next: moment.Add(time.Hour), entries: manyEntries(million)})); err != nil {
		b.Fatal(err)
	}
	set := s.Set("people")
	var chains [][][]byte
	for range 64 {
		chains = append(chains, [][]byte{root.issue(nil).Raw})
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if v := set.Judge(b.Context(), chains[i%64], moment); v.Code != Good {
			b.Fatal(v.Code)
		}
		i++
	}
}

// TestSerials: the table against a map, growing, with serials of every length.
func TestSerials(t *testing.T) {
	set, want := newSerials(0), map[string]listed{}
	for i := range 50_000 {
		sum := sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(i%30_000)))
		octets := sum[:1+i%30_000%24] // some are longer than slots take
		entry := listed{[]pki.Reason{pki.KeyCompromise, pki.CertificateHold, pki.RemoveFromCRL}[i%3], moment.Add(time.Duration(i) * time.Second)}
		key := keyOf(octets)
		set.set(&key, entry)
		want[string(octets)] = entry
	}
	if set.count() != len(want) {
		t.Errorf("%d entries, wanted %d", set.count(), len(want))
	}
	for octets, entry := range want {
		key := keyOf([]byte(octets))
		if found, ok := set.find(&key); !ok || found.reason != entry.reason || !found.at.Equal(entry.at) {
			t.Fatalf("%x is %+v, wanted %+v", octets, found, entry)
		}
	}
	if key := keyOf([]byte("never")); true {
		if _, ok := set.find(&key); ok {
			t.Error("finds what is not there")
		}
	}
	for _, s := range []string{"1", "7f", "80", "ff00", "8000000000000000000000000000000000000000"} {
		serial, err := pki.ParseSerial(s)
		if err != nil {
			t.Fatal(err)
		}
		if keyOfSerial(serial) != keyOf(contentOf(serial.Big())) {
			t.Errorf("the journal's %s is another serial than the list's", s)
		}
	}
}

// TestPlatformLists: the places in lists and certificates of the platform itself are the
// same ones.
func TestPlatformLists(t *testing.T) {
	const uri = "http://crl.example.cn/sm2/7.crl"
	root := newCA(t, "sm2", "根", nil)
	tbs, err := pki.List{Suite: pki.SM2, Issuer: root.c.RawSubject, ThisUpdate: moment, NextUpdate: moment.Add(time.Hour), Number: 8, KeyID: []byte("key"),
		PointURI: uri, Freshest: []string{"http://crl.example.cn/sm2/7-delta.crl"}}.TBS(pki.AddListed(nil, pki.Listed{Serial: "7f00", At: moment, Reason: pki.CertificateHold}))
	if err != nil {
		t.Fatal(err)
	}
	var algorithm cryptobyte.String
	body := cryptobyte.String(tbs)
	if !body.ReadASN1(&body, asn1.SEQUENCE) || !body.SkipASN1(asn1.INTEGER) || !body.ReadASN1Element(&algorithm, asn1.SEQUENCE) {
		t.Fatal("the platform's list does not decode")
	}
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddBytes(tbs)
		b.AddBytes(algorithm)
		b.AddASN1BitString([]byte("not looked at"))
	})
	l, err := readWhole(b.BytesOrPanic())
	if err != nil {
		t.Fatal(err)
	}
	if points := placesOf(pki.CRLDistPointsExtension([]string{uri}).Value); !slices.Equal(points, l.scope.places) || len(points) != 1 {
		t.Errorf("the certificate is of %q, the list of %q", points, l.scope.places)
	}
	key := keyOfSerial("7f00")
	if found, ok := l.entries.find(&key); !ok || found.reason != pki.CertificateHold || !found.at.Equal(moment) || l.number.Int64() != 8 {
		t.Errorf("it says %+v", found)
	}
}

// readWhole reads a list with its entries, whoever signed it.
func readWhole(der []byte) (*list, error) {
	l, err := readList(der)
	if err != nil {
		return nil, err
	}
	return l, l.readEntries()
}

// FuzzReadList compares the reader with smx509's: what both take they read alike.
func FuzzReadList(f *testing.F) {
	for _, kind := range []string{"sm2", "ecdsa"} {
		ca := newCA(f, kind, "根", nil)
		for _, p := range []paper{
			{number: 1, next: moment},
			{number: 3, base: 2, next: moment, entries: manyEntries(7)},
			{number: 1, scope: pointScope("http://list.example/1"), entries: entryOf(big.NewInt(-5), moment, pki.RemoveFromCRL)},
		} {
			f.Add(ca.list(p))
		}
	}
	f.Fuzz(func(t *testing.T, der []byte) {
		ours, err := readWhole(der)
		if err != nil {
			return
		}
		theirs, err := smx509.ParseRevocationList(der)
		if err != nil {
			return
		}
		if !ours.thisUpdate.Equal(theirs.ThisUpdate) || !ours.nextUpdate.Equal(theirs.NextUpdate) || string(ours.issuer) != string(theirs.RawIssuer) {
			t.Fatalf("times or issuer differ: %v %v, %v %v", ours.thisUpdate, ours.nextUpdate, theirs.ThisUpdate, theirs.NextUpdate)
		}
		if (ours.number == nil) != (theirs.Number == nil) || ours.number != nil && ours.number.Cmp(theirs.Number) != 0 {
			t.Fatalf("numbers differ: %v, %v", ours.number, theirs.Number)
		}
		seen := map[string]bool{}
		for _, e := range theirs.RevokedCertificateEntries {
			key := keyOf(contentOf(e.SerialNumber))
			seen[e.SerialNumber.String()] = true
			found, ok := ours.entries.find(&key)
			if !ok || gravity(found.reason) < gravity(pki.Reason(e.ReasonCode)) {
				t.Fatalf("serial %x: %+v, they say %d", e.SerialNumber, found, e.ReasonCode)
			}
		}
		if len(seen) != ours.entries.count() {
			t.Fatalf("%d entries, they have %d", ours.entries.count(), len(seen))
		}
	})
}

// contentOf are the content octets of an INTEGER, made by somebody else.
func contentOf(n *big.Int) []byte {
	der := entryOf(n, moment, 0)
	for i := 0; i+1 < len(der); i++ {
		if der[i] == 2 { // the first INTEGER
			return der[i+2 : i+2+int(der[i+1])]
		}
	}
	return nil
}
