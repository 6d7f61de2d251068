//lint:file-ignore SA1019 broken SM2 keys are made by their coordinates

package cms

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/emmansun/gmsm/sm2"

	"onecert/pki"
)

func TestEnvelopedKeyVectors(t *testing.T) {
	file := vectors(t, "sm2-enveloped-key.json")
	for _, c := range file.Cases {
		holder := file.key(t, c.Holder)
		got, err := OpenSM2Key(device{holder}, unhex(t, c.Der))
		if c.Expect != "ok" {
			if pki.CodeOf(err) != c.Expect || got != nil {
				t.Errorf("%s: %v, not %s", c.Name, err, c.Expect)
			}
			continue
		}
		if err != nil || !got.Equal(file.key(t, c.Key)) {
			t.Errorf("%s: %v", c.Name, err)
		}
	}
}

// gmsm reads the same vectors: what it accepts besides is what we are strict about.
func TestGmsmAgreesOnEnvelopedKeyVectors(t *testing.T) {
	file := vectors(t, "sm2-enveloped-key.json")
	for _, c := range file.Cases {
		got, err := gmsmOpen(file.key(t, c.Holder), unhex(t, c.Der))
		switch {
		case c.Expect == "ok" && strings.HasPrefix(c.Name, "padded"): // its parser knows 32 octets only
		case c.Expect == "ok":
			if err != nil || !got.Equal(file.key(t, c.Key)) {
				t.Errorf("%s: gmsm: %v", c.Name, err)
			}
		case err == nil:
			// Lenient, never another key: unused bits shifted out, parameters ignored.
			if c.Name != "SM4-ECB with an IV" {
				t.Errorf("%s: gmsm opens it", c.Name)
			}
		}
	}
}

// gmsmOpen turns gmsm's panics on odd lengths into errors.
func gmsmOpen(key *sm2.PrivateKey, encoded []byte) (got *sm2.PrivateKey, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	return sm2.ParseEnvelopedPrivateKey(key, encoded)
}

// openssl sees the layout the fact sheet gives, in the vectors and in what we write.
func TestEnvelopedKeyLayout(t *testing.T) {
	sealed, err := SealSM2Key(rand.Reader, &newSM2(t).PublicKey, newSM2(t))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, encoded := range map[string][]byte{"vector": unhex(t, vectors(t, "sm2-enveloped-key.json").Cases[0].Der), "ours": sealed} {
		output := string(openssl(t, "asn1parse", "-inform", "DER", "-in", writeFile(t, dir+"/key.der", encoded)))
		var shape []string
		for line := range strings.Lines(output) {
			depth := strings.TrimSpace(line[strings.Index(line, "d=")+2 : strings.Index(line, "hl=")])
			kind := strings.Fields(line[strings.Index(line, "cons:")+strings.Index(line, "prim:")+1:])[1]
			shape = append(shape, depth+" "+kind)
		}
		want := "0 SEQUENCE,1 SEQUENCE,2 OBJECT,2 NULL,1 SEQUENCE,2 INTEGER,2 INTEGER,2 OCTET,2 OCTET,1 BIT,1 BIT"
		if got := strings.Join(shape, ","); got != want {
			t.Errorf("%s: %s\n%s", name, got, output)
		}
		for _, part := range []string{":sm4-ecb", "l=  66 prim: BIT STRING", "l=  33 prim: BIT STRING", "l=  16 prim: OCTET STRING"} {
			if !strings.Contains(output, part) {
				t.Errorf("%s: no %q in\n%s", name, part, output)
			}
		}
	}
}

// Sealed by us, opened by gmsm and by us; sealed by gmsm, opened by us. Enough
// rounds that coordinates with leading zeros occur.
func TestSealSM2Key(t *testing.T) {
	holder := newSM2(t)
	for range 600 {
		escrowed := newSM2(t)
		sealed, err := SealSM2Key(rand.Reader, &holder.PublicKey, escrowed)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := gmsmOpen(holder, sealed); err != nil || !got.Equal(escrowed) {
			t.Fatalf("gmsm: %v\n%x", err, sealed)
		}
		if got, err := OpenSM2Key(holder, sealed); err != nil || !got.Equal(escrowed) {
			t.Fatalf("%v\n%x", err, sealed)
		}
		theirs, err := sm2.MarshalEnvelopedPrivateKey(rand.Reader, &holder.PublicKey, escrowed)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := OpenSM2Key(device{holder}, theirs); err != nil || !got.Equal(escrowed) {
			t.Fatalf("gmsm's: %v\n%x", err, theirs)
		}
	}
}

