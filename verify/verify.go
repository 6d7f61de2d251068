package verify

import (
	"context"
	"io"
	"time"

	"onecert/pki"
)

// Revocation says whether revocation is looked at. The zero value demands evidence.
type Revocation int

// RequireStatus: of every certificate but the anchor a list or an OCSP answer must
// say that it is good. Unchecked: the caller has said in so many words that
// revocation does not matter.
const (
	RequireStatus Revocation = iota
	Unchecked
)

// Request is one question. Certificate, Roots, Purpose and At must be there; the zero
// value of everything else is the careful choice.
type Request struct {
	Certificate   *Certificate
	Intermediates []*Certificate
	Roots         []*Certificate // trust anchors; nothing else is trusted
	At            time.Time      // the moment the verdict is about; zero is refused

	Purpose     Purpose
	ExtKeyUsage []pki.OID // further extended key usages that must hold along the path
	Names       Names     // names the certificate must have
	Policies    Policies
	Profile     Profile // "" is Path
	Depth       int     // CAs between certificate and anchor at most; 0 for our own limit, negative for none

	Revocation Revocation
	Lists      []*CRL    // complete, delta and indirect lists, in any order
	Answers    []*Answer // OCSP answers
	Source     Source    // where more is fetched from; nil for nowhere
	Random     io.Reader // for the nonces of OCSP requests; nil for requests without
	// Skew is how far the clocks of lists and answers may be ahead of At.
	Skew time.Duration
}

// Verdict is the answer. Good is true only when there are no reasons against it.
type Verdict struct {
	Good bool
	// Reasons are everything wrong with the best path found, or why there is none.
	Reasons []Reason
	// Chain is that path, the certificate first and its anchor last; without a path
	// to an anchor, as far as it went.
	Chain []*Certificate
	// RevocationChecked is false where the request said Unchecked.
	RevocationChecked bool
	// Evidence is which lists and answers spoke about which certificate.
	Evidence []Evidence
	// Policies are those the certificate is valid for, of the acceptable ones.
	Policies []pki.OID
	// Signatures is how many were checked; it has a limit.
	Signatures int
}

// Check answers the question. It never returns a good verdict on incomplete input.
func Check(ctx context.Context, r Request) Verdict {
	if reason, wrong := r.incomplete(); wrong {
		return Verdict{Reasons: []Reason{reason}}
	}
	k := newCheck(ctx, &r)
	v := k.verdict()
	v.Signatures = k.spent.signatures
	return v
}

// incomplete refuses questions that cannot be answered.
func (r *Request) incomplete() (Reason, bool) {
	switch {
	case r.Certificate == nil || len(r.Certificate.Raw) == 0:
		return reason("request.certificate", nil), true
	case !r.Purpose.known():
		return reason("request.purpose", nil), true
	case r.Profile != "" && r.Profile != Path && !r.Profile.strict():
		return reason("request.profile", nil), true
	case r.At.IsZero():
		return reason("request.time", nil), true
	case !r.Names.understood():
		return reason("request.names", nil), true
	case len(r.Roots) == 0:
		return reason("trust.none", nil), true
	case len(r.Roots) > maxCertificates || len(r.Intermediates) > maxCertificates ||
		len(r.Lists)+len(r.Answers) > maxLists || len(r.Names.DNS)+len(r.Names.IP)+len(r.Names.Email) > maxNames:
		return reason("request.size", nil), true
	}
	return Reason{}, false
}

// depth is how many CAs may stand between the certificate and its anchor.
func (r *Request) depth() int {
	switch {
	case r.Depth < 0:
		return 0
	case r.Depth == 0 || r.Depth > MaxDepth:
		return MaxDepth
	}
	return r.Depth
}
