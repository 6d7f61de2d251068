package wire

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"onecert/audit"
	"onecert/backup"
	"onecert/ca"
	"onecert/db"
	"onecert/gateway"
	"onecert/kmc"
	"onecert/officer"
	"onecert/pki"
	"onecert/ra"
	"onecert/sso"
)

// NewRestore says which archive is brought back, and where.
type NewRestore struct {
	Archive   string
	Key       backup.Key
	Dir       string // empty or missing
	Component string // "": whichever the archive is of
	// Database is where the rows go: sqlite:PATH or postgres://…, or DatabaseFile names
	// a file that holds it. "": a file in Dir, if the backup came from SQLite.
	Database, DatabaseFile string
	// Secrets is a folder with the files the archive leaves out; "": they are put in
	// place later.
	Secrets string

	drill bool // everything goes into Dir, whatever the configuration says
}

// Restoration is what was brought back and what is still to do.
type Restoration struct {
	Component string            `json:"component"`
	Archive   string            `json:"archive"`
	Taken     time.Time         `json:"taken"`
	Config    string            `json:"config"`
	Rows      int64             `json:"rows"`
	Audit     int64             `json:"audit_entries"`
	Moved     map[string]string `json:"moved,omitempty"`       // paths the configuration names elsewhere now
	Missing   []string          `json:"missing,omitempty"`     // secrets to put in place before the first start
	Devices   []string          `json:"devices,omitempty"`     // keys that live in hardware
	CRLs      map[string]int64  `json:"crl_numbers,omitempty"` // lists go on above these
	Aside     int64             `json:"keys_set_aside,omitempty"`
	Sessions  int64             `json:"sessions_ended,omitempty"` // everybody logs in again
	Voided    officer.Voided    `json:"voided"`
	Seconds   float64           `json:"seconds"`
}

// RestoreBackup brings a component back on a machine that has nothing of it. The
// configuration is written last: what is broken off before cannot be started.
func RestoreBackup(ctx context.Context, n NewRestore, options Options) (Restoration, error) {
	r := &restoring{NewRestore: n, options: options, started: options.now()()}
	file, err := os.Open(n.Archive)
	if err != nil {
		return r.done, pki.Errorf(pki.Invalid, "backup.open", "the archive %s cannot be opened", n.Archive).To("check the path").Because(err)
	}
	defer file.Close()
	if r.reader, err = backup.Open(file, n.Key); err != nil {
		return r.done, err
	}
	if err := r.check(ctx); err != nil {
		return r.done, err
	}
	if err := r.bring(ctx); err != nil {
		r.clean()
		return r.done, err
	}
	return r.done, r.finish()
}

// restoring is one restore under way.
type restoring struct {
	NewRestore
	trade
	options Options
	started time.Time
	reader  *backup.Reader
	source  string // of the database
	noted   string // the same as the configuration is to name it
	config  []byte // as archived
	fresh   string // SQLite's file, made by us
	done    Restoration
}

// check refuses before anything is written.
func (r *restoring) check(ctx context.Context) (err error) {
	about := r.reader.About
	if r.Component != "" && about.Component != r.Component {
		return pki.Errorf(pki.Conflict, "backup.component", "the archive is of a %.20q, not of a %s", about.Component, r.Component).To("name the other archive")
	}
	if r.trade, err = tradeOf(about.Component); err != nil {
		return err
	}
	for room := range about.Schemas {
		if r.schemas[room] == nil {
			return errNewer()
		}
	}
	if !isPlainName(about.Config) {
		return pki.Errorf(pki.Invalid, "backup.parts", "the archive names no configuration")
	}
	if r.Dir, err = filepath.Abs(r.Dir); err != nil {
		return fmt.Errorf("finding the folder: %w", err)
	}
	entries, err := os.ReadDir(r.Dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) || len(entries) > 0 {
		return pki.Errorf(pki.Conflict, "restore.folder", "the folder %s is not empty", r.Dir).
			To("restore into an empty one: nothing that is there is ever overwritten").Because(err)
	}
	return r.findDatabase(about)
}

func errNewer() error {
	return pki.Errorf(pki.Conflict, "backup.schema", "the archive has tables this program does not know").To("restore it with the release that made it, then update")
}

func isPlainName(name string) bool {
	return name != "" && filepath.Base(name) == name && filepath.IsLocal(name)
}

// findDatabase decides where the rows go.
func (r *restoring) findDatabase(about backup.About) (err error) {
	r.noted = r.Database
	if r.noted == "" && r.DatabaseFile == "" {
		if about.Engine != string(db.SQLite) && !r.drill {
			return pki.Errorf(pki.Invalid, "restore.database", "the backup came from PostgreSQL and there is no saying where its rows are to go").
				To("name an empty database with --database or --database-file; sqlite:%s.db is one, too", about.Component)
		}
		r.noted = "sqlite:" + about.Component + ".db"
	}
	if r.source, err = databaseSource(r.Dir, r.noted, absolute(r.DatabaseFile)); err != nil {
		return err
	}
	path, lite := strings.CutPrefix(r.source, "sqlite:")
	if !lite {
		return nil
	}
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return errFilled()
	}
	r.fresh = path
	return nil
}

func absolute(path string) string {
	if path == "" {
		return ""
	}
	full, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	return full
}

func errFilled() error {
	return pki.Errorf(pki.Conflict, "restore.database", "the database is not empty").To("restore into an empty one: nothing that is there is ever overwritten")
}

