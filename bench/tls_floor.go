package main

import (
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"fmt"

	"github.com/emmansun/gmsm/ecdh"
	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm3"
	"github.com/emmansun/gmsm/sm4"

	"onecert/tlcp"
)

// The floor of a handshake is its primitives, made by gmsm with everything at hand: no
// message is written or read, no certificate parsed, nobody waits.

// tlcpFloor is the SM2 operations of both sides of a handshake.
func (p *tlsPeople) tlcpFloor(way tlcpWay) error {
	signs, verifies := 1, 1 // the server's key exchange
	sides := 1
	if way.mutual {
		signs, verifies, sides = signs+1, verifies+1, 2
	}
	if way.stranger {
		verifies += 3 * sides // signing and encryption certificate, and the CA's once
	}
	for range signs {
		if _, err := p.sign.Sign(rand.Reader, p.message, sm2.DefaultSM2SignerOpts); err != nil {
			return err
		}
	}
	for range verifies {
		if !sm2.VerifyASN1WithSM2(&p.sign.PublicKey, nil, p.message, p.signature) {
			return fmt.Errorf("a good signature was refused")
		}
	}
	if way.suite == tlcp.ECDHE_SM4_GCM_SM3 {
		return p.agreement()
	}
	if _, err := sm2.EncryptASN1(rand.Reader, &p.sign.PublicKey, p.message[:48]); err != nil {
		return err
	}
	_, err := p.sign.Decrypt(rand.Reader, p.ciphertext, sm2.ASN1DecrypterOpts)
	return err
}

// agreement is an ephemeral pair and the shared point, on each side.
func (p *tlsPeople) agreement() error {
	for range 2 {
		own, err := ecdh.P256().GenerateKey(rand.Reader)
		if err != nil {
			return err
		}
		shared, err := p.static.SM2MQV(own, p.static.PublicKey(), p.ephemeral.PublicKey())
		if err != nil {
			return err
		}
		if _, err := shared.SM2SharedKey(true, 48, p.static.PublicKey(), p.static.PublicKey(), nil, nil); err != nil {
			return err
		}
	}
	return nil
}

// hashFloor is what both sides do beside SM2: SM3 over the messages, which both hash, the
// PRF of GB/T 38636 5.2.4 (master secret, working keys, two Finished), and the keys of
// SM4-GCM both ways.
func (p *tlsPeople) hashFloor(way tlcpWay) error {
	said := p.said(way)
	for range 2 {
		transcript := sm3.New()
		transcript.Write(said)
		for range 3 { // for both Finished and the client's signature
			transcript.Sum(nil)
		}
		for _, derived := range []int{2, 2, 1, 1} { // blocks of 32 octets
			mac := hmac.New(sm3.New, said[:48])
			seed := said[:77]
			for range 2 * derived { // A(i), and the block it gives
				mac.Reset()
				mac.Write(seed)
				mac.Sum(nil)
			}
		}
		for range 2 {
			block, err := sm4.NewCipher(said[:16])
			if err != nil {
				return err
			}
			if _, err := cipher.NewGCM(block); err != nil {
				return err
			}
		}
	}
	return nil
}

// helloOctets is what the messages of a handshake hold beside certificates.
const helloOctets = 500

// said is as many octets as the messages of a handshake have.
func (p *tlsPeople) said(way tlcpWay) []byte {
	n := helloOctets
	for _, c := range []tlcp.Certificate{p.server, p.client} {
		for _, der := range append(append([][]byte{}, c.Sign...), c.Encrypt...) {
			n += len(der)
		}
		if !way.mutual {
			break
		}
	}
	return make([]byte, n)
}
