package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// deviceRooms are where keys in devices are measured: only there the module's own
// calls, without anything of ours around them, can be reached.
func deviceRooms() []deviceRoom {
	return []deviceRoom{
		{"PKCS#11 (SoftHSM)", "onecert/keys/internal/pkcs11"},
		{"SDF (software device of the tests)", "onecert/keys/internal/sdf"},
	}
}

type deviceRoom struct{ name, room string }

// devices shows what signing in a device costs beside the bare calls of its module. The
// rooms' own benchmarks measure; here their lines become a table.
func (b *bench) devices(ctx context.Context) error {
	rows := [][]string{{"", "µs", "floor µs", "ratio", "all processors, signatures/s", "floor/s, one"}}
	for _, d := range deviceRooms() {
		command := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", "^BenchmarkSign$",
			"-benchtime", pick(b, "100ms", "500ms"), d.room)
		output, err := command.CombinedOutput()
		if err != nil {
			return fmt.Errorf("measuring %s: %w\n%s", d.name, err, output)
		}
		found, err := benchmarkTimes(output)
		if err != nil {
			return fmt.Errorf("measuring %s: %w", d.name, err)
		}
		rows = append(rows, deviceTable(d.name, found)...)
	}
	b.out.table("Signing in devices, by key handle", rows,
		"Floor: the module's own calls, one after the other in one session, in C for SDF. The handle adds the pool of sessions,",
		"the signature's form, and the verification of each signature before it is let out.")
	return nil
}

// timed is one line of a benchmark.
type timed struct {
	name string // "rsa2048/bare"; "bare" where there is one suite
	each time.Duration
}

// benchmarkTimes reads what "go test -bench" prints.
func benchmarkTimes(output []byte) (all []timed, err error) {
	lines := bufio.NewScanner(bytes.NewReader(output))
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) < 4 || !strings.HasPrefix(fields[0], "Benchmark") || fields[3] != "ns/op" {
			continue
		}
		_, name, _ := strings.Cut(fields[0], "/")
		if at := strings.LastIndexByte(name, '-'); at > 0 && name[at+1:] != "parallel" {
			name = name[:at] // the number of processors
		}
		each, err := strconv.ParseFloat(fields[2], 64)
		if err != nil {
			return nil, fmt.Errorf("reading a benchmark: %w", err)
		}
		all = append(all, timed{name, time.Duration(each)})
	}
	if len(all) == 0 {
		return nil, errors.New("the benchmark printed nothing")
	}
	return all, nil
}

// deviceTable makes a row of each suite.
func deviceTable(device string, all []timed) (rows [][]string) {
	by := map[string]time.Duration{}
	var suites []string
	for _, t := range all {
		by[t.name] = t.each
		if suite, found := strings.CutSuffix(t.name, "bare"); found {
			suites = append(suites, suite)
		}
	}
	for _, suite := range suites {
		floor, key, together := by[suite+"bare"], by[suite+"key"], by[suite+"key-parallel"]
		if floor == 0 || key == 0 || together == 0 {
			continue
		}
		name := strings.TrimSuffix(suite, "/")
		if name == "" {
			name = "sm2"
		}
		rows = append(rows, []string{device + ", " + name, micros(key), micros(floor), times(key.Seconds() / floor.Seconds()),
			digits(1 / together.Seconds()), digits(1 / floor.Seconds())})
	}
	return rows
}
