package tlcp

import (
	"crypto"
	"crypto/ecdsa"
	"errors"
	"fmt"
	"io"

	"github.com/emmansun/gmsm/ecdh"
	"github.com/emmansun/gmsm/sm2"
)

// KeyExchanger is an encryption key that takes part in the key agreement of
// GB/T 32918.3 (SM2 key exchange), for the ECDHE suites. Implement it for keys in
// hardware; the two methods fit GM/T 0018's calls. Points are 65 octets, 04 ‖ X ‖ Y;
// user ids are the default one; the secret has 48 octets and no confirmation hashes
// are made.
type KeyExchanger interface {
	// InitiateExchange makes an ephemeral pair and returns its public point, and what
	// finishes the agreement once the peer's points are known: a server's part.
	InitiateExchange(random io.Reader) (ephemeral []byte, finish FinishExchange, err error)
	// RespondExchange makes an ephemeral pair and the secret at once: a client's part.
	RespondExchange(random io.Reader, peer *ecdsa.PublicKey, peerEphemeral []byte) (ephemeral, secret []byte, err error)
}

// FinishExchange returns the secret, from the public key of the peer's encryption
// certificate and its ephemeral point.
type FinishExchange func(peer *ecdsa.PublicKey, peerEphemeral []byte) (secret []byte, err error)

const pointLen = 65

// preMasterLen is the length of the pre-master secret in every suite.
const preMasterLen = 48

// errPoint: the peer's point, not our key, is at fault.
var errPoint = errors.New("the point is not on the SM2 curve")

func exchangerOf(key crypto.Decrypter) (KeyExchanger, error) {
	switch key := key.(type) {
	case KeyExchanger:
		return key, nil
	case *sm2.PrivateKey:
		own, err := key.ECDH()
		if err != nil {
			return nil, fmt.Errorf("taking the encryption key: %w", err)
		}
		// own.PublicKey() would multiply to find what is at hand.
		public, err := sm2.PublicKeyToECDH(&key.PublicKey)
		return softwareExchange{own, public}, err
	case agreeing:
		if public, ok := key.Public().(*ecdsa.PublicKey); ok && public.Curve == sm2.P256() {
			own, err := sm2.PublicKeyToECDH(public)
			return softwareExchange{key, own}, err
		}
	}
	return nil, errors.New("the encryption key takes no part in key exchanges, as ECDHE suites need")
}

// agreeing is a key that makes the shared point and is not seen itself.
type agreeing interface {
	mqv
	Public() crypto.PublicKey
}

// mqv makes the shared point of GB/T 32918.3 from both keys of one side and both public
// keys of the other, as *ecdh.PrivateKey does.
type mqv interface {
	SM2MQV(ephemeral *ecdh.PrivateKey, remote, remoteEphemeral *ecdh.PublicKey) (*ecdh.PublicKey, error)
}

// softwareExchange is KeyExchanger for a key in memory.
type softwareExchange struct {
	static mqv
	public *ecdh.PublicKey
}

// InitiateExchange implements KeyExchanger.
func (x softwareExchange) InitiateExchange(random io.Reader) ([]byte, FinishExchange, error) {
	ephemeral, err := newEphemeral(random)
	if err != nil {
		return nil, nil, err
	}
	finish := func(peer *ecdsa.PublicKey, peerEphemeral []byte) ([]byte, error) {
		return x.agree(ephemeral, peer, peerEphemeral, false)
	}
	return ephemeral.PublicKey().Bytes(), finish, nil
}

// RespondExchange implements KeyExchanger.
func (x softwareExchange) RespondExchange(random io.Reader, peer *ecdsa.PublicKey, peerEphemeral []byte) ([]byte, []byte, error) {
	ephemeral, err := newEphemeral(random)
	if err != nil {
		return nil, nil, err
	}
	secret, err := x.agree(ephemeral, peer, peerEphemeral, true)
	return ephemeral.PublicKey().Bytes(), secret, err
}

func (x softwareExchange) agree(ephemeral *ecdh.PrivateKey, peer *ecdsa.PublicKey, peerEphemeral []byte, responder bool) ([]byte, error) {
	far, err := sm2.PublicKeyToECDH(peer)
	if err != nil {
		return nil, fmt.Errorf("taking the peer's encryption key: %w", err)
	}
	farEphemeral, err := ecdh.P256().NewPublicKey(peerEphemeral)
	if err != nil {
		return nil, errPoint
	}
	shared, err := x.static.SM2MQV(ephemeral, far, farEphemeral)
	if err != nil {
		return nil, fmt.Errorf("%w: the agreement gives no key", errPoint)
	}
	secret, err := shared.SM2SharedKey(responder, preMasterLen, x.public, far, nil, nil)
	if err != nil {
		return nil, fmt.Errorf("deriving the secret: %w", err)
	}
	return secret, nil
}

// newEphemeral draws a private key by rejection, so that a fixed source gives a fixed
// key: recorded handshakes are replayed with one.
func newEphemeral(random io.Reader) (*ecdh.PrivateKey, error) {
	var d [32]byte
	for range 64 { // a draw fails once in 2^32
		if _, err := io.ReadFull(random, d[:]); err != nil {
			return nil, fmt.Errorf("drawing an ephemeral key: %w", err)
		}
		if key, err := ecdh.P256().NewPrivateKey(d[:]); err == nil {
			return key, nil
		}
	}
	return nil, errors.New("the source of randomness gives no usable key")
}
