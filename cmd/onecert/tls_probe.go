package main

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"onecert/cmd/internal/probe"
	"onecert/pki"
)

func tlsProbeCommand(c *console) *cobra.Command {
	var ca, name string
	var patience time.Duration
	command := c.verb("probe HOST:PORT", "cmd.tls.probe", []string{"onecert tls probe gw.example.test:443", "onecert tls probe 192.0.2.7:8443 --name gw.example.test --ca root.pem --json"},
		func(ctx context.Context, args []string) error { return c.tlsProbe(ctx, args[0], ca, name, patience) })
	command.Args = c.words(1, 1)
	flags := command.Flags()
	flags.StringVar(&ca, "ca", "", c.text("flag.tls.probe-ca"))
	flags.StringVar(&name, "name", "", c.text("flag.tls.name"))
	flags.DurationVar(&patience, "timeout", 5*time.Second, c.text("flag.tls.timeout"))
	return command
}

func (c *console) tlsProbe(ctx context.Context, address, ca, name string, patience time.Duration) error {
	roots, _, err := c.anchorsOf(ca)
	if err != nil {
		return err
	}
	report, err := probe.Look(ctx, probe.Target{Address: address, Name: name, Roots: roots, Patience: patience, Now: c.now()})
	if err != nil {
		return pki.Errorf(pki.Unavailable, "tls.unreachable", "%s", c.text("tls.unreachable", safe(address))).Because(err)
	}
	for i := range report.Findings {
		report.Findings[i].Text = c.finding(report.Findings[i])
	}
	return c.answer(report, func(p *printer) { p.probed(report) })
}

// finding says in words what is wrong; weak suites bring a code of their own.
func (c *console) finding(f probe.Finding) string {
	words := []any{}
	for i, a := range f.About {
		if f.Code == "weak-suite" && i == 2 {
			a = c.text("weak." + a)
		}
		words = append(words, safe(a))
	}
	return c.text("probe."+f.Code, words...)
}

func (p *printer) probed(r *probe.Report) {
	p.line(0, "%s", p.text("probe.of", safe(r.Address), safe(r.Name)))
	rows := [][]string{}
	for _, protocol := range r.Protocols {
		mark, says := "✗", ""
		switch {
		case protocol.Spoken:
			mark, says = "✓", p.text("probe.spoken", len(protocol.Suites))
			if protocol.AsksClients {
				says += ", " + p.text("probe.asks")
			}
		case protocol.Alert != "":
			says = p.text("probe.alert", safe(protocol.Alert))
		default:
			says = p.text("ended." + protocol.Ended)
		}
		rows = append(rows, []string{mark, protocol.Version, says})
	}
	p.columns(rows)
	for _, protocol := range r.Protocols {
		for i, suite := range protocol.Suites {
			if i == 0 {
				p.line(0, "")
				p.line(0, "%s", protocol.Version)
			}
			weak := ""
			if suite.Weak != "" {
				weak = "  ✗ " + p.text("weak."+suite.Weak)
			}
			p.line(1, "%s  %s%s", suite.ID, suite.Name, weak)
		}
	}
	p.chains(r.Chains)
	p.line(0, "")
	if len(r.Findings) == 0 {
		p.line(0, "%s", p.text("probe.fine"))
	}
	for _, f := range r.Findings {
		p.line(0, "✗ %s", f.Text)
	}
}

func (p *printer) chains(all []probe.Chain) {
	for _, chain := range all {
		p.line(0, "")
		p.line(0, "%s", p.text("probe.certificates", strings.Join(chain.Versions, ", ")))
		for i, c := range chain.Certificates {
			p.line(1, "%d. %s", i+1, safe(c.Subject))
			p.line(2, "%s", p.text("probe.certificate", safe(c.Issuer), c.Key, date(c.NotBefore), date(c.NotAfter)))
			if len(c.Names) > 0 && i == 0 {
				p.line(2, "%s", safe(strings.Join(c.Names, ", ")))
			}
		}
	}
}
