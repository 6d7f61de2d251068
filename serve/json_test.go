package serve

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

func TestDuplicateKeys(t *testing.T) {
	for text, twice := range map[string]bool{
		`{}`: false, `[]`: false, `"a"`: false, `7`: false, ` {"a" : 1 , "b" : 2 } `: false,
		`{"a":1,"a":1}`:                             true,
		`{"a":1,"\u0061":2}`:                        true,
		`{"中":1,"\u4e2d":2}`:                        true,
		"{\"\xff\":1,\"\xfe\":2}":                   true, // both read as U+FFFD
		`{"a":1,"A":2}`:                             false,
		`{"a":{"a":1},"b":{"a":1}}`:                 false,
		`{"a":{"b":1},"b":1}`:                       false,
		`{"x":{"b":1,"c":[{"b":1}],"b":1}}`:         true,
		`[{"a":1},{"a":1}]`:                         false,
		`{"k":["a","a","k"],"v":"k"}`:               false,
		`{"a":"\",\"a\":1","b":1}`:                  false,
		`{"a\\":1,"a\\":2}`:                         true,
		`{"":1,"":2}`:                               true,
		`{"a":[],"b":{},"c":[[{"d":[{}]}]],"b":{}}`: true,
	} {
		var v any
		err := unmarshal([]byte(text), &v)
		if got := err != nil; got != twice {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestManyKeysOfOneObject(t *testing.T) {
	for _, n := range []int{linearKeys - 1, linearKeys, linearKeys + 1, 5000} {
		for _, again := range []int{-1, 0, linearKeys - 2, n - 1} {
			var b strings.Builder
			b.WriteString(`{"outer":{`)
			for i := range n {
				fmt.Fprintf(&b, `"k%d":{"k0":1},`, i)
			}
			last := "new"
			if again >= 0 {
				last = fmt.Sprintf("k%d", again)
			}
			fmt.Fprintf(&b, `"%s":1},"k0":1}`, last)
			var v any
			if err := unmarshal([]byte(b.String()), &v); (err != nil) != (again >= 0) {
				t.Errorf("%d keys, the %dth again: %v", n, again, err)
			}
		}
	}
}

// FuzzDuplicate holds scanner against a slow reader built on json.Decoder.
func FuzzDuplicate(f *testing.F) {
	for _, seed := range []string{`{"a":1,"a":2}`, `{"a":{"b":[1,{"c":"\u0061"}]},"\"":"}"}`, `[[],{},"\\"]`, `{"é":1,"\u00e9":1}`, "{\"\xff\":1}", ` null `} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var plain any
		if json.Unmarshal(text, &plain) != nil {
			var v any
			if unmarshal(text, &v) == nil {
				t.Fatalf("%q is no JSON", text)
			}
			return
		}
		d := json.NewDecoder(strings.NewReader(string(text)))
		d.UseNumber()
		want := slowTwice(t, d)
		var v any
		err := unmarshal(text, &v)
		if (err != nil) != want {
			t.Fatalf("%q: %v, want a duplicate: %v", text, err, want)
		}
		if err == nil && !reflect.DeepEqual(v, plain) {
			t.Fatalf("%q reads as %v, not %v", text, v, plain)
		}
	})
}

// slowTwice reads one value and says whether any object in it has a key twice.
func slowTwice(t *testing.T, d *json.Decoder) bool {
	token, err := d.Token()
	if err != nil {
		t.Fatal(err)
	}
	twice := false
	switch token {
	case json.Delim('{'):
		seen := map[string]bool{}
		for d.More() {
			key, err := d.Token()
			if err != nil {
				t.Fatal(err)
			}
			twice = twice || seen[key.(string)]
			seen[key.(string)] = true
			twice = slowTwice(t, d) || twice
		}
		d.Token()
	case json.Delim('['):
		for d.More() {
			twice = slowTwice(t, d) || twice
		}
		d.Token()
	}
	return twice
}

// BenchmarkDuplicate is the price of looking for keys given twice in 2 kB.
func BenchmarkDuplicate(b *testing.B) {
	text := twoKilobytes()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		s := scanner{text: text}
		if _, twice := s.duplicate(); twice {
			b.Fatal("none is given twice")
		}
	}
}

// BenchmarkUnmarshal is that price within the reading it belongs to.
func BenchmarkUnmarshal(b *testing.B) {
	text := twoKilobytes()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		var v any
		if err := unmarshal(text, &v); err != nil {
			b.Fatal(err)
		}
	}
}

func twoKilobytes() []byte {
	t := thing{Name: "张三 Zhang San", Suite: "sm2", More: map[string]string{}}
	for i := range 20 {
		t.More[fmt.Sprintf("attribute-%d", i)] = "市政府 office"
	}
	t.Parts = append(t.Parts, part{make([]byte, 700)})
	text, err := json.Marshal(t)
	if err != nil {
		panic(err)
	}
	return text
}
