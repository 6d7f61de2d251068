package officer

import (
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"time"

	"onecert/audit"
	"onecert/db"
	"onecert/pki"
	"onecert/pkitest"
)

func TestRegisteredCertificateIsAnActor(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		for _, suite := range []pki.Suite{pki.SM2, pki.P256, pki.RSA2048} {
			in := h.registration("centre."+string(suite), Issuer, Custodian)
			in.Certificate = certificate(t, key(t, suite))
			_, err := h.Actor(t.Context(), in.Certificate)
			want(t, err, pki.Forbidden, "officer.unknown")
			o, err := h.Register(boss(t.Context()), in)
			if err != nil {
				t.Fatal(err)
			}
			sum := sha256.Sum256(in.Certificate)
			if o.Fingerprint != hex.EncodeToString(sum[:]) || o.AddedBy != "centre.security" || !o.Added.Equal(h.at()) || !o.Active() {
				t.Errorf("registered as %+v", o)
			}
			actor, err := h.Actor(t.Context(), in.Certificate)
			if err != nil || actor.Name != in.Name || strings.Join(actor.Roles, " ") != "issuer custodian" || actor.Certificate != o.Fingerprint {
				t.Errorf("actor %+v, %v", actor, err)
			}
			_, err = h.Register(boss(t.Context()), in)
			want(t, err, pki.Conflict, "officer.exists")
		}
		list, err := h.List(t.Context())
		if err != nil || len(list) != 3 || list[0].Name != "centre.p256" || list[0].Serial == "" || list[0].Issuer != "ecdsa" {
			t.Errorf("%+v %v", list, err)
		}
		if got := h.acts(); len(got) != 3 || got[0] != "centre.security officer.register centre.sm2 done" {
			t.Errorf("acts %q", got)
		}
	})
}

func TestEndedCertificateIsRefused(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		o, der := h.add("ra1.reviewer", Reviewer)
		h.pass(time.Hour)
		if err := h.End(boss(t.Context()), strings.ToUpper(o.Fingerprint)); err != nil {
			t.Fatal(err)
		}
		_, err := h.Actor(t.Context(), der)
		want(t, err, pki.Forbidden, "officer.ended")
		want(t, h.End(boss(t.Context()), o.Fingerprint), pki.Conflict, "officer.ended")
		want(t, h.End(boss(t.Context()), "00"), pki.Unknown, "officer.unknown")
		list, _ := h.List(t.Context())
		if len(list) != 1 || !list[0].Ended.Equal(h.at()) || list[0].EndedBy != "centre.security" {
			t.Errorf("list %+v", list)
		}
		_, err = h.Register(boss(t.Context()), Registration{Certificate: der, Name: "ra1.reviewer", Kind: Person, Roles: []string{Reviewer}, Issuer: "ecdsa"})
		want(t, err, pki.Conflict, "officer.exists")
		if got := h.acts(); len(got) != 2 || got[1] != "centre.security officer.end ra1.reviewer done" {
			t.Errorf("acts %q: what failed must not be there", got)
		}
	})
}

func TestOnePersonHasOneAdministration(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		first, _ := h.add("zhang", System)
		h.add("zhang", System) // a second certificate, of another suite perhaps
		for _, role := range []string{Security, Audit, Registrar, Custodian} {
			_, err := h.Register(boss(t.Context()), h.registration("zhang", role))
			want(t, err, pki.Conflict, "officer.separation")
			_, err = h.NewCode(boss(t.Context()), role, "zhang", time.Hour)
			want(t, err, pki.Conflict, "officer.separation")
		}
		_, err := h.Register(boss(t.Context()), h.registration("li", System, Audit))
		want(t, err, pki.Conflict, "officer.separation")
		_, err = h.Register(boss(t.Context()), h.registration("zhang", Site))
		want(t, err, pki.Conflict, "officer.kind")
		// Once every certificate of the one is ended, the other can be given.
		list, _ := h.List(t.Context())
		for _, o := range list {
			if err := h.End(boss(t.Context()), o.Fingerprint); err != nil {
				t.Fatal(err)
			}
		}
		h.add("zhang", Audit)
		if first.Name != "zhang" {
			t.Error(first)
		}
	})
}

func TestOneKeyHasOneName(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		k := key(t, pki.P256)
		in := h.registration("zhang", System)
		in.Certificate = certificate(t, k)
		if _, err := h.Register(boss(t.Context()), in); err != nil {
			t.Fatal(err)
		}
		in.Certificate, in.Name, in.Roles = certificate(t, k), "zhang2", []string{Audit}
		_, err := h.Register(boss(t.Context()), in)
		want(t, err, pki.Conflict, "officer.key")
		in.Name, in.Roles = "zhang", []string{System}
		if _, err := h.Register(boss(t.Context()), in); err != nil {
			t.Errorf("renewed for the same name: %v", err)
		}
	})
}

