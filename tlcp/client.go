package tlcp

import (
	"crypto/ecdsa"
	"errors"
	"io"
	"slices"

	"github.com/emmansun/gmsm/sm2"
)

// clientHandshake is a client's handshake in the protocol's own order
// (GB/T 38636 6.4.2).
type clientHandshake struct {
	*handshake
	hello    *clientHello
	session  *Session // offered
	id       []byte   // the server's for this one
	exchange *serverKeyExchange
	request  *certificateRequest // nil: the server asks for no certificate
	own      *Certificate        // what is shown, nil for nothing
}

func (h *clientHandshake) run() error {
	if err := walk(h.sayHello, h.hearHello); err != nil {
		return err
	}
	if h.resumed {
		return walk(h.install, h.hearFinished, h.settle, h.sayFinished)
	}
	return walk(h.hearCertificates, h.hearKeyExchange, h.hearRequest,
		h.sayCertificates, h.sayKeyExchange, h.sayVerify, h.sayFinished,
		h.hearFinished, h.settle, h.remember)
}

// walk takes steps in order until one fails.
func walk(steps ...func() error) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// sayHello offers what this client can do, and the session it would resume.
func (h *clientHandshake) sayHello() error {
	config := h.config
	if h.c.name == "" && !config.InsecureSkipVerify {
		return fail(AlertInternalError, CauseOwnSide, "neither ServerName nor InsecureSkipVerify is set")
	}
	h.serverName = h.c.name
	hello := &clientHello{version: Version, compressions: []byte{0}}
	for _, s := range config.suites(h.usable) {
		hello.suites = append(hello.suites, s.id)
	}
	if len(hello.suites) == 0 {
		return fail(AlertInternalError, CauseOwnSide, "no cipher suite is usable: the ECDHE suites need a pair of certificates")
	}
	if _, err := io.ReadFull(config.rand(), hello.random[:]); err != nil {
		return failWith(AlertInternalError, CauseOwnSide, err)
	}
	hello.extensions = extensions{protocols: config.NextProtos, authorities: config.TrustedAuthorities,
		authoritiesOK: len(config.TrustedAuthorities) > 0}
	if name := sniOf(h.c.name); name != "" {
		hello.extensions.serverName, hello.extensions.named = name, true
	}
	if h.session = h.offer(hello.suites); h.session != nil {
		hello.session = []byte(h.session.id)
	}
	h.hello, h.c.randoms[0], h.offered = hello, hello.random, hello.suites
	if err := h.say(hello.marshal()); err != nil {
		return err
	}
	return h.c.flush()
}

// usable: an ECDHE suite needs a pair that agrees on keys. What GetClientCertificate
// will bring shows when it is asked.
func (h *clientHandshake) usable(s *suite) bool {
	if !s.ecdhe || h.config.GetClientCertificate != nil {
		return true
	}
	return slices.ContainsFunc(h.config.Certificates, func(c Certificate) bool { return c.pair(s) == nil })
}

// cacheKey names the server; a connection without a name is known by its address.
func (h *clientHandshake) cacheKey() string {
	if h.c.name != "" {
		return clientKey + h.c.name
	}
	return clientKey + h.c.conn.RemoteAddr().String()
}

// offer finds a session that this configuration would still have made.
func (h *clientHandshake) offer(suites []uint16) *Session {
	if h.config.SessionCache == nil {
		return nil
	}
	s, ok := h.config.SessionCache.Get(h.cacheKey())
	if !ok || s == nil || len(s.id) == 0 || !slices.Contains(suites, s.suite) || !h.fresh(s) ||
		s.serverName != h.serverName || !s.verified && !h.config.InsecureSkipVerify {
		return nil
	}
	return s
}

