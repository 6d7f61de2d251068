package console

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"

	"onecert/pki"
	"onecert/serve"
)

// pages are the built front end: one document for each kind of console, and files whose
// names change with their content.
type pages struct {
	files    fs.FS
	document []byte // with nonceMark where the nonce goes; nil: it was not built
}

// nonceMark stands in the document where each answer's nonce goes: Ant Design adds
// styles while it runs, and only with it may (Content-Security-Policy level 3, 6.7.3).
const nonceMark = "__NONCE__"

func newPages(config Config) (*pages, error) {
	p := &pages{files: config.Web}
	name := map[Kind]string{Officers: "index.html", Holders: "self.html"}[config.Kind]
	document, err := fs.ReadFile(config.Web, name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return p, nil
	case err != nil:
		return nil, fmt.Errorf("reading the console's page: %w", err)
	}
	p.document = document
	return p, nil
}

func (p *pages) serve(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	name := strings.TrimPrefix(r.URL.Path, "/")
	if isFile(name) {
		p.file(w, r, name) // fs refuses names that are not clean
		return
	}
	p.page(w, r)
}

// isFile tells files from pages. Files lie at the top or under assets; below the top a
// point is part of what a page is about: /policies/practice-statement/2.1.
func isFile(name string) bool {
	return strings.HasPrefix(name, "assets/") || path.Ext(name) != "" && !strings.Contains(name, "/")
}

// page answers every address without a file's name: which page it is, the script says.
func (p *pages) page(w http.ResponseWriter, r *http.Request) {
	if p.document == nil {
		serve.Refuse(w, r, pki.Errorf(pki.NotImplemented, "console.not-built", "this program was built without its pages").To("build it with 'make build'"))
		return
	}
	mark := make([]byte, 16)
	rand.Read(mark) // never fails
	nonce := base64.StdEncoding.EncodeToString(mark)
	header := w.Header()
	header.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-"+nonce+"'; img-src 'self' data: blob:; font-src 'self'; "+
		"connect-src 'self'; frame-src blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Cache-Control", "no-store")
	w.Write(bytes.ReplaceAll(p.document, []byte(nonceMark), []byte(nonce)))
}

// packings are how files lie packed beside themselves (web/scripts/compress.mjs), the
// smallest first: browsers take Brotli over TLS, programs gzip.
var packings = [...]struct{ encoding, suffix string }{{"br", ".br"}, {"gzip", ".gz"}}

func (p *pages) file(w http.ResponseWriter, r *http.Request, name string) {
	header := w.Header()
	header.Set("Vary", "Accept-Encoding")
	content, encoding, err := p.read(name, r.Header.Get("Accept-Encoding"))
	ext := path.Ext(name)
	if err != nil || ext == ".html" || ext == ".gz" || ext == ".br" {
		http.NotFound(w, r)
		return
	}
	if encoding != "" {
		header.Set("Content-Encoding", encoding)
	}
	kind := mime.TypeByExtension(ext)
	if kind == "" {
		kind = "application/octet-stream"
	}
	header.Set("Content-Type", kind)
	header.Set("Cache-Control", "public, max-age=31536000, immutable")
	if !strings.HasPrefix(name, "assets/") {
		header.Set("Cache-Control", "no-cache")
	}
	w.Write(content)
}

// read returns a file as the caller can unpack it, and the name of that packing; none
// where he can do none, or the file is not packed.
func (p *pages) read(name, accepted string) (content []byte, encoding string, err error) {
	for _, one := range packings {
		if !accepts(accepted, one.encoding) {
			continue
		}
		if content, err = fs.ReadFile(p.files, name+one.suffix); err == nil {
			return content, one.encoding, nil
		}
	}
	content, err = fs.ReadFile(p.files, name)
	return content, "", err
}

// accepts reads Accept-Encoding (RFC 9110, 12.5.3) as far as browsers go: a name in the
// list, not refused by a weight of nothing.
func accepts(list, encoding string) bool {
	for _, one := range strings.Split(list, ",") {
		name, weight, _ := strings.Cut(one, ";")
		if strings.EqualFold(strings.TrimSpace(name), encoding) {
			return strings.Trim(strings.TrimPrefix(strings.TrimSpace(weight), "q="), "0.") != "" || weight == ""
		}
	}
	return false
}
