package pool

import (
	"sync"
	"time"

	"onecert/pki"
)

// Verdict is what an act showed about the session it was given.
type Verdict int

// The verdicts. After Session and Device the act is tried again, twice at most, on a
// session that is new or new in its device; so an act must be safe to repeat.
const (
	Keep    Verdict = iota // it lives, whatever the act's error was
	Session                // this session is dead
	Device                 // the device is gone, and all its sessions with it
)

// Driver is how a device is reached. K tells sessions apart that cannot stand for
// each other (tokens of one module). Connect and Disconnect are called while no
// session is in use.
type Driver[K comparable, S any] struct {
	Connect    func() error
	Disconnect func()
	Open       func(K) (S, Verdict, error) // the verdict counts where there is an error
	Close      func(S)
}

// Config bounds a pool. Zero values mean the defaults.
type Config struct {
	Size  int              // sessions of one kind in use or waiting for use; 16
	Wait  time.Duration    // how long a caller waits for a session; 30 s
	Quiet time.Duration    // between two tries to connect again; 5 s
	Now   func() time.Time // time.Now
}

// MaxSize bounds Config.Size; makers' limits begin at 64 sessions or so.
const MaxSize = 256

// Pool is the sessions of one device. Safe for concurrent use.
type Pool[K comparable, S any] struct {
	driver Driver[K, S]
	config Config
	slots  chan struct{} // one for each session in use; all of them while connecting
	turn   chan struct{} // of who connects
	mu     sync.Mutex    // guards the rest
	idle   map[K][]S
	state  state
}

// state is what is known about the connection.
type state struct {
	connected bool
	epoch     int       // counts connections: who failed in an old one need not connect again
	failure   error     // of the last try to connect
	notBefore time.Time // the next try, so that a dead device is not asked by everybody
}

// New makes a pool. Nothing is opened before it is used.
func New[K comparable, S any](driver Driver[K, S], config Config) *Pool[K, S] {
	if config.Size == 0 {
		config.Size = 16
	}
	if config.Wait == 0 {
		config.Wait = 30 * time.Second
	}
	if config.Quiet == 0 {
		config.Quiet = 5 * time.Second
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	return &Pool[K, S]{driver: driver, config: config, idle: map[K][]S{},
		slots: make(chan struct{}, config.Size), turn: make(chan struct{}, 1)}
}

// Size returns how many sessions of one kind the pool holds at most.
func (p *Pool[K, S]) Size() int { return p.config.Size }

// Do lends a session of a kind to act. The error is act's, Open's or Connect's,
// or key.device-busy when no session became free in time.
func (p *Pool[K, S]) Do(kind K, act func(S) (Verdict, error)) error {
	if err := p.connect(); err != nil {
		return err
	}
	reconnected := false
	for tries := 0; ; tries++ { // an old session, then a new one in a dead device, then a new one
		epoch, verdict, err := p.try(kind, act, tries > 0)
		if verdict == Keep || tries == 2 || verdict == Device && reconnected {
			return err
		}
		if verdict == Device {
			if failed := p.reconnect(epoch, err); failed != nil {
				return failed
			}
			reconnected = true
		}
	}
}

// try runs act on a session, in one slot, and says in which connection that was.
// An act that succeeded keeps its session: no verdict of Session or Device comes
// without an error. A fresh session takes the place of an idle one, which may have
// died of the same cause.
func (p *Pool[K, S]) try(kind K, act func(S) (Verdict, error), fresh bool) (epoch int, verdict Verdict, err error) {
	if err := p.acquire(time.Now().Add(p.config.Wait)); err != nil {
		return 0, Keep, err
	}
	defer p.release(1)
	session, found, epoch := p.takeIdle(kind)
	if found && fresh {
		p.driver.Close(session)
	}
	if !found || fresh {
		if session, verdict, err = p.driver.Open(kind); err != nil {
			return epoch, verdict, err
		}
	}
	returned := false
	defer func() {
		if !returned { // act panicked
			p.driver.Close(session)
		}
	}()
	verdict, err = act(session)
	returned = true
	if err == nil {
		verdict = Keep
	}
	if verdict != Keep {
		p.driver.Close(session)
		return epoch, verdict, err
	}
	p.mu.Lock()
	p.idle[kind] = append(p.idle[kind], session)
	p.mu.Unlock()
	return epoch, Keep, err
}

func (p *Pool[K, S]) takeIdle(kind K) (session S, found bool, epoch int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if last := len(p.idle[kind]) - 1; last >= 0 {
		session, found = p.idle[kind][last], true
		p.idle[kind] = p.idle[kind][:last]
	}
	return session, found, p.state.epoch
}

func (p *Pool[K, S]) acquire(deadline time.Time) error {
	select {
	case p.slots <- struct{}{}:
		return nil
	default:
	}
	timer := time.NewTimer(time.Until(deadline))
	defer timer.Stop()
	select {
	case p.slots <- struct{}{}:
		return nil
	case <-timer.C:
		return errBusy(p.config)
	}
}

func (p *Pool[K, S]) release(n int) {
	for range n {
		<-p.slots
	}
}

func errBusy(config Config) error {
	return pki.Errorf(pki.Unavailable, "key.device-busy", "no session of the cryptographic device became free in %v (%d at most)",
		config.Wait, config.Size).To("try again; look whether the device hangs, or raise the number of sessions in the key's URI")
}
