package ra

import (
	"context"
	"fmt"
	"sync"
	"time"

	"onecert/officer"
	"onecert/serve"
)

// linkWatch remembers how the links of this process are; what it forgets at an end it
// hears again within seconds.
type linkWatch struct {
	mu     sync.Mutex
	worked time.Time
	failed error
	nodes  map[string]time.Time
}

func (l *linkWatch) tried(at time.Time, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.failed = err; err == nil {
		l.worked = at
	}
}

func (l *linkWatch) fault() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.failed
}

// heard notes that a counter's process has called.
func (r *Registration) heard(node string) {
	r.link.mu.Lock()
	defer r.link.mu.Unlock()
	if r.link.nodes == nil {
		r.link.nodes = map[string]time.Time{}
	}
	r.link.nodes[node] = r.cfg.Now()
}

// Links is how this process stands with those above and below.
type Links struct {
	Above *LinkAbove  `json:"above,omitempty" doc:"where this is a counter with a process of its own"`
	Below []LinkBelow `json:"below"`
	After string      `json:"after,omitempty" doc:"where the list of those below goes on"`
}

// LinkAbove is a counter's link.
type LinkAbove struct {
	Works     bool      `json:"works"`
	Worked    time.Time `json:"worked,omitzero" doc:"when it worked last, since this process runs"`
	Waiting   int       `json:"waiting" doc:"changes that the registration above does not have yet"`
	Review    int       `json:"review" doc:"applications under review above, as last heard"`
	Conflicts int       `json:"conflicts" doc:"applications on which a person has to decide"`
}

// LinkBelow is a counter with a process of its own, as heard here.
type LinkBelow struct {
	Node  string    `json:"node"`
	Heard time.Time `json:"heard,omitzero" doc:"since this process runs"`
}

// Links tells an officer how the links are.
func (r *Registration) Links(ctx context.Context, q ListQuery) (*Links, error) {
	s, err := r.enter(ctx, officer.ReadTree)
	if err != nil {
		return nil, err
	}
	if err := checkText("search", q.After); err != nil {
		return nil, err
	}
	find := search{args: r.belowOf(s)}
	page, err := leaf(ctx, r, q, scanText, &find, linkedBelow+find.is(" AND id > ?", q.After)+" ORDER BY id", func(id string) string { return id })
	if err != nil {
		return nil, err
	}
	l, err := r.links(ctx, page.Items)
	if err == nil {
		l.After = page.After
	}
	return l, err
}

// linkedBelow are the offices of a scope with a process of their own.
const linkedBelow = "SELECT id FROM ra_node WHERE path >= $1 AND path < $2 AND site <> '' AND state = 'active' AND id <> $3"

func (r *Registration) belowOf(s scope) []any { return []any{s.from(), s.to(), r.cfg.Home.ID} }

// links tells how the link above is, and those of some offices below.
func (r *Registration) links(ctx context.Context, below []string) (l *Links, err error) {
	l = &Links{Below: []LinkBelow{}}
	if r.cfg.Upstream != nil {
		if l.Above, err = r.linkAbove(ctx); err != nil {
			return nil, err
		}
	}
	r.link.mu.Lock()
	defer r.link.mu.Unlock()
	for _, id := range below {
		l.Below = append(l.Below, LinkBelow{id, r.link.nodes[id]})
	}
	return l, nil
}

func (r *Registration) linkAbove(ctx context.Context) (*LinkAbove, error) {
	r.link.mu.Lock()
	l := &LinkAbove{Works: r.link.failed == nil && !r.link.worked.IsZero(), Worked: r.link.worked}
	r.link.mu.Unlock()
	for to, query := range map[*int]string{
		&l.Waiting: `SELECT (SELECT count(*) FROM ra_link WHERE waiting = 1) + (SELECT count(DISTINCT c.application) FROM ra_change c JOIN ra_application a ON a.id = c.application
			LEFT JOIN ra_link l ON l.application = a.id WHERE c.number > coalesce((SELECT number FROM ra_link_position WHERE side = 'up'), 0) AND a.version <> coalesce(l.version, 0))`,
		&l.Review:    "SELECT count(*) FROM ra_place WHERE node = '" + r.cfg.Home.ID + "' AND state = 'submitted'",
		&l.Conflicts: "SELECT count(*) FROM ra_application WHERE conflict <> ''",
	} {
		if err := r.cfg.DB.Read().QueryRowContext(ctx, query).Scan(to); err != nil {
			return nil, fmt.Errorf("looking at the link: %w", err)
		}
	}
	return l, nil
}

// From when on a link that does not work asks for a look, and for one now.
const (
	linkLate = 10 * time.Minute
	linkDown = 4 * time.Hour
)

// LinkHealth are the items of health of the links.
func (r *Registration) LinkHealth(ctx context.Context) []serve.Item {
	below, err := collect(ctx, r.cfg.DB.Read(), scanText, linkedBelow+" ORDER BY id", r.belowOf(scope{node: r.cfg.Home})...)
	if err != nil {
		return []serve.Item{{Name: "link", Level: serve.Failing, Says: "link.unknown"}}
	}
	l, err := r.links(ctx, below)
	if err != nil {
		return []serve.Item{{Name: "link", Level: serve.Failing, Says: "link.unknown"}}
	}
	var items []serve.Item
	if a := l.Above; a != nil {
		items = append(items, r.linkItem("link.above", a.Worked, ""),
			serve.Item{Name: "link.waiting", Level: serve.Fine, Says: "link.waiting", Value: float64(a.Waiting), Metric: "ra_link_waiting"},
			serve.Item{Name: "link.conflicts", Level: levelOf(a.Conflicts > 0), Says: "link.conflicts", Value: float64(a.Conflicts), Metric: "ra_link_conflicts"})
	}
	for _, b := range l.Below {
		items = append(items, r.linkItem("link."+b.Node, b.Heard, b.Node))
	}
	return items
}

func levelOf(look bool) serve.Level {
	if look {
		return serve.Warning
	}
	return serve.Fine
}

// linkItem is how long a link has not worked. One never heard of is late, not down: the
// process may just have begun.
func (r *Registration) linkItem(name string, worked time.Time, node string) serve.Item {
	item := serve.Item{Name: name, Level: serve.Warning, Says: "link.never", Unit: "seconds", Metric: "ra_link_age_seconds", Labels: map[string]string{"node": node}}
	if worked.IsZero() {
		return item
	}
	age := max(0, r.cfg.Now().Sub(worked))
	item.Value, item.Says, item.Level = age.Seconds(), "link.age", serve.Fine
	if age > linkDown {
		item.Level = serve.Failing
	} else if age > linkLate {
		item.Level = serve.Warning
	}
	return item
}
