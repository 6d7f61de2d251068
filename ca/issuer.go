package ca

import (
	"crypto"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/lint"
	"onecert/pki"
)

// Signer is a key that signs whole to-be-signed bytes. *keys.Key is one.
type Signer interface {
	Public() crypto.PublicKey
	SignMessage(random io.Reader, message []byte, opts crypto.SignerOpts) ([]byte, error)
}

// Addresses are what stands in every certificate of an issuer and can never be
// changed in one that was issued. Each is an http address without a final slash.
type Addresses struct {
	CRL  string `yaml:"crl" json:"crl"`   // {crl}/{issuer}/{partition}.crl
	AIA  string `yaml:"aia" json:"aia"`   // {aia}/{issuer}.cer
	OCSP string `yaml:"ocsp" json:"ocsp"` // as it is
}

// Issuer is one issuing CA: its key, its certificate and its addresses.
type Issuer struct {
	ID          string
	Key         Signer
	Certificate *smx509.Certificate
	Chain       []*smx509.Certificate // above Certificate, the root last
	Addresses   Addresses
	Partitions  int // number of CRL partitions; fixed for the issuer's life
	// ListsOnly is a root whose key is still beside the issuing keys: it is never
	// ordered from, only its CRL is kept fresh. Off line roots do that in a ceremony.
	ListsOnly bool

	suite pki.Suite
	keyID []byte
	read  *lint.Authority // Certificate as the linter reads it
	// In every certificate of this issuer, so encoded once: who signed it, and where
	// the issuer's certificate and OCSP answers are.
	identifier, access pki.Extension
}

// MaxPartitions bounds an issuer's CRL partitions.
const MaxPartitions = 4096

var issuerID = regexp.MustCompile(`^[a-z][a-z0-9-]{0,31}$`)

// check holds the issuer's parts against each other before anything is signed.
func (i *Issuer) check() error {
	if !issuerID.MatchString(i.ID) {
		return pki.Errorf(pki.Invalid, "issuer.id", "issuer id %.40q is not 1 to 32 lower-case letters, digits and hyphens", i.ID)
	}
	var err error
	if i.suite, err = pki.SuiteOf(i.Key.Public()); err != nil {
		return fmt.Errorf("issuer %s: %w", i.ID, err)
	}
	have, err := pki.MarshalPublicKey(i.Key.Public())
	if err != nil {
		return fmt.Errorf("issuer %s: %w", i.ID, err)
	}
	want, err := pki.MarshalPublicKey(i.Certificate.PublicKey)
	if err != nil || string(have) != string(want) {
		return pki.Errorf(pki.Invalid, "issuer.key", "the key of issuer %s does not belong to its certificate", i.ID).
			To("check the key and certificate files in the configuration")
	}
	if !i.Certificate.IsCA || len(i.Certificate.SubjectKeyId) == 0 {
		return pki.Errorf(pki.Invalid, "issuer.certificate", "the certificate of issuer %s is not a CA's", i.ID)
	}
	if i.ListsOnly {
		i.Partitions = 0
	} else if i.Partitions < 1 || i.Partitions > MaxPartitions {
		return pki.Errorf(pki.Invalid, "issuer.partitions", "issuer %s has %d CRL partitions, not 1 to %d", i.ID, i.Partitions, MaxPartitions)
	}
	for _, address := range []string{i.Addresses.CRL, i.Addresses.AIA, i.Addresses.OCSP} {
		if !strings.HasPrefix(address, "http://") || strings.HasSuffix(address, "/") {
			return pki.Errorf(pki.Invalid, "issuer.address", "an address of issuer %s is not http://… without a final slash", i.ID).
				To("relying parties fetch CRL, AIA and OCSP over plain http; they are signed themselves")
		}
	}
	i.keyID = i.Certificate.SubjectKeyId
	i.identifier = pki.AuthorityKeyIDExtension(i.keyID)
	i.access = pki.AuthorityInfoExtension([]string{i.Addresses.OCSP}, []string{i.caURL()})
	i.read, err = lint.ReadAuthority(i.Certificate.Raw)
	return err
}

// partition says which CRL a serial is on. It depends on nothing but the serial,
// so it can be found again from the certificate alone.
func (i *Issuer) partition(serial pki.Serial) int {
	if len(serial) < 8 {
		return 0
	}
	n, err := strconv.ParseUint(string(serial[len(serial)-8:]), 16, 32)
	if err != nil {
		return 0
	}
	return int(n % uint64(i.Partitions))
}

func (i *Issuer) crlURL(partition int) string { return i.listURL(pki.ListName(partition, false)) }

func (i *Issuer) listURL(name string) string {
	return i.Addresses.CRL + "/" + i.ID + "/" + name + ".crl"
}

func (i *Issuer) caURL() string { return i.Addresses.AIA + "/" + i.ID + ".cer" }

// valid reports whether the issuer's certificate allows issuing at a moment.
func (i *Issuer) valid(now time.Time) error {
	if now.Before(i.Certificate.NotBefore) || now.After(i.Certificate.NotAfter) {
		return pki.Errorf(pki.Unavailable, "issuer.expired", "the certificate of issuer %s is not valid at this time", i.ID).
			To("check the machine's clock; if it is right, the issuer must be renewed in a ceremony")
	}
	return nil
}
