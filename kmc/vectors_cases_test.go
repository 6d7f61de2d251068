package kmc

import (
	"bytes"
	"encoding/asn1"
	"encoding/hex"
	"math/big"
	"testing"
	"time"
)

// What a vector says a reader finds.
type (
	decodedMessage struct {
		Name    string        `json:"name"` // GeneralName, DER
		KeyHash string        `json:"key_hash"`
		Serial  string        `json:"serial"`
		At      string        `json:"at"`
		Task    string        `json:"task"`
		List    []decodedPart `json:"list"`
	}
	decodedPart struct {
		Kind      string `json:"kind"`
		Suite     string `json:"suite,omitempty"`
		Protect   string `json:"protect,omitempty"` // asymmetric, symmetric, hash OIDs
		CertNo    string `json:"cert_no,omitempty"`
		Recipient string `json:"recipient,omitempty"`
		NotBefore string `json:"not_before,omitempty"`
		NotAfter  string `json:"not_after,omitempty"`
		UserName  string `json:"user_name,omitempty"`
		Region    string `json:"region,omitempty"`
		Extend    string `json:"extend,omitempty"`
		PublicKey string `json:"public_key,omitempty"`
		Sealed    string `json:"sealed,omitempty"`
		Number    int    `json:"number,omitempty"`
		Text      string `json:"text,omitempty"`
	}
)

const sm2Protect = "1.2.156.10197.1.301.3 1.2.156.10197.1.104 1.2.156.10197.1.401"

func (m maker) decodedHead(name asnEntName, at time.Time, parts []decodedPart) decodedMessage {
	return decodedMessage{Name: hex.EncodeToString(name.EntName.FullBytes), KeyHash: hex.EncodeToString(name.EntPubKeyHash),
		Serial: hex.EncodeToString(name.SerialNumber.Bytes()), At: at.Format(time.RFC3339),
		Task: hex.EncodeToString(vectorTask.Bytes()), List: parts}
}

func (m maker) applied() decodedPart {
	return decodedPart{Kind: "apply", Suite: "sm2", Protect: sm2Protect, CertNo: vectorCertNo(1).Text(16),
		Recipient: hex.EncodeToString(m.spki("user").FullBytes), NotBefore: vectorStart.Format(time.RFC3339),
		NotAfter: vectorEnd.Format(time.RFC3339), UserName: "holder-1", Extend: "application-1"}
}

func (m maker) restored() decodedPart {
	return decodedPart{Kind: "restore", Protect: sm2Protect, CertNo: vectorCertNo(1).Text(16),
		Recipient: hex.EncodeToString(m.spki("user").FullBytes)}
}

func revoked(n int64) decodedPart {
	return decodedPart{Kind: "revoke", CertNo: vectorCertNo(n).Text(16)}
}

func (m maker) returned(kind string, n int64) decodedPart {
	return decodedPart{Kind: kind, CertNo: vectorCertNo(n).Text(16), PublicKey: hex.EncodeToString(m.spki("pair").FullBytes),
		Sealed: hex.EncodeToString(m.envelope().FullBytes)}
}

func with[T any](value T, change func(*T)) T {
	change(&value)
	return value
}

func makeVectors(t testing.TB) map[string]vectorFile {
	m := maker{t}
	about := "Messages between a CA and a KMC (GM/T 0014-2012 5.2), made with encoding/asn1 from the fact sheet. " +
		"outcome accept: a reader finds what decoded says; refuse: it answers the code. " +
		"request is signed with key ca, respond with key kmc, SM2 with SM3 and the default user id. " +
		"The retPriKey in them is an outline that opens with no key."
	return map[string]vectorFile{
		"request":        {about, vectorKeys, m.acceptedRequests()},
		"request-refuse": {about, vectorKeys, m.refusedRequests()},
		"respond":        {about, vectorKeys, m.acceptedResponds()},
		"respond-refuse": {about, vectorKeys, m.refusedResponds()},
	}
}

func (m maker) acceptRequest(name, why string, body asnBody, parts ...decodedPart) vector {
	return vector{Name: name, Why: why, Message: "request", DER: m.hex(m.sign("ca", body)), Outcome: "accept",
		Decoded: m.decodedHead(body.Name, body.Time, parts)}
}

