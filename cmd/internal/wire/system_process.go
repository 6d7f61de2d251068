package wire

import (
	"bytes"
	"os"
	"runtime"
	"strconv"
	"syscall"
	"time"
)

// ProcessFigures are those of the process a component runs in. Several components in one
// process show the same.
type ProcessFigures struct {
	CPU        float64     `json:"cpu_seconds"`
	Memory     int64       `json:"memory" doc:"octets in use of the machine's memory (resident)"`
	Goroutines int         `json:"goroutines"`
	Files      int         `json:"open_files"`
	FilesMost  uint64      `json:"open_files_most" doc:"how many the system allows"`
	Processors int         `json:"processors"`
	Disks      []DiskState `json:"disks" doc:"of the folders the component writes to"`
}

// DiskState is the file system of a folder.
type DiskState struct {
	Place string `json:"place" doc:"what is written there: database, heads, lists, log"`
	Free  uint64 `json:"free" doc:"octets"`
	Size  uint64 `json:"size" doc:"octets; 0 where the file system cannot be asked"`
}

// figures asks the system. What it does not say is 0.
func figures(places []space) ProcessFigures {
	p := ProcessFigures{Goroutines: runtime.NumGoroutine(), Processors: runtime.GOMAXPROCS(0), Memory: resident(), Disks: []DiskState{}}
	var used syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &used) == nil {
		p.CPU = time.Duration(used.Utime.Nano() + used.Stime.Nano()).Seconds()
	}
	if open, err := os.ReadDir("/proc/self/fd"); err == nil {
		p.Files = len(open)
	}
	var most syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &most) == nil {
		p.FilesMost = most.Cur
	}
	for _, s := range places {
		has, _ := statfs(s.dir) // one that does not answer is an item among the checks
		p.Disks = append(p.Disks, DiskState{Place: s.name, Free: has.free, Size: has.size})
	}
	return p
}

// resident reads the second number of /proc/self/statm, in pages (proc(5)).
func resident() int64 {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	fields := bytes.Fields(text)
	if len(fields) < 2 {
		return 0
	}
	pages, err := strconv.ParseInt(string(fields[1]), 10, 64)
	if err != nil {
		return 0
	}
	return pages * int64(os.Getpagesize())
}
