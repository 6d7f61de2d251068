package gateway

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/csv"
	"strconv"
	"sync"
	"time"

	"onecert/db"
	"onecert/officer"
	"onecert/pki"
	"onecert/serve"
)

// statistics counts visits and handshakes, and writes the counts down each minute.
// A process that is killed loses the counts of a minute at most; the log has them.
type statistics struct {
	db    *db.DB
	now   func() time.Time
	tally tally

	mu      sync.Mutex // of writing
	pending map[figureKey]*Counts
	totals  map[figureKey]*Counts // since the start, minute 0, without users: for the metrics
	day     int64
	users   map[string]bool // counted apart on that day
}

func newStatistics(d *db.DB, now func() time.Time) *statistics {
	return &statistics{db: d, now: now, pending: map[figureKey]*Counts{}, totals: map[figureKey]*Counts{}}
}

// collect takes over what was counted.
func (s *statistics) collect() {
	taken := s.tally.take()
	for key, c := range taken {
		if key.kind == FigureUser {
			continue
		}
		total := figureKey{0, key.kind, key.name}
		if s.totals[total] == nil {
			s.totals[total] = &Counts{}
		}
		s.totals[total].add(c)
	}
	if len(s.pending)+len(taken) > maxPendingKeys { // the database is away for long
		clear(s.pending)
	}
	merge(s.pending, taken)
}

// flush writes what was counted. What cannot be written now is kept for the next time.
func (s *statistics) flush(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.collect()
	err := s.db.Tx(ctx, func(tx *sql.Tx) error {
		var failed error
		rows := rowsOf(s.pending, func(day int64, user string) string {
			name, err := s.account(ctx, tx, day, user)
			if err != nil {
				failed = err
			}
			return name
		})
		if failed != nil {
			return failed
		}
		return writeFigures(ctx, tx, rows, s.now())
	})
	if err != nil {
		s.users = nil
		return err
	}
	clear(s.pending)
	return nil
}

// account is the name a user is counted under on a day.
func (s *statistics) account(ctx context.Context, tx *sql.Tx, day int64, user string) (string, error) {
	if s.users == nil || s.day != day {
		users, err := usersOf(ctx, tx, day)
		if err != nil {
			return "", err
		}
		s.day, s.users = day, users
	}
	if !s.users[user] {
		if len(s.users) >= maxUsersAday {
			return nameOfOthers, nil
		}
		s.users[user] = true
	}
	return user, nil
}

// keep writes each minute until ctx ends, and then once more.
func (s *statistics) keep(ctx context.Context, failed func(error)) {
	tick := time.NewTicker(time.Minute)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			if err := s.flush(last); err != nil {
				failed(err)
			}
			return
		}
		if err := s.flush(ctx); err != nil && ctx.Err() == nil {
			failed(err)
		}
	}
}

// StatisticsQuery selects figures.
type StatisticsQuery struct {
	Step string    `query:"step" enum:"minute,day" default:"minute" doc:"minutes are kept for a day, days (in China) for a year"`
	Kind string    `query:"kind" enum:"application,user,page,fault,protocol,handshake" doc:"none: all but user, which is kept by the day and for who may read visits"`
	From time.Time `query:"from" doc:"by default an hour ago, or a month"`
	To   time.Time `query:"to" doc:"not included; by default now"`
}

// Statistics are figures of a time, and what is there now.
type Statistics struct {
	Step    string    `json:"step"`
	From    time.Time `json:"from"`
	To      time.Time `json:"to"`
	Live    Live      `json:"live"`
	Figures []Figure  `json:"figures"`
}

// Live is what is there at this moment.
type Live struct {
	Connections map[string]int  `json:"connections" doc:"open, by service"`
	Lost        int64           `json:"lost" doc:"lines the access log could not take, since the start"`
	Backends    []BackendStatus `json:"backends"`
}

const maxFigures = 50_000

