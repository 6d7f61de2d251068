package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"onecert/ca"
	"onecert/ceremony"
	"onecert/cmd/internal/wire"
)

// small is the file of a ceremony that costs little, in a folder of its own.
func small(t *testing.T, acts string) (path string) {
	t.Helper()
	head := "title: 测试仪式\noperator: 王工\ncustodians: [赵甲, 钱乙, 孙丙]\nwitnesses: [吴己]\nstate: state\nacts:\n"
	return file(t, "ceremony.yaml", []byte(head+acts))
}

const smallRoot = `  - root: {id: root, suite: p256, subject: "C=CN, O=测试, CN=测试根", years: 20, split: {shares: 3, threshold: 2}, addresses: {crl: "http://a.example/crl", aia: "http://a.example/aia"}}
`

const smallIssuing = `  - issuing: {id: web, parent: root, suite: p256, subject: "C=CN, O=测试, CN=测试签发", years: 10, key: "file:keys/web.pem?pass=file:passphrase", addresses: {crl: "http://a.example/crl", aia: "http://a.example/aia", ocsp: "http://a.example/ocsp"}, partitions: 3}
`

func rehearsed(t *testing.T, path string, more ...string) (out string) {
	t.Helper()
	out = filepath.Join(t.TempDir(), "out")
	if said, stderr, code := onecert(t, append([]string{"ceremony", "run", path, "--out", out, "--rehearse"}, more...)...); code != 0 {
		t.Fatalf("%d %s %s", code, said, stderr)
	}
	return out
}

