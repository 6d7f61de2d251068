package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"onecert/ca"
	"onecert/cmd/internal/wire"
	"onecert/pki"
)

// What a command that was interrupted goes on with: the ticket opens the key at the key
// management centre until it is packaged, and the password is given once.
const (
	fileTicket   = "ticket"
	filePassword = "password"
)

// caHolderKeyCommand is signing keys made at the centre, by the hand that makes cards.
func caHolderKeyCommand(io *console) *cobra.Command {
	return io.group("holder-key", "cmd.ca.holder-key", holderKeyIssueCommand(io), holderKeyLetterCommand(io), holderKeyEndCommand(io))
}

// holderKeyFlags are what a key with its certificate is ordered by.
type holderKeyFlags struct {
	orderFlags
	order        ca.Order
	suite, form  string
	passwordFile string
}

func holderKeyIssueCommand(io *console) *cobra.Command {
	f := &holderKeyFlags{}
	command := io.acting("issue", "cmd.ca.holder-key.issue", []string{
		`onecert ca holder-key issue --profile device-client --suite sm2 --subject "O=示例市水务局, CN=camera-17" --out camera-17/ --password-file camera-17.txt`,
		"onecert ca holder-key issue --profile device-server-tls --suite p256 --subject CN=www.gov.example --dns www.gov.example --out www/"},
		func(ctx context.Context, s *wire.Session, _ []string) error { return io.issueHolderKey(ctx, s, f) })
	flags := command.Flags()
	flags.StringVar(&f.order.Profile, "profile", "", io.text("flag.issue.profile"))
	flags.StringVar(&f.suite, "suite", "", io.text("flag.holder-key.suite"))
	flags.StringVar(&f.order.Application, "application", "", io.text("flag.application"))
	flags.StringVar(&f.order.Holder, "holder", "", io.text("flag.issue.holder"))
	f.identityFlags(io, flags)
	f.dataFlags(io, flags)
	flags.IntVar(&f.order.Days, "days", 0, io.text("flag.days"))
	flags.BoolVar(&f.order.Single, "single", false, io.text("flag.issue.single"))
	flags.StringVar(&f.order.Decision, "decision", "", io.text("flag.issue.decision"))
	flags.StringVar(&f.form, "form", pki.FormPKCS12, io.text("flag.holder-key.form"))
	flags.StringVar(&f.passwordFile, "password-file", "", io.text("flag.holder-key.password-file"))
	f.outFlag(io, flags)
	io.required(command, "profile", "suite", "subject", "out")
	return command
}

// issueHolderKey walks the whole way: key, certificate, password, package, end. Typed
// again after a failure it goes on with the ticket in the folder.
func (io *console) issueHolderKey(ctx context.Context, s *wire.Session, f *holderKeyFlags) error {
	if f.out == "-" || f.form != pki.FormPKCS12 && f.form != pki.FormPKCS12SM {
		return io.wrongUsage("usage.holder-key")
	}
	target, err := io.target(f.out)
	if err != nil {
		return err
	}
	if _, err := os.Lstat(filepath.Join(target.dir, fileTicket)); err != nil { // nothing to go on with
		if err := io.freshPassword(f.passwordFile); err != nil {
			return err
		}
	}
	o, err := io.holderOrder(ctx, s, f)
	if err != nil {
		return err
	}
	ticket, err := ticketIn(target.dir)
	if err != nil {
		return err
	}
	made, err := s.CA.MakeHolderKey(ctx, ca.HolderKeyOrder{Application: o.Application, Profile: o.Profile, Suite: pki.Suite(f.suite),
		Holder: o.Holder, Subject: o.Subject, Ticket: ticket})
	if err != nil {
		return err
	}
	o.Request = made.Request
	issued, err := s.CA.Issue(ctx, *o)
	if err != nil {
		return err
	}
	password, err := passwordIn(ctx, s, o.Application, ticket, f.passwordIn(target))
	if err != nil {
		return err
	}
	packed, err := s.CA.PackageHolderKey(ctx, o.Application, ca.HolderPackage{Form: f.form, Ticket: ticket})
	if err != nil {
		return err
	}
	return io.handOver(ctx, s, target, f, issued, password, packed)
}

