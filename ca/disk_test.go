package ca_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"onecert/ca"
	"onecert/pki"
)

// inSmallDisk runs a test again in a process with a mount namespace of its own, where
// it may mount a small tmpfs; it returns the folder there and "" in the first process.
// An unprivileged user gets the right from a user namespace.
func inSmallDisk(t *testing.T) string {
	t.Helper()
	const mark = "CA_TEST_DISK"
	if folder := os.Getenv(mark); folder != "" {
		if err := syscall.Mount("none", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
			t.Fatal(err)
		}
		if err := syscall.Mount("tmpfs", folder, "tmpfs", 0, "size=4m"); err != nil {
			t.Fatal(err)
		}
		return folder
	}
	child := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	child.Env = append(os.Environ(), mark+"="+t.TempDir())
	child.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
	if os.Geteuid() != 0 {
		child.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		child.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		child.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	if out, err := child.CombinedOutput(); err != nil {
		t.Errorf("on a small disk: %v\n%s", err, out)
	}
	return ""
}

// fill leaves no space; remove the file to have it back.
func fill(t *testing.T, folder string) (file string) {
	t.Helper()
	file = filepath.Join(folder, "ballast")
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for err == nil {
		_, err = f.Write(make([]byte, 4096))
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	return file
}

// A full disk under the database: acts refuse, nothing is half done, and all goes on
// when there is space.
func TestDatabaseDiskFull(t *testing.T) {
	folder := inSmallDisk(t)
	if folder == "" {
		return
	}
	h := open(t, "sqlite:"+filepath.Join(folder, "ca.db"), nil)
	good := mustIssue(t, h, order(t, "before", pki.SM2))
	o := order(t, "refused", pki.SM2)
	for range 2 {
		ballast := fill(t, folder)
		_, err := h.Issue(as("office"), o)
		wantCode(t, err, pki.Unavailable, "ca.store")
		_, err = h.Hold(as("office"), "sm2", good.Sign.Serial)
		wantCode(t, err, pki.Unavailable, "ca.store")
		_, err = h.SignCRLs(as("office"), "sm2")
		wantCode(t, err, pki.Unavailable, "ca.store")
		if c, err := h.Show(as("office"), "sm2", good.Sign.Serial); err != nil || c.State != pki.Valid {
			t.Errorf("half a hold: %v %v", c, err)
		}
		h.checkInvariants()
		if err := os.Remove(ballast); err != nil {
			t.Fatal(err)
		}
	}
	mustIssue(t, h, o)
	if _, err := h.SignCRLs(as("office"), "sm2"); err != nil {
		t.Error(err)
	}
}

// A full disk under the lists: the one published before stays whole, and the next one
// that fits has a higher number.
func TestListDiskFull(t *testing.T) {
	folder := inSmallDisk(t)
	if folder == "" {
		return
	}
	h := open(t, sqlite(t), func(c *ca.Config) { c.CRL.Dir = folder })
	first, err := h.SignCRLs(as("office"), "sm2")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(folder, "sm2", "complete.crl")
	ballast := fill(t, folder)
	_, err = h.SignCRLs(as("office"), "sm2")
	wantCode(t, err, pki.Unavailable, "crl.publish")
	if there, err := os.ReadFile(file); err != nil || string(there) != string(first[0].DER) {
		t.Errorf("the list published before is not whole: %v", err)
	}
	mustIssue(t, h, order(t, "meanwhile", pki.SM2)) // the database has space
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	next, err := h.SignCRLs(as("office"), "sm2")
	if err != nil || next[0].Number <= first[0].Number {
		t.Fatalf("with space: %v", err)
	}
	if there, err := os.ReadFile(file); err != nil || string(there) != string(next[0].DER) {
		t.Errorf("the list is not published: %v", err)
	}
	if left, err := filepath.Glob(filepath.Join(folder, "sm2", ".new-*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}
