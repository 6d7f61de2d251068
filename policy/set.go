package policy

import "onecert/pki"

// Set is Rules made ready for deciding. It does not change; any number of goroutines
// may ask it.
type Set struct{}

// Compile checks rules and makes them ready. The error names each fault with its rule
// and field, and what to do.
func Compile(rules *Rules) (*Set, error) {
	return nil, pki.Errorf(pki.NotImplemented, "policy.not-built", "rules cannot be compiled yet")
}

// Decide answers a request. A nil Set denies everything.
func (s *Set) Decide(r *Request) Decision { return Decision{Reason: ReasonNoRules} }
