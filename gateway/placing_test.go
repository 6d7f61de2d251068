package gateway_test

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/smx509"
)

// The two ways to put a gateway into a network (features G15), each in networks of its
// own inside this machine: hosts are network namespaces.
//
// In line, it stands between two networks and is the only way from one to the other. With
// one arm it is a host beside the servers, which let nobody else in. In both, the people's
// network reaches the application only through the door; and a neighbour of the server,
// who does reach it, cannot make up an identity, because that is signed.

// The parts a namespace's process can be; see TestInANamespace.
const (
	envPart    = "ONECERT_TEST_PART"
	envListen  = "ONECERT_TEST_LISTEN"
	envBackend = "ONECERT_TEST_BACKEND"
	envFolder  = "ONECERT_TEST_FOLDER"
	envKey     = "ONECERT_TEST_KEY"
)

// network is a set of namespaces with names nobody else uses.
type network struct {
	t      *testing.T
	prefix string
	n      int
}

func newNetwork(t *testing.T) *network {
	if os.Geteuid() != 0 {
		t.Fatal("networks inside the machine need root")
	}
	return &network{t: t, prefix: fmt.Sprintf("oc%d", os.Getpid())}
}

func (n *network) host(name string) string {
	full := n.prefix + name
	n.run("ip", "netns", "add", full)
	n.t.Cleanup(func() { exec.Command("ip", "netns", "del", full).Run() })
	n.run("ip", "-n", full, "link", "set", "lo", "up")
	return full
}

// wire connects two hosts, each end with a name there, and an address unless empty.
func (n *network) wire(a, nameA, addressA, b, nameB, addressB string) {
	n.n++
	left, right := fmt.Sprintf("%sl%d", n.prefix, n.n), fmt.Sprintf("%sr%d", n.prefix, n.n)
	n.run("ip", "link", "add", left, "type", "veth", "peer", "name", right)
	for _, end := range [][4]string{{a, left, nameA, addressA}, {b, right, nameB, addressB}} {
		n.run("ip", "link", "set", end[1], "netns", end[0])
		n.run("ip", "-n", end[0], "link", "set", end[1], "name", end[2])
		if end[3] != "" {
			n.run("ip", "-n", end[0], "addr", "add", end[3], "dev", end[2])
		}
		n.run("ip", "-n", end[0], "link", "set", end[2], "up")
	}
}

// hub connects hosts to one network: a switch.
func (n *network) hub(addresses map[string]string) {
	hub := n.host("hub")
	n.run("ip", "-n", hub, "link", "add", "br0", "type", "bridge")
	n.run("ip", "-n", hub, "link", "set", "br0", "up")
	for host, address := range addresses {
		port := fmt.Sprintf("p%d", n.n)
		n.wire(hub, port, "", host, "eth0", address)
		n.run("ip", "-n", hub, "link", "set", port, "master", "br0")
	}
}

