package ra

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"onecert/db"
)

// Filling is what a database of a country's size holds, for measuring (bench). No API
// and no command reaches it, and what it makes up is no history of anything.
type Filling struct {
	Branches, Counters         int // registrations below home, and local counters below each
	Applications, Certificates int
	Days                       int // how far back it goes
}

// Fill makes it up. It needs an empty database; nothing that is made up is signed,
// audited or counted, but for figures of a plausible number.
func (r *Registration) Fill(ctx context.Context, f Filling) error {
	b := filler{r, f, millis(r.now()), r.cfg.Home.Path}
	for _, part := range []struct {
		what string
		n    int
		text string
	}{
		{"branches", f.Branches, b.nodes("'r' || s.n", "'"+r.cfg.Home.ID+"'", "ra", "'"+b.home+"r' || s.n || '/'")},
		{"counters", f.Branches * f.Counters, b.nodes("'l' || s.n", b.branch(), "lra", b.path())},
		{"applications", f.Applications, b.applications()},
		{"places", f.Applications, b.places(b.counter())},
		{"places", f.Applications, b.places(b.branch())},
		{"places", f.Applications, b.places("'" + r.cfg.Home.ID + "'")},
		{"standings", 1, b.standings()},
		{"certificates", f.Certificates, b.certificates()},
		{"holdings", 1, b.holdings()},
		{"figures", f.Days * (1 + f.Branches + f.Branches*f.Counters), b.figures()},
	} {
		if err := b.run(ctx, part.n, part.text); err != nil {
			return fmt.Errorf("making up %s: %w", part.what, err)
		}
	}
	return nil
}

type filler struct {
	r    *Registration
	f    Filling
	now  int64
	home string
}

// filledAtOnce is how many rows share a transaction.
const filledAtOnce = 100_000

