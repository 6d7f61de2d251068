package ceremony

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/emmansun/gmsm/smx509"

	"onecert/pki"
)

// held is a ceremony's folder and the lines of its transcript.
func held(t testing.TB, suite pki.Suite) (out string, lines [][]byte) {
	t.Helper()
	o := newOffice(t)
	out = filepath.Dir(o.hold(rootAct("root", suite) + issuingAct("web", "root", suite, "") + listAct("root", "")))
	return out, transcriptLines(t, out)
}

func transcriptLines(t testing.TB, out string) [][]byte {
	t.Helper()
	data := read(t, out, transcriptFile)
	return bytes.SplitAfter(bytes.TrimSuffix(data, []byte("\n")), []byte("\n"))
}

func join(lines [][]byte) (all []byte) {
	for _, line := range lines {
		all = append(append(all, bytes.TrimSuffix(line, []byte("\n"))...), '\n')
	}
	return all
}

// verified verifies a changed transcript against the unchanged files.
func verified(t *testing.T, out string, data []byte, trust ...*smx509.Certificate) *Report {
	t.Helper()
	report, err := Verify(data, os.DirFS(filepath.Join(out, resultFolder)), trust...)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func TestTranscriptOfEachSuite(t *testing.T) {
	for _, suite := range []pki.Suite{pki.SM2, pki.RSA2048, pki.P256, pki.P384} {
		out, lines := held(t, suite)
		root := chainOf(t, out+"/result/certs/root.pem")[0]
		report := verified(t, out, join(lines), root)
		if !report.Ended || !report.Trusted || len(report.Faults)+len(report.Missing) > 0 || strings.Join(report.Signers, " ") != "ceremony root web" {
			t.Errorf("%s: %+v", suite, report)
		}
		if report.Title != "测试仪式" || report.Rehearsal || report.Aborted != "" || report.Plan == "" || len(report.Entries) != len(lines) || len(report.State) != 64 {
			t.Errorf("%s: %+v", suite, report)
		}
	}
}

// The chain of lines can be followed with nothing but sha256sum.
func TestChainIsSHA256OfLines(t *testing.T) {
	_, lines := held(t, pki.P256)
	for i, line := range lines[1:] {
		var e Entry
		if err := json.Unmarshal(line, &e); err != nil || e.Previous != hash(bytes.TrimSuffix(lines[i], []byte("\n"))) {
			t.Errorf("line %d: %v", i+2, err)
		}
	}
}

// A change of any octet of any line is found, at that line or the next.
func TestEachOctetCounts(t *testing.T) {
	_, lines := held(t, pki.P256)
	all := join(lines)
	start := 0
	for n, line := range lines {
		stride := 1
		if n == len(lines)-1 {
			stride = 0 // no line follows the last: every octet of it is tried
		}
		for i := 0; i < len(line)-1; i += 1 + stride*len(line)/12 {
			changed := bytes.Clone(all)
			changed[start+i] ^= 1
			if changed[start+i] == '\n' {
				continue
			}
			report, err := Verify(changed, nil)
			if err == nil && len(report.Faults) == 0 {
				t.Errorf("octet %d of line %d was changed and not noticed", i, n+1)
			} else if err == nil && !strings.HasPrefix(report.Faults[0], fmt.Sprintf("line %d: ", n+1)) && !strings.HasPrefix(report.Faults[0], fmt.Sprintf("line %d: ", n+2)) {
				t.Errorf("octet %d of line %d: %s", i, n+1, report.Faults[0])
			}
		}
		start += len(line)
	}
}

func TestTamperedTranscripts(t *testing.T) {
	out, lines := held(t, pki.SM2)
	last := len(lines) - 1 // the signatures are the last three
	edited := func(n int, from, to string) [][]byte {
		changed := append([][]byte{}, lines...)
		changed[n] = bytes.Replace(lines[n], []byte(from), []byte(to), 1)
		if bytes.Equal(changed[n], lines[n]) {
			t.Fatalf("line %d has no %q", n+1, from)
		}
		return changed
	}
	without := func(n int) [][]byte { return append(append([][]byte{}, lines[:n]...), lines[n+1:]...) }
	swapped := append([][]byte{}, lines...)
	swapped[3], swapped[4] = lines[4], lines[3]
	for _, c := range []struct {
		name  string
		lines [][]byte
		words string
	}{
		{"a witness added", edited(0, `{"role":"witness","name":"吴己"}`, `{"role":"witness","name":"别人"}`), "line 2: it does not follow"},
		{"a line taken out", without(5), "line 6: it does not follow"},
		{"two lines exchanged", swapped, "line 4: it does not follow"},
		{"the first line taken out", without(0), "line 1: it does not follow"},
		{"the last signature cut off", lines[:last], "the signature of web is missing"},
		{"all signatures cut off", lines[:last-2], "the signature of ceremony is missing"},
		{"a signature twice in place of another", append(append([][]byte{}, lines[:last]...), lines[last-1]), "line"},
		{"a line added behind", append(append([][]byte{}, lines...), lines[3]), "after the end"},
		{"a line that is no JSON", edited(4, "{", "["), "line 5: it is no entry"},
		{"a field nobody knows", edited(4, `{"number"`, `{"secret":1,"number"`), "line 5: it is no entry"},
	} {
		report := verified(t, out, join(c.lines))
		if !strings.Contains(strings.Join(report.Faults, "\n"), c.words) {
			t.Errorf("%s: %q", c.name, report.Faults)
		}
	}
	cut := verified(t, out, join(lines[:4]))
	if cut.Ended || cut.Aborted == "" || len(cut.Faults) > 0 {
		t.Errorf("broken off: %+v", cut)
	}
	if report := verified(t, out, bytes.TrimSuffix(join(lines), []byte("\n"))); len(report.Faults) == 0 {
		t.Error("a cut line end was not noticed")
	}
}

// rewritten makes the chain of a changed transcript whole again, as a forger would who
// has no key: what remains wrong are the signatures.
func rewritten(t *testing.T, lines [][]byte, change func(n int, e *Entry)) []byte {
	t.Helper()
	previous := originHash
	var all []byte
	for n, line := range lines {
		var e Entry
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatal(err)
		}
		change(n, &e)
		e.Number, e.Previous = n+1, previous
		encoded, err := encodeEntry(e)
		if err != nil {
			t.Fatal(err)
		}
		previous = lineHash(encoded)
		all = append(append(all, encoded...), '\n')
	}
	return all
}

