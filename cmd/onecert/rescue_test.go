package main

import (
	"context"
	"crypto"
	"crypto/rand"
	"encoding/pem"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/ca"
	"onecert/cmd/internal/wire"
	"onecert/keys"
	"onecert/kmc"
	"onecert/officer"
	"onecert/pki"
	"onecert/serve"
	"onecert/shares"
)

// longAgo is 25 months: every certificate of a year has ended, and a message
// certificate of 1100 days has not.
const longAgo = 25 * 30 * 24 * time.Hour

// past is a town that was made long ago, by a clock of its own, and worked then.
type past struct {
	*town
	options wire.Options
	authors *wire.CAProcess
	centre  *wire.KMCProcess
}

// oldTown makes a CA, a KMC across the network, their administrators and custodians'
// shares longAgo, issues a dual certificate then, and stops everything.
func oldTown(t *testing.T) *past {
	t.Helper()
	english(t)
	w := &past{town: &town{T: t, dir: t.TempDir(), ca: freePort(t), kmc: freePort(t)}}
	w.pass = file(t, "pass", []byte("a passphrase of the town\n"))
	start := time.Now()
	w.options = wire.Options{Now: func() time.Time { return time.Now().Add(-longAgo) }, Log: slog.New(slog.DiscardHandler)}
	w.makeCA()
	w.makeKMC()
	w.admit()
	w.link()
	w.prepare()
	w.worked()
	t.Logf("the old town was made in %v", time.Since(start).Round(time.Millisecond))
	return w
}

func (w *past) ctx() context.Context {
	return pki.WithActor(context.Background(), pki.Actor{Name: "past", Roles: []string{officer.Security, officer.Issuer}})
}

