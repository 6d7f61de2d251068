package main

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// report prints tables a person reads.
type report struct{ to io.Writer }

func (r *report) line(format string, args ...any) { fmt.Fprintf(r.to, format+"\n", args...) }

// machine says on what the figures were taken.
func (r *report) machine() {
	cpu := "unknown processor"
	if data, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(data)) {
			if name, found := strings.CutPrefix(line, "model name\t: "); found {
				cpu = strings.TrimSpace(name)
				break
			}
		}
	}
	r.line("%s, %d processors, %s. Processor time is user and system; µs is a millionth of a second.", cpu, runtime.NumCPU(), runtime.Version())
}

// table prints a heading, aligned rows and notes. The first row names the columns.
func (r *report) table(title string, rows [][]string, notes ...string) {
	r.line("\n%s", title)
	w := tabwriter.NewWriter(r.to, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, row := range rows {
		fmt.Fprintln(w, strings.Join(row, "\t")+"\t")
	}
	w.Flush()
	for _, note := range notes {
		r.line("  %s", note)
	}
}

// micros is a duration in µs with three digits that mean something.
func micros(d time.Duration) string { return digits(float64(d.Nanoseconds()) / 1e3) }

func millis(d time.Duration) string { return digits(float64(d.Nanoseconds()) / 1e6) }

func digits(f float64) string {
	switch {
	case f >= 100:
		return fmt.Sprintf("%.0f", f)
	case f >= 10:
		return fmt.Sprintf("%.1f", f)
	}
	return fmt.Sprintf("%.2f", f)
}

func times(ratio float64) string { return fmt.Sprintf("%.2f×", ratio) }

// median returns the middle of what each run gave.
func median[T any, V float64 | time.Duration](runs []T, value func(T) V) V {
	values := make([]V, len(runs))
	for i, run := range runs {
		values[i] = value(run)
	}
	slices.Sort(values)
	n := len(values)
	if n == 0 {
		return 0
	}
	return (values[(n-1)/2] + values[n/2]) / 2
}
