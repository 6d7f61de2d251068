// Package devicetest gives tests throw-away cryptographic devices: SoftHSM tokens
// for PKCS#11 and a software SDF device of our own in C, whose source lies in
// testdata and which is compiled when it is asked for.
//
// It is for tests only. A test fails, naming what to install, where a part is missing.
package devicetest

import (
	"fmt"
	"os"
	"testing"
)

// Main runs a package's tests with a folder for the devices and removes it afterwards:
//
//	func TestMain(m *testing.M) { os.Exit(devicetest.Main(m)) }
//
// A test that starts its own program again hands the folder on by the environment.
func Main(m *testing.M) int {
	if os.Getenv(dirVariable) == "" {
		dir, err := os.MkdirTemp("", "onecert-device-")
		if err != nil {
			fmt.Fprintln(os.Stderr, "devicetest:", err)
			return 1
		}
		defer os.RemoveAll(dir)
		if err := os.Setenv(dirVariable, dir); err != nil {
			fmt.Fprintln(os.Stderr, "devicetest:", err)
			return 1
		}
	}
	return m.Run()
}

// dirVariable names the folder of the devices.
const dirVariable = "ONECERT_DEVICETEST_DIR"

func folder(t testing.TB) string {
	t.Helper()
	dir := os.Getenv(dirVariable)
	if dir == "" {
		t.Fatal("devicetest.Main was not called by TestMain")
	}
	return dir
}
