package main

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/emmansun/gmsm/smx509"
	"github.com/spf13/cobra"

	"onecert/pki"
	"onecert/verify"
)

// verified is the answer of cert verify.
type verified struct {
	Source            string         `json:"source"`
	Good              bool           `json:"good"`
	Purpose           verify.Purpose `json:"purpose"`
	At                string         `json:"at"` // RFC 3339, UTC
	RevocationChecked bool           `json:"revocation_checked"`
	Chain             []chainFact    `json:"chain"` // the certificate first
	Reasons           []reasonFact   `json:"reasons"`
}

// chainFact is one certificate of the path.
type chainFact struct {
	Subject   string     `json:"subject"`
	Serial    pki.Serial `json:"serial"`
	NotBefore string     `json:"not_before"`
	NotAfter  string     `json:"not_after"`
	SHA256    string     `json:"sha256"`
}

// reasonFact is a verify.Reason in the reader's language.
type reasonFact struct {
	Code       string `json:"code"`
	Wrong      string `json:"wrong"`
	Remedy     string `json:"remedy"`
	Subject    string `json:"subject,omitempty"`
	Time       string `json:"time,omitempty"`
	Revocation string `json:"revocation,omitempty"`
}

type verifyFlags struct {
	trust, chain, crl []string
	at, purpose       string
}

// noLists is the word that says revocation does not matter.
const noLists = "none"

// verifyCommand validates a certificate against given anchors and lists.
func verifyCommand(io *console) *cobra.Command {
	var flags verifyFlags
	command := &cobra.Command{Use: "verify FILE", Short: io.text("cmd.verify"), Long: io.text("cmd.verify.long"), Args: io.oneFile,
		Example: "  onecert cert verify a.crt --trust root.crt --chain ca.crt --crl root.crl --crl ca.crl"}
	f := command.Flags()
	f.StringArrayVar(&flags.trust, "trust", nil, io.text("flag.verify.trust"))
	f.StringArrayVar(&flags.chain, "chain", nil, io.text("flag.verify.chain"))
	f.StringArrayVar(&flags.crl, "crl", nil, io.text("flag.verify.crl"))
	f.StringVar(&flags.at, "at", "", io.text("flag.verify.at"))
	f.StringVar(&flags.purpose, "purpose", string(verify.Any), io.text("flag.verify.purpose", purposes()))
	command.RunE = func(_ *cobra.Command, args []string) error { return io.verify(args[0], flags) }
	return command
}

func purposes() string {
	var all []string
	for _, p := range verify.Purposes() {
		all = append(all, string(p))
	}
	return strings.Join(all, "|")
}

func (io *console) verify(path string, flags verifyFlags) error {
	if len(flags.trust) == 0 || len(flags.crl) == 0 {
		return io.wrongUsage("verify.required")
	}
	request, err := io.verifyRequest(flags)
	if err != nil {
		return err
	}
	own, err := io.certificates(path)
	if err != nil {
		return err
	}
	request.Certificate, request.Intermediates = own[0], append(own[1:], request.Intermediates...)
	verdict := verify.Check(request)
	answer := io.verified(path, request, verdict)
	if err := io.answer(answer, func(p *printer) { printVerified(p, answer) }); err != nil {
		return err
	}
	if verdict.Good {
		return nil
	}
	worst := answer.Reasons[0]
	failed := &pki.Error{Kind: pki.Invalid, Code: worst.Code, Wrong: io.reasonText(worst), Remedy: worst.Remedy}
	return io.doing("doing.verifying", path, failed)
}

// verifyRequest reads everything but the certificate itself.
func (io *console) verifyRequest(flags verifyFlags) (r verify.Request, err error) {
	r.Purpose = verify.Purpose(flags.purpose)
	if !slices.Contains(verify.Purposes(), r.Purpose) {
		return r, io.wrongUsage("verify.purpose", purposes())
	}
	if r.At, err = io.timeOf(flags.at); err != nil {
		return r, err
	}
	for _, path := range flags.trust {
		anchors, err := io.certificates(path)
		if err != nil {
			return r, err
		}
		r.Roots = append(r.Roots, anchors...)
	}
	for _, path := range flags.chain {
		others, err := io.certificates(path)
		if err != nil {
			return r, err
		}
		r.Intermediates = append(r.Intermediates, others...)
	}
	if len(flags.crl) == 1 && flags.crl[0] == noLists {
		r.Revocation = verify.Unchecked
		return r, nil
	}
	r.Lists, err = io.lists(flags.crl)
	return r, err
}

