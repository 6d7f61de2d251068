package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"onecert/ca"
	"onecert/cmd/internal/wire"
	"onecert/pki"
)

// orderFlags are the words that several verbs order certificates with.
type orderFlags struct {
	request, subject     string
	dns, ips             []string
	emails, uris         []string
	values               []string
	out                  string
	identity, numberFile string
}

func (f *orderFlags) outFlag(io *console, flags *pflag.FlagSet) {
	flags.StringVar(&f.out, "out", "", io.text("flag.out"))
}

func (f *orderFlags) dataFlags(io *console, flags *pflag.FlagSet) {
	flags.StringVar(&f.subject, "subject", "", io.text("flag.subject"))
	flags.StringSliceVar(&f.dns, "dns", nil, io.text("flag.dns"))
	flags.StringSliceVar(&f.ips, "ip", nil, io.text("flag.ip"))
	flags.StringSliceVar(&f.emails, "email", nil, io.text("flag.email"))
	flags.StringSliceVar(&f.uris, "uri", nil, io.text("flag.uri"))
	flags.StringArrayVar(&f.values, "value", nil, io.text("flag.value"))
}

func (f *orderFlags) identityFlags(io *console, flags *pflag.FlagSet) {
	flags.StringVar(&f.identity, "identity-kind", "", io.text("flag.identity-kind"))
	flags.StringVar(&f.numberFile, "identity-number-file", "", io.text("flag.identity-number-file"))
}

// data reads the subject, the alternative names and the values.
func (f *orderFlags) data(io *console) (subject pki.Name, names []pki.AltName, values map[string]string, err error) {
	if f.subject != "" {
		if subject, err = pki.ParseName(f.subject); err != nil {
			return nil, nil, nil, err
		}
	}
	for _, given := range []struct {
		kind string
		all  []string
	}{{"dns", f.dns}, {"ip", f.ips}, {"email", f.emails}, {"uri", f.uris}} {
		for _, value := range given.all {
			names = append(names, pki.AltName{Kind: given.kind, Value: value})
		}
	}
	for _, pair := range f.values {
		name, value, ok := strings.Cut(pair, "=")
		if !ok {
			return nil, nil, nil, io.wrongUsage("usage.value")
		}
		if values == nil {
			values = map[string]string{}
		}
		values[name] = value
	}
	return subject, names, values, nil
}

// document reads an identity document, nil where none is given. Its number comes
// from a file: a command line is seen by every process of the machine.
func (f *orderFlags) document(io *console) (*ca.Identity, error) {
	if (f.identity == "") != (f.numberFile == "") {
		return nil, io.wrongUsage("usage.identity")
	}
	if f.identity == "" {
		return nil, nil
	}
	number, err := io.readSecret(f.numberFile)
	if err != nil {
		return nil, err
	}
	return &ca.Identity{Kind: f.identity, Number: string(number)}, nil
}

func caIssueCommand(io *console) *cobra.Command {
	f, o := &orderFlags{}, &ca.Order{}
	command := io.acting("issue", "cmd.ca.issue", []string{
		`onecert ca issue --profile person-sign --request li.csr --holder 3f9a… --subject "O=示例市民政局, CN=李四" --out li/`,
		"onecert ca issue --profile person-sign --request li.csr --identity-kind resident --identity-number-file - --out li/",
		"onecert ca issue --profile device-server-tls --request www.csr --dns www.gov.example --out www/",
	}, func(ctx context.Context, s *wire.Session, _ []string) error { return io.issue(ctx, s, f, *o) })
	flags := command.Flags()
	flags.StringVar(&o.Profile, "profile", "", io.text("flag.issue.profile"))
	flags.StringVar(&f.request, "request", "", io.text("flag.issue.request"))
	flags.StringVar(&o.Application, "application", "", io.text("flag.application"))
	flags.StringVar(&o.Holder, "holder", "", io.text("flag.issue.holder"))
	f.identityFlags(io, flags)
	f.dataFlags(io, flags)
	flags.IntVar(&o.Days, "days", 0, io.text("flag.days"))
	flags.BoolVar(&o.Single, "single", false, io.text("flag.issue.single"))
	flags.StringVar(&o.Decision, "decision", "", io.text("flag.issue.decision"))
	flags.StringVar(&o.Issuer, "issuer", "", io.text("flag.issue.issuer"))
	f.outFlag(io, flags)
	io.required(command, "profile", "request", "out")
	return command
}

func (io *console) issue(ctx context.Context, s *wire.Session, f *orderFlags, o ca.Order) (err error) {
	target, err := io.target(f.out)
	if err != nil {
		return err
	}
	if o.Request, err = io.readFile(f.request); err != nil {
		return io.doing("doing.reading", f.request, err)
	}
	if o.Identity, err = f.document(io); err != nil {
		return err
	}
	if o.Subject, o.AltNames, o.Values, err = f.data(io); err != nil {
		return err
	}
	if o.Application == "" {
		named := o
		named.Identity = nil // a hash of the number in a public name could be turned back
		if o.Application, err = application("issue", named); err != nil {
			return err
		}
	}
	issued, err := s.CA.Issue(ctx, o)
	if err != nil {
		return err
	}
	return io.deliver(target, issued)
}

// application names an order nobody named after its content: the same command
// typed again, after a time-out say, gives the same certificates.
func application(act string, content any) (string, error) {
	text, err := json.Marshal(content)
	if err != nil {
		return "", fmt.Errorf("naming the application: %w", err)
	}
	sum := sha256.Sum256(append([]byte(act+"\x00"), text...))
	return "cli-" + hex.EncodeToString(sum[:16]), nil
}

func caOrderCommand(io *console) *cobra.Command {
	f := &orderFlags{}
	command := io.acting("order APPLICATION", "cmd.ca.order", []string{"onecert ca order 2026-000123 --out again/"},
		func(ctx context.Context, s *wire.Session, args []string) error {
			target, err := io.target(f.out)
			if err != nil {
				return err
			}
			issued, err := s.CA.Order(ctx, args[0])
			if err != nil {
				return err
			}
			return io.deliver(target, issued)
		})
	command.Args = io.words(1, 1)
	f.outFlag(io, command.Flags())
	io.required(command, "out")
	return command
}
