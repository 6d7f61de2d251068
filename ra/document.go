package ra

import (
	"context"
	"database/sql"
	"fmt"

	"onecert/audit"
	"onecert/db"
	"onecert/officer"
	"onecert/pki"
	"onecert/ra/internal/papers"
)

// Document is a scan attached to an application. Its hash is in the application's
// history and in the audit log.
type Document struct {
	Hash       string `json:"hash" doc:"SHA-256, hexadecimal"`
	Sort       string `json:"sort"`
	Name       string `json:"name,omitempty" doc:"of the file, as it was uploaded"`
	MediaType  string `json:"media_type"`
	Size       int    `json:"size"`
	Pages      int    `json:"pages"`
	At         int64  `json:"at" doc:"milliseconds since 1970"`
	AttachedBy string `json:"attached_by"`
}

// mostDocuments bounds what one application carries.
const mostDocuments = 30

// piece is how much of a document is sealed at once; a sealed record has its own limit.
const piece = 1 << 19

// Attach adds a scan to an application that is not under review. What it is, is told
// from its content, never from its name.
func (r *Registration) Attach(ctx context.Context, id string, version int, sort, name string, content []byte) (*Application, error) {
	paper, err := papers.Check(content, papers.Limits{})
	if err != nil {
		return nil, err
	}
	if err := checkFileName(name); err != nil {
		return nil, err
	}
	d := Document{Hash: paper.SHA256, Sort: sort, Name: name, MediaType: paper.MediaType, Size: paper.Size, Pages: paper.Pages, At: millis(r.now())}
	note := "attached " + sort + " " + d.Hash
	return r.happen(ctx, id, Edit, Decision{Version: version, Note: note}, func(a *Application, s scope) error {
		d.AttachedBy = s.actor.Name
		return checkSort(a.Kind, sort)
	}, func(ctx context.Context, tx *sql.Tx, a *Application, _ scope) error {
		return r.storeDocument(ctx, tx, a.ID, d, content)
	})
}

// checkFileName refuses the numbers that scanners and people name files by: names are
// kept in clear.
func checkFileName(name string) error {
	if pki.HidesIdentity(name) {
		return pki.Errorf(pki.Invalid, "identity.clear", "the name of the file holds what looks like an identity number").To("give the file another name")
	}
	return checkText("file name", name)
}

func (r *Registration) storeDocument(ctx context.Context, tx *sql.Tx, id string, d Document, content []byte) error {
	if err := alone(ctx, tx); err != nil { // somebody may just be taking the same scan out elsewhere
		return err
	}
	there, err := readDocuments(ctx, tx, id)
	if err != nil {
		return err
	}
	if len(there) >= mostDocuments {
		return pki.Errorf(pki.Conflict, "document.many", "an application carries at most %d documents", mostDocuments).To("put pages of one document into one PDF")
	}
	err = db.Insert(ctx, tx, "ra_document", []string{"application", "hash", "sort", "name", "media_type", "size", "pages", "at", "attached_by"},
		[][]any{{id, d.Hash, d.Sort, d.Name, d.MediaType, int64(d.Size), int64(d.Pages), d.At, d.AttachedBy}}, "")
	if db.IsDuplicate(err) {
		return pki.Errorf(pki.Conflict, "document.twice", "this very document is attached already")
	}
	if err != nil {
		return err
	}
	var kept int
	if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM ra_piece WHERE hash = $1", d.Hash).Scan(&kept); err != nil || kept > 0 {
		return err
	}
	for number := 0; number*piece < len(content); number++ {
		part := content[number*piece : min((number+1)*piece, len(content))]
		sealed, err := r.cfg.Sealer.Seal(r.cfg.Random, part, pieceOf(d.Hash, number))
		if err != nil {
			return fmt.Errorf("sealing a document: %w", err)
		}
		if err := db.Insert(ctx, tx, "ra_piece", []string{"hash", "number", "sealed"}, [][]any{{d.Hash, int64(number), sealed}}, ""); err != nil {
			return err
		}
	}
	return nil
}

