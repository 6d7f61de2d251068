package ra

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"time"

	"onecert/audit"
	"onecert/officer"
	"onecert/pki"
	"onecert/ra/internal/sheet"
)

// BatchState is how a batch stands.
type BatchState string

// The states. Checked means that nothing was done yet; running, that rows become
// applications in the background.
const (
	BatchChecked   BatchState = "checked"
	BatchRunning   BatchState = "running"
	BatchDone      BatchState = "done"
	BatchWithdrawn BatchState = "withdrawn"
)

// Batch is a sheet of people, organisations, devices or publishers who get their first
// certificates (features L1): looked at row by row before any of it is done, then
// registered and handed to review in the background. Rows without what review needs
// (the request of a holder's own key) become drafts.
type Batch struct {
	ID      string     `json:"id"`
	Node    string     `json:"node"`
	Path    string     `json:"path"`
	State   BatchState `json:"state"`
	Version int        `json:"version" doc:"of what was read; decisions on another version are refused"`
	BatchOrder

	Rows       int    `json:"rows"`
	Faulty     int    `json:"faulty" doc:"rows in which something is wrong"`
	Registered int    `json:"registered"`
	Failed     int    `json:"failed" doc:"rows that were good and could not be registered any more"`
	Stopped    string `json:"stopped,omitempty" doc:"why a running batch does not go on; it is tried again"`

	CreatedBy   string    `json:"created_by"`
	ConfirmedBy string    `json:"confirmed_by,omitempty"`
	Created     time.Time `json:"created"`
	Changed     time.Time `json:"changed"`

	digest string // of the file
	actor  string // who confirmed, as pki.Actor in JSON
}

// BatchOrder is what all rows of a batch have in common.
type BatchOrder struct {
	Name    string    `json:"name,omitempty" query:"name" maxLength:"200" doc:"of the file, as it was uploaded"`
	Kind    Kind      `json:"kind" query:"kind" maxLength:"20"`
	Profile string    `json:"profile,omitempty" query:"profile" maxLength:"41"`
	KeyFrom string    `json:"key_from,omitempty" query:"key_from" enum:"request,server" doc:"whose keys; request if not said"`
	Suite   pki.Suite `json:"suite,omitempty" query:"suite" enum:"sm2,rsa2048,rsa3072,rsa4096,p256,p384" doc:"of keys made at the centre; sm2 if not said"`
	Days    int       `json:"days,omitempty" query:"days" minimum:"0" maximum:"10980"`
	Single  bool      `json:"single,omitempty" query:"single"`
}

// UploadBatch reads a sheet and keeps what it says, sealed, and what is wrong with it.
// Nothing is registered yet.
func (r *Registration) UploadBatch(ctx context.Context, o BatchOrder, content []byte) (*Batch, error) {
	s, err := r.enter(ctx, officer.Register)
	if err != nil {
		return nil, err
	}
	if err := o.complete(); err != nil {
		return nil, err
	}
	id, err := r.number(s.node.ID)
	if err != nil {
		return nil, err
	}
	sum, now := sha256.Sum256(content), r.now()
	b := &Batch{ID: "batch-" + id, Node: s.node.ID, Path: s.node.Path, State: BatchChecked, Version: 1, BatchOrder: o,
		CreatedBy: s.actor.Name, Created: now, Changed: now, digest: hex.EncodeToString(sum[:])}
	judged, err := r.judgeSheet(ctx, b, content)
	if err != nil {
		return nil, err
	}
	err = r.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		act := b.act("upload", s)
		act.Detail["name"] = b.Name
		if err := r.cfg.Audit.Append(ctx, tx, act); err != nil {
			return err
		}
		if err := insertBatch(ctx, tx, b); err != nil {
			return err
		}
		return r.insertBatchRows(ctx, tx, b, judged)
	})
	if err != nil {
		return nil, err
	}
	return b, nil
}

// complete fills in what was not said and refuses what no batch can have.
func (o *BatchOrder) complete() error {
	if o.Profile == "" {
		o.Profile = usualProfile(o.Kind)
	}
	if o.KeyFrom == "" {
		o.KeyFrom = keyRequest
	}
	if o.KeyFrom != keyRequest && o.KeyFrom != keyServer {
		return pki.Errorf(pki.Invalid, "batch.key", "%.20q says not whose keys they are", o.KeyFrom).To("use request or server")
	}
	if err := checkFileName(o.Name); err != nil {
		return err
	}
	return checkFields(o.Kind, nil, false)
}

// act is an entry of the audit log about the batch.
func (b *Batch) act(what string, s scope) audit.Act {
	return audit.Act{Actor: s.actor, Act: "batch." + what, Object: b.ID, Result: audit.Done, At: b.Changed,
		Detail: map[string]string{"file": b.digest, "state": string(b.State)}}
}

