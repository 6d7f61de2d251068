package ldap

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"time"

	client "github.com/go-ldap/ldap/v3"

	"onecert/pki"
)

// Target is somebody else's directory that is kept equal to ours. What stands below
// our base there is ours to change and to delete.
type Target struct {
	Name     string // of the target in log and store: "provincial-directory"
	Address  string // "ldap://host:389", "ldaps://host:636"
	TLS      *tls.Config
	BindDN   string
	Password func() (string, error) // read anew for each connection; nil for an anonymous bind
}

// errRefused is an entry the target does not take; the others go on.
var errRefused = errors.New("the directory refused the entry")

const (
	pushedAtOnce = 200
	dialTime     = 10 * time.Second
	callTime     = 30 * time.Second
)

// Publish keeps a target equal until ctx ends. Failures are logged when they begin
// and tried again from where it stopped.
func (d *Directory) Publish(ctx context.Context, t Target) error {
	if t.Name == "" {
		return pki.Errorf(pki.Invalid, "config.ldap.target", "a directory to publish to has no name").To("name it in the configuration")
	}
	p := &publisher{d: d, t: t, pushed: map[string][32]byte{}}
	failing := false
	for ctx.Err() == nil {
		err := p.connectAndKeep(ctx)
		if ctx.Err() == nil && !failing {
			d.cfg.Log.Warn("publishing to a directory", "target", t.Name, "error", err)
		}
		failing = !p.worked
		p.worked = false
		wait(ctx, again)
	}
	return ctx.Err()
}

// publisher is one target's connection.
type publisher struct {
	d      *Directory
	t      Target
	conn   *client.Conn
	pushed map[string][32]byte // digest of each fixed entry as last pushed
	worked bool                // something was done since the last failure
}

