package wire

import (
	"net/http"
	"slices"
	"testing"
)

// Who is nobody is refused before anything else of the request is looked at, whatever
// is wrong with it, and learns nothing of what the operation takes; but operations that
// are anybody's judge the request.
func TestStrangersAreRefusedFirst(t *testing.T) {
	for name, c := range components(t) {
		t.Run(name, func(t *testing.T) {
			for id, place := range described(t, c.api) {
				for n, try := range c.trials[id] {
					try.query = "?nonsense=1"
					if place[0] == http.MethodPost {
						try.body = object{"nonsense": []int{1}, "PIN": "0000"}
					}
					status, code := c.call(t, place, try, "")
					if try.open && !slices.Contains(unread, code) {
						t.Errorf("%s/%d is anybody's and answers nonsense with %d %s", id, n, status, code)
					}
					if !try.open && (status != http.StatusUnauthorized || code != "officer.anonymous") {
						t.Errorf("%s/%d answers a stranger with %d %s", id, n, status, code)
					}
				}
			}
		})
	}
}
