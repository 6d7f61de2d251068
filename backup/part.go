package backup

import (
	"encoding/binary"
	"fmt"
)

// Inflated, an archive is parts, each opened by a letter. Lengths, counts and numbers
// are varints (numbers zigzag), texts have their length before them.
//
//	A  length, JSON of About                                  first
//	F  name, mode, length, content                            a file
//	T  name, columns as (name, kind)…, rows as 1 values…, 0   a table
//	Z  length, JSON of Manifest                               last
//
// A value is a letter and what it announces: n nothing, i number, t text, b octets,
// y and f the two flags. A file's sum is over its content; a table's over its columns
// and rows, up to and with the 0.
const (
	partAbout = 'A'
	partFile  = 'F'
	partTable = 'T'
	partEnd   = 'Z'

	rowNext = 1
	rowsEnd = 0

	valueNull   = 'n'
	valueNumber = 'i'
	valueText   = 't'
	valueOctets = 'b'
	valueYes    = 'y'
	valueNo     = 'f'
)

// appendRow encodes one row.
func appendRow(b []byte, row []any) ([]byte, error) {
	b = append(b, rowNext)
	for i, value := range row {
		switch v := value.(type) {
		case nil:
			b = append(b, valueNull)
		case int64:
			b = binary.AppendVarint(append(b, valueNumber), v)
		case string:
			b = appendText(append(b, valueText), v)
		case []byte:
			b = binary.AppendUvarint(append(b, valueOctets), uint64(len(v)))
			b = append(b, v...)
		case bool:
			if v {
				b = append(b, valueYes)
			} else {
				b = append(b, valueNo)
			}
		default:
			return nil, fmt.Errorf("value %d of a row is a %T, which no archive holds", i+1, value)
		}
	}
	return b, nil
}

func appendText(b []byte, text string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
}
