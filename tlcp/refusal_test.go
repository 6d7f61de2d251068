package tlcp

import (
	"bytes"
	"context"
	"crypto"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"
)

// foreignID signs as a program does that takes another user id.
type foreignID struct {
	*sm2.PrivateKey
	digest func(key *sm2.PrivateKey, message []byte) [32]byte
}

func (f foreignID) Sign(random io.Reader, message []byte, _ crypto.SignerOpts) ([]byte, error) {
	e := f.digest(f.PrivateKey, message)
	return f.PrivateKey.Sign(random, e[:], nil)
}

func emptyID(key *sm2.PrivateKey, message []byte) [32]byte {
	return identified(&key.PublicKey, "", message)
}

// TestRefusals: each thing that can be wrong ends both handshakes, one with the cause
// and an alert, the other with that alert.
func TestRefusals(t *testing.T) {
	stranger := newAuthority(t, "stranger")
	ecdheOnly := []uint16{ECDHE_SM4_GCM_SM3}
	serverShows := func(w *world, c Certificate) { w.server.Certificates = []Certificate{c} }
	mutual := func(w *world) { w.server.ClientAuth = RequireAndVerifyClientCert }
	clientShows := func(w *world, c Certificate) {
		mutual(w)
		w.client.Certificates = []Certificate{c}
	}
	swapped := func(w *wish) { w.signUsage, w.encryptUsage = w.encryptUsage, w.signUsage }
	for _, c := range []struct {
		name     string
		change   func(*world)
		atServer bool // who finds it
		cause    Cause
		alert    Alert
		detail   string
	}{
		{"no common suite", func(w *world) {
			w.client.CipherSuites, w.server.CipherSuites = []uint16{ECC_SM4_CBC_SM3}, []uint16{ECC_SM4_GCM_SM3}
		}, true, CauseNoCommonSuite, AlertHandshakeFailure, ""},
		{"ECDHE without asking for the client's pair", func(w *world) { w.client.CipherSuites = ecdheOnly }, true, CauseECDHENeedsPair, AlertHandshakeFailure, ""},
		{"server expired", func(w *world) {
			serverShows(w, w.ca.pair(t, serverName, func(w *wish) { w.start, w.end = time.Now().Add(-2*hour), time.Now().Add(-hour) }))
		}, false, CauseExpired, AlertCertificateExpired, "signing certificate was valid until"},
		{"server not yet valid", func(w *world) {
			serverShows(w, w.ca.pair(t, serverName, func(w *wish) { w.start = time.Now().Add(hour) }))
		}, false, CauseNotYetValid, AlertCertificateExpired, "valid from"},
		{"client expired", func(w *world) {
			clientShows(w, w.ca.pair(t, "alice", func(w *wish) { w.start, w.end = time.Now().Add(-2*hour), time.Now().Add(-hour) }))
		}, true, CauseExpired, AlertCertificateExpired, ""},
		{"server's issuer unknown", func(w *world) { serverShows(w, stranger.pair(t, serverName)) }, false, CauseUnknownIssuer, AlertUnknownCA, ""},
		{"client's issuer unknown", func(w *world) { clientShows(w, stranger.pair(t, "alice")) }, true, CauseUnknownIssuer, AlertUnknownCA, ""},
		{"chain not sent", func(w *world) {
			c := w.ca.pair(t, serverName)
			c.Sign = c.Sign[:1]
			serverShows(w, c)
		}, false, CauseUnknownIssuer, AlertUnknownCA, ""},
		{"encryption certificate of a stranger's", func(w *world) {
			c, other := w.ca.pair(t, serverName), stranger.pair(t, serverName)
			c.Encrypt, c.EncryptLeaf, c.EncryptKey = other.Encrypt, other.EncryptLeaf, other.EncryptKey
			serverShows(w, c)
		}, false, CauseUnknownIssuer, AlertUnknownCA, "encryption certificate"},
		{"another name", func(w *world) { serverShows(w, w.ca.pair(t, "other.example.test")) }, false, CauseName, AlertBadCertificate, ""},
		{"server's purpose", func(w *world) {
			serverShows(w, w.ca.pair(t, serverName, func(w *wish) { w.purpose = []smx509.ExtKeyUsage{smx509.ExtKeyUsageClientAuth} }))
		}, false, CausePurpose, AlertUnsupportedCertificate, ""},
		{"client's purpose", func(w *world) {
			clientShows(w, w.ca.pair(t, "alice", func(w *wish) { w.purpose = []smx509.ExtKeyUsage{smx509.ExtKeyUsageServerAuth} }))
		}, true, CausePurpose, AlertUnsupportedCertificate, ""},
		{"server's pair swapped", func(w *world) { serverShows(w, w.ca.pair(t, serverName, swapped)) }, false, CauseEncryptionFirst, AlertUnsupportedCertificate, ""},
		{"client's pair swapped", func(w *world) { clientShows(w, w.ca.pair(t, "alice", swapped)) }, true, CauseEncryptionFirst, AlertUnsupportedCertificate, ""},
		{"signing usage", func(w *world) {
			serverShows(w, w.ca.pair(t, serverName, func(w *wish) { w.signUsage = w.encryptUsage }))
		}, false, CauseSigningUsage, AlertUnsupportedCertificate, ""},
		{"encryption usage", func(w *world) {
			serverShows(w, w.ca.pair(t, serverName, func(w *wish) { w.encryptUsage = w.signUsage }))
		}, false, CauseEncryptionUsage, AlertUnsupportedCertificate, ""},
		{"client without certificate", func(w *world) { mutual(w); w.client.Certificates = nil }, true, CauseNoCertificate, AlertHandshakeFailure, ""},
		{"client with one certificate, ECDHE", func(w *world) {
			mutual(w)
			w.client.CipherSuites = ecdheOnly
			w.client.GetClientCertificate = func(*CertificateRequestInfo) (*Certificate, error) {
				c := w.client.Certificates[0]
				c.Encrypt = [][]byte{w.ca.issuer.Raw} // passes our own check, and is a CA's
				return &c, nil
			}
		}, true, CauseOneCertificate, AlertBadCertificate, ""},
		{"server signs with the empty user id", func(w *world) {
			c := w.server.Certificates[0]
			c.SignKey = foreignID{c.SignKey.(*sm2.PrivateKey), emptyID}
			serverShows(w, c)
		}, false, CauseKeyExchangeSigned, AlertDecryptError, "empty user id"},
		{"client signs with the empty user id", func(w *world) {
			c := w.client.Certificates[0]
			c.SignKey = foreignID{c.SignKey.(*sm2.PrivateKey), emptyID}
			clientShows(w, c)
		}, true, CauseClientSigned, AlertDecryptError, "empty user id"},
		{"client signs with TLS 1.3's user id", func(w *world) {
			c := w.client.Certificates[0]
			c.SignKey = foreignID{c.SignKey.(*sm2.PrivateKey), func(k *sm2.PrivateKey, m []byte) [32]byte {
				return identified(&k.PublicKey, "TLSv1.3+GM+Cipher+Suite", m)
			}}
			clientShows(w, c)
		}, true, CauseClientSigned, AlertDecryptError, "TLS 1.3"},
		{"server's encryption key is another", func(w *world) {
			c := w.server.Certificates[0]
			c.EncryptKey = newKey(t)
			serverShows(w, c)
		}, true, CauseEncryptionKey, AlertBadRecordMAC, ""},
		{"no common protocol", func(w *world) {
			w.client.NextProtos, w.server.NextProtos = []string{"h2"}, []string{"http/1.1"}
		}, true, CauseProtocol, AlertNoApplicationProtocol, ""},
		{"the client's check refuses", func(w *world) {
			w.client.VerifyConnection = func(ConnectionState) error { return errors.New("not today") }
		}, false, CauseRefused, AlertBadCertificate, "not today"},
		{"the server's check says revoked", func(w *world) {
			mutual(w)
			w.server.VerifyConnection = func(ConnectionState) error { return &Error{Cause: CauseRefused, Alert: AlertCertificateRevoked} }
		}, true, CauseRefused, AlertCertificateRevoked, ""},
		{"the server's look at certificates refuses", func(w *world) {
			mutual(w)
			w.server.VerifyPeerCertificate = func([][]byte, [][]*smx509.Certificate) error { return errors.New("no") }
		}, true, CauseRefused, AlertBadCertificate, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld()
			c.change(w)
			client, server, clientErr, serverErr := w.meet(t)
			finder, other := clientErr, serverErr
			if c.atServer {
				finder, other = serverErr, clientErr
			}
			var found *Error
			if !errors.As(finder, &found) || found.Cause != c.cause || found.Alert != c.alert || found.Remote || !strings.Contains(found.Error(), c.detail) {
				t.Fatalf("found: %v", finder)
			}
			if c.atServer && (len(found.Offered) == 0 || found.ServerName != serverName) {
				t.Errorf("the event lacks the client's hello: %+v", found)
			}
			if found.Text("zh") == found.Text("en") || found.Text("zh") == "" {
				t.Error("the cause is not said in both languages")
			}
			if other == nil && !c.atServer { // the server was done when the client refused
				_, other = server.Read(make([]byte, 1))
			} else if other == nil {
				_, other = client.Read(make([]byte, 1))
			}
			var told *Error
			if !errors.As(other, &told) || told.Cause != CauseAlert || !told.Remote || told.Alert != c.alert {
				t.Errorf("the other side was told: %v", other)
			}
		})
	}
}

