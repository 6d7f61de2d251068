package kmc

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"onecert/audit"
	"onecert/officer"
	"onecert/pki"
	"onecert/pkitest"
)

// old makes a pair of a holder, retires it, and returns its order.
func (s *seats) old(n int, holder string) pki.KeyOrder {
	s.t.Helper()
	o, _ := s.give(n, pki.SM2, holder)
	if err := s.centre.Retire(s.as("ca1"), o.CertNo); err != nil {
		s.t.Fatal(err)
	}
	return o
}

func (s *seats) destroy(name string, orders ...pki.KeyOrder) (officer.Receipt, error) {
	d := Destruction{Reason: "保存期满"}
	for _, o := range orders {
		d.Keys = append(d.Keys, KeyName{CertNo: o.CertNo})
	}
	ctx, c := s.at(name)
	return c.Destroy(ctx, d)
}

// later is when everything made in these tests is past its retention.
func (s *seats) later() { s.clock.advance(s.clock.Now().AddDate(13, 0, 1).Sub(s.clock.Now())) }

func testDestruction(t *testing.T, s *seats, j *court) {
	one, two := s.old(1, "holder-x"), s.old(2, "holder-x")
	used, _ := s.give(3, pki.SM2, "holder-x")
	_, err := s.destroy("keeper", one)
	wantCode(t, err, pki.Conflict, "km.kept")
	s.later()
	_, err = s.destroy("keeper", used) // never ended, so never past
	wantCode(t, err, pki.Conflict, "km.kept")
	for _, name := range []string{"boss", "auditor", "system", "ca1"} {
		_, err = s.destroy(name, one)
		wantCode(t, err, pki.Forbidden, "officer.forbidden")
	}
	receipt, err := s.destroy("keeper", one, two)
	if err != nil || len(receipt.Missing) != 2 {
		t.Fatalf("%+v %v", receipt, err)
	}
	s.agree(receipt.Approval, receipt.Digest, "keeper2")
	r, err := findRecord(t.Context(), s.config.DB.Read(), s.keyOf(one))
	if err != nil || s.centre.vault.check(r) != nil {
		t.Errorf("two persons destroyed a key that needs three: %v", err)
	}
	s.agree(receipt.Approval, receipt.Digest, "boss")
	if r, err = findRecord(t.Context(), s.config.DB.Read(), s.keyOf(one)); err != nil || !bytes.Equal(r.sealed, make([]byte, len(r.sealed))) || len(r.spki) == 0 {
		t.Errorf("what is left: %v %v", r, err)
	}
	s.gone(t, one)
	_, err = s.destroy("keeper", one)
	wantCode(t, err, pki.Conflict, "km.destroyed")
	o := j.order("")
	o.Keys, o.Certificates = []KeyName{{CertNo: one.CertNo}}, [][]byte{s.certificateNow(t, "Example Investigator")}
	_, err = s.open(o)
	wantCode(t, err, pki.Conflict, "km.destroyed")
	ledger := s.ledger("holder-x")
	var told []Touch
	for _, touch := range ledger {
		if touch.Act == "key.destroy" {
			told = append(told, touch)
		}
	}
	if len(told) != 2 || told[0].Reason != "保存期满" || told[0].By != "boss" || !strings.Contains(told[0].ApprovedBy, "keeper2") {
		t.Errorf("%+v", told)
	}
	ctx, c := s.at("system")
	status, err := c.Status(ctx)
	if err != nil || status.Suites[0].Destroyed != 2 || status.Suites[0].History != 0 || status.Suites[0].InUse != 1 {
		t.Errorf("%+v %v", status, err)
	}
}

func (s *seats) keyOf(o pki.KeyOrder) string {
	s.t.Helper()
	u, err := findUse(s.t.Context(), s.config.DB.Read(), byCertNo, "ca1", string(o.CertNo))
	if err != nil || u == nil {
		s.t.Fatal(err)
	}
	return u.keyID
}

// certificateNow is a signing certificate that is valid at the clock's time.
func (s *seats) certificateNow(t *testing.T, holder string) []byte {
	fresh := *s.holders
	fresh.now = s.clock.Now()
	fresh.last += 1000
	return fresh.issue(t, holder, newToken(t, pki.SM2).signer.Public(), nil)
}

