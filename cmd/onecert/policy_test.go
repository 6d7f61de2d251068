package main

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"onecert/pki"
	"onecert/policy"
)

// inNovember runs the program at a fixed moment, in a folder.
func inNovember(t *testing.T, args ...string) (out, errors string, code int) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	io := &console{in: strings.NewReader(""), out: &stdout, err: &stderr, lang: language(args, os.Getenv), json: hasFlag(args, "--json"),
		now: func() time.Time { return time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC) }}
	root := rootCommand(io)
	root.SetArgs(args)
	command, err := root.ExecuteContextC(t.Context())
	code = io.finish(command, err)
	return stdout.String(), stderr.String(), code
}

// policyFolder has what docs/policy.md speaks of: the delivered sample, a change of it,
// a certificate and a day's log.
func policyFolder(t *testing.T) (dir string) {
	t.Helper()
	sample, err := os.ReadFile(filepath.Join(deployed, "policy.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	put(t, filepath.Join(dir, "policy.yaml"), string(sample))
	// The proposal: approve until 20:00, and no more reading by password.
	changed := strings.Replace(string(sample), `from: "08:30", to: "18:00"}]`+"\n      subject", `from: "08:30", to: "20:00"}]`+"\n      subject", 1)
	changed = strings.Replace(changed, "    name: 内网口令登录\n", "    name: 内网口令登录\n    disabled: true\n", 1)
	put(t, filepath.Join(dir, "proposed.yaml"), changed)

	caKey, key := newKey(t, pki.SM2), newKey(t, pki.SM2)
	ca := template(t, "示例省签发 CA", 10)
	ca = sign(t, ca, ca, caKey, caKey)
	leaf := sign(t, template(t, "张三", 2), ca, key, caKey)
	put(t, filepath.Join(dir, "zhang.pem"), string(certPEM(leaf)))
	subject, err := policy.NewSubject(leaf)
	if err != nil {
		t.Fatal(err)
	}
	subject.Login, subject.Level = policy.LoginHardware, policy.LevelTwoFactors
	put(t, filepath.Join(dir, "access.log"), policyLog(t, filepath.Join(dir, "policy.yaml"), subject))
	return dir
}

// policyLog is a working day: three requests of Zhang, one of Li by password, one of a
// visitor, and a line that is no request.
func policyLog(t *testing.T, rules string, zhang *policy.Subject) string {
	t.Helper()
	text, err := os.ReadFile(rules)
	if err != nil {
		t.Fatal(err)
	}
	decoded, err := policy.Decode(text)
	if err != nil {
		t.Fatal(err)
	}
	set, err := policy.Compile(decoded)
	if err != nil {
		t.Fatal(err)
	}
	li := &policy.Subject{Login: policy.LoginPassword, Level: policy.LevelPassword, User: "lisi", Groups: []string{"staff"}}
	var log strings.Builder
	log.WriteString(`{"time":"2026-11-23T00:00:00+08:00","msg":"started"}` + "\n")
	for _, r := range []policy.Request{
		{Subject: zhang, At: china(t, "10:00"), Application: "oa", Method: "POST", Path: "/approve/7"},
		{Subject: zhang, At: china(t, "18:30"), Application: "oa", Method: "POST", Path: "/approve/8"},
		{Subject: li, At: china(t, "11:00"), Application: "oa", Method: "GET", Path: "/news/1"},
		{At: china(t, "12:00"), Application: "portal", Method: "GET", Path: "/public/a"},
		{Subject: zhang, At: china(t, "20:00"), Application: "oa", Method: "POST", Path: "/approve/9"},
	} {
		r.Protocol, r.Address, r.Host = policy.ProtocolTLS, netip.MustParseAddr("10.1.2.3"), r.Application+".demo.example"
		line, err := json.Marshal(policy.Recorded{Request: r, ID: "q" + r.Path, Decision: set.Decide(&r)})
		if err != nil {
			t.Fatal(err)
		}
		log.Write(append(line, '\n'))
	}
	return log.String()
}

func china(t *testing.T, clock string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, "2026-11-23T"+clock+":00+08:00")
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// Every command of docs/policy.md answers what the page says, to the letter.
func TestPolicyPage(t *testing.T) {
	english(t)
	page, err := os.ReadFile("../../docs/policy.md")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(policyFolder(t))
	told := 0
	for i, block := range strings.Split(string(page), "```") {
		command, wants, _ := strings.Cut(strings.TrimPrefix(block, "\n"), "\n")
		if i%2 == 0 || !strings.HasPrefix(command, "onecert policy ") {
			continue
		}
		told++
		out, stderr, _ := inNovember(t, policyWords(command)...)
		if out+stderr != wants {
			t.Errorf("%s\nanswers\n%s%s\nand the page says\n%s", command, out, stderr, wants)
		}
	}
	if told < 6 {
		t.Errorf("the page has only %d commands", told)
	}
}

// policyWords splits a command line of the page.
func policyWords(line string) (all []string) {
	for _, word := range unquoted.FindAllString(line, -1)[1:] {
		all = append(all, strings.Trim(word, "'\""))
	}
	return all
}

// The delivered sample is good, has no warnings, and decides what its comments say.
func TestPolicySample(t *testing.T) {
	english(t)
	out, stderr, code := inNovember(t, "policy", "check", filepath.Join(deployed, "policy.yaml"), "--strict")
	if code != exitDone || strings.Contains(out, "warning") {
		t.Fatalf("%d %s%s", code, out, stderr)
	}
	t.Chdir(policyFolder(t))
	for line, rule := range map[string]string{
		"--application portal --path /public/x":                                                               "public",
		"--application oa --path /approve/1 --cert zhang.pem --login hardware --at 2026-10-10T09:00:00Z":      "approve", // a Saturday that was moved
		"--application oa --path /approve/1 --cert zhang.pem --login hardware --at 2026-10-08T00:29:00Z":      "approve-else",
		"--application oa --path /approve/1 --cert zhang.pem --login hardware --at 2026-10-02T03:00:00Z":      "approve-else", // a holiday
		"--application oa --path /x --user leaver01 --group staff":                                            "blocked",
		"--application oa --path /x --user li --group staff --method POST":                                    "",
		"--application oa --path /x --user li --unit 示例省 --unit 示例市 --unit 民政局 --method POST":                 "staff",
		"--application treasury --user wangwu --cert zhang.pem --at 2026-12-31T17:30:00Z --login hardware":    "pay",
		"--application treasury --user wangwu --cert zhang.pem --at 2026-12-31T18:00:00Z --login hardware":    "",
		"--application duty --protocol vpn --cert zhang.pem --user li --group duty --at 2026-11-23T15:00:00Z": "duty",
	} {
		out, stderr, code := inNovember(t, append(strings.Fields("policy explain policy.yaml --json --address 10.1.9.9 "+line), "--host", "")...)
		var e policy.Explanation
		if err := json.Unmarshal([]byte(out), &e); err != nil || code != exitDone || e.Decision.Rule != rule {
			t.Errorf("%s: %d %s%s", line, code, e.Text.En, stderr)
		}
	}
}

// What is wrong is refused in both languages, with the place.
func TestPolicyRefusals(t *testing.T) {
	t.Chdir(t.TempDir())
	put(t, "bad.yaml", "version: 1\nrules: [{id: a, effect: allow, when: {addresses: [10.0.0.1/8]}}, {id: a, effect: maybe}]\n")
	put(t, "warn.yaml", "version: 1\nrules: [{id: a, effect: allow}, {id: b, effect: deny}]\n")
	put(t, "not.log", "nothing\n")
	for _, c := range []struct{ line, out, err string }{
		{"policy check bad.yaml --lang en", "- a: when.addresses: \"10.0.0.1/8\" is no address", "the first is a: when.addresses"},
		{"policy check bad.yaml --lang zh", "- a：id：规则标识“a”出现两次", "错误 3 处"},
		{"policy check bad.yaml --json", `"code": "effect"`, `"code":"policy.faults"`},
		{"policy check warn.yaml --strict --lang en", "warning: b: when: never decides", "1 warnings"},
		{"policy check none.yaml --lang en", "", "there is no such file"},
		{"policy explain bad.yaml --address ::1 --application x --lang zh", "", "判读 bad.yaml 中的规则: 规则有错误 3 处"},
		{"policy explain warn.yaml --record not.log --lang zh", "", "首行不是请求记录"},
		{"policy explain warn.yaml --address ::1 --application x --cert not.log --lang en", "", "not.log"},
		{"policy simulate warn.yaml bad.yaml not.log --lang en", "", "judging the rules in bad.yaml"},
		{"policy simulate warn.yaml warn.yaml none.log --lang en", "", "no such file"},
	} {
		out, stderr, code := inNovember(t, strings.Fields(c.line)...)
		if code != exitRefused || !strings.Contains(out, c.out) || !strings.Contains(stderr, c.err) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%s: %d %q %q", c.line, code, out, stderr)
		}
	}
	for line, wants := range map[string]string{
		"policy check":                                                     "0 are given",
		"policy explain warn.yaml --address ::1":                           "--application is missing",
		"policy explain warn.yaml --application x":                         "--address is missing",
		"policy explain warn.yaml --application x --address y":             "--address is an IP address",
		"policy explain warn.yaml --application x --address ::1 --at noon": "time",
		"policy simulate warn.yaml warn.yaml":                              "2 are given",
	} {
		if out, stderr, code := inNovember(t, append(strings.Fields(line), "--lang", "en")...); code != exitUsage || out != "" || !strings.Contains(stderr, wants) {
			t.Errorf("%s: %d %q %q", line, code, out, stderr)
		}
	}
}

// A line of the log, explained, has the decision that stands in it.
func TestPolicyRecord(t *testing.T) {
	t.Chdir(policyFolder(t))
	log, err := os.ReadFile("access.log")
	if err != nil {
		t.Fatal(err)
	}
	lines := slices.Collect(strings.Lines(string(log)))
	for _, line := range lines[1:] {
		put(t, "line.log", line)
		var record policy.Recorded
		if err := json.Unmarshal([]byte(line), &record); err != nil {
			t.Fatal(err)
		}
		out, stderr, code := inNovember(t, "policy", "explain", "policy.yaml", "--record", "line.log", "--json")
		var e policy.Explanation
		if err := json.Unmarshal([]byte(out), &e); err != nil || code != exitDone || e.Decision != record.Decision {
			t.Errorf("%s: %d %+v %s", line, code, e.Decision, stderr)
		}
	}
}
