package ca_test

import (
	"bytes"
	"context"
	"crypto"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/ca"
	"onecert/pki"
	"onecert/pkitest"
)

// fetch is the newest list of a name by the two calls a publisher makes.
func fetch(t testing.TB, h *house, issuer, name string) (pki.ListHead, []byte) {
	t.Helper()
	heads, err := h.Lists(as("x"), issuer)
	if err != nil {
		t.Fatal(err)
	}
	for _, head := range heads {
		if head.Name != name {
			continue
		}
		list, err := h.OpenList(as("x"), issuer, name, head.Number)
		if err != nil {
			t.Fatal(err)
		}
		defer list.Close()
		der, err := io.ReadAll(list)
		if err != nil || int64(len(der)) != head.Size {
			t.Fatalf("%s has %d octets, not %d: %v", name, len(der), head.Size, err)
		}
		return head, der
	}
	t.Fatalf("there is no list %s among %v", name, heads)
	return pki.ListHead{}, nil
}

// many issues certificates; each order is a pair.
func many(t *testing.T, h *house, suite pki.Suite, orders int) (all []*ca.Issued) {
	t.Helper()
	for n := range orders {
		all = append(all, mustIssue(t, h, order(t, fmt.Sprintf("many-%s-%d", suite, n), suite)))
	}
	return all
}

func revokeAll(t testing.TB, h *house, issuer string, all []*ca.Issued) {
	t.Helper()
	for _, issued := range all {
		if _, err := h.Revoke(as("office"), issuer, issued.Sign.Serial, ca.Revocation{Reason: "keyCompromise"}); err != nil {
			t.Fatal(err)
		}
	}
}

// TestListsInPieces: lists longer than a piece are stored by pieces and come back octet
// for octet, over the network too, and old ones stay what they were.
func TestListsInPieces(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		all := many(t, h, pki.P256, 60)
		revokeAll(t, h, "ecdsa", all[:50])
		if _, err := h.SignCRLs(as("office"), "ecdsa"); err != nil {
			t.Fatal(err)
		}
		first, firstDER := fetch(t, h, "ecdsa", "complete")
		if len(entries(list(t, &ca.CRL{DER: firstDER}, h.issuers["ecdsa"]))) != 100 {
			t.Error("the list is not complete")
		}
		pieces := func() (n int) {
			if err := h.cfg.DB.Read().QueryRow("SELECT COUNT(*) FROM ca_crl_piece").Scan(&n); err != nil {
				t.Fatal(err)
			}
			return n
		}
		before := pieces()
		if before < 2 {
			t.Fatalf("%d pieces", before)
		}
		revokeAll(t, h, "ecdsa", all[50:51])
		if _, err := h.SignCRLs(as("office"), "ecdsa"); err != nil {
			t.Fatal(err)
		}
		if more := pieces() - before; more > 4 {
			t.Errorf("one more pair made %d new pieces of %d", more, before)
		}
		_, now := fetch(t, h, "ecdsa", "complete")
		if bytes.Equal(now, firstDER) || len(entries(list(t, &ca.CRL{DER: now}, h.issuers["ecdsa"]))) != 102 {
			t.Error("the next list is not the next")
		}
		again, err := h.OpenList(as("x"), "ecdsa", "complete", first.Number)
		if err != nil {
			t.Fatal(err)
		}
		defer again.Close()
		if der, err := io.ReadAll(again); err != nil || !bytes.Equal(der, firstDER) {
			t.Errorf("the first list is another now: %v", err)
		}
		file, err := os.ReadFile(filepath.Join(h.crlDir, "ecdsa", "complete.crl"))
		if err != nil || !bytes.Equal(file, now) {
			t.Error("the file is not the list", err)
		}
		for _, wrong := range [][2]string{{"ecdsa", "nosuch"}, {"ecdsa", "-1"}, {"ecdsa", "7-delta"}, {"nosuch", "complete"}} {
			if _, err := h.OpenList(as("x"), wrong[0], wrong[1], first.Number); pki.KindOf(err) != pki.Unknown {
				t.Errorf("%v: %v", wrong, err)
			}
		}
	})
}

