package wire

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/audit"
	"onecert/ca"
	"onecert/console"
	"onecert/keys"
	"onecert/officer"
	"onecert/pki"
)

// Through a console's address a browser without a certificate reaches what it reaches at
// the API, and nothing else: what is anybody's, and the operations a one-time code is the
// right to.
func TestConsoleWithoutCertificate(t *testing.T) {
	codes := map[string]string{"ca": "enrol", "kmc": "join", "ra": "join", "gateway": "join"}
	for name, c := range components(t) {
		t.Run(name, func(t *testing.T) {
			before, through := *c, *c
			through.door, through.below = doorOf(t, console.Place{Name: name, Title: name, API: c.api}), "/api/"+name
			reached := []string{}
			for id, place := range described(t, c.api) {
				for n, try := range c.trials[id] {
					status, code := through.call(t, place, try, "")
					wantStatus, wantCode := before.call(t, place, try, "")
					if status != wantStatus || code != wantCode {
						t.Errorf("%s/%d answers %d %s through the console, %d %s at the API", id, n, status, code, wantStatus, wantCode)
					}
					if code != "officer.anonymous" && !slices.Contains(reached, id) {
						reached = append(reached, id)
					}
				}
			}
			if !slices.Contains(reached, codes[name]) {
				t.Errorf("who has a code cannot use it: %q are reached", reached)
			}
			if i := slices.IndexFunc(reached, func(id string) bool { return !c.trials[id][0].open }); i >= 0 {
				t.Errorf("%s is reached without a certificate", reached[i])
			}
		})
	}
}

// doorOf is a console before one place.
func doorOf(t *testing.T, place console.Place) http.Handler {
	t.Helper()
	server, err := ServeConsole(ConsoleParts{Kind: console.Officers, Name: "console", Title: "test", Options: quietly()}, place)
	if err != nil {
		t.Fatal(err)
	}
	return server.Handler
}

// post calls through a console as a page does, and decodes what it answers.
func post(t *testing.T, door http.Handler, path string, body, into any, headers ...string) (status int, code string) {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	request := httptest.NewRequest(http.MethodPost, path, bytes.NewReader(text))
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Sec-Fetch-Site", "same-origin")
	for n := 0; n < len(headers); n += 2 {
		request.Header.Set(headers[n], headers[n+1])
	}
	answer := httptest.NewRecorder()
	door.ServeHTTP(answer, request)
	var problem struct{ Code string }
	if answer.Code >= 300 {
		into = &problem
	}
	if err := json.Unmarshal(answer.Body.Bytes(), into); err != nil {
		t.Fatalf("%d %s: %v", answer.Code, answer.Body, err)
	}
	return answer.Code, problem.Code
}

const enrolHere, joinHere = "/api/ca" + pathEnrolments, "/api/kmc" + pathEnrolments

