package notice_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"onecert/notice"
	"onecert/pki"
	"onecert/pkitest"
)

// Every way to a server, with and without AUTH.
func TestWaysToTheServer(t *testing.T) {
	for _, security := range []notice.Security{notice.STARTTLS, notice.Implicit, notice.Plain} {
		for _, auth := range []string{"", "PLAIN LOGIN", "LOGIN", "CRAM-MD5 LOGIN"} {
			t.Run(string(security)+" "+auth, func(t *testing.T) {
				s := newMailServer(t, security)
				s.auth = auth
				h := open(t, pkitest.SQLite(t), func(c *notice.Config) { c.SMTP = s.smtp(t) })
				h.post(mailTo("a", "li@people.example"))
				h.settle()
				h.is("a", notice.Sent, "smtp 250")
			})
		}
	}
}

// What a server must not get by with, and that nothing is sent then.
func TestServerNotTrusted(t *testing.T) {
	for name, c := range map[string]struct {
		security notice.Security
		auth     string
		change   func(*mailServer, *notice.SMTP)
		says     string
	}{
		"unknown issuer":         {notice.STARTTLS, "PLAIN", func(_ *mailServer, c *notice.SMTP) { c.Roots = nil }, "not trusted"},
		"unknown issuer, at tls": {notice.Implicit, "PLAIN", func(_ *mailServer, c *notice.SMTP) { c.Roots = nil }, "not trusted"},
		"another name":           {notice.STARTTLS, "PLAIN", func(_ *mailServer, c *notice.SMTP) { c.Host = "localhost" }, "not trusted"},
		"STARTTLS taken out":     {notice.STARTTLS, "PLAIN", func(s *mailServer, _ *notice.SMTP) { s.security = notice.Plain }, "STARTTLS"},
		"no AUTH":                {notice.STARTTLS, "", func(_ *mailServer, c *notice.SMTP) { c.User, c.PasswordFile = mailUser, os.DevNull }, "no AUTH"},
		"AUTH we do not speak":   {notice.STARTTLS, "CRAM-MD5", func(*mailServer, *notice.SMTP) {}, "no AUTH"},
		"wrong password": {notice.STARTTLS, "PLAIN", func(_ *mailServer, c *notice.SMTP) {
			_ = os.WriteFile(c.PasswordFile, []byte("an0ther-pa55word"), 0o600)
		}, "smtp 535 5.7.8"},
		"no password file": {notice.STARTTLS, "PLAIN", func(_ *mailServer, c *notice.SMTP) { c.PasswordFile += "x" }, "password file is not there"},
		"AUTH without end": {notice.STARTTLS, "LOGIN", func(s *mailServer, _ *notice.SMTP) { s.says("auth", "334 ", "334 ") }, "no AUTH"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newMailServer(t, c.security)
			s.auth = c.auth
			h := open(t, pkitest.SQLite(t), func(config *notice.Config) {
				config.SMTP = s.smtp(t)
				c.change(s, config.SMTP)
			})
			h.post(mailTo("a", "li@people.example"))
			h.settle()
			h.is("a", notice.Waiting, c.says)
			for _, line := range s.lines {
				if verb, _, _ := strings.Cut(line, " "); verb == "MAIL" || verb == "RCPT" {
					t.Errorf("said %q", line)
				}
			}
			for _, secret := range []string{mailPassword, "an0ther-pa55word", "people.example"} {
				if strings.Contains(h.log.String(), secret) {
					t.Errorf("the log has %s: %s", secret, h.log)
				}
			}
			if !strings.Contains(h.log.String(), "do not get through") {
				t.Error("the log does not tell")
			}
		})
	}
}

// TLS may be left out to this machine only, whatever its name says.
func TestPlainIsForThisMachine(t *testing.T) {
	if err := notice.PlainTo("127.0.0.1:9"); err != nil {
		t.Error(err)
	}
	if err := notice.PlainTo("192.0.2.1:25"); err == nil {
		t.Error("192.0.2.1 was taken for this machine")
	}
}

func TestLargerThanTheServerTakes(t *testing.T) {
	s := newMailServer(t, notice.STARTTLS)
	s.size = 2000
	h := open(t, pkitest.SQLite(t), func(c *notice.Config) { c.SMTP = s.smtp(t) })
	n := mailTo("large", "li@people.example")
	n.Message.Text = strings.Repeat("字", 2000)
	h.post(n)
	h.post(mailTo("small", "li@people.example"))
	h.settle()
	h.is("large", notice.Refused, "larger than the server takes")
	h.is("small", notice.Sent, "")
}

