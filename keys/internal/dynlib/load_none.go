//go:build nodevices || !((linux && (amd64 || arm64 || loong64 || riscv64)) || (darwin && (amd64 || arm64)))

package dynlib

import (
	"runtime"

	"onecert/pki"
)

func load(string) (*Library, error) {
	return nil, pki.Errorf(pki.NotImplemented, "library.platform", "this program was built without devices, or for a platform they cannot be used on yet (%s/%s)", runtime.GOOS, runtime.GOARCH).
		To("build it for Linux without the tag nodevices, or use an encrypted key file: file:/path/key.pem?pass=file:/path/key.pass")
}

func lookup(uintptr, string) (Func, bool) { return 0, false }

// Call is never reached: no library could be loaded.
func (f Func) Call(...uintptr) uintptr { return ^uintptr(0) }
