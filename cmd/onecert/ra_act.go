package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"onecert/cmd/internal/wire"
	"onecert/pki"
	"onecert/ra"
)

// atRA makes a verb that goes through the API of a registration.
func (io *console) atRA(use, key string, examples []string, do act) *cobra.Command {
	command := io.anywhere(use, key, examples, func(ctx context.Context, s *wire.Session, args []string) error {
		if s.RA == nil {
			return noRA()
		}
		return do(ctx, s, args)
	})
	if n := len(strings.Fields(use)) - 1; n > 0 {
		command.Args = io.words(n, n)
	}
	return command
}

func noRA() error {
	return pki.Errorf(pki.Invalid, "identity.ra", "this identity names no registration").
		To("register it there: 'onecert ra join --ra URL --code-file FILE'")
}

func raMeCommand(io *console) *cobra.Command {
	return io.atRA("me", "cmd.ra.me", []string{"onecert ra me"}, func(ctx context.Context, s *wire.Session, _ []string) error {
		me, err := s.RA.Me(ctx)
		if err != nil {
			return err
		}
		return io.answer(me, func(p *printer) {
			p.line(0, "%s", me.Name)
			p.labelled(1, "ra.roles", strings.Join(me.Roles, " "))
			p.labelled(1, "ra.node", me.Node.Name+" ("+me.Node.Path+")")
			p.labelled(1, "ra.until", date(me.Post.Until))
		})
	})
}

func raKindsCommand(io *console) *cobra.Command {
	return io.atRA("kinds", "cmd.ra.kinds", []string{"onecert ra kinds"}, func(ctx context.Context, s *wire.Session, _ []string) error {
		all, err := s.RA.Kinds(ctx)
		if err != nil {
			return err
		}
		return io.answer(all, func(p *printer) {
			rows := [][]string{{p.text("column.kind"), p.text("column.field"), p.text("column.asked"), p.text("column.label")}}
			for _, k := range all {
				for _, f := range k.Fields {
					rows = append(rows, []string{string(k.Kind), f.Name, p.asked(f), p.label(f)})
				}
			}
			p.columns(rows)
		})
	})
}

// label is a field's name in the person's language.
func (p *printer) label(f ra.Field) string {
	if p.lang == "zh" {
		return f.ZH
	}
	return f.EN
}

func (p *printer) asked(f ra.Field) string {
	said := p.text("ra.optional")
	if f.Required {
		said = p.text("ra.required")
	}
	if f.Sensitive {
		said += ", " + p.text("ra.sensitive")
	}
	return said
}

// entryFlags are the words an application is entered with.
type entryFlags struct {
	ra.Entry
	fields    []string
	files     []string
	documents []string
	request   string
	submit    bool
}

func (f *entryFlags) flags(io *console, flags *pflag.FlagSet) {
	flags.StringArrayVar(&f.fields, "field", nil, io.text("flag.ra.field"))
	flags.StringArrayVar(&f.files, "field-file", nil, io.text("flag.ra.field-file"))
	flags.StringVar(&f.request, "request", "", io.text("flag.ra.request"))
	flags.StringVar(&f.Reason, "reason", "", io.text("flag.ra.reason"))
	flags.IntVar(&f.Days, "days", 0, io.text("flag.days"))
}

// newFlags are those of what is entered for the first time.
func (f *entryFlags) newFlags(io *console, flags *pflag.FlagSet) {
	flags.StringVar(&f.Key, "key", "", io.text("flag.ra.key"))
	flags.StringVar(&f.KeyFrom, "key-from", "", io.text("flag.ra.key-from"))
	flags.StringArrayVar(&f.documents, "document", nil, io.text("flag.ra.document"))
	flags.BoolVar(&f.submit, "submit", false, io.text("flag.ra.submit"))
}

// read completes the entry from what was typed and the files named. What a process
// list must not show, such as a number, comes from a file.
func (f *entryFlags) read(io *console) (err error) {
	f.Fields = map[string]string{}
	for _, pair := range f.fields {
		name, value, ok := strings.Cut(pair, "=")
		if !ok {
			return io.wrongUsage("usage.field")
		}
		f.Fields[name] = value
	}
	for _, pair := range f.files {
		name, path, ok := strings.Cut(pair, "=")
		if !ok {
			return io.wrongUsage("usage.field")
		}
		text, err := io.readSecret(path)
		if err != nil {
			return err
		}
		f.Fields[name] = string(text)
	}
	if f.request != "" {
		if f.Request, err = io.readFile(f.request); err != nil {
			return io.doing("doing.reading", f.request, err)
		}
	}
	return nil
}