func (m maker) acceptedRequests() []vector {
	apply := m.der(m.apply(), "tag:0")
	revoke := m.der(asnRevoke{vectorCertNo(1)}, "tag:2")
	owned := with(m.restored(), func(p *decodedPart) { p.UserName, p.Extend = "holder-1", "new token" })
	all := []vector{
		m.acceptRequest("apply", "what we write for an SM2 pair: IMPLICIT tags, holder in userName, order in extendInfo",
			m.request(apply), m.applied()),
		m.acceptRequest("apply-without-optionals", "AppUserInfo ends after notAfter",
			m.request(m.der(with(m.apply(), func(a *asnApply) { a.AppUserInfo.UserName, a.AppUserInfo.ExtendInfo = none, none }), "tag:0")),
			with(m.applied(), func(p *decodedPart) { p.UserName, p.Extend = "", "" })),
		m.acceptRequest("apply-with-region", "dsCode is read",
			m.request(m.der(with(m.apply(), func(a *asnApply) { a.AppUserInfo.DSCode = m.octets("1", "110000") }), "tag:0")),
			with(m.applied(), func(p *decodedPart) { p.Region = "110000" })),
		m.acceptRequest("restore", "the standard's own five fields", m.request(m.der(m.restore(), "tag:1")), m.restored()),
		m.acceptRequest("restore-owned", "what we write: the holder and the reason follow under the tags of AppUserInfo",
			m.request(m.der(m.owned(), "tag:1")), owned),
		m.acceptRequest("revoke", "one INTEGER under [2]", m.request(revoke), revoked(1)),
		m.acceptRequest("several", "one message, several operations, order kept",
			m.request(revoke, apply, m.der(m.owned(), "tag:1"), m.der(asnRevoke{vectorCertNo(2)}, "tag:2")),
			revoked(1), m.applied(), owned, revoked(2)),
		m.acceptRequest("explicit", "EXPLICIT tags on all three arms, as one CA product writes them",
			m.request(m.der(m.apply(), "explicit,tag:0"), m.der(m.restore(), "explicit,tag:1"), m.der(asnRevoke{vectorCertNo(1)}, "explicit,tag:2")),
			m.applied(), m.restored(), revoked(1)),
	}
	all = append(all, m.acceptedSuites()...)
	return append(all, m.acceptedDialects(apply)...)
}

func (m maker) acceptedSuites() []vector {
	international := func(a *asnApply) {
		a.RetSymAlg, a.RetHashAlg = algorithm("2.16.840.1.101.3.4.1.42", none), algorithm("2.16.840.1.101.3.4.2.1", none)
	}
	rsa := with(m.apply(), func(a *asnApply) {
		international(a)
		a.AppKeyType, a.AppKeyLen = algorithm("1.2.840.113549.1.1.1", asnNull), 2048
		a.RetAsymAlg = algorithm("1.2.840.113549.1.1.1", asnNull)
		a.AppUserInfo.UserPubKey = m.rsaKey()
	})
	curve := with(m.apply(), func(a *asnApply) {
		international(a)
		a.AppKeyType, a.AppKeyLen = algorithm("1.2.840.10045.2.1", m.curve("1.2.840.10045.3.1.7")), 256
		a.RetAsymAlg = algorithm("1.3.132.1.11.1", none)
	})
	byCurve := with(m.apply(), func(a *asnApply) {
		a.AppKeyType = algorithm("1.2.840.10045.2.1", m.curve("1.2.156.10197.1.301"))
	})
	nulls := with(m.apply(), func(a *asnApply) {
		a.AppKeyType.Parameters, a.RetAsymAlg.Parameters = asnNull, asnNull
		a.RetSymAlg.Parameters, a.RetHashAlg.Parameters = asnNull, asnNull
	})
	return []vector{
		m.acceptRequest("apply-rsa2048", "an RSA pair sealed to an RSA key", m.request(m.der(rsa, "tag:0")),
			with(m.applied(), func(p *decodedPart) {
				p.Suite, p.Recipient = "rsa2048", hex.EncodeToString(m.rsaKey().FullBytes)
				p.Protect = "1.2.840.113549.1.1.1 2.16.840.1.101.3.4.1.42 2.16.840.1.101.3.4.2.1"
			})),
		m.acceptRequest("apply-p256", "the curve stands in the parameters", m.request(m.der(curve, "tag:0")),
			with(m.applied(), func(p *decodedPart) {
				p.Suite, p.Protect = "p256", "1.3.132.1.11.1 2.16.840.1.101.3.4.1.42 2.16.840.1.101.3.4.2.1"
			})),
		m.acceptRequest("apply-sm2-by-curve", "id-ecPublicKey with the SM2 curve means an SM2 pair", m.request(m.der(byCurve, "tag:0")), m.applied()),
		m.acceptRequest("apply-null-parameters", "NULL parameters mean the same as none", m.request(m.der(nulls, "tag:0")), m.applied()),
	}
}

