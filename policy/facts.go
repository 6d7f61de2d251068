package policy

import (
	"net/netip"
	"time"

	"onecert/pki"
)

// facts are a request as conditions look at it. They are made for one decision and
// used again for another, so that deciding allocates nothing.
type facts struct {
	set      *Set
	subject  *Subject
	nobody   Subject
	at       time.Time
	address  netip.Addr
	host     string
	path     string            // without parameters and slash at the end
	hasPath  bool              // neither TCP nor VPN
	one      [fields][1]string // conditions with a single value
	names    []named           // attributes of subject and issuer that rules ask for
	units    string            // "/a/b", folded; empty where none are known
	folded   string            // path, folded
	member   []int             // sets of lists the subject is in
	arena    []byte            // folded texts
	second   int64             // of at
	clocks   []clock           // of second
	moment   row               // which clauses their times do not exclude at momentAt
	momentAt int64
	groups   []group // rows of the index
	rows     []row
}

// named is one attribute of a name.
type named struct {
	kind       int
	value      string
	folded     string
	start, end int       // of folded, in the arena
	octets     [2]uint64 // of value and folded
}

// clock is the wall of one time zone.
type clock struct {
	read   bool
	day    int32 // since 1 January 1970
	minute int16 // of the day
}

var levelNames = [...]string{"0", "1", "2", "3", "4"} // read only

// load takes over a request. It returns what of it cannot be judged, else "".
func (f *facts) load(r *Request) (fault string) {
	f.subject = r.Subject
	if r.Subject == nil {
		f.nobody = Subject{}
		f.subject = &f.nobody
	}
	if fault := faultOf(r, f.subject); fault != "" {
		return fault
	}
	s := f.subject
	f.at, f.address, f.host = r.At, r.Address.Unmap().WithZone(""), r.Host
	if second := r.At.Unix(); second != f.second {
		f.second = second
		clear(f.clocks)
	}
	f.hasPath = r.Protocol == ProtocolTLS || r.Protocol == ProtocolTLCP
	if f.path = ""; f.hasPath {
		f.path = judgedPath(r.Path)
		if f.set.foldsPaths {
			f.folded = folded(f.path)
		}
	}
	login := s.Login
	if login == "" {
		login = LoginAnonymous
	}
	f.one[fieldApplications][0] = r.Application
	f.one[fieldProtocols][0] = string(r.Protocol)
	f.one[fieldMethods][0] = r.Method
	f.one[fieldLevel][0] = levelNames[s.Level]
	f.one[fieldLogins][0] = string(login)
	f.one[fieldUsers][0] = s.User
	if c := s.Certificate; c != nil {
		f.one[fieldProfiles][0], f.one[fieldSuites][0] = c.Profile, string(c.Suite)
	}
	f.loadNames()
	f.loadUnits()
	f.loadLists()
	return ""
}

// clear lets go of the request.
func (f *facts) clear() {
	f.subject, f.nobody, f.host, f.path, f.folded, f.units = nil, Subject{}, "", "", "", ""
	f.one = [fields][1]string{}
	clear(f.names)
	f.names = f.names[:0]
	f.arena, f.member = f.arena[:0], f.member[:0]
	f.groups, f.rows = f.groups[:0], f.rows[:0]
}

// texts are the values of a field that is compared word by word; known is false where
// the request or the subject has none.
func (f *facts) texts(of field) (values []string, known bool) {
	switch of {
	case fieldGroups:
		return f.subject.Groups, f.subject.User != ""
	case fieldPolicies:
		if f.subject.Certificate == nil {
			return nil, false
		}
		return f.subject.Certificate.Policies, true
	case fieldSuites:
		return f.one[of][:], f.subject.Certificate != nil
	}
	return f.one[of][:], f.one[of][0] != ""
}

// loadNames takes the attributes that rules ask for.
func (f *facts) loadNames() {
	if f.subject.Certificate == nil || len(f.set.kinds) == 0 {
		return
	}
	f.appendNames(fieldSubject, f.subject.Certificate.Subject)
	f.appendNames(fieldIssuer, f.subject.Certificate.Issuer)
	f.foldNames()
}

func (f *facts) appendNames(of field, name pki.Name) {
	for i := range name {
		for number, kind := range f.set.kinds {
			if kind.of != of || kind.short != name[i].Type {
				continue
			}
			value, start := name[i].Value, len(f.arena)
			one := named{kind: number, value: value, folded: value}
			if !isFolded(value) {
				f.arena = appendFolded(f.arena, value)
				one.start, one.end = start, len(f.arena)
			}
			f.names = append(f.names, one)
		}
	}
}

// foldNames turns what was folded into text, all of it at once.
func (f *facts) foldNames() {
	all := string(f.arena)
	for i := range f.names {
		one := &f.names[i]
		if one.end > 0 {
			one.folded = all[one.start:one.end]
		}
		one.octets = [2]uint64{octetsOf(one.value), octetsOf(one.folded)}
	}
	f.arena = f.arena[:0]
}

// loadUnits joins the units. A slash inside one becomes what no pattern has literally.
func (f *facts) loadUnits() {
	units := f.subject.unitPath()
	if len(units) == 0 || !f.set.needsUnits {
		return
	}
	start := len(f.arena)
	for _, unit := range units {
		f.arena = append(f.arena, '/')
		begin := len(f.arena)
		f.arena = appendFolded(f.arena, unit)
		for i := begin; i < len(f.arena); i++ {
			if f.arena[i] == '/' {
				f.arena[i] = 0
			}
		}
	}
	f.units = string(f.arena[start:])
	f.arena = f.arena[:start]
}

func (s *Subject) unitPath() []string {
	if len(s.Units) == 0 && s.Certificate != nil {
		return s.Certificate.Units
	}
	return s.Units
}

// loadLists finds the lists the subject is in.
func (f *facts) loadLists() {
	lists := f.set.lists
	if lists == nil {
		return
	}
	if set, ok := lists.users[f.subject.User]; ok {
		f.member = append(f.member, set)
	}
	c := f.subject.Certificate
	if c == nil {
		return
	}
	if set, ok := lists.fingerprints[c.Fingerprint]; ok {
		f.member = append(f.member, set)
	}
	start := len(f.arena)
	if len(lists.names) > 0 {
		f.arena = appendName(f.arena, c.Subject)
		if set, ok := lists.names[string(f.arena[start:])]; ok {
			f.member = append(f.member, set)
		}
		f.arena = f.arena[:start]
	}
	if len(lists.serials) > 0 {
		f.arena = appendName(append(append(f.arena, c.Serial...), 0), c.Issuer)
		if set, ok := lists.serials[string(f.arena[start:])]; ok {
			f.member = append(f.member, set)
		}
		f.arena = f.arena[:start]
	}
}

// clock reads the wall of a time zone of the set.
func (f *facts) clock(zone int) clock {
	c := &f.clocks[zone]
	if !c.read {
		at := f.at.In(f.set.zones[zone])
		*c = clock{true, dayOf(at.Date()), int16(at.Hour()*60 + at.Minute())}
	}
	return *c
}

// dayOf numbers the days since 1 January 1970.
func dayOf(year int, month time.Month, day int) int32 {
	return int32(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix() / 86400)
}

// appendName writes a name so that two are equal exactly where each attribute is: by
// type and, without regard to case, by value.
func appendName(to []byte, name pki.Name) []byte {
	for _, a := range name {
		to = append(to, a.Type...)
		to = append(to, 0, 0, 0)
		start := len(to)
		to = appendFolded(to, a.Value)
		n := len(to) - start
		to[start-2], to[start-1] = byte(n>>8), byte(n)
	}
	return to
}
