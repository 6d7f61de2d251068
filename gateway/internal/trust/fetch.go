package trust

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// fetchTime is how long a list may take from the first word to the last octet.
const fetchTime = 5 * time.Minute

// fetched is what a place had. unchanged: nothing new since tag and date.
type fetched struct {
	data      []byte
	unchanged bool
	tag, date string
}

// errTooLong says that a list has more octets than its source may give.
var errTooLong = errors.New("there is more than the source may give (maxBytes)")

// fetch gets what the address has. before is what it had last time.
func (s *sourcePlan) fetch(ctx context.Context, client *http.Client, before fetched) (fetched, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTime)
	defer cancel()
	switch s.url.Scheme {
	case "file":
		return s.fetchFile(before)
	case "ldap", "ldaps":
		data, err := s.fetchEntry(ctx)
		return fetched{data: data}, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url.String(), nil)
	if err != nil {
		return fetched{}, err
	}
	if before.tag != "" {
		request.Header.Set("If-None-Match", before.tag)
	}
	if before.date != "" {
		request.Header.Set("If-Modified-Since", before.date)
	}
	response, err := s.do(client, request)
	if err != nil {
		return fetched{}, err
	}
	defer response.Body.Close()
	switch {
	case response.StatusCode == http.StatusNotModified && (before.tag != "" || before.date != ""):
		return fetched{unchanged: true, tag: before.tag, date: before.date}, nil
	case response.StatusCode != http.StatusOK:
		return fetched{}, fmt.Errorf("the server answers %d", response.StatusCode)
	}
	data, err := readAll(response.Body, response.ContentLength, s.maxBytes)
	return fetched{data: data, tag: response.Header.Get("ETag"), date: response.Header.Get("Last-Modified")}, err
}

// do sends a request with the source's credentials. What its error says of the address
// is taken out: it may hold what belongs in no log.
func (s *sourcePlan) do(client *http.Client, request *http.Request) (*http.Response, error) {
	password, err := s.password()
	if err != nil {
		return nil, err
	}
	if s.row.User != "" {
		request.SetBasicAuth(s.row.User, password)
	}
	response, err := client.Do(request)
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	return response, err
}

func (s *sourcePlan) password() (string, error) {
	if s.row.PasswordFile == "" {
		return "", nil
	}
	text, err := os.ReadFile(s.row.PasswordFile)
	if err != nil {
		return "", errors.New("the file with the password cannot be read")
	}
	return strings.TrimRight(string(text), "\r\n"), nil
}

// client speaks to one source: no proxy of the environment, few redirects, none of them
// from https to http, and only to allowed addresses.
func (s *sourcePlan) client() *http.Client {
	g := guard{s.allow}
	transport := &http.Transport{DialContext: g.dialer().DialContext, TLSClientConfig: &tls.Config{RootCAs: s.roots, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout: 10 * time.Second, ResponseHeaderTimeout: 30 * time.Second, MaxResponseHeaderBytes: 64 << 10,
		MaxIdleConnsPerHost: 4, MaxConnsPerHost: 32, IdleConnTimeout: 90 * time.Second, ForceAttemptHTTP2: true}
	return &http.Client{Transport: transport, CheckRedirect: func(next *http.Request, via []*http.Request) error {
		switch {
		case len(via) >= 3:
			return errors.New("there are more than 3 redirects")
		case next.URL.Scheme != "https" && (next.URL.Scheme != "http" || via[0].URL.Scheme == "https"):
			return errors.New("it redirects to something else than the web, or out of https")
		case next.URL.User != nil:
			return errors.New("it redirects with a password")
		case s.row.User != "" && next.URL.Host != via[0].URL.Host:
			return errors.New("it redirects to another host, which the password is not for")
		}
		return nil
	}}
}

func (s *sourcePlan) fetchFile(before fetched) (fetched, error) {
	f, err := os.Open(s.url.Path)
	if err != nil {
		return fetched{}, errors.New("the file cannot be opened")
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return fetched{}, errors.New("it is not a file")
	}
	date := info.ModTime().UTC().Format(time.RFC3339Nano)
	if date == before.date {
		return fetched{unchanged: true, date: date}, nil
	}
	data, err := readAll(f, info.Size(), s.maxBytes)
	return fetched{data: data, date: date}, err
}

// readAll reads to the end, within a limit. announced saves copying where it is true.
func readAll(r io.Reader, announced, limit int64) ([]byte, error) {
	if announced > limit {
		return nil, errTooLong
	}
	var b bytes.Buffer
	b.Grow(int(min(max(announced, 0), 64<<20)) + bytes.MinRead)
	n, err := b.ReadFrom(io.LimitReader(r, limit+1))
	if n > limit {
		return nil, errTooLong
	}
	return b.Bytes(), err
}
