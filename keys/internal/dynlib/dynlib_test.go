package dynlib

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
	"unsafe"

	"onecert/pki"
)

// libc is there wherever this package can load anything on Linux.
func libc(t testing.TB) *Library {
	t.Helper()
	found, _ := filepath.Glob("/lib/*/libc.so.6")
	if len(found) == 0 {
		t.Fatal("libc.so.6 is missing")
	}
	library, err := Open(found[0])
	if err != nil {
		t.Fatal(err)
	}
	return library
}

func TestCall(t *testing.T) {
	library := libc(t)
	if _, ok := library.Lookup("no_such_function"); ok {
		t.Error("a function is found that is not there")
	}
	memcpy, ok := library.Lookup("memcpy")
	if !ok {
		t.Fatal("memcpy is missing")
	}
	var group sync.WaitGroup
	for n := range 16 { // stacks grow and move meanwhile: what C is given must stay in place
		group.Go(func() {
			for range 1000 {
				from, to := make([]byte, 64), make([]byte, 64)
				for i := range from {
					from[i] = byte(n + i)
				}
				memcpy.Call(uintptr(unsafe.Pointer(&to[0])), uintptr(unsafe.Pointer(&from[0])), uintptr(len(from)))
				if [64]byte(from) != [64]byte(to) {
					t.Errorf("%x became %x", from, to)
					return
				}
				deep(50)
			}
		})
	}
	group.Wait()
}

func deep(n int) int {
	var room [128]byte
	if n == 0 {
		return len(room)
	}
	return deep(n-1) + int(room[n])
}

func TestOpen(t *testing.T) {
	dir := t.TempDir()
	text, open := filepath.Join(dir, "text.so"), filepath.Join(dir, "open.so")
	for _, path := range []string{text, open} {
		if err := os.WriteFile(path, []byte("\x7fELF and no more"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(open, 0o602); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]struct {
		kind pki.Kind
		code string
	}{
		"libc.so.6": {pki.Invalid, "library.path"}, "": {pki.Invalid, "library.path"}, dir: {pki.Invalid, "library.load"},
		text: {pki.Invalid, "library.load"}, open: {pki.Forbidden, "library.mode"}, filepath.Join(dir, "none"): {pki.Unknown, "library.missing"},
		filepath.Join(text, "below"): {pki.Forbidden, "library.missing"},
	} {
		if _, err := Open(path); pki.KindOf(err) != want.kind || pki.CodeOf(err) != want.code {
			t.Errorf("%s: %v (%s)", path, err, pki.CodeOf(err))
		}
	}
}