// hearHello holds the server to what was offered.
func (h *clientHandshake) hearHello() error {
	_, body, err := h.hear(kindServerHello)
	if err != nil {
		return err
	}
	hello, err := parseServerHello(body)
	if err != nil {
		return err
	}
	h.c.randoms[1], h.suite, h.id = hello.random, suiteOf(hello.suite), hello.session
	switch {
	case hello.version != Version:
		return fail(AlertProtocolVersion, CauseVersion, "")
	case h.suite == nil || !slices.Contains(h.hello.suites, hello.suite):
		return fail(AlertIllegalParameter, CauseParameter, "the cipher suite "+CipherSuiteName(hello.suite)+" was not offered")
	case hello.compression != 0:
		return fail(AlertIllegalParameter, CauseParameter, "compression was not offered")
	}
	if err := h.hearProtocol(hello.extensions.protocols); err != nil {
		return err
	}
	if h.session == nil || len(hello.session) == 0 || string(hello.session) != h.session.id {
		return nil
	}
	if hello.suite != h.session.suite {
		return fail(AlertIllegalParameter, CauseParameter, "the session is resumed with another cipher suite")
	}
	h.resumed = true
	h.restore(h.session)
	return nil
}

func (h *clientHandshake) hearProtocol(answer []string) error {
	switch {
	case len(answer) == 0:
		return nil
	case len(answer) > 1 || !slices.Contains(h.config.NextProtos, answer[0]):
		return fail(AlertIllegalParameter, CauseParameter, "the application protocol was not offered")
	}
	h.protocol = answer[0]
	return nil
}

// hearCertificates judges the server's pair.
func (h *clientHandshake) hearCertificates() error {
	_, body, err := h.hear(kindCertificate)
	if err != nil {
		return err
	}
	if h.shown, err = parseCertificates(body); err != nil {
		return err
	}
	if len(h.shown) == 0 {
		return fail(AlertBadCertificate, CauseNoCertificate, "")
	}
	h.peer, err = h.judge(h.shown, demand{server: true, pair: true, name: h.c.name, trust: !h.config.InsecureSkipVerify})
	if err != nil {
		return err
	}
	if h.config.VerifyPeerCertificate == nil {
		return nil
	}
	return refused(h.config.VerifyPeerCertificate(h.peer.raw, h.peer.chains))
}

// hearKeyExchange checks that the holder of the signing key vouches for the encryption
// certificate, or for the ephemeral point, in this very handshake.
func (h *clientHandshake) hearKeyExchange() error {
	_, body, err := h.hear(kindServerKeyExchange)
	if err != nil {
		return err
	}
	if h.exchange, err = parseServerKeyExchange(body, h.suite.ecdhe); err != nil {
		return err
	}
	signed := h.signedExchange(h.exchange.params, h.peer.encrypt.Raw)
	key, err := keyOf(h.peer.sign())
	if err != nil {
		return err
	}
	if !verifySignature(key, h.peer.z[:], signed, h.exchange.signature) {
		return fail(AlertDecryptError, CauseKeyExchangeSigned, whatFits(key, signed, h.exchange.signature, signed))
	}
	return nil
}

// signedExchange is what the server signs (GB/T 38636 6.4.5.4): both randoms, then the
// parameters of ECDHE, or the encryption certificate with its length.
func (h *handshake) signedExchange(params, encryption []byte) []byte {
	signed := make([]byte, 0, 2*randomLen+3+len(encryption)+len(params))
	signed = append(append(signed, h.c.randoms[0][:]...), h.c.randoms[1][:]...)
	if h.suite.ecdhe {
		return append(signed, params...)
	}
	return append(appendUint24(signed, len(encryption)), encryption...)
}

// hearRequest hears the rest of the server's flight.
func (h *clientHandshake) hearRequest() error {
	kind, body, err := h.hear(kindServerHelloDone, kindCertificateRequest)
	if err == nil && kind == kindCertificateRequest {
		if h.request, err = parseCertificateRequest(body); err != nil {
			return err
		}
		_, body, err = h.hear(kindServerHelloDone)
	}
	switch {
	case err != nil:
		return err
	case len(body) != 0:
		return malformed("server_hello_done")
	case h.request == nil && h.suite.ecdhe:
		return fail(AlertHandshakeFailure, CauseOutOfOrder, "an ECDHE suite without a certificate request")
	}
	return nil
}

