package gateway

import (
	"encoding/hex"
	"sync"
	"sync/atomic"
	"time"

	"onecert/gateway/internal/identity"
	"onecert/gateway/internal/trust"
	"onecert/pki"
	"onecert/policy"
)

// person is who a good certificate speaks for. It does not change.
type person struct {
	user        string
	subject     policy.Subject
	verdict     trust.Verdict
	chain       [][]byte // DER, issuing CA first
	fingerprint string   // hex
	groups      []string
}

// newPerson reads a certificate that was judged good.
func newPerson(v trust.Verdict) (*person, error) {
	p := &person{verdict: v, fingerprint: hex.EncodeToString(v.Fingerprint[:])}
	subject, err := identity.ReadName(v.Leaf.RawSubject)
	if err != nil {
		return nil, err
	}
	issuer, err := identity.ReadName(v.Leaf.RawIssuer)
	if err != nil {
		return nil, err
	}
	c := &policy.Certificate{Subject: subject, Issuer: issuer, Serial: v.Serial, Fingerprint: p.fingerprint,
		NotBefore: v.Leaf.NotBefore, NotAfter: v.Leaf.NotAfter}
	for _, oid := range v.Leaf.PolicyIdentifiers {
		c.Policies = append(c.Policies, oid.String())
	}
	for _, a := range subject {
		if a.Type == "OU" {
			c.Units = append(c.Units, a.Value)
		}
	}
	c.Suite, _ = pki.SuiteOf(v.Leaf.PublicKey)
	for _, above := range v.Chain[min(1, len(v.Chain)):] {
		p.chain = append(p.chain, above.Raw)
	}
	p.user = userOf(subject, v)
	p.subject = policy.Subject{Login: policy.LoginCertificate, Level: policy.LevelCertificate, User: p.user, Certificate: c}
	return p, nil
}

// userOf names the account: the holder's id in the certificate (UID, else serialNumber),
// and the CA it comes from, because another CA may give the same id to somebody else. A
// certificate without one is an account of its own.
func userOf(subject pki.Name, v trust.Verdict) string {
	for _, attribute := range []string{"UID", "serialNumber"} {
		if id := subject.Get(attribute); id != "" && len(id) <= 128 {
			return id + "@" + v.CA
		}
	}
	return string(v.Serial) + "@" + v.CA
}

// is says whether two verdicts were about one person: the same certificate, accepted for
// the same CA. Another service, or another configuration, may take it for another one's.
func (p *person) is(other *person) bool {
	return p == other || p.fingerprint == other.fingerprint && p.stands(other.verdict)
}

// stands says whether what is remembered of a person is still so by a newer verdict.
func (p *person) stands(v trust.Verdict) bool {
	return p.verdict.Fingerprint == v.Fingerprint && p.verdict.CA == v.CA && p.verdict.Issuer == v.Issuer && p.verdict.Serial == v.Serial
}

// guest is a person in a session, with what each application is told about both.
type guest struct {
	person  *person
	session Session
	token   atomic.Pointer[string]
	told    sync.Map               // *identity.Plan -> *identity.Prepared
	judged  atomic.Pointer[judged] // without a certificate in the connection; person is not set
	used    atomic.Int64
}

func newGuest(p *person, s Session, token string) *guest {
	v := &guest{person: p, session: s}
	v.token.Store(&token)
	return v
}

// prepared returns what an application is told, made once for a session.
func (v *guest) prepared(plan *identity.Plan) (*identity.Prepared, error) {
	if done, ok := v.told.Load(plan); ok {
		return done.(*identity.Prepared), nil
	}
	p := v.person
	made, err := plan.Prepare(&identity.Facts{Certificate: p.verdict.Leaf.Raw, Chain: p.chain, User: p.user,
		Name: p.subject.Certificate.Subject.Get("CN"), Email: p.subject.Certificate.Subject.Get("E"), Groups: p.groups,
		Level: p.subject.Level.String(), Method: string(p.subject.Login), Session: v.session.ID, Since: v.session.Started})
	if err != nil {
		return nil, err
	}
	v.told.Store(plan, made)
	return made, nil
}

// guests remembers who is here, by session and by certificate: a client without cookies
// then opens one session and not one a request, and a session that was opened in another
// connection finds its person again.
type guests struct {
	mu        sync.Mutex
	bySession map[string]*guest
	byLeaf    map[[32]byte]*guest
	swept     time.Time
	opening   map[[32]byte]*turn
}

// turn lets one after the other through who come with one certificate.
type turn struct {
	sync.Mutex
	wanted int
}

// alone waits until nobody else opens a session for a certificate; connections that come
// at once then share the first one's. end lets the next through.
func (g *guests) alone(leaf [32]byte) (end func()) {
	g.mu.Lock()
	t := g.opening[leaf]
	if t == nil {
		t = &turn{}
		if g.opening == nil {
			g.opening = map[[32]byte]*turn{}
		}
		g.opening[leaf] = t
	}
	t.wanted++
	g.mu.Unlock()
	t.Lock()
	return func() {
		t.Unlock()
		g.mu.Lock()
		defer g.mu.Unlock()
		if t.wanted--; t.wanted == 0 {
			delete(g.opening, leaf)
		}
	}
}

// guestLife is how long somebody is remembered who is not seen; it is not the session's.
const (
	guestLife = time.Hour
	maxGuests = 200_000
)

func (g *guests) add(v *guest, now time.Time) {
	v.used.Store(now.Unix())
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.bySession == nil {
		g.bySession, g.byLeaf = map[string]*guest{}, map[[32]byte]*guest{}
	}
	if now.Sub(g.swept) > time.Minute {
		g.sweep(now)
	}
	for len(g.bySession) >= maxGuests {
		g.drop(g.oldest())
	}
	g.bySession[v.session.ID] = v
	g.byLeaf[v.session.Fingerprint] = v
}

// sweep forgets who was not seen for long.
func (g *guests) sweep(now time.Time) {
	g.swept = now
	for _, v := range g.bySession {
		if v.used.Load() < now.Add(-guestLife).Unix() {
			g.drop(v)
		}
	}
}

// oldest is of a few whom chance picks the one not seen for longest.
func (g *guests) oldest() (found *guest) {
	looked := 0
	for _, v := range g.bySession { // Go's order is random
		if found == nil || v.used.Load() < found.used.Load() {
			found = v
		}
		if looked++; looked == 16 {
			break
		}
	}
	return found
}

func (g *guests) drop(v *guest) {
	delete(g.bySession, v.session.ID)
	if g.byLeaf[v.session.Fingerprint] == v {
		delete(g.byLeaf, v.session.Fingerprint)
	}
}

func (g *guests) ofSession(id string, now time.Time) *guest {
	g.mu.Lock()
	defer g.mu.Unlock()
	v := g.bySession[id]
	if v != nil {
		v.used.Store(now.Unix())
	}
	return v
}

func (g *guests) ofLeaf(fingerprint [32]byte, now time.Time) *guest {
	g.mu.Lock()
	defer g.mu.Unlock()
	v := g.byLeaf[fingerprint]
	if v != nil {
		v.used.Store(now.Unix())
	}
	return v
}

func (g *guests) forget(id string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if v := g.bySession[id]; v != nil {
		g.drop(v)
	}
}

// forgetCertificate forgets everybody with a certificate. It looks at all: a revocation is
// rare beside requests.
func (g *guests) forgetCertificate(issuer string, serial pki.Serial) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, v := range g.bySession {
		if v.session.Issuer == issuer && v.session.Serial == serial {
			g.drop(v)
		}
	}
}
