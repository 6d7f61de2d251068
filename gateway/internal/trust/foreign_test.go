package trust

import (
	"bytes"
	"crypto/rand"
	"crypto/tls"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/pki"
	"onecert/pkitest"
)

// strangers is a CA that OpenSSL runs in a folder.
type strangers struct {
	t   *testing.T
	dir string
	sm2 bool
}

// signing are the options of whatever signs; OpenSSL has an empty user id of SM2 unless
// told the usual one, also where it checks.
func (f *strangers) signing(checks bool) []string {
	switch {
	case !f.sm2:
		return nil
	case checks:
		return []string{"-sm3", "-sigopt", usualID, "-vfyopt", usualID}
	}
	return []string{"-sm3", "-sigopt", usualID}
}

const usualID = "distid:1234567812345678"

func (f *strangers) run(stdin []byte, args ...string) []byte {
	f.t.Helper()
	cmd := exec.Command("openssl", args...)
	cmd.Dir, cmd.Stdin = f.dir, bytes.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	if err != nil {
		f.t.Fatalf("openssl %v: %v\n%s", args, err, out)
	}
	return out
}

func (f *strangers) read(name string) []byte {
	f.t.Helper()
	data, err := os.ReadFile(filepath.Join(f.dir, name))
	if err != nil {
		f.t.Fatal(err)
	}
	return data
}

func (f *strangers) write(name, text string) {
	f.t.Helper()
	if err := os.WriteFile(filepath.Join(f.dir, name), []byte(text), 0o600); err != nil {
		f.t.Fatal(err)
	}
}

// foundStrangers makes root, issuing CA and three holders with keys of a curve, or RSA.
func foundStrangers(t *testing.T, curve string) *strangers {
	f := &strangers{t, t.TempDir(), curve == "SM2"}
	key := map[string][]string{"": {"-newkey", "rsa:2048"}, "P-256": {"-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"}, "SM2": {"-newkey", "sm2"}}[curve]
	f.write("ext", `[ca]
basicConstraints=critical,CA:TRUE
keyUsage=critical,keyCertSign,cRLSign
subjectKeyIdentifier=hash
[holder]
keyUsage=digitalSignature
extendedKeyUsage=clientAuth
authorityKeyIdentifier=keyid
`)
	f.write("ca.cnf", `[ca]
default_ca=it
[it]
database=index.txt
crlnumber=number
default_md=sha256
default_crl_days=1
crl_extensions=crl
[crl]
authorityKeyIdentifier=keyid
[delta]
authorityKeyIdentifier=keyid
2.5.29.27=critical,DER:02:01:01
`)
	f.write("index.txt", "")
	f.write("number", "01\n")
	f.make("root", "/C=CN/O=外省/CN=根", "ca", "", key...)
	f.make("issuing", "/C=CN/O=外省/CN=签发", "ca", "root", key...)
	for _, name := range []string{"good", "bad", "late"} {
		f.make(name, "/C=CN/ST=北京市/CN=李四 "+name, "holder", "issuing", key...)
	}
	return f
}

// make makes a key and a certificate by a section of the file ext.
func (f *strangers) make(name, subject, section, above string, key ...string) {
	f.t.Helper()
	f.run(nil, slices.Concat([]string{"req", "-new", "-nodes", "-utf8", "-keyout", name + ".key", "-subj", subject, "-out", name + ".csr"}, key, f.signing(false))...)
	args := []string{"x509", "-req", "-in", name + ".csr", "-days", "30", "-extfile", "ext", "-extensions", section, "-out", name + ".pem"}
	if above == "" {
		args = append(args, "-signkey", name+".key")
	} else {
		serial := map[string]string{"issuing": "11", "good": "21", "bad": "22", "late": "23", "placed": "31", "elsewhere": "32", "responder": "41", "unsure": "42"}
		args = append(args, "-CA", above+".pem", "-CAkey", above+".key", "-set_serial", "0x"+serial[name])
	}
	f.run(nil, append(args, f.signing(true)...)...)
}

