package ra_test

import (
	"testing"
	"time"

	"onecert/officer"
	"onecert/pki"
	"onecert/pkitest"
)

// The service desk hears where somebody's post is, and nothing of one whose post or
// node is not in force.
func TestEnter(t *testing.T) {
	h := newHouse(t, pkitest.SQLite(t), nil)
	actor, node, path, err := h.room.Enter(as("lra1.registrar"), officer.WorkTickets)
	if err != nil || actor.Name != "lra1.registrar" || node != "lra1" || path != "/centre/ra1/lra1/" {
		t.Errorf("%+v %s %s %v", actor, node, path, err)
	}
	for who, code := range map[string]string{"lra1.system": "officer.forbidden", "nobody.registrar": "post.none"} {
		if _, node, path, err := h.room.Enter(as(who), officer.WorkTickets); pki.CodeOf(err) != code || node != "" || path != "" {
			t.Errorf("%s: %q %q %v", who, node, path, err)
		}
	}
	if path, err := h.room.NodePath(t.Context(), "ra2"); err != nil || path != "/centre/ra2/" {
		t.Errorf("%s %v", path, err)
	}
	if _, err := h.room.NodePath(t.Context(), "nowhere"); pki.KindOf(err) != pki.Unknown {
		t.Errorf("nowhere: %v", err)
	}
	h.clock.add(2 * 365 * 24 * time.Hour) // the papers have ended
	if _, _, _, err := h.room.Enter(as("lra1.registrar"), officer.WorkTickets); pki.CodeOf(err) != "post.ended" {
		t.Errorf("ended: %v", err)
	}
}
