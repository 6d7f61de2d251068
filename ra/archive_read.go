package ra

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"onecert/officer"
	"onecert/pki"
)

// Archived is one line of a search in the archive.
type Archived struct {
	Application string     `json:"application"`
	Volume      int64      `json:"volume"`
	Holder      string     `json:"holder,omitempty"`
	Name        string     `json:"name"`
	Kind        Kind       `json:"kind"`
	Operation   Operation  `json:"operation"`
	State       State      `json:"state"`
	Serial      pki.Serial `json:"serial,omitempty"`
	Created     time.Time  `json:"created"`
}

// ArchiveQuery selects what is archived of one's subtree; at least one of the first
// three is needed.
type ArchiveQuery struct {
	Name   string     `query:"name" maxLength:"100" doc:"the whole name"`
	Holder string     `query:"holder" maxLength:"64"`
	Serial pki.Serial `query:"serial" maxLength:"64"`
	After  string     `query:"after" maxLength:"64"`
	Limit  int        `query:"limit" minimum:"0" maximum:"200"`
}

// SearchArchive finds archived applications of one's subtree.
func (r *Registration) SearchArchive(ctx context.Context, q ArchiveQuery) (*Page[*Archived], error) {
	s, err := r.enter(ctx, officer.ReadApplications)
	if err != nil {
		return nil, err
	}
	condition, value := "", ""
	for _, by := range []struct{ column, value string }{{"holder", q.Holder}, {"serial", string(q.Serial)}, {"name", q.Name}} {
		if by.value != "" {
			condition, value = by.column+" = $1", by.value
			break
		}
	}
	if condition == "" {
		return nil, pki.Errorf(pki.Invalid, "archive.query", "it is not said what to look for").To("give a name, a holder or a serial number")
	}
	limit := pageSize(q.Limit)
	all, err := collect(ctx, r.cfg.DB.Read(), func(row scanner) (*Archived, error) {
		a := &Archived{}
		var created int64
		err := row.Scan(&a.Application, &a.Volume, &a.Holder, &a.Name, &a.Kind, &a.Operation, &a.State, &a.Serial, &created)
		a.Created = moment(created)
		return a, err
	}, "SELECT application, volume, holder, name, kind, operation, state, serial, created FROM ra_archived WHERE "+condition+
		" AND path >= $2 AND path < $3 AND application > $4 ORDER BY application LIMIT $5", value, s.from(), s.to(), q.After, limit+1)
	if err != nil {
		return nil, err
	}
	page := &Page[*Archived]{Items: all}
	if len(all) > limit {
		page.Items, page.After = all[:limit], all[limit-1].Application
	}
	return page, nil
}

// ArchivedFile is an archived application as it stood, sensitive fields masked.
type ArchivedFile struct {
	Application *Application `json:"application"`
	History     []Moment     `json:"history"`
	Made        *Made        `json:"made,omitempty"`
	Documents   []Document   `json:"documents,omitempty"`
	Volume      int64        `json:"volume"`
	Digest      string       `json:"digest" doc:"SHA-256 of the record"`
}

// ArchivedApplication opens one record of the archive; a damaged one is refused.
func (r *Registration) ArchivedApplication(ctx context.Context, id string) (*ArchivedFile, error) {
	s, err := r.enter(ctx, officer.ReadApplications)
	if err != nil {
		return nil, err
	}
	f, a, err := r.openRecord(ctx, s, id)
	if err != nil {
		return nil, err
	}
	f.Application = r.view(a)
	f.Application.Legal, f.Application.Documents = nil, f.Documents
	return f, r.cfg.Audit.Record(ctx, r.actOf(s, "archive.read", id, a.Holder, nil))
}

// ArchivedDocument opens a scan of an archived application.
func (r *Registration) ArchivedDocument(ctx context.Context, id, hash string) (*Document, []byte, error) {
	s, err := r.enter(ctx, officer.Unmask)
	if err != nil {
		return nil, nil, err
	}
	f, a, err := r.openRecord(ctx, s, id)
	if err != nil {
		return nil, nil, err
	}
	i := slices.IndexFunc(f.Documents, func(d Document) bool { return d.Hash == hash })
	if i < 0 {
		return nil, nil, unknownOr(sql.ErrNoRows, "document.unknown", "document", hash)
	}
	if err := r.cfg.Audit.Record(ctx, r.actOf(s, "archive.document", id, a.Holder, map[string]string{"hash": hash})); err != nil {
		return nil, nil, err
	}
	content, err := r.contentOf(ctx, f.Documents[i])
	return &f.Documents[i], content, err
}

// openRecord reads a record of one's subtree, and the application in it with nothing
// masked.
func (r *Registration) openRecord(ctx context.Context, s scope, id string) (*ArchivedFile, *Application, error) {
	f := &ArchivedFile{}
	var packed []byte
	err := r.cfg.DB.Read().QueryRowContext(ctx, "SELECT volume, digest, record FROM ra_archived WHERE application = $1 AND path >= $2 AND path < $3", id, s.from(), s.to()).
		Scan(&f.Volume, &f.Digest, &packed)
	if err != nil {
		return nil, nil, unknownOr(err, "application.unknown", "archived application", id)
	}
	if len(packed) == 0 {
		return nil, nil, pki.Errorf(pki.Conflict, "archive.destroyed", "what was archived of this application was destroyed after its time")
	}
	text, err := unpack(packed, f.Digest)
	if err != nil {
		return nil, nil, err
	}
	d, err := parseFolder(text)
	if err != nil {
		return nil, nil, err
	}
	a, err := f.fill(d)
	return f, a, err
}

