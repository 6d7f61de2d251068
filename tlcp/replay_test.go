package tlcp

import (
	"bufio"
	"bytes"
	"crypto"
	"encoding/hex"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"
)

// The handshakes in testdata/tongsuo were recorded with Tongsuo 8.3.2 (BabaSSL) at the
// other end. Replaying one, our side must send the same octets again: what changes
// them shows here, without Tongsuo. To record anew, certificates too:
//
//	go test ./e2e -run TestTongsuo     # fetches the library
//	go test ./tlcp -run TestReplay -record ../e2e/tongsuo/target/_tongsuo.abi3.so
var record = flag.String("record", "", "Tongsuo's library, to record handshakes anew")

const recordings = "testdata/tongsuo"

// recorded is one handshake, or two of which the second is resumed.
type recorded struct {
	name   string
	suite  uint16
	mutual bool
	resume bool
}

func everyRecording() (all []recorded) {
	for _, id := range CipherSuites() {
		s := suiteOf(id)
		if !s.ecdhe {
			all = append(all, recorded{s.name + "-oneway", id, false, false})
		}
		all = append(all, recorded{s.name + "-mutual", id, true, false})
	}
	return append(all, recorded{"resumed-gcm", ECC_SM4_GCM_SM3, true, true}, recorded{"resumed-cbc", ECDHE_SM4_CBC_SM3, true, true})
}

// constant is a source of randomness that gives one octet for ever.
type constant byte

func (c constant) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(c)
	}
	return len(b), nil
}

// sure signs without randomness.
type sure struct{ *sm2.PrivateKey }

func (s sure) Sign(_ io.Reader, message []byte, opts crypto.SignerOpts) ([]byte, error) {
	return sm2.SignDeterministic(s.PrivateKey, message, opts)
}

func replayFile(name string) string { return filepath.Join(recordings, name) }

