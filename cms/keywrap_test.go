package cms

import (
	"bytes"
	"testing"
)

// The examples of RFC 3394 4.
func TestKeyWrapVectors(t *testing.T) {
	const kek = "000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F"
	const key = "00112233445566778899AABBCCDDEEFF000102030405060708090A0B0C0D0E0F"
	for _, c := range []struct {
		kek, key int // octets
		wrapped  string
	}{
		{16, 16, "1FA68B0A8112B447AEF34BD8FB5A7B829D3E862371D2CFE5"},
		{24, 16, "96778B25AE6CA435F92B5B97C050AED2468AB8A17AD84E5D"},
		{32, 16, "64E8C3F9CE0F5BA263E9777905818A2A93C8191E7D6E8AE7"},
		{24, 24, "031D33264E15D33268F24EC260743EDCE1C6C7DDEE725A936BA814915C6762D2"},
		{32, 24, "A8F9BC1612C68B3FF6E6F4FBE30E71E4769C8B80A32CB8958CD5D17D6B254DA1"},
		{32, 32, "28C9F404C4B810F4CBCCB35CFB87F8263F5786E2D80ED326CBC7F0E71A99F43BFB988B9B7A02DD21"},
	} {
		wrapped, err := wrapKey(unhex(t, kek)[:c.kek], unhex(t, key)[:c.key])
		if err != nil || !bytes.Equal(wrapped, unhex(t, c.wrapped)) {
			t.Errorf("%d/%d: %x %v", c.kek, c.key, wrapped, err)
		}
		got, ok := unwrapKey(unhex(t, kek)[:c.kek], wrapped)
		if !ok || !bytes.Equal(got, unhex(t, key)[:c.key]) {
			t.Errorf("%d/%d does not unwrap", c.kek, c.key)
		}
	}
}

func TestKeyWrapRefuses(t *testing.T) {
	kek := make([]byte, 32)
	wrapped, err := wrapKey(kek, make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	for i := range wrapped {
		bad := bytes.Clone(wrapped)
		bad[i] ^= 1
		if _, ok := unwrapKey(kek, bad); ok {
			t.Errorf("octet %d changed, and it unwraps", i)
		}
		if _, ok := unwrapKey(kek, wrapped[:i]); ok {
			t.Errorf("cut to %d octets, and it unwraps", i)
		}
	}
	for _, n := range []int{0, 8, 15, 17} {
		if _, err := wrapKey(kek, make([]byte, n)); err == nil {
			t.Errorf("%d octets were wrapped", n)
		}
	}
}