func (f *ArchivedFile) fill(d *folder) (*Application, error) {
	found, err := rowsOf(d, "ra_application", applicationColumns, scanApplication)
	if err != nil {
		return nil, err
	}
	a := found[0]
	if f.History, err = historyOf(d); err != nil {
		return nil, err
	}
	certificates, err := rowsOf(d, "ra_certificate", certificateColumns, scanCertificate)
	if err != nil {
		return nil, err
	}
	if len(certificates) > 0 {
		a.Certificate = certificates[0]
	}
	made, err := rowsOf(d, "ra_result", "issued", func(row scanner) (text string, err error) { return text, row.Scan(&text) })
	if err != nil {
		return nil, err
	}
	if len(made) > 0 {
		f.Made = &Made{}
		if err := json.Unmarshal([]byte(made[0]), f.Made); err != nil {
			return nil, fmt.Errorf("reading what was made for %s: %w", a.ID, err)
		}
	}
	f.Documents, err = rowsOf(d, "ra_document", documentColumns, scanDocument)
	return a, err
}

// volumeHeader is the first line of a volume's file.
type volumeHeader struct {
	Format   string `json:"format"`
	Number   int64  `json:"number"`
	Before   int64  `json:"before"`
	Previous string `json:"previous"`
	Records  int    `json:"records"`
	Digest   string `json:"digest"`
}

const volumeFormat = "onecert-archive-1"

// VolumeFile writes a volume to keep elsewhere: JSON lines, the first of which says
// what it is. Sensitive fields and scans stay sealed with the registration's key.
func (r *Registration) VolumeFile(ctx context.Context, number int64) ([]byte, error) {
	s, err := r.enter(ctx, officer.VerifyArchive)
	if err != nil {
		return nil, err
	}
	v, err := r.readVolume(ctx, r.cfg.DB.Read(), s, number)
	if err != nil {
		return nil, err
	}
	if v.State != volumeKept {
		return nil, pki.Errorf(pki.Conflict, "archive.destroyed", "volume %d was destroyed after its time", number)
	}
	var out bytes.Buffer
	fmt.Fprintln(&out, encoded(volumeHeader{volumeFormat, v.Number, millis(v.Before), v.Previous, v.Records, v.Digest}))
	err = r.eachRecord(ctx, number, func(_, digest string, packed []byte) error {
		text, err := unpack(packed, digest)
		out.Write(text)
		out.WriteByte('\n')
		return err
	})
	if err != nil {
		return nil, err
	}
	return out.Bytes(), r.cfg.Audit.Record(ctx, r.actOf(s, "archive.file", strconv.FormatInt(number, 10), "", nil))
}

func (r *Registration) readVolume(ctx context.Context, q querier, s scope, number int64) (*Volume, error) {
	v, err := scanVolume(q.QueryRowContext(ctx, "SELECT "+volumeColumns+" FROM ra_volume WHERE number = $1 AND path >= $2 AND path < $3", number, s.from(), s.to()))
	if err != nil {
		return nil, unknownOr(err, "archive.unknown", "volume", strconv.FormatInt(number, 10))
	}
	return v, nil
}

// CheckVolume verifies a volume's file by itself and returns its number and digest: the
// digest stands in the registration's audit log.
func CheckVolume(file io.Reader) (number int64, digest string, err error) {
	bad := func(wrong string, args ...any) error {
		return pki.Errorf(pki.Invalid, "archive.file", wrong, args...).To("take the file the registration has written, unchanged")
	}
	lines := bufio.NewScanner(file)
	lines.Buffer(make([]byte, 1<<16), mostRecord)
	if !lines.Scan() {
		return 0, "", bad("the file is empty")
	}
	var h volumeHeader
	if err := json.Unmarshal(lines.Bytes(), &h); err != nil || h.Format != volumeFormat {
		return 0, "", bad("this is no file of an archive's volume")
	}
	var digests []string
	for lines.Scan() {
		if _, err := parseFolder(lines.Bytes()); err != nil {
			return 0, "", bad("record %d cannot be read", len(digests)+1)
		}
		digests = append(digests, digestOfText(lines.Bytes()))
	}
	if err := lines.Err(); err != nil {
		return 0, "", bad("the file ends in the middle, or a record is too long")
	}
	v := Volume{Number: h.Number, Previous: h.Previous, Before: moment(h.Before)}
	if len(digests) != h.Records || v.digestOf(digests) != strings.ToLower(h.Digest) {
		return 0, "", bad("records are missing, added, changed or in another order")
	}
	return h.Number, h.Digest, nil
}

const documentColumns = "hash, sort, name, media_type, size, pages, at, attached_by"

func scanDocument(row scanner) (d Document, err error) {
	return d, row.Scan(&d.Hash, &d.Sort, &d.Name, &d.MediaType, &d.Size, &d.Pages, &d.At, &d.AttachedBy)
}

// isArchived says whether an application has left the live tables.
func (r *Registration) isArchived(ctx context.Context, id string) (bool, error) {
	var n int
	err := r.cfg.DB.Read().QueryRowContext(ctx, "SELECT count(*) FROM ra_archived WHERE application = $1", id).Scan(&n)
	if err != nil {
		return false, fmt.Errorf("looking in the archive: %w", err)
	}
	return n > 0, nil
}
