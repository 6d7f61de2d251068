package shares

import (
	"fmt"
	"io"
	"log/slog"
)

// What a share shows of itself, in every way Go has to print a value.

// String names the set and the place, never the value.
func (s Share) String() string {
	return fmt.Sprintf("share %d of %d of set %s, %d needed", s.Index, s.Total, s.Set, s.Threshold)
}

// GoString is String: %#v would print the fields.
func (s Share) GoString() string { return s.String() }

// Format is String for every verb and flag.
func (s Share) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// LogValue is String for slog.
func (s Share) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText is String for JSON, YAML and XML: what is to be kept is Words.
func (s Share) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
