package serve

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// TestState: each check and item says since when it has its level, and a look that finds
// the same changes nothing.
func TestState(t *testing.T) {
	now := &clock{now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}
	began := now.Now()
	a := newAPI(t, &object{}, func(c *Config) { c.Now = now.Now })
	level, broken := Fine, error(nil)
	a.Ready("upstream", func(context.Context) error { return broken })
	a.Watch(func(context.Context) []Item { return []Item{{Name: "backup", Level: level, Says: "backup.old"}} })
	expect := func(ready bool, upstream, backup Level, upstreamSince, backupSince time.Time) {
		t.Helper()
		is, all := a.State(t.Context())
		if is != ready || len(all) != 2 {
			t.Fatalf("%v %+v", is, all)
		}
		for i, want := range []Standing{{Item{Name: "upstream", Level: upstream, Stops: true}, upstreamSince}, {Item{Name: "backup", Level: backup, Says: "backup.old"}, backupSince}} {
			if got := all[i]; got.Name != want.Name || got.Level != want.Level || got.Says != want.Says || got.Stops != want.Stops || !got.Since.Equal(want.Since) {
				t.Errorf("%+v, not %+v", got, want)
			}
		}
	}
	expect(true, Fine, Fine, began, began)
	now.add(time.Hour)
	expect(true, Fine, Fine, began, began)
	level = Warning
	now.add(time.Hour)
	warned := now.Now()
	expect(true, Fine, Warning, began, warned)
	broken = errors.New("away")
	now.add(time.Hour)
	expect(false, Failing, Warning, now.Now(), warned)
	level = Fine
	now.add(time.Hour)
	expect(false, Failing, Fine, now.Now().Add(-time.Hour), now.Now())
	if !a.Started().Equal(began) {
		t.Errorf("started %v", a.Started())
	}
}

// TestKeepLooking: a change is noticed without anybody asking.
func TestKeepLooking(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAPI(t, &object{}, func(c *Config) { c.Now = time.Now })
		level := Fine
		a.Watch(func(context.Context) []Item { return []Item{{Name: "backup", Level: level}} })
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		go a.KeepLooking(ctx, time.Minute)
		synctest.Wait()
		time.Sleep(30 * time.Second)
		level = Failing
		time.Sleep(2 * time.Hour)
		_, all := a.State(ctx)
		if since := time.Since(all[0].Since); all[0].Level != Failing || since < 2*time.Hour-time.Minute || since > 2*time.Hour {
			t.Errorf("%+v, %v ago", all, since)
		}
		stop()
		synctest.Wait()
	})
}
