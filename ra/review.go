package ra

import (
	"context"
	"database/sql"

	"onecert/officer"
	"onecert/pki"
)

// Submit hands an application to review, complete.
func (r *Registration) Submit(ctx context.Context, id string, d Decision) (*Application, error) {
	k, err := r.know(ctx, officer.Register, id)
	if err != nil {
		return nil, err
	}
	done, err := r.happen(ctx, id, Submit, d, func(a *Application, _ scope) error {
		if k.holder != "" {
			a.Holder = k.holder
		}
		return r.complete(a)
	}, r.papersThere, r.oneEach, r.permittedIn, r.linked(k))
	if err == nil && done.Operation == Freeze {
		err = r.freezeNow(ctx, done.ID)
	}
	if err == nil {
		done = r.byRule(ctx, done)
	}
	return done, err
}

// complete says what is missing before an application can be reviewed.
func (r *Registration) complete(a *Application) error {
	whole := *a
	whole.Fields = map[string]string{}
	for name, value := range a.Fields {
		whole.Fields[name] = value
	}
	if err := r.reveal(&whole); err != nil {
		return err
	}
	if err := checkFields(a.Kind, whole.Fields, a.Operation == Issue); err != nil {
		return err
	}
	if a.Operation.needsRequest() && a.KeyFrom == keyRequest {
		if len(a.Request) == 0 {
			return pki.Errorf(pki.Invalid, "application.request", "the certificate request (PKCS#10) of the holder's key is missing").
				To("upload it, or have the key made on the server where the profile allows")
		}
		_, err := pki.ParseRequest(a.Request, true)
		return err
	}
	return nil
}

// papersThere says which document is missing before review.
func (r *Registration) papersThere(ctx context.Context, tx *sql.Tx, a *Application, _ scope) error {
	if r.cfg.Paperless {
		return nil
	}
	there, err := readDocuments(ctx, tx, a.ID)
	if err != nil {
		return err
	}
	return lacking(a, there)
}

// Return sends an application back for correction; the note says what is wrong.
func (r *Registration) Return(ctx context.Context, id string, d Decision) (*Application, error) {
	return r.happen(ctx, id, Return, d, saying(d))
}

// Reject ends an application; the note says why.
func (r *Registration) Reject(ctx context.Context, id string, d Decision) (*Application, error) {
	done, err := r.happen(ctx, id, Reject, d, saying(d), r.giveBack)
	if err == nil {
		err = r.thaw(ctx, done)
	}
	return done, err
}

func saying(d Decision) func(*Application, scope) error {
	return func(*Application, scope) error {
		if d.Note == "" {
			return pki.Errorf(pki.Invalid, "application.note", "the note is empty").To("say what is wrong, so that it can be mended")
		}
		return nil
	}
}

// Approve is the consent of one who did not register it. What a counter without a way
// to the CA could not ask about the holder is asked here.
func (r *Registration) Approve(ctx context.Context, id string, d Decision) (*Application, error) {
	k, err := r.know(ctx, officer.Review, id)
	if err != nil {
		return nil, err
	}
	if err := r.seen(ctx, id, k); err != nil {
		return nil, err
	}
	return r.happen(ctx, id, Approve, d, func(a *Application, s scope) error {
		a.ReviewedBy = s.actor.Name
		if k.holder != "" {
			a.Holder = k.holder
		}
		return r.complete(a)
	}, r.papersThere, r.oneEach, r.permittedIn, r.take) // papers: of a counter that handed it up they may still be on the way
}

// Withdraw takes an application back.
func (r *Registration) Withdraw(ctx context.Context, id string, d Decision) (*Application, error) {
	if above, err := r.underReview(ctx, id); err != nil || above {
		if err != nil {
			return nil, err
		}
		return r.withdrawBelow(ctx, id, d)
	}
	done, err := r.happen(ctx, id, Withdraw, d, nil)
	if err == nil {
		err = r.thaw(ctx, done)
	}
	return done, err
}
