package e2e

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// curlGate asks a service of the gateway with a certificate, or none, and follows log ins.
func (d *demo) curlGate(t testing.TB, address, name, family string, flags ...string) (status, body string) {
	t.Helper()
	roots := filepath.Join(t.TempDir(), "roots.pem")
	writeFile(t, roots, append(read(t, d.Trust["ecdsa"].Root), read(t, d.Trust["rsa"].Root)...))
	args := append([]string{"--silent", "--show-error", "--max-time", "20", "--cacert", roots, "--location", "--cookie-jar", filepath.Join(t.TempDir(), "jar"), "--cookie", "none",
		"--write-out", "\n%{http_code}"}, flags...)
	if name != "" {
		files := d.Identities[name].in()[family]
		args = append(args, "--cert", files.SignCert, "--key", files.SignKey)
	}
	out, problem, code := run(t, exec.Command("curl", append(args, address)...))
	if code != 0 {
		t.Fatalf("curl %s: %s", address, problem)
	}
	i := strings.LastIndex(out, "\n")
	return out[i+1:], out[:i]
}

// TestGatewayWithCurl: curl with a certificate gets to the application, which sees who
// that is; whoever has none, or one that is good no longer, gets a page with its code. No
// header a client sends can say who it is.
func TestGatewayWithCurl(t *testing.T) {
	d := shared(t)
	gate, site := d.Endpoints.Gateway[0], d.Endpoints.Gateway[1]
	for _, family := range []string{"rsa", "ecdsa"} {
		status, body := d.curlGate(t, gate, "alice", family, "--header", "Remote-Name: root", "--header", "remote_name: root", "--header", "Client-Cert: :AAAA:")
		if status != "200" || !strings.Contains(body, "艾丽思") || strings.Contains(body, "root") {
			t.Errorf("%s: %s %s", family, status, body)
		}
	}
	for _, one := range []struct{ address, name, status, words string }{
		{gate, "", "403", "no-certificate"}, {gate, "revoked", "403", "revoked"}, {gate, "held", "403", "held"}, {gate, "expired", "403", "expired"},
		{site, "", "200", "公开页面"}, {site + "me", "bob", "200", "鲍勃"},
	} {
		accept := "application/problem+json"
		if one.status == "200" {
			accept = "text/html"
		}
		if status, body := d.curlGate(t, one.address, one.name, "rsa", "--header", "Accept: "+accept); status != one.status || !strings.Contains(body, one.words) {
			t.Errorf("%s as %q: %s %.300s", one.address, one.name, status, body)
		}
	}
}

// TestGatewayWithOpenSSL: s_client verifies what the gateway shows, over both versions of
// TLS, and is asked for a certificate without the handshake depending on it.
func TestGatewayWithOpenSSL(t *testing.T) {
	d := shared(t)
	address := strings.TrimSuffix(strings.TrimPrefix(d.Endpoints.Gateway[0], "https://"), "/")
	for _, version := range []string{"-tls1_2", "-tls1_3"} {
		command := exec.Command("openssl", "s_client", "-connect", address, version, "-CAfile", d.Trust["ecdsa"].Root, "-verify_return_error", "-brief")
		command.Stdin = strings.NewReader("")
		out, problem, code := run(t, command)
		if code != 0 || !strings.Contains(out+problem, "Verification: OK") {
			t.Errorf("%s: %d %s %s", version, code, out, problem)
		}
	}
}

// TestGatewayCommandLine: an officer looks and changes through the command line; the two
// administrators cannot do each other's work.
func TestGatewayCommandLine(t *testing.T) {
	d := shared(t)
	d.curlGate(t, d.Endpoints.Gateway[0], "alice", "rsa")
	var state struct {
		Running struct{ Number int64 }
		Newest  int64
	}
	if err := json.Unmarshal([]byte(d.officer(t, "centre.system", "gateway", "state", "--json")), &state); err != nil || state.Running.Number != state.Newest || state.Newest == 0 {
		t.Fatal(state, err)
	}
	for verb, words := range map[string]string{"gateway application list": "demo", "gateway service show demo": "loginFor", "gateway backends": "127.0.0.1", "gateway crl list": "journal",
		"gateway statistics": "application", "gateway diff 0 1": "policy", "gateway versions": "protect demo"} {
		if out := d.officer(t, "centre.system", strings.Fields(verb)...); !strings.Contains(out, words) {
			t.Errorf("%s: %s", verb, out)
		}
	}
	out := d.officer(t, "centre.security", "gateway", "explain", "--certificate", d.Identities["alice"].RSA.SignCert, "--address", "192.0.2.1", "--application", "demo", "--json")
	if !strings.Contains(out, `"allowed": true`) && !strings.Contains(out, `"allowed":true`) {
		t.Error(out)
	}
	branding := filepath.Join(t.TempDir(), "look.json")
	writeFile(t, branding, []byte(`{"name":"blue","look":{"colour":"#003366"}}`))
	if _, problem, code := onecert(t, "gateway", "branding", "put", branding, "--as", d.session("centre.security")); code != 1 || !strings.Contains(problem, "gateway.services.write") {
		t.Errorf("%d %s", code, problem)
	}
	d.officer(t, "centre.system", "gateway", "branding", "put", branding)
	if _, problem, code := onecert(t, "gateway", "branding", "put", branding, "--base", "1", "--as", d.session("centre.system")); code != 1 {
		t.Errorf("a stale change went through: %s", problem)
	}
}
