package ceremony

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"onecert/keys"
	"onecert/pki"
	"onecert/shares"
)

// Limits of a plan. A key that should live longer than 40 years should not.
const (
	maxActs       = 100
	maxPeople     = 64
	maxNameLength = 200
	maxYears      = 40
	maxPathLength = 10
	maxPartitions = 4096
	maxListDays   = 366
)

var (
	idForm     = regexp.MustCompile(`^[a-z][a-z0-9-]{0,31}$`)
	sha256Form = regexp.MustCompile(`^[0-9a-fA-F]{64}$`)
)

// alone checks what the file says by itself.
func (c *planCheck) alone(p *Plan) {
	c.text(p.Title, "title")
	c.text(p.Operator, "operator")
	c.people(p.Custodians, "custodians")
	c.people(p.Witnesses, "witnesses")
	c.must(p.State != "", "state", "state-given", "name the folder of the off-line roots' state")
	c.must(len(p.Acts) > 0 && len(p.Acts) <= maxActs, "acts", "acts-some", "name 1 to %d acts", maxActs)
	sets, lists := map[string]Split{}, map[string]bool{}
	for i, act := range p.Acts {
		at := fmt.Sprintf("acts.%d", i)
		kind, one := act.kind()
		if c.must(one, at, "act-one", "an act is exactly one of %s", actNames) {
			at += "." + kind
		}
		c.act(act, at)
		c.splits(p, act, at, sets)
		if act.RootCRL != nil {
			c.must(!lists[act.RootCRL.Root], at, "list-once", "a root makes one list a ceremony")
			lists[act.RootCRL.Root] = true
		}
	}
}

const actNames = "root, adopt, issuing, root_crl, rollover, retire, outside_request, outside_import, reshare"

// kind names the one field that is there.
func (a Act) kind() (kind string, one bool) {
	n := 0
	for name, there := range map[string]bool{"root": a.Root != nil, "adopt": a.Adopt != nil, "issuing": a.Issuing != nil, "root_crl": a.RootCRL != nil,
		"rollover": a.Rollover != nil, "retire": a.Retire != nil, "outside_request": a.OutsideRequest != nil,
		"outside_import": a.OutsideImport != nil, "reshare": a.Reshare != nil} {
		if there {
			kind = name
			n++
		}
	}
	return kind, n == 1
}

func (c *planCheck) text(text, key string) {
	n := utf8.RuneCountInString(text)
	printable := strings.IndexFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f || r == utf8.RuneError }) < 0
	c.must(n > 0 && n <= maxNameLength && printable, key, "text", "give 1 to %d characters on one line", maxNameLength)
}

func (c *planCheck) people(names []string, key string) {
	c.must(len(names) <= maxPeople, key, "people-many", "more than %d people", maxPeople)
	for i, name := range names {
		at := fmt.Sprintf("%s.%d", key, i)
		c.text(name, at)
		c.must(!slices.Contains(names[:i], name), at, "people-once", "%.40q stands twice; tell people of one name apart", name)
	}
}

func (c *planCheck) act(act Act, at string) {
	switch {
	case act.Root != nil:
		c.rootAct(act.Root, at)
	case act.Adopt != nil:
		c.adoptAct(act.Adopt, at)
	case act.Issuing != nil:
		c.issuingAct(act.Issuing, at)
	case act.RootCRL != nil:
		c.listAct(act.RootCRL, at)
	case act.Rollover != nil:
		c.rolloverAct(act.Rollover, at)
	case act.Retire != nil:
		c.retireAct(act.Retire, at)
	case act.OutsideRequest != nil:
		c.requestAct(act.OutsideRequest, at)
	case act.OutsideImport != nil:
		c.importAct(act.OutsideImport, at)
	}
}

func (c *planCheck) rootAct(a *RootAct, at string) {
	c.id(a.ID, at+".id")
	c.suite(a.Suite, at+".suite")
	c.subject(a.Subject, at+".subject")
	c.years(a.Years, at+".years")
	c.must(a.PathLength == nil || *a.PathLength >= 0 && *a.PathLength <= maxPathLength, at+".path_length", "path-length", "the path length is 0 to %d, or left out for no limit", maxPathLength)
	c.location(a.Location, at)
	c.addresses(a.Addresses, false, at+".addresses")
}

