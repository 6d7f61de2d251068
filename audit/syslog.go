package audit

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// The syslog message of a head, RFC 5424: facility "log audit" (13), severity notice
// (5). Its element names origin, size and root, so that a collector can search for
// them; the message is the signed head in base64. 32473 is the enterprise number for
// examples (RFC 5612): nobody has one for this program.
const (
	syslogPriority = 13*8 + 5
	syslogApp      = "onecert"
	syslogID       = "audit-head"
	syslogElement  = "head@32473"
)

// Transport is how syslog messages travel.
type Transport string

// The transports: RFC 5425 (octet counting in TLS), RFC 6587 3.4.1 (octet counting),
// RFC 5426 (a datagram a message).
const (
	TLS Transport = "tls"
	TCP Transport = "tcp"
	UDP Transport = "udp"
)

// Syslog is a collector of syslog. Over TCP and UDP nobody answers, so a head counts
// as copied when it was sent; TLS proves at least who took it. Each head has a
// connection of its own: one that the collector has closed is noticed.
func Syslog(transport Transport, address string, config *tls.Config, now func() time.Time) Destination {
	name := string(transport) + "://" + address
	return Destination{Name: name, Send: func(ctx context.Context, head Checkpoint, signed []byte) error {
		message := syslogMessage(now(), head, signed)
		if err := sendSyslog(ctx, transport, address, config, message); err != nil {
			return uncopied(name, err)
		}
		return nil
	}}
}

func sendSyslog(ctx context.Context, transport Transport, address string, config *tls.Config, message string) error {
	conn, err := dialSyslog(ctx, transport, address, config)
	if err != nil {
		return err
	}
	defer conn.Close()
	if deadline, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(deadline); err != nil {
			return err
		}
	}
	if transport != UDP {
		message = strconv.Itoa(len(message)) + " " + message
	}
	if _, err := conn.Write([]byte(message)); err != nil {
		return err
	}
	return conn.Close()
}

func dialSyslog(ctx context.Context, transport Transport, address string, config *tls.Config) (net.Conn, error) {
	switch transport {
	case TLS:
		return (&tls.Dialer{Config: config}).DialContext(ctx, "tcp", address)
	case TCP, UDP:
		return (&net.Dialer{}).DialContext(ctx, string(transport), address)
	}
	return nil, fmt.Errorf("syslog does not travel by %.20q", string(transport))
}

// syslogMessage writes one message, RFC 5424 6.
func syslogMessage(at time.Time, head Checkpoint, signed []byte) string {
	host, err := os.Hostname()
	if err != nil {
		host = ""
	}
	element := fmt.Sprintf(`[%s origin="%s" size="%d" root="%s"]`, syslogElement, escaped(head.Origin), head.Size, base64.StdEncoding.EncodeToString(head.Root))
	return fmt.Sprintf("<%d>1 %s %s %s %d %s %s %s", syslogPriority, at.UTC().Format("2006-01-02T15:04:05.000000Z"), syslogName(host, 255),
		syslogApp, os.Getpid(), syslogID, element, base64.StdEncoding.EncodeToString(signed))
}

// escaped writes a parameter's value, RFC 5424 6.3.3.
func escaped(text string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`, `]`, `\]`).Replace(text)
}

// syslogName is printable ASCII without blanks, "-" where there is nothing.
func syslogName(text string, max int) string {
	text = strings.Map(func(r rune) rune {
		if r > unicode.MaxASCII || !unicode.IsPrint(r) || r == ' ' {
			return '_'
		}
		return r
	}, text)
	if text == "" {
		return "-"
	}
	return text[:min(len(text), max)]
}
