package ocsp

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/x509"
	"database/sql"
	"encoding/asn1"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/db"
	"onecert/keys"
	"onecert/pki"
	"onecert/pkitest"
	"onecert/status"
)

// authority is a throw-away issuing CA that certifies responders as ca does.
type authority struct {
	id          string
	key         *keys.Key
	certificate *smx509.Certificate
}

func newAuthority(t testing.TB, id string, suite pki.Suite) *authority {
	t.Helper()
	signer, err := pki.GenerateKey(rand.Reader, suite)
	if err != nil {
		t.Fatal(err)
	}
	key, err := keys.Wrap(signer)
	if err != nil {
		t.Fatal(err)
	}
	subject, err := pki.Name{{Type: "C", Value: "CN"}, {Type: "O", Value: "示例市民政局"}, {Type: "CN", Value: "试用 CA " + id}}.DER()
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().UTC()
	certificate, err := pkitest.Certify(pki.Authority{Subject: subject, PublicKey: key.Public(),
		NotBefore: now.AddDate(-2, 0, 0), NotAfter: now.AddDate(8, 0, 0), PathLen: -1}, key, nil)
	if err != nil {
		t.Fatal(err)
	}
	return &authority{id, key, certificate}
}

// enroller is the CA of the tests.
type enroller struct {
	authorities map[string]*authority
	now         func() time.Time
	life        time.Duration
	asked       atomic.Int64
	fails       atomic.Bool
	spoil       func(*pki.Template)
}

func (e *enroller) Enrol(_ context.Context, issuer, _ string, request []byte) ([]byte, error) {
	e.asked.Add(1)
	if e.fails.Load() {
		return nil, errors.New("the CA does not answer")
	}
	read, err := pki.ParseRequest(request, true)
	if err != nil {
		return nil, err
	}
	a := e.authorities[issuer]
	return a.responder(read.PublicKey, e.now(), e.life, e.spoil)
}

func (a *authority) responder(public any, now time.Time, life time.Duration, spoil func(*pki.Template)) ([]byte, error) {
	serial, err := pki.NewSerial(rand.Reader)
	if err != nil {
		return nil, err
	}
	subject, err := pki.Name{{Type: "C", Value: "CN"}, {Type: "O", Value: "示例市民政局"}, {Type: "CN", Value: "OCSP " + a.id}}.DER()
	if err != nil {
		return nil, err
	}
	spki, err := pki.MarshalPublicKey(public)
	if err != nil {
		return nil, err
	}
	signing, err := pki.ExtKeyUsageOf("ocspSigning")
	if err != nil {
		return nil, err
	}
	t := pki.Template{Serial: serial, Suite: a.key.Suite(), Issuer: a.certificate.RawSubject, Subject: subject, PublicKey: spki,
		NotBefore: now.Add(-time.Minute), NotAfter: now.Add(life), Extensions: []pki.Extension{
			pki.AuthorityKeyIDExtension(a.certificate.SubjectKeyId), pki.SubjectKeyIDExtension(pki.KeyID(public)),
			pki.KeyUsageExtension(x509.KeyUsageDigitalSignature), pki.ExtKeyUsageExtension([]pki.OID{signing}, false),
			pki.NullExtension(pki.OIDOCSPNoCheck)}}
	if spoil != nil {
		spoil(&t)
	}
	tbs, err := t.TBS()
	if err != nil {
		return nil, err
	}
	signature, err := a.key.SignMessage(nil, tbs, nil)
	if err != nil {
		return nil, err
	}
	return pki.Assemble(tbs, t.Suite, signature), nil
}

// watch is a clock that a test sets.
type watch struct{ offset atomic.Int64 }

func (w *watch) now() time.Time          { return time.Now().Add(time.Duration(w.offset.Load())) }
func (w *watch) advance(d time.Duration) { w.offset.Add(int64(d)) }

// house is a journal with a responder over it.
type house struct {
	*Responder
	d           *db.DB
	journal     *status.Journal
	authorities map[string]*authority
	enroller    *enroller
	watch       *watch
	cfg         Config
	handler     http.Handler
	stop        func()
}

// suites are the issuers of most tests. P-256 stands for ECDSA.
func suites() map[string]pki.Suite {
	return map[string]pki.Suite{"sm2": pki.SM2, "rsa": pki.RSA2048, "ecdsa": pki.P256}
}

func open(t testing.TB, source string, change func(*Config)) *house {
	t.Helper()
	d, err := db.Open(t.Context(), source)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	j, err := status.Open(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	h := &house{d: d, journal: j, authorities: map[string]*authority{}, watch: &watch{}}
	h.enroller = &enroller{authorities: h.authorities, now: h.watch.now, life: 90 * 24 * time.Hour}
	dir := t.TempDir()
	pass := filepath.Join(dir, "pass")
	if err := os.WriteFile(pass, []byte("open sesame"), 0o600); err != nil {
		t.Fatal(err)
	}
	h.cfg = Config{Journal: j, Enroller: h.enroller, Dir: filepath.Join(dir, "ocsp"), Key: "file:" + dir + "/{issuer}-{n}.key?pass=file:" + pass,
		Subject: pki.Name{{Type: "C", Value: "CN"}, {Type: "O", Value: "示例市民政局"}, {Type: "CN", Value: "OCSP"}},
		Now:     h.watch.now, Log: slog.New(slog.NewTextHandler(io.Discard, nil))}
	for _, id := range []string{"sm2", "rsa", "ecdsa"} {
		h.authorities[id] = newAuthority(t, id, suites()[id])
		h.cfg.Issuers = append(h.cfg.Issuers, Issuer{id, h.authorities[id].certificate})
	}
	if change != nil {
		change(&h.cfg)
	}
	h.start(t)
	return h
}

// start makes the responder anew from its folder, and runs it.
func (h *house) start(t testing.TB) {
	t.Helper()
	h.make(t)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- h.Run(ctx) }()
	stopped := false
	h.stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(h.stop)
	h.await(t, "the copy and the keys", func() bool {
		if !h.follow.complete() {
			return false
		}
		for _, i := range h.issuers {
			if i.signer.Load() == nil && h.cfg.Enroller != nil && !h.enroller.fails.Load() {
				return false
			}
		}
		return true
	})
}

