package ra

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"onecert/db"
	"onecert/pki"
)

// figureKey says what is counted: an event at a node and below it in a period.
type figureKey struct {
	node   string
	period int64 // 20261123, 202611, or as it stands
	// operation and kind are those of the application; a certificate has no operation.
	operation, kind, event string
}

// figure is how often, and the sum of the milliseconds since the event before.
type figure struct{ times, waited int64 }

// figures are changes of the statistics, stored with what they count.
type figures map[figureKey]figure

// The period of what is counted as it stands now, and events that are none of an
// application's: how many are in a state, and how many certificates end in a period.
const (
	standing = 0
	inState  = "in:"
	holds    = "certificate:"
	endsThen = "ends"
)

// chinaTime is where days begin: statistics are read in offices, of which all have
// this one time.
func chinaTime() *time.Location { return time.FixedZone("UTC+8", 8*60*60) }

// dayOf and monthOf are the periods of a moment, ms.
func dayOf(ms int64) int64 {
	year, month, day := time.UnixMilli(ms).In(chinaTime()).Date()
	return int64(year*10_000 + int(month)*100 + day)
}

func monthOf(ms int64) int64 { return dayOf(ms) / 100 }

func (f *figures) add(path string, periods []int64, key figureKey, by figure) {
	if *f == nil {
		*f = figures{}
	}
	for _, key.node = range nodesOf(path) {
		for _, key.period = range periods {
			was := (*f)[key]
			(*f)[key] = figure{was.times + by.times, was.waited + by.waited}
		}
	}
}

// happened counts the moments of an entry, and takes back those that gave way.
func (f *figures) happened(e *entry) {
	f.moments(e.a, e.before, e.dropped, -1)
	f.moments(e.a, e.before, e.moments, 1)
	if e.was != "" {
		f.stands(e.a, e.was, -1)
	}
	f.stands(e.a, e.a.State, 1)
}

func (f *figures) moments(a *Application, before int64, all []Moment, sign int64) {
	for _, m := range all {
		waited := int64(0)
		if before > 0 {
			waited = max(0, m.At-before)
		}
		before = m.At
		f.add(a.Path, []int64{dayOf(m.At), monthOf(m.At)}, figureKey{operation: string(a.Operation), kind: string(a.Kind), event: m.Event}, figure{sign, sign * waited})
	}
}

func (f *figures) stands(a *Application, state State, by int64) {
	f.add(a.Path, []int64{standing}, figureKey{operation: string(a.Operation), kind: string(a.Kind), event: inState + string(state)}, figure{times: by})
}

// certificate counts one of a state, and when it ends unless it was ended before.
func (f *figures) certificate(path string, kind Kind, state pki.State, notAfter int64, by int64) {
	f.add(path, []int64{standing}, figureKey{kind: string(kind), event: holds + string(state)}, figure{times: by})
	if state != pki.Revoked {
		f.add(path, []int64{dayOf(notAfter), monthOf(notAfter)}, figureKey{kind: string(kind), event: endsThen}, figure{times: by})
	}
}

// statement adds the changes to what is stored.
func (f figures) statement() db.Statement {
	var rows [][]any
	for _, k := range slices.SortedFunc(maps.Keys(f), func(x, y figureKey) int {
		return cmp.Or(cmp.Compare(x.node, y.node), cmp.Compare(x.period, y.period), cmp.Compare(x.operation, y.operation), cmp.Compare(x.kind, y.kind), cmp.Compare(x.event, y.event))
	}) {
		if by := f[k]; by != (figure{}) {
			rows = append(rows, []any{k.node, k.period, k.operation, k.kind, k.event, by.times, by.waited})
		}
	}
	return db.Into("ra_figure", []string{"node", "period", "operation", "kind", "event", "times", "waited"}, rows,
		"ON CONFLICT (node, period, operation, kind, event) DO UPDATE SET times = ra_figure.times + excluded.times, waited = ra_figure.waited + excluded.waited")
}