// combined is what a reader makes of a full list and a delta (RFC 5280 5.2.4).
func combined(t *testing.T, full, delta *smx509.RevocationList, base int64) map[pki.Serial]int {
	t.Helper()
	if full.Number.Int64() < base {
		t.Fatalf("the delta builds on %d, the full list is %d", base, full.Number)
	}
	all := entries(full)
	for serial, reason := range entries(delta) {
		if reason == int(pki.RemoveFromCRL) {
			delete(all, serial)
		} else {
			all[serial] = reason
		}
	}
	return all
}

// TestDeltasForEveryFullList: random changes, restarts and passing time; whoever has a
// full list of any scope that has not lapsed and takes the newest delta knows what the
// journal knows, as does who takes the newest full list and its delta.
func TestDeltasForEveryFullList(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		seed := rand.Uint64()
		t.Logf("seed %d", seed)
		dice := rand.New(rand.NewPCG(seed, 5))
		h := open(t, source, func(c *ca.Config) { c.CRL.Full = 7 * time.Hour })
		pairs := many(t, h, pki.SM2, 25)
		truth := map[pki.Serial]int{} // reason of what is listed
		scope := map[pki.Serial]int{}
		for _, p := range pairs {
			scope[p.Sign.Serial], scope[p.Encrypt.Serial] = p.Sign.Partition, p.Encrypt.Partition
		}
		fulls := map[string][]*smx509.RevocationList{}
		change := func(p *ca.Issued) {
			serials := []pki.Serial{p.Sign.Serial, p.Encrypt.Serial}
			reason, listed := truth[serials[0]]
			var err error
			switch {
			case listed && reason != 6:
				return
			case listed && dice.IntN(2) == 0:
				_, err = h.Release(as("office"), "sm2", serials[0])
				delete(truth, serials[0])
				delete(truth, serials[1])
			case dice.IntN(2) == 0 && !listed:
				_, err = h.Hold(as("office"), "sm2", serials[0])
				truth[serials[0]], truth[serials[1]] = 6, 6
			default:
				_, err = h.Revoke(as("office"), "sm2", serials[0], ca.Revocation{Reason: "superseded"})
				truth[serials[0]], truth[serials[1]] = 4, 4
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		var numbers = map[string]int64{}
		for range 30 {
			for range dice.IntN(4) {
				change(pairs[dice.IntN(len(pairs))])
			}
			if dice.IntN(6) == 0 {
				h.restart()
			}
			if err := h.room.KeepOnce(t.Context()); err != nil {
				t.Fatal(err)
			}
			heads, err := h.Lists(as("x"), "sm2")
			if err != nil || len(heads) != 10 {
				t.Fatalf("%d lists, %v", len(heads), err)
			}
			for _, head := range heads {
				if head.Number < numbers[head.Name] {
					t.Fatalf("%s went from %d to %d", head.Name, numbers[head.Name], head.Number)
				}
				fresh := head.Number > numbers[head.Name]
				numbers[head.Name] = head.Number
				if partition, delta, _ := pki.ParseListName(head.Name); !delta && fresh {
					_, der := fetch(t, h, "sm2", head.Name)
					l := list(t, &ca.CRL{DER: der}, h.issuers["sm2"])
					fulls[pki.ListName(partition, true)] = append(fulls[pki.ListName(partition, true)], l)
				}
			}
			for name, older := range fulls {
				head, der := fetch(t, h, "sm2", name)
				delta := list(t, &ca.CRL{DER: der}, h.issuers["sm2"])
				partition, _, _ := pki.ParseListName(name)
				want := maps.Clone(truth)
				maps.DeleteFunc(want, func(s pki.Serial, _ int) bool { return partition >= 0 && scope[s] != partition })
				current := 0
				for _, full := range older {
					if !h.clock.Now().Before(full.NextUpdate) {
						continue
					}
					current++
					if got := combined(t, full, delta, head.Base); !maps.Equal(got, want) {
						t.Fatalf("%s %d with full list %v: %v, want %v", name, head.Number, full.Number, got, want)
					}
				}
				if current == 0 {
					t.Fatalf("no full list of %s is current", name)
				}
			}
			h.clock.add(time.Duration(dice.IntN(300)) * time.Minute)
		}
	})
}

