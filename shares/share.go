package shares

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"io"
	"slices"

	"onecert/pki"
)

// Limits: what people can hold and type. A secret under 128 bits is none.
const (
	MinThreshold = 2
	MaxTotal     = 32
	MinSecret    = 16 // octets
	MaxSecret    = 64
)

// digestSize is how many octets tell the right secret from a wrong one.
const digestSize = 8

// Share is what one custodian holds. It shows its set and place, never its value.
type Share struct {
	Set       string // 8 hexadecimal digits, the same in all shares of one secret
	Index     int    // 1 to Total
	Threshold int    // how many bring the secret back
	Total     int
	value     func() []byte // in a closure, where no printer looks
}

// Split returns total shares of a secret, of which threshold bring it back. Randomness
// is read from random, which must be the system's or a device's.
func Split(random io.Reader, secret []byte, threshold, total int) ([]Share, error) {
	if err := CheckNumbers(threshold, total); err != nil {
		return nil, err
	}
	if len(secret) < MinSecret || len(secret) > MaxSecret {
		return nil, pki.Errorf(pki.Internal, "share.secret", "a secret of %d octets is not split", len(secret))
	}
	size := len(secret) + digestSize
	drawn := make([]byte, 4+size*(threshold-1))
	defer clear(drawn)
	if _, err := io.ReadFull(random, drawn); err != nil {
		return nil, fmt.Errorf("drawing the coefficients: %w", err)
	}
	set := hex.EncodeToString(drawn[:4])
	plain := append(slices.Clone(secret), digest(set, threshold, total, secret)...)
	defer clear(plain)
	all := make([]Share, 0, total)
	for _, p := range evaluate(plain, drawn[4:], threshold, total) {
		all = append(all, newShare(set, int(p.x), threshold, total, p.y))
	}
	return all, nil
}

// CheckNumbers refuses an M of N that is none: one person alone, or more than there are.
func CheckNumbers(threshold, total int) error {
	if threshold < MinThreshold || threshold > total || total > MaxTotal {
		return pki.Errorf(pki.Invalid, "share.numbers", "%d of %d shares is not possible", threshold, total).
			To("ask for at least %d and at most all of them; there are at most %d", MinThreshold, MaxTotal)
	}
	return nil
}

// Combine brings the secret back from at least the threshold's number of shares. The
// secret is proven right, and every further share is held against it. The caller
// clears the secret. Errors: share.none, share.mixed, share.duplicate, share.few,
// share.wrong.
func Combine(all []Share) ([]byte, error) {
	if err := together(all); err != nil {
		return nil, err
	}
	first := all[0]
	if len(all) < first.Threshold {
		return nil, pki.Errorf(pki.Invalid, "share.few", "%d shares of set %s are there, %d are needed", len(all), first.Set, first.Threshold).
			To("bring %d more custodians", first.Threshold-len(all))
	}
	points := make([]point, len(all))
	for i, s := range all {
		points[i] = point{byte(s.Index), s.value()}
	}
	secret, ok := first.recover(points)
	if ok {
		return secret, nil
	}
	return nil, first.blame(points)
}

// recover interpolates the secret and holds all points against it.
func (s Share) recover(points []point) (secret []byte, ok bool) {
	enough := points[:s.Threshold]
	plain := interpolate(enough, 0)
	cut := len(plain) - digestSize
	ok = subtle.ConstantTimeCompare(plain[cut:], digest(s.Set, s.Threshold, s.Total, plain[:cut])) == 1
	for _, p := range points[s.Threshold:] {
		ok = subtle.ConstantTimeCompare(interpolate(enough, p.x), p.y) == 1 && ok
	}
	if !ok {
		clear(plain)
		return nil, false
	}
	return plain[:cut:cut], true
}

// blame names the wrong share where there are enough without it to tell.
func (s Share) blame(points []point) error {
	var all []int
	for i, p := range points {
		all = append(all, int(p.x))
		if len(points) == s.Threshold {
			continue
		}
		secret, ok := s.recover(slices.Delete(slices.Clone(points), i, i+1))
		clear(secret)
		if ok {
			return pki.Errorf(pki.Invalid, "share.wrong", "share %d of set %s is wrong", p.x, s.Set).
				To("the others fit together: go on without it, and find out who wrote it down wrongly")
		}
	}
	return pki.Errorf(pki.Invalid, "share.wrong", "the shares %v of set %s do not bring the secret back: at least one is wrong", all, s.Set).
		To("bring a further custodian: with one share more than needed the wrong one can be named")
}

// Check says whether shares belong together. With fewer than the threshold only
// what is written on them can be compared, and proven is false.
func Check(all []Share) (proven bool, err error) {
	if err := together(all); err != nil {
		return false, err
	}
	if len(all) < all[0].Threshold {
		return false, nil
	}
	secret, err := Combine(all)
	clear(secret)
	return err == nil, err
}

// together compares what is written on the shares.
func together(all []Share) error {
	if len(all) == 0 {
		return pki.Errorf(pki.Invalid, "share.none", "there is no share")
	}
	first := all[0]
	for i, s := range all {
		switch {
		case s.Set != first.Set:
			return pki.Errorf(pki.Invalid, "share.mixed", "share %d is of set %s and share %d of set %s", first.Index, first.Set, s.Index, s.Set).
				To("put the shares of one set together; the set's number stands on each")
		case s.Threshold != first.Threshold || s.Total != first.Total || len(s.value()) != len(first.value()):
			return pki.Errorf(pki.Invalid, "share.mixed", "shares %d and %d of set %s do not say the same of their set", first.Index, s.Index, s.Set).
				To("one of them was tampered with or is of another set")
		}
		for _, earlier := range all[:i] {
			if earlier.Index == s.Index {
				return pki.Errorf(pki.Invalid, "share.duplicate", "share %d of set %s is there twice", s.Index, s.Set).
					To("each custodian brings his own")
			}
		}
	}
	return nil
}

// digest tells the right secret from a wrong one. It is split with the secret, so
// that no share tells anything about it.
func digest(set string, threshold, total int, secret []byte) []byte {
	hash := sha256.New()
	fmt.Fprintf(hash, "onecert shares 1\n%s %d %d\n", set, threshold, total)
	hash.Write(secret)
	return hash.Sum(nil)[:digestSize]
}

func newShare(set string, index, threshold, total int, value []byte) Share {
	return Share{Set: set, Index: index, Threshold: threshold, Total: total, value: func() []byte { return value }}
}

// Wipe clears the share's value; the share is of no use afterwards.
func (s Share) Wipe() { clear(s.value()) }
