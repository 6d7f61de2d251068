package tlcp

import (
	"encoding/binary"
	"fmt"
	"sync"
)

// outputs serves all connections; a buffer holds one sealed record, or the small
// ones of a flight of the handshake.
var outputs = sync.Pool{New: func() any {
	b := make([]byte, 0, headerLen+maxCiphertext)
	return &b
}}

// output is the sending half of a connection. Its lock orders records.
type output struct {
	sync.Mutex
	err    error   // after which nothing is sent
	sealer sealer  // nil: in the clear
	next   sealer  // from change_cipher_spec on
	flight *[]byte // sealed records of a handshake that wait for flush; of outputs
}

// writeRecord seals up to maxPlaintext octets and appends the record to out.
func (c *Conn) appendRecord(out []byte, contentType uint8, content []byte) ([]byte, error) {
	start := len(out)
	out = append(out, contentType, byte(Version>>8), byte(Version&0xff), 0, 0)
	if c.out.sealer == nil {
		out = append(out, content...)
	} else {
		var err error
		if out, err = c.out.sealer.seal(out, contentType, content, c.config.rand()); err != nil {
			return nil, err
		}
	}
	binary.BigEndian.PutUint16(out[start+3:], uint16(len(out)-start-headerLen))
	return out, nil
}

// send writes content as records of one type, at once. The lock is held.
func (c *Conn) send(contentType uint8, content []byte) (sent int, err error) {
	if c.out.err != nil {
		return 0, c.out.err
	}
	buffer := outputs.Get().(*[]byte)
	defer func() { outputs.Put(buffer) }()
	for first := true; first || len(content) > 0; first = false {
		part := content[:min(len(content), maxPlaintext)]
		record, err := c.appendRecord((*buffer)[:0], contentType, part)
		if err != nil {
			c.out.err = err
			return sent, err
		}
		*buffer = record[:0]
		if _, err := c.conn.Write(record); err != nil {
			// Part of a record may be gone; nothing that follows would be understood.
			c.out.err = fmt.Errorf("sending a record: %w", err)
			return sent, err
		}
		sent += len(part)
		content = content[len(part):]
	}
	return sent, nil
}

// queue adds a message of the handshake to the flight.
func (c *Conn) queue(contentType uint8, content []byte) error {
	c.out.Lock()
	defer c.out.Unlock()
	if c.out.flight == nil {
		c.out.flight = outputs.Get().(*[]byte)
	}
	for first := true; first || len(content) > 0; first = false {
		part := content[:min(len(content), maxPlaintext)]
		flight, err := c.appendRecord(*c.out.flight, contentType, part)
		if err != nil {
			return err
		}
		*c.out.flight, content = flight, content[len(part):]
	}
	return nil
}

// flush sends the flight in one write.
func (c *Conn) flush() error {
	c.out.Lock()
	defer c.out.Unlock()
	return c.flushLocked()
}

func (c *Conn) flushLocked() error {
	if c.out.flight == nil || c.out.err != nil {
		return c.out.err
	}
	flight := c.out.flight
	c.out.flight = nil
	_, err := c.conn.Write(*flight)
	if cap(*flight) <= headerLen+maxCiphertext { // a longer one is an exception nobody needs again
		*flight = (*flight)[:0]
		outputs.Put(flight)
	}
	if err != nil {
		c.out.err = fmt.Errorf("sending a flight of the handshake: %w", err)
		return c.out.err
	}
	return nil
}

// changeOut queues change_cipher_spec and switches to the new keys.
func (c *Conn) changeOut() error {
	if err := c.queue(typeChangeCipherSpec, []byte{1}); err != nil {
		return err
	}
	c.out.sealer, c.out.next = c.out.next, nil
	return nil
}

// sendAlert sends an alert after what waits; a fatal one is the last thing sent.
func (c *Conn) sendAlert(level uint8, alert Alert) error {
	c.out.Lock()
	defer c.out.Unlock()
	if err := c.flushLocked(); err != nil {
		return err
	}
	_, err := c.send(typeAlert, []byte{level, byte(alert)})
	if level == alertFatal && c.out.err == nil {
		c.out.err = &Error{Cause: CauseOwnSide, Alert: alert, Detail: "the connection was ended by an alert of this side"}
	}
	return err
}
