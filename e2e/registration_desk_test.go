package e2e

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"image"
	"image/png"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestRegistrationDesk: what people do at a registration beside single applications, by
// the verbs they type: a batch whose keys are made at the centre, carried out together
// and handed over; a standing rule; a holder who moves; an application that uses
// certificates; an edition of the rules; figures, a ticket, the archive.
func TestRegistrationDesk(t *testing.T) {
	d := shared(t)
	c := &office{apart: &apart{T: t, dir: t.TempDir(), trust: d.Trust}, demo: d, name: "林" + unused()}
	c.batch()
	c.handed()
	c.ruled()
	c.moved()
	c.used()
	c.published()
	c.helped()
	if figures := c.types("ra1.reviewer", "ra", "statistics", "show", "--by", "kind,operation"); !strings.Contains(figures, "person") {
		t.Errorf("the figures: %s", figures)
	}
	c.types("ra1.reviewer", "ra", "statistics", "file", "--out", c.in("figures.xlsx"))
	c.types("centre.audit", "ra", "archive", "list")
	c.types("centre.audit", "ra", "archive", "verify")
	c.refuses("centre.system", "archive.nothing", "archive", "close", "--before", "2020-01-01")
	c.types("ra1.reviewer", "ra", "links")
}

// office is the demonstration's registration, at which this test's people appear.
type office struct {
	*apart
	demo *demo
	name string // the first person's
}

// types runs a verb of one of the demonstration's officers that has to succeed.
func (c *office) types(who string, args ...string) string {
	c.Helper()
	return c.apart.types("", append(args, "--as", c.demo.session(who))...)
}

// refuses runs a verb that has to be refused with a code.
func (c *office) refuses(who, code string, args ...string) {
	c.Helper()
	out, complaint, exit := onecert(c.T, append(append([]string{"ra"}, args...), "--as", c.demo.session(who), "--json")...)
	if exit != 1 || !strings.Contains(complaint, `"code":"`+code+`"`) {
		c.Errorf("onecert ra %s as %s: exit code %d, not refused by %s\n%s%s", strings.Join(args, " "), who, exit, code, out, complaint)
	}
}

func (c *office) does(who string, args ...string) stands { return says[stands](c, who, args...) }

// scan is a picture that could be one of a paper, another one each time.
func (c *office) scan() string {
	c.Helper()
	name := unused()
	page := image.NewGray(image.Rect(0, 0, 20, 20))
	copy(page.Pix, name)
	var content bytes.Buffer
	if err := png.Encode(&content, page); err != nil {
		c.Fatal(err)
	}
	writeFile(c.T, c.in(name+".png"), content.Bytes())
	return c.in(name + ".png")
}

// says runs a verb and decodes its answer.
func says[T any](c *office, who string, args ...string) (answer T) {
	c.Helper()
	if err := json.Unmarshal([]byte(c.types(who, append(append([]string{"ra"}, args...), "--json")...)), &answer); err != nil {
		c.Fatalf("onecert ra %s: %v", strings.Join(args, " "), err)
	}
	return answer
}

func (c *office) waits(what string, done func() bool) {
	c.Helper()
	for end := time.Now().Add(time.Minute); !done(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			c.Fatalf("%s does not come about", what)
		}
	}
}

