package identity

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"

	"onecert/pki"
)

// GuardForm makes sure that the form a request carries does not say again what the
// application is told by URL parameters: some applications read both as one. A field of
// our name is called otherwise, octet for octet, so that the length stays. It does nothing
// for an application that is told nothing by parameters. The caller puts it before the
// body is read.
func (p *Plan) GuardForm(r *http.Request) error {
	if !p.byParameter || r.Body == nil || r.Body == http.NoBody {
		return nil
	}
	settle, err := formKind(r.Header)
	if err != nil || settle == nil {
		return err
	}
	r.Body = &guardedForm{source: r.Body, names: p.parameters, settle: settle}
	return nil
}

// formKind says how the fields of a form are found; nil for what is no form. A form whose
// octets its reader would decode in a way we do not is refused.
func formKind(h http.Header) (func(*guardedForm, bool) error, error) {
	kinds := map[string]func(*guardedForm, bool) error{
		"application/x-www-form-urlencoded": (*guardedForm).settlePairs,
		"multipart/form-data":               (*guardedForm).settleParts,
	}
	lines, named := h["Content-Type"], ""
	for name := range kinds {
		if strings.Contains(strings.ToLower(strings.Join(lines, " ")), name) {
			named = name
		}
	}
	if named == "" {
		return nil, nil
	}
	_, params, err := mime.ParseMediaType(lines[0])
	charset := strings.ToLower(params["charset"])
	ascii := charset == "" || charset == "utf-8" || charset == "utf8" || strings.HasPrefix(charset, "gb") || strings.HasPrefix(charset, "iso-8859-") || charset == "us-ascii" || charset == "big5"
	if err != nil || len(lines) > 1 || !ascii || len(h["Content-Encoding"]) > 0 {
		return nil, pki.Errorf(pki.Invalid, "identity.form", "the form comes in a character set or an encoding in which its fields cannot be judged").
			To("send it in UTF-8, without Content-Encoding")
	}
	return kinds[named], nil
}

// guardedForm hands on the octets of a form after it has judged them. What lies in before
// at has been judged, out of which what lies before sent has been handed on.
type guardedForm struct {
	source   io.ReadCloser
	names    *names
	settle   func(*guardedForm, bool) error
	in       []byte
	sent, at int
	midway   bool // at stands inside a value, or inside a line
	long     bool // at stands inside a name that is too long to be one
	err      error
}

// formBuffer is how much is read at a time; maxDisposition the longest header of a part
// that is judged.
const (
	formBuffer     = 16 << 10
	maxDisposition = 8 << 10
)

var errDisposition = errors.New("a field of the form has a header that does not end")

// Read implements io.Reader.
func (g *guardedForm) Read(b []byte) (int, error) {
	for g.sent == g.at {
		if g.err != nil {
			return 0, g.err
		}
		g.fill()
	}
	n := copy(b, g.in[g.sent:g.at])
	g.sent += n
	return n, nil
}

// fill reads more and judges it. What cannot be judged without more stays for the next.
func (g *guardedForm) fill() {
	rest := copy(g.in, g.in[g.at:])
	g.in, g.sent, g.at = g.in[:rest], 0, 0
	if cap(g.in)-rest < formBuffer {
		g.in = append(make([]byte, 0, rest+2*formBuffer), g.in...)
	}
	n, err := g.source.Read(g.in[rest : rest+formBuffer])
	g.in = g.in[:rest+n]
	if failed := g.settle(g, err != nil); failed != nil {
		err, g.at = failed, 0
	}
	g.err = err
}

// Close implements io.Closer.
func (g *guardedForm) Close() error { return g.source.Close() }

// settlePairs judges name=value pairs divided by & or, for some readers, by semicolons.
func (g *guardedForm) settlePairs(last bool) error {
	for g.at < len(g.in) {
		rest := g.in[g.at:]
		if g.midway {
			end := bytes.IndexAny(rest, "&;")
			if g.midway = end < 0; g.midway {
				end = len(rest) - 1
			}
			g.at += end + 1
			continue
		}
		end := bytes.IndexAny(rest, "=&;")
		if end < 0 && !last && !g.long && len(rest) < maxEncodedName {
			return nil // the name is not all there yet
		}
		whole := end >= 0
		if !whole {
			end = len(rest)
		}
		if g.long || g.names.hasEncoded(string(rest[:end])) {
			rename(rest[:end])
		}
		g.long, g.midway = !whole, whole && rest[end] == '='
		g.at = min(g.at+end+1, len(g.in))
	}
	return nil
}

var disposition = []byte("content-disposition")

// settleParts judges every line that some reader could take for the header that names a
// field, wherever it stands: which line ends a part is what readers do not agree on.
func (g *guardedForm) settleParts(last bool) error {
	for g.at < len(g.in) {
		rest := g.in[g.at:]
		if blank := len(rest) - len(bytes.TrimLeft(rest, " \t\r\n")); blank > 0 && (!g.midway || rest[0] == '\r' || rest[0] == '\n') {
			g.midway = false
			g.at += blank
			continue
		}
		if g.midway {
			end := bytes.IndexAny(rest, "\r\n")
			if end < 0 {
				end = len(rest)
			}
			g.at += end
			continue
		}
		head := rest[:min(len(rest), len(disposition))]
		if !bytes.EqualFold(head, disposition[:len(head)]) {
			g.midway = true
			g.at++
			continue
		}
		end := headerEnd(rest)
		switch {
		case end < 0 && !last && len(rest) <= maxDisposition:
			return nil
		case end < 0 && !last:
			return errDisposition
		case end < 0:
			end = len(rest)
		}
		g.renameField(rest[:end])
		g.midway = true
		g.at += end
	}
	return nil
}

// headerEnd is where a header ends: at a line's end that is not followed by a blank.
func headerEnd(text []byte) int {
	for i := 0; i < len(text); i++ {
		if text[i] != '\r' && text[i] != '\n' {
			continue
		}
		next := i + 1
		if text[i] == '\r' && next < len(text) && text[next] == '\n' {
			next++
		}
		switch {
		case next >= len(text):
			return -1
		case text[next] != ' ' && text[next] != '\t':
			return i
		}
		i = next
	}
	return -1
}

// renameField renames the values of a header that are one of our names, quoted in
// whatever way.
func (g *guardedForm) renameField(header []byte) {
	for rest := header; ; {
		at := bytes.IndexByte(rest, '=')
		if at < 0 {
			return
		}
		rest = rest[at+1:]
		for _, ends := range []string{";\r\n", `;,"`, `"`} {
			value := bytes.TrimLeft(rest, " \t\r\n\"'")
			if end := bytes.IndexAny(value, ends); end >= 0 {
				value = value[:end]
			}
			name := value[bytes.LastIndexByte(value, '\'')+1:] // name*=UTF-8''user
			if g.names.hasEncoded(string(value)) || g.names.hasEncoded(string(name)) {
				rename(value)
			}
		}
	}
}

// rename makes another name of a name, of the same length; quotes stay, since others
// belong to them.
func rename(name []byte) {
	for i, c := range name {
		if c != '"' && c != '\'' {
			name[i] = 'x'
		}
	}
}
