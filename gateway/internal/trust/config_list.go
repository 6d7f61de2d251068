package trust

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"slices"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/trustlist"
)

// listPlan is a list that is followed, read.
type listPlan struct {
	*sourcePlan
	list    ListRow
	pinned  []*smx509.Certificate
	already int64 // the number that counts, 0: none
}

// maxPinned is how many certificates may sign a list.
const (
	maxLists  = 16
	maxPinned = 8
)

// compileLists reads the lists, and bounds their CAs by their end.
func (p *plan) compileLists(c Config) error {
	if len(c.Lists) > maxLists {
		return invalid("lists", "there are more than %d", maxLists)
	}
	for _, row := range c.Lists {
		l, err := compileList(row)
		if err != nil {
			return err
		}
		if p.list(row.Name) != nil {
			return invalid("lists", "the name %s stands there twice", row.Name)
		}
		p.lists = append(p.lists, l)
	}
	for _, ca := range p.cas {
		if ca.row.List != "" && p.list(ca.row.List) == nil {
			return invalid("cas["+ca.row.Name+"].list", "there is no list %.31q", ca.row.List).To("take the CA away with its list, or take out the field list to keep it")
		}
	}
	for _, l := range p.lists {
		if err := p.bound(l); err != nil {
			return err
		}
	}
	return nil
}

func (p *plan) list(name string) *listPlan {
	i := slices.IndexFunc(p.lists, func(l *listPlan) bool { return l.list.Name == name })
	if i < 0 {
		return nil
	}
	return p.lists[i]
}

// bound holds that a list's rows are those the centre signed, and lets its CAs count no
// longer than it.
func (p *plan) bound(l *listPlan) error {
	field := "lists[" + l.list.Name + "]"
	var rows []CA
	for _, ca := range p.cas {
		if ca.row.List == l.list.Name {
			rows = append(rows, ca.row)
		}
	}
	adopted := l.list.Adopted
	if adopted == nil {
		if len(rows) > 0 {
			return invalid(field+".adopted", "CAs of the list are there, and nothing says of which number").To("leave the field adopted as it was, or take the CAs away")
		}
		return nil
	}
	if digest, err := rowsDigest(rows); err != nil || digest != adopted.Rows {
		return invalid(field, "its CAs are not those the list has").
			To("leave CAs with the field list as they were; what the centre should say otherwise, the centre signs").Because(err)
	}
	allow, err := l.list.Stale.AllowFor.span(field+".stale.allowFor", 0)
	if err != nil {
		return err
	}
	ends := adopted.Ends.Add(allow)
	for _, ca := range p.cas {
		if ca.row.List == l.list.Name && (ca.row.Until.IsZero() || ends.Before(ca.row.Until)) {
			ca.row.Until = ends
		}
	}
	return nil
}

// expand is what a set accepts: its CAs, and those of its lists.
func (p *plan) expand(row SetRow) ([]string, error) {
	all := slices.Clone(row.CAs)
	for i, name := range row.Lists {
		if p.list(name) == nil || slices.Contains(row.Lists[:i], name) {
			return nil, invalid("sets["+row.Name+"].lists", "there is no list %.31q, or it stands there twice", name).To("name each list of trust.lists once")
		}
		for _, ca := range p.cas {
			if ca.row.List == name && !slices.Contains(all, ca.row.Name) {
				all = append(all, ca.row.Name)
			}
		}
	}
	return all, nil
}

// usualEvery is how often is looked for a new list.
const usualEvery = time.Hour

func compileList(row ListRow) (*listPlan, error) {
	field := "lists[" + row.Name + "]"
	if !trustlist.IsName(row.Name) || !trustlist.IsName(row.Of) {
		return nil, invalid("lists", "the name %.40q, or what the list calls itself, is no name", row.Name).To("use at most 31 small letters, digits and hyphens")
	}
	if row.Adopt != "" && row.Adopt != AdoptApproval && row.Adopt != AdoptAutomatic {
		return nil, invalid(field+".adopt", "%.16q is neither", row.Adopt).To("use approval or automatic")
	}
	l := &listPlan{list: row}
	var err error
	if l.pinned, err = pinned(field+".signers", row.Signers); err != nil {
		return nil, err
	}
	source := Source{Name: row.Name, Kind: SourceCRL, URL: row.URL, User: row.User, PasswordFile: row.PasswordFile, Roots: row.Roots,
		Every: row.Every, Allow: row.Allow, MaxBytes: trustlist.MaxBytes}
	if row.URL == "" {
		source.Kind = SourceUpload
	}
	if l.sourcePlan, err = compileSource(field, &caPlan{row: CA{Name: "list:" + row.Name}}, source); err != nil {
		return nil, err
	}
	if l.every == 0 {
		l.every = usualEvery
	}
	if row.Adopted != nil {
		l.already = row.Adopted.Number
	}
	return l, nil
}

