package pki

import (
	"errors"
	"fmt"
)

// Kind says what a caller may do about an error. Only the front end of a room
// turns a Kind into a protocol's own error (an HTTP status, an exit code).
type Kind int

// The kinds, from "mend the input" to "call the operator".
const (
	Internal       Kind = iota // our fault; the cause stays in the log
	Invalid                    // the input is malformed or breaks a rule
	Forbidden                  // the caller may not do this
	Unknown                    // the object does not exist
	Conflict                   // the object's state does not allow it
	Unavailable                // a part we need does not answer; try again
	NotImplemented             // nobody built this path
)

// String returns the kind's stable lower-case name, used in JSON and logs.
func (k Kind) String() string {
	switch k {
	case Invalid:
		return "invalid"
	case Forbidden:
		return "forbidden"
	case Unknown:
		return "unknown"
	case Conflict:
		return "conflict"
	case Unavailable:
		return "unavailable"
	case NotImplemented:
		return "not-implemented"
	default:
		return "internal"
	}
}

// Error is an error a person will read: what is wrong and what to do about it.
// Code is stable and greppable ("request.proof-of-possession"); the console and
// the command line translate by it. Err, the cause, goes to the log only and is
// never part of Error().
type Error struct {
	Kind   Kind
	Code   string
	Wrong  string
	Remedy string
	Err    error
}

// Error returns what is wrong followed by the remedy, without the cause.
func (e *Error) Error() string {
	if e.Remedy == "" {
		return e.Wrong
	}
	return e.Wrong + "; " + e.Remedy
}

// Unwrap returns the internal cause.
func (e *Error) Unwrap() error { return e.Err }

// Errorf makes an Error whose Wrong is formatted; pass the remedy with To.
func Errorf(kind Kind, code, format string, args ...any) *Error {
	return &Error{Kind: kind, Code: code, Wrong: fmt.Sprintf(format, args...)}
}

// To adds what to do and returns the same error.
func (e *Error) To(remedy string, args ...any) *Error {
	e.Remedy = fmt.Sprintf(remedy, args...)
	return e
}

// Because adds the internal cause and returns the same error.
func (e *Error) Because(err error) *Error {
	e.Err = err
	return e
}

// KindOf returns the kind of the first Error in err's chain, Internal if none.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Internal
}

// CodeOf returns the code of the first Error in err's chain, "internal" if none.
func CodeOf(err error) string {
	if e, ok := errors.AsType[*Error](err); ok && e.Code != "" {
		return e.Code
	}
	return "internal"
}