func TestSealSM2KeyRefuses(t *testing.T) {
	key, holder := newSM2(t), &newSM2(t).PublicKey
	nist := newKey(t, pki.P256).Public().(*ecdsa.PublicKey)
	off := &ecdsa.PublicKey{Curve: sm2.P256(), X: big.NewInt(1), Y: big.NewInt(1)}
	for name, c := range map[string]struct {
		to  *ecdsa.PublicKey
		key *sm2.PrivateKey
	}{
		"no recipient":           {nil, key},
		"P-256 recipient":        {nist, key},
		"recipient off the line": {off, key},
		"infinity":               {&ecdsa.PublicKey{Curve: sm2.P256(), X: new(big.Int), Y: new(big.Int)}, key},
		"no key":                 {holder, nil},
		"empty key":              {holder, new(sm2.PrivateKey)},
		"P-256 key":              {holder, &sm2.PrivateKey{PrivateKey: ecdsa.PrivateKey{PublicKey: ecdsa.PublicKey{Curve: elliptic.P256(), X: nist.X, Y: nist.Y}, D: big.NewInt(2)}}},
	} {
		if sealed, err := SealSM2Key(rand.Reader, c.to, c.key); err == nil || sealed != nil {
			t.Errorf("%s: sealed", name)
		}
	}
	broken := errors.New("no entropy")
	if _, err := SealSM2Key(iotest.ErrReader(broken), holder, key); !errors.Is(err, broken) {
		t.Errorf("without randomness: %v", err)
	}
}

func TestOpenSM2KeyRefusesOtherHolders(t *testing.T) {
	sealed, err := SealSM2Key(rand.Reader, &newSM2(t).PublicKey, newSM2(t))
	if err != nil {
		t.Fatal(err)
	}
	rsaKey := newKey(t, pki.RSA2048).(crypto.Decrypter)
	for _, key := range []crypto.Decrypter{rsaKey, misfit{rsaKey, newKey(t, pki.P256).Public()}} {
		if _, err := OpenSM2Key(key, sealed); pki.CodeOf(err) != "envelope.open" {
			t.Errorf("%T: %v", key.Public(), err)
		}
	}
	if _, err := OpenSM2Key(newSM2(t), make([]byte, MaxKeyMessage+1)); pki.CodeOf(err) != "envelope.size" {
		t.Errorf("too large: %v", err)
	}
}

// misfit decrypts with one key and shows another.
type misfit struct {
	crypto.Decrypter
	public crypto.PublicKey
}

func (m misfit) Public() crypto.PublicKey { return m.public }

// Every changed octet is noticed, except where the change means nothing: the
// algorithm without its mode, say. Never does another key come out.
func TestEnvelopedKeyNoticesDamage(t *testing.T) {
	holder, escrowed := newSM2(t), newSM2(t)
	sealed, err := SealSM2Key(rand.Reader, &holder.PublicKey, escrowed)
	if err != nil {
		t.Fatal(err)
	}
	for i := range sealed {
		for _, flip := range []byte{1, 0x20, 0x80} {
			bad := bytes.Clone(sealed)
			bad[i] ^= flip
			if got, err := OpenSM2Key(holder, bad); err == nil && !got.Equal(escrowed) {
				t.Errorf("octet %d changed by %02x gives another key", i, flip)
			}
		}
	}
}

// No error of opening holds what was decrypted.
func TestErrorsHoldNoSecret(t *testing.T) {
	file := vectors(t, "sm2-enveloped-key.json")
	secret := file.Keys["escrow"].D[:16]
	for _, c := range file.Cases {
		if _, err := OpenSM2Key(file.key(t, c.Holder), unhex(t, c.Der)); err != nil {
			if text := fmt.Sprintf("%v %+v %#v", err, err, err); strings.Contains(strings.ToLower(text), secret) {
				t.Errorf("%s: %s", c.Name, text)
			}
		}
	}
}
