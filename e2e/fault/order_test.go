package fault

import (
	"context"
	"io"
	"net"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"onecert/pki"
)

// wire stands between the CA and its centre and can lose answers.
type wire struct {
	to    string
	loses atomic.Bool
}

// newWire listens at a socket of its own.
func newWire(t *testing.T, to string) (*wire, string) {
	t.Helper()
	w := &wire{to: to}
	socket := shortDir(t) + "/wire.sock"
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go w.carry(conn)
		}
	}()
	return w, socket
}

// carry hands everything on. What loses answers closes the line when one arrives.
func (w *wire) carry(near net.Conn) {
	defer near.Close()
	far, err := net.Dial("unix", w.to)
	if err != nil {
		return
	}
	defer far.Close()
	go func() {
		_, _ = io.Copy(far, near)
		far.Close()
	}()
	buffer := make([]byte, 32<<10)
	for {
		n, err := far.Read(buffer)
		if err != nil || w.loses.Load() {
			return
		}
		if _, err := near.Write(buffer[:n]); err != nil {
			return
		}
	}
}

// unanswered orders and has to be refused as Unavailable, with nothing issued.
func (c *client) unanswered(t *testing.T, what string) {
	t.Helper()
	var err error
	if open := c.book.open(c.number); len(open) > 0 {
		err = c.order(open[0])
	} else {
		err = c.first()
	}
	if pki.KindOf(err) != pki.Unavailable || pki.CodeOf(err) != "remote.unreachable" {
		t.Errorf("%s: %s: %v", what, pki.CodeOf(err), err)
	}
	p := c.book.open(c.number)[0]
	if _, err := c.authority.Order(context.Background(), p.application); pki.CodeOf(err) != "order.unknown" {
		t.Errorf("%s: the order is %v", what, err)
	}
	for _, listed := range c.town.list() {
		if listed.Application == p.application && listed.State != pki.Reserved {
			t.Errorf("%s: half an order: a %s certificate is %s", what, listed.Role, listed.State)
		}
	}
}

// TestCentreGoneInMidOrder: the KMC is gone before, while and after it is asked, or
// does its work and nobody hears of it. The order fails whole and stays what it was;
// asked again when the centre is back it gives one pair, the one the centre had
// already handed out if it had.
func TestCentreGoneInMidOrder(t *testing.T) {
	w := onEither(t)(3, 0)
	between, socket := newWire(t, w.kmc.Listen)
	w.ca.kill()
	moved := w.ca.part
	moved.KMC = socket
	w.ca = newProcess(t, moved)
	w.ca.restart(t)

	lost := &client{town: w, number: 0}
	between.loses.Store(true)
	for range 2 {
		lost.unanswered(t, "the answer is lost")
	}
	between.loses.Store(false)

	frozen := &client{town: w, number: 1}
	w.kmc.signal(t, syscall.SIGSTOP)
	go func() {
		time.Sleep(200 * time.Millisecond)
		_ = w.kmc.command.Process.Kill() // restart waits for its end
	}()
	frozen.unanswered(t, "the centre dies while it is asked")

	absent := &client{town: w, number: 2}
	for range 2 {
		absent.unanswered(t, "there is no centre")
	}
	w.kmc.kill()
	w.ca.kill() // nor does the CA need to remember anything
	w.ca.restart(t)
	absent.unanswered(t, "after a restart of the CA")
	w.kmc.restart(t)
	if n := len(w.book.open(-1)); n != 3 {
		t.Errorf("%d orders are open, not 3", n)
	}
	w.settle()
}
