package audit

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"errors"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"onecert/pki"
)

// maxHead bounds a signed head read from outside, in octets.
const maxHead = 64 << 10

// Checkpoint is a head of the log: the body of a C2SP tlog-checkpoint without
// extension lines, which ours never has.
type Checkpoint struct {
	Origin string
	Size   int64
	Root   []byte // SHA-256, 32 octets
}

// String returns the body as it is signed: origin, size in decimal, root in base64,
// each on a line.
func (c Checkpoint) String() string {
	return c.Origin + "\n" + strconv.FormatInt(c.Size, 10) + "\n" + base64.StdEncoding.EncodeToString(c.Root) + "\n"
}

// ParseCheckpoint reads a body. What it accepts String gives back octet by octet.
func ParseCheckpoint(body string) (Checkpoint, error) {
	lines := strings.Split(body, "\n")
	if len(lines) != 4 || lines[3] != "" || !isOrigin(lines[0]) {
		return Checkpoint{}, malformed("is not three lines of origin, size and root")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 {
		return Checkpoint{}, malformed("has no valid size")
	}
	root, err := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || len(root) != sha256.Size {
		return Checkpoint{}, malformed("has no valid root")
	}
	c := Checkpoint{lines[0], size, root}
	if c.String() != body { // "+5", "007", a carriage return inside the base64
		return Checkpoint{}, malformed("is not in its canonical form")
	}
	return c, nil
}

func malformed(what string) error {
	return pki.Errorf(pki.Invalid, "audit.checkpoint", "the log head %s", what).
		To("use the file as it was written, by copy and not by an editor")
}

// OpenCheckpoint checks a signed head: at least one of the keys must have signed
// it, none of their signatures may be wrong, and the origin must be the keys' name.
func OpenCheckpoint(signed []byte, keys ...Verifier) (Checkpoint, error) {
	c, err := openNote(signed, keys)
	if err != nil {
		return Checkpoint{}, err
	}
	for _, key := range keys {
		if key.Name() == c.Origin {
			return c, nil
		}
	}
	return Checkpoint{}, forged(errors.New("signed under another name than its origin"))
}

func openNote(signed []byte, keys []Verifier) (Checkpoint, error) {
	if len(signed) > maxHead {
		return Checkpoint{}, malformed("is too long")
	}
	known := make([]note.Verifier, len(keys))
	for i, key := range keys {
		known[i] = key
	}
	n, err := note.Open(signed, note.VerifierList(known...))
	if err != nil {
		return Checkpoint{}, forged(err)
	}
	return ParseCheckpoint(n.Text)
}

func forged(err error) error {
	return pki.Errorf(pki.Forbidden, "audit.forged", "the log head bears no valid signature of a known key").
		To("check that the right key was given; if it was, the head is forged or damaged").Because(err)
}

// peekCheckpoint reads a signed head without checking who signed it.
func peekCheckpoint(signed []byte) (Checkpoint, error) {
	_, err := note.Open(signed[:min(len(signed), maxHead)], nil)
	unverified, ok := errors.AsType[*note.UnverifiedNoteError](err)
	if !ok {
		return Checkpoint{}, malformed("is not a signed note")
	}
	return ParseCheckpoint(unverified.Note.Text)
}

// Checkpoint returns the log's present head, signed by every signer.
func (l *Log) Checkpoint(ctx context.Context) ([]byte, error) {
	_, signed, err := l.checkpoint(ctx)
	return signed, err
}

func (l *Log) checkpoint(ctx context.Context) (Checkpoint, []byte, error) {
	return signedHead(ctx, l.d.Read(), l.origin, l.signers)
}

// HeadIn returns the head of the log as tx sees it, signed by every signer: for a
// copy of the database that is made in one snapshot.
func HeadIn(ctx context.Context, tx *sql.Tx, origin string, signers ...Signer) (Checkpoint, []byte, error) {
	return signedHead(ctx, tx, origin, signers)
}

func signedHead(ctx context.Context, q querier, origin string, keys []Signer) (Checkpoint, []byte, error) {
	if len(keys) == 0 {
		return Checkpoint{}, nil, pki.Errorf(pki.Unavailable, "audit.no-signer", "the audit log has no key to sign its head with").
			To("give the component a key for its audit log")
	}
	size, root, err := head(ctx, q)
	if err != nil {
		return Checkpoint{}, nil, err
	}
	c := Checkpoint{origin, size, root}
	signers := make([]note.Signer, len(keys))
	for i, s := range keys {
		signers[i] = s
	}
	signed, err := note.Sign(&note.Note{Text: c.String()}, signers...)
	if err != nil {
		return Checkpoint{}, nil, pki.Errorf(pki.Unavailable, "audit.unsigned", "the head of the audit log cannot be signed").
			To("look at the key of the audit log").Because(err)
	}
	return c, signed, nil
}
