package pkcs11

import (
	"unsafe"

	"onecert/keys/internal/dynlib"
	"onecert/pki"
)

// functions is CK_FUNCTION_LIST: the version, then the functions in the order of
// the standard (PKCS #11 2.40 pkcs11f.h). It lies in the module's memory.
type functions struct {
	major, minor byte
	table        [68]dynlib.Func
}

// Places in the table.
const (
	fnInitialize        = 0
	fnFinalize          = 1
	fnGetInfo           = 2
	fnGetSlotList       = 4
	fnGetTokenInfo      = 6
	fnOpenSession       = 12
	fnCloseSession      = 13
	fnGetSessionInfo    = 15
	fnLogin             = 18
	fnDestroyObject     = 22
	fnGetAttributeValue = 24
	fnFindObjectsInit   = 26
	fnFindObjects       = 27
	fnFindObjectsFinal  = 28
	fnEncryptInit       = 29
	fnEncrypt           = 30
	fnDecryptInit       = 33
	fnDecrypt           = 34
	fnSignInit          = 42
	fnSign              = 43
	fnGenerateKey       = 58
	fnGenerateKeyPair   = 59
	fnDeriveKey         = 62
	fnGenerateRandom    = 64
)

// attribute is CK_ATTRIBUTE, mechanism CK_MECHANISM. Their pointers are Go
// pointers, so that what they point to lives as long as they do.
type attribute struct {
	kind   ulong
	value  unsafe.Pointer
	length ulong
}

type mechanism struct {
	kind      ulong
	parameter unsafe.Pointer
	length    ulong
}

func newMechanism[T any](kind ulong, parameter *T) *mechanism {
	return &mechanism{kind, unsafe.Pointer(parameter), ulong(unsafe.Sizeof(*parameter))}
}

func octets(kind ulong, value []byte) attribute {
	return attribute{kind, unsafe.Pointer(unsafe.SliceData(value)), ulong(len(value))}
}

func number(kind, value ulong) attribute {
	return attribute{kind, unsafe.Pointer(&value), ulong(unsafe.Sizeof(value))}
}

func yes(kind ulong, value bool) attribute {
	b := byte(0)
	if value {
		b = 1
	}
	return attribute{kind, unsafe.Pointer(&b), 1}
}

// loadFunctions loads a module and finds its function table.
func loadFunctions(path string) (*functions, error) {
	library, err := dynlib.Open(path)
	if err != nil {
		return nil, err
	}
	get, ok := library.Lookup("C_GetFunctionList")
	if !ok {
		return nil, pki.Errorf(pki.Invalid, "library.symbol", "the library %s is no PKCS#11 module: it has no C_GetFunctionList", path).
			To("name the maker's PKCS#11 module in module-path")
	}
	var f *functions
	if r := Return(get.Call(uintptr(unsafe.Pointer(&f)))); r != 0 || f == nil {
		return nil, pki.Errorf(pki.Invalid, "library.symbol", "the PKCS#11 module %s gives no function list", path).Because(r)
	}
	if f.major != 2 && f.major != 3 {
		return nil, pki.Errorf(pki.NotImplemented, "library.version", "the module %s speaks PKCS#11 %d.%d; 2.x and 3.x are understood", path, f.major, f.minor)
	}
	return f, nil
}

// call calls the function at a place of the table. Go pointers are converted in
// the call itself (dynlib.Func.Call).
//
//go:uintptrescapes
func (f *functions) call(place int, args ...uintptr) error {
	function := f.table[place]
	if function == 0 {
		return ckrFunctionNotSupported
	}
	if r := Return(function.Call(args...)); r != 0 {
		return r
	}
	return nil
}

// first returns the address of a slice's first octet, NULL if it is empty.
func first(b []byte) unsafe.Pointer {
	if len(b) == 0 {
		return nil
	}
	return unsafe.Pointer(&b[0])
}

// initializeArgs is CK_C_INITIALIZE_ARGS: the module locks by itself.
type initializeArgs struct {
	create, destroy, lock, unlock uintptr
	flags                         ulong
	reserved                      uintptr
}

