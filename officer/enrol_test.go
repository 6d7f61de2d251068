package officer

import (
	"bytes"
	"database/sql"
	"errors"
	"strings"
	"testing"
	"time"

	"onecert/pki"
)

func (h *house) code(role, name string) string {
	h.t.Helper()
	code, err := h.NewCode(machine(h.t.Context()), role, name, time.Hour)
	if err != nil {
		h.t.Fatal(err)
	}
	return code
}

// redeem redeems in a transaction of its own.
func (h *house) redeem(code string) (role, name string, err error) {
	err = h.d.Tx(h.t.Context(), func(tx *sql.Tx) error {
		role, name, err = h.Redeem(h.t.Context(), tx, code)
		return err
	})
	return role, name, err
}

func TestFirstStart(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		for _, role := range []string{System, Security, Audit} {
			code := h.code(role, "centre."+role)
			in := h.registration("centre."+role, role)
			err := h.d.Tx(t.Context(), func(tx *sql.Tx) error {
				got, name, err := h.Redeem(t.Context(), tx, strings.ToLower(code))
				if err != nil {
					return err
				}
				if got != role || name != in.Name {
					t.Errorf("%s for %s", got, name)
				}
				_, err = h.RegisterIn(pki.WithActor(t.Context(), pki.Actor{Name: name}), tx, in)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			actor, err := h.Actor(t.Context(), in.Certificate)
			if err != nil || actor.Name != in.Name {
				t.Errorf("%+v %v", actor, err)
			}
			_, _, err = h.redeem(code)
			want(t, err, pki.Forbidden, "enrolment.used")
		}
		got := strings.Join(h.acts()[:3], "|")
		if got != "machine officer.code centre.system done|centre.system officer.enrol centre.system done|centre.system officer.register centre.system done" {
			t.Errorf("acts %q", got)
		}
	})
}

func TestCodeIsKeptAsItsHashOnly(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.Random = bytes.NewReader(bytes.Repeat([]byte{0xa5}, codeOctets))
		code := h.code(System, "centre.system")
		hash, _ := hashCode(code)
		var stored string
		if err := h.d.Read().QueryRowContext(t.Context(), "SELECT code_hash FROM enrolment").Scan(&stored); err != nil || stored != hash {
			t.Errorf("stored %q, %v", stored, err)
		}
		var logged string
		if err := h.d.Read().QueryRowContext(t.Context(), "SELECT detail FROM audit_entry").Scan(&logged); err != nil || strings.Contains(logged, code[:9]) {
			t.Errorf("logged %q, %v", logged, err)
		}
		_, err := h.NewCode(machine(t.Context()), System, "centre.system", time.Hour)
		if err == nil {
			t.Error("a code was made without randomness")
		}
	})
}

func TestCodesEnd(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		first := h.code(Issuer, "centre.issuer")
		second := h.code(Issuer, "centre.issuer")
		_, _, err := h.redeem(first)
		want(t, err, pki.Forbidden, "enrolment.expired") // the second made it void
		h.pass(time.Hour - time.Millisecond)
		stop := errors.New("issuing failed")
		err = h.d.Tx(t.Context(), func(tx *sql.Tx) error {
			if _, _, err := h.Redeem(t.Context(), tx, second); err != nil {
				return err
			}
			return stop
		})
		if !errors.Is(err, stop) {
			t.Fatal(err)
		}
		if _, _, err := h.redeem(second); err != nil {
			t.Errorf("after a rollback: %v", err)
		}
		third := h.code(Issuer, "centre.issuer")
		h.pass(time.Hour)
		_, _, err = h.redeem(third)
		want(t, err, pki.Forbidden, "enrolment.expired")
		h.pass(-24 * time.Hour) // a clock put back makes no code good
		_, _, err = h.redeem(third)
		want(t, err, pki.Forbidden, "enrolment.expired")
		_, _, err = h.redeem("AAAA-AAAA-AAAA-AAAA-AAAA-AAAA-AAAA-AAAA")
		want(t, err, pki.Forbidden, "enrolment.unknown")
	})
}

func TestCodeWorksOnceAtTheSameTime(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		for range 5 {
			code := h.code(Site, "ra1")
			errs := make(chan error, 4)
			for range cap(errs) {
				go func() { _, _, err := h.redeem(code); errs <- err }()
			}
			good := 0
			for range cap(errs) {
				if err := <-errs; err == nil {
					good++
				} else if pki.CodeOf(err) != "enrolment.used" && pki.CodeOf(err) != "enrolment.busy" {
					t.Error(err)
				}
			}
			if good != 1 {
				t.Errorf("the code worked %d times", good)
			}
			h.pass(2 * time.Minute)
		}
	})
}

// TestAThousandWrongCodes: who guesses learns nothing after the tenth within a minute,
// writes nothing to the log, and keeps nobody out who has a code.
func TestAThousandWrongCodes(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		code := h.code(Site, "ra1")
		before, err := h.log.Tail(t.Context(), 100)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 1000 {
			_, _, err := h.redeem("wrong")
			if i < maxTries {
				want(t, err, pki.Forbidden, "enrolment.unknown")
			} else {
				want(t, err, pki.Unavailable, "enrolment.busy")
			}
		}
		if after, err := h.log.Tail(t.Context(), 100); err != nil || len(after) != len(before) {
			t.Errorf("%d entries more, %v", len(after)-len(before), err)
		}
		if _, _, err := h.redeem(code); err != nil {
			t.Error(err)
		}
		h.pass(tryWindow)
		_, _, err = h.redeem("wrong")
		want(t, err, pki.Forbidden, "enrolment.unknown")
	})
}

func TestMalformedCodes(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := machine(t.Context())
		_, err := h.NewCode(t.Context(), System, "centre.system", time.Hour)
		want(t, err, pki.Forbidden, "officer.anonymous")
		_, err = h.NewCode(ctx, "root", "centre.system", time.Hour)
		want(t, err, pki.Invalid, "officer.roles")
		_, err = h.NewCode(ctx, System, "Centre", time.Hour)
		want(t, err, pki.Invalid, "officer.name")
		for _, life := range []time.Duration{0, -time.Hour, minCode - 1, maxCode + 1} {
			_, err = h.NewCode(ctx, System, "centre.system", life)
			want(t, err, pki.Invalid, "enrolment.life")
		}
		h.add("ra1", Site)
		_, err = h.NewCode(ctx, System, "ra1", time.Hour)
		want(t, err, pki.Conflict, "officer.kind")
	})
}
