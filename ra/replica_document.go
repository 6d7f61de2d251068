package ra

import (
	"context"
	"database/sql"
	"slices"
	"strings"

	"onecert/audit"
	"onecert/pki"
	"onecert/ra/internal/papers"
)

// lacking are the scans of a dossier that are not here yet.
func (r *Registration) lacking(ctx context.Context, d *Dossier) (hashes []string, err error) {
	have, err := readDocuments(ctx, r.cfg.DB.Read(), d.Application.ID)
	if err != nil {
		return nil, err
	}
	for _, one := range d.Documents {
		if !slices.ContainsFunc(have, func(h Document) bool { return h.Hash == one.Hash }) {
			hashes = append(hashes, one.Hash)
		}
	}
	return hashes, nil
}

// onlyThese takes scans out that were taken out at the counter.
func onlyThese(ctx context.Context, tx *sql.Tx, to *sheaf, d *Dossier) error {
	have, err := readDocuments(ctx, tx, d.Application.ID)
	for _, h := range have {
		if !slices.ContainsFunc(d.Documents, func(one Document) bool { return h.Hash == one.Hash }) {
			to.do("DELETE FROM ra_document WHERE application = $1 AND hash = $2", d.Application.ID, h.Hash)
			to.do("DELETE FROM ra_piece WHERE hash = $1 AND NOT EXISTS (SELECT 1 FROM ra_document d WHERE d.hash = $1)", h.Hash)
		}
	}
	return err
}

// HandDocument takes a scan from the counter whose site certificate calls. It must be
// what the application's history says was attached.
func (r *Registration) HandDocument(ctx context.Context, id string, d Document, content []byte) error {
	s, err := r.counter(ctx)
	if err != nil {
		return err
	}
	a, err := readApplication(ctx, r.cfg.DB.Read(), s, id)
	if err != nil {
		return err
	}
	paper, err := papers.Check(content, papers.Limits{})
	if err != nil {
		return err
	}
	history, err := readHistory(ctx, r.cfg.DB.Read(), id)
	if err != nil {
		return err
	}
	note := "attached " + d.Sort + " " + paper.SHA256
	at := slices.IndexFunc(history, func(m Moment) bool { return m.Note == note && m.Event == string(Edit) })
	if at < 0 || paper.SHA256 != d.Hash {
		return pki.Errorf(pki.Invalid, "link.document", "no scan of this content was attached to %.64q at the counter", id)
	}
	if err := checkText("file name", d.Name); err != nil {
		return err
	}
	kept := Document{Hash: paper.SHA256, Sort: d.Sort, Name: d.Name, MediaType: paper.MediaType, Size: paper.Size, Pages: paper.Pages, At: history[at].At, AttachedBy: history[at].Actor}
	err = r.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		if err := r.storeDocument(ctx, tx, id, kept, content); err != nil {
			return err
		}
		return r.cfg.Audit.Append(ctx, tx, audit.Act{Actor: s.actor, Act: "document.taken", Object: id, Subject: a.Holder, Result: audit.Done,
			Detail: map[string]string{"what": kept.Hash}, At: r.now()})
	})
	if pki.CodeOf(err) == "document.twice" {
		return nil
	}
	if err == nil && a.State == Submitted {
		r.byRule(ctx, a) // which had to wait for the last of them
	}
	return err
}

// handDocuments gives the registration above the scans it lacks of one application.
func (r *Registration) handDocuments(ctx context.Context, d *Dossier, lacks []string) error {
	for _, one := range d.Documents {
		if !slices.Contains(lacks, one.Hash) {
			continue
		}
		content, err := r.contentOf(ctx, one)
		if err != nil {
			return err
		}
		if err := r.cfg.Upstream.HandDocument(ctx, d.Application.ID, one, content); err != nil && !refusedAbove(err) {
			return err
		} else if err != nil {
			to := &sheaf{}
			to.do("UPDATE ra_application SET conflict = $1 WHERE id = $2", shortened("a scan was not taken above: "+err.Error()), d.Application.ID)
			if err := r.write(ctx, to); err != nil {
				return err
			}
		}
	}
	return nil
}

// refusedAbove says that sending it again would end the same.
func refusedAbove(err error) bool {
	return pki.KindOf(err) == pki.Invalid && strings.HasPrefix(pki.CodeOf(err), "link.")
}
