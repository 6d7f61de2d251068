package notice_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"onecert/db"
	"onecert/notice"
	"onecert/pkitest"
)

// Killed at random moments (SIGKILL), the outbox loses nothing: each notice reaches the
// server, what is sent twice is the same mail, and no more is than there were kills. The
// test runs itself as the process that is killed.
func TestKilled(t *testing.T) {
	if source := os.Getenv("NOTICETEST_SOURCE"); source != "" {
		sender(t, source)
		return
	}
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		s := newMailServer(t, notice.Plain)
		const n, kills = 120, 6
		h := open(t, source, func(c *notice.Config) { c.SMTP, c.Now = s.smtp(t), time.Now })
		for i := range n {
			h.post(mailTo(fmt.Sprint("k", i), fmt.Sprintf("p%d@people.example", i)))
		}
		dir := t.TempDir()
		start := func() *exec.Cmd {
			child := exec.Command(os.Args[0], "-test.run=^TestKilled$")
			child.Env = append(os.Environ(), "NOTICETEST_SOURCE="+source, "NOTICETEST_PORT="+strconv.Itoa(s.port), "NOTICETEST_READY="+filepath.Join(dir, "ready"))
			if err := child.Start(); err != nil {
				t.Fatal(err)
			}
			return child
		}
		for range kills {
			_ = os.Remove(filepath.Join(dir, "ready"))
			before := len(s.got())
			child := start()
			await(t, func() bool {
				_, err := os.Stat(filepath.Join(dir, "ready"))
				return err == nil && len(s.got()) > before || len(s.got()) >= n
			})
			time.Sleep(time.Duration(rand.IntN(30_000)) * time.Microsecond)
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			_ = child.Wait() // killed, as it was to be
		}
		child := start()
		await(t, func() bool {
			sent, err := h.o.List(t.Context(), notice.Sent, 0, n)
			return err == nil && len(sent) == n
		})
		if err := child.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = child.Wait()
		byID := map[string]string{}
		again := 0
		for _, m := range s.got() {
			id := m.header("Message-ID")
			if data, known := byID[id]; known {
				again++
				if data != m.data {
					t.Error("sent twice, and not the same")
				}
			}
			byID[id] = m.data
		}
		if len(byID) != n || again > kills {
			t.Errorf("%d of %d arrived, %d twice", len(byID), n, again)
		}
	})
}

// sender is the process that is killed.
func sender(t *testing.T, source string) {
	d, err := db.Open(t.Context(), source)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(os.Getenv("NOTICETEST_PORT"))
	if err != nil {
		t.Fatal(err)
	}
	o, err := notice.Open(t.Context(), notice.Config{DB: d, Keys: []notice.Key{{Cipher: notice.AES256, Secret: secret(1)}},
		Limits: notice.Limits{Every: 10 * time.Millisecond, First: 50 * time.Millisecond, Longest: time.Second},
		SMTP:   &notice.SMTP{Host: "127.0.0.1", Port: port, Security: notice.Plain, From: notice.Address{At: "notice@ca.example"}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(os.Getenv("NOTICETEST_READY"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := o.Run(t.Context()); err != nil && !strings.Contains(err.Error(), "canceled") {
		t.Fatal(err)
	}
}