func raRegisterCommand(io *console) *cobra.Command {
	f := &entryFlags{}
	var kind, suite string
	command := io.atRA("register", "cmd.ra.register", []string{
		`onecert ra register --kind person --field name=林晓明 --field unit=示例市民政局 --field identity_kind=resident --field-file identity=number.txt --field phone=13900000000 --request lin.csr --document form=form.pdf --document identity=card.jpg --submit`,
		"onecert ra register --kind device --field name=www.office.example --profile device-server-tls --request www.csr",
	}, func(ctx context.Context, s *wire.Session, _ []string) error {
		f.Operation, f.Kind, f.Suite = ra.Issue, ra.Kind(kind), pki.Suite(suite)
		return io.enter(ctx, s, f)
	})
	flags := command.Flags()
	flags.StringVar(&kind, "kind", "", io.text("flag.ra.kind"))
	flags.StringVar(&f.Profile, "profile", "", io.text("flag.issue.profile"))
	flags.BoolVar(&f.Single, "single", false, io.text("flag.issue.single"))
	flags.StringVar(&suite, "suite", "", io.text("flag.ra.suite"))
	f.flags(io, flags)
	f.newFlags(io, flags)
	io.required(command, "kind")
	return command
}

func raApplyCommand(io *console) *cobra.Command {
	f := &entryFlags{}
	var serial string
	command := io.atRA("apply OPERATION", "cmd.ra.apply", []string{
		"onecert ra apply renew --issuer sm2 --serial 4f02a1… --submit",
		"onecert ra apply reissue --issuer sm2 --serial 4f02a1… --request new.csr --submit",
		"onecert ra apply revoke --issuer sm2 --serial 4f02a1… --reason keyCompromise --submit",
		"onecert ra apply freeze --issuer sm2 --serial 4f02a1… --submit",
		"onecert ra apply cancel --holder H3F9A… --submit",
	}, func(ctx context.Context, s *wire.Session, args []string) (err error) {
		f.Operation = ra.Operation(args[0])
		if serial != "" {
			if f.Serial, err = pki.ParseSerial(serial); err != nil {
				return io.doing("doing.serial", serial, err)
			}
		}
		return io.enter(ctx, s, f)
	})
	flags := command.Flags()
	flags.StringVar(&f.Issuer, "issuer", "", io.text("flag.list.issuer"))
	flags.StringVar(&serial, "serial", "", io.text("flag.ra.serial"))
	flags.StringVar(&f.Holder, "holder", "", io.text("flag.list.holder"))
	f.flags(io, flags)
	f.newFlags(io, flags)
	return command
}

func (io *console) enter(ctx context.Context, s *wire.Session, f *entryFlags) error {
	if err := f.read(io); err != nil {
		return err
	}
	a, err := s.RA.Register(ctx, f.Entry)
	if err != nil {
		return err
	}
	id := a.ID
	if a, err = io.attach(ctx, s.RA, a, f.documents); err == nil && f.submit {
		a, err = s.RA.Submit(ctx, id, ra.Decision{Version: a.Version})
	}
	if err != nil {
		return fmt.Errorf("%s: %w", io.text("ra.entered", id), err)
	}
	return io.application(a)
}

func raEditCommand(io *console) *cobra.Command {
	f := &entryFlags{}
	var version int
	command := io.atRA("edit APPLICATION", "cmd.ra.edit", []string{"onecert ra edit lra1-260901-k3v9x2aq --field unit=示例市档案局"},
		func(ctx context.Context, s *wire.Session, args []string) error {
			if err := f.read(io); err != nil {
				return err
			}
			a, err := s.RA.Application(ctx, args[0])
			if err != nil {
				return err
			}
			if version == 0 {
				version = a.Version
			}
			f.Operation = a.Operation
			if a, err = s.RA.Edit(ctx, a.ID, ra.EditOf{Version: version, Entry: f.Entry}); err != nil {
				return err
			}
			return io.application(a)
		})
	f.flags(io, command.Flags())
	command.Flags().IntVar(&version, "version", 0, io.text("flag.ra.version"))
	return command
}
