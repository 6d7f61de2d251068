package audit

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/transparency-dev/merkle/rfc6962"

	"onecert/pki"
)

// leafVersion opens the leaf bytes of an entry. Another form gets another version;
// entries once written are never encoded anew.
const leafVersion = "onecert audit entry v1\n"

// Limits on what one entry holds. Longer texts are cut, not refused: an entry must
// never be lost for what somebody else made us write into it.
const (
	maxText    = 4096 // octets of each text
	maxDetails = 64
	cutMark    = "…"
)

// row is an entry as the table holds it. The leaf covers these very texts, so that
// any changed octet shows.
type row struct {
	number      int64
	at          int64 // milliseconds since 1970
	actor       string
	roles       string // JSON array of texts
	certificate string
	address     string
	act         string
	object      string
	subject     string
	result      string
	detail      string // JSON object, keys sorted, all values texts
	leaf        []byte // RFC 6962 leaf hash of encode()
	nodes       []byte // hashes of the inner nodes this entry completed, from level 1 up
}

// encode returns the leaf bytes: the version line, number and at as 8 octets each
// (big endian, two's complement), then every text in the order of the struct as 4
// octets of length and its UTF-8 octets. So no two entries share an encoding.
func (r *row) encode() []byte {
	texts := [...]string{r.actor, r.roles, r.certificate, r.address, r.act, r.object, r.subject, r.result, r.detail}
	size := len(leafVersion) + 16
	for _, text := range texts {
		size += 4 + len(text)
	}
	b := append(make([]byte, 0, size), leafVersion...)
	b = binary.BigEndian.AppendUint64(b, uint64(r.number))
	b = binary.BigEndian.AppendUint64(b, uint64(r.at))
	for _, text := range texts {
		b = binary.BigEndian.AppendUint32(b, uint32(len(text)))
		b = append(b, text...)
	}
	return b
}

// hash returns what the leaf must be.
func (r *row) hash() []byte { return rfc6962.DefaultHasher.HashLeaf(r.encode()) }

// rowOf turns an act into what will be stored, without its number and leaf.
func rowOf(a Act, now func() time.Time) (row, error) {
	if a.Act == "" || a.Result != Done && a.Result != Refused && a.Result != Failed {
		return row{}, pki.Errorf(pki.Invalid, "audit.act", "an audit entry needs an act and the result done, refused or failed")
	}
	if a.At.IsZero() {
		a.At = now()
	}
	roles := make([]string, len(a.Actor.Roles))
	for i, role := range a.Actor.Roles {
		roles[i] = clean(role)
	}
	return row{at: a.At.UnixMilli(), actor: clean(a.Actor.Name), roles: listJSON(roles),
		certificate: clean(a.Actor.Certificate), address: clean(a.Actor.Address), act: clean(a.Act),
		object: clean(a.Object), subject: clean(a.Subject), result: string(a.Result), detail: objectJSON(details(a.Detail))}, nil
}

// clean makes a text one that both engines store as it is: valid UTF-8, no NUL,
// and not over-long.
func clean(text string) string {
	if plain(text) && len(text) <= maxText {
		return text
	}
	text = strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
	if len(text) <= maxText {
		return text
	}
	cut := maxText - len(cutMark)
	for !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + cutMark
}

func details(given map[string]string) map[string]string {
	if len(given) <= maxDetails && allPlain(given) {
		return given
	}
	keys := make([]string, 0, len(given))
	for key := range given {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	kept := make(map[string]string, len(keys))
	for i, key := range keys {
		if i == maxDetails {
			kept[cutMark] = fmt.Sprintf("%d more", len(keys)-i)
			break
		}
		kept[clean(key)] = clean(given[key])
	}
	return kept
}

func allPlain(texts map[string]string) bool {
	for key, text := range texts {
		if !plain(key) || !plain(text) || len(key) > maxText || len(text) > maxText {
			return false
		}
	}
	return true
}

// plain tells a text of visible ASCII without quotation marks and backslashes, which
// is itself everywhere: in both engines and in JSON.
func plain(text string) bool {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// listJSON and objectJSON return the JSON of texts without blanks, object keys in
// order and nothing escaped that need not be: what encoding/json writes, without
// reflection, as every entry has one of each.
func listJSON(texts []string) string {
	b := append(make([]byte, 0, 64), '[')
	for i, text := range texts {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendJSON(b, text)
	}
	return string(append(b, ']'))
}

func objectJSON(texts map[string]string) string {
	keys, size := make([]string, 0, len(texts)), 2
	for key, text := range texts {
		keys, size = append(keys, key), size+len(key)+len(text)+8
	}
	slices.Sort(keys)
	b := append(make([]byte, 0, size), '{')
	for i, key := range keys {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendJSON(b, key), ':')
		b = appendJSON(b, texts[key])
	}
	return string(append(b, '}'))
}

func appendJSON(b []byte, text string) []byte {
	if plain(text) {
		b = append(b, '"')
		b = append(b, text...)
		return append(b, '"')
	}
	var quoted bytes.Buffer
	encoder := json.NewEncoder(&quoted)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(text); err != nil {
		panic("a text is always JSON: " + err.Error())
	}
	return append(b, bytes.TrimSuffix(quoted.Bytes(), []byte("\n"))...)
}

// entry returns the row for readers.
func (r *row) entry() (Entry, error) {
	e := Entry{Number: r.number, At: time.UnixMilli(r.at).UTC(), Actor: r.actor, Certificate: r.certificate,
		Address: r.address, Act: r.act, Object: r.object, Subject: r.subject, Result: Result(r.result)}
	if err := json.Unmarshal([]byte(r.roles), &e.Roles); err != nil {
		return Entry{}, fmt.Errorf("reading the roles of audit entry %d: %w", r.number, err)
	}
	if err := json.Unmarshal([]byte(r.detail), &e.Detail); err != nil {
		return Entry{}, fmt.Errorf("reading the detail of audit entry %d: %w", r.number, err)
	}
	return e, nil
}

// LeafHash returns the RFC 6962 leaf hash of an entry that somebody hands in with
// a proof, computed from its fields alone.
func (e Entry) LeafHash() []byte {
	roles, detail := e.Roles, e.Detail
	if roles == nil {
		roles = []string{}
	}
	if detail == nil {
		detail = map[string]string{}
	}
	r := row{number: e.Number, at: e.At.UnixMilli(), actor: e.Actor, roles: listJSON(roles), certificate: e.Certificate,
		address: e.Address, act: e.Act, object: e.Object, subject: e.Subject, result: string(e.Result), detail: objectJSON(detail)}
	return r.hash()
}
