package tlcp

// Cause is why a handshake failed, as a stable code for logs and metrics.
type Cause string

// The causes. Each names what is wrong at the peer or between the two, not what was
// being done.
const (
	CauseNoCommonSuite     Cause = "no-common-suite"
	CauseECDHENeedsPair    Cause = "ecdhe-needs-client-pair"
	CauseVersion           Cause = "version"
	CauseNotTLCP           Cause = "not-tlcp"
	CauseTLS               Cause = "tls-instead"
	CauseNoCertificate     Cause = "no-certificate"
	CauseOneCertificate    Cause = "one-certificate"
	CauseEncryptionFirst   Cause = "encryption-first"
	CauseBadCertificate    Cause = "bad-certificate"
	CauseNotSM2            Cause = "not-sm2"
	CauseExpired           Cause = "expired"
	CauseNotYetValid       Cause = "not-yet-valid"
	CauseIssuerExpired     Cause = "issuer-expired"
	CauseUnknownIssuer     Cause = "unknown-issuer"
	CauseSigningUsage      Cause = "signing-usage"
	CauseEncryptionUsage   Cause = "encryption-usage"
	CausePurpose           Cause = "purpose"
	CauseName              Cause = "name"
	CauseChain             Cause = "chain"
	CauseKeyExchangeSigned Cause = "key-exchange-signature"
	CauseClientSigned      Cause = "client-signature"
	CauseEncryptionKey     Cause = "encryption-key"
	CausePoint             Cause = "point"
	CauseFinished          Cause = "finished"
	CauseRecord            Cause = "record"
	CauseMalformed         Cause = "malformed"
	CauseOutOfOrder        Cause = "out-of-order"
	CauseTooLarge          Cause = "too-large"
	CauseParameter         Cause = "parameter"
	CauseProtocol          Cause = "application-protocol"
	CauseAlert             Cause = "alert"
	CauseClosed            Cause = "closed"
	CauseTimeout           Cause = "timeout"
	CauseRefused           Cause = "refused"
	CauseOwnKey            Cause = "own-key"
	CauseOwnSide           Cause = "own-side"
)

type words struct{ english, chinese string }

// causes is read only.
var causes = map[Cause]words{
	CauseNoCommonSuite:     {"the two sides have no cipher suite in common", "双方没有共同的密码套件"},
	CauseECDHENeedsPair:    {"the peer offers only ECDHE suites, which need the signing and encryption certificates of both sides, and this side does not ask for the client's", "对方只提供 ECDHE 套件，该套件必须双向认证且客户端出示双证书，而本方未要求客户端证书"},
	CauseVersion:           {"the peer does not speak TLCP 1.1", "对方不支持 TLCP 1.1"},
	CauseNotTLCP:           {"what the peer sent is not TLCP", "对方发送的不是 TLCP 协议"},
	CauseTLS:               {"the peer speaks TLS, not TLCP", "对方使用的是 TLS 而不是 TLCP"},
	CauseNoCertificate:     {"the peer sent no certificate, and one is required", "对方没有发送证书，而本方要求证书"},
	CauseOneCertificate:    {"the peer sent only one certificate; the signing and the encryption certificate are needed", "对方只发送了一张证书；需要签名证书和加密证书两张"},
	CauseEncryptionFirst:   {"the peer sent the encryption certificate before the signing certificate", "对方先发送了加密证书；应先签名证书后加密证书"},
	CauseBadCertificate:    {"a certificate of the peer cannot be read", "对方的证书无法解析"},
	CauseNotSM2:            {"a certificate of the peer is not for an SM2 key", "对方的证书不是 SM2 证书"},
	CauseExpired:           {"a certificate of the peer has expired", "对方的证书已过期"},
	CauseNotYetValid:       {"a certificate of the peer is not valid yet, or this machine's clock is wrong", "对方的证书尚未生效，或本机时钟不准"},
	CauseIssuerExpired:     {"an issuer of the peer's certificate is outside its validity", "对方证书的签发者证书不在有效期内"},
	CauseUnknownIssuer:     {"the issuer of the peer's certificate is not trusted here, or the peer did not send its chain", "对方证书的签发者不受本方信任，或对方没有发送证书链"},
	CauseSigningUsage:      {"the peer's signing certificate is not for digital signatures (key usage)", "对方签名证书的密钥用途不含数字签名"},
	CauseEncryptionUsage:   {"the peer's encryption certificate is not for encryption (key usage)", "对方加密证书的密钥用途不含加密"},
	CausePurpose:           {"the peer's certificate is not for this role (extended key usage)", "对方证书的扩展密钥用途与其角色不符"},
	CauseName:              {"the peer's certificate is for another name", "对方证书的名称与所访问的名称不符"},
	CauseChain:             {"the peer's certificate chain breaks a rule", "对方的证书链不符合规则"},
	CauseKeyExchangeSigned: {"the server's signature over the key exchange is wrong", "服务端对密钥交换消息的签名错误"},
	CauseClientSigned:      {"the client's signature over the handshake is wrong", "客户端对握手消息的签名错误"},
	CauseEncryptionKey:     {"the client encrypted the pre-master secret to another key, or in another form", "客户端用另一把公钥或另一种格式加密了预主密钥"},
	CausePoint:             {"the peer's ephemeral public key is not a point of the SM2 curve", "对方的临时公钥不是 SM2 曲线上的点"},
	CauseFinished:          {"the two sides saw different handshakes", "双方握手内容不一致"},
	CauseRecord:            {"a record of the peer does not decrypt: its keys differ, or it was changed on the way", "对方的记录无法解密：密钥不一致，或在途中被改动"},
	CauseMalformed:         {"a message of the peer is malformed", "对方的消息格式错误"},
	CauseOutOfOrder:        {"a message of the peer came out of order", "对方的消息次序错误"},
	CauseTooLarge:          {"the peer sent more than a handshake may have", "对方发送的握手数据过大"},
	CauseParameter:         {"the peer chose something that was not offered or is not allowed", "对方选择了未提供或不允许的参数"},
	CauseProtocol:          {"the two sides have no application protocol in common (ALPN)", "双方没有共同的应用层协议（ALPN）"},
	CauseAlert:             {"the peer ended the handshake with an alert", "对方以报警结束了握手"},
	CauseClosed:            {"the peer closed the connection without an alert; browsers do so when they do not trust the issuer", "对方未发报警就断开了连接；浏览器不信任签发者时常如此"},
	CauseTimeout:           {"the peer did not finish the handshake in time", "对方未在限定时间内完成握手"},
	CauseRefused:           {"a check of this side refused the peer", "本方的检查拒绝了对方"},
	CauseOwnKey:            {"a private key of this side did not do its work", "本方私钥运算失败"},
	CauseOwnSide:           {"this side is not set up rightly", "本方配置有误"},
}

// Text says a cause in plain words; language is "zh" or "en".
func (c Cause) Text(language string) string {
	text, ok := causes[c]
	switch {
	case !ok:
		return string(c)
	case language == "zh":
		return text.chinese
	}
	return text.english
}
