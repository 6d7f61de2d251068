package verify

import "time"

// lastMoment is the end of the certificate's last second: validity is counted in
// whole seconds and includes the last (RFC 5280 4.1.2.5).
func (c *Certificate) lastMoment() time.Time { return c.NotAfter.Add(time.Second - 1) }

// leafFaults judges the certificate that is asked about.
func (k *check) leafFaults() []Reason {
	c := k.r.Certificate
	found := k.each(c)
	found = append(found, k.r.Profile.form(c, true, k.anchor(c))...)
	found = append(found, k.r.usage(c)...)
	return append(found, k.r.names(c)...)
}

// each checks what holds for every certificate of the path, the anchor included:
// an anchor past its time is no anchor.
func (k *check) each(c *Certificate) (found []Reason) {
	switch {
	case k.r.At.Before(c.NotBefore):
		found = append(found, reason("path.not-yet-valid", c).at(c.NotBefore))
	case k.r.At.After(c.lastMoment()):
		found = append(found, reason("path.expired", c).at(c.NotAfter))
	}
	for _, code := range c.faults {
		found = append(found, reason(code, c))
	}
	if code := weakKey(c.PublicKey); code != "" {
		found = append(found, reason(code, c))
	}
	if len(c.issuerName) == 0 || c.ca() && len(c.subjectName) == 0 { // RFC 5280 4.1.2.4, 4.1.2.6
		found = append(found, reason("path.no-name", c))
	}
	return found
}

// faults judges a certificate in its role as the issuer of a path's last one. All it
// demands of those below it is judged here, from below: name constraints and
// extended key usages of several CAs are the same taken one by one or together.
func (k *check) faults(q *quest, path []*Certificate, c *Certificate, anchor bool) []Reason {
	found := append(k.each(c), q.profile.form(c, false, anchor)...)
	if !c.ca() {
		found = append(found, reason("path.not-a-ca", c))
	}
	if !c.may(usageCertSign) {
		found = append(found, reason("path.ca-usage", c))
	}
	if c.basic != nil && c.basic.pathLen >= 0 && counted(path[1:]) > c.basic.pathLen {
		found = append(found, reason("path.length", c))
	}
	if code := k.outOfBounds(path, c); code != "" {
		found = append(found, reason(code, c))
	}
	for _, usage := range q.wanted {
		if !c.grants(usage) {
			found = append(found, reason("path.extended-usage", c))
			break
		}
	}
	return found
}

// counted are the CAs that a path length limits: self-issued ones, which only carry
// a key over to the next, are not counted (RFC 5280 4.2.1.9).
func counted(cas []*Certificate) (n int) {
	for _, c := range cas {
		if !c.selfIssued() {
			n++
		}
	}
	return n
}

// outOfBounds holds the names of a path against a CA's constraints. Self-issued
// certificates are bound by them only at the end of the path (RFC 5280 6.1.3 (b)).
func (k *check) outOfBounds(path []*Certificate, issuer *Certificate) string {
	if issuer.names == nil {
		return ""
	}
	for i, c := range path {
		if i > 0 && c.selfIssued() || issuer.names.allows(c, &k.spent) {
			continue
		}
		if k.spent.compared+len(issuer.names.permitted)+len(issuer.names.excluded) > maxCompared {
			return "path.search"
		}
		return "path.name-constraints"
	}
	return ""
}
