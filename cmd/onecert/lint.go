package main

import (
	"bytes"
	"fmt"

	"github.com/spf13/cobra"

	"onecert/lint"
	"onecert/pki"
)

// linted is the answer for one object.
type linted struct {
	Source   string         `json:"source"`
	Kind     kind           `json:"kind"`
	Worst    lint.Severity  `json:"worst"` // "" when nothing was found
	Findings []lint.Finding `json:"findings"`
}

type lintFlags struct {
	issuer  string
	noZlint bool
	strict  bool
}

// lintCommand checks certificates and CRLs; it stands both at the top and in cert.
func lintCommand(io *console, use string) *cobra.Command {
	var flags lintFlags
	command := &cobra.Command{Use: use, Short: io.text("cmd.lint"), Long: io.text("cmd.lint.long"), Args: io.oneFile}
	command.Flags().StringVar(&flags.issuer, "issuer", "", io.text("flag.lint.issuer"))
	command.Flags().BoolVar(&flags.noZlint, "no-zlint", false, io.text("flag.lint.no-zlint"))
	command.Flags().BoolVar(&flags.strict, "strict", false, io.text("flag.lint.strict"))
	command.RunE = func(_ *cobra.Command, args []string) error { return io.lint(args[0], flags) }
	return command
}

func (io *console) lint(path string, flags lintFlags) error {
	objects, err := io.readObjects(path)
	if err != nil {
		return err
	}
	candidates := objects
	if flags.issuer != "" {
		if candidates, err = io.readKind(flags.issuer, kindCertificate); err != nil {
			return err
		}
	}
	known := newIssuers(candidates, flags.issuer != "")
	answers := make([]linted, 0, len(objects))
	for _, o := range objects {
		opts := lint.Options{Zlint: !flags.noZlint, Ours: flags.strict, Issuer: known.of(o)}
		answer, err := lintObject(o, opts)
		if err != nil {
			return io.doing("doing.linting", o.source, err)
		}
		answers = append(answers, answer)
	}
	if err := io.answer(map[string]any{"objects": answers}, func(p *printer) { printLinted(p, answers) }); err != nil {
		return err
	}
	if n := countErrors(answers); n > 0 {
		failed := pki.Errorf(pki.Invalid, "lint.errors", io.text("lint.errors"), n).To("%s", io.text("lint.errors.remedy"))
		return io.doing("doing.linting", path, failed)
	}
	return nil
}

func lintObject(o object, opts lint.Options) (linted, error) {
	var findings []lint.Finding
	var err error
	switch o.kind {
	case kindCertificate:
		findings, err = lint.Certificate(o.der, opts)
	case kindCRL:
		findings, err = lint.CRL(o.der, opts)
	default:
		err = pki.Errorf(pki.Invalid, "lint.request", "a certificate request has no rules of its own to break").
			To("inspect it with 'onecert cert inspect'; lint what is issued from it")
	}
	if findings == nil {
		findings = []lint.Finding{}
	}
	return linted{o.source, o.kind, lint.Worst(findings), findings}, err
}

// issuers finds the certificate of an object's issuer: the one named on the command
// line, else one whose subject is, octet by octet, the object's issuer.
type issuers struct {
	named     []byte
	bySubject map[string][]byte
}

func newIssuers(candidates []object, named bool) issuers {
	all := issuers{bySubject: map[string][]byte{}}
	if named && len(candidates) == 1 {
		all.named = candidates[0].der
	}
	for _, o := range candidates {
		if _, subject := o.names(); o.kind == kindCertificate && subject != nil {
			all.bySubject[string(subject)] = o.der
		}
	}
	return all
}

// of returns nil where no issuer is known; a self-signed certificate needs none.
func (i issuers) of(o object) []byte {
	if i.named != nil {
		return i.named
	}
	issuer, subject := o.names()
	if issuer == nil || bytes.Equal(issuer, subject) {
		return nil
	}
	return i.bySubject[string(issuer)]
}

func countErrors(answers []linted) (n int) {
	for _, a := range answers {
		for _, f := range a.Findings {
			if f.Severity == lint.Error {
				n++
			}
		}
	}
	return n
}

func printLinted(p *printer, answers []linted) {
	for _, a := range answers {
		counts := map[lint.Severity]int{}
		for _, f := range a.Findings {
			counts[f.Severity]++
		}
		p.line(0, "%s: %s", safe(a.Source), p.text("lint.summary", counts[lint.Error], counts[lint.Warning], counts[lint.Notice]))
		for _, f := range a.Findings {
			p.line(1, "%s %s [%s]: %s", p.text("severity."+string(f.Severity)), f.Rule, safe(f.Clause), p.ruleText(f))
		}
	}
}

// ruleText is the finding's detail, led by the rule's meaning where the language
// has one: details are English, numbers and code points in them are not.
func (p *printer) ruleText(f lint.Finding) string {
	if meaning, ok := p.lookup("lint." + f.Rule); ok {
		return fmt.Sprintf("%s（%s）", meaning, safe(f.Detail))
	}
	return safe(f.Detail)
}