func pieceOf(hash string, number int) []byte {
	return fmt.Appendf(nil, "ra document %s %d", hash, number)
}

// Detach takes a scan out of an application that is not under review; that it was
// there stays in the history.
func (r *Registration) Detach(ctx context.Context, id string, version int, hash string) (*Application, error) {
	note := "detached " + fmt.Sprintf("%.64s", hash)
	return r.happen(ctx, id, Edit, Decision{Version: version, Note: note}, nil, func(ctx context.Context, tx *sql.Tx, a *Application, _ scope) error {
		if err := alone(ctx, tx); err != nil {
			return err
		}
		result, err := tx.ExecContext(ctx, "DELETE FROM ra_document WHERE application = $1 AND hash = $2", a.ID, hash)
		if err != nil {
			return fmt.Errorf("detaching a document: %w", err)
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 {
			return unknownOr(sql.ErrNoRows, "document.unknown", "document", hash)
		}
		_, err = tx.ExecContext(ctx, "DELETE FROM ra_piece WHERE hash = $1 AND NOT EXISTS (SELECT 1 FROM ra_document d WHERE d.hash = $1)", hash)
		return err
	})
}

func readDocuments(ctx context.Context, q querier, id string) ([]Document, error) {
	return collect(ctx, q, func(row scanner) (d Document, err error) {
		err = row.Scan(&d.Hash, &d.Sort, &d.Name, &d.MediaType, &d.Size, &d.Pages, &d.At, &d.AttachedBy)
		return d, err
	}, "SELECT hash, sort, name, media_type, size, pages, at, attached_by FROM ra_document WHERE application = $1 ORDER BY at, hash", id)
}

// OpenDocument returns a scan of one of the subtree's applications. Who looks at
// people's papers, where numbers stand in full, stands in the audit log; who may not see
// the numbers does not see the papers.
func (r *Registration) OpenDocument(ctx context.Context, id, hash string) (*Document, []byte, error) {
	s, err := r.enter(ctx, officer.Unmask)
	if err != nil {
		return nil, nil, err
	}
	a, err := readApplication(ctx, r.cfg.DB.Read(), s, id)
	if err != nil {
		return nil, nil, err
	}
	all, err := readDocuments(ctx, r.cfg.DB.Read(), id)
	if err != nil {
		return nil, nil, err
	}
	for _, d := range all {
		if d.Hash == hash {
			if err := r.lookedAt(ctx, s, a, "document.read", hash); err != nil {
				return nil, nil, err
			}
			content, err := r.contentOf(ctx, d)
			return &d, content, err
		}
	}
	return nil, nil, unknownOr(sql.ErrNoRows, "document.unknown", "document", hash)
}

func (r *Registration) lookedAt(ctx context.Context, s scope, a *Application, act, what string) error {
	return r.cfg.Audit.Record(ctx, audit.Act{Actor: s.actor, Act: act, Object: a.ID, Subject: a.Holder, Result: audit.Done, Detail: map[string]string{"what": what}, At: r.now()})
}

func (r *Registration) contentOf(ctx context.Context, d Document) ([]byte, error) {
	pieces, err := collect(ctx, r.cfg.DB.Read(), func(row scanner) (sealed []byte, err error) { err = row.Scan(&sealed); return },
		"SELECT sealed FROM ra_piece WHERE hash = $1 ORDER BY number", d.Hash)
	if err != nil {
		return nil, err
	}
	content := make([]byte, 0, d.Size)
	for number, sealed := range pieces {
		part, err := r.cfg.Sealer.Open(sealed, pieceOf(d.Hash, number))
		if err != nil {
			return nil, fmt.Errorf("opening document %s: %w", d.Hash, err)
		}
		content = append(content, part...)
	}
	if len(content) != d.Size {
		return nil, pki.Errorf(pki.Internal, "document.damaged", "document %s is not whole", d.Hash).To("restore it from the backup")
	}
	return content, nil
}
