package ca

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	"onecert/pki"
	"onecert/status"
)

// A revocation stands with its commit, whether the key management centre hears of it
// or not. That its pair goes into history there is asked for at once, and again by
// whoever follows the journal until the centre has answered: it may be gone, and so
// may we in between.

// retirePause is how often the journal is looked at for revocations that the centre
// may not have heard of.
const retirePause = time.Second

// heard are pairs the centre has put into history already, so that it is not asked,
// and does not note it, twice. After a restart it is.
type heard struct {
	mu  sync.Mutex
	all map[pki.Serial]bool
}

func (h *heard) note(escrow pki.Serial) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.all == nil {
		h.all = map[pki.Serial]bool{}
	}
	h.all[escrow] = true
}

// forget reports whether a pair was noted, and keeps it no longer.
func (h *heard) forget(escrow pki.Serial) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	was := h.all[escrow]
	delete(h.all, escrow)
	return was
}

// retirePredecessors tells the KMC that the old encryption pair goes into history.
func (ca *CA) retirePredecessors(ctx context.Context, o *storedOrder) {
	if ca.cfg.KMC == nil || o.act != actReissue {
		return // a modified certificate keeps its pair in use
	}
	old, err := ca.readPredecessor(ctx, o)
	if err != nil {
		ca.cfg.Log.Error("finding the replaced certificates", "application", o.application, "error", err)
		return
	}
	ca.retire(ctx, old)
}

// retire asks for the pair of a revoked order to go into history, once.
func (ca *CA) retire(ctx context.Context, o *storedOrder) {
	second := o.half(encrypt)
	if second == nil || ca.cfg.KMC == nil {
		return
	}
	used, err := ca.stillUsed(ctx, o, second.escrow)
	if err == nil && !used {
		if err = ca.cfg.KMC.Retire(ctx, second.escrow); err == nil {
			ca.heard.note(second.escrow)
		}
	}
	if err != nil {
		ca.cfg.Log.Warn("the key management centre did not move an encryption key into history; it is asked again", "serial", second.serial, "error", err)
	}
}

// stillUsed reports whether a good certificate has a pair: a modified certificate
// keeps it, and one that was renewed stays good beside its successor.
func (ca *CA) stillUsed(ctx context.Context, o *storedOrder, escrow pki.Serial) (bool, error) {
	all, err := ca.related(ctx, o)
	if err != nil {
		return false, err
	}
	for _, other := range all {
		half := other.half(encrypt)
		if half == nil || half.escrow != escrow {
			continue
		}
		if !other.issued() { // its bytes are fixed, so it will be signed, at the latest at the next start
			bad, err := ca.compromised(ctx, other.keyHash)
			if err != nil || !bad {
				return true, err
			}
			continue
		}
		record, err := ca.recordOf(ctx, other.issuer, half.serial)
		if err != nil {
			return false, err
		}
		if state := record.State.At(ca.cfg.Now(), record.NotAfter); state == pki.Valid || state == pki.Held {
			return true, nil
		}
	}
	return false, nil
}

// KeepRetired follows the journal until ctx ends and has the pair of each encryption
// certificate that was revoked put into history.
func (ca *CA) KeepRetired(ctx context.Context) {
	if ca.cfg.KMC == nil {
		return
	}
	failing := false
	for tick := time.NewTicker(retirePause); ; {
		err := ca.retireNews(ctx)
		if err != nil && !failing && ctx.Err() == nil {
			ca.cfg.Log.Error("moving encryption keys into history", "error", err)
		}
		failing = err != nil
		select {
		case <-tick.C:
		case <-ctx.Done():
			tick.Stop()
			return
		}
	}
}

// retireNews goes on from where the last one came to.
func (ca *CA) retireNews(ctx context.Context) error {
	last, err := ca.cfg.Status.Last(ctx) // before reading: what comes meanwhile is read again
	if err != nil {
		return storeFailed(err)
	}
	from, err := ca.retiredUpTo(ctx)
	if err != nil || from >= last {
		return err
	}
	for _, issuer := range ca.cfg.Issuers {
		var revoked []pki.Serial
		err := ca.cfg.Status.ChangedSince(ctx, issuer.ID, from, func(r status.Record) error {
			if r.State == pki.Revoked {
				revoked = append(revoked, r.Serial)
			}
			return nil
		})
		if err != nil {
			return storeFailed(err)
		}
		for _, serial := range revoked {
			if err := ca.retireSerial(ctx, issuer.ID, serial); err != nil {
				return err
			}
		}
	}
	return ca.tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO ca_retired (id, number) VALUES (1, $1) ON CONFLICT (id) DO UPDATE SET number = excluded.number", last)
		return err
	})
}

func (ca *CA) retiredUpTo(ctx context.Context) (number int64, err error) {
	err = ca.cfg.DB.Read().QueryRowContext(ctx, "SELECT number FROM ca_retired WHERE id = 1").Scan(&number)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, storeFailed(fmt.Errorf("reading up to where pairs are in history: %w", err))
	}
	return number, nil
}

// retireSerial returns an error only where asking again may help.
func (ca *CA) retireSerial(ctx context.Context, issuer string, serial pki.Serial) error {
	o, err := ca.readOrderOf(ctx, issuer, serial)
	if pki.KindOf(err) == pki.Unknown {
		return nil // taken over from a list; the order is not known here
	}
	if err != nil {
		return err
	}
	second := o.half(encrypt)
	if second == nil || second.serial != serial || ca.heard.forget(second.escrow) {
		return nil
	}
	used, err := ca.stillUsed(ctx, o, second.escrow)
	if err != nil || used {
		return err
	}
	err = ca.cfg.KMC.Retire(ctx, second.escrow)
	if err != nil && pki.KindOf(err) != pki.Unavailable {
		ca.cfg.Log.Warn("the key management centre refuses to move an encryption key into history", "serial", serial, "error", err)
		return nil
	}
	return err
}
