package ra_test

import (
	"context"
	"slices"
	"testing"

	"onecert/pki"
	"onecert/pkitest"
	"onecert/ra"
)

// both is the context of an officer at ra1 who registers and reviews: one may have both
// roles, only not for the same application.
func (h *house) both() context.Context {
	h.t.Helper()
	const name = "ra1.both"
	if _, err := h.room.SetPost(as("centre.security"), ra.Post{Officer: name, Node: "ra1", Title: "both", Until: h.clock.Now().AddDate(1, 0, 0)}); err != nil && pki.CodeOf(err) != "stale" {
		h.t.Fatal(err)
	}
	return pki.WithActor(context.Background(), pki.Actor{Name: name, Roles: []string{"registrar", "reviewer"}})
}

// TestWhoChangesItDoesNotReviewIt: what another registered and oneself rewrote or handed
// to review is as much one's own.
func TestWhoChangesItDoesNotReviewIt(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		app, both := must[*ra.Application](t), h.both()
		a := app(h.Register(as("lra1.registrar"), person(t, 70, "甲示例")))
		a = app(h.Edit(both, a.ID, ra.EditOf{Version: a.Version, Entry: ra.Entry{Operation: ra.Issue, Fields: map[string]string{"name": "换人"}}}))
		a = app(h.Submit(as("lra1.registrar"), a.ID, ra.Decision{Version: a.Version}))
		_, err := h.Approve(both, a.ID, ra.Decision{Version: a.Version})
		wantCode(t, err, "application.own")
		_, err = h.Reject(both, a.ID, ra.Decision{Version: a.Version, Note: "不合规"})
		wantCode(t, err, "application.own")
		if seen := app(h.Application(both, a.ID)); slices.Contains(seen.Legal, ra.Approve) {
			t.Errorf("told to be legal: %v", seen.Legal)
		}

		listed := must[*ra.Page[*ra.Application]](t)(h.Applications(both, ra.Query{}))
		if len(listed.Items) != 1 || slices.Contains(listed.Items[0].Legal, ra.Approve) || slices.Contains(listed.Items[0].Legal, ra.Reject) {
			t.Errorf("the list says of one's own work: %+v", listed.Items)
		}

		handed := app(h.Register(as("lra1.registrar"), person(t, 71, "乙示例")))
		handed = app(h.Submit(both, handed.ID, ra.Decision{Version: handed.Version}))
		_, err = h.Approve(both, handed.ID, ra.Decision{Version: handed.Version})
		wantCode(t, err, "application.own")

		others := h.submitted("lra1.registrar", person(t, 72, "丙示例"))
		if seen := app(h.Application(both, others.ID)); !slices.Contains(seen.Legal, ra.Approve) {
			t.Errorf("told to be legal of another's: %v", seen.Legal)
		}
		app(h.Approve(both, others.ID, ra.Decision{Version: others.Version}))
	})
}

// TestRuleOfWhoChangedIt: nor does a rule of one's own review it.
func TestRuleOfWhoChangedIt(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		app := must[*ra.Application](t)
		h.aRule(h.usualRule(), true)
		setter := pki.WithActor(context.Background(), pki.Actor{Name: "ra1.security", Roles: []string{"security", "registrar"}})
		a := app(h.Register(as("lra1.registrar"), person(t, 73, "甲示例")))
		a = app(h.Edit(setter, a.ID, ra.EditOf{Version: a.Version, Entry: ra.Entry{Operation: ra.Issue, Fields: map[string]string{"name": "换人"}}}))
		if a = app(h.Submit(as("lra1.registrar"), a.ID, ra.Decision{Version: a.Version})); a.State != ra.Submitted {
			t.Errorf("%s by the rule of who changed it", a.State)
		}
	})
}

// TestWhoUploadedTheSheetDoesNotReviewIt: nor what somebody else confirmed.
func TestWhoUploadedTheSheetDoesNotReviewIt(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		h.makesKeys()
		both, batch := h.both(), must[*ra.Batch](t)
		b := batch(h.batches().UploadBatch(both, serverKeys, peopleSheet(t, 1, nil)))
		batch(h.batches().ConfirmBatch(as("ra1.registrar"), b.ID, ra.Confirmation{Version: b.Version}))
		h.work()
		page := must[*ra.Page[*ra.Application]](t)(h.Applications(both, ra.Query{Batch: b.ID, States: ra.AllStates()}))
		if len(page.Items) != 1 || page.Items[0].State != ra.Submitted {
			t.Fatalf("%+v", page.Items)
		}
		_, err := h.Approve(both, page.Items[0].ID, ra.Decision{Version: page.Items[0].Version})
		wantCode(t, err, "application.own")
	})
}

// TestEditsAreBounded: a history that no link would take is not written.
func TestEditsAreBounded(t *testing.T) {
	h := newHouse(t, pkitest.SQLite(t), nil)
	app, counter := must[*ra.Application](t), as("lra1.registrar")
	a := app(h.Register(counter, person(t, 74, "甲示例")))
	for {
		edited, err := h.Edit(counter, a.ID, ra.EditOf{Version: a.Version, Entry: ra.Entry{Operation: ra.Issue}})
		if err != nil {
			wantCode(t, err, "application.long")
			break
		}
		if a = edited; a.Version > 900 {
			t.Fatalf("%d versions", a.Version)
		}
	}
	app(h.Submit(counter, a.ID, ra.Decision{Version: a.Version}))
}

// TestHistoryNamesWhatWasChanged: and tells no value.
func TestHistoryNamesWhatWasChanged(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		counter := as("lra1.registrar")
		a := must[*ra.Application](t)(h.Register(counter, person(t, 75, "甲示例")))
		a = must[*ra.Application](t)(h.Edit(counter, a.ID, ra.EditOf{Version: a.Version, Entry: ra.Entry{Operation: ra.Issue, Request: newRequest(t),
			Fields: map[string]string{"name": "换人", "phone": "13800000000", "unit": a.Fields["unit"]}}}))
		must[*ra.Application](t)(h.Edit(counter, a.ID, ra.EditOf{Version: a.Version, Entry: ra.Entry{Operation: ra.Issue}}))
		all := must[[]ra.Moment](t)(h.History(counter, a.ID))
		if len(all) != 3 || all[1].Note != "changed name, phone, request" || all[2].Note != "changed nothing" {
			t.Errorf("%+v", all)
		}
	})
}
