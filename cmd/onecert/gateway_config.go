package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"onecert/cmd/internal/wire"
	"onecert/gateway"
	"onecert/pki"
)

// readDocument reads a part of a gateway's configuration: JSON, or the same in YAML.
func (io *console) readDocument(path string) ([]byte, error) {
	text, err := io.readFile(path)
	if err != nil {
		return nil, io.doing("doing.reading", path, err)
	}
	if trimmed := bytes.TrimSpace(text); len(trimmed) > 0 && trimmed[0] == '{' {
		return text, nil
	}
	var tree any
	if err := yaml.Unmarshal(text, &tree); err != nil {
		return nil, pki.Errorf(pki.Invalid, "gateway.file", "%.100s is neither JSON nor YAML: %.200s", path, oneLine(err.Error())).To("mend that place")
	}
	out, err := json.Marshal(tree)
	if err != nil {
		return nil, pki.Errorf(pki.Invalid, "gateway.file", "%.100s cannot be read as JSON", path).To("use text keys").Because(err)
	}
	return out, nil
}

// changing are the flags of every verb that makes a version.
type changing struct {
	base int64
	note string
}

func (c *changing) flags(io *console, command *cobra.Command) {
	command.Flags().Int64Var(&c.base, "base", -1, io.text("flag.gateway.base"))
	command.Flags().StringVar(&c.note, "note", "", io.text("flag.gateway.note"))
}

// on is the version a change was made from: the one named, or the newest now.
func (c *changing) on(ctx context.Context, s *wire.Session) (int64, error) {
	if c.base >= 0 {
		return c.base, nil
	}
	state, err := s.Gateway.State(ctx)
	if err != nil {
		return 0, err
	}
	return state.Newest, nil
}

func (p *printer) applied(v gateway.Version) {
	p.line(0, "%s", p.text("gateway.applied", v.Number))
}

func gatewayShowCommand(io *console) *cobra.Command {
	var number int64
	command := io.atGateway("show", "cmd.gateway.show", []string{"onecert gateway show > gateway.json", "onecert gateway show --number 7"},
		func(ctx context.Context, s *wire.Session, _ []string) (err error) {
			var all gateway.Versioned
			if number > 0 {
				all.Configuration, all.Version, err = s.Gateway.Version(ctx, number)
			} else {
				all.Configuration, all.Version, err = s.Gateway.Current(ctx)
			}
			if err != nil {
				return err
			}
			return io.answer(all, func(p *printer) { p.document(all.Configuration) })
		})
	command.Flags().Int64Var(&number, "number", 0, io.text("flag.gateway.number"))
	return command
}

// document prints what can be handed in again.
func (p *printer) document(v any) {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		p.line(0, "%s", err)
		return
	}
	p.line(0, "%s", text)
}

func gatewayCheckCommand(io *console) *cobra.Command {
	return asksGateway(io, worded{"check FILE", "cmd.gateway.check", []string{"onecert gateway check gateway.json"}},
		func(ctx context.Context, s *wire.Session, args []string) (*gateway.Checked, error) {
			document, err := io.configuration(args[0])
			if err != nil {
				return nil, err
			}
			return s.Gateway.Examine(ctx, document)
		}, func(p *printer, c *gateway.Checked) {
			p.line(0, "%s", p.text("gateway.checked"))
			for _, w := range c.Warnings {
				p.line(1, "%s %s: %s", w.Rule, w.Field, safe(w.Text.In(p.lang)))
			}
		})
}

func (io *console) configuration(path string) (*gateway.Configuration, error) {
	text, err := io.readDocument(path)
	if err != nil {
		return nil, err
	}
	return gateway.Parse(text)
}

func gatewayApplyCommand(io *console) *cobra.Command {
	var c changing
	command := asksGateway(io, worded{"apply FILE", "cmd.gateway.apply", []string{"onecert gateway apply gateway.json --base 7 --note 扩容"}},
		func(ctx context.Context, s *wire.Session, args []string) (v gateway.Version, err error) {
			document, err := io.configuration(args[0])
			if err != nil {
				return v, err
			}
			base, err := c.on(ctx, s)
			if err != nil {
				return v, err
			}
			return s.Gateway.Apply(ctx, gateway.Change{Base: base, Note: c.note, Document: document})
		}, (*printer).applied)
	c.flags(io, command)
	return command
}

