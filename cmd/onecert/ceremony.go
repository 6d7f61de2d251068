package main

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/emmansun/gmsm/smx509"
	"github.com/spf13/cobra"

	"onecert/ceremony"
)

// ceremonyCommand makes CAs in front of witnesses. It works on the machine itself,
// which is off line (design.md decision 12).
func ceremonyCommand(io *console) *cobra.Command {
	return io.group("ceremony", "cmd.ceremony", ceremonyRunCommand(io), ceremonyVerifyCommand(io),
		io.group("shares", "cmd.ceremony.shares", sharesCheckCommand(io)))
}

// ceremonyFlags are the words of ceremony run.
type ceremonyFlags struct {
	out, shares, cipher string
	rehearse            bool
}

func ceremonyRunCommand(io *console) *cobra.Command {
	f := &ceremonyFlags{}
	command := io.verb("run FILE", "cmd.ceremony.run", []string{
		"onecert ceremony run deploy/ceremony.yaml --out rehearsal --rehearse",
		"onecert ceremony run ceremony.yaml --out 2026-12-01 --cipher sm4",
	}, func(ctx context.Context, args []string) error { return io.runCeremony(ctx, args[0], f) })
	command.Args = io.words(1, 1)
	flags := command.Flags()
	flags.StringVar(&f.out, "out", "", io.text("flag.ceremony.out"))
	flags.BoolVar(&f.rehearse, "rehearse", false, io.text("flag.ceremony.rehearse"))
	flags.StringVar(&f.shares, "shares", "", io.text("flag.ceremony.shares"))
	flags.StringVar(&f.cipher, "cipher", "aes256", io.text("flag.cipher"))
	io.required(command, "out")
	return command
}

func (io *console) runCeremony(ctx context.Context, path string, f *ceremonyFlags) error {
	cipher, err := io.cipher(f.cipher)
	if err != nil {
		return err
	}
	plan, err := ceremony.LoadPlan(path)
	if err != nil {
		return err
	}
	attendants, err := io.attendants(f, plan)
	if err != nil {
		return err
	}
	result, err := ceremony.Run(ctx, ceremony.Config{Plan: plan, Out: f.out, Rehearse: f.rehearse, People: attendants, Version: version,
		Now: io.now, Cipher: cipher, Progress: io.progress, Words: func(key string) string { return io.text(key) }})
	if err != nil {
		return err
	}
	return io.answer(result, func(p *printer) {
		p.line(0, "%s", p.text("ceremony.done", result.Out))
		if result.Rehearsal {
			p.line(0, "%s", p.text("ceremony.rehearsed"))
		}
		for _, name := range result.Files {
			p.line(1, "%s", safe(filepath.Join("result", name)))
		}
		p.line(0, "%s", p.text("ceremony.state", result.State))
		p.line(0, "%s", p.text("ceremony.hash", result.Hash))
		p.line(0, "%s", p.text("ceremony.next", result.Transcript))
	})
}

// attendants are the people at the terminal, or nobody.
func (io *console) attendants(f *ceremonyFlags, plan *ceremony.Plan) (ceremony.Attendants, error) {
	switch {
	case f.rehearse && f.shares == "":
		return ceremony.Rehearsal{}, nil
	case f.rehearse:
		return rehearsalDesk{folderDesk{io, f.shares}}, nil
	}
	if _, ok := io.terminal(); !ok {
		return nil, noTerminal()
	}
	if f.shares != "" {
		return struct {
			confirmer
			folderDesk
		}{confirmer{io, plan}, folderDesk{io, f.shares}}, nil
	}
	return struct {
		confirmer
		shareDesk
	}{confirmer{io, plan}, shareDesk{io}}, nil
}

// progress tells people what happens; what they did themselves they know.
func (io *console) progress(e ceremony.Entry) {
	switch e.Act {
	case "step", "key-made", "key-opened", "signed", "imported", "revocation", "share-in", "share-out", "end", "aborted":
		if !io.json {
			e.Detail = shortDetail(e.Detail)
			fmt.Fprint(io.out, ceremony.Render([]ceremony.Entry{e}, func(key string) string { return io.text(key) }))
		}
	}
}

func shortDetail(detail map[string]string) map[string]string {
	short := map[string]string{}
	for name, value := range detail {
		switch name {
		case "kind", "suite", "subject", "number", "custodian", "sha256", "reason", "wrong":
			short[name] = value
		}
	}
	return short
}

func ceremonyVerifyCommand(io *console) *cobra.Command {
	var trust []string
	var text bool
	command := io.verb("verify TRANSCRIPT", "cmd.ceremony.verify", []string{
		"onecert ceremony verify 2026-12-01/transcript.jsonl",
		"onecert ceremony verify 2026-12-01 --trust sm2-root.pem --text",
	}, func(_ context.Context, args []string) error { return io.verifyCeremony(args[0], trust, text) })
	command.Args = io.words(1, 1)
	command.Flags().StringArrayVar(&trust, "trust", nil, io.text("flag.ceremony.trust"))
	command.Flags().BoolVar(&text, "text", false, io.text("flag.ceremony.text"))
	return command
}

func (io *console) verifyCeremony(path string, trust []string, text bool) error {
	var anchors []*smx509.Certificate
	for _, file := range trust {
		more, err := io.certificates(file)
		if err != nil {
			return err
		}
		anchors = append(anchors, more...)
	}
	report, err := io.readTranscript(path, anchors)
	if err != nil {
		return io.doing("doing.reading", path, err)
	}
	if err := io.answer(report, func(p *printer) {
		if text {
			p.line(0, "%s", ceremony.Render(report.Entries, func(key string) string { return p.text(key) }))
		}
		printReport(p, report)
	}); err != nil {
		return err
	}
	return report.Err()
}

// readTranscript reads a ceremony's folder, its transcript with the files beside it,
// or a transcript alone.
func (io *console) readTranscript(path string, trust []*smx509.Certificate) (*ceremony.Report, error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return ceremony.VerifyFolder(path, trust...)
	}
	data, err := io.readFile(path)
	if err != nil {
		return nil, err
	}
	var files fs.FS
	if beside := filepath.Join(filepath.Dir(path), "result"); path != "-" && isFolder(beside) {
		files = os.DirFS(beside)
	}
	return ceremony.Verify(data, files, trust...)
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

func printReport(p *printer, r *ceremony.Report) {
	p.line(0, "%s", safe(r.Title))
	key := "ceremony.verify.ended"
	switch {
	case len(r.Faults) > 0:
		key = "ceremony.verify.faults"
	case !r.Ended:
		key = "ceremony.verify.aborted"
	case r.Rehearsal:
		key = "ceremony.verify.rehearsal"
	}
	p.line(1, "%s", p.text(key))
	p.labelled(1, "transcript.detail.wrong", r.Aborted)
	p.labelled(1, "ceremony.verify.begin", moment(r.Begin))
	if !r.End.IsZero() {
		p.labelled(1, "ceremony.verify.end", moment(r.End))
	}
	p.labelled(1, "transcript.detail.plan", r.Plan)
	p.labelled(1, "ceremony.verify.hash", r.Hash)
	for _, name := range r.Signers {
		p.labelled(1, "ceremony.verify.signer", name)
	}
	if r.Trusted {
		p.line(1, "%s", p.text("ceremony.verify.trusted"))
	}
	for _, name := range r.Missing {
		p.labelled(1, "ceremony.verify.missing", name)
	}
	for _, fault := range r.Faults {
		p.line(1, "- %s", safe(fault))
	}
}
