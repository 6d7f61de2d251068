package pkcs11

import (
	"path/filepath"
	"sync"
	"unsafe"

	"onecert/keys/internal/pin"
	"onecert/keys/internal/pool"
	"onecert/pki"
)

// Token says which token is meant: every text that is not empty must be the
// token's own, and the slot's number if HasSlot (RFC 7512 2.3).
type Token struct {
	Label, Manufacturer, Model, Serial string
	Slot                               uint
	HasSlot                            bool
}

// Module is one loaded PKCS#11 module with the sessions of its tokens.
type Module struct {
	path string
	f    *functions
	pool *pool.Pool[place, *session]

	mu   sync.Mutex
	pins map[identity]*pin.PIN
}

// modules are the modules of this process by path. It is a variable of the package
// because its content is: a second C_Initialize, a second login fail or hide an
// error, and C_Finalize under another user's call would bring the process down.
var modules = struct {
	sync.Mutex
	loaded map[string]*Module
}{loaded: map[string]*Module{}}

// Load returns the module at an absolute path, with at most so many sessions to
// each token (0: 16). The first to name a number decides it for the process.
func Load(path string, sessions int) (*Module, error) {
	if sessions < 0 || sessions > pool.MaxSize {
		return nil, pki.Errorf(pki.Invalid, "key.uri", "a number of sessions is between 1 and %d", pool.MaxSize)
	}
	if real, err := filepath.EvalSymlinks(path); err == nil && filepath.IsAbs(path) {
		path = real // the loader gives one library for all its names
	}
	modules.Lock()
	defer modules.Unlock()
	if m := modules.loaded[path]; m != nil {
		if sessions != 0 && sessions != m.pool.Size() {
			return nil, pki.Errorf(pki.Conflict, "key.sessions", "the module %s is in use with %d sessions, not %d", path, m.pool.Size(), sessions).
				To("give the same number of sessions in every key's URI, or give it in none")
		}
		return m, nil
	}
	f, err := loadFunctions(path)
	if err != nil {
		return nil, err
	}
	m := newModule(path, f, pool.Config{Size: sessions})
	modules.loaded[path] = m
	return m, nil
}

func newModule(path string, f *functions, config pool.Config) *Module {
	m := &Module{path: path, f: f, pins: map[identity]*pin.PIN{}}
	m.pool = pool.New(pool.Driver[place, *session]{
		Connect:    m.initialize,
		Disconnect: func() { _ = m.f.call(fnFinalize, 0) }, // what cannot be closed is gone already
		Open:       m.openSession,
		Close: func(s *session) {
			if !s.none() {
				_ = m.f.call(fnCloseSession, uintptr(s.handle))
			}
		},
	}, config)
	return m
}

func (m *Module) initialize() error {
	if err := m.f.initialize(); err != nil {
		return pki.Errorf(pki.Unavailable, "key.device-gone", "the PKCS#11 module %s does not start (%v)", m.path, err).
			To("look into the module's own configuration and log").Because(err)
	}
	return nil
}

// identity is what a token says of itself. It survives a change of slot.
type identity struct{ label, manufacturer, model, serial string }

// place is where a session goes: a token, in a certain slot if the URI said so. The
// zero place is the module itself, without a session.
type place struct {
	identity
	slot    ulong
	hasSlot bool
}

func (t *tokenInfo) identity() identity {
	return identity{text(t.label[:]), text(t.manufacturer[:]), text(t.model[:]), text(t.serial[:])}
}

// text strips the blanks a field is padded with; some modules pad with zeros.
func text(field []byte) string {
	end := len(field)
	for end > 0 && (field[end-1] == ' ' || field[end-1] == 0) {
		end--
	}
	return string(field[:end])
}

func (t Token) fits(id identity, slot ulong) bool {
	for _, c := range [][2]string{{t.Label, id.label}, {t.Manufacturer, id.manufacturer}, {t.Model, id.model}, {t.Serial, id.serial}} {
		if c[0] != "" && c[0] != c[1] {
			return false
		}
	}
	return !t.HasSlot || t.Slot == slot
}

