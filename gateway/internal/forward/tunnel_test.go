package forward

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/websocket"
)

func echo(t *testing.T) string {
	return site(t, websocket.Handler(func(c *websocket.Conn) { io.Copy(c, c) }).ServeHTTP).URL
}

func TestWebSocket(t *testing.T) {
	for _, secure := range []bool{false, true} {
		d := newUnstarted(t, Config{}, echo(t))
		scheme := "ws"
		if secure {
			d.StartTLS()
			scheme = "wss"
		} else {
			d.Start()
		}
		c, err := websocket.NewConfig(scheme+"://"+d.Listener.Addr().String()+"/x", d.URL)
		if err != nil {
			t.Fatal(err)
		}
		if secure {
			roots := x509.NewCertPool()
			roots.AddCert(d.Certificate())
			c.TlsConfig = &tls.Config{RootCAs: roots}
		}
		ws, err := websocket.DialConfig(c)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range []int{1, 1000, 100_000} {
			sent := strings.Repeat("x", n)
			go websocket.Message.Send(ws, sent)
			got := make([]byte, n)
			if _, err := io.ReadFull(ws, got); err != nil || string(got) != sent {
				t.Fatal(err)
			}
		}
		ws.Close()
		if res := d.result(t, 1); res.Err != "" || !res.Upgraded || res.Status != 101 || res.Sent < 100_000 || res.Received < 100_000 {
			t.Errorf("%+v", res)
		}
	}
}

// TestTunnelEnds: with the right to it, with the pool, and when nobody speaks.
func TestTunnelEnds(t *testing.T) {
	for name, end := range map[string]func(*door, context.CancelFunc){
		"right": func(_ *door, revoke context.CancelFunc) { revoke() },
		"pool":  func(d *door, _ context.CancelFunc) { d.pool.Close() },
		"idle":  func(*door, context.CancelFunc) {},
	} {
		t.Run(name, func(t *testing.T) {
			d := newUnstarted(t, Config{Limits: Limits{Tunnel: "300ms"}}, echo(t))
			ctx, revoke := context.WithCancel(context.Background())
			defer revoke()
			d.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { d.ServeHTTP(w, r.WithContext(ctx)) })
			d.Start()
			ws, err := websocket.Dial("ws://"+d.Listener.Addr().String()+"/", "", d.URL)
			if err != nil {
				t.Fatal(err)
			}
			defer ws.Close()
			end(d, revoke)
			ws.SetDeadline(time.Now().Add(2 * time.Second))
			var got string
			if err := websocket.Message.Receive(ws, &got); err == nil || strings.Contains(err.Error(), "timeout") {
				t.Error(err)
			}
			d.result(t, 1)
		})
	}
}

// TestUpgradeRefused: then it is an answer like any other; and what the client sends on is
// no request of somebody else.
func TestUpgradeRefused(t *testing.T) {
	back := raw(t, answering("HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\nno"))
	d := newDoor(t, Config{}, back)
	answer := say(t, d.Listener.Addr().String(), "GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n\r\n")
	if !strings.HasPrefix(answer, "HTTP/1.1 400 Bad Request\r\n") || !strings.HasSuffix(answer, "\r\n\r\nno") {
		t.Errorf("%q", answer)
	}
	d = newDoor(t, Config{}, raw(t, answering("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n")))
	answer = say(t, d.Listener.Addr().String(), "GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n\r\n")
	if !strings.HasPrefix(answer, "HTTP/1.1 502 ") {
		t.Errorf("%q", answer)
	}
}

// TestOtherUpgrade: any protocol passes; what either side sends early is not lost.
func TestOtherUpgrade(t *testing.T) {
	back := raw(t, func(_ int, c net.Conn, in *bufio.Reader) {
		head, _ := readHead(in)
		if !strings.Contains(head, "\r\nConnection: Upgrade\r\nUpgrade: my/1\r\n") {
			return
		}
		io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: My/1\r\nX-A: 1\r\n\r\nhello ")
		line, _ := in.ReadString('\n')
		fmt.Fprintf(c, "you said %s", line)
	})
	d := newDoor(t, Config{}, back)
	answer := say(t, d.Listener.Addr().String(), "GET / HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, upgrade\r\nUpgrade: my/1\r\n\r\nearly\n")
	if answer != "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: My/1\r\nX-A: 1\r\n\r\nhello you said early\n" {
		t.Errorf("%q", answer)
	}
}
