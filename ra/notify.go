package ra

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"

	"onecert/notice"
)

// Notices is how holders are told what happens to what they applied for and when their
// certificates end; the zero value tells nobody. Where a registration and its counters
// each have a process and an outbox, the registration mails to holders (replica_tell.go).
type Notices struct {
	Outbox *notice.Outbox // in the registration's own database
	// Webhooks are targets of the outbox that hear of every change of state and every
	// reminder, by numbers and without a name.
	Webhooks []string
	Site     string // address of self-service, for the mails; "": they name the counter
	Days     []int  // before the end of a certificate; nil: 60, 30, 7
}

// The kinds of notices.
const (
	noticeReturned = "application.returned"
	noticeRejected = "application.rejected"
	noticeIssued   = "application.issued"
	noticeExpiry   = "certificate.expiry"
)

// tell posts what the holders of entries are to know, in the transaction that stores
// them: nobody hears of what did not happen.
func (r *Registration) tell(ctx context.Context, tx *sql.Tx, entries []entry) error {
	if r.cfg.Notices.Outbox == nil {
		return nil
	}
	for _, e := range entries {
		kind := map[State]string{Returned: noticeReturned, Rejected: noticeRejected, Issued: noticeIssued}[e.a.State]
		if kind == "" || e.was == e.a.State {
			continue
		}
		if err := r.tellState(ctx, tx, e, kind); err != nil {
			return fmt.Errorf("telling of application %s: %w", e.a.ID, err)
		}
	}
	return nil
}

func (r *Registration) tellState(ctx context.Context, tx *sql.Tx, e entry, kind string) error {
	note := ""
	if len(e.moments) > 0 {
		note = e.moments[len(e.moments)-1].Note
	}
	key := fmt.Sprintf("application/%s/%d", e.a.ID, e.a.Version)
	data := map[string]string{"application": e.a.ID, "operation": string(e.a.Operation), "kind": string(e.a.Kind), "state": string(e.a.State), "node": e.a.Node}
	if err := r.postHooks(ctx, tx, notice.Notice{Key: key, Kind: kind}, data); err != nil {
		return err
	}
	if told, err := r.toldAbove(ctx, tx); err != nil || told {
		return err
	}
	to, ok, err := r.mailOf(ctx, tx, e.a)
	if err != nil || !ok {
		return err
	}
	words := operationWords(e.a.Operation)
	return r.postMail(ctx, tx, notice.Notice{Key: key, Kind: kind, Channel: notice.Mail, To: to, Thread: "application/" + e.a.ID}, map[string]string{
		"Number": e.a.ID, "OperationZH": words[0], "OperationEN": words[1], "Note": note, "Site": r.cfg.Notices.Site})
}

// postMail fills in the words of a notice's kind and posts it.
func (r *Registration) postMail(ctx context.Context, tx *sql.Tx, n notice.Notice, values map[string]string) (err error) {
	all, err := noticeWords()
	if err != nil {
		return err
	}
	message, err := all[n.Kind].Render(values)
	if err != nil {
		return err
	}
	message.Files = n.Message.Files
	n.Message = message
	_, err = r.cfg.Notices.Outbox.Post(ctx, tx, n)
	return err
}

// postHooks posts a notice to every webhook target there is.
func (r *Registration) postHooks(ctx context.Context, tx *sql.Tx, n notice.Notice, data map[string]string) error {
	text, err := json.Marshal(data)
	if err != nil {
		return err
	}
	for _, target := range r.cfg.Notices.Webhooks {
		hook := n
		hook.Channel, hook.Data = notice.Webhook(target), text
		hook.Key += "/" + target
		if _, err := r.cfg.Notices.Outbox.Post(ctx, tx, hook); err != nil {
			return err
		}
	}
	return nil
}

// mailOf is where the one an application is of reads mail: what the application says,
// else what is known of the holder. Nobody's act fails for want of an address.
func (r *Registration) mailOf(ctx context.Context, q querier, a *Application) (to notice.Address, ok bool, err error) {
	if !r.cfg.Notices.Outbox.Has(notice.Mail) {
		return to, false, nil
	}
	whole := *a
	whole.Fields = map[string]string{}
	if err := r.revealInto(a, &whole); err != nil {
		return to, false, err
	}
	at := whole.Fields["mail"]
	if at == "" && a.Holder != "" {
		known, err := r.contacts(ctx, q, a.Holder)
		if err != nil {
			return to, false, err
		}
		at = known["mail"]
	}
	if at == "" {
		return to, false, nil
	}
	if to, err = notice.ParseAddress(at); err != nil {
		r.cfg.Log.Warn("a holder is not told, as the mail address is none we can send to", "application", a.ID)
		return to, false, nil
	}
	return to, true, nil
}

// reminders are the days before the end of a certificate on which its holder is told.
func (n Notices) reminders() []int {
	if n.Days == nil {
		return []int{60, 30, 7}
	}
	return slices.Clone(n.Days)
}
