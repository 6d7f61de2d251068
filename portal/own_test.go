package portal

import (
	"context"
	"crypto/rand"
	"crypto/x509/pkix"
	"errors"
	"html"
	"math/big"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/smx509"
)

var languageForm = regexp.MustCompile(`<form class="language" action="([^"]+)" method="post"><input type="hidden" name="([^"]+)" value="([^"]+)">`)

// inOtherLanguage does what the visitor's browser does when the language is changed.
func (s *site) inOtherLanguage(page string) *httptest.ResponseRecorder {
	s.t.Helper()
	m := languageForm.FindStringSubmatch(page)
	if m == nil {
		s.t.Fatalf("the language cannot be changed on\n%s", page)
	}
	body := url.Values{m[2]: {html.UnescapeString(m[3])}}.Encode()
	r := httptest.NewRequest("POST", html.UnescapeString(m[1]), strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return s.ask(r)
}

// TestLanguageAfterPost: what was brought is still answered for in the other language,
// to and fro, though nothing of it is kept here.
func TestLanguageAfterPost(t *testing.T) {
	s := newSite(t)
	hidden := s.issue("李四", false)
	s.issue("张三", true)
	foreign := newSite(t).issue("王五", true)
	holder := httptest.NewRequest("POST", "/lookup", strings.NewReader("holder=H1"))
	holder.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for name, c := range map[string]struct {
		first  *httptest.ResponseRecorder
		code   int
		zh, en string
	}{
		"a certificate":   {s.upload(hidden.Raw), 200, "李四", "李四"},
		"its state":       {s.upload(hidden.Raw), 200, "有效", "Valid"},
		"a holder":        {s.ask(holder), 200, "张三", "张三"},
		"a foreign one":   {s.upload(foreign.Raw), 404, "不是本服务签发", "not issued here"},
		"no certificate":  {s.upload([]byte("hello")), 400, "不是证书", "not a certificate"},
		"no file":         {s.upload(nil), 400, "没有收到", "No certificate came along"},
		"a CA":            {s.upload(s.ca.Raw), 200, "根证书", "root certificate"},
		"with everything": {s.upload(pemOf(s.ca, hidden)), 200, "李四", "李四"},
	} {
		t.Run(name, func(t *testing.T) {
			s := &site{Portal: s.Portal, t: t}
			s.shows(c.first, c.code, c.zh, `<html lang="zh-CN">`)
			second := s.inOtherLanguage(c.first.Body.String())
			s.shows(second, c.code, c.en, `<html lang="en">`)
			s.shows(s.inOtherLanguage(second.Body.String()), c.code, c.zh, `<html lang="zh-CN">`)
		})
	}
	if page := s.get("/lookup").Body.String(); languageForm.MatchString(page) || !strings.Contains(page, `href="/lookup?lang=en"`) {
		t.Error("a page that was asked for is posted to")
	}
}

// list is a CRL of the site's CA with some serials on it.
func (s *site) list(next time.Time, serials ...*big.Int) []byte {
	s.t.Helper()
	template := &smx509.RevocationList{Number: big.NewInt(1), ThisUpdate: s.now.Add(-time.Minute), NextUpdate: next}
	for _, n := range serials {
		template.RevokedCertificateEntries = append(template.RevokedCertificateEntries, smx509.RevocationListEntry{SerialNumber: n, RevocationTime: s.now.Add(-time.Hour), ReasonCode: 2})
	}
	der, err := smx509.CreateRevocationList(rand.Reader, template, s.ca, s.key)
	if err != nil {
		s.t.Fatal(err)
	}
	return der
}

// TestOwnCA: a CA's own certificate is in no journal. The page says what it is, and what
// the list of the CA above says, as far as a list is there that can be believed.
func TestOwnCA(t *testing.T) {
	s := newSite(t)
	const address = "http://crl.example.cn/crl/sm2-root/complete.crl"
	template := func(n int64, name string) *smx509.Certificate {
		return &smx509.Certificate{SerialNumber: big.NewInt(n), NotBefore: s.now.Add(-time.Hour), NotAfter: s.now.AddDate(5, 0, 0), IsCA: true, BasicConstraintsValid: true,
			KeyUsage: smx509.KeyUsageCertSign | smx509.KeyUsageCRLSign, Subject: pkix.Name{CommonName: name}, SubjectKeyId: []byte{byte(n)}, CRLDistributionPoints: []string{address}}
	}
	rootTemplate := template(1, "示例根 CA")
	rootTemplate.CRLDistributionPoints = nil
	root := s.certify(rootTemplate, rootTemplate)
	s.ca = root
	issuing, former := s.certify(template(7, "示例二级 CA"), root), s.certify(template(8, "示例原 CA"), root)
	s.cfg.Authorities = func() []Authority { return []Authority{{ID: "sm2", Chain: [][]byte{issuing.Raw, root.Raw}}} }
	var list []byte
	var failed error
	s.cfg.List = func(_ context.Context, asked string) ([]byte, error) {
		if asked != address {
			t.Errorf("asked for %q", asked)
		}
		return list, failed
	}

	s.shows(s.upload(root.Raw), 200, "本平台的根证书", "没有上级", pairs256(t, root))
	for name, c := range map[string]struct {
		list   []byte
		failed error
		cert   *smx509.Certificate
		wants  []string
	}{
		"not on it":       {s.list(s.now.Add(time.Hour), big.NewInt(99)), nil, issuing, []string{"签发 CA 的证书", "未被撤销", "示例根 CA", pairs256(t, issuing), "sm2"}},
		"on it":           {s.list(s.now.Add(time.Hour), big.NewInt(7)), nil, issuing, []string{"签发 CA 的证书", "已被撤销", "CA 泄露"}},
		"lapsed":          {s.list(s.now.Add(-time.Second), big.NewInt(99)), nil, issuing, []string{"签发 CA 的证书", "无法说明", address}},
		"none":            {nil, nil, issuing, []string{"无法说明", address}},
		"unreadable":      {nil, errors.New("the disk fails"), issuing, []string{"无法说明"}},
		"another's":       {newSite(t).list(s.now.Add(time.Hour)), nil, issuing, []string{"无法说明"}},
		"a former CA":     {s.list(s.now.Add(time.Hour), big.NewInt(8)), nil, former, []string{"不属于正在服务的 CA", "已被撤销"}},
		"a former CA too": {s.list(s.now.Add(time.Hour)), nil, former, []string{"不属于正在服务的 CA", "未被撤销"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := &site{Portal: s.Portal, t: t}
			list, failed = c.list, c.failed
			w := s.upload(c.cert.Raw)
			s.shows(w, 200, c.wants...)
			if name != "not on it" && name != "a former CA too" && strings.Contains(w.Body.String(), "未被撤销") {
				t.Error("called good without a list that says so")
			}
		})
	}
	stranger := newSite(t)
	forged := template(7, "示例二级 CA")
	s.shows(s.upload(stranger.ca.Raw), 404, "不是本服务签发")
	s.shows(s.upload(stranger.certify(forged, rootTemplate).Raw), 404, "不是本服务签发")
}

func pairs256(t *testing.T, c *smx509.Certificate) string {
	t.Helper()
	f, err := factsOf(c.Raw)
	if err != nil {
		t.Fatal(err)
	}
	return f.SHA256
}