func TestMailConfiguration(t *testing.T) {
	good := notice.SMTP{Host: "mail.example", From: notice.Address{At: "a@b.example"}}
	for what, change := range map[string]func(*notice.SMTP){
		"security": func(c *notice.SMTP) { c.Security = "ssl3" },
		"host":     func(c *notice.SMTP) { c.Host = "" },
		"is no n":  func(c *notice.SMTP) { c.Host = "a b" },
		"port":     func(c *notice.SMTP) { c.Port = 70000 },
		"together": func(c *notice.SMTP) { c.User = "a" },
		"control":  func(c *notice.SMTP) { c.User, c.PasswordFile = "a\n", "b" },
		"mail add": func(c *notice.SMTP) { c.From.At = "nobody" },
	} {
		c := good
		change(&c)
		_, err := notice.Open(t.Context(), notice.Config{Keys: []notice.Key{{Cipher: notice.SM4, Secret: secret(1)}}, SMTP: &c})
		if pki.KindOf(err) != pki.Invalid || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// Another program's mail server takes our mail over STARTTLS with AUTH and reads it
// with a parser nobody here wrote: aiosmtpd and the email package of Python.
func TestReadByAnotherServer(t *testing.T) {
	dir := t.TempDir()
	openssl := exec.Command("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
		"-subj", "/CN=mail.example", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", filepath.Join(dir, "key.pem"), "-out", filepath.Join(dir, "cert.pem"))
	if out, err := openssl.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	server := exec.Command("/usr/bin/python3", "testdata/mailserver.py", filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"), mailUser, mailPassword)
	server.Stderr = os.Stderr
	stdin, err1 := server.StdinPipe()
	stdout, err2 := server.StdoutPipe()
	if err1 != nil || err2 != nil || server.Start() != nil {
		t.Fatal(err1, err2)
	}
	t.Cleanup(func() { stdin.Close(); _ = server.Wait() }) // it ends with its input
	lines := bufio.NewScanner(stdout)
	lines.Buffer(nil, 1<<20)
	if !lines.Scan() {
		t.Fatal("the server does not say its port")
	}
	var port int
	if _, err := fmt.Sscan(lines.Text(), &port); err != nil {
		t.Fatal(err)
	}
	password := filepath.Join(dir, "password")
	if err := os.WriteFile(password, []byte(mailPassword), 0o600); err != nil {
		t.Fatal(err)
	}
	h := open(t, pkitest.SQLite(t), func(c *notice.Config) {
		c.SMTP = &notice.SMTP{Host: "127.0.0.1", Port: port, Roots: poolOf(t, filepath.Join(dir, "cert.pem")), User: mailUser, PasswordFile: password,
			From: notice.Address{Name: "示例认证, 测试 (一)", At: "notice@ca.example"}}
	})
	n := mailTo("python", "li.si@people.example")
	n.Message.Text = "您好 <李四>：\n.\n证书 “A&B” 将到期。\n" + strings.Repeat("很长的一行", 300)
	n.Message.Subject = "【提醒】证书将于 30 天后到期，请及时更新 / Certificate ends in 30 days"
	n.Message.Files = []notice.File{notice.CalendarFile("end.ics", notice.Event{UID: "01ab@ca.example", Stamp: h.clock.now(), At: h.clock.now().Add(720 * time.Hour), Summary: "证书到期"})}
	h.post(n)
	h.settle()
	h.is("python", notice.Sent, "smtp 250")
	if !lines.Scan() {
		t.Fatal("nothing arrived")
	}
	var got struct {
		TLS, Auth                                            bool
		From, To, Subject, HeaderFrom, HeaderTo, Date, ID    string
		Text, HTML, CalendarName, CalendarType, Auto, Defect string
		Calendar                                             string
		Longest                                              int
	}
	if err := json.Unmarshal(lines.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(n.Message.Text, "\n", "\r\n")
	for _, c := range []struct{ what, got, want string }{
		{"sender", got.From, "notice@ca.example"}, {"recipient", got.To, "li.si@people.example"}, {"subject", got.Subject, n.Message.Subject},
		{"From", got.HeaderFrom, "示例认证, 测试 (一) <notice@ca.example>"}, {"To", got.HeaderTo, "李四 <li.si@people.example>"},
		{"Date", got.Date, "2026-11-23T08:00:00+00:00"}, {"text", got.Text, text}, {"name", got.CalendarName, "end.ics"},
		{"type", got.CalendarType, "text/calendar"}, {"calendar", got.Calendar, string(n.Message.Files[0].Content)}, {"automatic", got.Auto, "auto-generated"}, {"defects", got.Defect, ""},
	} {
		if c.got != c.want {
			t.Errorf("%s: %q, want %q", c.what, c.got, c.want)
		}
	}
	if !got.TLS || !got.Auth || !strings.Contains(got.HTML, "&lt;李四&gt;") || !strings.HasSuffix(got.ID, "@ca.example>") || got.Longest > 78 {
		t.Errorf("TLS %v, AUTH %v, id %s, a line of %d, %s", got.TLS, got.Auth, got.ID, got.Longest, got.HTML[:300])
	}
}
