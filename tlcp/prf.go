package tlcp

import (
	"crypto/hmac"
	"hash"

	"github.com/emmansun/gmsm/sm3"
)

const (
	masterLen = 48
	verifyLen = 12
	randomLen = 32
)

// prf fills out with P_SM3(secret, label ‖ seeds) (GB/T 38636 5.2.4): the P_hash of
// TLS 1.2 with HMAC-SM3.
func prf(out, secret []byte, label string, seeds ...[]byte) {
	prfOver(hmac.New(sm3.New, secret), out, label, seeds...)
}

// prfOver is prf with HMAC under the secret at hand.
func prfOver(mac hash.Hash, out []byte, label string, seeds ...[]byte) {
	seed := append(make([]byte, 0, 2*len(label)+2*randomLen), label...)
	for _, s := range seeds {
		seed = append(seed, s...)
	}
	mac.Reset()
	mac.Write(seed)
	a := mac.Sum(nil) // A(1)
	var block [sm3.Size]byte
	for {
		mac.Reset()
		mac.Write(a)
		mac.Write(seed)
		n := copy(out, mac.Sum(block[:0]))
		if out = out[n:]; len(out) == 0 {
			return
		}
		mac.Reset()
		mac.Write(a)
		a = mac.Sum(a[:0])
	}
}

// masterOf derives the master secret (GB/T 38636 6.5.1).
func masterOf(preMaster, clientRandom, serverRandom []byte) []byte {
	master := make([]byte, masterLen)
	prf(master, preMaster, "master secret", clientRandom, serverRandom)
	return master
}

// keyBlock is the working keys of both directions (GB/T 38636 6.5.2).
type keyBlock struct {
	clientMAC, serverMAC []byte
	clientKey, serverKey []byte
	clientIV, serverIV   []byte
}

// keysOf derives them; the randoms stand the other way round than in masterOf. The
// IVs of CBC are generated and not used: each record has its own.
func keysOf(s *suite, master hash.Hash, clientRandom, serverRandom []byte) keyBlock {
	mac, iv := sm3.Size, 16
	if s.gcm {
		mac, iv = 0, 4
	}
	const key = 16
	all := make([]byte, 2*(mac+key+iv))
	prfOver(master, all, "key expansion", serverRandom, clientRandom)
	next := func(n int) []byte {
		part := all[:n:n]
		all = all[n:]
		return part
	}
	return keyBlock{clientMAC: next(mac), serverMAC: next(mac), clientKey: next(key), serverKey: next(key),
		clientIV: next(iv), serverIV: next(iv)}
}

// The labels of the two Finished messages.
const (
	clientFinished = "client finished"
	serverFinished = "server finished"
)

// verifyData is the body of a Finished message (GB/T 38636 6.4.5.10).
func verifyData(master hash.Hash, label string, transcript []byte) []byte {
	data := make([]byte, verifyLen)
	prfOver(master, data, label, transcript)
	return data
}
