package serve

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestWatchedItems(t *testing.T) {
	j := &journal{}
	now := &clock{now: time.Now()}
	a := newAPI(t, &object{}, func(c *Config) { c.Log, c.Now = logTo(j), now.Now })
	items := []Item{{Name: "crl.sm2", Level: Fine, Says: "crl.ok", Value: 40, Unit: "seconds", Metric: "crl_age_seconds", Labels: map[string]string{"issuer": "sm2"}}, {Name: "backup", Level: Fine}}
	looked := 0
	a.Watch(func(context.Context) []Item { looked++; return items })
	ready := func() (int, map[string]string) {
		w := httptest.NewRecorder()
		a.ServeHTTP(w, httptest.NewRequest("GET", "/readyz", nil))
		var answer readiness
		if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
			t.Fatal(err)
		}
		return w.Code, answer.Checks
	}
	metrics := func() string {
		w := httptest.NewRecorder()
		a.ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
		return w.Body.String()
	}
	if code, checks := ready(); code != 200 || checks["crl.sm2"] != "ok" || checks["backup"] != "ok" {
		t.Errorf("%d %v", code, checks)
	}
	for _, want := range []string{`onecert_health{item="crl.sm2"} 0`, `onecert_crl_age_seconds{issuer="sm2"} 40`, `onecert_health{item="backup"} 0`} {
		if text := metrics(); !strings.Contains(text, want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
	if looked != 1 {
		t.Errorf("looked %d times within a second", looked)
	}
	// What fails without stopping the work does not take it out of service.
	items[0].Level, items[1].Level = Warning, Failing
	now.add(readyLife)
	if code, checks := ready(); code != 200 || checks["crl.sm2"] != "warning" || checks["backup"] != "failing" || strings.Count(j.String(), "health changed") != 2 {
		t.Errorf("%d %v %s", code, checks, j)
	}
	items[0].Level, items[0].Stops = Failing, true
	now.add(readyLife)
	if code, _ := ready(); code != 503 {
		t.Errorf("%d", code)
	}
	if text := metrics(); !strings.Contains(text, `onecert_health{item="crl.sm2"} 2`) {
		t.Error(text)
	}
}
