package onecert_test

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"

	onecert "onecert/sdk/go"
)

// ask verifies and returns the codes of the reasons, "" for good.
func ask(t *testing.T, v *onecert.Verifier, q onecert.Question) (onecert.Verdict, string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	verdict, err := v.Verify(ctx, q)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, r := range verdict.Reasons {
		all = append(all, r.Code)
	}
	if verdict.Good != (len(all) == 0) {
		t.Errorf("good %v with reasons %v", verdict.Good, all)
	}
	return verdict, codes(all)
}

func verifier(t *testing.T, s *site, change func(*onecert.Options)) *onecert.Verifier {
	t.Helper()
	o := onecert.Options{Trust: certificate(s.ca), Timeout: time.Second}
	if change != nil {
		change(&o)
	}
	v, err := onecert.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestVerify(t *testing.T) {
	s := newSite(t)
	list, responder := s.server.URL+"/list", s.server.URL+"/ocsp"
	for _, c := range []struct {
		what             string
		lists, responder []string
		status           int
		revoked          bool
		want             string
	}{
		{"OCSP says good", []string{list}, []string{responder}, ocsp.Good, false, ""},
		{"OCSP says revoked", []string{list}, []string{responder}, ocsp.Revoked, false, "revocation.revoked"},
		{"OCSP does not know, the list does", []string{list}, []string{responder}, ocsp.Unknown, false, ""},
		{"only a list", []string{list}, nil, ocsp.Good, false, ""},
		{"a list that has it", []string{list}, nil, ocsp.Good, true, "revocation.revoked"},
		{"a list that has moved", []string{s.server.URL + "/moved"}, nil, ocsp.Good, false, ""},
		{"a list that has moved to a file", []string{s.server.URL + "/file"}, nil, ocsp.Good, false, "crl.missing"},
		{"the second address", []string{s.server.URL + "/none", list}, nil, ocsp.Good, false, ""},
		{"no address", nil, nil, ocsp.Good, false, "crl.missing"},
		{"not of the web", []string{"ldap://127.0.0.1/cn=a", "file:///etc/hostname"}, []string{"ftp://127.0.0.1/"}, ocsp.Good, false, "crl.missing"},
	} {
		s.status.Store(int64(c.status))
		s.revoked.Store(c.revoked)
		v := verifier(t, s, nil)
		if _, got := ask(t, v, onecert.Question{Certificate: s.leaf(c.lists, c.responder), Purpose: onecert.Sign}); got != c.want {
			t.Errorf("%s: %q, want %q", c.what, got, c.want)
		}
	}
}

// Lists are kept for a while, answers are not.
func TestKept(t *testing.T) {
	s := newSite(t)
	now := time.Now()
	v := verifier(t, s, func(o *onecert.Options) { o.Now = func() time.Time { return now } })
	leaf := s.leaf([]string{s.server.URL + "/list"}, nil)
	for range 3 {
		if _, got := ask(t, v, onecert.Question{Certificate: leaf}); got != "" {
			t.Fatal(got)
		}
	}
	if s.lists.Load() != 1 {
		t.Errorf("the list was fetched %d times", s.lists.Load())
	}
	s.revoked.Store(true)
	now = now.Add(6 * time.Minute)
	if _, got := ask(t, v, onecert.Question{Certificate: leaf}); got != "revocation.revoked" {
		t.Errorf("an old list is still believed: %q", got)
	}
}

// A server that misbehaves makes the status unknown, in bounded time and memory.
func TestBadServers(t *testing.T) {
	for name, broken := range map[string]http.HandlerFunc{
		"slow": slow, "huge": huge,
		"error":   func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusInternalServerError) },
		"nothing": func(http.ResponseWriter, *http.Request) {},
		"garbage": func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("0\x82garbage")) },
		"circle":  func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path, http.StatusFound) },
	} {
		s := newSite(t)
		s.break_(broken)
		v := verifier(t, s, func(o *onecert.Options) { o.MaxList = 1 << 20 })
		begin := time.Now()
		if _, got := ask(t, v, onecert.Question{Certificate: s.leaf([]string{s.server.URL + "/list"}, []string{s.server.URL + "/ocsp"})}); got != "crl.missing" {
			t.Errorf("%s: %q", name, got)
		}
		if took := time.Since(begin); took > time.Minute {
			t.Errorf("%s: took %v", name, took)
		}
	}
}

func TestAtHand(t *testing.T) {
	s := newSite(t)
	leaf := s.leaf([]string{s.server.URL + "/list"}, []string{s.server.URL + "/ocsp"})
	v := verifier(t, s, func(o *onecert.Options) { o.Offline = true })
	if _, got := ask(t, v, onecert.Question{Certificate: leaf}); got != "crl.missing" {
		t.Errorf("offline without anything: %q", got)
	}
	if _, got := ask(t, v, onecert.Question{Certificate: leaf, Answers: [][]byte{s.answer()}}); got != "" {
		t.Errorf("a stapled answer: %q", got)
	}
	if _, got := ask(t, v, onecert.Question{Certificate: leaf, Lists: [][]byte{s.list()}}); got != "" {
		t.Errorf("a list at hand: %q", got)
	}
	if s.lists.Load()+s.questions.Load() != 0 {
		t.Error("something was fetched")
	}
	v = verifier(t, s, func(o *onecert.Options) { o.Unchecked = true })
	if verdict, got := ask(t, v, onecert.Question{Certificate: leaf}); got != "" || verdict.RevocationChecked {
		t.Errorf("unchecked: %q %v", got, verdict.RevocationChecked)
	}
	if _, got := ask(t, v, onecert.Question{Certificate: leaf, Names: onecert.Names{DNS: []string{"app.demo.example"}}}); got != "" {
		t.Errorf("its name: %q", got)
	}
	if _, got := ask(t, v, onecert.Question{Certificate: leaf, Names: onecert.Names{DNS: []string{"other.demo.example"}}}); got != "name.dns" {
		t.Errorf("another name: %q", got)
	}
	if _, got := ask(t, v, onecert.Question{Certificate: leaf, At: time.Now().AddDate(1, 0, 0)}); got != "path.expired path.expired" {
		t.Errorf("in a year: %q", got)
	}
	if _, got := ask(t, v, onecert.Question{}); got != "request.certificate" {
		t.Errorf("nothing: %q", got)
	}
}

func TestNew(t *testing.T) {
	s := newSite(t)
	dir := t.TempDir()
	put := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for what, o := range map[string]onecert.Options{
		"no anchor": {}, "no such file": {TrustFile: filepath.Join(dir, "none")}, "no certificate": {TrustFile: put("text", []byte("text"))},
		"broken chain": {Trust: certificate(s.ca), Chain: []byte("0\x03abc")}, "broken": {Trust: []byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")},
	} {
		if _, err := onecert.New(o); err == nil {
			t.Errorf("%s is taken", what)
		}
	}
	for what, o := range map[string]onecert.Options{
		"PEM file": {TrustFile: put("pem", certificate(s.ca))}, "DER file": {TrustFile: put("der", s.ca.Raw)}, "octets": {Trust: s.ca.Raw},
	} {
		if _, err := onecert.New(o); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
}
