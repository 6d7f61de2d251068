package audit_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"

	"onecert/audit"
	"onecert/db"
	"onecert/pki"
	"onecert/pkitest"
)

const origin = "onecert.example/ca"

// house is one component's database with its log, and the keys of its heads.
type house struct {
	*audit.Log
	d      *db.DB
	source string
	keys   []audit.Verifier
}

func signers(t testing.TB) (signers []audit.Signer, keys []audit.Verifier) {
	t.Helper()
	_, edwards, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	national, err := sm2.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	first, err1 := audit.NewSigner(origin, edwards)
	second, err2 := audit.NewSigner(origin, national)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	return []audit.Signer{first, second}, []audit.Verifier{first.Verifier, second.Verifier}
}

func open(t testing.TB, source string) house {
	t.Helper()
	d, err := db.Open(t.Context(), source)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	s, keys := signers(t)
	l, err := audit.Open(t.Context(), d, origin, s...)
	if err != nil {
		t.Fatal(err)
	}
	return house{l, d, source, keys}
}

func each(t *testing.T, act func(t *testing.T, h house)) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) { act(t, open(t, source)) })
}

var start = time.Date(2030, 1, 2, 3, 4, 5, 6_000_000, time.UTC)

func act(i int) audit.Act {
	return audit.Act{
		Actor: pki.Actor{Name: "centre.system", Roles: []string{"system", "site"}, Certificate: strings.Repeat("ab", 32), Address: "192.0.2.7"},
		Act:   "certificate.issue", Object: fmt.Sprintf("application-%d", i), Subject: fmt.Sprintf("holder-%d", i%7),
		Result: audit.Done, Detail: map[string]string{"profile": "person-sign", "名": "张三 <&>", "n": fmt.Sprint(i)},
		At: start.Add(time.Duration(i) * time.Second),
	}
}

func acts(from, n int) (all []audit.Act) {
	for i := range n {
		all = append(all, act(from+i))
	}
	return all
}

func (h house) record(t testing.TB, acts ...audit.Act) {
	t.Helper()
	if err := h.Record(t.Context(), acts...); err != nil {
		t.Fatal(err)
	}
}

func (h house) head(t testing.TB) []byte {
	t.Helper()
	signed, err := h.Checkpoint(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func (h house) verify(t testing.TB, heads ...[]byte) audit.Report {
	t.Helper()
	report, err := audit.Verify(t.Context(), h.d, h.keys, heads)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// good holds that a log of this size is whole and agrees with a head of now.
func (h house) good(t testing.TB, size int64) {
	t.Helper()
	if r := h.verify(t, h.head(t)); !r.Good() || r.Size != size || r.Heads != 1 || r.Covered != size {
		t.Fatalf("not good: %+v", r)
	}
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		ctx := t.Context()
		h.good(t, 0)
		h.record(t)
		h.record(t, acts(0, 3)...)
		plain := audit.Act{Actor: pki.Actor{Name: "ca"}, Act: "crl.sign", Result: audit.Failed}
		h.Now = func() time.Time { return start.Add(time.Hour + 1234*time.Nanosecond) }
		h.record(t, plain)
		got, err := h.Search(ctx, audit.Query{})
		if err != nil || len(got) != 4 {
			t.Fatalf("%d entries, %v", len(got), err)
		}
		first := got[1]
		if first.Number != 1 || !first.At.Equal(start.Add(time.Second)) || first.Actor != "centre.system" ||
			fmt.Sprint(first.Roles) != "[system site]" || first.Certificate != strings.Repeat("ab", 32) || first.Address != "192.0.2.7" ||
			first.Act != "certificate.issue" || first.Object != "application-1" || first.Subject != "holder-1" ||
			first.Result != audit.Done || first.Detail["名"] != "张三 <&>" || len(first.Detail) != 3 {
			t.Errorf("read %+v", first)
		}
		if last := got[3]; !last.At.Equal(start.Add(time.Hour)) || len(last.Roles) != 0 || len(last.Detail) != 0 || last.Result != audit.Failed {
			t.Errorf("read %+v", last)
		}
		h.good(t, 4)
	})
}

// The tree must be the one RFC 6962 2.1 defines, written here a second time.
func rfc6962Root(leaves [][]byte) []byte {
	switch n := len(leaves); n {
	case 0:
		return sum()
	case 1:
		return leaves[0]
	default:
		k := 1
		for k*2 < n {
			k *= 2
		}
		return sum([]byte{1}, rfc6962Root(leaves[:k]), rfc6962Root(leaves[k:]))
	}
}

func sum(parts ...[]byte) []byte {
	h := sha256.Sum256(bytes.Join(parts, nil))
	return h[:]
}

// The leaf of one entry, its bytes written out by hand from the comment of encode.
func TestLeafBytes(t *testing.T) {
	h := open(t, pkitest.SQLite(t))
	h.record(t, audit.Act{Actor: pki.Actor{Name: "ra1.审核", Roles: []string{"reviewer"}, Certificate: "c", Address: "a"},
		Act: "x.y", Object: "o", Subject: "s", Result: "refused", Detail: map[string]string{"b": "<2>", "a": "1"}, At: time.UnixMilli(258).UTC()})
	text := func(s string) string { return fmt.Sprintf("%08x%x", len(s), s) }
	want := fmt.Sprintf("%x", "onecert audit entry v1\n") + "0000000000000000" + "0000000000000102" + text("ra1.审核") + text(`["reviewer"]`) +
		text("c") + text("a") + text("x.y") + text("o") + text("s") + text("refused") + text(`{"a":"1","b":"<2>"}`)
	leaf, err := hex.DecodeString(want)
	if err != nil {
		t.Fatal(err)
	}
	root := sum([]byte{0}, leaf)
	c, err := audit.OpenCheckpoint(h.head(t), h.keys...)
	if err != nil || c.Size != 1 || !bytes.Equal(c.Root, root) {
		t.Errorf("root %x, %v, want %x", c.Root, err, root)
	}
	if got, err := h.Tail(t.Context(), 1); err != nil || !bytes.Equal(sum([]byte{0}, leaf), got[0].LeafHash()) {
		t.Errorf("the leaf of the entry read is another, %v", err)
	}
}

func TestTenThousandInRandomBatches(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		seed := mathrand.Uint64()
		t.Logf("seed %d", seed)
		random := mathrand.New(mathrand.NewPCG(seed, 2))
		const total = 10_000
		for n := 0; n < total; {
			batch := min(1+random.IntN(200), total-n)
			h.record(t, acts(n, batch)...)
			n += batch
			if random.IntN(10) == 0 { // a restart now and then
				var err error
				if h.Log, err = audit.Open(t.Context(), h.d, origin); err != nil {
					t.Fatal(err)
				}
			}
		}
		var leaves [][]byte
		for from := int64(0); from < total; {
			entries, err := h.Search(t.Context(), audit.Query{From: from})
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range entries {
				leaves = append(leaves, e.LeafHash())
			}
			from = entries[len(entries)-1].Number + 1
		}
		if r := h.verify(t); !r.Good() || r.Size != total || !bytes.Equal(r.Root, rfc6962Root(leaves)) {
			t.Errorf("%+v, want root %x", r, rfc6962Root(leaves))
		}
	})
}

