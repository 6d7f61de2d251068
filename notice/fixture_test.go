package notice_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"encoding/base64"
	"io"
	"log/slog"
	"net"
	"net/http/httptest"
	"net/textproto"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"onecert/db"
	"onecert/notice"
)

// mailServer is a mail server of the tests. What it answers instead of yes is put into
// answers, by stage: banner, ehlo, auth, mail, rcpt, data, end. Beside replies there are
// "drop" (it closes), "hang" (it says nothing more), "flood" (it does not stop talking)
// and, for end, "half" (it closes in the middle of the mail) and "lost" (it keeps the
// mail and closes before it says so).
type mailServer struct {
	port     int
	pool     *x509.CertPool
	pair     tls.Certificate
	security notice.Security
	auth     string // AUTH it offers
	size     int

	mu      sync.Mutex
	answers map[string][]string
	mails   []received
	lines   []string // commands seen
	conns   int
}

type received struct{ from, to, data string }

func (r received) header(name string) string {
	for line := range strings.SplitSeq(r.data, "\r\n") {
		if value, ok := strings.CutPrefix(line, name+": "); ok {
			return value
		}
	}
	return ""
}

const mailUser, mailPassword = "notice@ca.example", "pa55-of-the-mail-server"

func newMailServer(t testing.TB, security notice.Security) *mailServer {
	t.Helper()
	lent := httptest.NewTLSServer(nil) // for its certificate of 127.0.0.1
	defer lent.Close()
	s := &mailServer{security: security, pool: x509.NewCertPool(), pair: lent.TLS.Certificates[0], answers: map[string][]string{}}
	s.pool.AddCert(lent.Certificate())
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	s.port = listener.Addr().(*net.TCPAddr).Port
	if security == notice.Implicit {
		listener = tls.NewListener(listener, s.config())
	}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go s.talk(conn)
		}
	}()
	return s
}

func (s *mailServer) config() *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{s.pair}}
}

// says has the server answer so, once each, in order.
func (s *mailServer) says(stage string, answers ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers[stage] = append(s.answers[stage], answers...)
}

func (s *mailServer) answer(stage, usual string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if some := s.answers[stage]; len(some) > 0 {
		s.answers[stage] = some[1:]
		return some[0]
	}
	return usual
}

func (s *mailServer) got() []received {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]received{}, s.mails...)
}

// reply sends an answer; false: the connection is over.
func reply(conn net.Conn, text string) bool {
	switch text {
	case "drop", "half":
		return false
	case "hang":
		_, _ = io.Copy(io.Discard, conn) // until the client goes
		return false
	case "flood":
		for {
			if _, err := conn.Write(bytes.Repeat([]byte("250-more\r\n"), 1000)); err != nil {
				return false
			}
		}
	}
	_, err := conn.Write([]byte(text + "\r\n"))
	return err == nil
}

func (s *mailServer) talk(conn net.Conn) {
	s.mu.Lock()
	s.conns++
	s.mu.Unlock()
	defer func() { conn.Close() }()
	if !reply(conn, s.answer("banner", "220 mail.example ESMTP")) {
		return
	}
	read := textproto.NewReader(bufio.NewReader(conn))
	var mail received
	for {
		line, err := read.ReadLine()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.lines = append(s.lines, line)
		s.mu.Unlock()
		verb, rest, _ := strings.Cut(line, " ")
		goesOn := true
		switch strings.ToUpper(verb) {
		case "EHLO":
			_, secure := conn.(*tls.Conn)
			goesOn = reply(conn, s.answer("ehlo", s.features(secure)))
		case "STARTTLS":
			goesOn = reply(conn, s.answer("starttls", "220 go on"))
			conn = tls.Server(conn, s.config())
			read = textproto.NewReader(bufio.NewReader(conn))
		case "AUTH":
			goesOn = s.authenticate(conn, read, rest)
		case "MAIL":
			mail.from = rest
			goesOn = reply(conn, s.answer("mail", "250 ok"))
		case "RCPT":
			mail.to = rest
			goesOn = reply(conn, s.answer("rcpt", "250 ok"))
		case "DATA":
			goesOn = s.data(conn, read, mail)
		case "RSET", "NOOP":
			goesOn = reply(conn, "250 ok")
		case "QUIT":
			reply(conn, "221 bye")
			return
		default:
			goesOn = reply(conn, "500 what?")
		}
		if !goesOn {
			return
		}
	}
}

func (s *mailServer) features(secure bool) string {
	lines := []string{"mail.example", "8BITMIME", "SMTPUTF8"}
	if s.security == notice.STARTTLS && !secure {
		lines = append(lines, "STARTTLS")
	}
	if s.auth != "" && (secure || s.security == notice.Plain) {
		lines = append(lines, "AUTH "+s.auth)
	}
	if s.size > 0 {
		lines = append(lines, "SIZE "+strconv.Itoa(s.size))
	}
	return "250-" + strings.Join(lines[:len(lines)-1], "\r\n250-") + "\r\n250 " + lines[len(lines)-1]
}

