package ldap

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/emmansun/gmsm/smx509"

	"onecert/pki"
)

// The two branches below the base.
const (
	branchHolders = "holders"
	branchIssuers = "issuers"
)

func (d *Directory) holdersDN() dn { return d.base.child("ou", branchHolders) }
func (d *Directory) issuersDN() dn { return d.base.child("ou", branchIssuers) }

// class is what an entry of a kind of holder is made of, so that a directory with
// the schemas of RFC 4519, 4523 and 2798 takes it as it is.
type class struct {
	objects []string
	allows  string // attributes beyond uid and cn
}

func classOf(kind string) class {
	switch kind {
	case "person":
		return class{[]string{"top", "person", "organizationalPerson", "inetOrgPerson", "pkiUser"}, "sn o ou mail"}
	case "device":
		return class{[]string{"top", "device", "uidObject", "pkiUser"}, "o ou"}
	}
	return class{[]string{"top", "organizationalRole", "uidObject", "pkiUser"}, "ou"}
}

func (c class) has(name string) bool { return slices.Contains(strings.Fields(c.allows), name) }

// holderEntry makes the entry of a holder from the certificates shown. What a
// certificate cannot tell is left out; one that cannot be read gives no names.
func (d *Directory) holderEntry(holder string, certificates []Certificate) *entry {
	e := &entry{dn: d.holdersDN().child("uid", holder)}
	names := map[string][]string{}
	kind := ""
	var ders [][]byte
	for _, c := range certificates {
		kind = c.Kind
		ders = append(ders, c.DER)
		namesOf(c.DER, names)
	}
	cn := names["cn"]
	if len(cn) == 0 {
		cn = []string{holder} // every class demands one
	}
	shape := classOf(kind)
	e.add("objectClass", shape.objects...)
	e.add("uid", holder)
	e.add("cn", cn...)
	names["sn"] = cn
	for _, name := range []string{"sn", "o", "ou", "mail"} {
		if shape.has(name) {
			e.add(name, names[name]...)
		}
	}
	e.addBinary("userCertificate;binary", ders...)
	return e
}

// namesOf adds what a certificate calls its subject, each value once.
func namesOf(der []byte, names map[string][]string) {
	cert, err := smx509.ParseCertificate(der)
	if err != nil {
		return
	}
	subject, err := pki.NameOf(cert.RawSubject)
	if err != nil {
		return
	}
	add := func(name, value string) {
		for _, old := range names[name] {
			if prepare(old) == prepare(value) {
				return
			}
		}
		names[name] = append(names[name], value)
	}
	for _, a := range subject {
		if name, ok := map[string]string{"CN": "cn", "O": "o", "OU": "ou", "E": "mail"}[a.Type]; ok {
			add(name, a.Value)
		}
	}
	for _, mail := range cert.EmailAddresses {
		add("mail", mail)
	}
}

// node is an entry others stand under; its class follows the type it is named by.
func node(name dn) *entry {
	e := &entry{dn: name}
	first := name[0]
	switch first.kind {
	case "dc":
		e.add("objectClass", "top", "organization", "dcObject")
		e.add("o", first.value)
	case "c":
		e.add("objectClass", "top", "country")
	case "l", "st":
		e.add("objectClass", "top", "locality")
	case "ou":
		e.add("objectClass", "top", "organizationalUnit")
	case "cn":
		e.add("objectClass", "top", "organizationalRole")
	default:
		e.add("objectClass", "top", "organization")
	}
	e.add(first.kind, first.value)
	return e
}

// fixed returns the entries that are not holders': base, branches, CAs and their
// distribution points, each above those below it.
func (d *Directory) fixed(ctx context.Context) ([]*entry, error) {
	all := []*entry{node(d.base), node(d.holdersDN()), node(d.issuersDN())}
	for _, a := range *d.authorities.Load() {
		var lists []List
		if d.cfg.Lists != nil {
			var err error
			if lists, err = d.cfg.Lists.Lists(ctx, a.ID); err != nil && pki.KindOf(err) != pki.Unknown {
				return nil, fmt.Errorf("reading the lists of %s: %w", a.ID, err)
			}
		}
		all = append(all, d.authorityEntries(a, lists)...)
	}
	return all, nil
}

func (d *Directory) authorityEntries(a Authority, lists []List) []*entry {
	own := d.issuersDN().child("cn", a.ID)
	e := &entry{dn: own}
	full, delta := find(lists, -1, false), find(lists, -1, true)
	objects := []string{"top", "applicationProcess", "pkiCA"}
	if delta != nil {
		objects = append(objects, "deltaCRL")
	}
	e.add("objectClass", objects...)
	e.add("cn", a.ID)
	if len(a.Chain) > 0 {
		e.addBinary("cACertificate;binary", a.Chain[0])
	}
	e.addBinary("certificateRevocationList;binary", full)
	if a.Partitions == 0 { // a CA that only certifies CAs: readers of old look there
		e.addBinary("authorityRevocationList;binary", full)
	}
	e.addBinary("deltaRevocationList;binary", delta)
	all := []*entry{e}
	for p := range a.Partitions {
		point := &entry{dn: own.child("cn", strconv.Itoa(p))}
		point.add("objectClass", "top", "cRLDistributionPoint")
		point.add("cn", strconv.Itoa(p))
		point.addBinary("certificateRevocationList;binary", find(lists, p, false))
		point.addBinary("deltaRevocationList;binary", find(lists, p, true))
		all = append(all, point)
	}
	return all
}

func find(lists []List, partition int, delta bool) []byte {
	for _, l := range lists {
		if l.Partition == partition && l.Delta == delta {
			return l.DER
		}
	}
	return nil
}