func (f *functions) initialize() error {
	args := &initializeArgs{flags: ckfOSLocking}
	err := f.call(fnInitialize, uintptr(unsafe.Pointer(args)))
	if err == ckrCryptokiAlreadyInit {
		return nil
	}
	return err
}

// maxSlots bounds what a module may say about itself.
const maxSlots = 4096

// slots lists the slots with a token in them.
func (f *functions) slots() ([]ulong, error) {
	for range 3 { // a token may come between the two calls
		var n ulong
		if err := f.call(fnGetSlotList, 1, 0, uintptr(unsafe.Pointer(&n))); err != nil || n == 0 {
			return nil, err
		}
		if n > maxSlots {
			return nil, ckrGeneralError
		}
		list := make([]ulong, n)
		err := f.call(fnGetSlotList, 1, uintptr(unsafe.Pointer(&list[0])), uintptr(unsafe.Pointer(&n)))
		if err == nil && n <= ulong(len(list)) {
			return list[:n], nil
		}
		if err != ckrBufferTooSmall {
			return nil, err
		}
	}
	return nil, ckrBufferTooSmall
}

// tokenInfo is CK_TOKEN_INFO; texts are padded with blanks.
type tokenInfo struct {
	label, manufacturer [32]byte
	model, serial       [16]byte
	flags               ulong
	counts              [10]ulong
	hardware, firmware  [2]byte
	time                [16]byte
}

func (f *functions) token(slot ulong) (*tokenInfo, error) {
	info := new(tokenInfo)
	return info, f.call(fnGetTokenInfo, uintptr(slot), uintptr(unsafe.Pointer(info)))
}

// crypt calls one of C_Sign, C_Encrypt, C_Decrypt: input in, at most size octets out.
func (f *functions) crypt(place int, session ulong, input []byte, size int) ([]byte, error) {
	output := make([]byte, size)
	length := ulong(size)
	err := f.call(place, uintptr(session), uintptr(first(input)), uintptr(len(input)),
		uintptr(unsafe.Pointer(&output[0])), uintptr(unsafe.Pointer(&length)))
	if err != nil {
		return nil, err
	}
	if length > ulong(size) {
		return nil, ckrGeneralError
	}
	return output[:length], nil
}

// begin calls one of C_SignInit, C_EncryptInit, C_DecryptInit.
func (f *functions) begin(place int, session ulong, how *mechanism, key ulong) error {
	return f.call(place, uintptr(session), uintptr(unsafe.Pointer(how)), uintptr(key))
}

// find returns at most limit objects that have all the attributes.
func (f *functions) find(session ulong, limit int, template ...attribute) ([]ulong, error) {
	err := f.call(fnFindObjectsInit, uintptr(session), uintptr(unsafe.Pointer(&template[0])), uintptr(len(template)))
	if err != nil {
		return nil, err
	}
	found := make([]ulong, limit)
	var n ulong
	err = f.call(fnFindObjects, uintptr(session), uintptr(unsafe.Pointer(&found[0])), uintptr(limit), uintptr(unsafe.Pointer(&n)))
	if final := f.call(fnFindObjectsFinal, uintptr(session)); err == nil {
		err = final
	}
	if err != nil || n > ulong(limit) {
		return nil, err
	}
	return found[:n], nil
}

// maxAttribute bounds an attribute's value in octets; a modulus has 512.
const maxAttribute = 16 << 10

// value reads an attribute; nil if the object has none or keeps it secret.
func (f *functions) value(session, object, kind ulong) ([]byte, error) {
	ask := func(a *attribute) error {
		return f.call(fnGetAttributeValue, uintptr(session), uintptr(object), uintptr(unsafe.Pointer(a)), 1)
	}
	a := &attribute{kind: kind}
	switch err := ask(a); {
	case err == ckrAttributeTypeInvalid, err == ckrAttributeSensitive, err == nil && a.length == 0:
		return nil, nil
	case err != nil:
		return nil, err
	case a.length > maxAttribute: // CK_UNAVAILABLE_INFORMATION too
		return nil, nil
	}
	content := make([]byte, a.length)
	a.value = unsafe.Pointer(&content[0])
	if err := ask(a); err != nil {
		return nil, err
	}
	if a.length > ulong(len(content)) {
		return nil, ckrGeneralError
	}
	return content[:a.length], nil
}
