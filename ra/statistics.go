package ra

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"onecert/db"
	"onecert/officer"
	"onecert/pki"
	"onecert/ra/internal/sheet"
)

// By is what statistics are told apart by.
type By string

// The ways.
const (
	ByNode      By = "node" // the level below: regions
	ByDay       By = "day"
	ByMonth     By = "month"
	ByKind      By = "kind"
	ByOperation By = "operation"
)

// StatisticsQuery selects figures of one's subtree.
type StatisticsQuery struct {
	Node string `query:"node" maxLength:"24" doc:"empty: one's own"`
	From string `query:"from" pattern:"^([0-9]{4}-[0-9]{2}-[0-9]{2})?$" doc:"first day, in China; empty: the first of this year"`
	To   string `query:"to" pattern:"^([0-9]{4}-[0-9]{2}-[0-9]{2})?$" doc:"last day; empty: today"`
	By   []By   `query:"by,explode" maxItems:"5" doc:"node, day or month, kind, operation"`
}

// Figure is one count.
type Figure struct {
	Node      string    `json:"node" doc:"it and everything below it"`
	Name      string    `json:"name"`
	Region    string    `json:"region,omitempty"`
	Period    string    `json:"period,omitempty" doc:"2026-11-23 or 2026-11, where asked for"`
	Operation Operation `json:"operation,omitempty"`
	Kind      Kind      `json:"kind,omitempty"`
	Event     string    `json:"event" doc:"what happened; in:STATE how many applications stand so, certificate:STATE how many certificates; ends: certificates not revoked that end in the period"`
	Times     int64     `json:"times"`
	Waited    int64     `json:"waited,omitempty" doc:"mean of the milliseconds since the event before: of approve, since it was submitted"`
}

// Statistics are figures of a period, how things stand now, and what ends when.
type Statistics struct {
	Node     string   `json:"node"`
	From     string   `json:"from"`
	To       string   `json:"to"`
	Happened []Figure `json:"happened"`
	Standing []Figure `json:"standing" doc:"now: applications in:STATE, certificates certificate:STATE"`
	Ending   []Figure `json:"ending" doc:"certificates that end, by month, from this month on for three years"`
}

// Statistics returns the figures of a subtree. They were counted as it happened, at
// each node for all below it, so that no subtree is too large to ask for.
func (r *Registration) Statistics(ctx context.Context, q StatisticsQuery) (*Statistics, error) {
	s, err := r.enter(ctx, officer.ReadStatistics)
	if err != nil {
		return nil, err
	}
	if s, err = r.narrow(ctx, s, q.Node); err != nil {
		return nil, err
	}
	span, err := r.spanOf(q)
	if err != nil {
		return nil, err
	}
	for _, by := range q.By {
		if !slices.Contains([]By{ByNode, ByDay, ByMonth, ByKind, ByOperation}, by) {
			return nil, pki.Errorf(pki.Invalid, "statistics.by", "%.20q is nothing statistics are told apart by", string(by)).To("use node, day, month, kind or operation")
		}
	}
	if span.last.Sub(span.first) > mostDays*24*time.Hour && slices.Contains(q.By, ByDay) {
		return nil, pki.Errorf(pki.Invalid, "statistics.days", "that is more than %d days", mostDays).To("ask by month, or for a shorter time")
	}
	nodes, err := r.told(ctx, s, q.By)
	if err != nil {
		return nil, err
	}
	answer := &Statistics{Node: s.node.ID, From: span.first.Format(time.DateOnly), To: span.last.Format(time.DateOnly)}
	if answer.Happened, err = r.figures(ctx, nodes, q.By, span.periods(q.By), "event <> 'ends'"); err != nil {
		return nil, err
	}
	still := slices.DeleteFunc(slices.Clone(q.By), func(by By) bool { return by == ByDay || by == ByMonth })
	if answer.Standing, err = r.figures(ctx, nodes, still, []periods{{standing, standing}}, "event <> ''"); err != nil {
		return nil, err
	}
	month := monthOf(millis(r.now()))
	answer.Ending, err = r.figures(ctx, nodes, append(still, ByMonth), []periods{{month, month + 300}}, "event = 'ends'")
	return answer, err
}

// mostDays is how many days are shown one by one.
const mostDays = 400

// told are the nodes figures are shown of: the one asked for, and those right below it.
func (r *Registration) told(ctx context.Context, s scope, by []By) (map[string]Node, error) {
	all := map[string]Node{}
	nodes, err := collect(ctx, r.cfg.DB.Read(), scanNode, "SELECT "+nodeColumns+" FROM ra_node WHERE path >= $1 AND path < $2 AND (id = $3 OR parent = $3)", s.from(), s.to(), s.node.ID)
	for _, n := range nodes {
		if n.ID == s.node.ID || slices.Contains(by, ByNode) {
			all[n.ID] = n
		}
	}
	return all, err
}

// periods are from one to another as they are kept: days, or months.
type periods struct{ from, to int64 }

