package serve

import (
	"context"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"testing"
	"time"

	"onecert/pki"
)

// Who asks for beats hears them while the handler works, and gets the answer, good or
// bad, that there would have been without; who does not ask hears none.
func TestBeat(t *testing.T) {
	for name, refused := range map[string]error{"an answer": nil, "a refusal": pki.Errorf(pki.Conflict, "thing.late", "too late")} {
		t.Run(name, func(t *testing.T) {
			proceed := make(chan struct{})
			base := start(t, Server{Name: "beats", Handler: slowAPI(t, func(ctx context.Context) error {
				stop := Beat(ctx, 10*time.Millisecond)
				defer stop()
				<-proceed
				return refused
			})})
			for _, asked := range []string{"1", ""} {
				beats, told := 0, false
				tell := func() {
					if !told {
						told = true
						proceed <- struct{}{}
					}
				}
				ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{Got1xxResponse: func(code int, header textproto.MIMEHeader) error {
					if code != http.StatusProcessing || header.Get(HeaderBeat) != "10ms" {
						t.Errorf("an interim answer %d %v", code, header)
					}
					if beats++; beats == 3 {
						tell()
					}
					return nil
				}})
				r, err := http.NewRequestWithContext(ctx, "PUT", base+"/things/1", body7())
				if err != nil {
					t.Fatal(err)
				}
				r.Header.Set("Content-Type", "application/json")
				if asked != "" {
					r.Header.Set(HeaderBeat, asked)
				} else {
					go func() { time.Sleep(100 * time.Millisecond); tell() }()
				}
				response, err := http.DefaultClient.Do(r)
				if err != nil {
					t.Fatal(err)
				}
				response.Body.Close()
				want := map[bool]int{true: 200, false: 409}[refused == nil]
				if response.StatusCode != want || isProblem(response.Header) != (refused != nil) {
					t.Errorf("asked %q: %s %v", asked, response.Status, response.Header)
				}
				if asked != "" && (beats < 3 || response.Header.Get(HeaderBeat) == "") || asked == "" && (beats != 0 || response.Header.Get(HeaderBeat) != "") {
					t.Errorf("asked %q: %d beats, %v", asked, beats, response.Header)
				}
			}
		})
	}
	Beat(t.Context(), time.Millisecond)() // of no request: nothing happens
}
