package main

import (
	"context"
	"errors"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"onecert/ca"
	"onecert/cmd/internal/wire"
	"onecert/pki"
)

func caProfilesCommand(io *console) *cobra.Command {
	command := io.acting("profiles", "cmd.ca.profiles", []string{"onecert ca profiles", "onecert ca profiles show person-sign", "onecert ca profiles check my-profiles/"},
		func(ctx context.Context, s *wire.Session, _ []string) error {
			all, err := s.CA.Profiles(ctx)
			if err != nil {
				return err
			}
			return io.answer(all, func(p *printer) { p.profiles(all) })
		})
	command.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			return io.wrongUsage("usage.unknown", safe(args[0]), cmd.CommandPath())
		}
		return nil
	}
	command.AddCommand(caProfileShowCommand(io), caProfileCheckCommand(io), caProfileProposeCommand(io), caProfileHistoryCommand(io))
	return command
}

func (p *printer) describe(profile *ca.Profile) string {
	if p.lang == "zh" {
		return profile.Description.ZH
	}
	return profile.Description.EN
}

func (p *printer) profiles(all []ca.ProfileView) {
	rows := [][]string{{p.text("column.profile"), p.text("column.version"), p.text("column.suites"), p.text("column.description")}}
	for _, one := range all {
		if one.HalfOf != "" {
			continue // it comes with the other half and is not ordered
		}
		rows = append(rows, []string{one.Name, strconv.Itoa(one.Version), suites(one.Suites), p.describe(one.Profile)})
	}
	p.columns(rows)
}

func suites(all []pki.Suite) string {
	words := make([]string, len(all))
	for i, s := range all {
		words[i] = string(s)
	}
	return strings.Join(words, " ")
}

func caProfileShowCommand(io *console) *cobra.Command {
	command := io.acting("show NAME", "cmd.ca.profiles.show", []string{"onecert ca profiles show person-sign"},
		func(ctx context.Context, s *wire.Session, args []string) error {
			all, err := s.CA.Profiles(ctx)
			if err != nil {
				return err
			}
			for _, one := range all {
				if one.Name == args[0] {
					return io.answer(one, func(p *printer) { p.profile(one) })
				}
			}
			return pki.Errorf(pki.Unknown, "profile.unknown", "there is no profile %.41q", args[0]).To("'onecert ca profiles' lists them")
		})
	command.Args = io.words(1, 1)
	return command
}

// profile tells what an order may and must say, in the words of the order.
func (p *printer) profile(v ca.ProfileView) {
	p.line(0, "%s %d: %s", v.Name, v.Version, p.describe(v.Profile))
	p.labelled(1, "profile.suites", suites(v.Suites))
	if v.Pair != nil {
		p.labelled(1, "profile.pair", v.Pair.Profile+" ("+suites(v.Pair.Suites)+")")
	}
	p.labelled(1, "profile.days", p.text("profile.days.text", v.Validity.Days, v.Validity.MaxDays))
	p.line(1, "%s:", p.text("profile.subject"))
	for _, rule := range v.Subject {
		p.line(2, "%-12s %s", rule.Type, p.subjectRule(rule))
	}
	if len(v.AltNames.Kinds) > 0 {
		key := "profile.optional"
		if v.AltNames.Required {
			key = "profile.required"
		}
		p.labelled(1, "profile.altnames", strings.Join(v.AltNames.Kinds, " ")+", "+p.text(key))
	}
	for _, e := range v.Private {
		if !e.Off {
			p.labelled(1, "profile.value", e.Name+" ("+e.OID+")")
		}
	}
	p.labelled(1, "profile.usage", strings.Join(append(append([]string{}, v.KeyUsage...), v.ExtKeyUsage...), " "))
	p.labelled(1, "profile.hash", v.Hash)
}

func (p *printer) subjectRule(r ca.SubjectRule) string {
	switch {
	case r.Fixed != "":
		return p.text("profile.fixed", r.Fixed)
	case r.Holder:
		return p.text("profile.holder")
	case r.Required:
		return p.text("profile.required")
	case r.Max > 1:
		return p.text("profile.repeated", r.Max)
	}
	return p.text("profile.optional")
}

func caProfileCheckCommand(io *console) *cobra.Command {
	command := io.verb("check DIR", "cmd.ca.profiles.check", []string{"onecert ca profiles check my-profiles/"},
		func(_ context.Context, args []string) error { return io.checkProfiles(args[0]) })
	command.Args = io.words(1, 1)
	return command
}

// checkProfiles prints every fault of a folder of profiles, a line each.
func (io *console) checkProfiles(dir string) error {
	profiles, err := ca.LoadProfiles(os.DirFS(dir))
	if err == nil {
		return io.answer(map[string]any{"profiles": len(profiles), "faults": []string{}}, func(p *printer) {
			p.line(0, "%s", p.text("profile.good", len(profiles)))
		})
	}
	wrong, ok := errors.AsType[*pki.Error](err)
	if !ok || wrong.Code != "profile.wrong" {
		return io.doing("doing.checking", dir, err)
	}
	faults := strings.Split(wrong.Wrong, "\n")
	err = io.answer(map[string]any{"faults": faults}, func(p *printer) {
		for _, fault := range faults {
			p.line(0, "%s", safe(fault))
		}
	})
	if err != nil {
		return err
	}
	return io.doing("doing.checking", dir, pki.Errorf(pki.Invalid, "profile.faults", "%s", io.text("profile.faults", len(faults))).
		To("%s", io.text("profile.faults.remedy")))
}