// figures adds up what is kept, told apart as asked.
func (r *Registration) figures(ctx context.Context, nodes map[string]Node, by []By, of []periods, which string) ([]Figure, error) {
	column := func(name, value string, shown bool, nothing string) string {
		if shown {
			return value + " AS " + name
		}
		return nothing + " AS " + name
	}
	period, dated := "period", slices.Contains(by, ByDay) || slices.Contains(by, ByMonth)
	if slices.Contains(by, ByMonth) {
		period = "CASE WHEN period > 1000000 THEN period / 100 ELSE period END"
	}
	columns := strings.Join([]string{"node", column("period", period, dated, "0"), column("operation", "operation", slices.Contains(by, ByOperation), "''"),
		column("kind", "kind", slices.Contains(by, ByKind), "''"), "event", "times", "waited"}, ", ")
	args := []any{}
	for id := range nodes {
		args = append(args, id)
	}
	var each []string
	for _, p := range of {
		each = append(each, fmt.Sprintf("SELECT %s FROM ra_figure WHERE node IN %s AND period >= $%d AND period <= $%d AND %s", columns, db.In(1, len(nodes)),
			len(args)+1, len(args)+2, which))
		args = append(args, p.from, p.to)
	}
	text := fmt.Sprintf("SELECT node, period, operation, kind, event, SUM(times), SUM(waited) FROM (%s) f GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5", strings.Join(each, " UNION ALL "))
	all, err := collect(ctx, r.cfg.DB.Read(), func(row scanner) (f Figure, err error) {
		var at, waited int64
		err = row.Scan(&f.Node, &at, &f.Operation, &f.Kind, &f.Event, &f.Times, &waited)
		f.Period = periodText(at)
		f.Name, f.Region = nodes[f.Node].Name, nodes[f.Node].Region
		if f.Times > 0 {
			f.Waited = waited / f.Times
		}
		return f, err
	}, text, args...)
	return slices.DeleteFunc(all, func(f Figure) bool { return f.Times == 0 }), err
}

func periodText(period int64) string {
	switch {
	case period == standing:
		return ""
	case period < 1_000_000:
		return fmt.Sprintf("%04d-%02d", period/100, period%100)
	}
	return fmt.Sprintf("%04d-%02d-%02d", period/10_000, period/100%100, period%100)
}

// span is the time statistics are asked for, whole days in China.
type span struct{ first, last time.Time }

func (r *Registration) spanOf(q StatisticsQuery) (s span, err error) {
	today := r.now().In(chinaTime())
	s = span{time.Date(today.Year(), 1, 1, 0, 0, 0, 0, chinaTime()), time.Date(today.Year(), today.Month(), today.Day(), 0, 0, 0, 0, chinaTime())}
	for text, to := range map[*string]*time.Time{&q.From: &s.first, &q.To: &s.last} {
		if *text == "" {
			continue
		}
		if *to, err = time.ParseInLocation(time.DateOnly, *text, chinaTime()); err != nil {
			return s, pki.Errorf(pki.Invalid, "statistics.day", "the first or the last day is no day").To("write it like 2026-11-23")
		}
	}
	if s.last.Before(s.first) {
		return s, pki.Errorf(pki.Invalid, "statistics.day", "the last day comes before the first")
	}
	return s, nil
}

// periods are the kept periods that make it up: whole months, and the days that are left
// at its ends; only days where they are told apart.
func (s span) periods(by []By) (all []periods) {
	days := func(from, to time.Time) {
		if !to.Before(from) {
			all = append(all, periods{dayOf(millis(from)), dayOf(millis(to))})
		}
	}
	begin := time.Date(s.first.Year(), s.first.Month(), 1, 0, 0, 0, 0, chinaTime())
	if !begin.Equal(s.first) {
		begin = begin.AddDate(0, 1, 0)
	}
	day := s.last.AddDate(0, 0, 1)
	end := time.Date(day.Year(), day.Month(), 1, 0, 0, 0, 0, chinaTime()) // of the first month that is not whole any more
	if slices.Contains(by, ByDay) || !begin.Before(end) {
		days(s.first, s.last)
		return all
	}
	days(s.first, begin.AddDate(0, 0, -1))
	days(end, s.last)
	return append(all, periods{monthOf(millis(begin)), monthOf(millis(end.AddDate(0, 0, -1)))})
}

// StatisticsFile returns the figures as a file, xlsx or csv, zh or en.
func (r *Registration) StatisticsFile(ctx context.Context, q StatisticsQuery, format, language string) ([]byte, error) {
	all, err := r.Statistics(ctx, q)
	if err != nil {
		return nil, err
	}
	columns := statisticsColumns()
	var file bytes.Buffer
	err = sheet.Write(&file, sheet.Format(format), columns, sheet.Language(language), func(yield func([]string) bool) {
		for _, part := range []struct {
			name string
			rows []Figure
		}{{"happened", all.Happened}, {"standing", all.Standing}, {"ending", all.Ending}} {
			for _, f := range part.rows {
				if !yield([]string{part.name, f.Node, f.Name, f.Region, f.Period, string(f.Operation), string(f.Kind), f.Event, strconv.FormatInt(f.Times, 10),
					strconv.FormatFloat(float64(f.Waited)/1000, 'f', 1, 64)}) {
					return
				}
			}
		}
	})
	return file.Bytes(), err
}
