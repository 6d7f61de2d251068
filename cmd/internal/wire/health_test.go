package wire

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"onecert/ca"
	"onecert/officer"
	"onecert/pki"
	"onecert/pkitest"
	"onecert/serve"
)

// at returns an item by its name.
func at(t *testing.T, items []serve.Item, name string) serve.Item {
	t.Helper()
	i := slices.IndexFunc(items, func(i serve.Item) bool { return i.Name == name })
	if i < 0 {
		t.Fatalf("there is no item %s among %v", name, items)
	}
	return items[i]
}

func is(t *testing.T, items []serve.Item, name string, level serve.Level, says string) serve.Item {
	t.Helper()
	i := at(t, items, name)
	if i.Level != level || i.Says != says {
		t.Errorf("%s is %s (%s), not %s (%s): %+v", name, i.Level, i.Says, level, says, i)
	}
	return i
}

// TestHealthFromOutside: what 'onecert health' sees while nothing serves, and how it
// changes as time goes by.
func TestHealthFromOutside(t *testing.T) {
	eachEngine(t, func(t *testing.T, database func(testing.TB) string) {
		s := newSite(t, database)
		s.issue("one", pki.SM2)
		now := time.Now()
		look := func(config string, when time.Time) []serve.Item {
			t.Helper()
			items, err := Health(t.Context(), config, when)
			if err != nil {
				t.Fatal(err)
			}
			seen := map[string]bool{}
			for _, i := range items {
				if seen[i.Name] {
					t.Errorf("%s stands twice", i.Name)
				}
				seen[i.Name] = true
			}
			return items
		}
		first := look(s.caConfig, now)
		is(t, first, "crl.sm2", serve.Warning, "crl.none")
		is(t, first, "backup", serve.Warning, "backup.none")
		is(t, first, "drill", serve.Warning, "drill.none")
		is(t, first, "audit.head", serve.Warning, "head.none")
		is(t, first, "service", serve.Failing, "service.down")
		is(t, first, "clock", serve.Fine, "clock.ok")
		is(t, first, "disk.heads", serve.Fine, "disk.ok")
		is(t, first, "certificate.tls", serve.Fine, "certificate.ok")
		is(t, first, "certificate.issuer.sm2", serve.Fine, "certificate.ok")
		if i := is(t, first, "certificates.sm2.valid", serve.Fine, "count.ok"); i.Value != 2 {
			t.Errorf("%+v", i)
		}
		if i := is(t, first, "journal", serve.Fine, "journal.ok"); i.Value < 2 {
			t.Errorf("%+v", i)
		}
		if _, err := s.ca.SignCRLs(issuer(t.Context()), "sm2"); err != nil {
			t.Fatal(err)
		}
		s.keep(s.caConfig, "ca.backup")
		if err := note(s.caConfig, func(r *Record) { r.Drill = &Drilled{At: now, Good: true} }); err != nil {
			t.Fatal(err)
		}
		heads := filepath.Join(s.dir, "ca", "audit-heads")
		ctx, cancel := context.WithCancel(t.Context())
		if err := startHeads(ctx, s.ca.Audit, heads); err != nil {
			t.Fatal(err)
		}
		cancel()
		for _, c := range []struct {
			later time.Duration
			name  string
			level serve.Level
			says  string
		}{
			{time.Hour, "crl.sm2", serve.Fine, "crl.ok"}, {13 * time.Hour, "crl.sm2", serve.Warning, "crl.late"},
			{19 * time.Hour, "crl.sm2", serve.Failing, "crl.late"}, {25 * time.Hour, "crl.sm2", serve.Failing, "crl.expired"},
			{time.Hour, "backup", serve.Fine, "backup.ok"}, {27 * time.Hour, "backup", serve.Warning, "backup.old"}, {80 * time.Hour, "backup", serve.Failing, "backup.old"},
			{time.Hour, "drill", serve.Fine, "drill.ok"}, {2500 * time.Hour, "drill", serve.Warning, "drill.old"},
			{time.Hour, "audit.head", serve.Fine, "head.ok"},
			{-time.Minute, "clock", serve.Failing, "clock.back"},
			{20 * 365 * 24 * time.Hour, "certificate.issuer.sm2", serve.Failing, "certificate.expired"},
			{13 * 365 * 24 * time.Hour, "certificate.issuer.sm2", serve.Warning, "certificate.late"},
			{-2 * 365 * 24 * time.Hour, "certificate.issuer.sm2", serve.Failing, "certificate.early"},
		} {
			is(t, look(s.caConfig, now.Add(c.later)), c.name, c.level, c.says)
		}
		s.issue("two", pki.P256)
		is(t, look(s.caConfig, now.Add(time.Hour)), "audit.head", serve.Warning, "head.behind")
		centre := look(s.kmcConfig, now)
		is(t, centre, "certificate.tls", serve.Failing, "certificate.missing") // its CA has yet to issue it
		if i := is(t, centre, "pool.sm2", serve.Fine, "pool.ok"); i.Value < 32 {
			t.Errorf("%+v", i)
		}
		for _, i := range centre {
			if strings.HasPrefix(i.Name, "pool.rsa") {
				t.Errorf("a pool nobody keeps: %+v", i)
			}
		}
		// A database that is gone is an item, not an error.
		s.close()
		if strings.HasPrefix(database(t), "sqlite:") {
			if err := os.Rename(filepath.Join(s.dir, "ca", "ca.db"), filepath.Join(s.dir, "away")); err != nil {
				t.Fatal(err)
			}
			is(t, look(s.caConfig, now), "database", serve.Failing, "database.down")
		}
	})
}

