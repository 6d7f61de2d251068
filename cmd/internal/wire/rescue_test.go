package wire

import (
	"context"
	"crypto/rand"
	"database/sql"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"onecert/audit"
	"onecert/ca"
	"onecert/db"
	"onecert/officer"
	"onecert/pki"
	"onecert/shares"
)

// stranded is a CA alone, made a while ago by an injected clock, that nobody serves.
type stranded struct {
	*testing.T
	config  string
	clock   *lateClock
	options Options
	shares  []shares.Share
}

func strand(t *testing.T, ago time.Duration) *stranded {
	t.Helper()
	s := &stranded{T: t, clock: &lateClock{later: -ago}}
	s.options = Options{Now: s.clock.now, Log: slog.New(slog.DiscardHandler)}
	var err error
	s.config, err = InitCA(t.Context(), NewCA{Dir: filepath.Join(t.TempDir(), "ca"), Organisation: "示例省", Host: "127.0.0.1", Listen: freeAddress(t), Partitions: 1,
		Families: []string{"ecdsa"}, Suites: map[string][2]pki.Suite{"ecdsa": {pki.P256, pki.P256}},
		Addresses: ca.Addresses{CRL: "http://pki.example/crl", AIA: "http://pki.example/aia", OCSP: "http://pki.example/ocsp"}}, s.options)
	if err != nil {
		t.Fatal(err)
	}
	s.open(func(*CAProcess) {}) // the first start makes the database
	s.shares = s.prepare()      // before anybody has enrolled: they count at once
	s.open(func(p *CAProcess) {
		for name, role := range map[string]string{"a.system": officer.System, "a.security": officer.Security, "a.audit": officer.Audit} {
			s.enrol(p, name, role)
		}
		if _, err := p.SignCRLs(machineAs(officer.System), "ecdsa"); err != nil {
			t.Fatal(err)
		}
	})
	return s
}

func machineAs(role string) context.Context {
	return pki.WithActor(context.Background(), pki.Actor{Name: "test", Roles: []string{role}})
}

// open lets act work with the CA.
func (s *stranded) open(act func(*CAProcess)) {
	s.Helper()
	c, err := LoadCA(s.config)
	if err != nil {
		s.Fatal(err)
	}
	p, err := OpenCA(s.Context(), c, s.options)
	if err != nil {
		s.Fatal(err)
	}
	defer p.Close()
	act(p)
}

func (s *stranded) enrol(p *CAProcess, name, role string) *ca.Enrolled {
	s.Helper()
	code, err := p.Officers.NewCode(machineAs(officer.Security), role, name, time.Hour)
	if err != nil {
		s.Fatal(err)
	}
	request, err := newRequest(mustKey(s.T), name)
	if err != nil {
		s.Fatal(err)
	}
	done, err := p.Enrol(s.Context(), ca.Enrolment{Code: code, Request: request})
	if err != nil {
		s.Fatal(err)
	}
	return done
}

func (s *stranded) prepare() (split []shares.Share) {
	s.Helper()
	_, err := RescuePrepare(s.Context(), NewPreparation{Configs: []string{s.config}, Threshold: 2, Total: 3,
		Deliver: func(made []shares.Share) error { split = made; return nil }}, s.options)
	if err != nil {
		s.Fatal(err)
	}
	return split
}

func (s *stranded) codes(with []shares.Share, names ...string) (Rescued, error) {
	return RescueCodes(s.Context(), NewRescue{Config: s.config, Shares: with, Reason: "everything has ended"}, names, s.options)
}

// says is what the look says of a part, and what mends it.
func (s *stranded) says(name string) (string, Mend) {
	s.Helper()
	c, err := RescueLook(s.Context(), s.config, s.options)
	if err != nil {
		s.Fatal(err)
	}
	n := slices.IndexFunc(c.Parts, func(p Part) bool { return p.Name == name })
	if n < 0 {
		s.Fatalf("%s is not looked at: %+v", name, c.Parts)
	}
	return c.Parts[n].Says, c.Parts[n].Mend
}

func (s *stranded) wants(name, says string, mend Mend) {
	s.Helper()
	if got, by := s.says(name); got != says || by != mend {
		s.Errorf("%s: %s, mended by %q; want %s and %q", name, got, by, says, mend)
	}
}