// gencrl makes the next list, PEM.
func (f *strangers) gencrl(section string) []byte {
	args := []string{"ca", "-config", "ca.cnf", "-gencrl", "-cert", "issuing.pem", "-keyfile", "issuing.key", "-crlexts", section}
	if f.sm2 {
		args = append(args, "-md", "sm3", "-sigopt", usualID)
	}
	return f.run(nil, args...)
}

func (f *strangers) revoke(name string) {
	f.run(nil, "ca", "-config", "ca.cnf", "-revoke", name+".pem", "-cert", "issuing.pem", "-keyfile", "issuing.key", "-crl_reason", "keyCompromise")
}

func (f *strangers) der(name string) []byte {
	block, _ := pem.Decode(f.read(name + ".pem"))
	return block.Bytes
}

// TestOpenSSL: chains, lists, deltas and OCSP answers of OpenSSL, RSA, ECDSA and SM2.
func TestOpenSSL(t *testing.T) {
	for name, curve := range map[string]string{"rsa": "", "ecdsa": "P-256", "sm2": "SM2"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := foundStrangers(t, curve)
			f.revoke("bad")
			at := newPlace(t)
			ca := CA{Name: "strangers", Anchors: string(f.read("root.pem")), Intermediates: string(f.read("issuing.pem")), LeafOnly: true, Revocation: []Source{
				{Name: "full", Kind: SourceCRL, URL: at.put("/full.pem", f.gencrl("crl")), Allow: here}}}
			s := open(t, Options{}, ca)
			loaded(t, s)
			ask := func(name string) Verdict {
				return s.Set("people").Judge(t.Context(), [][]byte{f.der(name), f.der("issuing")}, time.Now())
			}
			wants(t, "good", ask("good"), Good)
			wants(t, "revoked", ask("bad"), Revoked)
			if v := ask("bad"); v.Reasons[0].Revocation != "keyCompromise" {
				t.Errorf("the reason is %q", v.Reasons[0].Revocation)
			}
			wants(t, "not revoked yet", ask("late"), Good)
			f.write("index.txt", "")
			f.revoke("late")
			ca.Revocation = append(ca.Revocation, Source{Name: "delta", Kind: SourceCRL, URL: at.put("/delta.pem", f.gencrl("delta")), Allow: here})
			if err := s.Apply(configOf(ca)); err != nil {
				t.Fatal(err)
			}
			loaded(t, s)
			wants(t, "revoked by the delta", ask("late"), Revoked)
			wants(t, "revoked in the full list", ask("bad"), Revoked)
			wants(t, "still good", ask("good"), Good)

			ca.Revocation = []Source{{Name: "ocsp", Kind: SourceOCSP, URL: f.responder("issuing").URL, Allow: here, Nonce: true}}
			if err := s.Apply(configOf(ca)); err != nil {
				t.Fatal(err)
			}
			f.write("index.txt", string(f.read("index.txt"))+"V\t"+time.Now().AddDate(0, 1, 0).UTC().Format("060102150405Z")+"\t\t21\tunknown\t/CN=good\n")
			wants(t, "OCSP: revoked", ask("late"), Revoked)
			wants(t, "OCSP: good", ask("good"), Good)
			wants(t, "OCSP: never heard of it", ask("bad"), StatusUnknown)
			if v := ask("bad"); v.Reasons[0].Code != "ocsp.unknown" {
				t.Errorf("the reason is %+v", v.Reasons)
			}
		})
	}
}

