package ldap

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"onecert/pki"
	"onecert/pkitest"
	"onecert/status"
)

// slapd starts OpenLDAP's server with an empty directory for base and returns its
// address. What it needs is its packaged schemas and a folder.
func slapd(t *testing.T, base string) string {
	t.Helper()
	dir := t.TempDir()
	address := pkitest.FreeAddress(t)
	config := fmt.Sprintf(`include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile %[1]s/pid
database mdb
suffix "%[2]s"
rootdn "cn=publisher,%[2]s"
rootpw throw-away
directory %[1]s/data
`, dir, base)
	if err := os.Mkdir(filepath.Join(dir, "data"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "slapd.conf"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("/usr/sbin/slapd", "-f", filepath.Join(dir, "slapd.conf"), "-h", "ldap://"+address, "-d", "0")
	if err := cmd.Start(); err != nil {
		t.Fatal("slapd does not start (apt-get install slapd):", err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	for range 1200 {
		if conn, err := net.Dial("tcp", address); err == nil {
			conn.Close()
			return address
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("slapd does not answer")
	return ""
}

// TestPublish: an empty directory of others becomes equal to ours and stays so, with
// the nodes above made where they are missing.
func TestPublish(t *testing.T) {
	tn := newTown(t, "sqlite:"+t.TempDir()+"/town.db")
	tn.Directory.base = dn{{"o", "OneCert"}, {"ou", "网络信任"}, {"dc", "example"}}
	alice := tn.issue("张三", "person", true)
	server := tn.issue("server.example.cn", "device", true)
	bureau := tn.issue("示例局", "organisation", true)
	tn.lists.set("sm2", List{-1, false, emptyList(t)}, List{0, false, emptyList(t)})
	tn.catchUp()
	address := slapd(t, "dc=example")
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- tn.Publish(ctx, Target{Name: "province", Address: "ldap://" + address, BindDN: "cn=publisher,dc=example",
			Password: func() (string, error) { return "throw-away", nil }})
	}()
	defer func() {
		cancel()
		<-ended
	}()
	becomes := func(what, filter string, good func(ldif string) bool) {
		t.Helper()
		var ldif string
		for range 600 {
			if ldif, _ = ldapsearch(t, address, "-b", "dc=example", filter); good(ldif) {
				return
			}
			time.Sleep(100 * time.Millisecond)
		}
		t.Errorf("%s: the other directory says\n%.2000s", what, ldif)
	}
	has := func(p person) func(string) bool {
		return func(ldif string) bool { return shows(ldif, "userCertificate;binary", p.der) }
	}
	none := func(ldif string) bool { return count(ldif) == 0 }
	becomes("person", "(cn=张三)", has(alice))
	becomes("device", "(uid="+server.holder+")", has(server))
	becomes("organisation", "(objectClass=organizationalRole)", has(bureau))
	becomes("node above", "(ou=网络信任)", func(ldif string) bool { return count(ldif) == 1 })
	becomes("CA", "(objectClass=pkiCA)", func(ldif string) bool {
		return shows(ldif, "cACertificate;binary", tn.source.chains[1].Chain[0]) && strings.Contains(ldif, "certificateRevocationList;binary:: ")
	})
	becomes("partition", "(objectClass=cRLDistributionPoint)", func(ldif string) bool { return count(ldif) == 2 })

	tn.change(alice, status.Revoked)
	second := tn.issueTo(server.holder, "server.example.cn", "device", true)
	tn.catchUp()
	becomes("revoked", "(cn=张三)", none)
	becomes("two", "(uid="+server.holder+")", func(ldif string) bool { return has(server)(ldif) && has(second)(ldif) })
	tn.forward(400 * 24 * time.Hour)
	becomes("expired", "(uid="+bureau.holder+")", none)
}

// emptyList is a well-formed list: slapd checks the syntax of what it stores.
func emptyList(t *testing.T) []byte {
	t.Helper()
	issuer, err := pki.Name{{Type: "CN", Value: "示例签发"}}.DER()
	if err != nil {
		t.Fatal(err)
	}
	tbs, err := pki.List{Suite: pki.SM2, Issuer: issuer, ThisUpdate: time.Now(), NextUpdate: time.Now().Add(time.Hour), Number: 1, KeyID: []byte{1}}.TBS(nil)
	if err != nil {
		t.Fatal(err)
	}
	return pki.ThrowAway(tbs, pki.SM2)
}
