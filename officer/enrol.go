package officer

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"onecert/audit"
	"onecert/pki"
)

// A code lives at least a minute and at most a week.
const (
	minCode = time.Minute
	maxCode = 7 * 24 * time.Hour
)

// NewCode returns a one-time code that enrols a key as name in role. It is shown
// once: only its hash is kept. An earlier unused code for the same name is void
// from now on. The actor of ctx is recorded; whether it may do so is the caller's
// to check (IssueOfficer).
func (r *Registry) NewCode(ctx context.Context, role, name string, validFor time.Duration) (code string, err error) {
	actor, ok := pki.ActorFrom(ctx)
	if !ok {
		return "", anonymous()
	}
	kind := KindOf(role)
	if err := checkName(name); err != nil {
		return "", err
	}
	if err := CheckRoles(kind, []string{role}); err != nil {
		return "", err
	}
	if validFor < minCode || validFor > maxCode {
		return "", pki.Errorf(pki.Invalid, "enrolment.life", "a code must live from a minute to seven days")
	}
	if code, err = newCode(r.Random); err != nil {
		return "", err
	}
	hash, ok := hashCode(code)
	if !ok {
		return "", fmt.Errorf("making an enrolment code: it does not read back")
	}
	now := r.now().UTC()
	e := enrolment{hash: hash, role: role, name: name, added: now, by: actor.Name, expires: now.Add(validFor)}
	err = r.d.Tx(ctx, func(tx *sql.Tx) error { return r.addCode(ctx, tx, actor, kind, e) })
	if err != nil {
		return "", err
	}
	return code, nil
}

func (r *Registry) addCode(ctx context.Context, tx *sql.Tx, actor pki.Actor, kind Kind, e enrolment) error {
	err := r.log.Append(ctx, tx, audit.Act{Actor: actor, Act: "officer.code", Subject: e.name, Result: audit.Done,
		Detail: map[string]string{"role": e.role, "expires": e.expires.Format(time.RFC3339)}, At: e.added})
	if err != nil {
		return err
	}
	// Registering will check again; now is when somebody can still choose.
	if err := r.separate(ctx, tx, Officer{Name: e.name, Kind: kind, Roles: []string{e.role}}); err != nil {
		return err
	}
	if err := voidCodes(ctx, tx, e.name, e.added); err != nil {
		return err
	}
	return insertCode(ctx, tx, e)
}

// Redeem uses up a code within the transaction that enrols, and returns what it
// was made for. It works once; if the transaction is rolled back, the code stays
// good. Ten wrong codes within a minute are answered as wrong, further ones as too many;
// a right one is taken all the same, for nobody finds 160 bits by trying, and a stranger
// who tries could otherwise keep everybody out.
func (r *Registry) Redeem(ctx context.Context, tx *sql.Tx, code string) (role, name string, err error) {
	now := r.now().UTC()
	e, err := r.findCode(ctx, tx, code, now)
	if err != nil {
		return "", "", r.tries.judge(err, now)
	}
	actor, ok := pki.ActorFrom(ctx)
	if !ok {
		actor = pki.Actor{Name: e.name}
	}
	err = r.log.Append(ctx, tx, audit.Act{Actor: actor, Act: "officer.enrol", Subject: e.name, Result: audit.Done,
		Detail: map[string]string{"role": e.role}, At: now})
	if err != nil {
		return "", "", err
	}
	used, err := useCode(ctx, tx, e.hash, now)
	if err != nil {
		return "", "", err
	}
	if !used { // by another transaction, since it was found
		return "", "", usedCode()
	}
	return e.role, e.name, nil
}

func (r *Registry) findCode(ctx context.Context, tx *sql.Tx, code string, now time.Time) (enrolment, error) {
	unknown := pki.Errorf(pki.Forbidden, "enrolment.unknown", "this code is not known").To("type it as it was shown, or ask for a new one")
	hash, ok := hashCode(code)
	if !ok {
		return enrolment{}, unknown
	}
	e, found, err := codeOf(ctx, tx, hash)
	switch {
	case err != nil:
		return enrolment{}, err
	case !found:
		return enrolment{}, unknown
	case !e.used.IsZero():
		return enrolment{}, usedCode()
	case !now.Before(e.expires) || now.Before(e.added):
		return enrolment{}, pki.Errorf(pki.Forbidden, "enrolment.expired", "this code is no longer good").To("ask for a new one")
	}
	return e, nil
}

func usedCode() error {
	return pki.Errorf(pki.Forbidden, "enrolment.used", "this code was used before").
		To("if it was not you, tell the security administrator at once")
}