// make is start without Run.
func (h *house) make(t testing.TB) {
	t.Helper()
	r, err := New(h.cfg)
	if err != nil {
		t.Fatal(err)
	}
	h.Responder, h.handler = r, r.Handler(nil)
}

func (h *house) await(t testing.TB, what string, ready func() bool) {
	t.Helper()
	for end := time.Now().Add(60 * time.Second); !ready(); {
		if time.Now().After(end) {
			t.Fatal("waited in vain for " + what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// put appends to the journal and waits until the responder has it.
func (h *house) put(t testing.TB, changes ...status.Change) []status.Entry {
	t.Helper()
	var entries []status.Entry
	err := h.d.Tx(t.Context(), func(tx *sql.Tx) (err error) {
		entries, err = h.journal.Append(t.Context(), tx, changes...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	h.journal.Wake()
	last := entries[len(entries)-1].Number
	h.await(t, "the journal", func() bool { return h.follow.position.Load() >= last })
	return entries
}

func newSerial() pki.Serial {
	s, err := pki.NewSerial(rand.Reader)
	if err != nil {
		panic(err)
	}
	return s
}

func (h *house) issue(t testing.TB, issuer string) pki.Serial {
	t.Helper()
	s := newSerial()
	h.put(t, h.issued(issuer, s))
	return s
}

func (h *house) issued(issuer string, s pki.Serial) status.Change {
	return status.Change{Issuer: issuer, Serial: s, Event: status.Issued, At: h.watch.now(), NotAfter: h.watch.now().AddDate(1, 0, 0)}
}

func (h *house) changed(issuer string, s pki.Serial, event status.Event) status.Change {
	return status.Change{Issuer: issuer, Serial: s, Event: event, At: h.watch.now()}
}

// Requests of the tests are written with encoding/asn1, not with the room's own code.
type wireAlgorithm struct {
	OID        asn1.ObjectIdentifier
	Parameters asn1.RawValue `asn1:"optional"`
}

type wireID struct {
	Hash     wireAlgorithm
	NameHash []byte
	KeyHash  []byte
	Serial   asn1.RawValue
}

type wireSingle struct {
	ID         wireID
	Extensions []wireExtension `asn1:"optional,explicit,tag:0"`
}

type wireExtension struct {
	ID       asn1.ObjectIdentifier
	Critical bool `asn1:"optional"`
	Value    []byte
}

type wireTBS struct {
	Version    asn1.RawValue `asn1:"optional"`
	Requestor  asn1.RawValue `asn1:"optional"`
	List       []wireSingle
	Extensions []wireExtension `asn1:"optional,explicit,tag:2"`
}

type wireRequest struct{ TBS wireTBS }

var hashOIDs = map[string]asn1.ObjectIdentifier{"sha1": {1, 3, 14, 3, 2, 26}, "sha256": {2, 16, 840, 1, 101, 3, 4, 2, 1}, "sm3": {1, 2, 156, 10197, 1, 401}}

var hashPlaces = map[string]int{"sha1": 0, "sha256": 1, "sm3": 2}

func (a *authority) certID(hash string, null bool, s pki.Serial) wireID {
	algorithm := hashAlgorithms()[hashPlaces[hash]]
	bits, err := publicBits(a.certificate.RawSubjectPublicKeyInfo)
	if err != nil {
		panic(err)
	}
	serial, err := asn1.Marshal(s.Big())
	if err != nil {
		panic(err)
	}
	id := wireID{Hash: wireAlgorithm{OID: hashOIDs[hash]}, NameHash: algorithm.sum(a.certificate.RawSubject), KeyHash: algorithm.sum(bits),
		Serial: asn1.RawValue{FullBytes: serial}}
	if null {
		id.Hash.Parameters = asn1.NullRawValue
	}
	return id
}

func encode(t testing.TB, nonce []byte, ids ...wireID) []byte {
	t.Helper()
	var r wireRequest
	for _, id := range ids {
		r.TBS.List = append(r.TBS.List, wireSingle{ID: id})
	}
	if nonce != nil {
		value, err := asn1.Marshal(nonce)
		if err != nil {
			t.Fatal(err)
		}
		r.TBS.Extensions = []wireExtension{{ID: asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 2}, Value: value}}
	}
	der, err := asn1.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func (h *house) request(t testing.TB, issuer string, s pki.Serial) []byte {
	t.Helper()
	return encode(t, nil, h.authorities[issuer].certID("sha1", true, s))
}

// send gives a request to the handler by POST.
func (h *house) send(der []byte) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.handler.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/ocsp", bytes.NewReader(der)))
	return w
}

// state asks for a certificate and returns what is said, checked.
func (h *house) state(t testing.TB, issuer string, s pki.Serial) said {
	t.Helper()
	return h.check(t, issuer, h.send(h.request(t, issuer, s)))
}
