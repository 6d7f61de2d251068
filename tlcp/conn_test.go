package tlcp

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// drip delivers one octet a Read, the slowest a network can be.
type drip struct{ net.Conn }

func (d drip) Read(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	return d.Conn.Read(b[:1])
}

func TestOneOctetAtATime(t *testing.T) {
	for _, id := range CipherSuites() {
		w := newWorld()
		w.client.CipherSuites, w.server.ClientAuth = []uint16{id}, RequireAndVerifyClientCert
		a, b := pipe(t)
		client, server := Client(drip{a}, w.client), Server(drip{b}, w.server)
		go server.Handshake()
		if err := client.Handshake(); err != nil {
			t.Fatal(err)
		}
		exchange(t, client, server, 20_000)
	}
}

// TestFragments: handshake messages cut into records of one octet are put together.
func TestFragments(t *testing.T) {
	w := newWorld()
	a, b := pipe(t)
	client, server := Client(&cutter{Conn: a}, w.client), Server(&cutter{Conn: b}, w.server)
	go server.Handshake()
	if err := client.Handshake(); err != nil {
		t.Fatal(err)
	}
	exchange(t, client, server, 1000)
}

// cutter cuts records in the clear into records of one octet.
type cutter struct {
	net.Conn
	sealed bool
}

func (c *cutter) Write(b []byte) (int, error) {
	var out []byte
	for rest := b; len(rest) > 0; {
		length := int(rest[3])<<8 | int(rest[4])
		record := rest[:headerLen+length]
		rest = rest[len(record):]
		if c.sealed || record[0] != typeHandshake {
			c.sealed = c.sealed || record[0] == typeChangeCipherSpec
			out = append(out, record...)
			continue
		}
		for _, octet := range record[headerLen:] {
			out = append(out, record[0], record[1], record[2], 0, 1, octet)
		}
	}
	_, err := c.Conn.Write(out)
	return len(b), err
}

// TestCut: a stream that ends without close_notify is not mistaken for a whole one.
func TestCut(t *testing.T) {
	client, server := newWorld().connect(t)
	client.Write([]byte("part of"))
	client.NetConn().Close()
	got, err := io.ReadAll(server)
	if string(got) != "part of" || err != io.ErrUnexpectedEOF {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := server.Read(make([]byte, 1)); err != io.ErrUnexpectedEOF {
		t.Errorf("again: %v", err)
	}
}

func TestCloseWrite(t *testing.T) {
	client, server := newWorld().connect(t)
	if err := client.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Write([]byte("more")); err != errWriteClosed {
		t.Errorf("writing after CloseWrite: %v", err)
	}
	if got, err := io.ReadAll(server); len(got) != 0 || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	server.Write([]byte("answer"))
	server.Close()
	if got, err := io.ReadAll(client); string(got) != "answer" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	client.Close()
	if err := client.Close(); err != net.ErrClosed {
		t.Errorf("closing twice: %v", err)
	}
	if _, err := client.Write(nil); err != net.ErrClosed {
		t.Errorf("writing after Close: %v", err)
	}
}

// TestDeadline: a Read that ran into its deadline can go on, even amid a record.
func TestDeadline(t *testing.T) {
	client, server := newWorld().connect(t)
	record := sealedBy(t, client, typeApplicationData, []byte("late"))
	client.NetConn().Write(record[:9])
	server.SetReadDeadline(time.Now().Add(30 * time.Millisecond))
	if _, err := server.Read(make([]byte, 9)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("at the deadline: %v", err)
	}
	server.SetReadDeadline(time.Time{})
	client.NetConn().Write(record[9:])
	got := make([]byte, 9)
	if n, err := server.Read(got); string(got[:n]) != "late" || err != nil {
		t.Errorf("%q, %v", got[:n], err)
	}
}

// sealedBy makes a record with a connection's keys without sending it.
func sealedBy(t testing.TB, c *Conn, contentType uint8, content []byte) []byte {
	t.Helper()
	c.out.Lock()
	defer c.out.Unlock()
	record, err := c.appendRecord(nil, contentType, content)
	if err != nil {
		t.Fatal(err)
	}
	return record
}

// TestAfterHandshake: what must not come once the handshake is done.
func TestAfterHandshake(t *testing.T) {
	hello, err := (&clientHello{version: Version, suites: CipherSuites(), compressions: []byte{0}}).marshal()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		contentType uint8
		content     []byte
		times       int
		toServer    bool
		alert       Alert
	}{
		"a client renegotiates":      {typeHandshake, hello, 1, true, AlertNoRenegotiation},
		"a server asks for ever":     {typeHandshake, []byte{0, 0, 0, 0}, maxUseless + 1, false, AlertUnexpectedMessage},
		"megabytes of handshake":     {typeHandshake, make([]byte, maxPlaintext), 1, false, AlertNoRenegotiation},
		"an empty handshake record":  {typeHandshake, nil, 1, true, AlertDecodeError},
		"change_cipher_spec":         {typeChangeCipherSpec, []byte{1}, 1, true, AlertUnexpectedMessage},
		"warnings for ever":          {typeAlert, []byte{1, 90}, maxUseless + 1, true, AlertUnexpectedMessage},
		"empty records for ever":     {typeApplicationData, nil, maxUseless + 1, true, AlertUnexpectedMessage},
		"a malformed alert":          {typeAlert, []byte{1}, 1, true, AlertDecodeError},
		"an alert of no known level": {typeAlert, []byte{3, 0}, 1, true, AlertDecodeError},
	} {
		t.Run(name, func(t *testing.T) {
			client, server := newWorld().connect(t)
			from, to := server, client
			if c.toServer {
				from, to = client, server
			}
			for range c.times {
				from.NetConn().Write(sealedBy(t, from, c.contentType, c.content))
			}
			_, err := to.Read(make([]byte, 1))
			if own, ok := errors.AsType[*Error](err); !ok || own.Alert != c.alert || own.Remote {
				t.Fatalf("%v", err)
			}
			if _, err := to.Write([]byte("x")); err == nil {
				t.Error("it still sends")
			}
			for err = nil; err == nil; { // warnings may come first
				_, err = from.Read(make([]byte, 1))
			}
			if told, ok := errors.AsType[*Error](err); !ok || told.Alert != c.alert || !told.Remote {
				t.Errorf("told: %v", err)
			}
		})
	}
}