// Confirmation is what an officer says who lets a checked batch go on.
type Confirmation struct {
	Version    int  `json:"version" minimum:"1" doc:"of the batch that was looked at"`
	SkipFaulty bool `json:"skip_faulty,omitempty" doc:"register the good rows of a sheet that has faulty ones"`
}

// ConfirmBatch has the rows of a checked batch registered, in the background. A file
// that was confirmed here before is refused: its people would be registered twice.
func (r *Registration) ConfirmBatch(ctx context.Context, id string, c Confirmation) (*Batch, error) {
	return r.decideBatch(ctx, id, c.Version, "confirm", func(tx *sql.Tx, b *Batch, s scope) error {
		switch {
		case b.State != BatchChecked:
			return pki.Errorf(pki.Conflict, codeBatchState, "a batch that is %s cannot be confirmed", b.State).To("upload the sheet again if it is to be done once more")
		case b.Faulty == b.Rows:
			return pki.Errorf(pki.Conflict, "batch.nothing", "no row of the sheet is good").To("mend the rows and upload the sheet again")
		case b.Faulty > 0 && !c.SkipFaulty:
			return pki.Errorf(pki.Conflict, "batch.faulty", "%d rows of the sheet are faulty", b.Faulty).
				To("mend them and upload the sheet again, or say that only the good rows are registered")
		}
		if err := alone(ctx, tx); err != nil { // its twin may be confirmed at the same time
			return err
		}
		twins, err := collect(ctx, tx, func(row scanner) (twin string, err error) { err = row.Scan(&twin); return },
			"SELECT id FROM ra_batch WHERE digest = $1 AND kind = $2 AND path = $3 AND state IN ('running', 'done')", b.digest, string(b.Kind), b.Path)
		if err != nil {
			return err
		}
		if len(twins) > 0 {
			return pki.Errorf(pki.Conflict, "batch.again", "this very file was registered already, as %s", twins[0]).To("look at the results of that batch")
		}
		b.State, b.ConfirmedBy, b.actor = BatchRunning, s.actor.Name, encoded(s.actor)
		return nil
	})
}

// WithdrawBatch ends a batch: what was registered stays, what was not is forgotten.
func (r *Registration) WithdrawBatch(ctx context.Context, id string, version int) (*Batch, error) {
	return r.decideBatch(ctx, id, version, "withdraw", func(tx *sql.Tx, b *Batch, _ scope) error {
		if b.State != BatchChecked && b.State != BatchRunning {
			return pki.Errorf(pki.Conflict, codeBatchState, "a batch that is %s cannot be withdrawn", b.State).To("withdraw its applications one by one")
		}
		b.State = BatchWithdrawn
		return forgetRows(ctx, tx, b.ID)
	})
}

// decideBatch lets something happen to the version of a batch somebody has read.
func (r *Registration) decideBatch(ctx context.Context, id string, version int, what string, change func(*sql.Tx, *Batch, scope) error) (*Batch, error) {
	s, err := r.enter(ctx, officer.Register)
	if err != nil {
		return nil, err
	}
	var b *Batch
	err = r.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		if b, err = readBatch(ctx, tx, s, id); err != nil {
			return err
		}
		if b.Version != version {
			return changed(nothing{}, nil, "batch")
		}
		if b.Node != s.node.ID {
			return pki.Errorf(pki.Forbidden, "batch.node", "the batch belongs to %s", b.Node).To("an officer of that office decides about it")
		}
		if err := change(tx, b, s); err != nil {
			return err
		}
		b.Changed = r.now()
		if err := r.cfg.Audit.Append(ctx, tx, b.act(what, s)); err != nil {
			return err
		}
		return updateBatch(ctx, tx, b)
	})
	if err != nil {
		return nil, err
	}
	return b, nil
}

// BatchTemplate is the sheet to fill in for a kind, an XLSX.
func (r *Registration) BatchTemplate(ctx context.Context, kind Kind, language string) ([]byte, error) {
	if _, err := r.enter(ctx, officer.Register); err != nil {
		return nil, err
	}
	if err := checkFields(kind, nil, false); err != nil {
		return nil, err
	}
	words, err := languageOf(language)
	if err != nil {
		return nil, err
	}
	return sheet.Template(batchColumns(kind), words, mostRows)
}

func languageOf(language string) (sheet.Language, error) {
	switch words := sheet.Language(language); words {
	case sheet.Chinese, sheet.English, sheet.Both:
		return words, nil
	}
	return "", pki.Errorf(pki.Invalid, "batch.language", "the sheet is there in zh, en and both")
}