// gone: no way leads to a destroyed pair, and each try stands in the ledger.
func (s *seats) gone(t *testing.T, o pki.KeyOrder) {
	t.Helper()
	before := len(s.ledger(o.Holder))
	_, err := s.centre.Generate(s.as("ca1"), o) // the order it was made for
	wantCode(t, err, pki.Conflict, "km.destroyed")
	_, err = s.centre.Restore(s.as("ca1"), pki.KeyRestore{CertNo: o.CertNo, Recipient: newToken(t, pki.SM2).spki, Holder: o.Holder, Reason: "mine"})
	wantCode(t, err, pki.Conflict, "km.destroyed")
	ctx, c := s.at("keeper")
	_, err = c.Recover(ctx, Recovery{CertNo: o.CertNo, Reason: "mine", Certificate: s.certificateNow(t, o.Holder)})
	wantCode(t, err, pki.Conflict, "km.destroyed")
	if got := s.ledger(o.Holder)[before:]; len(got) != 3 || got[0].Result != "refused" || got[2].Code != "km.destroyed" {
		t.Errorf("%+v", got)
	}
}

func testRetention(t *testing.T, s *seats, _ *court) {
	var orders []pki.KeyOrder
	for n := range 5 {
		orders = append(orders, s.old(n, "holder-x"))
	}
	late, _ := s.give(9, pki.SM2, "holder-y")
	list := func(after string, limit int) Overdue {
		ctx, c := s.at("boss")
		page, err := c.Retention(ctx, after, limit)
		if err != nil {
			t.Fatal(err)
		}
		return page
	}
	s.clock.advance(s.clock.Now().AddDate(13, 0, 0).Sub(s.clock.Now()) - time.Millisecond)
	if page := list("", 0); len(page.Keys) != 0 || page.Years != 10 {
		t.Errorf("a moment too early: %+v", page)
	}
	// Retired long after its certificate ended: the years run from then.
	if err := s.centre.Retire(s.as("ca1"), late.CertNo); err != nil {
		t.Fatal(err)
	}
	s.clock.advance(time.Millisecond)
	var got []pki.Serial
	for after, pages := "", 0; pages == 0 || after != ""; pages++ {
		page := list(after, 2)
		for _, k := range page.Keys {
			got = append(got, k.CertNo)
			if !k.Due.Equal(s.clock.Now()) || k.Holder != "holder-x" || k.CA != "ca1" {
				t.Errorf("%+v", k)
			}
		}
		if after = page.After; pages > 5 {
			t.Fatal("the list does not end")
		}
	}
	if len(got) != len(orders) {
		t.Errorf("%v", got)
	}
	receipt, err := s.destroy("keeper", orders[2])
	if err != nil {
		t.Fatal(err)
	}
	s.agree(receipt.Approval, receipt.Digest, "keeper2", "boss")
	if page := list("", 0); len(page.Keys) != 4 || page.After != "" {
		t.Errorf("%+v", page)
	}
	s.clock.advance(s.clock.Now().AddDate(10, 0, 0).Sub(s.clock.Now()))
	isLate := func(k Kept) bool { return k.CertNo == late.CertNo && k.Due.Equal(s.clock.Now().Add(-time.Millisecond)) }
	if page := list("", 0); len(page.Keys) != 5 || !slices.ContainsFunc(page.Keys, isLate) {
		t.Errorf("%+v", page)
	}
	for _, name := range []string{"ca1", "system"} {
		ctx, c := s.at(name)
		_, err := c.Retention(ctx, "", 0)
		wantCode(t, err, pki.Forbidden, "officer.forbidden")
	}
	ctx, c := s.at("auditor")
	for _, after := range []string{"x", "1", "a/b"} {
		_, err := c.Retention(ctx, after, 0)
		wantCode(t, err, pki.Invalid, "km.order")
	}
}

