package ldap

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"onecert/pki"
	"onecert/status"
)

// ldapsearch asks with OpenLDAP's client and returns its LDIF without line breaks,
// and its exit code, which is the result code.
func ldapsearch(t *testing.T, address string, args ...string) (string, int) {
	t.Helper()
	out, err := exec.Command("ldapsearch", append([]string{"-x", "-LLL", "-o", "ldif-wrap=no", "-H", "ldap://" + address}, args...)...).CombinedOutput()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return string(out), exit.ExitCode()
	}
	if err != nil {
		t.Fatal("ldapsearch does not run (apt-get install ldap-utils):", err)
	}
	return string(out), 0
}

func count(ldif string) int { return strings.Count("\n"+ldif, "\ndn:") }

// shows reports whether LDIF has an attribute with a value, in clear or in base64.
func shows(ldif, name string, value []byte) bool {
	return strings.Contains(ldif, name+": "+string(value)+"\n") || strings.Contains(ldif, name+":: "+base64.StdEncoding.EncodeToString(value)+"\n")
}

func TestSearch(t *testing.T) {
	each(t, func(t *testing.T, tn *town) {
		alice := tn.issue("张三", "person", true)
		bureau := tn.issue("示例局", "organisation", true)
		server := tn.issue("server.example.cn", "device", true)
		hidden := tn.issue("李四", "person", false)
		tn.lists.set("sm2", List{-1, false, []byte("complete")}, List{-1, true, []byte("delta")}, List{1, false, []byte("one")})
		tn.catchUp()
		address := tn.serve(Limits{})
		base := []string{"-b", "o=OneCert,c=CN"}
		for _, c := range []struct {
			what  string
			args  []string
			found int
			code  int
		}{
			{"by id", []string{"-b", "uid=" + alice.holder + ",ou=holders,o=OneCert,c=CN"}, 1, 0},
			{"by name", append(base, "(cn=张三)"), 1, 0},
			{"by a part", append(base, "(cn=*EXAMPLE*)"), 1, 0},
			{"by mail", append(base, "(mail=mail1@example.cn)"), 1, 0},
			{"by unit", append(base, "(&(objectClass=inetOrgPerson)(o=示例省电子政务))"), 1, 0},
			{"with certificates", append(base, "(userCertificate=*)"), 3, 0},
			{"either", append(base, "(|(cn=张三)(cn=示例局))"), 2, 0},
			{"not published", append(base, "(uid="+hidden.holder+")"), 0, 0},
			{"CAs", append(base, "(objectClass=pkiCA)"), 2, 0},
			{"points", []string{"-b", "cn=sm2,ou=issuers,o=OneCert,c=CN", "-s", "one"}, 2, 0},
			{"branches", append(base, "-s", "one"), 2, 0},
			{"all", base, 3 + 4 + 3, 0},
			{"outside", []string{"-b", "c=CN"}, 0, 32},
			{"no such", []string{"-b", "uid=nobody,ou=holders,o=OneCert,c=CN"}, 0, 32},
			{"below a holder", []string{"-b", "cn=x,uid=" + alice.holder + ",ou=holders,o=OneCert,c=CN"}, 0, 32},
			{"no name", []string{"-b", "what"}, 0, 34},
			{"two of many", append(base, "-z", "2"), 2, 4},
			{"page by page", append(base, "-E", "pr=2/noprompt"), 10, 0},
			{"schema", []string{"-b", "cn=Subschema", "-s", "base", "+"}, 1, 0},
			{"as somebody", append(base, "-D", "cn=admin", "-w", "secret"), 0, 49},
			{"a name alone", append(base, "-D", "cn=admin", "-w", ""), 0, 53},
			{"unknown control", append(base, "-E", "!1.2.3.4"), 0, 12},
		} {
			ldif, code := ldapsearch(t, address, c.args...)
			if count(ldif) != c.found || code != c.code {
				t.Errorf("%s: %d entries, code %d, want %d and %d\n%.600s", c.what, count(ldif), code, c.found, c.code, ldif)
			}
		}
		ldif, _ := ldapsearch(t, address, append(base, "(uid="+alice.holder+")")...)
		if !shows(ldif, "userCertificate;binary", alice.der) || !shows(ldif, "cn", []byte("张三")) {
			t.Error("the certificate is not the one issued:\n", ldif)
		}
		ldif, _ = ldapsearch(t, address, append(base, "(|(uid="+server.holder+")(uid="+bureau.holder+"))", "userCertificate;binary")...)
		if !shows(ldif, "userCertificate;binary", server.der) || strings.Contains(ldif, "objectClass") {
			t.Error("not the attributes asked for:\n", ldif)
		}
		ldif, _ = ldapsearch(t, address, "-b", "cn=sm2,ou=issuers,o=OneCert,c=CN")
		if !shows(ldif, "certificateRevocationList;binary", []byte("complete")) || !shows(ldif, "certificateRevocationList;binary", []byte("one")) ||
			!shows(ldif, "deltaRevocationList;binary", []byte("delta")) {
			t.Error("lists are missing:\n", ldif)
		}
		if ldif, code := ldapsearch(t, address, "-b", "", "-s", "base", "+"); code != 0 || !strings.Contains(ldif, "namingContexts: o=OneCert,c=CN") {
			t.Error("root:", code, ldif)
		}
	})
}

