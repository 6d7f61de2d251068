package tlcp

import "fmt"

// Version is TLCP 1.1 as it stands in records and hellos.
const Version uint16 = 0x0101

// The cipher suites (GB/T 38636 6.4.5.2.1, table 2). In the ECC suites the client
// encrypts the pre-master secret to the server's encryption key; in the ECDHE suites
// both agree on it with their encryption keys and a fresh pair each (GB/T 32918.3).
const (
	ECDHE_SM4_CBC_SM3 uint16 = 0xe011
	ECC_SM4_CBC_SM3   uint16 = 0xe013
	ECDHE_SM4_GCM_SM3 uint16 = 0xe051
	ECC_SM4_GCM_SM3   uint16 = 0xe053
)

// suite is what a cipher suite means.
type suite struct {
	id    uint16
	name  string
	ecdhe bool
	gcm   bool
}

// suites in the order of preference: ECC before ECDHE, because gateways differ over
// the latter, and GCM before CBC. Read only.
var suites = [...]suite{
	{ECC_SM4_GCM_SM3, "ECC_SM4_GCM_SM3", false, true},
	{ECC_SM4_CBC_SM3, "ECC_SM4_CBC_SM3", false, false},
	{ECDHE_SM4_GCM_SM3, "ECDHE_SM4_GCM_SM3", true, true},
	{ECDHE_SM4_CBC_SM3, "ECDHE_SM4_CBC_SM3", true, false},
}

// foreignSuites are those of the standard that nobody here speaks, by name only.
// Read only.
var foreignSuites = map[uint16]string{
	0xe015: "IBSDH_SM4_CBC_SM3", 0xe055: "IBSDH_SM4_GCM_SM3",
	0xe017: "IBC_SM4_CBC_SM3", 0xe057: "IBC_SM4_GCM_SM3",
	0xe019: "RSA_SM4_CBC_SM3", 0xe059: "RSA_SM4_GCM_SM3",
	0xe01c: "RSA_SM4_CBC_SHA256", 0xe05a: "RSA_SM4_GCM_SHA256",
}

// CipherSuites returns the suites this package speaks, the preferred first.
func CipherSuites() []uint16 {
	ids := make([]uint16, len(suites))
	for i, s := range suites {
		ids[i] = s.id
	}
	return ids
}

// CipherSuiteName returns the standard's name of a suite, or its number as 0xABCD.
func CipherSuiteName(id uint16) string {
	if s := suiteOf(id); s != nil {
		return s.name
	}
	if name, ok := foreignSuites[id]; ok {
		return name
	}
	return fmt.Sprintf("0x%04X", id)
}

func suiteOf(id uint16) *suite {
	for i := range suites {
		if suites[i].id == id {
			return &suites[i]
		}
	}
	return nil
}
