package gateway_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"onecert/gateway"
)

// asks asks over an open connection and returns the status; 0: the connection is closed.
func asks(conn net.Conn, reader *bufio.Reader, headers string) int {
	io.WriteString(conn, "GET / HTTP/1.1\r\nHost: oa.example.gov\r\n"+headers+"\r\n")
	answer, err := http.ReadResponse(reader, nil)
	if err != nil {
		return 0
	}
	io.Copy(io.Discard, answer.Body)
	return answer.StatusCode
}

// TestLimitsChange: limits of a service count at once, and nobody who is there is cut off.
func TestLimitsChange(t *testing.T) {
	h := newHouse(t)
	h.handler = func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") != "" {
			echoUpgraded(w, r)
			return
		}
		echo(w, r)
	}
	h.apply(h.document())
	who := h.ca.issue("张三", nil)
	change := func(l gateway.DoorLimits) {
		t.Helper()
		c := h.current()
		c.Services[0].Limits = l
		h.apply(c)
	}
	kept := h.dial(who)
	reader := bufio.NewReader(kept)
	large := "X-Large: " + strings.Repeat("a", 40<<10) + "\r\n"
	if got := asks(kept, reader, large); got != http.StatusOK {
		t.Fatal(got)
	}
	tunnel := h.upgrade(who)

	change(gateway.DoorLimits{HeaderBytes: 8 << 10, Idle: "300ms"})
	other := h.dial(who)
	if got := asks(other, bufio.NewReader(other), large); got != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("a large header is answered %d", got)
	}
	idle := h.dial(who)
	if got := asks(idle, bufio.NewReader(idle), ""); got != http.StatusOK {
		t.Error(got)
	}
	begin := time.Now()
	if _, err := idle.Read(make([]byte, 1)); err == nil || time.Since(begin) > 5*time.Second {
		t.Errorf("an idle connection was there after %v: %v", time.Since(begin), err)
	}
	if got := asks(kept, reader, large); got != http.StatusOK {
		t.Errorf("who was there before is answered %d", got)
	}
	if fmt.Fprintln(tunnel, "still"); !strings.HasPrefix(line(t, tunnel), "still") {
		t.Error("a tunnel from before carries no longer")
	}

	other.Close()
	eventually(t, func() bool {
		all, err := h.g.Connections(as("audit"), gateway.ConnectionQuery{})
		return err == nil && len(all) == 2
	})

	// kept, tunnel and one more: the next has to wait until another leaves.
	change(gateway.DoorLimits{Connections: 3, Handshakes: 1})
	third := h.dial(who)
	if got := asks(third, bufio.NewReader(third), ""); got != http.StatusOK {
		t.Error(got)
	}
	if fourth, err := net.Dial("tcp", h.address); err == nil {
		fourth.SetDeadline(time.Now().Add(5 * time.Second))
		if _, err := fourth.Read(make([]byte, 1)); err != io.EOF && !strings.Contains(fmt.Sprint(err), "reset") {
			t.Errorf("one connection too many: %v", err)
		}
		fourth.Close()
	}
	change(gateway.DoorLimits{})
	fifth := h.dial(who)
	if got := asks(fifth, bufio.NewReader(fifth), large); got != http.StatusOK {
		t.Errorf("under the usual limits again: %d", got)
	}
	if got := asks(kept, reader, ""); got != http.StatusOK {
		t.Errorf("who was there from the first is answered %d", got)
	}
}

func line(t *testing.T, from io.Reader) string {
	t.Helper()
	b := make([]byte, 5)
	if _, err := io.ReadFull(from, b); err != nil {
		t.Error(err)
	}
	return string(b)
}
