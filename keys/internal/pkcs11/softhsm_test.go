package pkcs11

import (
	"crypto/rand"
	"fmt"
	"os"
	"testing"

	"onecert/keys/internal/devicetest"
	"onecert/pki"
)

func TestMain(m *testing.M) { os.Exit(devicetest.Main(m)) }

func TestSmoke(t *testing.T) {
	hsm := devicetest.SoftHSM(t)
	m, err := Load(hsm.Module, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, suite := range []pki.Suite{pki.RSA2048, pki.P256, pki.P384} {
		k, err := m.Generate(Token{Label: "first"}, Object{Label: string(suite)}, []byte(hsm.PIN), suite, Sign, rand.Reader)
		fmt.Printf("%T %v\n", k, err)
	}
}
