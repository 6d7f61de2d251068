package main

import (
	"context"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"onecert/cmd/internal/wire"
	"onecert/ra"
)

// raAnnouncementCommand is what the service tells everybody.
func raAnnouncementCommand(io *console) *cobra.Command {
	return io.group("announcement", "cmd.ra.announcement", raAnnouncementListCommand(io), raAnnouncementShowCommand(io), raAnnouncementProposeCommand(io), raAnnouncementWithdrawCommand(io))
}

func raAnnouncementListCommand(io *console) *cobra.Command {
	var q ra.AnnouncementQuery
	command := asks(io, worded{"list", "cmd.ra.announcement.list", []string{"onecert ra announcement list", "onecert ra announcement list --state proposed"}},
		func(ctx context.Context, s *wire.Session, _ []string) (*ra.Page[ra.Announcement], error) {
			return s.RA.Announcements(ctx, q)
		}, func(p *printer, page *ra.Page[ra.Announcement]) {
			leaf(p, page, "id state title begins until node by", func(a ra.Announcement) []string {
				return []string{a.ID, p.text("ra.announcement-state." + a.State), p.inOurs(a.TitleZH, a.TitleEN), moment(a.Begins), ended(a), a.Node, a.By}
			})
		})
	command.Flags().StringVar(&q.State, "state", "", io.text("flag.ra.announcement-state"))
	io.leafing(command, &q.After, &q.Limit)
	return command
}

func ended(a ra.Announcement) string {
	if a.Ends.IsZero() {
		return ""
	}
	return moment(a.Ends)
}

// inOurs is the text in the person's language.
func (p *printer) inOurs(zh, en string) string {
	if p.lang == "zh" {
		return zh
	}
	return en
}

func raAnnouncementShowCommand(io *console) *cobra.Command {
	return asks(io, worded{"show ID", "cmd.ra.announcement.show", []string{"onecert ra announcement show 0c4f1b9a77d20e35"}},
		func(ctx context.Context, s *wire.Session, args []string) (*ra.Announcement, error) {
			return s.RA.Announcement(ctx, args[0])
		}, func(p *printer, a *ra.Announcement) {
			for _, text := range []string{a.TitleZH, a.TextZH, "", a.TitleEN, a.TextEN} {
				for line := range strings.Lines(text + "\n") {
					p.line(0, "%s", safe(strings.TrimRight(line, "\n")))
				}
			}
			p.line(0, "%s, %s – %s, %s, %s", p.text("ra.announcement-state."+a.State), moment(a.Begins), ended(*a), a.Node, a.By)
		})
}

func raAnnouncementProposeCommand(io *console) *cobra.Command {
	var a ra.Announcement
	var begins, ends string
	command := asks(io, worded{"propose FILE-ZH FILE-EN", "cmd.ra.announcement.propose", []string{
		`onecert ra announcement propose notice-zh.txt notice-en.txt --title-zh 春节放假通知 --title-en "Holiday hours" --begins 2027-02-01 --ends 2027-02-20`}},
		func(ctx context.Context, s *wire.Session, args []string) (m *ra.Motion, err error) {
			if a.Begins, err = io.instant(begins); err != nil {
				return nil, err
			}
			if ends != "" {
				if a.Ends, err = io.lastInstant(ends); err != nil {
					return nil, err
				}
			}
			for i, to := range []*string{&a.TextZH, &a.TextEN} {
				text, err := io.readFile(args[i])
				if err != nil {
					return nil, io.doing("doing.reading", args[i], err)
				}
				*to = string(text)
			}
			return s.RA.Announce(ctx, a)
		}, (*printer).motion)
	flags := command.Flags()
	flags.StringVar(&a.TitleZH, "title-zh", "", io.text("flag.ra.title-zh"))
	flags.StringVar(&a.TitleEN, "title-en", "", io.text("flag.ra.title-en"))
	flags.StringVar(&begins, "begins", "", io.text("flag.ra.shown-from"))
	flags.StringVar(&ends, "ends", "", io.text("flag.ra.shown-until"))
	io.required(command, "title-zh", "title-en", "begins")
	return command
}

func raAnnouncementWithdrawCommand(io *console) *cobra.Command {
	var e ra.Ending
	command := asks(io, worded{"withdraw ID", "cmd.ra.announcement.withdraw", []string{`onecert ra announcement withdraw 0c4f1b9a77d20e35 --reason "moved to March"`}},
		func(ctx context.Context, s *wire.Session, args []string) (*ra.Motion, error) {
			return s.RA.TakeDown(ctx, args[0], e)
		}, (*printer).motion)
	command.Flags().StringVar(&e.Reason, "reason", "", io.text("flag.ra.why"))
	io.required(command, "reason")
	return command
}

// raWorkCommand is how much waits for the one who asks.
func raWorkCommand(io *console) *cobra.Command {
	return asks(io, worded{"work", "cmd.ra.work", []string{"onecert ra work"}},
		func(ctx context.Context, s *wire.Session, _ []string) (*ra.Work, error) { return s.RA.Work(ctx) },
		func(p *printer, w *ra.Work) {
			for _, c := range []struct {
				key string
				n   int
			}{{"drafts", w.Drafts}, {"returned", w.Returned}, {"review", w.Review}, {"losses", w.Losses}, {"issue", w.Issue}, {"deliver", w.Deliver}, {"conflicts", w.Conflicts},
				{"batches", w.Batches}, {"systems", w.Systems}, {"nodes", w.Nodes}, {"motions", w.Motions}, {"tickets", w.Tickets}, {"approvals", w.Approvals}} {
				if c.n > 0 {
					p.labelled(0, "ra.work."+c.key, strconv.Itoa(c.n))
				}
			}
			if *w == (ra.Work{At: w.At}) {
				p.line(0, "%s", p.text("ra.nothing"))
			}
		})
}
