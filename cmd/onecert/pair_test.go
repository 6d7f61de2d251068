package main

import (
	"bytes"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/emmansun/gmsm/smx509"

	"onecert/ca"
	"onecert/cmd/internal/wire"
	"onecert/officer"
	"onecert/pki"
)

// tap passes connections on and keeps how each began, in either direction.
type tap struct {
	address string
	mu      sync.Mutex
	begun   []string // "TLCP" or what else the first record of each side said
}

func newTap(t *testing.T, to string) *tap {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	w := &tap{address: listener.Addr().String()}
	go func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", to)
			if err != nil {
				near.Close()
				continue
			}
			go w.carry(far, near)
			go w.carry(near, far)
		}
	}()
	return w
}

// carry notes the header of the first record: type, then version (GB/T 38636 6.3.2).
func (w *tap) carry(to, from net.Conn) {
	defer to.Close()
	head := make([]byte, 3)
	if _, err := io.ReadFull(from, head); err != nil {
		return
	}
	said := fmt.Sprintf("type %d, version %x", head[0], head[1:])
	if head[0] == 22 && head[1] == 1 && head[2] == 1 {
		said = "TLCP"
	}
	w.mu.Lock()
	w.begun = append(w.begun, said)
	w.mu.Unlock()
	if _, err := to.Write(head); err == nil {
		io.Copy(to, from)
	}
}

// only refuses a way on which nothing went, or anything but one protocol.
func (w *tap) only(t *testing.T, name, protocol string) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.begun) < 2 || slices.ContainsFunc(w.begun, func(said string) bool { return said != protocol }) {
		t.Errorf("%s: on the wire went %d hellos: %q", name, len(w.begun), w.begun)
	}
	w.begun = nil
}

// nation is a town whose components speak TLCP, and what goes over each way.
type nation struct {
	*town
	toKMC, toCA *tap
}

// speakTLCP takes the steps of docs/tlcp.md from a town that speaks TLS.
func speakTLCP(w *town) *nation {
	w.Helper()
	w.await("the CA's own pair", func() bool { _, err := os.Stat(w.in("ca", "pair.pem")); return err == nil })
	w.refused("enrolment.unknown", "pair", "enrol", "--config", w.in("kmc", "kmc.yaml"), "--code-file", w.secretFile("AAAA-AAAA"))
	out := w.does("pair", "enrol", "--config", w.in("kmc", "kmc.yaml"), "--code-file", w.secretFile(w.code("ca", "kmc", "site")))
	if !strings.Contains(out, "The pair of kmc is there") || !strings.Contains(out, "protocol: tlcp") {
		w.Errorf("%s", out)
	}
	w.does("pair", "join", "--config", w.in("ca", "ca.yaml"), "--code-file", w.secretFile(w.code("kmc", "ca", "site")))
	n := &nation{w, newTap(w.T, w.kmc), newTap(w.T, w.ca)}
	w.change("ca", "protocol: tls", "protocol: tlcp")
	w.change("ca", "url: https://"+w.kmc, "url: https://"+n.toKMC.address)
	w.change("kmc", "protocol: tls", "protocol: tlcp")
	w.change("kmc", "ca: https://"+w.ca, "ca: https://"+n.toCA.address)
	w.change("kmc", "listen: 127.0.0.1:0", "listen: "+w.kmc)
	w.stopKMC()
	w.kmc, w.stopKMC = w.serves("kmc", "kmc", "serve", "--config", w.in("kmc", "kmc.yaml"))
	w.startCA()
	return n
}

// change writes other words into a configuration.
func (t *town) change(component, from, to string) {
	t.Helper()
	path := t.in(component, component+".yaml")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(text, []byte(from)) {
		t.Fatalf("%s does not say %q:\n%s", path, from, text)
	}
	if err := os.WriteFile(path, bytes.Replace(text, []byte(from), []byte(to), 1), 0o600); err != nil {
		t.Fatal(err)
	}
}

