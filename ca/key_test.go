package ca_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/emmansun/gmsm/smx509"

	"onecert/ca"
	"onecert/pki"
	"onecert/pkitest"
)

// TestKeysAreFoundByTheirStart: an index holds only the start of a key's hash. It
// answers every question by a key, and a key whose hash begins alike is another.
func TestKeysAreFoundByTheirStart(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		h := open(t, source, nil)
		issued := mustIssue(t, h, order(t, "first", pki.SM2))
		for what, c := range map[string]*ca.Certificate{"signing": issued.Sign, "escrowed": issued.Encrypt} {
			hash := hashOfKey(t, c.DER)
			wantCode(t, h.room.CheckKey(t.Context(), hash, "somebody"), pki.Conflict, "request.key-taken")
			other := hash[:len(hash)-1] + "g"
			if err := h.room.CheckKey(t.Context(), other, "somebody"); err != nil {
				t.Errorf("%s: a hash with the same start: %v", what, err)
			}
		}
		for text, index := range ca.KeyQuestions() {
			plan := explain(t, h.cfg.DB, fmt.Sprintf(text, "('0123456789')"), nil)
			if !strings.Contains(plan, index) {
				t.Errorf("%s is not answered by %s:\n%s", text, index, plan)
			}
		}
		plan := explain(t, h.cfg.DB, ca.FindKeys, []any{"0123456789", "0123456789a", "0123456789", "0123456789a"})
		if !strings.Contains(plan, "ca_order_key_start") || !strings.Contains(plan, "ca_certificate_escrowed_start") {
			t.Errorf("what shares a key is found by reading too much:\n%s", plan)
		}
	})
}

func hashOfKey(t *testing.T, der []byte) string {
	t.Helper()
	certificate, err := smx509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return pki.KeyHash(certificate.RawSubjectPublicKeyInfo)
}
