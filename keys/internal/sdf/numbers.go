package sdf

import "fmt"

// Algorithm numbers (GM/T 0006) that are used here.
const (
	sgdSM4CBC = 0x402
	sgdSM2Enc = 0x00020800 // SGD_SM2_3
)

// Code is what a function returns other than SDR_OK (GM/T 0018 annex A).
type Code uint32

// The codes of the standard that something here depends on.
const (
	sdrBase          Code = 0x01000000
	sdrNotSupport         = sdrBase + 0x02
	sdrCommFail           = sdrBase + 0x03
	sdrHardFail           = sdrBase + 0x04
	sdrOpenDevice         = sdrBase + 0x05
	sdrOpenSession        = sdrBase + 0x06
	sdrParDeny            = sdrBase + 0x07
	sdrKeyNotExist        = sdrBase + 0x08
	sdrAlgNotSupport      = sdrBase + 0x09
	sdrAlgModNot          = sdrBase + 0x0a
	sdrKeyType            = sdrBase + 0x14
	sdrEncData            = sdrBase + 0x16
)

// Error names a code of the standard; makers' own are numbers in their manuals.
func (c Code) Error() string {
	names := [...]string{"", "UNKNOWERR", "NOTSUPPORT", "COMMFAIL", "HARDFAIL", "OPENDEVICE", "OPENSESSION", "PARDENY",
		"KEYNOTEXIST", "ALGNOTSUPPORT", "ALGMODNOTSUPPORT", "PKOPERR", "SKOPERR", "SIGNERR", "VERIFYERR", "SYMOPERR",
		"STEPERR", "FILESIZEERR", "FILENOEXIST", "FILEOFSERR", "KEYTYPEERR", "KEYERR", "ENCDATAERR", "RANDERR", "PRKRERR",
		"MACERR", "FILEEXISTS", "FILEWERR", "NOBUFFER", "INARGERR", "OUTARGERR"}
	if n := c - sdrBase; n > 0 && int(n) < len(names) {
		return "SDR_" + names[n]
	}
	return fmt.Sprintf("SDR 0x%08X", uint32(c))
}
