package forward

import (
	"fmt"
	"io"
	"net/http"
	"testing"
)

func TestPlainAnswer(t *testing.T) {
	back := site(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Path", r.RequestURI)
		fmt.Fprintf(w, "%s %s %s", r.Method, r.Host, r.Header.Get("X-Forwarded-For"))
	})
	d := newDoor(t, Config{Host: "app.example"}, back.URL+"/base")
	for range 3 {
		answer, body, err := get(t, d.Client(), d.URL+"/a%2Fb/%E4%B8%AD?x=1;y=%00&z")
		if err != nil || body != "GET app.example 127.0.0.1" || answer.Header.Get("X-Path") != "/base/a%2Fb/%E4%B8%AD?x=1;y=%00&z" {
			t.Fatalf("%v %q %q", err, body, answer.Header)
		}
	}
	h := d.pool.Health()
	if len(h) != 1 || !h[0].Up || h[0].Requests != 3 || h[0].Idle != 1 || h[0].Active != 0 {
		t.Errorf("%+v", h)
	}
}

func TestUploadSizes(t *testing.T) {
	back := site(t, func(w http.ResponseWriter, r *http.Request) {
		n, err := io.Copy(io.Discard, r.Body)
		fmt.Fprint(w, n, err, r.ContentLength, len(r.TransferEncoding))
	})
	d := newDoor(t, Config{}, back.URL)
	for _, n := range []int64{0, 1, 4096, smallBody, smallBody + 1, 1 << 20, 20 << 20} {
		for _, chunked := range []bool{false, true} {
			request, _ := http.NewRequest("POST", d.URL, io.LimitReader(endless{}, n))
			want := fmt.Sprint(n, nil, n, 0)
			if request.ContentLength = n; chunked {
				request.ContentLength = -1
				want = fmt.Sprint(n, nil, -1, 1)
			}
			answer, err := d.Client().Do(request)
			if err != nil {
				t.Fatal(n, chunked, err)
			}
			body, _ := io.ReadAll(answer.Body)
			answer.Body.Close()
			if string(body) != want && n > 0 {
				t.Errorf("%d %v: %q, want %q; %s %q %+v", n, chunked, body, want, answer.Status, answer.Header, d.results[len(d.results)-1])
			}
		}
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }
