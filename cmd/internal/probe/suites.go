package probe

import (
	"fmt"
	"strings"

	"onecert/tlcp"
)

// named is a cipher suite and its name in the registry.
type named struct {
	id   uint16
	name string
}

// suites13 are those of TLS 1.3 (RFC 8446, RFC 8998); read only.
var suites13 = []named{
	{0x1301, "TLS_AES_128_GCM_SHA256"}, {0x1302, "TLS_AES_256_GCM_SHA384"}, {0x1303, "TLS_CHACHA20_POLY1305_SHA256"},
	{0x1304, "TLS_AES_128_CCM_SHA256"}, {0x1305, "TLS_AES_128_CCM_8_SHA256"},
	{0x00c6, "TLS_SM4_GCM_SM3"}, {0x00c7, "TLS_SM4_CCM_SM3"},
}

// suites12 are those of SSL 3.0 to TLS 1.2 that servers are met with, strong and weak,
// without TLS_ before their names; those that need a shared secret are left out. Read
// only.
var suites12 = []named{
	{0x0001, "RSA_WITH_NULL_MD5"},
	{0x0002, "RSA_WITH_NULL_SHA"},
	{0x0003, "RSA_EXPORT_WITH_RC4_40_MD5"},
	{0x0004, "RSA_WITH_RC4_128_MD5"},
	{0x0005, "RSA_WITH_RC4_128_SHA"},
	{0x0006, "RSA_EXPORT_WITH_RC2_CBC_40_MD5"},
	{0x0007, "RSA_WITH_IDEA_CBC_SHA"},
	{0x0008, "RSA_EXPORT_WITH_DES40_CBC_SHA"},
	{0x0009, "RSA_WITH_DES_CBC_SHA"},
	{0x000a, "RSA_WITH_3DES_EDE_CBC_SHA"},
	{0x0011, "DHE_DSS_EXPORT_WITH_DES40_CBC_SHA"},
	{0x0012, "DHE_DSS_WITH_DES_CBC_SHA"},
	{0x0013, "DHE_DSS_WITH_3DES_EDE_CBC_SHA"},
	{0x0014, "DHE_RSA_EXPORT_WITH_DES40_CBC_SHA"},
	{0x0015, "DHE_RSA_WITH_DES_CBC_SHA"},
	{0x0016, "DHE_RSA_WITH_3DES_EDE_CBC_SHA"},
	{0x0017, "DH_anon_EXPORT_WITH_RC4_40_MD5"},
	{0x0018, "DH_anon_WITH_RC4_128_MD5"},
	{0x0019, "DH_anon_EXPORT_WITH_DES40_CBC_SHA"},
	{0x001a, "DH_anon_WITH_DES_CBC_SHA"},
	{0x001b, "DH_anon_WITH_3DES_EDE_CBC_SHA"},
	{0x002f, "RSA_WITH_AES_128_CBC_SHA"},
	{0x0032, "DHE_DSS_WITH_AES_128_CBC_SHA"},
	{0x0033, "DHE_RSA_WITH_AES_128_CBC_SHA"},
	{0x0034, "DH_anon_WITH_AES_128_CBC_SHA"},
	{0x0035, "RSA_WITH_AES_256_CBC_SHA"},
	{0x0038, "DHE_DSS_WITH_AES_256_CBC_SHA"},
	{0x0039, "DHE_RSA_WITH_AES_256_CBC_SHA"},
	{0x003a, "DH_anon_WITH_AES_256_CBC_SHA"},
	{0x003b, "RSA_WITH_NULL_SHA256"},
	{0x003c, "RSA_WITH_AES_128_CBC_SHA256"},
	{0x003d, "RSA_WITH_AES_256_CBC_SHA256"},
	{0x0040, "DHE_DSS_WITH_AES_128_CBC_SHA256"},
	{0x0041, "RSA_WITH_CAMELLIA_128_CBC_SHA"},
	{0x0045, "DHE_RSA_WITH_CAMELLIA_128_CBC_SHA"},
	{0x0067, "DHE_RSA_WITH_AES_128_CBC_SHA256"},
	{0x006a, "DHE_DSS_WITH_AES_256_CBC_SHA256"},
	{0x006b, "DHE_RSA_WITH_AES_256_CBC_SHA256"},
	{0x006c, "DH_anon_WITH_AES_128_CBC_SHA256"},
	{0x006d, "DH_anon_WITH_AES_256_CBC_SHA256"},
	{0x0084, "RSA_WITH_CAMELLIA_256_CBC_SHA"},
	{0x0088, "DHE_RSA_WITH_CAMELLIA_256_CBC_SHA"},
	{0x0096, "RSA_WITH_SEED_CBC_SHA"},
	{0x009a, "DHE_RSA_WITH_SEED_CBC_SHA"},
	{0x009c, "RSA_WITH_AES_128_GCM_SHA256"},
	{0x009d, "RSA_WITH_AES_256_GCM_SHA384"},
	{0x009e, "DHE_RSA_WITH_AES_128_GCM_SHA256"},
	{0x009f, "DHE_RSA_WITH_AES_256_GCM_SHA384"},
	{0x00a2, "DHE_DSS_WITH_AES_128_GCM_SHA256"},
	{0x00a3, "DHE_DSS_WITH_AES_256_GCM_SHA384"},
	{0x00a6, "DH_anon_WITH_AES_128_GCM_SHA256"},
	{0x00a7, "DH_anon_WITH_AES_256_GCM_SHA384"},
	{0x00ba, "RSA_WITH_CAMELLIA_128_CBC_SHA256"},
	{0x00be, "DHE_RSA_WITH_CAMELLIA_128_CBC_SHA256"},
	{0x00c0, "RSA_WITH_CAMELLIA_256_CBC_SHA256"},
	{0x00c4, "DHE_RSA_WITH_CAMELLIA_256_CBC_SHA256"},
	{0xc006, "ECDHE_ECDSA_WITH_NULL_SHA"},
	{0xc007, "ECDHE_ECDSA_WITH_RC4_128_SHA"},
	{0xc008, "ECDHE_ECDSA_WITH_3DES_EDE_CBC_SHA"},
	{0xc009, "ECDHE_ECDSA_WITH_AES_128_CBC_SHA"},
	{0xc00a, "ECDHE_ECDSA_WITH_AES_256_CBC_SHA"},
	{0xc010, "ECDHE_RSA_WITH_NULL_SHA"},
	{0xc011, "ECDHE_RSA_WITH_RC4_128_SHA"},
	{0xc012, "ECDHE_RSA_WITH_3DES_EDE_CBC_SHA"},
	{0xc013, "ECDHE_RSA_WITH_AES_128_CBC_SHA"},
	{0xc014, "ECDHE_RSA_WITH_AES_256_CBC_SHA"},
	{0xc015, "ECDH_anon_WITH_NULL_SHA"},
	{0xc016, "ECDH_anon_WITH_RC4_128_SHA"},
	{0xc017, "ECDH_anon_WITH_3DES_EDE_CBC_SHA"},
	{0xc018, "ECDH_anon_WITH_AES_128_CBC_SHA"},
	{0xc019, "ECDH_anon_WITH_AES_256_CBC_SHA"},
	{0xc023, "ECDHE_ECDSA_WITH_AES_128_CBC_SHA256"},
	{0xc024, "ECDHE_ECDSA_WITH_AES_256_CBC_SHA384"},
	{0xc027, "ECDHE_RSA_WITH_AES_128_CBC_SHA256"},
	{0xc028, "ECDHE_RSA_WITH_AES_256_CBC_SHA384"},
	{0xc02b, "ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"},
	{0xc02c, "ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"},
	{0xc02f, "ECDHE_RSA_WITH_AES_128_GCM_SHA256"},
	{0xc030, "ECDHE_RSA_WITH_AES_256_GCM_SHA384"},
	{0xc05c, "ECDHE_ECDSA_WITH_ARIA_128_GCM_SHA256"},
	{0xc05d, "ECDHE_ECDSA_WITH_ARIA_256_GCM_SHA384"},
	{0xc060, "ECDHE_RSA_WITH_ARIA_128_GCM_SHA256"},
	{0xc061, "ECDHE_RSA_WITH_ARIA_256_GCM_SHA384"},
	{0xc072, "ECDHE_ECDSA_WITH_CAMELLIA_128_CBC_SHA256"},
	{0xc073, "ECDHE_ECDSA_WITH_CAMELLIA_256_CBC_SHA384"},
	{0xc076, "ECDHE_RSA_WITH_CAMELLIA_128_CBC_SHA256"},
	{0xc077, "ECDHE_RSA_WITH_CAMELLIA_256_CBC_SHA384"},
	{0xc09c, "RSA_WITH_AES_128_CCM"},
	{0xc09d, "RSA_WITH_AES_256_CCM"},
	{0xc09e, "DHE_RSA_WITH_AES_128_CCM"},
	{0xc09f, "DHE_RSA_WITH_AES_256_CCM"},
	{0xc0a0, "RSA_WITH_AES_128_CCM_8"},
	{0xc0a1, "RSA_WITH_AES_256_CCM_8"},
	{0xc0ac, "ECDHE_ECDSA_WITH_AES_128_CCM"},
	{0xc0ad, "ECDHE_ECDSA_WITH_AES_256_CCM"},
	{0xc0ae, "ECDHE_ECDSA_WITH_AES_128_CCM_8"},
	{0xc0af, "ECDHE_ECDSA_WITH_AES_256_CCM_8"},
	{0xcca8, "ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"},
	{0xcca9, "ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"},
	{0xccaa, "DHE_RSA_WITH_CHACHA20_POLY1305_SHA256"},
}

