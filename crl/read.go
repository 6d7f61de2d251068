package crl

import (
	"bytes"
	"crypto/x509"
	encoding "encoding/asn1"
	"math"
	"math/big"
	"strings"
	"time"

	"github.com/emmansun/gmsm/smx509"
	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"onecert/pki"
)

// list is what a publisher reads of a CRL. Entries are passed over: there may be a
// million, and whether they are right is what the signature says.
type list struct {
	issuer               []byte
	number, base         int64
	thisUpdate, nextDate time.Time
	point                string // of the issuing distribution point; "": the complete scope
	tbs, algorithm       []byte
	signature            []byte
}

func malformed(where string) error {
	return pki.Errorf(pki.Invalid, "crl.malformed", "the list cannot be read: %s", where).
		To("fetch it again; if it stays so, ask the CA to sign it again")
}

// read takes a CRL in DER apart (RFC 5280 5.1).
func read(der []byte) (*list, error) {
	l := &list{}
	input := cryptobyte.String(der)
	var outer, tbs, rest, algorithm, bits cryptobyte.String
	if !input.ReadASN1(&outer, asn1.SEQUENCE) || !input.Empty() || !outer.ReadASN1Element(&tbs, asn1.SEQUENCE) ||
		!outer.ReadASN1Element(&algorithm, asn1.SEQUENCE) || !outer.ReadASN1(&bits, asn1.BIT_STRING) || !outer.Empty() ||
		len(bits) < 2 || bits[0] != 0 {
		return nil, malformed("its outer form")
	}
	l.tbs, l.algorithm, l.signature = tbs, algorithm, bits[1:]
	if !tbs.ReadASN1(&rest, asn1.SEQUENCE) {
		return nil, malformed("its signed part")
	}
	return l, l.readTBS(rest)
}

func (l *list) readTBS(s cryptobyte.String) error {
	var version int
	var inner, issuer, entries, wrapped, extensions cryptobyte.String
	if !s.ReadASN1Integer(&version) || version != 1 || !s.ReadASN1Element(&inner, asn1.SEQUENCE) || !bytes.Equal(inner, l.algorithm) ||
		!s.ReadASN1Element(&issuer, asn1.SEQUENCE) {
		return malformed("its head")
	}
	l.issuer = issuer
	var ok bool
	if l.thisUpdate, ok = readTime(&s); !ok {
		return malformed("thisUpdate")
	}
	if l.nextDate, ok = readTime(&s); !ok {
		return malformed("nextUpdate")
	}
	if s.PeekASN1Tag(asn1.SEQUENCE) && !s.ReadASN1(&entries, asn1.SEQUENCE) {
		return malformed("its entries")
	}
	if !s.ReadASN1(&wrapped, asn1.Tag(0).ContextSpecific().Constructed()) || !s.Empty() ||
		!wrapped.ReadASN1(&extensions, asn1.SEQUENCE) || !wrapped.Empty() {
		return malformed("its extensions")
	}
	return l.readExtensions(extensions)
}

func readTime(s *cryptobyte.String) (t time.Time, ok bool) {
	if s.PeekASN1Tag(asn1.UTCTime) {
		return t, s.ReadASN1UTCTime(&t)
	}
	return t, s.ReadASN1GeneralizedTime(&t)
}

// maxExtensions is more than any list has.
const maxExtensions = 32

func (l *list) readExtensions(s cryptobyte.String) error {
	for n := 0; !s.Empty(); n++ {
		var extension, value cryptobyte.String
		var oid encoding.ObjectIdentifier
		var critical bool
		if n == maxExtensions || !s.ReadASN1(&extension, asn1.SEQUENCE) || !extension.ReadASN1ObjectIdentifier(&oid) ||
			extension.PeekASN1Tag(asn1.BOOLEAN) && !extension.ReadASN1Boolean(&critical) ||
			!extension.ReadASN1(&value, asn1.OCTET_STRING) || !extension.Empty() {
			return malformed("an extension")
		}
		if !l.readExtension(oid, value, critical) {
			return malformed("the content of an extension")
		}
	}
	if l.number <= 0 {
		return malformed("it has no number")
	}
	return nil
}

