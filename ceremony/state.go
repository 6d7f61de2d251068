package ceremony

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/emmansun/gmsm/smx509"
	"go.yaml.in/yaml/v3"

	"onecert/pki"
)

// State is what the off-line roots have done so far. It lives in a folder of its own,
// with their certificates, encrypted keys and lists, from ceremony to ceremony.
type State struct {
	Generation  int       `yaml:"generation"` // one more each ceremony
	Updated     time.Time `yaml:"updated"`
	Ceremony    string    `yaml:"ceremony"`           // title of the last one
	Previous    string    `yaml:"previous,omitempty"` // SHA-256 of the state before
	Authorities []*Record `yaml:"authorities"`
}

// Record is one CA. Paths are below the state's folder.
type Record struct {
	ID          string         `yaml:"id"`
	Kind        string         `yaml:"kind"` // root or issuing
	Suite       pki.Suite      `yaml:"suite"`
	Parent      string         `yaml:"parent,omitempty"`      // empty for a root and below an outside root
	PublicKey   string         `yaml:"public_key"`            // pki.KeyHash
	Certificate string         `yaml:"certificate,omitempty"` // PEM, up to the root; absent until an outside root has answered
	SHA256      string         `yaml:"sha256,omitempty"`      // of the certificate
	Subject     string         `yaml:"subject"`
	Key         string         `yaml:"key,omitempty"` // of a root: URI
	Custody     *Custody       `yaml:"custody,omitempty"`
	Addresses   Addresses      `yaml:"addresses"`
	Partitions  int            `yaml:"partitions,omitempty"`
	List        *ListRecord    `yaml:"list,omitempty"`
	Issued      []IssuedRecord `yaml:"issued,omitempty"`
	Final       *ListRecord    `yaml:"final,omitempty"` // of a retired issuing CA, signed by itself
}

// Custody says who brings a key back.
type Custody struct {
	Set        string   `yaml:"set"`
	Shares     int      `yaml:"shares"`
	Threshold  int      `yaml:"threshold"`
	Custodians []string `yaml:"custodians"` // share 1 first
}

// ListRecord is a list that was signed.
type ListRecord struct {
	Number     int64     `yaml:"number"`
	SHA256     string    `yaml:"sha256"`
	File       string    `yaml:"file,omitempty"`
	ThisUpdate time.Time `yaml:"this_update"`
	NextUpdate time.Time `yaml:"next_update"`
}

// IssuedRecord is a certificate that a CA has signed in a ceremony.
type IssuedRecord struct {
	Serial    pki.Serial     `yaml:"serial"`
	Authority string         `yaml:"authority,omitempty"` // whose it is
	Subject   string         `yaml:"subject"`
	SHA256    string         `yaml:"sha256"`
	NotAfter  time.Time      `yaml:"not_after"`
	Revoked   *RevokedRecord `yaml:"revoked,omitempty"`
}

// RevokedRecord is an entry of the list.
type RevokedRecord struct {
	At      time.Time `yaml:"at"`
	Reason  string    `yaml:"reason"`
	Invalid time.Time `yaml:"invalid,omitempty"`
}

const (
	kindRoot    = "root"
	kindIssuing = "issuing"
	stateFile   = "root-state.yaml"
	stateHead   = "# The state of off-line roots. Written by 'onecert ceremony run', never by hand.\n"
)

// loadState reads and checks the state in a folder. Where the folder has none, or is
// not there, the state is empty and data nil.
func loadState(dir string) (state *State, data []byte, err error) {
	data, err = os.ReadFile(filepath.Join(dir, stateFile))
	if errors.Is(err, fs.ErrNotExist) {
		return &State{}, nil, vacantState(dir)
	}
	if err != nil || len(data) > maxFile {
		return nil, nil, wrongState("it cannot be read or is too large").Because(err)
	}
	state = &State{}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	decoder.KnownFields(true)
	if err := decoder.Decode(state); err != nil {
		return nil, nil, wrongState("%s", strings.Join(yamlFaults(stateFile, err), "; "))
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) || state.Generation < 1 {
		return nil, nil, wrongState("it is not one state")
	}
	for _, r := range state.Authorities {
		if err := r.check(dir); err != nil {
			return nil, nil, err
		}
	}
	return state, data, nil
}

// vacantState refuses a folder where a state has been and is missing.
func vacantState(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return wrongState("its folder cannot be read").Because(err)
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") && e.Name() != "lost+found" {
			return wrongState("it is missing in a folder that is not empty").To("name the folder of the last ceremony's state, or an empty one for the first")
		}
	}
	return nil
}

