package verify

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"slices"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"golang.org/x/crypto/cryptobyte"
	cb "golang.org/x/crypto/cryptobyte/asn1"

	"onecert/pki"
)

// lab makes certificates as no CA should, by an encoder of its own.
type lab struct {
	t      testing.TB
	suite  pki.Suite
	serial int64
}

// made is a certificate of the lab with its key.
type made struct {
	*Certificate
	key crypto.Signer
}

// spec is everything in a certificate; tests change it.
type spec struct {
	version         int64
	serial          []byte // content octets
	issuer, subject []byte // DER names
	before, after   time.Time
	key             crypto.Signer
	spki            []byte
	extensions      []pki.Extension
	parent          *made // nil for self-signed
}

type tweak func(*spec)

func (l *lab) name(text string) []byte {
	l.t.Helper()
	if text == "" {
		return []byte{0x30, 0}
	}
	name, err := pki.ParseName(text)
	if err != nil {
		l.t.Fatal(err)
	}
	der, err := name.DER()
	if err != nil {
		l.t.Fatal(err)
	}
	return der
}

// ca makes a CA that keeps all rules; parent nil makes a root.
func (l *lab) ca(name string, parent *made, tweaks ...tweak) *made {
	l.t.Helper()
	extensions := []pki.Extension{pki.BasicConstraintsExtension(true, -1), pki.KeyUsageExtension(x509.KeyUsageCertSign | x509.KeyUsageCRLSign)}
	return l.make("CN="+name, parent, extensions, tweaks)
}

// leaf makes a server's certificate for example.com that keeps all rules.
func (l *lab) leaf(parent *made, tweaks ...tweak) *made {
	l.t.Helper()
	extensions := []pki.Extension{pki.KeyUsageExtension(x509.KeyUsageDigitalSignature), pki.ExtKeyUsageExtension([]pki.OID{{1, 3, 6, 1, 5, 5, 7, 3, 1}}, false),
		pki.SubjectAltNameExtension([]pki.AltName{{Kind: "dns", Value: "example.com"}}, false)}
	return l.make("CN=example.com", parent, extensions, tweaks)
}

func (l *lab) make(name string, parent *made, extensions []pki.Extension, tweaks []tweak) *made {
	l.t.Helper()
	l.serial++
	s := &spec{version: 2, serial: []byte{1, byte(l.serial >> 8), byte(l.serial)}, subject: l.name(name), issuer: l.name(name), before: now.AddDate(-1, 0, 0), after: now.AddDate(1, 0, 0),
		key: newKey(l.t, l.suite), parent: parent, extensions: extensions}
	if parent != nil {
		s.issuer = parent.Subject
		s.extensions = append(s.extensions, pki.AuthorityKeyIDExtension(parent.keyID))
	}
	s.extensions = append(s.extensions, pki.SubjectKeyIDExtension(pki.KeyID(s.key.Public())))
	for _, change := range tweaks {
		change(s)
	}
	return l.sign(s)
}

func (l *lab) sign(s *spec) *made {
	l.t.Helper()
	signer := s.key
	if s.parent != nil {
		signer = s.parent.key
	}
	if s.spki == nil {
		spki, err := pki.MarshalPublicKey(s.key.Public())
		if err != nil {
			l.t.Fatal(err)
		}
		s.spki = spki
	}
	suite, err := pki.SuiteOf(signer.Public())
	if err != nil {
		l.t.Fatal(err)
	}
	var b cryptobyte.Builder
	b.AddASN1(cb.SEQUENCE, func(b *cryptobyte.Builder) { s.encode(b, suite) })
	tbs := b.BytesOrPanic()
	c, err := ParseCertificate(pki.Assemble(tbs, suite, signWith(l.t, signer, suite, tbs)))
	if err != nil {
		l.t.Fatal(err)
	}
	return &made{c, s.key}
}

// signWith signs as a suite does.
func signWith(t testing.TB, signer crypto.Signer, suite pki.Suite, tbs []byte) []byte {
	t.Helper()
	hash := crypto.SHA256
	if suite == pki.P384 {
		hash = crypto.SHA384
	}
	message, opts := digest(hash, tbs), crypto.SignerOpts(hash)
	if suite == pki.SM2 {
		message, opts = tbs, sm2.DefaultSM2SignerOpts
	}
	signature, err := signer.Sign(rand.Reader, message, opts)
	if err != nil {
		t.Fatal(err)
	}
	return signature
}

