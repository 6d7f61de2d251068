package serve

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"onecert/pki"
)

func TestCallAnswers(t *testing.T) {
	server := httptest.NewServer(newAPI(t, &object{}, nil))
	defer server.Close()
	c, err := NewClient(server.URL+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	want := thing{Name: "张三", Suite: "sm2", Parts: []part{{[]byte{1, 2}}}, More: map[string]string{"<&>": "\u2028"}}
	got, err := Call[thing, thing](context.Background(), c, "PUT", "/things/1f?limit=3", &want)
	if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %+v, %v", got, err)
	}
}

// A stranger at the address must not pass for a component, nor fill our memory.
func TestStrangeAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		status     int
		kind, text string
		want       pki.Kind
		code       string
	}{
		"page":            {200, "text/html", "<html>", pki.Internal, "remote.answer"},
		"not JSON":        {200, "application/json", "<html>", pki.Internal, "remote.answer"},
		"wrong type":      {200, "application/json", `{"name":7}`, pki.Internal, "remote.answer"},
		"long":            {200, "application/json", `{"name":"` + strings.Repeat("a", 2000) + `"}`, pki.Internal, "remote.answer"},
		"redirect":        {302, "text/html", "", pki.Internal, "remote.answer"},
		"proxy":           {502, "text/html", "<html>", pki.Unavailable, "remote.unreachable"},
		"busy":            {503, "text/plain", "busy", pki.Unavailable, "remote.unreachable"},
		"not ours":        {404, "text/plain", "404", pki.Internal, "remote.answer"},
		"empty problem":   {404, problemType, `{}`, pki.Internal, "remote.answer"},
		"broken problem":  {500, problemType, `{`, pki.Internal, "remote.answer"},
		"unknown kind":    {418, problemType, `{"kind":"teapot","code":"x","title":"y"}`, pki.Internal, "x"},
		"endless problem": {500, problemType, `{"title":"` + strings.Repeat("a", maxProblem), pki.Internal, "remote.answer"},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", c.kind)
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(c.status)
			w.Write([]byte(c.text))
		}))
		cl, _ := NewClient(server.URL, nil)
		cl.Answer = 1000
		_, err := Call[struct{}, thing](context.Background(), cl, "GET", "/", nil)
		if pki.KindOf(err) != c.want || pki.CodeOf(err) != c.code {
			t.Errorf("%s: %s", name, describe(err))
		}
		server.Close()
	}
}

func TestUnreachable(t *testing.T) {
	l, _ := net.Listen("tcp", "127.0.0.1:0")
	base := "http://" + l.Addr().String()
	c, _ := NewClient(base, nil)
	c.Timeout = 50 * time.Millisecond
	_, err := Call[struct{}, thing](context.Background(), c, "GET", "/", nil) // accepts, never answers
	mustKind(t, err, pki.Unavailable, "remote.timeout")
	l.Close()
	_, err = Call[struct{}, thing](context.Background(), c, "GET", "/", nil)
	mustKind(t, err, pki.Unavailable, "remote.unreachable")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", "100")
		w.Write([]byte(`{"name":`))
		panic(http.ErrAbortHandler)
	}))
	defer server.Close()
	c, _ = NewClient(server.URL, nil)
	_, err = Call[struct{}, thing](context.Background(), c, "GET", "/", nil)
	mustKind(t, err, pki.Unavailable, "remote.unreachable")
}

func TestClientAddresses(t *testing.T) {
	for _, base := range []string{"", "ca.example:8443", "ftp://ca.example", "https://", "https://user:pin@ca.example", "://", "/path"} {
		if _, err := NewClient(base, nil); pki.CodeOf(err) != "remote.address" {
			t.Errorf("%q: %v", base, err)
		}
	}
}
