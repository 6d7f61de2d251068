package kmc

import (
	"context"
	"database/sql"
	"log/slog"
	"time"

	"onecert/audit"
	"onecert/officer"
	"onecert/pki"
)

// EndSigning wipes a signing key that will not be needed, or, where it was packaged,
// ends the time in which the package could be fetched again. Asked again it changes
// nothing. Errors: km.order, km.no-signing-key, km.asker, km.store, those of Config.Check.
func (c *Centre) EndSigning(ctx context.Context, end pki.SigningEnd) error {
	actor, err := c.config.Check(ctx, officer.Signing)
	if err != nil {
		return err
	}
	if err := checkNames(end.Application, end.AskedBy); err != nil {
		return err
	}
	if !plainText(end.Reason, maxReason) {
		return errOrder("the reason is not plain text of 1 to %d octets", maxReason)
	}
	k, err := c.ownHolderKey(ctx, actor, end.Application)
	if err != nil {
		return err
	}
	act := k.act(actor, actSigningWipe, end.AskedBy, c.config.Now())
	act.Detail["reason"] = end.Reason
	if err := k.askedFor(end.AskedBy, end.SameAsker); err != nil {
		return c.refuseHolderKey(ctx, act, err)
	}
	return c.wipe(ctx, k, whyEnded, act)
}

// wipe overwrites what is left of a key, whatever state it is in, with one entry: a
// repeat where the key itself was gone before.
func (c *Centre) wipe(ctx context.Context, k *holderKey, why string, act audit.Act) error {
	err := c.config.DB.Tx(ctx, func(tx *sql.Tx) error {
		if err := c.overwriteFreed(ctx, tx); err != nil {
			return err
		}
		first, err := wipeIn(ctx, tx, k, why, c.config.Now())
		if err != nil {
			return err
		}
		if !first {
			act.Detail["repeat"] = "true"
		}
		return c.config.Audit.Append(ctx, tx, act)
	})
	if err != nil {
		return storeFailed(err)
	}
	return nil
}

// wipeIn overwrites key and password, or the package that took their place. first is
// whether the key was there.
func wipeIn(ctx context.Context, tx *sql.Tx, k *holderKey, why string, now time.Time) (first bool, err error) {
	now = now.UTC().Truncate(time.Millisecond)
	if k.wipedAt.IsZero() {
		k.wipedAt, k.why = now, why
		return wipeHolderKey(ctx, tx, k)
	}
	_, err = clearParcel(ctx, tx, k, now)
	return false, err
}

// mostTidied is how many keys one round of tidying wipes.
const mostTidied = 500

// tidyHolderKeys wipes keys nobody had packaged in their time, and packages whose time
// of fetching again is over.
func (c *Centre) tidyHolderKeys(ctx context.Context) {
	now := c.config.Now()
	expired, err := listHolderKeys(ctx, c.config.DB.Read(), "WHERE wiped_at IS NULL AND expires_at <= $1 LIMIT $2", now.UnixMilli(), mostTidied)
	if err == nil {
		for _, k := range expired {
			act := k.act(c.machine(), actSigningWipe, "", now)
			act.Detail["reason"], act.Detail["ca"] = whyExpired, k.ca
			if err = c.wipe(ctx, k, whyExpired, act); err != nil {
				break
			}
		}
	}
	if err == nil {
		err = c.clearParcels(ctx, now)
	}
	if err != nil && ctx.Err() == nil {
		c.config.Log.LogAttrs(ctx, slog.LevelError, "signing keys whose time is over cannot be wiped", slog.Any("error", err))
	}
}

// clearParcels overwrites packages. The log told of the key's end when it was packaged.
func (c *Centre) clearParcels(ctx context.Context, now time.Time) error {
	over, err := listHolderKeys(ctx, c.config.DB.Read(), "WHERE parcel IS NOT NULL AND cleared_at IS NULL AND wiped_at <= $1 LIMIT $2",
		now.Add(-fetchWindow).UnixMilli(), mostTidied)
	if err != nil || len(over) == 0 {
		return err
	}
	return c.config.DB.Tx(ctx, func(tx *sql.Tx) error {
		if err := c.overwriteFreed(ctx, tx); err != nil {
			return err
		}
		for _, k := range over {
			if _, err := clearParcel(ctx, tx, k, now); err != nil {
				return err
			}
		}
		return nil
	})
}

// wipeRestored ends every signing key a backup brought back: it may have been packaged
// since the backup was made, and nobody has a signing key twice.
func wipeRestored(ctx context.Context, tx *sql.Tx, log *audit.Log, r Restored) error {
	all, err := listHolderKeys(ctx, tx, "WHERE wiped_at IS NULL OR parcel IS NOT NULL AND cleared_at IS NULL")
	if err != nil {
		return err
	}
	acts := make([]audit.Act, len(all))
	for i, k := range all {
		acts[i] = k.act(r.Actor, actSigningWipe, "", r.Now)
		acts[i].Detail["reason"], acts[i].Detail["ca"] = whyRestored, k.ca
		first, err := wipeIn(ctx, tx, k, whyRestored, r.Now)
		if err != nil {
			return err
		}
		if !first {
			acts[i].Detail["repeat"] = "true"
		}
	}
	return log.Append(ctx, tx, acts...)
}
