package serve

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// systemd is the other end of sd_notify.
func systemd(t *testing.T) (address string, told func() string) {
	t.Helper()
	address = filepath.Join(t.TempDir(), "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: address, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return address, func() string {
		t.Helper()
		conn.SetReadDeadline(time.Now().Add(10 * time.Second))
		b := make([]byte, 100)
		n, err := conn.Read(b)
		if err != nil {
			t.Fatal(err)
		}
		return string(b[:n])
	}
}

// TestSystemdIsTold: ready once the listeners are open, alive while it runs, and
// that it stops.
func TestSystemdIsTold(t *testing.T) {
	address, told := systemd(t)
	t.Setenv("NOTIFY_SOCKET", address)
	t.Setenv("WATCHDOG_USEC", "20000")
	t.Setenv("WATCHDOG_PID", strconv.Itoa(os.Getpid()))
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() {
		ended <- Run(ctx, Server{Name: "t", Address: "127.0.0.1:0", Handler: http.NotFoundHandler(), Log: slog.New(slog.DiscardHandler)})
	}()
	for _, want := range []string{"READY=1", "WATCHDOG=1", "WATCHDOG=1"} {
		if got := told(); got != want {
			t.Fatalf("told %q, not %q", got, want)
		}
	}
	stop()
	for told() != "STOPPING=1" {
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestNotifierReadsItsEnvironment(t *testing.T) {
	env := func(text string) func(string) string {
		return func(name string) string {
			for pair := range strings.FieldsSeq(text) {
				if k, v, _ := strings.Cut(pair, "="); k == name {
					return v
				}
			}
			return ""
		}
	}
	for text, want := range map[string]time.Duration{
		"":                                   0,
		"NOTIFY_SOCKET=/x WATCHDOG_USEC=60":  30 * time.Microsecond,
		"WATCHDOG_USEC=60 WATCHDOG_PID=1":    0,
		"WATCHDOG_USEC=no":                   0,
		"WATCHDOG_USEC=-5 WATCHDOG_PID=none": 0,
	} {
		if n := newNotifier(env(text), nil); n.every != want {
			t.Errorf("%s: %s", text, n.every)
		}
	}
	j := &journal{}
	n := notifier{address: "@onecert-nobody-listens", log: logTo(j)}
	n.tell("READY=1")
	if !strings.Contains(j.String(), "could not be told") {
		t.Errorf("%s", j)
	}
	notifier{}.tell("READY=1")
	notifier{}.watch(t.Context())
}
