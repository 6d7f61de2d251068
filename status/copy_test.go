package status_test

import (
	"context"
	"database/sql"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"onecert/db"
	"onecert/pki"
	"onecert/pkitest"
	"onecert/serve"
	"onecert/status"
)

// serveJournal puts a journal on the network and returns its address.
func serveJournal(t testing.TB, origin *status.Origin) string {
	t.Helper()
	api := serve.New(serve.Config{Title: "test", Version: "test"})
	origin.Routes(api.Huma, func(context.Context) error { return nil })
	server := httptest.NewServer(api)
	t.Cleanup(server.Close)
	return server.URL
}

func client(t testing.TB, url string) *status.Client {
	t.Helper()
	c, err := serve.NewClient(url, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.HTTP.CloseIdleConnections)
	return status.NewClient(c)
}

// copied is a copy with its database, as a house for reading.
type copied struct {
	house
	*status.Copy
	stop func()
}

func openCopy(t testing.TB, source string, from status.Source, now func() time.Time) *copied {
	t.Helper()
	d, err := db.Open(t.Context(), source)
	if err != nil {
		t.Fatal(err)
	}
	c, err := status.OpenCopy(t.Context(), status.CopyConfig{DB: d, Source: from, Now: now})
	// PostgreSQL frees a killed process's lease when it notices that the session has ended.
	for deadline := time.Now().Add(time.Minute); pki.CodeOf(err) == "status.leased" && time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		c, err = status.OpenCopy(t.Context(), status.CopyConfig{DB: d, Source: from, Now: now})
	}
	if err != nil {
		t.Fatal(err)
	}
	made := &copied{house: house{source, c.Journal(), d}, Copy: c}
	made.stop = sync.OnceFunc(func() {
		c.Close()
		d.Close()
	})
	t.Cleanup(func() { made.stop() })
	return made
}

// keep follows until the returned function is called.
func (c *copied) keep(t testing.TB) (end func()) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); c.Keep(ctx) }()
	end = sync.OnceFunc(func() { cancel(); <-done })
	stop := c.stop
	c.stop = func() { end(); stop() }
	return end
}

func await(t testing.TB, what string, good func() bool) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); !good(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s did not happen", what)
		}
	}
}

