package kmc

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"onecert/officer"
	"onecert/pki"
)

// What a case may hold.
const (
	maxNumber     = 64
	maxAuthority  = 200
	maxCaseKeys   = 64
	maxWithheld   = 180 // days
	maxRecipients = 4
)

// defaultCaseApprovals is how many custodians approve a case beside its proposer.
const defaultCaseApprovals = 2

// KeyName names a pair by the certificate it was made for.
type KeyName struct {
	CertNo pki.Serial `json:"cert_no" maxLength:"40" doc:"Number of the encryption certificate"`
	CA     string     `json:"ca,omitempty" maxLength:"64" doc:"Whose certificate that is; needed where two CAs used the number"`
}

// CaseOrder proposes a judicial recovery (司法密钥恢复, GM/T 0034 12.5): keys of a
// holder, handed to an investigator without the holder. It is done at the centre
// alone; no CA takes part.
type CaseOrder struct {
	Number       string    `json:"number" minLength:"1" maxLength:"64" doc:"The case's number at the authority"`
	Authority    string    `json:"authority" minLength:"1" maxLength:"200" doc:"Who ordered it"`
	Reason       string    `json:"reason" minLength:"1" maxLength:"1000"`
	Holder       string    `json:"holder,omitempty" maxLength:"200" doc:"Every pair of this holder; or keys"`
	Keys         []KeyName `json:"keys,omitempty" maxItems:"64"`
	Certificates [][]byte  `json:"certificates" minItems:"1" maxItems:"4" doc:"The investigator's, DER; each pair is sealed to the first it can be sealed to"`
	WithholdDays int       `json:"withhold_days,omitempty" minimum:"0" maximum:"180" doc:"How long the holder's ledger does not show it, by law; then it shows it by itself"`
	WithholdLaw  string    `json:"withhold_law,omitempty" maxLength:"500" doc:"The law and decision that delay rests on"`
}

// CaseKey is one pair of a case.
type CaseKey struct {
	CertNo   pki.Serial `json:"cert_no"`
	CA       string     `json:"ca"`
	Holder   string     `json:"holder"`
	Suite    pki.Suite  `json:"suite"`
	NotAfter time.Time  `json:"not_after"`
	KeyID    string     `json:"key"`
}

// caseContent is exactly what is approved: the keys named one by one.
type caseContent struct {
	Number       string    `json:"number"`
	Authority    string    `json:"authority"`
	Reason       string    `json:"reason"`
	Keys         []CaseKey `json:"keys"`
	Certificates [][]byte  `json:"certificates"`
	WithholdDays int       `json:"withhold_days"`
	WithholdLaw  string    `json:"withhold_law"`
}

// OpenCase proposes a case. Custodians other than the proposer have to approve it;
// then ExportCase carries it out. Errors: km.order, km.investigator, km.recipient,
// km.no-key, km.ambiguous, km.destroyed, km.store, those of Config.Check and of the
// proposal.
func (c *Centre) OpenCase(ctx context.Context, o CaseOrder) (Case, error) {
	if _, err := c.severalPersons(ctx, officer.Disclose); err != nil {
		return Case{}, err
	}
	if err := o.check(); err != nil {
		return Case{}, err
	}
	people, err := c.investigators(ctx, o.Certificates)
	if err != nil {
		return Case{}, c.config.Officers.Refused(ctx, officer.Disclose, o.Number, err)
	}
	keys, err := c.caseKeys(ctx, o, people)
	if err != nil {
		return Case{}, err
	}
	content := caseContent{Number: o.Number, Authority: o.Authority, Reason: o.Reason, Keys: keys, Certificates: o.Certificates,
		WithholdDays: o.WithholdDays, WithholdLaw: o.WithholdLaw}
	p, err := c.proposal(content, people)
	if err != nil {
		return Case{}, err
	}
	a, err := c.config.Officers.Propose(ctx, p, func(tx *sql.Tx, a officer.Approval) error { return insertCase(ctx, tx, a, keys) })
	if err != nil {
		return Case{}, err
	}
	return c.Case(ctx, a.ID)
}

func (o CaseOrder) check() error {
	switch {
	case !plainText(o.Number, maxNumber):
		return errOrder("the case's number is not 1 to %d octets of plain text", maxNumber)
	case !plainText(o.Authority, maxAuthority):
		return errOrder("the authority is not 1 to %d octets of plain text", maxAuthority)
	case !plainText(o.Reason, maxReason):
		return errOrder("the reason is not 1 to %d octets of plain text", maxReason)
	case (o.Holder == "") == (len(o.Keys) == 0):
		return errOrder("the case names neither a holder nor keys, or both")
	case o.Holder != "" && !plainText(o.Holder, maxID):
		return errOrder("the holder's id is not 1 to %d octets of plain text", maxID)
	case len(o.Keys) > maxCaseKeys:
		return errOrder("a case has at most %d keys", maxCaseKeys)
	case len(o.Certificates) < 1 || len(o.Certificates) > maxRecipients:
		return errOrder("a case has 1 to %d certificates of its investigator", maxRecipients)
	case o.WithholdDays < 0 || o.WithholdDays > maxWithheld:
		return errOrder("the ledger is withheld for %d days at most", maxWithheld)
	case (o.WithholdDays > 0) != (o.WithholdLaw != "") || o.WithholdLaw != "" && !plainText(o.WithholdLaw, 500):
		return errOrder("withholding the ledger names its days and the law it rests on, both or neither")
	}
	return nil
}

