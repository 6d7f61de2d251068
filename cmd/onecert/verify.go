package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/emmansun/gmsm/smx509"
	"github.com/spf13/cobra"

	"onecert/pki"
	kit "onecert/sdk/go"
	"onecert/verify"
)

// verified is the answer of cert verify.
type verified struct {
	Source            string         `json:"source"`
	Good              bool           `json:"good"`
	Purpose           verify.Purpose `json:"purpose"`
	Profile           verify.Profile `json:"profile"`
	At                string         `json:"at"` // RFC 3339, UTC
	RevocationChecked bool           `json:"revocation_checked"`
	Chain             []chainFact    `json:"chain"` // the certificate first
	Reasons           []reasonFact   `json:"reasons"`
	Evidence          []evidenceFact `json:"evidence"`   // which lists and OCSP answers spoke
	Policies          []string       `json:"policies"`   // acceptable ones it is valid for
	Signatures        int            `json:"signatures"` // checked
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

// evidenceFact is one list or answer that spoke about a certificate of the path.
type evidenceFact struct {
	Kind       string `json:"kind"` // crl, ocsp
	Subject    string `json:"subject"`
	Says       string `json:"says"` // good, revoked, held
	Issuer     string `json:"issuer,omitempty"`
	Number     string `json:"number,omitempty"`
	ThisUpdate string `json:"this_update"`
	NextUpdate string `json:"next_update,omitempty"`
	SHA256     string `json:"sha256"`
}

type verifyFlags struct {
	trust, chain, untrusted, crl, ocsp []string
	at, purpose, profile               string
	eku, policy, dns, ip, email        []string
	depth                              int
	explicit, noMapping, noAny, fetch  bool
	timeout                            time.Duration
}

// ekuNames are RFC 5280's spellings where profiles have another; read only.
var ekuNames = map[string]string{"OCSPSigning": "ocspSigning", "anyExtendedKeyUsage": "2.5.29.37.0"}

// noLists is the word that says revocation does not matter.
const noLists = "none"

// verifyCommand validates a certificate against given anchors and lists.
func verifyCommand(io *console) *cobra.Command {
	var flags verifyFlags
	command := &cobra.Command{Use: "verify FILE", Short: io.text("cmd.verify"), Long: io.text("cmd.verify.long"), Args: io.oneFile,
		Example: "  onecert cert verify a.crt --trust root.crt --chain ca.crt --crl root.crl --crl ca.crl\n" +
			"  onecert cert verify server.crt --trust root.crt --chain ca.crt --ocsp answer.der --crl root.crl --purpose server --dns www.demo.example"}
	f := command.Flags()
	for _, list := range []struct {
		into *[]string
		name string
	}{
		{&flags.trust, "trust"}, {&flags.chain, "chain"}, {&flags.untrusted, "untrusted"}, {&flags.crl, "crl"}, {&flags.ocsp, "ocsp"},
		{&flags.eku, "eku"}, {&flags.policy, "policy"}, {&flags.dns, "dns"}, {&flags.ip, "ip"}, {&flags.email, "email"},
	} {
		f.StringArrayVar(list.into, list.name, nil, io.text("flag.verify."+list.name))
	}
	f.StringVar(&flags.at, "at", "", io.text("flag.verify.at"))
	f.StringVar(&flags.purpose, "purpose", string(verify.Any), io.text("flag.verify.purpose", choices(verify.Purposes())))
	f.StringVar(&flags.profile, "profile", string(verify.Path), io.text("flag.verify.profile", choices(verify.Profiles())))
	f.IntVar(&flags.depth, "depth", verify.MaxDepth, io.text("flag.verify.depth"))
	f.BoolVar(&flags.fetch, "fetch", false, io.text("flag.verify.fetch"))
	f.DurationVar(&flags.timeout, "timeout", 10*time.Second, io.text("flag.verify.timeout"))
	f.BoolVar(&flags.explicit, "explicit-policy", false, io.text("flag.verify.explicit-policy"))
	f.BoolVar(&flags.noMapping, "no-mapping", false, io.text("flag.verify.no-mapping"))
	f.BoolVar(&flags.noAny, "no-any-policy", false, io.text("flag.verify.no-any-policy"))
	command.RunE = func(command *cobra.Command, args []string) error { return io.verify(command.Context(), args[0], flags) }
	return command
}

// choices joins the words a flag takes.
func choices[T ~string](all []T) string {
	texts := make([]string, 0, len(all))
	for _, word := range all {
		texts = append(texts, string(word))
	}
	return strings.Join(texts, "|")
}

func (io *console) verify(ctx context.Context, path string, flags verifyFlags) error {
	if len(flags.trust) == 0 || len(flags.crl)+len(flags.ocsp) == 0 && !flags.fetch {
		return io.wrongUsage("verify.required")
	}
	request, err := io.verifyRequest(flags)
	if err != nil {
		return err
	}
	own, err := io.toVerify(path)
	if err != nil {
		return err
	}
	request.Certificate, request.Intermediates = own[0], append(own[1:], request.Intermediates...)
	verdict := verify.Check(ctx, request)
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
	if err = io.verifyRules(flags, &r); err != nil {
		return r, err
	}
	for _, path := range flags.trust {
		anchors, err := io.toVerify(path)
		if err != nil {
			return r, err
		}
		r.Roots = append(r.Roots, anchors...)
	}
	for _, path := range append(flags.chain, flags.untrusted...) {
		others, err := io.toVerify(path)
		if err != nil {
			return r, err
		}
		r.Intermediates = append(r.Intermediates, others...)
	}
	if len(flags.crl) == 1 && flags.crl[0] == noLists && len(flags.ocsp) == 0 && !flags.fetch {
		r.Revocation = verify.Unchecked
		return r, nil
	}
	if flags.fetch {
		r.Source, r.Random = kit.NewSource(kit.Options{Timeout: flags.timeout, Now: io.now}), rand.Reader
		if flags.at == "" {
			r.Skew = kit.Skew
		}
	}
	if r.Lists, err = io.lists(flags.crl); err != nil {
		return r, err
	}
	r.Answers, err = io.answers(flags.ocsp)
	return r, err
}

// verifyRules reads what is asked, without files.
func (io *console) verifyRules(flags verifyFlags, r *verify.Request) (err error) {
	if r.Purpose = verify.Purpose(flags.purpose); !slices.Contains(verify.Purposes(), r.Purpose) {
		return io.wrongUsage("verify.purpose", choices(verify.Purposes()))
	}
	if r.Profile = verify.Profile(flags.profile); !slices.Contains(verify.Profiles(), r.Profile) {
		return io.wrongUsage("verify.profile", choices(verify.Profiles()))
	}
	if r.At, err = io.timeOf(flags.at); err != nil {
		return err
	}
	if flags.depth < 0 {
		return io.wrongUsage("verify.depth")
	}
	if r.Depth = flags.depth; r.Depth == 0 {
		r.Depth = -1 // the room's zero is its own limit
	}
	r.Names = verify.Names{DNS: flags.dns, IP: flags.ip, Email: flags.email}
	r.Policies = verify.Policies{Explicit: flags.explicit, NoMapping: flags.noMapping, InhibitAny: flags.noAny}
	for _, name := range flags.eku {
		if other, ok := ekuNames[name]; ok {
			name = other
		}
		oid, err := pki.ExtKeyUsageOf(name)
		if err != nil {
			return io.wrongUsage("verify.eku")
		}
		r.ExtKeyUsage = append(r.ExtKeyUsage, oid)
	}
	for _, text := range flags.policy {
		oid, err := pki.ParseOID(text)
		if err != nil {
			return io.wrongUsage("verify.policy")
		}
		r.Policies.Acceptable = append(r.Policies.Acceptable, oid)
	}
	return nil
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

// toVerify reads a file of certificates that all decode.
func (io *console) toVerify(path string) ([]*verify.Certificate, error) {
	return parsed(io, path, verify.ParseCertificate)
}

// certificates reads a file of certificates for what is not verified here.
func (io *console) certificates(path string) ([]*smx509.Certificate, error) {
	return parsed(io, path, func(der []byte) (*smx509.Certificate, error) {
		c, err := smx509.ParseCertificate(der)
		if err != nil {
			return nil, notRead(kindCertificate, err)
		}
		return c, nil
	})
}

func parsed[T any](io *console, path string, parse func(der []byte) (T, error)) ([]T, error) {
	objects, err := io.readKind(path, kindCertificate)
	if err != nil {
		return nil, err
	}
	all := make([]T, 0, len(objects))
	for _, o := range objects {
		c, err := parse(o.der)
		if err != nil {
			return nil, io.doing("doing.reading", o.source, err)
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

// answers reads files of one DER OCSP answer each.
func (io *console) answers(paths []string) (all []*verify.Answer, err error) {
	for _, path := range paths {
		data, err := io.readFile(path)
		if err != nil {
			return nil, io.doing("doing.reading", path, err)
		}
		answer, err := verify.ParseAnswer(data)
		if err != nil {
			return nil, io.doing("doing.reading", path, err)
		}
		all = append(all, answer)
	}
	return all, nil
}

func (io *console) verified(path string, r verify.Request, v verify.Verdict) verified {
	answer := verified{Source: path, Good: v.Good, Purpose: r.Purpose, Profile: r.Profile, At: instant(r.At), RevocationChecked: v.RevocationChecked,
		Chain: []chainFact{}, Reasons: []reasonFact{}, Evidence: []evidenceFact{}, Policies: []string{}, Signatures: v.Signatures}
	for _, c := range v.Chain {
		sum := c.SHA256()
		answer.Chain = append(answer.Chain, chainFact{nameText(c.Subject), pki.SerialOf(c.Serial),
			instant(c.NotBefore), instant(c.NotAfter), hex.EncodeToString(sum[:])})
	}
	for _, e := range v.Evidence {
		answer.Evidence = append(answer.Evidence, evidenceFact{e.Kind, e.Subject, e.Says, e.Issuer, e.Number,
			instant(e.ThisUpdate), instant(e.NextUpdate), hex.EncodeToString(e.SHA256[:])})
	}
	for _, policy := range v.Policies {
		answer.Policies = append(answer.Policies, policy.String())
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
	for _, e := range v.Evidence {
		p.line(1, "%s", p.text("verify.evidence."+e.Kind, safe(e.Subject), p.text("verify.says."+e.Says), day(e.ThisUpdate)))
	}
	for _, r := range v.Reasons {
		p.line(1, "- %s; %s", p.reasonText(r), r.Remedy)
	}
}
