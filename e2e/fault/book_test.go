package fault

import (
	"fmt"
	"slices"
	"sync"

	"onecert/ca"
	"onecert/keys"
	"onecert/pki"
)

// book is what clients were told, and what they do not know.
type book struct {
	mu     sync.Mutex
	pairs  []*pair
	number map[string]int64 // the highest of a list, by issuer
	wrong  []string         // refusals that no fault explains, answers that contradict others
	told   int              // acts that were acknowledged
	denied int              // acts that were not
	lists  int
}

func newBook() *book { return &book{number: map[string]int64{}} }

// pair is one order and what became of it. Only the client that owns it acts on it.
type pair struct {
	owner       int
	application string
	issuer      string
	signer      *keys.Key
	ask         func() (*ca.Issued, error) // the order, again and again the same
	told        *ca.Issued                 // nil: no answer came
	states      []pki.State                // those it may be in; one, once that was told
	followed    bool                       // by a renewal, re-issue or modification, perhaps
	escrow      *pair                      // whose encryption pair it has: its own, or its predecessor's
	keptFrom    *pair                      // the one it shares its keys with
	replaces    *pair                      // the one it takes the place of
	revokes     []*pair                    // those that are revoked when this one is issued
}

func (b *book) note(act func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	act()
}

// opened enters an order before it is sent.
func (b *book) opened(p *pair) {
	b.note(func() {
		b.pairs = append(b.pairs, p)
		for _, q := range p.revokes {
			q.mayBe(pki.Revoked)
		}
	})
}

// answered enters the answer to an order; a second one has to be the same.
func (b *book) answered(p *pair, got *ca.Issued) {
	b.note(func() {
		b.told++
		if p.told != nil && !same(p.told, got) {
			b.wrong = append(b.wrong, p.application+": asked again it is another pair")
			return
		}
		if p.told == nil {
			p.states = []pki.State{pki.Valid}
		}
		p.told = got
		for _, q := range p.revokes {
			q.states = []pki.State{pki.Revoked}
		}
	})
}

func same(a, b *ca.Issued) bool {
	if (a.Envelope == nil) != (b.Envelope == nil) || a.Envelope != nil && string(a.Envelope.DER) != string(b.Envelope.DER) {
		return false
	}
	return string(a.Sign.DER) == string(b.Sign.DER) && string(a.Encrypt.DER) == string(b.Encrypt.DER)
}

// refused enters a refusal: only what is not there now may refuse.
func (b *book) refused(what string, err error) {
	b.note(func() {
		b.denied++
		if pki.KindOf(err) != pki.Unavailable {
			b.wrong = append(b.wrong, fmt.Sprintf("%s: %s: %v", what, pki.CodeOf(err), err))
		}
	})
}

func (b *book) contradiction(format string, args ...any) {
	b.note(func() { b.wrong = append(b.wrong, fmt.Sprintf(format, args...)) })
}

// open returns the orders without an answer, of one client or of all (-1).
func (b *book) open(owner int) (all []*pair) {
	b.note(func() {
		for _, p := range b.pairs {
			if p.told == nil && (owner < 0 || p.owner == owner) {
				all = append(all, p)
			}
		}
	})
	return all
}

// inState returns the pairs of a client that are certainly in a state and nobody follows.
func (b *book) inState(owner int, state pki.State) (all []*pair) {
	b.note(func() {
		for _, p := range b.pairs {
			if p.owner == owner && p.told != nil && !p.followed && slices.Equal(p.states, []pki.State{state}) {
				all = append(all, p)
			}
		}
	})
	return all
}

// mayBe notes a state that a pair has from now on, or not.
func (p *pair) mayBe(state pki.State) {
	if p.states[0] != state {
		p.states = append(p.states, state)
	}
}

// sharing is a pair and those whose keys it has.
func (p *pair) sharing() (all []*pair) {
	for ; p != nil; p = p.keptFrom {
		all = append(all, p)
	}
	return all
}

// before is the pair, among those this one came after, whose encryption pair was made
// under a number.
func (p *pair) before(certNo pki.Serial) *pair {
	for q := p.replaces; q != nil; q = q.replaces {
		if q = q.escrow; q.told.Encrypt.Serial == certNo {
			return q
		}
	}
	return nil
}

// listed enters the number of a list just signed, which has to be above those told
// before it was asked for.
func (b *book) listed(issuer string, before int64, lists []ca.CRL) {
	b.note(func() {
		b.told++
		b.lists++
		for _, l := range lists {
			if l.Number <= before {
				b.wrong = append(b.wrong, fmt.Sprintf("a list of %s has number %d after %d was told", issuer, l.Number, before))
			}
			b.number[issuer] = max(b.number[issuer], l.Number)
		}
	})
}

func (b *book) lastNumber(issuer string) (n int64) {
	b.note(func() { n = b.number[issuer] })
	return n
}
