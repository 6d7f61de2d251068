package kmc

import (
	"bytes"
	"sync"
	"testing"
	"time"

	"onecert/pki"
	"onecert/pkitest"
)

// The store dies again and again under load. Whatever was answered holds, whatever
// was not is asked again, and at the end each application has one pair.
func TestCrashUnderLoad(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		h := newHouse(t, source, nil)
		k := newToken(t, pki.SM2)
		answered := make([][]byte, 200)
		for round := range 4 {
			var group sync.WaitGroup
			next := make(chan int)
			for range 16 {
				group.Go(func() {
					for n := range next {
						g, err := h.centre.Generate(as("ca1"), h.order(n, pki.SM2, k))
						switch {
						case err == nil && answered[n] != nil && !bytes.Equal(answered[n], g.PublicKey):
							t.Errorf("order %d got a second pair", n)
						case err == nil:
							answered[n] = g.PublicKey
						case pki.KindOf(err) != pki.Unavailable:
							t.Errorf("order %d: %v", n, err)
						}
					}
				})
			}
			last := round == 3
			var crash sync.WaitGroup
			if !last {
				crash.Go(func() {
					time.Sleep(time.Duration(5+10*round) * time.Millisecond)
					h.config.DB.Close()
				})
			}
			for n := range answered {
				next <- n
			}
			close(next)
			group.Wait()
			crash.Wait()
			if !last {
				h.centre.Close()
				h.start()
			}
		}
		pairs := map[string]bool{}
		for n, public := range answered {
			if public == nil || pairs[string(public)] {
				t.Errorf("order %d has no pair of its own", n)
			}
			pairs[string(public)] = true
		}
	})
}
