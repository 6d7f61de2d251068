package ca_test

import (
	"testing"
	"time"

	"onecert/ca"
	"onecert/pki"
)

// TestCanariesApart: no issuer people trust makes canaries, and none of theirs
// anything else.
func TestCanariesApart(t *testing.T) {
	h := open(t, sqlite(t), nil)
	o := order(t, "canary-1", pki.SM2)
	o.Profile, o.Subject = "canary", pki.Name{{Type: "O", Value: "示例"}, {Type: "CN", Value: "canary"}}
	o.Holder, o.Identity = "", nil
	if _, err := h.Issue(as("observer"), o); pki.CodeOf(err) != "canary.profile" {
		t.Error(err)
	}
	for id, want := range map[string]bool{"canary-sm2": true, "canary": false, "sm2": false} {
		if ca.IsCanary(id) != want {
			t.Error(id)
		}
	}
}

// TestCanaryProfile: a canary's life is minutes and nobody else's is.
func TestCanaryProfile(t *testing.T) {
	all, err := ca.DeliveredProfiles()
	if err != nil {
		t.Fatal(err)
	}
	for name, p := range all {
		if (p.Validity.Minutes > 0) != (p.Kind == ca.Canary) || p.Validity.Minutes > int(time.Hour/time.Minute) {
			t.Errorf("%s lives %+v", name, p.Validity)
		}
	}
}
