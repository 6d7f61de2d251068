package ra

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"html/template"
	"time"

	"onecert/officer"
	"onecert/pki"
)

//go:embed form.html
var formSource string

var formPage = template.Must(template.New("form").Parse(formSource))

// formData is what the printed form shows; Says picks the language.
type formData struct {
	Chinese     bool
	Application *Application
	Operation   string
	Kind        string
	Office      string
	Rows        [][2]string
	Materials   []string
	Printed     string
}

// Says is the text in the form's language.
func (d formData) Says(zh, en string) string {
	if d.Chinese {
		return zh
	}
	return en
}

// Form is an application as a page to print and sign, filled in (features H6). It
// shows numbers in full, because the applicant signs for them: that it was printed
// stands in the audit log.
func (r *Registration) Form(ctx context.Context, id, language string) ([]byte, error) {
	if language != "zh" && language != "en" {
		return nil, pki.Errorf(pki.Invalid, "form.language", "the form is there in zh and en")
	}
	s, err := r.enter(ctx, officer.Register)
	if err != nil {
		return nil, err
	}
	a, err := readApplication(ctx, r.cfg.DB.Read(), s, id)
	if err != nil {
		return nil, err
	}
	node, err := r.readNode(ctx, a.Node)
	if err != nil {
		return nil, err
	}
	if err := r.lookedAt(ctx, s, a, "application.form", language); err != nil {
		return nil, err
	}
	if err := r.reveal(a); err != nil {
		return nil, err
	}
	return printed(formOf(a, node, language == "zh", r.now()))
}

func printed(d formData) ([]byte, error) {
	var page bytes.Buffer
	if err := formPage.Execute(&page, d); err != nil {
		return nil, fmt.Errorf("printing the form: %w", err)
	}
	return page.Bytes(), nil
}

func formOf(a *Application, node Node, chinese bool, now time.Time) formData {
	d := formData{Chinese: chinese, Application: a, Office: node.Name, Printed: now.In(chinaTime()).Format(time.DateOnly)}
	d.Operation, d.Kind = d.Says(a.Operation.names()), d.Says(a.Kind.names())
	for _, f := range Fields(a.Kind) {
		value := a.Fields[f.Name]
		if f.Form == formIdentityKind {
			value = d.Says(documentNames(value))
		}
		if value != "" {
			d.Rows = append(d.Rows, [2]string{d.Says(f.ZH, f.EN), value})
		}
	}
	for _, m := range Materials(a.Kind) {
		for _, o := range m.Required {
			if o == a.Operation {
				d.Materials = append(d.Materials, d.Says(m.ZH, m.EN))
			}
		}
	}
	return d
}

// names are the operation's, in Chinese and English.
func (o Operation) names() (zh, en string) {
	switch o {
	case Issue:
		return "证书申请", "first certificate"
	case Renew:
		return "证书更新", "renewal"
	case Reissue:
		return "证书补发", "re-issue in a new key"
	case Modify:
		return "信息变更", "change of data"
	case Revoke:
		return "证书注销", "revocation"
	case Freeze:
		return "证书冻结（挂失）", "freeze"
	case Unfreeze:
		return "证书解冻", "release of a freeze"
	case Cancel:
		return "信息注销", "cancelling of the holder"
	}
	return string(o), string(o)
}

func (k Kind) names() (zh, en string) {
	switch k {
	case Person:
		return "个人证书", "person"
	case Organisation:
		return "机构证书", "organisation"
	case Device:
		return "设备证书", "device"
	case Code:
		return "代码签名证书", "code signing"
	}
	return string(k), string(k)
}

func documentNames(kind string) (zh, en string) {
	switch kind {
	case pki.Resident:
		return "居民身份证", "resident identity card"
	case pki.Military:
		return "军官证", "military identity card"
	case pki.Passport:
		return "护照", "passport"
	}
	return kind, kind
}
