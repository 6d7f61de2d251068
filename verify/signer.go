package verify

import "slices"

// maxNested is how many signers of lists may stand for one another.
const maxNested = 3

// unsigned says why nobody who may has signed the list, "" if somebody has. Mostly
// it is the issuer of the certificate; else another certificate of the list's issuer,
// with a valid path to the same anchor (RFC 5280 6.3.3 (f) and (g)).
func (k *check) unsigned(list *CRL, path []*Certificate) string {
	issuer := path[1]
	code := "crl.signature"
	if issuer.subjectKey == list.issuerKey {
		switch {
		case !issuer.may(usageCRLSign):
			code = "crl.issuer-usage"
		case k.listSignedBy(list, issuer):
			return ""
		}
	}
	for _, signer := range slices.Concat(k.anchors[list.issuerKey], k.others[list.issuerKey]) {
		if signer.same(issuer) || !signer.may(usageCRLSign) || !k.spent.step() || !k.listSignedBy(list, signer) {
			continue
		}
		if k.trusted(signer, path) {
			return ""
		}
		code = "crl.signer"
	}
	return code
}

// trusted: the signer of a list has a good path to the anchor of the path whose
// certificate it speaks about.
func (k *check) trusted(signer *Certificate, path []*Certificate) bool {
	anchor := path[len(path)-1]
	if signer.same(anchor) || slices.ContainsFunc(path[1:], signer.same) {
		return true
	}
	if k.anchor(signer) || len(k.asking) > maxNested || len(k.each(signer)) > 0 {
		return false
	}
	ok := false
	k.walk(&quest{profile: k.r.Profile, judge: func(own []*Certificate, found []Reason) bool {
		_, valid := Policies{}.check(own)
		ok = valid && own[len(own)-1].same(anchor) && k.unrevoked(own, path)
		return ok
	}}, []*Certificate{signer}, nil)
	return ok
}

// unrevoked asks about a signer's own path. Those of the main path are asked anyway.
// One that is being asked about already cannot be asked: who signs the list of its
// own revocation would not list itself.
func (k *check) unrevoked(own, main []*Certificate) bool {
	for i, c := range own[:len(own)-1] {
		if slices.ContainsFunc(main, c.same) || slices.Contains(k.asking, c.id) {
			continue
		}
		if !k.status(own[i:], false).good {
			return false
		}
	}
	return true
}
