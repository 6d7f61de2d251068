package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"onecert/ca"
	"onecert/cmd/internal/wire"
)

// successor is a verb that issues new certificates for old ones.
type successor struct {
	io      *console
	act     string // renew, reissue or modify
	flags   orderFlags
	change  ca.Change
	prepare func() error // fills in the change
	order   func(context.Context, *wire.Session, certName, ca.Change) (*ca.Issued, error)
}

func (v *successor) command(words string, examples []string) *cobra.Command {
	key := "cmd.ca." + v.act
	command := v.io.acting(v.act+" "+words, key, examples, v.run)
	command.Args = v.io.words(1, 2)
	flags := command.Flags()
	flags.StringVar(&v.change.Application, "application", "", v.io.text("flag.application"))
	flags.IntVar(&v.change.Days, "days", 0, v.io.text("flag.days"))
	v.flags.outFlag(v.io, flags)
	v.io.required(command, "out")
	return command
}

func (v *successor) run(ctx context.Context, s *wire.Session, args []string) error {
	if err := v.prepare(); err != nil {
		return err
	}
	names, err := v.io.certNames(ctx, s, args)
	if err != nil {
		return err
	}
	if len(names) > 1 && v.change.Application != "" {
		return v.io.wrongUsage("usage.application")
	}
	var done []*ca.Issued
	for _, name := range names {
		issued, err := v.one(ctx, s, name, len(names) > 1)
		if err != nil {
			return errors.Join(v.told(done, len(names)), v.io.doing("doing.certificate", name.String(), err))
		}
		done = append(done, issued)
	}
	return v.told(done, len(names))
}

// told answers a program: one order as itself, several as a list. People have read
// of each as it was done.
func (v *successor) told(done []*ca.Issued, wanted int) error {
	if !v.io.json || len(done) == 0 {
		return nil
	}
	if wanted == 1 {
		return v.io.answer(done[0], nil)
	}
	return v.io.answer(done, nil)
}

// one follows one certificate; of several, each goes into a folder named by the
// old serial.
func (v *successor) one(ctx context.Context, s *wire.Session, name certName, several bool) (*ca.Issued, error) {
	to := target{v.flags.out}
	if several {
		to = to.under(string(name.Serial))
	}
	to, err := v.io.target(to.dir)
	if err != nil {
		return nil, err
	}
	change := v.change
	if change.Application == "" {
		content := struct {
			Name   certName
			Change ca.Change
		}{name, change}
		if change.Application, err = application(v.act, content); err != nil {
			return nil, err
		}
	}
	issued, err := v.order(ctx, s, name, change)
	if err != nil {
		return nil, err
	}
	return issued, v.io.write(to, issued)
}

func caRenewCommand(io *console) *cobra.Command {
	v := &successor{io: io, act: "renew", prepare: func() error { return nil },
		order: func(ctx context.Context, s *wire.Session, n certName, c ca.Change) (*ca.Issued, error) {
			return s.CA.Renew(ctx, n.Issuer, n.Serial, c)
		}}
	command := v.command("ISSUER SERIAL… | FILE…", []string{"onecert ca renew li/sign.pem --out li-2027/", "onecert ca renew sm2 4f02a1… 51c7be… --out renewed/"})
	command.Args = io.words(1, -1)
	return command
}

func caReissueCommand(io *console) *cobra.Command {
	v := &successor{io: io, act: "reissue",
		order: func(ctx context.Context, s *wire.Session, n certName, c ca.Change) (*ca.Issued, error) {
			return s.CA.Reissue(ctx, n.Issuer, n.Serial, c)
		}}
	v.prepare = func() (err error) {
		if v.change.Request, err = io.readFile(v.flags.request); err != nil {
			return io.doing("doing.reading", v.flags.request, err)
		}
		return nil
	}
	command := v.command("ISSUER SERIAL | FILE", []string{"onecert ca reissue li/sign.pem --request new.csr --reason keyCompromise --out li-new/"})
	command.Flags().StringVar(&v.flags.request, "request", "", io.text("flag.reissue.request"))
	command.Flags().StringVar(&v.change.Reason, "reason", "", io.text("flag.follow.reason"))
	io.required(command, "request", "out")
	return command
}

func caModifyCommand(io *console) *cobra.Command {
	v := &successor{io: io, act: "modify",
		order: func(ctx context.Context, s *wire.Session, n certName, c ca.Change) (*ca.Issued, error) {
			return s.CA.Modify(ctx, n.Issuer, n.Serial, c)
		}}
	v.prepare = func() (err error) {
		v.change.Subject, v.change.AltNames, v.change.Values, err = v.flags.data(io)
		return err
	}
	command := v.command("ISSUER SERIAL | FILE", []string{`onecert ca modify li/sign.pem --subject "O=示例市档案局, CN=李四" --reason affiliationChanged --out li-new/`})
	v.flags.dataFlags(io, command.Flags())
	command.Flags().StringVar(&v.change.Reason, "reason", "", io.text("flag.follow.reason"))
	return command
}
