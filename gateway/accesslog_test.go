package gateway

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"onecert/db"
	"onecert/pki"
	"onecert/pkitest"
	"onecert/policy"
)

// aVisit has something in every field.
func aVisit(n int) Visit {
	v := Visit{Service: "gate", Version: "HTTP/2.0", Query: true, Suite: "TLS_AES_128_GCM_SHA256", TLS: "TLS 1.3", Resumed: true, Peer: netip.MustParseAddr("192.0.2.9"),
		Session: "3f1d", Serial: "0a", Agent: "curl \"8\"\u2028\x01", Status: 200, Sent: int64(100 + n), Received: 7, Backend: "127.0.0.1:8080", Took: time.Duration(n) * time.Millisecond, Wait: time.Millisecond}
	v.Address, v.At, v.Application, v.Protocol = netip.MustParseAddr("2001:db8::1"), time.Date(2026, 11, 23, 8, 0, 0, n*1000, time.UTC), "oa", policy.ProtocolTLS
	v.Method, v.Host, v.Path, v.ID = "GET", "oa.demo.example", "/文件/"+strings.Repeat("a", n), "0123"
	v.Subject = &policy.Subject{Login: policy.LoginCertificate, Level: policy.LevelCertificate, User: "H-1@x",
		Certificate: &policy.Certificate{Subject: pki.Name{{Type: "CN", Value: "艾丽思"}}, Issuer: pki.Name{{Type: "CN", Value: "CA"}}, Serial: "0a", Fingerprint: "ab", NotBefore: v.At, NotAfter: v.At}}
	v.Decision = policy.Decision{Allowed: true, Reason: policy.ReasonRule, Rule: "oa"}
	if n%3 == 1 {
		v.Problem, v.Error, v.Decision.Allowed = "backend-down", "unreachable", false
	}
	return v
}

// A line is what encoding/json reads back as the record the policy is tried on.
func TestAccessLine(t *testing.T) {
	var w lineWriter
	for n := range 5 {
		v := aVisit(n)
		line := w.line(nil, &v)
		var back AccessLine
		decoder := json.NewDecoder(bytes.NewReader(line))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&back); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if !reflect.DeepEqual(back.Recorded, v.Recorded) {
			t.Errorf("%+v\nread back as\n%+v", v.Recorded, back.Recorded)
		}
		if back.Agent != v.Agent || back.Sent != v.Sent || back.Backend != v.Backend || back.Problem != v.Problem || back.Took != float64(n) || !back.Query || back.Peer != "192.0.2.9" {
			t.Errorf("%s", line)
		}
		if bytes.Count(line, []byte("\n")) != 1 || bytes.Contains(line, []byte("\u2028")) {
			t.Errorf("%q is more than a line", line)
		}
	}
}

// Numbers of identity cards are masked wherever they stand; what only looks long is not.
func TestIdentityNumbersAreMasked(t *testing.T) {
	for text, want := range map[string]string{
		"/people/11010519491231002X/edit": "/people/110105************/edit",
		"张三 110105194912310021":           "张三 110105194912310021", // the check character is wrong
		"11010519491231002x":              "110105************",
		"a11010519491231002Xb":            "a11010519491231002Xb",
		"12345678901234567890123456":      "12345678901234567890123456",
		"110105194913310027":              "110105194913310027", // no month
		"":                                "",
	} {
		if got := maskNumbers(text); got != want {
			t.Errorf("%q became %q", text, got)
		}
	}
}

// The masking leaves most of a line unread; it finds what reading every octet finds.
func TestMaskingMissesNothing(t *testing.T) {
	number := regexp.MustCompile(`(^|[^0-9A-Za-z])([0-9]{17}[0-9Xx])($|[^0-9A-Za-z])`)
	parts := []string{"11010519491231002X", "11010519491231002x", "440524188001010014", "110105194912310021", "7", "99", "x", "/", "-", "1234567890123456", "张"}
	random := rand.New(rand.NewPCG(1, 2))
	masked := 0
	for range 100_000 {
		var b strings.Builder
		for range random.IntN(12) {
			b.WriteString(parts[random.IntN(len(parts))])
		}
		want := []byte(b.String())
		for from := 0; ; {
			at := number.FindSubmatchIndex(want[from:])
			if at == nil {
				break
			}
			if one := want[from+at[4] : from+at[5]]; isResident(one) {
				copy(one[6:], "************")
				masked++
			}
			from += at[5] // what follows it may come before the next
		}
		if got := maskNumbers(b.String()); got != string(want) {
			t.Fatalf("%q became %q, not %q", b.String(), got, want)
		}
	}
	if masked < 10_000 {
		t.Errorf("only %d numbers were masked", masked)
	}
}

func linesOf(t *testing.T, dir string) (all []AccessLine) {
	t.Helper()
	for _, name := range accessFiles(dir) {
		file, err := os.Open(name)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		lines := bufio.NewScanner(file)
		for lines.Scan() {
			var l AccessLine
			if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
				t.Fatalf("%s: %v", lines.Bytes(), err)
			}
			all = append(all, l)
		}
	}
	return all
}

