package gateway_test

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"onecert/status"
)

// backTCP listens, and hands what a client was told it is, then an echo.
func backTCP(t *testing.T) (address string, headers chan []byte) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	headers = make(chan []byte, 8)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				r := bufio.NewReader(conn)
				start := make([]byte, 16)
				if _, err := io.ReadFull(r, start); err != nil {
					return
				}
				rest := make([]byte, binary.BigEndian.Uint16(start[14:]))
				if _, err := io.ReadFull(r, rest); err != nil {
					return
				}
				headers <- append(start, rest...)
				io.Copy(conn, r)
			}()
		}
	}()
	return l.Addr().String(), headers
}

func (h *house) tcpDocument(back string) []string {
	return h.withJournal(`"kind": "web"`, `"kind": "tcp"`, `"applications": ["oa"]}]`, `"target": {"application": "ledger", "backends": ["`+back+`"], "proxyProtocol": true}}]`,
		`"when": {"least_level": 2}`, `"when": {"least_level": 2, "applications": ["ledger"], "subject": [{"type": "CN", "values": ["张*"]}]}`)
}

func TestTCPServices(t *testing.T) {
	h := newHouse(t)
	back, headers := backTCP(t)
	h.apply(h.document(h.tcpDocument(back)...))
	alice := h.ca.issue("张三", nil)
	h.record(alice, status.Issued)
	conn := h.dial(alice)
	fmt.Fprint(conn, "hello\n")
	r := bufio.NewReader(conn)
	if line, err := r.ReadString('\n'); err != nil || line != "hello\n" {
		t.Fatal(line, err)
	}
	header := <-headers
	if string(header[:12]) != "\r\n\r\n\x00\r\nQUIT\n" || header[12] != 0x21 || header[13] != 0x11 || !strings.Contains(string(header), "张三") || !strings.Contains(string(header), "@own") {
		t.Errorf("the back end was told %q", header)
	}
	if local := conn.LocalAddr().(*net.TCPAddr); int(binary.BigEndian.Uint16(header[24:])) != local.Port {
		t.Errorf("the port is %d", binary.BigEndian.Uint16(header[24:]))
	}
	// The end of sending is carried, and the rest still comes back.
	fmt.Fprint(conn, "last\n")
	conn.CloseWrite()
	if line, err := r.ReadString('\n'); err != nil || line != "last\n" {
		t.Error(line, err)
	}
	if _, err := r.ReadByte(); err != io.EOF {
		t.Error(err)
	}
	held := h.dial(alice)
	fmt.Fprint(held, "x\n")
	io.ReadFull(held, make([]byte, 2))
	begin := time.Now()
	h.record(alice, status.Revoked)
	if _, err := held.Read(make([]byte, 1)); err == nil || time.Since(begin) > time.Second {
		t.Error("a revoked certificate's connection goes on", err, time.Since(begin))
	}
}

func TestTCPRefuses(t *testing.T) {
	h := newHouse(t)
	back, headers := backTCP(t)
	h.apply(h.document(h.tcpDocument(back)...))
	wang, zhang := h.ca.issue("王五", nil), h.ca.issue("张六", nil)
	h.record(wang, status.Issued) // not by the policy; and of 张六 the journal knows nothing
	for name, who := range map[string]*holder{"none": nil, "policy": wang, "unknown": zhang, "stranger": newAuthority(t, "别省 CA", false).issue("张三", nil)} {
		conn := h.dial(who)
		fmt.Fprint(conn, "hello\n")
		if _, err := conn.Read(make([]byte, 1)); err == nil {
			t.Errorf("%s: was let in", name)
		}
	}
	if len(headers) > 0 {
		t.Error("the back end was reached")
	}
	want := map[string]bool{"no-certificate": true, "not-allowed": true, "unknown-issuer": true, "status-unknown": true}
	for end := time.Now().Add(5 * time.Second); len(want) > 0 && time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		h.mu.Lock()
		for _, v := range h.visits {
			delete(want, v.Problem)
		}
		h.mu.Unlock()
	}
	if len(want) > 0 {
		t.Errorf("the log lacks %v", want)
	}
}

// TestGarbage throws what is no handshake at a service, and people still get in.
func TestGarbage(t *testing.T) {
	h := newHouse(t)
	h.apply(h.document())
	for i := range 200 {
		conn, err := net.Dial("tcp", h.address)
		if err != nil {
			t.Fatal(err)
		}
		switch i % 4 {
		case 0:
			conn.Write([]byte("GET / HTTP/1.1\r\n\r\n"))
		case 1:
			conn.Write(make([]byte, 1000))
		case 2:
			conn.Write([]byte{22, 3, 1, 0xff, 0xff, 1})
		}
		if i%2 == 0 {
			conn.Close()
		} else {
			t.Cleanup(func() { conn.Close() })
		}
	}
	if answer, body := h.get(h.browser(h.ca.issue("张三", nil)), h.url("oa.example.gov", "/")); answer.StatusCode != 200 {
		t.Error(answer.StatusCode, body)
	}
}
