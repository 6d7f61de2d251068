package onecert

import (
	"bytes"
	"context"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"time"

	"onecert/pki"
	"onecert/verify"
)

// What fetching may cost where Options do not say.
const (
	defaultTimeout = 10 * time.Second
	defaultMaxList = 32 << 20
	defaultKeep    = 5 * time.Minute
	maxAnswer      = 1 << 20
	maxKept        = 64 // lists
	maxRedirects   = 3
)

// source fetches over HTTP; it implements verify.Source. Addresses are those that a
// trusted CA has written into certificates; only http and https are followed, since
// what comes is signed (RFC 5280 8).
type source struct {
	client        *http.Client
	timeout, keep time.Duration
	maxList       int64
	now           func() time.Time

	mutex sync.Mutex
	kept  map[string]keptList
}

type keptList struct {
	list  *verify.CRL
	until time.Time
}

// NewSource returns the fetcher alone, for those who put their questions to package
// verify themselves; of the options it takes those about fetching.
func NewSource(o Options) verify.Source { return newSource(o) }

func newSource(o Options) *source {
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &source{client: o.HTTP, timeout: o.Timeout, keep: o.KeepLists, maxList: o.MaxList, now: o.Now, kept: map[string]keptList{}}
	if s.client == nil {
		s.client = &http.Client{CheckRedirect: followFew}
	}
	if s.timeout == 0 {
		s.timeout = defaultTimeout
	}
	if s.keep == 0 {
		s.keep = defaultKeep
	}
	if s.maxList == 0 {
		s.maxList = defaultMaxList
	}
	return s
}

func followFew(request *http.Request, via []*http.Request) error {
	if len(via) > maxRedirects || !web(request.URL) {
		return http.ErrUseLastResponse
	}
	return nil
}

func web(u *url.URL) bool { return (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" }

// List fetches the list at a distribution point, or gives the one that was fetched a
// moment ago.
func (s *source) List(ctx context.Context, address string) (*verify.CRL, error) {
	if list := s.known(address); list != nil {
		return list, nil
	}
	body, err := s.get(ctx, http.MethodGet, address, nil, s.maxList)
	if err != nil {
		return nil, fmt.Errorf("fetching a revocation list: %w", err)
	}
	if block, _ := pem.Decode(body); block != nil {
		body = block.Bytes
	}
	list, err := verify.ParseCRL(body)
	if err != nil {
		return nil, err
	}
	s.remember(address, list)
	return list, nil
}

func (s *source) known(address string) *verify.CRL {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	kept, ok := s.kept[address]
	if !ok || s.now().After(kept.until) || s.now().After(kept.list.NextUpdate()) {
		delete(s.kept, address)
		return nil
	}
	return kept.list
}

func (s *source) remember(address string, list *verify.CRL) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for other := range s.kept {
		if len(s.kept) < maxKept {
			break
		}
		delete(s.kept, other)
	}
	s.kept[address] = keptList{list, s.now().Add(s.keep)}
}

// Answer puts a request to an OCSP responder (RFC 6960 appendix A).
func (s *source) Answer(ctx context.Context, address string, request []byte) (*verify.Answer, error) {
	body, err := s.get(ctx, http.MethodPost, address, request, maxAnswer)
	if err != nil {
		return nil, fmt.Errorf("asking an OCSP responder: %w", err)
	}
	return verify.ParseAnswer(body)
}

func (s *source) get(ctx context.Context, method, address string, send []byte, limit int64) ([]byte, error) {
	target, err := url.Parse(address)
	if err != nil || !web(target) {
		return nil, pki.Errorf(pki.Invalid, "fetch.address", "the address is not one of the web").To("fetch it by other means and give it with the question")
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(send))
	if err != nil {
		return nil, err
	}
	if send != nil {
		request.Header.Set("Content-Type", "application/ocsp-request")
	}
	response, err := s.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, pki.Errorf(pki.Unavailable, "fetch.status", "the server answers with status %d", response.StatusCode).To("try again later")
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(body)) > limit {
		return nil, pki.Errorf(pki.Invalid, "fetch.size", "the answer is larger than %d octets", limit).To("raise the limit if it is to be trusted")
	}
	return body, nil
}
