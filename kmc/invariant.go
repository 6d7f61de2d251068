package kmc

import (
	"context"
	"fmt"
	"strconv"

	"onecert/audit"
	"onecert/pki"
)

// CheckInvariants holds everything a centre has stored against the rules it keeps,
// and returns what breaks them, in words:
//
//   - every sealed record opens and its private key fits its public key
//   - no pair twice, none with two uses, no number or application twice in one CA, a
//     pair's further numbers included
//   - every pair was made here, as the log tells: none was put in from outside, so
//     no signing key is escrowed
//   - every use has exactly one entry in the log and every entry its use; every
//     restored or recovered pair went to its owner
//   - history never returns to in use: what was retired once is ended
//   - the counts are those of the tables, and what is thought spare is unused
//   - a holder's signing key is in no library, was packaged at most once and under a
//     password that was given out; of a wiped one nothing is left
//   - what is destroyed was past its retention and is gone; what was handed out in a
//     case is what was approved; both by an approval used once
//
// It reads and opens everything, so it is for tests and for an auditor's night, and
// it is right only while nobody acts.
func CheckInvariants(ctx context.Context, c *Centre) []string {
	i := &invariants{centre: c, uses: map[string]*use{}, generated: map[string]int{}, retired: map[string]int{},
		signing: signingFacts{}, spkis: map[string]string{}, unused: map[string]bool{}, counts: map[pki.Suite]count{}, cases: newCaseFacts()}
	i.readUses(ctx)
	i.readNumbers(ctx)
	i.readLog(ctx)
	i.readKeys(ctx)
	i.compareUses()
	i.compareCounts(ctx)
	i.compareSpares()
	i.compareDestroyed()
	i.compareCases(ctx)
	i.compareSigning(ctx)
	return i.faults
}

type invariants struct {
	centre    *Centre
	faults    []string
	uses      map[string]*use   // by key id
	generated map[string]int    // entries by key id
	retired   map[string]int    // entries by key id
	spkis     map[string]string // key id by public key
	unused    map[string]bool   // ids of pairs without use
	counts    map[pki.Suite]count
	cases     caseFacts
	signing   signingFacts
	made      int   // pairs, as the log tells
	aside     int64 // pairs made before were set aside by a restore, in milliseconds
}

func (i *invariants) fault(format string, args ...any) {
	i.faults = append(i.faults, fmt.Sprintf(format, args...))
}

func (i *invariants) readUses(ctx context.Context) {
	all, err := listUses(ctx, i.centre.config.DB.Read(), "1 = 1 ORDER BY key_id")
	if err != nil {
		i.fault("reading the uses: %v", err)
	}
	names := map[[2]string]bool{}
	for _, u := range all {
		if i.uses[u.keyID] != nil {
			i.fault("pair %s has two uses", u.keyID)
		}
		application, certNo := [2]string{u.ca, "application " + u.application}, [2]string{u.ca, "number " + string(u.certNo)}
		if names[application] || names[certNo] {
			i.fault("application %s or number %s of %s has two pairs", u.application, u.certNo, u.ca)
		}
		names[application], names[certNo] = true, true
		i.uses[u.keyID] = u
		n := i.counts[u.suite]
		switch {
		case u.endedAt.IsZero():
			n.inUse++
		case u.destroyedAt.IsZero():
			n.history++
		default:
			n.destroyed++
		}
		i.counts[u.suite] = n
	}
}

// readNumbers looks for numbers that stand for two pairs.
func (i *invariants) readNumbers(ctx context.Context) {
	var twice int
	err := i.centre.config.DB.Read().QueryRowContext(ctx,
		"SELECT COUNT(*) FROM kmc_number n JOIN kmc_use u ON u.cert_no = n.cert_no AND u.ca = n.ca").Scan(&twice)
	if err != nil || twice > 0 {
		i.fault("%d further numbers are another pair's own: %v", twice, err)
	}
}

func (i *invariants) readLog(ctx context.Context) {
	for from := int64(0); ; {
		page, err := i.centre.config.Audit.Search(ctx, audit.Query{From: from})
		if err != nil {
			i.fault("reading the log: %v", err)
			return
		}
		if len(page) == 0 {
			break
		}
		for _, e := range page {
			i.entry(e)
		}
		from = page[len(page)-1].Number + 1
	}
	report, err := audit.Verify(ctx, i.centre.config.DB, nil, nil)
	if err != nil || !report.Good() {
		i.fault("the log does not verify: %v %v", report.Faults, err)
	}
}