// equals waits until the copy has everything and holds both against each other.
func (c *copied) equals(t *testing.T, h house) {
	t.Helper()
	last, err := h.Last(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	await(t, "catching up", func() bool { return c.Freshness().Number >= last })
	found, err := status.Differences(t.Context(), h.Journal, c.Copy.Journal())
	if err != nil || len(found) > 0 {
		t.Fatalf("the copy differs: %v, %v", found, err)
	}
}

// The conformance suite on a copy: random changes at the centre, over a link that is
// slow, breaks in the middle of messages and is mended; then every question to the
// copy gets the answer of the model, and its history is the centre's.
func TestCopyOverABrokenLink(t *testing.T) {
	engines := map[string]func(testing.TB) string{"sqlite": pkitest.SQLite, "postgres": pkitest.Postgres}
	for name, fresh := range engines {
		t.Run(name, func(t *testing.T) {
			h := open(t, fresh(t))
			link := pkitest.NewLink(t, strings.TrimPrefix(serveJournal(t, status.NewOrigin(h.Journal, nil)), "http://"))
			c := openCopy(t, fresh(t), client(t, "http://"+link.Address), nil)
			c.keep(t)
			seed := rand.Uint64()
			t.Logf("seed %d", seed)
			g := &generator{Rand: rand.New(rand.NewPCG(seed, 2)), model: model{}}
			link.Delay(time.Millisecond)
			for round := range 120 {
				g.transaction(t, h)
				h.Wake()
				switch round % 15 {
				case 5:
					link.Cut()
				case 12:
					link.Mend()
				}
				time.Sleep(2 * time.Millisecond)
			}
			link.Mend()
			c.equals(t, h)
			g.model.compare(t, c.house)
			g.compareHistory(t, c.house)
			c.check(t)
			// A fault stands until the next question is answered, also where nothing is new.
			f := c.Freshness()
			for end := time.Now().Add(time.Minute); f.Fault != nil && time.Now().Before(end); f = c.Freshness() {
				time.Sleep(20 * time.Millisecond)
			}
			if f.Lag != 0 || f.Age > time.Minute || f.Fault != nil {
				t.Errorf("the figures: %+v", f)
			}
		})
	}
}

// A copy killed at any instant resumes where it was and ends equal to its source. The
// test runs itself as the copy.
func TestKilledCopy(t *testing.T) {
	if source := os.Getenv("STATUSTEST_COPY"); source != "" {
		openCopy(t, source, client(t, os.Getenv("STATUSTEST_FROM")), nil).Keep(t.Context())
		return
	}
	for name, fresh := range map[string]func(testing.TB) string{"sqlite": pkitest.SQLite, "postgres": pkitest.Postgres} {
		t.Run(name, func(t *testing.T) {
			h, target := open(t, pkitest.SQLite(t)), fresh(t)
			url := serveJournal(t, status.NewOrigin(h.Journal, nil))
			var seen int64
			for round := range 5 {
				var changes []status.Change
				for range 1000 {
					s := serial()
					changes = append(changes, issued(s, start), changed(s, status.Revoked, start))
				}
				h.must(t, changes...)
				child := exec.Command(os.Args[0], "-test.run=^TestKilledCopy$")
				child.Env = append(os.Environ(), "STATUSTEST_COPY="+target, "STATUSTEST_FROM="+url)
				if err := child.Start(); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Duration(150+round*100) * time.Millisecond)
				child.Process.Kill()
				child.Wait()
				stopped := openCopy(t, target, nil, nil)
				last := stopped.Freshness().Number
				stopped.stop()
				if last < seen {
					t.Fatalf("%d entries after %d", last, seen)
				}
				seen = last
			}
			t.Logf("killed five times, the last time at entry %d", seen)
			c := openCopy(t, target, client(t, url), nil)
			c.keep(t)
			c.equals(t, h)
			c.check(t)
		})
	}
}

