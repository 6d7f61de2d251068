package status_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"onecert/pki"
	"onecert/pkitest"
	"onecert/status"
)

func ask(t *testing.T, l status.LookUp, path string) (code int, m status.Moment, problem string, header http.Header) {
	t.Helper()
	mux := http.NewServeMux()
	l.Register(mux)
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	var p struct{ Code string }
	if w.Code == http.StatusOK {
		if err := json.Unmarshal(w.Body.Bytes(), &m); err != nil {
			t.Fatal(err)
		}
	} else if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
		t.Fatal(err)
	}
	return w.Code, m, p.Code, w.Header()
}

func TestLookUp(t *testing.T) {
	h := open(t, pkitest.SQLite(t))
	s := serial()
	entries := h.must(t, issued(s, start), changed(s, status.Held, start.Add(time.Hour)), changed(s, status.Released, start.Add(2*time.Hour)),
		changed(s, status.Revoked, start.Add(3*time.Hour)))
	now := start.Add(4 * time.Hour)
	l := status.LookUp{Journal: h.Journal, Now: func() time.Time { return now }}
	for at, want := range map[string]struct {
		state  pki.State
		reason string
		entry  int
	}{
		"":                                         {pki.Revoked, "unspecified", 3},
		"?at=2030-01-02T03:30:00Z":                 {pki.Valid, "", 0},
		"?at=2030-01-02T04:30:00Z":                 {pki.Held, "certificateHold", 1},
		"?at=2030-01-02T12:30:00%2B08:00":          {pki.Held, "certificateHold", 1},
		"?at=2030-01-02T05:30:00Z":                 {pki.Valid, "", 2},
		"?at=" + "2030-01-02T06:04:05.006Z":        {pki.Revoked, "unspecified", 3},
		"?at=2030-01-02T07:04:05Z&unknown=ignored": {pki.Revoked, "unspecified", 3},
	} {
		code, m, problem, header := ask(t, l, "/status/sm2/"+string(s)+at)
		if code != http.StatusOK || m.State != want.state || m.Reason != want.reason || m.Entry != entries[want.entry] || m.Serial != s || header.Get("Cache-Control") != "no-store" {
			t.Errorf("%q: %d %s %+v", at, code, problem, m)
		}
	}
	for path, want := range map[string]string{
		"/status/sm2/" + string(s) + "?at=2030-01-02T03:04:04Z": "status.unknown", // before it was issued
		"/status/sm2/" + string(s) + "?at=2030-01-02T09:00:00Z": "state.future",
		"/status/sm2/" + string(s) + "?at=yesterday":            "state.time",
		"/status/rsa/" + string(s):                              "status.unknown",
		"/status/sm2/" + string(serial()):                       "status.unknown",
		"/status/sm2/xyz":                                       "serial.malformed",
		"/status/sm2/" + string(s) + string(s):                  "state.question",
		"/status/s%00m2/" + string(s):                           "state.question",
	} {
		if code, _, problem, _ := ask(t, l, path); code < 400 || problem != want {
			t.Errorf("%s: %d %s, want %s", path, code, problem, want)
		}
	}
	// A copy proves nothing of what it may not have heard of.
	l.Fresh = func() status.Freshness {
		return status.Freshness{AsOf: start.Add(150 * time.Minute), Age: 90 * time.Minute}
	}
	if code, m, _, header := ask(t, l, "/status/sm2/"+string(s)+"?at=2030-01-02T05:30:00Z"); code != http.StatusOK || m.State != pki.Valid || header.Get("Age-Of-Copy") != "5400" {
		t.Errorf("of a copy: %d %+v", code, m)
	}
	if _, _, problem, _ := ask(t, l, "/status/sm2/"+string(s)+"?at=2030-01-02T06:30:00Z"); problem != "state.behind" {
		t.Errorf("beyond the copy's knowledge: %s", problem)
	}
	if code, m, _, _ := ask(t, l, "/status/sm2/"+string(s)); code != http.StatusOK || !m.AsOf.Equal(start.Add(150*time.Minute)) {
		t.Errorf("now, of a copy: %d %+v", code, m)
	}
}

// TestLookUpClockAhead: a revocation counts although the CA's clock is ahead of ours.
func TestLookUpClockAhead(t *testing.T) {
	h := open(t, pkitest.SQLite(t))
	s := serial()
	h.must(t, issued(s, start), changed(s, status.Revoked, start.Add(time.Minute)))
	l := status.LookUp{Journal: h.Journal, Now: func() time.Time { return start.Add(time.Second) }}
	if code, m, _, _ := ask(t, l, "/status/sm2/"+string(s)); code != http.StatusOK || m.State != pki.Revoked {
		t.Errorf("%d %+v", code, m)
	}
}
