package ldap

import (
	"context"
	"strconv"
	"strings"
)

// mark is where a walk over the tree stands: fixed entries come first by their place,
// holders follow by id. The zero mark is the beginning.
type mark struct {
	fixed  int    // how many of them are behind
	holder string // the last one behind
}

func (m mark) String() string { return strconv.Itoa(m.fixed) + "/" + m.holder }

func parseMark(text string) (m mark, ok bool) {
	number, holder, ok := strings.Cut(text, "/")
	fixed, err := strconv.Atoi(number)
	return mark{fixed, holder}, ok && err == nil && fixed >= 0
}

// walk is a search under way.
type walk struct {
	d     *Directory
	base  dn
	scope int
	where *filter
	at    mark
	// visit gets each match; it returns false to stop before it, and the walk can go
	// on from there.
	visit func(*entry) (bool, error)
	look  int // how many entries may still be looked at
}

// lookup returns the entry of a name, nil if there is none.
func (d *Directory) lookup(ctx context.Context, name dn) (*entry, error) {
	if asked, ok := d.holderOf(name); ok {
		holder, err := d.holderNamed(ctx, asked)
		if err != nil || holder == "" {
			return nil, err
		}
		found, err := d.certificatesOf(ctx, []string{holder})
		if err != nil || len(found[holder]) == 0 {
			return nil, err
		}
		return d.holderEntry(holder, found[holder]), nil
	}
	fixed, err := d.fixed(ctx)
	if err != nil {
		return nil, err
	}
	for _, e := range fixed {
		if e.dn.equal(name) {
			return e, nil
		}
	}
	return nil, nil
}

// holderOf returns the id in a name directly below the holders' branch, as asked for.
func (d *Directory) holderOf(name dn) (string, bool) {
	if len(name) == 0 || name[0].kind != "uid" || !name[1:].equal(d.holdersDN()) {
		return "", false
	}
	return name[0].value, true
}

// run walks until everything was looked at (finished) or something stopped it.
func (w *walk) run(ctx context.Context) (code result, finished bool, err error) {
	if w.d.holdersDN().under(w.base) || w.base.under(w.d.issuersDN()) {
		if code, finished, err = w.fixed(ctx); !finished {
			return code, false, err
		}
	}
	holders := w.d.holdersDN()
	if w.base.equal(holders) || w.scope == scopeSub && holders.under(w.base) {
		return w.holders(ctx)
	}
	return success, true, nil
}

func (w *walk) inScope(name dn) bool {
	switch w.scope {
	case scopeBase:
		return name.equal(w.base)
	case scopeOne:
		return len(name) == len(w.base)+1 && name.under(w.base)
	}
	return name.under(w.base)
}

func (w *walk) fixed(ctx context.Context) (result, bool, error) {
	all, err := w.d.fixed(ctx)
	if err != nil {
		return unavailable, false, err
	}
	for ; w.at.fixed < len(all); w.at.fixed++ {
		e := all[w.at.fixed]
		if !w.inScope(e.dn) || w.where.match(e) != yes {
			continue
		}
		if more, err := w.visit(e); err != nil || !more {
			return success, false, err
		}
	}
	return success, true, nil
}

// holdersAtOnce is how many holders are read from the store together.
const holdersAtOnce = 100

func (w *walk) holders(ctx context.Context) (result, bool, error) {
	cond := narrow(w.where)
	for {
		if w.look <= 0 {
			return adminLimitExceeded, false, nil
		}
		names, err := w.d.holders(ctx, w.at.holder, cond, min(holdersAtOnce, w.look))
		if err != nil {
			return unavailable, false, err
		}
		if len(names) == 0 {
			return success, true, nil
		}
		w.look -= len(names)
		found, err := w.d.certificatesOf(ctx, names)
		if err != nil {
			return unavailable, false, err
		}
		for _, holder := range names {
			if len(found[holder]) > 0 {
				e := w.d.holderEntry(holder, found[holder])
				if w.where.match(e) == yes {
					if more, err := w.visit(e); err != nil || !more {
						return success, false, err
					}
				}
			}
			w.at.holder = holder
		}
	}
}
