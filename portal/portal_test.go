package portal

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/x509/pkix"
	"database/sql"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"

	"onecert/db"
	"onecert/pki"
	"onecert/status"
)

// site is a portal over a journal with one person's certificate.
type site struct {
	*Portal
	t       *testing.T
	d       *db.DB
	journal *status.Journal
	ca      *smx509.Certificate
	key     *sm2.PrivateKey
	shelf   shelf
	fresh   status.Freshness
	now     time.Time
}

// shelf is a directory.
type shelf map[pki.Serial]Certificate

func (s shelf) Holder(_ context.Context, holder string) (all []Certificate, err error) {
	for _, c := range s {
		if holder == "H1" {
			all = append(all, c)
		}
	}
	return all, nil
}

func (s shelf) Certificate(_ context.Context, _ string, serial pki.Serial) (*Certificate, error) {
	if c, ok := s[serial]; ok {
		return &c, nil
	}
	return nil, pki.Errorf(pki.Unknown, "ldap.unknown", "not published")
}

func newSite(t *testing.T) *site {
	t.Helper()
	d, err := db.Open(t.Context(), "sqlite:"+t.TempDir()+"/site.db")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	s := &site{t: t, d: d, shelf: shelf{}, now: time.Now()}
	if s.journal, err = status.Open(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	if s.key, err = sm2.GenerateKey(rand.Reader); err != nil {
		t.Fatal(err)
	}
	template := &smx509.Certificate{SerialNumber: big.NewInt(1), NotBefore: s.now.Add(-time.Hour), NotAfter: s.now.AddDate(10, 0, 0), IsCA: true,
		BasicConstraintsValid: true, KeyUsage: smx509.KeyUsageCertSign | smx509.KeyUsageCRLSign, Subject: pkix.Name{CommonName: "示例签发 CA"}, SubjectKeyId: []byte{1}}
	s.ca = s.certify(template, template)
	authority := Authority{ID: "sm2", Suite: pki.SM2, Chain: [][]byte{s.ca.Raw}, Partitions: 2, Lists: "http://crl.example.cn/crl/sm2", Files: "http://crl.example.cn/aia"}
	s.Portal, err = New(Config{Operator: "示例省电子政务", Status: s.journal, Directory: s.shelf, Authorities: func() []Authority { return []Authority{authority} },
		Fresh: func() status.Freshness { return s.fresh }, Now: func() time.Time { return s.now }, Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *site) certify(template, parent *smx509.Certificate) *smx509.Certificate {
	s.t.Helper()
	der, err := smx509.CreateCertificate(rand.Reader, template, parent, &s.key.PublicKey, s.key)
	if err != nil {
		s.t.Fatal(err)
	}
	cert, err := smx509.ParseCertificate(der)
	if err != nil {
		s.t.Fatal(err)
	}
	return cert
}

func (s *site) issue(cn string, published bool) *smx509.Certificate {
	s.t.Helper()
	serial, err := pki.NewSerial(rand.Reader)
	if err != nil {
		s.t.Fatal(err)
	}
	cert := s.certify(&smx509.Certificate{SerialNumber: serial.Big(), NotBefore: s.now.Add(-time.Hour), NotAfter: s.now.AddDate(1, 0, 0),
		Subject: pkix.Name{CommonName: cn}}, s.ca)
	if published {
		s.shelf[serial] = Certificate{Issuer: "sm2", Serial: serial, Role: "sign", DER: cert.Raw}
	}
	s.append(status.Change{Issuer: "sm2", Serial: serial, Event: status.Issued, At: s.now.Add(-time.Hour), NotAfter: cert.NotAfter})
	return cert
}

func (s *site) append(c status.Change) {
	s.t.Helper()
	err := s.d.Tx(s.t.Context(), func(tx *sql.Tx) error {
		_, err := s.journal.Append(s.t.Context(), tx, c)
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) get(path string) *httptest.ResponseRecorder {
	return s.ask(httptest.NewRequest("GET", path, nil))
}

func (s *site) ask(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

func (s *site) upload(content []byte) *httptest.ResponseRecorder {
	s.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("certificate", "a.cer")
	if err != nil {
		s.t.Fatal(err)
	}
	part.Write(content)
	form.Close()
	r := httptest.NewRequest("POST", "/lookup", &body)
	r.Header.Set("Content-Type", form.FormDataContentType())
	return s.ask(r)
}

func (s *site) shows(w *httptest.ResponseRecorder, code int, wants ...string) {
	s.t.Helper()
	if w.Code != code {
		s.t.Errorf("status %d, want %d: %.300s", w.Code, code, w.Body)
	}
	for _, want := range wants {
		if !strings.Contains(w.Body.String(), want) {
			s.t.Errorf("%q is missing in\n%s", want, w.Body)
		}
	}
}

func TestLookUp(t *testing.T) {
	s := newSite(t)
	alice, hidden := s.issue("张三", true), s.issue("李四", false)
	path := "/certificates/sm2/" + string(pki.SerialOf(alice.SerialNumber))
	w := s.get("/lookup?serial=" + strings.ToUpper(alice.SerialNumber.Text(16)))
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != path {
		t.Error(w.Code, w.Header())
	}
	s.shows(s.get(path), 200, "有效", "张三", "签发", "示例签发 CA")
	s.shows(s.get("/lookup?holder=H1"), 200, "张三", path)
	s.shows(s.get("/lookup?holder=H2"), 200, "没有此编号")
	w = s.get("/certificates/sm2/" + string(pki.SerialOf(hidden.SerialNumber)))
	s.shows(w, 200, "有效", "未公开")
	if strings.Contains(w.Body.String(), "李四") {
		t.Error("a name that is not published is shown")
	}
	s.shows(s.upload(hidden.Raw), 200, "李四", "有效")
	s.shows(s.upload(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: alice.Raw})), 200, "张三")

	s.append(status.Change{Issuer: "sm2", Serial: pki.SerialOf(alice.SerialNumber), Event: status.Held, At: s.now})
	s.shows(s.get(path), 200, "已冻结")
	s.append(status.Change{Issuer: "sm2", Serial: pki.SerialOf(alice.SerialNumber), Event: status.Revoked, Reason: pki.KeyCompromise, At: s.now})
	s.shows(s.get(path+"?lang=en"), 200, "Revoked", "key compromise", "Frozen", "<html lang=\"en\">")
	s.now = s.now.AddDate(2, 0, 0)
	s.shows(s.upload(hidden.Raw), 200, "已过期")
}

func TestRefusals(t *testing.T) {
	s := newSite(t)
	s.issue("张三", true)
	other := newSite(t)
	foreign := other.issue("王五", true)
	for what, w := range map[string]*httptest.ResponseRecorder{
		"400 不是序列号": s.get("/lookup?serial=xyz"), "400 不是序列号 ": s.get("/lookup?serial=" + strings.Repeat("ab", 40)),
		"404 没有签发过":    s.get("/lookup?serial=00ff"),
		"404 没有签发过 ":   s.get("/certificates/nobody/00ff"),
		"400 不是持有者编号":  s.get("/lookup?holder=110101199001010010"),
		"404 不是本服务签发":  s.upload(foreign.Raw),
		"400 不是证书":     s.upload([]byte("hello")),
		"400 没有收到":     s.upload(nil),
		"400 没有收到 ":    s.upload(make([]byte, 1<<20)),
		"404 没有这个页面":   s.get("/nothing"),
		"404 没有这个页面 ":  s.get("/authorities/sm2.exe"),
		"404 没有这个页面  ": s.get("/authorities/other.cer"),
		"400 没有收到证书文件": s.ask(httptest.NewRequest("POST", "/lookup", strings.NewReader("x"))),
	} {
		code, words, _ := strings.Cut(strings.TrimSpace(what), " ")
		s.shows(w, map[string]int{"400": 400, "404": 404}[code], words)
	}
}

// TestHolderByPost: what people type by mistake stands in no address and is not shown
// again.
func TestHolderByPost(t *testing.T) {
	s := newSite(t)
	s.issue("张三", true)
	ask := func(holder string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("POST", "/lookup", strings.NewReader(url.Values{"holder": {holder}}.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		return s.ask(r)
	}
	s.shows(ask("H1"), 200, "张三")
	for _, w := range []*httptest.ResponseRecorder{ask("11010519491231002X"), s.get("/lookup?holder=11010519491231002X")} {
		s.shows(w, 400, "不是持有者编号")
		if strings.Contains(w.Body.String(), "11010519491231002X") {
			t.Error("an identity number is repeated")
		}
	}
}

// TestAuthorities: fingerprints, and addresses that stay.
func TestAuthorities(t *testing.T) {
	s := newSite(t)
	s.shows(s.get("/authorities"), 200, "示例签发 CA", chainOf(s.cfg.Authorities()[0])[0].SHA256, "http://crl.example.cn/crl/sm2/complete.crl",
		"http://crl.example.cn/aia/sm2.cer", "http://crl.example.cn/aia/sm2-chain.p7b")
}

func TestFreshness(t *testing.T) {
	s := newSite(t)
	s.fresh = status.Freshness{AsOf: s.now.Add(-time.Hour), Age: time.Hour}
	s.shows(s.get("/"), 200, "数据更新延迟")
	s.fresh = status.Freshness{AsOf: s.now, Age: time.Second}
	if w := s.get("/"); strings.Contains(w.Body.String(), "延迟") {
		t.Error("fresh data are called late")
	}
}

// TestLanguages: what the visitor chose stays, what the browser wants comes first,
// Chinese is what is left.
func TestLanguages(t *testing.T) {
	s := newSite(t)
	for _, c := range []struct{ path, cookie, accept, want string }{
		{"/", "", "", "zh-CN"}, {"/", "", "en-GB,en;q=0.9", "en"}, {"/", "", "fr,zh;q=0.5", "zh-CN"}, {"/", "", "fr", "zh-CN"},
		{"/", "", "zh;q=0.3, en;q=0.8", "en"}, {"/", "", "en;q=0.5,zh-CN;q=0.9", "zh-CN"}, {"/", "", "zh;q=0,en;q=0.1", "en"}, {"/", "", "en;q=0, *;q=0.5", "zh-CN"},
		{"/", "", "fr-FR, EN-us ; Q=0.7 , zh ; q=0.7", "en"}, {"/", "", "enm, zh;q=0.2", "zh-CN"}, {"/", "", "en;q=2, zh;q=0.1", "zh-CN"}, {"/", "", "en;q=NaN", "zh-CN"},
		{"/", "", "en;q=0.333,zh;q=0.334", "zh-CN"}, {"/", "", ",;,en;,zh", "en"},
		{"/?lang=en", "", "zh", "en"}, {"/", "en", "zh", "en"}, {"/?lang=xx", "", "", "zh-CN"},
	} {
		r := httptest.NewRequest("GET", c.path, nil)
		r.Header.Set("Accept-Language", c.accept)
		if c.cookie != "" {
			r.AddCookie(&http.Cookie{Name: "lang", Value: c.cookie})
		}
		if w := s.ask(r); !strings.Contains(w.Body.String(), `<html lang="`+c.want+`">`) {
			t.Errorf("%+v: %.100s", c, w.Body)
		}
	}
}

var key = regexp.MustCompile(`\{\{[^}]*?\bt "([^"]+)"`)

// TestTexts: every key of a page has its text in both languages, and no page runs or
// fetches anything.
func TestTexts(t *testing.T) {
	for _, name := range append(names(), "frame") {
		raw, err := pages.ReadFile("pages/" + name + ".html")
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range key.FindAllStringSubmatch(string(raw), -1) {
			if w, ok := texts()[m[1]]; !ok || w.zh == "" || w.en == "" {
				t.Errorf("%s: %q has no text", name, m[1])
			}
		}
		for _, bad := range []string{"<script", "style=", "onclick", "http://", "https://"} {
			if strings.Contains(string(raw), bad) {
				t.Errorf("%s has %q", name, bad)
			}
		}
	}
	var reasons []string
	for r := pki.Unspecified; r <= pki.AACompromise; r++ {
		if r != 7 {
			reasons = append(reasons, "reason."+r.String())
		}
	}
	for _, state := range []pki.State{pki.Valid, pki.Held, pki.Revoked, pki.Expired, pki.Reserved} {
		reasons = append(reasons, "state."+string(state), "state."+string(state)+".means")
	}
	for _, k := range reasons {
		if _, ok := texts()[k]; !ok {
			t.Errorf("%q has no text", k)
		}
	}
}

// TestHeaders: pages keep what others could do with them small.
func TestHeaders(t *testing.T) {
	s := newSite(t)
	for _, path := range []string{"/", "/lookup", "/style.css", "/nothing", "/help/pin", "/downloads", "/developers/api/x.json"} {
		h := s.get(path).Header()
		if !strings.HasPrefix(h.Get("Content-Security-Policy"), "default-src 'none'") || h.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %v", path, h)
		}
	}
}

func FuzzSerial(f *testing.F) {
	f.Add("0x00:ff")
	f.Add("１２")
	f.Fuzz(func(t *testing.T, text string) {
		serial, err := parseSerial(text)
		if err == nil && len(serial) > 2*pki.SerialOctets+2 {
			t.Errorf("%q became %q", text, serial)
		}
	})
}

func FuzzCertificate(f *testing.F) {
	f.Add([]byte("-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if cert, err := readCertificate(raw); err == nil {
			if _, err := factsOf(cert.Raw); err != nil && cert.SerialNumber == nil {
				t.Error(err)
			}
		}
	})
}