func (m maker) acceptedDialects(apply asn1.RawValue) []vector {
	named := func(general asn1.RawValue) asnBody {
		return with(m.request(apply), func(b *asnBody) { b.Name.EntName = general })
	}
	extended := func(extend asn1.RawValue) asnBody {
		return m.request(m.der(with(m.apply(), func(a *asnApply) { a.AppUserInfo.ExtendInfo = extend }), "tag:0"))
	}
	all := []vector{
		m.acceptRequest("name-dns", "entName as dNSName", named(m.der([]byte("ca.example"), "tag:2")), m.applied()),
		m.acceptRequest("name-mail", "entName as rfc822Name", named(m.der([]byte("ca@unit.example"), "tag:1")), m.applied()),
		m.acceptRequest("name-uri", "entName as uniformResourceIdentifier", named(m.der([]byte("https://ca.example/"), "tag:6")), m.applied()),
		m.acceptRequest("extend-ia5", "extendInfo as IA5String", extended(m.der("application-1", "ia5,explicit,tag:2")), m.applied()),
		m.acceptRequest("extend-sequence", "extendInfo as SEQUENCE of one UTF8String",
			extended(m.der([]asn1.RawValue{m.der("application-1", "utf8")}, "explicit,tag:2")), m.applied()),
		m.acceptRequest("extend-implicit", "extendInfo as IMPLICIT OCTET STRING", extended(m.der([]byte("application-1"), "tag:2")), m.applied()),
	}
	signed := m.sign("ca", m.request(apply))
	changed := func(name, why string, change func(*asnSigned)) vector {
		v := m.acceptRequest(name, why, m.request(apply), m.applied())
		v.DER = m.hex(with(signed, change))
		return v
	}
	return append(all,
		changed("signature-null", "signatureAlgorithm with NULL", func(s *asnSigned) { s.Algorithm.Parameters = asnNull }),
		changed("signature-301-1", "signatureAlgorithm SM2-1", func(s *asnSigned) { s.Algorithm = algorithm("1.2.156.10197.1.301.1", none) }),
		changed("signature-raw", "signatureValue as the 64 octets r and s", func(s *asnSigned) {
			var rs struct{ R, S *big.Int }
			if _, err := asn1.Unmarshal(s.Value, &rs); err != nil {
				m.Fatal(err)
			}
			s.Value = append(rs.R.FillBytes(make([]byte, 32)), rs.S.FillBytes(make([]byte, 32))...)
		}))
}

func refuse(message, name, why, code, der string) vector {
	return vector{Name: name, Why: why, Message: message, DER: der, Outcome: "refuse", Code: code}
}