// Files turn by size and go when their time is over; no line is lost or cut.
func TestAccessLogTurns(t *testing.T) {
	dir := t.TempDir()
	old := filepath.Join(dir, "access-20200101T000000.000000000Z.log")
	if err := os.WriteFile(old, []byte("{}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(old, time.Unix(0, 0), time.Unix(0, 0)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, accessName), []byte(`{"broken`), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := OpenAccessLog(AccessConfig{Dir: dir, MaxBytes: 20_000, Keep: time.Hour, Queue: 2000, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	for round := range 4 {
		for n := range 20 {
			l.Write(aVisit(round*20 + n))
		}
		time.Sleep(2 * accessInterval)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(old); !errors.Is(err, os.ErrNotExist) {
		t.Error("an old file is still there")
	}
	count := 0
	for _, name := range accessFiles(dir) {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		count += bytes.Count(text, []byte(`"service":"gate"`))
	}
	if files := accessFiles(dir); count != 80 || len(files) < 3 || l.Lost() != 0 {
		t.Errorf("%d lines in %d files, %d lost", count, len(files), l.Lost())
	}
}

// While the log cannot be written requests go on, and the log says afterwards how many
// lines are missing.
func TestAccessLogThatCannotBeWritten(t *testing.T) {
	dir := t.TempDir()
	l, err := OpenAccessLog(AccessConfig{Dir: dir, Queue: 2000, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	l.file.Close() // as a disk that fails
	for n := range 10 {
		l.Write(aVisit(n))
	}
	until(t, func() bool { return l.Lost() == 10 })
	if l.Fault() == nil {
		t.Error("nobody is told")
	}
	l.Write(aVisit(1))
	until(t, func() bool { return l.Fault() == nil })
	l.Close()
	if lines := linesOf(t, dir); len(lines) != 2 || lines[0].Lost != 10 || lines[1].Service != "gate" {
		t.Errorf("%+v", lines)
	}
	if err := os.Remove(filepath.Join(dir, accessName)); err != nil {
		t.Fatal(err)
	}
	again, err := OpenAccessLog(AccessConfig{Dir: dir, Queue: 1, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	for n := range 5000 { // more than a queue of one takes
		again.Write(aVisit(n % 7))
	}
	until(t, func() bool { return again.Lost() > 0 })
	time.Sleep(2 * accessInterval)
	again.Write(aVisit(0))
	again.Close()
	said := int64(0)
	written := 0
	for _, line := range linesOf(t, dir) {
		said += line.Lost
		if line.Lost == 0 {
			written++
		}
	}
	if said != again.Lost() || int64(written)+said != 5001 {
		t.Errorf("%d lines are there and %d said to be lost, %d were counted", written, said, again.Lost())
	}
}

func until(t *testing.T, done func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it did not come about")
		}
	}
}

// What is counted is what the log says when it is counted again.
func TestStatisticsAgreeWithTheLog(t *testing.T) {
	for _, database := range pkitest.Databases(t) {
		t.Run(database.Engine, func(t *testing.T) {
			d, err := db.Open(t.Context(), database.Source)
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			if err := d.Migrate(t.Context(), "gateway", migrations); err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			l, err := OpenAccessLog(AccessConfig{Dir: dir, Log: slog.New(slog.DiscardHandler)})
			if err != nil {
				t.Fatal(err)
			}
			now := time.Date(2026, 11, 23, 8, 30, 0, 0, time.UTC)
			s := newStatistics(d, func() time.Time { return now })
			for n := range 500 {
				v := aVisit(n % 50)
				v.At = v.At.Add(time.Duration(n) * time.Second)
				v.Application = []string{"oa", "mail", ""}[n%3]
				s.tally.visit(&v)
				l.Write(v)
				if n%100 == 99 {
					if err := s.flush(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
			}
			l.Close()
			want := map[[2]any]Counts{}
			for _, line := range linesOf(t, dir) {
				at := line.At.Add(time.Duration(line.Took * float64(time.Millisecond))).Truncate(time.Minute)
				c := want[[2]any{at, line.Application}]
				c.Requests++
				c.Sent += line.Sent
				if line.Problem != "" {
					c.Refused++
				}
				if line.Error != "" {
					c.Failed++
				}
				want[[2]any{at, line.Application}] = c
			}
			q := StatisticsQuery{Step: StepMinute, Kind: FigureApplication}
			q.complete(now)
			figures, err := readFigures(t.Context(), d.Read(), q, 1000)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range figures {
				c := want[[2]any{f.At, f.Name}]
				if c.Requests != f.Requests || c.Sent != f.Sent || c.Refused != f.Refused || c.Failed != f.Failed {
					t.Errorf("%s %q: counted %+v, the log says %+v", f.At, f.Name, f.Counts, c)
				}
				delete(want, [2]any{f.At, f.Name})
			}
			if len(want) > 0 || len(figures) == 0 {
				t.Errorf("%d are not counted", len(want))
			}
			day := StatisticsQuery{Step: StepDay, Kind: FigureUser}
			day.complete(now)
			users, err := readFigures(t.Context(), d.Read(), day, 10)
			if err != nil || len(users) != 1 || users[0].Requests != 500 || users[0].Name != "H-1@x" {
				t.Errorf("%+v %v", users, err)
			}
			now = now.Add(25 * time.Hour)
			if err := s.flush(t.Context()); err != nil {
				t.Fatal(err)
			}
			if figures, err = readFigures(t.Context(), d.Read(), q, 1000); err != nil || len(figures) != 0 {
				t.Errorf("%d minutes are kept for more than a day (%v)", len(figures), err)
			}
		})
	}
}

// The ring keeps the last thousand, the newest first.
func TestFailuresAreBounded(t *testing.T) {
	var r failures
	for n := range 2500 {
		r.add(FailedHandshake{Service: "gate", Took: float64(n)})
	}
	all := r.newest(3, func(FailedHandshake) bool { return true })
	if len(r.all) != maxFailures || len(all) != 3 || all[0].Took != 2499 || all[2].Took != 2497 {
		t.Errorf("%d kept, %+v", len(r.all), all)
	}
}

func BenchmarkAccessLine(b *testing.B) {
	var w lineWriter
	v := aVisit(1)
	buffer := make([]byte, 0, 4096)
	b.ReportAllocs()
	for b.Loop() {
		buffer = w.line(buffer[:0], &v)
	}
}