// TestBouncyCastle: certificates and lists of BouncyCastle (testdata/bouncycastle has the
// program that made them) in the layouts of domestic CAs: BMPString and T61String names,
// ST, private extensions, partitions named by a directory name; SM2 and RSA.
func TestBouncyCastle(t *testing.T) {
	for _, kind := range []string{"sm2", "rsa"} {
		t.Run(kind, func(t *testing.T) {
			read := func(name string) []byte {
				data, err := os.ReadFile(filepath.Join("testdata", "bouncycastle", kind, name))
				if err != nil {
					t.Fatal(err)
				}
				return data
			}
			s := open(t, Options{Now: newClock().now}, CA{Name: "ours", Anchors: string(pemOf(read("root.cer"))), Intermediates: string(pemOf(read("issuing.cer"))),
				LeafOnly: true, Revocation: []Source{{Name: "full", Kind: SourceUpload}, {Name: "delta", Kind: SourceUpload}}})
			ask := func(what, holder string, at time.Time, code Code) {
				t.Helper()
				v := s.Set("people").Judge(t.Context(), [][]byte{read(holder + ".cer"), read("issuing.cer")}, at)
				wants(t, what, v, code)
				if v.Leaf == nil || v.CA != "ours" {
					t.Errorf("%s: %+v", what, v)
				}
			}
			ask("without a list", "good", moment, StatusUnknown)
			upload(t, s, "full", read("full.crl"))
			ask("good", "good", moment, Good)
			ask("revoked", "revoked", moment, Revoked)
			ask("held", "held", moment, Held)
			ask("not revoked yet", "fresh", moment, Good)
			upload(t, s, "delta", read("delta.crl"))
			ask("revoked for ever", "revoked", moment, Revoked)
			ask("released", "held", moment, Good)
			ask("revoked by the delta", "fresh", moment, Revoked)
			ask("stale", "good", moment.AddDate(0, 0, 2), StatusUnknown)
			ask("expired", "good", moment.AddDate(30, 0, 0), Expired)
		})
	}
}

// TestOpenSSLPlaces: a list of a distribution point that is named by a directory name, as
// CFCA does, and answers of responders with certificates of their own.
func TestOpenSSLPlaces(t *testing.T) {
	f := foundStrangers(t, "SM2")
	f.write("ext", string(f.read("ext"))+`
[placed]
keyUsage=digitalSignature
crlDistributionPoints=point
[point]
fullname=dirName:place
[place]
C=CN
O=外省
OU=CRL
CN=crl1
[elsewhere]
keyUsage=digitalSignature
crlDistributionPoints=point2
[point2]
fullname=dirName:place2
[place2]
C=CN
O=外省
OU=CRL
CN=crl2
[responder]
extendedKeyUsage=OCSPSigning
keyUsage=digitalSignature
noCheck=ignored
[unsure]
extendedKeyUsage=OCSPSigning
keyUsage=digitalSignature
`)
	f.write("ca.cnf", string(f.read("ca.cnf"))+`
[partition]
authorityKeyIdentifier=keyid
issuingDistributionPoint=critical,@scope
[scope]
fullname=dirName:place
[place]
C=CN
O=外省
OU=CRL
CN=crl1
`)
	for _, name := range []string{"placed", "elsewhere", "responder", "unsure"} {
		f.make(name, "/C=CN/CN="+name, name, "issuing", "-newkey", "sm2")
	}
	at := newPlace(t)
	ca := CA{Name: "strangers", Anchors: string(f.read("issuing.pem")), Revocation: []Source{
		{Name: "one", Kind: SourceCRL, URL: at.put("/one", f.gencrl("partition")), Allow: here}}}
	s := open(t, Options{}, ca)
	loaded(t, s)
	ask := func(name string) Verdict {
		return s.Set("people").Judge(t.Context(), [][]byte{f.der(name)}, time.Now())
	}
	wants(t, "its partition", ask("placed"), Good)
	wants(t, "another partition", ask("elsewhere"), StatusUnknown)
	wants(t, "no partition", ask("good"), StatusUnknown)

	f.write("index.txt", "V\t"+time.Now().AddDate(0, 1, 0).UTC().Format("060102150405Z")+"\t\t21\tunknown\t/CN=good\n")
	for signer, code := range map[string]Code{"responder": Good, "unsure": StatusUnknown, "bad": StatusUnknown} {
		ca.Revocation = []Source{{Name: signer, Kind: SourceOCSP, URL: f.responder(signer).URL, Allow: here}}
		if err := s.Apply(configOf(ca)); err != nil {
			t.Fatal(err)
		}
		wants(t, "answered by "+signer, ask("good"), code)
	}
}

