package status

import (
	"context"
	"embed"
	"time"

	"onecert/db"
	"onecert/pki"
)

// Event is what happened to a certificate.
type Event string

// The four events. Expiry is none: it needs no act.
const (
	Issued   Event = "issued"
	Held     Event = "held"
	Released Event = "released"
	Revoked  Event = "revoked"
)

// Change is one change of state, as asked for. Times are kept to the millisecond.
type Change struct {
	Issuer string     `json:"issuer"` // the issuing CA's id
	Serial pki.Serial `json:"serial"`
	Event  Event      `json:"event"`
	// Reason is the CRLReason of Revoked; for the other events it follows from the
	// event (certificateHold, removeFromCRL, unspecified).
	Reason     pki.Reason `json:"reason"`
	At         time.Time  `json:"at"`
	Invalidity time.Time  `json:"invalidity,omitzero"` // RFC 5280 5.3.2; zero: none
	// NotAfter and Partition are given with Issued; for the other events Append
	// fills them in from the table, so that followers need no second question.
	NotAfter  time.Time `json:"notAfter"`
	Partition int       `json:"partition"`
}

// Entry is one line of the journal. Numbers start at 1 and have no gaps.
type Entry struct {
	Number int64 `json:"number"`
	Change
}

// Record is the state of one certificate after its last change. State is as
// recorded, not judged by the clock: pki.State.At adds expiry.
type Record struct {
	Issuer     string     `json:"issuer"`
	Serial     pki.Serial `json:"serial"`
	State      pki.State  `json:"state"`
	Reason     pki.Reason `json:"reason"`
	Changed    time.Time  `json:"changed"`
	Invalidity time.Time  `json:"invalidity,omitzero"`
	NotAfter   time.Time  `json:"notAfter"`
	Partition  int        `json:"partition"`
	Number     int64      `json:"number"` // of the journal entry that made it so
}

// Journal reads and writes the state of certificates. It is safe for concurrent use.
type Journal struct {
	d    *db.DB
	news news
	poll time.Duration
}

//go:embed migrations
var migrations embed.FS

// Open brings the tables up to date in the component's database and returns the journal.
func Open(ctx context.Context, d *db.DB) (*Journal, error) {
	if err := d.Migrate(ctx, "status", migrations); err != nil {
		return nil, err
	}
	if err := begin(ctx, d); err != nil {
		return nil, err
	}
	return &Journal{d: d, poll: pollEach}, nil
}

// OpenReadOnly returns the journal of a database another process has opened and
// migrated, for following and questions only.
func OpenReadOnly(d *db.DB) *Journal { return &Journal{d: d, poll: pollEach} }
