package status_test

import (
	"encoding/json"
	"testing"

	"onecert/status"
)

// FuzzBatch: whatever a source answers, what passes is what was asked for, entry after
// entry, and can be written again.
func FuzzBatch(f *testing.F) {
	for _, text := range []string{
		`{}`, `{"entries":[],"last":7,"epochs":[{"id":"a","after":0}]}`,
		`{"entries":[{"number":8,"issuer":"sm2","serial":"4a01","event":"issued","reason":0,"at":"2030-01-02T03:04:05Z","notAfter":"2032-01-02T03:04:05Z","partition":3}],"last":8,"epochs":[{"id":"a","after":0}],"waited_ms":5,"age_ms":1}`,
		`{"entries":[{"number":9,"issuer":"sm2","serial":"4a01","event":"revoked","reason":8,"at":"2030-01-02T03:04:05Z"}],"last":1,"epochs":[{"id":"","after":-1}],"waited_ms":-5}`,
		`{"entries":null,"last":9223372036854775807,"epochs":[{"id":"a","after":9},{"id":"b","after":3}]}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var b status.Batch
		if json.Unmarshal(text, &b) != nil || b.Fits(7, 100) != nil {
			return
		}
		if len(b.Entries) > 100 || len(b.Epochs) == 0 || b.Last < 7+int64(len(b.Entries)) {
			t.Fatalf("%+v passes", b)
		}
		for i, e := range b.Entries {
			if e.Number != 8+int64(i) {
				t.Fatalf("entry %d is %d", i, e.Number)
			}
		}
		if _, err := json.Marshal(b); err != nil {
			t.Fatal(err)
		}
	})
}
