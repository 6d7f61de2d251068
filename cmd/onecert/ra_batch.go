package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"onecert/cmd/internal/wire"
	"onecert/pki"
	"onecert/ra"
)

// raBatchCommand is many first certificates by a sheet.
func raBatchCommand(io *console) *cobra.Command {
	return io.group("batch", "cmd.ra.batch", raBatchTemplateCommand(io), raBatchUploadCommand(io), raBatchListCommand(io), raBatchShowCommand(io),
		raBatchRowsCommand(io), raBatchConfirmCommand(io), raBatchWithdrawCommand(io), raBatchResultsCommand(io))
}

func raBatchTemplateCommand(io *console) *cobra.Command {
	var kind string
	command := writes(io, worded{"template", "cmd.ra.batch.template", []string{"onecert ra batch template --kind person --out people.xlsx"}},
		func(ctx context.Context, s *wire.Session, _ []string) ([]byte, error) {
			return s.RA.BatchTemplate(ctx, ra.Kind(kind), io.lang)
		})
	command.Flags().StringVar(&kind, "kind", "person", io.text("flag.ra.kind"))
	return command
}

func raBatchUploadCommand(io *console) *cobra.Command {
	var o ra.BatchOrder
	var kind, suite string
	command := asks(io, worded{"upload FILE", "cmd.ra.batch.upload", []string{
		"onecert ra batch upload people.xlsx", "onecert ra batch upload people.csv --key-from server --suite sm2"}},
		func(ctx context.Context, s *wire.Session, args []string) (*ra.Batch, error) {
			content, err := io.readFile(args[0])
			if err != nil {
				return nil, io.doing("doing.reading", args[0], err)
			}
			o.Name, o.Kind, o.Suite = filepath.Base(args[0]), ra.Kind(kind), pki.Suite(suite)
			return s.RA.UploadBatch(ctx, o, content)
		}, (*printer).batch)
	flags := command.Flags()
	flags.StringVar(&kind, "kind", "person", io.text("flag.ra.kind"))
	flags.StringVar(&o.Profile, "profile", "", io.text("flag.issue.profile"))
	flags.StringVar(&o.KeyFrom, "key-from", "", io.text("flag.ra.key-from"))
	flags.StringVar(&suite, "suite", "", io.text("flag.ra.suite"))
	flags.IntVar(&o.Days, "days", 0, io.text("flag.days"))
	flags.BoolVar(&o.Single, "single", false, io.text("flag.issue.single"))
	return command
}

func (p *printer) batch(b *ra.Batch) {
	p.line(0, "%s", p.text("ra.batch.stands", b.ID, p.text("ra.batch-state."+string(b.State)), b.Rows, b.Faulty, b.Registered, b.Failed))
	p.labelled(1, "ra.stopped", b.Stopped)
	p.labelled(1, "ra.registered", b.CreatedBy+", "+moment(b.Created))
	p.labelled(1, "ra.confirmed", b.ConfirmedBy)
	if b.State == ra.BatchChecked && b.Faulty > 0 {
		p.line(1, "onecert ra batch rows %s --state faulty", b.ID)
	}
}

func raBatchListCommand(io *console) *cobra.Command {
	var q ra.BatchQuery
	var state string
	command := asks(io, worded{"list", "cmd.ra.batch.list", []string{"onecert ra batch list --state running"}},
		func(ctx context.Context, s *wire.Session, _ []string) (*ra.Page[*ra.Batch], error) {
			q.State = ra.BatchState(state)
			return s.RA.Batches(ctx, q)
		}, func(p *printer, page *ra.Page[*ra.Batch]) {
			leaf(p, page, "batch state name rows faulty registered failed since", func(b *ra.Batch) []string {
				return []string{b.ID, p.text("ra.batch-state." + string(b.State)), b.Name, strconv.Itoa(b.Rows), strconv.Itoa(b.Faulty),
					strconv.Itoa(b.Registered), strconv.Itoa(b.Failed), moment(b.Created)}
			})
		})
	command.Flags().StringVar(&state, "state", "", io.text("flag.ra.batch-state"))
	io.leafing(command, &q.After, &q.Limit)
	return command
}

