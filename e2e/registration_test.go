package e2e

import (
	"bytes"
	"encoding/json"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// counters is a registration as a third process beside the CA and its key management
// centre, with two local counters in its tree, made with the verbs that people type.
type counters struct {
	*apart
	ra           string // address of the API
	registration *process
}

// newCounters takes every step from an empty folder to officers who have come with
// their certificates.
func newCounters(t *testing.T) *counters {
	c := &counters{apart: newApart(t), ra: freeAddress(t)}
	codes := c.codes("", "ra", "init", "--dir", c.in("ra"), "--host", "127.0.0.1", "--listen", c.ra, "--node", "centre", "--level", "centre",
		"--name", "示例省数字证书注册中心", "--ca", "https://"+c.ca, "--trust", c.in("ca", "trust.pem"))
	code := c.secret(c.codes("centre.security", "officer", "code", "--name", "centre", "--role", "site")["code"])
	c.types("", "ra", "enrol", "--config", c.in("ra", "ra.yaml"), "--code-file", code)
	c.types("", "config", "check", c.in("ra", "ra.yaml"))
	c.registration = c.serve("ra", c.ra)
	for _, role := range []string{"system", "security", "audit"} {
		c.types("centre."+role, "ra", "join", "--ra", "https://"+c.ra, "--code-file", c.secret(codes[role]))
	}
	for _, node := range [][]string{{"ra1", "centre", "ra"}, {"lra1", "ra1", "lra"}, {"lra2", "ra1", "lra"}} {
		c.types("centre.system", "ra", "node", "add", node[0], "--below", node[1], "--level", node[2], "--name", "示例"+node[0])
		c.types("centre.security", "ra", "node", "approve", node[0])
	}
	for _, name := range []string{"ra1.reviewer", "lra1.registrar", "lra1.issuer", "lra2.registrar"} {
		c.seat(name)
	}
	return c
}

// seat gives an officer a post and a code of the centre's, and lets him in with it.
func (c *counters) seat(name string) {
	c.Helper()
	c.seatBy("centre.security", name)
}

func (c *counters) seatBy(security, name string) {
	c.Helper()
	node, role, _ := strings.Cut(name, ".")
	c.admit(name, c.codes(security, "ra", "post", "code", name, "--role", role, "--node", node, "--until", "2099-12-31")["code"])
}

// admit lets an officer in whom the CA itself does not know: a certificate of the CA,
// and the code to come with.
func (c *counters) admit(name, code string) {
	c.Helper()
	key, request, out := c.in(name+".key"), c.in(name+".csr"), c.in("out", name)
	openssl(c.T, "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-aes-256-cbc", "-pass", "file:"+c.in("pass"), "-out", key)
	openssl(c.T, "req", "-new", "-utf8", "-key", key, "-passin", "file:"+c.in("pass"), "-subj", "/C=CN/O=示例省电子政务/CN="+name, "-out", request)
	if err := os.Chmod(key, 0o600); err != nil {
		c.Fatal(err)
	}
	c.types("centre.security", "ca", "issue", "--profile", "officer", "--request", request, "--holder", "officer:"+name, "--out", out)
	c.types(name, "ra", "join", "--ra", "https://"+c.ra, "--certificate", filepath.Join(out, "bundle.pem"), "--key", key, "--pass-file", c.in("pass"),
		"--trust", c.in("ca", "trust.pem"), "--code-file", c.secret(code))
}

// stands is what a verb on an application answers.
type stands struct {
	ID, State, Serial, Issuer string
	Fields                    map[string]string
}

func (c *counters) does(who string, args ...string) (a stands) {
	c.Helper()
	if err := json.Unmarshal([]byte(c.types(who, append([]string{"ra"}, append(args, "--json")...)...)), &a); err != nil {
		c.Fatal(err)
	}
	return a
}

// refuses runs a verb that has to be refused with a code.
func (c *counters) refuses(who, code string, args ...string) {
	c.Helper()
	out, complaint, exit := onecert(c.T, append(append([]string{"ra"}, args...), "--as", c.in("id", who), "--json")...)
	if exit != 1 || !strings.Contains(complaint, `"code":"`+code+`"`) {
		c.Errorf("onecert ra %s as %s: exit code %d, not refused by %s\n%s%s", strings.Join(args, " "), who, exit, code, out, complaint)
	}
}

// scan is a picture that could be one of a paper, a different one for each name.
func (c *counters) scan(name string, size int) string {
	c.Helper()
	page := image.NewGray(image.Rect(0, 0, size, size))
	copy(page.Pix, name)
	var content bytes.Buffer
	if err := png.Encode(&content, page); err != nil {
		c.Fatal(err)
	}
	path := c.in(name + ".png")
	writeFile(c.T, path, content.Bytes())
	return path
}

// TestRegistrationApart: a request made by OpenSSL goes from the counter through the
// review and the CA to delivery, over three processes; OpenSSL verifies and opens what
// is delivered. An officer of another counter gets nothing of it.
func TestRegistrationApart(t *testing.T) {
	c := newCounters(t)
	d := &demo{Trust: c.trust}
	for n, way := range []string{"sm2", "p256"} {
		c.delivered(d, way, []string{"999901199001010010", "999901199102020023"}[n])
	}
	c.types("", "audit", "verify", "--config", c.in("ra", "ra.yaml"))
	if me := c.types("lra1.registrar", "ra", "me"); !strings.Contains(me, "/centre/ra1/lra1/") {
		t.Errorf("who one is: %s", me)
	}
}

func (c *counters) delivered(d *demo, way, number string) {
	t := c.T
	p := newApplicant(t, way, personName())
	a := c.does("lra1.registrar", "register", "--kind", "person", "--field", "name=林晓明", "--field", "unit=示例市民政局", "--field", "identity_kind=resident",
		"--field-file", "identity="+c.secret(number), "--field", "phone=13900000000", "--request", p.file("request.pem"),
		"--document", "form="+c.scan("form-"+way, 20), "--document", "identity="+c.scan("card-"+way, 30), "--submit")
	if strings.Contains(a.Fields["identity"], number[1:17]) {
		t.Errorf("the number is shown: %v", a.Fields)
	}
	c.refuses("lra1.registrar", "officer.forbidden", "approve", a.ID)
	c.refuses("lra2.registrar", "application.unknown", "show", a.ID)
	c.does("ra1.reviewer", "approve", a.ID)
	if a = c.does("lra1.issuer", "issue", a.ID); a.State != "issued" || a.Serial == "" {
		t.Fatalf("it is %+v", a)
	}
	c.refuses("lra2.registrar", "application.unknown", "result", a.ID, "--out", c.in("stolen"+way))
	out := filepath.Join(p.folder, "out")
	c.types("lra1.issuer", "ra", "result", a.ID, "--out", out)
	c.does("lra1.issuer", "deliver", a.ID)
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
	p.encrypt(t, filepath.Join(out, "encrypt.pem"), "from the counter\n")
	p.decrypt(t, p.file("enc.key"), "from the counter\n")
	c.lost(a)
}

// lost is the life afterwards: renewed, its loss reported, revoked.
func (c *counters) lost(a stands) {
	t := c.T
	walk := func(operation string, more ...string) stands {
		t.Helper()
		next := c.does("lra1.registrar", append([]string{"apply", operation, "--issuer", a.Issuer, "--serial", a.Serial, "--submit"}, more...)...)
		c.does("ra1.reviewer", "approve", next.ID)
		return c.does("lra1.issuer", "issue", next.ID)
	}
	renewed := walk("renew")
	if renewed.Serial == a.Serial {
		t.Errorf("renewed is the same certificate: %+v", renewed)
	}
	a.Serial = renewed.Serial
	state := func() string {
		var shown certificate
		if err := json.Unmarshal([]byte(c.types("centre.audit", "ca", "show", a.Issuer, a.Serial, "--json")), &shown); err != nil {
			t.Fatal(err)
		}
		return shown.State
	}
	for _, step := range []struct {
		operation, want string
		more            []string
	}{{"freeze", "held", nil}, {"revoke", "revoked", []string{"--reason", "keyCompromise"}}} {
		walk(step.operation, step.more...)
		if got := state(); got != step.want {
			t.Errorf("after %s the CA says %s", step.operation, got)
		}
	}
}

// TestCounterWithAProcessOfItsOwn: a fourth process is a local counter with a database
// of its own. What it registers is reviewed and carried out at the registration and
// delivered at the counter; while the registration is away it goes on, and nothing of
// that is lost or doubled.
func TestCounterWithAProcessOfItsOwn(t *testing.T) {
	c := newCounters(t)
	lra := freeAddress(t)
	c.types("centre.system", "ra", "node", "add", "lra9", "--below", "ra1", "--name", "示例独立受理点", "--site", "lra9")
	c.types("centre.security", "ra", "node", "approve", "lra9")
	codes := c.codes("", "lra", "init", "--dir", c.in("lra"), "--host", "127.0.0.1", "--listen", lra, "--node", "lra9", "--above", "centre,ra1",
		"--name", "示例独立受理点", "--upstream", "https://"+c.ra, "--trust", c.in("ca", "trust.pem"))
	config := c.in("lra", "lra.yaml")
	c.types("", "lra", "enrol", "--config", config, "--server", "https://"+c.ca, "--code-file",
		c.secret(c.codes("centre.security", "officer", "code", "--name", "lra9", "--role", "site")["code"]))
	c.types("", "lra", "join", "--config", config, "--code-file",
		c.secret(c.codes("centre.security", "officer", "code", "--at", "ra", "--name", "lra9", "--role", "site")["code"]))
	counter := c.serve("lra", lra)
	// The counter's own people: its administrators come by the codes of the first start.
	other := &counters{apart: c.apart, ra: lra}
	for _, role := range []string{"system", "security", "audit"} {
		other.admit("lra9."+role, codes[role])
	}
	other.seatBy("lra9.security", "lra9.registrar")
	other.seatBy("lra9.security", "lra9.issuer")
	number := "999901199001010010"
	p := newApplicant(t, "p256", personName())
	register := func(name string) stands {
		return other.does("lra9.registrar", "register", "--kind", "person", "--field", "name="+name, "--field", "unit=示例市民政局", "--field", "identity_kind=resident",
			"--field-file", "identity="+c.secret(number), "--field", "phone=13900000000", "--request", p.file("request.pem"),
			"--document", "form="+c.scan("form-"+name, 20), "--document", "identity="+c.scan("card-"+name, 30), "--submit")
	}
	a := register("独立")
	await(t, "the registration has it", func() bool {
		_, _, exit := onecert(t, "ra", "show", a.ID, "--as", c.in("id", "ra1.reviewer"), "--json")
		return exit == 0
	})
	c.does("ra1.reviewer", "approve", a.ID)
	c.seat("ra1.issuer")
	if a = c.does("ra1.issuer", "issue", a.ID); a.State != "issued" {
		t.Fatalf("%+v", a)
	}
	await(t, "the counter knows that it was issued", func() bool { return other.does("lra9.registrar", "show", a.ID).State == "issued" })
	out := filepath.Join(p.folder, "out")
	c.types("lra9.issuer", "ra", "result", a.ID, "--out", out)
	(&demo{Trust: c.trust}).verifies(t, p.family, filepath.Join(out, "sign.pem"))
	other.does("lra9.issuer", "deliver", a.ID)
	await(t, "the registration knows that it was delivered", func() bool { return c.does("ra1.reviewer", "show", a.ID).State == "delivered" })
	c.registration.kill(t)
	number, p = "999901199102020023", newApplicant(t, "sm2", personName())
	alone := register("断网")
	if alone.State != "submitted" {
		t.Errorf("without the registration: %+v", alone)
	}
	counter.kill(t)
	c.serve("lra", lra)
	c.serve("ra", c.ra)
	waiting := func() []stands {
		var page struct{ Items []stands }
		if err := json.Unmarshal([]byte(c.types("ra1.reviewer", "ra", "list", "--state", "submitted", "--json")), &page); err != nil {
			t.Fatal(err)
		}
		return page.Items
	}
	await(t, "the registration hears of what was taken in without it", func() bool { return len(waiting()) > 0 })
	if all := waiting(); len(all) != 1 || all[0].ID != alone.ID {
		t.Errorf("at the registration waits %+v", all)
	}
	for _, component := range []string{"ra", "lra"} {
		c.types("", "audit", "verify", "--config", c.in(component, component+".yaml"))
	}
}

// await waits for what happens between processes.
func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !done(); time.Sleep(300 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("not within a minute: " + what)
		}
	}
}
