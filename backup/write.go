package backup

import (
	"bufio"
	"compress/flate"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"

	"onecert/db"
	"onecert/shares"
)

// Writer makes an archive. Close completes it; without Close it opens for nobody.
type Writer struct {
	head     Head
	about    About
	files    []Sum
	tables   []Sum
	stream   *sealed
	squeezed *flate.Writer
	out      *bufio.Writer
	failed   error
}

// NewWriter begins an archive on w. It returns the custodians' shares where the lock
// asks for them: they are nowhere else.
func NewWriter(w io.Writer, lock Lock, about About) (*Writer, []shares.Share, error) {
	head, key, split, err := lock.seal()
	if err != nil {
		return nil, nil, err
	}
	defer clear(key)
	if _, err := w.Write(head.raw); err != nil {
		return nil, nil, fmt.Errorf("writing the archive: %w", err)
	}
	a := &Writer{head: head, about: about, files: []Sum{}, tables: []Sum{}}
	if a.stream, err = newSealed(w, head, key); err != nil {
		return nil, nil, err
	}
	if a.squeezed, err = flate.NewWriter(a.stream, flate.BestSpeed); err != nil {
		return nil, nil, fmt.Errorf("writing the archive: %w", err)
	}
	a.out = bufio.NewWriterSize(a.squeezed, 256<<10)
	text, err := encodeJSON(about)
	if err != nil {
		return nil, nil, fmt.Errorf("writing the archive: %w", err)
	}
	return a, split, a.put(append(binary.AppendUvarint([]byte{partAbout}, uint64(len(text))), text...))
}

// ID names the archive.
func (w *Writer) ID() string { return w.head.ID }

// put writes; after a failure nothing more is written, and Close says so.
func (w *Writer) put(b []byte) error {
	if w.failed == nil {
		if _, err := w.out.Write(b); err != nil {
			w.failed = fmt.Errorf("writing the archive: %w", err)
		}
	}
	return w.failed
}

// File adds a file under a relative name, with its permission bits.
func (w *Writer) File(name string, mode uint32, content []byte) error {
	if !isLocal(name) || len(content) > maxFile {
		return fmt.Errorf("writing the archive: %.60q is no name for a file, or it is too large", name)
	}
	b := appendText([]byte{partFile}, name)
	b = binary.AppendUvarint(b, uint64(mode&0o777))
	b = binary.AppendUvarint(b, uint64(len(content)))
	sum := sha256.Sum256(content)
	w.files = append(w.files, Sum{name, int64(len(content)), sum[:]})
	return errors.Join(w.put(b), w.put(content))
}

// Table adds a table with the rows that each hands out.
func (w *Writer) Table(t db.Table, each func(act func(row []any) error) error) error {
	if !isLocal(t.Name) || len(t.Columns) == 0 || len(t.Columns) > maxColumns {
		return fmt.Errorf("writing the archive: table %.60q has a name or columns no archive holds", t.Name)
	}
	if err := w.put(appendText([]byte{partTable}, t.Name)); err != nil {
		return err
	}
	s := summing{w: w, hash: sha256.New()}
	b := binary.AppendUvarint(nil, uint64(len(t.Columns)))
	for _, c := range t.Columns {
		b = appendText(appendText(b, c.Name), string(c.Kind))
	}
	if err := s.put(b); err != nil {
		return err
	}
	rows := int64(0)
	err := each(func(row []any) (err error) {
		if len(row) != len(t.Columns) {
			return fmt.Errorf("writing the archive: a row of %s has %d values", t.Name, len(row))
		}
		if b, err = appendRow(b[:0], row); err != nil {
			return fmt.Errorf("writing the archive: table %s: %w", t.Name, err)
		}
		rows++
		return s.put(b)
	})
	if err == nil {
		err = s.put([]byte{rowsEnd})
	}
	if err != nil && w.failed == nil {
		w.failed = err // half a table
	}
	w.tables = append(w.tables, Sum{t.Name, rows, s.hash.Sum(nil)})
	return err
}

// summing writes to the archive and to a hash.
type summing struct {
	w    *Writer
	hash hash.Hash
}

func (s summing) put(b []byte) error {
	s.hash.Write(b)
	return s.w.put(b)
}

// Close writes the sums and the end. What is below it is the caller's to close.
func (w *Writer) Close() (Manifest, error) {
	m := Manifest{w.about, w.files, w.tables}
	text, err := encodeJSON(m)
	if err != nil {
		return m, fmt.Errorf("writing the archive: %w", err)
	}
	if err := w.put(append(binary.AppendUvarint([]byte{partEnd}, uint64(len(text))), text...)); err != nil {
		return m, err
	}
	for _, end := range []func() error{w.out.Flush, w.squeezed.Close, w.stream.Close} {
		if err := end(); err != nil {
			w.failed = fmt.Errorf("writing the archive: %w", err)
			return m, w.failed
		}
	}
	w.failed = errors.New("the archive is complete")
	return m, nil
}
