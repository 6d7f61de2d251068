package ra

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"onecert/db"
	"onecert/pki"
)

// HeaderKey is the header of a key chosen by the caller, a new one for each thing to be
// done: for 30 days a call sent again under it by the same officer or holder is done once
// and answered the same (draft-ietf-httpapi-idempotency-key-header).
const HeaderKey = "Idempotency-Key"

const (
	mostKey    = 64
	mostAnswer = 1 << 20
	// usualKeys is how many calls of one officer are remembered a day. A clerk has some
	// hundreds; a program that hands in thousands hands them in as one batch.
	usualKeys = 20_000
)

// keysADay bounds what one officer's keys take. No key is ever forgotten early to make room,
// for what was sent under it would be done again: who is beyond it is refused.
func (r *Registration) keysADay() limit {
	most := r.cfg.KeysPerDay
	if most <= 0 {
		most = usualKeys
	}
	return limit{"keys", most, 24 * time.Hour}
}

// noteKey counts a key among its officer's. Those without a certificate share one name, in
// which a stranger could use up everybody's; what they send is limited by address.
func (r *Registration) noteKey(ctx context.Context, tx *sql.Tx, officer string) error {
	if officer == anybody {
		return nil
	}
	n, err := r.keysADay().note(ctx, tx, officer, r.now())
	if err == nil && n > r.keysADay().most {
		err = pki.Errorf(pki.Unavailable, "once.many", "%d calls with %s were made under this name today", n-1, HeaderKey).
			To("send many applications as one batch, go on tomorrow, or leave the key out; without it a call sent again is done again")
	}
	return err
}

// keyless are the calls that create nothing, or hand over what may be kept nowhere: their
// answers, once given, are not to be had again.
func keyless() []string {
	return []string{"unmask", "holder-export", "archive-verify", "receipt", "post-code", "officer-code", "delivery-code", "delivery-password", "delivery-package", "link-up", "link-document",
		"self-fetch", "self-look", "self-ticket-look"}
}

// callers is who calls with keys at a listener.
type callers struct {
	// takes reports whether an operation takes a key there: whatever is posted and kept.
	takes func(op *huma.Operation) bool
	// who is whose key it is, or why this one's is not taken.
	who func(ctx huma.Context, key string) (string, error)
	// again is asked before an answer is given again.
	again func(ctx huma.Context) error
}

func posts(op *huma.Operation) bool {
	return op.Method == http.MethodPost && !slices.Contains(keyless(), op.OperationID)
}

// answer is what a call under a key was answered.
type answer struct {
	Status int    `json:"status"`
	Type   string `json:"type"`
	Text   []byte `json:"text"`
}

// Once makes every posting operation that is registered on an API after this take
// HeaderKey, those of other rooms too. A call that was refused is not remembered; one
// that broke off is, since nobody knows what came of it.
func (r *Registration) Once(api huma.API) {
	r.once(api, callers{
		takes: func(op *huma.Operation) bool { return posts(op) && len(op.Security) > 0 },
		who: func(ctx huma.Context, _ string) (string, error) {
			actor, _ := pki.ActorFrom(ctx.Context())
			if actor.Name == "" {
				return "", pki.Errorf(pki.Forbidden, "officer.anonymous", "nobody is identified on this connection").To("present the certificate registered for you")
			}
			return actor.Name, nil
		},
		again: func(huma.Context) error { return nil },
	})
}

// leastKey is how long a key of somebody without a certificate has to be: all of them
// share one room, in which nobody may meet another's key by chance or by trying.
const leastKey = 16

// anybody is whose the keys are of those without a certificate; no holder or officer is
// called so.
const anybody = "/anybody"

// once is Once at the listener of self-service. A holder's keys are his own. One who comes
// without a certificate sends the same words again, his code among them, to be answered
// the same, and each time counts against his address.
func (f Self) once(api huma.API) {
	f.r.once(api, callers{
		takes: posts,
		who: func(ctx huma.Context, key string) (string, error) {
			if who, err := f.enter(ctx.Context()); err == nil {
				return "holder/" + who.Name, nil
			}
			if len(key) < leastKey {
				return "", pki.Errorf(pki.Invalid, "once.short", "without a certificate %s has at least %d characters", HeaderKey, leastKey).To("draw a random one, such as a UUID")
			}
			return anybody, f.below(ctx.Context(), f.perSource(), sourceOf(withSource(ctx.Context(), ctx.RemoteAddr())))
		},
		again: func(ctx huma.Context) error {
			if _, err := f.enter(ctx.Context()); err == nil {
				return nil
			}
			return f.count(ctx.Context(), f.perSource(), sourceOf(withSource(ctx.Context(), ctx.RemoteAddr())))
		},
	})
}