// After a rollback the memory is ahead of the database; what follows must not be
// built on it, whether in the same transaction or in the next.
func TestRollbackThenAppend(t *testing.T) {
	boom := errors.New("boom")
	each(t, func(t *testing.T, h house) {
		ctx := t.Context()
		h.record(t, acts(0, 5)...)
		err := h.d.Tx(ctx, func(tx *sql.Tx) error { return errors.Join(h.Append(ctx, tx, acts(100, 3)...), boom) })
		if !errors.Is(err, boom) {
			t.Fatal(err)
		}
		h.record(t, acts(5, 3)...) // as many as were lost: the size alone would not tell
		h.good(t, 8)
		err = h.d.Tx(ctx, func(tx *sql.Tx) error {
			if err := h.Append(ctx, tx, acts(8, 2)...); err != nil {
				return err
			}
			err := db.Savepoint(ctx, tx, func() error { return errors.Join(h.Append(ctx, tx, acts(200, 4)...), boom) })
			if !errors.Is(err, boom) {
				return err
			}
			return h.Append(ctx, tx, acts(10, 2)...)
		})
		if err != nil {
			t.Fatal(err)
		}
		h.good(t, 12)
		lost, err := h.Search(ctx, audit.Query{Object: "application-100"})
		if err != nil || len(lost) != 0 {
			t.Errorf("%+v, %v", lost, err)
		}
	})
}

// Two processes on one database, and callers that roll back in between.
func TestConcurrentAppends(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		houses := []house{open(t, source), open(t, source)}
		boom := errors.New("boom")
		var all sync.WaitGroup
		for w := range 6 {
			all.Go(func() {
				h := houses[w%2]
				for i := range 20 {
					if err := h.Record(t.Context(), acts(i, 1+i%5)...); err != nil {
						t.Error(err)
					}
					if i%4 == w%4 {
						h.d.Tx(t.Context(), func(tx *sql.Tx) error { return errors.Join(h.Append(t.Context(), tx, act(i)), boom) })
					}
				}
			})
		}
		all.Wait()
		houses[0].good(t, 6*20*3)
	})
}

