package wire

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"onecert/audit"
	"onecert/backup"
	"onecert/ca"
	"onecert/cms"
	"onecert/db"
	"onecert/gateway"
	"onecert/helpdesk"
	"onecert/kmc"
	"onecert/notice"
	"onecert/officer"
	"onecert/pki"
	"onecert/ra"
	"onecert/shares"
	"onecert/sso"
	"onecert/status"
)

// NewBackup says what is to be kept, where, and who opens it.
type NewBackup struct {
	Config string // of the component; it may be serving
	Out    string // the archive, which must not exist, or a folder: it is named there by component and time
	Lock   backup.Lock
	// Secrets puts passphrases and other secrets into the archive, too.
	Secrets bool
	// Deliver takes the custodians' shares, which are nowhere else, before the archive
	// gets its name; needed where Lock asks for shares.
	Deliver func(archive string, split []shares.Share) error
}

// Backup is an archive that was made.
type Backup struct {
	ID       string          `json:"id"`
	File     string          `json:"file"`
	Octets   int64           `json:"octets"`
	SHA256   []byte          `json:"sha256"`
	Seconds  float64         `json:"seconds"`
	Manifest backup.Manifest `json:"-"`
}

// trade is what a backup has to know of a component: its rooms' tables, and what it
// counts.
type trade struct {
	schemas map[string]fs.FS
	figures func(ctx context.Context, tx *sql.Tx) (map[string]int64, error)
	newest  func(ctx context.Context, tx *sql.Tx) ([]kmc.Escrowed, error)
}

func tradeOf(component string) (trade, error) {
	common := func(room string, tables fs.FS) map[string]fs.FS {
		return map[string]fs.FS{room: tables, "audit": audit.Migrations(), "officer": officer.Migrations()}
	}
	switch component {
	case "ca":
		schemas := common("ca", ca.Migrations())
		schemas["status"] = status.Migrations()
		return trade{schemas: schemas, figures: caFigures}, nil
	case "kmc":
		return trade{schemas: common("kmc", kmc.Migrations()), figures: kmc.Figures, newest: kmc.Newest}, nil
	case componentRA, componentLRA:
		schemas := common("ra", ra.Migrations())
		schemas["notice"], schemas["helpdesk"] = notice.Migrations(), helpdesk.Migrations()
		return trade{schemas: schemas, figures: ra.Figures}, nil
	case componentGateway:
		schemas := common("gateway", gateway.Migrations())
		schemas["status"], schemas["sso"] = status.Migrations(), sso.Migrations()
		return trade{schemas: schemas, figures: gateway.Figures}, nil
	}
	return trade{}, pki.Errorf(pki.Invalid, "backup.component", "%.20q is no component this program keeps", component).To("a backup is of a ca, a kmc, an ra, an lra or a gateway")
}

func caFigures(ctx context.Context, tx *sql.Tx) (map[string]int64, error) {
	numbers, err := ca.CRLNumbers(ctx, tx)
	if err != nil {
		return nil, err
	}
	all := map[string]int64{}
	for issuer, number := range numbers {
		all["crl."+issuer] = number
	}
	all["journal"], err = status.LastIn(ctx, tx)
	return all, err
}

// logOf reads which component a configuration is for, and what its log stands on.
func logOf(path string) (component string, f logFiles, err error) {
	if component, err = Component(path); err != nil {
		return "", f, err
	}
	switch component {
	case "ca":
		c, err := LoadCA(path)
		if err != nil {
			return "", f, err
		}
		return component, c.log(), nil
	case "kmc":
		c, err := LoadKMC(path)
		if err != nil {
			return "", f, err
		}
		return component, c.log(), nil
	}
	if component == componentGateway {
		c, err := LoadGateway(path)
		if err != nil {
			return "", f, err
		}
		return component, c.log(), nil
	}
	if component == componentRA || component == componentLRA {
		c, err := LoadRA(path)
		if err != nil {
			return "", f, err
		}
		return component, c.log(), nil
	}
	return "", f, unknownComponent(path, component)
}