func (r *Registration) once(api huma.API, of callers) {
	described := api.OpenAPI()
	described.OnAddOperation = append(described.OnAddOperation, func(_ *huma.OpenAPI, op *huma.Operation) {
		if most := mostKey; of.takes(op) {
			op.Parameters = append(op.Parameters, &huma.Param{Name: HeaderKey, In: "header", Schema: &huma.Schema{Type: huma.TypeString, MaxLength: &most},
				Description: "for 30 days the same call under the same key is done once"})
		}
	})
	api.UseMiddleware(func(ctx huma.Context, next func(huma.Context)) {
		key := ctx.Header(HeaderKey)
		if key == "" {
			next(ctx)
			return
		}
		refuse := func(err error) { _ = huma.WriteErr(api, ctx, http.StatusInternalServerError, "", err) }
		if err := checkKey(key, of.takes(ctx.Operation())); err != nil {
			refuse(err)
			return
		}
		who, err := of.who(ctx, key)
		if err != nil {
			refuse(err)
			return
		}
		text, digest, err := readCall(ctx)
		if err != nil {
			refuse(err)
			return
		}
		call := onceCall{officer: who, key: key, digest: digest}
		before, err := r.beginOnce(ctx.Context(), call)
		if err == nil && before != nil {
			err = of.again(ctx)
		}
		if err != nil {
			refuse(err)
			return
		}
		if before == nil {
			heard := &hearing{onceContext: ctx, in: bytes.NewReader(text), answer: answer{Status: http.StatusOK}}
			next(heard)
			before = &heard.answer
			if err := r.endOnce(context.WithoutCancel(ctx.Context()), call, before); err != nil {
				r.cfg.Log.Error("the answer under a key could not be kept", "officer", call.officer, "error", err)
			}
		}
		if before.Type != "" {
			ctx.SetHeader("Content-Type", before.Type)
		}
		ctx.SetStatus(before.Status)
		_, _ = ctx.BodyWriter().Write(before.Text)
	})
}

func checkKey(key string, taken bool) error {
	if len(key) > mostKey || strings.ContainsFunc(key, func(c rune) bool { return c <= ' ' || c > '~' }) {
		return pki.Errorf(pki.Invalid, "once.key", "%s is not 1 to %d visible ASCII characters", HeaderKey, mostKey)
	}
	if !taken {
		return pki.Errorf(pki.Invalid, "once.unsupported", "this call takes no %s", HeaderKey).To("leave it out; what it does is done each time")
	}
	return nil
}

// readCall reads what is asked, within the bound of its operation, and its digest.
func readCall(ctx huma.Context) (text []byte, digest string, err error) {
	most, patience := ctx.Operation().MaxBodyBytes, ctx.Operation().BodyReadTimeout
	if patience > 0 {
		_ = ctx.SetReadDeadline(time.Now().Add(patience)) // where it cannot be set, the server's own stands
	}
	if text, err = io.ReadAll(io.LimitReader(ctx.BodyReader(), most+1)); err != nil {
		return nil, "", pki.Errorf(pki.Invalid, "once.broken", "the call broke off").Because(err)
	}
	// One that is too long is told so by its operation.
	at := ctx.URL()
	sum := sha256.Sum256(fmt.Appendf(text[:len(text):len(text)], "\x00%s\x00%s\x00%s", at.RequestURI(), ctx.Operation().OperationID, ctx.Header("Content-Type")))
	return text, hex.EncodeToString(sum[:]), nil
}

type onceContext = huma.Context

// hearing lets an operation read what was read already, and keeps what it answers.
type hearing struct {
	onceContext
	in     io.Reader
	answer answer
}

func (h *hearing) BodyReader() io.Reader { return h.in }
func (h *hearing) SetStatus(code int)    { h.answer.Status = code }
func (h *hearing) Status() int           { return h.answer.Status }
func (h *hearing) BodyWriter() io.Writer { return h }

func (h *hearing) Write(text []byte) (int, error) {
	h.answer.Text = append(h.answer.Text, text...)
	return len(text), nil
}

// SetHeader keeps the type of the answer; the others are said at once, and not again.
func (h *hearing) SetHeader(name, value string) {
	if strings.EqualFold(name, "Content-Type") {
		h.answer.Type = value
		return
	}
	h.onceContext.SetHeader(name, value)
}

