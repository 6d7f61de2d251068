package main

import (
	"context"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"onecert/pki"
	"onecert/policy"
)

// policyCommand works on files of rules, without a server.
func policyCommand(io *console) *cobra.Command {
	return io.group("policy", "cmd.policy", policyCheckCommand(io), policyExplainCommand(io), policySimulateCommand(io))
}

// checkedPolicy is the answer of policy check.
type checkedPolicy struct {
	Source   string           `json:"source"`
	Good     bool             `json:"good"`
	Rules    int              `json:"rules"`
	Disabled int              `json:"disabled"`
	Entries  int              `json:"list_entries"`
	Faults   policy.Faults    `json:"faults"`
	Warnings []policy.Warning `json:"warnings"`
}

func policyCheckCommand(io *console) *cobra.Command {
	strict := false
	command := io.verb("check FILE", "cmd.policy.check", []string{"onecert policy check deploy/policy.yaml", "onecert policy check rules.json --strict"},
		func(_ context.Context, args []string) error { return io.checkPolicy(args[0], strict) })
	command.Args = io.oneFile
	command.Flags().BoolVar(&strict, "strict", false, io.text("flag.policy.strict"))
	return command
}

func (io *console) checkPolicy(path string, strict bool) error {
	answer := checkedPolicy{Source: path, Faults: policy.Faults{}, Warnings: []policy.Warning{}}
	rules, set, err := io.policyOf(path)
	if faults := policy.FaultsOf(err); faults != nil {
		answer.Faults = faults
	} else if err != nil {
		return err
	} else {
		answer.count(rules)
		answer.Good, answer.Warnings = true, set.Warnings(io.now())
	}
	if err := io.answer(answer, func(p *printer) { p.checkedPolicy(&answer) }); err != nil {
		return err
	}
	if err == nil && strict && len(answer.Warnings) > 0 {
		err = pki.Errorf(pki.Invalid, "policy.warnings", "the rules have %d warnings", len(answer.Warnings)).To("look at each, or leave out --strict")
	}
	if err != nil {
		return io.doing("doing.policy", path, err)
	}
	return nil
}

func (a *checkedPolicy) count(rules *policy.Rules) {
	a.Rules = len(rules.Rules)
	for i := range rules.Rules {
		if rules.Rules[i].Disabled {
			a.Disabled++
		}
	}
	for _, list := range rules.Lists {
		a.Entries += len(list.Fingerprints) + len(list.Serials) + len(list.Users) + len(list.Names)
	}
}

// policyOf reads and compiles a file. Faults come as one refusal that counts them.
func (io *console) policyOf(path string) (*policy.Rules, *policy.Set, error) {
	text, err := io.readFile(path)
	if err != nil {
		return nil, nil, io.doing("doing.reading", path, err)
	}
	rules, err := policy.Decode(text)
	var set *policy.Set
	if err == nil {
		set, err = policy.Compile(rules)
	}
	if faults := policy.FaultsOf(err); faults != nil {
		err = pki.Errorf(pki.Invalid, "policy.faults", "%s", io.text("policy.faults", len(faults), faults[0].In(io.lang))).
			To("'onecert policy check' lists them").Because(faults)
	}
	return rules, set, err
}

func (p *printer) checkedPolicy(a *checkedPolicy) {
	if a.Good {
		p.line(0, "%s: %s", safe(a.Source), p.text("policy.good", a.Rules, a.Disabled, a.Entries))
	} else {
		p.line(0, "%s: %s", safe(a.Source), p.text("policy.bad"))
	}
	for _, fault := range a.Faults {
		p.line(1, "- %s", safe(fault.In(p.lang)))
	}
	for _, w := range a.Warnings {
		where := w.Field
		if w.Rule != "" {
			where = w.Rule + ": " + w.Field
		}
		p.line(1, "%s", p.text("policy.warning", safe(where), safe(w.Text.In(p.lang))))
	}
}

