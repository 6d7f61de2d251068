package officer

import (
	"context"
	"database/sql"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"onecert/pki"
)

// The table of requirements and the table of rights speak of the same people.
func TestRequirementsFitRights(t *testing.T) {
	proposers, deciders := map[string]bool{}, map[string]bool{}
	for op, rule := range requirements {
		if len(rights[op]) == 0 || len(rule.needs) == 0 || rule.life < time.Hour || rule.life > 30*day {
			t.Errorf("%s: %+v", op, rule)
		}
		for _, role := range rights[op] {
			proposers[role] = true
		}
		for _, n := range rule.needs {
			deciders[n.Role] = true
			if n.Count < 1 || n.Count > maxNeed || n.Role == Site {
				t.Errorf("%s: %+v", op, n)
			}
		}
		// Somebody outside the machine's keeping always takes part.
		if rights[op][0] == System && rule.needs[0].Role == System {
			t.Errorf("%s stays among system administrators", op)
		}
		if needs, err := readNeeds(writeNeeds(rule.needs)); err != nil || !slices.Equal(needs, rule.needs) {
			t.Errorf("%s: %v %v", op, needs, err)
		}
	}
	for _, role := range Roles() {
		for op, set := range map[Operation]bool{WithdrawApproval: proposers[role], DecideApproval: deciders[role],
			ReadApprovals: proposers[role] || deciders[role] || role == Audit} {
			if slices.Contains(rights[op], role) != set {
				t.Errorf("%s for %s: %v", op, role, !set)
			}
		}
	}
	for _, text := range []string{"custodian", "custodian:x", "custodian:0", "custodian:99", "root:1", ":1"} {
		if _, err := readNeeds(text); err == nil {
			t.Errorf("%q was read", text)
		}
	}
}

// missing is compared with trying out every way of giving each voter a role.
func TestMissingIsAsLittleAsCanBe(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	roles := []string{Custodian, Security, Audit}
	for range 3000 {
		var needs []Need
		for _, role := range roles {
			if n := random.IntN(3); n > 0 {
				needs = append(needs, Need{role, n})
			}
		}
		voters := make([][]string, random.IntN(5))
		for i := range voters {
			for _, role := range roles {
				if random.IntN(2) == 0 {
					voters[i] = append(voters[i], role)
				}
			}
		}
		want, got := 0, 0
		for _, n := range needs {
			want += n.Count
		}
		want -= bestMatch(needs, voters)
		for _, n := range missing(needs, voters) {
			got += n.Count
		}
		if got != want {
			t.Fatalf("%v by %v: %d missing, %d can be", needs, voters, got, want)
		}
	}
}

// bestMatch tries everything.
func bestMatch(needs []Need, voters [][]string) int {
	if len(voters) == 0 {
		return 0
	}
	best := bestMatch(needs, voters[1:])
	for i, n := range needs {
		if n.Count > 0 && slices.Contains(voters[0], n.Role) {
			less := slices.Clone(needs)
			less[i].Count--
			best = max(best, 1+bestMatch(less, voters[1:]))
		}
	}
	return best
}

