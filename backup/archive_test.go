package backup

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"onecert/db"
	"onecert/pki"
	"onecert/pkitest"
	"onecert/shares"
)

// content is everything an archive holds, by name.
func content(t testing.TB, from io.Reader, key Key) (map[string]string, *Reader) {
	t.Helper()
	a, err := Open(from, key)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for {
		p, err := a.Next()
		if err == io.EOF {
			return all, a
		}
		if err != nil {
			t.Fatal(err)
		}
		if !p.Table {
			text, err := io.ReadAll(p)
			if err != nil || int64(len(text)) != p.Size {
				t.Fatal(err)
			}
			all[fmt.Sprintf("%s %o", p.Name, p.Mode)] = string(text)
			continue
		}
		err = p.Each(func(row []any) error {
			all[p.Name] += fmt.Sprintf("%v\n", row)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestArchiveOfEachEngine(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		for _, c := range []Cipher{AES256GCM, SM4GCM} {
			d, about := component(t, source, 40)
			file, _ := archive(t, d, about, cheap(c))
			r, err := Verify(bytes.NewReader(file), opens)
			if err != nil {
				t.Fatal(err)
			}
			if !r.Audit.Good() || r.Audit.Heads != 1 || r.Audit.Size < 40 || r.Cipher != c || r.Rows() < 41 {
				t.Errorf("%+v", r)
			}
			if !reflect.DeepEqual(r.About, about) || len(r.Files) != 3 || len(r.Tables) != 2 {
				t.Errorf("about %+v, want %+v", r.About, about)
			}
			all, _ := content(t, iotest.OneByteReader(bytes.NewReader(file)), opens)
			if all["ca.yaml 600"] != "component: ca\n" || all["empty 600"] != "" || !strings.Contains(all["audit_entry"], "申请-7") {
				t.Errorf("%v", slices.Collect(maps.Keys(all)))
			}
			if bytes.Contains(file, []byte("component: ca")) || bytes.Contains(file, []byte("centre.issuer")) {
				t.Error("something stands in the archive in clear")
			}
		}
	})
}

// TestEveryOctetCounts flips a bit at every place of the head, and at many of the
// rest: each is found, and the error names where.
func TestEveryOctetCounts(t *testing.T) {
	file := plain(t, cheap(AES256GCM), 2000)
	if len(file) < 3*chunkLen {
		t.Fatalf("only %d octets", len(file))
	}
	places := []int{len(file) - 1, headLen, headLen + chunkLen + tagLen - 1, headLen + chunkLen + tagLen}
	for i := range headLen {
		places = append(places, i)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		places = append(places, headLen+random.IntN(len(file)-headLen))
	}
	for _, at := range places {
		harmed := bytes.Clone(file)
		harmed[at] ^= 1 << random.IntN(8)
		_, err := Verify(bytes.NewReader(harmed), opens)
		e, ok := errors.AsType[*pki.Error](err)
		if !ok {
			t.Fatalf("octet %d: %v", at, err)
		}
		switch {
		case at < offVersion:
			if e.Code != "backup.form" {
				t.Errorf("octet %d: %v", at, e)
			}
		case at == offVersion:
			if e.Code != "backup.version" {
				t.Errorf("octet %d: %v", at, e)
			}
		case at < headLen:
			if e.Code != "backup.head" || !strings.Contains(e.Wrong, "head") {
				t.Errorf("octet %d: %v", at, e)
			}
		default:
			var from, to int
			if _, err := fmt.Sscanf(e.Wrong[strings.Index(e.Wrong, "octets "):], "octets %d and %d", &from, &to); err != nil || at < from || at >= to || e.Code != "backup.damaged" {
				t.Errorf("octet %d: %v", at, e)
			}
			if !strings.Contains(e.Wrong, "noise") && !strings.Contains(e.Wrong, "things") && !strings.Contains(e.Wrong, "says of itself") && !strings.Contains(e.Wrong, "beginning") {
				t.Errorf("octet %d: %v names no part", at, e)
			}
		}
	}
}

func TestCutAndLengthened(t *testing.T) {
	file := plain(t, cheap(SM4GCM), 2000)
	whole := chunkLen + tagLen
	for _, n := range []int{0, 5, offVersion, headLen - 1, headLen, headLen + 3, headLen + whole, headLen + whole + 1, headLen + 2*whole, len(file) - 1, len(file) - tagLen - 1} {
		_, err := Verify(bytes.NewReader(file[:n]), opens)
		code := pki.CodeOf(err)
		want := []string{"backup.cut", "backup.damaged"}
		if n < offVersion {
			want = []string{"backup.form"}
		}
		if !slices.Contains(want, code) {
			t.Errorf("cut at %d: %v", n, err)
		}
		if (n-headLen)%whole == 0 && n >= headLen && code != "backup.cut" {
			t.Errorf("cut between chunks, at %d: %v", n, err)
		}
	}
	for _, tail := range [][]byte{{0}, bytes.Repeat([]byte{1}, whole)} {
		if _, err := Verify(bytes.NewReader(append(bytes.Clone(file), tail...)), opens); err == nil {
			t.Errorf("%d octets after the end: taken", len(tail))
		}
	}
	// A last chunk that is full, with something after it.
	full := sealChunks(t, make([]byte, 2*chunkLen))
	if _, err := io.ReadAll(unsealed(t, append(full, 7))); pki.CodeOf(err) != "backup.longer" {
		t.Errorf("after a full chunk: %v", err)
	}
	if all, err := io.ReadAll(unsealed(t, full)); err != nil || len(all) != 2*chunkLen {
		t.Errorf("%d octets, %v", len(all), err)
	}
}

// Chunks that change places, or come twice, are refused.
func TestChunksKeepTheirPlaces(t *testing.T) {
	whole := chunkLen + tagLen
	body := sealChunks(t, bytes.Repeat([]byte("0123456789abcdef"), 4*chunkLen/16))
	swapped := slices.Concat(body[whole:2*whole], body[:whole], body[2*whole:])
	twice := slices.Concat(body[:whole], body[:whole], body[whole:])
	dropped := slices.Concat(body[:whole], body[2*whole:])
	for name, octets := range map[string][]byte{"swapped": swapped, "twice": twice, "dropped": dropped} {
		if _, err := io.ReadAll(unsealed(t, octets)); pki.CodeOf(err) != "backup.damaged" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

var fixed = func() Head {
	h, _, _, err := cheap(AES256GCM).seal()
	if err != nil {
		panic(err)
	}
	return h
}()

func sealChunks(t *testing.T, text []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	s, err := newSealed(&out, fixed, make([]byte, keyLen))
	if err != nil {
		t.Fatal(err)
	}
	s.Write(text)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func unsealed(t *testing.T, octets []byte) io.Reader {
	t.Helper()
	o, err := newOpened(bytes.NewReader(octets), fixed, make([]byte, keyLen))
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestKeys(t *testing.T) {
	d, about := component(t, pkitest.SQLite(t), 3)
	file, _ := archive(t, d, about, cheap(AES256GCM))
	try := func(file []byte, k Key) string {
		_, err := Verify(bytes.NewReader(file), k)
		if err == nil {
			return "opened"
		}
		return pki.CodeOf(err)
	}
	if got := try(file, Key{Passphrase: []byte("another passphrase")}); got != "backup.key" {
		t.Errorf("wrong passphrase: %s", got)
	}
	if got := try(file, Key{}); got != "backup.key" {
		t.Errorf("no passphrase: %s", got)
	}
	split, all := archive(t, d, about, Lock{Cipher: SM4GCM, Threshold: 3, Total: 5})
	if len(all) != 5 {
		t.Fatalf("%d shares", len(all))
	}
	_, others := archive(t, d, about, Lock{Threshold: 2, Total: 2})
	head, err := ParseHead(split)
	if err != nil || head.Threshold != 3 || head.Total != 5 || head.Set != all[0].Set {
		t.Errorf("%+v, %v", head, err)
	}
	for name, c := range map[string]struct {
		given []shares.Share
		want  string
	}{
		"all":                   {all, "opened"},
		"three":                 {[]shares.Share{all[4], all[0], all[2]}, "opened"},
		"among others'":         {[]shares.Share{others[0], all[1], all[3], all[2], others[1]}, "opened"},
		"two":                   {all[:2], "share.few"},
		"the same twice":        {[]shares.Share{all[0], all[0], all[1]}, "share.duplicate"},
		"only another archives": {others, "backup.shares"},
		"none":                  {nil, "backup.shares"},
	} {
		if got := try(split, Key{Shares: c.given}); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	if got := try(split, opens); got != "backup.shares" {
		t.Errorf("a passphrase for shares: %s", got)
	}
}

func TestLocksThatAreNone(t *testing.T) {
	for name, l := range map[string]Lock{"short passphrase": {Passphrase: []byte("elevenoctet")}, "no cipher": {Cipher: "rot13", Passphrase: opens.Passphrase},
		"one custodian": {Threshold: 1, Total: 1}, "too many": {Threshold: 2, Total: 33},
		"no randomness": {Passphrase: opens.Passphrase, Random: iotest.ErrReader(io.ErrUnexpectedEOF)}} {
		if _, _, err := NewWriter(io.Discard, l, About{}); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

// TestWriterRefuses: what cannot be read again is not written.
func TestWriterRefuses(t *testing.T) {
	start := func(to io.Writer) *Writer {
		w, _, err := NewWriter(to, cheap(AES256GCM), About{})
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	w := start(io.Discard)
	for _, name := range []string{"", "/etc/passwd", "../x", "a/../b", "a//b", ".", "a\x00b", `a\b`, strings.Repeat("x", maxName+1)} {
		if err := w.File(name, 0o600, nil); err == nil {
			t.Errorf("file %q: taken", name)
		}
	}
	columns := []db.Column{{Name: "a", Kind: db.Number}}
	none := func(func([]any) error) error { return nil }
	if err := w.Table(db.Table{Name: "t"}, none); err == nil {
		t.Error("a table without columns: taken")
	}
	for _, row := range [][]any{{1}, {1.5}, {int64(1), int64(2)}, {}} {
		w := start(io.Discard)
		if err := w.Table(db.Table{Name: "t", Columns: columns}, func(act func([]any) error) error { return act(row) }); err == nil {
			t.Errorf("row %v: taken", row)
		}
		if _, err := w.Close(); err == nil {
			t.Errorf("row %v: half a table was closed", row)
		}
	}
	full := start(&limited{left: 3 * chunkLen})
	noise := make([]byte, 8*chunkLen)
	for i := range noise {
		noise[i] = byte(rand.Uint32())
	}
	err := full.File("noise", 0o600, noise)
	if _, end := full.Close(); err == nil && end == nil {
		t.Error("a full disk was not noticed")
	}
}

// limited is a disk that becomes full.
type limited struct{ left int }

func (l *limited) Write(p []byte) (int, error) {
	if l.left -= len(p); l.left < 0 {
		return 0, errors.New("no space left")
	}
	return len(p), nil
}

// TestPartsThatAreNone: what is authentic but not well-formed, as another program
// with the same passphrase might write, is refused.
func TestPartsThatAreNone(t *testing.T) {
	table := "\x04name\x01\x01n\x06number"
	for name, parts := range map[string]string{
		"nothing at all":        "",
		"no about":              "Z\x02{}",
		"about is not JSON":     "A\x02xx",
		"an unknown field":      `A` + "\x09" + `{"new":1}`,
		"two documents":         "A\x04{}{}",
		"no end":                "A\x02{}",
		"an unknown part":       "A\x02{}Q",
		"a file outside":        "A\x02{}F\x05../ab\x00\x00",
		"a file twice":          "A\x02{}F\x01a\x00\x00F\x01a\x00\x00",
		"a cut file":            "A\x02{}F\x01a\x00\x05xy",
		"a huge file":           "A\x02{}F\x01a\x00\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
		"a huge length":         "A\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
		"an unknown kind":       "A\x02{}T\x01t\x01\x01n\x05float",
		"a value of other kind": "A\x02{}T" + table + "\x01t\x01x\x00",
		"a row that is none":    "A\x02{}T" + table + "\x07",
		"a row cut":             "A\x02{}T" + table + "\x01i",
		"another sum":           "A\x02{}T" + table + "\x00Z\x17" + `{"files":[],"tables":[]}`[:23],
		"no sum":                "A\x02{}F\x01a\x00\x00Z\x18" + `{"files":[],"tables":[]}`,
		"a sum too many":        "A\x02{}Z\x2f" + `{"files":[{"name":"a","count":0}],"tables":[]} ` + "",
		"more after the end":    "A\x02{}Z\x18" + `{"files":[],"tables":[]}` + "Z",
	} {
		_, err := Verify(bytes.NewReader(forge(t, parts)), opens)
		if code := pki.CodeOf(err); code != "backup.parts" && code != "backup.sum" {
			t.Errorf("%s: %v", name, err)
		}
	}
	good := forge(t, "A\x02{}Z\x18"+`{"files":[],"tables":[]}`)
	if r, err := Verify(bytes.NewReader(good), opens); err != nil || r.Audit.Good() { // it has no log at all
		t.Errorf("the smallest archive: %+v, %v", r.Audit, err)
	}
}

// forge encrypts whatever parts.
func forge(t testing.TB, parts string) []byte {
	t.Helper()
	var out bytes.Buffer
	w, _, err := NewWriter(&out, cheap(AES256GCM), About{})
	if err != nil {
		t.Fatal(err)
	}
	w.out.Reset(w.squeezed)
	w.out.WriteString(parts)
	for _, end := range []func() error{w.out.Flush, w.squeezed.Close, w.stream.Close} {
		if err := end(); err != nil {
			t.Fatal(err)
		}
	}
	return out.Bytes()
}