// simulateFlags bound what is told.
type simulateFlags struct{ most int }

// simulatedPolicy is the answer of policy simulate.
type simulatedPolicy struct {
	policy.Tally
	Changes []*policy.Change `json:"changes"` // the first ones
}

func policySimulateCommand(io *console) *cobra.Command {
	f := &simulateFlags{}
	command := io.verb("simulate OLD NEW LOG", "cmd.policy.simulate", []string{"onecert policy simulate policy.yaml proposed.yaml access.log",
		"onecert policy simulate policy.yaml proposed.yaml access.log --most 1000 --json"},
		func(_ context.Context, args []string) error { return io.simulatePolicy(args[0], args[1], args[2], f) })
	command.Args = io.words(3, 3)
	command.Flags().IntVar(&f.most, "most", 50, io.text("flag.policy.most"))
	return command
}

func (io *console) simulatePolicy(before, after, log string, f *simulateFlags) error {
	_, old, err := io.policyOf(before)
	if err != nil {
		return io.doing("doing.policy", before, err)
	}
	_, changed, err := io.policyOf(after)
	if err != nil {
		return io.doing("doing.policy", after, err)
	}
	records, err := io.openLog(log)
	if err != nil {
		return io.doing("doing.reading", log, err)
	}
	defer records.Close()
	answer := simulatedPolicy{Changes: []*policy.Change{}}
	answer.Tally, err = policy.Replay(old, changed, records, func(c *policy.Change) error {
		if len(answer.Changes) < f.most {
			answer.Changes = append(answer.Changes, c)
		}
		return nil
	})
	if err != nil {
		return io.doing("doing.reading", log, pki.Errorf(pki.Unavailable, "file.unreadable", "the file cannot be read").Because(err))
	}
	return io.answer(answer, func(p *printer) { p.simulatedPolicy(&answer) })
}

// openLog opens a log of any length, or standard input for "-".
func (c *console) openLog(path string) (io.ReadCloser, error) {
	if path == "-" {
		return io.NopCloser(c.in), nil
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, fileError(err)
	}
	return file, nil
}

func (p *printer) simulatedPolicy(a *simulatedPolicy) {
	total := int64(0)
	for _, kind := range []policy.ChangeKind{policy.NewlyAllowed, policy.NewlyDenied, policy.OtherLevel, policy.OtherRule} {
		total += a.Changed[kind]
	}
	p.line(0, "%s", p.text("policy.simulated", a.Requests, total))
	for _, kind := range []policy.ChangeKind{policy.NewlyAllowed, policy.NewlyDenied, policy.OtherLevel, policy.OtherRule} {
		if n := a.Changed[kind]; n > 0 {
			p.line(1, "%s", p.text("policy.change."+string(kind), n))
		}
	}
	if a.Unreadable > 0 {
		p.line(1, "%s", p.text("policy.unreadable", a.Unreadable, a.FirstBad))
	}
	if a.Drifted > 0 {
		p.line(1, "%s", p.text("policy.drifted", a.Drifted))
	}
	for _, c := range a.Changes {
		p.line(0, "%s", p.text("policy.changed", c.Line, c.Request.At.Format(time.RFC3339), safe(who(c.Request.Subject)), c.Request.Address,
			safe(c.Request.Application), safe(c.Request.Method+" "+c.Request.Path)))
		p.line(1, "%s", p.text("policy.before", safe(c.Before.Text().In(p.lang))))
		p.line(1, "%s", p.text("policy.after", safe(c.After.Text().In(p.lang))))
	}
	if total > int64(len(a.Changes)) {
		p.line(0, "%s", p.text("policy.more", total-int64(len(a.Changes))))
	}
}

// who names a subject for a person.
func who(s *policy.Subject) string {
	switch {
	case s == nil || s.Level == policy.LevelAnonymous:
		return "-"
	case s.User != "":
		return s.User
	case s.Certificate != nil:
		return s.Certificate.Subject.String()
	}
	return "-"
}