func (c *planCheck) adoptAct(a *AdoptAct, at string) {
	c.id(a.ID, at+".id")
	c.given(a.Certificate, at+".certificate")
	c.given(a.CRL, at+".crl")
	c.keyURI(a.OldKey, at+".old_key")
	c.addresses(a.Addresses, false, at+".addresses")
	for i, ca := range a.Issuing {
		below := fmt.Sprintf("%s.issuing.%d", at, i)
		c.id(ca.ID, below+".id")
		c.given(ca.Certificate, below+".certificate")
		c.addresses(ca.Addresses, true, below+".addresses")
		c.partitions(ca.Partitions, below+".partitions")
	}
}

func (c *planCheck) issuingAct(a *IssuingAct, at string) {
	c.id(a.ID, at+".id")
	c.id(a.Parent, at+".parent")
	if a.Request == "" {
		c.suite(a.Suite, at+".suite")
		c.subject(a.Subject, at+".subject")
		c.location(a.Location, at)
	} else {
		c.must(a.Suite == "" && a.Key == "" && a.Split == nil, at+".request", "request-alone", "with a request the key and its suite are given already")
		if a.Subject != "" {
			c.subject(a.Subject, at+".subject")
		}
	}
	c.years(a.Years, at+".years")
	c.must(a.PathLength >= 0 && a.PathLength <= maxPathLength, at+".path_length", "path-length", "the path length is 0 to %d", maxPathLength)
	c.holds(a.NameConstraints.Check(), at+".name_constraints", "name-constraints")
	for i, policy := range a.Policies {
		_, err := pki.ParseOID(policy)
		c.must(err == nil && !slices.Contains(a.Policies[:i], policy), fmt.Sprintf("%s.policies.%d", at, i), "policy", "a policy is no OID or stands twice")
	}
	c.addresses(a.Addresses, true, at+".addresses")
	c.partitions(a.Partitions, at+".partitions")
}

func (c *planCheck) listAct(a *ListAct, at string) {
	c.id(a.Root, at+".root")
	c.must(a.Days >= 0 && a.Days <= maxListDays, at+".days", "list-days", "a list lives 1 to %d days", maxListDays)
	c.must(a.Number >= 0, at+".number", "list-number", "numbers count from 1")
	for i, r := range a.Revoke {
		below := fmt.Sprintf("%s.revoke.%d", at, i)
		c.must((r.Authority == "") != (r.Serial == ""), below, "revoke-one", "give authority or serial, one of the two")
		if r.Serial != "" {
			_, err := pki.ParseSerial(r.Serial)
			c.holds(err, below+".serial", "revoke-serial")
		}
		c.reason(r.Reason, below+".reason")
		if r.Invalid != "" {
			_, err := time.Parse(day, r.Invalid)
			c.must(err == nil, below+".invalid", "revoke-invalid", "the day is written 2026-03-01")
		}
	}
}

func (c *planCheck) rolloverAct(a *RolloverAct, at string) {
	c.id(a.Authority, at+".authority")
	c.id(a.ID, at+".id")
	if a.Suite != "" {
		c.suite(a.Suite, at+".suite")
	}
	c.years(a.Years, at+".years")
	c.keyURI(a.OldKey, at+".old_key")
	c.location(a.Location, at)
}

func (c *planCheck) retireAct(a *RetireAct, at string) {
	c.id(a.Authority, at+".authority")
	if a.Reason != "" {
		c.reason(a.Reason, at+".reason")
	}
	c.given(a.FinalCRL, at+".final_crl")
}

func (c *planCheck) requestAct(a *RequestAct, at string) {
	if a.Authority != "" {
		c.id(a.Authority, at+".authority")
		c.must(a.ID == "" && a.Suite == "" && a.Subject == "" && a.Key == "" && a.Split == nil && a.Addresses == Addresses{} && a.Partitions == 0,
			at, "request-one", "for a CA that is there only authority is given")
		return
	}
	c.id(a.ID, at+".id")
	c.suite(a.Suite, at+".suite")
	c.subject(a.Subject, at+".subject")
	c.location(a.Location, at)
	c.addresses(a.Addresses, true, at+".addresses")
	c.partitions(a.Partitions, at+".partitions")
}

func (c *planCheck) importAct(a *ImportAct, at string) {
	c.id(a.Authority, at+".authority")
	c.given(a.Certificate, at+".certificate")
	c.given(a.Chain, at+".chain")
	c.must(sha256Form.MatchString(a.Anchor), at+".anchor", "anchor", "give the SHA-256 of the outside root's certificate in 64 hexadecimal digits")
	c.holds(a.NameConstraints.Check(), at+".name_constraints", "name-constraints")
}

func (c *planCheck) id(id, at string) {
	c.must(idForm.MatchString(id), at, "id", "an id is 1 to 32 lower-case letters, digits and hyphens")
}

