package pool

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"onecert/pki"
)

var (
	errDead = errors.New("the device does not answer")
	errData = errors.New("bad data")
)

// device is a device in memory that notices what a real one would die of.
type device struct {
	t         *testing.T
	mu        sync.Mutex
	alive     bool
	connected bool
	epoch     int
	open      map[*session]bool
	connects  int
	most      int
}

type session struct {
	kind  string
	epoch int
	busy  atomic.Bool
}

func (d *device) driver() Driver[string, *session] {
	return Driver[string, *session]{
		Connect: func() error {
			d.mu.Lock()
			defer d.mu.Unlock()
			d.connects++
			if d.connected {
				d.t.Error("connected twice")
			}
			if !d.alive {
				return errDead
			}
			d.connected = true
			d.epoch++
			return nil
		},
		Disconnect: func() {
			d.mu.Lock()
			defer d.mu.Unlock()
			for s := range d.open {
				if s.busy.Load() {
					d.t.Error("disconnected under a call")
				}
			}
			d.connected = false
		},
		Open: func(kind string) (*session, Verdict, error) {
			d.mu.Lock()
			defer d.mu.Unlock()
			if !d.alive || !d.connected {
				return nil, Device, errDead
			}
			s := &session{kind: kind, epoch: d.epoch}
			d.open[s] = true
			d.most = max(d.most, len(d.open))
			return s, Keep, nil
		},
		Close: func(s *session) {
			d.mu.Lock()
			defer d.mu.Unlock()
			if !d.open[s] {
				d.t.Error("closed twice")
			}
			delete(d.open, s)
		},
	}
}

// use is an act: it fails where the device is gone or the session an old one.
func (d *device) use(s *session) (Verdict, error) {
	if !s.busy.CompareAndSwap(false, true) {
		d.t.Error("two callers in one session")
	}
	defer s.busy.Store(false)
	time.Sleep(time.Millisecond)
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case !d.alive:
		return Device, errDead
	case s.epoch != d.epoch:
		return Session, errDead
	}
	return Keep, nil
}

func newDevice(t *testing.T) *device {
	return &device{t: t, alive: true, open: map[*session]bool{}}
}

func (d *device) set(alive bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.alive = alive
}

func TestSessionsAreBoundedAndReused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDevice(t)
		p := New(d.driver(), Config{Size: 3})
		var group sync.WaitGroup
		for range 50 {
			group.Go(func() {
				if err := p.Do("a", d.use); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		if d.most > 3 || d.connects != 1 || len(d.open) > 3 {
			t.Errorf("%d sessions at once, %d connections, %d open", d.most, d.connects, len(d.open))
		}
	})
}

func TestNothingIsOpenedBeforeItIsUsed(t *testing.T) {
	d := newDevice(t)
	if p := New(d.driver(), Config{}); d.connects != 0 || p.Size() != 16 {
		t.Errorf("%d connections, size %d", d.connects, p.Size())
	}
}

func TestKindsDoNotMix(t *testing.T) {
	d := newDevice(t)
	p := New(d.driver(), Config{})
	for _, kind := range []string{"a", "b", "a", "b"} {
		err := p.Do(kind, func(s *session) (Verdict, error) {
			if s.kind != kind {
				t.Errorf("asked for %s, was given %s", kind, s.kind)
			}
			return Keep, nil
		})
		if err != nil {
			t.Error(err)
		}
	}
	if len(d.open) != 2 {
		t.Errorf("%d sessions for two kinds", len(d.open))
	}
}

// An error about the data costs no session and no second try.
func TestKeep(t *testing.T) {
	d := newDevice(t)
	p := New(d.driver(), Config{})
	calls := 0
	for range 3 {
		if err := p.Do("a", func(*session) (Verdict, error) { calls++; return Keep, errData }); err != errData {
			t.Error(err)
		}
	}
	if calls != 3 || len(d.open) != 1 || d.connects != 1 {
		t.Errorf("%d calls, %d sessions, %d connections", calls, len(d.open), d.connects)
	}
}

// All idle sessions died together: each caller still succeeds at the second try.
func TestDeadSessions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDevice(t)
		p := New(d.driver(), Config{Size: 4})
		run := func() {
			var group sync.WaitGroup
			for range 4 {
				group.Go(func() {
					if err := p.Do("a", d.use); err != nil {
						t.Error(err)
					}
				})
			}
			group.Wait()
		}
		run()
		d.epoch++
		run()
		run()
		if len(d.open) != 4 || d.connects != 1 {
			t.Errorf("%d sessions, %d connections", len(d.open), d.connects)
		}
	})
}

func TestVanishedAndBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDevice(t)
		p := New(d.driver(), Config{Size: 4})
		if err := p.Do("a", d.use); err != nil {
			t.Fatal(err)
		}
		d.set(false)
		for range 20 { // asked often, tried once in the quiet time
			if err := p.Do("a", d.use); !errors.Is(err, errDead) {
				t.Errorf("a dead device answered %v", err)
			}
		}
		if d.connects != 2 {
			t.Errorf("%d connections tried in the quiet time", d.connects)
		}
		d.set(true)
		if err := p.Do("a", d.use); !errors.Is(err, errDead) {
			t.Errorf("within the quiet time: %v", err)
		}
		time.Sleep(5 * time.Second)
		if err := p.Do("a", d.use); err != nil {
			t.Errorf("after it is back: %v", err)
		}
		// Gone and back between two uses: nobody notices.
		time.Sleep(time.Hour)
		d.mu.Lock()
		d.epoch++
		d.mu.Unlock()
		if err := p.Do("a", d.use); err != nil {
			t.Errorf("back between two uses: %v", err)
		}
	})
}

// One token of two is gone for good: the other's sessions are closed once in the quiet time, not at each try.
func TestOneKindGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDevice(t)
		driver := d.driver()
		open := driver.Open
		driver.Open = func(kind string) (*session, Verdict, error) {
			if kind == "gone" {
				return nil, Device, errDead
			}
			return open(kind)
		}
		p := New(driver, Config{Size: 4})
		for range 50 {
			if err := p.Do("gone", d.use); !errors.Is(err, errDead) {
				t.Error(err)
			}
			if err := p.Do("here", d.use); err != nil {
				t.Error(err)
			}
		}
		if d.connects != 2 {
			t.Errorf("%d connections", d.connects)
		}
	})
}

func TestManyCallersWhileItVanishes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDevice(t)
		p := New(d.driver(), Config{Size: 4, Quiet: 10 * time.Millisecond})
		var group sync.WaitGroup
		var failed, done atomic.Int64
		for range 16 {
			group.Go(func() {
				for range 200 {
					if err := p.Do("a", d.use); err != nil {
						failed.Add(1)
						time.Sleep(time.Millisecond)
					} else {
						done.Add(1)
					}
				}
			})
		}
		for range 5 {
			time.Sleep(40 * time.Millisecond)
			d.set(false)
			time.Sleep(20 * time.Millisecond)
			d.set(true)
		}
		group.Wait()
		if err := p.Do("a", d.use); err != nil {
			t.Errorf("at the end: %v", err)
		}
		if failed.Load() == 0 || done.Load() == 0 || d.most > 4 {
			t.Errorf("%d failed, %d done, %d sessions at once", failed.Load(), done.Load(), d.most)
		}
	})
}

// A call that never returns blocks its own session and a reconnection, not the process.
func TestHangingCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDevice(t)
		p := New(d.driver(), Config{Size: 2, Wait: time.Second})
		hang := make(chan struct{})
		var group sync.WaitGroup
		for range 2 {
			group.Go(func() { _ = p.Do("a", func(*session) (Verdict, error) { <-hang; return Keep, nil }) })
		}
		synctest.Wait()
		begin := time.Now()
		err := p.Do("a", d.use)
		if pki.CodeOf(err) != "key.device-busy" || pki.KindOf(err) != pki.Unavailable || time.Since(begin) != time.Second {
			t.Errorf("%v after %v", err, time.Since(begin))
		}
		close(hang)
		group.Wait()
		if err := p.Do("a", d.use); err != nil {
			t.Errorf("after the calls returned: %v", err)
		}

		// One hangs while another finds the device gone: the reconnection gives up and frees what it held.
		hang = make(chan struct{})
		group.Go(func() { _ = p.Do("a", func(*session) (Verdict, error) { <-hang; return Keep, nil }) })
		synctest.Wait()
		gone := func(*session) (Verdict, error) { return Device, errDead }
		if err := p.Do("a", gone); pki.CodeOf(err) != "key.device-busy" {
			t.Errorf("reconnecting under a hanging call: %v", err)
		}
		close(hang)
		group.Wait()
		if err := p.Do("a", d.use); err != nil {
			t.Errorf("afterwards: %v", err)
		}
	})
}

func TestPanicFreesTheSession(t *testing.T) {
	d := newDevice(t)
	p := New(d.driver(), Config{Size: 1})
	func() {
		defer func() { _ = recover() }()
		_ = p.Do("a", func(*session) (Verdict, error) { panic("act") })
	}()
	if err := p.Do("a", d.use); err != nil || len(d.open) != 1 {
		t.Errorf("after a panic: %v, %d sessions", err, len(d.open))
	}
}