// What a court may still want is kept, and what it got is destroyed with the key.
func testHeldByCase(t *testing.T, s *seats, j *court) {
	one, two := s.old(1, "holder-x"), s.old(2, "holder-x")
	s.later()
	o := j.order("")
	o.Keys, o.Certificates = []KeyName{{CertNo: one.CertNo}}, [][]byte{s.certificateNow(t, "Example Investigator")}
	receipt, err := s.destroy("keeper", one, two) // proposed before the case
	if err != nil {
		t.Fatal(err)
	}
	opened := s.mustOpen(o)
	_, err = s.destroy("keeper", one)
	wantCode(t, err, pki.Conflict, "km.in-case")
	s.agree(receipt.Approval, receipt.Digest, "keeper2")
	_, err = s.config.Officers.Approve(s.as("boss"), receipt.Approval, receipt.Digest)
	wantCode(t, err, pki.Conflict, "km.in-case")
	for _, o := range []pki.KeyOrder{one, two} { // both or neither
		r, err := findRecord(t.Context(), s.config.DB.Read(), s.keyOf(o))
		if err != nil || s.centre.vault.check(r) != nil {
			t.Errorf("destroyed although refused: %v", err)
		}
	}
	s.agree(opened.ID, opened.Digest, "keeper2", "keeper3")
	if _, err := s.exportCase("keeper", opened.ID); err != nil {
		t.Fatal(err)
	}
	s.agree(receipt.Approval, receipt.Digest, "boss") // now it may
	again, err := s.exportCase("keeper", opened.ID)
	if err != nil || len(again.Keys) != 0 {
		t.Errorf("what was sealed to the investigator is still here: %+v %v", again, err)
	}
	if s.logged("key.destroy", audit.Done) != 2 {
		t.Error("not destroyed")
	}
}

// No octet of a destroyed pair's sealed record is left in an SQLite file.
func TestDestroyedOctetsAreOverwritten(t *testing.T) {
	dir := t.TempDir()
	s, _ := staffed(t, "sqlite:"+filepath.Join(dir, "kmc.db"), false)
	var orders []pki.KeyOrder
	var sealed [][]byte
	for n := range 20 {
		o := s.old(n, "holder-x")
		r, err := findRecord(t.Context(), s.config.DB.Read(), s.keyOf(o))
		if err != nil {
			t.Fatal(err)
		}
		orders, sealed = append(orders, o), append(sealed, bytes.Clone(r.sealed))
	}
	inFiles := func(part []byte) bool {
		t.Helper()
		s.stop() // folds the log into the file
		defer s.start()
		files, err := filepath.Glob(filepath.Join(dir, "*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Contains(text, part) {
				return true
			}
		}
		return false
	}
	if !inFiles(sealed[3][:32]) {
		t.Fatal("the test does not find what is there")
	}
	s.later()
	receipt, err := s.destroy("keeper", orders[3], orders[7])
	if err != nil {
		t.Fatal(err)
	}
	s.agree(receipt.Approval, receipt.Digest, "keeper2", "boss")
	for _, n := range []int{3, 7} {
		for at := 0; at+16 <= len(sealed[n]); at += 16 {
			if inFiles(sealed[n][at : at+16]) {
				t.Errorf("octets %d to %d of a destroyed record are in the file", at, at+16)
			}
		}
	}
	if !inFiles(sealed[4][:32]) {
		t.Error("another pair's record is gone")
	}
}

// What a broken program or a hand in the database would leave is found.
func TestCaseInvariantsAreFound(t *testing.T) {
	for name, fault := range map[string]struct{ statement, undo, want string }{
		"destroyed by nobody": {"UPDATE kmc_use SET destroyed_at = ended_at", "UPDATE kmc_use SET destroyed_at = NULL", "in the log false"},
		"exported by nobody": {"INSERT INTO kmc_export (case_id, key_id, certificate, format, envelope) SELECT case_id, key_id, '', '', NULL FROM kmc_case_key",
			"DELETE FROM kmc_export", "1 exports"},
		"carried out by nobody": {"INSERT INTO kmc_disclosure (case_id, at, name, shown_at) SELECT id, proposed_at, 'x', proposed_at FROM kmc_case",
			"DELETE FROM kmc_disclosure", "approval was used 0 times"},
	} {
		t.Run(name, func(t *testing.T) {
			pkitest.EachDatabase(t, func(t *testing.T, source string) {
				s, j := staffed(t, source, false)
				s.old(1, "holder-x")
				s.mustOpen(j.order("holder-x"))
				s.settle()
				if err := execute(t.Context(), s.config.DB, fault.statement); err != nil {
					t.Fatal(err)
				}
				if found := strings.Join(CheckInvariants(t.Context(), s.centre), "\n"); !strings.Contains(found, fault.want) {
					t.Errorf("found %q", found)
				}
				if err := execute(t.Context(), s.config.DB, fault.undo); err != nil {
					t.Fatal(err)
				}
			})
		})
	}
}
