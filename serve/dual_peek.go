package serve

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"syscall"
	"time"

	"onecert/tlcp"
)

// kindOfPeer is what the first octets of a connection are.
type kindOfPeer int

const (
	kindOther kindOfPeer = iota
	kindTLCP
	kindTLS
	kindHTTP
)

// peekLen is how much is read at once to look at the start. Most hellos fit into it,
// so that looking costs TLS no system call of its own.
const peekLen = 1536

// peek reads the start of a connection and returns a connection that begins with it.
func peek(conn net.Conn) (*started, kindOfPeer, error) {
	s := &started{Conn: conn, start: make([]byte, peekLen)}
	n, err := io.ReadAtLeast(conn, s.start, 3)
	s.start = s.start[:n]
	if err != nil {
		return s, kindOther, err
	}
	return s, kindOf(s.start), nil
}

// kindOf tells by content type and version. Both octets of the version count: 0x0101
// is TLCP's alone (GB/T 38636), 0x03 is every SSL 3.0 and TLS.
func kindOf(start []byte) kindOfPeer {
	const handshake = 22
	switch {
	case start[0] == handshake && start[1] == 1 && start[2] == 1:
		return kindTLCP
	case start[0] == handshake && start[1] == 3:
		return kindTLS
	}
	for _, method := range []string{"GET", "POS", "HEA", "PUT", "OPT", "DEL", "CON", "PAT", "PRI"} {
		if string(start[:3]) == method {
			return kindHTTP
		}
	}
	return kindOther
}

// started is a connection whose first octets were read already.
type started struct {
	net.Conn
	start []byte
	hello *tls.ClientHelloInfo // of a TLS client, for the event if it fails
}

// NetConn returns the connection beneath, which others know by its seat.
func (s *started) NetConn() net.Conn { return s.Conn }

// Read implements net.Conn.
func (s *started) Read(b []byte) (int, error) {
	if len(s.start) == 0 {
		return s.Conn.Read(b)
	}
	n := copy(b, s.start)
	if s.start = s.start[n:]; len(s.start) == 0 {
		s.start = nil // the buffer is free
	}
	return n, nil
}

// refuse answers who speaks what is not served, as far as they would understand.
func refuse(conn net.Conn, kind kindOfPeer) {
	switch kind {
	case kindHTTP:
		io.WriteString(conn, "HTTP/1.0 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"+
			"this port speaks HTTPS only / 本端口只提供 HTTPS\n")
	case kindTLS: // fatal protocol_version
		conn.Write([]byte{21, 3, 1, 0, 2, 2, byte(tlcp.AlertProtocolVersion)})
	case kindTLCP:
		conn.Write([]byte{21, 1, 1, 0, 2, 2, byte(tlcp.AlertProtocolVersion)})
	}
}

// How long and how much a refused peer may still send. Closing a connection with
// unread data resets it, and some systems then drop the alert that says why.
const (
	farewell    = 200 * time.Millisecond
	maxFarewell = 64 << 10
)

// bid gives a refused peer the time to read the refusal.
func bid(conn net.Conn) {
	if half, ok := conn.(interface{ CloseWrite() error }); ok {
		half.CloseWrite()
	}
	if conn.SetReadDeadline(time.Now().Add(farewell)) == nil {
		io.CopyN(io.Discard, conn, maxFarewell)
	}
}

// watched is the TLS configuration that also keeps what a client offered.
func (l *dualListener) watched(config *tls.Config) *tls.Config {
	if config == nil {
		return nil
	}
	own := config.Clone()
	own.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		if s, ok := hello.Conn.(*started); ok {
			s.hello = hello
		}
		if config.GetConfigForClient != nil {
			return config.GetConfigForClient(hello)
		}
		return nil, nil
	}
	return own
}

// isShortage: the process or the machine has no file descriptor left; that passes.
func isShortage(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) || errors.Is(err, syscall.ECONNABORTED)
}
