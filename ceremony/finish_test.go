package ceremony

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"onecert/keys"
	"onecert/pki"
)

// ended holds a ceremony to its last signature and not further: the machine stops.
func (o *office) ended(acts string) Config {
	o.t.Helper()
	cfg := o.config(acts)
	cfg.Random = randomOf()
	cfg.Words = func(key string) string { return key }
	s, err := newSession(cfg)
	if err != nil {
		o.t.Fatal(err)
	}
	if err := s.hold(context.Background()); err != nil {
		o.t.Fatal(err)
	}
	s.close()
	return cfg
}

// A ceremony that ended and whose files were not all named is finished by running it
// again, from whatever point it had reached.
func TestFinishedAfterCrash(t *testing.T) {
	first := rootAct("root", pki.P256) + listAct("root", "")
	for name, crash := range map[string]func(o *office, cfg Config){
		"before anything": func(*office, Config) {},
		"in the middle of the state": func(o *office, cfg Config) {
			state := filepath.Join(o.dir, "state")
			from := filepath.Join(cfg.Out, workFolder, stateFolder)
			must(o.t, copyNew(filepath.Join(from, listFolder), filepath.Join(state, listFolder)))
			must(o.t, writeNew(filepath.Join(state, "certs", "root.pem.new"), []byte("half a fi"), 0o600))
			must(o.t, writeNew(filepath.Join(state, stateFile+".new"), []byte("genera"), 0o600))
		},
		"after the state": func(o *office, cfg Config) {
			must(o.t, commitState(filepath.Join(cfg.Out, workFolder, stateFolder), filepath.Join(o.dir, "state")))
		},
		"while clearing up": func(o *office, cfg Config) {
			from := filepath.Join(cfg.Out, workFolder, stateFolder)
			must(o.t, commitState(from, filepath.Join(o.dir, "state")))
			must(o.t, os.RemoveAll(filepath.Join(from, "keys")))
			must(o.t, os.Remove(filepath.Join(from, stateFile)))
		},
	} {
		for _, again := range []bool{false, true} { // the first ceremony, and a later one
			o := newOffice(t)
			acts := first
			if again {
				o.hold(first)
				acts = listAct("root", "") + issuingAct("web", "root", pki.P256, "")
			}
			cfg := o.ended(acts)
			crash(o, cfg)
			result, err := Run(context.Background(), cfg)
			if err != nil {
				t.Errorf("%s, later %v: %v", name, again, err)
				continue
			}
			report := o.whole(cfg.Out)
			state, data, err := loadState(filepath.Join(o.dir, "state"))
			if err != nil || hash(data) != report.State || result.Hash != report.Hash || !exists(filepath.Join(cfg.Out, resultFolder)) || exists(filepath.Join(cfg.Out, workFolder)) {
				t.Errorf("%s, later %v: %+v %v", name, again, state, err)
			}
			o.hold(listAct("root", "")) // and it goes on
		}
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Broken off before the end, by a crash: no state, no result, and the folder is not
// used again.
func TestCrashBeforeTheEnd(t *testing.T) {
	o := newOffice(t)
	cfg := o.config(rootAct("root", pki.P256))
	cfg.Random = randomOf()
	s, err := newSession(cfg)
	must(t, err)
	must(t, s.begin(context.Background()))
	must(t, s.perform(context.Background(), cfg.Plan.Acts[0]))
	s.close()
	if _, err := Run(context.Background(), cfg); pki.CodeOf(err) != "ceremony.out" {
		t.Error(err)
	}
	report, err := VerifyFolder(cfg.Out)
	if err != nil || report.Ended || report.Aborted != "it breaks off without an end" || len(report.Faults) > 0 {
		t.Errorf("%+v %v", report, err)
	}
	if exists(filepath.Join(o.dir, "state")) || exists(filepath.Join(cfg.Out, resultFolder)) {
		t.Error("something was made")
	}
	// The key file that lies there opens for nobody: its passphrase was in memory only.
	files, err := filepath.Glob(filepath.Join(cfg.Out, workFolder, stateFolder, "keys", "*.pem"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	if _, err := keys.Open("file:"+files[0], keys.Options{AllowPlain: true}); pki.CodeOf(err) != "key.passphrase-missing" {
		t.Error(err)
	}
}

// The ceremony ends where the transcript cannot be written.
func TestTranscriptThatCannotBeWritten(t *testing.T) {
	for n := range 12 {
		o := newOffice(t)
		cfg := o.config(rootAct("root", pki.P256) + listAct("root", ""))
		cfg.Random = randomOf()
		cfg.Words = func(key string) string { return key }
		s, err := newSession(cfg)
		must(t, err)
		broken := &brokenDisk{inner: s.log.out.Write, left: n}
		s.log.out = broken
		err = s.hold(context.Background())
		if pki.CodeOf(err) != "ceremony.transcript" {
			t.Fatalf("after %d lines: %v", n, err)
		}
		_ = s.abort(err)
		s.close()
		if exists(filepath.Join(o.dir, "state")) || exists(filepath.Join(cfg.Out, workFolder)) || len(o.people.shown) > n {
			t.Errorf("after %d lines: something was made or shown without a record", n)
		}
	}
}

type brokenDisk struct {
	inner func([]byte) (int, error)
	left  int
}

func (b *brokenDisk) Write(data []byte) (int, error) {
	if b.left--; b.left < 0 {
		return 0, errors.New("no space left on device")
	}
	return b.inner(data)
}

// Two ceremonies on one state: the second to finish is refused, and its list is not
// published.
func TestTwoCeremoniesOnOneState(t *testing.T) {
	o := newOffice(t)
	o.hold(rootAct("root", pki.P256) + listAct("root", ""))
	one, two := o.ended(listAct("root", "")), o.ended(listAct("root", ", days: 30"))
	if _, err := finish(one); err != nil {
		t.Fatal(err)
	}
	if _, err := finish(two); pki.CodeOf(err) != "ceremony.superseded" {
		t.Errorf("the second is told %v", err)
	}
	if exists(filepath.Join(two.Out, resultFolder)) || exists(filepath.Join(two.Out, workFolder)) || o.state().find("root").List.Number != 2 {
		t.Error("the second was published, or its list still lies about")
	}
}

// The stick with the state was pulled too early: nothing is lost, the same command
// finishes when it is back.
func TestStateGoneAtTheEnd(t *testing.T) {
	o := newOffice(t)
	o.hold(rootAct("root", pki.P256) + listAct("root", ""))
	cfg := o.ended(listAct("root", ""))
	state, pulled := filepath.Join(o.dir, "state"), filepath.Join(o.dir, "pulled")
	must(t, os.Rename(state, pulled))
	if _, err := Run(context.Background(), cfg); pki.CodeOf(err) != "ceremony.state" {
		t.Errorf("told %v", err)
	}
	if exists(state) || exists(filepath.Join(cfg.Out, resultFolder)) {
		t.Error("something was made")
	}
	must(t, os.Rename(pulled, state))
	_, err := Run(context.Background(), cfg)
	must(t, err)
	if o.state().find("root").List.Number != 2 {
		t.Error("the list does not count")
	}
}

func TestFolderIsNotUsedTwice(t *testing.T) {
	o := newOffice(t)
	cfg := o.config(rootAct("root", pki.P256))
	_, err := Run(context.Background(), cfg)
	must(t, err)
	before := read(t, cfg.Out, transcriptFile)
	if _, err := Run(context.Background(), cfg); pki.CodeOf(err) != "ceremony.plan" { // the id is taken now
		t.Error(err)
	}
	cfg.Plan = o.plan(listAct("root", ""))
	if _, err := Run(context.Background(), cfg); pki.CodeOf(err) != "ceremony.out" {
		t.Error(err)
	}
	if !bytes.Equal(before, read(t, cfg.Out, transcriptFile)) {
		t.Error("the transcript was changed")
	}
}

// An ended ceremony is finished only by its own file.
func TestFinishedByAnotherFile(t *testing.T) {
	o := newOffice(t)
	cfg := o.ended(rootAct("root", pki.P256))
	cfg.Plan = o.plan(rootAct("root", pki.P384))
	if _, err := Run(context.Background(), cfg); pki.CodeOf(err) != "ceremony.other" {
		t.Error(err)
	}
}

// An aborted ceremony takes away a key file it has made elsewhere.
func TestKeyElsewhereIsTakenAway(t *testing.T) {
	o := newOffice(t)
	o.file("pass", []byte("passphrase of the CA's machine\n"))
	elsewhere := filepath.Join(o.dir, "elsewhere.pem")
	acts := rootAct("root", pki.P256) + strings.Replace(issuingAct("web", "root", pki.P256, ""), "file:keys/web.pem?pass=file:passphrase", "file:"+elsewhere+"?pass=file:"+o.dir+"/pass", 1)
	o.people.confirm = func(object Object) error {
		if object.Name == "web" {
			return pki.Errorf(pki.Forbidden, "test.no", "no")
		}
		return nil
	}
	o.refused(acts, "test.no")
	if exists(elsewhere) {
		t.Error("the key file is still there")
	}
	o.people.confirm = nil
	result := o.hold(acts)
	if !exists(elsewhere) || !strings.Contains(string(read(t, result, issuersFile)), elsewhere) {
		t.Error("the key is not where it was wanted, or the fragment does not say so")
	}
}
