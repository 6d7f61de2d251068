package officer

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"onecert/pki"
)

// A code has 160 random bits: 32 letters in eight groups.
const (
	codeOctets = 20
	codeGroup  = 4
)

// newCode draws a code for a person to type.
func newCode(random io.Reader) (string, error) {
	b := make([]byte, codeOctets)
	if _, err := io.ReadFull(random, b); err != nil {
		return "", fmt.Errorf("drawing an enrolment code: %w", err)
	}
	text := base32.StdEncoding.EncodeToString(b)
	var groups []string
	for at := 0; at < len(text); at += codeGroup {
		groups = append(groups, text[at:at+codeGroup])
	}
	return strings.Join(groups, "-"), nil
}

// hashCode returns what is stored of a typed code: case, blanks and hyphens do
// not matter, and the digits that base32 lacks are read as the letters they
// resemble. Only the hash is looked up, so no comparison tells by its time how
// much of a code is right.
func hashCode(typed string) (hash string, ok bool) {
	if len(typed) > 4*codeOctets {
		return "", false
	}
	clean := strings.NewReplacer("-", "", " ", "", "0", "O", "1", "I", "8", "B").Replace(strings.ToUpper(typed))
	b, err := base32.StdEncoding.DecodeString(clean)
	if err != nil || len(b) != codeOctets {
		return "", false
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:]), true
}

// maxTries wrong codes within tryWindow are told what was wrong with them.
const (
	maxTries  = 10
	tryWindow = time.Minute
)

// tries remembers when the last wrong codes came.
type tries struct {
	mu   sync.Mutex
	last []time.Time
}

// judge counts a code that was refused, and says what to answer.
func (t *tries) judge(refusal error, now time.Time) error {
	if pki.KindOf(refusal) == pki.Internal {
		return refusal
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.last) == maxTries && now.Sub(t.last[0]).Abs() < tryWindow {
		return pki.Errorf(pki.Unavailable, "enrolment.busy", "too many wrong codes were tried").To("wait a minute, then type the code as it was shown; a right one is taken at any time")
	}
	if len(t.last) == maxTries {
		t.last = t.last[1:]
	}
	t.last = append(t.last, now)
	return refusal
}
