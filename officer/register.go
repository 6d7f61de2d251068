package officer

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/audit"
	"onecert/db"
	"onecert/pki"
)

// maxCertificate bounds what is parsed as an officer's certificate.
const maxCertificate = 16 << 10

// Registration asks to let a certificate operate.
type Registration struct {
	Certificate []byte // DER, of any suite
	Name        string // as in the audit log: "centre.system"
	Kind        Kind
	Roles       []string
	Issuer      string // the issuing CA's id, as in status
}

// Officer is one registered certificate. A person or site may have several, under
// one name.
type Officer struct {
	Fingerprint string     `json:"fingerprint"` // SHA-256 of the DER, hex
	Name        string     `json:"name"`
	Kind        Kind       `json:"kind"`
	Roles       []string   `json:"roles"`
	Issuer      string     `json:"issuer"`
	Serial      pki.Serial `json:"serial"`
	Added       time.Time  `json:"added"`
	AddedBy     string     `json:"added_by"`
	Ended       time.Time  `json:"ended,omitzero"`
	EndedBy     string     `json:"ended_by,omitempty"`

	keyHash string
}

// Active says whether the certificate may operate.
func (o Officer) Active() bool { return o.Ended.IsZero() }

// Register lets a certificate operate from now on. The actor of ctx is recorded;
// whether it may do so is the caller's to check (WriteOfficers).
func (r *Registry) Register(ctx context.Context, in Registration) (o Officer, err error) {
	err = r.change(ctx, func(tx *sql.Tx) error {
		o, err = r.RegisterIn(ctx, tx, in)
		return err
	})
	return o, err
}

// RegisterIn is Register within the caller's transaction, for a certificate that
// is issued and registered in one, or after Redeem. It is known here at the first
// request that shows it.
func (r *Registry) RegisterIn(ctx context.Context, tx *sql.Tx, in Registration) (Officer, error) {
	actor, ok := pki.ActorFrom(ctx)
	if !ok {
		return Officer{}, anonymous()
	}
	o, err := read(in)
	if err != nil {
		return Officer{}, err
	}
	o.Added, o.AddedBy = r.now().UTC().Truncate(time.Millisecond), actor.Name
	// The audit log first, as its lock is the one every transaction shares.
	err = r.log.Append(ctx, tx, audit.Act{Actor: actor, Act: "officer.register", Object: o.Fingerprint, Subject: o.Name,
		Result: audit.Done, Detail: map[string]string{"roles": strings.Join(o.Roles, " "), "issuer": o.Issuer,
			"serial": string(o.Serial)}, At: o.Added})
	if err != nil {
		return Officer{}, err
	}
	if err := countChange(ctx, tx); err != nil {
		return Officer{}, err
	}
	if err := r.separate(ctx, tx, o); err != nil {
		return Officer{}, err
	}
	err = db.Savepoint(ctx, tx, func() error { return insertOfficer(ctx, tx, o) })
	if db.IsDuplicate(err) {
		return Officer{}, pki.Errorf(pki.Conflict, "officer.exists", "this certificate was registered before").
			To("a registration that was ended stays so: have a new certificate issued")
	}
	return o, err
}

// read takes from the certificate what is stored.
func read(in Registration) (Officer, error) {
	if err := checkName(in.Name); err != nil {
		return Officer{}, err
	}
	if err := CheckRoles(in.Kind, in.Roles); err != nil {
		return Officer{}, err
	}
	malformed := pki.Errorf(pki.Invalid, "officer.certificate", "the certificate cannot be read").To("give one certificate in DER")
	if len(in.Certificate) > maxCertificate {
		return Officer{}, malformed
	}
	c, err := smx509.ParseCertificate(in.Certificate)
	if err != nil {
		return Officer{}, malformed.Because(err)
	}
	if in.Issuer == "" {
		return Officer{}, pki.Errorf(pki.Invalid, "officer.issuer", "the issuing CA's id is missing")
	}
	sum := sha256.Sum256(c.Raw)
	return Officer{Fingerprint: hex.EncodeToString(sum[:]), Name: in.Name, Kind: in.Kind, Roles: slices.Clone(in.Roles),
		Issuer: in.Issuer, Serial: pki.SerialOf(c.SerialNumber), keyHash: pki.KeyHash(c.RawSubjectPublicKeyInfo)}, nil
}

