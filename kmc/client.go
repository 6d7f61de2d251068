package kmc

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/db"
	"onecert/keys"
	"onecert/pki"
	"onecert/serve"
)

// ClientConfig is what a Client is made of. API is required; the rest only for
// Generate, Restore and Retire, which go as messages of GM/T 0014.
type ClientConfig struct {
	API         *serve.Client
	Key         *keys.Key             // the CA's SM2 message key
	Certificate *smx509.Certificate   // and its certificate
	Centre      []*smx509.Certificate // the KMC's message certificates, old and new
	Window      time.Duration         // how far an answer's time may be from ours; 0: 5 minutes

	Now    func() time.Time // nil: time.Now
	Random io.Reader        // nil: crypto/rand
}

// Client is a Centre across the network: the same methods, the same errors. What
// it gets back opens with no key it has.
//
// Orders that wait at the same time travel in one message. Each kind of pair has
// its own line, so that a slow RSA pair holds up nobody who wants SM2.
type Client struct {
	config  ClientConfig
	speaker *speaker // nil without a message key
	lanes   map[pki.Suite]*db.Collector[*parcel]
}

// Operations in one message, so that its answer stays far below the limit: an
// answer of an RSA-4096 pair has 4 KiB, of an SM2 pair 700 octets.
var laneSizes = map[pki.Suite]int{
	pki.SM2: 64, pki.P256: 64, pki.P384: 64, pki.RSA2048: 16, pki.RSA3072: 16, pki.RSA4096: 16, otherLane: 16,
}

// otherLane is the line of what names no suite: restoring and retiring.
const otherLane pki.Suite = ""

// NewClient returns a Client; Close ends it.
func NewClient(config ClientConfig) (*Client, error) {
	if config.API == nil {
		return nil, errors.New("making a client of the key management centre: no connection")
	}
	if config.Window <= 0 {
		config.Window = defaultWindow
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.Random == nil {
		config.Random = rand.Reader
	}
	c := &Client{config: config}
	if config.Key == nil {
		return c, nil
	}
	var err error
	if c.speaker, err = newSpeaker(config.Key, config.Certificate); err != nil {
		return nil, err
	}
	c.lanes = map[pki.Suite]*db.Collector[*parcel]{}
	for suite, size := range laneSizes {
		c.lanes[suite] = db.Collect(size, c.exchange)
	}
	return c, nil
}

// Close ends the lines; messages under way are finished.
func (c *Client) Close() {
	for _, lane := range c.lanes {
		lane.Stop()
	}
}

// Generate is Centre.Generate.
func (c *Client) Generate(ctx context.Context, order pki.KeyOrder) (pki.KeyGrant, error) {
	recipient, err := checkOrder(order)
	if err != nil {
		return pki.KeyGrant{}, err
	}
	protect, err := protectionFor(recipient)
	if err != nil {
		return pki.KeyGrant{}, err
	}
	return c.send(ctx, order.Suite, &parcel{certNo: order.CertNo, pair: order.Suite, operation: operation{apply: &applyKey{
		suite: order.Suite, protect: protect, certNo: order.CertNo, recipient: order.Recipient,
		notBefore: order.NotBefore, notAfter: order.NotAfter,
		userName: []byte(order.Holder), extend: []byte(order.Application)}}})
}

// Restore is Centre.Restore.
func (c *Client) Restore(ctx context.Context, r pki.KeyRestore) (pki.KeyGrant, error) {
	recipient, err := checkRestore(r)
	if err != nil {
		return pki.KeyGrant{}, err
	}
	protect, err := protectionFor(recipient)
	if err != nil {
		return pki.KeyGrant{}, err
	}
	return c.send(ctx, otherLane, &parcel{certNo: r.CertNo, operation: operation{restore: &restoreKey{protect: protect,
		certNo: r.CertNo, recipient: r.Recipient, userName: []byte(r.Holder), extend: []byte(r.Reason)}}})
}

// Retire is Centre.Retire.
func (c *Client) Retire(ctx context.Context, certNo pki.Serial) error {
	if err := checkCertNo(certNo); err != nil {
		return err
	}
	_, err := c.send(ctx, otherLane, &parcel{certNo: certNo, operation: operation{revoke: &revokeKey{certNo}}})
	return err
}

// Recover is Centre.Recover.
func (c *Client) Recover(ctx context.Context, r Recovery) (pki.KeyGrant, error) {
	return serve.Call[Recovery, pki.KeyGrant](ctx, c.config.API, http.MethodPost, pathRecoveries, &r)
}

// Status is Centre.Status.
func (c *Client) Status(ctx context.Context) (Status, error) {
	return serve.Call[struct{}, Status](ctx, c.config.API, http.MethodGet, pathStatus, nil)
}

// Ledger is Centre.Ledger.
func (c *Client) Ledger(ctx context.Context, holder string, q LedgerQuery) ([]Touch, error) {
	if !plainText(holder, maxID) {
		return nil, errOrder("the holder's id is not 1 to %d octets of plain text", maxID)
	}
	return serve.Call[struct{}, []Touch](ctx, c.config.API, http.MethodGet, fmt.Sprintf("%s/%s?from=%d&limit=%d", pathLedger, url.PathEscape(holder), q.From, q.Limit), nil)
}

// Fill is Centre.Fill.
func (c *Client) Fill(ctx context.Context) error {
	_, err := serve.Call[struct{}, struct{}](ctx, c.config.API, http.MethodPost, pathPool, nil)
	return err
}