// The life of a town once more, with TLCP between its components: every record that
// goes between them is of TLCP, and the officers' verbs stay what they are.
func TestLifeOverTLCP(t *testing.T) {
	w := speakTLCP(newTownOf(t, "tlcp"))
	pairsOfTheTown(w)
	nodeOfTheTown(w)
	liveThrough(t, w.town)
	w.toKMC.only(t, "from the CA to the centre", "TLCP")
	w.toCA.only(t, "from the centre and the node to the CA", "TLCP")
}

// pairsOfTheTown looks at what the components show each other.
func pairsOfTheTown(w *nation) {
	w.Helper()
	for _, component := range []string{"ca", "kmc"} {
		all := certificates(w.town, w.in(component, "pair.pem"))
		if len(all) != 3 || all[0].KeyUsage != smx509.KeyUsageDigitalSignature || all[1].KeyUsage&smx509.KeyUsageKeyEncipherment == 0 || !all[2].IsCA {
			w.Errorf("%s: the pair's file holds %d certificates", component, len(all))
		}
		if out := w.does("config", "check", w.in(component, component+".yaml")); !strings.Contains(out, "✓ pair\n") {
			w.Errorf("%s", out)
		}
	}
	roles := map[string]string{}
	for _, o := range answers[[]officer.Officer](w.town, "officer", "list", "--at", "ca", "--as", w.in("id", "centre.audit")) {
		roles[o.Name] = strings.Join(o.Roles, " ")
	}
	if roles["kmc"] != "site" {
		w.Errorf("the centre is no site at the CA: %v", roles)
	}
	// The encryption key is escrowed as every other: an auditor sees whose it is.
	shown := answers[ca.Certificate](w.town, "ca", "show", w.in("kmc", "pair.pem"), "--as", w.in("id", "centre.audit"))
	if shown.Profile != ca.SitePair || shown.Partner == "" || shown.State != pki.Valid {
		w.Errorf("%+v", shown)
	}
}

func certificates(t *town, path string) (all []*smx509.Certificate) {
	t.Helper()
	text := contentOf(t.T, path)
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		c, err := smx509.ParseCertificate(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
	}
	return all
}