// TestGmSSLForm: a CertificateVerify over the messages, as GmSSL makes it, is refused
// and named.
func TestGmSSLForm(t *testing.T) {
	w := newWorld()
	w.server.ClientAuth = RequireAndVerifyClientCert
	a, b := pipe(t)
	client, server := Client(a, w.client), Server(b, w.server)
	all := &bytes.Buffer{}
	own := w.client.Certificates[0]
	own.SignKey = foreignID{own.SignKey.(*sm2.PrivateKey), func(k *sm2.PrivateKey, _ []byte) [32]byte {
		return identified(&k.PublicKey, "1234567812345678", all.Bytes())
	}}
	w.client.Certificates = []Certificate{own}
	h := &clientHandshake{handshake: newHandshake(client, t.Context())}
	h.transcript = tee{h.transcript, all}
	done := make(chan error, 1)
	go func() { done <- server.Handshake() }()
	client.in.Lock()
	err := h.run()
	client.in.Unlock()
	if serverErr := <-done; causeOf(serverErr) != CauseClientSigned || !strings.Contains(serverErr.Error(), "GmSSL") {
		t.Errorf("client %v, server %v", err, serverErr)
	}
}

// TestOwnSide: what is missing here is said here, before anything is sent.
func TestOwnSide(t *testing.T) {
	for name, change := range map[string]func(*world){
		"no name":        func(w *world) { w.client.ServerName = "" },
		"no suite":       func(w *world) { w.client.CipherSuites = []uint16{0x1301} },
		"no pair, ECDHE": func(w *world) { w.client.CipherSuites, w.client.Certificates = []uint16{ECDHE_SM4_CBC_SM3}, nil },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			change(w)
			a, _ := pipe(t)
			if err := Client(a, w.client).Handshake(); causeOf(err) != CauseOwnSide {
				t.Error(err)
			}
		})
	}
	t.Run("server without certificate", func(t *testing.T) {
		w := newWorld()
		w.server.Certificates = nil
		_, _, clientErr, serverErr := w.meet(t)
		if causeOf(serverErr) != CauseOwnSide || causeOf(clientErr) != CauseAlert {
			t.Errorf("%v, %v", clientErr, serverErr)
		}
	})
	t.Run("encryption key without key exchange", func(t *testing.T) {
		w := newWorld()
		w.server.ClientAuth, w.client.CipherSuites = RequireAnyClientCert, []uint16{ECDHE_SM4_GCM_SM3}
		c := w.server.Certificates[0]
		c.EncryptKey = struct{ crypto.Decrypter }{c.EncryptKey}
		w.server.Certificates = []Certificate{c}
		if _, _, _, err := w.meet(t); causeOf(err) != CauseOwnSide {
			t.Error(err)
		}
	})
}