// A code is worth through the console what it is worth at the API: once, for a while, for
// its place; wrong ones are counted together; no other page can have it used.
func TestCodesThroughTheConsole(t *testing.T) {
	now := time.Now()
	authority, trust := authorityAt(t, func() time.Time { return now })
	door, api := doorOf(t, authority.Place()), http.Handler(authority.API)
	codes, err := FirstCodes(t.Context(), authority.Officers)
	if err != nil {
		t.Fatal(err)
	}
	refused := func(by http.Handler, path, code, want string, headers ...string) {
		t.Helper()
		if _, got := post(t, by, path, ca.Enrolment{Code: code, Request: aRequest(t)}, nil, headers...); got != want {
			t.Fatalf("refused with %q, not %q", got, want)
		}
	}

	refused(door, enrolHere, codes[officer.System], "request.cross-origin", "Sec-Fetch-Site", "cross-site")
	for n := range 10 {
		if n%2 == 0 {
			refused(door, enrolHere, "AAAA-AAAA", "enrolment.unknown")
		} else {
			refused(api, pathEnrolments, "AAAA-AAAA", "enrolment.unknown")
		}
	}
	refused(door, enrolHere, "AAAA-AAAA", "enrolment.busy")
	refused(api, pathEnrolments, "AAAA-AAAA", "enrolment.busy")

	var done ca.Enrolled
	if status, code := post(t, door, enrolHere, ca.Enrolment{Code: codes[officer.System], Request: aRequest(t)}, &done); status != http.StatusOK {
		t.Fatalf("a good code is refused: %d %s", status, code)
	}
	if done.Name != "centre.system" || done.Role != officer.System {
		t.Errorf("enrolled as %s, %s", done.Name, done.Role)
	}
	entries, err := authority.Audit.Search(t.Context(), audit.Query{Act: "officer.enrol"})
	if err != nil || len(entries) != 1 || entries[0].Subject != "centre.system" {
		t.Errorf("the log has %v of the enrolment: %v", entries, err)
	}
	now = now.Add(time.Minute)
	refused(door, enrolHere, codes[officer.System], "enrolment.used")

	centre := centreFor(t, trust)
	theirs, err := FirstCodes(t.Context(), centre.Officers)
	if err != nil {
		t.Fatal(err)
	}
	refused(door, enrolHere, theirs[officer.System], "enrolment.unknown") // of another place
	there := doorOf(t, centre.Place())
	order := JoinOrder{Code: theirs[officer.System], Certificate: done.Issued.Sign.DER}
	if _, code := post(t, there, joinHere, JoinOrder{Code: codes[officer.Audit], Certificate: order.Certificate}, nil); code != "enrolment.unknown" {
		t.Errorf("a code of the CA at the centre: %q", code)
	}
	var joined Joined
	if status, code := post(t, there, joinHere, order, &joined); status != http.StatusOK || joined.Name != "centre.system" {
		t.Errorf("joining: %d %s, %+v", status, code, joined)
	}
	if _, code := post(t, there, joinHere, order, nil); code != "enrolment.used" {
		t.Errorf("joining twice: %q", code)
	}

	now = now.Add(firstCodeLife)
	refused(door, enrolHere, codes[officer.Audit], "enrolment.expired")
}

// The code of a component makes no certificate for a browser: what is issued for it needs
// the component's host. The code stays good for its machine.
func TestCodeOfAComponentInABrowser(t *testing.T) {
	authority, _ := authorityAt(t, time.Now)
	ctx := pki.WithActor(t.Context(), pki.Actor{Name: "centre.security"})
	code, err := authority.Officers.NewCode(ctx, officer.Site, "ra1", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	door := doorOf(t, authority.Place())
	if status, got := post(t, door, enrolHere, ca.Enrolment{Code: code, Request: aRequest(t)}, nil); got != "altname.missing" {
		t.Errorf("a browser's request with a component's code: %d %s", status, got)
	}
	var done ca.Enrolled
	if status, got := post(t, door, enrolHere, ca.Enrolment{Code: code, Request: aRequest(t), AltName: "ra1.gov.example"}, &done); status != http.StatusOK {
		t.Errorf("the code is lost: %d %s", status, got)
	}
}

// authorityAt is a small CA with a clock.
func authorityAt(t *testing.T, now func() time.Time) (p *CAProcess, trust []byte) {
	t.Helper()
	small, trust := smallAuthority(t)
	config := small.config
	small.Close()
	p, err := OpenCA(t.Context(), config, Options{Now: now, Log: quietly().Log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p, trust
}

// centreFor is a key management centre that trusts a CA.
func centreFor(t *testing.T, trust []byte) *KMCProcess {
	t.Helper()
	config, err := InitKMC(NewKMC{Dir: filepath.Join(t.TempDir(), "kmc"), Host: "127.0.0.1", Listen: "127.0.0.1:0", Trust: trust, SealWith: keys.AES256GCM})
	if err != nil {
		t.Fatal(err)
	}
	if err := SetPool(config, nil); err != nil {
		t.Fatal(err)
	}
	centre := openKMC(t, config)
	t.Cleanup(func() { centre.Close() })
	return centre
}

// aRequest is a PKCS#10 of a new key, as a browser makes it.
func aRequest(t *testing.T) []byte {
	t.Helper()
	key, err := pki.GenerateKey(rand.Reader, pki.P256)
	if err != nil {
		t.Fatal(err)
	}
	name, err := pki.Name{{Type: "CN", Value: "enrolment"}}.DER()
	if err != nil {
		t.Fatal(err)
	}
	der, err := smx509.CreateCertificateRequest(rand.Reader, &smx509.CertificateRequest{RawSubject: name}, key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}
