package verify

import (
	"bytes"
	"slices"
	"time"
)

// Times of answers: one that does not say how long it is good is believed for an
// hour; made while it was asked for, it may be ahead of our clock.
const (
	answerLife = time.Hour
	answerSkew = 5 * time.Minute
)

// answered decides the first certificate of a path from the OCSP answers. The newest
// answer that is current speaks; of several, one that says revoked is believed.
func (k *check) answered(path []*Certificate) (s status) {
	c, issuer := path[0], path[1]
	var useless []Reason
	for _, answer := range k.answers {
		if answer == nil {
			continue
		}
		for i := range answer.singles {
			one := &answer.singles[i]
			if !one.about(c, issuer) {
				continue
			}
			if code := k.unusable(answer, one, path); code != "" {
				useless = append(useless, reason(code, c))
				continue
			}
			evidence := answer.evidence(c, one)
			if one.state == stateRevoked {
				evidence.Says = says(one.reason)
				return status{reasons: []Reason{revokedReason(c, one.revokedAt, one.reason)}, evidence: []Evidence{evidence}}
			}
			s.good, s.evidence = true, append(s.evidence, evidence)
		}
	}
	if !s.good {
		s.reasons = useless[:min(1, len(useless))]
	}
	return s
}

func (a *Answer) evidence(c *Certificate, one *single) Evidence {
	return Evidence{Kind: "ocsp", Subject: subjectText(c.Subject), Says: "good", Issuer: subjectText(a.name),
		ThisUpdate: one.thisUpdate, NextUpdate: one.nextUpdate, SHA256: a.id}
}

// about compares the CertID (RFC 6960 4.1.1).
func (s *single) about(c, issuer *Certificate) bool {
	if !bytes.Equal(s.serial, c.serial) {
		return false
	}
	nameHash, keyHash := certID(s.hash, c.Issuer, issuer.SPKI)
	return nameHash != nil && bytes.Equal(nameHash, s.nameHash) && bytes.Equal(keyHash, s.keyHash)
}

// unusable says why an answer is not believed, "" if it is (RFC 6960 3.2).
func (k *check) unusable(a *Answer, s *single, path []*Certificate) string {
	until := s.nextUpdate
	if until.IsZero() {
		until = s.thisUpdate.Add(answerLife)
	}
	switch {
	case a.unknown || s.unknown:
		return "ocsp.critical-extension"
	case k.r.At.Add(max(k.r.Skew, answerSkew)).Before(s.thisUpdate):
		return "ocsp.future"
	case k.r.At.After(until):
		return "ocsp.stale"
	case s.state == stateUnknown:
		return "ocsp.unknown"
	}
	return k.unauthorized(a, path)
}

// unauthorized: the answer is signed by the issuer itself, or by a responder whose
// certificate the issuer signed with the very key, for this (RFC 6960 4.2.2.2).
func (k *check) unauthorized(a *Answer, path []*Certificate) string {
	issuer := path[1]
	if a.from(issuer) && k.answerSignedBy(a, issuer) {
		return ""
	}
	code := "ocsp.signature"
	for _, responder := range slices.Concat(a.certificates, k.others[a.responder]) {
		if !a.from(responder) || responder.issuerKey != issuer.subjectKey || !k.answerSignedBy(a, responder) {
			continue
		}
		q := &quest{}
		if !slices.Contains(responder.extended, extendedOCSP) || !responder.may(usageDigitalSignature|usageContentCommitment) ||
			len(k.each(responder)) > 0 || !k.signed(q, responder, issuer) {
			code = "ocsp.responder"
			continue
		}
		// Asked about by lists only: an answer about the responder would be its own.
		own := append([]*Certificate{responder}, path[1:]...)
		if responder.noCheck || k.listed(own).good {
			return ""
		}
		code = "ocsp.responder-status"
	}
	return code
}

// from: the answer names this certificate as its responder.
func (a *Answer) from(c *Certificate) bool {
	if a.keyHash == nil {
		return a.responder == c.subjectKey
	}
	_, keyHash := certID(octets(oidSHA1), nil, c.SPKI)
	return bytes.Equal(keyHash, a.keyHash)
}

func (k *check) answerSignedBy(a *Answer, c *Certificate) bool {
	return k.spent.signature() && a.signed.check(c.PublicKey) == ""
}
