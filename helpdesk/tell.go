package helpdesk

import (
	"context"
	"database/sql"
	"fmt"

	"onecert/notice"
	"onecert/pki"
)

// The mails of the desk. They name the ticket and say that there is something to read;
// what it says stays where people identify themselves.
const (
	mailOpened = `{{define "subject.zh"}}已受理您的服务请求 {{.Number}}{{end}}{{define "subject.en"}}We have your request {{.Number}}{{end}}
{{define "text.zh"}}您好：

您的服务请求已受理，编号 {{.Number}}，预计在 {{.Due}} 前办结。请妥善保管提交时显示的查询码，凭编号和查询码可随时查看进展。{{end}}
{{define "text.en"}}Your request has the number {{.Number}} and is to be resolved by {{.Due}}. With the number and the code that was shown to you, you can look how it goes at any time.{{end}}`
	mailAnswered = `{{define "subject.zh"}}您的服务请求 {{.Number}} 有新答复{{end}}{{define "subject.en"}}There is an answer to your request {{.Number}}{{end}}
{{define "text.zh"}}您好：

您的服务请求 {{.Number}} 有新的答复，请登录自助服务查看。预计办结时间：{{.Due}}。{{end}}
{{define "text.en"}}There is an answer to your request {{.Number}}. Please read it in the self-service. It is to be resolved by {{.Due}}.{{end}}`
	mailAsked = `{{define "subject.zh"}}您的服务请求 {{.Number}} 需要您补充信息{{end}}{{define "subject.en"}}Your request {{.Number}} needs a word from you{{end}}
{{define "text.zh"}}您好：

办理您的服务请求 {{.Number}} 需要您补充信息，请登录自助服务回复。收到回复前，办理时限暂停计算。{{end}}
{{define "text.en"}}To go on with your request {{.Number}} we need to know more. Please reply in the self-service; until then its deadline stands still.{{end}}`
	mailResolved = `{{define "subject.zh"}}您的服务请求 {{.Number}} 已办结{{end}}{{define "subject.en"}}Your request {{.Number}} is resolved{{end}}
{{define "text.zh"}}您好：

您的服务请求 {{.Number}} 已办结。如问题仍未解决，直接回复即可重新办理；也欢迎您作出评价。{{end}}
{{define "text.en"}}Your request {{.Number}} is resolved. If the trouble goes on, reply and it is taken up again; and please tell us how we did.{{end}}`
)

// templates reads the mails, by event.
func templates() (map[Event]*notice.Template, error) {
	all := map[Event]*notice.Template{}
	for event, source := range map[Event]string{opening: mailOpened, Answer: mailAnswered, Ask: mailAsked, Resolve: mailResolved} {
		t, err := notice.ParseTemplate("desk."+string(event), source, "Number", "Due")
		if err != nil {
			return nil, err
		}
		all[event] = t
	}
	return all, nil
}

// tell posts the mail of an event, as part of it, where the person has left an address.
func (d *Desk) tell(ctx context.Context, tx *sql.Tx, t *Ticket, a act) error {
	template := d.mails[a.event]
	if template == nil || d.cfg.Outbox == nil || !d.cfg.Outbox.Has(notice.Mail) {
		return nil
	}
	d.reveal(t)
	if t.Contact == "" {
		return nil
	}
	to, err := notice.ParseAddress(t.Contact)
	if err != nil {
		return pki.Errorf(pki.Internal, "desk.contact", "the ticket's address was accepted and is none").Because(err)
	}
	message, err := template.Render(map[string]string{"Number": t.Number, "Due": t.Due.In(d.cfg.Hours.Zone).Format("2006-01-02 15:04")})
	if err != nil {
		return err
	}
	_, err = d.cfg.Outbox.Post(ctx, tx, notice.Notice{Key: fmt.Sprintf("desk/%s/%d", t.Number, t.Version), Kind: "desk." + string(a.event),
		Channel: notice.Mail, To: to, Thread: "desk/" + t.Number, Message: message})
	return err
}