// locate finds the one token that is meant.
func (m *Module) locate(t Token) (found place, info *tokenInfo, err error) {
	err = m.pool.Do(place{}, func(*session) (pool.Verdict, error) {
		tokens, err := m.tokens(func(id identity, slot ulong) bool { return t.fits(id, slot) })
		switch {
		case err != nil:
			return pool.Device, m.explain(err)
		case len(tokens) == 0: // some modules see a token that came late only after a new start
			return pool.Device, m.errNoToken()
		case len(tokens) > 1:
			return pool.Keep, pki.Errorf(pki.Invalid, "key.several", "%d tokens fit the key's URI", len(tokens)).
				To("add serial= or slot-id= to the URI; pkcs11-tool --module %s -L lists the tokens", m.path)
		}
		for slot, one := range tokens {
			found, info = place{identity: one.identity()}, one
			if t.HasSlot {
				found.slot, found.hasSlot = slot, true
			}
		}
		return pool.Keep, nil
	})
	return found, info, err
}

// tokens returns the initialised tokens that fit, by slot. A slot that cannot be
// asked has no token: readers keep slots whose card was just pulled.
func (m *Module) tokens(fits func(identity, ulong) bool) (map[ulong]*tokenInfo, error) {
	slots, err := m.f.slots()
	if err != nil {
		return nil, err
	}
	found := map[ulong]*tokenInfo{}
	for _, slot := range slots {
		info, err := m.f.token(slot)
		if err == nil && info.flags&ckfInitialized != 0 && fits(info.identity(), slot) {
			found[slot] = info
		}
	}
	return found, nil
}

// session is a session with a token and what was found through it.
type session struct {
	handle  ulong
	slot    ulong
	objects map[object]handle
}

// none says whether this stands for the module itself.
func (s *session) none() bool { return s.objects == nil }

func (m *Module) openSession(p place) (*session, pool.Verdict, error) {
	if p == (place{}) {
		return &session{}, pool.Keep, nil
	}
	tokens, err := m.tokens(func(id identity, slot ulong) bool {
		return id == p.identity && (!p.hasSlot || slot == p.slot)
	})
	if err != nil {
		return nil, pool.Device, m.explain(err)
	}
	for slot, info := range tokens { // if two are alike to the serial number, either will do
		s, err := m.openIn(slot, ckfSerialSession)
		if err == nil {
			err = m.login(s, p.identity, info)
		}
		if err == nil {
			return s, pool.Keep, nil
		}
		if s != nil {
			_ = m.f.call(fnCloseSession, uintptr(s.handle))
		}
		return nil, verdict(err), m.explain(err)
	}
	return nil, pool.Device, m.errNoToken()
}

func (m *Module) openIn(slot, flags ulong) (*session, error) {
	s := &session{slot: slot, objects: map[object]handle{}}
	if err := m.f.call(fnOpenSession, uintptr(slot), uintptr(flags), 0, 0, uintptr(unsafe.Pointer(&s.handle))); err != nil {
		return nil, err
	}
	return s, nil
}

func (m *Module) pinOf(id identity) *pin.PIN {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.pins[id] == nil {
		m.pins[id] = &pin.PIN{}
	}
	return m.pins[id]
}

// unlock logs a token in with a PIN.
func (m *Module) unlock(p place, info *tokenInfo, value []byte) error {
	return m.pinOf(p.identity).Try(value, func() error {
		return m.pool.Do(p, func(s *session) (pool.Verdict, error) {
			// The session may be older than the PIN; the login holds for all of them.
			err := m.login(s, p.identity, info)
			return m.judge(s, err), m.explain(err)
		})
	})
}

// login logs a session's token in, unless another session has.
func (m *Module) login(s *session, id identity, info *tokenInfo) error {
	p := m.pinOf(id)
	if !p.Known() {
		return nil // random numbers need no login
	}
	if info.flags&ckfFinalTry != 0 && !p.Proven() {
		return pki.Errorf(pki.Forbidden, "key.pin-final", "the token has one try for the PIN left").
			To("log in once with the maker's tool, which resets the count, and correct the PIN file")
	}
	return p.Show(func(value []byte) (pin.Answer, error) {
		if len(value) == 0 && info.flags&ckfLoginRequired == 0 {
			return pin.Accepted, nil
		}
		if len(value) == 0 && info.flags&ckfProtectedPath == 0 { // else the token has a keypad
			return pin.Unheard, errNoPIN()
		}
		return m.show(s, ckuUser, value)
	})
}

func (m *Module) show(s *session, user ulong, value []byte) (pin.Answer, error) {
	err := m.f.call(fnLogin, uintptr(s.handle), uintptr(user), uintptr(first(value)), uintptr(len(value)))
	switch err {
	case nil, ckrUserAlreadyLoggedIn:
		return pin.Accepted, nil
	case ckrPINIncorrect, ckrPINInvalid, ckrPINLenRange, ckrPINExpired, ckrPINLocked:
		return pin.Refused, err
	}
	return pin.Unheard, err
}
