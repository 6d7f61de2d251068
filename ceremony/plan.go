package ceremony

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"time"

	"onecert/pki"
)

// Plan is a ceremony's file: what was reviewed and signed off before anybody travels.
// Relative paths start from the file's folder.
type Plan struct {
	Title    string `yaml:"title"`
	Place    string `yaml:"place,omitempty"`
	Operator string `yaml:"operator"`
	// Custodians hold the shares; the first holds share 1 of each set made here.
	Custodians []string `yaml:"custodians,omitempty"`
	Witnesses  []string `yaml:"witnesses,omitempty"`
	// State is the folder that off-line roots live in between ceremonies, such as a
	// mounted USB stick. The first ceremony makes it.
	State string `yaml:"state"`
	Acts  []Act  `yaml:"acts"`

	file string // base name
	dir  string
	data []byte
}

// Act is one step; exactly one field is there.
type Act struct {
	Root           *RootAct     `yaml:"root,omitempty"`
	Adopt          *AdoptAct    `yaml:"adopt,omitempty"`
	Issuing        *IssuingAct  `yaml:"issuing,omitempty"`
	RootCRL        *ListAct     `yaml:"root_crl,omitempty"`
	Rollover       *RolloverAct `yaml:"rollover,omitempty"`
	Retire         *RetireAct   `yaml:"retire,omitempty"`
	OutsideRequest *RequestAct  `yaml:"outside_request,omitempty"`
	OutsideImport  *ImportAct   `yaml:"outside_import,omitempty"`
	Reshare        *ReshareAct  `yaml:"reshare,omitempty"`
}

// Location is where a new key is kept: in a key file or device (Key), or in a file
// under a passphrase that only exists as shares (Split).
type Location struct {
	// Key is a URI of package keys. A relative file of a root is below the state's
	// folder, any other below the result's. A passphrase file that is not there is made.
	Key   string `yaml:"key,omitempty"`
	Split *Split `yaml:"split,omitempty"`
}

// Split is how a passphrase is split. CAs of one ceremony that name the same set are
// opened with the same shares.
type Split struct {
	Set       string `yaml:"set,omitempty"` // the CA's id if empty
	Shares    int    `yaml:"shares,omitempty"`
	Threshold int    `yaml:"threshold,omitempty"` // 3 of 5 where neither is given
}

// RootAct makes a root.
type RootAct struct {
	ID         string    `yaml:"id"`
	Suite      pki.Suite `yaml:"suite"`
	Subject    string    `yaml:"subject"` // C=CN, O=…, CN=…
	Years      int       `yaml:"years"`
	PathLength *int      `yaml:"path_length,omitempty"` // without: no limit
	Location   `yaml:",inline"`
	// Addresses are where the root's certificate and list are found; they stand in
	// the certificates it signs.
	Addresses Addresses `yaml:"addresses"`
}

// AdoptAct takes a root off line that was made on line. Its old key file is to be
// destroyed by hand afterwards.
type AdoptAct struct {
	ID          string    `yaml:"id"`
	Certificate string    `yaml:"certificate"` // file
	OldKey      string    `yaml:"old_key"`     // URI; relative files start from the ceremony's file
	CRL         string    `yaml:"crl"`         // its last list: its number is where ours goes on
	Split       Split     `yaml:"split"`
	Addresses   Addresses `yaml:"addresses"`
	// Issuing are the CAs below it that are still in use.
	Issuing []AdoptedCA `yaml:"issuing,omitempty"`
}

// AdoptedCA is an issuing CA below an adopted root.
type AdoptedCA struct {
	ID          string    `yaml:"id"`
	Certificate string    `yaml:"certificate"`
	Addresses   Addresses `yaml:"addresses"`
	Partitions  int       `yaml:"partitions"`
}

// IssuingAct makes an issuing CA.
type IssuingAct struct {
	ID              string              `yaml:"id"`
	Parent          string              `yaml:"parent"`
	Suite           pki.Suite           `yaml:"suite,omitempty"`   // not with request
	Subject         string              `yaml:"subject,omitempty"` // not with request
	Years           int                 `yaml:"years"`
	PathLength      int                 `yaml:"path_length,omitempty"`
	NameConstraints pki.NameConstraints `yaml:"name_constraints,omitempty"`
	Policies        []string            `yaml:"policies,omitempty"` // any policy if empty
	Location        `yaml:",inline"`
	// Request is a PKCS#10 file from where the key was made; the key stays there.
	Request string `yaml:"request,omitempty"`
	// Addresses stand in what this CA issues.
	Addresses  Addresses `yaml:"addresses"`
	Partitions int       `yaml:"partitions,omitempty"` // of its CRL; 16
}