// onceCall is a call under a key of an officer, or of whom callers names.
type onceCall struct{ officer, key, digest string }

func (c onceCall) aad() []byte       { return []byte("ra once " + c.officer + " " + c.key) }
func (c onceCall) digestAAD() []byte { return []byte("ra once said " + c.officer + " " + c.key) }

// beginOnce notes a call, or returns what it was answered before.
func (r *Registration) beginOnce(ctx context.Context, c onceCall) (before *answer, err error) {
	err = r.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		var digest string
		var sealed []byte
		err := tx.QueryRowContext(ctx, "SELECT digest, answer FROM ra_answer WHERE officer = $1 AND key = $2", c.officer, c.key).Scan(&digest, &sealed)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			said, err := r.cfg.Sealer.Seal(r.cfg.Random, []byte(c.digest), c.digestAAD())
			if err != nil {
				return fmt.Errorf("sealing what was said under a key: %w", err)
			}
			if err := r.noteKey(ctx, tx, c.officer); err != nil {
				return err
			}
			return db.Insert(ctx, tx, "ra_answer", []string{"officer", "key", "digest", "at"}, [][]any{{c.officer, c.key, base64.StdEncoding.EncodeToString(said), millis(r.now())}}, "")
		case err != nil:
			return fmt.Errorf("reading what a key was used for: %w", err)
		}
		if err := r.saidSame(c, digest); err != nil {
			return err
		}
		if sealed == nil {
			return pki.Errorf(pki.Conflict, "once.pending", "this is being done, or broke off when it was").
				To("ask again in a minute; if it is still so, look whether it was done, and use a new key if not")
		}
		text, err := r.cfg.Sealer.Open(sealed, c.aad())
		if err != nil {
			return fmt.Errorf("opening what was answered under a key: %w", err)
		}
		before = &answer{}
		if err := json.Unmarshal(text, before); err != nil {
			return fmt.Errorf("reading what was answered under a key: %w", err)
		}
		if before.Status == notKept {
			return pki.Errorf(pki.Conflict, "once.long", "this was done; its answer was too long to be kept").To("look at what was made; ask for it anew only with a new key")
		}
		return nil
	})
	if db.IsDuplicate(err) { // two at once
		err = pki.Errorf(pki.Conflict, "once.pending", "this is being done").To("ask again in a minute")
	}
	return before, err
}

// saidSame says whether the same was said under a key before. The digest of it is sealed:
// a short call, of a loss say, has little in it beside an identity number, which could be
// found by trying.
func (r *Registration) saidSame(c onceCall, kept string) error {
	blob, err := base64.StdEncoding.DecodeString(kept)
	if err != nil {
		return fmt.Errorf("reading what was said under a key: %w", err)
	}
	digest, err := r.cfg.Sealer.Open(blob, c.digestAAD())
	if err != nil {
		return fmt.Errorf("opening what was said under a key: %w", err)
	}
	if string(digest) != c.digest {
		return onceOther()
	}
	return nil
}

func onceOther() error {
	return pki.Errorf(pki.Conflict, "once.other", "something else was sent with this key before").To("choose a new key for each thing to be done")
}

// notKept stands where an answer would, of which all that is kept is that there was one.
const notKept = 0

// endOnce keeps an answer, sealed. What was refused did nothing and may be tried again;
// of what failed nobody knows; what was done is not done again, however long its answer.
func (r *Registration) endOnce(ctx context.Context, c onceCall, a *answer) error {
	if a.Status == http.StatusInternalServerError {
		return nil
	}
	return r.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		if a.Status >= http.StatusBadRequest {
			_, err := tx.ExecContext(ctx, "DELETE FROM ra_answer WHERE officer = $1 AND key = $2", c.officer, c.key)
			if err != nil || c.officer == anybody {
				return err
			}
			return r.keysADay().takeBack(ctx, tx, c.officer, r.now())
		}
		kept := *a
		if len(kept.Text) > mostAnswer {
			kept = answer{Status: notKept}
		}
		sealed, err := r.cfg.Sealer.Seal(r.cfg.Random, []byte(encoded(kept)), c.aad())
		if err != nil {
			return fmt.Errorf("sealing an answer: %w", err)
		}
		_, err = tx.ExecContext(ctx, "UPDATE ra_answer SET answer = $1 WHERE officer = $2 AND key = $3", sealed, c.officer, c.key)
		return err
	})
}