// responder answers OCSP requests by OpenSSL.
func (f *strangers) responder(signer string) *httptest.Server {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		request, _ := io.ReadAll(r.Body)
		_, _ = w.Write(f.answer(request, signer))
	}))
	f.t.Cleanup(s.Close)
	return s
}

// answer answers one OCSP request.
func (f *strangers) answer(request []byte, signer string) []byte {
	f.write("request", string(request))
	args := []string{"ocsp", "-index", "index.txt", "-CA", "issuing.pem", "-rsigner", signer + ".pem", "-rkey", signer + ".key",
		"-reqin", "request", "-respout", "answer", "-nmin", "60"}
	if f.sm2 {
		args = append(args, "-rmd", "sm3", "-rsigopt", usualID)
	}
	f.run(nil, args...)
	return f.read("answer")
}

// TestDirectory: a list in OpenLDAP, as entries of CAs have them, and one that grows.
func TestDirectory(t *testing.T) {
	root := newCA(t, "sm2", "根", nil)
	alice, bob := root.issue(nil), root.issue(nil)
	address := slapd(t)
	base := "cn=sheng,dc=example"
	next := time.Now().Add(time.Hour)
	put := func(number int64, entries []byte) {
		t.Helper()
		list := root.list(paper{number: number, this: time.Now().Add(time.Duration(number-10) * time.Minute), next: next, entries: entries})
		encoded := base64.StdEncoding.EncodeToString(list)
		if number == 1 {
			modify(t, address, "ldapadd", "dn: dc=example\nobjectClass: dcObject\nobjectClass: organization\no: x\ndc: example\n\ndn: "+base+
				"\nobjectClass: cRLDistributionPoint\ncn: sheng\ncertificateRevocationList;binary:: "+encoded+"\n")
			return
		}
		modify(t, address, "ldapmodify", "dn: "+base+"\nchangetype: modify\nreplace: certificateRevocationList;binary\ncertificateRevocationList;binary:: "+encoded+"\n")
	}
	put(1, entryOf(bob.SerialNumber, time.Now(), pki.Superseded))
	s := open(t, Options{}, CA{Name: "ours", Anchors: root.pem(), Revocation: []Source{
		{Name: "directory", Kind: SourceCRL, URL: "ldap://" + address + "/cn=sheng,dc=example?certificateRevocationList;binary", Allow: here}}})
	loaded(t, s)
	now := time.Now()
	wants(t, "good", judge(s, now, alice), Good)
	wants(t, "revoked", judge(s, now, bob), Revoked)
	put(2, append(entryOf(bob.SerialNumber, time.Now(), pki.Superseded), entryOf(alice.SerialNumber, time.Now(), pki.Superseded)...))
	if _, err := s.Refresh(t.Context(), "ours", "directory"); err != nil {
		t.Fatal(err)
	}
	wants(t, "revoked now", judge(s, now, alice), Revoked)
	if err := s.Apply(configOf(CA{Name: "ours", Anchors: root.pem(), Revocation: []Source{
		{Name: "directory", Kind: SourceCRL, URL: "ldap://" + address + "/cn=nobody,dc=example", Allow: here}}})); err != nil {
		t.Fatal(err)
	}
	if h, err := s.Refresh(t.Context(), "ours", "directory"); pki.KindOf(err) != pki.Unavailable || !strings.Contains(h.Error, "code 32") {
		t.Errorf("an entry that is not there: %v, %+v", err, h)
	}
}

func modify(t *testing.T, address, command, ldif string) {
	t.Helper()
	cmd := exec.Command(command, "-x", "-H", "ldap://"+address, "-D", "cn=root,dc=example", "-w", "throw-away")
	cmd.Stdin = strings.NewReader(ldif)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", command, err, out)
	}
}