// TestDeltaAlone: news makes the delta of its partition and the issuer's at once and no
// full list before its time; a long time without news makes all anew.
func TestDeltaAlone(t *testing.T) {
	h := open(t, sqlite(t), func(c *ca.Config) { c.CRL.Full = time.Hour })
	pair := mustIssue(t, h, order(t, "alone", pki.P256))
	keep := func() map[string]int64 {
		t.Helper()
		if err := h.room.KeepOnce(t.Context()); err != nil {
			t.Fatal(err)
		}
		numbers := map[string]int64{}
		heads, err := h.Lists(as("x"), "ecdsa")
		if err != nil {
			t.Fatal(err)
		}
		for _, head := range heads {
			numbers[head.Name] = head.Number
		}
		return numbers
	}
	before := keep()
	if len(before) != 10 { // complete, four partitions, and their deltas: what is named is there
		t.Fatalf("at first %v", before)
	}
	if again := keep(); !maps.Equal(before, again) {
		t.Errorf("without news %v, then %v", before, again)
	}
	if _, err := h.Revoke(as("office"), "ecdsa", pair.Sign.Serial, ca.Revocation{Reason: "superseded"}); err != nil {
		t.Fatal(err)
	}
	touched := map[string]bool{"delta": true, fmt.Sprint(pair.Sign.Partition, "-delta"): true, fmt.Sprint(pair.Encrypt.Partition, "-delta"): true}
	after := keep()
	for name, number := range after {
		if (number > before[name]) != touched[name] {
			t.Errorf("%s went from %d to %d", name, before[name], number)
		}
	}
	h.clock.add(61 * time.Minute)
	touched["complete"], touched[fmt.Sprint(pair.Sign.Partition)], touched[fmt.Sprint(pair.Encrypt.Partition)] = true, true, true
	later := keep()
	for name, number := range later {
		if (number > after[name]) != touched[name] {
			t.Errorf("an hour later %s went from %d to %d", name, after[name], number)
		}
	}
	h.clock.add(10 * time.Hour)
	for name, number := range keep() {
		if number <= later[name] {
			t.Errorf("ten hours later %s is still %d", name, number)
		}
	}
	_, der := fetch(t, h, "ecdsa", fmt.Sprint(pair.Sign.Partition))
	if !bytes.Contains(der, []byte(fmt.Sprintf("http://pki.example/crl/ecdsa/%d-delta.crl", pair.Sign.Partition))) {
		t.Error("the partition's list does not name its delta")
	}
}

// TestExpiredLeaveTheLists one CRL life after their end, and what is remembered is what
// a fresh start would read.
func TestExpiredLeaveTheLists(t *testing.T) {
	h := open(t, sqlite(t), nil)
	old, young := order(t, "old", pki.P256), order(t, "young", pki.P256)
	old.Days, young.Days = 10, 300
	pairs := []*ca.Issued{mustIssue(t, h, old), mustIssue(t, h, young)}
	revokeAll(t, h, "ecdsa", pairs)
	count := func() int64 {
		t.Helper()
		if err := h.room.Sweep(t.Context(), "ecdsa"); err != nil {
			t.Fatal(err)
		}
		lists, err := h.SignCRLs(as("office"), "ecdsa")
		if err != nil {
			t.Fatal(err)
		}
		return lists[0].Entries
	}
	if n := count(); n != 4 {
		t.Errorf("%d entries at first", n)
	}
	h.clock.add(10*24*time.Hour + 12*time.Hour)
	if n := count(); n != 4 {
		t.Errorf("%d entries half a day after the end", n)
	}
	h.clock.add(13 * time.Hour)
	if n := count(); n != 2 {
		t.Errorf("%d entries a day and an hour after the end", n)
	}
	h.restart()
	if n := count(); n != 2 {
		t.Errorf("%d entries after a restart", n)
	}
}

