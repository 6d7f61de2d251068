package ra_test

import (
	"testing"

	"onecert/ra"
)

// TestOneSiteOneOffice: no branch cuts another's link off by claiming its site.
func TestOneSiteOneOffice(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		n := h.node("lra1")
		n.Site = "lra1"
		must[*ra.Node](t)(h.ChangeNode(as("ra1.system"), n))
		n = h.node("lra1")
		must[*ra.Node](t)(h.ChangeNode(as("ra1.system"), n)) // its own
		other := h.node("lra3")
		other.Site = "lra1"
		_, err := h.ChangeNode(as("ra2.system"), other)
		wantCode(t, err, "node.site")
		_, err = h.AddNode(as("ra2.system"), ra.Node{ID: "lra4", Parent: "ra2", Level: ra.LRA, Name: "新受理点", Site: "lra1"})
		wantCode(t, err, "node.site")
	})
}

// TestNobodyRenewsHisOwnPapers: but at the top, where nobody is above.
func TestNobodyRenewsHisOwnPapers(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		p := ra.Post{Officer: "ra1.security", Node: "ra1", Until: h.clock.Now().AddDate(50, 0, 0), Version: 1}
		_, err := h.SetPost(as("ra1.security"), p)
		wantCode(t, err, "post.own")
		must[*ra.Post](t)(h.SetPost(as("centre.security"), p))
		must[*ra.Post](t)(h.SetPost(as("centre.security"), ra.Post{Officer: "centre.security", Node: "centre", Until: h.clock.Now().AddDate(1, 0, 0), Version: 1}))
	})
}
