package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"onecert/ca"
	"onecert/cmd/internal/wire"
	"onecert/pki"
)

func caReissueAllCommand(io *console) *cobra.Command {
	var from string
	var r ca.Replacement
	command := io.acting("reissue-all", "cmd.ca.reissue-all", []string{`onecert ca reissue-all --from sm2 --to sm2-2 --reason "the key of sm2 was stolen on 1 March"`},
		func(ctx context.Context, s *wire.Session, _ []string) error {
			receipt, err := s.CA.ProposeReplacement(ctx, from, r)
			if err != nil {
				return err
			}
			return io.answer(receipt, func(p *printer) { p.receipt(*receipt) })
		})
	flags := command.Flags()
	flags.StringVar(&from, "from", "", io.text("flag.reissue-all.from"))
	flags.StringVar(&r.To, "to", "", io.text("flag.reissue-all.to"))
	flags.StringVar(&r.Reason, "reason", "", io.text("flag.propose.reason"))
	io.required(command, "from", "to", "reason")
	return command
}

// reissueFlags are the words of ca reissue-status.
type reissueFlags struct{ missed, wait bool }

func caReissueStatusCommand(io *console) *cobra.Command {
	var f reissueFlags
	command := io.acting("reissue-status [ID]", "cmd.ca.reissue-status", []string{"onecert ca reissue-status", "onecert ca reissue-status ID --wait", "onecert ca reissue-status ID --missed"},
		func(ctx context.Context, s *wire.Session, args []string) error {
			if len(args) == 0 {
				if f.missed || f.wait {
					return io.wrongUsage("usage.reissue-status")
				}
				all, err := replacements(ctx, s)
				if err != nil {
					return err
				}
				return io.answer(all, func(p *printer) { p.replacements(all) })
			}
			return io.reissueStatus(ctx, s, args[0], f)
		})
	command.Args = io.words(0, 1)
	command.Flags().BoolVar(&f.missed, "missed", false, io.text("flag.reissue-status.missed"))
	command.Flags().BoolVar(&f.wait, "wait", false, io.text("flag.reissue-status.wait"))
	return command
}

// reissued is the answer of reissue-status with an id.
type reissued struct {
	ca.Replacing
	List []ca.Missed `json:"list,omitempty"`
}

func (io *console) reissueStatus(ctx context.Context, s *wire.Session, id string, f reissueFlags) error {
	r, err := io.replacement(ctx, s, id)
	for f.wait && err == nil && r.Ended.IsZero() {
		if !io.json {
			if err := io.say("%s", io.replaced(r.Replacing)); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting: %w", ctx.Err())
		case <-time.After(time.Second):
		}
		r, err = io.replacement(ctx, s, id)
	}
	if err != nil {
		return err
	}
	for after := ""; f.missed; {
		page, err := s.CA.Missing(ctx, id, after)
		if err != nil {
			return err
		}
		r.List = append(r.List, page.Missed...)
		if after = page.Next; after == "" {
			break
		}
	}
	return io.answer(r, func(p *printer) {
		p.line(0, "%s", p.replaced(r.Replacing))
		if len(r.List) > 0 {
			p.missed(r.List)
		}
	})
}

// replacements are all there were.
func replacements(ctx context.Context, s *wire.Session) (all []ca.Replacing, err error) {
	for p := (ca.Part{Limit: ca.MostAtOnce}); ; p.After = all[len(all)-1].ID {
		some, err := s.CA.Replacements(ctx, p)
		if all = append(all, some...); err != nil || len(some) < p.Limit {
			return all, err
		}
	}
}

func (io *console) replacement(ctx context.Context, s *wire.Session, id string) (reissued, error) {
	all, err := replacements(ctx, s)
	if err != nil {
		return reissued{}, err
	}
	n := slices.IndexFunc(all, func(r ca.Replacing) bool { return r.ID == id })
	if n < 0 {
		return reissued{}, pki.Errorf(pki.Unknown, "replace.unknown", "there is no replacement %.64q", id).To("'onecert ca reissue-status' lists them; it begins once approved")
	}
	return reissued{Replacing: all[n]}, nil
}

// replaced is one line about a replacement.
func (io *console) replaced(r ca.Replacing) string {
	looked := r.Done + r.Passed + r.Missed
	line := io.text("reissue.progress", r.From, r.To, looked, r.Total, r.Done, r.Passed, r.Missed, r.Seconds, r.PerSecond)
	if !r.Ended.IsZero() {
		line += " " + io.text("reissue.ended", moment(r.Ended))
	}
	return line
}

func (p *printer) replacements(all []ca.Replacing) {
	if len(all) == 0 {
		p.line(0, "%s", p.text("reissue.none"))
	}
	for _, r := range all {
		p.line(0, "%s  %s", r.ID, p.replaced(r))
	}
}

// missed says of each why, in the person's language where there is a text.
func (p *printer) missed(all []ca.Missed) {
	rows := [][]string{{p.text("column.holder"), p.text("column.serial"), p.text("column.why")}}
	for _, m := range all {
		why, _ := p.translate(pki.Errorf(pki.Conflict, m.Code, "%s", m.Wrong))
		rows = append(rows, []string{m.Holder, string(m.Serial), why})
	}
	p.columns(rows)
}
