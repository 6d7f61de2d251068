package main

import (
	"context"
	"os"

	"github.com/spf13/cobra"

	"onecert/audit"
	"onecert/backup"
	"onecert/cmd/internal/wire"
	"onecert/pki"
	"onecert/shares"
)

// backupCommand keeps components and brings them back. It works on the machine itself:
// there may be nothing else left (design.md decision 12).
func backupCommand(io *console) *cobra.Command {
	return io.group("backup", "cmd.backup", backupCreateCommand(io), backupVerifyCommand(io), backupRestoreCommand(io), backupCatchUpCommand(io), backupDrillCommand(io))
}

// keyFlags are what opens an archive.
type keyFlags struct{ passFile, shares string }

func (f *keyFlags) add(io *console, command *cobra.Command) {
	command.Flags().StringVar(&f.passFile, "pass-file", "", io.text("flag.backup.pass-file"))
	command.Flags().StringVar(&f.shares, "shares", "", io.text("flag.backup.shares"))
}

// key reads it, or asks for the passphrase at the terminal.
func (f *keyFlags) key(io *console, what string) (backup.Key, error) {
	if f.passFile != "" && f.shares != "" {
		return backup.Key{}, io.wrongUsage("usage.backup.key")
	}
	if f.shares != "" {
		all, err := io.givenShares([]string{f.shares})
		return backup.Key{Shares: all}, err
	}
	pass, err := f.passphrase(io, what, false)
	return backup.Key{Passphrase: pass}, err
}

func (f *keyFlags) passphrase(io *console, what string, fresh bool) ([]byte, error) {
	if f.passFile != "" {
		return io.readSecret(f.passFile)
	}
	return io.askFresh(what, fresh)
}

func wipe(k backup.Key) {
	clear(k.Passphrase)
	for _, share := range k.Shares {
		share.Wipe()
	}
}

// createFlags are the words of backup create.
type createFlags struct {
	keyFlags
	wire.NewBackup
	cipher string
}

func backupCreateCommand(io *console) *cobra.Command {
	f := &createFlags{}
	command := io.verb("create", "cmd.backup.create", []string{
		"onecert backup create --config /var/lib/onecert/ca/ca.yaml --out /mnt/backup/ca-2026-05-04.backup --pass-file /etc/onecert/backup.pass",
		"onecert backup create --config kmc.yaml --out kmc.backup --shares custodians --threshold 3 --of 5 --cipher sm4",
	}, func(ctx context.Context, _ []string) error { return io.createBackup(ctx, f) })
	flags := command.Flags()
	flags.StringVar(&f.Config, "config", "", io.text("flag.config"))
	flags.StringVar(&f.Out, "out", "", io.text("flag.backup.out"))
	f.add(io, command)
	flags.IntVar(&f.Lock.Threshold, "threshold", 3, io.text("flag.backup.threshold"))
	flags.IntVar(&f.Lock.Total, "of", 5, io.text("flag.backup.of"))
	flags.StringVar(&f.cipher, "cipher", "aes256", io.text("flag.backup.cipher"))
	flags.BoolVar(&f.Secrets, "with-passphrases", false, io.text("flag.backup.with"))
	io.required(command, "config", "out")
	return command
}

func (io *console) createBackup(ctx context.Context, f *createFlags) (err error) {
	switch f.cipher {
	case "aes256":
		f.Lock.Cipher = backup.AES256GCM
	case "sm4":
		f.Lock.Cipher = backup.SM4GCM
	default:
		return io.wrongUsage("usage.cipher")
	}
	switch {
	case f.passFile != "" && f.shares != "":
		return io.wrongUsage("usage.backup.key")
	case f.shares == "":
		f.Lock.Threshold, f.Lock.Total = 0, 0
		if f.Lock.Passphrase, err = f.passphrase(io, f.Out, true); err != nil {
			return err
		}
		defer clear(f.Lock.Passphrase)
	default:
		f.Deliver = func(archive string, split []shares.Share) error {
			return io.deliverShares(ctx, f.shares, archive, split)
		}
	}
	done, err := wire.CreateBackup(ctx, f.NewBackup, wire.Options{Now: io.now, Log: io.logger(), Version: version})
	if err != nil {
		return err
	}
	answer := struct {
		wire.Backup
		Rows  int64    `json:"rows"`
		Apart []string `json:"apart"`
		Loud  string   `json:"warning,omitempty"`
	}{Backup: done, Rows: done.Manifest.Rows(), Apart: append([]string{}, done.Manifest.Apart...)}
	if f.Secrets {
		answer.Loud = io.text("backup.loud")
	}
	return io.answer(answer, func(p *printer) { p.created(f, done) })
}

