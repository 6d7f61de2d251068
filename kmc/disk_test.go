package kmc

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"onecert/pki"
	"onecert/pkitest"
)

// A full disk under the store: acts refuse, no pair is lost or given out twice, and
// all goes on when there is space.
func TestStoreDiskFull(t *testing.T) {
	folder := pkitest.SmallDisk(t)
	if folder == "" {
		return
	}
	h := newHouse(t, "sqlite:"+filepath.Join(folder, "kmc.db"), nil)
	h.settle()
	k := newToken(t, pki.SM2)
	good, err := h.centre.Generate(as("ca1"), h.order(1, pki.SM2, k))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		h.settle()
		ballast := pkitest.FillDisk(t, folder)
		for range 20 { // what the log of SQLite still has room for is done
			_, err = h.centre.Generate(as("ca1"), h.order(2, pki.SM2, k))
			if err == nil {
				err = h.centre.Retire(as("ca1"), certNo(2))
			}
		}
		wantCode(t, err, pki.Unavailable, "km.store")
		_, err = h.centre.Restore(as("ca1"), pki.KeyRestore{CertNo: certNo(1), Recipient: k.spki, Holder: "holder-1", Reason: "x"})
		wantCode(t, err, pki.Unavailable, "km.store")
		wantCode(t, h.centre.Retire(as("ca1"), certNo(1)), pki.Unavailable, "km.store")
		for _, fault := range CheckInvariants(t.Context(), h.centre) {
			t.Error(fault)
		}
		if err := os.Remove(ballast); err != nil {
			t.Fatal(err)
		}
		again, err := h.centre.Generate(as("ca1"), h.order(1, pki.SM2, k))
		if err != nil || !bytes.Equal(again.PublicKey, good.PublicKey) {
			t.Errorf("with space: %v", err)
		}
	}
	if _, err := h.centre.Generate(as("ca1"), h.order(3, pki.SM2, k)); err != nil {
		t.Error(err)
	}
}
