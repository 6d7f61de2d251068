package policy

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"

	"onecert/pki"
)

// The reference judges Rules as they are written, one after the other, with the plainest
// means there are: regular expressions, the calendar of package time, loops. It shares
// nothing with Compile and Decide but the types.

type third int // of three-valued logic

const (
	falseThird third = iota
	unknownThird
	trueThird
)

type reference struct {
	rules *Rules
	r     *Request
	s     *Subject
	fixed bool // judge only what another login does not change; the rest may hold
}

func referenceDecide(rules *Rules, r *Request) Decision {
	x := &reference{rules: rules, r: r, s: r.Subject}
	if x.s == nil {
		x.s = &Subject{}
	}
	if fault := faultOf(r, x.s); fault != "" {
		return Decision{Reason: ReasonFault, Fault: fault}
	}
	missing := Level(0)
	for _, rule := range rules.Rules {
		if rule.Disabled {
			continue
		}
		if !x.matches(&rule) {
			if level := x.couldAllow(&rule); level > 0 && (missing == 0 || level < missing) {
				missing = level
			}
			continue
		}
		d := Decision{Allowed: rule.Effect == Allow, Reason: ReasonRule, Rule: rule.ID, Name: rule.Name}
		switch {
		case rule.Effect == Deny:
			d.Missing = missing
		case x.s.Level < rule.RequireLevel:
			d.Allowed, d.Reason, d.Missing = false, ReasonLevel, rule.RequireLevel
		}
		return d
	}
	if rules.Default == Allow {
		return Decision{Allowed: true, Reason: ReasonDefault}
	}
	return Decision{Reason: ReasonDefault, Missing: missing}
}

func (x *reference) matches(rule *Rule) bool {
	if x.all(&rule.When) != trueThird {
		return false
	}
	for i := range rule.Except {
		if out := x.all(&rule.Except[i]); out == trueThird || out == unknownThird && rule.Effect == Allow {
			return false
		}
	}
	return true
}

// couldAllow is the level of the weakest login that the rule might allow, above the
// subject's, 0 for none.
func (x *reference) couldAllow(rule *Rule) Level {
	if rule.Effect != Allow {
		return 0
	}
	fixed := *x
	fixed.fixed = true
	for _, one := range fixed.each(&rule.When) {
		if one.settled && one.is != trueThird {
			return 0
		}
	}
	for i := range rule.Except {
		stays := true
		for _, one := range fixed.each(&rule.Except[i]) {
			stays = stays && one.settled && (one.is == trueThird || one.is == unknownThird)
		}
		if stays {
			return 0
		}
	}
	best := Level(0)
	for _, login := range Logins() {
		level := login.Level()
		if level > x.s.Level && x.loginFits(rule, login) && (best == 0 || level < best) {
			best = level
		}
	}
	if least := x.leastOf(rule); best > 0 && least <= x.s.Level {
		return 0 // what is there is enough in level, so it fails for another reason
	}
	return best
}

func (x *reference) leastOf(rule *Rule) Level {
	best := Level(99)
	for _, login := range Logins() {
		if x.loginFits(rule, login) {
			best = min(best, login.Level())
		}
	}
	return best
}

func (x *reference) loginFits(rule *Rule, login Login) bool {
	w, level := &rule.When, login.Level()
	if level < rule.RequireLevel || level < w.LeastLevel || len(w.Logins) > 0 && !slices.Contains(w.Logins, login) {
		return false
	}
	if level < LevelPassword && (w.Users != nil || w.Groups != nil || w.Units != nil || w.Lists != nil) {
		return false
	}
	if level < LevelCertificate {
		if w.Subject != nil || w.Issuer != nil || w.Profiles != nil || w.Policies != nil || w.Suites != nil {
			return false
		}
		if w.Lists != nil && !slices.ContainsFunc(w.Lists, func(name string) bool { return len(x.rules.Lists[name].Users) > 0 }) {
			return false
		}
	}
	for _, e := range rule.Except {
		plain := e
		plain.LeastLevel, plain.Logins = 0, nil
		if fmt.Sprint(plain) == fmt.Sprint(Conditions{}) && level >= e.LeastLevel && (len(e.Logins) == 0 || slices.Contains(e.Logins, login)) {
			return false
		}
	}
	return true
}

type judgedThird struct {
	is      third
	settled bool
}

func (x *reference) all(c *Conditions) third {
	answer := trueThird
	for _, one := range x.each(c) {
		answer = min(answer, one.is)
	}
	return answer
}

