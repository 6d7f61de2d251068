package tlcp

import (
	"bytes"
	"crypto/rand"
	"crypto/x509/pkix"
	"encoding/pem"
	"hash"
	"io"
	"math/big"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"
)

// authority is a throw-away CA: a root, and a CA under it that issues.
type authority struct {
	root, issuer       *smx509.Certificate
	rootKey, issuerKey *sm2.PrivateKey
	serial             int64
}

const (
	hour = time.Hour
	day  = 24 * time.Hour
)

func newAuthority(t testing.TB, name string) *authority {
	t.Helper()
	a := &authority{rootKey: newKey(t), issuerKey: newKey(t), serial: 1 << 40}
	ca := func(cn string) *smx509.Certificate {
		return &smx509.Certificate{SerialNumber: a.next(), Subject: pkix.Name{Country: []string{"CN"}, CommonName: cn},
			NotBefore: time.Now().Add(-day), NotAfter: time.Now().Add(365 * day), IsCA: true, BasicConstraintsValid: true,
			KeyUsage: smx509.KeyUsageCertSign | smx509.KeyUsageCRLSign}
	}
	root := ca(name + " root")
	a.root = create(t, root, root, a.rootKey, a.rootKey)
	a.issuer = create(t, ca(name+" issuing CA"), a.root, a.issuerKey, a.rootKey)
	return a
}

func newKey(t testing.TB) *sm2.PrivateKey {
	t.Helper()
	key, err := sm2.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func (a *authority) next() *big.Int {
	a.serial++
	return big.NewInt(a.serial)
}

func create(t testing.TB, template, parent *smx509.Certificate, key, signer *sm2.PrivateKey) *smx509.Certificate {
	t.Helper()
	der, err := smx509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	c, err := smx509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (a *authority) pool() *smx509.CertPool {
	pool := smx509.NewCertPool()
	pool.AddCert(a.root)
	return pool
}

// wish is how a pair differs from an ordinary one.
type wish struct {
	name         string
	start, end   time.Time
	signUsage    smx509.KeyUsage
	encryptUsage smx509.KeyUsage
	purpose      []smx509.ExtKeyUsage
}

func (a *authority) pair(t testing.TB, name string, changes ...func(*wish)) Certificate {
	t.Helper()
	w := wish{name: name, start: time.Now().Add(-hour), end: time.Now().Add(30 * day),
		signUsage:    smx509.KeyUsageDigitalSignature | smx509.KeyUsageContentCommitment,
		encryptUsage: smx509.KeyUsageKeyEncipherment | smx509.KeyUsageDataEncipherment | smx509.KeyUsageKeyAgreement,
		purpose:      []smx509.ExtKeyUsage{smx509.ExtKeyUsageServerAuth, smx509.ExtKeyUsageClientAuth}}
	for _, change := range changes {
		change(&w)
	}
	one := func(usage smx509.KeyUsage) (*smx509.Certificate, *sm2.PrivateKey) {
		key := newKey(t)
		template := &smx509.Certificate{SerialNumber: a.next(), Subject: pkix.Name{Country: []string{"CN"}, CommonName: w.name},
			NotBefore: w.start, NotAfter: w.end, KeyUsage: usage, ExtKeyUsage: w.purpose, DNSNames: []string{w.name}}
		return create(t, template, a.issuer, key, a.issuerKey), key
	}
	sign, signKey := one(w.signUsage)
	encrypt, encryptKey := one(w.encryptUsage)
	return Certificate{Sign: [][]byte{sign.Raw, a.issuer.Raw}, Encrypt: [][]byte{encrypt.Raw}, SignKey: signKey, EncryptKey: encryptKey,
		SignLeaf: sign, EncryptLeaf: encrypt}
}

func certificatePEM(list ...[]byte) []byte {
	var text []byte
	for _, der := range list {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	return text
}

func keyPEM(t testing.TB, key any) []byte {
	t.Helper()
	der, err := smx509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

// tee is a hash that keeps what it is given.
type tee struct {
	hash.Hash
	all *bytes.Buffer
}

func (t tee) Write(b []byte) (int, error) {
	t.all.Write(b)
	return t.Hash.Write(b)
}

// wire is one direction of a connection in memory that buffers.
type wire struct {
	mu     sync.Mutex
	come   *sync.Cond
	data   []byte
	closed bool
}

type wiresConn struct{ from, to *wire }

func wires() (a, b net.Conn) {
	one, two := &wire{}, &wire{}
	one.come, two.come = sync.NewCond(&one.mu), sync.NewCond(&two.mu)
	return &wiresConn{one, two}, &wiresConn{two, one}
}

func (c *wiresConn) Read(b []byte) (int, error) {
	w := c.from
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.data) == 0 && !w.closed {
		w.come.Wait()
	}
	if len(w.data) == 0 {
		return 0, io.EOF
	}
	n := copy(b, w.data)
	w.data = w.data[n:]
	return n, nil
}

func (c *wiresConn) Write(b []byte) (int, error) {
	w := c.to
	w.mu.Lock()
	defer w.mu.Unlock()
	w.data = append(w.data, b...)
	w.come.Signal()
	return len(b), nil
}

func (c *wiresConn) Close() error {
	for _, w := range []*wire{c.from, c.to} {
		w.mu.Lock()
		w.closed = true
		w.come.Broadcast()
		w.mu.Unlock()
	}
	return nil
}
func (c *wiresConn) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (c *wiresConn) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (c *wiresConn) SetDeadline(time.Time) error      { return nil }
func (c *wiresConn) SetReadDeadline(time.Time) error  { return nil }
func (c *wiresConn) SetWriteDeadline(time.Time) error { return nil }