// readExtension refuses what is critical and not known: it could change what the list
// means (RFC 5280 5.2).
func (l *list) readExtension(oid encoding.ObjectIdentifier, value cryptobyte.String, critical bool) bool {
	switch {
	case oid.Equal(pki.OIDCRLNumber):
		return readNumber(value, &l.number)
	case oid.Equal(pki.OIDDeltaCRLIndicator):
		return readNumber(value, &l.base)
	case oid.Equal(pki.OIDIssuingDistPoint):
		return l.readPoint(value)
	}
	return !critical
}

func readNumber(value cryptobyte.String, to *int64) bool {
	n := new(big.Int)
	if *to != 0 || !value.ReadASN1Integer(n) || !value.Empty() || n.Sign() <= 0 || n.Cmp(big.NewInt(math.MaxInt64)) > 0 {
		return false
	}
	*to = n.Int64()
	return true
}

// readPoint reads the one form our lists have: a full name of one URI (RFC 5280 5.2.5).
func (l *list) readPoint(value cryptobyte.String) bool {
	var body, point, full, uri cryptobyte.String
	constructed := asn1.Tag(0).ContextSpecific().Constructed()
	if l.point != "" || !value.ReadASN1(&body, asn1.SEQUENCE) || !value.Empty() || !body.ReadASN1(&point, constructed) || !body.Empty() ||
		!point.ReadASN1(&full, constructed) || !full.ReadASN1(&uri, asn1.Tag(6).ContextSpecific()) || !full.Empty() {
		return false
	}
	l.point = string(uri)
	return l.point != ""
}

// clockSlack is how far the CA's clock may be ahead of ours.
const clockSlack = 5 * time.Minute

// judge says whether a list is what it should be: this issuer's, of this name, signed,
// and current.
func (l *list) judge(issuer *Issuer, name string, now time.Time) error {
	refuse := func(code, format string, args ...any) error {
		return pki.Errorf(pki.Conflict, code, format, args...).To("nothing was published in its place; check where lists are fetched from")
	}
	if !bytes.Equal(l.issuer, issuer.Certificate.RawSubject) {
		return refuse("crl.issuer", "list %s is another issuer's than %s", name, issuer.ID)
	}
	partition, delta, ok := pki.ParseListName(name)
	if !ok || delta != (l.base > 0) || l.base >= l.number {
		return refuse("crl.kind", "list %s of issuer %s is no list of that name", name, issuer.ID)
	}
	if (partition == pki.CompleteList) != (l.point == "") ||
		l.point != "" && !strings.HasSuffix(l.point, "/"+issuer.ID+"/"+pki.ListName(partition, false)+".crl") {
		return refuse("crl.scope", "list %s of issuer %s says it covers something else", name, issuer.ID)
	}
	if err := l.verify(issuer.Certificate); err != nil {
		return refuse("crl.forged", "list %s is not signed by issuer %s", name, issuer.ID)
	}
	if l.thisUpdate.After(now.Add(clockSlack)) || !now.Before(l.nextDate) {
		return refuse("crl.lapsed", "list %s of issuer %s is not current: it is of %s, until %s", name, issuer.ID,
			l.thisUpdate.Format(time.RFC3339), l.nextDate.Format(time.RFC3339))
	}
	return nil
}

// verify accepts the one algorithm the issuer's key signs with.
func (l *list) verify(issuer *smx509.Certificate) error {
	suite, err := pki.SuiteOf(issuer.PublicKey)
	if err != nil {
		return err
	}
	algorithms := map[pki.Suite]smx509.SignatureAlgorithm{pki.SM2: smx509.SM2WithSM3, pki.P256: smx509.ECDSAWithSHA256, pki.P384: smx509.ECDSAWithSHA384}
	algorithm, ok := algorithms[suite]
	if !ok {
		algorithm = smx509.SHA256WithRSA
	}
	if !bytes.Equal(l.algorithm, pki.AlgorithmIdentifier(suite)) {
		return x509.ErrUnsupportedAlgorithm
	}
	return issuer.CheckSignature(algorithm, l.tbs, l.signature)
}
