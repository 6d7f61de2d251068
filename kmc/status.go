package kmc

import (
	"context"
	"time"

	"onecert/audit"
	"onecert/officer"
	"onecert/pki"
)

// Status is the state of the libraries: numbers, no key and no holder.
type Status struct {
	Suites []SuiteStatus `json:"suites"`
}

// SuiteStatus is one suite's. MadePerSecond is measured at the last filling, 0
// where there was none since the start.
type SuiteStatus struct {
	Suite         pki.Suite  `json:"suite"`
	Spare         int        `json:"spare"`
	Target        int        `json:"target"`
	Low           int        `json:"low"`
	InUse         int64      `json:"in_use"`
	History       int64      `json:"history"`
	Destroyed     int64      `json:"destroyed" doc:"after their retention"`
	OldestSpare   *time.Time `json:"oldest_spare,omitempty"`
	MadePerSecond float64    `json:"made_per_second"`
}

// Status returns the numbers of every suite. Errors: km.store and those of
// Config.Check.
func (c *Centre) Status(ctx context.Context) (Status, error) {
	if _, err := c.config.Check(ctx, officer.ReadKMC); err != nil {
		return Status{}, err
	}
	status := Status{Suites: []SuiteStatus{}}
	for _, suite := range pki.Suites() {
		n, err := readCount(ctx, c.config.DB.Read(), suite)
		if err != nil {
			return Status{}, unreadable(err)
		}
		size := c.pool.sizes[suite]
		s := SuiteStatus{Suite: suite, Spare: c.pool.spare(suite), Target: size.Target, Low: size.Low,
			InUse: n.inUse, History: n.history, Destroyed: n.destroyed, MadePerSecond: c.pool.rate(suite)}
		if oldest := c.pool.oldest(suite); !oldest.IsZero() {
			oldest = oldest.UTC().Truncate(time.Millisecond)
			s.OldestSpare = &oldest
		}
		status.Suites = append(status.Suites, s)
	}
	return status, nil
}

// Touch is one entry of a holder's ledger: who did what with one of the holder's
// keys, when, why, and whether it was allowed.
type Touch struct {
	Entry   int64     `json:"entry"` // its number in the audit log
	At      time.Time `json:"at"`
	Act     string    `json:"act"` // key.generate, key.restore, key.recover, key.retire, key.disclose, key.destroy, key.package; of a signing key: key.signing-make, -password, -package, -wipe
	By      string    `json:"by"`
	CertNo  string    `json:"cert_no"`
	CA      string    `json:"ca"`     // whose certificate the number is
	Result  string    `json:"result"` // done, refused, failed
	Reason  string    `json:"reason,omitempty"`
	Code    string    `json:"code,omitempty"`   // why it was refused
	Repeat  bool      `json:"repeat,omitempty"` // the same asked again
	Address string    `json:"address,omitempty"`
	// Of a signing key made for the holder: the application, the form it was packaged
	// in, and who asked the CA.
	Application string `json:"application,omitempty"`
	Form        string `json:"form,omitempty"`
	AskedBy     string `json:"asked_by,omitempty"`
	// Of a judicial recovery: its case, who ordered it, and where the law delayed this
	// entry, by what law and until when it stood in the audit log only.
	Case          string    `json:"case,omitempty"`
	Authority     string    `json:"authority,omitempty"`
	ApprovedBy    string    `json:"approved_by,omitempty"` // of a destruction too
	WithheldBy    string    `json:"withheld_by,omitempty"`
	WithheldUntil time.Time `json:"withheld_until,omitzero"`
}

// LedgerQuery says which touches are asked for. They are the last where they are fewer
// than Limit.
type LedgerQuery struct {
	From  int64 `query:"from" minimum:"0" doc:"from this entry on; of the next page, the one after the last that was read"`
	Limit int   `query:"limit" minimum:"0" maximum:"1000" doc:"how many at most; 200 if not said"`
}

// MostTouches is how many one page has at most; where nothing is said it has fewTouches.
const (
	MostTouches = 1000
	fewTouches  = 200
)

func (q LedgerQuery) size() int {
	if q.Limit <= 0 {
		return fewTouches
	}
	return min(q.Limit, MostTouches)
}

// Ledger returns the touches of a holder's keys, oldest first, refused tries
// included. It is what the holder is shown, whoever reads it: a judicial recovery
// that the law delays comes by itself when its time is over, at its place in time.
// The auditor sees it before in the audit log and in its case. Errors: km.order, km.store, and those of Config.Check.
func (c *Centre) Ledger(ctx context.Context, holder string, q LedgerQuery) ([]Touch, error) {
	if _, err := c.config.Check(ctx, officer.ReadLedger); err != nil {
		return nil, err
	}
	if !plainText(holder, maxID) {
		return nil, errOrder("the holder's id is not 1 to %d octets of plain text", maxID)
	}
	ledger := []Touch{}
	for next := q.From; ; {
		page, err := c.config.Audit.Search(ctx, audit.Query{From: next, Subject: holder, Act: "key."})
		if err != nil {
			return nil, unreadable(err)
		}
		if len(page) == 0 {
			return ledger, nil
		}
		for _, e := range page {
			if c.withheld(e) {
				continue
			}
			if ledger = append(ledger, touchOf(e)); len(ledger) == q.size() {
				return ledger, nil
			}
		}
		next = page[len(page)-1].Number + 1
	}
}

// withheld says whether an entry is not yet the holder's to see. One that does not
// say so properly is shown.
func (c *Centre) withheld(e audit.Entry) bool {
	if e.Act != actDisclose {
		return false
	}
	shown, err := time.Parse(time.RFC3339Nano, e.Detail[detailShown])
	return err == nil && c.config.Now().Before(shown)
}

func touchOf(e audit.Entry) Touch {
	ca := e.Detail["ca"]
	if ca == "" {
		ca = e.Actor // a CA acting for itself
	}
	t := Touch{Entry: e.Number, At: e.At, Act: e.Act, By: e.Actor, CertNo: e.Object, CA: ca, Result: string(e.Result),
		Reason: e.Detail["reason"], Code: e.Detail["code"], Repeat: e.Detail["repeat"] != "", Address: e.Address,
		Case: e.Detail["case"], Authority: e.Detail["authority"], ApprovedBy: e.Detail["approved_by"], WithheldBy: e.Detail["withheld_by"]}
	t.Form, t.AskedBy = e.Detail["form"], e.Detail[detailAskedBy]
	if ofSigning(e) {
		t.Application, t.CertNo = e.Object, e.Detail["cert_no"]
	}
	if t.WithheldBy != "" {
		if shown, err := time.Parse(time.RFC3339Nano, e.Detail[detailShown]); err == nil {
			t.WithheldUntil = shown
		}
	}
	return t
}
