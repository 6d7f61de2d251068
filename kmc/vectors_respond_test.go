package kmc

import (
	"encoding/asn1"
	"math/big"

	"github.com/emmansun/gmsm/sm3"
)

func sum(octets []byte) []byte {
	hash := sm3.Sum(octets)
	return hash[:]
}

func (m maker) acceptRespond(name, why string, body asnBody, parts ...decodedPart) vector {
	return vector{Name: name, Why: why, Message: "respond", DER: m.hex(m.sign("kmc", body)), Outcome: "accept",
		Decoded: m.decodedHead(body.Name, body.Time, parts)}
}

const vectorErrorText = "km.no-key\nno key stands under this number\nask with the number it was made under"

func (m maker) acceptedResponds() []vector {
	apply := m.der(m.key(1), "tag:0")
	failed := func(number int, text string) decodedPart {
		return decodedPart{Kind: "error", Number: number, Text: text}
	}
	withText := m.der(asnError{301, m.octets("0", vectorErrorText)}, "tag:3")
	return []vector{
		m.acceptRespond("apply", "what we write: IMPLICIT tags, retPriKey without ContentInfo", m.respond(apply), m.returned("apply", 1)),
		m.acceptRespond("restore", "the same under [1]", m.respond(m.der(m.key(1), "tag:1")), m.returned("restore", 1)),
		m.acceptRespond("revoke", "one INTEGER under [2]", m.respond(m.der(asnRevoke{vectorCertNo(1)}, "tag:2")), revoked(1)),
		m.acceptRespond("error", "what we write: errDesc under [0] EXPLICIT", m.respond(withText), failed(301, vectorErrorText)),
		m.acceptRespond("error-without-text", "errDesc is optional", m.respond(m.der(asnError{ErrNo: 17}, "tag:3")), failed(17, "")),
		m.acceptRespond("several", "answers stand in the order of the operations",
			m.respond(apply, withText, m.der(m.key(2), "tag:1"), m.der(asnRevoke{vectorCertNo(3)}, "tag:2")),
			m.returned("apply", 1), failed(301, vectorErrorText), m.returned("restore", 2), revoked(3)),
		m.acceptRespond("explicit", "EXPLICIT tags on all four arms",
			m.respond(m.der(m.key(1), "explicit,tag:0"), m.der(m.key(2), "explicit,tag:1"), m.der(asnRevoke{vectorCertNo(3)}, "explicit,tag:2"),
				m.der(asnError{ErrNo: 17}, "explicit,tag:3")),
			m.returned("apply", 1), m.returned("restore", 2), revoked(3), failed(17, "")),
		m.acceptRespond("error-octets", "errDesc as an untagged OCTET STRING",
			m.respond(m.der(asnError{17, m.der([]byte("no key"), "")}, "tag:3")), failed(17, "no key")),
		m.acceptRespond("error-utf8", "errDesc as an untagged UTF8String",
			m.respond(m.der(asnError{17, m.der("密钥不存在", "utf8")}, "tag:3")), failed(17, "密钥不存在")),
		m.acceptRespond("error-two-strings", "number and text both as UTF8String",
			m.respond(m.der(struct {
				Number string `asn1:"utf8"`
				Text   string `asn1:"utf8"`
			}{"17", "no key"}, "tag:3")), failed(17, "no key")),
	}
}

func (m maker) refusedResponds() []vector {
	apply := m.der(m.key(1), "tag:0")
	good := m.hex(m.sign("kmc", m.respond(apply)))
	body := func(name, why, code string, change func(*asnBody)) vector {
		return refuse("respond", name, why, code, m.hex(m.sign("kmc", with(m.respond(apply), change))))
	}
	return []vector{
		refuse("respond", "empty", "no octets", "km.malformed", ""),
		refuse("respond", "cut", "the last octet is missing", "km.malformed", good[:len(good)-2]),
		refuse("respond", "trailing", "an octet follows the message", "km.malformed", good+"00"),
		body("version-2", "version is 1", "km.version", func(b *asnBody) { b.Version = 2 }),
		body("no-answers", "respondList is empty", "km.operations", func(b *asnBody) { b.List = nil }),
		body("unknown-answer", "Respond has no [4]", "km.malformed", func(b *asnBody) {
			b.List = []asn1.RawValue{m.der(asnRevoke{vectorCertNo(1)}, "tag:4")}
		}),
		body("key-without-envelope", "retPriKey is missing", "km.malformed", func(b *asnBody) {
			b.List = []asn1.RawValue{m.der(struct {
				N *big.Int
				P asn1.RawValue
			}{vectorCertNo(1), m.spki("pair")}, "tag:0")}
		}),
		body("envelope-octets", "retPriKey wrapped in an OCTET STRING", "km.malformed", func(b *asnBody) {
			key := m.key(1)
			key.RetPriKey = m.der(key.RetPriKey.FullBytes, "")
			b.List = []asn1.RawValue{m.der(key, "tag:0")}
		}),
		body("error-without-number", "errNo is missing", "km.malformed", func(b *asnBody) {
			b.List = []asn1.RawValue{m.der(struct{ D asn1.RawValue }{m.octets("0", "x")}, "tag:3")}
		}),
		refuse("respond", "signed-by-ca", "signed with the CA's key", "km.signature", m.hex(m.sign("ca", m.respond(apply)))),
	}
}
