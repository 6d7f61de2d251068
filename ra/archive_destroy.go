package ra

import (
	"context"
	"database/sql"
	"strconv"
	"time"

	"onecert/officer"
	"onecert/pki"
)

// Ending says why a volume is to be destroyed.
type Ending struct {
	Reason string `json:"reason" minLength:"2" maxLength:"200"`
}

// DestroyVolume proposes to destroy what a volume holds: five years after the last of it
// ended, not before (features O15). Another administrator consents. What stays are
// the numbers of the applications, the digests, and the volume's part of the statistics.
func (r *Registration) DestroyVolume(ctx context.Context, number int64, e Ending) (*Motion, error) {
	s, err := r.enter(ctx, officer.DestroyArchive)
	if err != nil {
		return nil, err
	}
	v, err := r.readVolume(ctx, r.cfg.DB.Read(), s, number)
	if err != nil {
		return nil, err
	}
	if err := r.overdue(v); err != nil {
		return nil, err
	}
	return r.propose(ctx, s, Motion{Kind: DestroyMotion, Object: strconv.FormatInt(number, 10), Reason: e.Reason, Path: v.path, Needs: 1,
		Detail: map[string]string{"records": strconv.Itoa(v.Records), "newest": v.Newest.Format(time.DateOnly), "digest": v.Digest}})
}

// overdue says whether a volume's time is over.
func (r *Registration) overdue(v *Volume) error {
	if v.State != volumeKept {
		return pki.Errorf(pki.Conflict, "archive.destroyed", "volume %d was destroyed after its time", v.Number)
	}
	if end := v.Newest.AddDate(retentionYears, 0, 0); r.now().Before(end) {
		return pki.Errorf(pki.Forbidden, "archive.retention", "what volume %d holds is kept until %s", v.Number, end.Format(time.DateOnly)).
			To("nothing is destroyed within five years of its end")
	}
	return nil
}

// destroyNow does what was consented to.
func (r *Registration) destroyNow(ctx context.Context, tx *sql.Tx, to *sheaf, m *Motion) error {
	number, err := strconv.ParseInt(m.Object, 10, 64)
	if err != nil {
		return err
	}
	v, err := scanVolume(tx.QueryRowContext(ctx, "SELECT "+volumeColumns+" FROM ra_volume WHERE number = $1", number))
	if err != nil {
		return unknownOr(err, "archive.unknown", "volume", m.Object)
	}
	if err := r.overdue(v); err != nil {
		return err
	}
	const inVolume = "application IN (SELECT application FROM ra_archived WHERE volume = $1)"
	to.do("DELETE FROM ra_piece WHERE hash IN (SELECT hash FROM ra_document WHERE "+inVolume+") AND hash NOT IN (SELECT hash FROM ra_document WHERE NOT "+inVolume+")", number)
	to.do("DELETE FROM ra_document WHERE "+inVolume, number)
	to.do("UPDATE ra_archived SET holder = '', name = '', kind = '', operation = '', serial = '', record = $1 WHERE volume = $2", []byte{}, number)
	to.do("UPDATE ra_volume SET state = $1 WHERE number = $2", volumeDestroyed, number)
	// Who was cancelled and of whom nothing is left, is forgotten with the last of it.
	to.do(`DELETE FROM ra_holder WHERE state = 'cancelled' AND path >= $1 AND path < $2 AND NOT EXISTS (SELECT 1 FROM ra_certificate c WHERE c.holder = ra_holder.id)
		AND NOT EXISTS (SELECT 1 FROM ra_application a WHERE a.holder = ra_holder.id) AND NOT EXISTS (SELECT 1 FROM ra_archived k WHERE k.holder = ra_holder.id)`, v.path, v.path+"~")
	return nil
}
