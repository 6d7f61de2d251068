package verify

import (
	"context"
	"io"
)

// Source fetches what a certificate names. Its errors make the status unknown, and so
// the verdict bad. It owns its limits: time, octets, which addresses it goes to.
type Source interface {
	// List fetches the list at a distribution point.
	List(ctx context.Context, url string) (*CRL, error)
	// Answer puts an OCSP request, DER, to a responder.
	Answer(ctx context.Context, url string, request []byte) (*Answer, error)
}

// fetchAnswers asks the responders of a certificate until one answers.
func (k *check) fetchAnswers(c, issuer *Certificate) {
	for _, url := range c.ocsp {
		if k.fetched[url+"\x00"+string(c.id[:])] || !k.spent.fetch() {
			continue
		}
		k.fetched[url+"\x00"+string(c.id[:])] = true
		nonce, err := k.nonce()
		if err != nil {
			return
		}
		answer, err := k.r.Source.Answer(k.ctx, url, BuildOCSPRequest(c, issuer, nonce))
		// An old answer played back has another nonce; made ahead it has none.
		if err == nil && answer != nil && (answer.nonce == nil || string(answer.nonce) == string(nonce)) {
			k.answers = append(k.answers, answer)
			return
		}
	}
}

func (k *check) nonce() ([]byte, error) {
	if k.r.Random == nil {
		return nil, nil
	}
	nonce := make([]byte, 32) // RFC 9654 2.1
	_, err := io.ReadFull(k.r.Random, nonce)
	return nonce, err
}

// fetchLists fetches one list of every distribution point, and their changes.
func (k *check) fetchLists(c, _ *Certificate) {
	for _, points := range [][]point{c.points, c.freshest} {
		for _, p := range points {
			k.fetchList(places([]point{p}))
		}
	}
}

func (k *check) fetchList(urls []string) {
	for _, url := range urls {
		if k.fetched[url] {
			return
		}
		if !k.spent.fetch() {
			return
		}
		k.fetched[url] = true
		if list, err := k.r.Source.List(k.ctx, url); err == nil && list != nil {
			k.lists = append(k.lists, list)
			return
		}
	}
}
