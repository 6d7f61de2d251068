package tlcp

import (
	"bytes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"encoding/binary"
	mathrand "math/rand/v2"
	"testing"

	"github.com/emmansun/gmsm/sm3"
	"github.com/emmansun/gmsm/sm4"
)

func hmacSM3(key []byte, parts ...[]byte) []byte {
	mac := hmac.New(sm3.New, key)
	for _, p := range parts {
		mac.Write(p)
	}
	return mac.Sum(nil)
}

// TestSecretMAC: for every length a record can hide, the MAC in constant time is HMAC.
func TestSecretMAC(t *testing.T) {
	key := bytes.Repeat([]byte{7}, sm3.Size)
	m, err := newMACKey(key)
	if err != nil {
		t.Fatal(err)
	}
	random := mathrand.New(mathrand.NewPCG(1, 2))
	for _, size := range []int{48, 64, 80, 96, 112, 128, 256, 288, 304, 320, 336, 400, 1024, 16432} {
		body := make([]byte, size)
		for i := range body {
			body[i] = byte(random.Uint32())
		}
		for length := max(0, size-sm3.Size-256); length < size-sm3.Size; length++ {
			var additional [additionalLen]byte
			putAdditional(&additional, random.Uint64(), typeApplicationData, length)
			got, err := m.sumSecret(additional[:], body, length)
			if err != nil {
				t.Fatal(err)
			}
			if want := hmacSM3(key, additional[:], body[:length]); !bytes.Equal(got, want) {
				t.Fatalf("size %d, length %d: %x, want %x", size, length, got, want)
			}
			var mac [sm3.Size]byte
			copySecret(&mac, body, length)
			if !bytes.Equal(mac[:], body[length:length+sm3.Size]) {
				t.Fatalf("size %d, length %d: another MAC was copied", size, length)
			}
		}
	}
}

// counting counts the SM3 blocks and the states taken, so that a test sees the work.
type counting struct {
	resumable
	octets, states int
}

func (c *counting) Write(b []byte) (int, error) { c.octets += len(b); return c.resumable.Write(b) }
func (c *counting) AppendBinary(b []byte) ([]byte, error) {
	c.states++
	return c.resumable.AppendBinary(b)
}

// TestSameWork: opening a CBC record hashes the same number of octets in the same
// steps, whatever its padding and whether it is right: what Lucky Thirteen measures.
func TestSameWork(t *testing.T) {
	for _, size := range []int{48, 64, 320, 1024} {
		type work struct{ octets, states int }
		var first *work
		for pad := -1; pad < min(256, size-sm3.Size); pad++ { // -1: wrong padding
			key, mac := make([]byte, 16), make([]byte, 32)
			opener, err := newCBCOpener(mac, key)
			if err != nil {
				t.Fatal(err)
			}
			counter := &counting{resumable: opener.mac.hash}
			opener.mac.hash = counter
			_, err = opener.open(typeApplicationData, cbcRecord(key, size, pad))
			if err == nil {
				t.Fatal("a record without a right MAC was opened")
			}
			w := work{counter.octets, counter.states}
			if first == nil {
				first = &w
			}
			if w != *first {
				t.Errorf("size %d, padding %d: work %+v, else %+v", size, pad, w, *first)
			}
		}
	}
}

// cbcRecord encrypts a body that ends in padding of pad octets, without a right MAC.
func cbcRecord(key []byte, size, pad int) []byte {
	body := make([]byte, size)
	if pad < 0 {
		body[size-1], body[size-2] = 9, 8
	}
	for i := 0; i <= pad; i++ {
		body[size-1-i] = byte(pad)
	}
	block, _ := sm4.NewCipher(key)
	iv := make([]byte, blockLen)
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(body, body)
	return append(iv, body...)
}

// sealAndOpen makes both ends of one direction for each kind of suite.
func sealAndOpen(t testing.TB, gcm bool) (sealer, opener) {
	t.Helper()
	s := &suite{gcm: gcm}
	mac, key, iv := make([]byte, 32), []byte("0123456789abcdef"), []byte("abcd")
	out, err := newSealer(s, mac, key, iv)
	if err != nil {
		t.Fatal(err)
	}
	in, err := newOpener(s, mac, key, iv)
	if err != nil {
		t.Fatal(err)
	}
	return out, in
}

