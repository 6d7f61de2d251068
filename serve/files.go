package serve

import (
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path"
	"strings"
	"syscall"

	"onecert/pki"
)

// fileType names the media type of a published file by extension: RFC 2585 for CRLs and single
// certificates, RFC 5280 4.2.2.1 with RFC 8551 for bundles.
func fileType(name string) (string, bool) {
	switch path.Ext(name) {
	case ".crl":
		return "application/pkix-crl", true
	case ".cer":
		return "application/pkix-cert", true
	case ".p7c":
		return "application/pkcs7-mime; smime-type=certs-only", true
	}
	return "", false
}

// Files serves published certificates and CRLs from dir: regular files of known
// types, never a listing, a hidden file or anything outside dir. Writers replace
// files by rename. The handler keeps dir open until the process ends.
func Files(dir string) (http.Handler, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("opening the published files: %w", err)
	}
	return files{root}, nil
}

type files struct{ root *os.Root }

// ServeHTTP implements http.Handler.
func (f files) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		Refuse(w, r, protocolError(http.StatusMethodNotAllowed))
		return
	}
	name := strings.TrimPrefix(r.URL.Path, "/")
	kind, ok := fileType(name)
	if !ok || !fs.ValidPath(name) || hidden(name) || strings.ContainsRune(name, 0) {
		Refuse(w, r, noFile())
		return
	}
	// O_NONBLOCK: opening a pipe must not wait for its writer.
	file, err := f.root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		Refuse(w, r, noFile())
		return
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() {
		Refuse(w, r, noFile())
		return
	}
	header := w.Header()
	header.Set("Content-Type", kind)
	header.Set("X-Content-Type-Options", "nosniff")
	// Keep it, but ask each time: a revocation is to be seen within seconds.
	header.Set("Cache-Control", "no-cache")
	header.Set("ETag", fmt.Sprintf(`"%x-%x"`, info.ModTime().UnixNano(), info.Size()))
	http.ServeContent(w, r, "", info.ModTime(), file)
}

func hidden(name string) bool {
	for part := range strings.SplitSeq(name, "/") {
		if strings.HasPrefix(part, ".") {
			return true
		}
	}
	return false
}

func noFile() error {
	return pki.Errorf(pki.Unknown, "file.unknown", "no such file is published here")
}
