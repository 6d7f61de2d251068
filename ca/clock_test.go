package ca_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/ca"
	"onecert/pki"
)

// TestClockJumps: the clock jumps two days ahead and is set right again. What was
// signed in between is there; no list from the future stays published; numbers grow;
// nothing new is issued until the time of the last order has come, while revoking
// goes on.
func TestClockJumps(t *testing.T) {
	h := open(t, sqlite(t), func(c *ca.Config) { c.CRL.Pause = time.Millisecond })
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); h.room.KeepCRLs(ctx) }()
	defer func() { stop(); <-ended }()

	first := mustIssue(t, h, order(t, "first", pki.SM2))
	before := h.published(startOfTime, 0, first.Sign.Serial, false)
	h.clock.add(48 * time.Hour)
	mustIssue(t, h, order(t, "ahead", pki.SM2))
	ahead := h.published(startOfTime.Add(48*time.Hour), before, first.Sign.Serial, false)

	h.clock.add(-48 * time.Hour)
	_, err := h.Issue(as("office"), order(t, "right", pki.SM2))
	wantCode(t, err, pki.Unavailable, "clock.backwards")
	if _, err := h.Revoke(as("office"), "sm2", first.Sign.Serial, ca.Revocation{Reason: "superseded"}); err != nil {
		t.Fatal(err)
	}
	if c, err := h.Show(as("office"), "sm2", first.Encrypt.Serial); err != nil || c.State != pki.Revoked {
		t.Errorf("revoked after the clock was set right: %v %v", c, err)
	}
	right := h.published(startOfTime, ahead, first.Sign.Serial, true)
	h.clock.add(49 * time.Hour)
	h.published(startOfTime.Add(49*time.Hour), right, first.Sign.Serial, true)
	mustIssue(t, h, order(t, "right", pki.SM2))
}

// published waits until the complete list that lies there, or the delta beside it, was
// made at a time or a moment later, with a number above one, and returns its number.
func (h *house) published(at time.Time, above int64, serial pki.Serial, listed bool) (number int64) {
	h.t.Helper()
	var last *smx509.RevocationList
	for deadline := time.Now().Add(60 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		complete, delta := h.listFile("complete.crl"), h.listFile("delta.crl")
		if complete == nil {
			continue
		}
		last = complete
		age := at.Sub(last.ThisUpdate)
		if last.Number.Int64() > above && age >= 0 && age < 12*time.Hour && (!listed || on(last, serial) || delta != nil && on(delta, serial)) {
			return last.Number.Int64()
		}
	}
	h.t.Fatalf("at %s the list published is number %d of %s, listed: %v", at, last.Number, last.ThisUpdate, on(last, serial))
	return 0
}

// listFile reads a list of sm2 that lies there, nil if none does.
func (h *house) listFile(name string) *smx509.RevocationList {
	h.t.Helper()
	der, err := os.ReadFile(filepath.Join(h.crlDir, "sm2", name))
	if err != nil {
		return nil
	}
	list, err := smx509.ParseRevocationList(der)
	if err != nil {
		h.t.Fatal(err)
	}
	return list
}

func on(list *smx509.RevocationList, serial pki.Serial) bool {
	for _, entry := range list.RevokedCertificateEntries {
		if pki.SerialOf(entry.SerialNumber) == serial {
			return true
		}
	}
	return false
}
