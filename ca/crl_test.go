package ca_test

import (
	"bytes"
	"context"
	"encoding/pem"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/ca"
	"onecert/officer"
	"onecert/pki"
	"onecert/pkitest"
)

func list(t *testing.T, crl *ca.CRL, issuer *ca.Issuer) *smx509.RevocationList {
	t.Helper()
	l, err := smx509.ParseRevocationList(crl.DER)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.CheckSignatureFrom(issuer.Certificate); err != nil {
		t.Error(err)
	}
	return l
}

func entries(l *smx509.RevocationList) map[pki.Serial]int {
	all := map[pki.Serial]int{}
	for _, e := range l.RevokedCertificateEntries {
		all[pki.SerialOf(e.SerialNumber)] = e.ReasonCode
	}
	return all
}

func TestCRLFullDeltaAndPartitions(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := as("office")
		held := mustIssue(t, h, order(t, "crl-1", pki.SM2))
		revoked := mustIssue(t, h, order(t, "crl-2", pki.SM2))
		mustIssue(t, h, order(t, "crl-3", pki.SM2))
		if _, err := h.Hold(ctx, "sm2", held.Sign.Serial); err != nil {
			t.Fatal(err)
		}
		first, err := h.SignCRLs(ctx, "sm2")
		if err != nil {
			t.Fatal(err)
		}
		if len(first) != 1+4 {
			t.Errorf("%d lists at first; a complete one and four partitions are expected", len(first))
		}
		h.clock.add(time.Hour)
		if _, err := h.Release(ctx, "sm2", held.Sign.Serial); err != nil {
			t.Fatal(err)
		}
		invalid := h.clock.Now().Add(-24 * time.Hour)
		if _, err := h.Revoke(ctx, "sm2", revoked.Sign.Serial, ca.Revocation{Reason: "keyCompromise", Invalidity: &invalid}); err != nil {
			t.Fatal(err)
		}
		if _, err := h.SignCRLs(ctx, "sm2"); err != nil {
			t.Fatal(err)
		}
		full, err := h.LatestCRL(ctx, "sm2", -1, false)
		if err != nil {
			t.Fatal(err)
		}
		want := map[pki.Serial]int{revoked.Sign.Serial: 1, revoked.Encrypt.Serial: 1}
		if got := entries(list(t, full, h.issuers["sm2"])); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("full list %v, want %v", got, want)
		}
		delta, err := h.LatestCRL(ctx, "sm2", -1, true)
		if err != nil {
			t.Fatal(err)
		}
		want[held.Sign.Serial], want[held.Encrypt.Serial] = 8, 8 // removeFromCRL
		if got := entries(list(t, delta, h.issuers["sm2"])); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("delta %v, want %v", got, want)
		}
		if delta.Base != first[0].Number || delta.Number != full.Number || full.Number <= first[0].Number {
			t.Errorf("delta %d builds on %d; full %d after %d", delta.Number, delta.Base, full.Number, first[0].Number)
		}
		partition, err := h.LatestCRL(ctx, "sm2", revoked.Sign.Partition, false)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := entries(list(t, partition, h.issuers["sm2"]))[revoked.Sign.Serial]; !ok {
			t.Error("the certificate is not on the list its distribution point names")
		}
		file, err := os.ReadFile(filepath.Join(h.crlDir, "sm2", "complete.crl"))
		if err != nil || !bytes.Equal(file, full.DER) {
			t.Error("the published file is not the newest list", err)
		}
	})
}

