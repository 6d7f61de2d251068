package ca_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"onecert/ca"
	"onecert/officer"
	"onecert/pki"
	"onecert/pkitest"
)

// With the database gone every call says so, whichever read or write meets it first:
// to whoever asks it is something to wait for, never a fault of the program.
func TestEveryCallWithoutDatabase(t *testing.T) {
	server := pkitest.NewServer(t)
	var registry *officer.Registry
	h := open(t, server.Database(t), func(c *ca.Config) {
		var err error
		if registry, err = officer.Open(t.Context(), c.DB, c.Audit, c.Now); err != nil {
			t.Fatal(err)
		}
		c.Officers = registry
	})
	t.Cleanup(registry.Close)
	good := mustIssue(t, h, order(t, "good", pki.SM2)).Sign.Serial
	held := mustIssue(t, h, order(t, "held", pki.SM2)).Sign.Serial
	if _, err := h.Hold(as("office"), "sm2", held); err != nil {
		t.Fatal(err)
	}
	fresh, _ := request(t, pki.SM2, person("x"))
	ctx := as("office")
	calls := map[string]func() error{
		"issue":  func() error { return second(h.Issue(ctx, order(t, "new", pki.SM2))) },
		"order":  func() error { return second(h.Order(ctx, "good")) },
		"renew":  func() error { return second(h.Renew(ctx, "sm2", good, ca.Change{Application: "renewed"})) },
		"modify": func() error { return second(h.Modify(ctx, "sm2", good, ca.Change{Application: "modified"})) },
		"reissue": func() error {
			return second(h.Reissue(ctx, "sm2", good, ca.Change{Application: "again", Request: fresh}))
		},
		"revoke":        func() error { return second(h.Revoke(ctx, "sm2", good, ca.Revocation{Reason: "superseded"})) },
		"compromise":    func() error { return second(h.Revoke(ctx, "sm2", good, ca.Revocation{Reason: "keyCompromise"})) },
		"hold":          func() error { return second(h.Hold(ctx, "sm2", good)) },
		"release":       func() error { return second(h.Release(ctx, "sm2", held)) },
		"show":          func() error { return second(h.Show(ctx, "sm2", good)) },
		"at":            func() error { return second(h.At(ctx, "sm2", good, startOfTime)) },
		"list":          func() error { return second(h.List(ctx, ca.Filter{})) },
		"issuers":       func() error { return second(h.Issuers(ctx)) },
		"sign lists":    func() error { return second(h.SignCRLs(ctx, "sm2")) },
		"latest list":   func() error { return second(h.LatestCRL(ctx, "sm2", 0, false)) },
		"versions":      func() error { return second(h.ProfileVersions(ctx, "person-sign", ca.VersionQuery{})) },
		"raise numbers": func() error { return second(h.ProposeCRLNumber(ctx, "sm2", ca.CRLNumber{Number: 99, Reason: "x"})) },
	}
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	awaitGone(t, h)
	for range 3 { // the first of a pool's connections break in another way than those after
		for name, call := range calls {
			if err := call(); pki.KindOf(err) != pki.Unavailable {
				t.Errorf("%s without a database: %v", name, err)
			}
		}
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	h.until(pki.Internal, order(t, "after", pki.SM2))
}

func second[T any](_ T, err error) error { return err }

// awaitGone waits for what serves connections to end; it outlives its postmaster.
func awaitGone(t *testing.T, h *house) {
	t.Helper()
	for deadline := time.Now().Add(60 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if h.cfg.DB.Read().PingContext(context.Background()) != nil {
			return
		}
	}
	t.Fatal(errors.New("the database is not gone"))
}
