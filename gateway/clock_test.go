package gateway_test

import (
	"net/http"
	"testing"
	"time"

	"onecert/status"
)

// TestClockJumps: while the gateway's clock is wrong by years, nobody is let in whose
// certificate is not good then, on connections that are open either; once it is right
// again everybody is who was before, and who was revoked meanwhile is not.
func TestClockJumps(t *testing.T) {
	const year = 365 * 24 * time.Hour
	h := newHouse(t)
	h.apply(h.document(h.withJournal()...))
	alice, mallory := h.ca.issue("张三", nil), h.ca.issue("李四", nil)
	h.record(alice, status.Issued)
	h.record(mallory, status.Issued)
	open := h.browser(alice)
	look := func(when string, c *http.Client, path, problem string) {
		t.Helper()
		answer, _ := h.get(c, h.url("oa.example.gov", path))
		if v := h.last(path); v.Problem != problem || (answer.StatusCode == http.StatusOK) != (problem == "") {
			t.Errorf("%s: %d, %q instead of %q (%s)", when, answer.StatusCode, v.Problem, problem, v.Detail)
		}
	}
	look("right", open, "/right", "")
	for _, jump := range []struct {
		by            time.Duration
		name, problem string
	}{{10 * year, "ten-years-ahead", "expired"}, {-10 * year, "ten-years-back", "not-yet-valid"}, {-20 * time.Minute, "minutes-back", ""}} {
		h.wrong.Store(int64(jump.by))
		look(jump.name+", connection of before", open, "/open-"+jump.name, jump.problem)
		look(jump.name+", a new one", h.browser(alice), "/new-"+jump.name, jump.problem)
		h.wrong.Store(0)
		look(jump.name+" and right again", h.browser(alice), "/again-"+jump.name, "")
	}
	h.wrong.Store(int64(-year / 2))
	h.record(mallory, status.Revoked)
	h.wrong.Store(0)
	eventually(t, func() bool { // the news may cut the very connection that asks
		answer, err := h.browser(mallory).Get(h.url("oa.example.gov", "/revoked"))
		if err == nil {
			answer.Body.Close()
		}
		return err == nil && answer.StatusCode != http.StatusOK
	})
	look("revoked while the clock was wrong", h.browser(mallory), "/revoked", "revoked")
}
