package fault

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

// weakDisk makes the disk under a folder misbehave for this process, which asks the
// kernel to be told of its own writes (seccomp(2), user notification) and answers for
// it. So it needs neither a device nor a right, and the program under test knows
// nothing of it. Writing by the page (SQLite) and opening to write are told.
type weakDisk struct {
	folder string
	mode   atomic.Pointer[weakness]
	failed atomic.Int64 // calls that were failed or delayed
	heard  int          // the kernel's file of notifications
}

// weakness is how the disk misbehaves.
type weakness struct {
	errno  syscall.Errno // 0: none
	syncs  bool          // only what makes writes lasting fails
	chance float64       // of each call
	delay  time.Duration // at most
}

var weaknesses = map[string]*weakness{
	"sound":     {},
	"read-only": {errno: syscall.EROFS, chance: 1},
	"full":      {errno: syscall.ENOSPC, chance: 1},
	"dead":      {errno: syscall.EIO, chance: 1},
	"unsynced":  {errno: syscall.EIO, chance: 1, syncs: true},
	"flaky":     {errno: syscall.EIO, chance: 0.05},
	"slow":      {syncs: true, chance: 1, delay: 60 * time.Millisecond},
}

// What the kernel wants and gives: <linux/filter.h>, <linux/seccomp.h>.
type (
	instruction struct {
		code     uint16
		yes, not uint8
		value    uint32
	}
	program struct {
		length uint16
		first  *instruction
	}
	notification struct {
		id         uint64
		pid, flags uint32
		number     int32
		arch       uint32
		pointer    uint64
		args       [6]uint64
	}
	response struct {
		id    uint64
		value int64
		errno int32
		flags uint32
	}
)

const (
	loadWord, jumpEqual, jumpAny, giveBack = 0x20, 0x15, 0x45, 0x06

	thirdArgument   = 32 // where its low word stands in what a filter sees
	allow, notify   = 0x7fff0000, 0x7fc00000
	setFilter       = 1
	forAllThreads   = 1 | 1<<4 // one that cannot be reached is an error
	newListener     = 1 << 3
	noNewPrivileges = 38
	receive, send   = 0xc0502100, 0xc0182101
	goOn            = 1 // do the call after all
)

const opensToWrite = syscall.O_WRONLY | syscall.O_RDWR | syscall.O_CREAT

// newWeakDisk begins to hear of every call of this process that writes.
func newWeakDisk(folder string) (*weakDisk, error) {
	numbers := map[string]uintptr{"amd64": 317, "arm64": 277}
	told := []uint32{syscall.SYS_PWRITE64, syscall.SYS_FSYNC, syscall.SYS_FDATASYNC, syscall.SYS_FTRUNCATE}
	filter := []instruction{{code: loadWord}}
	for n, number := range told {
		filter = append(filter, instruction{jumpEqual, uint8(len(told) - n + 3), 0, number})
	}
	// Opening to read is not told. The C library does it on threads that hold up Go's
	// runtime (it counts processors when one begins), and with that whoever would answer.
	filter = append(filter, instruction{jumpEqual, 0, 2, syscall.SYS_OPENAT}, instruction{code: loadWord, value: thirdArgument}, instruction{jumpAny, 1, 0, opensToWrite},
		instruction{code: giveBack, value: allow}, instruction{code: giveBack, value: notify})
	p := program{uint16(len(filter)), &filter[0]}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if _, _, errno := syscall.RawSyscall(syscall.SYS_PRCTL, noNewPrivileges, 1, 0); errno != 0 {
		return nil, fmt.Errorf("giving up privileges: %w", errno)
	}
	fd, _, errno := syscall.RawSyscall(numbers[runtime.GOARCH], setFilter, forAllThreads|newListener, uintptr(unsafe.Pointer(&p)))
	if errno != 0 {
		return nil, fmt.Errorf("asking to be told of writes: %w", errno)
	}
	d := &weakDisk{folder: folder, heard: int(fd)}
	d.mode.Store(weaknesses["sound"])
	go d.hear()
	return d, nil
}

// hear answers one call after the other; a call waits until it is answered.
func (d *weakDisk) hear() {
	for {
		var n notification
		_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(d.heard), receive, uintptr(unsafe.Pointer(&n)))
		if errno != 0 {
			continue // the thread that called is gone, or a signal came
		}
		go d.judge(n)
	}
}

func (d *weakDisk) judge(n notification) {
	r := response{id: n.id, flags: goOn}
	w := d.mode.Load()
	syncs := n.number == syscall.SYS_FSYNC || n.number == syscall.SYS_FDATASYNC
	if *w != (weakness{}) && (!w.syncs || syncs) && rand.Float64() < w.chance && d.ours(n) {
		d.failed.Add(1)
		if w.delay > 0 {
			time.Sleep(rand.N(w.delay))
		}
		if w.errno != 0 {
			r.flags, r.errno = 0, -int32(w.errno)
		}
	}
	// A thread that is gone has no use for the answer.
	_, _, _ = syscall.Syscall(syscall.SYS_IOCTL, uintptr(d.heard), send, uintptr(unsafe.Pointer(&r)))
}

// ours reports whether a call would write below the folder.
func (d *weakDisk) ours(n notification) bool {
	path := ""
	if n.number == syscall.SYS_OPENAT {
		path = textAt(uintptr(n.args[1]))
	} else {
		path, _ = os.Readlink(fmt.Sprintf("/proc/self/fd/%d", n.args[0])) // empty: not ours
	}
	return strings.HasPrefix(path, d.folder+string(filepath.Separator))
}

// textAt reads a path of this very process, whose caller waits for us.
func textAt(at uintptr) string {
	memory, err := os.Open("/proc/self/mem")
	if err != nil {
		return ""
	}
	defer memory.Close()
	text := make([]byte, 512)
	n, _ := memory.ReadAt(text, int64(at)) // what is behind the path's end may not be there
	path, _, _ := strings.Cut(string(text[:n]), "\x00")
	return path
}

// routes lets the parent decide how the disk is.
func (d *weakDisk) routes(mux *http.ServeMux) {
	mux.HandleFunc("/disk", answers(func(context.Context) (checked, error) {
		return checked{Weak: d.failed.Load()}, nil
	}))
	mux.HandleFunc("/disk/{mode}", func(w http.ResponseWriter, r *http.Request) {
		mode := weaknesses[r.PathValue("mode")]
		if mode == nil {
			http.NotFound(w, r)
			return
		}
		d.mode.Store(mode)
		w.WriteHeader(http.StatusNoContent)
	})
}
