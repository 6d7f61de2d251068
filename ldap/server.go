package ldap

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Server answers LDAP on listeners: plain for what is public anyway, TLS where the
// network wants it.
type Server struct {
	Directory *Directory
	Limits    Limits // zero: DefaultLimits
	Most      int    // connections open at once; 0: 1000. Sharing them out is the listener's (serve.Fair)
	Log       *slog.Logger

	counts counts
}

// counts are what the metrics show.
type counts struct {
	open, searches, entries, refused atomic.Int64
}

// Figures are the server's counters since its start, and how many connections are open.
type Figures struct{ Open, Searches, Entries, Refused int64 }

// Figures returns the counters.
func (s *Server) Figures() Figures {
	return Figures{s.counts.open.Load(), s.counts.searches.Load(), s.counts.entries.Load(), s.counts.refused.Load()}
}

// Run takes connections until ctx ends, then closes them all. config makes it
// LDAP over TLS; nil is plain.
func (s *Server) Run(ctx context.Context, listener net.Listener, config *tls.Config) error {
	if s.Limits == (Limits{}) {
		s.Limits = DefaultLimits()
	}
	if s.Most == 0 {
		s.Most = 1000
	}
	if s.Log == nil {
		s.Log = slog.Default()
	}
	secret := make([]byte, 32)
	rand.Read(secret) // never fails: the runtime ends the process instead
	stop := context.AfterFunc(ctx, func() { listener.Close() })
	defer stop()
	var all sync.WaitGroup
	defer all.Wait()
	for {
		conn, err := listener.Accept()
		switch {
		case ctx.Err() != nil:
			if err == nil {
				conn.Close()
			}
			return nil
		case errors.Is(err, net.ErrClosed):
			return err
		case err != nil: // out of descriptors, say: it passes
			wait(ctx, 10*time.Millisecond)
			continue
		}
		if s.counts.open.Add(1) > int64(s.Most) {
			s.counts.open.Add(-1)
			s.counts.refused.Add(1)
			conn.Close()
			continue
		}
		all.Go(func() {
			defer s.counts.open.Add(-1)
			s.talk(ctx, conn, config, secret)
		})
	}
}

// talk speaks with one client. One goroutine reads, so that a search can be
// abandoned while it is answered; this one answers, in order.
func (s *Server) talk(ctx context.Context, conn net.Conn, config *tls.Config, secret []byte) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	defer conn.Close()
	if config != nil {
		secure := tls.Server(conn, config)
		begin, done := context.WithTimeout(ctx, handshake)
		err := secure.HandshakeContext(begin)
		if done(); err != nil {
			return // a scanner, or a client that does not trust us: it knows
		}
		conn = secure
	}
	t := &talk{server: s, conn: conn, out: bufio.NewWriterSize(conn, 16<<10), secret: secret, inbox: make(chan message, 4)}
	var reader sync.WaitGroup
	defer reader.Wait()
	defer cancel() // before waiting: it closes the connection under the reader
	reader.Go(func() { t.read(ctx) })
	for m := range t.inbox {
		if err := t.answer(ctx, m); err != nil {
			return
		}
	}
}

// handshake is how long a client has for TLS.
const handshake = 10 * time.Second

// talk is one connection.
type talk struct {
	server *Server
	conn   net.Conn
	out    *bufio.Writer
	secret []byte
	inbox  chan message

	mu     sync.Mutex
	now    int // id of the search being answered
	cancel context.CancelFunc
	gone   []int // searches that wait and are not wanted any more
}

// read hands on what the client sends until it unbinds, breaks the protocol or
// is idle for too long.
func (t *talk) read(ctx context.Context) {
	defer close(t.inbox)
	in := bufio.NewReaderSize(t.conn, 4<<10)
	for {
		_ = t.conn.SetReadDeadline(time.Now().Add(t.server.Limits.Idle))
		raw, err := readElement(in, mostMessage)
		var m message
		if err == nil {
			m, err = parseMessage(raw)
		}
		if errors.Is(err, errMalformed) {
			m = message{op: opUnbind, id: -1} // say so, then end
		} else if err != nil {
			return
		}
		if m.op == opAbandon {
			t.abandon(m.body)
			continue
		}
		select {
		case t.inbox <- m:
		case <-ctx.Done():
			return
		}
		if m.op == opUnbind {
			return
		}
	}
}

