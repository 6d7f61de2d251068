package main

import (
	"context"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"onecert/cmd/internal/wire"
	"onecert/ra"
)

// raStatisticsCommand is figures of one's subtree, on the screen or as a file.
func raStatisticsCommand(io *console) *cobra.Command {
	show := raFiguresCommand(io)
	return io.group("statistics", "cmd.ra.statistics", show, raFiguresFileCommand(io))
}

// figuresFlags are the words figures are selected with.
type figuresFlags struct {
	ra.StatisticsQuery
	by []string
}

func (f *figuresFlags) flags(io *console, command *cobra.Command) {
	flags := command.Flags()
	flags.StringVar(&f.Node, "node", "", io.text("flag.ra.below"))
	flags.StringVar(&f.From, "from", "", io.text("flag.ra.from"))
	flags.StringVar(&f.To, "to", "", io.text("flag.ra.to"))
	flags.StringSliceVar(&f.by, "by", nil, io.text("flag.ra.by"))
}

func (f *figuresFlags) query() ra.StatisticsQuery {
	f.By = vocabulary[ra.By](f.by)
	return f.StatisticsQuery
}

func raFiguresCommand(io *console) *cobra.Command {
	f := &figuresFlags{}
	command := asks(io, worded{"show", "cmd.ra.statistics.show", []string{"onecert ra statistics show --from 2026-01-01 --by month,kind"}},
		func(ctx context.Context, s *wire.Session, _ []string) (*ra.Statistics, error) {
			return s.RA.Statistics(ctx, f.query())
		}, func(p *printer, all *ra.Statistics) {
			p.line(0, "%s", p.text("ra.statistics.of", all.Node, all.From, all.To))
			for _, part := range []struct {
				key     string
				figures []ra.Figure
			}{{"ra.statistics.happened", all.Happened}, {"ra.statistics.standing", all.Standing}, {"ra.statistics.ending", all.Ending}} {
				p.line(0, "%s", p.text(part.key))
				p.figures(part.figures)
			}
		})
	f.flags(io, command)
	return command
}

func (p *printer) figures(all []ra.Figure) {
	tabulate(p, all, "node name period operation kind event times waited", func(f ra.Figure) []string {
		waited := ""
		if f.Waited > 0 {
			waited = (time.Duration(f.Waited) * time.Millisecond).Round(time.Second).String()
		}
		return []string{f.Node, f.Name, f.Period, string(f.Operation), string(f.Kind), f.Event, strconv.FormatInt(f.Times, 10), waited}
	})
}

func raFiguresFileCommand(io *console) *cobra.Command {
	f := &figuresFlags{}
	var form string
	command := writes(io, worded{"file", "cmd.ra.statistics.file", []string{"onecert ra statistics file --by month --out figures.xlsx"}},
		func(ctx context.Context, s *wire.Session, _ []string) ([]byte, error) {
			return s.RA.StatisticsFile(ctx, f.query(), form, io.lang)
		})
	f.flags(io, command)
	command.Flags().StringVar(&form, "form", "xlsx", io.text("flag.ra.sheet"))
	return command
}
