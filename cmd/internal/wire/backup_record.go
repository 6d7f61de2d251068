package wire

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"onecert/pki"
)

// Record is what a component remembers of its backups and drills: one small file
// beside its configuration, written by those who make them and read by its health.
type Record struct {
	Backup   *Made     `json:"backup,omitempty"`
	Drill    *Drilled  `json:"drill,omitempty"`
	Restored *Restored `json:"restored,omitempty"`
}

// Made is the last backup.
type Made struct {
	At      time.Time `json:"at"`
	Archive string    `json:"archive"`
	File    string    `json:"file"`
	Octets  int64     `json:"octets"`
	Seconds float64   `json:"seconds"`
}

// Drilled is the last drill, whatever came of it.
type Drilled struct {
	At      time.Time `json:"at"`
	Archive string    `json:"archive"`
	Good    bool      `json:"good"`
	Seconds float64   `json:"seconds"`
	Failed  string    `json:"failed,omitempty"` // the step that did
}

// Restored says which backup a component goes on from.
type Restored struct {
	At      time.Time `json:"at"`
	Archive string    `json:"archive"`
	Taken   time.Time `json:"taken"`
}

// recordName is the file's name.
const recordName = "backup-record.json"

// maxRecord bounds it.
const maxRecord = 64 << 10

// readRecord reads the record beside a configuration; none is an empty one.
func readRecord(config string) (Record, error) {
	path := filepath.Join(filepath.Dir(config), recordName)
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Record{}, nil
	}
	var text []byte
	if err == nil && info.Size() <= maxRecord {
		text, err = os.ReadFile(path)
	}
	var r Record
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	if err != nil {
		return Record{}, pki.Errorf(pki.Invalid, "backup.record", "%s cannot be read", path).
			To("remove it; the next backup writes it anew").Because(err)
	}
	return r, nil
}

// note changes the record beside a configuration.
func note(config string, change func(*Record)) error {
	r, err := readRecord(config)
	if err != nil {
		return err
	}
	change(&r)
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("writing the record of backups: %w", err)
	}
	return ReplaceFile(filepath.Join(filepath.Dir(config), recordName), append(text, '\n'), 0o644)
}

func noteBackup(config string, m Made) error {
	return note(config, func(r *Record) { r.Backup = &m })
}
