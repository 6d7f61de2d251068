// Command testreport reads what 'go test -json' prints and tells it to a person: a
// line and the time of each package, everything that a failed test printed, and a
// count at the end. It refuses a run in which a test failed, was skipped, or none
// ran: a missing part of the machine must not pass for a success.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

func main() {
	ok, err := report(os.Stdin, os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "testreport:", err)
	}
	if !ok || err != nil {
		os.Exit(1)
	}
}

// event is one line of 'go test -json' (see 'go doc test2json').
type event struct {
	Action  string
	Package string
	Test    string
	Output  string
	Elapsed float64 // seconds
}

// run counts tests, subtests included, and keeps the output of what has not ended.
type run struct {
	out                     io.Writer
	passed, failed, skipped int
	broken                  int // packages that failed other than by a test
	outputs                 map[[2]string][]string
	troubled                []string // the packages with a failed test
}

// report tells what in says on out; ok means that every test ran and passed.
func report(in io.Reader, out io.Writer) (ok bool, err error) {
	r := &run{out: out, outputs: map[[2]string][]string{}}
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadString('\n')
		if line != "" {
			r.line(line)
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return false, err
		}
	}
	fmt.Fprintf(out, "%d passed, %d failed, %d skipped\n", r.passed, r.failed, r.skipped)
	switch {
	case r.skipped > 0:
		fmt.Fprintln(out, "a skipped test counts as a failure: install what it lacks with scripts/deps.sh")
	case r.passed == 0:
		fmt.Fprintln(out, "no test ran")
	}
	return r.failed+r.skipped+r.broken == 0 && r.passed > 0, nil
}

// line handles one line; what is no event (the go command's own words) is passed on.
func (r *run) line(text string) {
	var e event
	if json.Unmarshal([]byte(text), &e) != nil {
		fmt.Fprint(r.out, text)
		return
	}
	if e.Action == "build-output" {
		fmt.Fprint(r.out, e.Output)
		return
	}
	if e.Test == "" {
		r.ofPackage(e)
	} else {
		r.ofTest(e)
	}
}

func (r *run) ofTest(e event) {
	key := [2]string{e.Package, e.Test}
	switch e.Action {
	case "output":
		r.outputs[key] = append(r.outputs[key], e.Output)
		return
	case "pass":
		r.passed++
	case "skip":
		r.skipped++
		r.tell(e, r.outputs[key])
	case "fail":
		r.failed++
		r.tell(e, r.outputs[key])
	default:
		return
	}
	delete(r.outputs, key)
}

// tell prints the output of a test that did not pass under its package.
func (r *run) tell(e event, output []string) {
	if !slices.Contains(r.troubled, e.Package) {
		r.troubled = append(r.troubled, e.Package)
	}
	fmt.Fprintf(r.out, "--- %s %s %s\n", strings.ToUpper(e.Action), e.Package, e.Test)
	// A long line comes in pieces.
	for line := range strings.Lines(strings.Join(output, "")) {
		if !strings.HasPrefix(line, "=== ") && !strings.HasPrefix(strings.TrimSpace(line), "--- ") {
			fmt.Fprintf(r.out, "    %s\n", strings.TrimSuffix(line, "\n"))
		}
	}
}

func (r *run) ofPackage(e event) {
	key := [2]string{e.Package, ""}
	switch e.Action {
	case "output":
		r.outputs[key] = append(r.outputs[key], e.Output)
	case "pass":
		fmt.Fprintf(r.out, "ok    %-32s %6.1f s\n", e.Package, e.Elapsed)
	case "fail":
		fmt.Fprintf(r.out, "FAIL  %-32s %6.1f s\n", e.Package, e.Elapsed)
		if !slices.Contains(r.troubled, e.Package) {
			r.broken++
			r.unfinished(e.Package)
		}
	}
}

// unfinished prints all that a package said which broke outside a failed test: it
// did not compile, it panicked, or its time ran out.
func (r *run) unfinished(pkg string) {
	for key, output := range r.outputs {
		if key[0] == pkg {
			fmt.Fprint(r.out, strings.Join(output, ""))
		}
	}
}
