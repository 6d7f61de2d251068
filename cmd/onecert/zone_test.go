package main

import (
	"os"
	"testing"

	"onecert/cmd/internal/wire"
	"onecert/kmc"
	"onecert/pki"
	"onecert/pkitest"
)

// A centre in a zone that lets nobody in dials out to the CA, by the steps an
// operator takes, and answers the CA's orders over that connection.
func TestInnerZone(t *testing.T) {
	english(t)
	w := &town{T: t, dir: t.TempDir()}
	w.pass = file(t, "pass", []byte("a passphrase of the town\n"))
	accept := freePort(t)
	w.beginCA("--accept", accept)
	w.enrol("centre.security", w.caCodes["security"])
	w.enrol("centre.issuer", w.code("ca", "centre.issuer", "issuer"))

	codes := answers[made](w, "kmc", "init", "--dir", w.in("kmc"), "--host", "127.0.0.1", "--listen", "127.0.0.1:0", "--dial-out", accept,
		"--trust", w.in("ca", "trust.pem"), "--peer", "ca="+w.in("ca", "message.pem")).Codes
	w.refused("enrolment.unknown", "kmc", "enrol", "--config", w.in("kmc", "kmc.yaml"), "--server", "https://"+w.ca, "--code-file", w.secretFile("AAAA-AAAA"))
	w.does("kmc", "enrol", "--config", w.in("kmc", "kmc.yaml"), "--server", "https://"+w.ca, "--code-file", w.secretFile(w.code("ca", "kmc", "site")))
	w.certifyKMC("message")
	if err := wire.SetPool(w.in("kmc", "kmc.yaml"), map[pki.Suite]kmc.PoolSize{}); err != nil {
		t.Fatal(err)
	}
	w.kmc, _ = w.serves("kmc", "kmc", "serve", "--config", w.in("kmc", "kmc.yaml"))

	w.as("centre.security", "officer", "join", "--kmc", "https://"+w.kmc, "--code-file", w.secretFile(codes["security"]))
	w.as("centre.security", "officer", "join", "--kmc", "https://"+w.kmc, "--code-file", w.secretFile(w.code("kmc", "ca", "site")),
		"--certificate", w.in("ca", "tls.pem"))
	w.does("ca", "link", "--config", w.in("ca", "ca.yaml"), "--calls-in", "kmc", "--centre", w.in("kmc", "message.pem"))
	w.startCA()

	_, csr := w.request("sun", "/C=CN/O=示例市民政局/CN=孙七", sm2Key()...)
	order := []string{"ca", "issue", "--profile", "person-sign", "--request", csr, "--holder", "SUN7", "--as", w.in("id", "centre.issuer"), "--out", w.in("sun")}
	w.await("the centre's connection", func() bool {
		_, stderr, code := onecert(t, append(order, "--json")...)
		if code != exitDone && errorIn(t, stderr)["kind"] != "unavailable" {
			t.Fatalf("%d %s", code, stderr)
		}
		return code == exitDone
	})
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
