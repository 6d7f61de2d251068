package serve

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"onecert/pki"
)

// caller is a connection nobody looks at.
type caller struct{ net.Conn }

func (c *caller) Close() error                { return nil }
func (c *caller) Read([]byte) (int, error)    { return 0, nil }
func (c *caller) Write(b []byte) (int, error) { return len(b), nil }

// office is a listener's places, taken from addresses the test chooses.
type office struct{ *seats }

func newOffice(total int) *office { return &office{Fair(nil, total).(*seats)} }

// call brings a caller and returns its connection, nil if it was refused.
func (o *office) call(from string) *seat {
	c := &seat{Conn: &caller{}, of: o.seats}
	c.used.Store(o.tick.Add(1))
	if !o.take(c, sourceOf(&net.TCPAddr{IP: net.ParseIP(from)})) {
		return nil
	}
	return c
}

func (o *office) count(from string) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	c := o.crowds[sourceOf(&net.TCPAddr{IP: net.ParseIP(from)})]
	if c == nil {
		return 0
	}
	return len(c.open)
}

// A number that changes counts for whoever comes next; who is there stays.
func TestPlacesThatChange(t *testing.T) {
	total := 2
	o := &office{FairBy(nil, func() int { return total }).(*seats)}
	for i, want := range []bool{true, true, false} {
		if got := o.call("10.0.0.1") != nil; got != want {
			t.Errorf("caller %d of 2: %v", i, got)
		}
	}
	total = 3
	if o.call("10.0.0.1") == nil || o.call("10.0.0.1") != nil {
		t.Error("of 3 places not one was free")
	}
	total = 1
	if o.call("10.0.0.1") != nil || o.count("10.0.0.1") != 3 {
		t.Errorf("%d are there of 1", o.count("10.0.0.1"))
	}
}

// An office behind one address may have every seat there is; those who come later
// get theirs from it, one by one, until all have the same.
func TestPlacesAreSharedOutEvenly(t *testing.T) {
	o := newOffice(90)
	for range 90 {
		if o.call("10.0.0.1") == nil {
			t.Fatal("a seat was free and not given")
		}
	}
	if o.call("10.0.0.1") != nil {
		t.Error("more seats than there are")
	}
	taken := map[string]int{}
	for range 100 {
		for _, from := range []string{"10.0.0.2", "10.0.0.3"} {
			if o.call(from) != nil {
				taken[from]++
			}
		}
	}
	for _, from := range []string{"10.0.0.1", "10.0.0.2", "10.0.0.3"} {
		if n := o.count(from); n < 29 || n > 31 {
			t.Errorf("%s has %d of 90", from, n)
		}
	}
	if o.open != 90 {
		t.Errorf("%d open", o.open)
	}
}

// The connection that goes is one without a request, of those the one longest unused.
func TestWhoGivesItsPlace(t *testing.T) {
	o := newOffice(4)
	var all []*seat
	for range 4 {
		all = append(all, o.call("10.0.0.1"))
	}
	all[0].busy.Add(1)
	all[1].Read(nil) // used after the others came
	o.call("10.0.0.2")
	gone := func() (list []int) {
		for i, c := range all {
			if _, here := c.crowd.open[c]; !here {
				list = append(list, i)
			}
		}
		return list
	}
	if list := gone(); len(list) != 1 || list[0] != 2 {
		t.Errorf("gone: %v", list)
	}
	for _, c := range all {
		c.busy.Add(1)
	}
	if o.call("10.0.0.3") != nil {
		t.Error("a request under way was cut off")
	}
	all[3].Close()
	all[3].Close()
	if o.call("10.0.0.3") == nil || o.open != 4 {
		t.Errorf("a place given back is not given out, %d open", o.open)
	}
}

// Whoever comes and goes in whatever order, the books are right, and nobody has two
// more than a source that was refused.
func TestPlacesModel(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	p := Fair(nil, 40).(*seats)
	var open []*seat
	for range 20_000 {
		if len(open) > 0 && random.IntN(3) == 0 {
			i := random.IntN(len(open))
			open[i].Close()
			open = append(open[:i], open[i+1:]...)
			continue
		}
		c := &seat{Conn: &caller{}, of: p}
		source := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(random.IntN(8) * random.IntN(8))}), 32)
		before := 0
		if own := p.crowds[source]; own != nil {
			before = len(own.open)
		}
		if p.take(c, source) {
			open = append(open, c)
		} else if most := p.order[0]; len(most.open) > before+1 {
			t.Fatalf("refused with %d while another has %d", before, len(most.open))
		}
		alive := open[:0]
		for _, c := range open {
			if _, here := c.crowd.open[c]; here {
				alive = append(alive, c)
			}
		}
		open = alive
		total := 0
		for _, own := range p.crowds {
			total += len(own.open)
		}
		if total != p.open || total != len(open) || total > 40 || len(p.order) != len(p.crowds) {
			t.Fatalf("%d seats taken, %d counted, %d known, %d sources of %d", len(open), total, p.open, len(p.order), len(p.crowds))
		}
	}
}

