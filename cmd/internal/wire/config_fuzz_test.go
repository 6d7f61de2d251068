package wire

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"onecert/pki"
)

// What is accepted of a configuration or an identity is written and read back the
// same; what is refused says why in one bounded text.
func FuzzConfig(f *testing.F) {
	for _, name := range []string{"ca.yaml", "kmc.yaml"} {
		text, err := os.ReadFile(filepath.Join(samples, name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte(identityText + "key: file:key.pem\n"))
	f.Add([]byte("component: ca\ncolour: red\n"))
	f.Add([]byte("component: ca\ncomponent: kmc\n"))
	f.Add([]byte("a: &a [*a]\n"))
	f.Add([]byte("--- {}\n--- {}\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if len(text) > maxConfig {
			return
		}
		for _, into := range []func() any{func() any { return new(CA) }, func() any { return new(KMC) }, func() any { return new(Identity) }} {
			one := into()
			if err := parseConfig("x.yaml", text, one); err != nil {
				if !strings.HasPrefix(pki.CodeOf(err), "config.") || len(err.Error()) > 600 || strings.Contains(err.Error(), "\n") {
					t.Errorf("%q", err)
				}
				continue
			}
			written, err := yaml.Marshal(one)
			if err != nil {
				t.Fatal(err)
			}
			again := into()
			if err := parseConfig("x.yaml", written, again); err != nil {
				t.Fatalf("%v\n%s", err, written)
			}
			if twice, err := yaml.Marshal(again); err != nil || string(twice) != string(written) {
				t.Errorf("%v\n%s\n%s", err, written, twice)
			}
		}
	})
}
