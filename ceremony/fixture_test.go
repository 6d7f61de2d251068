package ceremony

import (
	"context"
	"crypto"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/keys"
	"onecert/pki"
	"onecert/shares"
)

var startOfTime = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// office is a place where ceremonies are held one after the other.
type office struct {
	t      testing.TB
	dir    string
	now    time.Time
	people *people
	held   int
}

// newOffice works in memory where the machine has such a folder: a ceremony makes
// every line and file last, one by one, and a test holds many.
func newOffice(t testing.TB) *office {
	dir, err := os.MkdirTemp("/dev/shm", "onecert-ceremony-")
	if err != nil {
		dir = t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return &office{t: t, dir: dir, now: startOfTime, people: &people{safe: map[string][]shares.Share{}}}
}

// people are custodians with good memories, of which a test may change one thing.
type people struct {
	safe    map[string][]shares.Share // by set
	shown   []Object
	confirm func(Object) error                                              // nil: yes
	write   func(string, shares.Share) (shares.Share, error)                // nil: as it is
	bring   func(ask Ask, safe []shares.Share, n int) (shares.Share, error) // n-th time asked; nil: 1, 3, 5, …
	asked   int
}

func (p *people) Confirm(_ context.Context, o Object) error {
	p.shown = append(p.shown, o)
	if p.confirm != nil {
		return p.confirm(o)
	}
	return nil
}

func (p *people) HandOut(_ context.Context, custodian string, share shares.Share) (shares.Share, error) {
	written, err := shares.Parse(strings.ToLower(share.Words()))
	if err != nil {
		return shares.Share{}, err
	}
	p.safe[share.Set] = append(p.safe[share.Set], written)
	again, err := shares.Parse(share.Words()) // the ceremony wipes what it is given back
	if err == nil && p.write != nil {
		return p.write(custodian, again)
	}
	return again, err
}

func (p *people) HandIn(_ context.Context, ask Ask) (shares.Share, error) {
	p.asked++
	safe := p.safe[ask.Custody.Set]
	if p.bring != nil {
		return p.bring(ask, safe, p.asked)
	}
	if ask.Trouble != nil {
		return shares.Share{}, ask.Trouble
	}
	return copyOf(safe[2*len(ask.Have)]), nil
}

func copyOf(s shares.Share) shares.Share {
	again, err := shares.Parse(s.Words())
	if err != nil {
		panic(err)
	}
	return again
}

// plan writes a ceremony's file with these acts and reads it.
func (o *office) plan(acts string) *Plan {
	o.t.Helper()
	p, err := o.parse(acts)
	if err != nil {
		o.t.Fatal(err)
	}
	return p
}

func (o *office) parse(acts string) (*Plan, error) {
	text := "title: 测试仪式\noperator: 王工\ncustodians: [赵甲, 钱乙, 孙丙, 李丁, 周戊]\nwitnesses: [吴己]\nstate: state\nacts:\n" + acts
	path := filepath.Join(o.dir, "ceremony.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		o.t.Fatal(err)
	}
	return LoadPlan(path)
}

// config is a real ceremony of these acts in a folder of its own.
func (o *office) config(acts string) Config {
	o.t.Helper()
	o.held++
	o.now = o.now.Add(24 * time.Hour)
	return Config{Plan: o.plan(acts), Out: filepath.Join(o.dir, fmt.Sprintf("out-%d", o.held)), People: o.people, Version: "test",
		Now: func() time.Time { return o.now }}
}

// hold holds a ceremony and returns the folder of its result.
func (o *office) hold(acts string) string {
	o.t.Helper()
	cfg := o.config(acts)
	if _, err := Run(context.Background(), cfg); err != nil {
		o.t.Fatal(err)
	}
	o.whole(cfg.Out)
	return filepath.Join(cfg.Out, resultFolder)
}

// refused holds a ceremony that must fail with a code, and leave nothing.
func (o *office) refused(acts, code string) error {
	o.t.Helper()
	return o.breaksOff(o.config(acts), code)
}

func (o *office) breaksOff(cfg Config, code string) error {
	o.t.Helper()
	before := o.snapshot()
	_, err := Run(context.Background(), cfg)
	if pki.CodeOf(err) != code {
		o.t.Fatalf("got %v, want %s", err, code)
	}
	if after := o.snapshot(); after != before {
		o.t.Errorf("%s: the state was changed", code)
	}
	if !exists(cfg.Out) {
		return err // refused before it began
	}
	entries, readErr := os.ReadDir(cfg.Out)
	if readErr != nil {
		o.t.Fatal(readErr)
	}
	for _, e := range entries {
		if e.Name() != transcriptFile && e.Name() != textFile {
			o.t.Errorf("%s: %s is left behind", code, e.Name())
		}
	}
	report, verifyErr := VerifyFolder(cfg.Out)
	if verifyErr != nil || report.Ended || report.Aborted == "" || len(report.Faults) > 0 {
		o.t.Errorf("%s: the transcript says %+v %v", code, report, verifyErr)
	}
	return err
}

// snapshot is the content of the state's folder.
func (o *office) snapshot() string {
	var b strings.Builder
	_ = filepath.WalkDir(filepath.Join(o.dir, "state"), func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			data, err := os.ReadFile(path)
			fmt.Fprintln(&b, path, hash(data), err)
		}
		return nil
	})
	return b.String()
}

