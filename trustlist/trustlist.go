package trustlist

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"time"

	"onecert/pki"
)

// Format is the only one there is; another means another document.
const Format = "onecert-trust-list-1"

// Limits of a list.
const (
	MaxBytes  = 8 << 20
	maxCAs    = 200
	maxLife   = 400 * 24 * time.Hour
	clockSkew = 5 * time.Minute // how far a signer's clock may be ahead
)

// List is what a centre says of foreign CAs at one moment. A later one has a higher number.
type List struct {
	Format    string    `json:"format"`
	Name      string    `json:"name" doc:"of the list itself, so that its signer's other lists cannot stand in for it"`
	Number    int64     `json:"number"`
	Publisher string    `json:"publisher,omitempty"`
	Issued    time.Time `json:"issued"`
	Ends      time.Time `json:"ends" doc:"a later list has come by then"`
	CAs       []CA      `json:"cas"`
}

// CA is one foreign CA, or one tree of CAs, and what it is accepted for.
type CA struct {
	Name          string    `json:"name"`
	Title         string    `json:"title,omitempty"`
	Anchors       string    `json:"anchors" doc:"PEM"`
	Intermediates string    `json:"intermediates,omitempty" doc:"PEM"`
	Level         int       `json:"level,omitempty" doc:"of assurance, 0 to 9"`
	Uses          []string  `json:"uses,omitempty" doc:"login, sign, seal, timestamp, vpn; none: all"`
	Until         time.Time `json:"until,omitzero"`
	Revocation    []Source  `json:"revocation,omitempty"`
	LeafOnly      bool      `json:"leafOnly,omitempty"`
}

// Source is where revocation data of a CA is found. What only a reader can know, such as
// passwords and networks of his own, is not in a list.
type Source struct {
	Name   string `json:"name"`
	Kind   string `json:"kind" doc:"crl, ocsp, upload"`
	URL    string `json:"url,omitempty"`
	Roots  string `json:"roots,omitempty" doc:"PEM: of an https or ldaps server"`
	Every  string `json:"every,omitempty"`
	MaxAge string `json:"maxAge,omitempty"`
	Nonce  bool   `json:"nonce,omitempty"`
}

// Parse reads a list strictly, signed or to be signed: a field nobody knows is an error,
// for it could be a condition. Error: trustlist.format.
func Parse(text []byte) (*List, error) {
	if len(text) > MaxBytes {
		return nil, refused("trustlist.format", "the list is larger than %d octets", MaxBytes)
	}
	l := &List{}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(l); err != nil {
		return nil, refused("trustlist.format", "the list does not decode").To("compare it with docs/gateway.md").Because(err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, refused("trustlist.format", "there is something behind the list").To("give one JSON document")
	}
	return l, nil
}

func refused(code, format string, args ...any) *pki.Error {
	return pki.Errorf(pki.Invalid, code, format, args...)
}
