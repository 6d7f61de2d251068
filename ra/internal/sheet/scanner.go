package sheet

import (
	"encoding/xml"
	"errors"
	"io"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"onecert/pki"
)

// deepest is far beyond what a workbook nests.
const deepest = 64

// scanner reads XML that may be hostile: no DTD, no deep nesting, no end before the
// end. Sizes are bounded by what it reads from.
type scanner struct {
	decoder *xml.Decoder
	depth   int
}

func newScanner(content io.Reader) *scanner {
	return &scanner{decoder: xml.NewDecoder(content)}
}

// token returns io.EOF only after the root element was closed.
func (s *scanner) token() (xml.Token, error) {
	token, err := s.decoder.Token()
	if errors.Is(err, io.EOF) {
		return nil, io.EOF
	}
	if err != nil {
		if ours, ok := errors.AsType[*pki.Error](err); ok {
			return nil, ours
		}
		return nil, damaged("a part is cut or is not XML").Because(err)
	}
	switch token.(type) {
	case xml.StartElement:
		if s.depth++; s.depth > deepest {
			return nil, damaged("it is nested too deeply")
		}
	case xml.EndElement:
		s.depth--
	case xml.Directive:
		return nil, damaged("it contains a document type")
	}
	return token, nil
}

// skip passes over the rest of the element just begun.
func (s *scanner) skip() error {
	for depth := s.depth - 1; s.depth > depth; {
		if _, err := s.token(); err != nil {
			return err
		}
	}
	return nil
}

// text returns the text of the element just begun. in is "" for its own text (a value),
// or the name of the elements that hold it ("t", ISO/IEC 29500-1 18.4); readings of
// characters (18.4.6, rPh) are no part of it. Beyond most octets the rest is passed over.
func (s *scanner) text(in string, most int) (string, error) {
	var out []byte
	collect := in == ""
	for within := s.depth - 1; s.depth > within; {
		token, err := s.token()
		if err != nil {
			return "", err
		}
		switch token := token.(type) {
		case xml.StartElement:
			if token.Name.Local == "rPh" {
				err = s.skip()
			}
			collect = token.Name.Local == in
		case xml.EndElement:
			collect = false
		case xml.CharData:
			if collect {
				out = append(out, token[:min(len(token), most-len(out))]...)
			}
		}
		if err != nil {
			return "", err
		}
	}
	return unescape(strings.ToValidUTF8(string(out), "")), nil
}

// unescape reads _xHHHH_, as workbooks write characters that XML cannot hold
// (ISO/IEC 29500-1 22.9.2.19).
func unescape(text string) string {
	if !strings.Contains(text, "_x") {
		return text
	}
	var units []uint16
	for len(text) > 0 {
		if len(text) >= 7 && text[:2] == "_x" && text[6] == '_' {
			if code, err := strconv.ParseUint(text[2:6], 16, 16); err == nil {
				units, text = append(units, uint16(code)), text[7:]
				continue
			}
		}
		r, size := utf8.DecodeRuneInString(text)
		units, text = utf16.AppendRune(units, r), text[size:]
	}
	return string(utf16.Decode(units))
}

func attribute(element xml.StartElement, name string) string {
	for _, a := range element.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

func truth(text string) bool { return text == "1" || text == "true" }