// TestRecords: every length comes back; every changed octet, other type, other order
// and shortened record is refused with one and the same error.
func TestRecords(t *testing.T) {
	for _, gcm := range []bool{true, false} {
		for _, size := range []int{0, 1, 15, 16, 17, 31, 32, 33, 255, 256, 1000, maxPlaintext} {
			plain := bytes.Repeat([]byte{0x5a}, size)
			out, in := sealAndOpen(t, gcm)
			for range 3 {
				sealed, err := out.seal(nil, typeApplicationData, plain, rand.Reader)
				if err != nil || len(sealed) > size+out.growth() {
					t.Fatalf("sealing %d octets: %d, %v", size, len(sealed), err)
				}
				got, err := in.open(typeApplicationData, sealed)
				if err != nil || !bytes.Equal(got, plain) {
					t.Fatalf("gcm %v, %d octets: %v", gcm, size, err)
				}
			}
		}
		sealed := func() []byte {
			out, _ := sealAndOpen(t, gcm)
			b, _ := out.seal(nil, typeApplicationData, []byte("forty-two octets of content, or thereabout"), rand.Reader)
			return b
		}
		refuse := func(what string, kind uint8, fragment []byte, after int) {
			t.Helper()
			_, in := sealAndOpen(t, gcm)
			for range after {
				in.open(typeApplicationData, sealed())
			}
			if _, err := in.open(kind, fragment); err != errBadRecord {
				t.Errorf("gcm %v: %s: %v", gcm, what, err)
			}
		}
		for i := range sealed() {
			changed := sealed()
			changed[i] ^= 0x40
			refuse("a changed octet", typeApplicationData, changed, 0)
			refuse("a short record", typeApplicationData, sealed()[:i], 0)
		}
		refuse("another type", typeHandshake, sealed(), 0)
		refuse("another number", typeApplicationData, sealed(), 1)
	}
}

// TestCBCPadding: the longest padding is allowed, as TLS allows it; a wrong octet in it
// is not (POODLE).
func TestCBCPadding(t *testing.T) {
	mac, key := make([]byte, 32), []byte("0123456789abcdef")
	make1 := func(content string, pad int, spoil int) []byte {
		var additional [additionalLen]byte
		putAdditional(&additional, 0, typeApplicationData, len(content))
		body := append([]byte(content), hmacSM3(mac, additional[:], []byte(content))...)
		start := len(body)
		body = append(body, bytes.Repeat([]byte{byte(pad)}, pad+1)...)
		if spoil >= 0 {
			body[start+spoil] ^= 1
		}
		block, _ := sm4.NewCipher(key)
		iv := make([]byte, blockLen)
		cipher.NewCBCEncrypter(block, iv).CryptBlocks(body, body)
		return append(iv, body...)
	}
	for pad := 15; pad < 256; pad += 16 {
		in, _ := newCBCOpener(mac, key)
		if got, err := in.open(typeApplicationData, make1("", pad, -1)); err != nil || len(got) != 0 {
			t.Errorf("padding of %d: %q, %v", pad, got, err)
		}
		for _, spoil := range []int{0, pad / 2, pad - 1} {
			in, _ := newCBCOpener(mac, key)
			if _, err := in.open(typeApplicationData, make1("", pad, spoil)); err != errBadRecord {
				t.Errorf("padding of %d, octet %d wrong: %v", pad, spoil, err)
			}
		}
	}
}

// TestNonces: under one key no nonce and no IV comes twice.
func TestNonces(t *testing.T) {
	for _, gcm := range []bool{true, false} {
		out, _ := sealAndOpen(t, gcm)
		seen := map[string]bool{}
		for i := range 2000 {
			sealed, err := out.seal(nil, typeApplicationData, nil, rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			nonce := string(sealed[:8])
			if gcm && binary.BigEndian.Uint64(sealed) != uint64(i) || seen[nonce] {
				t.Fatalf("gcm %v: record %d has nonce %x", gcm, i, nonce)
			}
			seen[nonce] = true
		}
	}
	s := sequence(1 << 63)
	if _, err := s.next(); err != errSequence {
		t.Errorf("the last number: %v", err)
	}
}

func TestRecordsDoNotAllocate(t *testing.T) {
	for _, gcm := range []bool{true, false} {
		out, in := sealAndOpen(t, gcm)
		plain, buffer := make([]byte, maxPlaintext), make([]byte, 0, maxCiphertext)
		if n := testing.AllocsPerRun(50, func() {
			sealed, err := out.seal(buffer, typeApplicationData, plain, rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := in.open(typeApplicationData, sealed); err != nil {
				t.Fatal(err)
			}
		}); n > spareAllocations {
			t.Errorf("gcm %v: %v allocations a record", gcm, n)
		}
	}
}

func FuzzRecord(f *testing.F) {
	for _, gcm := range []bool{true, false} {
		out, _ := sealAndOpen(f, gcm)
		sealed, _ := out.seal(nil, typeApplicationData, []byte("content"), constant(1))
		f.Add(gcm, typeApplicationData, sealed)
	}
	f.Add(false, typeAlert, make([]byte, 64))
	f.Add(true, typeHandshake, []byte{})
	f.Fuzz(func(t *testing.T, gcm bool, kind uint8, fragment []byte) {
		out, in := sealAndOpen(t, gcm)
		original := bytes.Clone(fragment)
		plain, err := in.open(kind, fragment)
		if err != nil {
			return
		}
		if gcm { // GCM has one form of each content; its number is not ours to choose
			copy(original[:8], make([]byte, 8))
			if again, _ := out.seal(nil, kind, plain, constant(1)); bytes.Equal(fragment[:8], make([]byte, 8)) && !bytes.Equal(again, original) {
				t.Errorf("opened %x, sealed %x", original, again)
			}
		}
	})
}
