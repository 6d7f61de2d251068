package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// jiffy is the unit of times in /proc (USER_HZ is 100 on every Linux).
const jiffy = 10 * time.Millisecond

// ownTime is the processor time this process has used.
func ownTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// treeTime is the processor time of a process and of everything it has started,
// also of what has ended since and was waited for.
func treeTime(root int) time.Duration {
	if root == 0 {
		return 0
	}
	var total time.Duration
	for _, pid := range tree(root) {
		for _, field := range statFields(pid, 14, 15, 16, 17) { // utime stime cutime cstime
			total += time.Duration(field) * jiffy
		}
	}
	return total
}

// tree lists a process and its descendants.
func tree(root int) []int {
	children := map[int][]int{}
	all, _ := filepath.Glob("/proc/[0-9]*")
	for _, path := range all {
		pid, err := strconv.Atoi(filepath.Base(path))
		if parent := statFields(pid, 4); err == nil && parent != nil {
			children[int(parent[0])] = append(children[int(parent[0])], pid)
		}
	}
	list := []int{root}
	for i := 0; i < len(list); i++ {
		list = append(list, children[list[i]]...)
	}
	return list
}

// statFields reads fields of /proc/PID/stat by their number in proc(5), nil if the
// process is gone.
func statFields(pid int, numbers ...int) []int64 {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil
	}
	// The command's name stands in parentheses and may hold anything.
	text := string(data)
	fields := strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
	values := make([]int64, len(numbers))
	for i, n := range numbers {
		if n-3 >= len(fields) {
			return nil
		}
		values[i], _ = strconv.ParseInt(fields[n-3], 10, 64)
	}
	return values
}

// machineTime is what all processes and the kernel have used since the start.
func machineTime() time.Duration {
	data, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0
	}
	first, _, _ := strings.Cut(string(data), "\n")
	fields := strings.Fields(first)
	var total time.Duration
	for _, i := range []int{1, 2, 3, 6, 7} { // user nice system irq softirq
		if i < len(fields) {
			n, _ := strconv.ParseInt(fields[i], 10, 64)
			total += time.Duration(n) * jiffy
		}
	}
	return total
}