// timeOf reads --at: RFC 3339, or a date, or a date and a time of UTC.
func (io *console) timeOf(text string) (time.Time, error) {
	if text == "" {
		return io.now(), nil
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02 15:04:05", "2006-01-02"} {
		if at, err := time.Parse(layout, text); err == nil {
			return at, nil
		}
	}
	return time.Time{}, io.wrongUsage("verify.at")
}

// certificates reads a file of certificates that all decode.
func (io *console) certificates(path string) ([]*smx509.Certificate, error) {
	objects, err := io.readKind(path, kindCertificate)
	if err != nil {
		return nil, err
	}
	all := make([]*smx509.Certificate, 0, len(objects))
	for _, o := range objects {
		c, err := smx509.ParseCertificate(o.der)
		if err != nil {
			return nil, io.doing("doing.reading", o.source, notRead(kindCertificate, err))
		}
		all = append(all, c)
	}
	return all, nil
}

func (io *console) lists(paths []string) (all []*verify.CRL, err error) {
	for _, path := range paths {
		if path == noLists {
			return nil, io.wrongUsage("verify.none")
		}
		objects, err := io.readKind(path, kindCRL)
		if err != nil {
			return nil, err
		}
		for _, o := range objects {
			list, err := verify.ParseCRL(o.der)
			if err != nil {
				return nil, io.doing("doing.reading", o.source, err)
			}
			all = append(all, list)
		}
	}
	return all, nil
}

func (io *console) verified(path string, r verify.Request, v verify.Verdict) verified {
	answer := verified{Source: path, Good: v.Good, Purpose: r.Purpose, At: instant(r.At), RevocationChecked: v.RevocationChecked,
		Chain: []chainFact{}, Reasons: []reasonFact{}}
	for _, c := range v.Chain {
		sum := sha256.Sum256(c.Raw)
		answer.Chain = append(answer.Chain, chainFact{nameText(c.RawSubject), pki.SerialOf(c.SerialNumber),
			instant(c.NotBefore), instant(c.NotAfter), hex.EncodeToString(sum[:])})
	}
	for _, reason := range v.Reasons {
		answer.Reasons = append(answer.Reasons, io.reason(reason))
	}
	return answer
}

// reason tells a reason in the console's language where it has the words.
func (io *console) reason(r verify.Reason) reasonFact {
	fact := reasonFact{Code: r.Code, Wrong: r.Wrong, Remedy: r.Remedy, Subject: r.Subject, Time: instant(r.Time), Revocation: r.Revocation}
	if wrong, ok := io.lookup("reason." + r.Code); ok {
		fact.Wrong = wrong
	}
	if remedy, ok := io.lookup("reason." + r.Code + ".remedy"); ok {
		fact.Remedy = remedy
	}
	return fact
}

// reasonText adds to what is wrong whose certificate it is, when and why.
func (io *console) reasonText(r reasonFact) string {
	var details []string
	for _, detail := range []string{safe(r.Subject), day(r.Time)} {
		if detail != "" {
			details = append(details, detail)
		}
	}
	if r.Revocation != "" {
		details = append(details, io.text("revocation."+r.Revocation))
	}
	if len(details) == 0 {
		return r.Wrong
	}
	return io.text("verify.reason", r.Wrong, strings.Join(details, ", "))
}

func printVerified(p *printer, v verified) {
	key := "verify.bad"
	if v.Good {
		key = "verify.good"
	}
	p.line(0, "%s: %s", safe(v.Source), p.text(key))
	p.line(1, "%s: %s, %s", p.text("verify.asked"), v.Purpose, day(v.At))
	p.line(1, "%s: %s", p.text("verify.revocation"), p.text("verify.revocation."+map[bool]string{true: "checked", false: "unchecked"}[v.RevocationChecked]))
	p.line(1, "%s:", p.text("verify.path"))
	for _, c := range v.Chain {
		p.line(2, "%s", p.text("verify.certificate", safe(c.Subject), c.Serial, day(c.NotAfter)))
	}
	for _, r := range v.Reasons {
		p.line(1, "- %s; %s", p.reasonText(r), r.Remedy)
	}
}
