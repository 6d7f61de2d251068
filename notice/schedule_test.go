package notice_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"onecert/notice"
)

func TestDue(t *testing.T) {
	end := time.Date(2027, 3, 1, 0, 0, 0, 0, time.UTC)
	days := []int{60, 30, 7}
	for _, c := range []struct {
		before float64 // days before the end
		sent   []int
		want   int // 0: none
	}{
		{61, nil, 0}, {60, nil, 60}, {45, nil, 60}, {45, []int{60}, 0}, {30, []int{60}, 30}, {30, nil, 30}, {10, []int{60}, 30}, {10, []int{60, 30}, 0},
		{6, []int{60}, 7}, {6, []int{60, 7}, 0}, {6, []int{7}, 0}, {0.01, []int{60, 30}, 7}, {0, []int{60, 30}, 0}, {-1, nil, 0},
		{45, []int{7}, 0}, // the clock was set back
	} {
		now := end.Add(-time.Duration(c.before * 24 * float64(time.Hour)))
		if which, ok := notice.Due(end, now, days, c.sent); which != c.want || ok != (c.want != 0) {
			t.Errorf("%v days before, after %v: %d %v, want %d", c.before, c.sent, which, ok, c.want)
		}
	}
	if _, ok := notice.Due(end, end.Add(-time.Hour), nil, nil); ok {
		t.Error("due without days")
	}
}

// Property: however the clock goes, each is made once at most and the more urgent
// after the less urgent; whoever looks every day gets all of them.
func TestDueOnce(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	end := time.Date(2027, 3, 1, 0, 0, 0, 0, time.UTC)
	for round := range 2000 {
		now := end.Add(-time.Duration(r.IntN(100*24)) * time.Hour)
		days := []int{60, 30, 7}
		r.Shuffle(3, func(i, j int) { days[i], days[j] = days[j], days[i] })
		daily, begin := round%2 == 0, now
		var sent []int
		for range 150 {
			if which, ok := notice.Due(end, now, days, sent); ok {
				if slices.Contains(sent, which) || len(sent) > 0 && which >= slices.Min(sent) || !now.Before(end) || end.Sub(now) > time.Duration(which)*24*time.Hour {
					t.Fatalf("%d after %v, %s before the end", which, sent, end.Sub(now))
				}
				sent = append(sent, which)
			}
			step := 24 * time.Hour
			if !daily {
				step = time.Duration(r.IntN(40*24)-24*10) * time.Hour
			}
			now = now.Add(step)
		}
		if daily {
			want := 0
			for _, d := range days {
				if end.Sub(begin) > time.Duration(d)*24*time.Hour {
					want++
				}
			}
			if len(sent) < want {
				t.Fatalf("from %s before the end on: %v", end.Sub(begin), sent)
			}
		}
	}
}