// passwordIn is where the password is written down before the key is packaged.
func (f *holderKeyFlags) passwordIn(t target) string {
	if f.passwordFile != "" {
		return f.passwordFile
	}
	return filepath.Join(t.dir, filePassword)
}

// passwordIn asks for the password and writes it down, or reads what an earlier try
// has written: after the key is packaged the centre does not know it any more.
func passwordIn(ctx context.Context, s *wire.Session, application string, ticket []byte, path string) (string, error) {
	text, err := os.ReadFile(path)
	if err == nil {
		return strings.TrimSpace(string(text)), nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return "", fileError(err)
	}
	nonce := sha256.Sum256(append([]byte("nonce"), ticket...)) // the same for the command typed again
	password, err := s.CA.HolderKeyPassword(ctx, application, ca.HolderPassword{Nonce: nonce[:]})
	if err != nil {
		return "", err
	}
	return password.Text, wire.WriteNew(path, []byte(password.Text+"\n"), 0o600)
}

// holderOrder puts the order together; an identity becomes the holder id first, so
// that the key and the certificate are ordered for the same.
func (io *console) holderOrder(ctx context.Context, s *wire.Session, f *holderKeyFlags) (*ca.Order, error) {
	o := f.order
	var err error
	if o.Subject, o.AltNames, o.Values, err = f.data(io); err != nil {
		return nil, err
	}
	document, err := f.document(io)
	if err != nil {
		return nil, err
	}
	if document != nil {
		if o.Holder, err = s.CA.Identify(ctx, *document); err != nil {
			return nil, err
		}
	}
	if o.Application == "" {
		if o.Application, err = application("holder-key "+f.suite, o); err != nil {
			return nil, err
		}
	}
	return &o, nil
}

// ticketIn reads the ticket of a folder, or draws one and writes it down before
// anything is ordered with it.
func ticketIn(dir string) ([]byte, error) {
	path := filepath.Join(dir, fileTicket)
	text, err := os.ReadFile(path)
	if err == nil {
		ticket, err := hex.DecodeString(strings.TrimSpace(string(text)))
		if err != nil || len(ticket) != pki.LeastTicket {
			return nil, pki.Errorf(pki.Invalid, "ticket.file", "%s is not the ticket of a key", path).To("name another folder")
		}
		return ticket, nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return nil, fileError(err)
	}
	ticket := make([]byte, pki.LeastTicket)
	if _, err := rand.Read(ticket); err != nil {
		return nil, fmt.Errorf("drawing a ticket: %w", err)
	}
	return ticket, wire.WriteNew(path, []byte(hex.EncodeToString(ticket)+"\n"), 0o600)
}

// handOver writes certificates, files and password, ends the key at the centre, and
// says what there is now.
func (io *console) handOver(ctx context.Context, s *wire.Session, t target, f *holderKeyFlags, issued *ca.Issued, password string, packed *pki.Package) error {
	for _, file := range packed.Files {
		if err := wire.ReplaceFile(filepath.Join(t.dir, file.Name), file.Content, 0o600); err != nil {
			return err
		}
	}
	answer := handedOver{Application: issued.Application, Serial: issued.Sign.Serial, Out: t.dir, Rounds: packed.Rounds, PasswordFile: f.passwordFile}
	if f.passwordFile == "" {
		answer.Password = password
	}
	for _, a := range slices.Backward(artefacts(issued)) { // sign.pem last: with it the folder is whole
		if strings.HasSuffix(a.name, ".pem") {
			if err := wire.ReplaceFile(filepath.Join(t.dir, a.name), a.pem(), a.mode); err != nil {
				return err
			}
			answer.Files = append(answer.Files, a.name)
		}
	}
	for _, file := range packed.Files {
		answer.Files = append(answer.Files, file.Name)
	}
	if err := s.CA.EndHolderKey(ctx, issued.Application, ca.HolderKeyEnd{Reason: "handed over at the centre"}); err != nil {
		return err
	}
	if err := io.answer(answer, func(p *printer) { p.handedOver(&answer) }); err != nil {
		return err
	}
	if err := os.Remove(filepath.Join(t.dir, fileTicket)); err != nil {
		return fileError(err)
	}
	if f.passwordFile == "" {
		if err := os.Remove(f.passwordIn(t)); err != nil {
			return fileError(err)
		}
	}
	return nil
}