// batch takes a person with a key of their own through, and leaves a faulty row out; the
// holder then sees in self-service what was done with the escrowed key.
func (c *office) batch() {
	t := c.T
	c.types("lra1.registrar", "ra", "batch", "template", "--out", c.in("people.xlsx"))
	p := newApplicant(t, "p256", personName())
	block, _ := pem.Decode(read(t, p.file("request.pem")))
	sheet := c.in("people.csv")
	writeFile(t, sheet, []byte("姓名,证件类型,证件号码,单位,手机号码,证书请求\n"+
		c.name+",居民身份证,"+residentNumber(1)+",示例市民政局,13900000000,"+base64.StdEncoding.EncodeToString(block.Bytes)+"\n"+
		"错号码,居民身份证,999901199102020024,示例市民政局,13900000002,\n"))
	type batch struct {
		ID, State          string
		Faulty, Registered int
	}
	b := says[batch](c, "lra1.registrar", "batch", "upload", sheet)
	if b.Faulty != 1 {
		t.Fatalf("%+v", b)
	}
	if faults := c.types("lra1.registrar", "ra", "batch", "rows", b.ID, "--state", "faulty"); !strings.Contains(faults, "C3") {
		t.Errorf("the faults: %s", faults)
	}
	c.refuses("lra1.registrar", "batch.faulty", "batch", "confirm", b.ID)
	c.types("lra1.registrar", "ra", "batch", "confirm", b.ID, "--skip-faulty")
	c.waits("the batch", func() bool { return says[batch](c, "lra1.registrar", "batch", "show", b.ID).State == "done" })
	page := says[struct{ Items []stands }](c, "ra1.reviewer", "list", "--batch", b.ID)
	if len(page.Items) != 1 {
		t.Fatalf("%+v", page)
	}
	a := page.Items[0]
	if a.State == "draft" { // it needs its papers
		c.does("lra1.registrar", "attach", a.ID, "--document", "form="+c.scan(), "--document", "identity="+c.scan())
		c.does("lra1.registrar", "submit", a.ID)
	}
	c.does("ra1.reviewer", "approve", a.ID)
	type carrying struct {
		ID           string
		Done, Failed int
		Ended        time.Time
	}
	began := says[carrying](c, "lra1.issuer", "carry", "start", "--batch", b.ID)
	c.waits("the carrying out", func() bool {
		all := says[[]carrying](c, "lra1.issuer", "carry", "list")
		if all[0].ID == began.ID && !all[0].Ended.IsZero() && all[0].Done != 1 {
			t.Fatal(c.types("lra1.issuer", "ra", "carry", "list"))
		}
		return all[0].ID == began.ID && !all[0].Ended.IsZero()
	})
	c.types("lra1.registrar", "ra", "batch", "results", b.ID, "--form", "csv", "--out", c.in("results.csv"))
	if results := string(read(t, c.in("results.csv"))); !strings.Contains(results, a.ID) {
		t.Errorf("the results: %s", results)
	}
	out := c.in("made")
	c.types("lra1.issuer", "ra", "result", a.ID, "--out", out)
	ledger, err := exec.CommandContext(t.Context(), "curl", "-sS", "--cacert", c.trust["ecdsa"].Root, "--cert", filepath.Join(out, "bundle.pem"), "--key", p.file("sign.key"),
		c.demo.Endpoints.Self+"/v1/self/ledger").CombinedOutput()
	if err != nil || !strings.Contains(string(ledger), "key.generate") {
		t.Errorf("the ledger: %s %v", ledger, err)
	}
}

// handed opens the package of a key made at the centre with the password that was shown.
func (c *office) handed() {
	t := c.T
	writeFile(t, c.in("agent"), []byte(residentNumber(2)))
	a := c.does("lra1.registrar", "register", "--kind", "device", "--profile", "device-client", "--suite", "p256", "--key-from", "server", "--field", "name=gate-"+unused()+".office.example",
		"--field", "unit=示例市民政局", "--field", "credit_code=91350100M000100Y43", "--field", "agent=经办", "--field-file", "agent_identity="+c.in("agent"), "--field", "phone=13900000000",
		"--document", "form="+c.scan(), "--document", "licence="+c.scan(), "--document", "authority="+c.scan(), "--document", "agent-identity="+c.scan(), "--submit")
	c.does("ra1.reviewer", "approve", a.ID)
	c.does("lra1.issuer", "issue", a.ID)
	c.types("lra1.registrar", "ra", "hand", "receipt", a.ID)
	c.types("lra1.registrar", "ra", "hand", "code", a.ID)
	password := says[struct{ Password string }](c, "lra1.registrar", "hand", "password", a.ID).Password
	out := c.in("handed")
	files := says[struct{ Files []string }](c, "lra1.registrar", "hand", "package", a.ID, "--form", "pkcs12", "--out", out).Files
	writeFile(t, c.in("handed.pass"), []byte(password))
	if text := openssl(t, "pkcs12", "-in", filepath.Join(out, "sign.p12"), "-passin", "file:"+c.in("handed.pass"), "-nodes"); !strings.Contains(text, "PRIVATE KEY") {
		t.Error("the package holds no key")
	}
	if info, err := os.Stat(files[0]); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
	c.refuses("lra2.registrar", "application.unknown", "hand", "code", a.ID)
}

func (c *office) ruled() {
	name := "renewals-" + unused()
	rule := func(args ...string) map[string]any {
		return says[map[string]any](c, "ra1.security", append([]string{"rule"}, args...)...)
	}
	until := time.Now().AddDate(0, 3, 0).Format(time.DateOnly)
	if made := rule("set", name, "--node", "ra1", "--operation", "renew", "--kind", "person", "--quota", "20", "--until", until); made["active"] != false {
		c.Errorf("a new rule is on: %v", made)
	}
	if on := rule("on", name); on["active"] != true {
		c.Errorf("%v", on)
	}
	if changed := rule("set", name, "--quota", "30"); changed["quota"] != 30.0 || changed["node"] != "ra1" {
		c.Errorf("%v", changed)
	}
	rule("off", name)
	c.refuses("ra1.security", "rule.unknown", "rule", "on", "nobody")
}

