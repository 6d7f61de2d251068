package cms

import (
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"

	"golang.org/x/crypto/cryptobyte"
	der "golang.org/x/crypto/cryptobyte/asn1"

	"onecert/pki"
)

// maxRecipients bounds the recipients of one message.
const maxRecipients = 64

// recipientInfo is one recipient of a message as read.
type recipientInfo struct {
	version   int
	id        identifier
	algorithm algorithm
	sealed    []byte
	agreement *agreement // nil for key transport
}

// readRecipients reads the content of recipientInfos. Password and pre-shared-key
// recipients ([2] to [4]) are passed over: no key of ours opens them.
func readRecipients(set cryptobyte.String) ([]*recipientInfo, bool) {
	var infos []*recipientInfo
	for !set.Empty() {
		var body cryptobyte.String
		var tag der.Tag
		if !set.ReadAnyASN1(&body, &tag) {
			return nil, false
		}
		switch tag {
		case der.SEQUENCE:
			info, ok := readTransport(body)
			if !ok {
				return nil, false
			}
			infos = append(infos, info)
		case tag1c:
			more, ok := readAgreement(body)
			if !ok {
				return nil, false
			}
			infos = append(infos, more...)
		case tag2c, der.Tag(0xa3), der.Tag(0xa4):
			infos = append(infos, &recipientInfo{})
		default:
			return nil, false
		}
		if len(infos) > maxRecipients {
			return nil, false
		}
	}
	return infos, len(infos) > 0
}

func readTransport(body cryptobyte.String) (*recipientInfo, bool) {
	info := new(recipientInfo)
	var sealed cryptobyte.String
	var ok bool
	if !body.ReadASN1Integer(&info.version) || info.version < 0 || info.version > 2 {
		return nil, false
	}
	if info.id, ok = readID(&body); !ok {
		return nil, false
	}
	if info.algorithm, ok = readAlgorithm(&body); !ok {
		return nil, false
	}
	ok = body.ReadASN1(&sealed, der.OCTET_STRING) && body.Empty()
	info.sealed = sealed
	return info, ok
}

// isSM2 reads the numbers seen for SM2 encryption: 301.3, GmSSL's 301.2, 301.
func (info *recipientInfo) isSM2() bool {
	return info.agreement == nil && info.algorithm.bare() &&
		info.algorithm.is(pki.OIDSM2Encrypt, oidSM2Exchange, pki.OIDSM2)
}

// fits says whether a key of the suite can open this recipient's content key.
func (info *recipientInfo) fits(suite pki.Suite) bool {
	switch suite.Family() {
	case "sm2":
		return info.isSM2()
	case "rsa":
		return info.agreement == nil && info.algorithm.is(pki.OIDRSA) && info.algorithm.bare()
	case "ecdsa":
		return info.agreement != nil && info.agreement.supported && len(info.agreement.originator) == pointLen(suite)
	}
	return false
}

func pointLen(suite pki.Suite) int {
	if suite == pki.P384 {
		return 97
	}
	return 65
}

// holder is a private key that opens messages: crypto.Decrypter for SM2 and RSA,
// *ecdsa.PrivateKey or ecdh.KeyExchanger for P-256 and P-384.
type holder struct {
	key    crypto.PrivateKey
	public crypto.PublicKey
	suite  pki.Suite
}

func newHolder(key crypto.PrivateKey) (*holder, error) {
	owner, ok := key.(interface{ Public() crypto.PublicKey })
	if !ok {
		return nil, errRecipient("what is to open the message is not a private key")
	}
	suite, err := pki.SuiteOf(owner.Public())
	if err != nil {
		return nil, err
	}
	return &holder{key, owner.Public(), suite}, nil
}

// contentKey returns the content key, of keyLen octets, that a recipient's entry
// holds for the holder. RSA always gives one: a random key where the padding is
// wrong, so that nobody learns that from us (RFC 3218 2.3.2).
func (h *holder) contentKey(info *recipientInfo, keyLen int) (key []byte, ok bool) {
	if h.suite.Family() == "ecdsa" {
		curve := ecdh.P256()
		if h.suite == pki.P384 {
			curve = ecdh.P384()
		}
		key, ok = info.agreement.open(curve, h.exchange, info.sealed)
		return key, ok && len(key) == keyLen
	}
	decrypter, ok := h.key.(crypto.Decrypter)
	if !ok {
		return nil, false
	}
	if h.suite == pki.SM2 {
		for _, form := range sm2Ciphers(info.sealed) {
			if key, ok = decryptKey(decrypter, form); ok && len(key) == keyLen {
				return key, true
			}
		}
		return nil, false
	}
	//lint:ignore SA1019 with a session key length it is the safe way to read what others write
	key, err := decrypter.Decrypt(rand.Reader, info.sealed, &rsa.PKCS1v15DecryptOptions{SessionKeyLen: keyLen})
	return key, err == nil && len(key) == keyLen
}

func (h *holder) exchange(remote *ecdh.PublicKey) ([]byte, error) {
	switch key := h.key.(type) {
	case *ecdsa.PrivateKey:
		own, err := key.ECDH()
		if err != nil {
			return nil, err
		}
		return own.ECDH(remote)
	case ecdh.KeyExchanger:
		return key.ECDH(remote)
	}
	return nil, errRecipient("the key does not agree on keys")
}
