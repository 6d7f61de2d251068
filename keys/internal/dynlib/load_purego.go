//go:build !nodevices && ((linux && (amd64 || arm64 || loong64 || riscv64)) || (darwin && (amd64 || arm64)))

package dynlib

import (
	"github.com/ebitengine/purego"

	"onecert/pki"
)

// Everything is resolved now, so that a library lacking a part of its own fails
// here and not in the middle of a signature; its symbols stay its own.
const mode = purego.RTLD_NOW | purego.RTLD_LOCAL

func load(path string) (*Library, error) {
	handle, err := purego.Dlopen(path, mode)
	if err != nil {
		return nil, pki.Errorf(pki.Invalid, "library.load", "the device's library %s cannot be loaded", path).
			To("see with ldd what it lacks, and whether it is made for this machine").Because(err)
	}
	return &Library{handle}, nil
}

func lookup(handle uintptr, name string) (Func, bool) {
	address, err := purego.Dlsym(handle, name)
	return Func(address), err == nil && address != 0
}

// Call calls the function; arguments and result are integers or pointers of the
// machine's size. A Go pointer is converted in the call itself, which keeps what
// it points to in place until the function returns; pointers inside that memory
// are the caller's care.
//
//go:uintptrescapes
func (f Func) Call(args ...uintptr) uintptr {
	result, _, _ := purego.SyscallN(uintptr(f), args...)
	return result
}