func (x *reference) each(c *Conditions) (all []judgedThird) {
	cert, user := x.s.Certificate != nil, x.s.User != ""
	add := func(given bool, settled bool, is third) {
		if given {
			all = append(all, judgedThird{is, settled})
		}
	}
	add(c.Applications != nil, true, in(c.Applications, x.r.Application))
	add(len(c.Protocols) > 0, true, in(c.Protocols, x.r.Protocol))
	add(c.Methods != nil, true, in(c.Methods, x.r.Method))
	add(c.Hosts != nil, true, x.host(c.Hosts))
	add(c.Paths != nil, true, x.path(c))
	add(c.Addresses != nil || c.Networks != nil, true, x.address(c))
	add(c.Times != nil, true, x.times(c.Times))
	login := x.s.Login
	if login == "" {
		login = LoginAnonymous
	}
	add(c.LeastLevel > 0, false, truth(x.s.Level >= c.LeastLevel))
	add(len(c.Logins) > 0, false, in(c.Logins, login))
	add(c.Users != nil, user, in(c.Users, x.s.User))
	add(c.Groups != nil, user, x.any(user, c.Groups, x.s.Groups))
	add(c.Units != nil, cert, x.units(c.Units))
	add(c.Lists != nil, cert, x.lists(c.Lists))
	var subject, issuer pki.Name
	var profile string
	var policies []string
	var suite pki.Suite
	if cert {
		own := x.s.Certificate
		subject, issuer, profile, policies, suite = own.Subject, own.Issuer, own.Profile, own.Policies, own.Suite
	}
	for _, a := range c.Subject {
		add(true, cert, x.attribute(a, subject))
	}
	for _, a := range c.Issuer {
		add(true, cert, x.attribute(a, issuer))
	}
	add(c.Profiles != nil, cert, in(c.Profiles, profile))
	add(c.Policies != nil, cert, x.any(cert, c.Policies, policies))
	add(len(c.Suites) > 0, cert, x.any(cert, texts(c.Suites), []string{string(suite)}))
	return all
}

func truth(holds bool) third {
	if holds {
		return trueThird
	}
	return falseThird
}

func in[T ~string](wanted []T, value T) third {
	if value == "" {
		return unknownThird
	}
	return truth(slices.Contains(wanted, value))
}

func (x *reference) any(known bool, wanted, values []string) third {
	if !known {
		return unknownThird
	}
	return truth(slices.ContainsFunc(values, func(value string) bool { return slices.Contains(wanted, value) }))
}

func (x *reference) host(wanted []string) third {
	if x.r.Host == "" {
		return unknownThird
	}
	return truth(slices.ContainsFunc(wanted, func(host string) bool {
		return host == x.r.Host || strings.HasPrefix(host, "*.") && strings.HasSuffix(x.r.Host, host[1:])
	}))
}

// expression writes a pattern as a regular expression, for one segment or for anything.
func expression(source, many, one string) string {
	var b strings.Builder
	runes := []rune(source)
	for i := 0; i < len(runes); i++ {
		switch r := runes[i]; {
		case r == '\\' && i+1 < len(runes):
			i++
			b.WriteString(regexp.QuoteMeta(string(runes[i])))
		case r == '*':
			b.WriteString(many)
		case r == '?':
			b.WriteString(one)
		default:
			b.WriteString(regexp.QuoteMeta(string(r)))
		}
	}
	return b.String()
}

func placeHolds(source, at string, fold bool) bool {
	source = strings.TrimSuffix(source, "/")
	tail := ""
	if rest, below := strings.CutSuffix(source, "/**"); below {
		source, tail = rest, "(/.*)?"
	}
	flags := "(?s)"
	if fold {
		flags = "(?si)"
	}
	return regexp.MustCompile(flags + "^" + expression(source, "[^/]*", "[^/]") + tail + "$").MatchString(at)
}

func (x *reference) path(c *Conditions) third {
	if x.r.Protocol == ProtocolTCP || x.r.Protocol == ProtocolVPN {
		return unknownThird
	}
	at := strings.TrimSuffix(regexp.MustCompile(";[^/]*").ReplaceAllString(x.r.Path, ""), "/")
	return truth(slices.ContainsFunc(c.Paths, func(source string) bool { return placeHolds(source, at, c.PathsIgnoreCase) }))
}