func (c *office) moved() {
	type holder struct{ ID, Node string }
	find := func() holder {
		page := says[struct{ Items []holder }](c, "ra1.registrar", "holder", "list", "--name", c.name)
		if len(page.Items) != 1 {
			c.Fatalf("%+v", page)
		}
		return page.Items[0]
	}
	h := find()
	c.types("ra1.reviewer", "ra", "holder", "show", h.ID)
	c.refuses("ra1.registrar", "move.there", "holder", "move", h.ID, "--to", "lra1", "--reason", "moved to the other bureau")
	m := says[struct{ ID string }](c, "centre.registrar", "holder", "move", h.ID, "--to", "ra2", "--reason", "moved to the other bureau")
	c.refuses("centre.registrar", "officer.forbidden", "motion", "consent", m.ID)
	c.types("centre.reviewer", "ra", "motion", "consent", m.ID)
	page := says[struct{ Items []holder }](c, "ra2.registrar", "holder", "list", "--name", c.name)
	if len(page.Items) != 1 || page.Items[0].Node != "ra2" {
		c.Errorf("%+v", page)
	}
	c.types("ra2.registrar", "ra", "holder", "export", h.ID, "--reason", "asked for by the holder", "--out", c.in("lin.json"))
}

func (c *office) used() {
	id := "office-" + unused()
	c.types("ra1.registrar", "ra", "system", "set", id, "--name", "协同办公", "--owner", "示例市政府办公室", "--contact", "信息科", "--service", "login,signature", "--kind", "person")
	c.types("ra1.reviewer", "ra", "system", "approve", id)
	h := says[struct{ Items []struct{ ID string } }](c, "ra1.registrar", "holder", "list").Items[0].ID
	c.types("ra1.registrar", "ra", "system", "add", id, "--holder", h)
	c.refuses("ra1.reviewer", "system.unknown", "system", "members", id) // nobody's ministry
	c.types("ra1.registrar", "ra", "system", "remove", id, "--holder", h)
	c.types("ra1.reviewer", "ra", "system", "glances")
	c.types("ra1.reviewer", "ra", "system", "file", "--form", "csv", "--out", c.in("systems.csv"))
	c.types("ra1.reviewer", "ra", "system", "end", id)
}

func (c *office) published() {
	edition := fmt.Sprintf("%d.%d", 1+rand.IntN(9000), 1+rand.IntN(9000))
	writeFile(c.T, c.in("cps.txt"), []byte("电子认证业务规则，第一版。\n"))
	m := says[struct{ ID string }](c, "centre.system", "policy", "propose", "practice-statement", c.in("cps.txt"), "--edition", edition, "--oid", "1.2.156.112600.1.1",
		"--title", "电子认证业务规则", "--begins", "2026-01-01")
	for _, who := range []string{"centre.security", "centre.audit"} {
		c.types(who, "ra", "motion", "consent", m.ID)
	}
	if all := c.types("lra1.registrar", "ra", "policy", "list"); !strings.Contains(all, "in force") {
		c.Errorf("the rules: %s", all)
	}
	c.types("lra1.registrar", "ra", "policy", "text", "practice-statement", edition, "--out", c.in("again.txt"))
	if string(read(c.T, c.in("again.txt"))) != string(read(c.T, c.in("cps.txt"))) {
		c.Error("another text comes back")
	}
}

func (c *office) helped() {
	type ticket struct{ Number, State string }
	opened := says[struct {
		Ticket ticket
		Code   string
	}](c, "lra1.registrar", "ticket", "open", "--kind", "pin", "--name", "林晓明", "--subject", "口令被锁", "--text", "输错三次")
	number := opened.Ticket.Number
	if opened.Code == "" {
		c.Errorf("%+v", opened)
	}
	for _, step := range [][]string{{"take"}, {"note", "--text", "第二次来电"}, {"answer", "--text", "请换一个读卡器"}, {"resolve", "--text", "已解锁"}} {
		c.types("lra1.registrar", append([]string{"ra", "ticket", step[0], number}, step[1:]...)...)
	}
	if shown := c.types("lra1.registrar", "ra", "ticket", "show", number); !strings.Contains(shown, "resolved") {
		c.Errorf("the ticket: %s", shown)
	}
	c.refuses("lra2.registrar", "desk.unknown", "ticket", "show", number)
	c.types("lra1.registrar", "ra", "ticket", "list", "--state", "resolved")
	c.types("ra1.reviewer", "ra", "ticket", "report", time.Now().Format("2006-01"))
}

// residentNumber is a valid number of nobody, another one each time: the area is in no
// list.
func residentNumber(n int) string {
	base := fmt.Sprintf("9999%02d19%02d%02d%02d%03d", n, 30+rand.IntN(60), 1+rand.IntN(12), 1+rand.IntN(28), rand.IntN(1000))
	sum := 0
	for i, w := range []int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2} {
		sum += int(base[i]-'0') * w
	}
	return base + string("10X98765432"[sum%11])
}
