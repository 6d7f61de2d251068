package notice

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/smtp"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

var (
	errNotSecure = errors.New("the mail server does not offer STARTTLS")
	errNotHere   = errors.New("a mail server is spoken to without TLS only on this machine")
	errTooMuch   = errors.New("the mail server says more than a mail server has to say")
	errNoAuth    = errors.New("the mail server offers no AUTH that we know")
)

// connect makes a connection up to where mails can be sent.
func (m *mailer) connect(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, m.Timeout)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", net.JoinHostPort(m.Host, strconv.Itoa(m.Port)))
	if err != nil {
		return err
	}
	m.conn = &meter{Conn: conn}
	stop := m.conn.bound(ctx, m.Timeout)
	defer stop()
	if m.Security == Plain {
		if err := isHere(conn.RemoteAddr()); err != nil {
			return err
		}
	}
	client, err := m.greet()
	if err != nil {
		return err
	}
	if m.User != "" {
		if err := m.authenticate(client); err != nil {
			client.Close()
			return err
		}
	}
	m.client = client
	return nil
}

// isHere refuses an address that is not of this machine.
func isHere(a net.Addr) error {
	if at, ok := a.(*net.TCPAddr); !ok || !at.IP.IsLoopback() {
		return errNotHere
	}
	return nil
}

// greet reads the banner, says EHLO and starts TLS as configured. net/smtp reads
// everything anew after STARTTLS, so nothing said before counts.
func (m *mailer) greet() (*smtp.Client, error) {
	config := &tls.Config{ServerName: m.Host, RootCAs: m.Roots, MinVersion: tls.VersionTLS12}
	var conn net.Conn = m.conn
	if m.Security == Implicit {
		conn = tls.Client(m.conn, config)
	}
	client, err := smtp.NewClient(conn, m.Host)
	if err != nil {
		return nil, err
	}
	_, domain, _ := strings.Cut(m.From.At, "@")
	if err := client.Hello(domain); err != nil {
		return nil, err
	}
	if m.Security == STARTTLS {
		if offered, _ := client.Extension("STARTTLS"); !offered {
			return nil, errNotSecure
		}
		if err := client.StartTLS(config); err != nil {
			return nil, err
		}
	}
	return client, nil
}

const maxPassword = 1 << 10

func (m *mailer) authenticate(client *smtp.Client) error {
	file, err := os.Open(m.PasswordFile)
	if err != nil {
		return fmt.Errorf("reading the mail password: %w", err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxPassword))
	if err != nil {
		return fmt.Errorf("reading the mail password: %w", err)
	}
	password := strings.TrimRight(string(text), "\r\n")
	_, offered := client.Extension("AUTH")
	ways := strings.Fields(strings.ToUpper(offered))
	switch {
	case slices.Contains(ways, "PLAIN"):
		return client.Auth(plainAuth{m.User, password})
	case slices.Contains(ways, "LOGIN"):
		return client.Auth(&loginAuth{answers: []string{m.User, password}})
	}
	return errNoAuth
}

// plainAuth is RFC 4616. That the way is TLS, or does not leave the machine, is seen to
// before; smtp.PlainAuth would judge by the host's name.
type plainAuth struct{ user, password string }

// Start implements smtp.Auth.
func (a plainAuth) Start(*smtp.ServerInfo) (string, []byte, error) {
	return "PLAIN", []byte("\x00" + a.user + "\x00" + a.password), nil
}

// Next implements smtp.Auth.
func (a plainAuth) Next(_ []byte, more bool) ([]byte, error) {
	if more {
		return nil, errNoAuth
	}
	return nil, nil
}

// loginAuth is the LOGIN of draft-murchison-sasl-login, which some servers have alone:
// user, then password, whatever the questions are called.
type loginAuth struct{ answers []string }

// Start implements smtp.Auth.
func (a *loginAuth) Start(*smtp.ServerInfo) (string, []byte, error) { return "LOGIN", nil, nil }

// Next implements smtp.Auth.
func (a *loginAuth) Next(_ []byte, more bool) ([]byte, error) {
	if !more {
		return nil, nil
	}
	if len(a.answers) == 0 {
		return nil, errNoAuth
	}
	answer := a.answers[0]
	a.answers = a.answers[1:]
	return []byte(answer), nil
}

// meter bounds what a server may make us read, in octets and in time: package smtp has
// no limit of its own.
type meter struct {
	net.Conn
	left atomic.Int64
}

// mostAnswers is far above what greeting, TLS and one mail's answers take.
const mostAnswers = 256 << 10

// bound begins a step, which ends when its time is over, or soon after ctx does.
func (m *meter) bound(ctx context.Context, timeout time.Duration) (stop func()) {
	m.left.Store(mostAnswers)
	_ = m.SetDeadline(time.Now().Add(timeout)) // a connection that takes none is broken, and says so when it is used
	ended := context.AfterFunc(ctx, func() { _ = m.SetDeadline(time.Now().Add(2 * time.Second)) })
	return func() { ended() }
}

// Read implements net.Conn.
func (m *meter) Read(p []byte) (int, error) {
	left := m.left.Load()
	if left <= 0 {
		return 0, errTooMuch
	}
	n, err := m.Conn.Read(p[:min(int64(len(p)), left)])
	m.left.Add(int64(-n))
	return n, err
}

// isCertificate reports whether TLS failed by the server's certificate.
func isCertificate(err error) bool {
	_, wrapped := errors.AsType[*tls.CertificateVerificationError](err)
	_, name := errors.AsType[x509.HostnameError](err)
	_, issuer := errors.AsType[x509.UnknownAuthorityError](err)
	_, invalid := errors.AsType[x509.CertificateInvalidError](err)
	return wrapped || name || issuer || invalid
}
