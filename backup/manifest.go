package backup

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"path"
	"strings"
	"time"

	"onecert/db"
	"onecert/pki"
)

// About is what an archive says of what was kept: its first part.
type About struct {
	Component string    `json:"component"` // "ca"
	Origin    string    `json:"origin"`    // the audit log's
	Taken     time.Time `json:"taken"`     // when the database was as it is here
	Program   string    `json:"program"`   // version of the program that made it
	Engine    string    `json:"engine"`    // the database's
	// Schemas are the versions of the rooms' tables.
	Schemas map[string]int64 `json:"schemas"`
	// Config is the name of the configuration among the files, Folder where it lay.
	Config string `json:"config"`
	Folder string `json:"folder"`
	// Places says where files came from that did not lie in that folder: path by name.
	Places map[string]string `json:"places,omitempty"`
	// Apart are files the component needs and the archive leaves out: passphrases and
	// other secrets, kept by other hands. Secrets says that they are in it after all.
	Apart   []string `json:"apart,omitempty"`
	Secrets bool     `json:"secrets,omitempty"`
	// Devices are keys that live in hardware, which no archive holds, by their use.
	Devices []string `json:"devices,omitempty"`
	// Audit is the log's head, signed; AuditKey checks it.
	Audit    []byte `json:"audit,omitempty"`
	AuditKey string `json:"audit_key,omitempty"`
	// Figures are what the component counts: journal number, CRL numbers.
	Figures map[string]int64 `json:"figures,omitempty"`
	// Samples are texts encrypted to escrowed keys, for a drill to open.
	Samples []Sample `json:"samples,omitempty"`
}

// Sample is something old that only a recovered key opens.
type Sample struct {
	CA     string     `json:"ca"` // whose certificate number that is
	CertNo pki.Serial `json:"cert_no"`
	Holder string     `json:"holder"`
	Suite  pki.Suite  `json:"suite"`
	Sealed []byte     `json:"sealed"`
	SHA256 []byte     `json:"sha256"` // of what it opens to
}

// Sum is what an archive holds under a name.
type Sum struct {
	Name   string `json:"name"`
	Count  int64  `json:"count"` // rows of a table, octets of a file
	SHA256 []byte `json:"sha256"`
}

// Manifest is the last part: the sums of the others.
type Manifest struct {
	About  `json:"-"`
	Files  []Sum `json:"files"`
	Tables []Sum `json:"tables"`
}

// Rows returns how many rows there are in all.
func (m Manifest) Rows() (n int64) {
	for _, t := range m.Tables {
		n += t.Count
	}
	return n
}

// Limits on what an archive may make its reader hold.
const (
	maxText    = 1 << 20  // octets of About, and of the sums
	maxName    = 400      // octets of a name
	maxColumns = 200      // of a table
	maxValue   = 64 << 20 // octets of one value
	maxParts   = 10_000
	maxFile    = 1 << 30
)

func encodeJSON(value any) ([]byte, error) {
	text, err := json.Marshal(value)
	if err == nil && len(text) > maxText {
		err = errors.New("what the archive says of itself is too long")
	}
	return text, err
}

// decodeJSON is strict: an unknown field may be something that must not be lost.
func decodeJSON(text []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return errParts("what it says of itself cannot be read").Because(err)
	}
	if _, err := d.Token(); err != io.EOF {
		return errParts("what it says of itself goes on after its end")
	}
	return nil
}

// isLocal accepts a relative path with slashes that stays below where it is put.
func isLocal(name string) bool {
	return name != "" && len(name) <= maxName && fs.ValidPath(name) && name != "." && path.Clean(name) == name && !strings.ContainsAny(name, "\\\x00")
}

func knownKind(k db.Kind) bool {
	switch k {
	case db.Number, db.Text, db.Octets, db.Flag:
		return true
	}
	return false
}

func errParts(why string) *pki.Error {
	return pki.Errorf(pki.Invalid, "backup.parts", "the archive is not well-formed: %s", why).
		To("it was made by another program or release; take another copy")
}
