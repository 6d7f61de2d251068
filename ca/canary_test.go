package ca_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"onecert/ca"
	"onecert/officer"
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

// TestNodeHasNoChoice: whoever takes a node of status over gets certificates that sign
// OCSP answers for days, under the node's name, and nothing else in them.
func TestNodeHasNoChoice(t *testing.T) {
	h := open(t, sqlite(t), nil)
	node := pki.WithActor(context.Background(), pki.Actor{Name: "status1", Roles: []string{"node"}})
	o := order(t, "node-1", pki.P256)
	o.Profile, o.Subject = "ocsp-responder", pki.Name{{Type: "C", Value: "CN"}, {Type: "O", Value: "示例"}, {Type: "CN", Value: "alice"}}
	o.Holder, o.Identity = "", nil
	o.Days = 30
	if _, err := h.Issue(node, o); pki.CodeOf(err) != "order.node" {
		t.Error(err)
	}
	o.Application, o.Days = "node-2", 0
	issued := mustIssueAs(t, h, node, o)
	if c := issued.Sign; !strings.HasSuffix(c.Subject, "CN=ocsp-responder status1") || c.NotAfter.Sub(c.NotBefore) > 15*24*time.Hour {
		t.Errorf("%s until %s", c.Subject, c.NotAfter)
	}
	for kind, wants := range map[ca.Kind]map[officer.Operation]officer.Operation{
		ca.OCSP:   {officer.Issue: officer.IssueResponder, officer.Renew: officer.Renew, officer.Reissue: officer.Reissue, officer.Revoke: officer.Revoke},
		ca.Canary: {officer.Issue: officer.IssueCanary, officer.Renew: officer.Renew, officer.Revoke: officer.IssueCanary},
	} {
		for act, want := range wants {
			if got := kind.Operation(act); got != want {
				t.Errorf("%s of %s needs %s, not %s", act, kind, got, want)
			}
		}
	}
}

func mustIssueAs(t *testing.T, h *house, ctx context.Context, o ca.Order) *ca.Issued {
	t.Helper()
	issued, err := h.Issue(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	return issued
}
