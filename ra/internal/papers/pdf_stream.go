package papers

import (
	"bytes"
	"compress/zlib"
	"errors"
	"io"

	"onecert/pki"
)

// stream reads what follows the word (7.3.8). Its length is believed where the end
// stands there; otherwise the next end counts.
func (d *document) stream(l *lexer, items list) error {
	if len(items) != 1 {
		return errSyntax
	}
	head, ok := items[0].(dict)
	if !ok {
		return errSyntax
	}
	for _, eol := range []byte("\r\n") {
		if l.at < len(d.content) && d.content[l.at] == eol {
			l.at++
		}
	}
	start := l.at
	length, _ := d.follow(head["Length"]).(int)
	end := start + length
	if length <= 0 || end < 0 || end > len(d.content) || !bytes.HasPrefix(bytes.TrimLeft(d.content[end:min(end+20, len(d.content))], "\r\n \t"), []byte("endstream")) {
		found := bytes.Index(d.content[start:], []byte("endstream"))
		if found < 0 {
			return damaged("a part of it has no end")
		}
		end = start + found
	}
	l.at = end
	if value, err := l.value(); err != nil || value != word("endstream") {
		return errSyntax
	}
	// Read on: that it is encrypted, or does something, may stand further on.
	if err := d.inside(head, d.content[start:end]); d.wrong == nil {
		d.wrong = err
	}
	return nil
}

// unread looks for hidden names in octets that are not read as objects.
func (d *document) unread(raw []byte) {
	for at := 0; ; {
		slash := bytes.IndexByte(raw[at:], '/')
		if slash < 0 {
			return
		}
		found, next := readName(raw, at+slash)
		d.active = d.active || hiddenNames[found]
		at = next
	}
}

// inside judges what a stream holds.
func (d *document) inside(head dict, raw []byte) error {
	d.unread(raw)
	if width, ok := d.follow(head["Width"]).(int); ok && head["Subtype"] == name("Image") {
		height, _ := d.follow(head["Height"]).(int)
		if width < 0 || height < 0 || height > 0 && width > d.limits.Pixels/height {
			return pki.Errorf(pki.Invalid, "papers.pixels", "a picture in the document has too many pixels").
				To("scan it at a lower resolution; 300 dpi are enough")
		}
	}
	filters := d.filters(head["Filter"])
	packed := head["Type"] == name("ObjStm")
	if len(filters) == 0 || filters[0] != "FlateDecode" {
		if packed && len(filters) > 0 {
			return errSyntax
		}
		if packed {
			return d.packed(head, raw)
		}
		return nil
	}
	if packed && (len(filters) > 1 || d.follow(head["DecodeParms"]) != nil) {
		return errSyntax
	}
	return d.inflate(head, raw, packed)
}

// filters are the names of a stream's filters in their order; the short ones belong
// to pictures inside a page's text only (8.9.7).
func (d *document) filters(value any) (names []name) {
	switch value := d.follow(value).(type) {
	case name:
		return []name{value}
	case list:
		for _, one := range value {
			one, _ := d.follow(one).(name)
			names = append(names, one)
		}
	}
	return names
}

// inflate unpacks a stream to its end, so that who opens the document later is not
// surprised by its size, and a cut one is found. Only packed objects are kept.
func (d *document) inflate(head dict, raw []byte, keep bool) error {
	reader, err := zlib.NewReader(bytes.NewReader(raw))
	if err != nil {
		return damaged("a part of it cannot be unpacked").Because(err)
	}
	var kept bytes.Buffer
	var to io.Writer = io.Discard
	if keep {
		to = &kept
	}
	n, err := io.Copy(to, io.LimitReader(reader, max(0, d.left+1)))
	if d.left -= n; d.left < 0 {
		return pki.Errorf(pki.Invalid, "papers.unpacked", "the document is far larger than it looks when it is unpacked").
			To("scan it at a lower resolution, or hand in its pages one by one")
	}
	if err != nil && !errors.Is(err, zlib.ErrChecksum) { // readers of PDF do not look at it either
		return damaged("a part of it cannot be unpacked").Because(err)
	}
	if keep {
		return d.packed(head, kept.Bytes())
	}
	return nil
}

// packed reads the objects of an object stream (7.5.7): pairs of number and offset,
// then the objects.
func (d *document) packed(head dict, content []byte) error {
	many, _ := d.follow(head["N"]).(int)
	first, _ := d.follow(head["First"]).(int)
	if many < 0 || first < 0 || first > len(content) || many > len(content) {
		return errSyntax
	}
	l := d.lexer(content[:first])
	numbers, offsets := make([]int, many), make([]int, many)
	for i := range many {
		for _, into := range []*int{&numbers[i], &offsets[i]} {
			value, err := l.value()
			number, ok := value.(int)
			if err != nil || !ok {
				return errSyntax
			}
			*into = number
		}
	}
	found := map[int]any{}
	all := d.lexer(content)
	for all.at = first; ; {
		if all.space(); all.at >= len(content) {
			break
		}
		start := all.at
		value, err := all.value()
		if err != nil {
			return err
		}
		found[start-first] = value
	}
	for i, offset := range offsets {
		value, there := found[offset]
		if !there {
			return errSyntax
		}
		d.objects[ref{numbers[i], 0}] = value
	}
	return nil
}
