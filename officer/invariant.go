package officer

import (
	"context"
	"fmt"

	"onecert/audit"
)

// CheckInvariants holds every proposal against the audit log and the rules, and
// returns what breaks them, in words:
//
//   - its digest is that of what it says, and the log tells of its proposal once
//   - each consent is one person's, not the proposer's, and the log tells of it
//   - it ended once at most, as the log tells, and used only in time and with
//     everybody's consent
//
// It reads everything, so it is for tests and for an auditor's night.
func CheckInvariants(ctx context.Context, r *Registry) []string {
	i := &invariants{steps: map[string]map[string]int{}}
	i.readLog(ctx, r.log)
	all, err := r.approvals(ctx, r.d.Read(), "ORDER BY a.id")
	if err != nil {
		i.fault("%v", err)
	}
	known := map[string]bool{}
	for _, a := range all {
		known[a.ID] = true
		i.approval(a)
	}
	for id := range i.steps {
		if !known[id] {
			i.fault("the log tells of proposal %s, which there is not", id)
		}
	}
	return i.faults
}

type invariants struct {
	faults []string
	steps  map[string]map[string]int // "act by" counted, by proposal
}

func (i *invariants) fault(format string, args ...any) {
	i.faults = append(i.faults, fmt.Sprintf(format, args...))
}

func (i *invariants) readLog(ctx context.Context, log *audit.Log) {
	for from := int64(0); ; {
		page, err := log.Search(ctx, audit.Query{From: from, Act: "approval."})
		if err != nil {
			i.fault("reading the log: %v", err)
			return
		}
		if len(page) == 0 {
			return
		}
		for _, e := range page {
			if e.Result == audit.Done {
				if i.steps[e.Object] == nil {
					i.steps[e.Object] = map[string]int{}
				}
				i.steps[e.Object][e.Act+" "+e.Actor]++
				i.steps[e.Object][e.Act]++
			}
		}
		from = page[len(page)-1].Number + 1
	}
}

// entries of the log by how a proposal ended.
var endings = map[State]string{Used: "approval.use", Rejected: "approval.reject", Withdrawn: "approval.withdraw", Expired: "approval.expire"}

func (i *invariants) approval(a Approval) {
	steps := i.steps[a.ID]
	if a.Digest != digestOf(a.Operation, a.Object, a.Content, a.Summary) {
		i.fault("proposal %s is not what its digest says", a.ID)
	}
	if steps["approval.propose "+a.ProposedBy] != 1 || steps["approval.propose"] != 1 {
		i.fault("proposal %s: the log tells of it %d times", a.ID, steps["approval.propose"])
	}
	var voters [][]string
	for _, v := range a.Votes {
		if steps["approval.approve "+v.Name] != 1 || v.Name == a.ProposedBy || v.At.Before(a.Proposed) || !v.At.Before(a.Expires) {
			i.fault("proposal %s: the consent of %s", a.ID, v.Name)
		}
		voters = append(voters, v.Roles)
	}
	if steps["approval.approve"] != len(a.Votes) {
		i.fault("proposal %s: %d consents, %d in the log", a.ID, len(a.Votes), steps["approval.approve"])
	}
	for state, act := range endings {
		want := 0
		if !a.Ended.IsZero() && a.State == state {
			want = 1
		}
		if steps[act] != want {
			i.fault("proposal %s is %s, the log tells of %s %d times", a.ID, a.State, act, steps[act])
		}
	}
	if a.State == Used && (len(missing(a.Needs, voters)) > 0 || !a.Ended.Before(a.Expires)) {
		i.fault("proposal %s was used without consent or too late", a.ID)
	}
}
