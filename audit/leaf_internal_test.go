package audit

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

// encoding/json, as the form was before it was written by hand: entries are hashed in
// this very form, so it never changes.
func reference(t *testing.T, value any) string {
	t.Helper()
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func checkJSON(t *testing.T, a, b string) {
	t.Helper()
	list := []string{a, b, "x"}
	if got, want := listJSON(list), reference(t, list); got != want {
		t.Errorf("%q: %s, want %s", list, got, want)
	}
	object := map[string]string{a: b, b: a, "key": b + a}
	if got, want := objectJSON(object), reference(t, object); got != want {
		t.Errorf("%q: %s, want %s", object, got, want)
	}
}

func TestJSONOfTexts(t *testing.T) {
	for _, text := range []string{"", "plain", `a"b\c`, "<&>", "甲乙", "\u2028\u2029", "\x7f", "a\nb\t\r\b\f\x01", "\U0001F600", strings.Repeat("长", 2000)} {
		checkJSON(t, text, "b")
		checkJSON(t, "b"+text, text)
	}
	if listJSON(nil) != "[]" || objectJSON(nil) != "{}" {
		t.Error("nothing is not an empty list and object")
	}
}

func FuzzJSONOfTexts(f *testing.F) {
	f.Add("actor", "张三\n<\"\\")
	f.Fuzz(func(t *testing.T, a, b string) { checkJSON(t, clean(a), clean(b)) })
}