func (b *filler) run(ctx context.Context, n int, text string) error {
	for from := 0; from < n; from += filledAtOnce {
		err := b.r.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, text, from, min(n, from+filledAtOnce)-1)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// series are the numbers from the first parameter to the second.
func (b *filler) series() string {
	if b.r.cfg.DB.Dialect == db.Postgres {
		return "FROM generate_series(CAST($1 AS BIGINT), CAST($2 AS BIGINT)) AS s(n)"
	}
	return "FROM (WITH RECURSIVE s(n) AS (SELECT CAST($1 AS INTEGER) UNION ALL SELECT n + 1 FROM s WHERE n < $2) SELECT n FROM s) AS s"
}

// Where the n-th thing stands: counters in turn.
func (b *filler) counter() string {
	return fmt.Sprintf("'l' || (s.n %% %d)", b.f.Branches*b.f.Counters)
}

func (b *filler) branch() string {
	return fmt.Sprintf("'r' || (s.n %% %d / %d)", b.f.Branches*b.f.Counters, b.f.Counters)
}

func (b *filler) path() string {
	return fmt.Sprintf("'%s' || %s || '/' || %s || '/'", b.home, b.branch(), b.counter())
}

// A name of three characters; one in twelve has the commonest surname.
func (b *filler) name() string {
	return "substr('张张张张王王王李李李刘刘陈陈杨黄赵吴周徐孙马朱胡郭何林罗高郑梁谢宋唐许韩冯邓曹彭曾肖田董潘袁', 1 + CAST(s.n * 7 % 48 AS INTEGER), 1) " +
		"|| substr('伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰红梅建国文辉力志鹏飞斌波宁鑫', 1 + CAST(s.n * 31 / 48 % 41 AS INTEGER), 1) " +
		"|| substr('一子文宇浩然雨欣梓涵思琪俊杰晨曦博雅嘉怡天佑诗琳泽楷睿哲若曦', 1 + CAST(s.n * 17 / 1968 % 32 AS INTEGER), 1)"
}

func pickOf(column string, of int, cases ...any) string {
	text := "CASE"
	for i := 0; i+1 < len(cases); i += 2 {
		text += fmt.Sprintf(" WHEN %s %% %d < %v THEN '%v'", column, of, cases[i], cases[i+1])
	}
	return text + fmt.Sprintf(" ELSE '%v' END", cases[len(cases)-1])
}

func (b *filler) state() string {
	return pickOf("s.n / 311", 1000, 20, Submitted, 25, Returned, 30, Approved, 60, Draft, 62, Rejected, Delivered)
}

func (b *filler) kind() string {
	return pickOf("s.n / 7", 100, 1, Code, 5, Device, 10, Organisation, Person)
}

func (b *filler) created() string {
	return fmt.Sprintf("%d - s.n * %d", b.now, max(1, int64(b.f.Days)*86_400_000/int64(max(1, b.f.Applications))))
}

func (b *filler) nodes(id, parent, level, path string) string {
	return fmt.Sprintf(`INSERT INTO ra_node (id, parent, level, name, region, contact, rights, agreement, site, path, state, version, added_by, changed)
		SELECT %s, %s, '%s', '示例机构' || s.n, '', '', '{}', '', '', %s, 'active', 1, 'fill', %d %s`, id, parent, level, path, b.now, b.series())
}

func (b *filler) applications() string {
	return fmt.Sprintf(`INSERT INTO ra_application (id, operation, kind, profile, node, path, state, version, name, unit, fields, holder, issuer, serial, reason, key_from,
		days, single, registered_by, reviewed_by, carried_by, delivered_by, rule, batch, conflict, created, changed)
		SELECT 'f-' || s.n, 'issue', %s, 'person-sign', %s, %s, %s, 1, %s, '示例单位', '{"name":"' || %s || '","unit":"示例单位"}', 'H' || s.n, '', '', '', 'request',
		0, 0, 'fill', 'fill2', '', '', '', '', '', %s, %s %s`, b.kind(), b.counter(), b.path(), b.state(), b.name(), b.name(), b.created(), b.created(), b.series())
}

func (b *filler) places(node string) string {
	return fmt.Sprintf("INSERT INTO ra_place (node, state, kind, created, application) SELECT %s, %s, %s, %s, 'f-' || s.n %s", node, b.state(), b.kind(), b.created(), b.series())
}

// standings are how many applications stand so, at each node, from where they are listed.
func (b *filler) standings() string {
	return `INSERT INTO ra_figure (node, period, operation, kind, event, times, waited)
		SELECT node, 0, 'issue', kind, 'in:' || state, count(*), 0 FROM ra_place WHERE CAST($1 AS BIGINT) <= CAST($2 AS BIGINT) GROUP BY node, state, kind`
}

// holdings are how many certificates stand so, at each node and below it.
func (b *filler) holdings() string {
	at := func(node string) string {
		return "SELECT " + node + ", 0, '', c.kind, 'certificate:' || c.state, count(*), 0 FROM ra_certificate c JOIN ra_node n ON n.id = c.node WHERE CAST($1 AS BIGINT) <= CAST($2 AS BIGINT) GROUP BY " +
			node + ", c.kind, c.state"
	}
	return "INSERT INTO ra_figure (node, period, operation, kind, event, times, waited) " + at("n.id") + " UNION ALL " + at("n.parent") + " UNION ALL " + strings.Replace(at("n.level"), "n.level", "'"+b.r.cfg.Home.ID+"'", 1)
}

func (b *filler) certificates() string {
	serial := "substr('0000000000' || (s.n * 104729 % 10000000019), -10) || '-' || s.n"
	if b.r.cfg.DB.Dialect == db.Postgres {
		serial = "lpad((s.n * 104729 % 10000000019) :: text, 10, '0') || '-' || s.n"
	}
	life := 3 * 365 * 24 * time.Hour.Milliseconds()
	return fmt.Sprintf(`INSERT INTO ra_certificate (issuer, serial, partner, application, holder, kind, profile, name, unit, node, path, state, not_before, not_after, changed)
		SELECT 'sm2', %s, '', 'f-' || s.n, 'H' || s.n, %s, 'person-sign', %s, '示例单位', %s, %s, %s, %d - s.n * 7, %d - s.n * 7, %d %s`,
		serial, b.kind(), b.name(), b.counter(), b.path(), pickOf("s.n / 97", 1000, 1, "held", 51, "revoked", "valid"), b.now, b.now+life, b.now, b.series())
}

// figures are one of each kind and event a day and node.
func (b *filler) figures() string {
	day := fmt.Sprintf("CAST(to_char(to_timestamp(%d) - CAST((s.n %% %d) || ' days' AS INTERVAL), 'YYYYMMDD') AS INTEGER)", b.now/1000, b.f.Days)
	if b.r.cfg.DB.Dialect == db.SQLite {
		day = fmt.Sprintf("CAST(strftime('%%Y%%m%%d', %d, 'unixepoch', '-' || (s.n %% %d) || ' days') AS INTEGER)", b.now/1000, b.f.Days)
	}
	node := fmt.Sprintf("CASE WHEN s.n / %d = 0 THEN '%s' WHEN s.n / %d <= %d THEN 'r' || (s.n / %d - 1) ELSE 'l' || (s.n / %d - %d) END",
		b.f.Days, b.r.cfg.Home.ID, b.f.Days, b.f.Branches, b.f.Days, b.f.Days, b.f.Branches+1)
	return fmt.Sprintf(`INSERT INTO ra_figure (node, period, operation, kind, event, times, waited)
		SELECT day.node, day.period / q.part, o.operation, k.kind, e.event, sum(3), sum(90000) FROM (SELECT %s AS node, %s AS period %s) AS day
		CROSS JOIN (SELECT 'issue' AS operation UNION ALL SELECT 'renew') AS o
		CROSS JOIN (SELECT 'person' AS kind UNION ALL SELECT 'device') AS k
		CROSS JOIN (SELECT 'register' AS event UNION ALL SELECT 'submit' UNION ALL SELECT 'approve' UNION ALL SELECT 'issue') AS e
		CROSS JOIN (SELECT 1 AS part UNION ALL SELECT 100) AS q
		WHERE true GROUP BY 1, 2, 3, 4, 5 ON CONFLICT (node, period, operation, kind, event) DO UPDATE SET times = ra_figure.times + excluded.times`, node, day, b.series())
}
