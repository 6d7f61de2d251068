package ra

import (
	"context"
	"slices"
	"strconv"
	"time"

	"onecert/audit"
	"onecert/pki"
)

// LossReport says whose certificates are lost and where the code shall go. It is for
// persons and organisations; what a whole office runs on is frozen at a counter.
type LossReport struct {
	Kind         Kind   `json:"kind" enum:"person,organisation"`
	DocumentKind string `json:"document_kind" enum:"resident,military,passport,credit-code"`
	Number       string `json:"number" minLength:"4" maxLength:"40" doc:"of the document; it is hashed and not kept"`
	By           string `json:"by" enum:"phone,mail" doc:"which of the vetted ways the code takes"`
}

func (l LossReport) check() error {
	if l.Kind != Person && l.Kind != Organisation || l.By != "phone" && l.By != "mail" || (l.Kind == Organisation) != (l.DocumentKind == pki.CreditCode) {
		return pki.Errorf(pki.Invalid, "self.loss", "the report is not complete").To("say person or organisation, the document, and phone or mail")
	}
	_, err := pki.NormalIdentity(l.DocumentKind, l.Number)
	return err
}

// ReportLoss begins a report of loss without a certificate: a code goes to the vetted
// phone or mail, and to one that was replaced in self-service some days ago. The answer is the same, and takes the same time, whether there is
// such a holder or not.
func (f Self) ReportLoss(ctx context.Context, report LossReport) (*Ticket, error) {
	if err := f.count(ctx, f.perSource(), sourceOf(ctx)); err != nil {
		return nil, err
	}
	if err := report.check(); err != nil {
		return nil, err
	}
	if _, err := f.messenger(); err != nil {
		return nil, err
	}
	if f.r.cfg.Holders == nil {
		return nil, errNoCA()
	}
	holder, err := f.r.cfg.Holders.Identify(ctx, report.DocumentKind, report.Number)
	if err != nil {
		return nil, err
	}
	for _, l := range []limit{codesAnHour, codesADay} {
		if err := f.count(ctx, l, "loss/"+holder); err != nil {
			return nil, err
		}
	}
	known, err := f.r.contacts(ctx, f.r.cfg.DB.Read(), holder)
	if err != nil {
		return nil, err
	}
	ways, err := f.oldWays(ctx, holder, report.By)
	if err != nil {
		return nil, err
	}
	if now := (Contact{By: report.By, At: known[report.By]}); now.At != "" && !slices.Contains(ways, now) {
		ways = append(ways, now)
	}
	p := pending{purpose: forLoss, holder: holder, kind: report.Kind}
	if len(ways) == 0 {
		p.holder = ""
	}
	ticket, code, err := f.newTicket(ctx, p)
	if err != nil {
		return nil, err
	}
	act := audit.Act{Actor: pki.Actor{Name: noHolder, Address: sourceOf(ctx)}, Act: "self.loss-code", Subject: holder, Result: audit.Done, Detail: map[string]string{"by": report.By}, At: f.r.now()}
	if err := f.r.cfg.Audit.Record(ctx, act); err != nil {
		return nil, err
	}
	for _, to := range ways {
		f.send(ctx, to, MessageLossCode, map[string]string{"code": code, "minutes": minutes()})
	}
	return ticket, nil
}

// longestSend is how long the keeping of a message may take.
const longestSend = 30 * time.Second

// send hands a message over beside the answer, whose time then tells nothing of it.
func (f Self) send(ctx context.Context, to Contact, kind string, values map[string]string) {
	messenger := f.r.cfg.Self.Messenger
	if messenger == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), longestSend)
	f.r.sending.Go(func() {
		defer cancel()
		if err := messenger.Send(ctx, to, kind, values); err != nil {
			f.r.cfg.Log.Error("a message to a holder could not be handed over", "kind", kind, "error", err)
		}
	})
}

// Frozen is what a confirmed report of loss did.
type Frozen struct {
	Applications []string `json:"applications" doc:"numbers; a counter confirms them or takes them back"`
	Pending      int      `json:"pending" doc:"how many could not be frozen at once; that is tried again"`
}

// ConfirmLoss freezes every good certificate of the reported kind at once. A counter
// confirms or releases; each is an application like any other.
func (f Self) ConfirmLoss(ctx context.Context, proof Proof) (*Frozen, error) {
	source := pki.Actor{Name: noHolder, Address: sourceOf(ctx)}
	if err := f.count(ctx, f.perSource(), source.Address); err != nil {
		return nil, err
	}
	p, err := f.redeem(ctx, forLoss, "", proof)
	if err != nil {
		return nil, f.refused(ctx, source, "self.loss", err)
	}
	who := pki.Actor{Name: p.holder, Roles: []string{HolderRole}, Address: source.Address}
	all, err := collect(ctx, f.r.cfg.DB.Read(), scanCertificate, "SELECT "+certificateColumns+` FROM ra_certificate
		WHERE holder = $1 AND kind = $2 AND state = 'valid' AND not_after > $3`, p.holder, string(p.kind), millis(f.r.now()))
	if err != nil {
		return nil, err
	}
	done := &Frozen{Applications: []string{}}
	for _, c := range all {
		if err := f.r.lost(ctx, who, c, "reported by a code sent to the vetted contact", &done.Applications); err != nil {
			f.r.cfg.Log.Error("a certificate reported lost is not frozen yet", "certificate", c.Serial, "error", err)
			done.Pending++ // the others are lost all the same
		}
	}
	known, err := f.r.contacts(ctx, f.r.cfg.DB.Read(), p.holder)
	if err != nil {
		return nil, err
	}
	ways, err := f.oldWays(ctx, p.holder, "")
	if err != nil {
		return nil, err
	}
	if to := reach(known, ""); to.At != "" && !slices.Contains(ways, to) {
		ways = append(ways, to)
	}
	for _, to := range ways {
		f.send(ctx, to, MessageFrozen, map[string]string{"count": strconv.Itoa(len(all))})
	}
	return done, f.note(ctx, who, "self.loss", "", map[string]string{"frozen": strconv.Itoa(len(all)), "pending": strconv.Itoa(done.Pending)})
}
