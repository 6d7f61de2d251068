package status

import (
	"context"
	"fmt"
	"maps"

	"onecert/pki"
)

// maxDifferences is how many differences are told.
const maxDifferences = 20

// Differences compares two journals entry by entry, with what their tables say of
// each certificate and how many there are in each state. Nothing found means that
// every question gets the same answer from both. It reads everything: for checks and
// tests, not for every day.
func Differences(ctx context.Context, a, b *Journal) ([]string, error) {
	c := comparison{a: a, b: b, issuers: map[string]bool{}}
	lastA, err := a.Last(ctx)
	if err != nil {
		return nil, err
	}
	lastB, err := b.Last(ctx)
	if err != nil {
		return nil, err
	}
	if lastA != lastB {
		c.differ("one ends at entry %d, the other at %d", lastA, lastB)
	}
	for after, end := int64(0), min(lastA, lastB); after < end && len(c.found) < maxDifferences; {
		if after, err = c.entries(ctx, after, end); err != nil {
			return nil, err
		}
	}
	return c.found, c.counts(ctx)
}

type comparison struct {
	a, b    *Journal
	issuers map[string]bool
	found   []string
}

func (c *comparison) differ(format string, args ...any) {
	if len(c.found) < maxDifferences {
		c.found = append(c.found, fmt.Sprintf(format, args...))
	}
}

func (c *comparison) entries(ctx context.Context, after, end int64) (last int64, err error) {
	limit := int(min(end-after, maxBatch))
	ofA, err := c.a.Next(ctx, after, limit)
	if err != nil {
		return 0, err
	}
	ofB, err := c.b.Next(ctx, after, limit)
	if err != nil {
		return 0, err
	}
	for i := range min(len(ofA), len(ofB)) {
		e := ofA[i]
		last, c.issuers[e.Issuer] = e.Number, true
		if e != ofB[i] {
			c.differ("entry %d is another one", e.Number)
			continue
		}
		if err := c.record(ctx, e); err != nil {
			return 0, err
		}
	}
	return last, nil
}

// record compares what the tables say of an entry's certificate.
func (c *comparison) record(ctx context.Context, e Entry) error {
	one, err := c.a.Record(ctx, e.Issuer, e.Serial)
	if err != nil {
		return err
	}
	other, err := c.b.Record(ctx, e.Issuer, e.Serial)
	if pki.KindOf(err) == pki.Unknown && err != nil {
		c.differ("certificate %s is in one table only", e.Serial)
		return nil
	}
	if err == nil && one != other {
		c.differ("certificate %s is %s here and %s there", e.Serial, one.State, other.State)
	}
	return err
}

func (c *comparison) counts(ctx context.Context) error {
	for issuer := range c.issuers {
		one, err := c.a.Counts(ctx, issuer)
		if err != nil {
			return err
		}
		other, err := c.b.Counts(ctx, issuer)
		if err != nil {
			return err
		}
		none := func(_ pki.State, n int64) bool { return n == 0 }
		maps.DeleteFunc(one, none)
		maps.DeleteFunc(other, none)
		if !maps.Equal(one, other) {
			c.differ("the counts of issuer %s differ", issuer)
		}
	}
	return nil
}