func (s *spec) encode(b *cryptobyte.Builder, suite pki.Suite) {
	if s.version > 0 {
		b.AddASN1(explicit(0), func(b *cryptobyte.Builder) { b.AddASN1Int64(s.version) })
	}
	b.AddASN1(cb.INTEGER, func(b *cryptobyte.Builder) { b.AddBytes(s.serial) })
	b.AddBytes(pki.AlgorithmIdentifier(suite))
	b.AddBytes(s.issuer)
	b.AddASN1(cb.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1GeneralizedTime(s.before)
		b.AddASN1GeneralizedTime(s.after)
	})
	b.AddBytes(s.subject)
	b.AddBytes(s.spki)
	if len(s.extensions) == 0 {
		return
	}
	b.AddASN1(explicit(3), func(b *cryptobyte.Builder) {
		b.AddASN1(cb.SEQUENCE, func(b *cryptobyte.Builder) {
			for _, e := range s.extensions {
				b.AddASN1(cb.SEQUENCE, func(b *cryptobyte.Builder) {
					b.AddASN1ObjectIdentifier(e.OID)
					if e.Critical {
						b.AddASN1Boolean(true)
					}
					b.AddASN1OctetString(e.Value)
				})
			}
		})
	})
}

// The tweaks.

func with(e pki.Extension) tweak {
	return func(s *spec) {
		without(e.OID)(s)
		s.extensions = append(s.extensions, e)
	}
}

func also(e pki.Extension) tweak {
	return func(s *spec) { s.extensions = append(s.extensions, e) }
}

func without(oid pki.OID) tweak {
	return func(s *spec) {
		s.extensions = slices.DeleteFunc(slices.Clone(s.extensions), func(e pki.Extension) bool { return e.OID.Equal(oid) })
	}
}

func marking(oid pki.OID, critical bool) tweak {
	return func(s *spec) {
		for i := range s.extensions {
			if s.extensions[i].OID.Equal(oid) {
				s.extensions[i].Critical = critical
			}
		}
	}
}

func raw(oid pki.OID, critical bool, value string) tweak {
	return with(pki.Extension{OID: oid, Critical: critical, Value: []byte(value)})
}

func (l *lab) named(text string) tweak {
	return func(s *spec) { s.subject = l.name(text) }
}

func usage(bits x509.KeyUsage) tweak { return with(pki.KeyUsageExtension(bits)) }

func length(n int) tweak { return with(pki.BasicConstraintsExtension(true, n)) }

func extendedUsage(last ...int) tweak {
	var oids []pki.OID
	for _, n := range last {
		oid := pki.OID{1, 3, 6, 1, 5, 5, 7, 3, n}
		if n == 0 {
			oid = pki.OID{2, 5, 29, 37, 0}
		}
		oids = append(oids, oid)
	}
	return with(pki.ExtKeyUsageExtension(oids, false))
}

// general encodes general names: kind and value in turn; "dn" takes a name as text,
// "raw7" octets under a tag.
func (l *lab) general(pairs ...string) (der string) {
	var b cryptobyte.Builder
	for i := 0; i < len(pairs); i += 2 {
		value := []byte(pairs[i+1])
		tag := map[string]cb.Tag{"other": explicit(0), "email": implicit(1), "dns": implicit(2), "dn": explicit(4), "uri": implicit(6), "ip": implicit(7)}[pairs[i]]
		if pairs[i] == "dn" {
			value = l.name(pairs[i+1])
		}
		b.AddASN1(tag, func(b *cryptobyte.Builder) { b.AddBytes(value) })
	}
	return string(b.BytesOrPanic())
}

func (l *lab) alternatives(pairs ...string) tweak {
	return raw(pki.OIDSubjectAltName, false, sequence(l.general(pairs...)))
}

func sequence(content string) string { return wrap(cb.SEQUENCE, content) }

func wrap(tag cb.Tag, content string) string {
	var b cryptobyte.Builder
	b.AddASN1(tag, func(b *cryptobyte.Builder) { b.AddBytes([]byte(content)) })
	return string(b.BytesOrPanic())
}

// constraints permits and excludes; a nil side is left out.
func (l *lab) constraints(permitted, excluded []string) tweak {
	return raw(pki.OIDNameConstraints, true, sequence(l.side(0, permitted)+l.side(1, excluded)))
}

func (l *lab) permits(pairs ...string) tweak  { return l.constraints(pairs, nil) }
func (l *lab) excludes(pairs ...string) tweak { return l.constraints(nil, pairs) }

func (l *lab) side(tag uint8, pairs []string) (der string) {
	if pairs == nil {
		return ""
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		der += sequence(l.general(pairs[i], pairs[i+1]))
	}
	return wrap(explicit(tag), der)
}

// ask is the question about a leaf below roots and others.
func ask(leaf *made, roots []*made, others ...*made) Request {
	r := Request{Certificate: leaf.Certificate, At: now, Purpose: Any, ExtKeyUsage: []pki.OID{{1, 3, 6, 1, 5, 5, 7, 3, 1}}, Revocation: Unchecked,
		Names: Names{DNS: []string{"example.com"}}}
	for _, root := range roots {
		r.Roots = append(r.Roots, root.Certificate)
	}
	for _, other := range others {
		r.Intermediates = append(r.Intermediates, other.Certificate)
	}
	return r
}
