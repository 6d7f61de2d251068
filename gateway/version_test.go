package gateway_test

import (
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"onecert/gateway"
	"onecert/pki"
	"onecert/pkitest"
)

func TestChangesDropNothing(t *testing.T) {
	h := newHouse(t)
	wait := make(chan struct{})
	h.handler = func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			w.WriteHeader(200)
			http.NewResponseController(w).Flush()
			<-wait
		}
		fmt.Fprint(w, "old")
	}
	h.apply(h.document())
	c := h.browser(h.ca.issue("张三", nil))
	r, _ := http.NewRequest(http.MethodGet, h.url("oa.example.gov", "/slow"), nil)
	slow, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	// Another back end, and a rule: the connection stays, what began ends as it began.
	other := newHouse(t)
	other.handler = func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "new") }
	before := h.g.Addresses()
	h.apply(h.document(h.back.URL, other.back.URL))
	if after := h.g.Addresses(); fmt.Sprint(before) != fmt.Sprint(after) {
		t.Errorf("the addresses were %v and are %v", before, after)
	}
	if _, body := h.get(c, h.url("oa.example.gov", "/")); body != "new" {
		t.Errorf("the new back end said %q", body)
	}
	close(wait)
	var b strings.Builder
	buffer := make([]byte, 100)
	for {
		n, err := slow.Body.Read(buffer)
		b.Write(buffer[:n])
		if err != nil {
			break
		}
	}
	if b.String() != "old" {
		t.Errorf("what was under way said %q", b.String())
	}
	h.apply(h.document(h.back.URL, other.back.URL, `"least_level": 2`, `"least_level": 4`))
	if answer, _ := h.get(c, h.url("oa.example.gov", "/")); answer.StatusCode != http.StatusForbidden {
		t.Errorf("%d though the rule changed", answer.StatusCode)
	}
}

func TestImpossibleConfigurationsAreRefused(t *testing.T) {
	h := newHouse(t)
	h.apply(h.document())
	taken := newHouse(t)
	taken.apply(taken.document())
	for name, change := range map[string][]string{
		"an address in use":                {h.address, taken.address},
		"no such application":              {`"applications": ["oa"]`, `"applications": ["ob"]`},
		"no such set":                      {`"trust": "staff"`, `"trust": "stuff"`},
		"no such certificate":              {`["site", "pair"]`, `["sita"]`},
		"another's key":                    {`"key": "site"`, `"key": "sign"`},
		"no key":                           {`"key": "site"`, `"key": "gone"`},
		"no chain":                         {`"name": "site", "chain": "`, `"name": "site", "chain": "x`},
		"a bad back end":                   {h.back.URL, "ftp://x"},
		"no rule":                          {`"least_level": 2`, `"paths": ["a"]`},
		"no set of items":                  {`"koal"`, `"goal"`},
		"a bad name":                       {`"name": "front"`, `"name": "Front!"`},
		"SM2 alone":                        {`"encryptChain": `, `"key2": `},
		"denied by what nobody knows":      {`{"id": "staff", "effect": "allow",`, `{"id": "no", "effect": "deny", "when": {"profiles": ["person-sign"]}}, {"id": "staff", "effect": "allow",`},
		"capitals, and paths without case": {`"title": "办公",`, `"title": "办公", "foldCase": true,`, `/public/**`, `/Public/**`},
		"nobody trusted":                   {`"trust": "staff",`, ``},
	} {
		c, err := parse(h, change)
		if err == nil {
			_, err = h.try(c)
		}
		if err == nil {
			t.Errorf("%s: applied", name)
			h.apply(h.document())
			continue
		}
		if kind := pki.KindOf(err); kind == pki.Internal || kind == pki.NotImplemented {
			t.Errorf("%s: %v", name, err)
		}
	}
	if answer, body := h.get(h.browser(h.ca.issue("张三", nil)), h.url("oa.example.gov", "/")); answer.StatusCode != 200 {
		t.Error("what ran runs no longer", answer.StatusCode, body)
	}
	if _, v, _ := h.g.Current(as("audit")); v.Number != 1 {
		t.Errorf("version %d runs", v.Number)
	}
}

// parse is document with an error where it does not parse.
func parse(h *house, change []string) (c *gateway.Configuration, err error) {
	return gateway.Parse([]byte(h.text(change...)))
}

