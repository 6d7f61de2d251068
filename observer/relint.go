package observer

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"onecert/lint"
	"onecert/pki"
	"onecert/status"
)

// Issued hands out certificates by serial, DER, in the order asked; ca has it. One it
// does not know is left out.
type Issued func(ctx context.Context, issuer string, serials []pki.Serial) (map[pki.Serial][]byte, error)

// Relint looks once more at everything that was issued, with the rules of today and
// without the CA's own word that it looked already.
type Relint struct {
	Status   *status.Journal
	Issued   Issued
	Issuers  map[string][]byte // issuing CAs' certificates by id, DER
	Position Position
	// Skip says which issuers are none of people's: canaries.
	Skip func(issuer string) bool
}

// Position keeps the journal number up to which was looked, over restarts.
type Position interface {
	Read(ctx context.Context) (int64, error)
	Write(ctx context.Context, number int64) error
}

const (
	mostFindings = 200              // kept as results; more are only logged
	lintBatch    = 200              // certificates fetched at once
	lintTime     = 20 * time.Second // of a round, so that canaries keep their minute
)

// relint goes on where the last round stopped, for a while. A finding is an alarm that
// stays until the process is started again: certificates do not mend themselves.
func (o *Observer) relint(ctx context.Context) {
	start := time.Now()
	ask, cancel := context.WithTimeout(ctx, lintTime)
	defer cancel()
	seen, left, err := o.relintBatches(ask)
	r := Result{Name: "relint.progress", Good: true, Took: time.Since(start), Says: fmt.Sprintf("%d looked at, %d entries of the journal left", seen, left)}
	if err != nil && !errors.Is(err, context.DeadlineExceeded) {
		r.Good, r.Says = false, err.Error()
	}
	o.note(ctx, r)
}

func (o *Observer) relintBatches(ctx context.Context) (seen int, left int64, err error) {
	l := o.cfg.Relint
	at, err := l.Position.Read(ctx)
	if err != nil {
		return 0, 0, err
	}
	for {
		last, err := l.Status.Last(ctx)
		if err != nil || at >= last {
			return seen, last - at, err
		}
		entries, err := l.Status.Next(ctx, at, lintBatch)
		if err != nil {
			return seen, last - at, err
		}
		n, err := o.relintEntries(ctx, entries)
		seen += n
		if err != nil {
			return seen, last - at, err
		}
		at = entries[len(entries)-1].Number
		if err := l.Position.Write(ctx, at); err != nil {
			return seen, last - at, err
		}
	}
}

func (o *Observer) relintEntries(ctx context.Context, entries []status.Entry) (seen int, err error) {
	wanted := map[string][]pki.Serial{}
	for _, e := range entries {
		if e.Event == status.Issued && !o.cfg.Relint.Skip(e.Issuer) {
			wanted[e.Issuer] = append(wanted[e.Issuer], e.Serial)
		}
	}
	for issuer, serials := range wanted {
		found, err := o.cfg.Relint.Issued(ctx, issuer, serials)
		if err != nil {
			return seen, err
		}
		for _, serial := range serials {
			o.relintOne(ctx, issuer, serial, found[serial])
			seen++
		}
	}
	return seen, nil
}

func (o *Observer) relintOne(ctx context.Context, issuer string, serial pki.Serial, der []byte) {
	said := ""
	if der == nil {
		said = "the journal says it was issued, the CA does not have it"
	} else if findings, err := lint.Certificate(der, lint.Options{Issuer: o.cfg.Relint.Issuers[issuer], Ours: true}); err != nil {
		said = err.Error()
	} else {
		said = worst(findings)
	}
	if said == "" {
		return
	}
	if o.findings++; o.findings > mostFindings { // one broken rule breaks every certificate
		o.cfg.Log.Error("alarm", "what", "relint", "issuer", issuer, "serial", string(serial), "says", said)
		return
	}
	o.note(ctx, Result{Name: "relint." + issuer + "/" + string(serial), Says: said})
}

// worst names the rules that are broken; warnings are the CA's own business.
func worst(findings []lint.Finding) string {
	var all []string
	for _, f := range findings {
		if f.Severity == lint.Error {
			all = append(all, f.Rule+" ("+f.Clause+")")
		}
	}
	return strings.Join(all, ", ")
}
