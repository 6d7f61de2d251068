package main

import (
	"context"
	cryptorand "crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"onecert/audit"
	"onecert/ca"
	"onecert/cms"
	"onecert/officer"
	"onecert/pki"
	"onecert/status"
)

// people is a CA's database that is filled with holders of dual certificates, through
// the CA's own code: each certificate is built, linted and signed.
type people struct {
	h        *house
	envelope pki.Envelope // one for all: what it holds does not matter here, its size does
	holders  int
	prepared atomic.Int64
	kept     []holder // every keptHolder-th whose certificates are good
}

// holder is one who is remembered, to be asked for and revoked later.
type holder struct {
	id   string
	cn   string
	pair [2]pki.Serial
}

const (
	loadBatch  = 2000 // orders a commit
	keptHolder = 20
	endedEvery = 100 // holders of which one is revoked
)

// newPeople prepares a house for n certificates, which it will have issued in a year:
// the CA's clock begins a year back and goes on with each.
func newPeople(ctx context.Context, h *house, n int) (*people, error) {
	f, err := newDualFloor()
	if err != nil {
		return nil, err
	}
	der, err := cms.SealSM2Key(cryptorand.Reader, &f.holder.PublicKey, f.pair)
	if err != nil {
		return nil, err
	}
	p := &people{h: h, envelope: pki.Envelope{Format: pki.SM2EnvelopedKey, DER: der}}
	began := time.Now()
	each := 365 * 24 * time.Hour / time.Duration(max(1, n/2))
	h.config.Now = func() time.Time {
		return began.Add(-370*24*time.Hour + time.Duration(p.prepared.Load())*each + time.Since(began))
	}
	return p, h.restart(ctx) // the CA takes the clock
}

func (p *people) certificates() int { return 2 * p.holders }

// draw takes away some of those that are kept, at random, and returns one serial of each.
func (p *people) draw(n int) (serials []pki.Serial) {
	rand.Shuffle(len(p.kept), func(i, j int) { p.kept[i], p.kept[j] = p.kept[j], p.kept[i] })
	n = min(n, len(p.kept)/2)
	for _, one := range p.kept[:n] {
		serials = append(serials, one.pair[0])
	}
	p.kept = p.kept[n:]
	return serials
}

// grow loads holders until there are n certificates and returns how long that took.
func (p *people) grow(ctx context.Context, n int) (time.Duration, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	start := time.Now()
	from, to := p.holders, n/2
	batches := make(chan batch, 4)
	workers := runtime.GOMAXPROCS(0)
	errs := make([]error, workers)
	var group sync.WaitGroup
	for w := range workers {
		group.Go(func() {
			for at := from + w*loadBatch; at < to && errs[w] == nil; at += workers * loadBatch {
				errs[w] = p.prepare(ctx, at, min(loadBatch, to-at), batches)
			}
			if errs[w] != nil {
				cancel()
			}
		})
	}
	go func() { group.Wait(); close(batches) }()
	var failed error
	for b := range batches {
		if failed == nil {
			failed = p.store(ctx, b)
		}
		if failed != nil {
			cancel() // and let those who prepare see it
		}
	}
	return time.Since(start), errors.Join(append(errs, failed)...)
}

// batch is orders ready to be stored, and who they are of.
type batch struct {
	ready []*ca.BulkReady
	kept  []holder
	ended []holder
}

// prepare makes the certificates of the holders from at on.
func (p *people) prepare(ctx context.Context, at, n int, to chan<- batch) error {
	var b batch
	actor := pki.WithActor(ctx, pki.Actor{Name: "ra", Roles: []string{officer.Site}})
	for i := at; i < at+n; i++ {
		var keys [2][]byte
		for k := range keys {
			key, err := pki.GenerateKey(cryptorand.Reader, pki.SM2)
			if err != nil {
				return fmt.Errorf("making a key: %w", err)
			}
			if keys[k], err = pki.MarshalPublicKey(key.Public()); err != nil {
				return err
			}
		}
		p.prepared.Add(1)
		one := holder{id: fmt.Sprintf("P-%09d", i), cn: fmt.Sprintf("持有人%09d", i)}
		order := ca.Bulk{Application: fmt.Sprintf("people-%09d", i), Profile: "person-sign", Holder: one.id,
			Subject: pki.Name{{Type: "C", Value: "CN"}, {Type: "O", Value: fmt.Sprintf("示例市第%03d单位", i%500)}, {Type: "CN", Value: one.cn}},
			Key:     keys[0], Pair: pki.KeyGrant{PublicKey: keys[1], Envelope: p.envelope}}
		ready, err := p.h.ca.Prepare(actor, order)
		for pki.CodeOf(err) == "clock.backwards" { // the other worker has moved it on meanwhile
			ready, err = p.h.ca.Prepare(actor, order)
		}
		if err != nil {
			return err
		}
		b.ready = append(b.ready, ready)
		one.pair = [2]pki.Serial(ready.Serials())
		switch {
		case i%endedEvery == 0:
			b.ended = append(b.ended, one)
		case i%keptHolder == 0:
			b.kept = append(b.kept, one)
		}
	}
	select {
	case to <- b:
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}

func (p *people) store(ctx context.Context, b batch) error {
	if err := p.h.ca.Load(ctx, b.ready); err != nil {
		return err
	}
	p.holders += len(b.ready)
	p.kept = append(p.kept, b.kept...)
	return p.end(ctx, b.ended)
}

// end revokes holders' pairs, as the CA leaves it, with one commit for many.
func (p *people) end(ctx context.Context, all []holder) error {
	now := p.h.config.Now().UTC().Truncate(time.Second)
	var acts []audit.Act
	var changes []status.Change
	for _, one := range all {
		for _, serial := range one.pair {
			acts = append(acts, audit.Act{Actor: pki.Actor{Name: "ra", Roles: []string{officer.Site}}, Act: "certificate.revoked", Object: "sm2/" + string(serial),
				Subject: one.id, Result: audit.Done, At: now, Detail: map[string]string{"reason": pki.Superseded.String()}})
			changes = append(changes, status.Change{Issuer: "sm2", Serial: serial, Event: status.Revoked, Reason: pki.Superseded, At: now})
		}
	}
	return p.h.store.Tx(ctx, func(tx *sql.Tx) error {
		if err := p.h.config.Audit.Append(ctx, tx, acts...); err != nil {
			return err
		}
		_, err := p.h.journal.Append(ctx, tx, changes...)
		return err
	})
}
