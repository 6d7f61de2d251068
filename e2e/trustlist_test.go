package e2e

import (
	"bytes"
	"encoding/json"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestTrustListByTheCommandLine: a list is signed by the command line with a key of each
// family; BouncyCastle verifies it, SM2 too, and refuses a changed one.
func TestTrustListByTheCommandLine(t *testing.T) {
	d := shared(t)
	for _, family := range families() {
		t.Run(family, func(t *testing.T) {
			dir := t.TempDir()
			in := func(name string) string { return filepath.Join(dir, name) }
			signer := d.Identities["alice"].in()[family]
			rows, err := json.Marshal(map[string]any{"name": "national", "publisher": "示例中心",
				"cas": []map[string]any{{"name": "province", "title": "外省", "anchors": string(read(t, d.Trust["ecdsa"].Root)), "level": 2}}})
			if err == nil {
				err = os.WriteFile(in("cas.json"), rows, 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
			must := func(args ...string) string {
				t.Helper()
				out, problem, code := onecert(t, args...)
				if code != 0 {
					t.Fatalf("%v: %d %s", args, code, problem)
				}
				return out
			}
			sign := []string{"trust-list", "sign", in("cas.json"), "--key", signer.SignKey, "--certificate", signer.SignCert, "--pem", "--out"}
			must(append(sign, in("list.p7"))...)
			must(append(sign, in("next.p7"), "--after", in("list.p7"))...)
			if shown := must("trust-list", "show", in("next.p7"), "--signer", signer.SignCert, "--json"); !strings.Contains(shown, `"number":2`) && !strings.Contains(shown, `"number": 2`) {
				t.Errorf("the next one is %s", shown)
			}
			verify := []string{"cms-verify", "--cert", signer.SignCert, "--out", in("content"), "--in"}
			javaSays(t, java(t, append(verify, in("list.p7"))...), "valid=true")
			if content := read(t, in("content")); !bytes.Contains(content, []byte(`"format": "onecert-trust-list-1"`)) {
				t.Errorf("BouncyCastle finds %.200s", content)
			}
			changed, _ := pem.Decode(read(t, in("list.p7")))
			changed.Bytes[bytes.Index(changed.Bytes, []byte("province"))] ^= 1
			if err := os.WriteFile(in("changed.p7"), pem.EncodeToMemory(changed), 0o600); err != nil {
				t.Fatal(err)
			}
			javaRefuses(t, append(verify, in("changed.p7"))...)
		})
	}
}
