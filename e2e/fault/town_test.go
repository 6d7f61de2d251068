package fault

import (
	"context"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"onecert/ca"
	"onecert/kmc"
	"onecert/officer"
	"onecert/pki"
	"onecert/serve"
)

// town is a CA and a KMC as two processes with a database each, the clients who ask
// them, and what these were told.
type town struct {
	t       testing.TB
	m       material
	ca, kmc *process

	authority  *ca.Client  // as a registration site
	custodian  *kmc.Client // as a custodian
	caChecks   *serve.Client
	kmcChecks  *serve.Client
	book       *book
	dice       *rand.Rand // for whoever directs; clients have their own
	seed       uint64
	everLoaded int
	files      map[string]int64 // the highest number seen of each published list
}

// newTown prepares both on their databases; nothing runs yet.
func newTown(t testing.TB, seed uint64, caSource, kmcSource string) *town {
	t.Helper()
	m := theMaterial(t)
	dir := shortDir(t)
	w := &town{t: t, m: m, seed: seed, dice: rand.New(rand.NewPCG(seed, 0)), book: newBook(), files: map[string]int64{}}
	centre, authority := filepath.Join(dir, "kmc.sock"), filepath.Join(dir, "ca.sock")
	w.kmc = newProcess(t, part{Component: "kmc", Database: kmcSource, Material: m.dir, Home: filepath.Join(dir, "kmc"), Listen: centre})
	w.ca = newProcess(t, part{Component: "ca", Database: caSource, Material: m.dir, Home: filepath.Join(dir, "ca"), Listen: authority, KMC: centre})
	w.connect()
	return w
}

// connect makes the clients of both.
func (w *town) connect() {
	w.t.Helper()
	api := func(socket, name, role string) *serve.Client {
		client, err := dial(socket, pki.Actor{Name: name, Roles: []string{role}})
		if err != nil {
			w.t.Fatal(err)
		}
		return client
	}
	w.authority = ca.NewClient(api(w.ca.Listen, "ra1", officer.Site))
	var err error
	if w.custodian, err = kmc.NewClient(kmc.ClientConfig{API: api(w.kmc.Listen, "keeper", officer.Custodian)}); err != nil {
		w.t.Fatal(err)
	}
	w.caChecks, w.kmcChecks = api(w.ca.Listen, "auditor", officer.Audit), api(w.kmc.Listen, "auditor", officer.Audit)
}

// shortDir is a temporary folder whose path leaves room for the 108 octets of a Unix
// socket's.
func shortDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "oc-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func sqliteIn(dir, name string) string { return "sqlite:" + filepath.Join(dir, name+".db") }

func (w *town) start() {
	w.t.Helper()
	w.kmc.restart(w.t)
	w.ca.restart(w.t)
}

// check asks a component to hold its database against its rules.
func (w *town) check(c *serve.Client) {
	w.t.Helper()
	found := w.look(c, "/check")
	for _, fault := range found.Faults {
		w.t.Errorf("seed %d: invariant broken: %s", w.seed, fault)
	}
}

func (w *town) look(c *serve.Client, path string) checked {
	w.t.Helper()
	found, err := patiently(func() (checked, error) {
		return serve.Call[struct{}, checked](context.Background(), c, http.MethodGet, path, nil)
	})
	if err != nil {
		w.t.Fatalf("seed %d: looking through a database: %v\n%s", w.seed, err, w.complaints())
	}
	return found
}

func (w *town) list() (all []ca.Certificate) {
	w.t.Helper()
	filter := ca.Filter{Limit: 1000}
	for {
		page, err := patiently(func() (*ca.Page, error) { return w.authority.List(context.Background(), filter) })
		if err != nil {
			w.t.Fatalf("seed %d: listing: %v\n%s", w.seed, err, w.complaints())
		}
		all = append(all, page.Certificates...)
		if page.After == "" {
			return all
		}
		filter.After = page.After
	}
}
