package papers

import (
	"bytes"
	"regexp"

	"onecert/pki"
)

// document is a PDF (ISO 32000-2) of which every object was read, in the order of the
// file, not only those a table of cross references leads to.
type document struct {
	limits   Limits
	content  []byte
	nodes    int // objects that may still be read
	left     int64
	objects  map[ref]any // the last of each number; a stream's dictionary
	starts   map[int]any // by offset: objects, and the tables' trailers
	openings []any       // what happens when it is opened
	active   bool
	locked   bool
	wrong    error // with what stands in a stream, the first
}

// activeNames are what a document says when it does something by itself or carries
// other files: actions (ISO 32000-2 12.6.4), embedded files (7.11.4), multimedia, and
// forms with scripts (XFA). A scanned document has none of them. Links (URI) and
// places to go to (GoTo) are harmless and common.
var activeNames = map[name]bool{
	"JavaScript": true, "JS": true, "Launch": true, "EmbeddedFile": true, "EmbeddedFiles": true, "EF": true,
	"RichMedia": true, "RichMediaExecute": true, "Rendition": true, "Movie": true, "Sound": true, "GoToE": true,
	"GoToR": true, "ImportData": true, "SubmitForm": true, "XFA": true, "AA": true, "Trans3D": true,
}

// hiddenNames are names that a stream, a string or a comment holds only when a second
// document is hidden there, for a reader led into it by a table we did not follow.
// They are long enough not to occur by chance.
var hiddenNames = map[name]bool{
	"JavaScript": true, "Launch": true, "EmbeddedFile": true, "EmbeddedFiles": true, "RichMedia": true, "Rendition": true,
	"ImportData": true, "SubmitForm": true, "OpenAction": true, "ObjStm": true, "Encrypt": true,
}

var pdfHeader = regexp.MustCompile(`^%PDF-(1\.[0-7]|2\.0)[\r\n \t]`)

// checkPDF reads all objects, then judges them.
func checkPDF(content []byte, limits Limits) (Paper, error) {
	if !pdfHeader.Match(content) {
		return Paper{}, damaged("it names no version of PDF")
	}
	start, err := ending(content)
	if err != nil {
		return Paper{}, err
	}
	d := &document{limits: limits, content: content, nodes: mostNodes, left: limits.Unpacked, objects: map[ref]any{}, starts: map[int]any{}}
	readErr := d.read()
	switch { // what a document does is told even where it is broken elsewhere
	case d.locked:
		return Paper{}, pki.Errorf(pki.Invalid, "papers.encrypted", "the document is encrypted or protected").
			To("save it without a password and without restrictions")
	case d.active || !d.harmlessOpenings():
		return Paper{}, pki.Errorf(pki.Invalid, "papers.active", "the document contains scripts, actions, forms or other files").
			To("print it into a new PDF, or scan it")
	case readErr != nil:
		return Paper{}, readErr
	case d.wrong != nil:
		return Paper{}, d.wrong
	}
	pages, err := d.pages(start)
	if err != nil {
		return Paper{}, err
	}
	return Paper{MediaType: PDF, Pages: pages}, nil
}

// ending checks that the document ends as one (7.5.5) and returns where its last table
// of cross references stands.
func ending(content []byte) (start int, err error) {
	last := bytes.LastIndex(content, []byte("%%EOF"))
	if last < 0 {
		return 0, damaged("it has no end")
	}
	if err := rest(content[last+len("%%EOF"):]); err != nil {
		return 0, err
	}
	at := bytes.LastIndex(content[:last], []byte("startxref"))
	if at < 0 {
		return 0, damaged("it has no table of its objects")
	}
	l := (&document{content: content[:last]}).lexer(content[:last])
	l.at = at + len("startxref")
	value, err := l.value()
	number, ok := value.(int)
	if err != nil || !ok || number <= 0 || number >= at {
		return 0, damaged("it has no table of its objects")
	}
	return number, nil
}

// lexer reads content and tells the document what it meets.
func (d *document) lexer(content []byte) *lexer {
	if d.nodes == 0 {
		d.nodes = 16 // an ending of its own
	}
	return &lexer{content: content, nodes: &d.nodes, passed: d.unread,
		see: func(found name) { d.active = d.active || activeNames[found] },
		pair: func(key name, value any) {
			if key == "OpenAction" {
				d.openings = append(d.openings, value)
			}
			d.locked = d.locked || key == "Encrypt" // stands in trailers and in dictionaries of table streams only
		}}
}

