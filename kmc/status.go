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
			InUse: n.inUse, History: n.history, MadePerSecond: c.pool.rate(suite)}
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
	Act     string    `json:"act"` // key.generate, key.restore, key.recover, key.retire
	By      string    `json:"by"`
	CertNo  string    `json:"cert_no"`
	CA      string    `json:"ca"`     // whose certificate the number is
	Result  string    `json:"result"` // done, refused, failed
	Reason  string    `json:"reason,omitempty"`
	Code    string    `json:"code,omitempty"`   // why it was refused
	Repeat  bool      `json:"repeat,omitempty"` // the same asked again
	Address string    `json:"address,omitempty"`
}

// maxLedger is how many touches a ledger shows; a holder with more asks the auditor.
const maxLedger = 10_000

// Ledger returns every touch of a holder's keys, oldest first, refused tries
// included. Errors: km.order, km.store, and those of Config.Check.
func (c *Centre) Ledger(ctx context.Context, holder string) ([]Touch, error) {
	if _, err := c.config.Check(ctx, officer.ReadLedger); err != nil {
		return nil, err
	}
	if !plainText(holder, maxID) {
		return nil, errOrder("the holder's id is not 1 to %d octets of plain text", maxID)
	}
	ledger := []Touch{}
	for next := int64(0); len(ledger) < maxLedger; {
		page, err := c.config.Audit.Search(ctx, audit.Query{From: next, Subject: holder, Act: "key."})
		if err != nil {
			return nil, unreadable(err)
		}
		if len(page) == 0 {
			break
		}
		for _, e := range page {
			ledger = append(ledger, touchOf(e))
		}
		next = page[len(page)-1].Number + 1
	}
	return ledger, nil
}

func touchOf(e audit.Entry) Touch {
	ca := e.Detail["ca"]
	if ca == "" {
		ca = e.Actor // a CA acting for itself
	}
	return Touch{Entry: e.Number, At: e.At, Act: e.Act, By: e.Actor, CertNo: e.Object, CA: ca, Result: string(e.Result),
		Reason: e.Detail["reason"], Code: e.Detail["code"], Repeat: e.Detail["repeat"] != "", Address: e.Address}
}
