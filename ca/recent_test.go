package ca

import (
	"fmt"
	"testing"

	"onecert/pki"
)

// TestRecent: what an order names is looked for again if another has named it since it
// was looked for, and if that was too long ago to know.
func TestRecent(t *testing.T) {
	order := func(n int) *orderRow {
		return &orderRow{application: fmt.Sprint("a", n), keyHash: fmt.Sprint("k", n), holder: fmt.Sprint("h", n), skeleton: fmt.Sprint("s", n)}
	}
	var r recent
	from := r.now()
	if r.stands(order(1), 0) {
		t.Error("nobody ever looked")
	}
	if !r.stands(order(1), from) {
		t.Error("nothing was named")
	}
	r.add(&intent{order: order(1), certs: []intended{{keyHash: "pair", envelope: &pki.Envelope{}}}})
	for name, change := range map[string]func(o *orderRow){
		"application": func(o *orderRow) { o.application = "a1" },
		"key":         func(o *orderRow) { o.keyHash = "k1" },
		"pair":        func(o *orderRow) { o.keyHash = "pair" },
		"holder":      func(o *orderRow) { o.holder = "h1" },
		"name":        func(o *orderRow) { o.skeleton = "s1" },
	} {
		o := order(2)
		change(o)
		if r.stands(o, from) {
			t.Errorf("another has the same %s", name)
		}
		if !r.stands(o, r.now()) {
			t.Errorf("the same %s was there when it was looked for", name)
		}
	}
	if !r.stands(order(2), from) {
		t.Error("another order has nothing to do with it")
	}
	for n := range maxRecent + 5 {
		r.add(&intent{order: order(10 + n)})
	}
	if r.stands(order(2), from) {
		t.Error("that is too long ago to know")
	}
	if len(r.orders) != maxRecent || len(r.named) != 4*maxRecent {
		t.Errorf("%d orders, %d names are remembered", len(r.orders), len(r.named))
	}
}