func (x *reference) units(wanted []string) third {
	units := x.s.Units
	if len(units) == 0 && x.s.Certificate != nil {
		units = x.s.Certificate.Units
	}
	if len(units) == 0 {
		return unknownThird
	}
	at := "/" + strings.Join(units, "/")
	return truth(slices.ContainsFunc(wanted, func(source string) bool { return placeHolds("/"+source, at, true) }))
}

func (x *reference) address(c *Conditions) third {
	all := slices.Clone(c.Addresses)
	for _, name := range c.Networks {
		all = append(all, x.rules.Networks[name]...)
	}
	a := x.r.Address.Unmap()
	return truth(slices.ContainsFunc(all, func(text string) bool {
		if first, last, two := strings.Cut(text, "-"); two {
			from, to := netip.MustParseAddr(first), netip.MustParseAddr(last)
			return a.BitLen() == from.BitLen() && from.Compare(a) <= 0 && a.Compare(to) <= 0
		}
		if strings.Contains(text, "/") {
			return netip.MustParsePrefix(text).Contains(a)
		}
		return netip.MustParseAddr(text) == a
	}))
}

func (x *reference) times(windows []Window) third {
	return truth(slices.ContainsFunc(windows, x.open))
}

func (x *reference) open(w Window) bool {
	name := w.TimeZone
	if name == "" {
		name = "Asia/Shanghai"
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return false
	}
	at := x.r.At.In(zone)
	clock := at.Format("15:04")
	from, to := w.From, w.To
	if from == "" {
		from = "00:00"
	}
	if to == "" {
		to = "24:00"
	}
	today := x.day(w, at)
	if from < to {
		return from <= clock && clock < to && today
	}
	yesterday := x.day(w, time.Date(at.Year(), at.Month(), at.Day()-1, 12, 0, 0, 0, time.UTC))
	return clock >= from && today || clock < to && yesterday
}

func (x *reference) day(w Window, at time.Time) bool {
	date := at.Format(time.DateOnly)
	if w.FirstDay != "" && date < w.FirstDay || w.LastDay != "" && date > w.LastDay {
		return false
	}
	weekday := strings.ToLower(at.Weekday().String()[:3])
	if len(w.Weekdays) > 0 && !slices.Contains(w.Weekdays, weekday) {
		return false
	}
	if w.Days == "" {
		return true
	}
	calendar := x.rules.Calendars[w.Calendar]
	within := func(texts []string) bool {
		return slices.ContainsFunc(texts, func(text string) bool {
			first, last, two := strings.Cut(text, "/")
			if !two {
				last = first
			}
			return first <= date && date <= last
		})
	}
	working := weekday != "sat" && weekday != "sun"
	if within(calendar.Holidays) {
		working = false
	}
	if within(calendar.Workdays) {
		working = true
	}
	return working == (w.Days == Working)
}

func (x *reference) lists(names []string) third {
	answer := falseThird
	for _, name := range names {
		answer = max(answer, x.list(x.rules.Lists[name]))
	}
	return answer
}

func (x *reference) list(l List) third {
	people, certificates := len(l.Users) > 0, len(l.Fingerprints)+len(l.Serials)+len(l.Names) > 0
	c := x.s.Certificate
	if people && x.s.User != "" && slices.Contains(l.Users, x.s.User) {
		return trueThird
	}
	if certificates && c != nil {
		for _, text := range l.Fingerprints {
			if strings.EqualFold(strings.ReplaceAll(text, ":", ""), c.Fingerprint) {
				return trueThird
			}
		}
		for _, entry := range l.Serials {
			if strings.EqualFold(entry.Issuer, c.Issuer.String()) && strings.TrimLeft(strings.ToLower(entry.Serial), "0") == strings.TrimLeft(string(c.Serial), "0") {
				return trueThird
			}
		}
		for _, text := range l.Names {
			if strings.EqualFold(text, c.Subject.String()) {
				return trueThird
			}
		}
	}
	if (people || certificates) && !(people && x.s.User != "") && !(certificates && c != nil) {
		return unknownThird
	}
	return falseThird
}

func (x *reference) attribute(a Attribute, name pki.Name) third {
	answer := falseThird
	if x.s.Certificate == nil {
		return unknownThird
	}
	flags := "(?s)"
	if !a.MatchCase {
		flags = "(?si)"
	}
	for _, own := range name {
		if own.Type != a.Type {
			continue
		}
		for _, source := range a.Values {
			if regexp.MustCompile(flags + "^" + expression(source, ".*", ".") + "$").MatchString(own.Value) {
				answer = trueThird
			}
		}
	}
	return answer
}
