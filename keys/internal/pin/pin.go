// Package pin keeps a PIN or password for as long as a device may ask for it again:
// after it had vanished, each new session, each use of some keys. It owns two rules.
// A PIN the device has refused is not shown again, because a few such tries lock
// the device for good. And while a PIN is in force no other one is taken for it,
// because a device that is logged in does not look at the PIN it is shown.
//
// It does not know which device it is.
package pin

import (
	"bytes"
	"crypto/subtle"
	"sync"

	"onecert/pki"
)

// Answer is what a device made of a PIN.
type Answer int

// The answers.
const (
	Accepted Answer = iota
	Refused         // it is the wrong one, or locked
	Unheard         // the device did not get to look at it
)

// PIN is the PIN of one token or key. The zero PIN has none. Safe for concurrent use.
type PIN struct {
	trying  sync.Mutex    // one Try at a time, so that no caller is let in by another's PIN
	mu      sync.Mutex    // guards the rest
	value   func() []byte // in a closure: no printer looks into it
	proven  bool          // the device has accepted it
	refused bool
}

// Try takes value for the PIN and runs first, which is to show it. Errors:
// key.pin-differs, and first's.
func (p *PIN) Try(value []byte, first func() error) error {
	p.trying.Lock()
	defer p.trying.Unlock()
	kept := bytes.Clone(value)
	p.mu.Lock()
	same := p.value != nil && subtle.ConstantTimeCompare(p.value(), kept) == 1
	if p.proven && !same {
		p.mu.Unlock()
		return pki.Errorf(pki.Forbidden, "key.pin-differs", "the PIN or password is not the one this process has opened the device with").
			To("correct the file that holds it; if it was changed in the device, start the process again")
	}
	if !same {
		p.value, p.refused = func() []byte { return kept }, false
	}
	p.mu.Unlock()
	return first()
}

// Known says whether there is a PIN, which may be an empty one.
func (p *PIN) Known() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.value != nil
}

// Proven says whether the device has accepted the PIN.
func (p *PIN) Proven() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.proven
}

// Show shows the PIN to the device, to one session at a time, unless it was refused
// before (key.pin). show must not keep what it is given.
func (p *PIN) Show(show func(pin []byte) (Answer, error)) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.refused {
		return pki.Errorf(pki.Forbidden, "key.pin", "the device has refused the PIN or password before and is not asked again, so that it does not lock").
			To("correct the file that holds it and start the process again")
	}
	var value []byte
	if p.value != nil {
		value = p.value()
	}
	answer, err := show(value)
	switch answer {
	case Accepted:
		p.proven = true
	case Refused:
		p.proven, p.refused = false, true
	}
	return err
}
