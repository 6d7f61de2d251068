package cms

import (
	"bytes"
	"testing"

	"github.com/emmansun/gmsm/sm2"

	"onecert/pki"
)

func addVectors(f *testing.F, name string) *vectorFile {
	f.Helper()
	file := vectors(f, name)
	for _, c := range file.Cases {
		f.Add(unhex(f, c.Der))
	}
	return file
}

// FuzzOpenSM2Key holds that nothing kills the process, that a key that opens is a
// pair, and that gmsm, where it reads the same octets, reads the same key.
func FuzzOpenSM2Key(f *testing.F) {
	holder := addVectors(f, "sm2-enveloped-key.json").key(f, "holder")
	f.Fuzz(func(t *testing.T, encoded []byte) {
		key, err := OpenSM2Key(holder, encoded)
		if err != nil {
			return
		}
		again, err := sm2.NewPrivateKeyFromInt(key.D)
		if err != nil || !again.Equal(key) {
			t.Fatal("what opened is not a pair")
		}
		if theirs, err := gmsmOpen(holder, encoded); err == nil && !theirs.Equal(key) {
			t.Fatal("gmsm reads another key")
		}
	})
}

func FuzzOpenEnvelope(f *testing.F) {
	holder := addVectors(f, "gm-enveloped-data.json").key(f, "holder")
	agree := newKey(f, pki.P256)
	f.Fuzz(func(t *testing.T, message []byte) {
		_, _ = OpenEnvelope(holder, message)
		_, _ = OpenEnvelope(agree, message)
		if converted, ok := fromBER(message); ok {
			if again, ok := fromBER(converted); !ok || !bytes.Equal(again, converted) {
				t.Fatal("what was converted converts again")
			}
		}
	})
}

// FuzzAnswer holds that whatever verifies is one of the answers the centre signed.
func FuzzAnswer(f *testing.F) {
	file := addVectors(f, "sm2-key-answer.json")
	kmc, holder, escrow := file.key(f, "kmc"), file.key(f, "holder"), file.key(f, "escrow")
	f.Fuzz(func(t *testing.T, message []byte) {
		_, _ = OpenAnswer(holder, message)
		_, _ = RepackCMS(message)
		repacked, err := RepackSM2(message, &escrow.PublicKey)
		if err != nil || VerifyAnswer(message, &kmc.PublicKey) != nil {
			return
		}
		if key, err := OpenSM2Key(holder, repacked); err == nil && !key.Equal(escrow) {
			t.Fatal("a verified answer gives a key the centre did not send")
		}
	})
}
