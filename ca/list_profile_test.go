package ca_test

import (
	"testing"

	"onecert/ca"
	"onecert/pki"
)

// A profile selects its own certificates, not the other halves of their pairs.
func TestListByProfile(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		issued := mustIssue(t, h, order(t, "listed", pki.SM2))
		for profile, serial := range map[string]pki.Serial{"person-sign": issued.Sign.Serial, "person-encrypt": issued.Encrypt.Serial} {
			page, err := h.List(as("office"), ca.Filter{Profile: profile})
			if err != nil || len(page.Certificates) != 1 || page.Certificates[0].Serial != serial || page.Certificates[0].Profile != profile {
				t.Errorf("%s: %+v %v", profile, page, err)
			}
		}
	})
}
