package tlcp

import (
	"crypto/subtle"
	"errors"
	"io"
	"slices"

	"github.com/emmansun/gmsm/sm2"
)

// serverHandshake is a server's handshake in the protocol's own order
// (GB/T 38636 6.4.2).
type serverHandshake struct {
	*handshake
	hello  *clientHello
	own    *Certificate
	id     []byte         // of the session, empty for one that is not kept
	finish FinishExchange // ECDHE
}

func (h *serverHandshake) run() error {
	if err := walk(h.hearHello, h.resume); err != nil {
		return err
	}
	if h.resumed {
		return walk(h.sayHello, h.install, h.settle, h.sayFinished, h.hearFinished)
	}
	return walk(h.choose, h.sayHello, h.sayCertificates, h.sayKeyExchange, h.sayRequest,
		h.hearCertificates, h.hearKeyExchange, h.hearVerify, h.hearFinished,
		h.settle, h.remember, h.sayFinished) // a client may come back the moment it has Finished
}

// hearHello reads what the client offers, and takes the configuration for it.
func (h *serverHandshake) hearHello() error {
	_, body, err := h.hear(kindClientHello)
	if err != nil {
		return err
	}
	if h.hello, err = parseClientHello(body); err != nil {
		return err
	}
	h.offered, h.serverName, h.c.randoms[0] = h.hello.suites, h.hello.extensions.serverName, h.hello.random
	switch {
	case h.hello.version>>8 == 3:
		return fail(AlertProtocolVersion, CauseTLS, "")
	case h.hello.version != Version:
		return fail(AlertProtocolVersion, CauseVersion, "")
	case !slices.Contains(h.hello.compressions, 0):
		return fail(AlertIllegalParameter, CauseParameter, "the client wants compression")
	}
	if get := h.config.GetConfigForClient; get != nil {
		config, err := get(h.info())
		if err != nil {
			return refused(err)
		}
		if config != nil {
			h.config, h.c.config = config, config
		}
	}
	return h.chooseProtocol()
}

func (h *serverHandshake) info() *ClientHelloInfo {
	return &ClientHelloInfo{CipherSuites: h.hello.suites, ServerName: h.serverName, SupportedProtos: h.hello.extensions.protocols,
		TrustedAuthorities: h.hello.extensions.authorities, Conn: h.c.conn, ctx: h.ctx}
}

func (h *serverHandshake) chooseProtocol() error {
	offered := h.hello.extensions.protocols
	if len(offered) == 0 || len(h.config.NextProtos) == 0 {
		return nil
	}
	for _, p := range h.config.NextProtos {
		if slices.Contains(offered, p) {
			h.protocol = p
			return nil
		}
	}
	return fail(AlertNoApplicationProtocol, CauseProtocol, "")
}

// resume takes up the session the client names, if this server would still have made it.
func (h *serverHandshake) resume() error {
	cache := h.config.SessionCache
	if cache == nil || len(h.hello.session) == 0 {
		return nil
	}
	s, ok := cache.Get(serverKey + string(h.hello.session))
	if !ok || s == nil || !h.fresh(s) || s.serverName != h.serverName || !slices.Contains(h.hello.suites, s.suite) {
		return nil
	}
	wanted := h.config.suites(func(own *suite) bool { return own.id == s.suite })
	auth := h.config.ClientAuth
	if len(wanted) == 0 || !s.certified() && (auth == RequireAnyClientCert || auth == RequireAndVerifyClientCert) ||
		s.certified() && (auth == NoClientCert || auth >= VerifyClientCertIfGiven && !s.verified) {
		return nil
	}
	h.resumed, h.id = true, []byte(s.id)
	h.restore(s)
	return nil
}

// choose takes a certificate, then a suite that goes with it.
func (h *serverHandshake) choose() (err error) {
	if h.own, err = h.certificate(); err != nil {
		return failWith(AlertInternalError, CauseOwnSide, err)
	}
	forPair := false // an ECDHE suite was offered that lacked only the client's pair
	for _, s := range h.config.suites(func(*suite) bool { return true }) {
		if !slices.Contains(h.hello.suites, s.id) {
			continue
		}
		if s.ecdhe && h.config.ClientAuth == NoClientCert {
			forPair = true
			continue
		}
		if err = h.own.pair(s); err == nil {
			h.suite = s
			break
		}
	}
	switch {
	case h.suite != nil:
	case err != nil:
		return failWith(AlertInternalError, CauseOwnSide, err)
	case forPair:
		return fail(AlertHandshakeFailure, CauseECDHENeedsPair, "")
	default:
		return fail(AlertHandshakeFailure, CauseNoCommonSuite, "")
	}
	if h.config.SessionCache != nil {
		h.id = make([]byte, 32)
		if _, err := io.ReadFull(h.config.rand(), h.id); err != nil {
			return failWith(AlertInternalError, CauseOwnSide, err)
		}
	}
	return nil
}

func (h *serverHandshake) certificate() (*Certificate, error) {
	if h.config.GetCertificate != nil {
		if c, err := h.config.GetCertificate(h.info()); c != nil || err != nil {
			return c, err
		}
	}
	all := h.config.Certificates
	if len(all) == 0 {
		return nil, errors.New("the server has no certificate")
	}
	if h.serverName != "" {
		for i := range all {
			if leaf, err := all[i].leaf(); err == nil && leaf.VerifyHostname(h.serverName) == nil {
				return &all[i], nil
			}
		}
	}
	return &all[0], nil
}