// A source that was set back, restored or exchanged is noticed and explained, and the
// copy keeps what it has.
func TestCopyOfAnotherJournal(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		begin := func(t *testing.T) (*copied, status.Source) {
			from := status.NewOrigin(h.Journal, nil)
			from.SetHold(50 * time.Millisecond)
			c := openCopy(t, pkitest.SQLite(t), from, nil)
			h.must(t, issued(serial(), start), issued(serial(), start))
			end := c.keep(t)
			c.equals(t, h)
			end()
			return c, from
		}
		refuses := func(t *testing.T, c *copied, code, words string) {
			t.Helper()
			before := c.Freshness().Number
			end := c.keep(t)
			await(t, "noticing "+code, func() bool { return pki.CodeOf(c.Freshness().Fault) == code })
			end()
			if fault := c.Freshness().Fault; !strings.Contains(fault.Error(), words) || c.Freshness().Number != before {
				t.Errorf("it says %v and stands at %d", fault, c.Freshness().Number)
			}
		}
		sql1 := func(t *testing.T, texts ...string) {
			t.Helper()
			err := h.d.Tx(t.Context(), func(tx *sql.Tx) error {
				for _, text := range texts {
					if _, err := tx.Exec(text); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		restored := func(t *testing.T) {
			t.Helper()
			err := h.d.Tx(t.Context(), func(tx *sql.Tx) error { return status.Restored(t.Context(), tx) })
			if err != nil {
				t.Fatal(err)
			}
		}

		t.Run("restored, nothing lost", func(t *testing.T) {
			c, _ := begin(t)
			restored(t)
			h.must(t, issued(serial(), start))
			c.keep(t)
			c.equals(t, h)
		})
		t.Run("restored, went on beyond the copy", func(t *testing.T) {
			c, _ := begin(t)
			last, _ := h.Last(t.Context())
			sql1(t, "DELETE FROM status WHERE number > "+strconv.FormatInt(last-1, 10), "DELETE FROM status_journal WHERE number > "+strconv.FormatInt(last-1, 10), "UPDATE status_counter SET n = "+strconv.FormatInt(last-1, 10),
				"UPDATE status_count SET n = n - 1 WHERE state = 'valid'")
			restored(t)
			h.must(t, issued(serial(), start), issued(serial(), start), issued(serial(), start))
			refuses(t, c, "status.forked", "is not the one this copy has")
		})
		t.Run("restored, the copy ahead in entries that are equal", func(t *testing.T) {
			c, _ := begin(t)
			last, _ := h.Last(t.Context())
			sql1(t, "INSERT INTO status_epoch (n, id, after) VALUES ((SELECT MAX(n) + 1 FROM status_epoch), 'another life', "+strconv.FormatInt(last-1, 10)+")")
			refuses(t, c, "status.forked", "was restored from a backup")
			sql1(t, "DELETE FROM status_epoch WHERE id = 'another life'")
		})
		t.Run("set back without a word", func(t *testing.T) {
			c, _ := begin(t)
			last, _ := h.Last(t.Context())
			sql1(t, "DELETE FROM status WHERE number > "+strconv.FormatInt(last-1, 10), "DELETE FROM status_journal WHERE number > "+strconv.FormatInt(last-1, 10), "UPDATE status_counter SET n = "+strconv.FormatInt(last-1, 10),
				"UPDATE status_count SET n = n - 1 WHERE state = 'valid'")
			refuses(t, c, "status.rewound", "ends before entry")
			h.must(t, issued(serial(), start))
			refuses(t, c, "status.forked", "is not the one this copy has")
		})
		t.Run("another CA", func(t *testing.T) {
			c, _ := begin(t)
			sql1(t, "UPDATE status_epoch SET id = 'stranger' WHERE n = 1")
			refuses(t, c, "status.forked", "another journal")
		})
	})
}

// The age of a copy is told by heartbeats and counted by its own clock; a day without
// the source is a day, also after a restart.
func TestFreshness(t *testing.T) {
	h := open(t, pkitest.SQLite(t))
	var mu sync.Mutex
	at := start
	now := func() time.Time { mu.Lock(); defer mu.Unlock(); return at }
	origin := status.NewOrigin(h.Journal, nil)
	origin.SetHold(20 * time.Millisecond)
	link := pkitest.NewLink(t, strings.TrimPrefix(serveJournal(t, origin), "http://"))
	target := pkitest.SQLite(t)
	c := openCopy(t, target, client(t, "http://"+link.Address), now)
	if f := c.Freshness(); f.Age < 50*365*24*time.Hour || !f.AsOf.IsZero() {
		t.Errorf("before the first answer: %+v", f)
	}
	c.keep(t)
	h.must(t, issued(serial(), start))
	c.equals(t, h)
	await(t, "a heartbeat", func() bool { f := c.Freshness(); return f.Age < time.Second && f.Number == 1 })
	link.Cut()
	await(t, "noticing the cut", func() bool { return c.Freshness().Fault != nil })
	mu.Lock()
	at = at.Add(24 * time.Hour)
	mu.Unlock()
	if f := c.Freshness(); f.Age < 24*time.Hour-time.Second || f.Age > 25*time.Hour || pki.KindOf(f.Fault) != pki.Unavailable {
		t.Errorf("after a day without the source: %+v", f)
	}
	c.stop()
	c = openCopy(t, target, client(t, "http://"+link.Address), now)
	if f := c.Freshness(); f.Age < 24*time.Hour-time.Second || f.Age > 25*time.Hour || f.Number != 1 {
		t.Errorf("after a restart: %+v", f)
	}
	c.keep(t)
	var changes []status.Change
	for range 12_000 { // more than two batches missed
		changes = append(changes, issued(serial(), start))
	}
	h.must(t, changes...)
	link.Mend()
	await(t, "catching up", func() bool {
		f := c.Freshness()
		return f.Number == 12_001 && f.Lag == 0 && f.Age < time.Second && f.Fault == nil
	})

	// A copy of the copy is as old as both.
	second := status.NewOrigin(c.Copy.Journal(), c.Age)
	second.SetHold(20 * time.Millisecond)
	further := openCopy(t, pkitest.SQLite(t), client(t, serveJournal(t, second)), now)
	further.keep(t)
	await(t, "the copy of the copy", func() bool { return further.Freshness().Number == 12_001 })
	link.Cut()
	await(t, "noticing the cut", func() bool { return c.Freshness().Fault != nil })
	mu.Lock()
	at = at.Add(time.Hour)
	mu.Unlock()
	await(t, "hearing of the age", func() bool {
		f := further.Freshness()
		return f.Fault == nil && f.Age >= 59*time.Minute && f.Age < 2*time.Hour
	})
}

// A journal answers the same in the process and across the network.
func TestSourceErrors(t *testing.T) {
	h := open(t, pkitest.SQLite(t))
	h.must(t, issued(serial(), start))
	origin := status.NewOrigin(h.Journal, nil)
	origin.SetHold(20 * time.Millisecond)
	for name, source := range map[string]status.Source{"object": origin, "client": client(t, serveJournal(t, origin))} {
		t.Run(name, func(t *testing.T) {
			if b, err := source.Batch(t.Context(), 0, 10); err != nil || len(b.Entries) != 1 || b.Last != 1 || len(b.Epochs) != 1 {
				t.Errorf("%+v, %v", b, err)
			}
			if b, err := source.Batch(t.Context(), 1, 10); err != nil || len(b.Entries) != 0 || b.Last != 1 || b.Waited < 15 {
				t.Errorf("the heartbeat: %+v, %v", b, err)
			}
			if _, err := source.Batch(t.Context(), 2, 10); pki.CodeOf(err) != "status.rewound" || pki.KindOf(err) != pki.Conflict {
				t.Errorf("beyond the end: %v", err)
			}
			for _, wrong := range [][2]int64{{-1, 10}, {0, 0}, {0, 5001}} {
				if _, err := source.Batch(t.Context(), wrong[0], int(wrong[1])); pki.KindOf(err) != pki.Invalid {
					t.Errorf("%v: %v", wrong, err)
				}
			}
		})
	}
}

// Two processes never keep one copy.
func TestCopyIsLeased(t *testing.T) {
	source := pkitest.Postgres(t)
	openCopy(t, source, nil, nil)
	d, err := db.Open(t.Context(), source)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if _, err := status.OpenCopy(t.Context(), status.CopyConfig{DB: d}); pki.CodeOf(err) != "status.leased" {
		t.Errorf("a second one: %v", err)
	}
}

// Differences finds what it is for.
func TestDifferences(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		c := openCopy(t, pkitest.SQLite(t), status.NewOrigin(h.Journal, nil), nil)
		end := c.keep(t)
		one, two := serial(), serial()
		h.must(t, issued(one, start), issued(two, start), changed(one, status.Held, start))
		c.equals(t, h)
		end()
		for _, spoil := range []string{
			"UPDATE status_journal SET at = at + 1 WHERE number = 2", "UPDATE status SET state = 'revoked' WHERE state = 'held'",
			"UPDATE status_count SET n = 7", "UPDATE status_counter SET n = 2",
		} {
			err := c.d.Tx(t.Context(), func(tx *sql.Tx) error { _, err := tx.Exec(spoil); return err })
			if err != nil {
				t.Fatal(err)
			}
			if found, err := status.Differences(t.Context(), h.Journal, c.Copy.Journal()); err != nil || len(found) == 0 {
				t.Errorf("%s: %v, %v", spoil, found, err)
			}
		}
	})
}
