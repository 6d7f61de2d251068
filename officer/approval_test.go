package officer

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"onecert/audit"
	"onecert/pki"
)

// join registers a certificate and returns the context of who acts with it.
func (h *house) join(name string, roles ...string) context.Context {
	h.t.Helper()
	o, err := h.Register(machine(h.t.Context()), h.registration(name, roles...))
	if err != nil {
		h.t.Fatal(err)
	}
	return pki.WithActor(h.t.Context(), pki.Actor{Name: name, Roles: roles, Certificate: o.Fingerprint, Address: "192.0.2.7"})
}

func (h *house) mustPropose(ctx context.Context, p Proposal) Approval {
	h.t.Helper()
	a, err := h.Propose(ctx, p, nil)
	if err != nil {
		h.t.Fatal(err)
	}
	return a
}

func (h *house) state(id string) State {
	h.t.Helper()
	a, err := h.approval(h.t.Context(), h.d.Read(), id)
	if err != nil {
		h.t.Fatal(err)
	}
	return a.State
}

// last is the newest entry of the log.
func (h *house) last() audit.Entry {
	h.t.Helper()
	entries, err := h.log.Tail(h.t.Context(), 1)
	if err != nil || len(entries) != 1 {
		h.t.Fatal(err)
	}
	return entries[0]
}

var disclosure = Proposal{Operation: Disclose, Object: "2030-17", Content: `{"number":"2030-17"}`, Summary: "one key", Reason: "court order"}

func nothing(*sql.Tx, Approval) error { return nil }

// refused is want, and the try stands in the log.
func (h *house) refused(err error, kind pki.Kind, code, act string) {
	h.t.Helper()
	want(h.t, err, kind, code)
	if e := h.last(); e.Act != act || e.Result != audit.Refused || e.Detail["code"] != code || e.Address != "192.0.2.7" {
		h.t.Errorf("recorded as %+v", e)
	}
}

func TestApprovedActIsDoneOnce(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		one, two, three := h.join("c.one", Custodian), h.join("c.two", Custodian), h.join("c.three", Custodian)
		a := h.mustPropose(one, disclosure)
		if again := h.mustPropose(one, disclosure); again.ID != a.ID || !a.Expires.Equal(h.at().Add(7*day)) || len(a.ID) != 20 {
			t.Errorf("%+v, again %s", a, again.ID)
		}
		h.refused(h.Carry(one, a.ID, disclosure, nothing), pki.Conflict, "approval.pending", "approval.use")
		for n, who := range []context.Context{two, three} {
			got, err := h.Approve(who, a.ID, a.Digest)
			if err != nil || len(got.Votes) != n+1 || (got.State == Approved) != (n == 1) {
				t.Fatalf("%+v %v", got, err)
			}
		}
		other := disclosure
		other.Content += " "
		h.refused(h.Carry(one, a.ID, other, nothing), pki.Conflict, "approval.content", "approval.use")
		other = disclosure
		other.Object = "2030-18"
		h.refused(h.Carry(one, a.ID, other, nothing), pki.Conflict, "approval.content", "approval.use")
		stop := errors.New("the act failed")
		if err := h.Carry(one, a.ID, disclosure, func(*sql.Tx, Approval) error { return stop }); !errors.Is(err, stop) || h.state(a.ID) != Approved {
			t.Errorf("a failed act: %v, %s", err, h.state(a.ID))
		}
		done := 0
		err := h.Carry(two, a.ID, disclosure, func(_ *sql.Tx, got Approval) error {
			if trail := got.Trail(); trail["approved_by"] != "c.two, c.three" && trail["approved_by"] != "c.three, c.two" || trail["proposed_by"] != "c.one" {
				t.Errorf("trail %v", trail)
			}
			done++
			return nil
		})
		if err != nil || done != 1 || h.state(a.ID) != Used {
			t.Errorf("%v, done %d times", err, done)
		}
		h.refused(h.Carry(two, a.ID, disclosure, nothing), pki.Conflict, "approval.ended", "approval.use")
		if next := h.mustPropose(one, disclosure); next.ID == a.ID {
			t.Error("a used proposal was proposed again under its name")
		}
		got := strings.Join(h.acts()[3:], "|")
		if got != "c.one approval.propose  done|c.one approval.use  refused|c.two approval.approve  done|c.three approval.approve  done|"+
			"c.one approval.use  refused|c.one approval.use  refused|c.two approval.use  done|c.two approval.use  refused|c.one approval.propose  done" {
			t.Errorf("acts %s", got)
		}
	})
}

