package ra

import (
	"context"
	"fmt"
)

// batchFaults says what is wrong with the records of batches.
func (r *Registration) batchFaults(ctx context.Context) (faults []string) {
	for what, query := range map[string]string{
		"a row of a batch is registered without its application": `SELECT b.application FROM ra_batch_row b LEFT JOIN ra_application a ON a.id = b.application
			WHERE b.state = 'registered' AND (a.id IS NULL OR a.batch <> b.batch) AND NOT EXISTS (SELECT 1 FROM ra_archived k WHERE k.application = b.application)`,
		"an application of a batch has no row": `SELECT a.id FROM ra_application a JOIN ra_batch b ON b.id = a.batch
			WHERE NOT EXISTS (SELECT 1 FROM ra_batch_row w WHERE w.application = a.id)`,
		"a batch miscounts its rows": `SELECT b.id FROM ra_batch b WHERE b.total <> (SELECT count(*) FROM ra_batch_row w WHERE w.batch = b.id)
			OR b.registered <> (SELECT count(*) FROM ra_batch_row w WHERE w.batch = b.id AND w.state = 'registered')
			OR b.failed <> (SELECT count(*) FROM ra_batch_row w WHERE w.batch = b.id AND w.state = 'failed')`,
		"a batch keeps what a row says that is done": `SELECT w.batch FROM ra_batch_row w JOIN ra_batch b ON b.id = w.batch
			WHERE w.sealed IS NOT NULL AND (w.state <> 'ready' OR b.state IN ('done', 'withdrawn'))`,
	} {
		found, err := collect(ctx, r.cfg.DB.Read(), func(row scanner) (id string, err error) { err = row.Scan(&id); return }, query)
		if err != nil {
			faults = append(faults, fmt.Sprintf("%s: %v", what, err))
		}
		for _, id := range found {
			faults = append(faults, what+": "+id)
		}
	}
	return faults
}
