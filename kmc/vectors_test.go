package kmc

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"
)

// The vectors are made from the fact sheet of GM/T 0014-2012 with encoding/asn1 and
// structures of their own (vectors_make_test.go), so that the codec under test
// takes no part in what it is measured against.
var writeVectors = flag.Bool("write-vectors", false, "write vectors/kmc again")

// vector is one message with what a reader has to say about it.
type vector struct {
	Name    string `json:"name"`
	Why     string `json:"why"`
	Message string `json:"message"` // "request" or "respond"
	DER     string `json:"der"`
	Outcome string `json:"outcome"` // "accept" or "refuse"
	Code    string `json:"code,omitempty"`
	Decoded any    `json:"decoded,omitempty"`
}

// vectorFile is one file of vectors/kmc.
type vectorFile struct {
	About   string            `json:"about"`
	Keys    map[string]string `json:"keys"` // SM2 private scalars, hex; user id 1234567812345678
	Vectors []vector          `json:"vectors"`
}

func vectorPath(name string) string { return filepath.Join("..", "vectors", "kmc", name+".json") }

// TestVectorsAreFresh: the files hold what their source says, byte for byte.
func TestVectorsAreFresh(t *testing.T) {
	for name, file := range makeVectors(t) {
		want, err := json.MarshalIndent(file, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, '\n')
		if *writeVectors {
			if err := os.WriteFile(vectorPath(name), want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(vectorPath(name))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s differs from its source: run go test ./kmc -run VectorsAreFresh -write-vectors and look at the change", vectorPath(name))
		}
	}
}

// readVectors returns every vector in the files.
func readVectors(t testing.TB) []vector {
	t.Helper()
	paths, err := filepath.Glob(vectorPath("*"))
	if err != nil || len(paths) < 2 {
		t.Fatalf("vectors/kmc: %d files, %v", len(paths), err)
	}
	var all []vector
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var file vectorFile
		if err := json.Unmarshal(text, &file); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		all = append(all, file.Vectors...)
	}
	return all
}

func (v vector) der(t testing.TB) []byte {
	t.Helper()
	der, err := hex.DecodeString(v.DER)
	if err != nil {
		t.Fatalf("%s: %v", v.Name, err)
	}
	return der
}