func TestWhoMayApprove(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		keys := Proposal{Operation: DestroyKeys, Object: "3 keys", Content: "a b c", Reason: "retention is over"}
		one := h.join("c.one", Custodian)
		again := h.join("c.one", Custodian) // another certificate of the same person
		a := h.mustPropose(one, keys)
		const act = "approval.approve"
		h.refused(second(h.Approve(one, a.ID, a.Digest)), pki.Forbidden, "approval.own", act)
		h.refused(second(h.Approve(again, a.ID, a.Digest)), pki.Forbidden, "approval.own", act)
		h.refused(second(h.Approve(h.join("centre.audit", Audit), a.ID, a.Digest)), pki.Forbidden, "approval.role", act)
		h.refused(second(h.Approve(h.join("centre.system", System), a.ID, a.Digest)), pki.Forbidden, "officer.forbidden", "approvals.decide")
		two, other := h.join("c.two", Custodian), h.join("c.two", Custodian)
		h.refused(second(h.Approve(two, a.ID, strings.Repeat("0", 64))), pki.Conflict, "approval.content", act)
		h.refused(second(h.Approve(two, "nosuch", a.Digest)), pki.Unknown, "approval.unknown", act)
		if _, err := h.Approve(two, a.ID, a.Digest); err != nil {
			t.Fatal(err)
		}
		h.refused(second(h.Approve(two, a.ID, a.Digest)), pki.Conflict, "approval.twice", act)
		h.refused(second(h.Approve(other, a.ID, a.Digest)), pki.Conflict, "approval.twice", act)
		h.refused(second(h.Approve(h.join("c.three", Custodian), a.ID, a.Digest)), pki.Conflict, "approval.enough", act)
		stranger := pki.WithActor(t.Context(), pki.Actor{Name: "x.security", Roles: []string{Security}, Certificate: "00", Address: "192.0.2.7"})
		h.refused(second(h.Approve(stranger, a.ID, a.Digest)), pki.Forbidden, "approval.officer", act)
		unproven := pki.WithActor(t.Context(), pki.Actor{Name: "machine", Roles: []string{Security}, Address: "192.0.2.7"})
		h.refused(second(h.Approve(unproven, a.ID, a.Digest)), pki.Forbidden, "approval.officer", act)
		want(t, second(h.Approve(t.Context(), a.ID, a.Digest)), pki.Forbidden, "officer.anonymous")
		if got, err := h.Approve(h.join("centre.security", Security), a.ID, a.Digest); err != nil || got.State != Approved {
			t.Errorf("%s %v", got.State, err)
		}
		want(t, second(h.Propose(unproven, keys, nil)), pki.Forbidden, "officer.forbidden")
		unproven = pki.WithActor(t.Context(), pki.Actor{Name: "machine", Roles: []string{Custodian}})
		want(t, second(h.Propose(unproven, keys, nil)), pki.Forbidden, "approval.officer")
		want(t, second(h.Propose(t.Context(), keys, nil)), pki.Forbidden, "officer.anonymous")
	})
}

func second(_ Approval, err error) error { return err }

func TestProposalsExpire(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		one, two, three := h.join("c.one", Custodian), h.join("c.two", Custodian), h.join("c.three", Custodian)
		a := h.mustPropose(one, disclosure)
		h.pass(7*day - time.Millisecond)
		for _, who := range []context.Context{two, three} {
			if _, err := h.Approve(who, a.ID, a.Digest); err != nil {
				t.Fatal(err)
			}
		}
		h.pass(time.Millisecond) // approved in time, used too late
		if h.state(a.ID) != Expired {
			t.Error(h.state(a.ID))
		}
		h.refused(h.Carry(one, a.ID, disclosure, nothing), pki.Conflict, "approval.expired", "approval.use")
		h.pass(-day) // a clock put back opens nothing
		h.refused(h.Carry(one, a.ID, disclosure, nothing), pki.Conflict, "approval.expired", "approval.use")
		if acts := h.acts(); !slices.Contains(acts, "machine approval.expire  done") {
			t.Errorf("acts %q", acts)
		}
		b := h.mustPropose(one, disclosure)
		if b.ID == a.ID {
			t.Error("an expired proposal is taken for open")
		}
		h.pass(-time.Hour)
		want(t, second(h.Approve(two, b.ID, b.Digest)), pki.Unavailable, "approval.clock")
		h.pass(time.Hour)
		if _, err := h.Approve(two, b.ID, b.Digest); err != nil {
			t.Error(err)
		}
	})
}