// pinned reads the certificates of those who may sign.
func pinned(field, text string) (all []*smx509.Certificate, err error) {
	for rest := []byte(text); len(all) <= maxPinned; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		c, err := smx509.ParseCertificate(block.Bytes)
		if err != nil || block.Type != "CERTIFICATE" {
			return nil, invalid(field, "certificate %d does not decode", len(all)+1).Because(err)
		}
		all = append(all, c)
	}
	if len(all) == 0 || len(all) > maxPinned {
		return nil, invalid(field, "there is no certificate, or there are more than %d", maxPinned).
			To("give the certificate the centre signs the list with, in PEM, its fingerprint compared by another way")
	}
	return all, nil
}

// rowsDigest is over rows as they are stored.
func rowsDigest(rows []CA) (string, error) {
	text, err := json.Marshal(rows)
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), err
}

// rowsOf are the CAs of a list as rows of a configuration.
func rowsOf(name string, l *trustlist.List) (rows []CA) {
	for _, c := range l.CAs {
		ca := CA{Name: name + "-" + c.Name, Title: c.Title, List: name, Anchors: c.Anchors, Intermediates: c.Intermediates,
			Level: c.Level, Uses: c.Uses, Until: c.Until, LeafOnly: c.LeafOnly}
		for _, s := range c.Revocation {
			ca.Revocation = append(ca.Revocation, Source{Name: s.Name, Kind: s.Kind, URL: s.URL, Roots: s.Roots,
				Every: SpanText(s.Every), MaxAge: SpanText(s.MaxAge), Nonce: s.Nonce})
		}
		rows = append(rows, ca)
	}
	return rows
}

// Adopt puts what a list says in the place of what it said before. renews: its CAs are the
// same, and it only ends later.
func (c *Config) Adopt(name string, l *trustlist.List) (renews bool, err error) {
	i := slices.IndexFunc(c.Lists, func(row ListRow) bool { return row.Name == name })
	if i < 0 {
		return false, errNoList(name)
	}
	rows := rowsOf(name, l)
	digest, err := rowsDigest(rows)
	if err != nil {
		return false, err
	}
	before := c.Lists[i].Adopted
	renews = before != nil && before.Rows == digest
	c.CAs = append(slices.DeleteFunc(c.CAs, func(ca CA) bool { return ca.List == name }), rows...)
	c.Lists[i].Declined = 0
	c.Lists[i].Adopted = &Adopted{Number: l.Number, Ends: l.Ends.UTC(), Rows: digest}
	return renews, nil
}

// Accepted are the CAs of a set by name, those of its lists too.
func (c *Config) Accepted(set string) (all []CA) {
	i := slices.IndexFunc(c.Sets, func(row SetRow) bool { return row.Name == set })
	if i < 0 {
		return nil
	}
	for _, ca := range c.CAs {
		if slices.Contains(c.Sets[i].CAs, ca.Name) || ca.List != "" && slices.Contains(c.Sets[i].Lists, ca.List) {
			all = append(all, ca)
		}
	}
	return all
}

// AuthorityNames are the DER names of the CAs of a set, each once, for the handshake of a
// service that names whom it accepts. They come from the configuration, not from the
// store: a service is made ready before the store takes the configuration over. What
// Check refuses is left out.
func (c *Config) AuthorityNames(set string) (names [][]byte) {
	seen := map[string]bool{}
	for _, ca := range c.Accepted(set) {
		for _, text := range []string{ca.Anchors, ca.Intermediates} {
			all, err := certificates(ca.Name, text)
			if err != nil {
				continue
			}
			for _, one := range all {
				if !seen[string(one.Subject)] {
					seen[string(one.Subject)] = true
					names = append(names, one.Subject)
				}
			}
		}
	}
	return names
}
