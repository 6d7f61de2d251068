package officer

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
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
	NotAfter    time.Time  `json:"not_after,omitzero"` // of the certificate; zero where it was registered by an early release
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
		Issuer: in.Issuer, Serial: pki.SerialOf(c.SerialNumber), NotAfter: c.NotAfter.UTC(), keyHash: pki.KeyHash(c.RawSubjectPublicKeyInfo)}, nil
}

// separate refuses what CheckRoles cannot see in one registration: a second of the
// three administrations under the same name, or one beside the business, and a key known under another name,
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
		switch held, asked := dutyOf(other.Roles), dutyOf(o.Roles); {
		case held == asked:
		case held == "" || asked == "":
			return business(held + asked)
		default:
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

// End takes a certificate's rights for good. The last security administrator stays,
// unless the machine itself acts (rescue): without one nobody could register
// another. Where only one would be left, ending is proposed first: the error
// approval.needed names the proposal, and with its approval the certificate ends.
func (r *Registry) End(ctx context.Context, fingerprint string) error {
	var proposed Approval
	err := r.change(ctx, func(tx *sql.Tx) (err error) {
		proposed, err = r.end(ctx, tx, strings.ToLower(fingerprint))
		return err
	})
	if err == nil && proposed.ID != "" {
		return pki.Errorf(pki.Conflict, "approval.needed", "this leaves one security administrator; it is proposed as %s", proposed.ID).
			To("it takes effect once approved: %s", proposed.lack())
	}
	return err
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

// errAlone: one security administrator would be left. It never leaves the room.
var errAlone = errors.New("one security administrator would be left")

func (r *Registry) end(ctx context.Context, tx *sql.Tx, fingerprint string) (proposed Approval, err error) {
	o, err := registered(ctx, tx, fingerprint)
	if err != nil {
		return Approval{}, err
	}
	actor, _ := pki.ActorFrom(ctx)
	err = db.Savepoint(ctx, tx, func() error {
		if err := r.endOne(ctx, tx, o, "order"); err != nil || actor.Certificate == "" {
			return err
		}
		return keepsTwo(ctx, tx, o)
	})
	if !errors.Is(err, errAlone) {
		return Approval{}, err
	}
	return r.proposeIn(ctx, tx, Proposal{Operation: EndSecurity, Object: o.Fingerprint, Content: o.Name + " " + o.Fingerprint,
		Reason: "it leaves one security administrator"})
}

// endApproved ends the certificate of a security administrator with the auditor's
// consent, unless meanwhile it has become the last.
func (r *Registry) endApproved(ctx context.Context, tx *sql.Tx, a Approval) (func(), error) {
	o, err := registered(ctx, tx, a.Object)
	if err != nil {
		return nil, err
	}
	if err := r.endOne(ctx, tx, o, "approval "+a.ID); err != nil {
		return nil, err
	}
	if err := keepsTwo(ctx, tx, o); !errors.Is(err, errAlone) {
		return nil, err
	}
	return nil, nil
}

// keepsTwo judges what is left after a certificate has ended. A person counts once,
// however many certificates there are, and is no loss while one of them stays.
func keepsTwo(ctx context.Context, tx *sql.Tx, gone Officer) error {
	if !slices.Contains(gone.Roles, Security) {
		return nil
	}
	active, err := officers(ctx, tx, "WHERE ended_at IS NULL AND kind = 'officer'")
	if err != nil {
		return err
	}
	left := map[string]bool{}
	for _, o := range active {
		if slices.Contains(o.Roles, Security) {
			left[o.Name] = true
		}
	}
	switch {
	case len(left) == 0:
		return pki.Errorf(pki.Conflict, "officer.last", "this is the last security administrator's certificate").
			To("register another one first")
	case len(left) == 1 && !left[gone.Name]:
		return errAlone
	}
	return nil
}

func registered(ctx context.Context, q querier, fingerprint string) (Officer, error) {
	all, err := officers(ctx, q, "WHERE fingerprint = $1", fingerprint)
	if err != nil {
		return Officer{}, err
	}
	if len(all) == 0 {
		return Officer{}, pki.Errorf(pki.Unknown, "officer.unknown", "no certificate of this fingerprint is registered").To("see the list of officers")
	}
	return all[0], nil
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
