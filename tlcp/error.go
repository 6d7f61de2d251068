package tlcp

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
)

// Error is why a handshake failed, or a connection ended that was not closed in
// order. It carries no secret; what it holds of the peer is bounded.
type Error struct {
	Cause  Cause
	Alert  Alert  // sent to the peer, or with Remote received from it; close_notify where there was none
	Remote bool   // the peer ended it
	Detail string // more, in English: which certificate, which user id would have fitted
	Err    error  // what an own key, callback or the network said; may be nil

	Offered          []uint16 // cipher suites of the client's hello, at a server
	ServerName       string   // of the client's hello, at a server
	PeerCertificates [][]byte // DER, in the order received
}

// Error implements error, in English.
func (e *Error) Error() string {
	text := "tlcp: " + e.Cause.Text("en")
	if e.Cause == CauseAlert {
		text += " (" + e.Alert.String() + ": " + e.Alert.Meaning("en") + ")"
	}
	if e.Detail != "" {
		text += ": " + e.Detail
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Text says the error for a person; language is "zh" or "en". Detail and inner error
// stay as they are.
func (e *Error) Text(language string) string {
	text := e.Cause.Text(language)
	if e.Cause == CauseAlert {
		text += " (" + e.Alert.String() + ": " + e.Alert.Meaning(language) + ")"
	}
	if e.Detail != "" {
		text += " (" + e.Detail + ")"
	}
	return text
}

// Unwrap returns the inner error.
func (e *Error) Unwrap() error { return e.Err }

// Timeout implements net.Error's idea of it.
func (e *Error) Timeout() bool { return e.Cause == CauseTimeout }

// Temporary implements net.Error: nothing that ends a connection passes.
func (e *Error) Temporary() bool { return false }

func fail(alert Alert, cause Cause, detail string) *Error {
	return &Error{Alert: alert, Cause: cause, Detail: detail}
}

func failWith(alert Alert, cause Cause, err error) *Error {
	return &Error{Alert: alert, Cause: cause, Err: err}
}

func malformed(detail string) *Error { return fail(AlertDecodeError, CauseMalformed, detail) }

// lost makes an Error of what the network or the context said.
func lost(err error) *Error {
	if own, ok := errors.AsType[*Error](err); ok {
		return own
	}
	n, network := errors.AsType[net.Error](err)
	switch {
	case network && n.Timeout(), errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		return &Error{Cause: CauseTimeout, Err: err}
	case errors.Is(err, context.Canceled), errors.Is(err, net.ErrClosed):
		return &Error{Cause: CauseClosed, Err: err}
	case network, errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.ErrClosedPipe):
		return &Error{Cause: CauseClosed, Remote: true, Err: err}
	}
	return &Error{Cause: CauseOwnSide, Alert: AlertInternalError, Err: err}
}
