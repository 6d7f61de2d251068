package ra

import (
	"sync"

	"onecert/notice"
)

// The mails, in Chinese and English: the number, and what to do next.
const (
	wordsReturned = `{{define "subject.zh"}}您的{{.OperationZH}}申请 {{.Number}} 需要补正{{end}}{{define "subject.en"}}Your application {{.Number}} ({{.OperationEN}}) needs correction{{end}}
{{define "text.zh"}}您好：

您的{{.OperationZH}}申请（编号 {{.Number}}）已退回补正。{{if .Note}}
审核意见：{{.Note}}{{end}}

下一步：请按审核意见补正材料，{{if .Site}}登录 {{.Site}} 或{{end}}到原受理点重新提交。编号不变。{{end}}
{{define "text.en"}}Your application {{.Number}} ({{.OperationEN}}) was returned for correction.{{if .Note}}
The reviewer says: {{.Note}}{{end}}

Next: mend what was found and hand it in again {{if .Site}}at {{.Site}} or {{end}}where you applied. The number stays the same.{{end}}`

	wordsRejected = `{{define "subject.zh"}}您的{{.OperationZH}}申请 {{.Number}} 未通过审核{{end}}{{define "subject.en"}}Your application {{.Number}} ({{.OperationEN}}) was rejected{{end}}
{{define "text.zh"}}您好：

您的{{.OperationZH}}申请（编号 {{.Number}}）未通过审核。{{if .Note}}
审核意见：{{.Note}}{{end}}

下一步：如有疑问，请凭编号{{if .Site}}在 {{.Site}} 或{{end}}向原受理点咨询；情况变化后可以重新申请。{{end}}
{{define "text.en"}}Your application {{.Number}} ({{.OperationEN}}) was rejected.{{if .Note}}
The reviewer says: {{.Note}}{{end}}

Next: with the number, ask {{if .Site}}at {{.Site}} or {{end}}where you applied. You may apply again when things have changed.{{end}}`

	wordsIssued = `{{define "subject.zh"}}您的{{.OperationZH}}申请 {{.Number}} 已办理{{end}}{{define "subject.en"}}Your application {{.Number}} ({{.OperationEN}}) is done{{end}}
{{define "text.zh"}}您好：

您的{{.OperationZH}}申请（编号 {{.Number}}）已办理。

下一步：涉及新证书的，请凭编号到受理点领取，或按受理点提供的一次性领取码下载；其他申请已经生效，无需再办。{{if .Site}}办理进展可在 {{.Site}} 查看。{{end}}
如果这不是您本人的申请，请立即联系受理点。{{end}}
{{define "text.en"}}Your application {{.Number}} ({{.OperationEN}}) is done.

Next: fetch a new certificate where you applied, with the number, or download it with the one-time code you were given there; everything else is in force already.{{if .Site}} You can look how it stands at {{.Site}}.{{end}}
If you did not apply, tell the office at once.{{end}}`

	wordsExpiry = `{{define "subject.zh"}}您的证书将于 {{.Date}} 到期（还有 {{.Days}} 天）{{end}}{{define "subject.en"}}Your certificate ends on {{.Date}} (in {{.Days}} days){{end}}
{{define "text.zh"}}您好：

您的证书将于 {{.Date}} 到期。
证书名称：{{.Name}}
序列号：{{.Serial}}

下一步：请在到期前办理更新，{{if .Site}}登录 {{.Site}} 或{{end}}到受理点均可。到期后证书不能再用于登录和签名。附件可导入日历。{{end}}
{{define "text.en"}}Your certificate ends on {{.Date}}.
Name: {{.Name}}
Serial number: {{.Serial}}

Next: have it renewed before then, {{if .Site}}at {{.Site}} or {{end}}at the office. Afterwards it can be used neither to log in nor to sign. The attachment is for your calendar.{{end}}`
)

