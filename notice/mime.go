package notice

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"
	"time"
)

// write makes the mail of a letter, RFC 5322 and MIME. Nothing in it is of chance or of
// the clock, so every try sends the same octets. All bodies are base64: Chinese text
// then fits every server, and no line of ours can be taken for a boundary or the end.
func (l letter) write(from Address) ([]byte, error) {
	sender, err := encodeAddress(from)
	if err != nil {
		return nil, err
	}
	to, err := encodeAddress(l.to)
	if err != nil {
		return nil, err
	}
	subject, err := encodeText(l.words.Subject)
	if err != nil {
		return nil, err
	}
	_, domain, _ := strings.Cut(from.At, "@")
	var b bytes.Buffer
	for _, h := range [][2]string{
		{"From", sender}, {"To", to}, {"Subject", subject},
		{"Date", l.posted.UTC().Format(time.RFC1123Z)},
		{"Message-ID", "<" + l.id + "@" + domain + ">"},
		{"Auto-Submitted", "auto-generated"}, // RFC 3834: no automatic replies, please
		{"MIME-Version", "1.0"},
	} {
		fmt.Fprintf(&b, "%s: %s\r\n", h[0], h[1])
	}
	if len(l.words.Files) == 0 {
		l.writeAlternative(&b)
		return b.Bytes(), nil
	}
	mixed := l.id + ".mixed"
	fmt.Fprintf(&b, "Content-Type: multipart/mixed;\r\n boundary=\"%s\"\r\n\r\n--%s\r\n", mixed, mixed)
	l.writeAlternative(&b)
	for _, f := range l.words.Files {
		if err := f.check(); err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, "--%s\r\nContent-Type: %s\r\nContent-Disposition: attachment; filename=\"%s\"\r\n", mixed, f.Type, f.Name)
		writeBase64(&b, f.Content)
	}
	fmt.Fprintf(&b, "--%s--\r\n", mixed)
	return b.Bytes(), nil
}

// writeAlternative writes the same words as text and as HTML.
func (l letter) writeAlternative(b *bytes.Buffer) {
	boundary := l.id + ".both"
	fmt.Fprintf(b, "Content-Type: multipart/alternative;\r\n boundary=\"%s\"\r\n\r\n", boundary)
	page := "<!DOCTYPE html>\n<html lang=\"zh-CN\"><head><meta charset=\"utf-8\"></head><body>\n" + l.words.page() + "</body></html>\n"
	for _, part := range [][2]string{{"text/plain", l.words.Text}, {"text/html", page}} {
		fmt.Fprintf(b, "--%s\r\nContent-Type: %s; charset=utf-8\r\n", boundary, part[0])
		text := strings.ReplaceAll(strings.ReplaceAll(part[1], "\r\n", "\n"), "\n", "\r\n")
		writeBase64(b, []byte(text))
	}
	fmt.Fprintf(b, "--%s--\r\n", boundary)
}

// writeBase64 ends a part's header and writes its body in lines of 76.
func writeBase64(b *bytes.Buffer, octets []byte) {
	b.WriteString("Content-Transfer-Encoding: base64\r\n\r\n")
	const line = 57
	for len(octets) > 0 {
		n := min(len(octets), line)
		b.WriteString(base64.StdEncoding.EncodeToString(octets[:n]) + "\r\n")
		octets = octets[n:]
	}
}