// sayCertificates shows this client's pair if it was asked for; an empty list says
// that there is none.
func (h *clientHandshake) sayCertificates() (err error) {
	if h.request == nil {
		return nil
	}
	if h.own, err = h.choose(); err != nil {
		return failWith(AlertInternalError, CauseOwnSide, err)
	}
	if h.suite.ecdhe && h.own == nil {
		return fail(AlertHandshakeFailure, CauseOwnSide, "an ECDHE suite needs this client's pair of certificates")
	}
	if h.own == nil {
		return h.say(marshalCertificates(nil))
	}
	if h.suite.ecdhe {
		if err := h.own.pair(h.suite); err != nil {
			return failWith(AlertHandshakeFailure, CauseOwnSide, err)
		}
	}
	if len(h.own.Sign) == 0 || h.own.SignKey == nil {
		return fail(AlertInternalError, CauseOwnSide, "the signing certificate or its key is missing")
	}
	return h.say(marshalCertificates(h.own.list()))
}

func (h *clientHandshake) choose() (*Certificate, error) {
	if h.config.GetClientCertificate != nil {
		return h.config.GetClientCertificate(&CertificateRequestInfo{AcceptableCAs: h.request.names, CipherSuite: h.suite.id, ctx: h.ctx})
	}
	usable := func(c *Certificate) bool { return !h.suite.ecdhe || c.pair(h.suite) == nil }
	var first *Certificate
	for i := range h.config.Certificates {
		c := &h.config.Certificates[i]
		if !usable(c) {
			continue
		}
		if c.issuedUnder(h.request.names) {
			return c, nil
		}
		if first == nil {
			first = c
		}
	}
	return first, nil
}

// sayKeyExchange makes the pre-master secret and sends the server its part.
func (h *clientHandshake) sayKeyExchange() error {
	far, err := keyOf(h.peer.encrypt)
	if err != nil {
		return err
	}
	if h.suite.ecdhe {
		return h.agree(far)
	}
	pre := make([]byte, preMasterLen)
	pre[0], pre[1] = byte(Version>>8), byte(Version&0xff)
	if _, err := io.ReadFull(h.config.rand(), pre[2:]); err != nil {
		return failWith(AlertInternalError, CauseOwnSide, err)
	}
	ciphertext, err := sm2.EncryptASN1(h.config.rand(), far, pre)
	if err != nil {
		return failWith(AlertInternalError, CauseOwnSide, err)
	}
	if err := h.say(marshalClientKeyExchange(h.suite, ciphertext)); err != nil {
		return err
	}
	return h.secret(pre)
}

func (h *clientHandshake) agree(far *ecdsa.PublicKey) error {
	key, err := exchangerOf(h.own.EncryptKey)
	if err != nil {
		return failWith(AlertInternalError, CauseOwnKey, err)
	}
	point, pre, err := key.RespondExchange(h.config.rand(), far, h.exchange.point)
	if errors.Is(err, errPoint) {
		return failWith(AlertIllegalParameter, CausePoint, err)
	}
	if err != nil || len(point) != pointLen || len(pre) != preMasterLen {
		return failWith(AlertInternalError, CauseOwnKey, err)
	}
	if err := h.say(marshalClientKeyExchange(h.suite, marshalPoint(point))); err != nil {
		return err
	}
	return h.secret(pre)
}

// sayVerify proves that the client holds its signing key: it signs the SM3 hash of the
// messages so far, as a message (GB/T 38636 6.4.5.9).
func (h *clientHandshake) sayVerify() error {
	if h.own == nil {
		return nil
	}
	signature, err := h.own.SignKey.Sign(h.config.rand(), h.digest(), sm2.DefaultSM2SignerOpts)
	if err != nil {
		return failWith(AlertInternalError, CauseOwnKey, err)
	}
	return h.say(marshalCertificateVerify(signature))
}

// remember keeps the session if the server gave it an id.
func (h *clientHandshake) remember() error {
	if h.config.SessionCache != nil && len(h.id) > 0 {
		h.config.SessionCache.Put(h.cacheKey(), h.newSession(h.id))
	}
	return nil
}
