package notice

import (
	"context"
	"database/sql"
	"fmt"
	"html"
	"strings"
	"time"
)

// What a digest holds at most: so many notices, so many sealed octets.
const (
	maxTogether = 50
	maxDigest   = 1 << 20
)

// pack makes parcels of what is due, and puts off what would be a flood. Webhooks go
// one by one: their receivers are machines.
func (o *Outbox) pack(ctx context.Context, w *way, found []row, now time.Time) (parcels []parcel, err error) {
	byRecipient := map[string][]row{}
	var order []string
	seen := map[int64]bool{}
	for _, r := range found {
		switch {
		case w.channel != Mail:
			parcels = append(parcels, parcel{rows: []row{r}})
		case r.lead == 0:
			if byRecipient[r.recipient] == nil {
				order = append(order, r.recipient)
			}
			byRecipient[r.recipient] = append(byRecipient[r.recipient], r)
		case !seen[r.lead]: // a digest that was tried before goes again as it was
			seen[r.lead] = true
			all, err := digest(ctx, o.cfg.DB.Read(), r.lead, now)
			if err != nil {
				return nil, err
			}
			if len(all) > 0 {
				parcels = append(parcels, parcel{all, r.lead})
			}
		}
	}
	for _, recipient := range order {
		some, err := o.packMail(ctx, byRecipient[recipient], now)
		if err != nil {
			return nil, err
		}
		parcels = append(parcels, some...)
	}
	return parcels, nil
}

// packMail makes the mails of one recipient, who gets so many an hour and no more; the
// rest waits until there is room again, and comes as one digest if it has become many.
func (o *Outbox) packMail(ctx context.Context, all []row, now time.Time) (parcels []parcel, err error) {
	before, err := recent(ctx, o.cfg.DB.Read(), all[0].recipient, now.Add(-time.Hour))
	if err != nil {
		return nil, err
	}
	room := o.cfg.Limits.PerHour - len(before)
	if room > 0 && len(all) > o.cfg.Limits.Together {
		all = fitting(all)
		return []parcel{{all, all[0].id}}, nil
	}
	for len(all) > 0 && room > 0 {
		parcels, all, room = append(parcels, parcel{rows: all[:1]}), all[1:], room-1
	}
	if len(all) == 0 {
		return parcels, nil
	}
	again := now.Add(time.Minute)
	if len(before) > 0 {
		again = before[0].Add(time.Hour + time.Second)
	}
	err = o.tx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		return later(ctx, tx, all, "limit: enough mails to this address in an hour", again)
	})
	return parcels, err
}

// fitting is the beginning of what is due that a digest holds.
func fitting(all []row) []row {
	size := 0
	for i, r := range all {
		if size += len(r.sealed); i > 0 && (size > maxDigest || i == maxTogether) {
			return all[:i]
		}
	}
	return all
}

// together is the digest of several messages, in the order they were posted.
func together(all []content) (m Message) {
	var text, page strings.Builder
	for i, c := range all {
		fmt.Fprintf(&text, "%d. %s\n\n%s\n\n", i+1, c.Message.Subject, strings.TrimSpace(c.Message.Text))
		fmt.Fprintf(&page, "<h2>%d. %s</h2>\n%s\n", i+1, html.EscapeString(c.Message.Subject), c.Message.page())
		for _, f := range c.Message.Files {
			f.Name = fmt.Sprintf("%d-%s", i+1, f.Name)
			m.Files = append(m.Files, f)
		}
	}
	m.Subject = fmt.Sprintf("您有 %d 条通知 / %d notices for you", len(all), len(all))
	m.Text, m.HTML = text.String(), page.String()
	return m
}

// page is the message as HTML: its own, or its text, escaped.
func (m Message) page() string {
	if m.HTML != "" {
		return m.HTML
	}
	var b strings.Builder
	for paragraph := range strings.SplitSeq(strings.ReplaceAll(strings.TrimSpace(m.Text), "\r\n", "\n"), "\n\n") {
		b.WriteString("<p>" + strings.ReplaceAll(html.EscapeString(paragraph), "\n", "<br>\n") + "</p>\n")
	}
	return b.String()
}
