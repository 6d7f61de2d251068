package shares

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"onecert/pki"
)

func newSecret(t testing.TB, size int) []byte {
	t.Helper()
	secret := make([]byte, size)
	if _, err := rand.Read(secret); err != nil {
		t.Fatal(err)
	}
	return secret
}

func split(t testing.TB, secret []byte, threshold, total int) []Share {
	t.Helper()
	all, err := Split(rand.Reader, secret, threshold, total)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// For random numbers of custodians and random choices among them, in any order:
// as many as needed bring the secret back, fewer are refused.
func TestSplitAndCombine(t *testing.T) {
	for range 200 {
		total := MinThreshold + mathrand.IntN(MaxTotal-MinThreshold+1)
		threshold := MinThreshold + mathrand.IntN(total-MinThreshold+1)
		secret := newSecret(t, MinSecret+mathrand.IntN(MaxSecret-MinSecret+1))
		all := split(t, secret, threshold, total)
		mathrand.Shuffle(total, func(i, j int) { all[i], all[j] = all[j], all[i] })
		some := all[:threshold+mathrand.IntN(total-threshold+1)]
		got, err := Combine(some)
		if err != nil || !bytes.Equal(got, secret) {
			t.Fatalf("%d of %d with %d: %v", threshold, total, len(some), err)
		}
		if proven, err := Check(some); !proven || err != nil {
			t.Errorf("check of good shares: %v %v", proven, err)
		}
		few := all[:threshold-1]
		if _, err := Combine(few); pki.CodeOf(err) != "share.few" {
			t.Errorf("%d of %d with %d: %v", threshold, total, len(few), err)
		}
		if proven, err := Check(few); proven || err != nil {
			t.Errorf("check of too few: %v %v", proven, err)
		}
	}
}

func TestEveryChoiceOfThreeOfFive(t *testing.T) {
	secret := newSecret(t, 24)
	all := split(t, secret, 3, 5)
	n := 0
	for i := range 5 {
		for j := range i {
			for k := range j {
				got, err := Combine([]Share{all[i], all[j], all[k]})
				if n++; err != nil || !bytes.Equal(got, secret) {
					t.Errorf("shares %d %d %d: %v", i+1, j+1, k+1, err)
				}
			}
		}
	}
	if n != 10 {
		t.Errorf("%d choices, want 10", n)
	}
}

func TestRefusals(t *testing.T) {
	secret := newSecret(t, 24)
	a, b := split(t, secret, 3, 5), split(t, secret, 3, 5)
	forged := func(s Share) Share {
		value := slices.Clone(s.value())
		value[s.Index] ^= 1 // another octet in each, lest two mistakes cancel out
		return newShare(s.Set, s.Index, s.Threshold, s.Total, value)
	}
	other := newShare(a[0].Set, 4, 2, 5, a[3].value())
	for _, c := range []struct {
		name   string
		shares []Share
		code   string
		words  string
	}{
		{"none", nil, "share.none", "no share"},
		{"too few", a[:2], "share.few", "2 shares of set " + a[0].Set + " are there, 3 are needed; bring 1 more"},
		{"two sets", []Share{a[0], a[1], b[2]}, "share.mixed", fmt.Sprintf("share 1 is of set %s and share 3 of set %s", a[0].Set, b[0].Set)},
		{"one twice", []Share{a[0], a[1], a[1]}, "share.duplicate", "share 2 of set " + a[0].Set + " is there twice"},
		{"numbers differ", []Share{a[0], a[1], other}, "share.mixed", "shares 1 and 4"},
		{"one wrong among just enough", []Share{a[0], forged(a[1]), a[2]}, "share.wrong", "shares [1 2 3]"},
		{"one wrong among more", []Share{a[0], forged(a[1]), a[2], a[4]}, "share.wrong", "share 2 of set " + a[0].Set + " is wrong"},
		{"the last wrong", []Share{a[0], a[1], a[2], forged(a[4])}, "share.wrong", "share 5 of set " + a[0].Set + " is wrong"},
		{"two wrong", []Share{forged(a[0]), forged(a[1]), a[2], a[3]}, "share.wrong", "at least one is wrong"},
	} {
		got, err := Combine(c.shares)
		if got != nil || pki.CodeOf(err) != c.code || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%s: %v", c.name, err)
		}
		if _, err := Check(c.shares); c.code != "share.few" && pki.CodeOf(err) != c.code {
			t.Errorf("%s: check says %v", c.name, err)
		}
	}
}

func TestNumbers(t *testing.T) {
	for _, n := range [][2]int{{1, 1}, {1, 5}, {0, 5}, {6, 5}, {3, 33}, {-1, 2}} {
		if _, err := Split(rand.Reader, make([]byte, 24), n[0], n[1]); pki.CodeOf(err) != "share.numbers" {
			t.Errorf("%v: %v", n, err)
		}
	}
	for _, size := range []int{0, 15, 65} {
		if _, err := Split(rand.Reader, make([]byte, size), 2, 3); pki.CodeOf(err) != "share.secret" {
			t.Errorf("%d octets: %v", size, err)
		}
	}
	if _, err := Split(iotest.ErrReader(errors.New("device gone")), make([]byte, 24), 2, 3); err == nil || !strings.Contains(err.Error(), "device gone") {
		t.Errorf("no randomness: %v", err)
	}
}

// Two splittings of one secret have nothing in common.
func TestSplittingIsRandom(t *testing.T) {
	secret := newSecret(t, 24)
	a, b := split(t, secret, 2, 3), split(t, secret, 2, 3)
	if a[0].Set == b[0].Set || bytes.Equal(a[0].value(), b[0].value()) {
		t.Error("two splittings are the same")
	}
}

func TestShareShowsNothing(t *testing.T) {
	s := split(t, newSecret(t, 24), 3, 5)[1]
	words := strings.Fields(s.Words())[2]
	value := fmt.Sprintf("%x", s.value())
	holder := struct{ Inner any }{s}
	inside, err := json.Marshal(map[string]any{"share": s, "pointer": &s})
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{fmt.Sprint(s), fmt.Sprintf("%v %+v %#v %x %s", s, &s, s, s, holder), fmt.Sprintf("%#v", holder), string(inside), s.LogValue().String()} {
		if strings.Contains(text, value[:8]) || strings.Contains(text, words) || !strings.Contains(text, "share 2 of 5 of set "+s.Set) {
			t.Errorf("shows %q", text)
		}
	}
}

func TestWipe(t *testing.T) {
	s := split(t, newSecret(t, 24), 2, 2)[0]
	s.Wipe()
	if !bytes.Equal(s.value(), make([]byte, 32)) {
		t.Error("the value is still there")
	}
}