func contentOf(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// nodeOfTheTown follows the CA over TLCP and tells of a revocation.
func nodeOfTheTown(w *nation) {
	w.Helper()
	public := freePort(w.T)
	w.does("node", "init", "--dir", w.in("node"), "--host", "127.0.0.1", "--listen", "127.0.0.1:0", "--public", public,
		"--ca", "https://"+w.ca, "--trust", w.in("ca", "trust.pem"), "--link", "tlcp")
	config := w.in("node", "node.yaml")
	w.does("node", "enrol", "--config", config, "--code-file", w.secretFile(w.code("ca", "status1", "node")))
	w.change("node", "protocol: tls", "protocol: tlcp")
	w.refused("link.protocol", "node", "serve", "--config", config)
	w.does("pair", "enrol", "--config", config, "--code-file", w.secretFile(w.code("ca", "status1", "node")))
	w.change("node", "ca: https://"+w.ca, "ca: https://"+w.toCA.address)
	_, stop := w.serves("node", "node", "serve", "--config", config)
	defer stop()

	_, csr := w.request("wu", "/C=CN/O=示例市民政局/CN=吴八", sm2Key()...)
	w.as("centre.issuer", "ca", "issue", "--profile", "person-sign", "--request", csr, "--holder", "WU8", "--out", w.in("wu"))
	asked := func(state string) func() bool {
		return func() bool {
			out, _, _ := onecert(w.T, "status", w.in("wu", "encrypt.pem"), "--url", "http://"+public)
			return strings.Contains(out, state)
		}
	}
	w.await("the node's copy", asked("valid"))
	w.as("centre.reviewer", "ca", "revoke", w.in("wu", "sign.pem"), "--reason", "keyCompromise")
	w.await("the node's word of the revocation", asked("revoked"))
	w.toCA.only(w.T, "from the node to the CA", "TLCP")
}

// A centre in an inner zone and its CA go over to TLCP, and calls travel back over it.
func TestInnerZoneOverTLCP(t *testing.T) {
	w, accept := newZone(t, "tlcp")
	_, csr := w.request("feng", "/C=CN/O=示例市民政局/CN=冯九", sm2Key()...)
	w.orders("feng", csr, "FENG9")
	w.await("the CA's own pair", func() bool { _, err := os.Stat(w.in("ca", "pair.pem")); return err == nil })
	w.does("pair", "enrol", "--config", w.in("kmc", "kmc.yaml"), "--server", "https://"+w.ca, "--code-file", w.secretFile(w.code("ca", "kmc", "site")))
	w.as("centre.security", "officer", "join", "--kmc", "https://"+w.kmc, "--code-file", w.secretFile(w.code("kmc", "ca", "site")),
		"--certificate", w.in("ca", "pair.pem"))
	way := newTap(t, accept)
	for _, component := range []string{"ca", "kmc"} {
		w.change(component, "protocol: tls", "protocol: tlcp")
	}
	w.change("kmc", "address: "+accept, "address: "+way.address)
	w.stopKMC()
	w.startCA()
	w.serves("kmc", "kmc", "serve", "--config", w.in("kmc", "kmc.yaml"))
	_, csr = w.request("chen", "/C=CN/O=示例市民政局/CN=陈十", sm2Key()...)
	w.orders("chen", csr, "CHEN10")
	way.only(t, "from the centre to the CA", "TLCP")
}

// What a configuration may not say, and who may not have a pair.
func TestPairRefusals(t *testing.T) {
	english(t)
	w := &town{T: t, dir: t.TempDir(), link: "tlcp"}
	w.pass = file(t, "pass", []byte("a passphrase of the town\n"))
	w.beginCA()
	w.enrol("centre.security", w.caCodes["security"])
	config := w.in("ca", "ca.yaml")
	w.refused("link.none", "pair", "join", "--config", config, "--code-file", w.secretFile("AAAA-AAAA"))
	w.refused("config.component", "pair", "enrol", "--config", config, "--code-file", w.secretFile("AAAA-AAAA"))
	w.refused("init.link", "ca", "init", "--dir", w.in("other"), "--organisation", "示例省", "--host", "ca.gov.example", "--url", "http://pki.gov.example", "--link", "ssl")
	w.refused("init.link", "ca", "init", "--dir", w.in("other"), "--organisation", "示例省", "--host", "ca.gov.example", "--url", "http://pki.gov.example", "--families", "ecdsa", "--link", "tlcp")
	w.refused("init.link", "kmc", "init", "--dir", w.in("kmc"), "--host", "kmc.gov.example", "--trust", w.in("ca", "trust.pem"), "--link", "ssl")
	if _, err := os.Stat(w.in("kmc", "keys")); err == nil {
		t.Error("a refused init made keys")
	}
	// An officer's code makes no pair.
	_, csr := w.request("qian", "/C=CN/O=示例市民政局/CN=钱", sm2Key()...)
	_, err := wire.Enrol(t.Context(), "https://"+w.ca, contentOf(t, w.in("ca", "trust.pem")), ca.Enrolment{Code: w.code("ca", "somebody", "issuer"),
		Request: contentOf(t, csr), Pair: true})
	if pki.CodeOf(err) != "enrolment.pair" {
		t.Errorf("an officer's pair: %v", err)
	}
	text := string(contentOf(t, config))
	whole := text[strings.Index(text, "pair:\n"):]
	whole = whole[:strings.Index(whole, "certificate: pair.pem\n")+len("certificate: pair.pem\n")]
	for code, change := range map[string][2]string{
		"config.protocol":      {"protocol: tls", "protocol: ssl"},
		"config.protocol-pair": {"protocol: tls\n" + whole, "protocol: tlcp\n"},
		"config.missing":       {"certificate: pair.pem", "certificate: \"\""},
		"config.pair-hardware": {"encrypt_key: file:keys/pair-encrypt.pem?pass=file%3Apassphrase", "encrypt_key: pkcs11:token=a;object=b?module-path=/m.so"},
	} {
		changed := strings.Replace(text, change[0], change[1], 1)
		if changed == text {
			t.Fatalf("%s: nothing to change in\n%s", code, text)
		}
		path := filepath.Join(w.in("ca"), code+".yaml")
		if err := os.WriteFile(path, []byte(changed), 0o600); err != nil {
			t.Fatal(err)
		}
		w.refused(code, "config", "check", path)
	}
}
