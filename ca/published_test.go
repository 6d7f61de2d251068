package ca_test

import (
	"bytes"
	"testing"

	"onecert/pki"
)

// TestPublished: a directory gets what profiles publish, and nothing of what the
// platform gives its own people.
func TestPublished(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		pair := mustIssue(t, h, order(t, "pub-1", pki.SM2))
		ctx := as("directory")
		all, err := h.Published(ctx, "sm2", []pki.Serial{pair.Sign.Serial, pair.Encrypt.Serial, "00ff"})
		if err != nil || len(all) != 2 {
			t.Fatalf("%d certificates (%v)", len(all), err)
		}
		for i, c := range []struct {
			der  []byte
			role string
		}{{pair.Sign.DER, "sign"}, {pair.Encrypt.DER, "encrypt"}} {
			if !bytes.Equal(all[i].DER, c.der) || all[i].Role != c.role || all[i].Holder != pair.Sign.Holder {
				t.Errorf("%+v", all[i])
			}
		}
		if _, err := h.Published(ctx, "sm2", make([]pki.Serial, 257)); pki.KindOf(err) != pki.Invalid {
			t.Error(err)
		}
	})
}