// The codes and confirmations of self-service.
const (
	wordsLossCode = `{{define "subject.zh"}}证书挂失验证码{{end}}{{define "subject.en"}}Code to report a loss{{end}}
{{define "text.zh"}}您正在办理证书挂失，验证码：{{.code}}，{{.minutes}} 分钟内有效。验证后您的证书将立即冻结。如非本人操作，请勿将验证码告诉任何人。{{end}}
{{define "text.en"}}The code for your report of loss is {{.code}}, good for {{.minutes}} minutes. With it your certificates are frozen at once. If you did not ask for it, tell it to nobody.{{end}}`

	wordsContactCode = `{{define "subject.zh"}}联系方式变更验证码{{end}}{{define "subject.en"}}Code to change your contact data{{end}}
{{define "text.zh"}}您正在变更联系方式（{{.field}}），验证码：{{.code}}，{{.minutes}} 分钟内有效。如非本人操作，请勿将验证码告诉任何人。{{end}}
{{define "text.en"}}The code to change your contact data ({{.field}}) is {{.code}}, good for {{.minutes}} minutes. If you did not ask for it, tell it to nobody.{{end}}`

	wordsContactChanged = `{{define "subject.zh"}}您的联系方式已变更{{end}}{{define "subject.en"}}Your contact data have changed{{end}}
{{define "text.zh"}}您在本机构登记的联系方式（{{.field}}）已变更。{{if ne .days "0"}}{{.days}} 天内，挂失验证码仍会同时发送到变更前的手机或邮箱。{{end}}如非本人操作，请立即联系受理点并挂失证书。{{end}}
{{define "text.en"}}Your contact data ({{.field}}) have been changed. {{if ne .days "0"}}For {{.days}} days codes to report a loss go to the phone or mail of before as well. {{end}}If it was not you, call the office at once and report your certificate lost.{{end}}`

	wordsFrozen = `{{define "subject.zh"}}您的证书已挂失冻结{{end}}{{define "subject.en"}}Your certificates are frozen{{end}}
{{define "text.zh"}}根据您的挂失申请，{{.count}} 张证书已申请冻结。下一步：请携带有效证件到受理点确认挂失或恢复使用。如非本人操作，请立即联系受理点。{{end}}
{{define "text.en"}}After your report of loss, {{.count}} certificates are frozen. Next: come to the office with your papers to confirm the loss or to take it back. If it was not you, call the office at once.{{end}}`
)

// noticeWords reads the mails of all kinds, once: they are part of the program.
var noticeWords = sync.OnceValues(func() (map[string]*notice.Template, error) {
	state := []string{"Number", "OperationZH", "OperationEN", "Note", "Site"}
	all := map[string]*notice.Template{}
	for _, t := range []struct {
		kind, source string
		fields       []string
	}{
		{noticeReturned, wordsReturned, state}, {noticeRejected, wordsRejected, state}, {noticeIssued, wordsIssued, state},
		{noticeExpiry, wordsExpiry, []string{"Date", "Days", "Name", "Serial", "Site"}},
		{MessageLossCode, wordsLossCode, []string{"code", "minutes"}}, {MessageContactCode, wordsContactCode, []string{"code", "minutes", "field"}},
		{MessageContactChanged, wordsContactChanged, []string{"field", "days"}}, {MessageFrozen, wordsFrozen, []string{"count"}},
	} {
		parsed, err := notice.ParseTemplate(t.kind, t.source, t.fields...)
		if err != nil {
			return nil, err
		}
		all[t.kind] = parsed
	}
	return all, nil
})

// operationWords are an operation in Chinese and English.
func operationWords(o Operation) [2]string {
	switch o {
	case Issue:
		return [2]string{"证书签发", "new certificate"}
	case Renew:
		return [2]string{"证书更新", "renewal"}
	case Reissue:
		return [2]string{"证书补发", "re-issue"}
	case Modify:
		return [2]string{"证书变更", "changed data"}
	case Revoke:
		return [2]string{"证书吊销", "revocation"}
	case Freeze:
		return [2]string{"证书冻结", "freezing"}
	case Unfreeze:
		return [2]string{"证书解冻", "release"}
	case Cancel:
		return [2]string{"注销", "cancellation"}
	}
	return [2]string{"", string(o)}
}
