package notice_test

import (
	"strings"
	"testing"

	"onecert/notice"
	"onecert/pki"
)

const expiry = `
{{define "subject.zh"}}证书将于 {{.Date}} 到期{{end}}
{{define "subject.en"}}Your certificate ends on {{.Date}}{{end}}
{{define "text.zh"}}{{.Name}}：您好。
{{if .Renew}}请在 {{.Renew}} 更新。{{else}}请联系服务台。{{end}}{{end}}
{{define "text.en"}}Dear {{.Name}},
{{if and .Renew (ne .Renew "x")}}renew it at {{.Renew}}{{end}}{{end}}`

const page = `{{define "html.zh"}}<p title="{{.Name}}"><a href="{{.Renew}}">{{.Name}}</a></p>{{end}}{{define "html.en"}}<p>{{.Date}}</p>{{end}}`

func TestTemplate(t *testing.T) {
	tmpl, err := notice.ParseTemplate("expiry", expiry, "Date", "Name", "Renew")
	if err != nil {
		t.Fatal(err)
	}
	m, err := tmpl.Render(map[string]string{"Date": "2027-01-31", "Name": "张三\r\nBcc: x@y.example", "Renew": "https://ca.example/"})
	if err != nil {
		t.Fatal(err)
	}
	if m.Subject != "证书将于 2027-01-31 到期 / Your certificate ends on 2027-01-31" || m.HTML != "" ||
		!strings.HasPrefix(m.Text, "张三 \nBcc: x@y.example：您好。\n请在 https://ca.example/ 更新。\n\n----\n\nDear 张三") {
		t.Errorf("%q %q", m.Subject, m.Text)
	}
	m, err = tmpl.Render(map[string]string{"Date": "x\r\nBcc: y\u2028\x00" + strings.Repeat("长", 5000), "Name": "\xff", "Renew": ""})
	if err != nil || strings.ContainsAny(m.Subject, "\r\n\x00\u2028") || len([]rune(m.Subject)) > 200 || !strings.Contains(m.Text, "请联系服务台") {
		t.Errorf("%q %v", m.Subject, err)
	}
	for _, values := range []map[string]string{{"Date": "a", "Name": "b"}, {"Date": "a", "Name": "b", "Renew": "c", "More": "d"}} {
		if _, err := tmpl.Render(values); err == nil {
			t.Errorf("filled in with %v", values)
		}
	}
}

// What people write into a field is text in HTML, whatever it looks like.
func TestTemplateEscapes(t *testing.T) {
	tmpl, err := notice.ParseTemplate("expiry", expiry+page, "Date", "Name", "Renew")
	if err != nil {
		t.Fatal(err)
	}
	m, err := tmpl.Render(map[string]string{"Date": "<img src=x>", "Name": `"><script>alert(1)</script>`, "Renew": "javascript:alert(1)"})
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"<script", "<img", "javascript:", `""`} {
		if strings.Contains(m.HTML, bad) {
			t.Errorf("%q stands in %s", bad, m.HTML)
		}
	}
}

func TestTemplateRefuses(t *testing.T) {
	for what, source := range map[string]string{
		"text.en is missing":    `{{define "subject.zh"}}a{{end}}{{define "subject.en"}}a{{end}}{{define "text.zh"}}a{{end}}`,
		"cannot be read":        expiry + "{{define",
		`it uses ".Nmae`:        strings.Replace(expiry, ".Name", ".Nmae", 1),
		`it uses ".Secret`:      strings.Replace(expiry, "{{else}}", "{{else}}{{.Secret}}", 1), // in a branch no sample takes
		`it uses ".Name.Method`: strings.Replace(expiry, ".Name", ".Name.Method", 1),
		`it uses "printf`:       strings.Replace(expiry, "{{.Name}}", `{{printf "%999999999d" 1}}`, 1),
		`it uses "html`:         strings.Replace(expiry, "{{.Name}}", `{{html .Name}}`, 1),
		`it uses "{{range`:      strings.Replace(expiry, "{{.Name}}", `{{range .Name}}{{end}}`, 1),
		`it uses "$x`:           strings.Replace(expiry, "{{.Name}}", `{{$x := .Name}}{{$x}}`, 1),
		`it uses "{{template`:   strings.Replace(expiry, "{{.Name}}", `{{template "text.en" .}}`, 1),
		`it uses ".`:            strings.Replace(expiry, "{{.Name}}", `{{.}}`, 1),
		"no part":               expiry + `{{define "more"}}x{{end}}`,
		"outside of its parts":  expiry + "words",
		"one language":          expiry + `{{define "html.zh"}}a{{end}}`,
		"filling html.zh in":    expiry + `{{define "html.zh"}}<a href="{{if .Name}}"{{end}}>{{end}}{{define "html.en"}}a{{end}}`,
		"too long":              expiry + strings.Repeat(" ", 40<<10),
	} {
		_, err := notice.ParseTemplate("expiry", source, "Date", "Name", "Renew")
		if pki.CodeOf(err) != "notice.template" || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: %v", what, err)
		}
	}
}
