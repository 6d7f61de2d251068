package ca

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"onecert/pki"
	"onecert/status"
)

// publish writes lists as files by rename, so that a web server never hands out
// half of one: {dir}/{issuer}/complete.crl, delta.crl and {partition}.crl.
func (ca *CA) publish(i *Issuer, crls []CRL) error {
	if ca.cfg.CRL.Dir == "" {
		return nil
	}
	dir := filepath.Join(ca.cfg.CRL.Dir, i.ID)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return unpublished(err)
	}
	for _, crl := range crls {
		if err := writeByRename(filepath.Join(dir, fileName(crl)), crl.DER); err != nil {
			return unpublished(err)
		}
	}
	return nil
}

func unpublished(err error) error {
	return pki.Errorf(pki.Unavailable, "crl.publish", "the CRL is signed and stored but its file cannot be written").
		To("check the CRL folder's space and rights, then sign again").Because(err)
}

func fileName(crl CRL) string {
	switch {
	case crl.Base > 0:
		return "delta.crl"
	case crl.Partition == complete:
		return "complete.crl"
	}
	return strconv.Itoa(crl.Partition) + ".crl"
}

func writeByRename(path string, data []byte) error {
	file, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name()) // after the rename there is nothing to remove
	_, err = file.Write(data)
	err = errors.Join(err, file.Chmod(0o644), file.Sync(), file.Close())
	if err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}

// KeepCRLs signs lists until ctx ends: when the journal has news of an issuer, and
// long before a list lapses even if nothing was revoked. A failure is logged and
// tried again; at half and three quarters of a list's life it is an alarm.
func (ca *CA) KeepCRLs(ctx context.Context) {
	machine := pki.Actor{Name: "ca"}
	signed := map[string]int64{}
	for ctx.Err() == nil {
		last, err := ca.cfg.Status.Last(ctx) // before looking, so that no news is slept over
		for _, issuer := range ca.cfg.Issuers {
			if err == nil {
				err = ca.keepCRL(ctx, issuer, machine, signed)
			}
		}
		if err != nil && ctx.Err() == nil {
			ca.cfg.Log.Error("signing CRLs", "error", err, "cause", errors.Unwrap(err))
		}
		ca.awaitNews(ctx, last)
	}
}

// awaitNews waits for the journal to go beyond last, at least the pause and not
// longer than a list can wait.
func (ca *CA) awaitNews(ctx context.Context, last int64) {
	pause := time.NewTimer(ca.cfg.CRL.Pause)
	defer pause.Stop()
	select {
	case <-ctx.Done():
		return
	case <-pause.C:
	}
	wait, cancel := context.WithTimeout(ctx, ca.cfg.CRL.Life/16)
	defer cancel()
	ca.cfg.Status.Next(wait, last, 1) // whatever it answers, the lists are looked at again
}

func (ca *CA) keepCRL(ctx context.Context, i *Issuer, machine pki.Actor, seen map[string]int64) error {
	crl, err := ca.lastFull(ctx, i.ID)
	if err != nil {
		return err
	}
	now := ca.cfg.Now()
	if crl != nil {
		life := crl.NextUpdate.Sub(crl.ThisUpdate)
		age := now.Sub(crl.ThisUpdate)
		switch {
		case age > life*3/4:
			ca.cfg.Log.Error("a CRL is past three quarters of its life", "issuer", i.ID, "next_update", crl.NextUpdate)
		case age > life/2:
			ca.cfg.Log.Warn("a CRL is past half of its life", "issuer", i.ID, "next_update", crl.NextUpdate)
		}
		if age < life*3/8 {
			news, err := ca.newsFor(ctx, i.ID, max(crl.Journal, seen[i.ID]))
			due, err2 := ca.listDue(ctx, *crl)
			if err := errors.Join(err, err2); err != nil || !news && !due {
				return err
			}
		}
	}
	signed, err := ca.signCRLs(ctx, i, machine)
	if len(signed) > 0 {
		seen[i.ID] = signed[0].Journal
	}
	if err != nil {
		return fmt.Errorf("keeping the CRLs of %s: %w", i.ID, err)
	}
	return nil
}

// newsFor reports whether anything was held, released or revoked after a journal number.
func (ca *CA) newsFor(ctx context.Context, issuer string, number int64) (bool, error) {
	news := errors.New("news")
	err := ca.cfg.Status.ChangedSince(ctx, issuer, number, func(status.Record) error { return news })
	if errors.Is(err, news) {
		return true, nil
	}
	return false, err
}
