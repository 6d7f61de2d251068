package main

import (
	"bufio"
	"context"
	"io"
	"os"
	"strings"
	"testing"

	"onecert/ca"
	"onecert/kmc"
)

// A town whose two components were parted goes on in one process, from the same two
// files, and then parted again: an order, its pair, a recovery by a custodian.
func TestServeTogether(t *testing.T) {
	w := newTown(t)
	issue := func(name string) ca.Certificate {
		_, csr := w.request(name, "/C=CN/O=示例市民政局/CN="+name, sm2Key()...)
		w.as("centre.issuer", "ca", "issue", "--profile", "person-sign", "--request", csr, "--holder", "H-"+name, "--out", w.in(name))
		return answers[ca.Certificate](w, "ca", "show", w.in(name, "encrypt.pem"), "--as", w.in("id", "centre.audit"))
	}
	before := issue("parted")
	w.stopCA()
	w.stopKMC()
	w.fixed("kmc", w.kmc)
	stop := w.servesBoth()
	issue("together")
	_, csr := w.request("again", "/C=CN/O=示例市民政局/CN=parted", sm2Key()...)
	w.as("centre.issuer", "ca", "reissue", w.in("parted", "sign.pem"), "--request", csr, "--out", w.in("again"))
	w.as("centre.custodian", "kmc", "recover", "--serial", string(before.Serial), "--certificate", w.in("again", "sign.pem"), "--reason", "2026-1", "--out", w.in("old.der"))
	full := answers[kmc.Status](w, "kmc", "fill", "--as", w.in("id", "centre.system"))
	for _, s := range full.Suites {
		if s.Spare < s.Target {
			t.Errorf("%s: %d of %d", s.Suite, s.Spare, s.Target)
		}
	}
	w.refused("ca.lease", "ca", "serve", "--config", w.in("ca", "ca.yaml"))
	stop()
	w.kmc, _ = w.serves("kmc", "kmc", "serve", "--config", w.in("kmc", "kmc.yaml"))
	w.startCA()
	issue("parted-again")
}

// fixed writes the address a component listened at into its configuration.
func (t *town) fixed(component, address string) {
	t.Helper()
	path := t.in(component, component+".yaml")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(text), "listen: 127.0.0.1:0", "listen: "+address, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
}

// servesBoth runs onecert serve until stopped.
func (t *town) servesBoth() (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	read, write := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		ended <- runUntil(ctx, []string{"serve", "--ca", t.in("ca", "ca.yaml"), "--kmc", t.in("kmc", "kmc.yaml")}, strings.NewReader(""), write, io.Discard)
		write.Close()
	}()
	listening := map[string]bool{}
	for lines := bufio.NewScanner(read); len(listening) < 3 && lines.Scan(); {
		if name, _, ok := strings.Cut(lines.Text(), " listens at "); ok {
			listening[name] = true
		}
	}
	go io.Copy(io.Discard, read)
	if !listening["ca"] || !listening["kmc"] || !listening["ca public"] {
		t.Fatalf("listening: %v", listening)
	}
	return func() {
		cancel()
		if code := <-ended; code != exitDone {
			t.Errorf("onecert serve ended with exit code %d", code)
		}
	}
}
