package shares

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"strings"
	"testing"
)

// longhand multiplies as one learns it: carry-less product, then the remainder of the
// division by the whole polynomial.
func longhand(a, b byte) byte {
	product := 0
	for bit := range 8 {
		if b>>bit&1 == 1 {
			product ^= int(a) << bit
		}
	}
	for bit := 14; bit >= 8; bit-- {
		if product>>bit&1 == 1 {
			product ^= 0x11b << (bit - 8)
		}
	}
	return byte(product)
}

func TestMultiplyAgainstLonghand(t *testing.T) {
	for a := range 256 {
		for b := range 256 {
			if got, want := multiply(byte(a), byte(b)), longhand(byte(a), byte(b)); got != want {
				t.Fatalf("%#x·%#x = %#x, want %#x", a, b, got, want)
			}
		}
	}
	if multiply(0x57, 0x83) != 0xc1 { // FIPS 197 4.2
		t.Error("{57}·{83} is not {c1}")
	}
}

func TestInvert(t *testing.T) {
	if invert(0) != 0 || invert(0x53) != 0xca {
		t.Error("the inverse of 0 or of {53} is wrong")
	}
	for a := 1; a < 256; a++ {
		if multiply(byte(a), invert(byte(a))) != 1 {
			t.Errorf("%#x has a wrong inverse", a)
		}
	}
}

// samTSS are the test vectors of OASIS SAM Threshold Sharing Schemes v1.0 (OASIS
// Standard, 9 March 2022) for polynomial 1, 0x11B.
var samTSS = []struct {
	name, secret, random string
	threshold            int
	splits               []string
}{
	{"TV011B_1", "74 65 73 74 00", "A8 7B 34 91 B5", 2, []string{"DC 1E 47 E5 B5", "3F 93 1B 4D 71"}},
	{"TV011B_2", "53 41 4D 54 43", "39 5D 39 6C 87", 2,
		[]string{"6A 1C 74 38 C4", "21 FB 3F 8C 56", "18 A6 06 E0 D1", "B7 2E A9 FF 69"}},
	{"TV011B_3", "53 41 4D 54 43", "27 3A 1A 28 AB 99 79 BC 06 37", 3,
		[]string{"4E 73 7F 91 72", "F5 D5 52 60 93", "E8 E7 60 A5 A2", "42 9F 84 9E 06"}},
	{"TV011B_4", "53 41 4D 54 43", "1A 22 4C 1E E9 76 0A 73 A0 9D 05 77 44 34 67", 4,
		[]string{"27 C0 94 BB 54", "B9 69 F9 F4 0E", "7E C7 CD 32 50", "AB AF 81 82 8D"}},
	{"TV011B_5", "54 65 73 74 20 44 61 74 61", "7F B4 E8 58 1E B7 5D C9 45", 2,
		[]string{"2B D1 9B 2C 3E F3 3C BD 24", "AA 16 B8 C4 1C 31 DB FD EB", "D5 A2 50 9C 02 86 86 34 AE",
			"B3 83 FE 0F 58 AE 0E 7D 6E", "CC 37 16 57 46 19 53 B4 2B", "4D F0 35 BF 64 DB B4 F4 E4",
			"32 44 DD E7 7A 6C E9 3D A1", "81 B2 72 82 D0 8B BF 66 7F", "FE 06 9A DA CE 3C E2 AF 3A"}},
	{"TV011B_6", "01 02 03 04 05 06 07 08 09 0A 0B 0C 0D 0E 0F",
		"EC 96 74 05 40 B3 E1 FC 9A 91 4F 6E 5F 7C CA 51 DB 72 32 02 C9 B8 81 00 4F 66 A2 80 71 97", 3,
		[]string{"7B 73 F0 19 0E 27 24 93 A0 3A 7A 8D 24 2C E9", "AC FE 79 00 58 3B 52 D8 77 66 54 15 10 67 87",
			"D6 8F 8A 1D 53 1A 71 43 DE 56 25 94 39 45 61", "3F 99 DD F4 88 9B E1 6A 29 E2 77 3E 10 68 63",
			"45 E8 2E E9 83 BA C2 F1 80 D2 06 BF 39 4A 85"}},
}

func octets(t *testing.T, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestVectorsOfSAMTSS(t *testing.T) {
	for _, v := range samTSS {
		secret := octets(t, v.secret)
		points := evaluate(secret, octets(t, v.random), v.threshold, len(v.splits))
		for i, split := range v.splits {
			if want := octets(t, split); points[i].x != byte(i+1) || !bytes.Equal(points[i].y, want) {
				t.Errorf("%s: split %d is %x, want %x", v.name, i+1, points[i].y, want)
			}
		}
		for chosen := range subsets(points, v.threshold) {
			if got := interpolate(chosen, 0); !bytes.Equal(got, secret) {
				t.Errorf("%s: %d splits bring back %x", v.name, len(chosen), got)
			}
		}
	}
}

// TestVectorOfDraft is the known answer of draft-mcgrew-tss-03 section 9, made by
// another author in the same field.
func TestVectorOfDraft(t *testing.T) {
	points := []point{{1, octets(t, "B9FA07E185")}, {2, octets(t, "F5409B4511")}}
	if got := interpolate(points, 0); !bytes.Equal(got, octets(t, "7465737400")) {
		t.Errorf("brought back %x", got)
	}
}

// subsets yields all choices of k points.
func subsets(points []point, k int) func(yield func([]point) bool) {
	return func(yield func([]point) bool) { choose(nil, points, k, yield) }
}

func choose(chosen, rest []point, k int, yield func([]point) bool) bool {
	if len(chosen) == k {
		return yield(chosen)
	}
	for i := range rest {
		if !choose(append(chosen[:len(chosen):len(chosen)], rest[i]), rest[i+1:], k, yield) {
			return false
		}
	}
	return true
}

// One share fewer than needed says nothing: for any value of the secret there is
// exactly one polynomial through the shares, so every value is equally likely.
func TestTooFewSayNothing(t *testing.T) {
	random := make([]byte, 2)
	if _, err := rand.Read(random); err != nil {
		t.Fatal(err)
	}
	points := evaluate([]byte{0x42}, random, 3, 5)
	seen := map[byte]bool{}
	for third := range 256 { // whatever the third share might be
		seen[interpolate([]point{points[0], points[1], {3, []byte{byte(third)}}}, 0)[0]] = true
	}
	if len(seen) != 256 {
		t.Errorf("two shares of three leave %d secrets possible, want 256", len(seen))
	}
}