func must[T any](t *testing.T) func(T, error) T {
	return func(value T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

func (w *past) makeCA() {
	w.Helper()
	config := must[string](w.T)(wire.InitCA(w.ctx(), wire.NewCA{Dir: w.in("ca"), Organisation: "示例省电子政务", Host: "127.0.0.1", Listen: w.ca,
		Partitions: 1, Families: []string{"sm2", "ecdsa"}, Suites: map[string][2]pki.Suite{"ecdsa": {pki.P256, pki.P256}},
		Addresses: ca.Addresses{CRL: "http://pki.example/crl", AIA: "http://pki.example/aia", OCSP: "http://pki.example/ocsp"}}, w.options))
	w.openCA(config)
	must[string](w.T)(w.authors.CertifyMessages(w.ctx()))
}

func (w *past) openCA(config string) {
	w.Helper()
	w.authors = must[*wire.CAProcess](w.T)(wire.OpenCA(w.ctx(), must[*wire.CA](w.T)(wire.LoadCA(config)), w.options))
}

func (w *past) makeKMC() {
	w.Helper()
	trust := must[[]byte](w.T)(os.ReadFile(w.in("ca", "trust.pem")))
	message := must[[]byte](w.T)(os.ReadFile(w.in("ca", "message.pem")))
	config := must[string](w.T)(wire.InitKMC(wire.NewKMC{Dir: w.in("kmc"), Host: "127.0.0.1", Listen: w.kmc, CA: "https://" + w.ca, Trust: trust,
		Peers: map[string][]byte{"ca": message}, SealWith: keys.SM4GCM}))
	if err := wire.SetPool(config, map[pki.Suite]kmc.PoolSize{pki.SM2: {Target: 4, Low: 2}}); err != nil {
		w.Fatal(err)
	}
	for _, name := range []string{"tls", "message"} {
		request := must[[]byte](w.T)(os.ReadFile(w.in("kmc", name+".csr")))
		issued := must[*ca.Issued](w.T)(w.authors.Issue(w.ctx(), ca.Order{Application: "kmc-" + name, Profile: "site", Request: request, Holder: "site:kmc"}))
		if err := os.WriteFile(w.in("kmc", name+".pem"), wire.PEM(issued.Sign.DER, issued.Chain[0]), 0o600); err != nil {
			w.Fatal(err)
		}
	}
	w.centre = must[*wire.KMCProcess](w.T)(wire.OpenKMC(w.ctx(), must[*wire.KMC](w.T)(wire.LoadKMC(config)), w.options))
}

// admit lets the administrators in, with certificates of that time.
func (w *past) admit() {
	w.Helper()
	for name, role := range map[string]string{"centre.system": officer.System, "centre.security": officer.Security, "centre.audit": officer.Audit, "centre.issuer": officer.Issuer} {
		key := must[crypto.Signer](w.T)(pki.GenerateKey(rand.Reader, pki.P256))
		subject := must[[]byte](w.T)(pki.Name{{Type: "CN", Value: name}}.DER())
		request := must[[]byte](w.T)(smx509.CreateCertificateRequest(rand.Reader, &smx509.CertificateRequest{RawSubject: subject}, key))
		code := must[string](w.T)(w.authors.Officers.NewCode(w.ctx(), role, name, time.Hour))
		done := must[*ca.Enrolled](w.T)(w.authors.Enrol(context.Background(), ca.Enrolment{Code: code, Request: request}))
		w.registers(done.Issued.Sign.DER, name, officer.Person, role)
	}
	own := must[[]byte](w.T)(os.ReadFile(w.in("ca", "tls.pem")))
	block, _ := pem.Decode(own)
	w.registers(block.Bytes, "ca", officer.Place, officer.Site)
}

func (w *past) registers(der []byte, name string, kind officer.Kind, role string) {
	w.Helper()
	must[officer.Officer](w.T)(w.centre.Officers.Register(w.ctx(), officer.Registration{Certificate: der, Name: name, Kind: kind, Roles: []string{role}, Issuer: "ca"}))
}

// link notes the centre in the CA's configuration; the CA is registered there already.
func (w *past) link() {
	w.Helper()
	w.authors.Close()
	path := w.in("ca", "ca.yaml")
	c := must[*wire.CA](w.T)(wire.LoadCA(path))
	message := must[[]byte](w.T)(os.ReadFile(w.in("kmc", "message.pem")))
	if err := os.WriteFile(w.in("ca", "kmc-message.pem"), message, 0o600); err != nil {
		w.Fatal(err)
	}
	c.KMC = &wire.KMCLink{URL: "https://" + w.kmc, MessageKey: "file:keys/message.pem?pass=file:passphrase", MessageCertificate: "message.pem", Centre: "kmc-message.pem"}
	if err := os.Remove(path); err != nil {
		w.Fatal(err)
	}
	if err := wire.Save(path, c); err != nil {
		w.Fatal(err)
	}
	w.openCA(path)
}

// prepare makes the shares, two days before the rest ends.
func (w *past) prepare() {
	w.Helper()
	w.authors.Close()
	w.centre.Close()
	must[[]wire.Preparation](w.T)(wire.RescuePrepare(w.ctx(), wire.NewPreparation{Configs: []string{w.in("ca", "ca.yaml"), w.in("kmc", "kmc.yaml")}, Threshold: 2, Total: 3,
		Deliver: func(split []shares.Share) error {
			for _, share := range split {
				if err := wire.WriteNew(w.in("custodians", share.String()+".share"), share.File(), 0o600); err != nil {
					return err
				}
			}
			return nil
		}}, w.options))
}

// worked proves that all of it worked at its time: a dual certificate, across the
// network, with certificates that were good then.
func (w *past) worked() {
	w.Helper()
	w.openCA(w.in("ca", "ca.yaml"))
	w.centre = must[*wire.KMCProcess](w.T)(wire.OpenKMC(w.ctx(), must[*wire.KMC](w.T)(wire.LoadKMC(w.in("kmc", "kmc.yaml"))), w.options))
	ctx, cancel := context.WithCancel(context.Background())
	servers := append(must[[]serve.Server](w.T)(w.authors.Servers(ctx)), must[[]serve.Server](w.T)(w.centre.Servers(ctx))...)
	ended := make(chan error, 1)
	go func() { ended <- serve.Run(ctx, servers...) }()
	_, csr := w.request("then", "/C=CN/O=示例市民政局/CN=古人", sm2Key()...)
	order := ca.Order{Application: "then", Profile: "person-sign", Request: must[[]byte](w.T)(os.ReadFile(csr)), Holder: "THEN"}
	w.await("a dual certificate of that time", func() bool {
		_, err := w.authors.Issue(w.ctx(), order)
		if err != nil && pki.KindOf(err) != pki.Unavailable {
			w.Fatal(err)
		}
		return err == nil
	})
	cancel()
	if err := <-ended; err != nil {
		w.Fatal(err)
	}
	w.authors.Close()
	w.centre.Close()
}

func (w *past) config(component string) string { return w.in(component, component+".yaml") }

// look returns the names of what rescue look finds wrong, and what it would mend.
func (w *past) look(component string) (wrong []string, mends []string) {
	w.Helper()
	c := answers[struct {
		Parts []wire.Part `json:"parts"`
		Mends []string    `json:"mends"`
	}](w.town, "rescue", "look", "--config", w.config(component))
	for _, p := range c.Parts {
		if p.Level == serve.Failing {
			wrong = append(wrong, p.Name)
		}
	}
	return wrong, c.Mends
}

func (w *past) rescue(component, act string, more ...string) wire.Rescued {
	w.Helper()
	return answers[wire.Rescued](w.town, append([]string{"rescue", act, "--config", w.config(component), "--reason", "25 months without anybody", "--shares", w.in("custodians")}, more...)...)
}

// An installation made 25 months ago and started today: everything has ended, nobody
// can log in, CA and KMC do not know each other. A rescue on each machine brings it
// back, up to a dual certificate from an officer who came in by it.
func TestRescueAfter25Months(t *testing.T) {
	w := oldTown(t)
	w.lockedOut()
	w.refusedRescues()

	// At the CA, with what was carried from the KMC; then at the KMC, with what comes back.
	made := w.rescue("ca", "certificates", "--for", w.in("kmc", "tls.pem"), "--for", w.in("kmc", "message.pem"), "--out", w.in("new"))
	if len(made.Certificates) != 3 { // ca-tls, and the KMC's two; the CA's message certificate is good for three years
		t.Errorf("the CA made %+v", made.Certificates)
	}
	installed := w.rescue("kmc", "install", "--from", w.in("new"))
	if len(installed.Certificates) != 2 || !slices.Equal(installed.Registered, []string{"ca"}) {
		t.Errorf("the KMC took %+v", installed)
	}
	atCA, atKMC := w.rescue("ca", "codes"), w.rescue("kmc", "codes")
	if len(atCA.Codes) != 3 || len(atKMC.Codes) != 3 {
		t.Fatalf("codes: %+v %+v", atCA.Codes, atKMC.Codes)
	}
	w.rescue("ca", "crl")
	w.refused("rescue.healthy", "rescue", "crl", "--config", w.config("ca"), "--reason", "again", "--shares", w.in("custodians"))
	for _, component := range []string{"ca", "kmc"} {
		if _, mends := w.look(component); slices.ContainsFunc(mends, func(m string) bool { return m != "codes" }) {
			t.Errorf("the %s would still mend %v", component, mends)
		}
	}
	w.backAtWork(atCA, atKMC)
	w.loud()
}

// lockedOut shows that all of it is really closed, and says so in plain words.
func (w *past) lockedOut() {
	w.Helper()
	wrong, mends := w.look("ca")
	for _, name := range []string{"certificate.tls", "certificate.centre", "crl.sm2", "crl.ecdsa", "officer.centre.security", "officer.centre.system", "officer.centre.audit"} {
		if !slices.Contains(wrong, name) {
			w.Errorf("rescue look does not find %s, but %v", name, wrong)
		}
	}
	if !slices.Equal(mends, []string{"certificates", "install", "codes", "crl"}) {
		w.Errorf("the CA would mend %v", mends)
	}
	wrong, mends = w.look("kmc")
	if !slices.Contains(wrong, "certificate.tls") || !slices.Contains(wrong, "certificate.message") || !slices.Equal(mends, []string{"install", "codes"}) {
		w.Errorf("the KMC has %v wrong and would mend %v", wrong, mends)
	}
	text := w.does("rescue", "look", "--config", w.config("ca"))
	for _, words := range []string{"cannot log in: every certificate has ended", "onecert rescue codes --config " + w.config("ca"), "A rescue needs 2 of the 3 shares"} {
		if !strings.Contains(text, words) {
			w.Errorf("rescue look does not say %q:\n%s", words, text)
		}
	}
	chinese, stderr, code := onecert(w.T, "rescue", "look", "--config", w.config("kmc"), "--lang", "zh")
	if code != exitDone || !strings.Contains(chinese, "不能登录：所有证书都已到期") {
		w.Errorf("%d %s%s", code, chinese, stderr)
	}
}

// refusedRescues: no share, too few, another's, no reason.
func (w *past) refusedRescues() {
	w.Helper()
	all := must[[]string](w.T)(filepath.Glob(w.in("custodians", "*.share")))
	stranger := must[[]shares.Share](w.T)(shares.Split(rand.Reader, make([]byte, 32), 2, 2))
	for i, share := range stranger {
		if err := wire.WriteNew(w.in("strangers", []string{"a", "b"}[i]+".share"), share.File(), 0o600); err != nil {
			w.Fatal(err)
		}
	}
	codes := []string{"rescue", "codes", "--config", w.config("ca"), "--reason", "why"}
	w.refused("share.few", append(codes, "--shares", all[0])...)
	w.refused("rescue.shares", append(codes, "--shares", w.in("strangers"))...)
	w.refused("rescue.reason", "rescue", "codes", "--config", w.config("ca"), "--reason", " ", "--shares", w.in("custodians"))
	w.refused("rescue.officer", append(codes, "--name", "centre.issuer", "--shares", w.in("custodians"))...)
	// Whoever made shares just now does not get in with them for a day.
	w.does("rescue", "prepare", "--config", w.config("ca"), "--shares", w.in("behind"), "--threshold", "2", "--of", "2")
	w.refused("rescue.shares", append(codes, "--shares", w.in("behind"))...)
	// Officers' certificates are not made anew this way, nor good ones.
	w.refused("rescue.good", "rescue", "certificates", "--config", w.config("ca"), "--for", w.in("ca", "message.pem"), "--out", w.in("new"), "--reason", "r", "--shares", w.in("custodians"))
	w.refused("rescue.healthy", "rescue", "crl", "--config", w.config("kmc"), "--reason", "why", "--shares", w.in("custodians"))
	if _, err := os.Stat(w.in("new")); err == nil {
		w.Error("a refused rescue has made something")
	}
}

// backAtWork lets the security administrator in by a rescue code, who lets in an
// issuer, who has a dual certificate made across the network.
func (w *past) backAtWork(atCA, atKMC wire.Rescued) {
	w.Helper()
	codeOf := func(done wire.Rescued, name string) string {
		n := slices.IndexFunc(done.Codes, func(c wire.RescuedCode) bool { return c.Name == name })
		return done.Codes[n].Code
	}
	w.serves("kmc", "kmc", "serve", "--config", w.config("kmc"))
	w.startCA()
	w.enrol("centre.security", codeOf(atCA, "centre.security"))
	w.as("centre.security", "officer", "join", "--kmc", "https://"+w.kmc, "--code-file", w.secretFile(codeOf(atKMC, "centre.security")))
	w.enrol("centre.issuer", w.code("ca", "centre.issuer", "issuer"))
	_, csr := w.request("sun", "/C=CN/O=示例市民政局/CN=孙七", sm2Key()...)
	w.as("centre.issuer", "ca", "issue", "--profile", "person-sign", "--request", csr, "--holder", "SUN7", "--out", w.in("sun"))
	w.does("envelope", "open", "--in", w.in("sun", "envelope.sm2.der"), "--certificate", w.in("sun", "encrypt.pem"), "--key", w.in("sun.key"), "--out", w.in("sun-enc.key"), "--plain")
	belongs(w.town, w.in("sun-enc.key"), w.in("sun", "encrypt.pem"))
	// The security administrator is back: the others' codes are that officer's to make.
	w.refused("rescue.healthy", "rescue", "codes", "--config", w.config("ca"), "--reason", "again", "--shares", w.in("custodians"))
	// A code works once.
	w.refused("enrolment.used", "officer", "enrol", "--server", "https://"+w.ca, "--trust", w.in("ca", "trust.pem"), "--code-file",
		w.secretFile(codeOf(atCA, "centre.security")), "--out", w.in("id", "again"), "--pass-file", w.pass)
}

// loud: every act of the rescue, and every refused try, stands in the log with its
// reason and the custodians' places, and the log verifies.
func (w *past) loud() {
	w.Helper()
	for component, acts := range map[string][]string{
		"ca":  {"rescue.prepare", "rescue.certificates", "rescue.codes", "rescue.crl"},
		"kmc": {"rescue.prepare", "rescue.install", "rescue.codes"},
	} {
		text := w.does("audit", "tail", "--config", w.config(component), "-n", "500", "--json")
		for _, act := range acts {
			if !strings.Contains(text, act) {
				w.Errorf("the log of the %s does not tell of %s", component, act)
			}
		}
		for _, words := range []string{"25 months without anybody", `"shares": "1 2 3"`} {
			if !strings.Contains(text, words) {
				w.Errorf("the log of the %s does not say %s", component, words)
			}
		}
		w.does("audit", "verify", "--config", w.config(component))
	}
	if text := w.does("audit", "tail", "--config", w.config("ca"), "-n", "500", "--json"); strings.Count(text, `"refused"`) < 2 {
		w.Error("refused tries are not in the log")
	}
}
