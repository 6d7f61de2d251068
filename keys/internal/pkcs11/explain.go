package pkcs11

import (
	"errors"
	"unsafe"

	"onecert/keys/internal/pool"
	"onecert/pki"
)

// verdict says what a return value shows about session and token by itself.
func verdict(err error) pool.Verdict {
	var r Return
	if !errors.As(err, &r) {
		return pool.Keep
	}
	switch r {
	case ckrDeviceRemoved, ckrTokenNotPresent, ckrTokenNotRecognized, ckrSlotIDInvalid, ckrCryptokiNotInitialized, ckrDeviceError:
		return pool.Device
	case ckrSessionHandleInvalid, ckrSessionClosed, ckrUserNotLoggedIn, ckrKeyHandleInvalid, ckrObjectHandleInvalid,
		ckrOperationActive, ckrOperationNotInit:
		return pool.Session
	}
	return pool.Keep
}

// judge is verdict after an act, with a look at the session where the value could
// mean anything: a module may answer CKR_GENERAL_ERROR to a foreign ciphertext, and
// strangers must not be able to make us connect again.
func (m *Module) judge(s *session, err error) pool.Verdict {
	var r Return
	if !errors.As(err, &r) || s.none() {
		return verdict(err)
	}
	const vendorDefined = 0x80000000
	if r == ckrGeneralError || r == ckrFunctionFailed || r == ckrDeviceError || r >= vendorDefined {
		return m.probe(s)
	}
	return verdict(r)
}

// probe asks token and session whether they live.
func (m *Module) probe(s *session) pool.Verdict {
	if _, err := m.f.token(s.slot); err != nil {
		return pool.Device
	}
	info := new(sessionInfo)
	if err := m.f.call(fnGetSessionInfo, uintptr(s.handle), uintptr(unsafe.Pointer(info))); err != nil {
		return pool.Session
	}
	return pool.Keep
}

// sessionInfo is CK_SESSION_INFO.
type sessionInfo struct{ slot, state, flags, deviceError ulong }

// explain turns a return value into an error a person can act on. Others pass.
func (m *Module) explain(err error) error {
	var r Return
	if !errors.As(err, &r) {
		return err
	}
	say := func(kind pki.Kind, code, wrong, remedy string) error {
		return pki.Errorf(kind, code, "%s (%s)", wrong, r).To("%s", remedy).Because(err)
	}
	switch r {
	case ckrPINIncorrect, ckrPINInvalid, ckrPINLenRange:
		return say(pki.Forbidden, "key.pin", "the token refuses the PIN",
			"correct the PIN file; the token counts wrong tries, and this process will not try this PIN again")
	case ckrPINLocked, ckrPINExpired, ckrUserPINNotInitialized:
		return say(pki.Forbidden, "key.pin-locked", "the token's PIN is locked, expired or was never set",
			"set the PIN with the maker's tool and the security officer's PIN")
	case ckrMechanismInvalid, ckrMechanismParamInvalid, ckrFunctionNotSupported:
		return say(pki.Invalid, "key.mechanism", "the token does not know this algorithm",
			"see its algorithms with pkcs11-tool -M; PKCS#11 itself has no SM2, SM3 or SM4: use an SDF device for them")
	case ckrKeyFunctionNotAllowed, ckrKeyTypeInconsistent:
		return say(pki.Invalid, "key.use", "the token does not let the key be used for this", "use a key that was made for it")
	case ckrEncryptedDataInvalid, ckrEncryptedDataLenRange:
		return say(pki.Invalid, "key.ciphertext", "the ciphertext does not open with this key", "see who it was made for")
	case ckrTokenWriteProtected:
		return say(pki.Forbidden, "key.device-refused", "the token cannot be written", "remove its write protection")
	case ckrSessionCount:
		return say(pki.Unavailable, "key.device-busy", "the token gives no more sessions", "add x-sessions=N to the key's URI, with a lower N")
	case ckrGeneralError, ckrFunctionFailed:
		return say(pki.Unavailable, "key.device-failed", "the token failed", "look into the module's own log")
	}
	if verdict(r) == pool.Keep {
		return say(pki.Unavailable, "key.device-refused", "the token refused", "look into the module's own log")
	}
	return say(pki.Unavailable, "key.device-gone", "the token does not answer", "look whether it is plugged in, powered and reachable; its keys work again by themselves when it is back")
}

func (m *Module) errNoToken() error {
	return pki.Errorf(pki.Unavailable, "key.device-gone", "no token in a slot fits the key's URI").
		To("plug it in, or correct the URI; pkcs11-tool --module %s -L lists the tokens", m.path)
}

func errNoPIN() error {
	return pki.Errorf(pki.Invalid, "key.passphrase-missing", "no PIN is named for the token").
		To("add pin-source=file:/path/to/pin to the key's URI")
}