// separate refuses what CheckRoles cannot see in one registration: a second of the
// three administrations under the same name, and a key known under another name,
// which is the same person.
func (r *Registry) separate(ctx context.Context, tx *sql.Tx, o Officer) error {
	same, err := officers(ctx, tx, "WHERE name = $1 OR key_hash = $2", o.Name, o.keyHash)
	if err != nil {
		return err
	}
	for _, other := range same {
		if other.Name != o.Name {
			return pki.Errorf(pki.Conflict, "officer.key", "the certificate's key is registered under another name").
				To("make a key of its own for each officer")
		}
		if !other.Active() {
			continue
		}
		if other.Kind != o.Kind {
			return pki.Errorf(pki.Conflict, "officer.kind", "the name belongs to %s", article(other.Kind)).To("choose another name")
		}
		if held, asked := dutyOf(other.Roles), dutyOf(o.Roles); held != "" && asked != "" && held != asked {
			return apart(held, asked)
		}
	}
	return nil
}

func article(k Kind) string {
	if k == Place {
		return "a site"
	}
	return "an officer"
}

func dutyOf(roles []string) string {
	for _, role := range roles {
		if d := duty(role); d != "" {
			return d
		}
	}
	return ""
}

// List returns every registration, ended ones too, by name and time.
func (r *Registry) List(ctx context.Context) ([]Officer, error) {
	return officers(ctx, r.d.Read(), "ORDER BY name, added_at, fingerprint")
}

// End takes a certificate's rights for good. The last active certificate of a
// security administrator stays, unless the machine itself acts (rescue): without
// one nobody could register another.
func (r *Registry) End(ctx context.Context, fingerprint string) error {
	return r.change(ctx, func(tx *sql.Tx) error { return r.end(ctx, tx, fingerprint) })
}

// EndRevoked ends the registration of a revoked certificate in the transaction
// that revokes it; found is false if it has none. Even the last goes.
func (r *Registry) EndRevoked(ctx context.Context, tx *sql.Tx, issuer string, serial pki.Serial) (found bool, err error) {
	all, err := officers(ctx, tx, "WHERE issuer = $1 AND serial = $2 AND ended_at IS NULL", issuer, string(serial))
	if err != nil || len(all) == 0 {
		return false, err
	}
	return true, r.endOne(ctx, tx, all[0], "revoked")
}

func (r *Registry) end(ctx context.Context, tx *sql.Tx, fingerprint string) error {
	all, err := officers(ctx, tx, "WHERE fingerprint = $1", strings.ToLower(fingerprint))
	if err != nil {
		return err
	}
	if len(all) == 0 {
		return pki.Errorf(pki.Unknown, "officer.unknown", "no certificate of this fingerprint is registered").To("see the list of officers")
	}
	if err := r.endOne(ctx, tx, all[0], "order"); err != nil {
		return err
	}
	actor, _ := pki.ActorFrom(ctx)
	if slices.Contains(all[0].Roles, Security) && actor.Certificate != "" {
		return anotherSecurity(ctx, tx)
	}
	return nil
}

func anotherSecurity(ctx context.Context, tx *sql.Tx) error {
	active, err := officers(ctx, tx, "WHERE ended_at IS NULL")
	if err != nil {
		return err
	}
	for _, o := range active {
		if slices.Contains(o.Roles, Security) {
			return nil
		}
	}
	return pki.Errorf(pki.Conflict, "officer.last", "this is the last security administrator's certificate").
		To("register another one first")
}

func (r *Registry) endOne(ctx context.Context, tx *sql.Tx, o Officer, why string) error {
	actor, ok := pki.ActorFrom(ctx)
	if !ok {
		return anonymous()
	}
	now := r.now().UTC()
	err := r.log.Append(ctx, tx, audit.Act{Actor: actor, Act: "officer.end", Object: o.Fingerprint, Subject: o.Name,
		Result: audit.Done, Detail: map[string]string{"why": why}, At: now})
	if err != nil {
		return err
	}
	if err := countChange(ctx, tx); err != nil {
		return err
	}
	ended, err := endOfficer(ctx, tx, o.Fingerprint, now, actor.Name)
	if err != nil {
		return err
	}
	if !ended {
		return pki.Errorf(pki.Conflict, "officer.ended", "the registration was ended before")
	}
	return nil
}
