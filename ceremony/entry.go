package ceremony

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"onecert/keys"
	"onecert/pki"
)

// Entry is one line of the transcript: a JSON object without blanks. Previous is the
// SHA-256 of the line before (without its line end), so that sha256sum can follow the
// chain. Nothing secret ever stands in it.
type Entry struct {
	Number   int               `json:"number"`
	At       time.Time         `json:"at"` // UTC
	Previous string            `json:"previous"`
	Act      string            `json:"act"`
	Object   string            `json:"object,omitempty"`
	Detail   map[string]string `json:"detail,omitempty"`
	People   []Person          `json:"people,omitempty"`
}

// Person took part.
type Person struct {
	Role string `json:"role"` // operator, custodian or witness
	Name string `json:"name"`
}

// What entries can say.
const (
	actBegin     = "begin"
	actConfirmed = "confirmed"
	actStep      = "step"
	actKeyMade   = "key-made"
	actKeyOpened = "key-opened"
	actProposed  = "proposed"
	actSigned    = "signed"
	actListed    = "revocation" // goes onto the next list
	actImported  = "imported"
	actShareIn   = "share-in"
	actShareOut  = "share-out"
	actRefused   = "share-refused"
	actFile      = "file"
	actState     = "state"
	actEnd       = "end"
	actAborted   = "aborted"
	actSignature = "signature"
)

// Acts lists what entries can say; Details the names of their details.
func Acts() []string {
	return []string{actBegin, actConfirmed, actStep, actKeyMade, actKeyOpened, actProposed, actSigned, actListed, actImported,
		actShareIn, actShareOut, actRefused, actFile, actState, actEnd, actAborted, actSignature}
}

// Details lists the names of details in the order they are shown.
func Details() []string {
	return []string{"title", "place", "version", "rehearsal", "plan", "state", "kind", "suite", "sha256", "subject", "serial", "number", "reason",
		"location", "set", "place-in-set", "custodian", "findings", "signers", "code", "wrong", "key", "over", "signature", "tbs", "note"}
}

// originHash is what the first entry follows.
const originHash = "0000000000000000000000000000000000000000000000000000000000000000"

func lineHash(line []byte) string {
	sum := sha256.Sum256(line)
	return hex.EncodeToString(sum[:])
}

// transcript writes entries as they happen. Each is on disk before the next step.
type transcript struct {
	out      io.Writer
	sync     func() error
	now      func() time.Time
	number   int
	previous string
	last     time.Time
	entries  []Entry
	progress func(Entry)
}

// add writes an entry. Where that fails the ceremony cannot go on.
func (t *transcript) add(e Entry) error {
	at := t.now().UTC().Truncate(time.Second)
	if at.Before(t.last) && e.Act != actAborted && e.Act != actSignature {
		return pki.Errorf(pki.Unavailable, "ceremony.clock", "the clock went back during the ceremony").To("set it right and begin again")
	}
	if at.Before(t.last) || e.Act == actSignature {
		at = t.last // signatures belong to the end, whatever the clock says
	}
	e.Number, e.At, e.Previous = t.number+1, at, t.previous
	line, err := encodeEntry(e)
	if err != nil {
		return err
	}
	if _, err = t.out.Write(append(line, '\n')); err == nil {
		err = t.sync()
	}
	if err != nil {
		return pki.Errorf(pki.Unavailable, "ceremony.transcript", "the transcript cannot be written; nothing goes on without it").
			To("look at the disk, and begin again").Because(err)
	}
	t.number, t.previous, t.last = e.Number, lineHash(line), at
	t.entries = append(t.entries, e)
	if t.progress != nil {
		t.progress(e)
	}
	return nil
}

func encodeEntry(e Entry) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(e); err != nil {
		return nil, fmt.Errorf("writing the transcript: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// over is what keys sign: no certificate and no list can begin like it.
func over(hash string) []byte { return []byte("onecert ceremony transcript 1\n" + hash + "\n") }

// sign adds a key's signature over the line named by hash.
func (t *transcript) sign(random io.Reader, name string, key *keys.Key, hash string) error {
	signature, err := key.SignMessage(random, over(hash), nil)
	if err != nil {
		return fmt.Errorf("signing the transcript: %w", err)
	}
	spki, err := pki.MarshalPublicKey(key.Public())
	if err != nil {
		return err
	}
	return t.add(Entry{Act: actSignature, Object: name, Detail: map[string]string{"over": hash,
		"key": base64.StdEncoding.EncodeToString(spki), "signature": base64.StdEncoding.EncodeToString(signature)}})
}
