package tlcp

import (
	"context"
	"crypto/hmac"
	"crypto/subtle"
	"fmt"
	"hash"
	"slices"

	"github.com/emmansun/gmsm/sm3"
)

// handshake is what both sides' handshakes have in common.
type handshake struct {
	c          *Conn
	config     *Config
	ctx        context.Context
	transcript hash.Hash
	mac        hash.Hash // HMAC under the master secret, for what is derived from it
	messages   [][]byte  // the same, kept at a server until it is known that no signature of a client's comes
	keep       bool
	suite      *suite
	peer       *peer
	shown      [][]byte // what the peer sent, judged or not
	offered    []uint16
	serverName string
	protocol   string
	resumed    bool
	wrongKey   bool // the pre-master secret did not decrypt: known here only
}

func newHandshake(c *Conn, ctx context.Context) *handshake {
	return &handshake{c: c, config: c.config, ctx: ctx, transcript: sm3.New(), keep: !c.isClient}
}

// take adds a message to the transcript.
func (h *handshake) take(message []byte) {
	h.transcript.Write(message)
	if h.keep {
		h.messages = append(h.messages, message) // nobody writes to it any more
	}
}

// digest is SM3 of all messages so far, with their headers (GB/T 38636 6.4.5.10).
func (h *handshake) digest() []byte { return h.transcript.Sum(nil) }

// say queues a message; flush sends what is queued.
func (h *handshake) say(message []byte, err error) error {
	if err != nil {
		return failWith(AlertInternalError, CauseOwnSide, err)
	}
	h.take(message)
	return h.c.queue(typeHandshake, message)
}

// hear returns the body of the next message, which is of one of the given kinds.
func (h *handshake) hear(kinds ...uint8) (kind uint8, body []byte, err error) {
	for {
		message, err := h.c.readMessage()
		if err != nil {
			return 0, nil, err
		}
		kind, body := message[0], message[4:]
		if kind == kindHelloRequest && h.c.isClient && len(body) == 0 {
			continue // TLS 1.2 lets it come any time, outside the transcript; maxHandshake bounds it
		}
		if !slices.Contains(kinds, kind) {
			return 0, nil, fail(AlertUnexpectedMessage, CauseOutOfOrder, fmt.Sprintf("%s in place of %s", kindName(kind), kindName(kinds[0])))
		}
		h.take(message)
		return kind, body, nil
	}
}

func kindName(kind uint8) string {
	switch kind {
	case kindHelloRequest:
		return "hello_request"
	case kindClientHello:
		return "client_hello"
	case kindServerHello:
		return "server_hello"
	case kindCertificate:
		return "certificate"
	case kindServerKeyExchange:
		return "server_key_exchange"
	case kindCertificateRequest:
		return "certificate_request"
	case kindServerHelloDone:
		return "server_hello_done"
	case kindCertificateVerify:
		return "certificate_verify"
	case kindClientKeyExchange:
		return "client_key_exchange"
	case kindFinished:
		return "finished"
	}
	return fmt.Sprintf("message %d", kind)
}

// install derives the working keys; they take effect with change_cipher_spec.
func (h *handshake) install() error {
	c := h.c
	h.mac = hmac.New(sm3.New, c.master)
	keys := keysOf(h.suite, h.mac, c.randoms[0][:], c.randoms[1][:])
	ownMAC, ownKey, ownIV, farMAC, farKey, farIV := keys.serverMAC, keys.serverKey, keys.serverIV, keys.clientMAC, keys.clientKey, keys.clientIV
	if c.isClient {
		ownMAC, ownKey, ownIV, farMAC, farKey, farIV = farMAC, farKey, farIV, ownMAC, ownKey, ownIV
	}
	var err error
	if c.out.next, err = newSealer(h.suite, ownMAC, ownKey, ownIV); err != nil {
		return failWith(AlertInternalError, CauseOwnSide, err)
	}
	if c.in.next, err = newOpener(h.suite, farMAC, farKey, farIV); err != nil {
		return failWith(AlertInternalError, CauseOwnSide, err)
	}
	return h.logKey()
}

// secret takes the pre-master secret, which is gone afterwards.
func (h *handshake) secret(preMaster []byte) error {
	h.c.master = masterOf(preMaster, h.c.randoms[0][:], h.c.randoms[1][:])
	clear(preMaster)
	return h.install()
}

// sayFinished sends change_cipher_spec and Finished, the end of a flight.
func (h *handshake) sayFinished() error {
	if err := h.c.changeOut(); err != nil {
		return err
	}
	data := verifyData(h.mac, h.label(h.c.isClient), h.digest())
	if err := h.say(ready(kindFinished, data)); err != nil {
		return err
	}
	return h.c.flush()
}

// hearFinished checks that the peer saw the same handshake.
func (h *handshake) hearFinished() error {
	if err := h.c.awaitChange(); err != nil {
		return err
	}
	want := verifyData(h.mac, h.label(!h.c.isClient), h.digest())
	_, body, err := h.hear(kindFinished)
	if err != nil {
		return err
	}
	got, err := parseFinished(body)
	if err != nil {
		return err
	}
	if subtle.ConstantTimeCompare(want, got) != 1 {
		return fail(AlertDecryptError, CauseFinished, "")
	}
	if len(h.c.in.hand) > 0 {
		return fail(AlertUnexpectedMessage, CauseOutOfOrder, "a message after the last")
	}
	return nil
}

func (h *handshake) label(client bool) string {
	if client {
		return clientFinished
	}
	return serverFinished
}

// settle fills in what ConnectionState answers and asks VerifyConnection.
func (h *handshake) settle() error {
	c := h.c
	c.state = ConnectionState{Version: Version, HandshakeComplete: true, DidResume: h.resumed, CipherSuite: h.suite.id,
		NegotiatedProtocol: h.protocol, ServerName: h.serverName}
	c.peer = h.peer
	if h.config.VerifyConnection == nil {
		return nil
	}
	return refused(h.config.VerifyConnection(c.stateNow()))
}

// refused makes an Error of what a callback answered; it may bring its own alert.
func refused(err error) error {
	if err == nil {
		return nil
	}
	if own, ok := err.(*Error); ok {
		return own
	}
	return failWith(AlertBadCertificate, CauseRefused, err)
}

// describe adds to a failure what was learnt of the peer.
func (h *handshake) describe(failure *Error) {
	failure.Offered, failure.ServerName, failure.PeerCertificates = h.offered, h.serverName, h.shown
	if failure.Cause != CauseRecord && failure.Cause != CauseFinished || h.suite == nil {
		return
	}
	switch {
	case h.wrongKey:
		failure.Cause = CauseEncryptionKey
	case h.suite.ecdhe:
		failure.Detail = "the key agreement gave the two sides other keys: look at the encryption certificates and keys"
	}
}

// logKey writes a line of NSS's key log.
func (h *handshake) logKey() error {
	if h.config.KeyLogWriter == nil {
		return nil
	}
	line := fmt.Appendf(nil, "CLIENT_RANDOM %x %x\n", h.c.randoms[0], h.c.master)
	h.config.mu.Lock()
	defer h.config.mu.Unlock()
	if _, err := h.config.KeyLogWriter.Write(line); err != nil {
		return failWith(AlertInternalError, CauseOwnSide, fmt.Errorf("writing the key log: %w", err))
	}
	return nil
}
