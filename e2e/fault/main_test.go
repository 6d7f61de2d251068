package fault

import (
	"fmt"
	"os"
	"testing"

	"onecert/pki"
)

// leasedCode is how a child ends that found another process on its database.
const leasedCode = 3

func TestMain(m *testing.M) {
	if file := os.Getenv(childVariable); file != "" {
		if err := live(file); err != nil {
			fmt.Fprintln(os.Stderr, "child:", err)
			switch pki.CodeOf(err) {
			case "ca.lease", "km.leased":
				os.Exit(leasedCode)
			}
			os.Exit(1)
		}
		os.Exit(0)
	}
	code := m.Run()
	removeMaterial()
	os.Exit(code)
}
