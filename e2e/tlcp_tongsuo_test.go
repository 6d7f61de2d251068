package e2e

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"onecert/tlcp"
)

// tongsuoSuites: the standard's suites under Tongsuo's names.
func tongsuoSuites() map[uint16]string {
	return map[uint16]string{
		tlcp.ECC_SM4_GCM_SM3: "ECC-SM2-SM4-GCM-SM3", tlcp.ECC_SM4_CBC_SM3: "ECC-SM2-SM4-CBC-SM3",
		tlcp.ECDHE_SM4_GCM_SM3: "ECDHE-SM2-SM4-GCM-SM3", tlcp.ECDHE_SM4_CBC_SM3: "ECDHE-SM2-SM4-CBC-SM3",
	}
}

func ecdhe(id uint16) bool { return id == tlcp.ECDHE_SM4_GCM_SM3 || id == tlcp.ECDHE_SM4_CBC_SM3 }

// everyTLCPWay runs a test for each suite, one-way where the suite allows it, and mutual.
func everyTLCPWay(t *testing.T, test func(t *testing.T, id uint16, name string, mutual bool)) {
	for _, id := range tlcp.CipherSuites() {
		for _, mutual := range []bool{false, true} {
			if ecdhe(id) && !mutual {
				continue
			}
			t.Run(fmt.Sprintf("%s,mutual=%v", tlcp.CipherSuiteName(id), mutual), func(t *testing.T) {
				test(t, id, tongsuoSuites()[id], mutual)
			})
		}
	}
}

// TestTongsuoServer: our client reaches a server of Tongsuo's, full and resumed.
func TestTongsuoServer(t *testing.T) {
	people := newTLCPPeople(t)
	everyTLCPWay(t, func(t *testing.T, id uint16, name string, mutual bool) {
		options := append(people.tongsuoOptions("server"), "suites="+name, "count=2", "alpn=h2,http/1.1")
		if mutual {
			options = append(options, "mutual=yes")
		}
		peer := newTongsuo(t, "server", options...)
		port := peer.value(t, "port")
		var log bytes.Buffer
		config := &tlcp.Config{KeyLogWriter: &log, RootCAs: people.roots, ServerName: tlcpServerName, SessionCache: tlcp.NewLRUSessionCache(4),
			NextProtos: []string{"http/1.1"}, Certificates: []tlcp.Certificate{people.client}}
		for i, resumed := range []bool{false, true} {
			conn, err := tlcp.DialWithDialer(&net.Dialer{Timeout: time.Minute}, "tcp", "127.0.0.1:"+port, config)
			if err != nil {
				t.Fatal(err)
			}
			state := conn.ConnectionState()
			if state.CipherSuite != id || state.DidResume != resumed || state.NegotiatedProtocol != "http/1.1" {
				t.Errorf("connection %d: %s, resumed %v, %q", i, tlcp.CipherSuiteName(state.CipherSuite), state.DidResume, state.NegotiatedProtocol)
			}
			if got := peer.value(t, "suite"); got != name {
				t.Errorf("Tongsuo has %s", got)
			}
			if got := peer.value(t, "resumed"); (got == "1") != resumed {
				t.Errorf("Tongsuo says resumed=%s", got)
			}
			sameSecret(t, peer, &log)
			echo(t, conn, 50_000)
			conn.Close()
			peer.value(t, "closed")
		}
	})
}

// TestTongsuoClient: a client of Tongsuo's reaches our server, full and resumed.
func TestTongsuoClient(t *testing.T) {
	people := newTLCPPeople(t)
	everyTLCPWay(t, func(t *testing.T, id uint16, name string, mutual bool) {
		var log bytes.Buffer
		config := &tlcp.Config{KeyLogWriter: &log, Certificates: []tlcp.Certificate{people.server}, ClientCAs: people.roots, SessionCache: tlcp.NewLRUSessionCache(4),
			NextProtos: []string{"http/1.1"}}
		if mutual {
			config.ClientAuth = tlcp.RequireAndVerifyClientCert
		}
		listener, err := tlcp.Listen("tcp", "127.0.0.1:0", config)
		if err != nil {
			t.Fatal(err)
		}
		defer listener.Close()
		_, port, _ := net.SplitHostPort(listener.Addr().String())
		peer := newTongsuo(t, "client", append(people.tongsuoOptions("client"), "suites="+name, "count=2", "alpn=http/1.1",
			"port="+port, "size=50000", "name="+tlcpServerName)...)
		for i, resumed := range []bool{false, true} {
			accepted, err := listener.Accept()
			if err != nil {
				t.Fatal(err)
			}
			conn := accepted.(*tlcp.Conn)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			if err := conn.HandshakeContext(ctx); err != nil {
				t.Fatal(err)
			}
			state := conn.ConnectionState()
			if state.CipherSuite != id || state.DidResume != resumed || state.ServerName != tlcpServerName || state.NegotiatedProtocol != "http/1.1" ||
				mutual != (len(state.PeerCertificates) > 0) {
				t.Errorf("connection %d: %+v", i, state)
			}
			if got := peer.value(t, "resumed"); (got == "1") != resumed {
				t.Errorf("Tongsuo says resumed=%s", got)
			}
			if got := peer.value(t, "verify"); got != "0" {
				t.Errorf("Tongsuo's verification of our chain: %s", got)
			}
			sameSecret(t, peer, &log)
			if n, err := io.Copy(conn, conn); n != 50_000 || err != nil {
				t.Errorf("%d octets, %v", n, err)
			}
			conn.Close()
			if got := peer.value(t, "echo"); got != "True" {
				t.Error("the data changed on its way")
			}
		}
	})
}

// sameSecret compares the master secrets: the last of our key log, and what Tongsuo
// says (its exporter refuses TLCP).
func sameSecret(t testing.TB, peer *tongsuo, log *bytes.Buffer) {
	t.Helper()
	words := strings.Fields(log.String())
	if got := peer.value(t, "master"); len(words) == 0 || got != words[len(words)-1] {
		t.Errorf("the master secrets differ: %s, here %v", got, words)
	}
}

func echo(t testing.TB, conn net.Conn, size int) {
	t.Helper()
	data := []byte(strings.Repeat("0123456789", size/10))
	go conn.Write(data)
	got := make([]byte, len(data))
	if _, err := io.ReadFull(conn, got); err != nil {
		t.Fatalf("reading the echo: %v", err)
	}
	if !bytes.Equal(got, data) {
		t.Error("the data changed on its way")
	}
}
