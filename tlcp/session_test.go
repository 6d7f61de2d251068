package tlcp

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"runtime"
	"testing"
	"time"
)

func TestResumption(t *testing.T) {
	for _, id := range CipherSuites() {
		t.Run(CipherSuiteName(id), func(t *testing.T) {
			w := newWorld()
			w.client.CipherSuites, w.server.ClientAuth = []uint16{id}, RequireAndVerifyClientCert
			w.client.SessionCache, w.server.SessionCache = NewLRUSessionCache(4), NewLRUSessionCache(4)
			asked := 0
			w.server.VerifyConnection = func(state ConnectionState) error {
				if asked++; len(state.PeerCertificates) != 3 || state.EncryptCertificate == nil {
					t.Errorf("connection %d: %d certificates", asked, len(state.PeerCertificates))
				}
				return nil
			}
			for i := range 3 {
				client, server := w.connect(t)
				for _, c := range []*Conn{client, server} {
					state := c.ConnectionState()
					if state.DidResume != (i > 0) || len(state.PeerCertificates) != 3 || state.CipherSuite != id {
						t.Errorf("connection %d: resumed %v, %d certificates", i, state.DidResume, len(state.PeerCertificates))
					}
				}
				exchange(t, client, server, 1000)
			}
			if asked != 3 {
				t.Errorf("VerifyConnection was asked %d times", asked)
			}
		})
	}
}

// TestNotResumed: a session is not resumed under conditions it would not have been
// made under, and a full handshake follows.
func TestNotResumed(t *testing.T) {
	later := func() time.Time { return time.Now().Add(13 * time.Hour) }
	for name, change := range map[string]func(*world){
		"the server forgot":                 func(w *world) { w.server.SessionCache = NewLRUSessionCache(1) },
		"the client's time is up":           func(w *world) { w.client.Time = later },
		"the server's time is up":           func(w *world) { w.server.Time = later },
		"the suite is not wanted any more":  func(w *world) { w.server.CipherSuites = []uint16{ECC_SM4_CBC_SM3} },
		"the client does not offer it":      func(w *world) { w.client.CipherSuites = []uint16{ECC_SM4_CBC_SM3} },
		"the server now wants certificates": func(w *world) { w.server.ClientAuth = RequireAndVerifyClientCert },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.client.SessionCache, w.server.SessionCache = NewLRUSessionCache(4), NewLRUSessionCache(4)
			w.connect(t)
			change(w)
			if client, _ := w.connect(t); client.ConnectionState().DidResume {
				t.Error("resumed")
			}
		})
	}
}

// TestUnverifiedSession: a session made without verifying is not used where one verifies.
func TestUnverifiedSession(t *testing.T) {
	w := newWorld()
	w.client.SessionCache, w.server.SessionCache = NewLRUSessionCache(4), NewLRUSessionCache(4)
	w.client.InsecureSkipVerify = true
	w.connect(t)
	w.client.InsecureSkipVerify = false
	if client, _ := w.connect(t); client.ConnectionState().DidResume {
		t.Error("the client resumed what it never verified")
	}
	w = newWorld()
	w.client.SessionCache, w.server.SessionCache = NewLRUSessionCache(4), NewLRUSessionCache(4)
	w.server.ClientAuth = RequireAnyClientCert
	w.connect(t)
	w.server.ClientAuth = RequireAndVerifyClientCert
	if client, _ := w.connect(t); client.ConnectionState().DidResume {
		t.Error("the server resumed what it never verified")
	}
}

// TestRevokedSession: VerifyConnection ends a resumed session too.
func TestRevokedSession(t *testing.T) {
	w := newWorld()
	w.server.ClientAuth = RequireAndVerifyClientCert
	w.client.SessionCache, w.server.SessionCache = NewLRUSessionCache(4), NewLRUSessionCache(4)
	w.connect(t)
	w.server.VerifyConnection = func(ConnectionState) error { return &Error{Cause: CauseRefused, Alert: AlertCertificateRevoked} }
	_, _, clientErr, serverErr := w.meet(t)
	if causeOf(serverErr) != CauseRefused || causeOf(clientErr) != CauseAlert {
		t.Errorf("%v, %v", clientErr, serverErr)
	}
}

func TestLRU(t *testing.T) {
	c := NewLRUSessionCache(2)
	one, two := &Session{}, &Session{}
	c.Put("a", one)
	c.Put("b", one)
	c.Get("a")
	c.Put("c", one)
	if _, ok := c.Get("b"); ok {
		t.Error("the least recently used is still there")
	}
	c.Put("a", two)
	if s, ok := c.Get("a"); !ok || s != two {
		t.Error("not replaced")
	}
	c.Put("a", nil)
	c.Put("never", nil)
	if _, ok := c.Get("a"); ok {
		t.Error("not removed")
	}
}

// TestSessionsAreSmall: 20,000 sessions of as many clients fit into 30 MB.
func TestSessionsAreSmall(t *testing.T) {
	w := newWorld()
	ca, issuer := w.server.Certificates[0].Sign[0], w.server.Certificates[0].Sign[1]
	const sessions = 20_000
	cache := NewLRUSessionCache(sessions)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for i := range sessions {
		server := Server(nil, w.server)
		h := newHandshake(server, t.Context())
		h.suite, server.master = suiteOf(ECC_SM4_GCM_SM3), bytes.Clone(make([]byte, masterLen))
		sign, encrypt := bytes.Clone(ca), bytes.Clone(ca)
		rand.Read(sign[:16]) // as many different pairs, one issuer
		rand.Read(encrypt[:16])
		h.peer = &peer{raw: [][]byte{sign, encrypt, bytes.Clone(issuer)}, encryptAt: 1, notAfter: time.Now().Add(hour)}
		cache.Put(serverKey+fmt.Sprintf("%032d", i), h.newSession(fmt.Appendf(nil, "%032d", i)))
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if used := after.HeapAlloc - before.HeapAlloc; used > 30<<20 {
		t.Errorf("%d sessions take %d octets, %d each", sessions, used, used/sessions)
	} else {
		t.Logf("%d octets a session", used/sessions)
	}
	runtime.KeepAlive(cache)
}