// bring puts files and rows in place and makes them fit to go on with.
func (r *restoring) bring(ctx context.Context) error {
	if err := os.MkdirAll(r.Dir, 0o700); err != nil {
		return fmt.Errorf("making the folder: %w", err)
	}
	d, err := db.Open(ctx, r.source)
	if err != nil {
		return pki.Errorf(pki.Unavailable, "restore.database", "the database cannot be opened").To("check that it is there, empty, and that this user owns it").Because(err)
	}
	defer d.Close()
	if empty, err := d.Empty(ctx); err != nil || !empty {
		if err == nil {
			r.fresh = "" // not ours
			err = errFilled()
		}
		return err
	}
	for room, version := range r.reader.Schemas {
		if err := d.MigrateTo(ctx, room, r.schemas[room], version); err != nil {
			if errors.Is(err, db.ErrVersion) {
				err = errNewer()
			}
			return err
		}
	}
	if err := d.Fill(ctx, func(f *db.Filler) error { return r.parts(ctx, f) }); err != nil {
		return err
	}
	for room, tables := range r.schemas { // on to this release's tables
		if err := d.Migrate(ctx, room, tables); err != nil {
			return err
		}
	}
	return r.settle(ctx, d)
}

// parts reads the archive to its end; only then is it known to be whole.
func (r *restoring) parts(ctx context.Context, f *db.Filler) error {
	for {
		part, err := r.reader.Next()
		if err == io.EOF {
			return nil
		}
		if err == nil && part.Table {
			err = part.Fill(ctx, f)
		} else if err == nil {
			err = r.file(part)
		}
		if err != nil {
			return err
		}
	}
}

func (r *restoring) file(part *backup.Part) error {
	if part.Name == r.reader.Config {
		var err error
		r.config, err = io.ReadAll(part)
		return err
	}
	path := filepath.Join(r.Dir, filepath.FromSlash(part.Name))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("restoring %s: %w", part.Name, err)
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, os.FileMode(part.Mode)&0o755|0o600)
	if err != nil {
		return fmt.Errorf("restoring %s: %w", part.Name, err)
	}
	_, err = io.Copy(file, part)
	if close := errors.Join(file.Sync(), file.Close()); err == nil {
		err = close
	}
	return err
}

// settle checks what was brought back, ends what must not happen a second time, and
// enters the restore in the log.
func (r *restoring) settle(ctx context.Context, d *db.DB) error {
	m := r.reader.Manifest()
	r.done = Restoration{Component: m.Component, Archive: r.reader.ID, Taken: m.Taken, Rows: m.Rows(), Devices: m.Devices}
	if err := r.verifyLog(ctx, d); err != nil {
		return err
	}
	log, err := audit.Open(ctx, d, m.Origin)
	if err != nil {
		return err
	}
	_, all, err := readNamed(r.config)
	if err != nil {
		return err
	}
	now := r.options.now()().UTC()
	return d.Tx(ctx, func(tx *sql.Tx) (err error) {
		if r.done.Voided, err = officer.AfterRestore(ctx, tx, log, backupActor(), now); err != nil {
			return err
		}
		if m.Component == "kmc" {
			r.done.Aside, err = kmc.AfterRestore(ctx, tx, log, kmc.Restored{Archive: r.reader.ID, Taken: m.Taken, Now: now, Actor: backupActor()})
			return err
		}
		if m.Component == componentRA || m.Component == componentLRA {
			return ra.AfterRestore(ctx, tx, log, ra.Restored{Archive: r.reader.ID, Taken: m.Taken, Now: now, Actor: backupActor()})
		}
		if m.Component == componentGateway {
			if _, own := r.reader.About.Schemas["sso"]; own { // else they are in a database gateways share
				if r.done.Sessions, err = sso.AfterRestore(ctx, tx, now); err != nil {
					return err
				}
			}
			return gateway.AfterRestore(ctx, tx, log, gateway.Restored{Archive: r.reader.ID, Taken: m.Taken, Now: now, Actor: backupActor()})
		}
		restored := ca.Restored{Archive: r.reader.ID, Taken: m.Taken, Now: now, Actor: backupActor()}
		for _, n := range all {
			if n.key == "issuers.id" {
				restored.Issuers = append(restored.Issuers, n.node.Value)
			}
		}
		r.done.CRLs, err = ca.AfterRestore(ctx, tx, log, restored)
		return err
	})
}

// verifyLog holds the restored log against the head that was signed with the backup.
func (r *restoring) verifyLog(ctx context.Context, d *db.DB) error {
	var trusted []audit.Verifier
	var heads [][]byte
	if r.reader.AuditKey != "" && len(r.reader.About.Audit) > 0 {
		key, err := audit.ParseVerifier(r.reader.AuditKey)
		if err != nil {
			return err
		}
		trusted, heads = append(trusted, key), append(heads, r.reader.About.Audit)
	}
	report, err := audit.Verify(ctx, d, trusted, heads)
	if err != nil {
		return err
	}
	if !report.Good() {
		return pki.Errorf(pki.Conflict, "restore.audit", "the audit log of the archive does not verify: %s", report.Faults[0].Text).
			To("it was changed before the backup was made; restore an older one, and have the auditor look at both")
	}
	r.done.Audit = report.Size
	return nil
}

// finish puts the secrets in place and writes the configuration.
func (r *restoring) finish() error {
	text, err := r.rewrite()
	if err != nil {
		return err
	}
	path := filepath.Join(r.Dir, r.reader.Config)
	if err := WriteNew(path, text, 0o600); err != nil {
		return err
	}
	r.done.Config = path
	now := r.options.now()()
	r.done.Seconds = now.Sub(r.started).Seconds()
	return note(path, func(record *Record) {
		record.Restored = &Restored{At: now, Archive: r.done.Archive, Taken: r.done.Taken}
		record.Backup = nil
	})
}

// clean takes away the database file of a restore that failed. What else was written
// stays to be looked at; without a configuration nothing of it starts.
func (r *restoring) clean() {
	if r.fresh == "" {
		return
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		os.Remove(r.fresh + suffix)
	}
}
