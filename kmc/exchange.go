package kmc

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"onecert/cms"
	"onecert/db"
	"onecert/pki"
	"onecert/serve"
)

// parcel is one operation on its way in a message, and what came back for it.
type parcel struct {
	operation operation
	certNo    pki.Serial
	pair      pki.Suite // ordered; "" where any may come
	grant     pki.KeyGrant
}

// send hands a parcel in and waits for its answer.
func (c *Client) send(ctx context.Context, lane pki.Suite, p *parcel) (pki.KeyGrant, error) {
	if c.speaker == nil {
		return pki.KeyGrant{}, pki.Errorf(pki.Invalid, "km.message-key", "there is no message key to ask the key management centre with").
			To("only a CA orders, restores and retires pairs; officers recover them")
	}
	err := c.lanes[lane].Do(ctx, p)
	if errors.Is(err, db.ErrStopped) {
		err = pki.Errorf(pki.Unavailable, codeClosed, "the way to the key management centre is being closed").To("ask again when it runs")
	}
	if err != nil {
		return pki.KeyGrant{}, err
	}
	return p.grant, nil
}

// exchange sends parcels in one message and gives each its answer.
func (c *Client) exchange(ctx context.Context, parcels []*parcel) []error {
	answers, err := c.ask(ctx, parcels)
	errs := make([]error, len(parcels))
	for i, p := range parcels {
		if errs[i] = err; err == nil {
			errs[i] = p.accept(answers[i])
		}
	}
	return errs
}

// ask signs, sends, and believes the answer only if it is the configured centre's,
// of now, and to this very message.
func (c *Client) ask(ctx context.Context, parcels []*parcel) ([]answer, error) {
	number := make([]byte, 16)
	if _, err := io.ReadFull(c.config.Random, number); err != nil {
		return nil, fmt.Errorf("drawing a task number: %w", err)
	}
	number[0] = number[0]&0x3f | 0x40 // positive, and always 16 octets
	asked := &request{ca: c.speaker.entity, at: c.config.Now(), task: pki.Serial(hex.EncodeToString(number))}
	for _, p := range parcels {
		asked.operations = append(asked.operations, p.operation)
	}
	body, err := asked.marshal()
	if err != nil {
		return nil, fmt.Errorf("writing a message: %w", err)
	}
	der, err := c.speaker.seal(c.config.Random, body)
	if err != nil {
		return nil, err
	}
	if der, err = c.post(ctx, der); err != nil {
		return nil, err
	}
	return c.believe(der, asked)
}

func (c *Client) believe(der []byte, asked *request) ([]answer, error) {
	message, err := readSigned(der)
	if err != nil {
		return nil, foreign(err)
	}
	got, err := readRespond(message.body)
	if err != nil {
		return nil, foreign(err)
	}
	now := c.config.Now()
	public, err := keyOf(c.config.Centre, got.kmc, now)
	if err != nil {
		return nil, err
	}
	if err := message.verify(public); err != nil {
		return nil, err
	}
	if err := inWindow(got.at, now, c.config.Window); err != nil {
		return nil, err
	}
	if got.task != asked.task {
		return nil, foreign(errors.New("the answer is to another message"))
	}
	if len(got.answers) == 1 && got.answers[0].failed != nil {
		return nil, got.answers[0].failed.err() // of the message, or of its one operation
	}
	if len(got.answers) != len(asked.operations) {
		return nil, foreign(errors.New("the answers are not as many as the operations"))
	}
	return got.answers, nil
}

// foreign is an answer that is none: the fault is the centre's, not the order's.
func foreign(err error) error {
	return pki.Errorf(pki.Internal, "km.answer", "the key management centre's answer does not fit what was asked").
		To("check that the address is that of the key management centre").Because(err)
}

// accept checks that an answer is to this operation and takes the grant out of it.
func (p *parcel) accept(a answer) error {
	if a.failed != nil {
		return a.failed.err()
	}
	var key *returnedKey
	switch {
	case p.operation.apply != nil:
		key = a.apply
	case p.operation.restore != nil:
		key = a.restore
	case a.revoke != nil && a.revoke.certNo == p.certNo:
		return nil
	}
	if key == nil || key.certNo != p.certNo {
		return foreign(errors.New("the answer is to another operation"))
	}
	return p.repack(key)
}

// repack makes the holder's envelope of retPriKey without opening it. Its inner
// signature is not verified again: the message's, by the same key, covers it.
func (p *parcel) repack(key *returnedKey) error {
	public, err := pki.ParsePublicKey(key.publicKey)
	if err != nil {
		return foreign(err)
	}
	suite, err := pki.SuiteOf(public)
	if err != nil || p.pair != "" && suite != p.pair {
		return foreign(errors.New("the pair is not of the suite ordered"))
	}
	envelope := pki.Envelope{Format: pki.CMSEnvelopedData}
	if point, ok := public.(*ecdsa.PublicKey); ok && suite == pki.SM2 {
		envelope.Format = pki.SM2EnvelopedKey
		envelope.DER, err = cms.RepackSM2(key.sealed, point)
	} else {
		envelope.DER, err = cms.RepackCMS(key.sealed)
	}
	if err != nil {
		return foreign(err)
	}
	p.grant = pki.KeyGrant{CertNo: p.certNo, PublicKey: bytes.Clone(key.publicKey), Envelope: envelope}
	return nil
}

// exchangeTimeout bounds one message where the connection names no time.
const exchangeTimeout = time.Minute

// post carries a message to the centre and its answer back.
func (c *Client) post(ctx context.Context, der []byte) ([]byte, error) {
	timeout := c.config.API.Timeout
	if timeout == 0 {
		timeout = exchangeTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.config.API.Base+pathMessages, bytes.NewReader(der))
	if err != nil {
		return nil, fmt.Errorf("making the request: %w", err)
	}
	request.Header.Set("Content-Type", octetStream)
	response, err := c.config.API.HTTP.Do(request)
	if err != nil {
		return nil, unreachable(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxMessage+1))
	if err != nil {
		return nil, unreachable(err)
	}
	if response.StatusCode != http.StatusOK {
		return nil, problem(response.StatusCode, text)
	}
	return text, nil
}

func unreachable(err error) error {
	return pki.Errorf(pki.Unavailable, "remote.unreachable", "the key management centre cannot be reached").
		To("check that it runs and that its certificate and ours are valid, then try again: the same order gets the same pair").Because(err)
}

// problem turns an answer that is no message into the error it tells of.
func problem(status int, text []byte) error {
	var p serve.Problem
	if json.Unmarshal(text, &p) == nil && p.Code != "" {
		for kind := pki.Internal; kind <= pki.NotImplemented; kind++ {
			if kind.String() == p.Kind {
				return &pki.Error{Kind: kind, Code: p.Code, Wrong: p.Title, Remedy: p.Remedy}
			}
		}
	}
	switch status {
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout, http.StatusTooManyRequests:
		return unreachable(fmt.Errorf("status %d", status))
	}
	return foreign(fmt.Errorf("status %d", status))
}
