package serve

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"net"
	"reflect"
	"slices"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/tlcp"
)

// HandshakeFailure is the one event of a handshake that failed. What comes from the
// peer is bounded, and foreign text: show it escaped.
type HandshakeFailure struct {
	Time     time.Time
	Took     time.Duration
	Address  string     // the peer's
	Protocol string     // "TLCP", "TLS" or ""
	Cause    tlcp.Cause // stable
	English  string     // the cause in plain words
	Chinese  string
	Alert    string // name; "" where there was none
	Received bool   // the alert came from the peer
	Detail   string // more, in English

	ServerName   string   // that the client asked for
	Suites       []string // that the client offered
	Certificates []PeerCertificate
}

// PeerCertificate names a certificate of the peer's.
type PeerCertificate struct {
	Subject, Issuer, Serial string
	NotBefore, NotAfter     time.Time
}

// The bounds of an event.
const (
	maxSuites       = 64
	maxText         = 300
	maxCertificates = 4
)

// CauseOther is what no other cause of ours fits; the detail says more.
const CauseOther tlcp.Cause = "other"

func failureOf(protocol string, cause tlcp.Cause) *HandshakeFailure {
	f := &HandshakeFailure{Protocol: protocol, Cause: cause, English: cause.Text("en"), Chinese: cause.Text("zh")}
	if cause == CauseOther {
		f.English, f.Chinese = "the handshake failed", "握手失败"
	}
	return f
}

// ofTLCP makes the event of what tlcp said.
func ofTLCP(err error) *HandshakeFailure {
	e, ok := errors.AsType[*tlcp.Error](err)
	if !ok {
		f := failureOf("TLCP", CauseOther)
		f.Detail = short(err.Error())
		return f
	}
	f := failureOf("TLCP", e.Cause)
	f.Detail, f.ServerName, f.Received = short(e.Detail), e.ServerName, e.Remote && e.Cause == tlcp.CauseAlert
	if e.Err != nil && e.Detail == "" {
		f.Detail = short(e.Err.Error())
	}
	if f.Received || !e.Remote && e.Alert != tlcp.AlertCloseNotify {
		f.setAlert(e.Alert)
	}
	for _, id := range e.Offered[:min(len(e.Offered), maxSuites)] {
		f.Suites = append(f.Suites, tlcp.CipherSuiteName(id))
	}
	for _, der := range e.PeerCertificates[:min(len(e.PeerCertificates), maxCertificates)] {
		if c, err := smx509.ParseCertificate(der); err == nil {
			f.Certificates = append(f.Certificates, PeerCertificate{short(c.Subject.String()), short(c.Issuer.String()),
				c.SerialNumber.Text(16), c.NotBefore, c.NotAfter})
		}
	}
	return f
}

// setAlert adds an alert, and to one received what it usually means.
func (f *HandshakeFailure) setAlert(alert tlcp.Alert) {
	f.Alert = alert.String()
	if f.Received {
		f.English += ": " + alert.Meaning("en")
		f.Chinese += "：" + alert.Meaning("zh")
	}
}

// ofTLS makes the event of what crypto/tls said.
func ofTLS(conn *tls.Conn, first *started, err error, config *tls.Config) *HandshakeFailure {
	f := failureOf("TLS", tlsCause(first, err, config))
	if f.Cause == tlcp.CauseAlert {
		f.Received = true
		number, _ := remoteAlert(err)
		f.setAlert(number)
	}
	if f.Cause == CauseOther || f.Cause == tlcp.CauseChain {
		f.Detail = short(err.Error())
	}
	if hello := first.hello; hello != nil {
		f.ServerName = short(hello.ServerName)
		for _, id := range hello.CipherSuites[:min(len(hello.CipherSuites), maxSuites)] {
			f.Suites = append(f.Suites, tls.CipherSuiteName(id))
		}
	}
	certificates := conn.ConnectionState().PeerCertificates
	if bad, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		certificates = bad.UnverifiedCertificates
	}
	for _, c := range certificates[:min(len(certificates), maxCertificates)] {
		f.Certificates = append(f.Certificates, PeerCertificate{short(c.Subject.String()), short(c.Issuer.String()), c.SerialNumber.Text(16), c.NotBefore, c.NotAfter})
	}
	return f
}

func tlsCause(first *started, err error, config *tls.Config) tlcp.Cause {
	if _, ok := remoteAlert(err); ok {
		return tlcp.CauseAlert
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return tlcp.CauseRecord
	}
	if bad, ok := errors.AsType[x509.CertificateInvalidError](err); ok {
		switch {
		case bad.Reason == x509.Expired && time.Now().Before(bad.Cert.NotBefore):
			return tlcp.CauseNotYetValid
		case bad.Reason == x509.Expired:
			return tlcp.CauseExpired
		case bad.Reason == x509.IncompatibleUsage:
			return tlcp.CausePurpose
		}
		return tlcp.CauseChain
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return tlcp.CauseUnknownIssuer
	}
	if cause, ok := networkCause(err); ok {
		return cause
	}
	if hello := first.hello; hello != nil {
		return offerCause(hello, config)
	}
	return CauseOther
}