// suitesTLCP are all of GB/T 38636, those with RSA and IBC too.
func suitesTLCP() []uint16 {
	ids := tlcp.CipherSuites()
	return append(ids, 0xe019, 0xe059, 0xe01c, 0xe05a, 0xe015, 0xe055, 0xe017, 0xe057)
}

// suitesOf returns what is offered of a version.
func suitesOf(version uint16) (ids []uint16) {
	list := suites12
	switch version {
	case TLCP:
		return suitesTLCP()
	case TLS13:
		list = suites13
	}
	for _, s := range list {
		ids = append(ids, s.id)
	}
	return ids
}

// SuiteName names a suite of any version.
func SuiteName(id uint16) string {
	for _, s := range suites13 {
		if s.id == id {
			return s.name
		}
	}
	for _, s := range suites12 {
		if s.id == id {
			return "TLS_" + s.name
		}
	}
	if id>>8 == 0xe0 {
		return tlcp.CipherSuiteName(id)
	}
	return fmt.Sprintf("0x%04X", id)
}

// weakness says why nobody should speak a suite any more: a code, "" for none.
func weakness(id uint16) string {
	name := SuiteName(id)
	for _, w := range []struct{ part, why string }{
		{"_anon_", "anonymous"}, {"_NULL_", "no-encryption"}, {"_EXPORT_", "export"}, {"_RC4_", "rc4"}, {"_RC2_", "rc2"},
		{"_3DES_", "64-bit-blocks"}, {"_DES_", "des"}, {"_DES40_", "des"}, {"_IDEA_", "64-bit-blocks"}, {"_MD5", "md5"},
	} {
		if strings.Contains(name, w.part) {
			return w.why
		}
	}
	return ""
}
