package tlcp

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
)

const (
	maxUseless   = 16        // records in a row that bring nothing: empty ones and warnings
	maxMessage   = 64 << 10  // a handshake message
	maxListed    = 256 << 10 // a message with certificates or names of CAs
	maxHandshake = 512 << 10 // all messages of a handshake

	usualFlight = 2 << 10 // what one side says in most handshakes
)

// readRecord takes one record in and puts its content where it belongs: handshake
// messages into in.hand, application data into in.plain. want is the type that is
// expected; alerts may come any time. The lock is held.
func (c *Conn) readRecord(want uint8) error {
	if c.in.err != nil {
		return c.in.err
	}
	contentType, fragment, err := c.in.input.next(c.checkHeader)
	if err != nil {
		if passing, ok := err.(net.Error); ok && passing.Timeout() && c.done.Load() {
			return err
		}
		return c.endInput(ended(err))
	}
	c.in.received = true
	if fragment, err = c.open(contentType, fragment); err != nil {
		return c.endInput(err)
	}
	if err := c.sort(want, contentType, fragment); err != nil {
		return c.endInput(err)
	}
	return nil
}

// endInput makes an error final. After the handshake the peer is told here; during
// it, shake does so.
func (c *Conn) endInput(err error) error {
	failure, ours := err.(*Error)
	if ours && !failure.Remote && c.done.Load() {
		c.sendAlert(alertFatal, failure.Alert)
	}
	c.in.err = err
	return err
}

// checkHeader judges the five octets before a record's content is read.
func (c *Conn) checkHeader(header []byte) error {
	version, length := binary.BigEndian.Uint16(header[1:]), int(binary.BigEndian.Uint16(header[3:]))
	switch {
	case version == Version:
	case !c.in.received && header[0] == typeHandshake && header[1] == 3:
		return fail(AlertProtocolVersion, CauseTLS, "")
	case !c.in.received && header[0] == typeAlert && header[1] == 3:
		return fail(AlertProtocolVersion, CauseTLS, "it answered with an alert of TLS")
	case !c.in.received:
		return fail(AlertUnexpectedMessage, CauseNotTLCP, "")
	default:
		return fail(AlertProtocolVersion, CauseVersion, fmt.Sprintf("a record has version 0x%04x", version))
	}
	if header[0] < typeChangeCipherSpec || header[0] > typeApplicationData {
		return fail(AlertUnexpectedMessage, CauseOutOfOrder, fmt.Sprintf("a record has type %d", header[0]))
	}
	if length > maxCiphertext || c.in.opener == nil && length > maxPlaintext {
		return fail(AlertRecordOverflow, CauseTooLarge, "a record is too long")
	}
	return nil
}

// open takes the protection off.
func (c *Conn) open(contentType uint8, fragment []byte) ([]byte, error) {
	if c.in.opener == nil {
		return fragment, nil
	}
	plain, err := c.in.opener.open(contentType, fragment)
	if err != nil {
		return nil, fail(AlertBadRecordMAC, CauseRecord, "")
	}
	if len(plain) > maxPlaintext {
		return nil, fail(AlertRecordOverflow, CauseTooLarge, "the content of a record is too long")
	}
	return plain, nil
}

// sort is the one place that says which record may come when.
func (c *Conn) sort(want, contentType uint8, content []byte) error {
	if contentType == typeAlert {
		if err := c.hearAlert(content); err != nil {
			return err
		}
	}
	if len(content) == 0 || contentType == typeAlert || contentType == typeHandshake && c.done.Load() {
		if c.in.useless++; c.in.useless > maxUseless {
			return fail(AlertUnexpectedMessage, CauseOutOfOrder, "too many records that bring nothing")
		}
	} else {
		c.in.useless = 0
	}
	switch contentType {
	case typeAlert:
		return nil // a warning
	case typeHandshake:
		return c.hearHandshake(content)
	case typeChangeCipherSpec:
		return c.changeIn(want, content)
	}
	if !c.done.Load() {
		return fail(AlertUnexpectedMessage, CauseOutOfOrder, "application data before the handshake is done")
	}
	c.in.plain = content
	return nil
}

func (c *Conn) hearAlert(content []byte) error {
	if len(content) != 2 || content[0] != alertWarning && content[0] != alertFatal {
		return malformed("an alert is malformed")
	}
	alert := Alert(content[1])
	switch {
	case alert == AlertCloseNotify && c.done.Load():
		return io.EOF
	case content[0] == alertFatal || alert == AlertCloseNotify:
		return &Error{Cause: CauseAlert, Alert: alert, Remote: true}
	}
	return nil // a warning; maxUseless bounds them
}

// hearHandshake collects handshake messages. Once the handshake is done there are
// none: renegotiation is refused, and nothing is kept.
func (c *Conn) hearHandshake(content []byte) error {
	if len(content) == 0 {
		return malformed("a handshake record is empty")
	}
	if c.done.Load() {
		if c.isClient && string(content) == "\x00\x00\x00\x00" { // HelloRequest
			return c.sendAlert(alertWarning, AlertNoRenegotiation)
		}
		return fail(AlertNoRenegotiation, CauseOutOfOrder, "a handshake message after the handshake")
	}
	if c.in.total += len(content); c.in.total > maxHandshake {
		return fail(AlertHandshakeFailure, CauseTooLarge, "")
	}
	if cap(c.in.hand) == 0 {
		c.in.hand = make([]byte, 0, max(len(content), usualFlight))
	}
	c.in.hand = append(c.in.hand, content...)
	return nil
}

// changeIn switches to the new keys, only where they are expected and no message is
// cut in two by the change.
func (c *Conn) changeIn(want uint8, content []byte) error {
	if want != typeChangeCipherSpec || c.in.next == nil || len(c.in.hand) > 0 {
		return fail(AlertUnexpectedMessage, CauseOutOfOrder, "change_cipher_spec")
	}
	if len(content) != 1 || content[0] != 1 {
		return malformed("change_cipher_spec")
	}
	c.in.opener, c.in.next = c.in.next, nil
	return nil
}

// readMessage returns the next handshake message with its header.
func (c *Conn) readMessage() ([]byte, error) {
	if err := c.collect(4); err != nil {
		return nil, err
	}
	kind, length := c.in.hand[0], int(c.in.hand[1])<<16|int(c.in.hand[2])<<8|int(c.in.hand[3])
	most := maxMessage
	if kind == kindCertificate || kind == kindCertificateRequest {
		most = maxListed
	}
	if length > most {
		return nil, fail(AlertDecodeError, CauseTooLarge, "a message is too long")
	}
	if err := c.collect(4 + length); err != nil {
		return nil, err
	}
	message := c.in.hand[: 4+length : 4+length]
	c.in.hand = c.in.hand[4+length:]
	return message, nil
}

func (c *Conn) collect(n int) error {
	for len(c.in.hand) < n {
		if err := c.readRecord(typeHandshake); err != nil {
			return err
		}
	}
	return nil
}

// awaitChange waits for change_cipher_spec.
func (c *Conn) awaitChange() error {
	for c.in.next != nil {
		if len(c.in.hand) > 0 {
			return fail(AlertUnexpectedMessage, CauseOutOfOrder, "a message in place of change_cipher_spec")
		}
		if err := c.readRecord(typeChangeCipherSpec); err != nil {
			return err
		}
	}
	return nil
}
