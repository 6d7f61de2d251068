package e2e

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"onecert/pkitest"
)

// apart is a CA and a key management centre as two processes, made with the verbs
// that operators type, each step as the one before prints it.
type apart struct {
	*testing.T
	dir               string
	ca, kmc           string // addresses of the APIs
	public            string // address of lists and CA certificates
	authority, centre *process
	trust             map[string]trust
}

func (a *apart) in(parts ...string) string {
	return filepath.Join(append([]string{a.dir}, parts...)...)
}

// types runs a verb that has to succeed; who is "" or whose identity it takes.
func (a *apart) types(who string, args ...string) string {
	a.Helper()
	if who != "" {
		args = append(args, "--as", a.in("id", who))
	}
	out, complaint, code := onecert(a.T, append(args, "--lang", "en")...)
	if code != 0 {
		a.Fatalf("onecert %s: exit code %d\n%s%s", strings.Join(args, " "), code, out, complaint)
	}
	return out
}

// codes runs a verb that makes one-time codes and returns them by role, or the one
// code under "code".
func (a *apart) codes(who string, args ...string) map[string]string {
	a.Helper()
	var made struct {
		Code  string            `json:"code"`
		Codes map[string]string `json:"codes"`
	}
	if err := json.Unmarshal([]byte(a.types(who, append(args, "--json")...)), &made); err != nil {
		a.Fatal(err)
	}
	if made.Codes == nil {
		return map[string]string{"code": made.Code}
	}
	return made.Codes
}

// secret puts a code where a verb reads it.
func (a *apart) secret(text string) string {
	path := a.in("code-" + unused())
	writeFile(a.T, path, []byte(text+"\n"))
	return path
}

func freeAddress(t testing.TB) string {
	t.Helper()
	return pkitest.FreeAddress(t)
}

func (a *apart) serve(component, address string) *process {
	a.Helper()
	p, err := spawn(a.dir, component, "serve", "--config", a.in(component, component+".yaml"), "--lang", "en")
	if err != nil {
		a.Fatal(err)
	}
	a.Cleanup(func() {
		if err := p.end(os.Interrupt); err != nil && !p.killed {
			a.Errorf("the %s ended with %v\n%s", component, err, &p.log)
		}
	})
	p.listens(a.T, address)
	return p
}

// newApart takes every step from two empty folders to a CA that gets keys from a
// centre across the network.
func newApart(t *testing.T) *apart {
	a := &apart{T: t, dir: t.TempDir(), ca: freeAddress(t), kmc: freeAddress(t), public: freeAddress(t)}
	writeFile(t, a.in("pass"), []byte("a passphrase for identities\n"))
	codes := a.codes("", "ca", "init", "--dir", a.in("ca"), "--organisation", "示例省电子政务", "--host", "127.0.0.1", "--listen", a.ca,
		"--public", a.public, "--url", "http://"+a.public, "--families", "sm2,ecdsa", "--partitions", "4")
	a.authority = a.serve("ca", a.ca)
	for _, role := range []string{"system", "security", "audit"} {
		a.enrol("centre."+role, codes[role])
	}
	for _, role := range []string{"issuer", "custodian"} {
		a.enrol("centre."+role, a.codes("centre.security", "officer", "code", "--name", "centre."+role, "--role", role)["code"])
	}
	a.makeCentre()
	code := a.secret(a.codes("centre.security", "officer", "code", "--at", "kmc", "--name", "ca", "--role", "site")["code"])
	a.types("", "ca", "link", "--config", a.in("ca", "ca.yaml"), "--kmc", "https://"+a.kmc, "--centre", a.in("kmc", "message.pem"), "--code-file", code)
	if err := a.authority.end(os.Interrupt); err != nil {
		t.Errorf("the CA ended with %v\n%s", err, &a.authority.log)
	}
	a.authority = a.serve("ca", a.ca)
	a.takeTrust()
	return a
}

func (a *apart) enrol(name, code string) {
	a.Helper()
	a.types("", "officer", "enrol", "--server", "https://"+a.ca, "--trust", a.in("ca", "trust.pem"), "--code-file", a.secret(code),
		"--out", a.in("id", name), "--pass-file", a.in("pass"))
}

// makeCentre makes the centre, has its certificates issued, and lets its
// administrators in.
func (a *apart) makeCentre() {
	a.Helper()
	codes := a.codes("", "kmc", "init", "--dir", a.in("kmc"), "--host", "127.0.0.1", "--listen", a.kmc,
		"--trust", a.in("ca", "trust.pem"), "--peer", "ca="+a.in("ca", "message.pem"))
	for _, name := range []string{"tls", "message"} {
		out := a.in("out", name)
		a.types("centre.security", "ca", "issue", "--profile", "site", "--request", a.in("kmc", name+".csr"), "--out", out)
		writeFile(a.T, a.in("kmc", name+".pem"), read(a.T, filepath.Join(out, "bundle.pem")))
	}
	config := append(read(a.T, a.in("kmc", "kmc.yaml")), "pool: {sm2: {target: 40, low: 20}, p256: {target: 4, low: 2}}\n"...)
	writeFile(a.T, a.in("kmc", "kmc.yaml"), config)
	a.centre = a.serve("kmc", a.kmc)
	for _, role := range []string{"system", "security", "audit"} {
		a.types("centre."+role, "officer", "join", "--kmc", "https://"+a.kmc, "--code-file", a.secret(codes[role]))
	}
	code := a.codes("centre.security", "officer", "code", "--at", "kmc", "--name", "centre.custodian", "--role", "custodian")["code"]
	a.types("centre.custodian", "officer", "join", "--kmc", "https://"+a.kmc, "--code-file", a.secret(code))
}

