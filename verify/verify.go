package verify

import (
	"time"

	"github.com/emmansun/gmsm/smx509"
)

// Revocation says whether revocation is looked at. The zero value demands lists.
type Revocation int

// RequireLists: every certificate but the anchor needs a list that covers it.
// Unchecked: the caller has said in so many words that revocation does not matter.
const (
	RequireLists Revocation = iota
	Unchecked
)

// Request is one question.
type Request struct {
	Certificate   *smx509.Certificate
	Intermediates []*smx509.Certificate
	Roots         []*smx509.Certificate // trust anchors; nothing else is trusted
	Purpose       Purpose
	At            time.Time // the moment the verdict is about; zero is refused
	Revocation    Revocation
	Lists         []*CRL // complete and delta CRLs, in any order
}

// Verdict is the answer. Good is true only when there are no reasons against it.
type Verdict struct {
	Good bool
	// Reasons are everything wrong with the best path found, or why there is none.
	Reasons []Reason
	// Chain is that path, the certificate first and its anchor last; without a path
	// to an anchor, as far as it went.
	Chain []*smx509.Certificate
	// RevocationChecked is false where the request said Unchecked.
	RevocationChecked bool
}

// Limits on what one question may cost.
const (
	maxCertificates = 1000 // intermediates, and roots
	maxLists        = 1000
	maxDepth        = 10  // certificates in a path
	maxSignatures   = 100 // checked while looking for paths
	maxPaths        = 8   // judged
)

// Check answers the question. It never returns a good verdict on incomplete input.
func Check(r Request) Verdict {
	if reason, wrong := r.incomplete(); wrong {
		return Verdict{Reasons: []Reason{reason}}
	}
	search := newSearch(r)
	paths, reasons := search.run(r.Certificate)
	if len(paths) == 0 {
		return Verdict{Reasons: reasons, Chain: search.longest}
	}
	var best Verdict
	for i, path := range paths {
		verdict := r.judge(path)
		if verdict.Good {
			return verdict
		}
		if i == 0 || len(verdict.Reasons) < len(best.Reasons) {
			best = verdict
		}
	}
	return best
}

// incomplete refuses questions that cannot be answered.
func (r Request) incomplete() (Reason, bool) {
	switch {
	case r.Certificate == nil || len(r.Certificate.Raw) == 0:
		return reason("request.certificate", nil), true
	case !r.Purpose.known():
		return reason("request.purpose", nil), true
	case r.At.IsZero():
		return reason("request.time", nil), true
	case len(r.Roots) == 0:
		return reason("trust.none", nil), true
	case len(r.Roots) > maxCertificates || len(r.Intermediates) > maxCertificates || len(r.Lists) > maxLists:
		return reason("request.size", nil), true
	}
	return Reason{}, false
}

// judge collects everything wrong with one path.
func (r Request) judge(path []*smx509.Certificate) Verdict {
	reasons := r.validate(path)
	if r.Revocation != Unchecked {
		reasons = append(reasons, r.revocation(path)...)
	}
	return Verdict{Good: len(reasons) == 0, Reasons: reasons, Chain: path, RevocationChecked: r.Revocation != Unchecked}
}