func TestVersions(t *testing.T) {
	h := newHouse(t)
	h.apply(h.document())
	h.apply(h.document(`"title": "办公"`, `"title": "新办公"`))
	_, err := h.g.Apply(as("system", "security"), gateway.Change{Base: 1, Document: h.document()})
	if pki.CodeOf(err) != "gateway.stale" {
		t.Errorf("an old base: %v", err)
	}
	v, err := h.g.Rollback(as("system"), 1, 2, "back")
	if err != nil || v.Number != 3 || v.Restored != 1 {
		t.Fatal(v, err)
	}
	c, v, err := h.g.Current(as("audit"))
	if err != nil || v.Number != 3 || c.Applications[0].Title != "办公" {
		t.Error(c, v, err)
	}
	all, err := h.g.Versions(as("audit"), 0, 0)
	if err != nil || len(all) != 3 || all[0].Number != 3 || all[0].Hash != all[2].Hash || all[0].Hash == all[1].Hash {
		t.Error(all, err)
	}
	h.g.Close()
	h.start()
	if _, v, _ := h.g.Current(as("audit")); v.Number != 3 {
		t.Errorf("after a start version %d runs", v.Number)
	}
	if answer, body := h.get(h.browser(h.ca.issue("张三", nil)), h.url("oa.example.gov", "/")); answer.StatusCode != 200 {
		t.Error(answer.StatusCode, body)
	}
}

func TestAdministratorsAreSeparate(t *testing.T) {
	h := newHouse(t)
	h.apply(h.document())
	rule := h.document(`"least_level": 2`, `"least_level": 3`)
	address := h.document(h.address, pkitest.FreeAddress(t))
	for _, c := range []struct {
		roles string
		c     *gateway.Configuration
		may   bool
	}{{"system", rule, false}, {"audit", rule, false}, {"registrar", rule, false}, {"security", address, false}, {"security", rule, true}, {"system", h.document(`"least_level": 2`, `"least_level": 3`, `"title": "办公"`, `"title": "新"`), true}} {
		_, v, _ := h.g.Current(as("audit"))
		_, err := h.g.Apply(as(c.roles), gateway.Change{Base: v.Number, Document: c.c})
		if c.may != (err == nil) || err != nil && pki.KindOf(err) != pki.Forbidden {
			t.Errorf("%s: %v", c.roles, err)
		}
	}
}

func TestTheStoreIsAway(t *testing.T) {
	h := newHouse(t)
	h.apply(h.document())
	c := h.browser(h.ca.issue("张三", nil))
	if answer, _ := h.get(c, h.url("oa.example.gov", "/")); answer.StatusCode != 200 {
		t.Fatal(answer.StatusCode)
	}
	h.d.Close()
	if answer, body := h.get(c, h.url("oa.example.gov", "/")); answer.StatusCode != 200 {
		t.Error("requests do not go on", answer.StatusCode, body)
	}
	document := h.document(`"title": "办公"`, `"title": "新"`)
	if _, err := h.g.Apply(as("system", "security"), gateway.Change{Base: 1, Document: document}); err == nil {
		t.Error("applied without a store")
	}
	if answer, _ := h.get(c, h.url("oa.example.gov", "/")); answer.StatusCode != 200 {
		t.Error(answer.StatusCode)
	}
}

func TestAServiceThatGoes(t *testing.T) {
	h := newHouse(t)
	h.apply(h.document())
	c := h.browser(h.ca.issue("张三", nil))
	h.get(c, h.url("oa.example.gov", "/"))
	h.apply(h.document(h.address, pkitest.FreeAddress(t)))
	for end := time.Now().Add(5 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		c.CloseIdleConnections()
		r, _ := http.NewRequest(http.MethodGet, h.url("oa.example.gov", "/"), nil)
		answer, err := c.Do(r)
		if err != nil {
			return
		}
		answer.Body.Close()
		if time.Now().After(end) {
			t.Fatal("the old address still answers")
		}
	}
}

// TestAJournalNobodyFollows: what trust refuses must not be stored first.
func TestAJournalNobodyFollows(t *testing.T) {
	h := newHouse(t)
	h.g.Close()
	h.journal = nil
	h.start()
	h.apply(h.document())
	address := pkitest.FreeAddress(t)
	if _, err := h.try(h.document(h.withJournal(h.address, address)...)); pki.KindOf(err) != pki.Invalid {
		t.Error(err)
	}
	if all, err := h.g.Versions(as("audit"), 0, 0); err != nil || len(all) != 1 {
		t.Errorf("%d versions are stored %v", len(all), err)
	}
	if conn, err := net.Dial("tcp", address); err == nil {
		conn.Close()
		t.Error("the address of a refused version is listened on")
	}
}