// TestNameSpellings: names are compared by the rules of their attributes and not as
// they are written (RFC 4514, RFC 4517 caseIgnoreMatch). The holder "h000009" beside
// "H000009" is told from it by whoever writes it exactly.
func TestNameSpellings(t *testing.T) {
	each(t, func(t *testing.T, tn *town) {
		p := tn.issueTo("H000009", "张三", "person", true)
		tn.issueTo("AbC d", "李四", "person", true)
		tn.catchUp()
		address := tn.serve(Limits{})
		find := func(base, want string) {
			t.Helper()
			ldif, code := ldapsearch(t, address, "-b", base, "-s", "base", "uid")
			if code != 0 || count(ldif) != 1 || !strings.Contains(ldif, "dn: uid="+want+",ou=holders,o=OneCert,c=CN\n") {
				t.Errorf("%q: code %d\n%s", base, code, ldif)
			}
		}
		for _, base := range []string{
			"uid=H000009,ou=holders,o=OneCert,c=CN", "UID=h000009,OU=HOLDERS,O=ONECERT,C=cn", "Uid=h000009,ou=Holders,o=oneCERT,C=Cn",
			"uid = H000009 , ou = holders , o = OneCert , c = CN", " uid=H000009;ou=holders;o=OneCert;c=CN ", "userid=h000009,organizationalUnitName=holders,organizationName=onecert,countryName=cn",
			`uid=\48\30\30\30\30\30\39,ou=h\6flders,o=\4fneCert,c=C\4E`, `uid=\ H000009\ ,ou=holders,o=OneCert,c=CN`, "0.9.2342.19200300.100.1.1=H000009,2.5.4.11=holders,2.5.4.10=OneCert,2.5.4.6=CN",
			"uid=#0c0748303030303039,ou=#1307484f4c44455253,o=OneCert,c=CN",
		} {
			find(base, p.holder)
		}
		find("uid=ABC   D,ou=holders,o=OneCert,c=CN", "AbC d")
		for filter, want := range map[string]int{"(UID=h000009)": 1, "(uid= H000009 )": 1, "(uid=abc  D)": 1, "(Uid=\\48000009)": 1, "(uid=h00000)": 0} {
			if ldif, code := ldapsearch(t, address, "-b", " O = onecert , c=cn", filter); code != 0 || count(ldif) != want {
				t.Errorf("%s: code %d\n%s", filter, code, ldif)
			}
		}
		for base, want := range map[string]int{`uid=\00,ou=holders,o=OneCert,c=CN`: 32, "uid=H00000,ou=holders,o=OneCert,c=CN": 32, "uid;x=H000009,ou=holders,o=OneCert,c=CN": 34} {
			if ldif, code := ldapsearch(t, address, "-b", base); code != want {
				t.Errorf("%q: code %d, want %d\n%s", base, code, want, ldif)
			}
		}
		tn.issueTo("h000009", "王五", "person", true)
		tn.catchUp()
		find("uid=H000009,ou=holders,o=OneCert,c=CN", "H000009")
		find("uid=h000009,ou=holders,o=OneCert,c=CN", "h000009")
	})
}