// TestSecured: a list over https, and one from OpenLDAP behind TLS for those who log in.
func TestSecured(t *testing.T) {
	root := newCA(t, "ecdsa", "根", nil)
	next := time.Now().Add(time.Hour)
	list := root.list(paper{number: 1, this: time.Now().Add(-time.Minute), next: next})
	web := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "gateway" || password != "throw-away" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_, _ = w.Write(list)
	}))
	defer web.Close()
	roots := string(pemOf(web.Certificate().Raw))
	directory := slapd(t)
	modify(t, directory, "ldapadd", "dn: dc=example\nobjectClass: dcObject\nobjectClass: organization\no: x\ndc: example\n\ndn: cn=sheng,dc=example"+
		"\nobjectClass: cRLDistributionPoint\ncn: sheng\ncertificateRevocationList;binary:: "+base64.StdEncoding.EncodeToString(list)+"\n")
	secured := behindTLS(t, web.TLS, directory)
	word := filepath.Join(t.TempDir(), "word")
	if err := os.WriteFile(word, []byte("throw-away\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	wrong := filepath.Join(t.TempDir(), "wrong")
	if err := os.WriteFile(wrong, []byte("guess\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string]struct {
		url, user, file, roots, fault string
	}{
		"web":                        {web.URL, "gateway", word, roots, ""},
		"web, wrong word":            {web.URL, "gateway", wrong, roots, "answers 401"},
		"web, somebody's server":     {web.URL, "gateway", word, "", "certificate"},
		"directory":                  {"ldaps://" + secured + "/cn=sheng,dc=example", "cn=root,dc=example", word, roots, ""},
		"directory, wrong word":      {"ldaps://" + secured + "/cn=sheng,dc=example", "cn=root,dc=example", wrong, roots, "code 49"},
		"directory, somebody's":      {"ldaps://" + secured + "/cn=sheng,dc=example", "cn=root,dc=example", word, root.pem(), "certificate"},
		"directory that is no other": {"ldaps://" + directory + "/cn=sheng,dc=example", "", "", roots, "EOF"},
	} {
		s := open(t, Options{}, CA{Name: "ours", Anchors: root.pem(), Revocation: []Source{
			{Name: "list", Kind: SourceCRL, URL: c.url, User: c.user, PasswordFile: c.file, Roots: c.roots, Allow: here}}})
		h, err := s.Refresh(t.Context(), "ours", "list")
		if (err == nil) != (c.fault == "") || !strings.Contains(h.Error, c.fault) || strings.Contains(h.Error, "throw-away") || (h.State == "good") != (err == nil) {
			t.Errorf("%s: %v, %+v", what, err, h)
		}
	}
}

// behindTLS forwards what comes over TLS to an address.
func behindTLS(t *testing.T, config *tls.Config, address string) string {
	t.Helper()
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: config.Certificates})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer in.Close()
				out, err := net.Dial("tcp", address)
				if err != nil {
					return
				}
				defer out.Close()
				go func() { _, _ = io.Copy(out, in) }()
				_, _ = io.Copy(in, out)
			}()
		}
	}()
	return l.Addr().String()
}

