package ldap

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"strconv"
	"strings"
	"time"
)

// Limits bound what one connection can make the server do.
type Limits struct {
	Entries int           // most entries of one answer or page
	Total   int           // most entries over all pages of one search
	Look    int           // most entries looked at for one answer
	Time    time.Duration // for one search
	Idle    time.Duration // between two requests
	Write   time.Duration // for the client to take one entry
}

// DefaultLimits suit a directory that anybody may ask and nobody shall copy.
func DefaultLimits() Limits {
	return Limits{Entries: 500, Total: 10_000, Look: 20_000, Time: 10 * time.Second, Idle: 5 * time.Minute, Write: 30 * time.Second}
}

// errStopped says that a search ends before its end, with the code sent.
var errStopped = errors.New("the search was stopped")

// answering is one search being answered.
type answering struct {
	d      *Directory
	limits Limits
	secret []byte // seals the cookies of paged searches
	send   func(op []byte, controls ...[]byte) error
}

// search answers a search with its entries and its result.
func (a *answering) search(ctx context.Context, m message) error {
	r, err := parseSearch(m.body)
	if err != nil {
		return a.done(protocolError, "", "the search cannot be read")
	}
	page, code, why := a.page(m.controls)
	if code != success {
		return a.done(code, "", why)
	}
	limit := a.limits.Time
	if wanted := time.Duration(r.time) * time.Second; wanted > 0 {
		limit = min(limit, wanted)
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	base, ok := parseDN(r.base)
	if !ok {
		return a.done(invalidDNSyntax, "", "the base is not a distinguished name")
	}
	if r.scope == scopeBase && page == nil {
		if e := a.d.about(base); e != nil {
			return a.single(r, e)
		}
	}
	return a.walk(ctx, r, base, page)
}

// single answers with one entry that was found by its name.
func (a *answering) single(r *search, e *entry) error {
	if r.filter.match(e) == yes {
		if err := a.send(entryAnswer(e.dn.String(), e.chosen(r.attributes), r.typesOnly)); err != nil {
			return err
		}
	}
	return a.done(success, "", "")
}

// cut is where a paged search stands.
type cut struct {
	size int // of this page
	at   mark
	sent int // on earlier pages
}

// walk answers from the tree.
func (a *answering) walk(ctx context.Context, r *search, base dn, page *cut) error {
	if !base.under(a.d.base) {
		return a.done(noSuchObject, "", "everything here stands under "+a.d.base.String())
	}
	found, err := a.d.lookup(ctx, base)
	if err != nil {
		return a.failed(ctx, err)
	}
	if found == nil {
		return a.done(noSuchObject, a.d.base.String(), "no such entry")
	}
	if _, leaf := a.d.holderOf(base); leaf || r.scope == scopeBase {
		if r.scope == scopeOne {
			return a.done(success, "", "")
		}
		return a.single(r, found)
	}
	most := a.limits.Entries
	if r.size > 0 {
		most = min(most, r.size)
	}
	if page == nil {
		page = &cut{}
	} else if page.size > 0 {
		most = min(most, page.size)
	}
	return a.entries(ctx, r, base, page, most)
}

// entries sends up to most entries and the result.
func (a *answering) entries(ctx context.Context, r *search, base dn, page *cut, most int) error {
	sent := 0
	w := &walk{d: a.d, base: base, scope: r.scope, where: r.filter, at: page.at, look: a.limits.Look}
	w.visit = func(e *entry) (bool, error) {
		if sent == most {
			return false, nil
		}
		sent++
		return true, a.send(entryAnswer(e.dn.String(), e.chosen(r.attributes), r.typesOnly))
	}
	code, finished, err := w.run(ctx)
	switch {
	case err != nil:
		return a.failed(ctx, err)
	case code != success:
		return a.done(code, "", "too many entries to look at; search by uid, cn or mail")
	case page.size > 0:
		return a.next(finished, cut{at: w.at, sent: page.sent + sent})
	case !finished:
		return a.done(sizeLimitExceeded, "", "more entries match; search closer or page by page")
	}
	return a.done(success, "", "")
}

// next ends a page with the cookie of the one after it.
func (a *answering) next(finished bool, c cut) error {
	if finished {
		return a.send(done(opSearchDone, success, "", ""), paged{}.control())
	}
	if c.sent >= a.limits.Total {
		return a.send(done(opSearchDone, sizeLimitExceeded, "", "this directory is not handed out whole; search closer"), paged{}.control())
	}
	return a.send(done(opSearchDone, success, "", ""), paged{cookie: a.seal(c)}.control())
}

func (a *answering) done(code result, matched, text string) error {
	return a.send(done(opSearchDone, code, matched, text))
}

func (a *answering) failed(ctx context.Context, err error) error {
	if errors.Is(err, errStopped) || errors.Is(context.Cause(ctx), context.Canceled) {
		return err
	}
	if ctx.Err() != nil {
		return a.done(timeLimitExceeded, "", "")
	}
	a.d.cfg.Log.Error("answering a search of the directory", "error", err)
	return a.done(unavailable, "", "the directory's store does not answer")
}

// page reads the controls: nil without paging.
func (a *answering) page(controls []control) (*cut, result, string) {
	var page *cut
	for _, c := range controls {
		switch {
		case c.oid == oidPaged:
			p, err := parsePaged(c.value)
			if err != nil || p.size == 0 {
				return nil, protocolError, "the paging control cannot be read"
			}
			page = &cut{}
			if p.cookie != "" {
				opened, ok := a.open(p.cookie)
				if !ok {
					return nil, unwilling, "the cookie is not of this server; search from the beginning"
				}
				page = &opened
			}
			page.size = p.size
		case c.critical:
			return nil, unavailableCritical, "this control is not known here"
		}
	}
	return page, success, ""
}

// seal makes a cookie nobody else can make: it counts what was handed out.
func (a *answering) seal(c cut) string {
	text := strconv.Itoa(c.sent) + "/" + c.at.String()
	return a.mac(text) + text
}

func (a *answering) open(cookie string) (c cut, ok bool) {
	if len(cookie) < macSize {
		return c, false
	}
	text := cookie[macSize:]
	if !hmac.Equal([]byte(cookie[:macSize]), []byte(a.mac(text))) {
		return c, false
	}
	sent, at, _ := strings.Cut(text, "/")
	c.at, ok = parseMark(at)
	c.sent, _ = strconv.Atoi(sent) // ours: the seal says so
	return c, ok
}

const macSize = 16

func (a *answering) mac(text string) string {
	h := hmac.New(sha256.New, a.secret)
	h.Write([]byte(text))
	return string(h.Sum(nil)[:macSize])
}