// While there are turns nobody waits; then the sources go in turns, however long the
// line of one of them is.
func TestTurnsGoRound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		turns := newTurns(Limits{Work: 4, Connections: 1000, Wait: time.Minute})
		office, home := &crowd{}, &crowd{}
		var order []string
		var mu sync.Mutex
		work := func(name string, c *crowd) {
			if err := turns.enter(t.Context(), c); err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			order = append(order, name)
			mu.Unlock()
			time.Sleep(time.Second)
			turns.leave(c)
		}
		for range 100 {
			go work("office", office)
		}
		synctest.Wait()
		if len(order) != 4 {
			t.Fatalf("%d under way", len(order))
		}
		start := time.Now()
		for range 4 {
			go work("home", home)
		}
		synctest.Wait()
		for {
			mu.Lock()
			seen := 0
			for _, name := range order {
				if name == "home" {
					seen++
				}
			}
			mu.Unlock()
			if seen == 4 {
				break
			}
			time.Sleep(100 * time.Millisecond)
			synctest.Wait()
		}
		if waited := time.Since(start); waited > 3*time.Second {
			t.Errorf("those at home waited %v behind the office", waited)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if len(order) != 104 || turns.busy != 0 || turns.sources != 0 || turns.queue != 0 || len(turns.round) != 0 {
			t.Errorf("%d done; left: %+v", len(order), turns)
		}
	})
}

// One that holds every turn without getting on does not keep the others out.
func TestStuckSourceHoldsOnlyItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		turns := newTurns(Limits{Work: 8, Connections: 100, Wait: time.Second})
		stuck, other := &crowd{}, &crowd{}
		for range 8 {
			if err := turns.enter(t.Context(), stuck); err != nil {
				t.Fatal(err)
			}
		}
		start := time.Now()
		if err := turns.enter(t.Context(), stuck); pki.KindOf(err) != pki.Unavailable || time.Since(start) != time.Second {
			t.Error("a ninth:", err, time.Since(start))
		}
		var done atomic.Int64
		for range 40 {
			go func() {
				if err := turns.enter(t.Context(), other); err != nil {
					t.Error(err)
					return
				}
				time.Sleep(10 * time.Millisecond)
				done.Add(1)
				turns.leave(other)
			}()
		}
		time.Sleep(500 * time.Millisecond)
		synctest.Wait()
		if done.Load() != 40 {
			t.Errorf("%d of 40 done", done.Load())
		}
	})
}

// When too many wait, the last of the longest line goes.
func TestLinesEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		turns := newTurns(Limits{Work: 1, Connections: 10, Wait: time.Hour})
		office, home := &crowd{}, &crowd{}
		if err := turns.enter(t.Context(), office); err != nil {
			t.Fatal(err)
		}
		refused := map[*crowd]*atomic.Int64{office: {}, home: {}}
		wait := func(ctx context.Context, c *crowd) {
			if err := turns.enter(ctx, c); err != nil {
				refused[c].Add(1)
				return
			}
			turns.leave(c)
		}
		ctx, cancel := context.WithCancel(t.Context())
		if err := turns.enter(t.Context(), home); err != nil { // within its share
			t.Fatal(err)
		}
		for range 12 {
			go wait(ctx, office)
			synctest.Wait()
		}
		for range 3 {
			go wait(t.Context(), home)
			synctest.Wait()
		}
		if refused[office].Load() != 5 || refused[home].Load() != 0 {
			t.Errorf("refused: %d of the office, %d at home", refused[office].Load(), refused[home].Load())
		}
		cancel()
		synctest.Wait()
		if refused[office].Load() != 12 {
			t.Errorf("%d of the office left the line", refused[office].Load())
		}
		turns.leave(home)
		turns.leave(office)
		synctest.Wait()
		if turns.busy != 0 || turns.queue != 0 || refused[home].Load() != 0 {
			t.Errorf("left: %+v", turns)
		}
	})
}