// takeTrust gets the CA certificates from the web, as a stranger would.
func (a *apart) takeTrust() {
	a.trust = map[string]trust{}
	d := &demo{}
	for _, family := range []string{"sm2", "ecdsa"} {
		files := trust{Root: a.in(family + "-root.pem"), Chain: a.in(family + "-chain.pem")}
		for file, name := range map[string]string{files.Root: family + "-root", files.Chain: family} {
			openssl(a.T, "x509", "-inform", "DER", "-in", d.fetch(a.T, "http://"+a.public+"/aia/"+name+".cer"), "-out", file)
		}
		a.trust[family] = files
	}
}

// certified are the files of one pair.
func (a *apart) certified(application string) []byte {
	a.Helper()
	out := a.in("again-" + unused())
	a.types("centre.issuer", "ca", "order", application, "--out", out)
	return append(read(a.T, filepath.Join(out, "sign.pem")), read(a.T, filepath.Join(out, "encrypt.pem"))...)
}

// TestApart: two processes, messages of GM/T 0014 between them; pairs that strangers
// verify and open; and orders while the centre is killed: whole or not at all, and
// asked again one and the same.
func TestApart(t *testing.T) {
	a := newApart(t)
	d := &demo{Trust: a.trust}
	for _, way := range []string{"sm2", "p256"} {
		p := newApplicant(t, way, personName())
		out := filepath.Join(p.folder, "out")
		order := []string{"ca", "issue", "--profile", "person-sign", "--request", p.file("request.pem"), "--holder", "A-" + way, "--application", "a-" + way}
		a.types("centre.issuer", append(order, "--out", out)...)
		for _, half := range []string{"sign.pem", "encrypt.pem"} {
			d.verifies(t, p.family, filepath.Join(out, half))
		}
		sealed := map[string]envelope{"sm2": {Format: "sm2-enveloped-key"}, "ecdsa": {Format: "cms-enveloped-data"}}[p.family]
		files, err := filepath.Glob(filepath.Join(out, "envelope.*.der"))
		if err != nil || len(files) != 1 {
			t.Fatalf("%q %v", files, err)
		}
		sealed.DER = read(t, files[0])
		p.open(t, sealed, p.file("sign.key"), filepath.Join(out, "encrypt.pem"), "enc.key")
		p.encrypt(t, filepath.Join(out, "encrypt.pem"), "from apart\n")
		p.decrypt(t, p.file("enc.key"), "from apart\n")
	}
	a.killedCentre()
	for _, component := range []string{"ca", "kmc"} {
		a.types("", "audit", "verify", "--config", a.in(component, component+".yaml"))
	}
}

// killedCentre orders while there is no centre, and after.
func (a *apart) killedCentre() {
	p := newApplicant(a.T, "sm2", personName())
	order := []string{"ca", "issue", "--profile", "person-sign", "--request", p.file("request.pem"), "--holder", "A-killed", "--application", "a-killed", "--lang", "en"}
	as := []string{"--as", a.in("id", "centre.issuer")}
	before := a.types("centre.issuer", "ca", "list", "--all", "--json")
	a.centre.kill(a.T)
	for n := range 2 {
		out, complaint, code := onecert(a.T, append(append(order, "--out", a.in("none", unused())), as...)...)
		if code != 1 || !strings.Contains(complaint, "key management centre") || strings.Count(complaint, "\n") != 1 {
			a.Errorf("try %d without a centre: exit code %d\n%s%s", n+1, code, out, complaint)
		}
	}
	if after := a.types("centre.issuer", "ca", "list", "--all", "--json"); after != before {
		a.Errorf("the failed order left something:\n%s\nbefore:\n%s", after, before)
	}
	a.centre = a.serve("kmc", a.kmc)
	a.types("centre.issuer", append(order, "--out", a.in("one"))...)
	first := append(read(a.T, a.in("one", "sign.pem")), read(a.T, a.in("one", "encrypt.pem"))...)
	a.types("centre.issuer", append(order, "--out", a.in("two"))...)
	second := append(read(a.T, a.in("two", "sign.pem")), read(a.T, a.in("two", "encrypt.pem"))...)
	if !bytes.Equal(first, second) || !bytes.Equal(first, a.certified("a-killed")) {
		a.Error("asked again it is another pair")
	}
	var status struct {
		Suites []struct {
			Suite string `json:"suite"`
			InUse int    `json:"in_use"`
		} `json:"suites"`
	}
	if err := json.Unmarshal([]byte(a.types("centre.system", "kmc", "status", "--json")), &status); err != nil {
		a.Fatal(err)
	}
	for _, s := range status.Suites {
		if s.Suite == "sm2" && s.InUse != 2 {
			a.Errorf("%d SM2 pairs are in use, for two certificates", s.InUse)
		}
	}
}
