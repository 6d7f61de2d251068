package wire

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"onecert/backup"
	"onecert/kmc"
	"onecert/pki"
)

// NewDrill says which archives are rehearsed: a CA's, a KMC's, or one of each.
type NewDrill struct {
	Archives []string
	Key      backup.Key
	Secrets  string // folder with the files the archives leave out
	Scratch  string // where the scratch place is made; "": the system's folder for such
	// Thorough holds everything restored against the rooms' invariants, certificate by
	// certificate and key by key.
	Thorough bool
	// Config names a component whose record is to say how the drill went.
	Config string
	// Said is told of each step as it ends.
	Said func(Step)
}

// Step is one step of a drill. Name is stable; Object is what it was done with.
type Step struct {
	Name    string  `json:"name"`
	Object  string  `json:"object,omitempty"`
	Seconds float64 `json:"seconds"`
	Err     error   `json:"-"`
}

// Drill is what a drill proved.
type Drill struct {
	Archives []string `json:"archives"` // ids
	Steps    []Step   `json:"steps"`
	Seconds  float64  `json:"seconds"`
	Good     bool     `json:"good"`
	Notes    []string `json:"notes"` // what could not be tried, by key
}

// RunDrill restores archives into a scratch place, starts what they hold in this
// process, with no listener and nothing published, works with it, and takes the place
// away again, whatever comes of it. What it issues is good for a day at most, named
// as a drill's, revoked there and then, and leaves the place nowhere: it is signed
// with the real keys.
func RunDrill(ctx context.Context, n NewDrill, options Options) (Drill, error) {
	d := &drilling{NewDrill: n, options: options, done: Drill{Archives: []string{}, Notes: []string{}}}
	started := time.Now()
	err := d.inScratch(ctx)
	d.done.Seconds, d.done.Good = time.Since(started).Seconds(), err == nil
	if n.Config == "" {
		return d.done, err
	}
	return d.done, errors.Join(err, d.record())
}

// drilling is one drill under way.
type drilling struct {
	NewDrill
	options Options
	dir     string
	done    Drill
	ca      *CAProcess
	kmc     *KMCProcess
	gateway *GatewayProcess
	about   map[string]backup.About // by component
}

func (d *drilling) inScratch(ctx context.Context) (err error) {
	if len(d.Archives) == 0 || len(d.Archives) > 2 {
		return pki.Errorf(pki.Invalid, "drill.archives", "a drill takes one archive or two").To("name a CA's, a KMC's, or one of each")
	}
	if d.dir, err = os.MkdirTemp(d.Scratch, "onecert-drill-"); err != nil {
		return pki.Errorf(pki.Unavailable, "drill.scratch", "no scratch folder can be made").To("name one with --scratch that has room for the database").Because(err)
	}
	defer func() {
		d.close()
		if gone := os.RemoveAll(d.dir); gone != nil && err == nil {
			err = pki.Errorf(pki.Conflict, "drill.left", "%s could not be removed", d.dir).
				To("remove it: it holds real key files, and certificates signed with them").Because(gone)
		}
	}()
	d.about = map[string]backup.About{}
	for _, archive := range d.Archives {
		if err := d.restore(ctx, archive); err != nil {
			return err
		}
	}
	return d.work(ctx)
}

// step runs one step and notes its time.
func (d *drilling) step(name, object string, act func() error) error {
	started := time.Now()
	err := act()
	s := Step{Name: name, Object: object, Seconds: time.Since(started).Seconds(), Err: err}
	d.done.Steps = append(d.done.Steps, s)
	if d.Said != nil {
		d.Said(s)
	}
	return err
}

// note says once what could not be tried.
func (d *drilling) note(key string) { add(&d.done.Notes, key) }

func (d *drilling) restore(ctx context.Context, archive string) error {
	var component string
	err := d.step("verify", filepath.Base(archive), func() error {
		file, err := os.Open(archive)
		if err != nil {
			return pki.Errorf(pki.Invalid, "backup.open", "the archive %s cannot be opened", archive).To("check the path").Because(err)
		}
		defer file.Close()
		report, err := backup.Verify(file, d.Key)
		if err != nil {
			return err
		}
		if !report.Audit.Good() {
			return pki.Errorf(pki.Conflict, "restore.audit", "the audit log of the archive does not verify: %s", report.Audit.Faults[0].Text).
				To("it was changed before the backup was made; have the auditor look at it")
		}
		component = report.Component
		if _, twice := d.about[component]; twice {
			return pki.Errorf(pki.Invalid, "drill.archives", "both archives are of a %s", component).To("name a CA's and a KMC's")
		}
		d.about[component] = report.About
		d.done.Archives = append(d.done.Archives, report.ID)
		return nil
	})
	if err != nil {
		return err
	}
	return d.step("restore", component, func() error {
		_, err := RestoreBackup(ctx, NewRestore{Archive: archive, Key: d.Key, Dir: filepath.Join(d.dir, component), Secrets: d.Secrets, drill: true}, d.options)
		return err
	})
}

