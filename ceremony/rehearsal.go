package ceremony

import (
	"context"

	"onecert/pki"
	"onecert/shares"
)

// Rehearsal stands for the people where there are none: it agrees to everything and
// writes nothing down wrongly. Run refuses it for anything but a rehearsal.
type Rehearsal struct{}

// Confirm implements Attendants.
func (Rehearsal) Confirm(context.Context, Object) error { return nil }

// HandOut implements Attendants. The share goes through its written form.
func (Rehearsal) HandOut(_ context.Context, custodian string, share shares.Share) (shares.Share, error) {
	return shares.Parse(string(share.File(custodian)))
}

// HandIn implements Attendants. A rehearsal opens no key of the state, so that nobody
// is asked.
func (Rehearsal) HandIn(_ context.Context, ask Ask) (shares.Share, error) {
	return shares.Share{}, pki.Errorf(pki.Internal, "ceremony.rehearsal", "a rehearsal asks for the shares of %s", ask.Authority)
}
