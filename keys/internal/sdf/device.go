package sdf

import (
	"fmt"
	"path/filepath"
	"sync"
	"unsafe"

	"onecert/keys/internal/dynlib"
	"onecert/keys/internal/pin"
	"onecert/keys/internal/pool"
	"onecert/pki"
)

// Device is one loaded SDF library with the sessions of its device.
type Device struct {
	path      string
	functions map[string]dynlib.Func
	pool      *pool.Pool[struct{}, *session]
	handle    uintptr // of the opened device; written only while no session is in use

	mu        sync.Mutex
	passwords map[uint32]*pin.PIN // by index
}

// devices are the libraries of this process by path. It is a variable of the package
// because its content is: some libraries open their device once a process.
var devices = struct {
	sync.Mutex
	loaded map[string]*Device
}{loaded: map[string]*Device{}}

// Load returns the device of the library at an absolute path, with at most so many
// sessions (0: 16). The first to name a number decides it for the process.
func Load(path string, sessions int) (*Device, error) {
	if sessions < 0 || sessions > pool.MaxSize {
		return nil, pki.Errorf(pki.Invalid, "key.uri", "a number of sessions is between 1 and %d", pool.MaxSize)
	}
	if real, err := filepath.EvalSymlinks(path); err == nil && filepath.IsAbs(path) {
		path = real // the loader gives one library for all its names
	}
	devices.Lock()
	defer devices.Unlock()
	if d := devices.loaded[path]; d != nil {
		if sessions != 0 && sessions != d.pool.Size() {
			return nil, pki.Errorf(pki.Conflict, "key.sessions", "the library %s is in use with %d sessions, not %d", path, d.pool.Size(), sessions).
				To("give the same number of sessions in every key's URI, or give it in none")
		}
		return d, nil
	}
	d, err := newDevice(path, pool.Config{Size: sessions})
	if err != nil {
		return nil, err
	}
	devices.loaded[path] = d
	return d, nil
}

func newDevice(path string, config pool.Config) (*Device, error) {
	library, err := dynlib.Open(path)
	if err != nil {
		return nil, err
	}
	d := &Device{path: path, functions: map[string]dynlib.Func{}, passwords: map[uint32]*pin.PIN{}}
	for _, name := range functions() {
		if function, ok := library.Lookup(name); ok {
			d.functions[name] = function
		}
	}
	if err := d.needs("SDF_OpenDevice", "SDF_CloseDevice", "SDF_OpenSession", "SDF_CloseSession", "SDF_GetDeviceInfo"); err != nil {
		return nil, err
	}
	d.pool = pool.New(pool.Driver[struct{}, *session]{
		Connect:    d.connect,
		Disconnect: func() { _ = d.call("SDF_CloseDevice", d.handle) }, // what cannot be closed is gone already
		Open:       d.openSession,
		Close:      func(s *session) { _ = d.call("SDF_CloseSession", s.handle) },
	}, config)
	return d, nil
}

// functions are the calls that are made.
func functions() []string {
	return []string{"SDF_OpenDevice", "SDF_CloseDevice", "SDF_OpenSession", "SDF_CloseSession", "SDF_GetDeviceInfo",
		"SDF_GenerateRandom", "SDF_GetPrivateKeyAccessRight", "SDF_ExportSignPublicKey_ECC", "SDF_ExportEncPublicKey_ECC",
		"SDF_InternalSign_ECC", "SDF_InternalDecrypt_ECC", "SDF_GenerateKeyWithKEK", "SDF_ImportKeyWithKEK",
		"SDF_Encrypt", "SDF_Decrypt", "SDF_DestroyKey"}
}

// needs says which of the functions a library lacks, before anything depends on it.
func (d *Device) needs(functions ...string) error {
	for _, name := range functions {
		if d.functions[name] == 0 {
			return pki.Errorf(pki.Invalid, "library.symbol", "the library %s has no %s", d.path, name).
				To("name the maker's SDF library (GM/T 0018), in a version that has it")
		}
	}
	return nil
}

// call calls a function by name. Go pointers are converted in the call itself.
//
//go:uintptrescapes
func (d *Device) call(name string, args ...uintptr) error {
	function := d.functions[name]
	if function == 0 {
		return d.needs(name)
	}
	if code := Code(function.Call(args...)); code != 0 { // int: the upper half means nothing
		return code
	}
	return nil
}

func (d *Device) connect() error {
	d.handle = 0
	if err := d.call("SDF_OpenDevice", uintptr(unsafe.Pointer(&d.handle))); err != nil {
		return d.gone(err)
	}
	return nil
}

// session is a session and the indexes it may use the private keys of.
type session struct {
	handle uintptr
	rights map[uint32]bool
}

func (d *Device) openSession(struct{}) (*session, pool.Verdict, error) {
	s := &session{rights: map[uint32]bool{}}
	if err := d.call("SDF_OpenSession", d.handle, uintptr(unsafe.Pointer(&s.handle))); err != nil {
		return nil, pool.Device, d.gone(err)
	}
	return s, pool.Keep, nil
}

// use lends a session. foreign says that what is to be done depends on octets from
// strangers, so that a refusal need not mean that anything is broken.
func (d *Device) use(foreign bool, act func(*session) error) error {
	return d.pool.Do(struct{}{}, func(s *session) (pool.Verdict, error) {
		err := act(s)
		v := d.judge(s, err, foreign)
		if v == pool.Device {
			return v, d.gone(err)
		}
		return v, d.explain(err, foreign)
	})
}

// Describe returns what the device says of itself.
func (d *Device) Describe() (info Info, err error) {
	err = d.use(false, func(s *session) error {
		content, err := d.info(s)
		info = content
		return err
	})
	return info, err
}

func (d *Device) info(s *session) (Info, error) {
	content := buffer(infoLen)
	if err := d.call("SDF_GetDeviceInfo", s.handle, uintptr(unsafe.Pointer(&content[0]))); err != nil {
		return Info{}, err
	}
	return parseInfo(content), nil
}

// maxRandom bounds how much is asked of a device at once; SoftSDF's limit is 256.
const maxRandom = 256

// Random fills b with random octets of the device.
func (d *Device) Random(b []byte) error {
	for len(b) > 0 {
		part := b[:min(len(b), maxRandom)]
		err := d.use(false, func(s *session) error {
			return d.call("SDF_GenerateRandom", s.handle, uintptr(len(part)), uintptr(unsafe.Pointer(&part[0])))
		})
		if err != nil {
			return fmt.Errorf("drawing random octets: %w", err)
		}
		b = b[len(part):]
	}
	return nil
}
