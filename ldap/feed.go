package ldap

import (
	"context"
	"errors"
	"slices"
	"time"

	"onecert/pki"
	"onecert/status"
)

const (
	again       = time.Second      // between two tries
	authorities = time.Minute      // how often CAs are asked for again
	mostAsked   = 200              // certificates asked for at once
	patience    = 30 * time.Second // for one question to the source
)

// Run keeps the directory true to the journal until ctx ends. What fails is logged
// when it begins and tried again; certificates that cannot be fetched never keep a
// revocation back.
func (d *Directory) Run(ctx context.Context) error {
	var refreshed time.Time
	var failing bool
	for ctx.Err() == nil {
		err := error(nil)
		if d.cfg.Now().Sub(refreshed).Abs() >= authorities {
			if err = d.RefreshAuthorities(ctx); err == nil {
				refreshed = d.cfg.Now()
			}
		}
		err = errors.Join(err, d.step(ctx))
		if ctx.Err() != nil {
			break
		}
		if err != nil && !failing {
			d.cfg.Log.Warn("the directory does not get on", "error", err)
		}
		if failing = err != nil; failing {
			wait(ctx, again)
		}
	}
	return ctx.Err()
}

func wait(ctx context.Context, t time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(t):
	}
}

// RefreshAuthorities asks for the CAs again.
func (d *Directory) RefreshAuthorities(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	all, err := d.cfg.Source.Authorities(ctx)
	if err != nil {
		return err
	}
	d.authorities.Store(&all)
	return nil
}

// step waits a little for entries of the journal and takes them in.
func (d *Directory) step(ctx context.Context) error {
	look, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	entries, err := d.cfg.Status.Next(look, d.position.Load(), 0)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return nil
	}
	if pki.CodeOf(err) == "status.rewound" {
		d.cfg.Log.Warn("the status journal was restored; the directory starts again from its beginning")
		if err := d.clear(ctx); err != nil {
			return err
		}
		d.position.Store(0)
		return nil
	}
	if err != nil {
		return err
	}
	return d.take(ctx, entries)
}

func (d *Directory) take(ctx context.Context, entries []status.Entry) error {
	issued, missing := d.fetch(ctx, entries)
	c := change{entries: entries, issued: issued, whole: missing == nil}
	if err := d.apply(ctx, c); err != nil {
		return errors.Join(missing, err)
	}
	if c.whole {
		d.position.Store(entries[len(entries)-1].Number)
	}
	return missing
}

// fetch asks the source for the certificates that entries say were issued.
func (d *Directory) fetch(ctx context.Context, entries []status.Entry) (map[string]Certificate, error) {
	wanted := map[string][]pki.Serial{}
	for _, e := range entries {
		if e.Event == status.Issued {
			wanted[e.Issuer] = append(wanted[e.Issuer], e.Serial)
		}
	}
	issued := map[string]Certificate{}
	for issuer, serials := range wanted {
		for part := range slices.Chunk(serials, mostAsked) {
			ask, cancel := context.WithTimeout(ctx, patience)
			found, err := d.cfg.Source.Published(ask, issuer, part)
			cancel()
			if err != nil {
				return issued, err
			}
			for _, c := range found {
				issued[key(c.Issuer, c.Serial)] = c
			}
		}
	}
	return issued, nil
}
