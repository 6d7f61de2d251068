package ca_test

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"
	"time"

	"onecert/ca"
	"onecert/pki"
)

// counted is a signer that notes each use, and fails where it is told to.
type counted struct {
	ca.Signer
	mu   *sync.Mutex
	uses map[string]int
	id   string
	err  error
}

func (c *counted) SignMessage(random io.Reader, message []byte, opts crypto.SignerOpts) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.uses[c.id]++
	if c.err != nil {
		return nil, c.err
	}
	return c.Signer.SignMessage(random, message, opts)
}

// TestKeepManyIssuers: after a first start every issuer gets its lists; a revocation
// then is on its issuer's list soon, while no other issuer's key is used; and an issuer
// whose key does not sign is tried again more and more rarely and holds nobody up.
func TestKeepManyIssuers(t *testing.T) {
	var mu sync.Mutex
	uses := map[string]int{}
	h := open(t, sqlite(t), func(c *ca.Config) {
		c.CRL.Pause = time.Millisecond
		made := hierarchies()["ecdsa"]
		for n := range 30 {
			id := fmt.Sprintf("unit-%02d", n)
			c.Issuers = append(c.Issuers, &ca.Issuer{ID: id, Key: made.issuingKey, Certificate: made.issuing, Chain: c.Issuers[2].Chain, Addresses: addresses, Partitions: 1})
		}
		for _, i := range c.Issuers {
			one := &counted{Signer: i.Key, mu: &mu, uses: uses, id: i.ID}
			if i.ID == "unit-07" {
				one.err = errors.New("the device is gone")
			}
			i.Key = one
		}
	})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); h.room.KeepCRLs(ctx) }()
	defer func() { cancel(); <-done }()
	await := func(what string, good func() bool) {
		t.Helper()
		for deadline := time.Now().Add(60 * time.Second); !good(); time.Sleep(5 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal(what)
			}
		}
	}
	await("some issuers have no list", func() bool {
		for _, i := range h.cfg.Issuers {
			if _, err := h.LatestCRL(as("x"), i.ID, -1, true); err != nil && i.ID != "unit-07" {
				return false
			}
		}
		return true
	})
	issued := mustIssue(t, h, order(t, "many", pki.SM2))
	mu.Lock()
	clear(uses)
	mu.Unlock()
	if _, err := h.Revoke(as("office"), "sm2", issued.Sign.Serial, ca.Revocation{Reason: "superseded"}); err != nil {
		t.Fatal(err)
	}
	await("the revocation is on no list", func() bool {
		crl, err := h.LatestCRL(as("x"), "sm2", -1, true)
		return err == nil && crl.Entries == 2
	})
	mu.Lock()
	defer mu.Unlock()
	for id, n := range uses {
		if id != "sm2" && id != "unit-07" {
			t.Errorf("%s signed %d times for a revocation of another issuer", id, n)
		}
	}
	if uses["unit-07"] > 5 {
		t.Errorf("a key that does not sign was tried %d times", uses["unit-07"])
	}
}