// If the entry cannot be written, the act's transaction must not commit.
func TestUnwritableLogStopsTheAct(t *testing.T) {
	for _, table := range []string{"audit_entry", "audit_head"} {
		each(t, func(t *testing.T, h house) {
			ctx := t.Context()
			h.record(t, act(0))
			change(t, h, "CREATE TABLE deed (id BIGINT)")
			change(t, h, "DROP TABLE "+table)
			err := h.d.Tx(ctx, func(tx *sql.Tx) error {
				if _, err := tx.ExecContext(ctx, "INSERT INTO deed (id) VALUES (1)"); err != nil {
					t.Fatal(err)
				}
				return h.Append(ctx, tx, acts(1, 2)...)
			})
			if pki.KindOf(err) != pki.Unavailable || pki.CodeOf(err) != "audit.unwritable" || !strings.Contains(err.Error(), ";") {
				t.Errorf("without %s: %v", table, err)
			}
			var n int
			if err := h.d.Read().QueryRow("SELECT count(*) FROM deed").Scan(&n); err != nil || n != 0 {
				t.Errorf("%d deeds done, %v", n, err)
			}
		})
	}
}

func change(t testing.TB, h house, text string, args ...any) {
	t.Helper()
	err := h.d.Tx(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.Exec(text, args...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// An entry is not lost for what a stranger makes us write into it.
func TestHostileTexts(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		a := act(0)
		a.Object, a.Subject = "nul\x00 and \xff\xfe", strings.Repeat("证", 5000)
		a.Actor.Roles = []string{`a","b`, "c,d"}
		a.Detail = map[string]string{"\x00": "\x00", "quote": "\"}\n\u2028</script>"}
		for i := range 100 {
			a.Detail[fmt.Sprintf("z%03d", i)] = "x"
		}
		h.record(t, a)
		got, err := h.Tail(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		e := got[0]
		if e.Object != "nul\uFFFD and \uFFFD" || len(e.Subject) > 4096 || !strings.HasSuffix(e.Subject, "证…") ||
			len(e.Roles) != 2 || e.Roles[0] != `a","b` || e.Detail["quote"] != a.Detail["quote"] || len(e.Detail) != 65 || e.Detail["…"] != "38 more" {
			t.Errorf("read %+v", e)
		}
		h.good(t, 1)
	})
}

func TestAppendRefusesHalfFilledActs(t *testing.T) {
	h := open(t, pkitest.SQLite(t))
	for _, a := range []audit.Act{{}, {Act: "x"}, {Result: audit.Done}, {Act: "x", Result: "perhaps"}} {
		if err := h.Record(t.Context(), act(0), a); pki.KindOf(err) != pki.Invalid {
			t.Errorf("%+v: %v", a, err)
		}
	}
	h.good(t, 0)
}

func TestSearch(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		all := acts(0, 50)
		h.record(t, all...)
		other := act(50)
		other.Act, other.Actor.Name, other.Subject, other.Object = "certificate.revoke", "ra1.reviewer", "", ""
		h.record(t, other)
		for _, c := range []struct {
			q    audit.Query
			want string
		}{
			{audit.Query{Subject: "holder-3", Limit: 3}, "[3 10 17]"},
			{audit.Query{Subject: "holder-3", From: 18, Limit: 2}, "[24 31]"},
			{audit.Query{Object: "application-7"}, "[7]"},
			{audit.Query{Object: "application-7", Subject: "holder-1"}, "[]"},
			{audit.Query{Actor: "ra1.reviewer"}, "[50]"},
			{audit.Query{Act: "certificate.revoke"}, "[50]"},
			{audit.Query{Act: "certificate.", From: 49}, "[49 50]"},
			{audit.Query{Act: "certificate"}, "[]"},
			{audit.Query{Act: "%."}, "[]"},
			{audit.Query{From: 51}, "[]"},
			{audit.Query{Newest: true, Limit: 2}, "[50 49]"},
			{audit.Query{Newest: true, Before: 49, Limit: 2}, "[48 47]"},
			{audit.Query{Result: audit.Done, From: 49}, "[49 50]"},
			{audit.Query{Result: audit.Failed}, "[]"},
			{audit.Query{Since: all[10].At, Until: all[12].At}, "[10 11]"},
		} {
			got, err := h.Search(t.Context(), c.q)
			if numbers := numbersOf(got); err != nil || numbers != c.want {
				t.Errorf("%+v: %s, %v, want %s", c.q, numbers, err, c.want)
			}
		}
		if got, err := h.Tail(t.Context(), 3); err != nil || numbersOf(got) != "[48 49 50]" {
			t.Errorf("tail: %s, %v", numbersOf(got), err)
		}
		if got, err := h.Tail(t.Context(), 0); err != nil || len(got) != 51 {
			t.Errorf("tail: %d, %v", len(got), err)
		}
	})
}