// TestOtherProtocols: what is not TLCP is told apart, and answered shortly.
func TestOtherProtocols(t *testing.T) {
	for name, c := range map[string]struct {
		bytes string
		cause Cause
	}{
		"TLS":          {"\x16\x03\x01\x00\x05hello", CauseTLS},
		"HTTP":         {"GET / HTTP/1.1\r\n\r\n", CauseNotTLCP},
		"SSH":          {"SSH-2.0-OpenSSH_9\r\n", CauseNotTLCP},
		"silence, cut": {"", CauseClosed},
		"half a hello": {"\x16\x01\x01\x01\x00\x01", CauseClosed},
		"TLS in TLCP":  {"\x16\x01\x01\x00\x2d\x01\x00\x00\x29\x03\x03" + strings.Repeat("x", 32) + "\x00\x00\x02\xe0\x53\x01\x00", CauseTLS},
		"version":      {"\x16\x01\x01\x00\x2d\x01\x00\x00\x29\x01\x00" + strings.Repeat("x", 32) + "\x00\x00\x02\xe0\x53\x01\x00", CauseVersion},
		"compression":  {"\x16\x01\x01\x00\x2d\x01\x00\x00\x29\x01\x01" + strings.Repeat("x", 32) + "\x00\x00\x02\xe0\x53\x01\x01", CauseParameter},
		"too long":     {"\x16\x01\x01\x00\x04\x01\x7f\xff\xff", CauseTooLarge},
		"huge record":  {"\x16\x01\x01\xff\xff", CauseTooLarge},
		"data first":   {"\x17\x01\x01\x00\x01x", CauseOutOfOrder},
		"change first": {"\x14\x01\x01\x00\x01\x01", CauseOutOfOrder},
		"odd type":     {"\x50\x01\x01\x00\x01\x01", CauseOutOfOrder},
		"an alert":     {"\x15\x01\x01\x00\x02\x02\x28", CauseAlert},
	} {
		t.Run(name, func(t *testing.T) {
			a, b := pipe(t)
			a.Write([]byte(c.bytes))
			a.(*net.TCPConn).CloseWrite()
			err := Server(b, newWorld().server).Handshake()
			if causeOf(err) != c.cause {
				t.Error(err)
			}
			b.Close()
			if answer, _ := io.ReadAll(a); len(answer) > 7 {
				t.Errorf("the answer is %x", answer)
			}
		})
	}
}

