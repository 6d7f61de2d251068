package ca_test

import (
	"context"
	"testing"
	"time"

	"onecert/ca"
	"onecert/pki"
	"onecert/pkitest"
)

// TestRetiredAfterAll: the key management centre is gone while certificates are
// revoked and re-issued, and the CA dies before it is back. In the end every pair
// whose certificate was revoked is in history, and no other.
func TestRetiredAfterAll(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		h := open(t, source, nil)
		revoked := mustIssue(t, h, order(t, "revoked", pki.SM2))
		held := mustIssue(t, h, order(t, "held", pki.SM2))
		heard := mustIssue(t, h, order(t, "heard", pki.SM2))
		if _, err := h.Revoke(as("office"), "sm2", heard.Sign.Serial, ca.Revocation{Reason: "superseded"}); err != nil {
			t.Fatal(err)
		}
		first := mustIssue(t, h, order(t, "renewed", pki.SM2))
		renewed, err := h.Renew(as("office"), "sm2", first.Sign.Serial, ca.Change{Application: "renewal"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.Revoke(as("office"), "sm2", renewed.Sign.Serial, ca.Revocation{Reason: "superseded"}); err != nil {
			t.Fatal(err)
		}
		old := mustIssue(t, h, order(t, "old", pki.SM2))
		if _, err := h.Modify(as("office"), "sm2", old.Sign.Serial, ca.Change{Application: "modified", Subject: person("改名")}); err != nil {
			t.Fatal(err)
		}
		h.kmc.retireDown(pki.Errorf(pki.Unavailable, "km.closed", "gone"))
		if _, err := h.Revoke(as("office"), "sm2", revoked.Sign.Serial, ca.Revocation{Reason: "superseded"}); err != nil {
			t.Fatalf("a revocation waits for the centre: %v", err)
		}
		if _, err := h.Hold(as("office"), "sm2", held.Sign.Serial); err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { defer close(ended); h.room.KeepRetired(ctx) }()
		time.Sleep(50 * time.Millisecond)
		stop()
		<-ended
		h.restart()
		h.kmc.retireDown(nil)
		ctx, stop = context.WithCancel(t.Context())
		ended = make(chan struct{})
		go func() { defer close(ended); h.room.KeepRetired(ctx) }()
		defer func() { stop(); <-ended }()
		for deadline := time.Now().Add(60 * time.Second); !h.kmc.isRetired(revoked.Encrypt.Serial); time.Sleep(10 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("the pair of a revoked certificate is in use for ever")
			}
		}
		for _, used := range []*ca.Issued{held, first, old} {
			if h.kmc.isRetired(used.Encrypt.Serial) {
				t.Errorf("the pair of %s went into history, and a good certificate has it", used.Application)
			}
		}
	})
}

// retireDown is what Retire answers from now on.
func (k *fakeKMC) retireDown(err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.down = err
}

func (k *fakeKMC) isRetired(certNo pki.Serial) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.retired[certNo]
}