func TestRejectedAndWithdrawn(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		one, two := h.join("c.one", Custodian), h.join("c.two", Custodian)
		a := h.mustPropose(one, disclosure)
		h.refused(second(h.Reject(one, a.ID, "no")), pki.Forbidden, "approval.own", "approval.reject")
		h.refused(second(h.Reject(h.join("centre.security", Security), a.ID, "no")), pki.Forbidden, "approval.role", "approval.reject")
		want(t, second(h.Reject(two, a.ID, "")), pki.Invalid, "approval.reason")
		want(t, second(h.Reject(two, a.ID, "a\nb")), pki.Invalid, "approval.reason")
		h.refused(second(h.Withdraw(two, a.ID, "")), pki.Forbidden, "approval.other", "approval.withdraw")
		if _, err := h.Approve(two, a.ID, a.Digest); err != nil {
			t.Fatal(err)
		}
		got, err := h.Reject(two, a.ID, "the order was lifted") // a mind may change
		if err != nil || got.State != Rejected || got.EndedBy != "c.two" || h.last().Detail["reason"] != "the order was lifted" {
			t.Errorf("%+v %v %+v", got, err, h.last())
		}
		h.refused(second(h.Approve(h.join("c.three", Custodian), a.ID, a.Digest)), pki.Conflict, "approval.ended", "approval.approve")
		b := h.mustPropose(one, disclosure)
		if got, err := h.Withdraw(one, b.ID, ""); err != nil || got.State != Withdrawn {
			t.Errorf("%+v %v", got, err)
		}
		h.refused(second(h.Withdraw(one, b.ID, "")), pki.Conflict, "approval.ended", "approval.withdraw")
	})
}

// Consent of somebody whose rights have ended since is none, nor is the proposal.
func TestEndedOfficersDoNotCount(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		one, two, three := h.join("c.one", Custodian), h.join("c.two", Custodian), h.join("c.three", Custodian)
		four := h.join("c.four", Custodian)
		a := h.mustPropose(one, disclosure)
		for _, who := range []context.Context{two, three} {
			if _, err := h.Approve(who, a.ID, a.Digest); err != nil {
				t.Fatal(err)
			}
		}
		end := func(ctx context.Context) {
			actor, _ := pki.ActorFrom(ctx)
			if err := h.End(machine(t.Context()), actor.Certificate); err != nil {
				t.Fatal(err)
			}
		}
		end(two)
		h.refused(h.Carry(one, a.ID, disclosure, nothing), pki.Conflict, "approval.pending", "approval.use")
		if _, err := h.Approve(four, a.ID, a.Digest); err != nil {
			t.Fatal(err)
		}
		h.refused(h.Carry(two, a.ID, disclosure, nothing), pki.Forbidden, "approval.officer", "approval.use")
		end(one)
		h.refused(h.Carry(three, a.ID, disclosure, nothing), pki.Conflict, "approval.pending", "approval.use")
	})
}

func TestDeedIsOneWithTheLastApproval(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		change := Proposal{Operation: ChangeProfiles, Object: "person-sign", Content: "name: person-sign", Reason: "longer life"}
		fail, told := errors.New("it does not fit any more"), 0
		var result error
		h.OnApproved(ChangeProfiles, func(ctx context.Context, tx *sql.Tx, a Approval) (func(), error) {
			if a.Content != change.Content || a.State != Used {
				t.Errorf("%+v", a)
			}
			return func() { told++ }, result
		})
		a := h.mustPropose(h.join("centre.system", System), change)
		boss := h.join("centre.security", Security)
		result = pki.Errorf(pki.Conflict, "profile.wrong", "%v", fail)
		h.refused(second(h.Approve(boss, a.ID, a.Digest)), pki.Conflict, "profile.wrong", "approval.approve")
		if h.state(a.ID) != Pending || told != 0 {
			t.Errorf("%s, told %d times", h.state(a.ID), told)
		}
		result = nil
		if got, err := h.Approve(boss, a.ID, a.Digest); err != nil || got.State != Used || told != 1 {
			t.Errorf("%s %v, told %d times", got.State, err, told)
		}
	})
}

func TestEndingTheLastButOneSecurityAdministrator(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		one, two := h.join("a.security", Security), h.join("b.security", Security)
		three := h.join("c.security", Security)
		spare := h.join("b.security", Security)
		auditor := h.join("centre.audit", Audit)
		print := func(ctx context.Context) string { a, _ := pki.ActorFrom(ctx); return a.Certificate }
		for _, ctx := range []context.Context{three, spare} { // three persons become two; a second certificate is no person
			if err := h.End(one, print(ctx)); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 { // asked again it is the same proposal
			want(t, h.End(one, print(two)), pki.Conflict, "approval.needed")
		}
		list, err := h.Approvals(auditor, ApprovalQuery{Waiting: true})
		if err != nil || len(list) != 1 || list[0].Operation != EndSecurity || list[0].Object != print(two) {
			t.Fatalf("%+v %v", list, err)
		}
		want(t, h.End(two, print(one)), pki.Conflict, "approval.needed") // the other thinks so too
		h.refused(second(h.Approve(two, list[0].ID, list[0].Digest)), pki.Forbidden, "approval.role", "approval.approve")
		if _, err := h.Approve(auditor, list[0].ID, list[0].Digest); err != nil {
			t.Fatal(err)
		}
		all, _ := h.List(t.Context())
		for _, o := range all {
			if o.Fingerprint == print(two) && (o.Active() || o.EndedBy != "centre.audit") {
				t.Errorf("%+v", o)
			}
		}
		list, _ = h.Approvals(auditor, ApprovalQuery{Waiting: true})
		if len(list) != 0 { // b's proposal died with b's rights: it cannot be the last to go
			for _, a := range list {
				got, err := h.Approve(auditor, a.ID, a.Digest)
				if err == nil && got.State == Used {
					t.Errorf("%+v", got)
				}
			}
		}
		want(t, h.End(one, print(one)), pki.Conflict, "officer.last")
	})
}

