package trustlist

import (
	"bytes"
	"encoding/json"
	"encoding/pem"
	"io"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/cms"
	"onecert/pki"
)

// Author signs lists.
type Author = cms.Author

// Sign checks a list and returns it signed, DER.
func Sign(random io.Reader, by Author, l *List) ([]byte, error) {
	if err := l.Check(); err != nil {
		return nil, err
	}
	if err := mayStill(by.Certificate, by.At); err != nil {
		return nil, err
	}
	text, err := json.MarshalIndent(l, "", " ")
	if err != nil {
		return nil, err
	}
	if len(text) > MaxBytes/2 {
		return nil, refused("trustlist.content", "the list is larger than %d octets", MaxBytes/2)
	}
	return cms.SignDocument(random, by, text)
}

// Opened is a list whose signature is verified.
type Opened struct {
	*List
	Signer *smx509.Certificate // the pinned one
	Text   []byte              // the JSON as signed
}

// Open verifies a signed list, DER or PEM, against pinned certificates of which one must
// have signed it and must be within its life at a moment, and reads it. Whether the list
// has ended, Ended says: of a list that counts already that is another question than of a
// new one. Errors: trustlist.format, trustlist.content, trustlist.signer, trustlist.future.
func Open(message []byte, pinned []*smx509.Certificate, at time.Time) (*Opened, error) {
	if len(message) > MaxBytes {
		return nil, refused("trustlist.format", "the list is larger than %d octets", MaxBytes)
	}
	if trimmed := bytes.TrimSpace(message); bytes.HasPrefix(trimmed, []byte("-----BEGIN ")) {
		block, rest := pem.Decode(trimmed)
		if block == nil || len(bytes.TrimSpace(rest)) > 0 {
			return nil, refused("trustlist.format", "the list is no single PEM block")
		}
		message = block.Bytes
	}
	signed, err := cms.ReadSigned(message)
	if err != nil {
		return nil, refused("trustlist.format", "the list is no signed message").To("give the file as 'onecert trust-list sign' wrote it").Because(err)
	}
	signer, err := whoSigned(signed, pinned)
	if err != nil {
		return nil, err
	}
	if err := mayStill(signer, at); err != nil {
		return nil, err
	}
	l, err := Parse(signed.Content)
	if err != nil {
		return nil, err
	}
	if err := l.Check(); err != nil {
		return nil, err
	}
	if at.Add(clockSkew).Before(l.Issued) {
		return nil, refused("trustlist.future", "the list was issued in the future").To("look at the clocks of this machine and of the centre")
	}
	return &Opened{List: l, Signer: signer, Text: signed.Content}, nil
}

func whoSigned(signed *cms.SignedDocument, pinned []*smx509.Certificate) (*smx509.Certificate, error) {
	for _, c := range pinned {
		if signed.By(c) == nil {
			return c, nil
		}
	}
	return nil, pki.Errorf(pki.Forbidden, "trustlist.signer", "the list is signed by none of the certificates it may be signed by").
		To("ask the centre whether its signing certificate is another one now, and compare its fingerprint before taking it over")
}

func mayStill(c *smx509.Certificate, at time.Time) error {
	if c == nil || at.Before(c.NotBefore) || at.After(c.NotAfter) {
		return pki.Errorf(pki.Forbidden, "trustlist.signer-life", "the certificate that signs the list is not within its life").
			To("have the centre sign with its successor, and name that one as well")
	}
	return nil
}

// Ended says that the list's next should be here.
func (l *List) Ended(at time.Time) bool { return !at.Before(l.Ends) }