func refusedWith(t *testing.T, err error, code string) {
	t.Helper()
	if pki.CodeOf(err) != code {
		t.Errorf("%v, not refused with %s", err, code)
	}
}

// While everything is in order every act is refused, whoever brings shares.
func TestRescueRefusedWhileHealthy(t *testing.T) {
	s := strand(t, 0)
	n := NewRescue{Config: s.config, Shares: s.shares, Reason: "because"}
	_, err := s.codes(s.shares)
	refusedWith(t, err, "rescue.healthy")
	_, err = RescueLists(t.Context(), n, s.options)
	refusedWith(t, err, "rescue.healthy")
	_, err = RescueCertificates(t.Context(), n, nil, t.TempDir(), s.options)
	refusedWith(t, err, "rescue.healthy")
	_, err = RescueInstall(t.Context(), n, t.TempDir(), s.options)
	refusedWith(t, err, "rescue.folder")
	s.wants("certificate.tls", "certificate.ok", "")
	s.wants("officer.a.security", "officer.ok", "")
	s.wants("audit.whole", "audit.whole", "")
}

// One administrator out of three is the security administrator's to let in again; one
// who was held on purpose is nobody's to get around.
func TestRescueCodesGiveNoMore(t *testing.T) {
	s := strand(t, 20*30*24*time.Hour)
	var held *ca.Enrolled
	s.open(func(p *CAProcess) {
		held = s.enrol(p, "b.audit", officer.Audit)
		if _, err := p.Hold(machineAs(officer.Security), held.Issued.Sign.Issuer, held.Issued.Sign.Serial); err != nil {
			t.Fatal(err)
		}
	})
	s.clock.add(10 * 30 * 24 * time.Hour)
	s.open(func(p *CAProcess) { s.enrol(p, "b.security", officer.Security) })
	s.clock.add(10 * 30 * 24 * time.Hour) // the first have ended, b.security has not
	s.wants("officer.a.system", "officer.expired-one", "")
	_, err := s.codes(s.shares)
	refusedWith(t, err, "rescue.healthy")
	s.clock.add(3 * 30 * 24 * time.Hour)
	s.wants("officer.b.audit", "officer.held", "")
	s.wants("officer.a.system", "officer.expired", MendCodes)
	_, err = s.codes(s.shares, "b.audit")
	refusedWith(t, err, "rescue.officer")
	done, err := s.codes(s.shares, "a.system")
	if err != nil || len(done.Codes) != 1 || done.Codes[0].Role != officer.System {
		t.Errorf("%+v %v", done, err)
	}
	if done, err = s.codes(s.shares); err != nil || len(done.Codes) != 4 {
		t.Errorf("%+v %v", done, err)
	}
	for _, c := range done.Codes {
		if c.Name == "b.audit" {
			t.Error("one who is held got a code")
		}
	}
}

// Shares made after the first start count after a day, and until then the earlier ones
// do; a set that was never noted does not count at all.
func TestRescueSharesSettle(t *testing.T) {
	s := strand(t, 25*30*24*time.Hour)
	s.clock.add(24 * 30 * 24 * time.Hour)
	late := s.prepare()
	_, err := s.codes(late)
	refusedWith(t, err, "rescue.shares")
	if _, err := s.codes(s.shares, "a.audit"); err != nil {
		t.Error(err)
	}
	s.clock.add(25 * time.Hour)
	_, err = s.codes(s.shares)
	refusedWith(t, err, "rescue.shares")
	_, err = s.codes(late[:1])
	refusedWith(t, err, "share.few")
	if _, err := s.codes(late[1:]); err != nil {
		t.Error(err)
	}
	foreign, err := shares.Split(rand.Reader, make([]byte, rescueSecret), 2, 2)
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.codes(foreign)
	refusedWith(t, err, "rescue.shares")
}