// Two registrations at the same time must not each see the other missing.
func TestSeparationHoldsAtTheSameTime(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		other, err := Open(t.Context(), h.d, h.log, h.at)
		if err != nil {
			t.Fatal(err)
		}
		defer other.Close()
		for round := range 5 {
			name := "zhang" + string(rune('a'+round))
			a, b := h.registration(name, Security), h.registration(name, Audit)
			errs := make(chan error, 2)
			go func() { _, err := h.Register(boss(t.Context()), a); errs <- err }()
			go func() { _, err := other.Register(boss(t.Context()), b); errs <- err }()
			one, two := <-errs, <-errs
			if (one == nil) == (two == nil) {
				t.Fatalf("%v and %v", one, two)
			}
			want(t, errors.Join(one, two), pki.Conflict, "officer.separation")
		}
	})
}

// The table itself refuses what a hole in the code might let through.
func TestTableRefusesTwoAdministrations(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		for roles, good := range map[string]bool{"system": true, "issuer system": true, "system security": false, "audit issuer system": false,
			"security audit": false, "site": false} {
			err := h.d.Tx(t.Context(), func(tx *sql.Tx) error {
				return insertOfficer(t.Context(), tx, Officer{Fingerprint: roles, Name: "x", Kind: Person, Roles: strings.Fields(roles),
					Issuer: "x", Serial: pki.Serial(roles), Added: h.at()})
			})
			if (err == nil) != good {
				t.Errorf("%s: %v", roles, err)
			}
		}
	})
}

func TestMalformedRegistrations(t *testing.T) {
	h := enter(t, pkitest.SQLite(t))
	good := h.registration("ra1", Site)
	for name, c := range map[string]struct {
		change func(*Registration)
		code   string
	}{
		"name":      {func(r *Registration) { r.Name = "RA 1" }, "officer.name"},
		"role":      {func(r *Registration) { r.Roles = []string{"root"} }, "officer.roles"},
		"kind":      {func(r *Registration) { r.Kind = Person }, "officer.kind"},
		"issuer":    {func(r *Registration) { r.Issuer = "" }, "officer.issuer"},
		"nothing":   {func(r *Registration) { r.Certificate = nil }, "officer.certificate"},
		"truncated": {func(r *Registration) { r.Certificate = r.Certificate[:99] }, "officer.certificate"},
		"two":       {func(r *Registration) { r.Certificate = append(r.Certificate, r.Certificate...) }, "officer.certificate"},
		"huge":      {func(r *Registration) { r.Certificate = make([]byte, maxCertificate+1) }, "officer.certificate"},
	} {
		in := good
		in.Certificate = append([]byte(nil), good.Certificate...)
		c.change(&in)
		_, err := h.Register(boss(t.Context()), in)
		if want(t, err, pki.Invalid, c.code); t.Failed() {
			t.Fatal(name)
		}
	}
	_, err := h.Register(t.Context(), good)
	want(t, err, pki.Forbidden, "officer.anonymous")
	if len(h.acts()) != 0 {
		t.Errorf("acts %q", h.acts())
	}
}

func TestOtherProcessFollows(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		other, err := Open(t.Context(), h.d, h.log, h.at)
		if err != nil {
			t.Fatal(err)
		}
		defer other.Close()
		o, der := h.add("centre.issuer", Issuer)
		if _, err := other.Actor(t.Context(), der); err != nil {
			t.Errorf("at the first request: %v", err)
		}
		if err := h.End(boss(t.Context()), o.Fingerprint); err != nil {
			t.Fatal(err)
		}
		deadline := time.Now().Add(60 * time.Second)
		for {
			if _, err = other.Actor(t.Context(), der); err != nil {
				break
			}
			if time.Now().After(deadline) {
				t.Fatal("ended rights are still taken for good elsewhere")
			}
			time.Sleep(20 * time.Millisecond)
		}
		want(t, err, pki.Forbidden, "officer.ended")
	})
}

func TestRegisterInIsOneWithItsTransaction(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		in := h.registration("ra1", Site)
		stop := errors.New("issuing failed")
		err := h.d.Tx(t.Context(), func(tx *sql.Tx) error {
			if _, err := h.RegisterIn(boss(t.Context()), tx, in); err != nil {
				return err
			}
			return stop
		})
		if !errors.Is(err, stop) {
			t.Fatal(err)
		}
		_, err = h.Actor(t.Context(), in.Certificate)
		want(t, err, pki.Forbidden, "officer.unknown")
		err = h.d.Tx(t.Context(), func(tx *sql.Tx) error {
			_, err := h.RegisterIn(boss(t.Context()), tx, in)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.Actor(t.Context(), in.Certificate); err != nil {
			t.Errorf("after the commit: %v", err)
		}
		if len(h.acts()) != 1 {
			t.Errorf("acts %q", h.acts())
		}
	})
}

