package backup

import (
	"encoding/binary"
	"errors"
	"io"

	"onecert/db"
)

// where names the part for a person.
func (p *Part) where() string {
	if p.Table {
		return "table " + p.Name
	}
	return "file " + p.Name
}

// Read reads a file's content.
func (p *Part) Read(b []byte) (int, error) {
	if p.Table {
		return 0, errors.New("reading the archive: a table is not read as a file")
	}
	if p.left == 0 {
		p.finish(p.Size)
		return 0, io.EOF
	}
	n, err := p.of.in.Read(b[:min(int64(len(b)), p.left)])
	p.of.in.see(b[:n]...)
	p.left -= int64(n)
	if err != nil {
		return n, p.of.in.explain(unexpected(err), p.where())
	}
	return n, nil
}

// Each hands every row of a table to act. Values are as db.Table.Each hands them out
// and may be kept.
func (p *Part) Each(act func(row []any) error) error {
	if !p.Table {
		return errors.New("reading the archive: a file has no rows")
	}
	for !p.over {
		row, err := p.row()
		if err != nil {
			return p.of.in.explain(unexpected(err), p.where())
		}
		if row == nil {
			p.finish(p.rows)
			return nil
		}
		p.rows++
		if err := act(row); err != nil {
			return err
		}
	}
	return nil
}

// skip reads what is left.
func (p *Part) skip() error {
	if p.over {
		return nil
	}
	if p.Table {
		return p.Each(func([]any) error { return nil })
	}
	_, err := io.Copy(io.Discard, p)
	return err
}

// finish notes the part's sum.
func (p *Part) finish(count int64) {
	if p.over {
		return
	}
	p.over = true
	s := Sum{p.Name, count, p.of.in.sum()}
	if p.Table {
		p.of.found.Tables = append(p.of.found.Tables, s)
	} else {
		p.of.found.Files = append(p.of.found.Files, s)
	}
}

// row reads one, nil at the end.
func (p *Part) row() ([]any, error) {
	in := p.of.in
	letter, err := in.ReadByte()
	if err != nil {
		return nil, err
	}
	switch letter {
	case rowsEnd:
		return nil, nil
	case rowNext:
	default:
		return nil, errParts("a row of table " + p.Name + " does not begin as one")
	}
	row := make([]any, len(p.Columns))
	for i, c := range p.Columns {
		if row[i], err = in.value(c.Kind); err != nil {
			return nil, err
		}
	}
	return row, nil
}

// value reads one value and refuses what its column cannot hold.
func (s *source) value(kind db.Kind) (any, error) {
	letter, err := s.ReadByte()
	if err != nil {
		return nil, err
	}
	var value any
	fits := false
	switch letter {
	case valueNull:
		return nil, nil
	case valueNumber:
		fits = kind == db.Number || kind == db.Flag
		value, err = binary.ReadVarint(s)
	case valueText:
		fits = kind == db.Text
		value, err = s.text(maxValue)
	case valueOctets:
		fits = kind == db.Octets
		value, err = s.octets(maxValue)
	case valueYes, valueNo:
		fits = kind == db.Flag
		value = letter == valueYes
	}
	if err == nil && !fits {
		err = errParts("a value is not of its column's kind")
	}
	return value, err
}
