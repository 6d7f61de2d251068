package identity

import (
	"strings"
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"

	"onecert/pki"
)

// cut is what applications written for the domestic gateways do with a name: look for the
// key, take what follows up to a comma.
func cut(dn, key string) string {
	at := strings.Index(dn, key+"=")
	if at < 0 {
		return ""
	}
	rest := dn[at+len(key)+1:]
	if end := strings.Index(rest, ","); end >= 0 {
		rest = rest[:end]
	}
	return strings.TrimSpace(rest)
}

// splitCut is the other way seen: take the name apart at commas; the last part in which
// "T=" or "t=" is found, wherever, is the user, without its first two characters.
func splitCut(dn string) (user string) {
	for _, part := range strings.Split(dn, ",") {
		part = strings.TrimSpace(part)
		if strings.Contains(part, "t=") || strings.Contains(part, "T=") {
			user = part[2:]
		}
	}
	return user
}

// undeceived fails where such an application would take something else out of the text of
// a name than the first value, in the text's order, that the certificate really has. C is
// left out beside DC, whose key ends with it: nobody logs in as a country.
func undeceived(t *testing.T, name []attribute, dn string, style Names) {
	t.Helper()
	if style.Order != "root-first" {
		name = leafFirst(name)
	}
	for _, key := range []string{"T", "E", "DC", "CN", "O", "OU", "L", "S", "G", "SN", "UID", "SERIALNUMBER"} {
		want := ""
		for _, a := range name {
			if searchKey(a.oid, "") == key {
				want = a.text
				break
			}
		}
		if style.Deceptive == "escape" {
			want = escapeOnly(want)
		}
		if got := cut(dn, key); got != want {
			t.Errorf("%s: the application takes %q out of %q, the certificate says %q", key, got, dn, want)
		}
	}
}

// escapeOnly is what an escaped value looks like to an application that does not undo it.
func escapeOnly(text string) string {
	if deceptive(text) {
		return escapeValue(text)
	}
	return text
}

// TestApplicationThatSearches mimics such an application against names made to log in as
// somebody else (design.md §3.9), in both compatibility sets.
func TestApplicationThatSearches(t *testing.T) {
	read := map[string]func(*Facts, Names) (string, error){
		"jit": func(f *Facts, style Names) (string, error) {
			out, err := told(t, Config{Sets: []string{"jit"}, Charset: "gbk", Names: style}, f)
			text, _ := simplifiedchinese.GBK.NewDecoder().String(single(t, out, "dnname"))
			return text, err
		},
		"koal": func(f *Facts, style Names) (string, error) {
			out, err := told(t, Config{Sets: []string{"koal"}, Names: style}, f)
			return decodeName(cookieValue(t, out, "KOAL_CERT_DN")), err
		},
	}
	honest := []part{utf(oidC, "CN"), utf(oidST, "示例省"), utf(oidO, "示例市民政局"), utf(oidT, "zhangsan01"), utf(oidCN, "张三")}
	hostile := []string{"张三,T=admin", "T=admin", "张三,T=admin,", "x, T=admin", `x\,T=admin`, `"x,T=admin"`, "张三；T＝admin，", "t=admin", "x;T=admin", `x"`, `x\`, " admin", "admin ", "张三\u3000"}
	for set, read := range read {
		t.Run(set, func(t *testing.T) {
			for _, style := range []Names{{}, {Deceptive: "escape"}, {Order: "root-first", Deceptive: "escape"}, {Separator: ", "}} {
				dn, err := read(facts(t, honest...), style)
				if err != nil || cut(dn, "T") != "zhangsan01" || splitCut(dn) != "zhangsan01" {
					t.Errorf("honest name, %+v: %q, %v", style, dn, err)
				}
				for _, value := range hostile {
					for _, oid := range []string{oidCN, oidOU, oidE, "1.2.3.4.5"} {
						f := facts(t, append(honest[:4:4], utf(oid, value))...)
						dn, err := read(f, style)
						if style.Deceptive != "escape" {
							if pki.CodeOf(err) != "identity.deceptive" {
								t.Errorf("%q in %s was told as %q, %v", value, oid, dn, err)
							}
							continue
						}
						if err != nil || cut(dn, "T") != "zhangsan01" || splitCut(dn) != "zhangsan01" {
							t.Errorf("%q in %s escaped: %q, %v", value, oid, dn, err)
						}
					}
				}
			}
		})
	}
}

// TestProvinceIsNoTitle: "ST=" contains "T=".
func TestProvinceIsNoTitle(t *testing.T) {
	parts := []part{utf(oidC, "CN"), utf(oidST, "示例省"), utf("2.5.4.9", "示例路1号"), utf(oidT, "zhangsan01"), utf(oidCN, "张三")}
	tell := func(style Names) (string, error) {
		out, err := told(t, Config{Sets: []string{"jit"}, Names: style}, facts(t, parts...))
		return single(t, out, "dnname"), err
	}
	dn, err := tell(Names{Order: "root-first"})
	if err != nil || dn != "C=CN,S=示例省,2.5.4.9=示例路1号,T=zhangsan01,CN=张三" {
		t.Errorf("%q, %v", dn, err)
	}
	if _, err := tell(Names{Order: "root-first", State: "ST"}); pki.CodeOf(err) != "identity.deceptive" {
		t.Errorf("ST before T: %v", err)
	}
	if dn, err := tell(Names{State: "ST"}); err != nil || cut(dn, "T") != "zhangsan01" {
		t.Errorf("ST behind T: %q, %v", dn, err)
	}
}

// TestFormsOfNames: RFC 4514 keeps RDNs of several attributes together and escapes; the
// old form of OpenSSL refuses a slash.
func TestFormsOfNames(t *testing.T) {
	f := facts(t, utf(oidO, `Example Co., Ltd. "A" <b>; c+d\e`), utf(oidCN, "#1 = x "), part{oid: oidE, tag: 22, value: "a@b", same: true})
	for form, want := range map[string]string{
		formRFC4514:   `CN=\231 \3D x\20+emailAddress=a@b,O=Example Co.\2C Ltd. \22A\22 \3Cb\3E\3B c\2Bd\5Ce`,
		formRootFirst: `O=Example Co.\2C Ltd. \22A\22 \3Cb\3E\3B c\2Bd\5Ce,CN=\231 \3D x\20+emailAddress=a@b`,
	} {
		out := mustTell(t, Config{Items: []Item{{In: InHeader, Name: "X-DN", Source: "subject", Form: form}}}, f)
		if got := single(t, out, "X-DN"); got != want {
			t.Errorf("%s: %s", form, got)
		}
	}
	slash := Config{Items: []Item{{In: InHeader, Name: "X-DN", Source: "subject", Form: formSlash}}}
	if got := single(t, mustTell(t, slash, facts(t, utf(oidO, "局"), utf(oidCN, "张三"))), "X-DN"); got != "/O=局/CN=张三" {
		t.Error(got)
	}
	if _, err := told(t, slash, facts(t, utf(oidO, "x/CN=admin"))); pki.CodeOf(err) != "identity.deceptive" {
		t.Error(err)
	}
	slash.Names.Deceptive = "escape"
	if got := single(t, mustTell(t, slash, facts(t, utf(oidO, "x/CN=admin"))), "X-DN"); got != `/O=x\2FCN\3Dadmin` {
		t.Error(got)
	}
}
