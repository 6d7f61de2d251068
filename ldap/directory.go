package ldap

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"onecert/db"
	"onecert/pki"
	"onecert/status"
)

// Certificate is one that policy publishes.
type Certificate struct {
	Issuer string     `json:"issuer"` // the issuing CA's id
	Serial pki.Serial `json:"serial"`
	Holder string     `json:"holder"`
	Kind   string     `json:"kind"` // person, organisation, device or code
	Role   string     `json:"role"` // single, sign or encrypt
	DER    []byte     `json:"der"`
}

// Authority is an issuing CA or one above it.
type Authority struct {
	ID         string
	Chain      [][]byte // its own certificate first, DER
	Partitions int      // 0 for a CA without partition lists
}

// List is one CRL as it is published now; Partition -1 is the complete one.
type List struct {
	Partition int
	Delta     bool
	DER       []byte
}

// Source is where certificates and CAs come from: the CA or its network client.
type Source interface {
	// Published returns those of the named certificates that policy publishes.
	Published(ctx context.Context, issuer string, serials []pki.Serial) ([]Certificate, error)
	Authorities(ctx context.Context) ([]Authority, error)
}

// Lists is where lists come from; crl has them.
type Lists interface {
	Lists(ctx context.Context, issuer string) ([]List, error)
}

// Config is what a Directory needs.
type Config struct {
	DB     *db.DB
	Status *status.Journal // the truth or a copy of it
	Source Source
	Lists  Lists  // nil: entries of CAs carry no lists
	Base   string // DN everything stands under: "o=OneCert,c=CN"
	Now    func() time.Time
	Log    *slog.Logger
}

// Directory is the tree of entries. It keeps the published certificates in its own
// database and follows the journal: a certificate that is not valid is not shown.
type Directory struct {
	cfg         Config
	base        dn
	authorities atomic.Pointer[[]Authority]
	position    atomic.Int64 // journal number the store is true up to
}

// New opens the directory's tables.
func New(ctx context.Context, cfg Config) (*Directory, error) {
	base, ok := parseDN(cfg.Base)
	if !ok || len(base) == 0 {
		return nil, pki.Errorf(pki.Invalid, "config.ldap.base", "the directory's base is not a distinguished name").
			To(`write it as LDAP does, for example "o=OneCert,c=CN"`)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	if err := cfg.DB.Migrate(ctx, "ldap", migrations); err != nil {
		return nil, err
	}
	d := &Directory{cfg: cfg, base: base}
	number, err := d.readPosition(ctx, "")
	if err != nil {
		return nil, err
	}
	d.position.Store(number)
	none := []Authority{}
	d.authorities.Store(&none)
	return d, nil
}

// Position is the journal number up to which the directory shows the truth.
func (d *Directory) Position() int64 { return d.position.Load() }

// Holder returns the published certificates of a holder that are valid now.
func (d *Directory) Holder(ctx context.Context, holder string) ([]Certificate, error) {
	rows, err := d.certificatesOf(ctx, []string{holder})
	if err != nil {
		return nil, err
	}
	return rows[holder], nil
}

// Certificate returns one published certificate in whatever state it is.
func (d *Directory) Certificate(ctx context.Context, issuer string, serial pki.Serial) (*Certificate, error) {
	c, err := d.findCertificate(ctx, issuer, serial)
	if err == nil && c == nil {
		err = pki.Errorf(pki.Unknown, "ldap.unknown", "the directory has no such certificate").
			To("check issuer and serial; not every kind of certificate is published")
	}
	return c, err
}
