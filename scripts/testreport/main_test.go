package main

import (
	"errors"
	"strings"
	"testing"
	"testing/iotest"
)

const passing = `{"Action":"start","Package":"onecert/a"}
{"Action":"run","Package":"onecert/a","Test":"TestA"}
{"Action":"output","Package":"onecert/a","Test":"TestA","Output":"=== RUN   TestA\n"}
{"Action":"output","Package":"onecert/a","Test":"TestA","Output":"chatter\n"}
{"Action":"pass","Package":"onecert/a","Test":"TestA","Elapsed":0.1}
{"Action":"output","Package":"onecert/a","Output":"PASS\n"}
{"Action":"pass","Package":"onecert/a","Elapsed":1.25}
`

func TestReport(t *testing.T) {
	for _, c := range []struct {
		name, more string
		ok         bool
		says       []string
		silent     string
	}{
		{"all pass", "", true, []string{"onecert/a", "1.2 s", "1 passed, 0 failed, 0 skipped"}, "chatter"},
		{"one fails", `{"Action":"output","Package":"onecert/b","Test":"TestB","Output":"b_test.go:1: "}
{"Action":"output","Package":"onecert/b","Test":"TestB","Output":"wrong\n"}
{"Action":"output","Package":"onecert/b","Test":"TestB","Output":"--- FAIL: TestB (0.00s)\n"}
{"Action":"fail","Package":"onecert/b","Test":"TestB","Elapsed":0}
{"Action":"fail","Package":"onecert/b","Elapsed":2}
`, false, []string{"b_test.go:1: wrong", "FAIL  onecert/b", "1 passed, 1 failed"}, "--- FAIL:"},
		{"one is skipped", `{"Action":"output","Package":"onecert/b","Test":"TestB","Output":"no tool\n"}
{"Action":"skip","Package":"onecert/b","Test":"TestB","Elapsed":0}
{"Action":"pass","Package":"onecert/b","Elapsed":2}
`, false, []string{"no tool", "1 skipped", "deps.sh"}, "chatter"},
		{"a package does not build", `{"ImportPath":"onecert/b","Action":"build-output","Output":"b.go:3: undefined: x\n"}
{"ImportPath":"onecert/b","Action":"build-fail"}
{"Action":"output","Package":"onecert/b","Output":"FAIL\tonecert/b [build failed]\n"}
{"Action":"fail","Package":"onecert/b","Elapsed":0,"FailedBuild":"onecert/b"}
`, false, []string{"undefined: x", "build failed"}, "chatter"},
		{"a test never ends", `{"Action":"output","Package":"onecert/b","Test":"TestB","Output":"panic: test timed out\n"}
{"Action":"fail","Package":"onecert/b","Elapsed":600}
`, false, []string{"test timed out", "FAIL  onecert/b"}, "chatter"},
		{"a folder without tests", `{"Action":"skip","Package":"onecert/c","Elapsed":0}
`, true, []string{"1 passed"}, "onecert/c"},
		{"the go command speaks", "go: cannot find main module\n", true, []string{"cannot find main module"}, "chatter"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out strings.Builder
			ok, err := report(strings.NewReader(passing+c.more), &out)
			if err != nil || ok != c.ok {
				t.Errorf("ok %v, err %v", ok, err)
			}
			for _, words := range c.says {
				if !strings.Contains(out.String(), words) {
					t.Errorf("does not say %q:\n%s", words, &out)
				}
			}
			if strings.Contains(out.String(), c.silent) {
				t.Errorf("says %q:\n%s", c.silent, &out)
			}
		})
	}
}

func TestNothingRan(t *testing.T) {
	var out strings.Builder
	if ok, _ := report(strings.NewReader(""), &out); ok || !strings.Contains(out.String(), "no test ran") {
		t.Errorf("%v: %s", ok, &out)
	}
}

func TestReadError(t *testing.T) {
	if ok, err := report(iotest.ErrReader(errors.New("pipe")), &strings.Builder{}); ok || err == nil {
		t.Error("a broken pipe passes for a success")
	}
}
