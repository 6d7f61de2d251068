package verify

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// bettertls is the program that makes BetterTLS's questions: path building around
// bad candidates, and name constraints in every combination.
const bettertls = "github.com/Netflix/bettertls/test-suites/cmd/bettertls@v0.0.0-20250909192348-e1e99e353074"

type bettertlsSuite struct {
	TestCases []struct {
		ID           int
		Certificates [][]byte
		Hostname     string
		Expected     string
	}
}

// TestBetterTLS asks all its questions, as a client asks about a server.
func TestBetterTLS(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tests.json")
	if out, err := exec.Command("go", "run", bettertls, "export-tests", "--out", path).CombinedOutput(); err != nil {
		t.Fatalf("making the questions: %v\n%s", err, out)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var all struct {
		TrustRoot []byte
		Suites    map[string]bettertlsSuite
	}
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	root, err := ParseCertificate(all.TrustRoot)
	if err != nil {
		t.Fatal(err)
	}
	for name, least := range map[string]int{"pathbuilding": 81, "nameconstraints": 9491} {
		asked, most := 0, 0
		for _, test := range all.Suites[name].TestCases {
			asked++
			r := Request{Roots: []*Certificate{root}, At: time.Now(), Purpose: Server, Revocation: Unchecked}
			good := fillBetterTLS(&r, test.Certificates, test.Hostname)
			var v Verdict
			if good {
				v = Check(t.Context(), r)
			}
			most = max(most, v.Signatures)
			if v.Good != (test.Expected == "ACCEPT") {
				t.Errorf("%s %d for %s: good %v, %v, expected %s", name, test.ID, test.Hostname, v.Good, v.Reasons, test.Expected)
			}
		}
		t.Logf("BetterTLS %s: %d questions, at most %d signatures each", name, asked, most)
		if asked < least {
			t.Errorf("%s: only %d questions", name, asked)
		}
	}
}

// fillBetterTLS reads what a server shows; false where its own certificate does not decode.
func fillBetterTLS(r *Request, certificates [][]byte, host string) bool {
	for i, der := range certificates {
		c, err := ParseCertificate(der)
		if err != nil && i == 0 {
			return false
		}
		if i == 0 {
			r.Certificate = c
		} else if err == nil {
			r.Intermediates = append(r.Intermediates, c)
		}
	}
	if r.Names.DNS = []string{host}; !r.Names.understood() {
		r.Names = Names{IP: []string{host}}
	}
	return len(certificates) > 0
}
