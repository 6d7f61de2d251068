package keys

import (
	"fmt"

	"github.com/emmansun/gmsm/ecdh"

	"onecert/pki"
)

// SM2MQV makes the shared point of the SM2 key agreement (GB/T 32918.3 6.1), from this
// key and an ephemeral one on our side, and the two public keys of the other side. Keys
// in hardware do not take part yet.
func (k *Key) SM2MQV(ephemeral *ecdh.PrivateKey, remote, remoteEphemeral *ecdh.PublicKey) (*ecdh.PublicKey, error) {
	own := k.private().sm2
	if own == nil {
		return nil, pki.Errorf(pki.NotImplemented, "key.no-agreement", "this %s key does not take part in the SM2 key agreement", k.suite).
			To("use an SM2 key in a file")
	}
	static, err := own.ECDH()
	if err != nil {
		return nil, fmt.Errorf("taking the key for the SM2 agreement: %w", err)
	}
	return static.SM2MQV(ephemeral, remote, remoteEphemeral)
}