func (c *planCheck) given(text, at string) {
	c.must(text != "", at, "given", "name the file")
}

func (c *planCheck) suite(suite pki.Suite, at string) {
	c.must(suite.Family() != "", at, "suite", "the suite is one of %v", pki.Suites())
}

func (c *planCheck) subject(text, at string) {
	name, err := pki.ParseName(text)
	if err == nil {
		err = name.CheckLengths()
	}
	c.holds(err, at, "subject")
}

func (c *planCheck) years(years int, at string) {
	c.must(years >= 1 && years <= maxYears, at, "years", "a CA lives 1 to %d years", maxYears)
}

func (c *planCheck) partitions(n int, at string) {
	c.must(n >= 0 && n <= maxPartitions, at, "partitions", "a CA has 1 to %d partitions of its list", maxPartitions)
}

func (c *planCheck) reason(reason, at string) {
	_, err := pki.ParseReason(reason)
	c.holds(err, at, "reason")
}

// addresses are http: relying parties fetch signed things, and https would need what
// is being fetched.
func (c *planCheck) addresses(a Addresses, ocsp bool, at string) {
	for _, pair := range [][2]string{{"crl", a.CRL}, {"aia", a.AIA}, {"ocsp", a.OCSP}} {
		name, address := pair[0], pair[1]
		if name == "ocsp" && !ocsp && address == "" {
			continue
		}
		ok := len(address) > len("http://") && strings.HasPrefix(address, "http://") && !strings.HasSuffix(address, "/") &&
			pki.CheckAltName(pki.AltName{Kind: "uri", Value: address}) == nil
		c.must(ok, at+"."+name, "address", "%s is an address http://… without a final slash; it stands in certificates for ever", name)
	}
}

func (c *planCheck) location(l Location, at string) {
	if !c.must((l.Key == "") != (l.Split == nil), at, "location", "give key or split, one of the two") {
		return
	}
	if l.Key == "" {
		return
	}
	c.keyURI(l.Key, at+".key")
	if uri, err := keys.ParseURI(l.Key); err == nil {
		c.must(filepath.IsLocal(uri.Path) || filepath.IsAbs(uri.Path), at+".key", "key", "a new key file lies below its folder, or is named by its whole path")
	}
}

func (c *planCheck) keyURI(uri, at string) {
	location, err := keys.ParseURI(uri)
	if c.holds(err, at, "key"); err != nil {
		return
	}
	c.must(location.Pass != "", at, "key", "name a file with the passphrase or PIN: file:NAME.pem?pass=file:PATH, pkcs11:…&pin-source=file:PATH, sdf:…&pass-source=file:PATH")
	c.must(!location.Hardware() || filepath.IsAbs(location.Path) && filepath.IsAbs(location.Pass), at, "key", "name a device's library and PIN file by their whole paths")
}

// splits fills in and checks the numbers of a set, and that all who name it say the same.
func (c *planCheck) splits(p *Plan, act Act, at string, sets map[string]Split) {
	split, own := act.split()
	if split == nil {
		return
	}
	if split.Shares == 0 && split.Threshold == 0 {
		split.Shares, split.Threshold = 5, 3 // GM/T 0034: at least 5 holders, at least 3 needed
	}
	at += ".split"
	c.holds(shares.CheckNumbers(split.Threshold, split.Shares), at, "split")
	c.must(split.Shares == len(p.Custodians), at+".shares", "split-custodians", "%d shares and %d custodians", split.Shares, len(p.Custodians))
	name := split.name(own)
	c.id(name, at+".set")
	first, seen := sets[name]
	c.must(!seen || first.Shares == split.Shares && first.Threshold == split.Threshold, at, "split-same", "set %s has other numbers elsewhere in the file", name)
	sets[name] = *split
}

func (s *Split) name(own string) string {
	if s.Set == "" {
		return own
	}
	return s.Set
}

// split returns how an act splits, and the id its set is called after.
func (a Act) split() (split *Split, own string) {
	switch {
	case a.Root != nil:
		return a.Root.Split, a.Root.ID
	case a.Adopt != nil:
		return &a.Adopt.Split, a.Adopt.ID
	case a.Issuing != nil:
		return a.Issuing.Split, a.Issuing.ID
	case a.Rollover != nil:
		return a.Rollover.Split, a.Rollover.ID
	case a.OutsideRequest != nil:
		return a.OutsideRequest.Split, a.OutsideRequest.ID
	case a.Reshare != nil:
		return &a.Reshare.Split, a.Reshare.Authority
	}
	return nil, ""
}
