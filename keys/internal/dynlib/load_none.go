//go:build !((linux && (amd64 || arm64 || loong64 || riscv64)) || (darwin && (amd64 || arm64)))

package dynlib

import (
	"runtime"

	"onecert/pki"
)

func load(string) (*Library, error) {
	return nil, pki.Errorf(pki.NotImplemented, "library.platform", "devices cannot be used on %s/%s yet", runtime.GOOS, runtime.GOARCH).
		To("run on Linux, or use an encrypted key file: file:/path/key.pem?pass=file:/path/key.pass")
}

func lookup(uintptr, string) (Func, bool) { return 0, false }

// Call is never reached: no library could be loaded.
func (f Func) Call(...uintptr) uintptr { return ^uintptr(0) }