// handedOver is the answer of 'onecert ca holder-key issue'.
type handedOver struct {
	Application  string     `json:"application"`
	Serial       pki.Serial `json:"serial"`
	Out          string     `json:"out"`
	Files        []string   `json:"files"`
	Rounds       int        `json:"rounds"`
	Password     string     `json:"password,omitempty"`
	PasswordFile string     `json:"password_file,omitempty"`
}

func (p *printer) handedOver(h *handedOver) {
	p.line(0, "%s", p.text("holder-key.head", h.Application, h.Serial))
	for _, name := range h.Files {
		p.line(1, "→ %s", filepath.Join(h.Out, name))
	}
	p.line(1, "%s", p.text("holder-key.rounds", h.Rounds))
	if h.PasswordFile != "" {
		p.line(1, "%s", p.text("holder-key.password-in", h.PasswordFile))
	} else {
		p.line(1, "%s", p.text("holder-key.password", h.Password))
	}
	p.line(1, "%s", p.text("holder-key.gone"))
}

// freshPassword judges --password-file before anything is ordered.
func (io *console) freshPassword(path string) error {
	if path == "" {
		return nil
	}
	if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
		return pki.Errorf(pki.Conflict, "out.exists", "%s is there already", path).To("name another file")
	}
	return nil
}

// letterTries is how often a letter is asked for again after the answer was lost.
const letterTries = 3

func holderKeyLetterCommand(io *console) *cobra.Command {
	var passwordFile string
	command := io.acting("letter APPLICATION", "cmd.ca.holder-key.letter", []string{"onecert ca holder-key letter 2026-000123", "onecert ca holder-key letter 2026-000123 --password-file letter.txt"},
		func(ctx context.Context, s *wire.Session, args []string) error {
			if err := io.freshPassword(passwordFile); err != nil {
				return err
			}
			return io.letter(ctx, s, args[0], passwordFile)
		})
	command.Args = io.words(1, 1)
	command.Flags().StringVar(&passwordFile, "password-file", "", io.text("flag.holder-key.password-file"))
	return command
}

// letter asks for the password of a key. It is given once, so an answer that was lost
// is asked for again with the same nonce.
func (io *console) letter(ctx context.Context, s *wire.Session, application, passwordFile string) error {
	nonce := make([]byte, pki.LeastTicket)
	if _, err := rand.Read(nonce); err != nil {
		return fmt.Errorf("drawing a nonce: %w", err)
	}
	password, err := s.CA.HolderKeyPassword(ctx, application, ca.HolderPassword{Nonce: nonce})
	for try := 1; pki.KindOf(err) == pki.Unavailable && try < letterTries && ctx.Err() == nil; try++ {
		password, err = s.CA.HolderKeyPassword(ctx, application, ca.HolderPassword{Nonce: nonce})
	}
	if err != nil {
		return err
	}
	if passwordFile != "" {
		if err := wire.WriteNew(passwordFile, []byte(password.Text+"\n"), 0o600); err != nil {
			return err
		}
		password.Text = ""
	}
	return io.answer(map[string]string{"application": application, "password": password.Text, "password_file": passwordFile}, func(p *printer) {
		p.line(0, "%s", p.text("holder-key.letter", application))
		if passwordFile != "" {
			p.line(1, "%s", p.text("holder-key.password-in", passwordFile))
			return
		}
		p.line(1, "%s", p.text("holder-key.password", password.Text))
	})
}

func holderKeyEndCommand(io *console) *cobra.Command {
	var reason string
	command := io.acting("end APPLICATION", "cmd.ca.holder-key.end", []string{`onecert ca holder-key end 2026-000123 --reason "application withdrawn"`},
		func(ctx context.Context, s *wire.Session, args []string) error {
			if err := s.CA.EndHolderKey(ctx, args[0], ca.HolderKeyEnd{Reason: reason}); err != nil {
				return err
			}
			return io.answer(map[string]string{"application": args[0]}, func(p *printer) { p.line(0, "%s", p.text("holder-key.ended", args[0])) })
		})
	command.Args = io.words(1, 1)
	command.Flags().StringVar(&reason, "reason", "", io.text("flag.holder-key.reason"))
	io.required(command, "reason")
	return command
}
