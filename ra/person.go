package ra

import (
	"context"
	"strings"
	"time"

	"onecert/officer"
	"onecert/pki"
)

// PersonFile is everything held about a holder, for that holder (features O15): in the
// clear, with what each field is asked for.
type PersonFile struct {
	Made         time.Time         `json:"made"`
	Holder       *Holder           `json:"holder"`
	Contacts     map[string]string `json:"contacts"`
	Purposes     map[string]Field  `json:"purposes" doc:"why each field is asked"`
	Certificates []*Certificate    `json:"certificates"`
	Applications []HeldApplication `json:"applications"`
	Systems      []string          `json:"systems" doc:"applications the holder is noted to use"`
	Glances      []Glance          `json:"glances" doc:"when ministries looked at holders of the same unit, since this one is a member"`
	Retention    string            `json:"retention"`
}

// HeldApplication is one application of the holder, whole.
type HeldApplication struct {
	Application *Application `json:"application"`
	History     []Moment     `json:"history"`
	Documents   []Document   `json:"documents,omitempty"`
	Archived    bool         `json:"archived,omitempty"`
}

// mostHeld bounds a file: who has more asks for it in parts.
const mostHeld = 2000

// HolderFile is the holder's right to know what is held, carried out at the counter for
// a reason that stands in the audit log. What other branches hold is theirs to give.
func (r *Registration) HolderFile(ctx context.Context, holder, reason string) (*PersonFile, error) {
	s, err := r.enter(ctx, officer.ExportHolder)
	if err != nil {
		return nil, err
	}
	if len([]rune(strings.TrimSpace(reason))) < 4 {
		return nil, pki.Errorf(pki.Invalid, "unmask.reason", "no reason is given").To("say who asked for it and how he was vetted")
	}
	if err := (Decision{Note: reason}).check(); err != nil {
		return nil, err
	}
	q := r.cfg.DB.Read()
	f := &PersonFile{Made: r.now(), Retention: "at least five years after the last certificate ended, then it is deleted"}
	if f.Holder, err = readHolder(ctx, q, s, holder); err != nil {
		return nil, err
	}
	// Before anything is opened.
	if err := r.cfg.Audit.Record(ctx, r.actOf(s, "holder.export", holder, holder, map[string]string{"reason": reason})); err != nil {
		return nil, err
	}
	if f.Contacts, err = r.contacts(ctx, q, holder); err != nil {
		return nil, err
	}
	f.Purposes = map[string]Field{}
	for _, field := range Fields(f.Holder.Kind) {
		f.Purposes[field.Name] = field
	}
	if f.Certificates, err = collect(ctx, q, scanCertificate, "SELECT "+certificateColumns+" FROM ra_certificate WHERE holder = $1 AND path >= $2 AND path < $3 ORDER BY not_before, serial",
		holder, s.from(), s.to()); err != nil {
		return nil, err
	}
	if err := r.heldLive(ctx, s, f); err != nil {
		return nil, err
	}
	if err := r.heldArchived(ctx, s, f); err != nil {
		return nil, err
	}
	if f.Systems, err = collect(ctx, q, func(row scanner) (id string, err error) { return id, row.Scan(&id) }, "SELECT system FROM ra_member WHERE holder = $1 ORDER BY system", holder); err != nil {
		return nil, err
	}
	f.Glances, err = r.glancesAt(ctx, f.Holder)
	return f, err
}

func (r *Registration) heldLive(ctx context.Context, s scope, f *PersonFile) error {
	all, err := collect(ctx, r.cfg.DB.Read(), scanApplication, "SELECT "+applicationColumns+" FROM ra_application WHERE holder = $1 AND path >= $2 AND path < $3 ORDER BY created, id LIMIT $4",
		f.Holder.ID, s.from(), s.to(), mostHeld)
	if err != nil {
		return err
	}
	for _, a := range all {
		h := HeldApplication{Application: a}
		if err := r.reveal(a); err != nil {
			return err
		}
		if h.History, err = readHistory(ctx, r.cfg.DB.Read(), a.ID); err != nil {
			return err
		}
		if h.Documents, err = readDocuments(ctx, r.cfg.DB.Read(), a.ID); err != nil {
			return err
		}
		f.Applications = append(f.Applications, h)
	}
	return nil
}

func (r *Registration) heldArchived(ctx context.Context, s scope, f *PersonFile) error {
	type packed struct {
		digest string
		record []byte
	}
	all, err := collect(ctx, r.cfg.DB.Read(), func(row scanner) (p packed, err error) { return p, row.Scan(&p.digest, &p.record) },
		"SELECT digest, record FROM ra_archived WHERE holder = $1 AND path >= $2 AND path < $3 ORDER BY created, application LIMIT $4", f.Holder.ID, s.from(), s.to(), mostHeld)
	if err != nil {
		return err
	}
	for _, p := range all {
		text, err := unpack(p.record, p.digest)
		if err != nil {
			return err
		}
		d, err := parseFolder(text)
		if err != nil {
			return err
		}
		kept := &ArchivedFile{}
		a, err := kept.fill(d)
		if err != nil {
			return err
		}
		if err := r.reveal(a); err != nil {
			return err
		}
		f.Applications = append(f.Applications, HeldApplication{Application: a, History: kept.History, Documents: kept.Documents, Archived: true})
	}
	return nil
}

// glancesAt are the times a ministry looked at members of the holder's unit.
func (r *Registration) glancesAt(ctx context.Context, h *Holder) ([]Glance, error) {
	return collect(ctx, r.cfg.DB.Read(), scanGlance, `SELECT l.at, l.officer, l.node, l.system, l.holders, l.path, l.id FROM ra_look l
		JOIN ra_member m ON m.system = l.system AND m.holder = $1 AND l.at >= m.at WHERE l.path = $2 ORDER BY l.at`, h.ID, h.Path)
}