func raBatchShowCommand(io *console) *cobra.Command {
	return asks(io, worded{"show BATCH", "cmd.ra.batch.show", []string{"onecert ra batch show batch-lra1-260901-k3v9x2aq"}},
		func(ctx context.Context, s *wire.Session, args []string) (*ra.Batch, error) {
			return s.RA.Batch(ctx, args[0])
		}, (*printer).batch)
}

func raBatchRowsCommand(io *console) *cobra.Command {
	var q ra.RowQuery
	command := asks(io, worded{"rows BATCH", "cmd.ra.batch.rows", []string{"onecert ra batch rows batch-lra1-260901-k3v9x2aq --state faulty"}},
		func(ctx context.Context, s *wire.Session, args []string) ([]*ra.BatchRow, error) {
			return s.RA.BatchRows(ctx, args[0], q)
		}, func(p *printer, all []*ra.BatchRow) {
			tabulate(p, all, "row state name application why", func(b *ra.BatchRow) []string {
				return []string{strconv.Itoa(b.Row), p.text("ra.row-state." + b.State), b.Name, b.Application, p.faults(b.Faults)}
			})
		})
	command.Flags().StringVar(&q.State, "state", "", io.text("flag.ra.row-state"))
	command.Flags().IntVar(&q.After, "after", 0, io.text("flag.ra.row"))
	command.Flags().IntVar(&q.Limit, "limit", 0, io.text("flag.ra.limit"))
	return command
}

// faults tells where in a row what is wrong.
func (p *printer) faults(all []ra.RowFault) string {
	var said []string
	for _, f := range all {
		said = append(said, strings.TrimSpace(fmt.Sprintf("%s %s: %s", f.Cell, f.Field, p.refusal(f.Code, f.Wrong))))
	}
	return strings.Join(said, "; ")
}

// refusal is what a refusal with a code says in the person's language.
func (p *printer) refusal(code, wrong string) string {
	text, _ := p.translate(&pki.Error{Code: code, Wrong: wrong})
	return text
}

func raBatchConfirmCommand(io *console) *cobra.Command {
	var skip bool
	command := asks(io, worded{"confirm BATCH", "cmd.ra.batch.confirm", []string{"onecert ra batch confirm batch-lra1-260901-k3v9x2aq --skip-faulty"}},
		func(ctx context.Context, s *wire.Session, args []string) (*ra.Batch, error) {
			b, err := s.RA.Batch(ctx, args[0])
			if err != nil {
				return nil, err
			}
			return s.RA.ConfirmBatch(ctx, b.ID, ra.Confirmation{Version: b.Version, SkipFaulty: skip})
		}, (*printer).batch)
	command.Flags().BoolVar(&skip, "skip-faulty", false, io.text("flag.ra.skip-faulty"))
	return command
}

func raBatchWithdrawCommand(io *console) *cobra.Command {
	return asks(io, worded{"withdraw BATCH", "cmd.ra.batch.withdraw", []string{"onecert ra batch withdraw batch-lra1-260901-k3v9x2aq"}},
		func(ctx context.Context, s *wire.Session, args []string) (*ra.Batch, error) {
			b, err := s.RA.Batch(ctx, args[0])
			if err != nil {
				return nil, err
			}
			return s.RA.WithdrawBatch(ctx, b.ID, b.Version)
		}, (*printer).batch)
}

func raBatchResultsCommand(io *console) *cobra.Command {
	var form string
	command := writes(io, worded{"results BATCH", "cmd.ra.batch.results", []string{"onecert ra batch results batch-lra1-260901-k3v9x2aq --out results.xlsx"}},
		func(ctx context.Context, s *wire.Session, args []string) ([]byte, error) {
			return s.RA.BatchResult(ctx, args[0], form, io.lang)
		})
	command.Flags().StringVar(&form, "form", "xlsx", io.text("flag.ra.sheet"))
	return command
}