// Whoever acts at the same time, an act is done once, and never on one consent.
func TestApprovalsAtTheSameTime(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		one := h.join("c.one", Custodian)
		var others []context.Context
		for _, name := range []string{"c.two", "c.three", "c.four", "c.five"} {
			others = append(others, h.join(name, Custodian))
		}
		for round := range 4 {
			p := disclosure
			p.Object = "round-" + string(rune('a'+round))
			a := h.mustPropose(one, p)
			var group sync.WaitGroup
			var mu sync.Mutex
			votes, done := 0, 0
			for _, who := range others {
				group.Go(func() {
					_, err := h.Approve(who, a.ID, a.Digest)
					mu.Lock()
					defer mu.Unlock()
					if err == nil {
						votes++
					} else if pki.CodeOf(err) != "approval.enough" {
						t.Error(err)
					}
				})
			}
			group.Wait()
			for _, who := range others {
				group.Go(func() {
					err := h.Carry(who, a.ID, p, nothing)
					mu.Lock()
					defer mu.Unlock()
					if err == nil {
						done++
					} else if pki.CodeOf(err) != "approval.ended" {
						t.Error(err)
					}
				})
			}
			group.Wait()
			if votes != 2 || done != 1 {
				t.Errorf("%d votes, done %d times", votes, done)
			}
		}
	})
}

// What a proposal is about is stored with it or not at all.
func TestProposingIsOneWithWhatItIsAbout(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		one := h.join("c.one", Custodian)
		stop := errors.New("the case cannot be stored")
		if _, err := h.Propose(one, disclosure, func(*sql.Tx, Approval) error { return stop }); !errors.Is(err, stop) {
			t.Error(err)
		}
		if list, err := h.Approvals(one, ApprovalQuery{}); err != nil || len(list) != 0 || len(h.acts()) != 1 {
			t.Errorf("%+v %v %q", list, err, h.acts())
		}
		h.refused(second(h.Propose(h.join("centre.system", System), disclosure, nil)), pki.Forbidden, "officer.forbidden", "kmc.disclose")
		taken := pki.Errorf(pki.Conflict, "km.case", "it is there")
		h.refused(second(h.Propose(one, disclosure, func(*sql.Tx, Approval) error { return taken })), pki.Conflict, "km.case", "kmc.disclose")
	})
}

func TestBadProposals(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		one := h.join("c.one", Custodian)
		for code, change := range map[string][]func(*Proposal){
			"approval.reason": {func(p *Proposal) { p.Reason = "" }, func(p *Proposal) { p.Reason = "a\x00" }, func(p *Proposal) { p.Object = "" },
				func(p *Proposal) { p.Reason = strings.Repeat("x", maxReason+1) }, func(p *Proposal) { p.Object = strings.Repeat("x", maxObject+1) }},
			"approval.size": {func(p *Proposal) { p.Content = "" }, func(p *Proposal) { p.Content = strings.Repeat("x", maxContent+1) },
				func(p *Proposal) { p.Content = "\xff" }, func(p *Proposal) { p.Summary = "a\x00b" }, func(p *Proposal) { p.Summary = strings.Repeat("x", maxSummary+1) }},
			"internal": {func(p *Proposal) { p.Operation = Recover }, func(p *Proposal) { p.Count = -1 }, func(p *Proposal) { p.Count = maxNeed + 1 }},
		} {
			for _, alter := range change {
				p := disclosure
				alter(&p)
				if _, err := h.Propose(one, p, nil); pki.CodeOf(err) != code {
					t.Errorf("%s: %v", code, err)
				}
			}
		}
		h.Random = bytes.NewReader(nil)
		if _, err := h.Propose(one, disclosure, nil); err == nil {
			t.Error("a proposal was named without randomness")
		}
	})
}
