package forward

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// startNginx is a back end nobody here wrote; it serves dir.
func startNginx(t *testing.T, dir string) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address = l.Addr().String()
	l.Close()
	text := strings.NewReplacer("DIR", dir, "ADDRESS", address).Replace(`daemon off; master_process off; pid DIR/pid; error_log DIR/log;
events {}
http {
	access_log off; gzip on; gzip_min_length 1; gzip_types *; default_type text/html; types { text/css css; application/octet-stream bin; }
	client_body_temp_path DIR/n1; proxy_temp_path DIR/n2; fastcgi_temp_path DIR/n3; uwsgi_temp_path DIR/n4; scgi_temp_path DIR/n5;
	server { listen ADDRESS; root DIR/www; location /moved { return 302 http://ADDRESS/page; } }
}`)
	if err := os.WriteFile(filepath.Join(dir, "conf"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.Command("/usr/sbin/nginx", "-p", dir, "-c", filepath.Join(dir, "conf"))
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		command.Process.Kill()
		command.Wait()
	})
	for range 200 {
		if c, err := net.Dial("tcp", address); err == nil {
			c.Close()
			return address
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatal("nginx does not listen")
	return ""
}

// TestNginxAndCurl: a back end and a client of others, over HTTP/1.1 and HTTP/2, with
// compression, ranges, conditions and addresses mended.
func TestNginxAndCurl(t *testing.T) {
	dir := t.TempDir()
	os.Chmod(dir, 0o755)
	www := filepath.Join(dir, "www")
	if err := os.Mkdir(www, 0o755); err != nil {
		t.Fatal(err)
	}
	big := make([]byte, 20<<20)
	rand.Read(big)
	address := startNginx(t, dir)
	page := `<a href="http://` + address + `/x">x</a>` + strings.Repeat("text ", 5000)
	for name, data := range map[string][]byte{"big.bin": big, "page": []byte(page)} {
		if err := os.WriteFile(filepath.Join(www, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	d := newUnstarted(t, Config{Rewrite: Rewrite{On: true, Bodies: true}, Host: ownHost}, "http://"+address)
	d.out = Outgoing{Scheme: "https", Host: "gw.example"}
	d.EnableHTTP2 = true
	d.StartTLS()
	for _, version := range []string{"--http1.1", "--http2"} {
		curl := func(arguments ...string) string {
			t.Helper()
			out, err := exec.Command("curl", append([]string{"-sSk", "--max-time", "60", version}, arguments...)...).Output()
			if err != nil {
				t.Fatalf("%s %q: %v; %+v", version, arguments, err, d.result(t, len(d.results)))
			}
			return string(out)
		}
		if got := curl(d.URL + "/big.bin"); sha256.Sum256([]byte(got)) != sha256.Sum256(big) {
			t.Errorf("%s: %d octets", version, len(got))
		}
		if got := curl("-r", "1000-1999", d.URL+"/big.bin"); !bytes.Equal([]byte(got), big[1000:2000]) {
			t.Errorf("%s: a range of %d octets", version, len(got))
		}
		want := strings.Replace(page, "http://"+address, "https://gw.example", 1)
		for _, more := range [][]string{{}, {"--compressed"}, {"-H", "Accept-Encoding: deflate, br"}} {
			if got := curl(append(more, d.URL+"/page")...); got != want {
				t.Errorf("%s %q: %.80q", version, more, got)
			}
		}
		if got := curl("-o", "/dev/null", "-w", "%{http_code} %{redirect_url}", d.URL+"/moved"); got != "302 https://gw.example/page" {
			t.Errorf("%s: %q", version, got)
		}
		head := curl("-I", d.URL+"/page")
		_, tag, _ := strings.Cut(strings.ToLower(head), "etag: ")
		tag, _, _ = strings.Cut(tag, "\r\n")
		if got := curl("-o", "/dev/null", "-w", "%{http_code} %{size_download}", "-H", "If-None-Match: "+strings.Replace(tag, "w/", "W/", 1), d.URL+"/page"); got != "304 0" || !strings.HasPrefix(tag, "w/") {
			t.Errorf("%s: %q %q", version, got, head)
		}
		if got := curl("-o", "/dev/null", "-w", "%{http_code}", "-X", "POST", "--data-binary", "@"+filepath.Join(www, "big.bin"), d.URL+"/page"); got != "405" && got != "413" {
			t.Errorf("%s: an upload that is refused: %q", version, got)
		}
	}
	if h := d.pool.Health()[0]; h.Failures > 0 {
		t.Errorf("%+v", h)
	}
}
