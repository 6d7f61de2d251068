package audit

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"onecert/pki"
)

// Size returns how many entries the log has.
func (l *Log) Size(ctx context.Context) (int64, error) {
	size, _, err := head(ctx, l.d.Read())
	return size, err
}

// Verifiers are the public keys that the log's heads are signed with, each as it is written
// down where heads are verified.
func (l *Log) Verifiers() []string {
	all := make([]string, len(l.signers))
	for i, s := range l.signers {
		all[i] = s.String()
	}
	return all
}

// Origin is the name of the log in its heads.
func (l *Log) Origin() string { return l.origin }

// Copied returns the head StartHeads wrote last into a folder, and when; a folder
// without one is Unknown. Who signed it is not asked.
func Copied(dir string) (Checkpoint, time.Time, error) {
	path := filepath.Join(dir, latest)
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Checkpoint{}, time.Time{}, pki.Errorf(pki.Unknown, "audit.heads", "the folder holds no heads of an audit log").
			To("name the folder the component copies its heads to")
	}
	var signed []byte
	if err == nil && info.Size() <= maxHead {
		signed, err = os.ReadFile(path)
	}
	if err != nil {
		return Checkpoint{}, time.Time{}, pki.Errorf(pki.Unavailable, "audit.heads", "the last copied head of the audit log cannot be read").
			To("check the folder %s", dir).Because(err)
	}
	c, err := peekCheckpoint(signed)
	return c, info.ModTime(), err
}
