package notice

import (
	"bytes"
	"fmt"
	html "html/template"
	"slices"
	"strings"
	"text/template"
	"text/template/parse"
	"unicode/utf8"

	"onecert/pki"
)

// Template is a kind of mail in Chinese and English, with named fields.
type Template struct {
	fields []string
	text   *template.Template
	html   *html.Template
}

// The parts of a template: both languages have a subject and a text; HTML may be given
// where the text, escaped, will not do.
func textParts() []string { return []string{"subject.zh", "subject.en", "text.zh", "text.en"} }
func htmlParts() []string { return []string{"html.zh", "html.en"} }

// maxTemplate and maxField bound what a template and a field's value hold.
const (
	maxTemplate = 32 << 10
	maxField    = 2000 // runes
)

// ParseTemplate reads a template:
//
//	{{define "subject.zh"}}证书将于 {{.Date}} 到期{{end}} {{define "text.zh"}}…{{end}}
//	{{define "subject.en"}}…{{end}} {{define "text.en"}}…{{end}}
//
// It is checked whole: a template may use the fields named, {{if}}, and, or, not, eq
// and ne, and nothing else, so that what an administrator changes cannot fail or run
// away when it is used. Errors are pki.Invalid and say which template.
func ParseTemplate(name, source string, fields ...string) (*Template, error) {
	wrong := func(what string, args ...any) error {
		return pki.Errorf(pki.Invalid, "notice.template", "the template %.60q is not right: %s", name, fmt.Sprintf(what, args...))
	}
	if len(source) > maxTemplate || !plain(source) {
		return nil, wrong("it is too long or has control characters")
	}
	text, err := template.New(name).Option("missingkey=error").Parse(source)
	if err != nil {
		return nil, wrong("it cannot be read: %.200s", err)
	}
	page, err := html.New(name).Option("missingkey=error").Parse(source)
	if err != nil {
		return nil, wrong("it cannot be read as HTML: %.200s", err)
	}
	for _, part := range textParts() {
		if text.Lookup(part) == nil {
			return nil, wrong("%s is missing", part)
		}
	}
	if (text.Lookup("html.zh") == nil) != (text.Lookup("html.en") == nil) {
		return nil, wrong("its HTML is there in one language only")
	}
	for _, part := range text.Templates() {
		if part.Tree == nil {
			continue
		}
		if part.Name() != name && !slices.Contains(append(textParts(), htmlParts()...), part.Name()) {
			return nil, wrong("%.60q is no part of a template", part.Name())
		}
		if part.Name() == name && !parse.IsEmptyTree(part.Root) {
			return nil, wrong("there is text outside of its parts")
		}
		if bad := strange(part.Root, fields); bad != "" {
			return nil, wrong("it uses %.60q; its fields are %s", bad, strings.Join(fields, ", "))
		}
	}
	t := &Template{fields: fields, text: text, html: page}
	sample := map[string]string{}
	for _, f := range fields {
		sample[f] = "示例"
	}
	if _, err := t.Render(sample); err != nil {
		return nil, wrong("%v", err)
	}
	return t, nil
}

// strange returns the first thing in a template that none may have, "" if none.
func strange(node parse.Node, fields []string) string {
	var all []parse.Node
	switch n := node.(type) {
	case *parse.ListNode:
		if n != nil {
			all = n.Nodes
		}
	case *parse.ActionNode:
		all = []parse.Node{n.Pipe}
	case *parse.IfNode:
		all = []parse.Node{n.Pipe, n.List, n.ElseList}
	case *parse.PipeNode:
		if len(n.Decl) > 0 {
			return n.String()
		}
		for _, c := range n.Cmds {
			all = append(all, c)
		}
	case *parse.CommandNode:
		all = n.Args
	case *parse.FieldNode:
		if len(n.Ident) != 1 || !slices.Contains(fields, n.Ident[0]) {
			return n.String()
		}
	case *parse.IdentifierNode:
		if !slices.Contains([]string{"and", "or", "not", "eq", "ne"}, n.Ident) {
			return n.String()
		}
	case *parse.TextNode, *parse.StringNode, *parse.CommentNode:
	default:
		return n.String()
	}
	for _, child := range all {
		if bad := strange(child, fields); bad != "" {
			return bad
		}
	}
	return ""
}

// Render puts values in: one for each field. Control characters are replaced, as
// values come from people; a value that is too long is cut.
func (t *Template) Render(values map[string]string) (Message, error) {
	clean := make(map[string]string, len(values))
	for _, f := range t.fields {
		v, ok := values[f]
		if !ok {
			return Message{}, fmt.Errorf("filling a notice in: the field %s is missing", f)
		}
		clean[f] = cleaned(v)
	}
	if len(values) != len(t.fields) {
		return Message{}, fmt.Errorf("filling a notice in: there are fields nobody knows")
	}
	parts := map[string]string{}
	for _, p := range textParts() {
		var b bytes.Buffer
		if err := t.text.ExecuteTemplate(&b, p, clean); err != nil {
			return Message{}, fmt.Errorf("filling %s in: %w", p, err)
		}
		parts[p] = strings.TrimSpace(b.String())
	}
	m := Message{
		Subject: oneLineOf(parts["subject.zh"] + " / " + parts["subject.en"]),
		Text:    parts["text.zh"] + "\n\n----\n\n" + parts["text.en"] + "\n",
	}
	if t.html.Lookup("html.zh") != nil {
		var b bytes.Buffer
		for i, p := range htmlParts() {
			if i > 0 {
				b.WriteString("\n<hr>\n")
			}
			if err := t.html.ExecuteTemplate(&b, p, clean); err != nil {
				return Message{}, fmt.Errorf("filling %s in: %w", p, err)
			}
		}
		m.HTML = b.String()
	}
	return m, m.check()
}

// cleaned is a value without what no text of ours may hold.
func cleaned(v string) string {
	v = strings.ToValidUTF8(v, "\uFFFD")
	v = strings.Map(func(r rune) rune {
		if r != '\n' && !plain(string(r)) || r == '\r' {
			return ' '
		}
		return r
	}, v)
	if utf8.RuneCountInString(v) > maxField {
		v = string([]rune(v)[:maxField]) + "…"
	}
	return v
}

// oneLineOf makes a subject of a text: one line, not longer than a subject may be.
func oneLineOf(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if utf8.RuneCountInString(text) > maxSubject {
		text = string([]rune(text)[:maxSubject-1]) + "…"
	}
	return text
}
