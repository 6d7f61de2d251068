package backup

import (
	"io"

	"onecert/audit"
)

// Report is what a check of an archive found. There being one at all says that every
// octet was read, is authentic and agrees with the sums.
type Report struct {
	Head
	Manifest
	// Audit is the log inside, held against itself and the signed head.
	Audit audit.Report
}

// Verify reads an archive to its end without restoring it, and holds the audit log
// inside against its tree and its signed head. The head's signer is one of trusted,
// or where none is given the key the archive itself names.
func Verify(r io.Reader, key Key, trusted ...audit.Verifier) (Report, error) {
	a, err := Open(r, key)
	if err != nil {
		return Report{}, err
	}
	replay, err := a.replay(trusted)
	if err != nil {
		return Report{}, err
	}
	for {
		part, err := a.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return Report{}, err
		}
		if !part.Table {
			continue
		}
		columns := make([]string, len(part.Columns))
		for i, c := range part.Columns {
			columns[i] = c.Name
		}
		if err := part.Each(func(row []any) error { return replay.Row(part.Name, columns, row) }); err != nil {
			return Report{}, err
		}
	}
	report := Report{Head: a.Head, Manifest: a.Manifest()}
	report.Audit, err = replay.Report()
	return report, err
}

// replay begins to check the log inside.
func (r *Reader) replay(trusted []audit.Verifier) (*audit.Replay, error) {
	if len(trusted) == 0 && r.AuditKey != "" {
		key, err := audit.ParseVerifier(r.AuditKey)
		if err != nil {
			return nil, err
		}
		trusted = append(trusted, key)
	}
	var heads [][]byte
	if len(r.About.Audit) > 0 {
		heads = append(heads, r.About.Audit)
	}
	return audit.NewReplay(trusted, heads)
}
