package ra

import (
	"context"
	"crypto/hmac"
	"database/sql"
	"errors"
	"fmt"

	"onecert/audit"
	"onecert/officer"
	"onecert/pki"
)

// Receipt is printed for the applicant: by number and code the application is followed
// without a certificate.
type Receipt struct {
	Application string `json:"application"`
	Code        string `json:"code" doc:"shown once; only a hash is kept"`
}

// Receipt makes a code to print for an application; an earlier one ends.
func (r *Registration) Receipt(ctx context.Context, id string) (*Receipt, error) {
	s, err := r.enter(ctx, officer.Register)
	if err != nil {
		return nil, err
	}
	code, err := letters(r.cfg.Random)
	if err != nil {
		return nil, err
	}
	err = r.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		a, err := readApplication(ctx, tx, s, id)
		if err != nil {
			return err
		}
		if err := r.cfg.Audit.Append(ctx, tx, audit.Act{Actor: s.actor, Act: "application.receipt", Object: a.ID, Subject: a.Holder, Result: audit.Done, At: r.now()}); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO ra_receipt (application, digest, at) VALUES ($1, $2, $3)
			ON CONFLICT (application) DO UPDATE SET digest = excluded.digest, at = excluded.at`, a.ID, digestOf(a.ID, code), millis(r.now()))
		return err
	})
	if err != nil {
		return nil, err
	}
	return &Receipt{Application: id, Code: code}, nil
}

// Look names an application and its code.
type Look struct {
	Number string `json:"number" minLength:"1" maxLength:"64"`
	Code   string `json:"code" minLength:"1" maxLength:"20"`
}

// Progress tells how an application stands to who has its number and code. A wrong
// code and an unknown number answer the same, and both are counted.
func (f Self) Progress(ctx context.Context, l Look) (*Progress, error) {
	source := sourceOf(ctx)
	if err := f.count(ctx, f.perSource(), source); err != nil {
		return nil, err
	}
	if err := f.count(ctx, looksAnHour, l.Number); err != nil {
		return nil, err
	}
	var digest string
	err := f.r.cfg.DB.Read().QueryRowContext(ctx, "SELECT digest FROM ra_receipt WHERE application = $1", l.Number).Scan(&digest)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("reading a receipt: %w", err)
	}
	if !hmac.Equal([]byte(digestOf(l.Number, l.Code)), []byte(digest)) {
		why := pki.Errorf(pki.Forbidden, "look.wrong", "number and code do not belong together").To("both stand on the receipt of the counter")
		return nil, f.refused(ctx, pki.Actor{Name: noHolder, Address: source}, "self.look", why)
	}
	if err := f.forgive(ctx, looksAnHour, l.Number); err != nil {
		return nil, err
	}
	a, err := f.r.any(ctx, l.Number)
	if err != nil {
		return nil, err
	}
	if err := f.note(ctx, pki.Actor{Name: noHolder, Address: source}, "self.look", a.ID, nil); err != nil {
		return nil, err
	}
	return f.progress(ctx, a)
}