func TestRevokedCertificateIsEnded(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		o, der := h.add("centre.security", Security) // also the last
		var found, again, none bool
		err := h.d.Tx(t.Context(), func(tx *sql.Tx) (err error) {
			ctx := machine(t.Context())
			if found, err = h.EndRevoked(ctx, tx, o.Issuer, o.Serial); err != nil {
				return err
			}
			if again, err = h.EndRevoked(ctx, tx, o.Issuer, o.Serial); err != nil {
				return err
			}
			none, err = h.EndRevoked(ctx, tx, "sm2", o.Serial)
			return err
		})
		if err != nil || !found || again || none {
			t.Fatalf("%v %v %v %v", err, found, again, none)
		}
		if err := h.look(t.Context()); err != nil {
			t.Fatal(err)
		}
		_, err = h.Actor(t.Context(), der)
		want(t, err, pki.Forbidden, "officer.ended")
	})
}

func TestLastSecurityAdministratorStays(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		first, der := h.add("centre.security", Security)
		want(t, h.End(boss(t.Context()), first.Fingerprint), pki.Conflict, "officer.last")
		if _, err := h.Actor(t.Context(), der); err != nil {
			t.Errorf("refused, and yet: %v", err)
		}
		second, _ := h.add("backup.security", Security)
		if err := h.End(machine(t.Context()), first.Fingerprint); err != nil {
			t.Error(err)
		}
		want(t, h.End(boss(t.Context()), second.Fingerprint), pki.Conflict, "officer.last")
		if err := h.End(machine(t.Context()), second.Fingerprint); err != nil {
			t.Errorf("rescue: %v", err)
		}
	})
}

func TestCheck(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		_, err := h.Check(t.Context(), Read)
		want(t, err, pki.Forbidden, "officer.anonymous")
		actor, err := h.Check(boss(t.Context()), WriteOfficers)
		if err != nil || actor.Name != "centre.security" {
			t.Errorf("%+v %v", actor, err)
		}
		if len(h.acts()) != 0 {
			t.Errorf("acts %q", h.acts())
		}
		_, err = h.Check(boss(t.Context()), Issue)
		want(t, err, pki.Forbidden, "officer.forbidden")
		entries, _ := h.log.Tail(t.Context(), 5)
		if len(entries) != 1 || entries[0].Act != "issue" || entries[0].Result != audit.Refused || entries[0].Address != "192.0.2.1" ||
			entries[0].Detail["code"] != "officer.forbidden" || !entries[0].At.Equal(h.at()) {
			t.Errorf("recorded as %+v", entries)
		}
	})
}

func TestNothingHappensWithoutItsAuditEntry(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		o, _ := h.add("ra1", Site)
		h.lost = true
		err := h.d.Tx(t.Context(), func(tx *sql.Tx) error {
			_, err := tx.ExecContext(t.Context(), "ALTER TABLE audit_entry RENAME TO gone")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		in := h.registration("ra2", Site)
		_, err = h.Register(boss(t.Context()), in)
		want(t, err, pki.Unavailable, "audit.unwritable")
		want(t, h.End(boss(t.Context()), o.Fingerprint), pki.Unavailable, "audit.unwritable")
		_, err = h.NewCode(boss(t.Context()), System, "centre.system", time.Hour)
		want(t, err, pki.Unavailable, "audit.unwritable")
		_, err = h.Check(boss(t.Context()), Issue)
		want(t, err, pki.Unavailable, "audit.unwritable")
		list, _ := h.List(t.Context())
		if len(list) != 1 || !list[0].Active() {
			t.Errorf("list %+v", list)
		}
	})
}

func TestNobodyIsLetInWhenTheRegistryIsLost(t *testing.T) {
	h := enter(t, pkitest.SQLite(t))
	_, der := h.add("ra1", Site)
	h.lost = true
	h.d.Close()
	_, err := h.Actor(t.Context(), []byte("stranger"))
	want(t, err, pki.Unavailable, "officer.stale")
	if _, err := h.Actor(t.Context(), der); err != nil {
		t.Errorf("one failed look: %v", err)
	}
	for range staleAfter {
		h.look(t.Context())
	}
	_, err = h.Actor(t.Context(), der)
	want(t, err, pki.Unavailable, "officer.stale")
}

func TestOpenNeedsALog(t *testing.T) {
	if _, err := Open(t.Context(), nil, nil, nil); err == nil {
		t.Error("opened")
	}
}

func BenchmarkActor(b *testing.B) {
	d, err := db.Open(b.Context(), pkitest.SQLite(b))
	if err != nil {
		b.Fatal(err)
	}
	defer d.Close()
	log, err := audit.Open(b.Context(), d, "demo.example/ca")
	if err != nil {
		b.Fatal(err)
	}
	r, err := Open(b.Context(), d, log, nil)
	if err != nil {
		b.Fatal(err)
	}
	defer r.Close()
	der := certificate(b, key(b, pki.P256))
	_, err = r.Register(machine(b.Context()), Registration{Certificate: der, Name: "ra1", Kind: Place, Roles: []string{Site}, Issuer: "ecdsa"})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.Actor(b.Context(), der); err != nil {
			b.Fatal(err)
		}
	}
}