func gatewayVersionsCommand(io *console) *cobra.Command {
	var before int64
	var limit int
	command := asksGateway(io, worded{"versions", "cmd.gateway.versions", []string{"onecert gateway versions --limit 10"}},
		func(ctx context.Context, s *wire.Session, _ []string) ([]gateway.Version, error) {
			return s.Gateway.Versions(ctx, before, limit)
		}, func(p *printer, all []gateway.Version) {
			tabulate(p, all, "number at by note base", func(v gateway.Version) []string {
				return []string{strconv.FormatInt(v.Number, 10), moment(v.At), v.By, v.Note, strconv.FormatInt(v.Base, 10)}
			})
		})
	command.Flags().Int64Var(&before, "before", 0, io.text("flag.gateway.before"))
	command.Flags().IntVar(&limit, "limit", 0, io.text("flag.ra.limit"))
	return command
}

// numberOf reads a version's number from the command line.
func (io *console) numberOf(text string) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0, io.wrongUsage("usage.gateway.number", safe(text))
	}
	return n, nil
}

func gatewayDiffCommand(io *console) *cobra.Command {
	return asksGateway(io, worded{"diff A B", "cmd.gateway.diff", []string{"onecert gateway diff 6 7"}},
		func(ctx context.Context, s *wire.Session, args []string) (*gateway.Comparison, error) {
			from, err := io.numberOf(args[0])
			if err != nil {
				return nil, err
			}
			to, err := io.numberOf(args[1])
			if err != nil {
				return nil, err
			}
			return s.Gateway.Compare(ctx, from, to)
		}, func(p *printer, c *gateway.Comparison) {
			if len(c.Differences) == 0 {
				p.line(0, "%s", p.text("gateway.same"))
			}
			p.differences(0, c.Differences)
		})
}

func (p *printer) differences(depth int, all []gateway.Difference) {
	for _, d := range all {
		p.line(depth, "%s %s/%s", map[string]string{"added": "+", "removed": "-", "changed": "~"}[d.What], d.Kind, safe(d.Name))
		for _, f := range d.Fields {
			p.line(depth+1, "%s: %s → %s", safe(f.Field), safe(f.Before), safe(f.After))
		}
	}
}

func gatewayRollbackCommand(io *console) *cobra.Command {
	var c changing
	command := asksGateway(io, worded{"rollback NUMBER", "cmd.gateway.rollback", []string{"onecert gateway rollback 6 --note 恢复"}},
		func(ctx context.Context, s *wire.Session, args []string) (v gateway.Version, err error) {
			number, err := io.numberOf(args[0])
			if err != nil {
				return v, err
			}
			base, err := c.on(ctx, s)
			if err != nil {
				return v, err
			}
			return s.Gateway.Rollback(ctx, number, base, c.note)
		}, (*printer).applied)
	c.flags(io, command)
	return command
}

func gatewayStateCommand(io *console) *cobra.Command {
	return asksGateway(io, worded{"state", "cmd.gateway.state", []string{"onecert gateway state"}},
		func(ctx context.Context, s *wire.Session, _ []string) (*gateway.State, error) {
			return s.Gateway.State(ctx)
		},
		func(p *printer, s *gateway.State) {
			p.line(0, "%s", p.text("gateway.runs", s.Running.Number, s.Newest))
			if s.Fault != nil {
				wrong, _ := p.translate(pki.Errorf(pki.Invalid, s.Fault.Code, "%s", s.Fault.Wrong))
				p.line(1, "%s", safe(wrong))
			}
			for _, w := range s.Warnings {
				wrong, _ := p.translate(pki.Errorf(pki.Invalid, w.Code, "%s", w.Wrong))
				p.line(1, "%s", safe(wrong))
			}
			for _, a := range s.Addresses {
				p.line(1, "%s (%s): %s", safe(a.Service), a.Kind, a.Bound)
			}
			for _, c := range s.Ends {
				p.line(1, "%s", p.text("gateway.ends", safe(c.Name), date(c.Ends)))
			}
		})
}

// gatewayPartCommand is one kind of named part: list, show, put, delete.
func gatewayPartCommand(io *console, word string, kind gateway.PartKind) *cobra.Command {
	key := "cmd.gateway." + word
	return io.group(word, key, gatewayPartList(io, word, kind), gatewayPartShow(io, word, kind), gatewayPartPut(io, word, kind), gatewayPartDelete(io, word, kind))
}