// slapd starts OpenLDAP's server with an empty directory dc=example.
func slapd(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	address := pkitest.FreeAddress(t)
	config := fmt.Sprintf("include /etc/ldap/schema/core.schema\nmodulepath /usr/lib/ldap\nmoduleload back_mdb\npidfile %[1]s/pid\n"+
		"database mdb\nsuffix dc=example\nrootdn cn=root,dc=example\nrootpw throw-away\ndirectory %[1]s/data\n", dir)
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
	for range 600 {
		if conn, err := net.Dial("tcp", address); err == nil {
			conn.Close()
			return address
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("slapd does not answer")
	return ""
}

// TestSubjects: subjects as old CAs write them: BMPString, GBK under types that are not
// its own, ST and S; the certificate is judged, and its octets are there to be shown.
func TestSubjects(t *testing.T) {
	root := newCA(t, "sm2", "根", nil)
	s := open(t, Options{Now: newClock().now}, CA{Name: "ours", Anchors: root.pem(), Revocation: []Source{{Name: "none", Kind: SourceNone}}})
	gbk := "\xd5\xc5\xc8\xfd" // 张三
	for name, value := range map[string]string{
		"BMPString":         "\x1e\x04\x5f\x20\x4e\x09",
		"T61String GBK":     "\x14\x04" + gbk,
		"UTF8String GBK":    "\x0c\x04" + gbk,
		"Printable GBK":     "\x13\x04" + gbk,
		"UniversalString":   "\x1c\x08\x00\x00\x5f\x20\x00\x00\x4e\x09",
		"PrintableString":   "\x13\x05Zhang",
		"TeletexString @":   "\x14\x03a@b",
		"UTF8String 张三":     "\x0c\x06张三",
		"IA5String in a CN": "\x16\x05Zhang",
	} {
		attribute := append([]byte{0x06, 0x03, 0x55, 0x04, 0x03}, value...)
		for range 1 {
			attribute = append([]byte{0x30, byte(len(attribute))}, attribute...)
		}
		set := append([]byte{0x31, byte(len(attribute))}, attribute...)
		subject := append([]byte{0x30, byte(len(set))}, set...)
		template := &smx509.Certificate{SerialNumber: big.NewInt(5), RawSubject: subject, NotBefore: moment.AddDate(-1, 0, 0),
			NotAfter: moment.AddDate(1, 0, 0), KeyUsage: smx509.KeyUsageDigitalSignature}
		der, err := smx509.CreateCertificate(rand.Reader, template, root.c, newKey(t, "sm2").Public(), root.key)
		if err != nil {
			t.Fatal(name, err)
		}
		v := s.Set("people").Judge(t.Context(), [][]byte{der}, moment)
		wants(t, name, v, Good)
		if v.Leaf == nil || !bytes.Equal(v.Leaf.RawSubject, subject) || v.Leaf.PublicKey == nil {
			t.Errorf("%s: the certificate is handed out as %+v", name, v.Leaf)
		}
	}
}

// TestFetching: conditional requests, redirects, sizes, and places nobody may be sent to.
func TestFetching(t *testing.T) {
	root := newCA(t, "ecdsa", "根", nil)
	at := newPlace(t)
	list := root.list(paper{number: 1, next: moment.Add(time.Hour)})
	address := at.put("/list", list)
	var hops atomic.Int32
	redirecting := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/round":
			hops.Add(1)
			http.Redirect(w, r, "/round", http.StatusFound)
		case "/file":
			http.Redirect(w, r, "file:///etc/passwd", http.StatusFound)
		default:
			http.Redirect(w, r, address, http.StatusFound)
		}
	}))
	defer redirecting.Close()
	source := func(edit func(*Source)) (SourceHealth, error) {
		one := Source{Name: "list", Kind: SourceCRL, URL: address, Allow: here}
		edit(&one)
		s := open(t, Options{Now: newClock().now}, CA{Name: "ours", Anchors: root.pem(), Revocation: []Source{one}})
		return s.Refresh(t.Context(), "ours", "list")
	}
	if h, err := source(func(s *Source) {}); err != nil || h.State != "good" {
		t.Errorf("a plain source: %v, %+v", err, h)
	}
	if _, err := source(func(s *Source) { s.URL = redirecting.URL }); err != nil {
		t.Error("a redirect:", err)
	}
	for what, edit := range map[string]func(*Source){
		"may not be reached":  func(s *Source) { s.Allow = nil },
		"more than the sou":   func(s *Source) { s.MaxBytes = 100 },
		"more than 3 redire":  func(s *Source) { s.URL = redirecting.URL + "/round" },
		"something else than": func(s *Source) { s.URL = redirecting.URL + "/file" },
		"answers 404":         func(s *Source) { s.URL = at.URL + "/nothing" },
		"cannot be opened":    func(s *Source) { s.URL = "file:///nonexistent/list.crl" },
		"password cannot":     func(s *Source) { s.URL, s.PasswordFile = "https://127.0.0.1:1/", "/nonexistent" },
	} {
		if h, err := source(edit); err == nil || !strings.Contains(h.Error, what) || h.Next.IsZero() {
			t.Errorf("%s: %v, %+v", what, err, h)
		}
	}
	s := open(t, Options{Now: newClock().now}, CA{Name: "ours", Anchors: root.pem(), Revocation: []Source{{Name: "list", Kind: SourceCRL, URL: address, Allow: here}}})
	loaded(t, s)
	hits := at.hits["/list"]
	generation := s.Generation()
	if h, err := s.Refresh(t.Context(), "ours", "list"); err != nil || at.hits["/list"] != hits || h.Failures != 0 || s.Generation() != generation {
		t.Errorf("unchanged: %v, %d octets more, %+v", err, at.hits["/list"]-hits, h)
	}
	if next := s.Health()[0].Next.Sub(moment); next < 20*time.Minute || next > 40*time.Minute {
		t.Error("a list with an hour to live is looked for again after", next)
	}
}

