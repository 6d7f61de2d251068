package ra

import (
	"context"

	"onecert/notice"
)

// Who tells holders where a counter and the registration above it have an outbox each:
// the registration does, which decides and knows of every certificate; it says so with
// its news, and the counter keeps its own mails back. Webhooks hear from both, each for
// the systems of its own place.

// teller is the position under which it is kept that the registration above mails.
const teller = "teller"

// mails says whether holders are mailed to from here.
func (n Notices) mails() bool { return n.Outbox != nil && n.Outbox.Has(notice.Mail) }

// noteTeller keeps what the registration above said, for reminders that are due before
// the link works again.
func (r *Registration) noteTeller(ctx context.Context, tells bool) error {
	known, _, err := r.position(ctx, teller)
	if err != nil || known == flag(tells) {
		return err
	}
	to := &sheaf{}
	to.position(teller, flag(tells), "")
	return r.write(ctx, to)
}

// toldAbove says whether holders hear by mail from the registration above.
func (r *Registration) toldAbove(ctx context.Context, q querier) (bool, error) {
	if r.cfg.Upstream == nil {
		return false, nil
	}
	found, err := collect(ctx, q, func(row scanner) (n int64, err error) { return n, row.Scan(&n) }, "SELECT number FROM ra_link_position WHERE side = $1", teller)
	return len(found) > 0 && found[0] == 1, err
}
