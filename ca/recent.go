package ca

import "sync"

// recent remembers what the orders stored last have named. What was looked for ahead of
// an order need not be looked for again when it is stored, unless it was named since: a
// CA is the only writer of its database, and every order is stored through one batch
// after the other.
type recent struct {
	mu     sync.Mutex
	count  int64            // of orders remembered, ever
	named  map[string]int64 // the last order that named something, as a count
	orders [][]string       // what each of the last ones named, oldest first
}

// maxRecent is how many orders are remembered. One that took longer than as many others
// is looked for again.
const maxRecent = 4096

// now is the place to ask from later on: take it before looking.
func (r *recent) now() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.count + 1
}

// names are what an order must not share with another, or only under conditions.
func (o *orderRow) names() []string {
	return []string{applicationName(o.application), keyName(o.keyHash), holderName(o.holder), skeletonName(o.skeleton)}
}

// What is named, each kind apart. A key is an applicant's or one of a pair.
func applicationName(application string) string { return "application " + application }
func keyName(hash string) string                { return "key " + hash }
func holderName(holder string) string           { return "holder " + holder }
func skeletonName(skeleton string) string       { return "name " + skeleton }

// names are those of an order with the pair it got: nobody may come with that as his
// own key.
func (in *intent) names() []string {
	if in.named == nil {
		in.named = in.order.names()
		if pair := in.newPair(); pair != nil {
			in.named = append(in.named, keyName(pair.keyHash))
		}
	}
	return in.named
}

// stands reports whether nothing that an order names was named from a place on.
func (r *recent) stands(o *orderRow, from int64) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if from <= r.count-int64(len(r.orders)) {
		return false // never looked for, or too long ago
	}
	for _, name := range o.names() {
		if r.named[name] >= from {
			return false
		}
	}
	return true
}

// add notes an order that was stored, or may have been.
func (r *recent) add(in *intent) {
	names := in.names()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.named == nil {
		r.named = map[string]int64{}
	}
	r.count++
	for _, name := range names {
		r.named[name] = r.count
	}
	r.orders = append(r.orders, names)
	if len(r.orders) <= maxRecent {
		return
	}
	for _, name := range r.orders[0] {
		if r.named[name] <= r.count-maxRecent {
			delete(r.named, name)
		}
	}
	r.orders = r.orders[1:]
}
