package ra_test

import (
	"encoding/csv"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"onecert/pki"
	"onecert/pkitest"
	"onecert/ra"
)

// TestStatistics: what happened, what waits and how long it took, at each level, told
// apart as asked; CheckInvariants counts everything anew at the end.
func TestStatistics(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		app := must[*ra.Application](t)
		a := app(h.Register(as("lra1.registrar"), person(t, 1, "张示例")))
		a = app(h.Submit(as("lra1.registrar"), a.ID, ra.Decision{Version: a.Version}))
		h.clock.add(90 * time.Second)
		a = app(h.Approve(as("ra1.reviewer"), a.ID, ra.Decision{Version: a.Version}))
		h.clock.add(24 * time.Hour)
		app(h.CarryOut(as("lra1.issuer"), a.ID, ra.Decision{Version: a.Version}))
		app(h.Register(as("lra2.registrar"), person(t, 2, "李示例")))
		h.issued("lra3", person(t, 3, "王示例"))

		s := must[*ra.Statistics](t)(h.Statistics(as("ra1.reviewer"), ra.StatisticsQuery{By: []ra.By{ra.ByNode, ra.ByDay, ra.ByOperation}}))
		got := map[string]int64{}
		for _, f := range append(append(s.Happened, s.Standing...), s.Ending...) {
			got[f.Node+" "+f.Period+" "+f.Event] = f.Times
			if f.Event == "approve" && f.Waited != 90_000 {
				t.Errorf("%s waited %d ms", f.Node, f.Waited)
			}
		}
		for key, want := range map[string]int64{"ra1 2026-11-23 register": 1, "ra1 2026-11-24 register": 1, "lra1 2026-11-23 register": 1, "lra1 2026-11-24 issue": 1,
			"ra1  in:draft": 1, "lra2  in:draft": 1, "ra1  in:issued": 1, "ra1  certificate:valid": 1, "ra1 2029-11 ends": 1, "lra3 2026-11-24 issue": 0, "lra2  certificate:valid": 0} {
			if got[key] != want {
				t.Errorf("%s: %d, not %d", key, got[key], want)
			}
		}
		whole := must[*ra.Statistics](t)(h.Statistics(as("centre.reviewer"), ra.StatisticsQuery{From: "2026-11-01", To: "2026-11-30"}))
		if i := slices.IndexFunc(whole.Happened, func(f ra.Figure) bool { return f.Event == "issue" }); i < 0 || whole.Happened[i].Times != 2 {
			t.Errorf("%+v", whole.Happened)
		}
		for days, want := range map[[2]string]int64{{"2026-11-24", "2027-02-03"}: 2, {"2026-11-23", "2026-11-23"}: 1, {"2026-10-05", "2026-11-23"}: 1, {"2026-10-05", "2026-12-05"}: 3,
			{"2026-12-01", "2026-12-31"}: 0, {"2026-11-25", "2026-12-31"}: 0, {"2026-01-01", "2026-12-31"}: 3} {
			for _, by := range [][]ra.By{nil, {ra.ByMonth}, {ra.ByDay}} {
				sum := int64(0)
				for _, f := range must[*ra.Statistics](t)(h.Statistics(as("centre.reviewer"), ra.StatisticsQuery{From: days[0], To: days[1], By: by})).Happened {
					if f.Event == "register" {
						sum += f.Times
					}
				}
				if sum != want {
					t.Errorf("%v by %v: %d were registered, not %d", days, by, sum, want)
				}
			}
		}
		_, err := h.Statistics(as("ra1.reviewer"), ra.StatisticsQuery{Node: "lra3"})
		wantCode(t, err, "node.unknown")
		_, err = h.Statistics(as("ra1.reviewer"), ra.StatisticsQuery{From: "2026-13-01"})
		if err == nil {
			t.Error("a day that is none was taken")
		}
	})
}