// Statistics returns what was counted until this moment.
func (g *Gateway) Statistics(ctx context.Context, q StatisticsQuery) (*Statistics, error) {
	op := officer.ReadGateway
	if q.Kind == FigureUser {
		op = officer.ReadGatewayVisits
	}
	if _, err := g.enterOffice(ctx, op); err != nil {
		return nil, err
	}
	now := g.cfg.Now()
	q.complete(now)
	if q.Step != StepMinute && q.Step != StepDay {
		return nil, pki.Errorf(pki.Invalid, "gateway.statistics", "%.20q is no step of time", q.Step).To("write minute or day")
	}
	if err := g.statistics.flush(ctx); err != nil {
		return nil, err
	}
	figures, err := readFigures(ctx, g.cfg.DB.Read(), q, maxFigures+1)
	if err != nil {
		return nil, err
	}
	if len(figures) > maxFigures {
		return nil, pki.Errorf(pki.Invalid, "gateway.figures", "that is more than %d figures", maxFigures).To("ask for one kind, or for a shorter time")
	}
	return &Statistics{Step: q.Step, From: q.From, To: q.To, Live: g.liveNow(), Figures: figures}, nil
}

func (q *StatisticsQuery) complete(now time.Time) {
	if q.Step == "" {
		q.Step = StepMinute
	}
	if q.To.IsZero() {
		q.To = now.Add(time.Second)
	}
	if q.From.IsZero() {
		q.From = q.To.Add(-time.Hour)
		if q.Step == StepDay {
			q.From = q.To.AddDate(0, -1, 0)
		}
	}
	if q.Step == StepDay {
		q.From = dayOf(minuteOf(q.From))
	} else {
		q.From = q.From.Truncate(time.Minute)
	}
	q.From, q.To = q.From.UTC(), q.To.UTC()
}

// StatisticsFile returns the same as CSV, with a heading in zh or en.
func (g *Gateway) StatisticsFile(ctx context.Context, q StatisticsQuery, language string) ([]byte, error) {
	s, err := g.Statistics(ctx, q)
	if err != nil {
		return nil, err
	}
	heading := []string{"at", "kind", "name", "requests", "refused", "failed", "sent", "received", "mean ms", "p50 ms", "p99 ms"}
	if language != "en" {
		heading = []string{"时间", "类别", "名称", "请求数", "被拒绝", "后端故障", "发送字节", "接收字节", "平均毫秒", "中位毫秒", "99%毫秒"}
	}
	var out bytes.Buffer
	out.WriteString("\ufeff") // spreadsheets take UTF-8 for what it is
	w := csv.NewWriter(&out)
	w.Write(heading)
	for _, f := range s.Figures {
		mean := "0"
		if f.Requests > 0 {
			mean = strconv.FormatFloat(float64(f.Took)/1000/float64(f.Requests), 'f', 2, 64)
		}
		line := []string{f.At.In(china()).Format("2006-01-02 15:04:05"), f.Kind, plainCell(f.Name)}
		for _, n := range []int64{f.Requests, f.Refused, f.Failed, f.Sent, f.Received} {
			line = append(line, strconv.FormatInt(n, 10))
		}
		w.Write(append(line, mean, milliseconds(f.quantile(0.5)), milliseconds(f.quantile(0.99))))
	}
	w.Flush()
	return out.Bytes(), w.Error()
}

func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

// plainCell keeps a spreadsheet from taking a name for a formula.
func plainCell(text string) string {
	if text != "" && (text[0] == '=' || text[0] == '+' || text[0] == '-' || text[0] == '@') {
		return "'" + text
	}
	return text
}

// count puts statistics and log before whoever else watches, and keeps the counts.
func (g *Gateway) count() {
	g.statistics = newStatistics(g.cfg.DB, g.cfg.Now)
	also := g.cfg.Watch
	g.cfg.Watch = func(v Visit) {
		g.statistics.tally.visit(&v)
		if g.cfg.Access != nil {
			g.cfg.Access.Write(v)
		}
		if also != nil {
			also(v)
		}
	}
	g.counting.Go(func() {
		g.statistics.keep(g.ctx, func(err error) {
			g.cfg.Log.Warn("figures cannot be stored now; they are kept for the next minute", "error", err)
		})
	})
}

// handshake counts one that is done.
func (g *Gateway) handshake(t *serve.Transport) {
	result := t.Protocol
	if t.Resumed {
		result += " resumed"
	}
	g.statistics.tally.handshake(g.cfg.Now(), result, true)
}

// handshakeFailed counts one that failed, and remembers it.
func (g *Gateway) handshakeFailed(f Failure) {
	result := f.Protocol
	if result == "" {
		result = "-"
	}
	g.statistics.tally.handshake(g.cfg.Now(), result+": "+string(f.Cause), false)
	g.failures.add(failedHandshake(f))
}
