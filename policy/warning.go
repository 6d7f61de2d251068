package policy

import (
	"fmt"
	"math/bits"
	"slices"
	"time"
)

// Warning is something in rules that is not wrong, but hardly meant.
type Warning struct {
	Rule  string `json:"rule,omitempty"`
	Field string `json:"field,omitempty"`
	Code  string `json:"code"`
	Text  Text   `json:"text"`
}

// warner collects warnings.
type warner struct {
	set *Set
	now time.Time
	all []Warning
}

// mostWarnings is how many are told at once.
const mostWarnings = 1000

// Warnings looks for rules that can never decide, names that hold nothing, and times
// that are over. It compares rules with each other and is not for each request.
func (s *Set) Warnings(now time.Time) []Warning {
	w := &warner{set: s, now: now, all: []Warning{}}
	if s.allow {
		w.add("", "default", "default-allow", Text{"默认允许：没有规则匹配的请求都放行", "the default allows: whatever no rule matches is let in"})
	}
	w.names()
	w.calendars()
	for i, r := range s.active {
		w.rule(i, r)
	}
	return w.all
}

func (w *warner) add(rule, field, code string, text Text) {
	if len(w.all) < mostWarnings {
		w.all = append(w.all, Warning{rule, field, code, text})
	}
}

// names: lists and networks without entries, or without a rule that asks for them.
func (w *warner) names() {
	used := map[string]bool{}
	for _, r := range w.set.source.Rules {
		for _, c := range append([]Conditions{r.When}, r.Except...) {
			for _, name := range c.Lists {
				used["lists."+name] = true
			}
			for _, name := range c.Networks {
				used["networks."+name] = true
			}
			for _, window := range c.Times {
				used["calendars."+window.Calendar] = true
			}
		}
	}
	empty := map[string]bool{}
	for name, list := range w.set.source.Lists {
		empty["lists."+name] = len(list.Fingerprints)+len(list.Serials)+len(list.Users)+len(list.Names) == 0
	}
	for name, spans := range w.set.source.Networks {
		empty["networks."+name] = len(spans) == 0
	}
	for name := range w.set.source.Calendars {
		empty["calendars."+name] = false
	}
	for _, field := range sorted(empty) {
		switch {
		case !used[field]:
			w.add("", shown(field), "unused", Text{"没有规则使用", "no rule uses it"})
		case empty[field]:
			w.add("", shown(field), "empty", Text{"没有任何条目，使用它的条件不会成立", "it has no entries, so that no condition with it holds"})
		}
	}
}

// calendars: holidays are announced for one year, late in the year before.
func (w *warner) calendars() {
	year, month, _ := w.now.Date()
	for _, name := range sorted(w.set.calendars) {
		for _, wanted := range []int{year, year + 1} {
			if wanted > year && month < time.December || slices.Contains(w.set.calendars[name].years, wanted) {
				continue
			}
			w.add("", "calendars."+shown(name), "calendar-year", Text{fmt.Sprintf("没有 %d 年的节假日，按普通周计算", wanted),
				fmt.Sprintf("it has no days of %d, which count by their weekday", wanted)})
		}
	}
}

func (w *warner) rule(i int, r *rule) {
	for _, c := range r.when.conditions {
		if t, ok := c.(*times); ok && t.past(w.now) {
			w.add(r.source.ID, "when.times", "past", Text{"时间窗已经全部过去，规则不会再匹配", "all its times are over, so that the rule matches no more"})
		}
	}
	if r.allow && r.needs == never {
		w.add(r.source.ID, "when", "no-login", Text{"没有任何登录方式满足其级别、登录方式与例外，规则不会允许任何人", "no kind of login satisfies its level, logins and exceptions; it never allows anybody"})
	}
	if r.webOnly() {
		w.add(r.source.ID, "when", "protocol", Text{"TCP 和 VPN 没有路径和方法，规则不会匹配", "TCP and VPN have neither path nor method, so that the rule never matches"})
	}
	if earlier := w.shadowing(i, r); earlier != nil {
		w.add(r.source.ID, "when", "shadowed", Text{fmt.Sprintf("永远轮不到：规则 %s 在前，且匹配它匹配的一切", earlier.source.ID),
			fmt.Sprintf("never decides: rule %s stands before it and matches all it matches", earlier.source.ID)})
	}
}

// shadowing is the first rule above that matches all the rule matches. The index leaves
// few to be compared: such a rule holds for each single value of this one.
func (w *warner) shadowing(i int, r *rule) *rule {
	var rows []row
	for _, c := range r.when.conditions {
		if holding := w.set.index.holding(c); holding != nil {
			rows = append(rows, holding)
		}
	}
	for word := 0; word*64 < i; word++ {
		m := ^uint64(0)
		for _, holding := range rows {
			m &= holding[word]
		}
		for ; m != 0; m &= m - 1 {
			n := word*64 + bits.TrailingZeros64(m)
			if n >= i {
				return nil
			}
			if earlier := w.set.active[n]; earlier.fields()&^r.fields() == 0 && earlier.covers(r) {
				return earlier
			}
		}
	}
	return nil
}

// holding is the row of the clauses that hold for one of a condition's values, nil where
// the index has none.
func (ix *index) holding(c condition) row {
	switch c := c.(type) {
	case *words:
		return ix.dimensions[c.of].rows[c.set[0]]
	case *addresses:
		if len(c.spans) > 0 {
			return ix.addresses.find(c.spans[0].first)
		}
	case *attribute:
		if len(c.exact) > 0 {
			return ix.attributes[c.kind].rows[c.exact[0]]
		}
	}
	return nil
}

func (r *rule) fields() (set fieldSet) {
	for _, c := range r.when.conditions {
		set |= 1 << c.field()
	}
	return set
}

// webOnly: conditions on path or method, for protocols without them.
func (r *rule) webOnly() bool {
	web := func(p Protocol) bool { return p == ProtocolTLS || p == ProtocolTLCP }
	w := &r.source.When
	return len(w.Protocols) > 0 && !slices.ContainsFunc(w.Protocols, web) && (w.Paths != nil || w.Methods != nil)
}

// covers tells that whatever the other rule matches is matched here too. It is careful:
// a rule with exceptions is taken to cover nothing.
func (r *rule) covers(other *rule) bool {
	if len(r.except) > 0 {
		return false
	}
	for _, own := range r.when.conditions {
		if !slices.ContainsFunc(other.when.conditions, func(c condition) bool { return c.field() == own.field() && own.covers(c) }) {
			return false
		}
	}
	return true
}