// replayConfigs read the recorded certificates.
func replayConfigs(t testing.TB, r recorded) (client, server *Config) {
	t.Helper()
	load := func(name string) Certificate {
		c, err := LoadX509KeyPair(replayFile(name+"-sign.pem"), replayFile(name+"-sign.key"), replayFile(name+"-enc.pem"), replayFile(name+"-enc.key"))
		if err != nil {
			t.Fatal(err)
		}
		c.SignKey = sure{c.SignKey.(*sm2.PrivateKey)}
		return c
	}
	text, err := os.ReadFile(replayFile("ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	roots := smx509.NewCertPool()
	roots.AppendCertsFromPEM(text)
	at := load("server").SignLeaf.NotBefore.Add(hour)
	now := func() time.Time { return at }
	client = &Config{Rand: constant(0x2a), Time: now, Certificates: []Certificate{load("client")}, RootCAs: roots, ServerName: serverName,
		CipherSuites: []uint16{r.suite}, NextProtos: []string{"http/1.1"}}
	server = &Config{Rand: constant(0x17), Time: now, Certificates: []Certificate{load("server")}, ClientCAs: roots, CipherSuites: []uint16{r.suite},
		NextProtos: []string{"http/1.1"}}
	if r.mutual {
		server.ClientAuth = RequireAndVerifyClientCert
	}
	if r.resume {
		client.SessionCache, server.SessionCache = NewLRUSessionCache(2), NewLRUSessionCache(2)
	}
	return client, server
}

func TestReplay(t *testing.T) {
	if *record != "" {
		recordPeople(t)
	}
	for _, r := range everyRecording() {
		for _, role := range []string{"client", "server"} {
			t.Run(r.name+"/"+role, func(t *testing.T) {
				if *record != "" {
					recordOne(t, r, role)
				}
				replayOne(t, r, role)
			})
		}
	}
}

// flow is what went over the wire in turns, ours first or the peer's.
type flow []turn

type turn struct {
	ours  bool
	bytes []byte
}

func (r recorded) connections() int {
	if r.resume {
		return 2
	}
	return 1
}

// replayOne plays our side against what was recorded of the peer's.
func replayOne(t *testing.T, r recorded, role string) {
	client, server := replayConfigs(t, r)
	for i, f := range readFlows(t, replayFile(r.name+"."+role+".flow")) {
		tape := &tape{t: t, flow: f}
		var conn *Conn
		if role == "client" {
			conn = Client(tape, client)
		} else {
			conn = Server(tape, server)
		}
		play(t, conn, role)
		if len(tape.flow) != 0 {
			t.Errorf("connection %d: %d turns of the recording are left", i, len(tape.flow))
		}
		if state := conn.ConnectionState(); state.CipherSuite != r.suite || state.DidResume != (i > 0) {
			t.Errorf("connection %d: %+v", i, state)
		}
	}
}

// play is what our side does in each connection.
func play(t *testing.T, conn *Conn, role string) {
	t.Helper()
	if role == "client" {
		if _, err := conn.Write([]byte("hello")); err != nil {
			t.Fatal(err)
		}
		got := make([]byte, 5)
		if _, err := io.ReadFull(conn, got); err != nil || string(got) != "hello" {
			t.Fatalf("%q, %v", got, err)
		}
	} else if _, err := io.Copy(conn, conn); err != nil {
		t.Fatal(err)
	}
	conn.Close()
}

// tape is a net.Conn that plays the peer's side and holds ours to the recording.
type tape struct {
	net.Conn
	t    *testing.T
	flow flow
}

func (c *tape) Read(b []byte) (int, error) {
	if len(c.flow) == 0 {
		return 0, io.EOF
	}
	if c.flow[0].ours {
		c.t.Fatalf("our side waits, and the recording has it send %d octets", len(c.flow[0].bytes))
	}
	n := copy(b, c.flow[0].bytes)
	c.eat(n)
	return n, nil
}

func (c *tape) Write(b []byte) (int, error) {
	if len(c.flow) == 0 || !c.flow[0].ours || !bytes.HasPrefix(c.flow[0].bytes, b) {
		c.t.Fatalf("our side sends what is not in the recording:\n%x", b)
	}
	c.eat(len(b))
	return len(b), nil
}

func (c *tape) eat(n int) {
	if c.flow[0].bytes = c.flow[0].bytes[n:]; len(c.flow[0].bytes) == 0 {
		c.flow = c.flow[1:]
	}
}

func (c *tape) Close() error                     { return nil }
func (c *tape) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (c *tape) SetDeadline(time.Time) error      { return nil }
func (c *tape) SetReadDeadline(time.Time) error  { return nil }
func (c *tape) SetWriteDeadline(time.Time) error { return nil }

// A recording is lines: "connection", then ">" what we sent and "<" what the peer sent.
func readFlows(t testing.TB, name string) (all []flow) {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if line == "connection" {
			all = append(all, nil)
			continue
		}
		data, err := hex.DecodeString(line[1:])
		if err != nil {
			t.Fatal(err)
		}
		all[len(all)-1] = append(all[len(all)-1], turn{line[0] == '>', data})
	}
	return all
}

// microphone writes down what goes over a connection.
type microphone struct {
	net.Conn
	flow flow
}

func (m *microphone) note(ours bool, b []byte) {
	if n := len(m.flow); n > 0 && m.flow[n-1].ours == ours {
		m.flow[n-1].bytes = append(m.flow[n-1].bytes, b...)
	} else if len(b) > 0 {
		m.flow = append(m.flow, turn{ours, bytes.Clone(b)})
	}
}

func (m *microphone) Read(b []byte) (int, error) {
	n, err := m.Conn.Read(b)
	m.note(false, b[:n])
	return n, err
}

func (m *microphone) Write(b []byte) (int, error) {
	n, err := m.Conn.Write(b)
	m.note(true, b[:n])
	return n, err
}

// recordOne makes a recording with Tongsuo in the other role.
func recordOne(t *testing.T, r recorded, role string) {
	client, server := replayConfigs(t, r)
	suite := strings.NewReplacer("_", "-").Replace(strings.Replace(CipherSuiteName(r.suite), "_", "-SM2-", 1))
	other, files := "server", "server"
	var listener net.Listener
	if role == "server" {
		other, files = "client", "client"
	}
	options := []string{"../e2e/tongsuo/peer.py", *record, other, "suites=" + suite, "alpn=http/1.1", "size=5", "name=" + serverName,
		fmt.Sprint("count=", r.connections()), "ca=" + replayFile("ca.pem"), "sign_cert=" + replayFile(files+"-sign.pem"),
		"sign_key=" + replayFile(files+"-sign.key"), "enc_cert=" + replayFile(files+"-enc.pem"), "enc_key=" + replayFile(files+"-enc.key")}
	if r.mutual {
		options = append(options, "mutual=yes")
	}
	if role == "server" {
		var err error
		if listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			t.Fatal(err)
		}
		defer listener.Close()
		options = append(options, fmt.Sprint("port=", listener.Addr().(*net.TCPAddr).Port))
	}
	command := exec.Command("python3", options...)
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	command.Stderr = os.Stderr
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	defer command.Wait()
	defer command.Process.Kill()
	lines := bufio.NewScanner(out)
	address := ""
	if role == "client" {
		lines.Scan()
		address = "127.0.0.1:" + strings.TrimPrefix(lines.Text(), "port=")
	}
	go io.Copy(io.Discard, out)
	var text strings.Builder
	for range r.connections() {
		var inner net.Conn
		if role == "client" {
			inner, err = net.Dial("tcp", address)
		} else {
			inner, err = listener.Accept()
		}
		if err != nil {
			t.Fatal(err)
		}
		m := &microphone{Conn: inner}
		if role == "client" {
			play(t, Client(m, client), role)
		} else {
			play(t, Server(m, server), role)
		}
		text.WriteString("connection\n")
		for _, turn := range m.flow {
			fmt.Fprintf(&text, "%s%x\n", map[bool]string{true: ">", false: "<"}[turn.ours], turn.bytes)
		}
	}
	if err := os.WriteFile(replayFile(r.name+"."+role+".flow"), []byte(text.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

// recordPeople makes the certificates, for ten years.
func recordPeople(t *testing.T) {
	t.Helper()
	if err := os.MkdirAll(recordings, 0o755); err != nil {
		t.Fatal(err)
	}
	ca := newAuthority(t, "recorded")
	files := map[string][]byte{"ca.pem": certificatePEM(ca.root.Raw, ca.issuer.Raw)}
	for name, pair := range map[string]Certificate{"server": ca.pair(t, serverName), "client": ca.pair(t, "alice")} {
		files[name+"-sign.pem"], files[name+"-enc.pem"] = certificatePEM(pair.Sign...), certificatePEM(pair.Encrypt...)
		files[name+"-sign.key"], files[name+"-enc.key"] = keyPEM(t, pair.SignKey), keyPEM(t, pair.EncryptKey)
	}
	for name, text := range files {
		if err := os.WriteFile(replayFile(name), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
