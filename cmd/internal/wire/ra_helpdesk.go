package wire

import (
	"context"
	"time"

	"onecert/helpdesk"
	"onecert/ra"
)

// openDesk opens the service desk, in the registration's database and under its key: who
// works there has a post in the tree.
func (p *RAProcess) openDesk(ctx context.Context, room ra.Config) (err error) {
	p.Desk, err = helpdesk.New(ctx, helpdesk.Config{DB: p.database, Audit: p.Audit, Places: p.Registration, Sealer: room.Sealer, Outbox: p.box,
		Quiet: days(p.config.Desk.WaitingDays), Silent: days(p.config.Desk.SilentDays), Keep: days(p.config.Desk.KeepDays), Now: p.options.now(), Random: p.options.Random, Log: p.options.log()})
	return err
}

func days(n int) time.Duration { return time.Duration(n) * 24 * time.Hour }

// keepDesk closes and erases what has come to its time, until ctx ends.
func (p *RAProcess) keepDesk(ctx context.Context) { _ = p.Desk.Run(ctx) }