// A server with no turn left says so, and that it is worth coming again; a request
// that holds for news has given its turn away.
func TestServerTakesTurns(t *testing.T) {
	limits := DefaultLimits()
	limits.Work, limits.Wait = 1, 50*time.Millisecond
	var hold atomic.Bool
	release := make(chan struct{})
	base := start(t, Server{Name: "busy", Limits: limits, Handler: slowAPI(t, func(ctx context.Context) error {
		if hold.Load() {
			held, cancel := Hold(ctx, time.Minute)
			defer cancel()
			ctx = held
		}
		select {
		case <-release:
		case <-ctx.Done():
		}
		return nil
	})})
	send := func() (*http.Response, error) {
		r, _ := http.NewRequest("PUT", base+"/things/1", body7())
		r.Header.Set("Content-Type", "application/json")
		response, err := http.DefaultClient.Do(r)
		if err == nil {
			io.Copy(io.Discard, response.Body)
			response.Body.Close()
		}
		return response, err
	}
	status := func() int {
		response, err := http.Get(base + "/livez")
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode == 503 && response.Header.Get("Retry-After") == "" {
			t.Error("it does not say when to come again")
		}
		return response.StatusCode
	}
	for _, held := range []bool{false, true} {
		hold.Store(held)
		ended := make(chan error, 1)
		go func() { _, err := send(); ended <- err }()
		want := map[bool]int{false: 503, true: 200}[held]
		for end := time.Now().Add(60 * time.Second); status() != want; {
			if time.Now().After(end) {
				t.Fatalf("held %v: never %d", held, want)
			}
		}
		release <- struct{}{}
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if got := status(); got != 200 {
			t.Errorf("held %v: afterwards %d", held, got)
		}
	}
}

func body7() io.Reader { return io.MultiReader(&textReader{`{"name":"a"}`}) }

type textReader struct{ text string }

func (r *textReader) Read(p []byte) (int, error) {
	if r.text == "" {
		return 0, io.EOF
	}
	n := copy(p, r.text)
	r.text = r.text[n:]
	return n, nil
}

// A handshake takes a turn and gives it back, whether it succeeds or not.
func TestHandshakesTakeTurns(t *testing.T) {
	turns := newTurns(Limits{Work: 1, Connections: 10, Wait: 50 * time.Millisecond})
	config := turns.shake(&tls.Config{})
	c := &seat{Conn: &caller{}, of: Fair(nil, 1).(*seats), crowd: &crowd{}}
	c.crowd.open = map[*seat]struct{}{}
	if _, err := config.GetConfigForClient(&tls.ClientHelloInfo{Conn: c}); err != nil || turns.busy != 1 {
		t.Fatal(err, turns.busy)
	}
	same := &seat{Conn: &caller{}, of: c.of, crowd: c.crowd}
	if err := turns.enter(t.Context(), same.crowd); pki.KindOf(err) != pki.Unavailable {
		t.Error("a second at once:", err)
	}
	c.Write([]byte("hello"))
	c.Write([]byte("again"))
	if turns.busy != 0 {
		t.Error("the turn was not given back:", turns.busy)
	}
	if _, err := config.GetConfigForClient(&tls.ClientHelloInfo{Conn: same}); err != nil {
		t.Error(err)
	}
	same.Close()
	if turns.busy != 0 {
		t.Error("a handshake broken off keeps its turn")
	}
}

// Over sockets: the connection beyond the last seat is closed or takes an idle one's.
func TestServerHasPlaces(t *testing.T) {
	limits := DefaultLimits()
	limits.Connections = 3
	base := start(t, Server{Name: "few", Handler: newAPI(t, &object{}, nil), Limits: limits})
	answers := func(conn net.Conn) error {
		fmt.Fprint(conn, "GET /livez HTTP/1.1\r\nHost: a\r\n\r\n")
		conn.SetReadDeadline(time.Now().Add(5 * time.Second))
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			return err
		}
		response.Body.Close()
		return nil
	}
	dial := func(from string) net.Conn {
		dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
		conn, err := dialer.Dial("tcp", base[len("http://"):])
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		return conn
	}
	var office []net.Conn
	for i := range 4 {
		conn := dial("127.0.0.1")
		office = append(office, conn)
		if err := answers(conn); (err == nil) != (i < 3) {
			t.Errorf("connection %d: %v", i, err)
		}
	}
	if err := answers(dial("127.0.0.2")); err != nil {
		t.Error("from elsewhere:", err)
	}
	closed := 0
	for _, conn := range office[:3] {
		conn.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
		if _, err := conn.Read(make([]byte, 1)); err != nil && !errors.Is(err, context.DeadlineExceeded) && !isTimeout(err) {
			closed++
		}
	}
	if closed != 1 {
		t.Errorf("%d of the office's connections were closed for it", closed)
	}
}