// The tables refuse what a hole in the code might let through.
func TestTablesHoldTheRules(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		one := h.join("c.one", Custodian)
		a := h.mustPropose(one, disclosure)
		h.lost = true
		vote := func(proposer, name string) string {
			return "INSERT INTO approval_vote (approval, proposer, name, roles, certificate, at) VALUES ('" + a.ID + "', '" + proposer + "', '" + name + "', 'custodian', '', 0)"
		}
		end := func(state string) string {
			return "INSERT INTO approval_end (approval, state, name, reason, at) VALUES ('" + a.ID + "', '" + state + "', 'x', '', 0)"
		}
		officer := func(name, key, roles string) string {
			return "INSERT INTO officer (fingerprint, name, kind, roles, key_hash, issuer, serial, added_at, added_by) VALUES ('" + name + roles + key +
				"', '" + name + "', 'officer', '" + roles + "', '" + key + "', 'x', '" + name + roles + key + "', 0, 'x')"
		}
		for _, c := range []struct {
			text string
			good bool
		}{
			{vote("c.one", "c.one"), false}, {vote("c.two", "c.one"), false}, // his own, and under another's name
			{vote("c.one", "c.two"), true}, {vote("c.one", "c.two"), false},
			{"UPDATE approval_vote SET name = 'c.three'", false}, {"DELETE FROM approval_vote", false},
			{"UPDATE approval SET content = 'x'", false}, {"UPDATE approval SET needs = 'audit:1'", false}, {"DELETE FROM approval", false},
			{end("agreed"), false}, {end("used"), true}, {end("used"), false}, {end("rejected"), false},
			{"UPDATE approval_end SET state = 'expired'", false}, {"DELETE FROM approval_end", false},
			{officer("zhang", "k1", "system"), true}, {officer("zhang", "k2", "security"), false}, {officer("zhang", "k2", "issuer audit"), false},
			{officer("zhang", "k2", "system issuer"), true}, {officer("li", "k1", "issuer"), false}, {officer("li", "k3", "audit"), true},
			{"UPDATE officer SET roles = 'audit' WHERE name = 'zhang'", false}, {"UPDATE officer SET name = 'li' WHERE name = 'zhang'", false},
			{"DELETE FROM officer", false}, {"UPDATE officer SET ended_at = 1 WHERE name = 'zhang'", true},
			{"UPDATE officer SET ended_at = NULL WHERE name = 'zhang'", false}, {officer("zhang", "k2", "audit"), true},
		} {
			err := h.d.Tx(t.Context(), func(tx *sql.Tx) error {
				_, err := tx.ExecContext(t.Context(), c.text)
				return err
			})
			if (err == nil) != c.good {
				t.Errorf("%s: %v", c.text, err)
			}
		}
	})
}

func TestListsShowWhatConcerns(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		people := map[string]context.Context{}
		for _, role := range []string{System, Security, Audit, Custodian} {
			people[role] = h.join("centre."+role, role)
		}
		other := h.join("c.two", Custodian)
		var ids []string
		for _, p := range []Proposal{disclosure, {Operation: DestroyKeys, Object: "k", Content: "k", Summary: "s", Reason: "r"}} {
			ids = append(ids, h.mustPropose(people[Custodian], p).ID)
			h.pass(time.Second)
		}
		ids = append(ids, h.mustPropose(people[System], Proposal{Operation: ChangeProfiles, Object: "p", Content: "p", Reason: "r"}).ID)
		listed := func(ctx context.Context, q ApprovalQuery) (got string) {
			all, err := h.Approvals(ctx, q)
			if err != nil {
				t.Error(err)
			}
			for _, a := range all {
				if a.Content != "" || a.Summary != "" || a.Votes == nil {
					t.Errorf("%+v", a)
				}
				got += string(rune('0' + slices.Index(ids, a.ID)))
			}
			return got
		}
		for role, want := range map[string][2]string{System: {"2", ""}, Security: {"21", "21"}, Audit: {"210", ""}, Custodian: {"10", ""}} {
			if got := listed(people[role], ApprovalQuery{}); got != want[0] {
				t.Errorf("%s sees %q", role, got)
			}
			if got := listed(people[role], ApprovalQuery{Waiting: true}); got != want[1] {
				t.Errorf("%q wait for %s", got, role)
			}
		}
		if got := listed(other, ApprovalQuery{Waiting: true}); got != "10" {
			t.Errorf("%q wait for the other custodian", got)
		}
		if got := listed(people[Audit], ApprovalQuery{Limit: 2}) + listed(people[Audit], ApprovalQuery{Limit: 2, Before: ids[1]}); got != "210" {
			t.Errorf("pages %q", got)
		}
		h.refused(second(h.Approval(people[System], ids[0])), pki.Forbidden, "approval.others", "approvals.read")
		if a, err := h.Approval(other, ids[0]); err != nil || a.Content != disclosure.Content || a.Summary != disclosure.Summary {
			t.Errorf("%+v %v", a, err)
		}
		want(t, second(h.Approval(other, "x")), pki.Unknown, "approval.unknown")
		h.pass(7 * day)
		if open, all := listed(people[Audit], ApprovalQuery{}), listed(people[Audit], ApprovalQuery{Ended: true}); open != "" || all != "210" {
			t.Errorf("a week later %q are open of %q", open, all)
		}
		for _, q := range []ApprovalQuery{{Limit: -1}, {Limit: mostApprovals + 1}} {
			_, err := h.Approvals(people[Audit], q)
			want(t, err, pki.Invalid, "approval.limit")
		}
		_, err := h.Approvals(h.join("centre.issuer", Issuer), ApprovalQuery{})
		want(t, err, pki.Forbidden, "officer.forbidden")
		if !strings.HasPrefix(h.last().Act, "approvals.read") {
			t.Error(h.last())
		}
	})
}

