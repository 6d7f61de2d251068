package ra

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"onecert/notice"
	"onecert/pki"
)

// smsTarget is the webhook target that delivers short messages: the gateway of the
// network's operator takes {"phone", "kind", "values"} there.
const smsTarget = "sms"

// messageLife is how long a message of self-service is worth being sent: its codes end
// sooner.
const messageLife = time.Hour

// Outward is the Messenger over the outbox: mail by the mail server, phone by the
// webhook target "sms".
func (r *Registration) Outward() Messenger { return outward{r} }

type outward struct{ r *Registration }

// Send implements Messenger.
func (o outward) Send(ctx context.Context, to Contact, kind string, values map[string]string) error {
	box := o.r.cfg.Notices.Outbox
	if box == nil {
		return pki.Errorf(pki.Unavailable, "self.messages", "this office sends no codes").To("go to a counter")
	}
	n := notice.Notice{Key: "message/" + rand.Text(), Kind: "self." + kind, Until: o.r.now().Add(messageLife)}
	switch to.By {
	case "mail":
		address, err := notice.ParseAddress(to.At)
		if err != nil {
			return err
		}
		n.Channel, n.To = notice.Mail, address
		words, err := noticeWords()
		if err != nil {
			return err
		}
		if words[kind] == nil {
			return fmt.Errorf("sending a message: there are no words for %.30q", kind)
		}
		if n.Message, err = words[kind].Render(values); err != nil {
			return err
		}
	case "phone":
		data, err := json.Marshal(map[string]any{"phone": to.At, "kind": kind, "values": values})
		if err != nil {
			return err
		}
		n.Channel, n.Data = notice.Webhook(smsTarget), data
	default:
		return fmt.Errorf("sending a message: nobody is reached by %.20q", to.By)
	}
	return o.r.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		_, err := box.Post(ctx, tx, n)
		return err
	})
}
