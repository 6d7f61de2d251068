package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"onecert/audit"
	"onecert/cmd/internal/wire"
	"onecert/pki"
)

// auditCommand reads an audit log without its component: an auditor trusts neither
// the server nor its API.
func auditCommand(io *console) *cobra.Command {
	return io.group("audit", "cmd.audit", auditVerifyCommand(io), auditTailCommand(io))
}

// auditFlags say where the log is.
type auditFlags struct {
	config, database, heads string
	keys                    []string
}

func (f *auditFlags) add(io *console, command *cobra.Command) {
	command.Flags().StringVar(&f.config, "config", "", io.text("flag.audit.config"))
	command.Flags().StringVar(&f.database, "database", "", io.text("flag.audit.database"))
	command.PreRunE = func(*cobra.Command, []string) error {
		if (f.config == "") == (f.database == "") {
			return io.wrongUsage("usage.audit")
		}
		return nil
	}
}

func (f *auditFlags) source(io *console) (s wire.AuditSource, err error) {
	s.Database = f.database
	if f.config != "" {
		if s, err = wire.AuditOf(f.config); err != nil {
			return s, err
		}
	}
	if f.heads != "" {
		s.Heads = f.heads
	}
	if len(f.keys) > 0 {
		s.Verifier = nil
	}
	for _, text := range f.keys {
		verifier, err := io.verifier(text)
		if err != nil {
			return s, err
		}
		s.Verifier = append(s.Verifier, verifier)
	}
	if s.Heads != "" && len(s.Verifier) == 0 {
		return s, io.wrongUsage("usage.heads")
	}
	return s, nil
}

// verifier reads the key of an audit log: the text itself, or a file that holds it.
func (io *console) verifier(text string) (audit.Verifier, error) {
	if isFile(text) {
		content, err := io.readFile(text)
		if err != nil {
			return audit.Verifier{}, io.doing("doing.reading", text, err)
		}
		text = strings.TrimSpace(string(content))
	}
	return audit.ParseVerifier(text)
}

func auditVerifyCommand(io *console) *cobra.Command {
	f := &auditFlags{}
	command := io.verb("verify", "cmd.audit.verify", []string{
		"onecert audit verify --config /var/lib/onecert/ca/ca.yaml",
		"onecert audit verify --database sqlite:copy.db --heads /mnt/heads --key audit.pub",
	}, func(ctx context.Context, _ []string) error {
		s, err := f.source(io)
		if err != nil {
			return err
		}
		report, err := s.Verify(ctx)
		if err != nil {
			return err
		}
		return io.judged(report, s.Heads != "")
	})
	f.add(io, command)
	command.Flags().StringVar(&f.heads, "heads", "", io.text("flag.audit.heads"))
	command.Flags().StringArrayVar(&f.keys, "key", nil, io.text("flag.audit.key"))
	return command
}

// judged tells a report. One that is not good is the verb's error, and names the
// first entry concerned.
func (io *console) judged(r audit.Report, heads bool) error {
	value := struct {
		audit.Report
		Good bool `json:"good"`
	}{r, r.Good()}
	err := io.answer(value, func(p *printer) {
		p.line(0, "%s", p.text("audit.size", r.Size))
		if heads {
			p.line(0, "%s", p.text("audit.heads", r.Heads, r.Covered))
		} else {
			p.line(0, "%s", p.text("audit.no-heads"))
		}
		for _, fault := range r.Faults {
			p.line(1, "%s: %s", fault.Kind, safe(fault.Text))
		}
		if r.More > 0 {
			p.line(1, "%s", p.text("audit.more", r.More))
		}
		if r.Good() {
			p.line(0, "%s", p.text("audit.good"))
		}
	})
	if err != nil || r.Good() {
		return err
	}
	return pki.Errorf(pki.Conflict, "audit.changed", "%s", io.firstFault(r)).To("%s", io.text("audit.changed.remedy"))
}

// firstFault names the first entry concerned. Faults at entries come first; one
// that names none still has its words.
func (io *console) firstFault(r audit.Report) string {
	for _, fault := range r.Faults {
		if fault.First >= 0 {
			return io.text("audit.changed", fault.First, fault.Kind)
		}
	}
	return io.text("audit.changed-somewhere", r.Faults[0].Kind, r.Faults[0].Text)
}

func auditTailCommand(io *console) *cobra.Command {
	f := &auditFlags{}
	n := 20
	command := io.verb("tail", "cmd.audit.tail", []string{"onecert audit tail --config ca.yaml -n 50", "onecert audit tail --database sqlite:copy.db --json"},
		func(ctx context.Context, _ []string) error {
			if n < 1 || n > 1000 {
				return io.wrongUsage("usage.tail")
			}
			s, err := f.source(io)
			if err != nil {
				return err
			}
			entries, err := s.Tail(ctx, n)
			if err != nil {
				return err
			}
			if entries == nil {
				entries = []audit.Entry{}
			}
			return io.answer(entries, func(p *printer) {
				for _, e := range entries {
					p.entry(e)
				}
			})
		})
	f.add(io, command)
	command.Flags().IntVarP(&n, "number", "n", n, io.text("flag.audit.number"))
	return command
}

// entry prints who did what to what, on one line.
func (p *printer) entry(e audit.Entry) {
	parts := []string{moment(e.At), p.text("result." + string(e.Result)), e.Act, e.Actor}
	if len(e.Roles) > 0 {
		parts[3] += " (" + strings.Join(e.Roles, " ") + ")"
	}
	for _, part := range []string{e.Object, e.Subject} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	for _, name := range sortedKeys(e.Detail) {
		parts = append(parts, name+"="+e.Detail[name])
	}
	p.line(0, "%d  %s", e.Number, safe(strings.Join(parts, "  ")))
}
