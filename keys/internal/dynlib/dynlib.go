package dynlib

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"onecert/pki"
)

// Library is a loaded C library. Safe for concurrent use.
type Library struct{ handle uintptr }

// Func is the address of a C function in a loaded library.
type Func uintptr

// Open loads the library at an absolute path; loading one twice gives the same
// library. Errors: library.path, library.missing, library.mode, library.load,
// library.platform.
func Open(path string) (*Library, error) {
	if !filepath.IsAbs(path) { // the loader would look in places of its own
		return nil, pki.Errorf(pki.Invalid, "library.path", "the device's library is not named by an absolute path")
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, pki.Errorf(pki.Unknown, "library.missing", "the device's library %s does not exist", path).
			To("install the maker's package, or correct the path in the key's URI").Because(err)
	case err != nil:
		return nil, pki.Errorf(pki.Forbidden, "library.missing", "the device's library %s cannot be looked at", path).Because(err)
	case !info.Mode().IsRegular():
		return nil, pki.Errorf(pki.Invalid, "library.load", "the device's library %s is not a regular file", path)
	case info.Mode().Perm()&0o002 != 0: // whoever writes it runs code in this process
		return nil, pki.Errorf(pki.Forbidden, "library.mode", "the device's library %s can be written by everybody", path).
			To("chmod o-w %s, and install it again if others could change it", path)
	}
	return load(path)
}

// Lookup returns the function of that name, false if the library has none.
func (l *Library) Lookup(name string) (Func, bool) { return lookup(l.handle, name) }
