package demo

import (
	"cmp"
	"crypto/rand"
	"crypto/subtle"
	"embed"
	"encoding/pem"
	"fmt"
	"html/template"
	mathrand "math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"onecert/pki"
)

// The page the demonstration's one link leads to: how a browser becomes somebody of the
// cast, the main journey in five steps, and every address. It hands out their keys, so it
// is on this machine only, behind a word nobody else knows, and asked by its own name.

//go:embed start.html start.css
var startFiles embed.FS

// start is what the page needs to know.
type start struct {
	t    *tree
	word string // in the path of every address
	page *template.Template
}

func newStart(t *tree) (*start, error) {
	page, err := template.ParseFS(startFiles, "start.html")
	if err != nil {
		return nil, fmt.Errorf("reading the demo's first page: %w", err)
	}
	return &start{t, strings.ToLower(rand.Text()), page}, nil
}

// url is the one link.
func (s *start) url() string { return "http://" + s.t.s.address(operator) + "/" + s.word + "/" }

func (s *start) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{word}/{$}", s.show)
	mux.HandleFunc("GET /{word}/start.css", func(w http.ResponseWriter, r *http.Request) { http.ServeFileFS(w, r, startFiles, "start.css") })
	mux.HandleFunc("GET /{word}/p12/{name}", s.store)
	mux.HandleFunc("GET /{word}/root.pem", func(w http.ResponseWriter, r *http.Request) {
		send(w, s.t.trust("ecdsa"), "onecert-demo-root.pem", "application/x-x509-ca-cert")
	})
	mux.HandleFunc("GET /{word}/request.pem", s.request)
	mux.HandleFunc("GET /{word}/scan/{sort}", s.scan)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		h.Set("Cache-Control", "no-store")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		word, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		// A page elsewhere that had its own name point here would come with that name.
		if r.Host != s.t.s.address(operator) || subtle.ConstantTimeCompare([]byte(word), []byte(s.word)) != 1 {
			http.NotFound(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// member is one of the cast, as the page shows him.
type member struct{ Name, ZH, EN string }

// group is members of one sort.
type group struct {
	ZH, EN string
	All    []member
}

// leg is a step of the main journey.
type leg struct {
	N              int
	Who, URL       string
	ZH, EN         string
	WhereZH, Where string
}

func (s *start) show(w http.ResponseWriter, r *http.Request) {
	language := cmp.Or(r.URL.Query().Get("lang"), strings.ToLower(r.Header.Get("Accept-Language")))
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	err := s.page.Execute(w, map[string]any{
		"Chinese": strings.HasPrefix(language, "zh"), "Password": password, "Groups": groups(), "Journey": s.journey(), "Dir": s.t.o.Dir,
		"Console": s.at("console"), "Counter": s.at("counter"), "Self": s.at("self"), "Gate": s.at("gate"), "Site": s.at("site"), "Apart": apart,
		"Public": "http://" + s.t.s.address("public"), "CA": s.at("ca"), "KMC": s.at("kmc"), "RA": s.at("ra"), "Identity": applicant(), "Messages": s.messages(),
	})
	if err != nil {
		s.t.o.Log.Warn("the demo's first page", "error", err)
	}
}

func (s *start) at(service string) string { return "https://" + s.t.s.address(service) }

// applicant is the number of an identity card of nobody, as there is no region 9999;
// another one each time, as a number is known from its first application on.
func applicant() string {
	number := fmt.Sprintf("9999011990%02d%02d%03d", 1+mathrand.IntN(12), 1+mathrand.IntN(28), mathrand.IntN(1000))
	for _, check := range "0123456789X" {
		if pki.ResidentNumber(number + string(check)) {
			return number + string(check)
		}
	}
	return "" // one of the eleven always fits
}

func (s *start) journey() []leg {
	console, self := s.at("console"), s.at("self")
	return []leg{
		{1, "lra1.registrar", console + "/applications/new", "录入一个人的申请并提交：下面有可用的证件号码、证书请求和扫描件", "enter somebody’s application and submit it: an identity number, a request and scans to use are below", "管理台", "console"},
		{2, "ra1.reviewer", console + "/applications?state=submitted", "对照扫描件审核，通过", "compare it with the scans, and approve", "管理台", "console"},
		{3, "lra1.issuer", console + "/carryings", "批量制证，然后在“待交付”中交付", "issue, then hand over what waits “to deliver”", "管理台", "console"},
		{4, "alice", self, "登录，更新快到期的证书；看谁动过自己的密钥", "log in, renew the certificate that ends soon, see who touched the key", "自助服务", "self-service"},
		{5, "bob", s.at("gate"), "用证书进入受保护的应用；再用 revoked 试试", "enter the protected application with a certificate; then try as revoked", "网关", "gateway"},
	}
}

// groups are the cast in the order people look for them.
func groups() []group {
	one := func(name, zh, en string) member { return member{name, zh, en} }
	return []group{
		{"受理点和注册机构", "Counter and registration", []member{one("lra1.registrar", "录入员", "registrar"), one("ra1.reviewer", "审核员", "reviewer"), one("lra1.issuer", "制证员", "issuer")}},
		{"中心的管理员", "Administrators of the centre", []member{one("centre.system", "系统管理员", "system"), one("centre.security", "安全管理员", "security"), one("centre.audit", "审计管理员", "audit"), one("centre.custodian", "密钥恢复员", "custodian")}},
		{"证书持有者", "Holders", []member{one("alice", "艾丽思，证书快到期", "one certificate ends soon"), one("bob", "鲍勃", "all is well"), one("revoked", "已吊销", "revoked"), one("held", "已冻结", "frozen"), one("expired", "已过期", "ended")}},
	}
}

// store sends somebody's PKCS#12 file, of the family browsers know.
func (s *start) store(w http.ResponseWriter, r *http.Request) {
	name, found := strings.CutSuffix(r.PathValue("name"), ".p12")
	known := slices.ContainsFunc(append(cast(), expiredPerson()), func(one role) bool { return one.name == name })
	if !found || !known {
		http.NotFound(w, r)
		return
	}
	send(w, s.t.file(name, "ecdsa", "sign.p12"), name+".p12", "application/x-pkcs12")
}

func send(w http.ResponseWriter, path, name, media string) {
	content, err := os.ReadFile(path)
	if err != nil {
		http.Error(w, "the file is missing", http.StatusInternalServerError)
		return
	}
	attach(w, content, name, media)
}

func attach(w http.ResponseWriter, content []byte, name, media string) {
	w.Header().Set("Content-Type", media)
	w.Header().Set("Content-Disposition", "attachment; filename=\""+name+"\"")
	w.Write(content)
}

// request sends a certificate request with a key that is forgotten at once: enough to walk
// an application through.
func (s *start) request(w http.ResponseWriter, _ *http.Request) {
	key, err := pki.GenerateKey(rand.Reader, pki.SM2)
	var der []byte
	if err == nil {
		der, err = makeRequest(key, name("示例市民政局", "new"))
	}
	if err != nil {
		http.Error(w, "no request could be made", http.StatusInternalServerError)
		return
	}
	attach(w, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}), "request.pem", "application/pkcs10")
}

// scan sends a picture in the place of a paper, each time another one, as the same paper
// is not taken for two applications.
func (s *start) scan(w http.ResponseWriter, r *http.Request) {
	n := slices.Index([]string{"form.png", "identity.png"}, r.PathValue("sort"))
	if n < 0 {
		http.NotFound(w, r)
		return
	}
	picture, err := scan(rand.Text(), n)
	if err != nil {
		http.Error(w, "no picture could be drawn", http.StatusInternalServerError)
		return
	}
	attach(w, picture, r.PathValue("sort"), "image/png")
}

// messages are the newest short messages, as "number: message".
func (s *start) messages() []string {
	paths, _ := filepath.Glob(filepath.Join(s.t.o.Dir, "notices", "*.txt")) // the pattern is sound
	var all []string
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(content)) {
			at, said, _ := strings.Cut(strings.TrimSpace(line), " ")
			all = append(all, at+" "+strings.TrimSuffix(filepath.Base(path), ".txt")+" "+said)
		}
	}
	slices.Sort(all)
	slices.Reverse(all)
	return all[:min(len(all), 8)]
}
