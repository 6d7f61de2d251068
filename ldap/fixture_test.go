package ldap

import (
	"context"
	"crypto/rand"
	"crypto/x509/pkix"
	"database/sql"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"

	"onecert/db"
	"onecert/pki"
	"onecert/pkitest"
	"onecert/status"
)

// town is a directory over a journal and a source that the test writes.
type town struct {
	*Directory
	t       testing.TB
	journal *status.Journal
	d       *db.DB
	source  *source
	lists   *lists
	key     *sm2.PrivateKey
	number  int64
	mu      sync.Mutex
	time    time.Time
}

// source publishes what was put into it.
type source struct {
	mu     sync.Mutex
	all    map[string]Certificate
	fails  error
	chains []Authority
}

func (s *source) Published(_ context.Context, issuer string, serials []pki.Serial) ([]Certificate, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fails != nil {
		return nil, s.fails
	}
	var found []Certificate
	for _, serial := range serials {
		if c, ok := s.all[key(issuer, serial)]; ok {
			found = append(found, c)
		}
	}
	return found, nil
}

func (s *source) Authorities(context.Context) ([]Authority, error) { return s.chains, nil }

func (s *source) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fails = err
}

type lists struct {
	mu  sync.Mutex
	all map[string][]List
}

func (l *lists) Lists(_ context.Context, issuer string) ([]List, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all[issuer], nil
}

func (l *lists) set(issuer string, all ...List) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all[issuer] = all
}

func newTown(t testing.TB, dsn string) *town {
	t.Helper()
	d, err := db.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	journal, err := status.Open(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	key, err := sm2.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tn := &town{t: t, journal: journal, d: d, key: key, time: time.Now(),
		source: &source{all: map[string]Certificate{}}, lists: &lists{all: map[string][]List{}}}
	tn.source.chains = []Authority{
		{ID: "root", Chain: [][]byte{tn.der("示例根", 1)}},
		{ID: "sm2", Chain: [][]byte{tn.der("示例签发", 2)}, Partitions: 2},
	}
	tn.Directory = tn.open()
	return tn
}

func (tn *town) open() *Directory {
	tn.t.Helper()
	dir, err := New(tn.t.Context(), Config{DB: tn.d, Status: tn.journal, Source: tn.source, Lists: tn.lists, Base: "o=OneCert,c=CN",
		Now: tn.now, Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		tn.t.Fatal(err)
	}
	if err := dir.RefreshAuthorities(tn.t.Context()); err != nil {
		tn.t.Fatal(err)
	}
	return dir
}

func (tn *town) now() time.Time {
	tn.mu.Lock()
	defer tn.mu.Unlock()
	return tn.time
}

func (tn *town) forward(by time.Duration) {
	tn.mu.Lock()
	defer tn.mu.Unlock()
	tn.time = tn.time.Add(by)
}

func (tn *town) der(cn string, number int64) []byte {
	template := &smx509.Certificate{SerialNumber: big.NewInt(number), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(1, 0, 0),
		Subject:        pkix.Name{Country: []string{"CN"}, Organization: []string{"示例省电子政务"}, OrganizationalUnit: []string{"信息中心"}, CommonName: cn},
		EmailAddresses: []string{fmt.Sprintf("mail%d@example.cn", number)}}
	der, err := smx509.CreateCertificate(rand.Reader, template, template, &tn.key.PublicKey, tn.key)
	if err != nil {
		tn.t.Fatal(err)
	}
	return der
}

// person is one issued certificate.
type person struct {
	holder string
	serial pki.Serial
	der    []byte
}

// issue issues a certificate to a new holder; published says whether policy lets it out.
func (tn *town) issue(cn, kind string, published bool) person {
	tn.t.Helper()
	tn.number++
	return tn.issueTo(fmt.Sprintf("H%06d", tn.number), cn, kind, published)
}

func (tn *town) issueTo(holder, cn, kind string, published bool) person {
	tn.t.Helper()
	serial, err := pki.NewSerial(rand.Reader)
	if err != nil {
		tn.t.Fatal(err)
	}
	p := person{holder, serial, tn.der(cn, tn.number)}
	if published {
		tn.source.mu.Lock()
		tn.source.all[key("sm2", serial)] = Certificate{Issuer: "sm2", Serial: serial, Holder: p.holder, Kind: kind, Role: "sign", DER: p.der}
		tn.source.mu.Unlock()
	}
	tn.append(status.Change{Issuer: "sm2", Serial: serial, Event: status.Issued, At: tn.now(), NotAfter: tn.now().AddDate(1, 0, 0)})
	return p
}

func (tn *town) append(c status.Change) {
	tn.t.Helper()
	err := tn.d.Tx(tn.t.Context(), func(tx *sql.Tx) error {
		_, err := tn.journal.Append(tn.t.Context(), tx, c)
		return err
	})
	if err != nil {
		tn.t.Fatal(err)
	}
	tn.journal.Wake()
}

func (tn *town) change(p person, event status.Event) {
	tn.t.Helper()
	tn.append(status.Change{Issuer: "sm2", Serial: p.serial, Event: event, At: tn.now()})
}

// catchUp takes in everything the journal has.
func (tn *town) catchUp() {
	tn.t.Helper()
	for {
		last, err := tn.journal.Last(tn.t.Context())
		if err != nil {
			tn.t.Fatal(err)
		}
		if tn.Position() >= last {
			return
		}
		if err := tn.step(tn.t.Context()); err != nil {
			tn.t.Fatal(err)
		}
	}
}

// serve runs a server on loopback until the test ends and returns its address.
func (tn *town) serve(limits Limits) string {
	tn.t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tn.t.Fatal(err)
	}
	s := &Server{Directory: tn.Directory, Limits: limits}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx, listener, nil) }()
	tn.t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			tn.t.Error(err)
		}
	})
	return listener.Addr().String()
}

// each runs act on a fresh town of each engine.
func each(t *testing.T, act func(t *testing.T, tn *town)) {
	pkitest.EachDatabase(t, func(t *testing.T, dsn string) { act(t, newTown(t, dsn)) })
}
