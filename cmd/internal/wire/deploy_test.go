package wire

import (
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"onecert/kmc"
)

const samples = "../../../deploy"

// The samples are read as strictly as an operator's own files, and show every key
// there is, set or commented out.
func TestSamples(t *testing.T) {
	authority, err := LoadCA(filepath.Join(samples, "ca.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	centre, err := LoadKMC(filepath.Join(samples, "kmc.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if !maps.Equal(centre.Pool, kmc.DefaultPool()) {
		t.Errorf("the sample's pool is not the default: %v", centre.Pool)
	}
	node, err := LoadNode(filepath.Join(samples, "node.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	registration, err := LoadRA(filepath.Join(samples, "ra.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := LoadRA(filepath.Join(samples, "lra.yaml")); err != nil {
		t.Error(err)
	}
	door, err := LoadGateway(filepath.Join(samples, "gateway.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for name, config := range map[string]any{"gateway.yaml": door, "ca.yaml": authority, "kmc.yaml": centre, "node.yaml": node, "ra.yaml": registration} {
		text, err := os.ReadFile(filepath.Join(samples, name))
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range keysOf(reflect.TypeOf(config).Elem(), "") {
			if !regexp.MustCompile(`(?m)^(# )?` + key + `:`).Match(text) {
				t.Errorf("%s does not show %s", name, key)
			}
		}
	}
}

// keysOf are the YAML keys of a structure and those inside it, each as a pattern of
// how its line begins.
func keysOf(of reflect.Type, indent string) (all []string) {
	for field := range of.Fields() {
		key, _, _ := strings.Cut(field.Tag.Get("yaml"), ",")
		if key == "" {
			continue
		}
		all = append(all, indent+key)
		inner := field.Type
		for inner.Kind() == reflect.Pointer || inner.Kind() == reflect.Slice || inner.Kind() == reflect.Map {
			inner = inner.Elem()
		}
		if inner.Kind() == reflect.Struct {
			all = append(all, keysOf(inner, `( +|.*\{)(# |- |.*, )?`)...)
		}
	}
	return all
}

// What is commented out in the samples is right too.
func TestSamplesWithComments(t *testing.T) {
	for name, lines := range map[string][]string{
		"ca.yaml": {"profiles: profiles", "accept: 0.0.0.0:8445", "dial_out:", "  - address: ra.gov.example:8445", "    server: ra.gov.example",
			"protocol: tls", "pair:", "  sign_key: file:keys/pair-sign.pem?pass=file:passphrase", "  encrypt_key: file:keys/pair-encrypt.pem?pass=file:passphrase", "  certificate: pair.pem"},
		"kmc.yaml": {"dial_out:", "  - address: ca.gov.example:8445", "    server: ca.gov.example",
			"protocol: tls", "pair:", "  sign_key: file:keys/pair-sign.pem?pass=file:passphrase", "  encrypt_key: file:keys/pair-encrypt.pem?pass=file:passphrase", "  certificate: pair.pem"},
	} {
		text, err := os.ReadFile(filepath.Join(samples, name))
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range lines {
			if !strings.Contains(string(text), "\n# "+line) {
				t.Errorf("%s has no %q", name, line)
			}
			text = []byte(strings.Replace(string(text), "\n# "+line, "\n"+line, 1))
		}
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		var loaded any
		if loaded, err = LoadCA(path); name == "kmc.yaml" {
			loaded, err = LoadKMC(path)
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if again, err := yaml.Marshal(loaded); err != nil || !strings.Contains(string(again), "dial_out") {
			t.Errorf("%s: %v\n%s", name, err, again)
		}
	}
}

// The documents of the APIs in the repository are those of the program. After a
// change: onecert api --dir api
func TestDescriptionsAreFresh(t *testing.T) {
	all, err := Descriptions()
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range all {
		have, err := os.ReadFile(filepath.Join("../../../api", name+".json"))
		if err != nil || string(have) != string(text) {
			t.Errorf("api/%s.json is stale (%v): run 'onecert api --dir api'", name, err)
		}
	}
	files, err := filepath.Glob("../../../api/*.json")
	if err != nil || len(files) != len(all) {
		t.Errorf("api holds %v for %d components (%v)", files, len(all), err)
	}
}
