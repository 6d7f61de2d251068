package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"onecert/pki"
)

const latest = "latest"

// headState is how copying heads off the machine goes.
type headState struct {
	mu   sync.Mutex
	dir  string
	size int64
	at   time.Time
	err  error
}

// StartHeads writes the signed head into a folder, meant to be another machine's
// mount, at once and then whenever it has grown, looked at each period, until ctx
// ends. Each is a file <size>.checkpoint, and latest is a copy of the last; both
// appear by rename.
//
// It fails if the folder cannot be written, or if its latest head is not one of this
// log's (audit.rewound): then entries were lost since it was copied. A later failure
// is logged and shown by CopiedHead.
func (l *Log) StartHeads(ctx context.Context, dir string, every time.Duration) error {
	if every <= 0 {
		return pki.Errorf(pki.Invalid, "audit.heads", "the period of copying heads must be positive")
	}
	if err := l.notRewound(ctx, filepath.Join(dir, latest)); err != nil {
		return err
	}
	if err := l.copyHead(ctx, dir); err != nil {
		return err
	}
	l.heads.mu.Lock()
	l.heads.dir = dir
	l.heads.mu.Unlock()
	go l.copyHeads(ctx, dir, every)
	return nil
}

// LastHead copies the head once more, for a stop: what was written since the last
// period is covered too. It does nothing where StartHeads was not called.
func (l *Log) LastHead(ctx context.Context) error {
	l.heads.mu.Lock()
	dir := l.heads.dir
	l.heads.mu.Unlock()
	if dir == "" {
		return nil
	}
	return l.copyHead(ctx, dir)
}

func (l *Log) copyHeads(ctx context.Context, dir string, every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		if err := l.copyHead(ctx, dir); err != nil && ctx.Err() == nil {
			slog.ErrorContext(ctx, "the head of the audit log was not copied", "origin", l.origin, "error", err)
		}
	}
}

// CopiedHead returns the size of the last head that was copied, when it was last
// known to be the present one, and the last failure since then: a health figure.
func (l *Log) CopiedHead() (size int64, at time.Time, err error) {
	l.heads.mu.Lock()
	defer l.heads.mu.Unlock()
	return l.heads.size, l.heads.at, l.heads.err
}

func (l *Log) copyHead(ctx context.Context, dir string) error {
	size, err := l.writeHead(ctx, dir)
	l.heads.mu.Lock()
	defer l.heads.mu.Unlock()
	l.heads.err = err
	if err == nil {
		l.heads.size, l.heads.at = size, l.Now()
	}
	return err
}

func (l *Log) writeHead(ctx context.Context, dir string) (int64, error) {
	size, _, err := head(ctx, l.d.Read())
	if err != nil {
		return 0, err
	}
	if last, at, _ := l.CopiedHead(); !at.IsZero() && last == size {
		return size, nil
	}
	c, signed, err := l.checkpoint(ctx)
	if err != nil {
		return 0, err
	}
	for _, name := range []string{strconv.FormatInt(c.Size, 10) + ".checkpoint", latest} {
		if err := writeFile(dir, name, signed); err != nil {
			return 0, pki.Errorf(pki.Unavailable, "audit.heads", "the head of the audit log cannot be copied to its folder").
				To("check that the folder %s is there and can be written", dir).Because(err)
		}
	}
	return c.Size, nil
}

// writeFile puts a file in place whole, on disk before it has its name.
func writeFile(dir, name string, content []byte) error {
	file, err := os.CreateTemp(dir, "."+name+".*")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name()) // after the rename it is not there
	_, err = file.Write(content)
	err = errors.Join(err, file.Chmod(0o644), file.Sync(), file.Close())
	if err != nil {
		return err
	}
	return os.Rename(file.Name(), filepath.Join(dir, name))
}

// notRewound holds the last copied head against the log. Its signature is not asked
// for: the key may have changed since, and a head nobody can explain must stop us.
func (l *Log) notRewound(ctx context.Context, file string) error {
	signed, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return pki.Errorf(pki.Unavailable, "audit.heads", "the last copied head of the audit log cannot be read").
			To("check the folder %s", filepath.Dir(file)).Because(err)
	}
	c, err := peekCheckpoint(signed)
	if err != nil {
		return err
	}
	if c.Origin != l.origin {
		return pki.Errorf(pki.Conflict, "audit.heads", "the folder holds the heads of another audit log").
			To("give each log a folder of its own")
	}
	size, _, err := head(ctx, l.d.Read())
	if err != nil {
		return err
	}
	if c.Size <= size {
		e, err := edgeAt(ctx, l.d.Read(), c.Size)
		if err != nil {
			return err
		}
		if bytes.Equal(e.root, c.Root) {
			return nil
		}
	}
	return pki.Errorf(pki.Conflict, "audit.rewound", "the audit log does not continue its last copied head, of %d entries", c.Size).
		To("entries were lost or changed, perhaps by restoring a backup: run 'onecert audit verify', and move %s aside once it is explained", file)
}

// ReadHeads reads every signed head of a folder that StartHeads wrote.
func ReadHeads(dir string) ([][]byte, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.checkpoint"))
	if err != nil {
		return nil, fmt.Errorf("reading heads: %w", err)
	}
	if newest := filepath.Join(dir, latest); exists(newest) {
		files = append(files, newest)
	}
	if len(files) == 0 {
		return nil, pki.Errorf(pki.Unknown, "audit.heads", "the folder holds no heads of an audit log").
			To("name the folder the component copies its heads to")
	}
	heads := make([][]byte, len(files))
	for i, file := range files {
		if heads[i], err = os.ReadFile(file); err != nil {
			return nil, fmt.Errorf("reading heads: %w", err)
		}
	}
	return heads, nil
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}
