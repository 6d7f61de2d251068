package main

import (
	"os"
	"testing"

	"onecert/cmd/internal/wire"
	"onecert/kmc"
	"onecert/pki"
	"onecert/pkitest"
)

// newZone is a CA and a centre that dials out to it, by the steps an operator takes.
func newZone(t *testing.T, link string) (w *town, accept string) {
	t.Helper()
	english(t)
	w = &town{T: t, dir: t.TempDir(), link: link}
	w.pass = file(t, "pass", []byte("a passphrase of the town\n"))
	accept = freePort(t)
	w.beginCA("--accept", accept)
	w.enrol("centre.security", w.caCodes["security"])
	w.enrol("centre.issuer", w.code("ca", "centre.issuer", "issuer"))

	codes := answers[made](w, "kmc", "init", "--dir", w.in("kmc"), "--host", "127.0.0.1", "--listen", "127.0.0.1:0", "--dial-out", accept,
		"--trust", w.in("ca", "trust.pem"), "--peer", "ca="+w.in("ca", "message.pem"), "--link", link).Codes
	w.refused("enrolment.unknown", "kmc", "enrol", "--config", w.in("kmc", "kmc.yaml"), "--server", "https://"+w.ca, "--code-file", w.secretFile("AAAA-AAAA"))
	w.does("kmc", "enrol", "--config", w.in("kmc", "kmc.yaml"), "--server", "https://"+w.ca, "--code-file", w.secretFile(w.code("ca", "kmc", "site")))
	w.certifyKMC("message")
	if err := wire.SetPool(w.in("kmc", "kmc.yaml"), map[pki.Suite]kmc.PoolSize{}); err != nil {
		t.Fatal(err)
	}
	w.kmc, w.stopKMC = w.serves("kmc", "kmc", "serve", "--config", w.in("kmc", "kmc.yaml"))

	w.as("centre.security", "officer", "join", "--kmc", "https://"+w.kmc, "--code-file", w.secretFile(codes["security"]))
	w.as("centre.security", "officer", "join", "--kmc", "https://"+w.kmc, "--code-file", w.secretFile(w.code("kmc", "ca", "site")),
		"--certificate", w.in("ca", "tls.pem"))
	w.does("ca", "link", "--config", w.in("ca", "ca.yaml"), "--calls-in", "kmc", "--centre", w.in("kmc", "message.pem"))
	w.startCA()
	return w, accept
}

// orders has a pair issued, as soon as the centre has called in.
func (t *town) orders(name, csr, holder string) {
	t.Helper()
	order := []string{"ca", "issue", "--profile", "person-sign", "--request", csr, "--holder", holder, "--as", t.in("id", "centre.issuer"), "--out", t.in(name)}
	t.await("the centre's connection", func() bool {
		_, stderr, code := onecert(t.T, append(order, "--json")...)
		if code != exitDone && errorIn(t.T, stderr)["kind"] != "unavailable" {
			t.Fatalf("%d %s", code, stderr)
		}
		return code == exitDone
	})
}

// A centre in a zone that lets nobody in answers the CA's orders over the connection it
// opened.
func TestInnerZone(t *testing.T) {
	w, _ := newZone(t, "tls")
	_, csr := w.request("sun", "/C=CN/O=示例市民政局/CN=孙七", sm2Key()...)
	w.orders("sun", csr, "SUN7")
	w.does("envelope", "open", "--in", w.in("sun", "envelope.sm2.der"), "--certificate", w.in("sun", "encrypt.pem"), "--key", w.in("sun.key"), "--out", w.in("sun-enc.key"), "--plain")
	belongs(w, w.in("sun-enc.key"), w.in("sun", "encrypt.pem"))
	if _, err := os.Stat(w.in("ca", "kmc-message.pem")); err != nil {
		t.Error(err)
	}
	w.refused("link.accept", "ca", "link", "--config", w.noAccept(), "--calls-in", "kmc", "--centre", w.in("kmc", "message.pem"))
}

// noAccept is a CA's configuration without an address to dial in at, nor a centre.
func (t *town) noAccept() string {
	t.Helper()
	c, err := wire.LoadCA(t.in("ca", "ca.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	c.Accept, c.KMC = "", nil
	path := t.in("ca", "none.yaml")
	if err := wire.Save(path, c); err != nil {
		t.Fatal(err)
	}
	return path
}

// freePort is an address nobody listens at.
func freePort(t *testing.T) string {
	t.Helper()
	return pkitest.FreeAddress(t)
}
