package ra

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/base32"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/big"
	"strings"
	"time"

	"onecert/db"
	"onecert/pki"
)

// Ticket belongs to a code that was sent, if there is one to send it to: whether there
// is, the answer does not tell.
type Ticket struct {
	ID    string    `json:"id"`
	Until time.Time `json:"until"`
}

// Proof is a ticket with the code that was received.
type Proof struct {
	Ticket string `json:"ticket" minLength:"1" maxLength:"64"`
	Code   string `json:"code" minLength:"1" maxLength:"20"`
}

const (
	codeDigits   = 8
	codeLife     = 10 * time.Minute
	triesPerCode = 5
)

// pending is what waits for a code.
type pending struct {
	purpose string // loss or contact
	holder  string // "": nobody, and no code fits
	kind    Kind
	payload []byte // sealed
}

const (
	forLoss    = "loss"
	forChange  = "contact"
	noHolder   = "nobody" // in the log, where nobody could be told
	ticketSize = 16
)

// newTicket draws a ticket and its code; only a hash of the code is kept.
func (f Self) newTicket(ctx context.Context, p pending) (t *Ticket, code string, err error) {
	id := make([]byte, ticketSize)
	if _, err := io.ReadFull(f.r.cfg.Random, id); err != nil {
		return nil, "", fmt.Errorf("drawing a ticket: %w", err)
	}
	if code, err = digits(f.r.cfg.Random, codeDigits); err != nil {
		return nil, "", err
	}
	t = &Ticket{ID: hex.EncodeToString(id), Until: f.r.now().Add(codeLife)}
	var sealed []byte
	if p.payload != nil {
		if sealed, err = f.r.cfg.Sealer.Seal(f.r.cfg.Random, p.payload, []byte("ra ticket "+t.ID)); err != nil {
			return nil, "", fmt.Errorf("sealing what waits for a code: %w", err)
		}
	}
	digest := digestOf(t.ID, code)
	if p.holder == "" {
		digest = "" // no code fits
	}
	err = f.r.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		return db.Insert(ctx, tx, "ra_ticket", []string{"id", "purpose", "holder", "kind", "digest", "sealed", "tries", "done", "until"},
			[][]any{{t.ID, p.purpose, p.holder, string(p.kind), digest, sealed, int64(0), int64(0), millis(t.Until)}}, "")
	})
	return t, code, err
}

// redeem takes a ticket's code. Each try is counted before it is compared; right once
// it is used up. A wrong code, an ended or unknown ticket and one of nobody answer the
// same. holder, if not empty, is whose ticket it has to be.
func (f Self) redeem(ctx context.Context, purpose, holder string, proof Proof) (*pending, error) {
	var p *pending
	err := f.r.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		found := pending{}
		var digest string
		err := tx.QueryRowContext(ctx, `UPDATE ra_ticket SET tries = tries + 1 WHERE id = $1 AND purpose = $2 AND done = 0 AND tries < $3 AND until > $4
			RETURNING holder, kind, digest, sealed`, proof.Ticket, purpose, triesPerCode, millis(f.r.now())).Scan(&found.holder, &found.kind, &digest, &found.payload)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("reading a ticket: %w", err)
		}
		right := hmac.Equal([]byte(digestOf(proof.Ticket, proof.Code)), []byte(digest))
		if !right || found.holder == "" || holder != "" && found.holder != holder {
			return nil
		}
		if _, err := tx.ExecContext(ctx, "UPDATE ra_ticket SET done = 1, sealed = NULL WHERE id = $1", proof.Ticket); err != nil {
			return fmt.Errorf("using up a ticket: %w", err)
		}
		p = &found
		return nil
	})
	if err != nil {
		return nil, err
	}
	if p == nil {
		return nil, pki.Errorf(pki.Forbidden, "code.wrong", "the code is not right, or not good any more").
			To("type it again; after %d tries or %d minutes ask for a new one", triesPerCode, int(codeLife.Minutes()))
	}
	if p.payload != nil {
		if p.payload, err = f.r.cfg.Sealer.Open(p.payload, []byte("ra ticket "+proof.Ticket)); err != nil {
			return nil, fmt.Errorf("opening what waited for a code: %w", err)
		}
	}
	return p, nil
}

// digestOf is what is kept of a code; the ticket, random and long, is its salt.
func digestOf(ticket, code string) string {
	sum := sha256.Sum256([]byte("ra code\x00" + ticket + "\x00" + normalCode(code)))
	return hex.EncodeToString(sum[:])
}

// normalCode leaves out what people type between the characters of a code.
func normalCode(code string) string {
	return strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' {
			return -1
		}
		return r
	}, strings.ToUpper(code))
}

// digits draws n decimal digits, each as likely as the others.
func digits(random io.Reader, n int) (string, error) {
	most := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil)
	space := new(big.Int).Lsh(big.NewInt(1), 64)
	space.Sub(space, new(big.Int).Mod(space, most))
	for {
		b := make([]byte, 8)
		if _, err := io.ReadFull(random, b); err != nil {
			return "", fmt.Errorf("drawing a code: %w", err)
		}
		if v := new(big.Int).SetBytes(b); v.Cmp(space) < 0 {
			return fmt.Sprintf("%0*d", n, v.Mod(v, most)), nil
		}
	}
}

// letters draws a code of 50 bits to print: "K7Q2M-9XWTP".
func letters(random io.Reader) (string, error) {
	b := make([]byte, 7)
	if _, err := io.ReadFull(random, b); err != nil {
		return "", fmt.Errorf("drawing a code: %w", err)
	}
	text := base32.StdEncoding.EncodeToString(b)[:10]
	return text[:5] + "-" + text[5:], nil
}