// TestSlowClient: a client that does not finish holds the server only as long as it is let.
func TestSlowClient(t *testing.T) {
	for name, sent := range map[string]string{"nothing": "", "a header": "\x16\x01\x01\x00\x40"} {
		t.Run(name, func(t *testing.T) {
			a, b := pipe(t)
			a.Write([]byte(sent))
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			if err := Server(b, newWorld().server).HandshakeContext(ctx); causeOf(err) != CauseTimeout {
				t.Error(err)
			}
			a, b = pipe(t)
			a.Write([]byte(sent))
			b.SetDeadline(time.Now().Add(50 * time.Millisecond))
			if err := Server(b, newWorld().server).Handshake(); causeOf(err) != CauseTimeout {
				t.Error(err)
			}
		})
	}
}

// TestWords: every alert and cause is said in both languages.
func TestWords(t *testing.T) {
	for a, w := range alerts {
		if w.name == "" || w.english == "" || w.chinese == "" || a.String() != w.name || a.Meaning("zh") != w.chinese || a.Meaning("en") != w.english {
			t.Errorf("alert %d", a)
		}
	}
	for c, w := range causes {
		if w.english == "" || w.chinese == "" || c.Text("zh") != w.chinese || c.Text("en") != w.english {
			t.Errorf("cause %s", c)
		}
	}
	if Alert(99).String() != "alert(99)" || !strings.Contains(Alert(99).Meaning("zh"), "99") || Cause("x").Text("en") != "x" {
		t.Error("unknown ones")
	}
}
