package tlcp

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"sync"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm3"
	"github.com/emmansun/gmsm/smx509"
	"golang.org/x/crypto/cryptobyte"
)

// peer is what the other side showed.
type peer struct {
	raw          [][]byte
	certificates []*smx509.Certificate
	encrypt      *smx509.Certificate // nil where there is none
	encryptAt    int                 // its place in raw, 0 for none
	z            [sm3.Size]byte      // of the signing key
	chains       [][]*smx509.Certificate
	verified     bool
	notBefore    time.Time // of all that was verified
	notAfter     time.Time

	kept *Session // a resumed one, whose certificates are parsed when asked for
	once sync.Once
}

func (p *peer) sign() *smx509.Certificate { return p.certificates[0] }

// load parses the certificates of a resumed session, which were parsed when it began.
func (p *peer) load() {
	p.once.Do(func() {
		if p.kept == nil {
			return
		}
		list := cryptobyte.String(p.kept.pair.Value() + p.kept.above.Value())
		for !list.Empty() {
			var der cryptobyte.String
			if !list.ReadUint24LengthPrefixed(&der) {
				return
			}
			c, err := smx509.ParseCertificate(der)
			if err != nil {
				return
			}
			p.raw, p.certificates = append(p.raw, der), append(p.certificates, c)
		}
		if p.kept.encrypting {
			p.encrypt, p.encryptAt = p.certificates[1], 1
		}
	})
}

// readPeer parses what a peer sent and finds the two of the pair: the first signs; the
// encryption certificate is the first after it that is not a CA's. That is the second
// by the standard; TASSL sends it last.
func readPeer(raw [][]byte) (*peer, error) {
	p := &peer{raw: raw}
	for i, der := range raw {
		c, err := smx509.ParseCertificate(der)
		if err != nil {
			return nil, failWith(AlertBadCertificate, CauseBadCertificate, err)
		}
		p.certificates = append(p.certificates, c)
		if i > 0 && p.encrypt == nil && !c.IsCA {
			p.encrypt, p.encryptAt = c, i
		}
	}
	return p, nil
}

// identify computes Z of the signing key, which every signature of it is over.
func (p *peer) identify() error {
	key, err := keyOf(p.sign())
	if err != nil {
		return err
	}
	z, err := sm2.CalculateZA(key, nil)
	if err != nil {
		return failWith(AlertBadCertificate, CauseBadCertificate, err)
	}
	p.z = [sm3.Size]byte(z)
	return nil
}

// keyOf returns a certificate's SM2 key.
func keyOf(c *smx509.Certificate) (*ecdsa.PublicKey, error) {
	key, ok := c.PublicKey.(*ecdsa.PublicKey)
	if !ok || key.Curve != sm2.P256() {
		return nil, fail(AlertUnsupportedCertificate, CauseNotSM2, "")
	}
	return key, nil
}

// verifiedCache remembers peers whose certificates were verified under one
// configuration. Verifying is a pure function of the certificates, the trusted CAs,
// the name and the time; the first three are the key, the last is compared again. It
// saves a server most of a handshake when the same clients return, and knows nothing
// of revocation, which is asked each time (Config.VerifyConnection).
type verifiedCache struct {
	mu    sync.RWMutex
	peers map[[sha256.Size]byte]*peer
}

// maxVerified bounds the cache; only who holds a good certificate gets into it.
const maxVerified = 512

func (v *verifiedCache) find(key [sha256.Size]byte, now time.Time) *peer {
	v.mu.RLock()
	defer v.mu.RUnlock()
	p := v.peers[key]
	if p == nil || now.Before(p.notBefore) || now.After(p.notAfter) {
		return nil
	}
	return p
}

func (v *verifiedCache) keep(key [sha256.Size]byte, p *peer) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.peers == nil {
		v.peers = map[[sha256.Size]byte]*peer{}
	}
	if len(v.peers) >= maxVerified {
		for any := range v.peers { // Go picks one at random
			delete(v.peers, any)
			break
		}
	}
	v.peers[key] = p
}

// cacheKey is over all that decides besides the time.
func cacheKey(raw [][]byte, want demand) [sha256.Size]byte {
	h := sha256.New()
	h.Write([]byte{boolByte(want.server), boolByte(want.pair), byte(len(want.name) >> 8), byte(len(want.name))})
	h.Write([]byte(want.name))
	for _, der := range raw {
		h.Write([]byte{byte(len(der) >> 16), byte(len(der) >> 8), byte(len(der))})
		h.Write(der)
	}
	return [sha256.Size]byte(h.Sum(nil))
}

func boolByte(b bool) byte {
	if b {
		return 1
	}
	return 0
}
