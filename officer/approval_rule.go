package officer

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Need is how many persons of a role have to agree, beside who proposes.
type Need struct {
	Role  string `json:"role"`
	Count int    `json:"count"`
}

// requirement is what an operation needs beyond its proposer (rights says who that
// is), and how long a proposal stays open, its use included.
type requirement struct {
	needs []Need
	life  time.Duration
}

const day = 24 * time.Hour

// requirements is the one table of what more than one person has to want. It is
// never changed at run time. docs/decisions/2026-11-23-approvals.md argues each row.
var requirements = map[Operation]requirement{
	// The machine's keeper says what certificates look like; who decides on people
	// agrees. Neither can issue one.
	ChangeProfiles: {needs: []Need{{Security, 1}}, life: 7 * day},
	// Raising the counter of lists after a restore: numbers once skipped are gone.
	RaiseCRLNumber: {needs: []Need{{Security, 1}}, life: day},
	// Everything one issuing CA has issued, anew under another: no act reaches further,
	// so all three administrations want it.
	ReplaceIssuer: {needs: []Need{{Security, 1}, {Audit, 1}}, life: day},
	// Ending the last but one security administrator leaves one person who can let
	// in others: the auditor has to see it before, not after.
	EndSecurity: {needs: []Need{{Audit, 1}}, life: day},
	// GM/T 0034 12.5: several of the centre's staff; how many is configured.
	Disclose: {needs: []Need{{Custodian, 2}}, life: 7 * day},
	// What is destroyed cannot be had back: two custodians and one who never touches keys.
	DestroyKeys: {needs: []Need{{Custodian, 1}, {Security, 1}}, life: 7 * day},
}

// maxNeed bounds a configured count: more custodians than any centre has.
const maxNeed = 9

func writeNeeds(needs []Need) string {
	parts := make([]string, len(needs))
	for i, n := range needs {
		parts[i] = n.Role + ":" + strconv.Itoa(n.Count)
	}
	return strings.Join(parts, " ")
}

func readNeeds(text string) ([]Need, error) {
	var needs []Need
	for part := range strings.FieldsSeq(text) {
		role, count, _ := strings.Cut(part, ":")
		n, err := strconv.Atoi(count)
		if err != nil || n < 1 || n > maxNeed || !slices.Contains(Roles(), role) {
			return nil, fmt.Errorf("reading a proposal: its needs are malformed")
		}
		needs = append(needs, Need{role, n})
	}
	return needs, nil
}

// missing returns what is still needed when each voter stands for one of his roles
// at most: as many needs as possible are met (a maximum matching), so that who has
// two roles never stands in the way of who has one.
func missing(needs []Need, voters [][]string) []Need {
	var slots []string
	for _, n := range needs {
		for range n.Count {
			slots = append(slots, n.Role)
		}
	}
	taken := make([]int, len(slots)) // voter+1 by slot
	var place func(voter int, seen []bool) bool
	place = func(voter int, seen []bool) bool {
		for s, role := range slots {
			if seen[s] || !slices.Contains(voters[voter], role) {
				continue
			}
			seen[s] = true
			if taken[s] == 0 || place(taken[s]-1, seen) {
				taken[s] = voter + 1
				return true
			}
		}
		return false
	}
	for voter := range voters {
		place(voter, make([]bool, len(slots)))
	}
	open := []Need{}
	for s, role := range slots {
		switch last := len(open) - 1; {
		case taken[s] != 0:
		case last >= 0 && open[last].Role == role:
			open[last].Count++
		default:
			open = append(open, Need{role, 1})
		}
	}
	return open
}

func sayNeeds(needs []Need) string {
	parts := make([]string, len(needs))
	for i, n := range needs {
		parts[i] = fmt.Sprintf("%d × %s", n.Count, n.Role)
	}
	return strings.Join(parts, ", ")
}
