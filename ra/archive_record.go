package ra

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"

	"onecert/db"
	"onecert/pki"
)

// folder is one application with every row that belongs to it, column by column, so
// that a column somebody adds is kept as well. Octets stand in base64 behind a mark;
// what was sealed stays sealed.
type folder struct {
	Application string              `json:"application"`
	Tables      map[string][]rowMap `json:"tables"`
}

type rowMap map[string]any

// octetMark begins a text that stands for octets; no text of ours begins with it.
const octetMark = "\x00base64:"

// belongings are the tables whose rows belong to an application, by the column that
// names it. Kept rows go into the archive; the others only show or number the live
// ones. Scans stay where they are: they are sealed, kept once, and in no list.
var belongings = []struct {
	table, column string
	kept, stays   bool
}{
	{"ra_application", "id", true, false},
	{"ra_history", "application", true, false},
	{"ra_result", "application", true, false},
	{"ra_certificate", "application", true, false},
	{"ra_other", "application", true, false},
	{"ra_delivery", "application", true, false},
	{"ra_document", "application", true, true},
	{"ra_receipt", "application", false, false},
	{"ra_place", "application", false, false},
	{"ra_change", "application", false, false},
	{"ra_link", "application", false, false},
}

// gather reads everything that belongs to some applications.
func gather(ctx context.Context, tx *sql.Tx, ids []string) (map[string]*folder, error) {
	all, args := map[string]*folder{}, make([]any, len(ids))
	for i, id := range ids {
		all[id], args[i] = &folder{Application: id, Tables: map[string][]rowMap{}}, id
	}
	for _, b := range belongings {
		if !b.kept {
			continue
		}
		rows, err := gatherTable(ctx, tx, "SELECT * FROM "+b.table+" WHERE "+b.column+" IN "+db.In(1, len(ids)), args)
		if err != nil {
			return nil, fmt.Errorf("gathering %s: %w", b.table, err)
		}
		for _, row := range rows {
			id, _ := row[b.column].(string)
			all[id].Tables[b.table] = append(all[id].Tables[b.table], row)
		}
	}
	return all, nil
}

func gatherTable(ctx context.Context, tx *sql.Tx, query string, args []any) (all []rowMap, err error) {
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	for rows.Next() {
		values, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		row := rowMap{}
		for i, name := range columns {
			if row[name], err = plainValue(values[i]); err != nil {
				return nil, fmt.Errorf("column %s: %w", name, err)
			}
		}
		all = append(all, row)
	}
	return all, rows.Err()
}

// plainValue is a value as JSON has it.
func plainValue(value any) (any, error) {
	switch v := value.(type) {
	case nil, string, int64:
		return v, nil
	case int32:
		return int64(v), nil
	case []byte:
		return octetMark + base64.StdEncoding.EncodeToString(v), nil
	}
	return nil, fmt.Errorf("a value of type %T cannot be archived", value)
}

// encode gives a folder's text, the same for the same rows, its digest, and the text
// packed.
func (d *folder) encode() (text []byte, digest string, packed []byte, err error) {
	for _, rows := range d.Tables {
		slices.SortFunc(rows, func(x, y rowMap) int { return strings.Compare(encoded(x), encoded(y)) })
	}
	if text, err = json.Marshal(d); err != nil {
		return nil, "", nil, fmt.Errorf("encoding the record of %s: %w", d.Application, err)
	}
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(text); err != nil {
		return nil, "", nil, err
	}
	if err := w.Close(); err != nil {
		return nil, "", nil, err
	}
	return text, digestOfText(text), out.Bytes(), nil
}

func digestOfText(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// mostRecord bounds a record: an application's largest field is its request.
const mostRecord = 16 << 20

// unpack gives a record's text, if it is the one of its digest.
func unpack(packed []byte, digest string) ([]byte, error) {
	damaged := pki.Errorf(pki.Internal, "archive.damaged", "an archived record is not what was archived").To("restore the archive from a backup and verify it")
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, damaged.Because(err)
	}
	text, err := io.ReadAll(io.LimitReader(r, mostRecord+1))
	if err != nil || len(text) > mostRecord || digestOfText(text) != digest {
		return nil, damaged.Because(err)
	}
	return text, nil
}

// parseFolder reads a record's text, whose digest says nothing of who wrote it.
func parseFolder(text []byte) (*folder, error) {
	bad := func(err error) error {
		return pki.Errorf(pki.Invalid, "archive.record", "this is no record of an archive").To("take a file this registration has written").Because(err)
	}
	d := &folder{}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(d); err != nil {
		return nil, bad(err)
	}
	if _, err := decoder.Token(); err != io.EOF || len(d.Tables["ra_application"]) != 1 || d.Tables["ra_application"][0]["id"] != d.Application {
		return nil, bad(err)
	}
	return d, nil
}

// rows reads a table of a folder as a query would.
func rowsOf[T any](d *folder, table, columns string, scan func(scanner) (T, error)) (all []T, err error) {
	names := strings.Split(strings.Join(strings.Fields(columns), ""), ",")
	for _, row := range d.Tables[table] {
		one, err := scan(rowScanner{row, names})
		if err != nil {
			return nil, pki.Errorf(pki.Invalid, "archive.record", "a record of the archive cannot be read").Because(err)
		}
		all = append(all, one)
	}
	return all, nil
}

// rowScanner reads an archived row like one of a query.
type rowScanner struct {
	row   rowMap
	names []string
}

// Scan implements scanner.
func (r rowScanner) Scan(into ...any) error {
	if len(into) != len(r.names) {
		return fmt.Errorf("%d values for %d columns", len(into), len(r.names))
	}
	for i, name := range r.names {
		if err := assign(reflect.ValueOf(into[i]).Elem(), r.row[name]); err != nil {
			return fmt.Errorf("column %s: %w", name, err)
		}
	}
	return nil
}

func assign(to reflect.Value, value any) error {
	switch v := value.(type) {
	case nil:
		to.SetZero()
		return nil
	case json.Number:
		n, err := v.Int64()
		if err != nil || !to.CanInt() {
			return fmt.Errorf("a number for %s", to.Type())
		}
		to.SetInt(n)
		return nil
	case int64:
		if to.CanInt() {
			to.SetInt(v)
			return nil
		}
	case string:
		if text, ok := strings.CutPrefix(v, octetMark); ok && to.Kind() == reflect.Slice {
			octets, err := base64.StdEncoding.DecodeString(text)
			if err == nil {
				to.SetBytes(octets)
			}
			return err
		}
		if to.Kind() == reflect.String {
			to.SetString(v)
			return nil
		}
	}
	return fmt.Errorf("a %T for %s", value, to.Type())
}