// whole fails where a ceremony's transcript does not verify without fault.
func (o *office) whole(out string) *Report {
	o.t.Helper()
	report, err := VerifyFolder(out)
	if err != nil || !report.Ended || len(report.Faults)+len(report.Missing) > 0 {
		o.t.Fatalf("%+v %v", report, err)
	}
	return report
}

func (o *office) state() *State {
	o.t.Helper()
	state, _, err := loadState(filepath.Join(o.dir, "state"))
	if err != nil {
		o.t.Fatal(err)
	}
	return state
}

// chainOf reads the certificates of a file, the CA's first.
func chainOf(t testing.TB, path string) []*smx509.Certificate {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	chain, err := readCertificates(data, path)
	if err != nil {
		t.Fatal(err)
	}
	return chain
}

const addresses = `{crl: "http://pki.example/crl", aia: "http://pki.example/aia", ocsp: "http://pki.example/ocsp"}`

// rootAct and issuingAct are the usual acts of a test.
func rootAct(id string, suite pki.Suite) string {
	return fmt.Sprintf("  - root: {id: %s, suite: %s, subject: 'C=CN, O=测试, CN=测试根 %s', years: 20, path_length: 1, split: {set: roots, shares: 5, threshold: 3}, addresses: %s}\n", id, suite, id, addresses)
}

func issuingAct(id, parent string, suite pki.Suite, more string) string {
	return fmt.Sprintf("  - issuing: {id: %s, parent: %s, suite: %s, subject: 'C=CN, O=测试, CN=测试签发 %s', years: 10, key: 'file:keys/%s.pem?pass=file:passphrase', addresses: %s%s}\n", id, parent, suite, id, id, addresses, more)
}

func listAct(root, more string) string {
	return fmt.Sprintf("  - root_crl: {root: %s%s}\n", root, more)
}

// issuer is an issuing CA of a result, used as the serving CA would.
type issuer struct {
	key   *keys.Key
	chain []*smx509.Certificate
}

func openIssuer(t testing.TB, result, id string) issuer {
	t.Helper()
	uri := keys.URI{Path: filepath.Join(result, "keys", id+".pem"), Pass: filepath.Join(result, "passphrase")}.String()
	key, err := keys.Open(uri, keys.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return issuer{key, chainOf(t, filepath.Join(result, "certs", id+".pem"))}
}

// leaf issues a server's certificate, as DER.
func (i issuer) leaf(t testing.TB, host string, subject pki.Name) *smx509.Certificate {
	t.Helper()
	key, err := pki.GenerateKey(rand.Reader, i.key.Suite())
	if err != nil {
		t.Fatal(err)
	}
	name, err := subject.DER()
	if err != nil {
		t.Fatal(err)
	}
	return i.issue(t, &smx509.Certificate{RawSubject: name, DNSNames: []string{host}, SerialNumber: big.NewInt(time.Now().UnixNano()),
		NotBefore: startOfTime, NotAfter: startOfTime.AddDate(2, 0, 0), KeyUsage: smx509.KeyUsageDigitalSignature}, key.Public())
}

func (i issuer) issue(t testing.TB, template *smx509.Certificate, public crypto.PublicKey) *smx509.Certificate {
	t.Helper()
	der, err := smx509.CreateCertificate(rand.Reader, template, i.chain[0], public, i.key)
	if err != nil {
		t.Fatal(err)
	}
	c, err := smx509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// list signs an issuing CA's own list.
func (i issuer) list(t testing.TB, number int64) []byte {
	t.Helper()
	tbs, err := pki.List{Suite: i.key.Suite(), Issuer: i.chain[0].RawSubject, ThisUpdate: startOfTime, NextUpdate: startOfTime.AddDate(3, 0, 0),
		Number: number, KeyID: i.chain[0].SubjectKeyId}.TBS(nil)
	if err != nil {
		t.Fatal(err)
	}
	signature, err := i.key.SignMessage(rand.Reader, tbs, nil)
	if err != nil {
		t.Fatal(err)
	}
	return pki.Assemble(tbs, i.key.Suite(), signature)
}

var person = pki.Name{{Type: "C", Value: "CN"}, {Type: "O", Value: "测试"}, {Type: "CN", Value: "www"}}

// openssl runs a command in a folder of its own with the files given, and returns what
// it said and whether it agreed.
func openssl(t testing.TB, files map[string][]byte, args ...string) (said string, agreed bool) {
	t.Helper()
	dir := t.TempDir()
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return opensslIn(t, dir, args...)
}

func opensslIn(t testing.TB, dir string, args ...string) (said string, agreed bool) {
	t.Helper()
	command := exec.Command("openssl", args...)
	command.Dir = dir
	out, err := command.CombinedOutput()
	if _, ended := errors.AsType[*exec.ExitError](err); err != nil && !ended {
		t.Fatal(err)
	}
	return string(out), err == nil
}

func pemOf(kind string, ders ...[]byte) (out []byte) {
	for _, der := range ders {
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})...)
	}
	return out
}

func certsPEM(all ...*smx509.Certificate) []byte { return encodeChain(all) }

// at is openssl's moment of the tests.
func at(o *office) string { return fmt.Sprint(o.now.Add(time.Hour).Unix()) }
