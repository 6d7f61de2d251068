package demo

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"image"
	"image/png"
	"maps"

	"onecert/ca"
	"onecert/officer"
	"onecert/pki"
	"onecert/ra"
)

// applies says whether one of the cast comes to the counter lra1 like anybody, so that
// the registration knows him and self-service works for him. Who expired two years ago
// came before there was a registration.
func (r role) applies() bool {
	return (r.kind == "person" || r.kind == "organisation") && r.fate != "expired"
}

// soon is how many days alice's RSA certificate has left: there is something to renew.
const soon = 28

// hall is the counter with its reviewer and issuer, in process.
type hall struct {
	t  *tree
	as map[string]context.Context
}

func (t *tree) hall(ctx context.Context) hall {
	h := hall{t, map[string]context.Context{}}
	for role, name := range map[string]string{officer.Registrar: "lra1.registrar", officer.Reviewer: "ra1.reviewer", officer.Issuer: "lra1.issuer"} {
		h.as[role] = pki.WithActor(ctx, pki.Actor{Name: name, Roles: []string{role}})
	}
	return h
}

// receive takes one of the cast through the counter: a certificate in each family, and
// the fate of the story.
func (h hall) receive(r role) error {
	for _, family := range r.families {
		a, err := h.admit(r, family)
		if err != nil {
			return fmt.Errorf("%s: %w", family, err)
		}
		about := ra.Entry{Issuer: a.Issuer, Serial: a.Serial}
		switch r.fate {
		case "revoked":
			about.Operation, about.Reason = ra.Revoke, pki.KeyCompromise.String()
		case "held":
			about.Operation = ra.Freeze
		default:
			continue
		}
		if _, err := h.through(about, nil); err != nil {
			return fmt.Errorf("%s: %s: %w", family, about.Operation, err)
		}
	}
	return nil
}

// admit has a first certificate applied for, issued and handed over.
func (h hall) admit(r role, family string) (*ra.Application, error) {
	signer, err := pki.GenerateKey(rand.Reader, keySuite[family])
	if err != nil {
		return nil, fmt.Errorf("making a key: %w", err)
	}
	e := ra.Entry{Operation: ra.Issue, Kind: ra.Kind(r.kind), Fields: r.says(), Reason: "演示：每种算法一张证书"}
	if e.Request, err = makeRequest(signer, r.subject); err != nil {
		return nil, err
	}
	if r.name == "alice" && family == "rsa" {
		e.Days = soon
	}
	papers, err := scans(r.name+"/"+family, e.Kind)
	if err != nil {
		return nil, err
	}
	a, err := h.through(e, papers)
	if err != nil {
		return nil, err
	}
	made, err := h.t.ra.Result(h.as[officer.Issuer], a.ID)
	if err != nil {
		return nil, err
	}
	issued := &ca.Issued{Sign: &ca.Certificate{DER: made.Sign.DER}, Envelope: made.Envelope, Chain: made.Chain}
	if made.Encrypt != nil {
		issued.Encrypt = &ca.Certificate{DER: made.Encrypt.DER}
	}
	if err := h.t.files(r, family, signer, issued); err != nil {
		return nil, err
	}
	return h.t.ra.HandOver(h.as[officer.Issuer], a.ID, ra.Decision{Version: a.Version})
}

// through takes an application all the way; papers are by their sort.
func (h hall) through(e ra.Entry, papers map[string][]byte) (*ra.Application, error) {
	a, err := h.t.ra.Register(h.as[officer.Registrar], e)
	for sort, paper := range papers {
		if err == nil {
			a, err = h.t.ra.Attach(h.as[officer.Registrar], a.ID, a.Version, sort, sort+".png", paper)
		}
	}
	for _, step := range []struct {
		role string
		act  func(context.Context, string, ra.Decision) (*ra.Application, error)
	}{{officer.Registrar, h.t.ra.Submit}, {officer.Reviewer, h.t.ra.Approve}, {officer.Issuer, h.t.ra.CarryOut}} {
		if err != nil {
			return nil, err
		}
		a, err = step.act(h.as[step.role], a.ID, ra.Decision{Version: a.Version})
	}
	return a, err
}

// says is what somebody fills in. Numbers and addresses are nobody's.
func (r role) says() map[string]string {
	said := map[string]string{"name": r.subject.Get("CN"), "phone": "13900000000", "mail": r.name + "@example.invalid"}
	if r.kind == "person" {
		maps.Copy(said, map[string]string{"unit": r.subject.Get("O"), "identity_kind": r.identity.Kind, "identity": r.identity.Number})
		said["phone"] = "1390000" + r.identity.Number[len(r.identity.Number)-4:] // each has one
		return said
	}
	maps.Copy(said, map[string]string{"credit_code": r.identity.Number, "legal_representative": "档法人", "agent": "档经办", "agent_identity": "999901199001010010"})
	return said
}

// scans are pictures in the place of the papers that a first application takes.
func scans(seed string, kind ra.Kind) (map[string][]byte, error) {
	all := map[string][]byte{}
	for n, m := range ra.Materials(kind) {
		paper, err := scan(seed, n)
		if err != nil {
			return nil, err
		}
		all[m.Sort] = paper
	}
	return all, nil
}

// scan is a picture in the place of a paper, another one for each seed and number.
func scan(seed string, n int) ([]byte, error) {
	page := image.NewGray(image.Rect(0, 0, 40+n, 40))
	copy(page.Pix, seed)
	var content bytes.Buffer
	if err := png.Encode(&content, page); err != nil {
		return nil, fmt.Errorf("drawing a paper: %w", err)
	}
	return content.Bytes(), nil
}