func numbersOf(entries []audit.Entry) string {
	numbers := make([]int64, len(entries))
	for i, e := range entries {
		numbers[i] = e.Number
	}
	return fmt.Sprint(numbers)
}

func TestOpenRefuses(t *testing.T) {
	h := open(t, pkitest.SQLite(t))
	s, _ := signers(t)
	for _, name := range []string{"", "with blank", "with+plus", "line\nend", "\xff", strings.Repeat("x", 300)} {
		if _, err := audit.Open(t.Context(), h.d, name); pki.CodeOf(err) != "audit.origin" {
			t.Errorf("%q: %v", name, err)
		}
	}
	if _, err := audit.Open(t.Context(), h.d, "another.example/log", s...); pki.CodeOf(err) != "audit.origin" {
		t.Errorf("a signer of another name: %v", err)
	}
}

// Start-up looks at its own past: a log whose edge was changed does not start, and a
// running one appends nothing to it.
func TestBrokenLogDoesNotGoOn(t *testing.T) {
	for _, harm := range []string{"UPDATE audit_entry SET nodes = substr(nodes, 1, 0) WHERE number = 3", "UPDATE audit_head SET size = size - 1",
		"DELETE FROM audit_entry WHERE number = 6", "UPDATE audit_entry SET leaf = (SELECT root FROM audit_head) WHERE number = 6"} {
		each(t, func(t *testing.T, h house) {
			h.record(t, acts(0, 7)...)
			change(t, h, harm)
			if _, err := audit.Open(t.Context(), h.d, origin); pki.CodeOf(err) != "audit.broken" {
				t.Errorf("%s: it starts: %v", harm, err)
			}
			reopened := audit.OpenReadOnly(h.d) // no memory of the edge
			if err := reopened.Record(t.Context(), act(7)); pki.CodeOf(err) != "audit.broken" {
				t.Errorf("%s: it goes on: %v", harm, err)
			}
		})
	}
}

func TestReadOnlyDatabase(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		h := open(t, source)
		h.record(t, acts(0, 3)...)
		d, err := db.OpenReadOnly(context.Background(), source)
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		if got, err := audit.OpenReadOnly(d).Tail(t.Context(), 2); err != nil || numbersOf(got) != "[1 2]" {
			t.Errorf("%s, %v", numbersOf(got), err)
		}
		if r, err := audit.Verify(t.Context(), d, h.keys, [][]byte{h.head(t)}); err != nil || !r.Good() || r.Heads != 1 {
			t.Errorf("%+v, %v", r, err)
		}
	})
}

// BenchmarkAppend64 is a group commit of 64 acts.
func BenchmarkAppend64(b *testing.B) {
	for name, source := range map[string]func(testing.TB) string{"sqlite": pkitest.SQLite, "postgres": pkitest.DurablePostgres} {
		b.Run(name, func(b *testing.B) {
			h, all := open(b, source(b)), acts(0, 64)
			for b.Loop() {
				h.record(b, all...)
			}
			b.ReportMetric(float64(b.N)*64/b.Elapsed().Seconds(), "entries/s")
		})
	}
}

func BenchmarkVerify(b *testing.B) {
	h := open(b, pkitest.SQLite(b))
	for i := range 100 {
		h.record(b, acts(i*100, 100)...)
	}
	for b.Loop() {
		h.good(b, 10_000)
	}
	b.ReportMetric(float64(b.N)*10_000/b.Elapsed().Seconds(), "entries/s")
}

// TestEach: entries come by their objects, those of some acts only, and by an index.
func TestEach(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		var acts []audit.Act
		for _, a := range [][2]string{{"sm2/b", "held"}, {"sm2/a", "revoked"}, {"sm2/b", "released"}, {"sm2/b", "seen"}, {"sm20/a", "held"}, {"sm2", "held"}, {"rsa/a", "held"}} {
			one := act(len(acts))
			one.Object, one.Act = a[0], a[1]
			acts = append(acts, one)
		}
		if err := h.Record(t.Context(), acts...); err != nil {
			t.Fatal(err)
		}
		var got []string
		err := h.Each(t.Context(), "sm2/", []string{"held", "released", "revoked"}, func(e audit.Entry) error {
			got = append(got, e.Object+" "+e.Act)
			return nil
		})
		if want := "sm2/a revoked, sm2/b held, sm2/b released"; err != nil || strings.Join(got, ", ") != want {
			t.Errorf("%q, %v", got, err)
		}
		boom := errors.New("boom")
		if err := h.Each(t.Context(), "sm2/", []string{"held"}, func(audit.Entry) error { return boom }); !errors.Is(err, boom) {
			t.Error(err)
		}
		if err := h.Each(t.Context(), "", []string{"held"}, nil); err == nil {
			t.Error("no prefix")
		}
	})
}