// TestNothingAnswersBeforeItIsStored: a store that takes long must not open doors early.
func TestNothingAnswersBeforeItIsStored(t *testing.T) {
	h := newHouse(t)
	h.apply(h.document())
	second := pkitest.FreeAddress(t)
	c := h.current()
	again := c.Services[0]
	again.Name, again.Listen = "second", []string{second}
	c.Services = append(c.Services, again)
	held, release := make(chan struct{}), make(chan struct{})
	var group sync.WaitGroup
	group.Go(func() {
		h.d.Tx(t.Context(), func(*sql.Tx) error { close(held); <-release; return nil })
	})
	<-held
	group.Go(func() {
		if _, err := h.g.Apply(as("system", "security"), gateway.Change{Base: 1, Document: c}); err != nil {
			t.Error(err)
		}
	})
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(h.ca.pem()))
	answered := make(chan error, 1)
	group.Go(func() {
		var conn *tls.Conn
		var err error
		for end := time.Now().Add(3 * time.Second); conn == nil && time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
			conn, err = tls.Dial("tcp", second, &tls.Config{RootCAs: roots, ServerName: "oa.example.gov"})
		}
		if conn != nil {
			conn.Close()
		}
		answered <- err
	})
	select {
	case err := <-answered:
		t.Error("the new address answers before its version is stored", err)
	case <-time.After(500 * time.Millisecond):
	}
	close(release)
	group.Wait()
	select {
	case err := <-answered:
		if err != nil {
			t.Error("and not afterwards:", err)
		}
	default:
	}
}

// TestPasswordsOfSourcesLieInTheirFolder: no other file of the machine is sent anywhere.
func TestPasswordsOfSourcesLieInTheirFolder(t *testing.T) {
	h := newHouse(t)
	asked := make(chan string, 9)
	lists := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, password, _ := r.BasicAuth()
		asked <- password
		w.WriteHeader(http.StatusNotFound)
	}))
	defer lists.Close()
	folder := filepath.Join(h.lists, "passwords")
	secret := filepath.Join(t.TempDir(), "secret")
	if err := errors.Join(os.Mkdir(folder, 0o700), os.WriteFile(filepath.Join(folder, "province"), []byte("meant\n"), 0o600), os.WriteFile(secret, []byte("not meant"), 0o600)); err != nil {
		t.Fatal(err)
	}
	with := func(file string) *gateway.Configuration {
		c := h.document()
		c.Trust.CAs[0].Revocation = []gateway.TrustSource{{Name: "list", Kind: "crl", URL: lists.URL, User: "gateway", PasswordFile: file, Roots: asPEM(lists.Certificate().Raw), Allow: []string{"127.0.0.0/8"}}}
		return c
	}
	for _, file := range []string{secret, "../../secret", "a/b", "..", "."} {
		if _, err := h.try(with(file)); pki.KindOf(err) != pki.Invalid {
			t.Errorf("%s: %v", file, err)
		}
	}
	h.apply(with("province"))
	select {
	case password := <-asked:
		if password != "meant" {
			t.Errorf("the server was told %q", password)
		}
	case <-time.After(10 * time.Second):
		t.Error("nobody asked")
	}
}

// TestUpgradeTakesWhatRan: a configuration that an earlier release stored, with a rule that
// denies by what no gateway knows, runs after the upgrade and is warned of; the same rule
// does not keep other changes away, and as a new one it is refused.
func TestUpgradeTakesWhatRan(t *testing.T) {
	h := newHouse(t)
	h.apply(h.document())
	const denies = `{"id": "no", "effect": "deny", "when": {"profiles": ["person-sign"]}}, {"id": "staff", "effect": "allow",`
	old := h.document(`{"id": "staff", "effect": "allow",`, denies)
	if _, err := h.try(old); pki.CodeOf(err) != "gateway.configuration" {
		t.Fatalf("as a new one: %v", err)
	}
	text, err := json.Marshal(old)
	if err != nil {
		t.Fatal(err)
	}
	h.g.Close()
	err = h.d.Tx(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.Exec("INSERT INTO gateway_configuration (number, hash, note, made_by, made_at, base, restored, document) VALUES (2, 'x', '', 'before', 0, 1, 0, $1)", text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	h.start()
	s, err := h.g.State(as("audit"))
	if err != nil || s.Running.Number != 2 || s.Fault != nil || len(s.Warnings) != 1 || !strings.HasPrefix(s.Warnings[0].Wrong, "policy.rules.no.when") {
		t.Fatalf("after the upgrade: %v %+v", err, s)
	}
	c := h.current()
	c.Applications[0].Title = "另一个名称"
	h.apply(c)
	c = h.current()
	c.Policy.Rules = c.Policy.Rules[1:]
	h.apply(c)
	if w := h.g.Warnings(); len(w) != 0 {
		t.Errorf("once the rule is gone: %v", w)
	}
	if _, err := h.try(old); pki.CodeOf(err) != "gateway.configuration" {
		t.Errorf("once it is gone, it may come again: %v", err)
	}
}