// offerCause compares what a TLS client offered with what this side would take.
func offerCause(hello *tls.ClientHelloInfo, config *tls.Config) tlcp.Cause {
	least, most := config.MinVersion, config.MaxVersion
	if least == 0 {
		least = tls.VersionTLS12
	}
	if most == 0 {
		most = tls.VersionTLS13
	}
	fits := func(v uint16) bool { return v >= least && v <= most }
	if !slices.ContainsFunc(hello.SupportedVersions, fits) {
		return tlcp.CauseVersion
	}
	ours := func(id uint16) bool {
		return slices.ContainsFunc(tls.CipherSuites(), func(s *tls.CipherSuite) bool {
			return s.ID == id && slices.ContainsFunc(s.SupportedVersions, func(v uint16) bool { return fits(v) && slices.Contains(hello.SupportedVersions, v) })
		})
	}
	if !slices.ContainsFunc(hello.CipherSuites, ours) {
		return tlcp.CauseNoCommonSuite
	}
	if len(hello.SupportedProtos) > 0 && len(config.NextProtos) > 0 &&
		!slices.ContainsFunc(hello.SupportedProtos, func(p string) bool { return slices.Contains(config.NextProtos, p) }) {
		return tlcp.CauseProtocol
	}
	return CauseOther
}

// remoteAlert finds the number of an alert that crypto/tls received. Its type has no
// name outside; its kind is that of a number.
func remoteAlert(err error) (tlcp.Alert, bool) {
	op, ok := errors.AsType[*net.OpError](err)
	if !ok || op.Op != "remote error" {
		return 0, false
	}
	v := reflect.ValueOf(op.Err)
	if v.Kind() != reflect.Uint8 {
		return 0, false
	}
	return tlcp.Alert(v.Uint()), true
}

func networkCause(err error) (tlcp.Cause, bool) {
	passing, network := errors.AsType[net.Error](err)
	switch {
	case network && passing.Timeout():
		return tlcp.CauseTimeout, true
	case network, errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return tlcp.CauseClosed, true
	}
	return "", false
}

// silent is the event of a connection that never showed what it speaks.
func silent(first *started, err error) *HandshakeFailure {
	cause, ok := networkCause(err)
	if !ok {
		cause = CauseOther
	}
	f := failureOf("", cause)
	if len(first.start) == 0 {
		f.Detail = "it sent nothing"
	}
	return f
}

// notServed is the event of a peer that speaks what is not served here.
func notServed(kind kindOfPeer) *HandshakeFailure {
	switch kind {
	case kindTLCP:
		f := failureOf("TLCP", tlcp.CauseVersion)
		f.English, f.Chinese = "the peer speaks TLCP, which is not served here", "对方使用 TLCP，而本端口未提供"
		f.Alert = tlcp.AlertProtocolVersion.String()
		return f
	case kindTLS:
		f := failureOf("TLS", tlcp.CauseTLS)
		f.Alert = tlcp.AlertProtocolVersion.String()
		return f
	case kindHTTP:
		f := failureOf("", tlcp.CauseNotTLCP)
		f.Detail = "it sent a plain HTTP request"
		return f
	}
	f := failureOf("", tlcp.CauseNotTLCP)
	f.English, f.Chinese = "what the peer sent is neither TLCP nor TLS", "对方发送的既不是 TLCP 也不是 TLS"
	return f
}

// report hands the event on, or logs it.
func (d *Dual) report(f HandshakeFailure) {
	if d.Failed != nil {
		d.Failed(f)
		return
	}
	log := d.Log
	if log == nil {
		log = slog.Default()
	}
	log.LogAttrs(context.Background(), slog.LevelWarn, "handshake failed", f.attributes()...)
}

func (f *HandshakeFailure) attributes() []slog.Attr {
	all := []slog.Attr{slog.String("cause", string(f.Cause)), slog.String("why", f.English), slog.String("why_zh", f.Chinese),
		slog.String("address", f.Address), slog.Duration("took", f.Took)}
	add := func(key, value string) {
		if value != "" {
			all = append(all, slog.String(key, value))
		}
	}
	add("protocol", f.Protocol)
	add("alert", f.Alert)
	if f.Alert != "" {
		all = append(all, slog.Bool("alert_received", f.Received))
	}
	add("detail", f.Detail)
	add("server_name", f.ServerName)
	if len(f.Suites) > 0 {
		all = append(all, slog.Any("suites", f.Suites))
	}
	for i, c := range f.Certificates {
		if i == 0 {
			add("subject", c.Subject)
			add("issuer", c.Issuer)
			add("serial", c.Serial)
			all = append(all, slog.Time("not_after", c.NotAfter))
		}
	}
	return all
}

// short bounds foreign text.
func short(text string) string {
	runes := []rune(text)
	if len(runes) > maxText {
		return string(runes[:maxText]) + "…"
	}
	return text
}
