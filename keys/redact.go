package keys

import (
	"fmt"
	"io"
	"log/slog"
)

// What a Key or Sealer shows of itself, in every way Go has to print a value.
// The receivers are values, so that neither &key nor *key slips through.

// String names the suite and the public key's fingerprint, never the key.
func (k Key) String() string {
	return fmt.Sprintf("keys.Key(%s %s)", k.suite, k.fingerprint)
}

// GoString is String: %#v would print the fields.
func (k Key) GoString() string { return k.String() }

// Format is String for every verb and flag.
func (k Key) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, k.String()) }

// LogValue is String for slog.
func (k Key) LogValue() slog.Value { return slog.StringValue(k.String()) }

// MarshalText is String for JSON, YAML and XML.
func (k Key) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// String names the algorithm and the key id, never the key.
func (s Sealer) String() string {
	return fmt.Sprintf("keys.Sealer(%s %x)", s.algorithm, s.id)
}

// GoString is String: %#v would print the fields.
func (s Sealer) GoString() string { return s.String() }

// Format is String for every verb and flag.
func (s Sealer) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// LogValue is String for slog.
func (s Sealer) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText is String for JSON, YAML and XML.
func (s Sealer) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