func (h *serverHandshake) sayHello() error {
	hello := &serverHello{version: Version, session: h.id, suite: h.suite.id}
	if _, err := io.ReadFull(h.config.rand(), hello.random[:]); err != nil {
		return failWith(AlertInternalError, CauseOwnSide, err)
	}
	h.c.randoms[1] = hello.random
	if h.protocol != "" {
		hello.extensions.protocols = []string{h.protocol}
	}
	hello.extensions.named = h.hello.extensions.named && !h.resumed
	hello.extensions.authoritiesOK = h.hello.extensions.authoritiesOK && !h.resumed
	return h.say(hello.marshal())
}

func (h *serverHandshake) sayCertificates() error { return h.say(marshalCertificates(h.own.list())) }

// sayKeyExchange proves in this very handshake that the holder of the signing key
// stands behind the encryption certificate, or behind the ephemeral point.
func (h *serverHandshake) sayKeyExchange() error {
	var m serverKeyExchange
	if h.suite.ecdhe {
		key, err := exchangerOf(h.own.EncryptKey)
		if err != nil {
			return failWith(AlertInternalError, CauseOwnKey, err)
		}
		if m.point, h.finish, err = key.InitiateExchange(h.config.rand()); err != nil || len(m.point) != pointLen {
			return failWith(AlertInternalError, CauseOwnKey, err)
		}
		m.params = marshalPoint(m.point)
	}
	var err error
	signed := h.signedExchange(m.params, h.own.Encrypt[0])
	if m.signature, err = h.own.SignKey.Sign(h.config.rand(), signed, sm2.DefaultSM2SignerOpts); err != nil {
		return failWith(AlertInternalError, CauseOwnKey, err)
	}
	return h.say(m.marshal())
}

// asks says whether the client is asked for certificates.
func (h *serverHandshake) asks() bool { return h.config.ClientAuth != NoClientCert }

// sayRequest asks for the client's pair, if it is wanted, and ends the flight.
func (h *serverHandshake) sayRequest() error {
	if h.asks() {
		request := certificateRequest{types: []byte{certificateECDSA}, names: h.config.ClientNames}
		if err := h.say(request.marshal()); err != nil {
			return err
		}
	} else {
		h.keep, h.messages = false, nil
	}
	if err := h.say(ready(kindServerHelloDone)); err != nil {
		return err
	}
	return h.c.flush()
}

// hearCertificates judges the client's pair.
func (h *serverHandshake) hearCertificates() error {
	if !h.asks() {
		return nil
	}
	_, body, err := h.hear(kindCertificate)
	if err != nil {
		return err
	}
	if h.shown, err = parseCertificates(body); err != nil {
		return err
	}
	auth := h.config.ClientAuth
	if len(h.shown) == 0 {
		if h.suite.ecdhe || auth == RequireAnyClientCert || auth == RequireAndVerifyClientCert {
			return fail(AlertHandshakeFailure, CauseNoCertificate, "")
		}
		return nil
	}
	h.peer, err = h.judge(h.shown, demand{pair: h.suite.ecdhe, trust: auth >= VerifyClientCertIfGiven})
	if err != nil {
		return err
	}
	if h.config.VerifyPeerCertificate == nil {
		return nil
	}
	return refused(h.config.VerifyPeerCertificate(h.peer.raw, h.peer.chains))
}

// hearKeyExchange takes the pre-master secret. One that does not decrypt, or decrypts
// to another form, is replaced by a random one: the handshake then fails at Finished
// as it does for a right form of the wrong secret, and tells nothing about which.
func (h *serverHandshake) hearKeyExchange() error {
	_, body, err := h.hear(kindClientKeyExchange)
	if err != nil {
		return err
	}
	content, err := parseClientKeyExchange(body, h.suite.ecdhe)
	if err != nil {
		return err
	}
	if h.suite.ecdhe {
		return h.agree(content)
	}
	pre := make([]byte, preMasterLen)
	if _, err := io.ReadFull(h.config.rand(), pre); err != nil {
		return failWith(AlertInternalError, CauseOwnSide, err)
	}
	got, err := h.own.EncryptKey.Decrypt(h.config.rand(), content, sm2.ASN1DecrypterOpts)
	if err != nil || len(got) != preMasterLen {
		got = make([]byte, preMasterLen) // its version is wrong, so pre stays
	}
	right := subtle.ConstantTimeByteEq(got[0], byte(Version>>8)) & subtle.ConstantTimeByteEq(got[1], byte(Version&0xff))
	subtle.ConstantTimeCopy(right, pre, got)
	clear(got)
	h.wrongKey = right != 1
	return h.secret(pre)
}

func (h *serverHandshake) agree(point []byte) error {
	far, err := keyOf(h.peer.encrypt)
	if err != nil {
		return err
	}
	pre, err := h.finish(far, point)
	if errors.Is(err, errPoint) {
		return failWith(AlertIllegalParameter, CausePoint, err)
	}
	if err != nil || len(pre) != preMasterLen {
		return failWith(AlertInternalError, CauseOwnKey, err)
	}
	return h.secret(pre)
}

// hearVerify checks that the client holds the signing key of what it showed.
func (h *serverHandshake) hearVerify() error {
	if h.peer == nil {
		return nil
	}
	signed, messages := h.digest(), h.messages
	_, body, err := h.hear(kindCertificateVerify)
	if err != nil {
		return err
	}
	h.keep, h.messages = false, nil
	signature, err := parseCertificateVerify(body)
	if err != nil {
		return err
	}
	key, err := keyOf(h.peer.sign())
	if err != nil {
		return err
	}
	if !verifySignature(key, h.peer.z[:], signed, signature) {
		return fail(AlertDecryptError, CauseClientSigned, whatFits(key, signed, signature, slices.Concat(messages...)))
	}
	return nil
}

// remember keeps the session under its id.
func (h *serverHandshake) remember() error {
	if len(h.id) > 0 {
		h.config.SessionCache.Put(serverKey+string(h.id), h.newSession(h.id))
	}
	return nil
}
