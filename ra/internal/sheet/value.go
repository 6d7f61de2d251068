package sheet

import (
	"math"
	"regexp"
	"strconv"
	"strings"

	"onecert/pki"
)

// exactNumber is where a spreadsheet's numbers stop being exact: they are IEEE 754
// doubles, shown and kept with 15 digits.
const exactNumber = 1e15

// rounded is what a program leaves of a long number in a CSV file: 1.10101E+17.
var rounded = regexp.MustCompile(`^[0-9](\.[0-9]+)?[eE]\+[0-9]{1,3}$`)

// value returns what a cell says to a column of a kind. A number is taken where it is
// exact and whole, because people format telephone numbers so; leading zeros it may
// have lost show only where the caller knows the length.
func (c cell) value(kind Kind) (string, *pki.Error) {
	switch c.form {
	case calculated:
		return "", pki.Errorf(pki.Invalid, "sheet.formula", "the cell holds a formula").
			To("write its value instead of it (copy, then paste values only)")
	case failed:
		return "", pki.Errorf(pki.Invalid, "sheet.error-value", "the cell shows an error of the spreadsheet program").
			To("write the value")
	case date:
		if kind != Day {
			return "", pki.Errorf(pki.Invalid, "sheet.turned-date", "the spreadsheet program has made a date of the cell").
				To("format the column as text and type the value again")
		}
	case number:
		return wholeNumber(c.text)
	case written:
		if kind != Day && rounded.MatchString(strings.TrimSpace(c.text)) {
			return "", digitsLost()
		}
	}
	return c.text, nil
}

func wholeNumber(text string) (string, *pki.Error) {
	value, err := strconv.ParseFloat(text, 64)
	switch {
	case err != nil || math.IsNaN(value) || math.IsInf(value, 0) || value != math.Trunc(value) && math.Abs(value) < exactNumber:
		return "", pki.Errorf(pki.Invalid, "sheet.number", "the cell holds a number that is not whole").
			To("format the column as text and type the value again")
	case math.Abs(value) >= exactNumber:
		return "", digitsLost()
	case isDigits(text):
		return text, nil // as it is shown, with the zeros of its format
	}
	return strconv.FormatFloat(value, 'f', -1, 64), nil
}

func isDigits(text string) bool {
	return text != "" && strings.Trim(text, "0123456789") == ""
}

func digitsLost() *pki.Error {
	return pki.Errorf(pki.Invalid, "sheet.digits-lost", "the column is formatted as a number: of more than 15 digits the spreadsheet program has lost the last ones").
		To("format the column as text and type the whole value again")
}