// What a broken program or a hand in the database would leave is found.
func TestApprovalInvariantsAreFound(t *testing.T) {
	for name, c := range map[string]struct{ statement, want string }{
		"a consent nobody gave": {"INSERT INTO approval_vote (approval, proposer, name, roles, certificate, at) SELECT id, proposed_by, 'c.nine', 'custodian', '', proposed_at FROM approval", "the consent of c.nine"},
		"used by nobody":        {"INSERT INTO approval_end (approval, state, name, reason, at) SELECT id, 'used', 'c.one', '', proposed_at FROM approval", "used without consent"},
		"rejected by nobody":    {"INSERT INTO approval_end (approval, state, name, reason, at) SELECT id, 'rejected', 'c.one', '', proposed_at FROM approval", "0 times"},
		"another content":       {"INSERT INTO approval SELECT 'x', operation, object, digest, 'other', summary, reason, needs, proposed_at, proposed_by, certificate, expires_at FROM approval", "not what its digest says"},
		"from nowhere":          {"INSERT INTO approval SELECT 'x', operation, object, digest, content, summary, reason, needs, proposed_at, proposed_by, certificate, expires_at FROM approval", "tells of it 0 times"},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, h *house) {
				h.mustPropose(h.join("c.one", Custodian), disclosure)
				if faults := CheckInvariants(t.Context(), h.Registry); len(faults) != 0 {
					t.Fatal(faults)
				}
				h.lost = true
				err := h.d.Tx(t.Context(), func(tx *sql.Tx) error {
					_, err := tx.ExecContext(t.Context(), c.statement)
					return err
				})
				if found := strings.Join(CheckInvariants(t.Context(), h.Registry), "\n"); err != nil || !strings.Contains(found, c.want) {
					t.Errorf("%v, found %q", err, found)
				}
			})
		})
	}
}

// What waits for somebody is found behind however many proposals that do not.
func TestWhatWaitsIsFoundBehindTheRest(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		one, two := h.join("c.one", Custodian), h.join("c.two", Custodian)
		old := h.mustPropose(one, disclosure)
		for n := range 3 { // his own, which wait for others
			h.pass(time.Second)
			h.mustPropose(two, Proposal{Operation: DestroyKeys, Object: "k" + string(rune('0'+n)), Content: "k", Summary: "s", Reason: "r"})
		}
		list, err := h.Approvals(two, ApprovalQuery{Waiting: true, Limit: 2})
		if err != nil || len(list) != 1 || list[0].ID != old.ID {
			t.Errorf("%d wait, want the oldest: %v", len(list), err)
		}
		if list, err = h.Approvals(one, ApprovalQuery{Waiting: true, Limit: 2}); err != nil || len(list) != 2 {
			t.Errorf("a page of %d, want 2: %v", len(list), err)
		}
	})
}
