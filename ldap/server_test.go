package ldap

import (
	"bufio"
	"context"
	"io"
	"net"
	"testing"
	"time"
)

// dial opens a connection and returns functions that send raw octets and read the
// next answer's id, operation and result.
func dial(t *testing.T, address string) (net.Conn, func(raw []byte), func() message) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	in := bufio.NewReader(conn)
	send := func(raw []byte) {
		t.Helper()
		if _, err := conn.Write(raw); err != nil {
			t.Fatal(err)
		}
	}
	next := func() message {
		t.Helper()
		_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
		raw, err := readElement(in, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		m, err := parseMessage(raw)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	return conn, send, next
}

func code(t *testing.T, m message) result {
	t.Helper()
	n, err := m.body.number(tagEnumerated)
	if err != nil {
		t.Fatal(err)
	}
	return result(n)
}

func request(id int, op []byte) []byte { return element(tagSequence, integer(tagInteger, id), op) }

func question(id int, base string, where []byte) []byte {
	return request(id, element(opSearch, octets(base), integer(tagEnumerated, scopeSub), integer(tagEnumerated, 0),
		integer(tagInteger, 0), integer(tagInteger, 0), element(tagBoolean, []byte{0}), where, element(tagSequence)))
}

func TestRefusals(t *testing.T) {
	tn := newTown(t, "sqlite:"+t.TempDir()+"/town.db")
	address := tn.serve(Limits{})
	for name, c := range map[string]struct {
		op   []byte
		tag  byte
		code result
	}{
		"add":       {element(opAdd, octets("cn=x")), 0x69, unwilling},
		"modify":    {element(opModify, octets("cn=x")), 0x67, unwilling},
		"delete":    {element(opDelete, []byte("cn=x")), 0x6b, unwilling},
		"rename":    {element(opRename, octets("cn=x")), 0x6d, unwilling},
		"compare":   {element(opCompare, octets("cn=x")), 0x6f, unwilling},
		"extended":  {element(opExtended, element(0x80, []byte("1.2.3"))), opExtendedDone, protocolError},
		"version 2": {element(opBind, integer(tagInteger, 2), octets(""), element(0x80)), opBindAnswer, protocolError},
		"sasl":      {element(opBind, integer(tagInteger, 3), octets(""), element(0xa3, octets("PLAIN"))), opBindAnswer, authMethodNotSupported},
		"search":    {element(opSearch, octets("o=OneCert,c=CN")), opSearchDone, protocolError},
	} {
		_, send, next := dial(t, address)
		send(request(7, c.op))
		m := next()
		if m.id != 7 || m.op != c.tag || code(t, m) != c.code {
			t.Errorf("%s: %+v", name, m)
		}
	}
}

// TestBrokenStream: who breaks the protocol is told and disconnected.
func TestBrokenStream(t *testing.T) {
	tn := newTown(t, "sqlite:"+t.TempDir()+"/town.db")
	address := tn.serve(Limits{})
	for name, raw := range map[string][]byte{
		"HTTP":      []byte("GET / HTTP/1.1\r\n\r\n"),
		"oversized": {0x30, 0x84, 0x7f, 0xff, 0xff, 0xff},
		"no id":     element(tagSequence, octets("x")),
	} {
		conn, send, next := dial(t, address)
		send(raw)
		if m := next(); m.id != 0 || m.op != opExtendedDone || code(t, m) != protocolError {
			t.Errorf("%s: %+v", name, m)
		}
		if _, err := conn.Read(make([]byte, 1)); err != io.EOF && !isReset(err) {
			t.Errorf("%s: the connection is still open: %v", name, err)
		}
	}
}

// isReset reports a close that took unread octets with it.
func isReset(err error) bool {
	_, ok := err.(*net.OpError)
	return ok
}

// TestAbandon: a search that waits behind another is not answered once abandoned.
func TestAbandon(t *testing.T) {
	tn := newTown(t, "sqlite:"+t.TempDir()+"/town.db")
	for range 200 {
		tn.issue("张三", "person", true)
	}
	tn.catchUp()
	_, send, next := dial(t, tn.serve(Limits{}))
	all := equal("cn", "张三")
	send(append(question(1, "o=OneCert,c=CN", all), append(question(2, "o=OneCert,c=CN", all), request(3, element(opAbandon, []byte{2}))...)...))
	send(question(4, "o=OneCert,c=CN", equal("cn", "nobody")))
	second := 0
	for {
		m := next()
		if m.id == 2 {
			second++
		}
		if m.id == 4 && m.op == opSearchDone {
			break
		}
	}
	if second == 201 {
		t.Error("an abandoned search was answered to its end")
	}
}

// TestSlowClient: who does not take its answers is cut off and holds nobody up.
func TestSlowClient(t *testing.T) {
	tn := newTown(t, "sqlite:"+t.TempDir()+"/town.db")
	for range 300 {
		tn.issue("张三", "person", true)
	}
	tn.catchUp()
	limits := DefaultLimits()
	limits.Write = 500 * time.Millisecond
	limits.Idle = 3 * time.Second // ldapsearch may have to wait for a processor between two requests
	address := tn.serve(limits)
	slow, _, _ := dial(t, address)
	_ = slow.(*net.TCPConn).SetReadBuffer(1 << 10)
	for id := range 60 {
		if _, err := slow.Write(question(id+1, "o=OneCert,c=CN", equal("cn", "张三"))); err != nil {
			break
		}
	}
	if ldif, code := ldapsearch(t, address, "-b", "o=OneCert,c=CN", "(cn=张三)"); code != 0 || count(ldif) != 300 {
		t.Error("others wait for a slow client:", code, count(ldif))
	}
	deadline := time.Now().Add(60 * time.Second)
	for time.Now().Before(deadline) {
		if _, err := slow.Write(request(99, element(opUnbind))); err != nil {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Error("a client that reads nothing is still connected")
}

func TestTooManyConnections(t *testing.T) {
	tn := newTown(t, "sqlite:"+t.TempDir()+"/town.db")
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{Directory: tn.Directory, Most: 2}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx, listener, nil) }()
	var conns []net.Conn
	for range 3 {
		conn, _, _ := dial(t, listener.Addr().String())
		conns = append(conns, conn)
	}
	_ = conns[2].SetReadDeadline(time.Now().Add(5 * time.Second))
	if _, err := conns[2].Read(make([]byte, 1)); err != io.EOF {
		t.Error("a third connection:", err)
	}
	if f := s.Figures(); f.Refused != 1 || f.Open != 2 {
		t.Errorf("%+v", f)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
