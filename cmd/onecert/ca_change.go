package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"onecert/ca"
	"onecert/cmd/internal/wire"
	"onecert/pki"
)

// outcome is what became of one certificate of several.
type outcome struct {
	certName
	Certificate *ca.Certificate `json:"certificate,omitempty"`
	Issued      *ca.Issued      `json:"issued,omitempty"`
	Error       string          `json:"error,omitempty"`
	Code        string          `json:"code,omitempty"`

	err error
}

// each acts on every certificate and goes on after a failure: in an emergency one
// wrong serial must not keep the others from being revoked. What was done is told
// in any case; a failure is the verb's.
func (io *console) each(ctx context.Context, s *wire.Session, args []string, do func(*outcome) error, tell func(*printer, *outcome)) error {
	names, err := io.certNames(ctx, s, args)
	if err != nil {
		return err
	}
	all := make([]*outcome, len(names))
	var first *outcome
	failures := 0
	for i, name := range names {
		o := &outcome{certName: name}
		if o.err = do(o); o.err != nil {
			wrong, _ := io.translate(o.err)
			o.Error, o.Code = oneLine(wrong), pki.CodeOf(o.err)
			failures++
			if first == nil {
				first = o
			}
		}
		all[i] = o
	}
	if err := io.outcomes(all, failures, tell); err != nil {
		return err
	}
	if first == nil {
		return nil
	}
	if len(all) == 1 {
		return io.doing("doing.certificate", first.String(), first.err)
	}
	return fmt.Errorf("%s: %w", io.text("doing.some", failures, len(all), first.String()), first.err)
}

// outcomes prints what was done. Where nothing was, the error says all there is.
func (io *console) outcomes(all []*outcome, failures int, tell func(*printer, *outcome)) error {
	if failures == len(all) && (len(all) == 1 || !io.json) {
		return nil
	}
	return io.answer(all, func(p *printer) {
		for _, o := range all {
			if o.err != nil {
				p.line(0, "%s", p.text("outcome.failed", o.String(), o.Error))
			} else {
				tell(p, o)
			}
		}
	})
}

// state makes a verb that changes the state of certificates.
func (io *console) state(use, key string, examples []string, do func(context.Context, *wire.Session, certName) (*ca.Certificate, error)) *cobra.Command {
	command := io.acting(use+" ISSUER SERIAL… | FILE…", key, examples, func(ctx context.Context, s *wire.Session, args []string) error {
		return io.each(ctx, s, args, func(o *outcome) (err error) {
			o.Certificate, err = do(ctx, s, o.certName)
			return err
		}, (*printer).changed)
	})
	command.Args = io.words(1, -1)
	return command
}

// changed tells the new state; the other half of a pair shares it.
func (p *printer) changed(o *outcome) {
	c := o.Certificate
	p.line(0, "%s", p.text("state.now", o.String(), p.text("state."+string(c.State)), safe(c.Subject)))
	if c.Partner != "" {
		p.line(1, "%s", p.text("state.partner", c.Issuer+"/"+string(c.Partner)))
	}
	if c.State == pki.Revoked || c.State == pki.Held {
		p.line(1, "%s", p.text("state.reason", c.Reason))
	}
}

func caHoldCommand(io *console) *cobra.Command {
	return io.state("hold", "cmd.ca.hold", []string{"onecert ca hold sm2 4f02a1…", "onecert ca hold li/sign.pem"},
		func(ctx context.Context, s *wire.Session, n certName) (*ca.Certificate, error) {
			return s.CA.Hold(ctx, n.Issuer, n.Serial)
		})
}

func caReleaseCommand(io *console) *cobra.Command {
	return io.state("release", "cmd.ca.release", []string{"onecert ca release sm2 4f02a1…", "onecert ca release li/sign.pem"},
		func(ctx context.Context, s *wire.Session, n certName) (*ca.Certificate, error) {
			return s.CA.Release(ctx, n.Issuer, n.Serial)
		})
}

func caRevokeCommand(io *console) *cobra.Command {
	var reason, invalid string
	command := io.state("revoke", "cmd.ca.revoke",
		[]string{"onecert ca revoke --reason keyCompromise sm2 4f02a1… 51c7be…", "onecert ca revoke --reason cessationOfOperation --since 2026-11-01 li/sign.pem"},
		func(ctx context.Context, s *wire.Session, n certName) (*ca.Certificate, error) {
			r := ca.Revocation{Reason: reason}
			if invalid != "" {
				since, err := io.instant(invalid)
				if err != nil {
					return nil, err
				}
				r.Invalidity = &since
			}
			return s.CA.Revoke(ctx, n.Issuer, n.Serial, r)
		})
	command.Flags().StringVar(&reason, "reason", "", io.text("flag.revoke.reason"))
	command.Flags().StringVar(&invalid, "since", "", io.text("flag.revoke.since"))
	io.required(command, "reason")
	return command
}

// instant reads a moment as people write it: a day, or RFC 3339 with a zone. Days
// and times without a zone are UTC, as what is printed.
func (io *console) instant(text string) (time.Time, error) {
	for _, form := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02"} {
		if at, err := time.Parse(form, text); err == nil {
			return at, nil
		}
	}
	return time.Time{}, io.wrongUsage("usage.time")
}

// lastInstant reads how long something is good, as people write it: a day means its end
// in China (UTC+8, no summer time), another moment itself.
func (io *console) lastInstant(text string) (time.Time, error) {
	if day, err := time.ParseInLocation(time.DateOnly, text, time.FixedZone("UTC+8", 8*60*60)); err == nil {
		return day.AddDate(0, 0, 1).Add(-time.Second).UTC(), nil
	}
	return io.instant(text)
}