// TestReadyShowsHealth: the component shows the same items at /readyz and as metrics,
// and what does not stop its work does not take it out of service.
func TestReadyShowsHealth(t *testing.T) {
	s := newSite(t, pkitest.SQLite)
	get := func(path string) (int, string) {
		w := httptest.NewRecorder()
		s.ca.API.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		return w.Code, w.Body.String()
	}
	code, text := get("/readyz")
	if code != 200 || !strings.Contains(text, `"backup":"warning"`) || !strings.Contains(text, `"database":"ok"`) || !strings.Contains(text, `"certificate.tls":"ok"`) {
		t.Errorf("%d %s", code, text)
	}
	families, err := s.ca.API.Metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var there []string
	for _, f := range families {
		there = append(there, f.GetName())
	}
	for _, name := range []string{"onecert_health", "onecert_certificate_not_after_seconds", "onecert_disk_free_bytes", "onecert_audit_entries", "onecert_journal_number", "onecert_certificates"} {
		if !slices.Contains(there, name) {
			t.Errorf("no metric %s", name)
		}
	}
}

// TestReserve: below the reserve nothing new is begun; what the reserve is for goes on.
func TestReserve(t *testing.T) {
	s := newSite(t, pkitest.SQLite)
	issued := s.issue("before", pki.SM2)
	s.close()
	for _, config := range []string{s.caConfig, s.kmcConfig} {
		text, err := os.ReadFile(config)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(config, append(text, "health:\n  reserve_mib: 999999999\n"...), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s.open()
	_, err := s.ca.Issue(issuer(t.Context()), orderOf(t, "after", pki.SM2))
	if e, ok := errors.AsType[*pki.Error](err); !ok || e.Code != "disk.reserve" || e.Kind != pki.Unavailable || e.Remedy == "" || !strings.Contains(e.Wrong, s.dir) {
		t.Errorf("issuing: %v", err)
	}
	site := pki.WithActor(t.Context(), pki.Actor{Name: "ca", Roles: []string{officer.Site}})
	if _, err := s.kmc.Generate(site, pki.KeyOrder{}); pki.CodeOf(err) != "disk.reserve" {
		t.Errorf("making a pair: %v", err)
	}
	if _, err := s.ca.Revoke(issuer(t.Context()), "sm2", issued.Sign.Serial, ca.Revocation{Reason: "keyCompromise"}); err != nil {
		t.Errorf("revoking: %v", err)
	}
	if _, err := s.ca.SignCRLs(issuer(t.Context()), "sm2"); err != nil {
		t.Errorf("signing lists: %v", err)
	}
	_, err = s.ca.Issue(pki.WithActor(t.Context(), pki.Actor{Name: "x", Roles: []string{officer.Audit}}), orderOf(t, "never", pki.SM2))
	if pki.CodeOf(err) != "officer.forbidden" {
		t.Errorf("who may not is told so first: %v", err)
	}
	items, err := Health(t.Context(), s.caConfig, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if i := is(t, items, "disk.database", serve.Failing, "disk.full"); !i.Stops {
		t.Errorf("%+v", i)
	}
	w := httptest.NewRecorder()
	s.ca.API.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/readyz", nil))
	if w.Code != http.StatusServiceUnavailable {
		t.Errorf("ready: %d", w.Code)
	}
}

// TestReserveAsksTheDiskOnceASecond, and lets go when there is room again.
func TestReserveAsksTheDiskOnceASecond(t *testing.T) {
	now, asked, free := time.Unix(1_800_000_000, 0), 0, uint64(500<<20)
	r := newReserve(256, func() time.Time { return now }, []space{{"database", "/a"}, {"heads", "/b"}})
	r.ask = func(string) (capacity, error) { asked++; return capacity{free: free}, nil }
	for range 1000 {
		if err := r.check(); err != nil {
			t.Fatal(err)
		}
	}
	if asked != 2 {
		t.Errorf("asked %d times", asked)
	}
	free = 255 << 20
	if err := r.check(); err != nil {
		t.Errorf("within the second: %v", err)
	}
	now = now.Add(reserveEvery)
	if err := r.check(); pki.CodeOf(err) != "disk.reserve" {
		t.Errorf("%v", err)
	}
	free, now = 256<<20, now.Add(reserveEvery)
	if err := r.check(); err != nil {
		t.Errorf("there is room again: %v", err)
	}
	// A disk that does not answer stops nothing: writing will tell.
	r.ask, now = func(string) (capacity, error) { return capacity{}, errors.New("gone") }, now.Add(reserveEvery)
	if err := r.check(); err != nil {
		t.Errorf("%v", err)
	}
	if has, err := statfs(filepath.Join(t.TempDir(), "not", "made", "yet")); err != nil || has.free == 0 || has.size < has.free {
		t.Errorf("%+v, %v", has, err)
	}
}

// TestCopiesAreConfigured: further places get the heads of a CA that serves, and one
// that fails shows.
func TestCopiesAreConfigured(t *testing.T) {
	s := newSite(t, pkitest.SQLite)
	s.close()
	posted := make(chan struct{}, 100)
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { posted <- struct{}{} }))
	defer server.Close()
	text, err := os.ReadFile(s.caConfig)
	if err != nil {
		t.Fatal(err)
	}
	text = append(text, "audit_copies:\n  - folder: more-heads\n  - url: "+server.URL+"\n  - syslog: tcp://127.0.0.1:1\n"...)
	if err := os.WriteFile(s.caConfig, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(s.dir, "ca", "more-heads"), 0o700); err != nil {
		t.Fatal(err)
	}
	s.open()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if _, err := s.ca.Servers(ctx); err != nil {
		t.Fatal(err)
	}
	<-posted
	for deadline := time.Now().Add(60 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		items := s.ca.health(ctx)
		broken := at(t, items, "audit.copy.tcp://127.0.0.1:1")
		if at(t, items, "audit.copy."+server.URL).Level == serve.Fine && at(t, items, "audit.copy."+filepath.Join(s.dir, "ca", "more-heads")).Level == serve.Fine && broken.Level == serve.Failing {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%+v", items)
		}
	}
	if _, err := os.Stat(filepath.Join(s.dir, "ca", "more-heads", "latest")); err != nil {
		t.Error(err)
	}
	s.issue("goes-on", pki.P256)
}

func TestCareIsChecked(t *testing.T) {
	for name, c := range map[string]struct {
		all  []CopyFile
		h    HealthFile
		code string
	}{
		"fine":            {[]CopyFile{{Folder: "x"}, {URL: "https://h/x", Trust: "t"}, {Syslog: "tls://h:6514"}, {Syslog: "udp://[::1]:514"}}, HealthFile{}, ""},
		"nothing":         {[]CopyFile{{}}, HealthFile{}, "config.copy"},
		"two":             {[]CopyFile{{Folder: "x", URL: "http://h"}}, HealthFile{}, "config.copy"},
		"no address":      {[]CopyFile{{URL: "heads.gov.example"}}, HealthFile{}, "config.copy"},
		"a password":      {[]CopyFile{{URL: "https://u:p@h/"}}, HealthFile{}, "config.copy"},
		"no port":         {[]CopyFile{{Syslog: "tls://h"}}, HealthFile{}, "config.copy"},
		"another scheme":  {[]CopyFile{{Syslog: "relp://h:20514"}}, HealthFile{}, "config.copy"},
		"a path":          {[]CopyFile{{Syslog: "tcp://h:5/x"}}, HealthFile{}, "config.copy"},
		"below nothing":   {nil, HealthFile{Reserve: -1}, "config.health"},
		"a backup before": {nil, HealthFile{BackupAge: -1}, "config.health"},
	} {
		err := checkCare("ca.yaml", c.all, c.h)
		if err == nil != (c.code == "") || err != nil && pki.CodeOf(err) != c.code {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := (CopyFile{URL: "https://h", Trust: "none.pem"}).destination(t.TempDir(), time.Now); pki.CodeOf(err) != "config.certificate" {
		t.Errorf("%v", err)
	}
}
