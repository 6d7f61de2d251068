package ca

import (
	"context"
	"errors"
	"time"

	"golang.org/x/crypto/cryptobyte"

	"onecert/lint"
	"onecert/pki"
)

// round is lists made under one number, stored and published a few at a time, so that
// of all long ones only one stands in memory whole.
type round struct {
	ca     *CA
	ledger *ledger
	actor  pki.Actor
	now    time.Time
	done   []CRL // stored; long ones without their octets

	wait []made
	size int64
}

// made is a signed list with the entries it was made of.
type made struct {
	CRL
	entries run
	before  int // octets before the entries
}

// together is how many octets of lists share a commit.
const together = 8 << 20

// add makes one list. A delta without a full list to build on is left out.
func (r *round) add(ctx context.Context, d due, number int64) error {
	s := d.scope
	crl := CRL{Issuer: r.ledger.issuer.ID, Number: number, Partition: s.partition, Journal: r.ledger.journal}
	var entries run
	if d.delta {
		b, found := s.base(r.now)
		if !found || b.number >= number || r.ledger.issuer.ListsOnly {
			return nil
		}
		crl.Base = b.number
		s.changes.forget(b.journal)
		entries = s.changes.run.snapshot()
	} else {
		entries = r.ledger.entries(s)
	}
	at, err := r.ledger.moment(r.now)
	if err != nil {
		return err
	}
	crl.Entries, crl.ThisUpdate, crl.NextUpdate = entries.entries, at, at.Add(r.ca.life(r.ledger.issuer, d.delta))
	if r.size > 0 && r.size+int64(entries.octets) > together {
		if err := r.flush(ctx); err != nil {
			return err
		}
	}
	m, err := r.ca.signList(r.ledger.issuer, crl, entries)
	if err != nil {
		return err
	}
	r.wait, r.size = append(r.wait, m), r.size+m.Size
	return nil
}

// moment is the time of a list: now, unless the clock has gone back a little behind a
// revocation. Further back it is in doubt, and no list says anything.
func (l *ledger) moment(now time.Time) (time.Time, error) {
	latest := l.latest.Truncate(time.Second)
	switch {
	case !latest.After(now):
		return now, nil
	case latest.Sub(now) <= clockSlack:
		return latest, nil
	}
	return now, pki.Errorf(pki.Unavailable, "clock.backwards", "the clock stands at %s, before a revocation of %s",
		now.Format(time.RFC3339), latest.Format(time.RFC3339)).
		To("set the machine's clock right; the revocations stand, only the lists are late")
}

// flush stores what was made, then publishes it.
func (r *round) flush(ctx context.Context) error {
	if len(r.wait) == 0 {
		return nil
	}
	lists := r.wait
	r.wait, r.size = nil, 0
	if err := r.ca.storeCRLs(ctx, r.ledger, lists, r.actor, r.now); err != nil {
		r.ledger.stale = true // whether it was committed is not known
		return err
	}
	var failed error
	for _, m := range lists {
		r.ledger.note(m.CRL)
		failed = errors.Join(failed, r.ca.publish(r.ledger, m.CRL))
		if m.Size > longList {
			m.DER = nil
		}
		r.done = append(r.done, m.CRL)
	}
	r.ca.tell(r.ledger)
	if failed != nil {
		return unpublished(failed)
	}
	return nil
}

// headOf is everything that stands in a list but its entries.
func headOf(i *Issuer, crl CRL) pki.List {
	head := pki.List{Suite: i.suite, Issuer: i.Certificate.RawSubject, ThisUpdate: crl.ThisUpdate, NextUpdate: crl.NextUpdate,
		Number: crl.Number, Base: crl.Base, KeyID: i.keyID}
	if crl.Partition != complete {
		head.PointURI = i.crlURL(crl.Partition) // a delta has its full list's scope
	}
	if crl.Base == 0 && !i.ListsOnly {
		head.Freshest = []string{i.listURL(pki.ListName(crl.Partition, true))}
	}
	return head
}

// outerHead is the most octets before a list's to-be-signed part, signed the most
// behind it.
const outerHead, signed = 6, 1024

// signList puts a list together once, lints it there under a throw-away signature,
// and signs it there.
func (ca *CA) signList(i *Issuer, crl CRL, entries run) (made, error) {
	head, tail, err := headOf(i, crl).Frame(entries.octets)
	if err != nil {
		return made{}, pki.Errorf(pki.Internal, "crl.build", "the CRL cannot be built").Because(err)
	}
	b := bench{suite: i.suite, octets: make([]byte, outerHead, outerHead+len(head)+entries.octets+len(tail)+signed)}
	b.octets = append(b.octets, head...)
	for _, p := range entries.pieces {
		b.octets = append(b.octets, p.octets...)
	}
	b.octets = append(b.octets, tail...)
	b.end = len(b.octets)
	if err := ca.lintList(i, b.assemble(throwAway(i.suite))); err != nil {
		return made{}, err
	}
	signature, err := i.Key.SignMessage(ca.cfg.Random, b.octets[outerHead:b.end], nil)
	if err != nil {
		return made{}, pki.Errorf(pki.Unavailable, "issuer.sign", "the key of issuer %s does not sign", i.ID).
			To("check the key's device or file; the revocations stand, only the list is late").Because(err)
	}
	crl.DER = b.assemble(signature)
	crl.Size = int64(len(crl.DER))
	return made{CRL: crl, entries: entries, before: len(crl.DER) - (len(b.octets) - outerHead) + len(head)}, nil
}

// bench is the memory in which one list is put together.
type bench struct {
	suite  pki.Suite
	octets []byte // outerHead free octets, then the to-be-signed part
	end    int    // of the to-be-signed part
}

// assemble puts algorithm and signature behind the to-be-signed part and the outer
// header before it (RFC 5280 5.1.1), without moving anything.
func (b *bench) assemble(signature []byte) []byte {
	var bits cryptobyte.Builder
	bits.AddBytes(pki.AlgorithmIdentifier(b.suite))
	bits.AddASN1BitString(signature)
	b.octets = append(b.octets[:b.end], bits.BytesOrPanic()...)
	outer := pki.SequenceHead(len(b.octets) - outerHead)
	begin := outerHead - len(outer)
	copy(b.octets[begin:], outer)
	return b.octets[begin:]
}

// throwAway has a signature's shape.
func throwAway(suite pki.Suite) []byte {
	if suite.Family() == "rsa" {
		return make([]byte, 256)
	}
	return []byte{0x30, 6, 2, 1, 1, 2, 1, 1} // SEQUENCE { r 1, s 1 }
}

// lintList checks a list before it is signed (design.md §3.2).
func (ca *CA) lintList(i *Issuer, der []byte) error {
	findings, err := lint.CRL(der, lint.Options{Issuer: i.Certificate.Raw, Ours: true})
	if err != nil {
		return pki.Errorf(pki.Internal, "lint.parse", "the CRL to be signed cannot be read back").Because(err)
	}
	for _, f := range findings {
		if f.Severity == lint.Error {
			return pki.Errorf(pki.Internal, "lint."+f.Rule, "the CRL would break %s: %s", f.Clause, f.Detail)
		}
	}
	return nil
}
