package ca

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"onecert/pki"
)

// compose brings the wished-for attributes into the profile's order and adds what
// the profile fixes. Nothing is dropped in silence: an attribute the profile does
// not have is refused.
func (p *Profile) compose(wish pki.Name, holder string) (pki.Name, error) {
	given := map[string][]string{}
	for _, a := range wish {
		given[a.Type] = append(given[a.Type], a.Value)
	}
	var name pki.Name
	for _, rule := range p.Subject {
		values, err := rule.values(given[rule.Type], holder)
		if err != nil {
			return nil, err
		}
		delete(given, rule.Type)
		for _, value := range values {
			name = append(name, pki.Attribute{Type: rule.Type, Value: value})
		}
	}
	for _, a := range wish {
		if _, left := given[a.Type]; left {
			return nil, pki.Errorf(pki.Invalid, "subject.attribute", "profile %s has no attribute %.32s in its subject", p.Name, a.Type).
				To("leave it out; 'onecert ca profiles show %s' lists what is allowed", p.Name)
		}
	}
	if err := name.CheckLengths(); err != nil {
		return nil, err
	}
	return name, nil
}

func (r SubjectRule) values(given []string, holder string) ([]string, error) {
	switch {
	case r.Holder:
		if len(given) > 0 && (len(given) > 1 || given[0] != holder) {
			return nil, pki.Errorf(pki.Invalid, "subject.holder", "%s is filled with the holder id and cannot be chosen", r.Type).To("leave it out")
		}
		return []string{holder}, nil
	case r.Fixed != "":
		for _, value := range given {
			if value != r.Fixed {
				return nil, pki.Errorf(pki.Invalid, "subject.fixed", "%s must be %s", r.Type, r.Fixed).To("leave it out; the profile fills it in")
			}
		}
		return []string{r.Fixed}, nil
	case len(given) == 0 && r.Required:
		return nil, pki.Errorf(pki.Invalid, "subject.missing", "the subject has no %s, which the profile requires", r.Type).
			To("give it, for example --subject \"…, %s=…\"", r.Type)
	case len(given) > max(r.Max, 1):
		return nil, pki.Errorf(pki.Invalid, "subject.repeated", "the subject has %d times %s, %d allowed", len(given), r.Type, max(r.Max, 1)).
			To("leave the others out")
	}
	return given, nil
}

// altNames checks alternative names against the profile. Names that stand in the
// request are a wish: kinds the profile does not have are an error all the same.
func (p *Profile) altNames(names []pki.AltName) error {
	if len(names) == 0 && p.AltNames.Required {
		return pki.Errorf(pki.Invalid, "altname.missing", "profile %s requires an alternative name (%s)", p.Name, strings.Join(p.AltNames.Kinds, ", ")).
			To("put it into the request, or order it with --dns, --ip or --email")
	}
	if len(names) > max(p.AltNames.Max, 1) && len(names) > 0 {
		return pki.Errorf(pki.Invalid, "altname.many", "%d alternative names, more than the %d profile %s allows", len(names), max(p.AltNames.Max, 1), p.Name).
			To("order several certificates, or have the profile allow more")
	}
	for _, name := range names {
		if err := pki.CheckAltName(name); err != nil {
			return err
		}
		allowed := false
		for _, kind := range p.AltNames.Kinds {
			allowed = allowed || kind == name.Kind
		}
		if !allowed {
			return pki.Errorf(pki.Invalid, "altname.kind", "profile %s does not allow alternative names of kind %s", p.Name, name.Kind).
				To("leave it out, or use a profile that has it")
		}
	}
	return nil
}

// lookAlikes are letters that fonts draw (nearly) alike, mapped to one of them: the
// Cyrillic and Greek ones that look Latin, and the closest pairs among common
// Chinese characters of names. NFKC has folded full-width forms before.
var lookAlikes = strings.NewReplacer(
	"а", "a", "е", "e", "о", "o", "р", "p", "с", "c", "у", "y", "х", "x", "і", "l", "ј", "j", "ѕ", "s", "һ", "h", "ԁ", "d", "ԛ", "q", "ԝ", "w",
	"к", "k", "м", "m", "т", "t", "в", "b", "н", "h", "ь", "b",
	"α", "a", "ο", "o", "ρ", "p", "ν", "v", "ι", "l", "κ", "k", "τ", "t", "υ", "u", "χ", "x", "β", "b", "η", "n", "γ", "y",
	"0", "o", "1", "l", "i", "l", "|", "l", "rn", "m", "vv", "w",
	"己", "已", "巳", "已", "末", "未", "土", "士", "曰", "日", "戌", "戊", "戍", "戊", "人", "入", "八", "入", "千", "干", "于", "干",
	"天", "夭", "王", "玉", "大", "太", "犬", "太", "刀", "刁", "侯", "候", "祟", "崇", "冼", "洗", "昊", "吴", "汆", "氽", "佘", "余",
	"衷", "哀", "晴", "睛", "栗", "粟", "茶", "荼", "柬", "東", "住", "往", "折", "拆", "析", "拆", "祇", "祗", "免", "兔", "鸟", "乌",
)

// spelling is how a name within its unit is really written, beside its skeleton.
func spelling(name pki.Name) string {
	var parts []string
	for _, a := range name {
		if a.Type == "O" || a.Type == "OU" || a.Type == "CN" {
			parts = append(parts, a.Value)
		}
	}
	return strings.Join(parts, "\x1f")
}

// skeleton is what a name looks like within its unit: two names of one skeleton
// that are spelled differently would deceive.
func skeleton(name pki.Name) string {
	var parts []string
	for _, a := range name {
		if a.Type == "O" || a.Type == "OU" || a.Type == "CN" {
			parts = append(parts, likeness(a.Value))
		}
	}
	return strings.Join(parts, "\x1f")
}

func likeness(text string) string {
	folded := strings.ToLower(norm.NFKC.String(text))
	folded = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.Is(unicode.Mn, r) || r == '·' || r == '•' || r == '-' {
			return -1
		}
		return r
	}, folded)
	return lookAlikes.Replace(folded)
}
