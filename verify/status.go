package verify

import (
	"slices"
	"time"

	"onecert/pki"
)

// status is what was found out about one certificate.
type status struct {
	good     bool
	reasons  []Reason // why not
	evidence []Evidence
}

// Evidence is one list or answer that spoke about a certificate.
type Evidence struct {
	Kind       string // "crl" or "ocsp"
	Subject    string // of the certificate spoken about
	Says       string // "good", "revoked", "held"
	Issuer     string // who signed it
	Number     string // of a list, decimal
	ThisUpdate time.Time
	NextUpdate time.Time // zero if it does not say
	SHA256     [32]byte  // of the list or answer
}

// revocation looks up every certificate of the path but the anchor, which is
// trusted as such and has nobody to revoke it.
func (k *check) revocation(path []*Certificate, fetch bool) (found []Reason, evidence []Evidence) {
	for i := range path[:len(path)-1] {
		if i == 0 && k.r.Purpose == OCSP && path[0].noCheck {
			continue // RFC 6960 4.2.2.2.1: whoever checked it would need it
		}
		s := k.status(path[i:], fetch)
		found, evidence = append(found, s.reasons...), append(evidence, s.evidence...)
	}
	return found, evidence
}

// status asks about the first certificate of a path. What was handed in is asked
// first; more is fetched only where that leaves it open.
func (k *check) status(path []*Certificate, fetch bool) status {
	c, issuer := path[0], path[1]
	asked := [3][32]byte{c.id, issuer.id, path[len(path)-1].id}
	if known, ok := k.statuses[asked]; ok && (known.good || !fetch) {
		return known
	}
	k.asking = append(k.asking, c.id)
	s := k.ask(path)
	if fetch && k.r.Source != nil && s.undecided() {
		for _, more := range []func(*Certificate, *Certificate){k.fetchAnswers, k.fetchLists} {
			more(c, issuer)
			if s = k.ask(path); !s.undecided() {
				break
			}
		}
	}
	k.asking = k.asking[:len(k.asking)-1]
	k.statuses[asked] = s
	return s
}

func (s status) undecided() bool {
	return !s.good && !slices.ContainsFunc(s.reasons, func(r Reason) bool {
		return r.Code == "revocation.revoked" || r.Code == "revocation.held"
	})
}

// ask weighs answers and lists: one that says revoked is believed whatever the
// others say; one that says good is enough where none does.
func (k *check) ask(path []*Certificate) status {
	answered, listed := k.answered(path), k.listed(path)
	both := append(slices.Clone(answered.evidence), listed.evidence...)
	for _, s := range []status{answered, listed} {
		if len(s.reasons) > 0 && !s.undecided() {
			return status{reasons: s.reasons, evidence: both}
		}
	}
	if answered.good || listed.good {
		return status{good: true, evidence: both}
	}
	if len(answered.reasons) > 0 && listed.reasons[0].Code == "crl.missing" {
		return answered
	}
	return listed
}

func revokedReason(c *Certificate, at time.Time, why pki.Reason) Reason {
	code := "revocation.revoked"
	if why == pki.CertificateHold {
		code = "revocation.held"
	}
	r := reason(code, c).at(at)
	r.Revocation = why.String()
	return r
}

func says(why pki.Reason) string {
	if why == pki.CertificateHold {
		return "held"
	}
	return "revoked"
}
