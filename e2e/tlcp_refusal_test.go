package e2e

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"onecert/tlcp"
)

// tongsuoDials lets a client of Tongsuo's connect once to a server of ours and returns
// what our handshake said.
func tongsuoDials(t *testing.T, config *tlcp.Config, options ...string) (*tlcp.Conn, error) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	newTongsuo(t, "client", append(options, "port="+port)...)
	inner, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { inner.Close() })
	conn := tlcp.Server(inner, config)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	err = conn.HandshakeContext(ctx)
	if err != nil {
		inner.Close()
	}
	return conn, err
}

func causeOf(err error) (tlcp.Cause, tlcp.Alert) {
	failure, ok := errors.AsType[*tlcp.Error](err)
	if !ok {
		return "", 0
	}
	return failure.Cause, failure.Alert
}

// TestTongsuoRefusals: what fails with a stranger has the cause we say, on both sides.
func TestTongsuoRefusals(t *testing.T) {
	people, strangers := newTLCPPeople(t), newTLCPPeople(t)
	server := &tlcp.Config{Certificates: []tlcp.Certificate{people.server}, ClientCAs: people.roots}
	mutual := server.Clone()
	mutual.ClientAuth = tlcp.RequireAndVerifyClientCert
	gcmOnly := server.Clone()
	gcmOnly.CipherSuites = []uint16{tlcp.ECC_SM4_GCM_SM3}
	trusting := []string{"ca=" + people.file("ca.pem")}
	for _, c := range []struct {
		name    string
		config  *tlcp.Config
		options []string
		cause   tlcp.Cause
		alert   tlcp.Alert
	}{
		{"client without certificates", mutual, append(trusting, "suites=ECC-SM2-SM4-GCM-SM3"), tlcp.CauseNoCertificate, tlcp.AlertHandshakeFailure},
		{"client of another CA", mutual, append(strangers.tongsuoOptions("client"), "ca="+people.file("ca.pem"), "suites=ECC-SM2-SM4-GCM-SM3"),
			tlcp.CauseUnknownIssuer, tlcp.AlertUnknownCA},
		{"client that does not trust us", server, []string{"ca=" + strangers.file("ca.pem"), "suites=ECC-SM2-SM4-GCM-SM3"}, tlcp.CauseAlert, tlcp.AlertUnknownCA},
		{"no suite in common", gcmOnly, append(trusting, "suites=ECC-SM2-SM4-CBC-SM3"), tlcp.CauseNoCommonSuite, tlcp.AlertHandshakeFailure},
		{"ECDHE, and we ask for nothing", server, append(people.tongsuoOptions("client"), "suites=ECDHE-SM2-SM4-GCM-SM3"), tlcp.CauseECDHENeedsPair, tlcp.AlertHandshakeFailure},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := tongsuoDials(t, c.config, c.options...)
			if cause, alert := causeOf(err); cause != c.cause || alert != c.alert {
				t.Errorf("%v", err)
			}
		})
	}
	t.Run("a server that wants a pair and gets one certificate", func(t *testing.T) {
		peer := newTongsuo(t, "server", append(people.tongsuoOptions("server"), "suites=ECC-SM2-SM4-GCM-SM3", "mutual=yes")...)
		one := people.client
		one.Encrypt, one.EncryptKey, one.Sign = nil, nil, one.Sign[:1]
		conn, err := tlcp.Dial("tcp", "127.0.0.1:"+peer.value(t, "port"),
			&tlcp.Config{RootCAs: people.roots, ServerName: tlcpServerName, Certificates: []tlcp.Certificate{one}})
		if err == nil {
			conn.Close()
		}
		if cause, alert := causeOf(err); cause != tlcp.CauseAlert || alert != tlcp.AlertHandshakeFailure {
			t.Errorf("%v", err)
		}
	})
}

// TestTongsuoTicket: a client that offers tickets, which we do not make, is served.
func TestTongsuoTicket(t *testing.T) {
	people := newTLCPPeople(t)
	conn, err := tongsuoDials(t, &tlcp.Config{Certificates: []tlcp.Certificate{people.server}},
		"ca="+people.file("ca.pem"), "ticket=yes", "suites=ECC-SM2-SM4-GCM-SM3")
	if err != nil || conn.ConnectionState().CipherSuite != tlcp.ECC_SM4_GCM_SM3 {
		t.Error(err)
	}
}
