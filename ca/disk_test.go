package ca_test

import (
	"os"
	"path/filepath"
	"testing"

	"onecert/ca"
	"onecert/pki"
	"onecert/pkitest"
)

// A full disk under the database: acts refuse, nothing is half done, and all goes on
// when there is space.
func TestDatabaseDiskFull(t *testing.T) {
	folder := pkitest.SmallDisk(t)
	if folder == "" {
		return
	}
	h := open(t, "sqlite:"+filepath.Join(folder, "ca.db"), nil)
	good := mustIssue(t, h, order(t, "before", pki.SM2))
	o := order(t, "refused", pki.SM2)
	for range 2 {
		ballast := pkitest.FillDisk(t, folder)
		_, err := h.Issue(as("office"), o)
		wantCode(t, err, pki.Unavailable, "ca.store")
		_, err = h.Hold(as("office"), "sm2", good.Sign.Serial)
		wantCode(t, err, pki.Unavailable, "ca.store")
		_, err = h.SignCRLs(as("office"), "sm2")
		wantCode(t, err, pki.Unavailable, "ca.store")
		if c, err := h.Show(as("office"), "sm2", good.Sign.Serial); err != nil || c.State != pki.Valid {
			t.Errorf("half a hold: %v %v", c, err)
		}
		h.checkInvariants()
		if err := os.Remove(ballast); err != nil {
			t.Fatal(err)
		}
	}
	mustIssue(t, h, o)
	if _, err := h.SignCRLs(as("office"), "sm2"); err != nil {
		t.Error(err)
	}
}

// A full disk under the lists: the one published before stays whole, and the next one
// that fits has a higher number.
func TestListDiskFull(t *testing.T) {
	folder := pkitest.SmallDisk(t)
	if folder == "" {
		return
	}
	h := open(t, sqlite(t), func(c *ca.Config) { c.CRL.Dir = folder })
	first, err := h.SignCRLs(as("office"), "sm2")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(folder, "sm2", "complete.crl")
	ballast := pkitest.FillDisk(t, folder)
	_, err = h.SignCRLs(as("office"), "sm2")
	wantCode(t, err, pki.Unavailable, "crl.publish")
	if there, err := os.ReadFile(file); err != nil || string(there) != string(first[0].DER) {
		t.Errorf("the list published before is not whole: %v", err)
	}
	mustIssue(t, h, order(t, "meanwhile", pki.SM2)) // the database has space
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	next, err := h.SignCRLs(as("office"), "sm2")
	if err != nil || next[0].Number <= first[0].Number {
		t.Fatalf("with space: %v", err)
	}
	if there, err := os.ReadFile(file); err != nil || string(there) != string(next[0].DER) {
		t.Errorf("the list is not published: %v", err)
	}
	if left, err := filepath.Glob(filepath.Join(folder, "sm2", ".new-*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}