// TestStatisticsFile: the file opens as CSV, and no name of an office is calculated.
func TestStatisticsFile(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		n := must[*ra.Node](t)(h.AddNode(as("centre.system"), ra.Node{ID: "odd", Parent: "ra1", Level: ra.LRA, Name: "=1+1"}))
		must[*ra.Node](t)(h.SetNode(as("centre.security"), "odd", n.Version, ra.Active))
		must[*ra.Post](t)(h.SetPost(as("centre.security"), ra.Post{Officer: "odd.registrar", Node: "odd", Until: h.clock.Now().AddDate(1, 0, 0)}))
		must[*ra.Application](t)(h.Register(as("odd.registrar"), person(t, 1, "张示例")))
		file := must[[]byte](t)(h.StatisticsFile(as("ra1.reviewer"), ra.StatisticsQuery{By: []ra.By{ra.ByNode}}, "csv", "zh"))
		rows, err := csv.NewReader(strings.NewReader(string(file))).ReadAll()
		if err != nil || len(rows) < 4 {
			t.Fatalf("%d rows, %v", len(rows), err)
		}
		if row := rows[1]; row[0] != "办理" || row[7] != "录入" {
			t.Errorf("codes in a Chinese file: %q", row)
		}
		for _, row := range rows {
			if strings.HasPrefix(row[2], "=") {
				t.Errorf("a formula: %q", row)
			}
		}
	})
}

// TestRandomActs lets officers do whatever is legal, at random, for many steps; the
// figures kept are those counted anew.
func TestRandomActs(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		h := newHouse(t, source, nil)
		dice := rand.New(rand.NewPCG(1, 2))
		var all []*ra.Application
		acts := map[ra.Event]func(*ra.Application) (*ra.Application, error){
			ra.Submit: func(a *ra.Application) (*ra.Application, error) {
				return h.Submit(as(a.Node+".registrar"), a.ID, ra.Decision{Version: a.Version})
			},
			ra.Withdraw: func(a *ra.Application) (*ra.Application, error) {
				return h.Withdraw(as(a.Node+".registrar"), a.ID, ra.Decision{Version: a.Version})
			},
			ra.Return: func(a *ra.Application) (*ra.Application, error) {
				return h.Return(as("ra1.reviewer"), a.ID, ra.Decision{Version: a.Version, Note: "不全"})
			},
			ra.Approve: func(a *ra.Application) (*ra.Application, error) {
				return h.Approve(as("ra1.reviewer"), a.ID, ra.Decision{Version: a.Version})
			},
			ra.Reject: func(a *ra.Application) (*ra.Application, error) {
				return h.Reject(as("ra1.reviewer"), a.ID, ra.Decision{Version: a.Version, Note: "不符"})
			},
			ra.Carry: func(a *ra.Application) (*ra.Application, error) {
				return h.CarryOut(as(a.Node+".issuer"), a.ID, ra.Decision{Version: a.Version})
			},
			ra.Deliver: func(a *ra.Application) (*ra.Application, error) {
				return h.HandOver(as(a.Node+".registrar"), a.ID, ra.Decision{Version: a.Version})
			},
		}
		likely := map[ra.State][]ra.Event{ra.Draft: {ra.Submit, ra.Submit, ra.Withdraw}, ra.Returned: {ra.Submit}, ra.Submitted: {ra.Approve, ra.Approve, ra.Approve, ra.Return, ra.Reject, ra.Withdraw},
			ra.Approved: {ra.Carry, ra.Carry, ra.Reject}, ra.Issued: {ra.Deliver, ra.Carry}}
		done := map[ra.Event]int{}
		for i := range 600 {
			h.clock.add(time.Duration(dice.IntN(20)) * time.Hour)
			if i > 400 {
				h.clock.add(-time.Duration(dice.IntN(20)) * time.Hour) // clocks are set
			}
			if len(all) == 0 || dice.IntN(4) == 0 {
				e := person(t, i, fmt.Sprintf("试用者%d", i))
				if len(all) > 5 && dice.IntN(2) == 0 {
					on := all[dice.IntN(len(all))]
					e = ra.Entry{Operation: ra.Operations()[1+dice.IntN(6)], Issuer: on.Issuer, Serial: on.Serial, Reason: "keyCompromise", Request: e.Request}
				}
				if a, err := h.Register(as([]string{"lra1.registrar", "lra2.registrar"}[dice.IntN(2)]), e); err == nil {
					all = append(all, a)
				} else if pki.KindOf(err) == pki.Internal {
					t.Fatal(err)
				}
				continue
			}
			at := dice.IntN(len(all))
			if len(likely[all[at].State]) == 0 {
				continue
			}
			event := likely[all[at].State][dice.IntN(len(likely[all[at].State]))]
			if a, err := acts[event](all[at]); err == nil {
				all[at] = a
				done[event]++
			} else if pki.KindOf(err) == pki.Internal {
				t.Fatal(err)
			} else if again, err := h.Application(as("ra1.reviewer"), all[at].ID); err == nil {
				all[at] = again
			}
		}
		if done[ra.Carry] < 12 {
			t.Errorf("hardly anything happened: %v", done)
		}
	})
}
