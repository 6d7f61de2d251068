package notice

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"io"
	"time"
)

// letter is what a carrier sends. Its id and time are the same at every try, so that
// what is sent is the same, too.
type letter struct {
	id     string // 32 hexadecimal digits
	posted time.Time
	kind   string
	to     Address
	words  Message
	data   []byte
}

// verdict is how a try ended.
type verdict int

const (
	accepted verdict = iota // it is the receiver's now
	notNow                  // not now
	never                   // this notice will not be accepted
	down                    // nothing can be sent by this channel now
	off                     // the target wants nothing any more
)

// outcome is a verdict with its reason in words of ours: "smtp 550 5.1.1". What the
// other side wrote is not kept, as it often repeats the address.
type outcome struct {
	verdict verdict
	says    string
	after   time.Duration // the other side asked to wait so long
}

// A channel that fails is left alone for shortestPause, then twice as long each time.
const (
	shortestPause = 10 * time.Second
	longestPause  = 10 * time.Minute
)

// parcel is notices that go together: one, or a digest.
type parcel struct {
	rows []row
	lead int64 // 0: one notice by itself
}

// identify makes the id of notices that go together: of their keys, so that every try
// has the same.
func identify(rows []row) string {
	h := sha256.New()
	for _, r := range rows {
		h.Write([]byte("onecert notice\x00" + r.key + "\x00"))
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// deliver tries to send a parcel: note the try, send, record. goesOn is false if the
// channel is not to be used further now.
func (o *Outbox) deliver(ctx context.Context, w *way, p parcel) (goesOn bool, err error) {
	now := o.cfg.Now()
	next := now.Add(o.backoff(p.rows[0].tries + 1))
	err = o.tx(ctx, func(ctx context.Context, tx *sql.Tx) error { return claim(ctx, tx, p.rows, p.lead, now, next) })
	if err != nil {
		return false, err
	}
	for i := range p.rows {
		p.rows[i].tries++
	}
	out := outcome{notNow, "seal: no key opens it", 0}
	if l, err := o.letter(p); err == nil {
		out = w.carrier.send(ctx, l)
	}
	if ctx.Err() != nil && out.verdict != accepted {
		return false, nil // the process ends: the try is noted, and nobody's fault
	}
	err = o.record(ctx, w, result{p, out, next})
	return err == nil && out.verdict != down && out.verdict != off, err
}

// letter opens what a parcel's notices have sealed.
func (o *Outbox) letter(p parcel) (letter, error) {
	contents := make([]content, len(p.rows))
	for i, r := range p.rows {
		c, err := o.openRow(r)
		if err != nil {
			return letter{}, err
		}
		contents[i] = c
	}
	first := p.rows[0]
	l := letter{id: identify(p.rows), posted: first.posted, kind: first.kind, to: contents[0].To, words: contents[0].Message, data: contents[0].Data}
	if len(p.rows) > 1 {
		l.words = together(contents)
	}
	return l, nil
}

// result is a try with its outcome.
type result struct {
	parcel
	outcome
	next time.Time
}

// record writes down what became of a try. Where the database does not take it, it is
// kept for the next round: what was accepted is not to be sent again.
func (o *Outbox) record(ctx context.Context, w *way, r result) error {
	now := o.cfg.Now()
	err := o.tx(ctx, func(ctx context.Context, tx *sql.Tx) error { return r.write(ctx, tx, w.target(), now) })
	if err != nil {
		w.unrecorded = &r
		return err
	}
	w.unrecorded = nil
	o.note(w, r, now)
	return nil
}

func (r result) write(ctx context.Context, tx *sql.Tx, target string, now time.Time) error {
	switch r.verdict {
	case accepted:
		return end(ctx, tx, r.rows, Sent, r.says, now)
	case never:
		return end(ctx, tx, r.rows, Refused, r.says, now)
	case off:
		if err := setOff(ctx, tx, target, now); err != nil {
			return err
		}
	}
	next := r.next
	if asked := now.Add(r.after); asked.After(next) {
		next = asked
	}
	for _, one := range r.rows {
		var err error
		if r.verdict != off && !now.Before(one.giveUp) {
			err = end(ctx, tx, []row{one}, GivenUp, r.says, now)
		} else {
			err = later(ctx, tx, []row{one}, r.says, next)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// note keeps figures and says in the log what an operator has to know, without the
// words and the address.
func (o *Outbox) note(w *way, r result, now time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.counts[count{w.channel, r.verdict}] += uint64(len(r.rows))
	log := o.cfg.Log.With("channel", string(w.channel), "says", r.says)
	switch r.verdict {
	case down, off:
		if w.failures == 0 {
			w.since = now
			log.Error("notices do not get through")
		}
		w.failures, w.says = w.failures+1, r.says
		w.until = now.Add(max(min(longestPause, shortestPause<<min(w.failures-1, 10)), r.after))
		return
	case never:
		log.Warn("a notice was refused", "notice", r.rows[0].id, "kind", r.rows[0].kind)
	case notNow:
		if !now.Before(r.rows[0].giveUp) {
			log.Warn("a notice was given up", "notice", r.rows[0].id, "kind", r.rows[0].kind)
		}
	}
	if w.failures > 0 {
		log.Info("notices get through again", "lasted", now.Sub(w.since).Round(time.Second).String())
	}
	w.failures, w.since, w.until, w.says = 0, time.Time{}, time.Time{}, ""
}

// backoff is how long to wait before the try after the given one: twice as long each
// time, and up to a fifth more or less, so that what failed together does not come
// back together.
func (o *Outbox) backoff(try int) time.Duration {
	wait := o.cfg.Limits.Longest
	if doubled := o.cfg.Limits.First << min(try-1, 20); doubled > 0 && doubled < wait {
		wait = doubled
	}
	var drawn [2]byte
	if _, err := io.ReadFull(o.cfg.Random, drawn[:]); err != nil {
		return wait // no chance is no reason to stop telling people
	}
	part := float64(binary.BigEndian.Uint16(drawn[:]))/65535*0.4 - 0.2
	return wait + time.Duration(part*float64(wait))
}