func TestForgedTranscripts(t *testing.T) {
	out, lines := held(t, pki.P256)
	root := chainOf(t, out+"/result/certs/root.pem")[0]
	if report := verified(t, out, rewritten(t, lines, func(int, *Entry) {}), root); len(report.Faults) > 0 {
		t.Errorf("the rewriting itself breaks: %q", report.Faults)
	}
	closing := lineHash(bytes.TrimSuffix(lines[len(lines)-4], []byte("\n")))
	for _, c := range []struct {
		name   string
		change func(n int, e *Entry)
		words  string
	}{
		{"another witness", func(n int, e *Entry) {
			if n == 0 {
				e.People[6].Name = "别人"
			}
		}, "the signature of ceremony is over something else than the end"},
		{"another hash of a file", func(_ int, e *Entry) {
			if e.Act == actFile && e.Object == trustFile {
				e.Detail["sha256"] = originHash
			}
		}, "the file trust.pem is not the one that was made"},
		{"other octets shown", func(_ int, e *Entry) {
			if e.Act == actProposed {
				e.Detail["tbs"] = "AAAA"
			}
		}, "the octets to be signed have another hash"},
		{"never confirmed", func(_ int, e *Entry) {
			if e.Act == actConfirmed {
				e.Act = actStep
			}
		}, "without having been shown and confirmed"},
		{"another key of a signer", func(_ int, e *Entry) {
			if e.Act == actSignature && e.Object == "web" {
				e.Detail["key"] = encodeKey(root.PublicKey)
			}
		}, "the signature of web is by another key"},
		{"a signature over what it was over", func(_ int, e *Entry) {
			if e.Act == actSignature {
				e.Detail["over"] = closing
			}
			if e.Act == actBegin {
				e.Detail["place"] = "elsewhere"
			}
		}, "over something else than the end"},
		{"a signer who is not named", func(_ int, e *Entry) {
			if e.Act == actEnd {
				e.Detail["signers"] = "ceremony web"
			}
		}, "root was there and is not named"},
		{"a clock that goes back", func(n int, e *Entry) {
			if n == 6 {
				e.At = e.At.AddDate(0, 0, -1)
			}
		}, "line 7: it is earlier"},
	} {
		report := verified(t, out, rewritten(t, lines, c.change), root)
		if !strings.Contains(strings.Join(report.Faults, "\n"), c.words) {
			t.Errorf("%s: %q", c.name, report.Faults)
		}
	}
}

