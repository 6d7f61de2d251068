package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"onecert/cmd/internal/wire"
	"onecert/pki"
	"onecert/ra"
)

// raRuleCommand is the standing rules that review in a person's place.
func raRuleCommand(io *console) *cobra.Command {
	return io.group("rule", "cmd.ra.rule", raRuleListCommand(io), raRuleSetCommand(io), raRuleSwitchCommand(io, "on"), raRuleSwitchCommand(io, "off"))
}

func raRuleListCommand(io *console) *cobra.Command {
	var q ra.RuleQuery
	command := asks(io, worded{"list", "cmd.ra.rule.list", []string{"onecert ra rule list"}},
		func(ctx context.Context, s *wire.Session, _ []string) (*ra.Page[ra.Rule], error) {
			return s.RA.Rules(ctx, q)
		}, (*printer).rules)
	io.leafing(command, &q.After, &q.Limit)
	return command
}

func (p *printer) rule(u *ra.Rule) { p.rules(&ra.Page[ra.Rule]{Items: []ra.Rule{*u}}) }

func (p *printer) rules(page *ra.Page[ra.Rule]) {
	leaf(p, page, "name node state operation kind used until by", func(u ra.Rule) []string {
		return []string{u.Name, u.Node, p.text(map[bool]string{true: "ra.on", false: "ra.off"}[u.Active]), joined(u.Operations), joined(u.Kinds),
			fmt.Sprintf("%d/%d", u.Used, u.Quota), date(u.Until), u.ChangedBy}
	})
}

func joined[T ~string](all []T) string {
	var plain []string
	for _, word := range all {
		plain = append(plain, string(word))
	}
	return strings.Join(plain, ",")
}

// raRuleSetCommand enters a rule, which is off, or changes what is named of one there is.
func raRuleSetCommand(io *console) *cobra.Command {
	var f ra.Rule
	var operations, kinds []string
	var until string
	var command *cobra.Command
	command = asks(io, worded{"set NAME", "cmd.ra.rule.set", []string{
		"onecert ra rule set renewals-2026 --node ra1 --operation renew --kind person,device --quota 2000 --until 2027-06-30"}},
		func(ctx context.Context, s *wire.Session, args []string) (*ra.Rule, error) {
			u, err := ruleOf(ctx, s.RA, args[0])
			if err != nil {
				return nil, err
			}
			if until != "" {
				if f.Until, err = io.lastInstant(until); err != nil {
					return nil, err
				}
			}
			whatWasSaid(command, map[string]func(){"node": func() { u.Node = f.Node }, "operation": func() { u.Operations = vocabulary[ra.Operation](operations) },
				"kind": func() { u.Kinds = vocabulary[ra.Kind](kinds) }, "quota": func() { u.Quota = f.Quota }, "until": func() { u.Until = f.Until }})
			return s.RA.SetRule(ctx, *u)
		}, (*printer).rule)
	flags := command.Flags()
	flags.StringVar(&f.Node, "node", "", io.text("flag.ra.rule-node"))
	flags.StringSliceVar(&operations, "operation", nil, io.text("flag.ra.rule-operations"))
	flags.StringSliceVar(&kinds, "kind", nil, io.text("flag.ra.rule-kinds"))
	flags.IntVar(&f.Quota, "quota", 0, io.text("flag.ra.rule-quota"))
	flags.StringVar(&until, "until", "", io.text("flag.ra.rule-until"))
	return command
}

func raRuleSwitchCommand(io *console, to string) *cobra.Command {
	return asks(io, worded{to + " NAME", "cmd.ra.rule." + to, []string{"onecert ra rule " + to + " renewals-2026"}},
		func(ctx context.Context, s *wire.Session, args []string) (*ra.Rule, error) {
			u, err := ruleOf(ctx, s.RA, args[0])
			if err != nil {
				return nil, err
			}
			if u.Version == 0 {
				return nil, pki.Errorf(pki.Unknown, "rule.unknown", "there is no rule %.40q in your part of the tree", args[0]).To("'onecert ra rule list' shows them")
			}
			u.Active = to == "on"
			return s.RA.SetRule(ctx, *u)
		}, (*printer).rule)
}

// ruleOf is the rule of a name, or a new one.
func ruleOf(ctx context.Context, c *ra.Client, name string) (*ra.Rule, error) {
	page, err := c.Rules(ctx, ra.RuleQuery{Name: name})
	if err != nil {
		return nil, err
	}
	if len(page.Items) == 1 {
		return &page.Items[0], nil
	}
	return &ra.Rule{Name: name}, nil
}
