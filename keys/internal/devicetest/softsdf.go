package devicetest

import (
	"embed"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"onecert/keys/internal/dynlib"
)

// Variant is how makers' libraries differ, as a flag of the compiler.
type Variant string

// The variants.
const (
	Standard     Variant = ""
	Field32      Variant = "-DFIELD=32"
	ShortDecrypt Variant = "-DSHORT_DECRYPT"
	LacksSign    Variant = "-DLACKS_SIGN"
)

// SDF is a software SDF device with pairs at the indexes 1 and 2 and a KEK at 1.
// Every device is a library of its own, so that no test sees another's state.
type SDF struct {
	Library      string
	Dir          string // sign-N.pem and enc-N.pem are the pairs, as plain PKCS#8
	Password     string // of every index
	PasswordFile string
}

//go:embed testdata/softsdf
var source embed.FS

// NewSDF makes a device.
func NewSDF(t testing.TB, variant Variant) SDF {
	t.Helper()
	dir := t.TempDir()
	d := SDF{Library: filepath.Join(dir, "libsoftsdf.so"), Dir: dir, Password: "a1234567", PasswordFile: filepath.Join(dir, "password")}
	library, err := os.ReadFile(compiled(t, variant))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(d.Library, library, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, index := range []string{"1", "2"} {
		for _, kind := range []string{"sign", "enc"} {
			run(t, "openssl", "genpkey", "-algorithm", "SM2", "-out", filepath.Join(dir, kind+"-"+index+".pem"))
		}
		write(t, filepath.Join(dir, "pass-"+index), d.Password)
	}
	write(t, filepath.Join(dir, "kek-1"), "0123456789abcdef")
	write(t, d.PasswordFile, d.Password+"\n")
	return d
}

// Break lets every call fail (COMMFAIL or HARDFAIL) until Mend.
func (d SDF) Break(t testing.TB, how string) {
	t.Helper()
	write(t, d.control(), how)
}

// Mend ends what Break began. Sessions from before stay dead.
func (d SDF) Mend(t testing.TB) {
	t.Helper()
	if err := os.Remove(d.control()); err != nil {
		t.Fatal(err)
	}
}

func (d SDF) control() string { return filepath.Join(d.Dir, "control") }

// What Count counts.
const (
	Misuses        = 0 // two threads in one session, handles used after they were closed
	WrongPasswords = 1
	OpenSessions   = 2
	OpenedDevices  = 3
	OpenKeys       = 4
)

// Count asks the device, which is loaded in this process, how often something was.
func (d SDF) Count(t testing.TB, what int) int {
	t.Helper()
	library, err := dynlib.Open(d.Library)
	if err != nil {
		t.Fatal(err)
	}
	count, ok := library.Lookup("SOFTSDF_Count")
	if !ok {
		t.Fatal("the device counts nothing")
	}
	return int(int32(count.Call(uintptr(what))))
}

// compiled returns the library of a variant, compiled once a process. Its layout is
// asserted while it compiles.
func compiled(t testing.TB, variant Variant) string {
	t.Helper()
	dir := filepath.Join(folder(t), "softsdf"+strings.ReplaceAll(string(variant), "=", ""))
	library := filepath.Join(dir, "softsdf.so")
	once.Lock()
	defer once.Unlock()
	if _, err := os.Stat(library); err == nil {
		return library
	}
	if _, err := exec.LookPath("gcc"); err != nil {
		t.Fatal("gcc is missing: run scripts/deps.sh, which installs it")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"sdf.h", "softsdf.c"} {
		content, err := source.ReadFile("testdata/softsdf/" + name)
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, name), string(content))
	}
	field := 64
	if variant == Field32 {
		field = 32
	}
	write(t, filepath.Join(dir, "layout.h"), assertions(t, field))
	args := []string{"-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-Werror", "-o", library}
	if variant != Standard {
		args = append(args, string(variant))
	}
	run(t, "gcc", append(args, "-include", filepath.Join(dir, "layout.h"), filepath.Join(dir, "softsdf.c"), "-lcrypto")...)
	return library
}

// assertions turns the layout written beforehand into C that fails to compile if
// the structures differ from it.
func assertions(t testing.TB, field int) string {
	t.Helper()
	var all map[string]map[string]struct {
		Offsets map[string]int
		Size    int
	}
	if err := json.Unmarshal(Vectors(t, "layout.json"), &all); err != nil {
		t.Fatal(err)
	}
	layout := all[fmt.Sprintf("field%d", field)]
	if len(layout) == 0 {
		t.Fatal("layout.json has no structure")
	}
	text := fmt.Sprintf("#ifndef FIELD\n#define FIELD %d\n#endif\n#include \"sdf.h\"\n", field)
	for _, name := range slices.Sorted(maps.Keys(layout)) {
		text += fmt.Sprintf("_Static_assert(sizeof(%s) == %d, \"size\");\n", name, layout[name].Size)
		for _, member := range slices.Sorted(maps.Keys(layout[name].Offsets)) {
			text += fmt.Sprintf("_Static_assert(offsetof(%s, %s) == %d, \"offset\");\n", name, member, layout[name].Offsets[member])
		}
	}
	return text
}

// Vectors reads a file of vectors/sdf; the tests run in their package's folder.
func Vectors(t testing.TB, name string) []byte {
	t.Helper()
	for dir := ".."; len(dir) < 20; dir += "/.." {
		if content, err := os.ReadFile(filepath.Join(dir, "vectors/sdf", name)); err == nil {
			return content
		}
	}
	t.Fatalf("vectors/sdf/%s is missing", name)
	return nil
}
