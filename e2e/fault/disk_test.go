package fault

import (
	"context"
	"net/http"
	"testing"
	"time"

	"onecert/pki"
	"onecert/serve"
)

// disk says how a component's disk is from now on.
func (w *town) disk(c *serve.Client, mode string) {
	w.t.Helper()
	if _, err := serve.Call[struct{}, struct{}](context.Background(), c, http.MethodPost, "/disk/"+mode, nil); err != nil {
		w.t.Fatalf("making the disk %s: %v", mode, err)
	}
}

// weakened is how many calls of a component met its disk's weakness.
func (w *town) weakened(c *serve.Client) int64 {
	w.t.Helper()
	return w.look(c, "/disk").Weak
}

// onWeakDisk is a town whose two databases and folders lie on disks that can be made
// to misbehave.
func onWeakDisk(t *testing.T) *town {
	dir := t.TempDir()
	w := newTown(t, 7, sqliteIn(dir, "ca"), sqliteIn(dir, "kmc"))
	for _, c := range []**process{&w.ca, &w.kmc} {
		p := (*c).part
		p.WeakDisk = dir
		*c = newProcess(t, p)
	}
	w.start()
	return w
}

// TestDiskFails: under load the disk of the CA, then of the KMC, becomes read-only,
// full or dead, does not make writes lasting, or fails now and then. Acts are refused
// as something to wait for, reading goes on, and when the disk is sound everything
// goes on by itself.
func TestDiskFails(t *testing.T) {
	w := onWeakDisk(t)
	for _, mode := range []string{"read-only", "full", "dead", "unsynced", "flaky"} {
		for component, c := range map[string]*serve.Client{"ca": w.caChecks, "kmc": w.kmcChecks} {
			t.Run(mode+" under the "+component, func(t *testing.T) {
				w.t = t
				before := w.weakened(c)
				work := w.begin()
				time.Sleep(100 * time.Millisecond)
				w.disk(c, mode)
				time.Sleep(300 * time.Millisecond)
				for deadline := time.Now().Add(60 * time.Second); w.weakened(c) == before && time.Now().Before(deadline); {
					time.Sleep(20 * time.Millisecond) // a busy machine has not written by now
				}
				w.list() // reading needs no writing
				if mode != "flaky" {
					w.refuses(component)
				}
				w.disk(c, "sound")
				time.Sleep(50 * time.Millisecond)
				work.end()
				w.awaitBoth()
				if w.weakened(c) == before {
					t.Error("the disk was never met: nothing was proven")
				}
				w.settle()
			})
		}
	}
}

// refuses: nothing is acknowledged whose component cannot write.
func (w *town) refuses(component string) {
	w.t.Helper()
	c := &client{town: w, number: clients + 1}
	w.everLoaded++
	act, want := c.first, map[string]string{"ca": "ca.store", "kmc": "km.store"}[component]
	if err := act(); pki.CodeOf(err) != want || pki.KindOf(err) != pki.Unavailable {
		w.t.Errorf("the %s without a disk: %s: %v", component, pki.CodeOf(err), err)
	}
}

// TestDiskSlow: making anything last takes its time. Everything is late and nothing wrong; and
// a crash then, in the middle of a commit, leaves what any other crash leaves.
func TestDiskSlow(t *testing.T) {
	for range 3 {
		w := onWeakDisk(t)
		w.disk(w.caChecks, "slow")
		w.disk(w.kmcChecks, "slow")
		work := w.begin()
		told := 0
		for deadline := time.Now().Add(60 * time.Second); told < 5 && time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
			w.book.note(func() { told = w.book.told })
		}
		time.Sleep(upTo(w.dice, loadAtMost))
		w.ca.kill()
		w.kmc.kill()
		work.end()
		if told < 5 {
			t.Error("nothing was carried out on a slow disk")
		}
		for _, c := range []**process{&w.ca, &w.kmc} { // on a sound disk again
			p := (*c).part
			p.WeakDisk = ""
			*c = newProcess(t, p)
		}
		w.start()
		w.settle()
	}
}
