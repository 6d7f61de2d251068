package sheet

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"path"
	"strings"

	"onecert/pki"
)

// workbook is an XLSX (ISO/IEC 29500, OPC package) of which only the parts needed are
// unpacked: the list of sheets, the shared texts, the styles, and one sheet as a
// stream. Links to other files are never followed: no part with an external target is
// looked for, and no entity of a DTD is known.
type workbook struct {
	parts  map[string]*zip.File
	left   int64 // octets that may still be unpacked
	limits Limits
}

// openXLSX finds the first sheet that is shown. most is the longest cell, in characters.
func openXLSX(content []byte, most int, limits Limits) (source, error) {
	book, err := newWorkbook(content, limits)
	if err != nil {
		return nil, err
	}
	main, err := book.main()
	if err != nil {
		return nil, err
	}
	related, err := book.related(main)
	if err != nil {
		return nil, err
	}
	name, base1904, err := book.firstSheet(main, related)
	if err != nil {
		return nil, err
	}
	sheet := &xlsxSource{most: 4*most + 64, base1904: base1904}
	for _, target := range related {
		switch target.sort {
		case "sharedStrings":
			sheet.shared, err = book.sharedTexts(target.part, sheet.most)
		case "styles":
			sheet.styles, err = book.styles(target.part)
		}
		if err != nil {
			return nil, err
		}
	}
	sheet.xml, err = book.open(name)
	return sheet, err
}

func damaged(why string) *pki.Error {
	return pki.Errorf(pki.Invalid, "sheet.damaged", "the workbook is damaged: %s", why).
		To("open it in a spreadsheet program and save it again as .xlsx")
}

func newWorkbook(content []byte, limits Limits) (*workbook, error) {
	archive, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return nil, damaged("it is cut, or no archive").Because(err)
	}
	if len(archive.File) > limits.Entries {
		return nil, damaged("it has too many parts")
	}
	book := &workbook{parts: map[string]*zip.File{}, left: limits.Unpacked, limits: limits}
	for _, part := range archive.File {
		name := strings.ToLower(strings.ReplaceAll(part.Name, `\`, "/"))
		if book.parts[name] != nil {
			return nil, damaged("a part is there twice")
		}
		if strings.HasSuffix(name, "vbaproject.bin") {
			return nil, macros()
		}
		if part.Flags&1 != 0 {
			return nil, encrypted()
		}
		book.parts[name] = part
	}
	return book, nil
}

func macros() error {
	return pki.Errorf(pki.Invalid, "sheet.macros", "the workbook contains macros").
		To("save it as an Excel workbook without macros (.xlsx)")
}

func unpacked() *pki.Error {
	return pki.Errorf(pki.Invalid, "sheet.unpacked", "the workbook is far larger than it looks when it is unpacked").
		To("copy the filled-in rows into a new template; blank formatted rows count as well")
}

// open begins to unpack a part.
func (b *workbook) open(name string) (*scanner, error) {
	part := b.parts[strings.ToLower(name)]
	if part == nil {
		return nil, damaged("a part is missing")
	}
	const small = 1 << 20
	if size := part.UncompressedSize64; size > uint64(b.left) || size > small && size/uint64(b.limits.Ratio) > part.CompressedSize64 {
		return nil, unpacked()
	}
	content, err := part.Open()
	if err != nil {
		return nil, damaged("a part cannot be unpacked").Because(err)
	}
	return newScanner(&metered{content, &b.left}), nil
}

// metered counts what is really unpacked, whatever the archive says of itself.
type metered struct {
	content io.Reader
	left    *int64
}

func (m *metered) Read(into []byte) (int, error) {
	if *m.left <= 0 {
		return 0, unpacked()
	}
	n, err := m.content.Read(into[:min(int64(len(into)), *m.left)])
	*m.left -= int64(n)
	return n, err
}

// target is one relationship of a part (ISO/IEC 29500-2).
type target struct {
	id, sort, part string // sort: the last step of its type
}

// main checks what the package says it is, and returns the name of its main part.
func (b *workbook) main() (name string, err error) {
	if b.parts["[content_types].xml"] == nil {
		return "", pki.Errorf(pki.Invalid, "sheet.format", "this is an archive, but no Excel workbook").
			To("save it as an Excel workbook (.xlsx) or as CSV")
	}
	starts, err := b.related("")
	if err != nil {
		return "", err
	}
	for _, start := range starts {
		if start.sort == "officeDocument" {
			name = start.part
		}
	}
	sort, err := b.contentType(name)
	switch {
	case err != nil:
		return "", err
	case strings.Contains(strings.ToLower(sort), "macroenabled"):
		return "", macros()
	case !strings.HasSuffix(sort, "spreadsheetml.sheet.main+xml"):
		return "", pki.Errorf(pki.Invalid, "sheet.format", "this is a document of another sort, no Excel workbook").
			To("save it as an Excel workbook (.xlsx) or as CSV")
	}
	return name, nil
}

func (b *workbook) contentType(name string) (sort string, err error) {
	err = b.each("[Content_Types].xml", func(element xml.StartElement) {
		if element.Name.Local == "Override" && strings.EqualFold(attribute(element, "PartName"), "/"+name) {
			sort = attribute(element, "ContentType")
		}
	})
	return sort, err
}

// related lists what a part ("": the package) points to inside the package.
func (b *workbook) related(name string) (targets []target, err error) {
	folder, file := path.Split(name)
	err = b.each(path.Join(folder, "_rels", file+".rels"), func(element xml.StartElement) {
		if element.Name.Local != "Relationship" || attribute(element, "TargetMode") == "External" {
			return
		}
		to := attribute(element, "Target")
		if !strings.HasPrefix(to, "/") {
			to = "/" + folder + to
		}
		targets = append(targets, target{id: attribute(element, "Id"), sort: path.Base(attribute(element, "Type")), part: path.Clean(to)[1:]})
	})
	return targets, err
}

// firstSheet returns the part of the first sheet that is shown, and whether the
// workbook counts days from 1904.
func (b *workbook) firstSheet(main string, related []target) (part string, base1904 bool, err error) {
	err = b.each(main, func(element xml.StartElement) {
		switch element.Name.Local {
		case "workbookPr":
			base1904 = truth(attribute(element, "date1904"))
		case "sheet":
			state := attribute(element, "state")
			for _, to := range related {
				if part == "" && to.id == attribute(element, "id") && to.sort == "worksheet" && (state == "" || state == "visible") {
					part = to.part
				}
			}
		}
	})
	if err == nil && part == "" {
		err = damaged("it shows no sheet")
	}
	return part, base1904, err
}

// each goes through the elements of a small part.
func (b *workbook) each(name string, see func(xml.StartElement)) error {
	part, err := b.open(name)
	if err != nil {
		return err
	}
	for {
		token, err := part.token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if element, ok := token.(xml.StartElement); ok {
			see(element)
		}
	}
}