// Who holds a ceremony of his own under the same names is not trusted.
func TestTrust(t *testing.T) {
	out, lines := held(t, pki.P256)
	other, _ := held(t, pki.P256)
	stranger := chainOf(t, other+"/result/certs/root.pem")[0]
	report := verified(t, out, join(lines), stranger)
	if report.Trusted || !strings.Contains(strings.Join(report.Faults, ""), "no key of the trusted certificates") {
		t.Errorf("%+v", report)
	}
}

func TestChangedAndMissingFiles(t *testing.T) {
	out, lines := held(t, pki.P256)
	path := filepath.Join(out, resultFolder, "certs", "web.pem")
	if err := os.WriteFile(path, append(read(t, out, "result/certs/web.pem"), '\n'), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(out, resultFolder, trustFile)); err != nil {
		t.Fatal(err)
	}
	report := verified(t, out, join(lines))
	if len(report.Faults) != 1 || !strings.Contains(report.Faults[0], "the file certs/web.pem is not") || strings.Join(report.Missing, "") != trustFile {
		t.Errorf("%+v", report)
	}
	if alone, err := Verify(join(lines), nil); err != nil || len(alone.Faults)+len(alone.Missing) > 0 {
		t.Errorf("without files: %+v %v", alone, err)
	}
}

func TestNoTranscript(t *testing.T) {
	for _, text := range []string{"", "\n", "{}x", "hello\nworld\n"} {
		if _, err := Verify([]byte(text), nil); pki.CodeOf(err) != "ceremony.transcript" {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := VerifyFolder(t.TempDir()); pki.CodeOf(err) != "ceremony.transcript" {
		t.Error(err)
	}
}

// The text for people says who, what, when and which hash, and no octets.
func TestRender(t *testing.T) {
	out, _ := held(t, pki.P256)
	text := string(read(t, out, textFile))
	report, err := VerifyFolder(out)
	if err != nil {
		t.Fatal(err)
	}
	web := chainOf(t, out+"/result/certs/web.pem")[0]
	for _, want := range []string{"吴己", "赵甲", "2026-03-03 09:00:00 UTC", report.Plan, hash(web.Raw), string(pki.SerialOf(web.SerialNumber)), "transcript.act.end"} {
		if !strings.Contains(text, want) {
			t.Errorf("the text lacks %s", want)
		}
	}
	if strings.Contains(text, "transcript.detail.tbs") || strings.Contains(text, "transcript.detail.signature") {
		t.Error("the text holds octets for programs")
	}
	known := map[string]bool{}
	for _, name := range append(Acts(), Details()...) {
		known[name] = true
	}
	for _, e := range report.Entries {
		for name := range e.Detail {
			if !known[name] {
				t.Errorf("the detail %s is not listed", name)
			}
		}
		if !known[e.Act] {
			t.Errorf("the act %s is not listed", e.Act)
		}
	}
	if got := Render([]Entry{{Act: "x", Object: "a\x1b[31m"}}, func(k string) string { return k }); strings.Contains(got, "\x1b") {
		t.Error("a control character is printed")
	}
}

// FuzzVerify: foreign text gives faults or an error, never a panic.
func FuzzVerify(f *testing.F) {
	_, lines := held(f, pki.SM2)
	f.Add(join(lines))
	f.Add(join(lines[:5]))
	f.Add([]byte(`{"number":1,"at":"2026-03-03T09:00:00Z","previous":"","act":"signature","detail":{"over":""}}` + "\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		report, err := Verify(data, nil)
		if err != nil {
			return
		}
		if text := Render(report.Entries, func(key string) string { return key }); strings.ContainsRune(text, 0x1b) {
			t.Error("a control character is shown")
		}
		if report.Ended && len(report.Faults) == 0 && len(report.Signers) == 0 {
			t.Error("a transcript that nobody signed is whole")
		}
	})
}