func (p *printer) created(f *createFlags, done wire.Backup) {
	p.line(0, "%s", p.text("backup.created", done.File, done.Octets, done.Manifest.Rows(), done.Seconds))
	p.line(0, "%s", p.text("backup.sha256", done.SHA256))
	if f.Secrets {
		p.line(0, "%s", p.text("backup.loud"))
	}
	if len(done.Manifest.Apart) > 0 {
		p.line(0, "%s", p.text("backup.apart"))
		for _, name := range done.Manifest.Apart {
			p.line(1, "%s", safe(name))
		}
	}
	for _, use := range done.Manifest.Devices {
		p.line(0, "%s", p.text("backup.device", use))
	}
	if f.shares != "" {
		p.line(0, "%s", p.text("backup.delivered", f.Lock.Total, f.shares, f.Lock.Threshold))
	}
	if done.Manifest.Component == "ca" {
		p.line(0, "%s", p.text("backup.kmc-after"))
	}
}

// deliverShares writes the custodians' shares, each a file, into a folder.
func (io *console) deliverShares(ctx context.Context, dir, archive string, split []shares.Share) error {
	for _, share := range split {
		if _, err := (folderDesk{io, dir}).HandOut(ctx, io.text("backup.share-of", archive), share); err != nil {
			return err
		}
	}
	return nil
}

func backupVerifyCommand(io *console) *cobra.Command {
	f := &keyFlags{}
	var keys []string
	command := io.verb("verify FILE", "cmd.backup.verify", []string{
		"onecert backup verify ca.backup --pass-file backup.pass", "onecert backup verify kmc.backup --shares custodians --key audit.pub",
	}, func(_ context.Context, args []string) error { return io.verifyBackup(args[0], f, keys) })
	command.Args = io.words(1, 1)
	f.add(io, command)
	command.Flags().StringArrayVar(&keys, "key", nil, io.text("flag.audit.key"))
	return command
}

// verifiedBackup is the answer of backup verify.
type verifiedBackup struct {
	Archive  string          `json:"archive"`
	About    backup.About    `json:"about"`
	Contents backup.Manifest `json:"contents"`
	Rows     int64           `json:"rows"`
	Cipher   backup.Cipher   `json:"cipher"`
	Audit    audit.Report    `json:"audit"`
	Good     bool            `json:"good"`
}

func (io *console) verifyBackup(path string, f *keyFlags, keys []string) error {
	file, err := os.Open(path)
	if err != nil {
		return io.doing("doing.reading", path, fileError(err))
	}
	defer file.Close()
	var trusted []audit.Verifier
	for _, text := range keys {
		verifier, err := io.verifier(text)
		if err != nil {
			return err
		}
		trusted = append(trusted, verifier)
	}
	key, err := f.key(io, path)
	if err != nil {
		return err
	}
	defer wipe(key)
	r, err := backup.Verify(file, key, trusted...)
	if err != nil {
		return io.doing("doing.reading", path, err)
	}
	v := verifiedBackup{Archive: r.ID, About: r.About, Contents: r.Manifest, Rows: r.Rows(), Cipher: r.Cipher, Audit: r.Audit, Good: r.Audit.Good()}
	if err := io.answer(v, func(p *printer) { p.verifiedBackup(r) }); err != nil || v.Good {
		return err
	}
	return pki.Errorf(pki.Conflict, "restore.audit", "%s", io.text("backup.audit-bad", r.Audit.Faults[0].Text)).To("%s", io.text("audit.changed.remedy"))
}

func (p *printer) verifiedBackup(r backup.Report) {
	p.line(0, "%s", p.text("backup.of", r.Component, safe(r.Origin), moment(r.Taken), r.Engine, safe(r.Program)))
	p.line(0, "%s", p.text("backup.holds", len(r.Files), len(r.Tables), r.Rows(), r.Audit.Size))
	for _, name := range sortedKeys(r.Figures) {
		p.line(1, "%s %d", safe(name), r.Figures[name])
	}
	if r.Secrets {
		p.line(0, "%s", p.text("backup.loud"))
	}
	if len(r.Apart) > 0 {
		p.line(0, "%s", p.text("backup.apart"))
		for _, name := range r.Apart {
			p.line(1, "%s", safe(name))
		}
	}
	for _, fault := range r.Audit.Faults {
		p.line(1, "%s: %s", fault.Kind, safe(fault.Text))
	}
	if r.Audit.Good() {
		p.line(0, "%s", p.text("backup.whole"))
	}
}
