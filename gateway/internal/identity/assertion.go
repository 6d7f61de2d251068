package identity

import (
	"crypto/sha256"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

// Lives of assertions, in seconds. They are signed again at half their life, so that a
// request always carries one that lasts at least as long as the other half.
const (
	defaultLife = 120
	mostLife    = 600
	leastLife   = 10
)

// assertion is an Assertion understood.
type assertion struct {
	header, audience, algorithm string
	life                        time.Duration
	signer                      *Signer
}

func compileAssertion(a Assertion, signer *Signer) (*assertion, error) {
	header, algorithm := or(a.Header, "X-OneCert-Assertion"), or(a.Algorithm, ES256)
	if err := checkItemName("assertion.header", Item{In: InHeader, Name: header}); err != nil || len(header) > maxName {
		return nil, wrongField("assertion.header", "is not a name for a header of ours").To("leave it out for X-OneCert-Assertion")
	}
	seconds := a.Seconds
	if seconds == 0 {
		seconds = defaultLife
	}
	switch {
	case a.Audience == "" || len(a.Audience) > 200 || !clean(a.Audience):
		return nil, wrongField("assertion.audience", "is empty or unusable").To("name the application as it knows itself, such as its address")
	case seconds < leastLife || seconds > mostLife:
		return nil, wrongField("assertion.seconds", "is not between %d and %d", leastLife, mostLife).To("leave it out for %d", defaultLife)
	case algorithm != ES256 && algorithm != SM2:
		return nil, wrongField("assertion.algorithm", "is not known").To("use ES256 | SM2")
	case signer == nil || signer.keys[algorithm].signer == nil:
		return nil, wrongField("assertion.algorithm", "has no key here").To("give the gateway a key for %s", algorithm)
	}
	return &assertion{header, a.Audience, algorithm, time.Duration(seconds) * time.Second, signer}, nil
}

// claims are what an assertion says (RFC 7519; cnf: RFC 8705 3.1).
type claims struct {
	Issuer    string        `json:"iss"`
	Subject   string        `json:"sub"`
	Audience  string        `json:"aud"`
	IssuedAt  int64         `json:"iat"`
	NotBefore int64         `json:"nbf"`
	Expires   int64         `json:"exp"`
	ID        string        `json:"jti"`
	Confirm   *confirmation `json:"cnf,omitempty"`
	Session   string        `json:"sid,omitempty"`
	Level     string        `json:"acr,omitempty"`
	Methods   []string      `json:"amr,omitempty"`
	Since     int64         `json:"auth_time,omitempty"`
	Name      string        `json:"name,omitempty"`
	Account   string        `json:"preferred_username,omitempty"`
	Email     string        `json:"email,omitempty"`
	Groups    []string      `json:"groups,omitempty"`
	SubjectDN string        `json:"subject_dn,omitempty"` // RFC 4514
	IssuerDN  string        `json:"issuer_dn,omitempty"`
	Serial    string        `json:"serial,omitempty"` // hexadecimal
}

type confirmation struct {
	Thumbprint string `json:"x5t#S256"`
}

// issued is the assertion of one session, signed again when half its life is over.
type issued struct {
	*assertion
	claims  claims
	now     func() time.Time
	current atomic.Pointer[signedToken]
	turn    sync.Mutex
}

type signedToken struct {
	values []string // of the header, shared by requests and never changed
	at     time.Time
}

// prepare makes the claims of a session; nobody in particular gets no assertion.
func (a *assertion) prepare(k *known, now func() time.Time) (*issued, error) {
	f := k.facts
	c := claims{
		Issuer: a.signer.issuer, Audience: a.audience, Subject: f.User, Account: f.User, Session: f.Session,
		Level: f.Level, Name: f.Name, Email: f.Email, Groups: f.Groups,
	}
	if f.Method != "" {
		c.Methods = []string{f.Method}
	}
	if !f.Since.IsZero() {
		c.Since = f.Since.Unix()
	}
	if k.cert != nil {
		sum := sha256.Sum256(k.cert.der)
		c.Confirm = &confirmation{base64url(sum[:])}
		c.SubjectDN, c.IssuerDN = rfc4514(leafFirst(k.cert.subject)), rfc4514(leafFirst(k.cert.issuer))
		c.Serial = k.cert.serialText("hex")
		if c.Subject == "" {
			c.Subject = "x5t#S256:" + c.Confirm.Thumbprint
		}
	}
	if c.Subject == "" {
		return nil, nil
	}
	made := &issued{assertion: a, claims: c, now: now}
	_, err := made.token() // whoever cannot be told about is refused at once
	return made, err
}

// token returns the assertion, of which one signature serves many requests. While it is
// being renewed, others use the one before, and so does everybody while the key is away.
func (i *issued) token() (*signedToken, error) {
	now := i.now()
	current := i.current.Load()
	if current.within(now, i.life/2) {
		return current, nil
	}
	usable := current.within(now, i.life*3/4)
	if !usable {
		i.turn.Lock()
	} else if !i.turn.TryLock() {
		return current, nil
	}
	defer i.turn.Unlock()
	if latest := i.current.Load(); latest != current {
		return latest, nil
	}
	fresh, err := i.renew(now)
	if err != nil && usable {
		return current, nil
	}
	return fresh, err
}

// clockStep is how far the clock may go back before an assertion is from the future for
// the application.
const clockStep = time.Second

// within reports whether no more than a part of the token's life is over.
func (t *signedToken) within(now time.Time, part time.Duration) bool {
	return t != nil && now.Before(t.at.Add(part)) && !now.Before(t.at.Add(-clockStep))
}

func (i *issued) renew(now time.Time) (*signedToken, error) {
	id := make([]byte, 16)
	if _, err := io.ReadFull(i.signer.random, id); err != nil {
		return nil, fmt.Errorf("drawing an assertion's id: %w", err)
	}
	c := i.claims
	c.ID, c.IssuedAt, c.NotBefore, c.Expires = base64url(id), now.Unix(), now.Unix(), now.Add(i.life).Unix()
	text, err := i.signer.sign(i.algorithm, c)
	if err != nil {
		return nil, err
	}
	fresh := &signedToken{values: []string{text}, at: now}
	i.current.Store(fresh)
	return fresh, nil
}
