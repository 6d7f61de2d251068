package officer

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/x509/pkix"
	"sync"
	"testing"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/audit"
	"onecert/db"
	"onecert/pki"
	"onecert/pkitest"
)

// house is one component's database with its log and registry.
type house struct {
	*Registry
	t      *testing.T
	d      *db.DB
	log    *audit.Log
	source string
	lost   bool // the tables were taken away or filled behind the registry's back

	mu    sync.Mutex
	clock time.Time
}

func (h *house) at() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.clock
}

func (h *house) pass(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.clock = h.clock.Add(d)
}

func each(t *testing.T, act func(t *testing.T, h *house)) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) { act(t, enter(t, source)) })
}

func enter(t *testing.T, source string) *house {
	t.Helper()
	h := &house{t: t, source: source, clock: time.Date(2030, 1, 2, 3, 4, 5, 6e6, time.UTC)}
	var err error
	if h.d, err = db.Open(t.Context(), source); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.d.Close() })
	if h.log, err = audit.Open(t.Context(), h.d, "demo.example/ca"); err != nil {
		t.Fatal(err)
	}
	if h.Registry, err = Open(t.Context(), h.d, h.log, h.at); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if !h.lost {
			for _, fault := range CheckInvariants(context.Background(), h.Registry) {
				t.Error("invariant broken: " + fault)
			}
		}
		h.Close()
	})
	return h
}

// boss is a security administrator at work, machine the component itself.
func boss(ctx context.Context) context.Context {
	return pki.WithActor(ctx, pki.Actor{Name: "centre.security", Roles: []string{Security}, Certificate: "ab", Address: "192.0.2.1"})
}

func machine(ctx context.Context) context.Context {
	return pki.WithActor(ctx, pki.Actor{Name: "machine"})
}

func key(t testing.TB, suite pki.Suite) crypto.Signer {
	t.Helper()
	k, err := pki.GenerateKey(rand.Reader, suite)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func certificate(t testing.TB, k crypto.Signer) []byte {
	t.Helper()
	serial, err := pki.NewSerial(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &smx509.Certificate{SerialNumber: serial.Big(), Subject: pkix.Name{CommonName: "x"},
		NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<32, 0)}
	der, err := smx509.CreateCertificate(rand.Reader, template, template, k.Public(), k)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func (h *house) registration(name string, roles ...string) Registration {
	kind := Person
	if roles[0] == Site {
		kind = Place
	}
	return Registration{Certificate: certificate(h.t, key(h.t, pki.P256)), Name: name, Kind: kind, Roles: roles, Issuer: "ecdsa"}
}

func (h *house) add(name string, roles ...string) (Officer, []byte) {
	h.t.Helper()
	in := h.registration(name, roles...)
	o, err := h.Register(boss(h.t.Context()), in)
	if err != nil {
		h.t.Fatal(err)
	}
	return o, in.Certificate
}

func (h *house) acts() (all []string) {
	h.t.Helper()
	entries, err := h.log.Tail(h.t.Context(), 100)
	if err != nil {
		h.t.Fatal(err)
	}
	for _, e := range entries {
		all = append(all, e.Actor+" "+e.Act+" "+e.Subject+" "+string(e.Result))
	}
	return all
}

func want(t *testing.T, err error, kind pki.Kind, code string) {
	t.Helper()
	if err == nil || pki.KindOf(err) != kind || pki.CodeOf(err) != code {
		t.Errorf("got %v (%v, %s), want %v, %s", err, pki.KindOf(err), pki.CodeOf(err), kind, code)
	}
}
