package wire

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"onecert/officer"
	"onecert/pki"
)

// HealthFile is what a component's health is measured by; zero values are the
// defaults.
type HealthFile struct {
	// Reserve is the free space, in MiB, below which nothing new is begun, so that
	// refusals, revocations and lists can still be written; 256.
	Reserve int `yaml:"reserve_mib,omitempty"`
	// BackupAge and DrillAge are how old the last backup and the last restore drill may
	// be; 26h and 2400h.
	BackupAge time.Duration `yaml:"backup_age,omitempty"`
	DrillAge  time.Duration `yaml:"drill_age,omitempty"`
}

const (
	defaultReserve   = 256
	defaultBackupAge = 26 * time.Hour
	defaultDrillAge  = 2400 * time.Hour
)

func (h HealthFile) check(path string) error {
	if h.Reserve < 0 || h.BackupAge < 0 || h.DrillAge < 0 {
		return pki.Errorf(pki.Invalid, "config.health", "%s: a value of health is below nothing", path).To("see the commented samples under deploy/")
	}
	return nil
}

// checkCare refuses what could never work.
func checkCare(path string, all []CopyFile, h HealthFile) error {
	for _, c := range all {
		if err := c.check(path); err != nil {
			return err
		}
	}
	return h.check(path)
}

func (h HealthFile) complete() HealthFile {
	if h.Reserve == 0 {
		h.Reserve = defaultReserve
	}
	if h.BackupAge == 0 {
		h.BackupAge = defaultBackupAge
	}
	if h.DrillAge == 0 {
		h.DrillAge = defaultDrillAge
	}
	return h
}

// space is a folder something is written to.
type space struct{ name, dir string }

// capacity is a file system's.
type capacity struct{ free, size uint64 } // octets, for those without privileges

// statfs asks the file system of a folder, or of what it will be made in.
func statfs(dir string) (capacity, error) {
	for {
		var s syscall.Statfs_t
		err := syscall.Statfs(dir, &s)
		if err == nil {
			return capacity{s.Bavail * uint64(s.Bsize), s.Blocks * uint64(s.Bsize)}, nil
		}
		if above := filepath.Dir(dir); err == syscall.ENOENT && above != dir {
			dir = above
			continue
		}
		return capacity{}, fmt.Errorf("asking for the free space of %s: %w", dir, err)
	}
}

// spaces are the folders of a component by what is written there. A database on a
// server has its own disk, which only that server sees.
func spaces(dir, source, heads string, more ...space) []space {
	all := []space{{"heads", resolve(dir, heads)}}
	if path, ok := strings.CutPrefix(source, "sqlite:"); ok {
		all = append(all, space{"database", filepath.Dir(path)})
	}
	return append(all, more...)
}

// reserve refuses to begin anything new while a disk is nearly full.
type reserve struct {
	spaces []space
	least  uint64 // octets
	now    func() time.Time
	ask    func(dir string) (capacity, error)

	mu  sync.Mutex
	at  time.Time
	err error
}

// reserveEvery is how long an answer of the disks is believed.
const reserveEvery = time.Second

func newReserve(mib int, now func() time.Time, all []space) *reserve {
	return &reserve{spaces: all, least: uint64(mib) << 20, now: now, ask: statfs}
}

// check says what disk is nearly full, nil if none.
func (r *reserve) check() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now := r.now(); !r.at.IsZero() && !now.Before(r.at) && now.Sub(r.at) < reserveEvery {
		return r.err
	}
	r.at, r.err = r.now(), nil
	for _, s := range r.spaces {
		has, err := r.ask(s.dir)
		if err == nil && has.free < r.least && r.err == nil {
			r.err = pki.Errorf(pki.Unavailable, "disk.reserve", "the disk of %s has only %d MiB left, so nothing new is begun", s.dir, has.free>>20).
				To("make room: what is kept free is for revocations, lists and the audit log")
		}
	}
	return r.err
}

// begins are the operations that make something new. Holding, revoking, signing lists
// and the log of refusals go on: what is kept free is for them.
func begins(op officer.Operation) bool {
	return slices.Contains([]officer.Operation{officer.Issue, officer.Renew, officer.Reissue, officer.Modify, officer.Generate, officer.FillPool}, op)
}

// guarded is a check of rights that also keeps the reserve.
func guarded(check func(context.Context, officer.Operation) (pki.Actor, error), r *reserve) func(context.Context, officer.Operation) (pki.Actor, error) {
	return func(ctx context.Context, op officer.Operation) (pki.Actor, error) {
		actor, err := check(ctx, op)
		if err == nil && begins(op) {
			err = r.check()
		}
		if err != nil {
			return pki.Actor{}, err
		}
		return actor, nil
	}
}