func (m maker) refusedRequests() []vector {
	apply, good := m.der(m.apply(), "tag:0"), m.hex(m.sign("ca", m.request(m.der(m.apply(), "tag:0"))))
	revoke := m.der(asnRevoke{vectorCertNo(1)}, "tag:2")
	body := func(name, why, code string, change func(*asnBody)) vector {
		return refuse("request", name, why, code, m.hex(m.sign("ca", with(m.request(apply), change))))
	}
	part := func(name, why, code string, change func(*asnApply)) vector {
		return refuse("request", name, why, code, m.hex(m.sign("ca", m.request(m.der(with(m.apply(), change), "tag:0")))))
	}
	signed := func(name, why, code string, change func(*asnSigned)) vector {
		return refuse("request", name, why, code, m.hex(with(m.sign("ca", m.request(apply)), change)))
	}
	raw := func(der string) asn1.RawValue {
		octets, err := hex.DecodeString(der)
		if err != nil {
			m.Fatal(err)
		}
		return asn1.RawValue{FullBytes: octets}
	}
	return []vector{
		refuse("request", "empty", "no octets", "km.malformed", ""),
		refuse("request", "cut", "the last octet is missing", "km.malformed", good[:len(good)-2]),
		refuse("request", "trailing", "an octet follows the message", "km.malformed", good+"00"),
		refuse("request", "indefinite", "a BER indefinite length", "km.malformed", "3080"+good[8:]+"0000"),
		refuse("request", "not-a-message", "a NULL", "km.malformed", "0500"),
		body("version-2", "version is 1", "km.version", func(b *asnBody) { b.Version = 2 }),
		body("version-0", "version is 1", "km.version", func(b *asnBody) { b.Version = 0 }),
		body("no-operations", "requestList is empty", "km.operations", func(b *asnBody) { b.List = nil }),
		body("too-many", "257 operations", "km.operations", func(b *asnBody) {
			b.List = nil
			for range 257 {
				b.List = append(b.List, revoke)
			}
		}),
		body("unknown-operation", "Request has no [3]", "km.malformed", func(b *asnBody) {
			b.List = append(b.List, m.der(asnRevoke{vectorCertNo(1)}, "tag:3"))
		}),
		body("untagged-operation", "a SEQUENCE where a tagged arm belongs", "km.malformed", func(b *asnBody) {
			b.List = []asn1.RawValue{m.der(m.apply(), "")}
		}),
		body("task-negative", "taskNo below 0", "km.malformed", func(b *asnBody) { b.TaskNo = big.NewInt(-1) }),
		body("task-long", "taskNo of 21 octets", "km.malformed", func(b *asnBody) { b.TaskNo = new(big.Int).Lsh(big.NewInt(1), 160) }),
		body("entity-hash", "entPubKeyHash by SHA-256", "km.algorithm", func(b *asnBody) {
			b.Name.HashAlgorithm = algorithm("2.16.840.1.101.3.4.2.1", none)
		}),
		body("entity-hash-length", "entPubKeyHash of 31 octets", "km.malformed", func(b *asnBody) { b.Name.EntPubKeyHash = b.Name.EntPubKeyHash[1:] }),
		body("entity-name", "GeneralName has no [9]", "km.malformed", func(b *asnBody) { b.Name.EntName = m.der([]byte("x"), "tag:9") }),
		body("revoke-serial-zero", "a serial is positive", "km.malformed", func(b *asnBody) {
			b.List = []asn1.RawValue{m.der(asnRevoke{new(big.Int)}, "tag:2")}
		}),
		body("revoke-serial-negative", "a serial is positive", "km.malformed", func(b *asnBody) {
			b.List = []asn1.RawValue{m.der(asnRevoke{big.NewInt(-5)}, "tag:2")}
		}),
		body("revoke-serial-padded", "an INTEGER with a superfluous leading octet", "km.malformed", func(b *asnBody) {
			b.List = []asn1.RawValue{raw("a204" + "02020001")}
		}),
		body("revoke-serial-long", "a serial has at most 20 octets", "km.malformed", func(b *asnBody) {
			b.List = []asn1.RawValue{m.der(asnRevoke{new(big.Int).Lsh(big.NewInt(1), 160)}, "tag:2")}
		}),
		body("revoke-trailing", "two INTEGERs in RevokeKeyReq", "km.malformed", func(b *asnBody) {
			b.List = []asn1.RawValue{raw("a206" + "020105020106")}
		}),
		body("explicit-trailing", "something follows inside an EXPLICIT arm", "km.malformed", func(b *asnBody) {
			b.List = []asn1.RawValue{raw("a207" + "3003020105" + "0500")}
		}),
		part("key-type", "an EdDSA pair", "km.algorithm", func(a *asnApply) { a.AppKeyType = algorithm("1.3.101.112", none) }),
		part("key-length", "an SM2 pair of 512 bits", "km.algorithm", func(a *asnApply) { a.AppKeyLen = 512 }),
		part("key-short", "an RSA pair of 1024 bits", "km.algorithm", func(a *asnApply) {
			a.AppKeyType, a.AppKeyLen = algorithm("1.2.840.113549.1.1.1", asnNull), 1024
		}),
		part("user-key", "userPubKey is not a SubjectPublicKeyInfo", "km.malformed", func(a *asnApply) { a.AppUserInfo.UserPubKey = asnNull }),
		part("extend-several", "extendInfo as SEQUENCE of two strings has no single meaning", "km.malformed", func(a *asnApply) {
			a.AppUserInfo.ExtendInfo = m.der([]asn1.RawValue{m.der("a", "utf8"), m.der("b", "utf8")}, "explicit,tag:2")
		}),
		part("extend-long", "extendInfo of 1025 octets", "km.malformed", func(a *asnApply) {
			a.AppUserInfo.ExtendInfo = m.octets("2", string(bytes.Repeat([]byte("x"), 1025)))
		}),
		part("optional-order", "userName after extendInfo", "km.malformed", func(a *asnApply) {
			a.AppUserInfo.UserName, a.AppUserInfo.ExtendInfo = a.AppUserInfo.ExtendInfo, a.AppUserInfo.UserName
		}),
		refuse("request", "utc-time", "requestTime as UTCTime", "km.malformed", m.hex(m.sign("ca", struct {
			Version int
			Name    asnEntName
			List    []asn1.RawValue
			Time    time.Time `asn1:"utc"`
			TaskNo  *big.Int
		}{1, m.entity("ca", "Example Issuing CA", 0x1001), []asn1.RawValue{revoke}, vectorTime, vectorTask}))),
		signed("signature-algorithm", "ECDSA with SHA-256", "km.algorithm", func(s *asnSigned) { s.Algorithm = algorithm("1.2.840.10045.4.3.2", none) }),
		signed("signature-empty", "no signature", "km.signature", func(s *asnSigned) { s.Value = nil }),
		signed("signature-other-key", "signed with the KMC's key", "km.signature", func(s *asnSigned) { s.Value = m.signature("kmc", s.Body.FullBytes) }),
		signed("signature-double", "the digest signed once more, as one CA product does", "km.signature", func(s *asnSigned) {
			s.Value = m.signature("ca", sum(s.Body.FullBytes))
		}),
		signed("signature-other-body", "a body changed after signing", "km.signature", func(s *asnSigned) {
			s.Body = m.der(m.request(revoke), "")
		}),
	}
}
