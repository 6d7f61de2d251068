package tlcp

import (
	"bytes"
	"crypto/hmac"
	"testing"

	"github.com/emmansun/gmsm/sm3"
)

// TestPRF compares with P_hash of RFC 5246 5 written out, and holds the lengths.
func TestPRF(t *testing.T) {
	secret, seed := []byte("secret"), []byte("labelseed")
	a1 := hmacSM3(secret, seed)
	a2 := hmacSM3(secret, a1)
	a3 := hmacSM3(secret, a2)
	long := bytes.Join([][]byte{hmacSM3(secret, a1, seed), hmacSM3(secret, a2, seed), hmacSM3(secret, a3, seed)}, nil)
	for n := 1; n <= len(long); n++ {
		got := make([]byte, n)
		prf(got, secret, "label", []byte("se"), []byte("ed"))
		if !bytes.Equal(got, long[:n]) {
			t.Fatalf("%d octets: %x, want %x", n, got, long[:n])
		}
	}
}

func TestKeyBlock(t *testing.T) {
	master, client, server := make([]byte, 48), []byte("client"), []byte("server")
	for _, c := range []struct{ id, mac, iv int }{{int(ECC_SM4_GCM_SM3), 0, 4}, {int(ECC_SM4_CBC_SM3), 32, 16}} {
		keys := keysOf(suiteOf(uint16(c.id)), hmac.New(sm3.New, master), client, server)
		parts := [][]byte{keys.clientMAC, keys.serverMAC, keys.clientKey, keys.serverKey, keys.clientIV, keys.serverIV}
		lengths := []int{c.mac, c.mac, 16, 16, c.iv, c.iv}
		for i := range parts {
			if len(parts[i]) != lengths[i] {
				t.Errorf("part %d has %d octets", i, len(parts[i]))
			}
		}
		want := make([]byte, 2*(c.mac+16+c.iv))
		prf(want, master, "key expansion", server, client)
		if !bytes.Equal(bytes.Join(parts, nil), want) {
			t.Error("the key block is cut otherwise")
		}
	}
}