func wrongState(format string, args ...any) *pki.Error {
	return pki.Errorf(pki.Invalid, "ceremony.state", "the state of the roots (%s) cannot be used: %s", stateFile, fmt.Sprintf(format, args...)).
		To("compare it with the copy kept elsewhere and with the last transcript")
}

// find returns the record of a CA, nil if there is none.
func (s *State) find(id string) *Record {
	for _, r := range s.Authorities {
		if r.ID == id {
			return r
		}
	}
	return nil
}

// check holds a record against the files it names.
func (r *Record) check(dir string) error {
	if !idForm.MatchString(r.ID) || r.Kind != kindRoot && r.Kind != kindIssuing || r.Suite.Family() == "" {
		return wrongState("an entry is malformed")
	}
	if r.Certificate == "" {
		return nil
	}
	chain, err := r.chain(dir)
	if err != nil {
		return err
	}
	spki, err := pki.MarshalPublicKey(chain[0].PublicKey)
	if err != nil || hash(chain[0].Raw) != r.SHA256 || pki.KeyHash(spki) != r.PublicKey {
		return wrongState("the certificate of %s is another one than recorded", r.ID)
	}
	if r.List != nil {
		return r.checkList(dir, chain[0])
	}
	return nil
}

func (r *Record) chain(dir string) ([]*smx509.Certificate, error) {
	if !filepath.IsLocal(r.Certificate) {
		return nil, wrongState("the certificate of %s lies elsewhere", r.ID)
	}
	data, err := readBounded(filepath.Join(dir, r.Certificate), "certificate file")
	if err != nil {
		return nil, err
	}
	return readCertificates(data, r.Certificate)
}

// checkList refuses a record that is older than a list beside it: an old copy of the
// state would give numbers twice.
func (r *Record) checkList(dir string, by *smx509.Certificate) error {
	if !filepath.IsLocal(r.List.File) {
		return wrongState("the list of %s lies elsewhere", r.ID)
	}
	der, err := os.ReadFile(filepath.Join(dir, r.List.File))
	if err != nil {
		return wrongState("the last list of %s is missing", r.ID).Because(err)
	}
	list, err := readList(der, by)
	if err != nil {
		return err
	}
	if hash(der) != r.List.SHA256 || list.Number.Int64() != r.List.Number {
		return wrongState("the last list of %s is another one than recorded", r.ID)
	}
	later, err := filepath.Glob(filepath.Join(dir, listFolder, r.ID+"-*.crl"))
	if err != nil {
		return err
	}
	for _, path := range later {
		if n, ok := listNumber(path, r.ID); ok && n > r.List.Number {
			return wrongState("list %d of %s lies beside it, the record ends at %d", n, r.ID, r.List.Number)
		}
	}
	return nil
}

const listFolder = "lists"

func listFile(id string, number int64) string {
	return fmt.Sprintf("%s/%s-%d.crl", listFolder, id, number)
}

func listNumber(path, id string) (n int64, ok bool) {
	_, err := fmt.Sscanf(strings.TrimPrefix(filepath.Base(path), id+"-"), "%d.crl", &n)
	return n, err == nil
}

// next is the state after a ceremony.
func (s *State) next(title string, at time.Time, before []byte) ([]byte, error) {
	s.Generation++
	s.Updated, s.Ceremony = at, title
	if before != nil {
		s.Previous = hash(before)
	}
	data, err := yaml.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("writing the state: %w", err)
	}
	return append([]byte(stateHead), data...), nil
}

// issued finds what a revocation names among what a CA has signed.
func (r *Record) issued(what Revoke) (*IssuedRecord, error) {
	serial, _ := pki.ParseSerial(what.Serial)
	var found []*IssuedRecord
	for i := range r.Issued {
		entry := &r.Issued[i]
		if what.Serial != "" && entry.Serial == serial || what.Authority != "" && entry.Authority == what.Authority {
			found = append(found, entry)
		}
	}
	switch {
	case len(found) == 0:
		return nil, pki.Errorf(pki.Unknown, "ceremony.revoke", "%s has not signed what is to be revoked", r.ID).
			To("name an issuing CA or a serial number from %s", stateFile)
	case len(found) > 1:
		return nil, pki.Errorf(pki.Invalid, "ceremony.revoke", "%s has signed %d certificates for that CA", r.ID, len(found)).To("name one by its serial number")
	case found[0].Revoked != nil:
		return nil, pki.Errorf(pki.Conflict, "ceremony.revoke", "the certificate is revoked already").To("take it out of the file; it stays on the list")
	}
	return found[0], nil
}

func (r *Record) hasIssued(serial pki.Serial) bool {
	return slices.ContainsFunc(r.Issued, func(i IssuedRecord) bool { return i.Serial == serial })
}