// read goes through the file from its beginning to its end.
func (d *document) read() error {
	l := d.lexer(d.content)
	for {
		if l.space(); l.at >= len(d.content) {
			return nil
		}
		start := l.at
		value, err := l.value()
		if err != nil {
			return err
		}
		switch value := value.(type) {
		case int:
			err = d.object(l, start, value)
		case word:
			switch value {
			case "startxref":
				_, err = l.value()
			case "xref":
				err = d.table(l, start)
			default:
				err = errSyntax
			}
		default:
			err = errSyntax
		}
		if err != nil {
			return err
		}
	}
}

// table passes over a table of cross references (7.5.4) and keeps its trailer.
func (d *document) table(l *lexer, start int) error {
	for {
		value, err := l.value()
		if err != nil {
			return err
		}
		if value == word("trailer") {
			break
		}
		_, number := value.(int)
		if !number && value != word("n") && value != word("f") {
			return errSyntax
		}
	}
	value, err := l.value()
	if trailer, ok := value.(dict); ok && err == nil {
		d.starts[start] = trailer
		return nil
	}
	return errSyntax
}

// object reads "12 0 obj … endobj" (7.3.10); number is read already.
func (d *document) object(l *lexer, start, number int) error {
	generation, err := l.value()
	if err != nil {
		return err
	}
	id, ok := generation.(int)
	if begins, err := l.value(); err != nil || !ok || begins != word("obj") {
		return errSyntax
	}
	items := list{}
	for {
		value, err := l.value()
		if err != nil {
			return err
		}
		switch value {
		case word("endobj"):
			if len(items) > 1 {
				return errSyntax
			}
			items = append(items, nil) // an object may be empty, which is null
			d.objects[ref{number, id}], d.starts[start] = items[0], items[0]
			return nil
		case word("stream"):
			if err := d.stream(l, items); err != nil {
				return err
			}
		default:
			items = fold(append(items, value))
		}
	}
}

// harmlessOpenings: what happens when the document is opened is at most going to a
// place in it.
func (d *document) harmlessOpenings() bool {
	for _, opening := range d.openings {
		if to, ok := opening.(ref); ok {
			opening = d.objects[to]
		}
		switch opening := opening.(type) {
		case list:
		case dict:
			if opening["S"] != name("GoTo") || opening["Next"] != nil {
				return false
			}
		default:
			return false
		}
	}
	return true
}

// pages walks the tree of pages (7.7.3) from the catalogue that the last table names.
func (d *document) pages(start int) (count int, err error) {
	for start < len(d.content) && blank(d.content[start]) { // some programs point at the line before
		start++
	}
	trailer, ok := d.starts[start].(dict)
	if !ok {
		return 0, damaged("it has no table of its objects")
	}
	catalogue, _ := d.follow(trailer["Root"]).(dict)
	root := catalogue["Pages"]
	if count, err = d.count(root, map[ref]bool{}, 0); err != nil {
		return 0, err
	}
	if count == 0 {
		return 0, damaged("it has no pages")
	}
	return count, nil
}

func (d *document) follow(value any) any {
	if to, ok := value.(ref); ok {
		return d.objects[to]
	}
	return value
}

func (d *document) count(value any, seen map[ref]bool, depth int) (count int, err error) {
	to, ok := value.(ref)
	node, also := d.follow(value).(dict)
	if !ok || !also || seen[to] || depth > deepest {
		return 0, damaged("its pages cannot be found")
	}
	seen[to] = true
	kids, branch := d.follow(node["Kids"]).(list)
	if !branch {
		return 1, nil
	}
	for _, kid := range kids {
		more, err := d.count(kid, seen, depth+1)
		if err != nil {
			return 0, err
		}
		if count += more; count > d.limits.Pages {
			return 0, pki.Errorf(pki.Invalid, "papers.pages", "the document has more than %d pages", d.limits.Pages).To("hand in the pages that matter")
		}
	}
	return count, nil
}