// TestHelloRequest: a server that asks to renegotiate is told no, and goes on.
func TestHelloRequest(t *testing.T) {
	client, server := newWorld().connect(t)
	server.NetConn().Write(sealedBy(t, server, typeHandshake, []byte{0, 0, 0, 0}))
	server.Write([]byte("on"))
	got := make([]byte, 2)
	if _, err := io.ReadFull(client, got); err != nil || string(got) != "on" {
		t.Fatalf("%q, %v", got, err)
	}
	client.Write([]byte("ok"))
	if _, err := io.ReadFull(server, got); err != nil || string(got) != "ok" {
		t.Fatalf("%q, %v", got, err)
	}
}

// TestTampering: one changed octet ends the connection with bad_record_mac.
func TestTampering(t *testing.T) {
	for _, id := range []uint16{ECC_SM4_GCM_SM3, ECC_SM4_CBC_SM3} {
		w := newWorld()
		w.client.CipherSuites = []uint16{id}
		client, server := w.connect(t)
		record := sealedBy(t, client, typeApplicationData, []byte("pay 1 yuan"))
		record[len(record)-20] ^= 1
		client.NetConn().Write(record)
		if _, err := server.Read(make([]byte, 99)); causeOf(err) != CauseRecord || err.(*Error).Alert != AlertBadRecordMAC {
			t.Errorf("%v", err)
		}
	}
}

// TestManyAtOnce: reads, writes and closes of several goroutines; the race detector
// looks on.
func TestManyAtOnce(t *testing.T) {
	client, server := newWorld().connect(t)
	var group sync.WaitGroup
	const writers, each = 4, 50
	for range writers {
		group.Go(func() {
			for range each {
				client.Write(bytes.Repeat([]byte("w"), 700))
			}
		})
	}
	group.Go(func() { io.Copy(io.Discard, client) })
	got := make([]byte, writers*each*700)
	if _, err := io.ReadFull(server, got); err != nil || strings.Trim(string(got), "w") != "" {
		t.Error(err)
	}
	server.Close()
	group.Wait()
	client.Close()
}

// TestCloseCutsWrite: Close does not wait for a Write whose peer does not read.
func TestCloseCutsWrite(t *testing.T) {
	client, _ := newWorld().connect(t)
	done := make(chan error, 1)
	go func() {
		_, err := client.Write(make([]byte, 64<<20))
		done <- err
	}()
	time.Sleep(50 * time.Millisecond)
	client.Close()
	select {
	case err := <-done:
		if err == nil {
			t.Error("it was all written")
		}
	case <-time.After(5 * time.Second):
		t.Fatal("Write hangs")
	}
}

func TestIdleMemory(t *testing.T) {
	client, server := newWorld().connect(t)
	for range 3 {
		client.Write(make([]byte, maxPlaintext))
		io.ReadFull(server, make([]byte, maxPlaintext))
	}
	server.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
	server.Read(make([]byte, 1)) // it waits
	if server.in.large != nil || client.out.flight != nil || server.in.hand != nil {
		t.Error("an idle connection keeps a large buffer")
	}
}