func (n *network) run(name string, args ...string) {
	n.t.Helper()
	if out, err := exec.CommandContext(n.t.Context(), name, args...).CombinedOutput(); err != nil {
		n.t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}

// start runs a part of this test in a host and returns the line it says when it is ready.
func (n *network) start(host, part string, env ...string) string {
	n.t.Helper()
	command := exec.Command("ip", "netns", "exec", host, os.Args[0], "-test.run", "^TestInANamespace$", "-test.v")
	command.Env = append(append(os.Environ(), envPart+"="+part), env...)
	hold, err := command.StdinPipe() // its end is the part's end
	if err != nil {
		n.t.Fatal(err)
	}
	out, err := command.StdoutPipe()
	if err != nil {
		n.t.Fatal(err)
	}
	command.Stderr = os.Stderr
	if err := command.Start(); err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(func() { hold.Close(); command.Wait() })
	var said strings.Builder
	for r := bufio.NewScanner(out); r.Scan(); {
		if line, ok := strings.CutPrefix(r.Text(), "ready "); ok {
			go io.Copy(io.Discard, out)
			return line
		}
		said.WriteString(r.Text() + "\n")
	}
	n.t.Fatalf("%s did not start:\n%s", part, said.String())
	return ""
}

// curl asks from a host, as people and neighbours do.
func (n *network) curl(host string, args ...string) (string, error) {
	args = append([]string{"netns", "exec", host, "curl", "-sS", "--max-time", "4", "-w", "\n%{http_code}"}, args...)
	out, err := exec.CommandContext(n.t.Context(), "ip", args...).CombinedOutput()
	return string(out), err
}

// TestInANamespace is the part of another test that runs inside a host.
func TestInANamespace(t *testing.T) {
	switch os.Getenv(envPart) {
	case "gateway":
		playGateway(t)
	case "backend":
		playBackend(t)
	}
}

// playGateway is a gateway whose application gets a signed assertion; it leaves what a
// client needs in a folder.
func playGateway(t *testing.T) {
	h := newHouse(t)
	h.apply(h.document(h.address, os.Getenv(envListen), h.back.URL, os.Getenv(envBackend), `"sets": ["koal", "jit", "rfc9440"]`, `"sets": ["jit"], "assertion": {"audience": "ledger"}`))
	alice := h.ca.issue("张三", nil)
	key, err := x509.MarshalPKCS8PrivateKey(alice.key)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{"ca.pem": h.ca.pem(), "alice.pem": asPEM(alice.cert.Raw), "alice.key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}))} {
		if err := os.WriteFile(filepath.Join(os.Getenv(envFolder), name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	public, err := smx509.MarshalPKIXPublicKey(h.assertion.Public())
	if err != nil {
		t.Fatal(err)
	}
	fmt.Printf("\nready %s\n", hex.EncodeToString(public))
	io.Copy(io.Discard, os.Stdin)
}

// playBackend is an application that believes the assertion alone.
func playBackend(t *testing.T) {
	der, err := hex.DecodeString(os.Getenv(envKey))
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		t.Fatal(err)
	}
	go http.ListenAndServe(os.Getenv(envListen), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who, err := believe(r.Header.Get("X-OneCert-Assertion"), public.(*ecdsa.PublicKey))
		if err != nil {
			http.Error(w, "not signed by the gateway: "+err.Error(), http.StatusUnauthorized)
			return
		}
		fmt.Fprintf(w, "welcome %s, called %s", who, r.Header.Get("Dnname"))
	}))
	fmt.Printf("\nready backend\n")
	io.Copy(io.Discard, os.Stdin)
}

// believe verifies an assertion as an application would, by RFC 7515 and the standard
// library alone.
func believe(token string, key *ecdsa.PublicKey) (subject string, err error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 || key.Curve != elliptic.P256() {
		return "", fmt.Errorf("no assertion")
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil || len(signature) != 64 {
		return "", fmt.Errorf("a signature of %d octets", len(signature))
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if !ecdsa.Verify(key, sum[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])) {
		return "", fmt.Errorf("the signature is not good")
	}
	body, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return "", err
	}
	var claims struct {
		Sub string `json:"sub"`
		Aud string `json:"aud"`
		Exp int64  `json:"exp"`
	}
	if err := json.Unmarshal(body, &claims); err != nil || claims.Aud != "ledger" || time.Now().Unix() > claims.Exp {
		return "", fmt.Errorf("for another application, or too old")
	}
	return claims.Sub, nil
}

// place starts gateway and back end and asks from everywhere.
func (n *network) place(client, door, back, neighbour, doorAddress, backAddress string) {
	n.t.Helper()
	folder := n.t.TempDir()
	key := n.start(door, "gateway", envListen+"="+doorAddress+":8443", envBackend+"=http://"+backAddress+":8080", envFolder+"="+folder)
	n.start(back, "backend", envListen+"="+backAddress+":8080", envKey+"="+key)
	in := func(name string) string { return filepath.Join(folder, name) }
	through := []string{"--cacert", in("ca.pem"), "--resolve", "oa.example.gov:8443:" + doorAddress}
	alice := append([]string{"--cert", in("alice.pem"), "--key", in("alice.key")}, through...)
	if out, err := n.curl(client, append(alice, "https://oa.example.gov:8443/ledger")...); err != nil || !strings.Contains(out, "welcome H-") || !strings.HasSuffix(out, "\n200") {
		n.t.Errorf("through the door: %v %s", err, out)
	}
	if out, err := n.curl(client, append(through, "https://oa.example.gov:8443/ledger")...); err != nil || strings.Contains(out, "welcome") {
		n.t.Errorf("without a certificate: %v %s", err, out)
	}
	if out, err := n.curl(client, "http://"+backAddress+":8080/ledger"); err == nil {
		n.t.Errorf("the server answers the people's network: %s", out)
	}
	forged := "X-OneCert-Assertion: " + base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"root","aud":"ledger","exp":9999999999}`)) + "."
	for _, header := range []string{"Dnname: CN=root", forged, forged + base64.RawURLEncoding.EncodeToString(make([]byte, 64))} {
		if out, err := n.curl(neighbour, "-H", header, "http://"+backAddress+":8080/ledger"); err != nil || !strings.HasSuffix(out, "\n401") {
			n.t.Errorf("a neighbour with %q: %v %s", header, err, out)
		}
	}
}

func TestInLine(t *testing.T) {
	n := newNetwork(t)
	client, door, back, neighbour := n.host("c"), n.host("g"), n.host("b"), n.host("n")
	n.wire(client, "eth0", "10.77.1.2/24", door, "people", "10.77.1.1/24")
	n.hub(map[string]string{door: "10.77.2.1/24", back: "10.77.2.2/24", neighbour: "10.77.2.3/24"})
	// The people's network believes the gateway leads on; it forwards nothing.
	n.run("ip", "-n", client, "route", "add", "10.77.2.0/24", "via", "10.77.1.1")
	n.run("ip", "-n", back, "route", "add", "10.77.1.0/24", "via", "10.77.2.1")
	n.place(client, door, back, neighbour, "10.77.1.1", "10.77.2.2")
}

func TestSingleArm(t *testing.T) {
	n := newNetwork(t)
	client, door, back, neighbour := n.host("c"), n.host("g"), n.host("b"), n.host("n")
	n.hub(map[string]string{client: "10.78.0.2/24", door: "10.78.0.1/24", back: "10.78.0.3/24", neighbour: "10.78.0.4/24"})
	// The server lets in the gateway, and for this test a neighbour.
	n.run("ip", "netns", "exec", back, "nft", "add table inet door; add chain inet door in { type filter hook input priority 0; policy drop; }; add rule inet door in ip saddr { 10.78.0.1, 10.78.0.4 } accept; add rule inet door in iif lo accept; add rule inet door in icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept")
	n.place(client, door, back, neighbour, "10.78.0.1", "10.78.0.3")
}