// What a ceremony writes for ca.yaml is what a CA's configuration takes.
func TestCeremonyFragmentIsConfiguration(t *testing.T) {
	english(t)
	out := rehearsed(t, small(t, smallRoot+smallIssuing))
	fragment, err := os.ReadFile(filepath.Join(out, "result", "issuers.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	rest := "component: ca\norigin: a\nlisten: a\nhosts: [a]\ntls_key: a\ntls_certificate: a\nholder_key_file: a\naudit_key: a\naudit_heads: a\ndatabase: sqlite:a\ncrl: {dir: a, aia: a}\n"
	config, err := wire.LoadCA(file(t, "ca.yaml", append([]byte(rest), fragment...)))
	if err != nil {
		t.Fatal(err)
	}
	if i := config.Issuers[0]; i.ID != "web" || i.Partitions != 3 || i.Key != "file:keys/web.pem?pass=file%3Apassphrase" || i.Addresses != (ca.Addresses{CRL: "http://a.example/crl", AIA: "http://a.example/aia", OCSP: "http://a.example/ocsp"}) {
		t.Errorf("%+v", i)
	}
	var other struct {
		Issuers []map[string]any
	}
	if err := yaml.Unmarshal(fragment, &other); err != nil || len(other.Issuers) != 1 {
		t.Errorf("%s %v", fragment, err)
	}
}

func TestCeremonyVerify(t *testing.T) {
	english(t)
	out := rehearsed(t, small(t, smallRoot+smallIssuing))
	transcript, root := filepath.Join(out, "transcript.jsonl"), filepath.Join(out, "result", "certs", "root.pem")
	for _, path := range []string{out, transcript} {
		said, stderr, code := onecert(t, "ceremony", "verify", path, "--trust", root)
		if code != 0 || !strings.Contains(said, "REHEARSAL") || !strings.Contains(said, "Signed by: web") || !strings.Contains(said, "A trusted certificate's key has signed") {
			t.Errorf("%d %s %s", code, said, stderr)
		}
	}
	said, _, code := onecert(t, "--json", "ceremony", "verify", transcript)
	var report ceremony.Report
	if err := json.Unmarshal([]byte(said), &report); err != nil || code != 0 || !report.Ended || len(report.Signers) != 3 {
		t.Errorf("%d %s %v", code, said, err)
	}
	said, _, _ = onecert(t, "--lang", "zh", "ceremony", "verify", transcript, "--text")
	for _, want := range []string{"见证人: 吴己", "展示", "标题: 测试仪式"} {
		if !strings.Contains(said, want) {
			t.Errorf("the Chinese text lacks %q:\n%s", want, said)
		}
	}
	if strings.Contains(said, "transcript.") {
		t.Errorf("a word is missing: %s", said)
	}
	data, err := os.ReadFile(transcript)
	if err != nil {
		t.Fatal(err)
	}
	changed := file(t, "changed.jsonl", []byte(strings.Replace(string(data), "吴己", "郑庚", 1)))
	_, stderr, code := onecert(t, "ceremony", "verify", changed)
	if code != 1 || !strings.Contains(stderr, "line 2: it does not follow the line before") {
		t.Errorf("%d %s", code, stderr)
	}
	if _, stderr, code := onecert(t, "--lang", "zh", "ceremony", "verify", changed); code != 1 || !strings.Contains(stderr, "被改动") {
		t.Errorf("%d %s", code, stderr)
	}
	lines := strings.SplitAfter(string(data), "\n")
	_, stderr, code = onecert(t, "ceremony", "verify", file(t, "cut.jsonl", []byte(strings.Join(lines[:5], ""))))
	if code != 1 || !strings.Contains(stderr, "did not end") {
		t.Errorf("%d %s", code, stderr)
	}
}

// Every act, detail and role of a transcript has words in both languages.
func TestTranscriptHasWords(t *testing.T) {
	for lang := range tables {
		io := &console{lang: lang}
		for prefix, names := range map[string][]string{"transcript.act.": ceremony.Acts(), "transcript.detail.": ceremony.Details(),
			"transcript.role.": {"operator", "custodian", "witness"}, "ceremony.show.": {"plan", "certificate", "crl", "request"}} {
			for _, name := range names {
				if _, ok := io.lookup(prefix + name); !ok {
					t.Errorf("%s: %s%s is missing", lang, prefix, name)
				}
			}
		}
	}
}

func TestCeremonyRefused(t *testing.T) {
	english(t)
	path := small(t, smallRoot)
	out := filepath.Join(t.TempDir(), "out")
	_, stderr, code := onecert(t, "ceremony", "run", path, "--out", out)
	if code != 1 || !strings.Contains(stderr, "a ceremony needs people at a terminal") {
		t.Errorf("without a terminal: %d %s", code, stderr)
	}
	_, stderr, code = onecert(t, "ceremony", "run", small(t, strings.Replace(smallRoot, "years", "ears", 1)), "--out", out, "--rehearse")
	if code != 1 || !strings.Contains(stderr, "ceremony.yaml:7: known-fields: field ears not found") {
		t.Errorf("a wrong file: %d %s", code, stderr)
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("something was begun")
	}
	if err := os.MkdirAll(filepath.Join(out, "x"), 0o700); err != nil {
		t.Fatal(err)
	}
	_, stderr, code = onecert(t, "--json", "ceremony", "run", path, "--out", out, "--rehearse")
	if e := errorIn(t, stderr); code != 1 || e["code"] != "ceremony.out" {
		t.Errorf("a folder in use: %d %s", code, stderr)
	}
}

func TestSharesCheck(t *testing.T) {
	english(t)
	one, two := filepath.Join(t.TempDir(), "one"), filepath.Join(t.TempDir(), "two")
	path := small(t, smallRoot)
	rehearsed(t, path, "--shares", one)
	rehearsed(t, path, "--shares", two)
	ours, err := filepath.Glob(one + "/*.share")
	if err != nil || len(ours) != 3 {
		t.Fatal(ours, err)
	}
	theirs, err := filepath.Glob(two + "/*.share")
	if err != nil || len(theirs) != 3 {
		t.Fatal(theirs, err)
	}
	said, _, code := onecert(t, "--json", "ceremony", "shares", "check", ours[0], ours[2])
	var checked checkedShares
	if err := json.Unmarshal([]byte(said), &checked); err != nil || code != 0 || !checked.Proven || checked.Threshold != 2 || len(checked.Places) != 2 || !strings.Contains(ours[0], checked.Set) {
		t.Errorf("%d %s", code, said)
	}
	if said, _, code := onecert(t, "ceremony", "shares", "check", ours[1]); code != 0 || !strings.Contains(said, "Not proven: 1 more") {
		t.Errorf("%d %s", code, said)
	}
	if said, _, code := onecert(t, "ceremony", "shares", "check", one); code != 0 || !strings.Contains(said, "Proven") {
		t.Errorf("%d %s", code, said)
	}
	text, err := os.ReadFile(ours[0])
	if err != nil {
		t.Fatal(err)
	}
	words := regexp.MustCompile(`(?m)^[A-Z2-7]{4} [A-Z2-7]{4}`)
	if !words.Match(text) || strings.Contains(said, string(words.Find(text))) {
		t.Error("the answer shows a share")
	}
	spoilt := file(t, "spoilt.share", text[:len(text)-31]) // its last line
	wrong := []byte(string(text))
	at := words.FindIndex(wrong)[0] + 6
	wrong[at] = map[bool]byte{true: 'B', false: 'A'}[wrong[at] == 'A']
	for name, c := range map[string]struct {
		args []string
		code string
	}{
		"two sets":     {[]string{ours[0], theirs[1]}, "share.mixed"},
		"one twice":    {[]string{ours[0], ours[0]}, "share.duplicate"},
		"mistyped":     {[]string{file(t, "wrong.share", wrong)}, "share.damaged"},
		"not complete": {[]string{spoilt}, "share.malformed"},
		"no share":     {[]string{file(t, "other.share", []byte("hello"))}, "share.malformed"},
		"none":         {[]string{t.TempDir()}, "share.none"},
		"no file":      {[]string{filepath.Join(one, "nothing")}, "file.missing"},
	} {
		_, stderr, code := onecert(t, append([]string{"--json", "ceremony", "shares", "check"}, c.args...)...)
		if e := errorIn(t, stderr); code != 1 || e["code"] != c.code {
			t.Errorf("%s: %d %s", name, code, stderr)
		}
	}
}