func (p *publisher) connectAndKeep(ctx context.Context) error {
	conn, err := client.DialURL(p.t.Address, client.DialWithDialer(&net.Dialer{Timeout: dialTime}), client.DialWithTLSConfig(p.t.TLS))
	if err != nil {
		return err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	conn.SetTimeout(callTime)
	if err := p.bind(conn); err != nil {
		return err
	}
	p.conn = conn
	clear(p.pushed) // the target may be another one by now
	for {
		busy, err := p.once(ctx)
		if err != nil {
			return err
		}
		p.worked = true
		if !busy {
			wait(ctx, again)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

func (p *publisher) bind(conn *client.Conn) error {
	if p.t.Password == nil {
		return nil
	}
	password, err := p.t.Password()
	if err != nil {
		return err
	}
	return conn.Bind(p.t.BindDN, password)
}

// once pushes what is new; busy says that more may wait.
func (p *publisher) once(ctx context.Context) (busy bool, err error) {
	if err := p.pushFixed(ctx); err != nil {
		return false, err
	}
	if err := p.pushExpired(ctx); err != nil {
		return false, err
	}
	return p.pushChanged(ctx)
}

// pushFixed pushes base, branches, CAs and lists that changed since last time.
func (p *publisher) pushFixed(ctx context.Context) error {
	all, err := p.d.fixed(ctx)
	if err != nil {
		return err
	}
	for _, e := range all {
		digest := e.digest()
		if p.pushed[e.dn.String()] == digest {
			continue
		}
		if err := p.push(e); err != nil && !errors.Is(err, errRefused) {
			return err
		}
		p.pushed[e.dn.String()] = digest
	}
	return nil
}

// digest names the content of an entry.
func (e *entry) digest() [32]byte {
	return sha256.Sum256(entryAnswer(e.dn.String(), e.attributes, false))
}

// pushExpired takes out what ended by itself since last time.
func (p *publisher) pushExpired(ctx context.Context) error {
	reader := p.t.Name + "/end"
	from, err := p.d.readPosition(ctx, reader)
	if err != nil {
		return err
	}
	now := p.d.cfg.Now().UnixMilli()
	if now-from < time.Minute.Milliseconds() {
		return nil
	}
	holders, err := p.d.names(ctx, "SELECT DISTINCT holder FROM ldap_certificate WHERE not_after > $1 AND not_after <= $2 ORDER BY holder", from, now)
	if err != nil {
		return err
	}
	if err := p.pushHolders(ctx, holders); err != nil {
		return err
	}
	return p.save(ctx, reader, now)
}

// pushChanged pushes holders in the order of their last change.
func (p *publisher) pushChanged(ctx context.Context) (busy bool, err error) {
	from, err := p.d.readPosition(ctx, p.t.Name)
	if err != nil {
		return false, err
	}
	if from > p.d.Position() {
		from = 0 // the store was made anew
	}
	numbers, holders, err := p.d.changedAfter(ctx, from, pushedAtOnce)
	if err != nil || len(holders) == 0 {
		return false, err
	}
	if err := p.pushHolders(ctx, holders); err != nil {
		return false, err
	}
	return len(holders) >= pushedAtOnce, p.save(ctx, p.t.Name, numbers[len(numbers)-1])
}

func (p *publisher) save(ctx context.Context, reader string, number int64) error {
	return p.d.cfg.DB.Tx(ctx, func(tx *sql.Tx) error { return writePosition(ctx, tx, reader, number) })
}

func (p *publisher) pushHolders(ctx context.Context, holders []string) error {
	found, err := p.d.certificatesOf(ctx, holders)
	if err != nil {
		return err
	}
	for _, holder := range holders {
		e := p.d.holderEntry(holder, found[holder])
		if len(found[holder]) > 0 {
			err = p.push(e)
		} else {
			err = p.remove(e.dn)
		}
		if err != nil && !errors.Is(err, errRefused) {
			return err
		}
	}
	return nil
}

// push makes the target's entry equal, with the nodes above it that are missing.
func (p *publisher) push(e *entry) error {
	replace := client.NewModifyRequest(e.dn.String(), nil)
	for _, a := range e.attributes {
		replace.Replace(a.name, texts(a.values))
	}
	for _, name := range []string{"certificateRevocationList;binary", "deltaRevocationList;binary", "authorityRevocationList;binary"} {
		if e.get(attributeName(name)) == nil && e.has("pkiCA", "cRLDistributionPoint") {
			replace.Replace(name, nil) // a list that is no longer there
		}
	}
	err := p.conn.Modify(replace)
	if client.IsErrorWithCode(err, client.LDAPResultNoSuchObject) {
		err = p.create(e)
	}
	return p.judge(e.dn, err)
}

func (e *entry) has(classes ...string) bool {
	for _, value := range e.get("objectclass").values {
		for _, c := range classes {
			if string(value) == c {
				return true
			}
		}
	}
	return false
}

// create adds an entry, and first those above it where they are missing.
func (p *publisher) create(e *entry) error {
	add := client.NewAddRequest(e.dn.String(), nil)
	for _, a := range e.attributes {
		add.Attribute(a.name, texts(a.values))
	}
	err := p.conn.Add(add)
	if !client.IsErrorWithCode(err, client.LDAPResultNoSuchObject) || len(e.dn) < 2 {
		return err
	}
	if err := p.create(node(e.dn[1:])); err != nil && !client.IsErrorWithCode(err, client.LDAPResultEntryAlreadyExists) {
		return fmt.Errorf("making the node above: %w", err)
	}
	return p.conn.Add(add)
}

func (p *publisher) remove(name dn) error {
	err := p.conn.Del(client.NewDelRequest(name.String(), nil))
	if client.IsErrorWithCode(err, client.LDAPResultNoSuchObject) {
		return nil
	}
	return p.judge(name, err)
}

// judge tells an entry that the target refuses, which is logged and passed over, from
// a target that does not work.
func (p *publisher) judge(name dn, err error) error {
	for _, code := range []uint16{client.LDAPResultObjectClassViolation, client.LDAPResultObjectClassModsProhibited,
		client.LDAPResultInvalidAttributeSyntax, client.LDAPResultConstraintViolation, client.LDAPResultNamingViolation,
		client.LDAPResultInvalidDNSyntax, client.LDAPResultUndefinedAttributeType, client.LDAPResultNotAllowedOnNonLeaf} {
		if client.IsErrorWithCode(err, code) {
			p.d.cfg.Log.Warn("a directory refuses an entry", "target", p.t.Name, "entry", name.String(), "error", err)
			return errRefused
		}
	}
	return err
}

func texts(values [][]byte) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = string(v)
	}
	return out
}
