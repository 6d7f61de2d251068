package e2e

import (
	"encoding/json"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// curl asks the CA, or whom a whole address names, as a stranger's tool does, as one of the cast or as nobody, and
// returns status, type and body. It sends a certificate without its chain, as the
// files of demo.json are.
func (d *demo) curl(t testing.TB, name, family, path string, flags ...string) (status, kind, body string) {
	t.Helper()
	args := []string{"--silent", "--show-error", "--noproxy", "*", "--max-time", "60", "--cacert", d.Trust["ecdsa"].Root,
		"--write-out", "\n%{http_code} %{content_type}"}
	if name != "" {
		files := d.Identities[name].in()[family]
		args = append(args, "--cert", files.SignCert, "--key", files.SignKey)
	}
	if strings.HasPrefix(path, "/") {
		path = d.Endpoints.CA + path
	}
	out, complaint, code := run(t, exec.Command("curl", append(append(args, flags...), path)...))
	if code != 0 {
		t.Fatalf("curl %s: %s", path, complaint)
	}
	at := strings.LastIndex(out, "\n")
	status, kind, _ = strings.Cut(out[at+1:], " ")
	return status, kind, out[:at]
}

// curlRefused holds that an answer is a problem with this status and code, complete
// for a person.
func curlRefused(t testing.TB, status, kind, body, wantStatus, code string) {
	t.Helper()
	var p problem
	if err := json.Unmarshal([]byte(body), &p); err != nil {
		t.Errorf("status %s, no problem but %.200q", status, body)
		return
	}
	if status != wantStatus || kind != "application/problem+json" || p.Code != code || p.Title == "" || p.Remedy == "" || p.RequestID == "" {
		t.Errorf("%s %s %s; want %s %s", status, kind, body, wantStatus, code)
	}
}

func TestWhoMayNot(t *testing.T) {
	d := shared(t)
	post := []string{"--request", "POST", "--json", string(goodOrder(t))}
	for _, c := range []struct {
		what, name, family string
		status, code       string
	}{
		{"without a certificate", "", "", "401", "officer.anonymous"},
		{"a person's certificate", "alice", "rsa", "401", "officer.unknown"},
		{"an officer of an RA, whom only the RA knows", "ra1.issuer", "ecdsa", "401", "officer.unknown"},
		{"an expired certificate", "expired", "ecdsa", "401", "tls.certificate"},
		{"a held certificate", "held", "ecdsa", "401", "officer.unknown"},
		{"a server's certificate", "server", "ecdsa", "401", "tls.certificate"},
		{"the audit administrator", "centre.audit", "ecdsa", "403", "officer.forbidden"},
		{"the system administrator", "centre.system", "ecdsa", "403", "officer.forbidden"},
		{"the security administrator", "centre.security", "ecdsa", "403", "officer.forbidden"},
		{"who enters applications", "centre.registrar", "ecdsa", "403", "officer.forbidden"},
		{"who reviews them", "centre.reviewer", "ecdsa", "403", "officer.forbidden"},
		{"who recovers keys", "centre.custodian", "ecdsa", "403", "officer.forbidden"},
	} {
		t.Run(c.what, func(t *testing.T) {
			status, kind, body := d.curl(t, c.name, c.family, "/v1/orders", post...)
			curlRefused(t, status, kind, body, c.status, c.code)
		})
	}
	t.Run("an officer's certificate for the issuer", func(t *testing.T) {
		o := newApplicant(t, "p256", "/C=CN/O=示例省电子政务/CN=new officer").order(t, "officer")
		content, err := json.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		status, kind, body := d.curl(t, "centre.issuer", "ecdsa", "/v1/orders", "--json", string(content))
		curlRefused(t, status, kind, body, "403", "officer.forbidden")
	})
	t.Run("a site may", func(t *testing.T) {
		if status, _, body := d.curl(t, "ra1", "ecdsa", "/v1/orders", post...); status != "200" {
			t.Errorf("%s %s", status, body)
		}
	})
}

// goodOrder is one nobody would refuse but for who brings it.
func goodOrder(t testing.TB) []byte {
	t.Helper()
	content, err := json.Marshal(newApplicant(t, "p256", personName()).order(t, "person-sign"))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// TestCentresDoors: the key management centre has its own registry and its own rights.
func TestCentresDoors(t *testing.T) {
	d := shared(t)
	message := filepath.Join(t.TempDir(), "message")
	writeFile(t, message, []byte{0x30, 0x03, 0x02, 0x01, 0x01})
	large := filepath.Join(t.TempDir(), "large")
	writeFile(t, large, make([]byte, 2<<20))
	octets := []string{"--header", "Content-Type: application/octet-stream", "--data-binary"}
	for _, c := range []struct {
		what, name, path string
		status, code     string
		flags            []string
	}{
		{"without a certificate", "", "/v1/status", "401", "officer.anonymous", nil},
		{"an officer of an RA", "ra1.custodian", "/v1/status", "401", "officer.unknown", nil},
		{"a person", "alice", "/v1/status", "401", "officer.unknown", nil},
		{"status for the issuer", "centre.issuer", "/v1/status", "403", "officer.forbidden", nil},
		{"a ledger for the system administrator", "centre.system", "/v1/ledger/H-1", "403", "officer.forbidden", nil},
		{"recovery by the issuer", "centre.issuer", "/v1/recoveries", "403", "officer.forbidden",
			[]string{"--json", `{"cert_no":"00000000000000000000000000000000000000aa","certificate":"MAMCAQE=","reason":"none"}`}},
		{"filling by the auditor", "centre.audit", "/v1/pool/fill", "403", "officer.forbidden", []string{"--request", "POST"}},
		{"too long a message", "ra1", "/v1/km", "413", "request.too-large", append(octets, "@"+large)},
	} {
		t.Run(c.what, func(t *testing.T) {
			status, kind, body := d.curl(t, c.name, "ecdsa", d.Endpoints.KMC+c.path, c.flags...)
			curlRefused(t, status, kind, body, c.status, c.code)
		})
	}
	// A centre in the CA's own process need not speak GM/T 0014; then it says so.
	if status, kind, body := d.curl(t, "ra1", "ecdsa", d.Endpoints.KMC+"/v1/km", append(octets, "@"+message)...); status != "200" {
		code := map[bool]string{true: "km.not-implemented", false: "km.malformed"}[status == "501"]
		curlRefused(t, status, kind, body, status, code)
	}
	if status, _, body := d.curl(t, "centre.system", "ecdsa", d.Endpoints.KMC+"/v1/status"); status != "200" || !strings.Contains(body, `"in_use"`) {
		t.Errorf("status for the system administrator: %s %s", status, body)
	}
}

// TestSM2InTLS: SM2 is not for TLS; the connection ends, and the API lives on.
func TestSM2InTLS(t *testing.T) {
	d := shared(t)
	files := d.Identities["centre.issuer"].SM2
	_, _, code := run(t, exec.Command("curl", "--silent", "--noproxy", "*", "--max-time", "60", "--cacert", d.Trust["ecdsa"].Root,
		"--cert", files.SignCert, "--key", files.SignKey, d.Endpoints.CA+"/v1/certificates"))
	if code == 0 {
		t.Error("an SM2 certificate was taken in TLS")
	}
	if status, _, _ := d.curl(t, "centre.issuer", "ecdsa", "/v1/certificates?limit=1"); status != "200" {
		t.Error("afterwards:", status)
	}
}

func TestMalformedCalls(t *testing.T) {
	d := shared(t)
	good := string(goodOrder(t))
	large := filepath.Join(t.TempDir(), "large")
	writeFile(t, large, []byte(`{"application":"`+strings.Repeat("a", 300<<10)+`"}`))
	office := d.as(t, "centre.issuer")
	before := len(office.list(t))
	for _, c := range []struct {
		what, path   string
		status, code string
		flags        []string
	}{
		{"an unknown field", "/v1/orders", "422", "request.invalid", []string{"--json", strings.Replace(good, "{", `{"Pin":"my-secret",`, 1)}},
		{"another casing", "/v1/orders", "422", "request.invalid", []string{"--json", strings.Replace(good, `"profile"`, `"Profile"`, 1)}},
		{"a key twice", "/v1/orders", "400", "request.malformed", []string{"--json", strings.Replace(good, "{", `{"profile":"officer",`, 1)}},
		{"a number for a text", "/v1/orders", "422", "request.invalid", []string{"--json", strings.Replace(good, `"person-sign"`, "7", 1)}},
		{"half the JSON", "/v1/orders", "400", "request.malformed", []string{"--json", good[:len(good)/2]}},
		{"nothing", "/v1/orders", "400", "request.malformed", []string{"--json", ""}},
		{"another type", "/v1/orders", "415", "request.media-type", []string{"--header", "Content-Type: text/xml", "--data", good}},
		{"a form", "/v1/orders", "415", "request.media-type", []string{"--data", "profile=person-sign"}},
		{"too much", "/v1/orders", "413", "request.too-large", []string{"--json", "@" + large}},
		{"another method", "/v1/orders", "405", "request.method", []string{"--request", "PUT", "--json", good}},
		{"nowhere", "/v1/order", "404", "request.path", nil},
		{"an unknown query", "/v1/certificates?colour=red", "422", "request.invalid", nil},
		{"no serial", "/v1/certificates/sm2/xyz", "422", "serial.malformed", nil},
		{"an unknown certificate", "/v1/certificates/sm2/00000000000000000000000000000000000000aa", "404", "certificate.unknown", nil},
		{"an unknown order", "/v1/orders/none", "404", "order.unknown", nil},
		{"another page's script", "/v1/orders", "403", "request.cross-origin", []string{"--header", "Origin: https://elsewhere.example", "--header", "Sec-Fetch-Site: cross-site", "--json", good}},
	} {
		t.Run(c.what, func(t *testing.T) {
			status, kind, body := d.curl(t, "centre.issuer", "ecdsa", c.path, c.flags...)
			curlRefused(t, status, kind, body, c.status, c.code)
			if strings.Contains(body, "my-secret") || strings.Contains(body, "Pin") {
				t.Error("the refusal repeats what came in:", body)
			}
		})
	}
	if after := len(office.list(t)); after != before {
		t.Errorf("%d certificates became %d", before, after)
	}
}

// TestOfficerComesAndGoes: a one-time code makes an officer; held the officer waits,
// released may act again, revoked never.
func TestOfficerComesAndGoes(t *testing.T) {
	d := shared(t)
	security, office := d.as(t, "centre.security"), d.as(t, "centre.issuer")
	name := "guest." + unused()
	var code struct{ Code string }
	security.must(t, http.MethodPost, "/v1/officers/codes", map[string]string{"name": name, "role": "issuer"}, &code)
	refuses(t, office.call(http.MethodPost, "/v1/officers/codes", map[string]string{"name": name, "role": "issuer"}, nil), 403, "officer.forbidden")

	a := newApplicant(t, "p256", "/CN=guest")
	nobody := d.caller(t, d.Endpoints.CA, "")
	enrolment := map[string]any{"code": code.Code, "request": a.request(t)}
	var enrolled struct {
		Name, Role string
		Issued     issued
	}
	refuses(t, nobody.call(http.MethodPost, "/v1/enrolments", map[string]any{"code": "AAAA-BBBB-CCCC-DDDD-EEEE-FFFF-GGGG-HHHH", "request": a.request(t)}, nil), 401, "enrolment.unknown")
	nobody.must(t, http.MethodPost, "/v1/enrolments", enrolment, &enrolled)
	if enrolled.Name != name || enrolled.Role != "issuer" {
		t.Errorf("enrolled as %s %s", enrolled.Name, enrolled.Role)
	}
	refuses(t, nobody.call(http.MethodPost, "/v1/enrolments", enrolment, nil), 401, "enrolment.used")

	enrolled.Issued.files(t, a.folder)
	d.verifies(t, "ecdsa", a.file("sign.pem"))
	guest := &demo{process: d.process, Endpoints: d.Endpoints, Trust: d.Trust,
		Identities: map[string]identity{name: {ECDSA: &keyFiles{SignCert: a.file("sign.pem"), SignKey: a.file("sign.key")}}}}
	newApplicant(t, "sm2", personName()).person(t, guest.as(t, name))

	state := func() error { return guest.as(t, name).call(http.MethodGet, "/v1/certificates?limit=1", nil, nil) }
	refuses(t, office.call(http.MethodPost, enrolled.Issued.Sign.path("hold"), nil, nil), 403, "officer.forbidden")
	security.act(t, enrolled.Issued.Sign, "hold", nil)
	// States are asked for once a second.
	eventually(t, "the held officer is refused", func() bool { return state() != nil })
	refuses(t, state(), 401, "officer.certificate")
	security.act(t, enrolled.Issued.Sign, "release", nil)
	eventually(t, "the released officer acts again", func() bool { return state() == nil })
	security.revoke(t, enrolled.Issued.Sign, "cessationOfOperation")
	eventually(t, "the revoked officer is refused", func() bool { return state() != nil })
	refuses(t, state(), 401, "officer.ended")
}
