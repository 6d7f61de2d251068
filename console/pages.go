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

func (p *pages) file(w http.ResponseWriter, r *http.Request, name string) {
	header := w.Header()
	header.Set("Vary", "Accept-Encoding")
	content, packed := []byte(nil), false
	err := error(fs.ErrNotExist)
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		content, err = fs.ReadFile(p.files, name+".gz")
		packed = err == nil
	}
	if err != nil {
		content, err = fs.ReadFile(p.files, name)
	}
	if err != nil || path.Ext(name) == ".html" || path.Ext(name) == ".gz" {
		http.NotFound(w, r)
		return
	}
	if packed {
		header.Set("Content-Encoding", "gzip")
	}
	kind := mime.TypeByExtension(path.Ext(name))
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