// CreateBackup keeps a component in one archive, as of one commit of its database,
// whether or not it is being served.
func CreateBackup(ctx context.Context, n NewBackup, options Options) (Backup, error) {
	started := options.now()()
	b, err := begin(n, options)
	if err != nil {
		return Backup{}, err
	}
	if info, err := os.Stat(n.Out); err == nil && info.IsDir() {
		n.Out = filepath.Join(n.Out, b.component+"-"+started.UTC().Format("20060102T150405Z")+".backup")
	}
	d, err := db.OpenReadOnly(ctx, b.source)
	if err != nil {
		return Backup{}, errDatabase(err)
	}
	defer d.Close()
	out, err := newArchiveFile(n.Out)
	if err != nil {
		return Backup{}, err
	}
	defer out.drop()
	err = d.Snapshot(ctx, func(tx *sql.Tx) error { return b.write(ctx, d, tx, out) })
	if err != nil {
		return Backup{}, err
	}
	if err := out.keep(); err != nil {
		return Backup{}, err
	}
	b.done.File, b.done.Octets, b.done.SHA256 = n.Out, out.octets, out.hash.Sum(nil)
	b.done.Seconds = options.now()().Sub(started).Seconds()
	return b.done, b.record(ctx)
}

// backing is one backup being made.
type backing struct {
	NewBackup
	trade
	component string
	log       logFiles
	source    string
	signer    audit.Signer
	contents  *contents
	options   Options
	done      Backup
}

func begin(n NewBackup, options Options) (*backing, error) {
	b := &backing{NewBackup: n, options: options}
	var err error
	if n.Lock.Total > 0 && n.Deliver == nil {
		return nil, errors.New("making a backup: nobody takes the shares")
	}
	if b.component, b.log, err = logOf(n.Config); err != nil {
		return nil, err
	}
	if b.trade, err = tradeOf(b.component); err != nil {
		return nil, err
	}
	if b.source, err = databaseSource(b.log.dir, b.log.database, b.log.databaseFile); err != nil {
		return nil, err
	}
	key, err := openKey(b.log.dir, b.log.key)
	if err != nil {
		return nil, fmt.Errorf("opening the audit key: %w", err)
	}
	if b.signer, err = audit.NewSigner(b.log.origin, key); err != nil {
		return nil, fmt.Errorf("opening the audit key: %w", err)
	}
	b.contents, err = contentsOf(n.Config)
	return b, err
}

// write makes the archive of what tx, a snapshot, sees, and of the files as they are.
func (b *backing) write(ctx context.Context, d *db.DB, tx *sql.Tx, out io.Writer) error {
	about, err := b.about(ctx, d, tx)
	if err != nil {
		return err
	}
	files, places, apart, err := b.contents.read(b.Secrets)
	if err != nil {
		return err
	}
	about.Places, about.Apart, about.Devices = places, apart, b.contents.devices
	w, split, err := backup.NewWriter(out, b.Lock, about)
	if err != nil {
		return err
	}
	for _, f := range files {
		if err := w.File(f.name, uint32(f.mode), f.text); err != nil {
			return err
		}
	}
	if err := w.Database(ctx, d, tx); err != nil {
		return err
	}
	b.done.ID = w.ID()
	if b.done.Manifest, err = w.Close(); err != nil || len(split) == 0 {
		return err
	}
	defer func() {
		for _, share := range split {
			share.Wipe()
		}
	}()
	return b.Deliver(b.done.ID, split)
}

func (b *backing) about(ctx context.Context, d *db.DB, tx *sql.Tx) (about backup.About, err error) {
	about = backup.About{Component: b.component, Origin: b.log.origin, Taken: b.options.now()().UTC().Truncate(time.Second), Program: b.options.version(),
		Engine: string(d.Dialect), Config: b.contents.config, Folder: b.contents.dir, Secrets: b.Secrets, AuditKey: b.signer.Verifier.String()}
	if about.Schemas, err = d.Versions(ctx, tx); err != nil {
		return about, err
	}
	for room := range about.Schemas {
		if b.schemas[room] == nil {
			return about, pki.Errorf(pki.Conflict, "backup.schema", "the database has tables of %.40q, which this program does not know", room).
				To("make the backup with the release that serves it")
		}
	}
	if _, about.Audit, err = audit.HeadIn(ctx, tx, b.log.origin, b.signer); err != nil {
		return about, err
	}
	if about.Figures, err = b.figures(ctx, tx); err != nil || b.newest == nil {
		return about, err
	}
	escrowed, err := b.newest(ctx, tx)
	if err != nil {
		return about, err
	}
	for _, e := range escrowed {
		sample, err := sampleOf(e)
		if err != nil {
			return about, err
		}
		about.Samples = append(about.Samples, sample)
	}
	return about, nil
}

