package policy

import "onecert/pki"

// Effect is what a rule does when it matches.
type Effect string

// The effects.
const (
	Allow Effect = "allow"
	Deny  Effect = "deny"
)

// Rules is everything a security administrator writes.
type Rules struct {
	Version int `json:"version" yaml:"version"` // 1
	// Default is what happens where no rule matches; empty: deny.
	Default   Effect              `json:"default,omitempty" yaml:"default,omitempty"`
	Calendars map[string]Calendar `json:"calendars,omitempty" yaml:"calendars,omitempty"`
	Lists     map[string]List     `json:"lists,omitempty" yaml:"lists,omitempty"`
	Networks  map[string][]string `json:"networks,omitempty" yaml:"networks,omitempty"` // addresses, CIDR, first-last
	Rules     []Rule              `json:"rules" yaml:"rules"`
}

// Rule is one line of the policy.
type Rule struct {
	ID          string `json:"id" yaml:"id"` // letters, digits, ".", "_", "-"; stands in logs
	Name        string `json:"name,omitempty" yaml:"name,omitempty"`
	Description string `json:"description,omitempty" yaml:"description,omitempty"`
	Disabled    bool   `json:"disabled,omitempty" yaml:"disabled,omitempty"`
	Effect      Effect `json:"effect" yaml:"effect"`
	// RequireLevel, in a rule that allows: who matches everything else but logged in with
	// less is denied and told what is missing.
	RequireLevel Level        `json:"require_level,omitempty" yaml:"require_level,omitempty"`
	When         Conditions   `json:"when,omitempty" yaml:"when,omitempty"`     // all have to hold; empty: always
	Except       []Conditions `json:"except,omitempty" yaml:"except,omitempty"` // none may hold
}

// Conditions hold when each one that is given does; of the values of one condition, any
// one is enough. Wildcards are "*" for any characters and "?" for one; "\" before them
// takes their meaning away.
type Conditions struct {
	Applications []string   `json:"applications,omitempty" yaml:"applications,omitempty"` // ids
	Protocols    []Protocol `json:"protocols,omitempty" yaml:"protocols,omitempty"`
	Methods      []string   `json:"methods,omitempty" yaml:"methods,omitempty"`
	Hosts        []string   `json:"hosts,omitempty" yaml:"hosts,omitempty"` // www.demo.example, *.demo.example
	// Paths are compared segment by segment, with wildcards inside a segment; "**" as the
	// last one stands for everything below: /a (exactly), /a/** (/a and below), /a/*/edit.
	Paths           []string `json:"paths,omitempty" yaml:"paths,omitempty"`
	PathsIgnoreCase bool     `json:"paths_ignore_case,omitempty" yaml:"paths_ignore_case,omitempty"`

	Addresses []string `json:"addresses,omitempty" yaml:"addresses,omitempty"` // 192.0.2.7, 192.0.2.0/24, 192.0.2.1-192.0.2.9
	Networks  []string `json:"networks,omitempty" yaml:"networks,omitempty"`   // names; together with Addresses one condition
	Times     []Window `json:"times,omitempty" yaml:"times,omitempty"`

	LeastLevel Level    `json:"least_level,omitempty" yaml:"least_level,omitempty"`
	Logins     []Login  `json:"logins,omitempty" yaml:"logins,omitempty"`
	Users      []string `json:"users,omitempty" yaml:"users,omitempty"`
	Groups     []string `json:"groups,omitempty" yaml:"groups,omitempty"`
	Units      []string `json:"units,omitempty" yaml:"units,omitempty"` // like Paths, without the first "/": 示例省/财政厅/**
	Lists      []string `json:"lists,omitempty" yaml:"lists,omitempty"` // names: the subject stands in one of them

	Subject  []Attribute `json:"subject,omitempty" yaml:"subject,omitempty"` // each has to hold
	Issuer   []Attribute `json:"issuer,omitempty" yaml:"issuer,omitempty"`   // each has to hold
	Profiles []string    `json:"profiles,omitempty" yaml:"profiles,omitempty"`
	Policies []string    `json:"policies,omitempty" yaml:"policies,omitempty"` // object identifiers
	Suites   []pki.Suite `json:"suites,omitempty" yaml:"suites,omitempty"`
}

// Attribute holds when a name has an attribute of the type with one of the values. Of
// several attributes of the type, one is enough.
type Attribute struct {
	Type   string   `json:"type" yaml:"type"`     // CN, O, OU, …; or an object identifier
	Values []string `json:"values" yaml:"values"` // with wildcards
	// MatchCase compares letters as they are. Names are compared without regard to case
	// else (X.520 caseIgnoreMatch).
	MatchCase bool `json:"match_case,omitempty" yaml:"match_case,omitempty"`
}

// Window is a time. What is not given does not bind. It is judged by the clock on the
// wall of its time zone.
type Window struct {
	Weekdays []string `json:"weekdays,omitempty" yaml:"weekdays,omitempty"` // mon … sun
	From     string   `json:"from,omitempty" yaml:"from,omitempty"`         // "08:30", included
	To       string   `json:"to,omitempty" yaml:"to,omitempty"`             // "18:00", not included; before From: the next day
	// FirstDay and LastDay are dates (2026-01-31), both included. A time that goes on over
	// midnight belongs to the day it begins on.
	FirstDay string `json:"first_day,omitempty" yaml:"first_day,omitempty"`
	LastDay  string `json:"last_day,omitempty" yaml:"last_day,omitempty"`
	TimeZone string `json:"time_zone,omitempty" yaml:"time_zone,omitempty"` // IANA name; empty: Asia/Shanghai
	Calendar string `json:"calendar,omitempty" yaml:"calendar,omitempty"`   // name; with Days
	Days     Days   `json:"days,omitempty" yaml:"days,omitempty"`
}

// Days is a kind of day of a Calendar.
type Days string

// The kinds of day.
const (
	Working Days = "working"
	Off     Days = "off"
)

// Calendar says which days are worked: Monday to Friday, but for Holidays, and Workdays
// that were moved onto a weekend.
type Calendar struct {
	Holidays []string `json:"holidays,omitempty" yaml:"holidays,omitempty"` // 2026-10-01, or 2026-10-01/2026-10-07
	Workdays []string `json:"workdays,omitempty" yaml:"workdays,omitempty"`
}

// List names people and certificates, for rules to share; black or white is what the
// rule makes of it.
type List struct {
	Fingerprints []string     `json:"fingerprints,omitempty" yaml:"fingerprints,omitempty"` // SHA-256, hex
	Serials      []ListSerial `json:"serials,omitempty" yaml:"serials,omitempty"`
	Users        []string     `json:"users,omitempty" yaml:"users,omitempty"`
	Names        []string     `json:"names,omitempty" yaml:"names,omitempty"` // whole names: C=CN, O=示例市民政局, CN=张三
}

// ListSerial is a certificate by issuer and serial.
type ListSerial struct {
	Issuer string `json:"issuer" yaml:"issuer"` // whole name: C=CN, O=…, CN=…
	Serial string `json:"serial" yaml:"serial"` // hexadecimal
}
