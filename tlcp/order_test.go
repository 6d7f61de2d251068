package tlcp

import (
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"testing"
	"time"
)

// deck is what a peer sends in a recorded handshake, cut into records, with whom it
// waits for left out: reading never blocks, writing is swallowed.
type deck struct {
	net.Conn
	data []byte
}

func (d *deck) Read(b []byte) (int, error) {
	if len(d.data) == 0 {
		return 0, io.EOF
	}
	n := copy(b, d.data)
	d.data = d.data[n:]
	return n, nil
}
func (d *deck) Write(b []byte) (int, error)      { return len(b), nil }
func (d *deck) Close() error                     { return nil }
func (d *deck) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (d *deck) SetDeadline(time.Time) error      { return nil }
func (d *deck) SetWriteDeadline(time.Time) error { return nil }

// peerRecords are the records of the peer's side of a recording's first connection.
func peerRecords(t testing.TB, name string) (records [][]byte) {
	t.Helper()
	for _, turn := range readFlows(t, replayFile(name))[0] {
		for rest := turn.bytes; !turn.ours && len(rest) > 0; {
			n := headerLen + int(rest[3])<<8 + int(rest[4])
			records = append(records, rest[:n:n])
			rest = rest[n:]
		}
	}
	return records
}

// TestOutOfOrder: a recorded handshake with a message left out, doubled, exchanged with
// another or of another kind never comes to an end, and says why.
func TestOutOfOrder(t *testing.T) {
	for _, r := range everyRecording() {
		for _, role := range []string{"client", "server"} {
			client, server := replayConfigs(t, r)
			whole := peerRecords(t, r.name+"."+role+".flow")
			shake := func(records [][]byte) error {
				d := &deck{data: slices.Concat(records...)}
				if role == "client" {
					return Client(d, client).Handshake()
				}
				return Server(d, server).Handshake()
			}
			if err := shake(whole); err != nil {
				t.Fatalf("%s/%s: unchanged: %v", r.name, role, err)
			}
			last := slices.IndexFunc(whole, func(record []byte) bool { return record[0] == typeChangeCipherSpec }) + 1
			for i := 0; i <= last; i++ {
				changes := map[string][][]byte{
					"left out": slices.Delete(slices.Clone(whole), i, i+1),
					"doubled":  slices.Insert(slices.Clone(whole), i, whole[i]),
				}
				if i < last {
					changed := slices.Clone(whole)
					changed[i], changed[i+1] = changed[i+1], changed[i]
					changes["exchanged"] = changed
				}
				for _, kind := range []uint8{1, 2, 4, 11, 12, 13, 14, 15, 16, 20, 22} {
					if whole[i][0] == typeHandshake && i < last && kind != whole[i][headerLen] && kind != kindHelloRequest {
						other := slices.Clone(whole[i])
						other[headerLen] = kind
						changed := slices.Clone(whole)
						changed[i] = other
						changes[fmt.Sprint("of kind ", kind)] = changed
					}
				}
				for what, records := range changes {
					err := shake(records)
					if what == "doubled" && i == last { // a record after the last is not read any more
						continue
					}
					if _, ours := errors.AsType[*Error](err); !ours {
						t.Errorf("%s/%s: record %d %s: %v", r.name, role, i, what, err)
					}
				}
			}
		}
	}
}

// TestEveryOctet: a changed octet anywhere in the handshake ends it, but for those that
// the other side must catch: with our randomness fixed the peer's Finished is only
// right for the recorded messages.
func TestEveryOctet(t *testing.T) {
	for _, name := range []string{"ECC_SM4_GCM_SM3-mutual", "ECDHE_SM4_CBC_SM3-mutual"} {
		for _, role := range []string{"client", "server"} {
			r := everyRecording()[slices.IndexFunc(everyRecording(), func(r recorded) bool { return r.name == name })]
			client, server := replayConfigs(t, r)
			whole := peerRecords(t, r.name+"."+role+".flow")
			last := slices.IndexFunc(whole, func(record []byte) bool { return record[0] == typeChangeCipherSpec }) + 1
			data := slices.Concat(whole[:last+1]...)
			for i := range data {
				if i%4 != len(role)%4 && i > 80 { // a quarter of what a full run would try
					continue
				}
				changed := slices.Clone(data)
				changed[i] ^= 1 << (i % 8)
				var err error
				if role == "client" {
					err = Client(&deck{data: changed}, client).Handshake()
				} else {
					err = Server(&deck{data: changed}, server).Handshake()
				}
				if err == nil {
					t.Errorf("%s/%s: octet %d of %d may change", name, role, i, len(data))
				}
			}
		}
	}
}