// Without shares ever made, the first ones count a day later.
func TestRescueUnprepared(t *testing.T) {
	clock := &lateClock{later: -25 * 30 * 24 * time.Hour}
	i := install(t, clock)
	i.stop()
	clock.add(25 * 30 * 24 * time.Hour)
	config := filepath.Join(i.dir, "kmc/kmc.yaml")
	n := NewRescue{Config: config, Reason: "because"}
	request := filepath.Join(t.TempDir(), "x.pem")
	if err := os.WriteFile(request, PEM(i.ca.identity.Certificate().Raw), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := RescueInstall(t.Context(), n, filepath.Dir(request), i.options)
	refusedWith(t, err, "rescue.unprepared")
	made, err := RescuePrepare(t.Context(), NewPreparation{Configs: []string{config}, Threshold: 2, Total: 2,
		Deliver: func(split []shares.Share) error { n.Shares = split; return nil }}, i.options)
	if err != nil || !made[0].Counts.Equal(made[0].At) { // no person was ever registered at this KMC
		t.Errorf("%+v %v", made, err)
	}
	// What is offered has ended itself.
	_, err = RescueInstall(t.Context(), n, filepath.Dir(request), i.options)
	refusedWith(t, err, "rescue.certificate")
}

// A log that was changed says nothing about who may rescue.
func TestRescueNeedsWholeLog(t *testing.T) {
	s := strand(t, 25*30*24*time.Hour)
	s.clock.add(25 * 30 * 24 * time.Hour)
	d, err := db.Open(t.Context(), "sqlite:"+filepath.Join(filepath.Dir(s.config), "ca.db"))
	if err != nil {
		t.Fatal(err)
	}
	err = d.Tx(t.Context(), func(tx *sql.Tx) error {
		if _, err := tx.Exec("DROP TRIGGER IF EXISTS audit_entry_stays"); err != nil {
			return err
		}
		_, err := tx.Exec("UPDATE audit_entry SET detail = REPLACE(detail, 'sha256', 'sha255') WHERE act = 'rescue.prepare'")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	d.Close()
	s.wants("audit.whole", "audit.changed", "")
	_, err = s.codes(s.shares)
	refusedWith(t, err, "rescue.audit")
}

// After the issuing CA's own end nothing signs any more: that is said, and is a
// ceremony's to mend, not a rescue's.
func TestRescueAfterIssuingCA(t *testing.T) {
	s := strand(t, (issuingYears*365+30)*24*time.Hour)
	s.clock.add((issuingYears*365 + 30) * 24 * time.Hour)
	s.wants("certificate.issuer.ecdsa", "certificate.expired", "")
	s.wants("crl.ecdsa", "crl.expired", "")
	_, err := RescueCertificates(t.Context(), NewRescue{Config: s.config, Shares: s.shares, Reason: "because"}, nil, t.TempDir(), s.options)
	refusedWith(t, err, "issuer.expired")
	if _, err := s.codes(s.shares); err != nil {
		t.Error("codes need no issuing CA until they are used:", err)
	}
}

// A served CA holds its lease: what needs it is refused, codes are not.
func TestRescueWhileServed(t *testing.T) {
	s := strand(t, 25*30*24*time.Hour)
	s.clock.add(25 * 30 * 24 * time.Hour)
	s.open(func(p *CAProcess) {
		s.wants("lease", "lease.held", "")
		_, err := RescueLists(t.Context(), NewRescue{Config: s.config, Shares: s.shares, Reason: "because"}, s.options)
		refusedWith(t, err, "ca.lease")
		if _, err := s.codes(s.shares); err != nil {
			t.Error(err)
		}
	})
	s.wants("lease", "lease.free", "")
	// The clock put back: judged by nothing.
	s.clock.add(-10 * 30 * 24 * time.Hour)
	_, err := s.codes(s.shares)
	refusedWith(t, err, "rescue.clock")
	log := audit.OpenReadOnly(mustOpen(t, s.config))
	refused, err := log.Search(t.Context(), audit.Query{Act: "rescue."})
	if err != nil || !slices.ContainsFunc(refused, func(e audit.Entry) bool {
		return e.Result == audit.Refused && e.Detail["code"] == "rescue.clock" && e.Actor == "rescue"
	}) {
		t.Errorf("the refused try is not in the log: %+v %v", refused, err)
	}
}

func mustOpen(t *testing.T, config string) *db.DB {
	t.Helper()
	d, err := db.OpenReadOnly(t.Context(), "sqlite:"+filepath.Join(filepath.Dir(config), "ca.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}