// TestDeltaForAnyCurrentList: whoever holds a full list that has not lapsed can use
// the newest delta.
func TestDeltaForAnyCurrentList(t *testing.T) {
	h := open(t, sqlite(t), nil)
	ctx := as("office")
	var numbers []int64
	for n := range 4 {
		issued := mustIssue(t, h, order(t, fmt.Sprint("delta-", n), pki.SM2))
		if _, err := h.Revoke(ctx, "sm2", issued.Sign.Serial, ca.Revocation{Reason: "superseded"}); err != nil {
			t.Fatal(err)
		}
		lists, err := h.SignCRLs(ctx, "sm2")
		if err != nil {
			t.Fatal(err)
		}
		numbers = append(numbers, lists[0].Number)
		h.clock.add(10 * time.Hour)
	}
	delta, err := h.LatestCRL(ctx, "sm2", -1, true)
	if err != nil {
		t.Fatal(err)
	}
	// Signed at 0, 10, 20 and 30 hours with a life of 24: at 30 the first has lapsed.
	if delta.Base != numbers[1] || delta.Entries != 4 {
		t.Errorf("the delta builds on %d with %d entries; lists are %v", delta.Base, delta.Entries, numbers)
	}
}

// TestOfficersAreSecuritysToEnd: no issuer, reviewer or registrar ends or freezes
// the certificate of an officer or a site.
func TestOfficersAreSecuritysToEnd(t *testing.T) {
	rights := func(ctx context.Context, op officer.Operation) (pki.Actor, error) {
		actor, _ := pki.ActorFrom(ctx)
		return actor, officer.May(actor, op)
	}
	h := open(t, sqlite(t), func(c *ca.Config) { c.Check = rights })
	who := func(role string) context.Context {
		return pki.WithActor(context.Background(), pki.Actor{Name: role, Roles: []string{role}})
	}
	data, _ := request(t, pki.P256, person("centre.audit"))
	issued, err := h.Issue(who(officer.Security), ca.Order{Application: "o1", Profile: "officer", Request: data, Holder: "officer:centre.audit"})
	if err != nil {
		t.Fatal(err)
	}
	for _, role := range []string{officer.Issuer, officer.Reviewer, officer.Registrar, officer.Site, officer.System} {
		_, err := h.Revoke(who(role), "ecdsa", issued.Sign.Serial, ca.Revocation{Reason: "superseded"})
		wantCode(t, err, pki.Forbidden, "officer.forbidden")
		_, err = h.Hold(who(role), "ecdsa", issued.Sign.Serial)
		wantCode(t, err, pki.Forbidden, "officer.forbidden")
	}
	if _, err := h.Revoke(who(officer.Security), "ecdsa", issued.Sign.Serial, ca.Revocation{Reason: "superseded"}); err != nil {
		t.Error(err)
	}
}

// TestCRLNumbersOnlyGrow, also when the process ends and when a list cannot be
// published; a revocation stands whatever becomes of its list.
func TestCRLNumbersOnlyGrow(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		h := open(t, source, nil)
		ctx := as("office")
		issued := mustIssue(t, h, order(t, "n1", pki.P256))
		last := int64(0)
		for round := range 4 {
			if round == 2 { // a file stands where the folder must be
				os.RemoveAll(filepath.Join(h.crlDir, "ecdsa"))
				os.WriteFile(filepath.Join(h.crlDir, "ecdsa"), nil, 0o600)
				if _, err := h.Revoke(ctx, "ecdsa", issued.Sign.Serial, ca.Revocation{Reason: "superseded"}); err != nil {
					t.Fatal(err)
				}
				_, err := h.SignCRLs(ctx, "ecdsa")
				wantCode(t, err, pki.Unavailable, "crl.publish")
				if c, _ := h.Show(ctx, "ecdsa", issued.Sign.Serial); c.State != pki.Revoked {
					t.Error("a failed list undid a revocation")
				}
				os.Remove(filepath.Join(h.crlDir, "ecdsa"))
			}
			lists, err := h.SignCRLs(ctx, "ecdsa")
			if err != nil {
				t.Fatal(err)
			}
			if lists[0].Number <= last {
				t.Errorf("CRL number %d after %d", lists[0].Number, last)
			}
			last = lists[0].Number
			h.restart()
		}
	})
}