// ListAct makes a root's list, numbered one above the last.
type ListAct struct {
	Root   string   `yaml:"root"`
	Days   int      `yaml:"days,omitempty"`   // 365
	Number int64    `yaml:"number,omitempty"` // refused where the record has reached it
	Revoke []Revoke `yaml:"revoke,omitempty"`
}

// Revoke names a certificate the root has signed: by the CA's id, or by serial number.
type Revoke struct {
	Authority string `yaml:"authority,omitempty"`
	Serial    string `yaml:"serial,omitempty"`
	Reason    string `yaml:"reason"`
	Invalid   string `yaml:"invalid,omitempty"` // 2026-03-01, where it was bad before
}

// RolloverAct gives an issuing CA a new key under its name, as a CA with a new id, and
// makes the cross certificates between the two (RFC 4210 4.4).
type RolloverAct struct {
	Authority string    `yaml:"authority"`
	ID        string    `yaml:"id"`
	Suite     pki.Suite `yaml:"suite,omitempty"` // the old one's if empty
	Years     int       `yaml:"years"`
	OldKey    string    `yaml:"old_key"` // URI; relative files start from the ceremony's file
	Location  `yaml:",inline"`
}

// RetireAct ends an issuing CA: its entry comes onto the root's list, which must be
// made later in the same file.
type RetireAct struct {
	Authority string `yaml:"authority"`
	Reason    string `yaml:"reason,omitempty"` // cessationOfOperation if empty
	// FinalCRL is the last list the CA has signed itself.
	FinalCRL string `yaml:"final_crl"`
}

// RequestAct makes a request to an outside root: for a CA that is there, or for a new
// issuing CA that will have no other parent.
type RequestAct struct {
	Authority  string    `yaml:"authority,omitempty"`
	ID         string    `yaml:"id,omitempty"`
	Suite      pki.Suite `yaml:"suite,omitempty"`
	Subject    string    `yaml:"subject,omitempty"`
	Location   `yaml:",inline"`
	Addresses  Addresses `yaml:"addresses,omitempty"`
	Partitions int       `yaml:"partitions,omitempty"`
}

// ImportAct takes in an outside root's answer. What the answer may bound is written
// here beforehand; anything else is refused.
type ImportAct struct {
	Authority       string              `yaml:"authority"`
	Certificate     string              `yaml:"certificate"` // file
	Chain           string              `yaml:"chain"`       // file: from its issuer up to the outside root
	Anchor          string              `yaml:"anchor"`      // SHA-256 of the outside root, from its operator by another way
	PathLength      *int                `yaml:"path_length,omitempty"`
	NameConstraints pki.NameConstraints `yaml:"name_constraints,omitempty"`
}

// ReshareAct splits anew what opens a root, for other custodians or numbers. Old copies
// of the key file are to be destroyed: the old shares go on opening those.
type ReshareAct struct {
	Authority string `yaml:"authority"`
	Split     Split  `yaml:"split"`
}

// maxFile bounds a ceremony's file and every file it names.
const maxFile = 1 << 20

// LoadPlan reads and checks a ceremony's file. All faults are told, each with its line.
func LoadPlan(path string) (*Plan, error) {
	data, err := readBounded(path, "ceremony file")
	if err != nil {
		return nil, err
	}
	dir, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	return ParsePlan(filepath.Base(path), dir, data)
}

// path resolves a path of the file.
func (p *Plan) path(path string) string { return absolute(p.dir, path) }

// Hash is the SHA-256 of the file, in hexadecimal.
func (p *Plan) Hash() string { return hash(p.data) }

func readBounded(path, what string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, pki.Errorf(pki.Invalid, "ceremony.file", "the %s %s cannot be read", what, path).To("check the path").Because(err)
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err == nil && len(data) > maxFile {
		err = errors.New("too large")
	}
	if err != nil {
		return nil, pki.Errorf(pki.Invalid, "ceremony.file", "the %s %s cannot be read or is over %d octets", what, path, maxFile).Because(err)
	}
	return data, nil
}

// day is how a date stands in the file.
const day = time.DateOnly
