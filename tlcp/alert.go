package tlcp

import "fmt"

// Alert is the number of an alert (GB/T 38636 6.4.3).
type Alert uint8

// Alerts of TLCP.
const (
	AlertCloseNotify            Alert = 0
	AlertUnexpectedMessage      Alert = 10
	AlertBadRecordMAC           Alert = 20
	AlertDecryptionFailed       Alert = 21
	AlertRecordOverflow         Alert = 22
	AlertDecompressionFailure   Alert = 30
	AlertHandshakeFailure       Alert = 40
	AlertBadCertificate         Alert = 42
	AlertUnsupportedCertificate Alert = 43
	AlertCertificateRevoked     Alert = 44
	AlertCertificateExpired     Alert = 45
	AlertCertificateUnknown     Alert = 46
	AlertIllegalParameter       Alert = 47
	AlertUnknownCA              Alert = 48
	AlertAccessDenied           Alert = 49
	AlertDecodeError            Alert = 50
	AlertDecryptError           Alert = 51
	AlertProtocolVersion        Alert = 70
	AlertInsufficientSecurity   Alert = 71
	AlertInternalError          Alert = 80
	AlertUserCanceled           Alert = 90
	AlertNoRenegotiation        Alert = 100
	AlertNoApplicationProtocol  Alert = 120
	AlertUnsupportedSite2Site   Alert = 200
	AlertNoArea                 Alert = 201
	AlertUnsupportedAreaType    Alert = 202
	AlertBadIBCParam            Alert = 203
	AlertUnsupportedIBCParam    Alert = 204
	AlertIdentityNeed           Alert = 205
)

const (
	alertWarning = 1
	alertFatal   = 2
)

// alertWords: name in the standard, and what it usually means in practice.
type alertWords struct{ name, english, chinese string }

// alerts is read only.
var alerts = map[Alert]alertWords{
	AlertCloseNotify:            {"close_notify", "the peer ended the connection in order", "对方正常关闭了连接"},
	AlertUnexpectedMessage:      {"unexpected_message", "the peer got a message it did not expect: the two programs order the handshake differently", "对方收到了意料之外的消息：双方实现的握手顺序不一致"},
	AlertBadRecordMAC:           {"bad_record_mac", "the peer derived other keys: usually a wrong encryption certificate or key, or a different key agreement", "对方算出的密钥不同：多为加密证书与私钥不匹配，或密钥协商实现不一致"},
	AlertDecryptionFailed:       {"decryption_failed", "the peer could not decrypt a record", "对方无法解密记录"},
	AlertRecordOverflow:         {"record_overflow", "the peer got a record that is too long", "对方收到的记录过长"},
	AlertDecompressionFailure:   {"decompression_failure", "the peer could not decompress; TLCP is used without compression", "对方解压失败；TLCP 不应使用压缩"},
	AlertHandshakeFailure:       {"handshake_failure", "the peer found nothing it could agree to: usually no common suite, or it wants a client certificate pair and got none or only one", "对方无法达成一致：多为没有共同的密码套件，或要求客户端双证书而没有收到或只收到一张"},
	AlertBadCertificate:         {"bad_certificate", "the peer could not read a certificate or its signature is wrong", "对方无法解析证书，或证书签名错误"},
	AlertUnsupportedCertificate: {"unsupported_certificate", "the peer does not take this kind of certificate: usually its key usage, or signing and encryption certificate swapped", "对方不接受这种证书：多为密钥用途不符，或签名证书与加密证书次序颠倒"},
	AlertCertificateRevoked:     {"certificate_revoked", "the peer says the certificate is revoked", "对方认为证书已被吊销"},
	AlertCertificateExpired:     {"certificate_expired", "the peer says the certificate has expired, or its clock is wrong", "对方认为证书已过期，或对方时钟不准"},
	AlertCertificateUnknown:     {"certificate_unknown", "the peer refused the certificate for a reason it does not name", "对方因未说明的原因拒绝了证书"},
	AlertIllegalParameter:       {"illegal_parameter", "the peer found a value that is not allowed", "对方发现不允许的参数值"},
	AlertUnknownCA:              {"unknown_ca", "the peer does not trust the issuer: its trust list lacks the root, or the chain was not sent", "对方不信任签发者：其信任列表中没有根证书，或没有发送完整证书链"},
	AlertAccessDenied:           {"access_denied", "the peer accepted the certificate but refuses its holder", "对方接受了证书但拒绝该持有者访问"},
	AlertDecodeError:            {"decode_error", "the peer could not read a message", "对方无法解析消息"},
	AlertDecryptError:           {"decrypt_error", "the peer found a signature or the final check wrong: usually a wrong user id, key or signed content", "对方验证签名或握手校验失败：多为用户标识（ID）、密钥或被签内容不一致"},
	AlertProtocolVersion:        {"protocol_version", "the peer does not speak this version", "对方不支持该协议版本"},
	AlertInsufficientSecurity:   {"insufficient_security", "the peer wants stronger suites", "对方要求更强的密码套件"},
	AlertInternalError:          {"internal_error", "something failed inside the peer: look into its log", "对方内部错误：请查看对方日志"},
	AlertUserCanceled:           {"user_canceled", "the person at the peer cancelled", "对方用户取消"},
	AlertNoRenegotiation:        {"no_renegotiation", "the peer does not renegotiate", "对方不支持重新协商"},
	AlertNoApplicationProtocol:  {"no_application_protocol", "the peer speaks none of the application protocols offered", "对方不支持所提供的任何应用层协议"},
	AlertUnsupportedSite2Site:   {"unsupported_site2site", "the peer does not do site-to-site", "对方不支持网关到网关协议"},
	AlertNoArea:                 {"no_area", "the peer does not know the protected area", "对方没有该保护域"},
	AlertUnsupportedAreaType:    {"unsupported_areatype", "the peer does not know the kind of protected area", "对方不支持该保护域类型"},
	AlertBadIBCParam:            {"bad_ibcparam", "the peer refused the IBC parameters", "对方不接受 IBC 参数"},
	AlertUnsupportedIBCParam:    {"unsupported_ibcparam", "the peer does not do IBC", "对方不支持 IBC 参数"},
	AlertIdentityNeed:           {"identity_need", "the peer wants an IBC identity", "对方需要 IBC 标识"},
}

// String returns the standard's name.
func (a Alert) String() string {
	if words, ok := alerts[a]; ok {
		return words.name
	}
	return fmt.Sprintf("alert(%d)", uint8(a))
}

// Meaning says in plain words what an alert usually means; language is "zh" or "en".
func (a Alert) Meaning(language string) string {
	words, ok := alerts[a]
	switch {
	case !ok && language == "zh":
		return fmt.Sprintf("对方发送了未知报警 %d", uint8(a))
	case !ok:
		return fmt.Sprintf("the peer sent the unknown alert %d", uint8(a))
	case language == "zh":
		return words.chinese
	}
	return words.english
}