// TestKept: a restart without the network has the lists there were, files and uploads.
func TestKept(t *testing.T) {
	root := newCA(t, "ecdsa", "根", nil)
	alice, bob := root.issue(nil), root.issue(nil)
	at := newPlace(t)
	dir := filepath.Join(t.TempDir(), "lists")
	options := Options{Now: newClock().now, Dir: dir}
	next := moment.Add(time.Hour)
	ca := CA{Name: "ours", Anchors: root.pem(), Revocation: []Source{{Name: "up", Kind: SourceUpload},
		{Name: "web", Kind: SourceCRL, URL: at.put("/list", root.list(paper{number: 1, next: next, entries: entryOf(alice.SerialNumber, moment, 0)})), Allow: here}}}
	s := open(t, options, ca)
	upload(t, s, "up", root.list(paper{number: 9, next: next, entries: entryOf(bob.SerialNumber, moment, 0)}))
	loaded(t, s)
	s.Close()
	at.Close()
	s = open(t, options, ca)
	wants(t, "from the web", judge(s, moment, alice), Revoked)
	wants(t, "uploaded", judge(s, moment, bob), Revoked)
	wants(t, "neither", judge(s, moment, root.issue(nil)), Good)
	s.Close()
	files, _ := filepath.Glob(filepath.Join(dir, "*"))
	for _, file := range files {
		if err := os.WriteFile(file, []byte("damaged"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if len(files) != 2 {
		t.Errorf("%d files are kept", len(files))
	}
	s = open(t, options, ca)
	wants(t, "damaged files", judge(s, moment, root.issue(nil)), StatusUnknown)
}

func TestGuard(t *testing.T) {
	s, err := compile(configOf(CA{Name: "ours", Anchors: newCA(t, "ecdsa", "根", nil).pem(),
		Revocation: []Source{{Name: "list", Kind: SourceCRL, URL: "http://x/", Allow: []string{"10.1.0.0/16", "127.0.0.1/32"}}}}))
	if err != nil {
		t.Fatal(err)
	}
	g := guard{s.cas[0].sources[0].allow}
	for address, want := range map[string]bool{"127.0.0.1": true, "127.0.0.2": false, "::1": false, "::ffff:127.0.0.2": false, "::ffff:127.0.0.1": true,
		"169.254.169.254": false, "fe80::1%eth0": false, "10.1.2.3": true, "10.2.3.4": true, "8.8.8.8": true, "224.0.0.1": false, "0.0.0.0": false,
		"::": false, "64:ff9b::7f00:1": false, "2002:7f00:1::": false, "100.100.100.200": false, "2400:3200::1": true} {
		if got := g.allows(addr(t, address)); got != want {
			t.Errorf("%s: %v", address, got)
		}
	}
}
