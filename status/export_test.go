package status

import (
	"time"

	"onecert/db"
)

// Queries returns the texts that must be served by an index, by its name.
func Queries(dialect db.Dialect) map[string]string {
	texts := map[string]string{"status_journal_serial": "SELECT " + entryColumns + " FROM status_journal WHERE " + historyOf}
	for _, l := range []listing{listedAll, listedPartition, changedSince} {
		texts[l.index] = l.text(dialect)
	}
	return texts
}

// SetPoll changes how often a journal looks by itself.
func (j *Journal) SetPoll(d time.Duration) { j.poll = d }

// SetHold changes how long an origin holds a request.
func (o *Origin) SetHold(d time.Duration) { o.hold = d }

// SetBeat changes how far apart an origin's beats are.
func (o *Origin) SetBeat(d time.Duration) { o.beat = d }

// Silence is how long a follower waits for a sign of life of an origin as it is.
const Silence = beatsMissed * beatEach

// Fits is what a copy asks of an answer.
func (b *Batch) Fits(after int64, limit int) error { return b.fits(after, limit) }
