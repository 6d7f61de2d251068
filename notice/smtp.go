package notice

import (
	"bytes"
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/smtp"
	"net/textproto"
	"os"
	"strconv"
	"strings"
	"time"

	"onecert/pki"
)

// Security is how the way to the mail server is protected.
type Security string

// The ways: STARTTLS, which must be offered (RFC 3207), TLS from the first octet (RFC
// 8314), and none, which is for a server on this machine only.
const (
	STARTTLS Security = "starttls"
	Implicit Security = "tls"
	Plain    Security = "plain"
)

// SMTP is the server that takes our mail.
type SMTP struct {
	Host     string // its name, which its certificate must have
	Port     int    // 0: 587, for Implicit 465, for Plain 25
	Security Security
	Roots    *x509.CertPool // whom its certificate must come from; nil: the system's
	User     string         // "": without AUTH
	// PasswordFile holds the password, read at each connection, so that it can be
	// changed without a restart.
	PasswordFile string
	From         Address
	Timeout      time.Duration // of a mail from connecting to the answer; 0: a minute
}

func (s *SMTP) check() error {
	ports := map[Security]int{STARTTLS: 587, Implicit: 465, Plain: 25}
	s.Security = cmp.Or(s.Security, STARTTLS)
	s.Port = cmp.Or(s.Port, ports[s.Security])
	s.Timeout = cmp.Or(s.Timeout, time.Minute)
	wrong := func(what string) error {
		return pki.Errorf(pki.Invalid, "notice.smtp", "the mail server is not configured right: %s", what)
	}
	switch {
	case ports[s.Security] == 0:
		return wrong("its security is starttls, tls or plain")
	case s.Host == "" || strings.ContainsAny(s.Host, " \r\n\t/@"):
		return wrong("its host is no name")
	case s.Port < 1 || s.Port > 65535 || s.Timeout < 0:
		return wrong("its port or time-out is none")
	case (s.User == "") != (s.PasswordFile == ""):
		return wrong("a user and a password file belong together")
	case !oneLine(s.User):
		return wrong("its user has control characters")
	}
	return s.From.check()
}

// mailer is the carrier of mail. It keeps a connection while there is work. It stands on
// the standard library's net/smtp: that is frozen, not broken, verifies certificates and
// refuses line ends in addresses, and what it lacks (limits, AUTH LOGIN) is here in few
// lines.
type mailer struct {
	SMTP
	conn   *meter
	client *smtp.Client
}

func newMailer(s SMTP) (*mailer, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	return &mailer{SMTP: s}, nil
}

// send implements carrier.
func (m *mailer) send(ctx context.Context, l letter) outcome {
	octets, err := l.write(m.From)
	if err != nil {
		return outcome{verdict: never, says: "mail: cannot be written"}
	}
	if m.client == nil {
		if err := m.connect(ctx); err != nil {
			m.rest()
			return outcome{verdict: down, says: reason(err)}
		}
	}
	stop := m.conn.bound(ctx, m.Timeout)
	defer stop()
	out := m.transact(l.to.At, octets)
	if out.verdict == down {
		m.rest()
	}
	return out
}

// transact sends one mail over the connection there is. What the server says of the
// sender is our concern, what it says of recipient and content this mail's.
func (m *mailer) transact(to string, octets []byte) outcome {
	if ok, limit := m.client.Extension("SIZE"); ok {
		if n, err := strconv.ParseInt(limit, 10, 64); err == nil && n > 0 && int64(len(octets)) > n {
			return outcome{verdict: never, says: "smtp: larger than the server takes"}
		}
	}
	steps := []func() error{
		func() error { return m.client.Mail(m.From.At) },
		func() error { return m.client.Rcpt(to) },
		func() error {
			w, err := m.client.Data()
			if err != nil {
				return err
			}
			if _, err := io.Copy(w, bytes.NewReader(octets)); err != nil {
				return err
			}
			return w.Close()
		},
	}
	for i, step := range steps {
		err := step()
		if err == nil {
			continue
		}
		out := outcome{verdict: judge(err), says: reason(err)}
		if i == 0 && out.verdict == never {
			out.verdict = down
		}
		if out.verdict != down && m.client.Reset() != nil {
			m.rest()
		}
		return out
	}
	return outcome{verdict: accepted, says: "smtp 250"}
}

// rest implements carrier: it says goodbye, without waiting long for the answer.
func (m *mailer) rest() {
	if m.client != nil {
		_ = m.conn.SetDeadline(time.Now().Add(time.Second))
		_ = m.client.Quit() // the mails are delivered or not, whatever it says
	}
	if m.conn != nil {
		m.conn.Close()
	}
	m.client, m.conn = nil, nil
}

// judge tells what a reply means, RFC 5321 4.2.1. 421 announces that the server closes.
func judge(err error) verdict {
	reply, ok := errors.AsType[*textproto.Error](err)
	switch {
	case !ok || reply.Code == 421:
		return down
	case reply.Code >= 500:
		return never
	}
	return notNow
}

// reason is an error of a mail server in words of ours: codes, never its text, which
// often repeats the address.
func reason(err error) string {
	if reply, ok := errors.AsType[*textproto.Error](err); ok {
		says := fmt.Sprintf("smtp %d", reply.Code)
		if status := enhanced(reply.Msg); status != "" {
			says += " " + status
		}
		return says
	}
	if p, ok := errors.AsType[*pki.Error](err); ok {
		return p.Wrong
	}
	return "smtp: " + networkReason(err)
}

// enhanced finds the status code RFC 2034 puts before the text, such as 5.1.1.
func enhanced(text string) string {
	status, _, _ := strings.Cut(text, " ")
	parts := strings.Split(status, ".")
	if len(parts) != 3 || len(status) > 9 {
		return ""
	}
	for _, p := range parts {
		if _, err := strconv.ParseUint(p, 10, 16); err != nil {
			return ""
		}
	}
	return status
}

// networkReason is what went wrong with a connection, in words that name nobody.
func networkReason(err error) string {
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return "the name is not known"
	}
	if e, ok := errors.AsType[net.Error](err); ok && e.Timeout() {
		return "no answer in time"
	}
	for _, known := range []struct {
		err  error
		says string
	}{
		{errNotSecure, "the server does not offer STARTTLS"}, {errNotHere, "without TLS only on this machine"}, {errTooMuch, "the answer is too long"},
		{errNoAuth, "the server offers no AUTH we know"}, {errDenied, "the address is not allowed"}, {os.ErrNotExist, "the password file is not there"},
	} {
		if errors.Is(err, known.err) {
			return known.says
		}
	}
	if isCertificate(err) {
		return "the certificate is not trusted"
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
		return "no connection"
	}
	return "the connection broke"
}