func gatewayPartList(io *console, word string, kind gateway.PartKind) *cobra.Command {
	return asksGateway(io, worded{"list", "cmd.gateway.part.list", []string{"onecert gateway " + word + " list"}},
		func(ctx context.Context, s *wire.Session, _ []string) ([]string, error) {
			c, _, err := s.Gateway.Current(ctx)
			if err != nil {
				return nil, err
			}
			return append([]string{}, gateway.PartNames(c, kind)...), nil
		}, func(p *printer, all []string) {
			for _, name := range all {
				p.line(0, "%s", safe(name))
			}
		})
}

// partShown is a part with its version, for programs.
type partShown struct {
	Version int64           `json:"version"`
	Value   json.RawMessage `json:"value"`
}

func gatewayPartShow(io *console, word string, kind gateway.PartKind) *cobra.Command {
	return asksGateway(io, worded{"show NAME", "cmd.gateway.part.show", []string{"onecert gateway " + word + " show oa > oa.json"}},
		func(ctx context.Context, s *wire.Session, args []string) (partShown, error) {
			return shownPart(ctx, s, kind, args[0])
		},
		func(p *printer, part partShown) { p.document(part.Value) })
}

func shownPart(ctx context.Context, s *wire.Session, kind gateway.PartKind, name string) (partShown, error) {
	part, err := s.Gateway.Part(ctx, kind, name)
	if err != nil {
		return partShown{}, err
	}
	return partShown{part.Version, part.Value}, nil
}

func gatewayPartPut(io *console, word string, kind gateway.PartKind) *cobra.Command {
	var c changing
	command := asksGateway(io, worded{"put FILE", "cmd.gateway.part.put", []string{"onecert gateway " + word + " put oa.json --note 新系统"}},
		func(ctx context.Context, s *wire.Session, args []string) (v gateway.Version, err error) {
			value, err := io.readDocument(args[0])
			if err != nil {
				return v, err
			}
			name := string(kind)
			if kind != gateway.PartPolicy {
				var named struct{ Name string }
				if err := json.Unmarshal(value, &named); err != nil || named.Name == "" {
					return v, pki.Errorf(pki.Invalid, "gateway.file", "%.100s names no part", args[0]).To("give it a name")
				}
				name = named.Name
			}
			return c.change(ctx, s, gateway.PartChange{Kind: kind, Name: name, Value: value})
		}, (*printer).applied)
	c.flags(io, command)
	return command
}

func (c *changing) change(ctx context.Context, s *wire.Session, change gateway.PartChange) (v gateway.Version, err error) {
	if change.Base, err = c.on(ctx, s); err != nil {
		return v, err
	}
	change.Note = c.note
	return s.Gateway.ChangePart(ctx, change)
}

func gatewayPartDelete(io *console, word string, kind gateway.PartKind) *cobra.Command {
	var c changing
	command := asksGateway(io, worded{"delete NAME", "cmd.gateway.part.delete", []string{"onecert gateway " + word + " delete oa"}},
		func(ctx context.Context, s *wire.Session, args []string) (gateway.Version, error) {
			return c.change(ctx, s, gateway.PartChange{Kind: kind, Name: args[0]})
		}, (*printer).applied)
	c.flags(io, command)
	return command
}

func gatewayPolicyCommand(io *console) *cobra.Command {
	show := asksGateway(io, worded{"show", "cmd.gateway.policy.show", []string{"onecert gateway policy show > policy.json"}},
		func(ctx context.Context, s *wire.Session, _ []string) (partShown, error) {
			return shownPart(ctx, s, gateway.PartPolicy, string(gateway.PartPolicy))
		},
		func(p *printer, part partShown) { p.document(part.Value) })
	return io.group("policy", "cmd.gateway.policy", show, gatewayPartPut(io, "policy", gateway.PartPolicy))
}

// sized prints a number of octets as people read it.
func sized(n int64) string {
	const kib = 1024
	for _, unit := range []struct {
		size int64
		name string
	}{{kib * kib * kib, "GiB"}, {kib * kib, "MiB"}, {kib, "KiB"}} {
		if n >= unit.size {
			return fmt.Sprintf("%.1f %s", float64(n)/float64(unit.size), unit.name)
		}
	}
	return strconv.FormatInt(n, 10) + " B"
}
