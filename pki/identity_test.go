package pki_test

import (
	"os"
	"strings"
	"testing"

	"onecert/pki"
)

// Numbers of region 9999, which does not exist.
const (
	resident = "999901199001010010"
	company  = "11999900MB0000000G"
)

func TestOnePersonIsOneHolderHoweverTyped(t *testing.T) {
	for kind, spellings := range map[string][]string{
		pki.Resident:   {resident, " 999901 19900101 0010 ", "999901-19900101-0010", "９９９９０１１９９００１０１００１０", "٩٩٩٩٠١١٩٩٠٠١٠١٠٠١٠", "999901\u200b199001010010"},
		pki.CreditCode: {company, "11999900mb0000000g", "11 999900 MB0000000 G"},
		pki.Passport:   {"E12345678", "e1234 5678", "Ｅ12345678"},
	} {
		for _, spelling := range spellings {
			got, err := pki.NormalIdentity(kind, spelling)
			if err != nil || got != spellings[0] {
				t.Errorf("%s %q became %q, %v", kind, spelling, got, err)
			}
		}
	}
}

func TestWrongIdentities(t *testing.T) {
	for _, c := range [][2]string{{pki.Resident, "999901199001010018"}, {pki.Resident, "99990119900101001"}, {pki.Resident, ""}, {pki.CreditCode, "11999900MB0000000X"},
		{pki.CreditCode, "11999900MB000000OG"}, {pki.Passport, "E1"}, {"driving-licence", "12345678"}} {
		if got, err := pki.NormalIdentity(c[0], c[1]); pki.KindOf(err) != pki.Invalid {
			t.Errorf("%v became %q, %v", c, got, err)
		} else if c[1] != "" && strings.Contains(err.Error(), c[1]) {
			t.Errorf("the error repeats the number: %v", err)
		}
	}
}

// TestCheckCharacters: any one changed character and any two swapped neighbours
// that differ are found, as the standards promise.
func TestCheckCharacters(t *testing.T) {
	for i := range resident {
		for _, c := range "0123456789X" {
			if changed := resident[:i] + string(c) + resident[i+1:]; changed != resident && pki.ResidentNumber(changed) {
				t.Errorf("%s passes", changed)
			}
		}
		if i > 0 && resident[i] != resident[i-1] {
			swapped := resident[:i-1] + string(resident[i]) + string(resident[i-1]) + resident[i+1:]
			if pki.ResidentNumber(swapped) {
				t.Errorf("%s passes", swapped)
			}
		}
	}
	for i := range company {
		if changed := company[:i] + "7" + company[i+1:]; changed != company && pki.SocialCreditCode(changed) {
			t.Errorf("%s passes", changed)
		}
	}
}

// TestCheckCharactersOfOthers holds ours against those of python-stdnum (vectors/identity),
// and against the numbers in its documentation: each is taken, and no other check character.
func TestCheckCharactersOfOthers(t *testing.T) {
	text, err := os.ReadFile("../vectors/identity/check-characters.tsv")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	if len(lines) != 400 {
		t.Fatalf("%d vectors", len(lines))
	}
	lines = append(lines, "resident\t360426199101010071", "credit-code\t91110000600037341L")
	for _, line := range lines {
		kind, number, _ := strings.Cut(line, "\t")
		right, characters := pki.ResidentNumber, "0123456789X"
		if kind == pki.CreditCode {
			right, characters = pki.SocialCreditCode, "0123456789ABCDEFGHJKLMNPQRTUWXY"
		}
		for _, c := range characters {
			if other := number[:17] + string(c); right(other) != (other == number) {
				t.Errorf("%s %s: %t", kind, other, right(other))
			}
		}
	}
}

func TestHidesIdentity(t *testing.T) {
	for _, text := range []string{resident, "SF" + resident, "999901 19900101 0010", "x-999901-19900101-0010-y", "٩٩٩٩٠١١٩٩٠٠١٠١٠٠١٠", "999901900101001", "no 999901 900101 001"} {
		if !pki.HidesIdentity(text) {
			t.Errorf("%q passes", text)
		}
	}
	for _, text := range []string{"", "2026-000123", "H-2026-1", "林晓明", "999901199001010018", company, "123456789012345678901234567890", "walk-20261123T064000-sm2-person"} {
		if pki.HidesIdentity(text) {
			t.Errorf("%q is refused", text)
		}
	}
}

func FuzzNormalIdentity(f *testing.F) {
	f.Add(pki.Resident, resident)
	f.Add(pki.CreditCode, company)
	f.Fuzz(func(t *testing.T, kind, number string) {
		plain, err := pki.NormalIdentity(kind, number)
		if err != nil {
			return
		}
		if again, err := pki.NormalIdentity(kind, plain); err != nil || again != plain {
			t.Errorf("%q became %q, then %q (%v)", number, plain, again, err)
		}
		pki.HidesIdentity(number)
	})
}