func (c *Centre) investigators(ctx context.Context, certificates [][]byte) (all []*recipient, err error) {
	for _, der := range certificates {
		r, err := c.investigator(ctx, der)
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, nil
}

// caseKeys finds the pairs of a case. They are fixed when it is proposed: pairs the
// holder gets later are not in it.
func (c *Centre) caseKeys(ctx context.Context, o CaseOrder, people []*recipient) ([]CaseKey, error) {
	uses, err := c.usesOf(ctx, o.Holder, o.Keys)
	if err != nil {
		return nil, err
	}
	keys := make([]CaseKey, 0, len(uses))
	for _, u := range uses {
		if !u.destroyedAt.IsZero() {
			if o.Holder != "" {
				continue // the others can still be had
			}
			return nil, errDestroyed()
		}
		if _, err := fitting(u.suite, people); err != nil {
			return nil, err
		}
		keys = append(keys, CaseKey{CertNo: u.certNo, CA: u.ca, Holder: u.holder, Suite: u.suite, NotAfter: u.notAfter, KeyID: u.keyID})
	}
	switch {
	case len(keys) == 0:
		return nil, errNoKey()
	case len(keys) > maxCaseKeys:
		return nil, errOrder("the holder has more than %d keys; name them in several cases", maxCaseKeys)
	}
	return keys, nil
}

// usesOf finds every pair of a holder, or exactly those named.
func (c *Centre) usesOf(ctx context.Context, holder string, names []KeyName) ([]*use, error) {
	if holder != "" {
		all, err := listUses(ctx, c.config.DB.Read(), "holder = $1 ORDER BY taken_at, key_id", holder)
		if err != nil {
			return nil, unreadable(err)
		}
		return all, nil
	}
	var all []*use
	for _, name := range names {
		u, err := c.namedUse(ctx, name)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(all, func(other *use) bool { return other.keyID == u.keyID }) {
			return nil, errOrder("a key is named twice")
		}
		all = append(all, u)
	}
	return all, nil
}

func (c *Centre) namedUse(ctx context.Context, name KeyName) (*use, error) {
	if err := checkCertNo(name.CertNo); err != nil {
		return nil, err
	}
	found, err := listUses(ctx, c.config.DB.Read(), ofAnyCA, string(name.CertNo))
	if err != nil {
		return nil, unreadable(err)
	}
	found = slices.DeleteFunc(found, func(u *use) bool { return name.CA != "" && u.ca != name.CA })
	switch len(found) {
	case 0:
		return nil, errNoKey()
	case 1:
		return found[0], nil
	}
	return nil, pki.Errorf(pki.Conflict, codeAmbiguous, "several CAs have a pair under this number").To("name the CA")
}

// proposal is what is put to the other custodians. It is made the same way again
// when the case is carried out, from what is stored of it.
func (c *Centre) proposal(content caseContent, people []*recipient) (officer.Proposal, error) {
	text, err := json.Marshal(content)
	if err != nil {
		return officer.Proposal{}, fmt.Errorf("writing a case: %w", err)
	}
	return officer.Proposal{Operation: officer.Disclose, Object: content.Number, Content: string(text),
		Summary: content.summary(people), Reason: content.Reason, Count: c.config.CaseApprovals}, nil
}

// summary is the case in the words of those who have to agree to it.
func (content caseContent) summary(people []*recipient) string {
	var b strings.Builder
	fmt.Fprintf(&b, "case %s, ordered by %s\n", content.Number, content.Authority)
	for _, k := range content.Keys {
		fmt.Fprintf(&b, "key of holder %s: certificate %s of %s, %s, to %s\n", k.Holder, k.CertNo, k.CA, k.Suite, k.NotAfter.Format(time.DateOnly))
	}
	for _, r := range people {
		fmt.Fprintf(&b, "sealed to %s, certificate %s of %s, sha256 %s\n", r.Subject, r.Serial, r.Issuer, r.Fingerprint)
	}
	if content.WithholdDays == 0 {
		return b.String() + "the holder's ledger shows it at once\n"
	}
	fmt.Fprintf(&b, "the holder's ledger shows it after %d days, by %s\n", content.WithholdDays, content.WithholdLaw)
	return b.String()
}
