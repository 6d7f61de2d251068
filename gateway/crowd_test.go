package gateway_test

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"onecert/gateway"
)

// TestFirstConnectionsAtOnce: a browser that opens several connections before it has a
// cookie opens one session, also while the store is slow.
func TestFirstConnectionsAtOnce(t *testing.T) {
	h := newHouse(t)
	h.apply(h.document())
	h.desk.opening = func() { time.Sleep(100 * time.Millisecond) }
	who := h.ca.issue("张三", nil)
	var all sync.WaitGroup
	for range 6 {
		c := h.browser(who)
		all.Go(func() {
			answer, err := c.Get(h.url("oa.example.gov", "/"))
			if err != nil {
				t.Error(err)
				return
			}
			answer.Body.Close()
			if answer.StatusCode != http.StatusOK {
				t.Error(answer.StatusCode)
			}
		})
	}
	all.Wait()
	if n := h.desk.opened(); n != 1 {
		t.Errorf("%d sessions were opened", n)
	}
}

// TestTunnelsAreListed: a WebSocket is among the open connections, with who it is, until
// it ends.
func TestTunnelsAreListed(t *testing.T) {
	h := newHouse(t)
	h.handler = echoUpgraded
	h.apply(h.document())
	conn := h.upgrade(h.ca.issue("张三", nil))
	list := func() []gateway.Connection {
		all, err := h.g.Connections(as("audit"), gateway.ConnectionQuery{})
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	if all := list(); len(all) != 1 || all[0].User == "" || all[0].Session == "" || all[0].Protocol != "TLS 1.3" {
		t.Errorf("%+v", all)
	}
	conn.Close()
	eventually(t, func() bool { return len(list()) == 0 })
}