// TestStates: only what is valid now is shown.
func TestStates(t *testing.T) {
	each(t, func(t *testing.T, tn *town) {
		p := tn.issue("张三", "person", true)
		second := tn.issueTo(p.holder, "张三", "person", true)
		shown := func(want int) {
			t.Helper()
			tn.catchUp()
			all, err := tn.Holder(t.Context(), p.holder)
			if err != nil || len(all) != want {
				t.Errorf("%d certificates, want %d (%v)", len(all), want, err)
			}
			e, err := tn.lookup(t.Context(), tn.holdersDN().child("uid", p.holder))
			if err != nil || (e != nil) != (want > 0) {
				t.Errorf("entry %v (%v)", e, err)
			}
		}
		shown(2)
		tn.change(p, status.Held)
		shown(1)
		tn.change(p, status.Released)
		shown(2)
		tn.change(p, status.Revoked)
		shown(1)
		tn.change(second, status.Revoked)
		shown(0)
		third := tn.issueTo(p.holder, "张三", "person", true)
		shown(1)
		tn.forward(366 * 24 * time.Hour)
		shown(0)
		if c, err := tn.Certificate(t.Context(), "sm2", third.serial); err != nil || !bytes.Equal(c.DER, third.der) {
			t.Error("an expired certificate is not found by its serial:", err)
		}
		if _, err := tn.Certificate(t.Context(), "sm2", "00ff"); pki.CodeOf(err) != "ldap.unknown" {
			t.Error(err)
		}
	})
}

// TestSourceGone: certificates that cannot be fetched wait; revocations do not.
func TestSourceGone(t *testing.T) {
	each(t, func(t *testing.T, tn *town) {
		p := tn.issue("张三", "person", true)
		tn.catchUp()
		tn.source.fail(errors.New("the line is cut"))
		later := tn.issue("王五", "person", true)
		tn.change(p, status.Revoked)
		if err := tn.step(t.Context()); err == nil {
			t.Error("a failing source was not noticed")
		}
		if all, _ := tn.Holder(t.Context(), p.holder); len(all) != 0 {
			t.Error("a revoked certificate is still shown")
		}
		tn.source.fail(nil)
		tn.catchUp()
		if all, _ := tn.Holder(t.Context(), later.holder); len(all) != 1 {
			t.Error("the waiting certificate did not come")
		}
		if all, _ := tn.Holder(t.Context(), p.holder); len(all) != 0 {
			t.Error("a revoked certificate came back")
		}
	})
}

// TestResume: a directory killed at any time goes on from its position and ends equal.
func TestResume(t *testing.T) {
	each(t, func(t *testing.T, tn *town) {
		for i := range 30 {
			p := tn.issue(fmt.Sprintf("人员%d", i), "person", i%3 > 0)
			if i%5 == 0 {
				tn.change(p, status.Held)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		for ctx.Err() == nil && tn.Position() < 36 { // killed again and again
			short, stop := context.WithTimeout(ctx, 2*time.Millisecond)
			_ = tn.Run(short)
			stop()
			tn.Directory = tn.open()
		}
		tn.catchUp()
		names, err := tn.holders(t.Context(), "", condition{}, 100)
		if err != nil || len(names) != 20-4 { // held: 5, 10, 20, 25 of those published
			t.Errorf("%d holders (%v)", len(names), err)
		}
	})
}

func TestPages(t *testing.T) {
	tn := newTown(t, "sqlite:"+t.TempDir()+"/town.db")
	for i := range 25 {
		tn.issue(fmt.Sprintf("人员%d", i), "person", true)
	}
	tn.catchUp()
	limits := DefaultLimits()
	limits.Entries, limits.Total, limits.Look = 10, 20, 12
	address := tn.serve(limits)
	holders := []string{"-b", "ou=holders,o=OneCert,c=CN", "-s", "one"}
	if ldif, code := ldapsearch(t, address, holders...); count(ldif) != 10 || code != 4 {
		t.Error("unpaged:", count(ldif), code)
	}
	if ldif, code := ldapsearch(t, address, append(holders, "-E", "pr=10/noprompt")...); count(ldif) != 20 || code != 4 {
		t.Error("the directory was handed out whole:", count(ldif), code)
	}
	if ldif, code := ldapsearch(t, address, append(holders, "(cn=*9)")...); code != 11 {
		t.Error("everything was looked at:", count(ldif), code)
	}
	if ldif, code := ldapsearch(t, address, append(holders, "(cn=人员24)")...); count(ldif) != 1 || code != 0 {
		t.Error("the index was not used:", count(ldif), code)
	}
}

func TestCookies(t *testing.T) {
	a := &answering{secret: []byte("a")}
	c := cut{sent: 3, at: mark{2, "H/1"}}
	sealed := a.seal(c)
	if got, ok := a.open(sealed); !ok || got != c {
		t.Error(got, ok)
	}
	other := &answering{secret: []byte("b")}
	for _, cookie := range []string{"", "x", sealed[:20], "0" + sealed[1:], other.seal(c), sealed + "1"} {
		if _, ok := a.open(cookie); ok {
			t.Errorf("%q was taken", cookie)
		}
	}
}
