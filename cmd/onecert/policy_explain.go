package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/netip"

	"github.com/spf13/cobra"

	"onecert/pki"
	"onecert/policy"
)

// explainFlags are a request in words.
type explainFlags struct {
	user, cert, profile, login, address, at, application, method, host, path, protocol, record string
	groups, units                                                                              []string
	level                                                                                      int
	all                                                                                        bool
}

func policyExplainCommand(io *console) *cobra.Command {
	f := &explainFlags{}
	command := io.verb("explain FILE", "cmd.policy.explain", []string{
		"onecert policy explain policy.yaml --address 10.1.2.3 --application oa --path /approve/7 --cert zhang.pem --at 2026-11-23T20:15:00+08:00",
		"onecert policy explain policy.yaml --address 10.1.2.3 --application oa --user zhangsan --group staff --all",
		"tail -1 access.log | onecert policy explain policy.yaml --record -",
	}, func(_ context.Context, args []string) error { return io.explainPolicy(args[0], f) })
	command.Args = io.oneFile
	flags := command.Flags()
	for _, one := range []struct {
		into *string
		name string
	}{
		{&f.user, "user"}, {&f.cert, "cert"}, {&f.profile, "profile"}, {&f.login, "login"}, {&f.address, "address"}, {&f.at, "at"}, {&f.application, "application"},
		{&f.method, "method"}, {&f.host, "host"}, {&f.path, "path"}, {&f.protocol, "protocol"}, {&f.record, "record"},
	} {
		flags.StringVar(one.into, one.name, "", io.text("flag.policy."+one.name))
	}
	flags.StringArrayVar(&f.groups, "group", nil, io.text("flag.policy.group"))
	flags.StringArrayVar(&f.units, "unit", nil, io.text("flag.policy.unit"))
	flags.IntVar(&f.level, "level", -1, io.text("flag.policy.level"))
	flags.BoolVar(&f.all, "all", false, io.text("flag.policy.all"))
	return command
}

func (io *console) explainPolicy(path string, f *explainFlags) error {
	_, set, err := io.policyOf(path)
	if err != nil {
		return io.doing("doing.policy", path, err)
	}
	r, err := io.policyRequest(f)
	if err != nil {
		return err
	}
	e := set.Explain(r)
	return io.answer(e, func(p *printer) { p.explanation(&e, f.all) })
}

// policyRequest makes the request that the flags, or a line of a log, describe.
func (io *console) policyRequest(f *explainFlags) (*policy.Request, error) {
	if f.record != "" {
		return io.recordedRequest(f.record)
	}
	for name, value := range map[string]string{"--application": f.application, "--address": f.address} {
		if value == "" {
			return nil, io.wrongUsage("usage.flag", name)
		}
	}
	r := &policy.Request{At: io.now(), Application: f.application, Protocol: policy.Protocol(f.protocol), Method: f.method, Host: f.host, Path: f.path}
	if r.Protocol == "" {
		r.Protocol = policy.ProtocolTLS
	}
	if r.Protocol == policy.ProtocolTLS || r.Protocol == policy.ProtocolTLCP {
		r.Method, r.Path = either(f.method, "GET"), either(f.path, "/")
	}
	var err error
	if r.Address, err = netip.ParseAddr(f.address); err != nil {
		return nil, io.wrongUsage("policy.address")
	}
	if f.at != "" {
		if r.At, err = io.instant(f.at); err != nil {
			return nil, err
		}
	}
	r.Subject, err = io.policySubject(f)
	return r, err
}

func either(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}

// policySubject is anonymous without a user and without a certificate; what is not said
// of a login is the weakest that yields what is said.
func (io *console) policySubject(f *explainFlags) (*policy.Subject, error) {
	s := &policy.Subject{}
	if f.user != "" {
		s.Login = policy.LoginPassword
	}
	if f.cert != "" {
		certificate, err := io.readCertificate(f.cert)
		if err != nil {
			return nil, err
		}
		if s, err = policy.NewSubject(certificate); err != nil {
			return nil, io.doing("doing.reading", f.cert, err)
		}
		s.Certificate.Profile = f.profile
	}
	if s.User, s.Groups, s.Units = f.user, f.groups, f.units; f.login != "" {
		s.Login = policy.Login(f.login)
	}
	if s.Level = s.Login.Level(); f.level >= 0 {
		s.Level = policy.Level(f.level)
	}
	return s, nil
}

// recordedRequest reads the first line of an access log.
func (io *console) recordedRequest(path string) (*policy.Request, error) {
	text, err := io.readFile(path)
	if err != nil {
		return nil, io.doing("doing.reading", path, err)
	}
	line, _, _ := bytes.Cut(text, []byte("\n"))
	var record policy.Recorded
	if err := json.Unmarshal(line, &record); err != nil {
		return nil, io.doing("doing.reading", path, pki.Errorf(pki.Invalid, "policy.record", "the first line is no record of a request").
			To("take a line of the gateway's access log").Because(err))
	}
	return &record.Request, nil
}

func (p *printer) explanation(e *policy.Explanation, all bool) {
	p.line(0, "%s", safe(e.Text.In(p.lang)))
	hidden := 0
	for i, j := range e.Rules {
		if !all && j.Condition == "applications" && j.Outcome == policy.NotMatched {
			hidden++
			continue
		}
		name := j.Rule
		if j.Name != "" {
			name = p.text("policy.named", j.Rule, j.Name)
		}
		p.line(1, "%s", p.text("policy.step", i+1, safe(name), safe(j.Text.In(p.lang))))
	}
	if hidden > 0 {
		p.line(1, "%s", p.text("policy.hidden", hidden))
	}
}