// work starts what was restored and does with it what it is there for.
func (d *drilling) work(ctx context.Context) error {
	if _, there := d.about["kmc"]; there {
		if err := d.step("start", "kmc", func() error { return d.startKMC(ctx) }); err != nil {
			return err
		}
	}
	if _, there := d.about["ca"]; there {
		if err := d.step("start", "ca", func() error { return d.startCA(ctx) }); err != nil {
			return err
		}
		if err := d.issueAll(ctx); err != nil {
			return err
		}
	}
	if d.kmc != nil {
		if err := d.recoverAll(ctx); err != nil {
			return err
		}
	}
	if _, there := d.about[componentGateway]; there {
		if err := d.step("start", componentGateway, func() error { return d.startGateway(ctx) }); err != nil {
			return err
		}
	}
	return d.checkAll(ctx)
}

// startGateway opens keys, sessions and the newest configuration; nobody can reach it.
func (d *drilling) startGateway(ctx context.Context) error {
	c, err := LoadGateway(filepath.Join(d.dir, componentGateway, d.about[componentGateway].Config))
	if err != nil {
		return err
	}
	if _, err := openKey(c.dir, c.TLSKey); err != nil {
		return fmt.Errorf("opening the API's key: %w", err)
	}
	d.gateway = &GatewayProcess{config: c, options: d.quiet()}
	if err := d.gateway.openAlone(ctx); err != nil {
		return err
	}
	return d.gateway.Fault()
}

func (d *drilling) startKMC(ctx context.Context) error {
	c, err := LoadKMC(filepath.Join(d.dir, "kmc", d.about["kmc"].Config))
	if err != nil {
		return err
	}
	c.Pool = map[pki.Suite]kmc.PoolSize{} // pairs are made on demand: nobody needs spare ones here
	d.kmc, err = OpenKMC(ctx, c, d.quiet())
	return err
}

func (d *drilling) startCA(ctx context.Context) error {
	c, err := LoadCA(filepath.Join(d.dir, "ca", d.about["ca"].Config))
	if err != nil {
		return err
	}
	c.CRL.Life = time.Minute // its lists are for nobody
	options := d.quiet()
	if d.kmc != nil {
		options.KMC = InProcess{d.kmc, "ca"}
	}
	d.ca, err = OpenCA(ctx, c, options)
	return err
}

func (d *drilling) quiet() Options {
	o := d.options
	o.KMC = nil
	return o
}

func (d *drilling) close() {
	if d.gateway != nil {
		d.gateway.Close()
	}
	if d.ca != nil {
		d.ca.Close()
	}
	if d.kmc != nil {
		d.kmc.Close()
	}
}

// record notes the drill for the component's health.
func (d *drilling) record() error {
	r := Drilled{At: d.options.now()(), Good: d.done.Good, Seconds: d.done.Seconds}
	if len(d.done.Archives) > 0 {
		r.Archive = d.done.Archives[0]
	}
	if i := slices.IndexFunc(d.done.Steps, func(s Step) bool { return s.Err != nil }); i >= 0 {
		r.Failed = d.done.Steps[i].Name
	}
	return note(d.Config, func(record *Record) { record.Drill = &r })
}

// Metrics writes the drill in the text form Prometheus' node exporter collects.
func (d Drill) Metrics(w io.Writer, at time.Time) error {
	good := 0
	if d.Good {
		good = 1
	}
	_, err := fmt.Fprintf(w, `# HELP onecert_drill_last_seconds When the last restore drill ended, in seconds since 1970.
# TYPE onecert_drill_last_seconds gauge
onecert_drill_last_seconds %d
# HELP onecert_drill_good Whether everything restored by the last drill worked.
# TYPE onecert_drill_good gauge
onecert_drill_good %d
# HELP onecert_drill_took_seconds How long the last drill took.
# TYPE onecert_drill_took_seconds gauge
onecert_drill_took_seconds %.3f
`, at.Unix(), good, d.Seconds)
	if err != nil {
		return fmt.Errorf("writing the drill's metrics: %w", err)
	}
	return nil
}

// opens says whether what was encrypted before a backup opens to what it was.
func opens(s backup.Sample, text []byte) bool {
	sum := sha256.Sum256(text)
	return string(sum[:]) == string(s.SHA256)
}
