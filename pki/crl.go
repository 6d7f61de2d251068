package pki

import (
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// Listed is one entry of a CRL. A zero Invalidity leaves the extension out; reason
// unspecified is left out too (RFC 5280 5.3.1).
type Listed struct {
	Serial     Serial
	At         time.Time
	Reason     Reason
	Invalidity time.Time
}

// List is everything that stands in a CRL but its entries (RFC 5280 5.1).
type List struct {
	Suite      Suite // of the issuer's key
	Issuer     []byte
	ThisUpdate time.Time
	NextUpdate time.Time
	Number     int64
	Base       int64 // delta CRL: number of the full CRL it builds on; 0 for a full one
	KeyID      []byte
	PointURI   string   // the distribution point this CRL is for; "" for the complete list
	Freshest   []string // where the delta CRL is found; full CRLs only
}

// AddListed appends one entry in DER to dst. Entries are encoded as they stream
// from the journal, so a list of a million never stands in memory twice.
func AddListed(dst []byte, e Listed) []byte {
	b := cryptobyte.NewBuilder(dst)
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1BigInt(e.Serial.Big())
		addTime(b, e.At)
		if e.Reason == Unspecified && e.Invalidity.IsZero() {
			return
		}
		addExtensions(b, listedExtensions(e))
	})
	return b.BytesOrPanic()
}

func listedExtensions(e Listed) (all []Extension) {
	if e.Reason != Unspecified {
		all = append(all, Extension{OID: OIDReasonCode, Value: []byte{10, 1, byte(e.Reason)}})
	}
	if !e.Invalidity.IsZero() {
		all = append(all, Extension{OID: OIDInvalidityDate, Value: buildPayload(func(b *cryptobyte.Builder) {
			b.AddASN1GeneralizedTime(e.Invalidity.UTC())
		})})
	}
	return all
}

// TBS returns the to-be-signed bytes of a CRL around entries made by AddListed.
func (l List) TBS(entries []byte) ([]byte, error) {
	head, tail, err := l.Frame(len(entries))
	if err != nil {
		return nil, err
	}
	return slices.Concat(head, entries, tail), nil
}

// Frame returns what stands before and behind entries of so many octets in the
// to-be-signed bytes, so that a long list need not be put together to know them.
func (l List) Frame(entries int) (head, tail []byte, err error) {
	algorithm := AlgorithmIdentifier(l.Suite)
	if algorithm == nil {
		return nil, nil, Errorf(Internal, "crl.suite", "no signature algorithm for the issuer's suite")
	}
	b := cryptobyte.NewBuilder(nil)
	b.AddASN1Int64(1) // v2
	b.AddBytes(algorithm)
	b.AddBytes(l.Issuer)
	addTime(b, l.ThisUpdate)
	addTime(b, l.NextUpdate)
	if entries > 0 { // an empty list is absent, RFC 5280 5.1.2.6
		b.AddBytes(SequenceHead(entries))
	}
	if head, err = b.Bytes(); err != nil {
		return nil, nil, err
	}
	tail = buildPayload(func(b *cryptobyte.Builder) {
		b.AddASN1(explicitTag(0), func(b *cryptobyte.Builder) { addExtensions(b, l.extensions()) })
	})
	return append(SequenceHead(len(head)+entries+len(tail)), head...), tail, nil
}

// SequenceHead is the identifier and length octets of a SEQUENCE whose content has so
// many octets (X.690 8.1.3, the shortest form).
func SequenceHead(content int) []byte {
	if content < 0x80 {
		return []byte{0x30, byte(content)}
	}
	var length []byte
	for n := content; n > 0; n >>= 8 {
		length = append(length, byte(n))
	}
	slices.Reverse(length)
	return append([]byte{0x30, 0x80 | byte(len(length))}, length...)
}

func (l List) extensions() []Extension {
	integer := func(n int64) []byte {
		return buildPayload(func(b *cryptobyte.Builder) { b.AddASN1BigInt(big.NewInt(n)) })
	}
	all := []Extension{AuthorityKeyIDExtension(l.KeyID), {OID: OIDCRLNumber, Value: integer(l.Number)}}
	if l.Base > 0 {
		all = append(all, Extension{OIDDeltaCRLIndicator, true, integer(l.Base)})
	} else if len(l.Freshest) > 0 {
		all = append(all, FreshestCRLExtension(l.Freshest))
	}
	if l.PointURI != "" {
		all = append(all, Extension{OIDIssuingDistPoint, true, buildPayload(func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { addPointName(b, []string{l.PointURI}) })
		})})
	}
	return all
}

// ListHead describes one signed list without its octets: what whoever publishes lists
// has to know to fetch it.
type ListHead struct {
	Issuer     string    `json:"issuer"`
	Name       string    `json:"name" doc:"complete, delta, N or N-delta for partition N: the file's name without .crl"`
	Number     int64     `json:"number"`
	Base       int64     `json:"base,omitempty" doc:"delta: the full list it builds on"`
	Journal    int64     `json:"journal" doc:"journal number it is true up to"`
	Entries    int64     `json:"entries"`
	Size       int64     `json:"size" doc:"octets"`
	ThisUpdate time.Time `json:"this_update"`
	NextUpdate time.Time `json:"next_update"`
}

// CompleteList is the partition number of the list that has every entry.
const CompleteList = -1

// ListName is the stable name of a list: certificates and lists carry addresses with it.
func ListName(partition int, delta bool) string {
	switch {
	case partition == CompleteList && delta:
		return "delta"
	case partition == CompleteList:
		return "complete"
	case delta:
		return strconv.Itoa(partition) + "-delta"
	}
	return strconv.Itoa(partition)
}

// ParseListName is the other direction of ListName; ok is false for any other text.
func ParseListName(name string) (partition int, delta, ok bool) {
	switch name {
	case "delta":
		return CompleteList, true, true
	case "complete":
		return CompleteList, false, true
	}
	text, delta := strings.CutSuffix(name, "-delta")
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil || strconv.FormatUint(n, 10) != text {
		return 0, false, false
	}
	return int(n), delta, true
}
