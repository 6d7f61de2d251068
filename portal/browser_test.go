package portal

import (
	"context"
	"fmt"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// browser is Debian's chromium without a window, with a profile of its own.
type browser struct {
	t    *testing.T
	home string
}

func (b browser) run(args ...string) string {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), 90*time.Second)
	defer cancel()
	command := exec.CommandContext(ctx, "chromium", append([]string{"--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
		"--disable-component-update", "--hide-scrollbars", "--user-data-dir=" + filepath.Join(b.home, "profile")}, args...)...)
	command.Env = append(os.Environ(), "HOME="+b.home)
	var complaint strings.Builder
	command.Stderr = &complaint
	out, err := command.Output()
	if err != nil {
		b.t.Fatalf("chromium: %v\n%s", err, complaint.String())
	}
	return string(out)
}

// measured is the page that puts every page of the site into a window as narrow as a
// phone's and says by how much each is wider. It is the test's: the site has no script.
const measured = `<!DOCTYPE html><meta charset="utf-8"><body><script>
const paths = %q.split(' '); let left = paths.length;
for (const path of paths) {
  const f = document.createElement('iframe'); f.width = 360; f.height = 800; f.src = path;
  f.onload = () => { const d = f.contentDocument.documentElement, p = document.createElement('p');
    p.textContent = 'wide ' + path + ' ' + (d.scrollWidth - 360) + ' high ' + d.scrollHeight; document.body.append(p); };
  document.body.append(f);
}
</script>`

var measure = regexp.MustCompile(`<p>wide (\S+) (-?\d+) high (\d+)</p>`)

// TestPhone: no page is wider than a phone, in either language, so that nobody scrolls
// sideways to read.
func TestPhone(t *testing.T) {
	s := whole(t)
	cert := s.issue("张三", true)
	paths := []string{"/", "/lookup", "/authorities", "/announcements", "/announcements/a1", "/rules", "/downloads", "/nothing",
		"/certificates/sm2/" + fmt.Sprintf("%040x", cert.SerialNumber)}
	for address := range s.sheets["zh"] {
		paths = append(paths, address)
	}
	var all []string
	for _, path := range paths {
		all = append(all, path+"?lang=zh", path+"?lang=en")
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/measure" {
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprintf(w, measured, strings.Join(all, " "))
			return
		}
		s.ServeHTTP(framed{w}, r)
	}))
	defer server.Close()
	b := browser{t, t.TempDir()}
	found := measure.FindAllStringSubmatch(b.run("--virtual-time-budget=20000", "--dump-dom", server.URL+"/measure"), -1)
	if len(found) != len(all) {
		t.Fatalf("%d of %d pages were measured", len(found), len(all))
	}
	for _, m := range found {
		if wide, err := strconv.Atoi(m[2]); err != nil || wide > 0 {
			t.Errorf("%s is %s pixels wider than a phone", m[1], m[2])
		}
		if high, err := strconv.Atoi(m[3]); err != nil || high < 300 {
			t.Errorf("%s is %s pixels high: nothing is on it", m[1], m[3])
		}
	}
}

// framed lets the test's page frame the site, which others may not.
type framed struct{ http.ResponseWriter }

// WriteHeader implements http.ResponseWriter.
func (f framed) WriteHeader(code int) {
	h := f.Header()
	h.Set("Content-Security-Policy", strings.Replace(h.Get("Content-Security-Policy"), "frame-ancestors 'none'", "frame-ancestors 'self'", 1))
	f.ResponseWriter.WriteHeader(code)
}

// TestPictures takes a picture of each main page and sees that the browser drew it.
// PORTAL_PICTURES names a folder to keep them in, to be looked at.
func TestPictures(t *testing.T) {
	s := whole(t)
	server := httptest.NewServer(s)
	defer server.Close()
	b := browser{t, t.TempDir()}
	folder := os.Getenv("PORTAL_PICTURES")
	if folder == "" {
		folder = t.TempDir()
	}
	for name, c := range map[string]struct{ path, window, dark string }{
		"home-zh": {"/?lang=zh", "1280,1150", ""}, "home-en-phone": {"/?lang=en", "500,1900", ""}, "home-zh-dark": {"/?lang=zh", "1280,1150", "dark"},
		"help-zh": {"/help/not-working?lang=zh", "1280,2000", ""}, "downloads-zh": {"/downloads?lang=zh", "1280,1200", ""},
		"rules-en": {"/rules?lang=en", "1280,1100", ""},
	} {
		file := filepath.Join(folder, name+".png")
		args := []string{"--screenshot=" + file, "--window-size=" + c.window}
		if c.dark != "" {
			args = append(args, "--force-dark-mode", "--enable-features=WebContentsForceDark:inversion_method/none", "--blink-settings=preferredColorScheme=0")
		}
		b.run(append(args, server.URL+c.path)...)
		picture, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		drawn, err := png.Decode(picture)
		picture.Close()
		if err != nil {
			t.Fatal(err)
		}
		colours := map[uint32]bool{}
		for x := range drawn.Bounds().Dx() {
			r, g, bl, _ := drawn.At(x, 32).RGBA()
			colours[r+g<<8+bl<<16] = true
		}
		if len(colours) < 3 {
			t.Errorf("%s: the head of the page is empty", name)
		}
	}
}