func (i *invariants) entry(e audit.Entry) {
	if e.Detail["made"] == "on demand" {
		i.made++
	}
	if e.Act == actRestore {
		i.noteRestore(e)
	}
	if e.Act == "pool.fill" {
		n, err := strconv.Atoi(e.Detail["made"])
		if err != nil {
			i.fault("entry %d of the log does not say how many pairs were made", e.Number)
		}
		i.made += n
	}
	i.cases.note(e)
	if ofSigning(e) {
		i.signing.note(e)
		return
	}
	if e.Result != audit.Done || len(e.Act) < 4 || e.Act[:4] != "key." {
		return
	}
	id := e.Detail["key"]
	u := i.uses[id]
	if u == nil {
		i.fault("entry %d of the log, %s, is about a pair that has no use", e.Number, e.Act)
		return
	}
	if u.holder != e.Subject || string(u.certNo) != e.Object {
		i.fault("entry %d of the log, %s, names another holder or number than the use of its pair", e.Number, e.Act)
	}
	if e.Detail["repeat"] != "" {
		return
	}
	switch e.Act {
	case "key.generate":
		i.generated[id]++
	case "key.retire":
		i.retired[id]++
	}
}

func (i *invariants) readKeys(ctx context.Context) {
	stored := 0
	err := eachRecord(ctx, i.centre.config.DB.Read(), func(r *record) error {
		stored++
		if u := i.uses[r.id]; u != nil && !u.destroyedAt.IsZero() {
			if i.left(r) {
				i.fault("pair %s is destroyed and its sealed octets are there", r.id)
			}
		} else if err := i.centre.vault.check(r); err != nil {
			i.fault("pair %s: %v", r.id, err)
		}
		if other := i.spkis[string(r.spki)]; other != "" {
			i.fault("pairs %s and %s have one public key", other, r.id)
		}
		i.spkis[string(r.spki)] = r.id
		u := i.uses[r.id]
		if u == nil {
			i.unused[r.id] = r.madeAt.UnixMilli() >= i.aside
		} else if u.suite != r.suite {
			i.fault("the use of pair %s names another suite", r.id)
		}
		return nil
	}, "")
	if err != nil {
		i.fault("reading the keys: %v", err)
	}
	if stored != i.made {
		i.fault("%d pairs are stored, the log tells of %d made", stored, i.made)
	}
	if len(i.uses)+len(i.unused) != stored {
		i.fault("%d uses and %d unused of %d pairs", len(i.uses), len(i.unused), stored)
	}
}

func (i *invariants) compareUses() {
	for id, u := range i.uses {
		if i.generated[id] != 1 {
			i.fault("the use of pair %s has %d entries in the log", id, i.generated[id])
		}
		if ended := !u.endedAt.IsZero(); i.retired[id] > 1 || ended != (i.retired[id] == 1) {
			i.fault("pair %s: in history %v, retired %d times", id, ended, i.retired[id])
		}
		if !u.endedAt.IsZero() && u.endedAt.Before(u.takenAt) {
			i.fault("pair %s ended before it was taken", id)
		}
	}
}

func (i *invariants) compareCounts(ctx context.Context) {
	for _, suite := range pki.Suites() {
		n, err := readCount(ctx, i.centre.config.DB.Read(), suite)
		if err != nil || n != i.counts[suite] {
			i.fault("counted of %s: %+v (%v), there are %+v", suite, n, err, i.counts[suite])
		}
	}
}

// compareSpares: memory and database have the same spare pairs, and a restart would
// find them all.
func (i *invariants) compareSpares() {
	found := map[string]bool{}
	for _, suite := range pki.Suites() {
		for _, r := range i.centre.pool.list(suite) {
			if found[r.id] || !i.unused[r.id] {
				i.fault("pair %s is thought spare but is not", r.id)
			}
			found[r.id] = true
		}
		err := eachSpare(context.Background(), i.centre.config.DB.Read(), suite, func(r *record) error {
			if !i.unused[r.id] {
				i.fault("pair %s would be loaded as spare but is not", r.id)
			}
			delete(i.unused, r.id)
			return nil
		})
		if err != nil {
			i.fault("reading the spare keys: %v", err)
		}
	}
	for id, spare := range i.unused {
		if !spare {
			continue // set aside
		}
		i.fault("pair %s is unused and a restart would not find it", id)
	}
}
