package kmc

import (
	"bytes"
	"context"
	"slices"
	"strings"

	"onecert/audit"
)

// signingFacts is what the log tells of holders' signing keys, by their id.
type signingFacts map[string]*signingFact

type signingFact struct {
	application, holder          string
	made, shown, packaged, wiped int // entries of what was done, repeats left out
}

// ofSigning says whether an entry is about a holder's signing key.
func ofSigning(e audit.Entry) bool { return strings.HasPrefix(e.Act, "key.signing-") }

func (f signingFacts) note(e audit.Entry) {
	if e.Result != audit.Done || e.Detail["repeat"] != "" {
		return
	}
	fact := f[e.Detail[detailSigningKey]]
	if fact == nil {
		fact = &signingFact{application: e.Object, holder: e.Subject}
		f[e.Detail[detailSigningKey]] = fact
	}
	switch e.Act {
	case actSigningMake:
		fact.made++
	case actSigningPassword:
		fact.shown++
	case actSigningPackage:
		fact.packaged++
	case actSigningWipe:
		fact.wiped++
	}
	if fact.application != e.Object || fact.holder != e.Subject {
		fact.made = -1 // said below: the log contradicts itself
	}
}

// compareSigning holds the signing keys against the log and against their own rules: a
// key is there until it is wiped, and then nothing of it is; it is packaged once and by
// nobody without its password; it is in no library.
func (i *invariants) compareSigning(ctx context.Context) {
	all, err := listHolderKeys(ctx, i.centre.config.DB.Read(), "ORDER BY id")
	if err != nil {
		i.fault("reading the signing keys: %v", err)
	}
	for _, k := range all {
		fact := i.signing[k.id]
		delete(i.signing, k.id)
		if fact == nil || fact.made != 1 || fact.application != k.application || fact.holder != k.holder {
			i.fault("the log does not tell of the making of signing key %s", k.id)
			continue
		}
		if other := i.spkis[string(k.spki)]; other != "" {
			i.fault("signing key %s is pair %s in a library", k.id, other)
		}
		i.signingState(k, fact)
		i.signingOctets(k)
	}
	for id := range i.signing {
		i.fault("the log tells of signing key %s, which is not there", id)
	}
}

func (i *invariants) signingState(k *holderKey, fact *signingFact) {
	shown, wiped, packaged := !k.shownAt.IsZero(), !k.wipedAt.IsZero(), k.why == whyPackaged
	if shown != (fact.shown == 1) || fact.shown > 1 || wiped != (fact.wiped == 1) || fact.wiped > 1 || packaged != (fact.packaged == 1) || fact.packaged > 1 {
		i.fault("signing key %s: password given %v, packaged %v, wiped %v; the log tells %d, %d, %d times", k.id, shown, packaged, wiped, fact.shown, fact.packaged, fact.wiped)
	}
	if packaged && !shown {
		i.fault("signing key %s was packaged under a password nobody has", k.id)
	}
	if wiped != (k.why != "") || wiped && !slices.Contains([]string{whyPackaged, whyExpired, whyEnded, whyRestored}, k.why) {
		i.fault("signing key %s does not say why it was wiped", k.id)
	}
	if packaged != (k.parcel != nil) || !packaged && !k.clearedAt.IsZero() {
		i.fault("signing key %s: packaged %v and a package is there %v", k.id, packaged, k.parcel != nil)
	}
}

// signingOctets looks at what is kept: sealed and whole while it may be used, zeros
// when it may not.
func (i *invariants) signingOctets(k *holderKey) {
	for _, part := range []struct {
		name   string
		octets []byte
		gone   bool
	}{{"key", k.sealed, !k.wipedAt.IsZero()}, {"password", k.password, !k.wipedAt.IsZero()}, {"package", k.parcel, !k.clearedAt.IsZero()}} {
		if part.octets == nil {
			continue
		}
		if part.gone {
			if len(bytes.Trim(part.octets, "\x00")) > 0 {
				i.fault("signing key %s: its %s should be overwritten and is there", k.id, part.name)
			}
			continue
		}
		plain, err := i.centre.vault.sealer.Open(part.octets, k.binding(part.name))
		clear(plain)
		if err != nil {
			i.fault("signing key %s: its %s does not open: %v", k.id, part.name, err)
		}
	}
}