// TestOpenSSLReadsCRLs: signature, entries and chain by another implementation.
func TestOpenSSLReadsCRLs(t *testing.T) {
	h := open(t, sqlite(t), nil)
	ctx := as("office")
	for _, family := range []string{"rsa", "ecdsa"} {
		suite := map[string]pki.Suite{"rsa": pki.RSA2048, "ecdsa": pki.P256}[family]
		issued := mustIssue(t, h, order(t, "ossl-"+family, suite))
		if _, err := h.SignCRLs(ctx, family); err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		write := func(name string, ders ...[]byte) string {
			var out []byte
			for _, der := range ders {
				out = append(out, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
			}
			path := filepath.Join(dir, name)
			if err := os.WriteFile(path, out, 0o600); err != nil {
				t.Fatal(err)
			}
			return path
		}
		issuer := h.issuers[family].Certificate.Raw
		leaf, chain := write("leaf.pem", issued.Encrypt.DER), write("chain.pem", issuer)
		root := write("root.pem", h.roots[family].Raw)
		crl := filepath.Join(h.crlDir, family, "complete.crl")
		verify := func() string {
			out, _ := exec.Command("openssl", "verify", "-x509_strict", "-attime", fmt.Sprint(h.clock.Now().Unix()), "-crl_check", "-CRLfile", crl,
				"-CAfile", root, "-untrusted", chain, leaf).CombinedOutput()
			return string(out)
		}
		if out := verify(); !strings.Contains(out, "OK") {
			t.Errorf("%s: %s", family, out)
		}
		if out, err := exec.Command("openssl", "crl", "-inform", "DER", "-in", crl, "-noout", "-CAfile", chain).CombinedOutput(); err != nil || !strings.Contains(string(out), "verify OK") {
			t.Errorf("%s: openssl crl: %s %v", family, out, err)
		}
		if _, err := h.Revoke(ctx, family, issued.Sign.Serial, ca.Revocation{Reason: "keyCompromise"}); err != nil {
			t.Fatal(err)
		}
		if _, err := h.SignCRLs(ctx, family); err != nil {
			t.Fatal(err)
		}
		if out := verify(); !strings.Contains(out, "certificate revoked") {
			t.Errorf("%s: after revocation: %s", family, out)
		}
	}
}

// TestCRLsAreKept: lists are made anew long before they lapse though nothing was
// revoked, and soon after something was.
func TestCRLsAreKept(t *testing.T) {
	h := open(t, sqlite(t), func(c *ca.Config) { c.CRL.Pause = time.Millisecond; c.CRL.Life = time.Minute })
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); h.room.KeepCRLs(ctx) }()
	defer func() { cancel(); <-done }()
	await := func(what string, good func(*ca.CRL) bool) *ca.CRL {
		t.Helper()
		deadline := time.Now().Add(60 * time.Second)
		for time.Now().Before(deadline) {
			if crl, err := h.LatestCRL(as("x"), "sm2", -1, false); err == nil && good(crl) {
				return crl
			}
			time.Sleep(5 * time.Millisecond)
		}
		t.Fatal(what)
		return nil
	}
	first := await("no first list", func(*ca.CRL) bool { return true })
	issued := mustIssue(t, h, order(t, "kept", pki.SM2))
	if _, err := h.Revoke(as("office"), "sm2", issued.Sign.Serial, ca.Revocation{Reason: "superseded"}); err != nil {
		t.Fatal(err)
	}
	h.clock.add(time.Second) // full lists are a second apart
	mustIssue(t, h, order(t, "kept-1", pki.SM2))
	second := await("the revocation is on no list", func(c *ca.CRL) bool { return c.Entries == 2 })
	h.clock.add(25 * time.Second) // past three eighths of its life, nothing new
	mustIssue(t, h, order(t, "kept-2", pki.SM2))
	third := await("the list was not made anew in time", func(c *ca.CRL) bool { return c.Number > second.Number })
	if third.ThisUpdate.Before(first.NextUpdate.Add(-time.Minute)) {
		t.Error("the new list has an old time")
	}
}
