package officer

import (
	"bytes"
	"crypto/rand"
	"errors"
	"regexp"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"onecert/pki"
)

func TestCodesAreGroupsOfBase32(t *testing.T) {
	form := regexp.MustCompile(`^([A-Z2-7]{4}-){7}[A-Z2-7]{4}$`)
	seen := map[string]bool{}
	for range 100 {
		code, err := newCode(rand.Reader)
		if err != nil || !form.MatchString(code) || seen[code] {
			t.Fatalf("%q %v", code, err)
		}
		seen[code] = true
	}
	code, err := newCode(bytes.NewReader(make([]byte, 20)))
	if err != nil || code != "AAAA-AAAA-AAAA-AAAA-AAAA-AAAA-AAAA-AAAA" {
		t.Errorf("%q %v", code, err)
	}
	for _, broken := range []int{0, 19} {
		if _, err := newCode(iotest.TimeoutReader(bytes.NewReader(make([]byte, broken)))); err == nil {
			t.Error("a code was made without enough randomness")
		}
	}
}

func TestCodesAsPeopleTypeThem(t *testing.T) {
	// printf '\0…' | sha256sum of twenty zero octets, and of base32 "OIB" read so.
	const zeros = "de47c9b27eb8d300dbb5f2c353e632c393262cf06340c4fa7f1b40c4cbd36f90"
	for _, typed := range []string{"AAAA-AAAA-AAAA-AAAA-AAAA-AAAA-AAAA-AAAA", strings.Repeat("a", 32), " aaaa aaaa aaaaaaaa AAAA-AAAA-AAAA-AAAA "} {
		if hash, ok := hashCode(typed); !ok || hash != zeros {
			t.Errorf("%q: %s", typed, hash)
		}
	}
	one, _ := hashCode(strings.Repeat("OIB2", 8))
	two, ok := hashCode(strings.Repeat("018-2", 8))
	if !ok || one != two {
		t.Error("0, 1, 8 are not read as O, I, B")
	}
	for _, typed := range []string{"", "AAAA", strings.Repeat("A", 31), strings.Repeat("A", 40), strings.Repeat("9", 32),
		strings.Repeat("Ａ", 32), strings.Repeat("A", 31) + "=", strings.Repeat("-", 1<<20)} {
		if _, ok := hashCode(typed); ok {
			t.Errorf("%.40q was taken", typed)
		}
	}
}

func FuzzHashCode(f *testing.F) {
	for _, seed := range []string{"AAAA-BBBB-CCCC-DDDD-EEEE-FFFF-GGGG-HHHH", strings.Repeat("018 ", 10), "ß", "A\r\nA" + strings.Repeat("A", 30)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		hash, ok := hashCode(typed)
		if ok != (len(hash) == 64) {
			t.Fatalf("%q: %q %v", typed, hash, ok)
		}
		if again, _ := hashCode(strings.ToLower(typed)); ok && again != hash {
			t.Fatalf("%q means another code in lower case", typed)
		}
	})
}

func TestTriesAreLimited(t *testing.T) {
	var tr tries
	now := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	wrong := errors.New("ours")
	refusal := pki.Errorf(pki.Forbidden, "enrolment.unknown", "not known")
	for i := range maxTries {
		if err := tr.judge(refusal, now.Add(time.Duration(i)*time.Second)); err != refusal {
			t.Fatalf("try %d: %v", i, err)
		}
	}
	if err := tr.judge(wrong, now); err != wrong {
		t.Errorf("our own fault: %v", err)
	}
	if err := tr.judge(refusal, now.Add(59*time.Second)); pki.KindOf(err) != pki.Unavailable || pki.CodeOf(err) != "enrolment.busy" {
		t.Errorf("the eleventh: %v", err)
	}
	if err := tr.judge(refusal, now.Add(61*time.Second)); err != refusal {
		t.Errorf("a minute later: %v", err)
	}
	for i := range 1000 {
		_ = tr.judge(refusal, now.Add(time.Duration(i)*time.Hour))
	}
	if len(tr.last) != maxTries || cap(tr.last) > 10*maxTries {
		t.Errorf("%d tries are remembered", len(tr.last))
	}
}