// TestLateFilesAreWritten as soon as there is space again, without a new list.
func TestLateFilesAreWritten(t *testing.T) {
	h := open(t, sqlite(t), nil)
	obstacle := filepath.Join(h.crlDir, "sm2")
	if err := os.WriteFile(obstacle, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := h.SignCRLs(as("office"), "sm2")
	wantCode(t, err, pki.Unavailable, "crl.publish")
	wantCode(t, h.room.KeepOnce(t.Context()), pki.Unavailable, "crl.publish")
	if err := os.Remove(obstacle); err != nil {
		t.Fatal(err)
	}
	if err := h.room.KeepOnce(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"complete", "2"} {
		_, der := fetch(t, h, "sm2", name)
		if file, err := os.ReadFile(filepath.Join(obstacle, name+".crl")); err != nil || !bytes.Equal(file, der) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// fickle is a key whose device can be pulled out.
type fickle struct {
	ca.Signer
	gone atomic.Bool
}

func (f *fickle) SignMessage(random io.Reader, message []byte, opts crypto.SignerOpts) ([]byte, error) {
	if f.gone.Load() {
		return nil, errors.New("no such device")
	}
	return f.Signer.SignMessage(random, message, opts)
}

// TestKeyMissing: without its key an issuer's lists are late, those of others are not,
// the revocation stands, and everything is made when the key is back.
func TestKeyMissing(t *testing.T) {
	var key *fickle
	h := open(t, sqlite(t), func(c *ca.Config) {
		key = &fickle{Signer: c.Issuers[0].Key}
		c.Issuers[0].Key = key
	})
	pair := mustIssue(t, h, order(t, "lost", pki.SM2))
	if err := h.room.KeepOnce(t.Context()); err != nil {
		t.Fatal(err)
	}
	before, _ := fetch(t, h, "sm2", "complete")
	key.gone.Store(true)
	if _, err := h.Revoke(as("office"), "sm2", pair.Sign.Serial, ca.Revocation{Reason: "superseded"}); err != nil {
		t.Fatal(err)
	}
	other := mustIssue(t, h, order(t, "other", pki.P256))
	revokeAll(t, h, "ecdsa", []*ca.Issued{other})
	h.clock.add(time.Second)
	wantCode(t, h.room.KeepOnce(t.Context()), pki.Unavailable, "issuer.sign")
	if head, _ := fetch(t, h, "sm2", "complete"); head.Number != before.Number {
		t.Error("a list was made without a key")
	}
	if head, _ := fetch(t, h, "ecdsa", "complete"); head.Entries != 2 {
		t.Error("another issuer's list waits")
	}
	key.gone.Store(false)
	if err := h.room.KeepOnce(t.Context()); err != nil {
		t.Fatal(err)
	}
	if head, _ := fetch(t, h, "sm2", "complete"); head.Entries != 2 || head.Number <= before.Number {
		t.Errorf("with the key: %+v", head)
	}
}

// TestListsClockBack: a clock that goes back a little makes no list older than what it
// lists; one that goes back far makes none, and says so.
func TestListsClockBack(t *testing.T) {
	h := open(t, sqlite(t), nil)
	pair := mustIssue(t, h, order(t, "clock", pki.P256))
	revokeAll(t, h, "ecdsa", []*ca.Issued{pair})
	at := h.clock.Now()
	h.clock.add(-3 * time.Second)
	lists, err := h.SignCRLs(as("office"), "ecdsa")
	if err != nil || lists[0].ThisUpdate.Before(at.Truncate(time.Second)) {
		t.Fatalf("%+v, %v", lists, err)
	}
	h.clock.add(-time.Hour)
	_, err = h.SignCRLs(as("office"), "ecdsa")
	wantCode(t, err, pki.Unavailable, "clock.backwards")
	h.clock.add(2 * time.Hour)
	if _, err := h.SignCRLs(as("office"), "ecdsa"); err != nil {
		t.Error(err)
	}
}

// TestCRLRules refuses what cannot work.
func TestCRLRules(t *testing.T) {
	for _, spoil := range []func(*ca.CRLRules){
		func(r *ca.CRLRules) { r.Life = time.Second }, func(r *ca.CRLRules) { r.Pause = -1 }, func(r *ca.CRLRules) { r.Full = -1 },
		func(r *ca.CRLRules) { r.Life, r.DeltaLife = time.Hour, 2*time.Hour },
	} {
		h := open(t, sqlite(t), nil)
		cfg := h.cfg
		spoil(&cfg.CRL)
		if _, err := ca.New(context.Background(), cfg); pki.CodeOf(err) != "config.crl" || !strings.Contains(err.Error(), "minute") {
			t.Errorf("%+v: %v", cfg.CRL, err)
		}
	}
}
