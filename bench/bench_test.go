package main

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"onecert/pki"
)

// TestMain lets the test's own binary be the server that is measured.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == serveWord {
		exit(serveChild())
	}
	if len(os.Args) == 2 && os.Args[1] == ocspWord {
		exit(serveOCSP())
	}
	if len(os.Args) == 2 && os.Args[1] == gatewayWord {
		exit(serveGateway())
	}
	os.Exit(m.Run())
}

func newBench(t *testing.T) (*bench, *bytes.Buffer) {
	t.Helper()
	var out bytes.Buffer
	b := &bench{quick: true, dir: t.TempDir(), out: &report{to: &out}}
	stop, err := b.openEngines()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
	return b, &out
}

// TestContest: orders over mutual TLS to a server process on both engines, their
// answers checked, the server's time counted, and the process gone afterwards.
func TestContest(t *testing.T) {
	b, out := newBench(t)
	for _, makes := range []func() *maker{persons, servers} {
		c := contest{clients: 4, last: 300 * time.Millisecond, rounds: 1, guess: 2000, maker: makes, floor: func() error { return nil }}
		results, err := b.hold(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		for i, e := range b.engines {
			r := results[i][0]
			if r.orders == 0 || len(r.waits) != r.orders || r.quantile(.99) < r.quantile(.5) || r.server == 0 {
				t.Errorf("%s: %+v", e.name, r.run)
			}
			if (e.pid != 0) != (r.database > 0) && r.orders > 100 {
				t.Errorf("%s: its own processes used %v", e.name, r.database)
			}
		}
		b.cost("cost", c, results, "note")
		b.throughput("throughput", results, 2)
	}
	for _, words := range []string{"sqlite", "postgres", "orders/s", "ratio", "note"} {
		if !strings.Contains(out.String(), words) {
			t.Errorf("the tables do not say %q:\n%s", words, out)
		}
	}
	if children := tree(os.Getpid()); len(children) > 20 {
		t.Errorf("%d processes are left", len(children))
	}
}

func TestWrongAnswersAreNoticed(t *testing.T) {
	m := persons()
	orders, err := m.make("host", 1)
	if err != nil || orders[0].key == nil {
		t.Fatal(err)
	}
	for name, body := range map[string]string{
		"no JSON":        "<html>",
		"no issuer":      `{"chain":["AAAA"],"sign":{}}`,
		"no certificate": `{"chain":[],"sign":{}}`,
	} {
		if err := orders[0].check([]byte(body)); err == nil {
			t.Errorf("%s passed", name)
		}
	}
}

// TestClient reads answers as net/http writes them.
func TestClient(t *testing.T) {
	long := strings.Repeat("long ", 4000)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		switch r.URL.Path {
		case "/long":
			io.WriteString(w, long)
		case "/echo":
			w.Write(body)
		default:
			http.Error(w, "no", http.StatusTeapot)
		}
	}))
	defer server.Close()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	c := &client{conn: conn, reader: bufio.NewReader(conn)}
	defer c.close()
	for range 2 {
		if got, err := c.send(post("host", "/long", nil)); err != nil || string(got) != long {
			t.Errorf("%d octets, %v", len(got), err)
		}
		if got, err := c.send(post("host", "/echo", []byte("{}"))); err != nil || string(got) != "{}" {
			t.Errorf("%q, %v", got, err)
		}
	}
	if _, err := c.send(post("host", "/else", nil)); err == nil || !strings.Contains(err.Error(), "418") {
		t.Errorf("a refusal: %v", err)
	}
}

func TestClocks(t *testing.T) {
	child := exec.Command("/bin/sh", "-c", "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done; read x")
	input, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	defer child.Wait()
	defer input.Close()
	for deadline := time.Now().Add(60 * time.Second); treeTime(child.Process.Pid) == 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("a busy child uses no time")
		}
	}
	if machineTime() < treeTime(child.Process.Pid) || treeTime(0) != 0 || statFields(1<<30, 4) != nil {
		t.Error("the clocks disagree")
	}
	each, err := loop(20*time.Millisecond, func() error { time.Sleep(time.Millisecond); return nil })
	if err != nil || each > time.Millisecond {
		t.Errorf("sleeping used %v (%v)", each, err)
	}
}

func TestChosen(t *testing.T) {
	if all, err := chosen(""); err != nil || len(all) != len(tables()) {
		t.Error(all, err)
	}
	if some, err := chosen("crl,dual"); err != nil || len(some) != 2 || some[0].name != "crl" {
		t.Error(some, err)
	}
	if _, err := chosen("speed"); err == nil {
		t.Error("a table nobody knows was chosen")
	}
}

func TestFigures(t *testing.T) {
	for f, want := range map[float64]string{1.234: "1.23", 12.34: "12.3", 1234.5: "1234"} {
		if got := digits(f); got != want {
			t.Errorf("%v is %s, want %s", f, got, want)
		}
	}
	own := func(f float64) float64 { return f }
	if got := median([]float64{5, 1, 3}, own); got != 3 {
		t.Error(got)
	}
	if got := median([]float64{4, 1, 2, 3}, own); got != 2.5 {
		t.Error(got)
	}
}

// TestPackaging: packages come out, with the rounds they promise.
func TestPackaging(t *testing.T) {
	b, _ := newBench(t)
	h, err := b.house(b.engines[0], 1)
	if err != nil {
		t.Fatal(err)
	}
	defer h.close()
	row, rounds, err := b.packaging(t.Context(), h, pki.P256)
	if err != nil || len(row) != 5 || rounds < 100_000 {
		t.Errorf("%v, %d rounds, %v", row, rounds, err)
	}
}
