package pages

import "net/http"

// Check answers with the page that says what the gateway sees of the certificate.
func (p *Pages) Check(w http.ResponseWriter, r *http.Request, seen Seen) {
	s := sheet{
		title: p.labels["check"], what: p.labels["check.good"], good: true, seen: &seen,
		problem: Problem{Code: seen.Code, RequestID: seen.RequestID, At: seen.At, Certificate: seen.Certificate, AgainURL: seen.AgainURL, CheckURL: seen.CheckURL},
	}
	if seen.Certificate == nil && seen.Code == "" {
		seen.Code = NoCertificate
	}
	if seen.Code != "" {
		m, known := p.messages[seen.Code]
		if !known {
			m = p.messages[Malformed]
		}
		s.what, s.do, s.good = join(m.title, m.what), m.do, false
		s.problem.Code = seen.Code
	}
	prepare(w.Header(), Problem{})
	if wantsHTML(r) {
		p.answerHTML(w, r, http.StatusOK, s)
		return
	}
	writeJSON(w, r, http.StatusOK, "application/json", seenAnswer(seen))
}

// join puts what is wrong and why into one text.
func join(title, what Words) Words {
	return Words{ZH: title.ZH + "。" + what.ZH, EN: title.EN + ". " + what.EN}
}

// seenAnswer is the check for programs.
func seenAnswer(s Seen) any {
	type certificate struct {
		Subject     string   `json:"subject"`
		Issuer      string   `json:"issuer"`
		Serial      string   `json:"serial"`
		NotBefore   string   `json:"not_before"`
		NotAfter    string   `json:"not_after"`
		Usages      []string `json:"usages"`
		Fingerprint string   `json:"fingerprint"`
	}
	of := func(c Certificate) certificate {
		return certificate{c.Subject, c.Issuer, c.Serial, c.NotBefore.UTC().Format("2006-01-02T15:04:05Z"), c.NotAfter.UTC().Format("2006-01-02T15:04:05Z"), append([]string{}, c.Usages...), c.Fingerprint}
	}
	out := struct {
		Good        bool          `json:"good"`
		Code        string        `json:"code,omitempty"`
		Certificate *certificate  `json:"certificate,omitempty"`
		Chain       []certificate `json:"chain"`
		Address     string        `json:"address"`
		Protocol    string        `json:"protocol"`
		Cipher      string        `json:"cipher"`
		RequestID   string        `json:"request_id"`
	}{Good: s.Code == "", Code: s.Code, Chain: []certificate{}, Address: s.Address, Protocol: s.Protocol, Cipher: s.Cipher, RequestID: s.RequestID}
	if s.Certificate != nil {
		c := of(*s.Certificate)
		out.Certificate = &c
	}
	for _, c := range s.Chain {
		out.Chain = append(out.Chain, of(c))
	}
	return out
}
