package notice

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"net/http"
	"regexp"
	"strconv"
	"time"

	"github.com/emmansun/gmsm/sm3"

	"onecert/pki"
)

// MAC is how a webhook is signed.
type MAC string

// The two MACs: RFC 2104 over SHA-256, and over SM3.
const (
	HMACSHA256 MAC = "hmac-sha256"
	HMACSM3    MAC = "hmac-sm3"
)

func (m MAC) hash() func() hash.Hash {
	switch m {
	case HMACSHA256:
		return sha256.New
	case HMACSM3:
		return sm3.New
	}
	return nil
}

// SignatureHeader carries a webhook's signature:
//
//	OneCert-Signature: t=SECONDS, id=ID, hmac-sha256=HEX
//
// t is when this try was made, in seconds since 1970, ID the delivery's, and the MAC is
// over "SECONDS.ID.BODY" with the target's secret. Receivers compare it in constant
// time, refuse a t further than five minutes from their clock, and remember the ids
// they have dealt with.
const SignatureHeader = "OneCert-Signature"

// Window is how far a webhook's time may be from the receiver's clock.
const Window = 5 * time.Minute

func mac(m MAC, secret []byte, id, seconds string, body []byte) []byte {
	h := hmac.New(m.hash(), secret)
	h.Write([]byte(seconds + "." + id + "."))
	h.Write(body)
	return h.Sum(nil)
}

func sign(m MAC, secret []byte, id string, now time.Time, body []byte) string {
	seconds := strconv.FormatInt(now.Unix(), 10)
	return "t=" + seconds + ", id=" + id + ", " + string(m) + "=" + hex.EncodeToString(mac(m, secret, id, seconds, body))
}

var signatureForm = regexp.MustCompile(`^t=([0-9]{1,12}), id=([0-9a-f]{32}), (hmac-sha256|hmac-sm3)=([0-9a-f]{64})$`)

// CheckSignature is the receiver's side, for Go programs that take our webhooks: it
// verifies header and body and returns the delivery's id, by which a repetition is
// known. Errors are pki.Forbidden.
func CheckSignature(header http.Header, body []byte, m MAC, secret []byte, now time.Time) (id string, err error) {
	parts := signatureForm.FindStringSubmatch(header.Get(SignatureHeader))
	if parts == nil || MAC(parts[3]) != m || len(secret) < minSecret || len(header.Values(SignatureHeader)) != 1 {
		return "", badSignature("it has another form")
	}
	sum, err := hex.DecodeString(parts[4])
	if err != nil || !hmac.Equal(sum, mac(m, secret, parts[2], parts[1], body)) {
		return "", badSignature("it is of another secret or body")
	}
	seconds, err := strconv.ParseInt(parts[1], 10, 64)
	if err != nil || now.Sub(time.Unix(seconds, 0)).Abs() > Window {
		return "", badSignature("its time is too far from our clock")
	}
	return parts[2], nil
}

func badSignature(why string) error {
	return pki.Errorf(pki.Forbidden, "notice.signature", "the webhook's signature is not right: %s", why)
}