func (s *mailServer) authenticate(conn net.Conn, read *textproto.Reader, rest string) bool {
	way, first, _ := strings.Cut(rest, " ")
	ask := func(question string) string {
		if !reply(conn, "334 "+base64.StdEncoding.EncodeToString([]byte(question))) {
			return ""
		}
		line, _ := read.ReadLine()
		text, _ := base64.StdEncoding.DecodeString(line)
		return string(text)
	}
	var user, password string
	switch way {
	case "PLAIN":
		text, _ := base64.StdEncoding.DecodeString(first)
		parts := strings.Split(string(text), "\x00")
		user, password = parts[1], parts[2]
	case "LOGIN":
		user, password = ask("Username:"), ask("Password:")
	}
	usual := "235 2.7.0 ok"
	if user != mailUser || password != mailPassword {
		usual = "535 5.7.8 no"
	}
	return reply(conn, s.answer("auth", usual))
}

func (s *mailServer) data(conn net.Conn, read *textproto.Reader, mail received) bool {
	first := s.answer("data", "354 go on")
	if !reply(conn, first) || !strings.HasPrefix(first, "354") {
		return strings.HasPrefix(first, "4") || strings.HasPrefix(first, "5")
	}
	last := s.answer("end", "250 2.0.0 taken")
	if last == "half" {
		_, _ = read.R.Discard(100)
		return false
	}
	var b bytes.Buffer
	for {
		line, err := read.ReadLine()
		if err != nil {
			return false
		}
		if line == "." {
			break
		}
		b.WriteString(strings.TrimPrefix(line, ".") + "\r\n")
	}
	if last == "lost" || strings.HasPrefix(last, "250") {
		mail.data = b.String()
		s.mu.Lock()
		s.mails = append(s.mails, mail)
		s.mu.Unlock()
	}
	if last == "lost" {
		return false
	}
	return reply(conn, last)
}

// smtp is the configuration for the server.
func (s *mailServer) smtp(t testing.TB) *notice.SMTP {
	t.Helper()
	c := &notice.SMTP{Host: "127.0.0.1", Port: s.port, Security: s.security, Roots: s.pool, Timeout: 5 * time.Second,
		From: notice.Address{Name: "示例省电子认证中心", At: "notice@ca.example"}}
	if s.auth != "" {
		c.User, c.PasswordFile = mailUser, filepath.Join(t.TempDir(), "password")
		if err := os.WriteFile(c.PasswordFile, []byte(mailPassword+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// clock is a clock that tests set.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func newClock() *clock { return &clock{t: time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) on(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// house is an outbox with all that belongs to it.
type house struct {
	t     testing.TB
	d     *db.DB
	clock *clock
	log   *bytes.Buffer
	cfg   notice.Config
	o     *notice.Outbox
}

func secret(first byte) []byte { return append([]byte{first}, bytes.Repeat([]byte{7}, 31)...) }

// open opens an outbox; change adapts the configuration. The invariants are asked when
// the test ends.
func open(t testing.TB, source string, change func(*notice.Config)) *house {
	t.Helper()
	d, err := db.Open(t.Context(), source)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	h := &house{t: t, d: d, clock: newClock(), log: &bytes.Buffer{}}
	h.cfg = notice.Config{DB: d, Keys: []notice.Key{{Cipher: notice.AES256, Secret: secret(1)}}, Now: h.clock.now,
		Log: slog.New(slog.NewJSONHandler(&locked{w: h.log}, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	change(&h.cfg)
	h.again()
	t.Cleanup(func() {
		for _, fault := range notice.CheckInvariants(context.Background(), h.o) {
			t.Error(fault)
		}
	})
	return h
}

// again opens the outbox anew, as a restart does.
func (h *house) again() {
	h.t.Helper()
	o, err := notice.Open(h.t.Context(), h.cfg)
	if err != nil {
		h.t.Fatal(err)
	}
	h.o = o
}

type locked struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

func (h *house) tx(act func(tx *sql.Tx) error) error {
	return h.d.Tx(h.t.Context(), act)
}

// post posts a notice and says whether it was new.
func (h *house) post(n notice.Notice) (posted bool) {
	h.t.Helper()
	err := h.tx(func(tx *sql.Tx) (err error) {
		posted, err = h.o.Post(h.t.Context(), tx, n)
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return posted
}

func (h *house) settle() {
	h.t.Helper()
	if err := h.o.Settle(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) of(key string) notice.Item {
	h.t.Helper()
	i, err := h.o.Of(h.t.Context(), key)
	if err != nil {
		h.t.Fatal(err)
	}
	return i
}

func (h *house) is(key string, state notice.State, says string) {
	h.t.Helper()
	if i := h.of(key); i.State != state || !strings.Contains(i.Says, says) {
		h.t.Errorf("%s is %s and says %q, not %s and %q", key, i.State, i.Says, state, says)
	}
}

func mailTo(key, to string) notice.Notice {
	return notice.Notice{Key: key, Kind: "test.kind", Channel: notice.Mail, To: notice.Address{Name: "李四", At: to},
		Message: notice.Message{Subject: "证书将于 30 天后到期 " + key, Text: "请及时更新。\n" + key}}
}

func poolOf(t testing.TB, file string) *x509.CertPool {
	t.Helper()
	text, err := os.ReadFile(file)
	pool := x509.NewCertPool()
	if err != nil || !pool.AppendCertsFromPEM(text) {
		t.Fatal("no certificate in ", file, err)
	}
	return pool
}
