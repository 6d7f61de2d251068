package audit

import (
	"context"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"onecert/pki"
)

// Destination is a further place that signed heads are copied to, beside the folder
// of StartHeads. Send returns when the head is there, as far as that can be known.
type Destination struct {
	Name string // for health and log: "https://other.example/heads"
	Send func(ctx context.Context, head Checkpoint, signed []byte) error
}

// Copy is how copying to one destination goes.
type Copy struct {
	Name string
	Size int64     // of the last head that arrived
	At   time.Time // when that was last known to be the present one
	Err  error     // the last failure since then
}

// copies is the state of every destination.
type copies struct {
	mu  sync.Mutex
	all []Copy
}

// What one try may take, and how long a destination that fails is left alone at most.
const (
	sendTimeout = 10 * time.Second
	longestWait = time.Minute
)

// StartCopies sends the signed head to each destination, at once and whenever it has
// grown, looked at each period, until ctx ends. Each goes on by itself: one that fails
// stops no other, and no act. Failures are logged as they begin and end, and shown by
// Copies.
func (l *Log) StartCopies(ctx context.Context, every time.Duration, to ...Destination) error {
	if every <= 0 {
		return pki.Errorf(pki.Invalid, "audit.heads", "the period of copying heads must be positive")
	}
	l.copies.mu.Lock()
	defer l.copies.mu.Unlock()
	for _, d := range to {
		l.copies.all = append(l.copies.all, Copy{Name: d.Name})
		go l.keepCopying(ctx, len(l.copies.all)-1, d, every)
	}
	return nil
}

// Copies returns how each destination stands: figures of health.
func (l *Log) Copies() []Copy {
	l.copies.mu.Lock()
	defer l.copies.mu.Unlock()
	return append([]Copy{}, l.copies.all...)
}

func (l *Log) keepCopying(ctx context.Context, index int, d Destination, every time.Duration) {
	wait := every
	for {
		before, err := l.copyTo(ctx, index, d)
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			wait = every
			if before != nil {
				slog.InfoContext(ctx, "heads of the audit log are copied again", "origin", l.origin, "to", d.Name)
			}
		default:
			wait = min(2*wait, max(longestWait, every))
			if before == nil {
				slog.ErrorContext(ctx, "the head of the audit log was not copied", "origin", l.origin, "to", d.Name, "error", err)
			}
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return
		}
	}
}

// copyTo sends the head if there is a new one, and returns the failure before.
func (l *Log) copyTo(ctx context.Context, index int, d Destination) (before, err error) {
	l.copies.mu.Lock()
	last := l.copies.all[index]
	l.copies.mu.Unlock()
	size, err := l.sendHead(ctx, last, d)
	l.copies.mu.Lock()
	defer l.copies.mu.Unlock()
	now := &l.copies.all[index]
	if now.Err = err; err == nil {
		now.Size, now.At = size, l.Now()
	}
	return last.Err, err
}

func (l *Log) sendHead(ctx context.Context, last Copy, d Destination) (int64, error) {
	size, _, err := head(ctx, l.d.Read())
	if err != nil || !last.At.IsZero() && last.Size == size {
		return size, err
	}
	c, signed, err := l.checkpoint(ctx)
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	return c.Size, d.Send(ctx, c, signed)
}

// Folder is a folder, as StartHeads writes one, without its look at what is there.
func Folder(dir string) Destination {
	return Destination{Name: dir, Send: func(_ context.Context, head Checkpoint, signed []byte) error {
		for _, name := range []string{strconv.FormatInt(head.Size, 10) + ".checkpoint", latest} {
			if err := writeFile(dir, name, signed); err != nil {
				return uncopied(dir, err)
			}
		}
		return nil
	}}
}

func uncopied(to string, err error) error {
	return pki.Errorf(pki.Unavailable, "audit.copy", "the head of the audit log did not reach %.200s", to).
		To("check that it is there and lets this machine in; it is tried again").Because(err)
}
