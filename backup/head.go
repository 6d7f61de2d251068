package backup

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"

	"onecert/pki"
	"onecert/shares"
)

// The head of an archive, in octets:
//
//	magic 16 ‖ version 1 ‖ cipher 1 ‖ lock 1 ‖ cost 3 ‖ set 8 ‖ id 16 ‖
//	salt 16 ‖ nonce 12 ‖ archive key 32 ‖ tag 16 ‖ SHA-256 of all before 32
//
// The archive key is drawn for this archive alone and encrypted under the key that
// the passphrase (scrypt) or the shares (HKDF of the secret they bring back) give;
// everything before it is authenticated with it. cost is log2 N, r and p of scrypt,
// or threshold, total and 0; set names the shares. The hash tells a damaged head from
// a wrong passphrase; against intent stands the tag.
const (
	magic   = "ONECERT BACKUP\r\n" // the line end shows a copy made as text
	version = 1

	lockPassphrase = 1
	lockShares     = 2

	keyLen  = 32
	saltLen = 16
	idLen   = 16
	setLen  = 8

	offVersion = len(magic)
	offCost    = offVersion + 3
	offSet     = offCost + 3
	offID      = offSet + setLen
	offSalt    = offID + idLen
	offNonce   = offSalt + saltLen
	offKey     = offNonce + nonceLen
	offSum     = offKey + keyLen + tagLen
	headLen    = offSum + sha256.Size
)

// Limits on what opening an archive may cost: some seconds and 256 MiB.
const (
	maxScryptMemory = 256 << 20 // 128·N·r octets
	maxScryptWork   = 1 << 22   // N·r·p
)

// Head is what an archive shows before it is opened.
type Head struct {
	ID     string // 32 hexadecimal digits, of this archive alone
	Cipher Cipher
	// Threshold of Total shares named Set open it; 0: a passphrase does.
	Threshold, Total int
	Set              string

	raw  []byte
	cost [3]byte
}

// ParseHead reads the first octets of an archive. Errors: backup.form,
// backup.version, backup.cipher, backup.head.
func ParseHead(raw []byte) (Head, error) {
	if len(raw) < offVersion || !bytes.HasPrefix(raw, []byte(magic)) {
		return Head{}, pki.Errorf(pki.Invalid, "backup.form", "the file is not a backup of this program").
			To("name the file that 'onecert backup create' wrote; copy it as it is, not as text")
	}
	if len(raw) > offVersion && raw[offVersion] != version {
		return Head{}, pki.Errorf(pki.Invalid, "backup.version", "the archive is of version %d, this program reads version %d", raw[offVersion], version).
			To("open it with the release that made it")
	}
	if len(raw) < headLen {
		return Head{}, errCut(int64(len(raw)))
	}
	raw = bytes.Clone(raw[:headLen])
	if sum := sha256.Sum256(raw[:offSum]); !bytes.Equal(sum[:], raw[offSum:]) {
		return Head{}, pki.Errorf(pki.Conflict, "backup.head", "the head of the archive is damaged (its first %d octets)", headLen).
			To("take another copy of it")
	}
	h := Head{ID: hex.EncodeToString(raw[offID:offSalt]), raw: raw, cost: [3]byte(raw[offCost:offSet])}
	var err error
	if h.Cipher, err = cipherOf(raw[offVersion+1]); err != nil {
		return Head{}, err
	}
	return h, h.readLock(raw[offVersion+2], raw[offSet:offID])
}

func (h *Head) readLock(lock byte, set []byte) error {
	switch lock {
	case lockPassphrase:
		if h.cost[0] == 0 || h.cost[0] > 24 || !affordable(1<<h.cost[0], int(h.cost[1]), int(h.cost[2])) || !bytes.Equal(set, make([]byte, setLen)) {
			return errHead("it asks for a scrypt cost that is not a sane one")
		}
		return nil
	case lockShares:
		h.Threshold, h.Total, h.Set = int(h.cost[0]), int(h.cost[1]), string(set)
		if _, err := hex.DecodeString(h.Set); err != nil || h.cost[2] != 0 || shares.CheckNumbers(h.Threshold, h.Total) != nil {
			return errHead("it asks for shares that cannot be")
		}
		return nil
	}
	return errHead("it is locked in a way this program does not know")
}

func affordable(n, r, p int) bool {
	return r > 0 && p > 0 && n <= maxScryptWork && r <= maxScryptWork/n && p <= maxScryptWork/(n*r) && n*r <= maxScryptMemory/128
}

// readHead takes the head off r.
func readHead(r io.Reader) (Head, error) {
	raw := make([]byte, headLen)
	n, err := io.ReadFull(r, raw)
	if err != nil && err != io.ErrUnexpectedEOF && err != io.EOF {
		return Head{}, errRead(err)
	}
	return ParseHead(raw[:n])
}

func errHead(why string) error {
	return pki.Errorf(pki.Invalid, "backup.head", "the head of the archive cannot be used: %s", why).To("take another copy of it")
}

func errCut(at int64) error {
	return pki.Errorf(pki.Conflict, "backup.cut", "the archive is cut off at octet %d", at).To("take another copy of it; what is missing cannot be made up")
}

func errRead(err error) error {
	return pki.Errorf(pki.Unavailable, "backup.read", "the archive cannot be read to its end").To("check the disk it lies on").Because(err)
}
