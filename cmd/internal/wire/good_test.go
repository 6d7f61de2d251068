package wire

import (
	"context"
	"database/sql"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"onecert/ca"
	"onecert/db"
	"onecert/pki"
)

// TestRevokedOfficersAreKnownElsewhere: a component that is not the CA refuses a
// revoked certificate by the CA's CRL, goes on with a current list while the CA is
// away, and refuses everybody when the list has lapsed.
func TestRevokedOfficersAreKnownElsewhere(t *testing.T) {
	clock := &lateClock{}
	i := install(t, clock)
	ctx := machine(context.Background())
	request, err := newRequest(mustKey(t), "officer")
	if err != nil {
		t.Fatal(err)
	}
	issued, err := i.ca.Issue(ctx, ca.Order{Application: "officer-1", Profile: "officer", Request: request, Holder: "officer:x",
		Subject: pki.Name{{Type: "C", Value: "CN"}, {Type: "O", Value: "示例省电子政务"}, {Type: "CN", Value: "centre.custodian"}}})
	if err != nil {
		t.Fatal(err)
	}
	asked := Asked{Issuer: i.ca.issuersNamed(t, "ecdsa"), Serial: issued.Sign.Serial, Where: []string{"http://pki.example/aia/ecdsa.cer"}}
	await(t, "the certificate is good", func() bool { return i.kmc.good.check(ctx, asked) == nil })
	if _, err := i.ca.Revoke(ctx, "ecdsa", issued.Sign.Serial, ca.Revocation{Reason: "keyCompromise"}); err != nil {
		t.Fatal(err)
	}
	await(t, "the revocation is known", func() bool {
		clock.add(fresh)
		return pki.CodeOf(i.kmc.good.check(ctx, asked)) == "officer.certificate"
	})
	other := Asked{Issuer: asked.Issuer, Serial: pki.SerialOf(i.kmc.identity.Certificate().SerialNumber), Where: asked.Where}
	i.cancel()
	i.running.Wait()
	clock.add(time.Minute)
	if err := i.kmc.good.check(ctx, other); err != nil {
		t.Errorf("with the CA away and a current list: %v", err)
	}
	clock.add(48 * time.Hour)
	if err := i.kmc.good.check(ctx, other); pki.KindOf(err) != pki.Unavailable {
		t.Errorf("with a lapsed list: %v", err)
	}
}

func (p *CAProcess) issuersNamed(t *testing.T, id string) []byte {
	t.Helper()
	issuer, err := p.Issuer(id)
	if err != nil {
		t.Fatal(err)
	}
	return issuer.Certificate.RawSubject
}

func await(t testing.TB, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(60 * time.Second); !done(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("not within a minute: " + what)
		}
	}
}

// TestChangedRecordsStopTheStart: an officer written into the table, or a
// revocation taken out of it, is found at the next start.
func TestChangedRecordsStopTheStart(t *testing.T) {
	i := install(t, &lateClock{})
	i.stop()
	path := filepath.Join(i.dir, "ca/ca.yaml")
	config, err := LoadCA(path)
	if err != nil {
		t.Fatal(err)
	}
	d, err := db.Open(context.Background(), "sqlite:"+filepath.Join(i.dir, "ca/ca.db"))
	if err != nil {
		t.Fatal(err)
	}
	plant := func(statement string) {
		t.Helper()
		err := d.Tx(context.Background(), func(tx *sql.Tx) error {
			_, err := tx.Exec(statement)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	plant(`INSERT INTO officer (fingerprint, name, kind, roles, key_hash, issuer, serial, added_at, added_by)
		VALUES ('` + strings.Repeat("ab", 32) + `', 'mallory', 'officer', 'issuer', 'x', 'ecdsa', '01', 1, 'centre.security')`)
	if p, err := OpenCA(context.Background(), config, i.options); pki.CodeOf(err) != "records.changed" {
		t.Errorf("a planted officer: %v", err)
		if p != nil {
			p.Close()
		}
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestNobodyToAskIsNotRemembered: a centre that started before its CA takes the first
// order that comes after the CA is there, not only one a second later.
func TestNobodyToAskIsNotRemembered(t *testing.T) {
	var answer error = pki.Errorf(pki.Unavailable, "officer.status", "nobody can say")
	asked := 0
	g := newGoodness(func() time.Time { return time.Unix(1_800_000_000, 0) }, func(context.Context, Asked) error {
		asked++
		return answer
	})
	one := Asked{Serial: "01"}
	if err := g.check(context.Background(), one); pki.KindOf(err) != pki.Unavailable {
		t.Fatal(err)
	}
	answer = nil
	for range 2 {
		if err := g.check(context.Background(), one); err != nil {
			t.Fatal(err)
		}
	}
	if asked != 2 {
		t.Errorf("asked %d times: what was found is remembered for a second", asked)
	}
}
