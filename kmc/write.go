package kmc

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"onecert/audit"
	"onecert/db"
	"onecert/pki"
)

// maxJobs is how many jobs one transaction takes; a message is one job.
const maxJobs = 64

// errNoSpare sends a take back to make its own pair. It never leaves the room.
var errNoSpare = errors.New("no spare pair is ready")

// job is what one caller wants written: the steps of one message, or a single one.
type job struct {
	task  *task // of a message; nil in process
	steps []*step
	fill  []*record // pairs for the spare library, all of one suite
	err   error     // of the whole job: nothing of it was done
}

// task is a message's task number.
type task struct {
	ca     string
	number pki.Serial
	at     time.Time
}

// step is one touch of a key with the entry it leaves in the log. At most one of
// take and retire is set; with neither, only the entry is written.
type step struct {
	take   *take
	retire *retire
	act    audit.Act
	err    error // of this step alone
}

// take wants a pair for an order. record is set by whoever made one for it.
type take struct {
	use    use
	record *record // in: made on demand, not yet stored; out: the order's pair
	fresh  bool    // record is not stored yet
}

// retire moves a pair to history.
type retire struct {
	ca     string
	certNo pki.Serial
	at     time.Time
}

// refuse gives a step its error, which its entry in the log then carries.
func (s *step) refuse(err *pki.Error) {
	s.err = err
	s.act.Result = audit.Refused
	s.act.Detail["code"] = err.Code
}

// touches says in the entry which pair a step is about. It stands under the first
// number the pair was given, whichever was asked by.
func (s *step) touches(found *use) {
	s.act.Subject, s.act.Detail["key"] = found.holder, found.keyID
	if s.act.Object != string(found.certNo) {
		s.act.Object, s.act.Detail["asked"] = string(found.certNo), s.act.Object
	}
}

// write runs jobs in one transaction (group commit) with their entries in the log.
// A pair leaves the spare library by the insert into kmc_use and by nothing else.
func (c *Centre) write(ctx context.Context, jobs []*job) []error {
	b := &batch{centre: c, jobs: jobs, spent: map[*record]bool{}, stored: map[*record]bool{}, counts: map[pki.Suite]count{}}
	err := c.config.DB.Tx(ctx, func(tx *sql.Tx) error { return b.run(ctx, tx) })
	b.settle(err == nil)
	errs := make([]error, len(jobs))
	for i, j := range jobs {
		errs[i] = j.err
		if err != nil {
			errs[i] = storeFailed(err)
		}
	}
	return errs
}

// storeFailed is what a caller learns of a transaction that did not commit. The
// log's own refusals say what to do themselves.
func storeFailed(err error) error {
	if _, ok := errors.AsType[*pki.Error](err); ok {
		return err
	}
	if errors.Is(err, db.ErrLeaseLost) {
		return pki.Errorf(pki.Unavailable, codeLeaseLost, "another process has taken over this key store, and this one writes nothing any more").
			To("ask the other; end this process").Because(err)
	}
	return pki.Errorf(pki.Unavailable, codeStore, "the key store cannot be written, so nothing was done").
		To("look at the disk and the database, then ask again: the same order gets the same pair").Because(err)
}

// carryOut writes a job. Orders that found no spare pair get one made for them
// while they wait, in a second transaction, so that they hold up nobody else.
func (c *Centre) carryOut(ctx context.Context, j *job) error {
	if err := c.hand(ctx, j); err != nil {
		return err
	}
	var without []*step
	for _, s := range j.steps {
		if s.err == errNoSpare {
			without = append(without, s)
		}
	}
	if len(without) == 0 {
		return nil
	}
	if err := c.makeFor(ctx, without); err != nil {
		return err
	}
	return c.hand(ctx, &job{steps: without})
}

func (c *Centre) hand(ctx context.Context, j *job) error {
	err := c.writer.Do(ctx, j)
	if errors.Is(err, db.ErrStopped) {
		return pki.Errorf(pki.Unavailable, codeClosed, "the key management centre is stopping").To("ask again when it runs")
	}
	return err
}

func errCertNo() *pki.Error {
	return pki.Errorf(pki.Conflict, codeCertNo, "another order's pair stands under this certificate number").
		To("give the encryption certificate a new serial")
}

func errNoKey() *pki.Error {
	return pki.Errorf(pki.Unknown, codeNoKey, "no pair stands under this certificate number").
		To("ask with the serial of the encryption certificate the pair was made for")
}
