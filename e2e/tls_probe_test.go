package e2e

import (
	"encoding/json"
	"io"
	"net"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"onecert/pkitest"
)

// probed is what onecert tls probe says.
type probed struct {
	Protocols []struct {
		Version string
		Spoken  bool
		Alert   string
		Suites  []struct{ Name, Weak string }
	}
	Chains []struct {
		Certificates []struct{ Subject, Key string }
	}
	Findings []struct {
		Code  string
		About []string
	}
}

func probe(t *testing.T, args ...string) (p probed) {
	t.Helper()
	out, problem, code := onecert(t, append([]string{"tls", "probe", "--json"}, args...)...)
	if err := json.Unmarshal([]byte(out), &p); code != 0 || err != nil {
		t.Fatalf("exit code %d, %v: %s%s", code, err, out, problem)
	}
	return p
}

func (p probed) spoken() (all []string) {
	for _, v := range p.Protocols {
		if v.Spoken {
			all = append(all, v.Version)
		}
	}
	return all
}

func (p probed) found(code string) bool {
	return slices.ContainsFunc(p.Findings, func(f struct {
		Code  string
		About []string
	}) bool {
		return f.Code == code
	})
}

// TestProbeTongsuo: the suites of a TLCP server of others, those nobody of us speaks too.
func TestProbeTongsuo(t *testing.T) {
	people := newTLCPPeople(t)
	peer := newTongsuo(t, "server", append(people.tongsuoOptions("server"), "suites=ECC-SM2-SM4-CBC-SM3:ECC-SM2-SM4-GCM-SM3", "count=100")...)
	p := probe(t, "127.0.0.1:"+peer.value(t, "port"), "--name", tlcpServerName, "--ca", people.file("ca.pem"))
	if got := p.spoken(); !slices.Equal(got, []string{"TLCP 1.1"}) || len(p.Protocols[0].Suites) != 2 ||
		len(p.Findings) != 1 || !p.found("root-sent") { // Tongsuo sends what it finds in its store

		t.Errorf("%v, %+v, %+v", got, p.Protocols[0].Suites, p.Findings)
	}
	if len(p.Chains) != 1 || len(p.Chains[0].Certificates) < 2 || p.Chains[0].Certificates[1].Key != "SM2" {
		t.Errorf("%+v", p.Chains)
	}
}

// TestProbeOpenSSL: old versions and weak suites of a server of others.
func TestProbeOpenSSL(t *testing.T) {
	folder := t.TempDir()
	openssl(t, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=old.example.test", "-addext", "subjectAltName=DNS:old.example.test",
		"-keyout", folder+"/key.pem", "-out", folder+"/cert.pem", "-days", "365")
	for _, c := range []struct {
		flags, versions []string
		suite, weak     string
	}{
		{[]string{"-cipher", "ALL:COMPLEMENTOFALL:@SECLEVEL=0"}, []string{"TLS 1.3", "TLS 1.2", "TLS 1.1", "TLS 1.0"}, "TLS_RSA_WITH_NULL_SHA256", "no-encryption"},
		{[]string{"-tls1_3"}, []string{"TLS 1.3"}, "TLS_AES_256_GCM_SHA384", ""},
		{[]string{"-tls1_2", "-cipher", "ECDHE-RSA-CHACHA20-POLY1305"}, []string{"TLS 1.2"}, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", ""},
	} {
		port := freePort(t)
		serving := exec.Command("openssl", append([]string{"s_server", "-accept", "127.0.0.1:" + port, "-key", folder + "/key.pem", "-cert", folder + "/cert.pem", "-quiet"}, c.flags...)...)
		quiet, err := serving.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := serving.Start(); err != nil {
			t.Fatal(err)
		}
		awaitPort(t, port)
		p := probe(t, "127.0.0.1:"+port, "--name", "old.example.test")
		serving.Process.Kill()
		quiet.Close()
		serving.Wait()
		if got := p.spoken(); !slices.Equal(got, c.versions) {
			t.Errorf("%v: %v", c.flags, got)
		}
		met := false
		for _, v := range p.Protocols {
			for _, s := range v.Suites {
				met = met || s.Name == c.suite && s.Weak == c.weak
			}
		}
		if !met || p.found("weak-suite") != (c.weak != "") || p.found("old-version") != (len(c.versions) > 2) || !p.found("no-tlcp") || !p.found("self-signed") || p.found("name") {
			t.Errorf("%v: %+v", c.flags, p)
		}
	}
}

func freePort(t testing.TB) string {
	t.Helper()
	_, port, _ := net.SplitHostPort(pkitest.FreeAddress(t))
	return port
}

func awaitPort(t testing.TB, port string) {
	t.Helper()
	for deadline := time.Now().Add(60 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		conn, err := net.Dial("tcp", "127.0.0.1:"+port)
		if err == nil {
			conn.Close()
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("nothing listens on %s: %v", port, err)
		}
	}
}

// TestCurlThroughProxy: curl reaches a TLCP site of Tongsuo's through onecert tls proxy.
func TestCurlThroughProxy(t *testing.T) {
	people := newTLCPPeople(t)
	peer := newTongsuo(t, "server", append(people.tongsuoOptions("server"), "answer=HTTP/1.1 200 OK\\r\\nContent-Length: 6\\r\\n\\r\\nsecret")...)
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	proxy := exec.Command(path, "tls", "proxy", "--http", "--to", "127.0.0.1:"+peer.value(t, "port"), "--name", tlcpServerName, "--ca", people.file("ca.pem"))
	out, err := proxy.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := proxy.Start(); err != nil {
		t.Fatal(err)
	}
	defer proxy.Wait()
	defer proxy.Process.Kill()
	line := make([]byte, 100)
	n, err := io.ReadAtLeast(out, line, len("listening on 127.0.0.1:1\n"))
	if err != nil {
		t.Fatal(err)
	}
	address := strings.TrimSpace(strings.TrimPrefix(string(line[:n]), "listening on "))
	body, problem, code := run(t, exec.Command("curl", "--silent", "--show-error", "--max-time", "60", "http://"+address+"/"))
	if code != 0 || body != "secret" {
		t.Errorf("curl: %d, %q, %s", code, body, problem)
	}
}
