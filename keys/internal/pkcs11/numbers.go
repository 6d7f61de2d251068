package pkcs11

import "fmt"

// ulong is CK_ULONG: C's unsigned long, 64 bits on the platforms dynlib knows.
type ulong = uint

// Numbers of PKCS #11 2.40 that are used here, under their own names.
const (
	ckfRWSession, ckfSerialSession = 0x2, 0x4
	ckfOSLocking                   = 0x2

	ckfLoginRequired   = 0x4
	ckfProtectedPath   = 0x100
	ckfInitialized     = 0x400
	ckfFinalTry        = 0x20000
	ckuUser            = 1
	ckuContextSpecific = 2

	ckoCertificate, ckoPublic, ckoPrivate, ckoSecret = 1, 2, 3, 4
	ckkRSA, ckkEC, ckkGenericSecret, ckkAES          = 0, 3, 0x10, 0x1f

	ckaClass, ckaToken, ckaPrivate, ckaLabel = 0x0, 0x1, 0x2, 0x3
	ckaValue                                 = 0x11
	ckaKeyType, ckaID                        = 0x100, 0x102
	ckaSensitive                             = 0x103
	ckaEncrypt, ckaDecrypt                   = 0x104, 0x105
	ckaSign, ckaVerify, ckaDerive            = 0x108, 0x10a, 0x10c
	ckaModulus, ckaModulusBits, ckaExponent  = 0x120, 0x121, 0x122
	ckaValueLen, ckaExtractable              = 0x161, 0x162
	ckaECParams, ckaECPoint                  = 0x180, 0x181
	ckaAlwaysAuthenticate                    = 0x202

	ckmRSAKeyPairGen, ckmRSAPKCS, ckmRSAOAEP, ckmRSAPSS = 0x0, 0x1, 0x9, 0xd
	ckmSHA1, ckmSHA256, ckmSHA384, ckmSHA512            = 0x220, 0x250, 0x260, 0x270
	ckmECKeyPairGen, ckmECDSA, ckmECDH1Derive           = 0x1040, 0x1041, 0x1050
	ckmAESKeyGen, ckmAESCBC                             = 0x1080, 0x1082
	ckgSHA1, ckgSHA256, ckgSHA384, ckgSHA512            = 1, 2, 3, 4
	ckdNull, ckzDataSpecified                           = 1, 1
)

// Return is CK_RV, a function's return value other than CKR_OK.
type Return ulong

// The return values that something here depends on.
const (
	ckrSlotIDInvalid          Return = 0x3
	ckrGeneralError           Return = 0x5
	ckrFunctionFailed         Return = 0x6
	ckrCantLock               Return = 0xa
	ckrAttributeSensitive     Return = 0x11
	ckrAttributeTypeInvalid   Return = 0x12
	ckrDeviceError            Return = 0x30
	ckrDeviceRemoved          Return = 0x32
	ckrEncryptedDataInvalid   Return = 0x40
	ckrEncryptedDataLenRange  Return = 0x41
	ckrFunctionNotSupported   Return = 0x54
	ckrKeyHandleInvalid       Return = 0x60
	ckrKeyTypeInconsistent    Return = 0x63
	ckrKeyFunctionNotAllowed  Return = 0x68
	ckrMechanismInvalid       Return = 0x70
	ckrMechanismParamInvalid  Return = 0x71
	ckrObjectHandleInvalid    Return = 0x82
	ckrOperationActive        Return = 0x90
	ckrOperationNotInit       Return = 0x91
	ckrPINIncorrect           Return = 0xa0
	ckrPINInvalid             Return = 0xa1
	ckrPINLenRange            Return = 0xa2
	ckrPINExpired             Return = 0xa3
	ckrPINLocked              Return = 0xa4
	ckrSessionClosed          Return = 0xb0
	ckrSessionCount           Return = 0xb1
	ckrSessionHandleInvalid   Return = 0xb3
	ckrTokenNotPresent        Return = 0xe0
	ckrTokenNotRecognized     Return = 0xe1
	ckrTokenWriteProtected    Return = 0xe2
	ckrUserAlreadyLoggedIn    Return = 0x100
	ckrUserNotLoggedIn        Return = 0x101
	ckrUserPINNotInitialized  Return = 0x102
	ckrBufferTooSmall         Return = 0x150
	ckrCryptokiNotInitialized Return = 0x190
	ckrCryptokiAlreadyInit    Return = 0x191
)

// Error names the value as the standard does, where it is one of the above.
func (r Return) Error() string {
	if name := returnName(r); name != "" {
		return name
	}
	return fmt.Sprintf("CKR 0x%X", uint(r))
}

func returnName(r Return) string {
	switch r {
	case ckrSlotIDInvalid:
		return "CKR_SLOT_ID_INVALID"
	case ckrGeneralError:
		return "CKR_GENERAL_ERROR"
	case ckrFunctionFailed:
		return "CKR_FUNCTION_FAILED"
	case ckrCantLock:
		return "CKR_CANT_LOCK"
	case ckrDeviceError:
		return "CKR_DEVICE_ERROR"
	case ckrDeviceRemoved:
		return "CKR_DEVICE_REMOVED"
	case ckrFunctionNotSupported:
		return "CKR_FUNCTION_NOT_SUPPORTED"
	case ckrKeyHandleInvalid:
		return "CKR_KEY_HANDLE_INVALID"
	case ckrKeyTypeInconsistent:
		return "CKR_KEY_TYPE_INCONSISTENT"
	case ckrKeyFunctionNotAllowed:
		return "CKR_KEY_FUNCTION_NOT_PERMITTED"
	case ckrMechanismInvalid:
		return "CKR_MECHANISM_INVALID"
	case ckrMechanismParamInvalid:
		return "CKR_MECHANISM_PARAM_INVALID"
	case ckrObjectHandleInvalid:
		return "CKR_OBJECT_HANDLE_INVALID"
	case ckrPINIncorrect:
		return "CKR_PIN_INCORRECT"
	case ckrPINInvalid:
		return "CKR_PIN_INVALID"
	case ckrPINLenRange:
		return "CKR_PIN_LEN_RANGE"
	case ckrPINExpired:
		return "CKR_PIN_EXPIRED"
	case ckrPINLocked:
		return "CKR_PIN_LOCKED"
	case ckrSessionClosed:
		return "CKR_SESSION_CLOSED"
	case ckrSessionCount:
		return "CKR_SESSION_COUNT"
	case ckrSessionHandleInvalid:
		return "CKR_SESSION_HANDLE_INVALID"
	case ckrTokenNotPresent:
		return "CKR_TOKEN_NOT_PRESENT"
	case ckrTokenNotRecognized:
		return "CKR_TOKEN_NOT_RECOGNIZED"
	case ckrTokenWriteProtected:
		return "CKR_TOKEN_WRITE_PROTECTED"
	case ckrUserNotLoggedIn:
		return "CKR_USER_NOT_LOGGED_IN"
	case ckrUserPINNotInitialized:
		return "CKR_USER_PIN_NOT_INITIALIZED"
	}
	return ""
}