// sampleOf encrypts a text nobody keeps to an escrowed key.
func sampleOf(e kmc.Escrowed) (backup.Sample, error) {
	public, err := pki.ParsePublicKey(e.PublicKey)
	if err != nil {
		return backup.Sample{}, fmt.Errorf("making a sample: %w", err)
	}
	text := make([]byte, 64)
	if _, err := rand.Read(text); err != nil {
		return backup.Sample{}, fmt.Errorf("making a sample: %w", err)
	}
	sealed, err := cms.Envelope(rand.Reader, cms.Recipient{Public: public}, text)
	if err != nil {
		return backup.Sample{}, fmt.Errorf("making a sample: %w", err)
	}
	sum := sha256.Sum256(text)
	return backup.Sample{CA: e.CA, CertNo: e.CertNo, Holder: e.Holder, Suite: e.Suite, Sealed: sealed, SHA256: sum[:]}, nil
}

// backupActor is who acts from the machine itself.
func backupActor() pki.Actor { return pki.Actor{Name: "machine"} }

// record enters the backup in the audit log and in the component's record. The
// archive is there by then, and stays, should that fail.
func (b *backing) record(ctx context.Context) error {
	now := b.options.now()()
	err := b.enter(ctx, now)
	if err == nil {
		err = noteBackup(b.Config, Made{At: now, Archive: b.done.ID, File: b.done.File, Octets: b.done.Octets, Seconds: b.done.Seconds})
	}
	if err == nil {
		return nil
	}
	return pki.Errorf(pki.Unavailable, "backup.record", "the archive %s is whole, but that it was made could not be recorded", b.done.File).
		To("keep it, and look at the component's disk and database").Because(err)
}

func (b *backing) enter(ctx context.Context, now time.Time) error {
	d, err := db.Open(ctx, b.source)
	if err != nil {
		return err
	}
	defer d.Close()
	log, err := audit.Open(ctx, d, b.log.origin)
	if err != nil {
		return err
	}
	return log.Record(ctx, audit.Act{Actor: backupActor(), Act: "backup.create", Object: b.done.ID, Result: audit.Done, At: now,
		Detail: map[string]string{"sha256": fmt.Sprintf("%x", b.done.SHA256), "octets": fmt.Sprint(b.done.Octets), "secrets": fmt.Sprint(b.Secrets)}})
}

func errDatabase(err error) error {
	return pki.Errorf(pki.Unavailable, "database.open", "the database cannot be opened for reading").
		To("name it as sqlite:PATH or as a postgres URL, and check that this user may read it").Because(err)
}

// archiveFile is an archive being written beside its final name.
type archiveFile struct {
	*os.File
	path   string
	hash   hash.Hash
	octets int64
	kept   bool
}

func newArchiveFile(path string) (*archiveFile, error) {
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return nil, pki.Errorf(pki.Conflict, "file.exists", "%s is there already and is not overwritten", path).To("choose another name, best with the date in it")
	}
	file, err := os.OpenFile(path+".part", os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, pki.Errorf(pki.Invalid, "backup.out", "%s cannot be written", path).
			To("check the folder; a %s.part left over from a backup that was broken off may be removed", filepath.Base(path)).Because(err)
	}
	return &archiveFile{File: file, path: path, hash: sha256.New()}, nil
}

// Write implements io.Writer.
func (a *archiveFile) Write(p []byte) (int, error) {
	n, err := a.File.Write(p)
	a.hash.Write(p[:n])
	a.octets += int64(n)
	if err != nil {
		err = pki.Errorf(pki.Unavailable, "backup.out", "%s cannot be written to its end", a.path).To("see whether its disk is full").Because(err)
	}
	return n, err
}

// keep gives the file its name, once it is on disk.
func (a *archiveFile) keep() error {
	err := errors.Join(a.Sync(), a.Close())
	if err == nil {
		err = os.Rename(a.path+".part", a.path)
	}
	if err == nil {
		err = syncFolder(filepath.Dir(a.path))
	}
	if err != nil {
		return fmt.Errorf("keeping %s: %w", a.path, err)
	}
	a.kept = true
	return nil
}

// drop removes what was not kept.
func (a *archiveFile) drop() {
	if !a.kept {
		a.Close()
		os.Remove(a.path + ".part")
	}
}

func syncFolder(dir string) error {
	folder, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