func (t *talk) abandon(b ber) {
	id, err := b.integer()
	if err != nil {
		return // there is no answer to an abandon
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.cancel != nil && t.now == id {
		t.cancel()
	} else if len(t.gone) < cap(t.inbox) {
		t.gone = append(t.gone, id)
	}
}

// begin makes the context of a search; ok is false if it was abandoned before.
func (t *talk) begin(ctx context.Context, id int) (context.Context, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i, gone := range t.gone {
		if gone == id {
			t.gone = append(t.gone[:i], t.gone[i+1:]...)
			return nil, false
		}
	}
	ctx, t.cancel = context.WithCancel(ctx)
	t.now = id
	return ctx, true
}

func (t *talk) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.cancel()
	t.cancel, t.now = nil, 0
}

// send writes one answer; the buffer leaves when nothing more waits.
func (t *talk) send(id int, op []byte, controls ...[]byte) error {
	_ = t.conn.SetWriteDeadline(time.Now().Add(t.server.Limits.Write))
	_, err := t.out.Write(answer(id, op, controls...))
	return err
}

// oidDisconnect is the notice of disconnection (RFC 4511 4.4.1).
const oidDisconnect = "1.3.6.1.4.1.1466.20036"

// answer answers one request; an error ends the connection.
func (t *talk) answer(ctx context.Context, m message) error {
	var err error
	switch m.op {
	case opSearch:
		err = t.search(ctx, m)
	case opBind:
		err = t.send(m.id, bindAnswer(m.body))
	case opExtended:
		err = t.send(m.id, done(opExtendedDone, protocolError, "", "no extended operation is known here"))
	case opModify, opAdd, opDelete, opRename, opCompare:
		err = t.send(m.id, done(answerTag(m.op), unwilling, "", "this directory is for searching only"))
	case opUnbind:
		if m.id < 0 {
			_ = t.send(0, element(opExtendedDone, integer(tagEnumerated, int(protocolError)), octets(""), octets("not LDAP"),
				element(0x8a, []byte(oidDisconnect))))
			_ = t.out.Flush()
		}
		return errStopped
	default:
		return errMalformed
	}
	if err != nil {
		return err
	}
	return t.out.Flush()
}

// answerTag is the tag of the answer to an operation that is refused.
func answerTag(op byte) byte {
	switch op {
	case opDelete:
		return 0x6b
	default:
		return op + 1
	}
}

// bindAnswer lets everybody in as nobody: all that stands here is public. A name or
// a password is refused, so that no one believes to be logged in (RFC 4513 5.1.2).
func bindAnswer(b ber) []byte {
	r, err := parseBind(b)
	code, why := success, ""
	switch {
	case err != nil:
		code, why = protocolError, "the bind cannot be read"
	case r.version != 3:
		code, why = protocolError, "this is LDAP version 3"
	case !r.simple:
		code, why = authMethodNotSupported, "bind anonymously"
	case r.password:
		code, why = invalidCredentials, "nobody has a password here; bind anonymously"
	case r.name != "":
		code, why = unwilling, "a name without a password proves nothing; bind anonymously"
	}
	return done(opBindAnswer, code, "", why)
}

func (t *talk) search(ctx context.Context, m message) error {
	ctx, ok := t.begin(ctx, m.id)
	if !ok {
		return nil
	}
	defer t.end()
	t.server.counts.searches.Add(1)
	a := &answering{d: t.server.Directory, limits: t.server.Limits, secret: t.secret}
	a.send = func(op []byte, controls ...[]byte) error {
		if ctx.Err() != nil {
			return errStopped
		}
		if op[0] == opEntry {
			t.server.counts.entries.Add(1)
		}
		return t.send(m.id, op, controls...)
	}
	err := a.search(ctx, m)
	if ctx.Err() != nil {
		return nil // abandoned: the client waits for nothing more
	}
	return err
}
