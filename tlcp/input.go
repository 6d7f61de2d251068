package tlcp

import (
	"encoding/binary"
	"io"
	"net"
	"sync"
)

const (
	smallBuffer = 576
	largeBuffer = headerLen + maxCiphertext + 1024 // a record and the start of the next
)

// largeBuffers serves all connections: one that waits for its peer holds none. What
// was in a buffer is overwritten by who gets it next and seen by nobody else.
var largeBuffers = sync.Pool{New: func() any { return new([largeBuffer]byte) }}

// input takes records off the network. It never blocks while it holds a large
// buffer for nothing: an idle connection waits in the small one.
type input struct {
	conn  net.Conn
	small [smallBuffer]byte
	large *[largeBuffer]byte
	raw   []byte // what was read and not taken yet; within small or large
}

// next returns the type and fragment of the next record. The fragment is valid until
// the next call and may be overwritten. An error of the network may pass (a deadline):
// what was read by then is kept. io.EOF comes only between records.
func (in *input) next(check func(header []byte) error) (contentType uint8, fragment []byte, err error) {
	if len(in.raw) == 0 {
		in.release()
	}
	if err := in.fill(headerLen); err != nil {
		return 0, nil, err
	}
	if err := check(in.raw[:headerLen]); err != nil {
		return 0, nil, err
	}
	length := headerLen + int(binary.BigEndian.Uint16(in.raw[3:]))
	if err := in.fill(length); err != nil {
		return 0, nil, err
	}
	record := in.raw[:length:length]
	in.raw = in.raw[length:]
	return record[0], record[headerLen:], nil
}

// release gives the large buffer back when nothing in it is needed.
func (in *input) release() {
	in.raw = nil
	if in.large != nil {
		largeBuffers.Put(in.large)
		in.large = nil
	}
}

// fill reads until n octets are there; n is at most a whole record.
func (in *input) fill(n int) error {
	for len(in.raw) < n {
		room := in.room(n)
		m, err := in.conn.Read(room)
		in.raw = in.raw[:len(in.raw)+m]
		if len(in.raw) >= n {
			return nil
		}
		if err == io.EOF && len(in.raw) > 0 {
			return io.ErrUnexpectedEOF
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// room makes place for a record of n octets behind what was read, and returns it.
func (in *input) room(n int) []byte {
	have := len(in.raw)
	switch {
	case in.large == nil && n <= smallBuffer:
		in.raw = in.small[:copy(in.small[:], in.raw)]
		return in.small[have:]
	case in.large == nil:
		in.large = largeBuffers.Get().(*[largeBuffer]byte)
	case cap(in.raw)-have > 0 && cap(in.raw) >= n:
		return in.raw[have:cap(in.raw)]
	}
	in.raw = in.large[:copy(in.large[:], in.raw)]
	return in.large[have:]
}
