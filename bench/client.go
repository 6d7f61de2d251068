package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"strconv"
	"strings"
	"time"
)

// patience is how long a client waits for one answer.
const patience = 30 * time.Second

// client is one connection over mutual TLS, kept alive. It speaks just enough of
// HTTP/1.1: net/http's client would take as much of the machine as the server.
type client struct {
	conn   net.Conn
	reader *bufio.Reader
	body   []byte
}

func dial(ctx context.Context, r ready) (*client, error) {
	root, err := x509.ParseCertificate(r.Root)
	if err != nil {
		return nil, fmt.Errorf("reading the root: %w", err)
	}
	key, err := x509.ParsePKCS8PrivateKey(r.Key)
	if err != nil {
		return nil, fmt.Errorf("reading the key: %w", err)
	}
	config := &tls.Config{MinVersion: tls.VersionTLS13, RootCAs: x509.NewCertPool(), ServerName: "127.0.0.1",
		Certificates: []tls.Certificate{{Certificate: r.Chain, PrivateKey: key.(crypto.Signer)}}}
	config.RootCAs.AddCert(root)
	plain, err := (&net.Dialer{}).DialContext(ctx, "tcp", r.Address)
	if err != nil {
		return nil, fmt.Errorf("connecting: %w", err)
	}
	conn := tls.Client(plain, config)
	if err := conn.HandshakeContext(ctx); err != nil {
		plain.Close()
		return nil, fmt.Errorf("connecting: %w", err)
	}
	return &client{conn: conn, reader: bufio.NewReaderSize(conn, 16<<10)}, nil
}

func (c *client) close() { c.conn.Close() }

// post renders a request once, to be sent as it is.
func post(host, path string, body []byte) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", path, host, len(body))
	b.Write(body)
	return b.Bytes()
}

// send sends a rendered request and returns the answer's body, good until the next.
func (c *client) send(request []byte) ([]byte, error) {
	if err := c.conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return nil, fmt.Errorf("setting a deadline: %w", err)
	}
	if _, err := c.conn.Write(request); err != nil {
		return nil, fmt.Errorf("sending: %w", err)
	}
	status, length, err := c.header()
	if err != nil {
		return nil, fmt.Errorf("receiving: %w", err)
	}
	if length < 0 {
		c.body, err = c.chunks(c.body[:0])
	} else {
		c.body = append(c.body[:0], make([]byte, length)...)
		_, err = io.ReadFull(c.reader, c.body)
	}
	if err != nil {
		return nil, fmt.Errorf("receiving: %w", err)
	}
	if status != 200 {
		return nil, fmt.Errorf("the server answers %d: %.300s", status, c.body)
	}
	return c.body, nil
}

// header reads status and length; the length is -1 for a chunked answer.
func (c *client) header() (status, length int, err error) {
	line, err := c.reader.ReadSlice('\n')
	if err != nil {
		return 0, 0, err
	}
	if len(line) < 12 {
		return 0, 0, errors.New("a short status line")
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, 0, err
	}
	for length = -1; ; {
		line, err := c.reader.ReadSlice('\n')
		if err != nil {
			return 0, 0, err
		}
		if line = bytes.TrimRight(line, "\r\n"); len(line) == 0 {
			return status, length, nil
		}
		name, value, _ := bytes.Cut(line, []byte(": "))
		if textproto.CanonicalMIMEHeaderKey(string(name)) == "Content-Length" {
			if length, err = strconv.Atoi(string(value)); err != nil {
				return 0, 0, err
			}
		}
	}
}

func (c *client) chunks(into []byte) ([]byte, error) {
	for {
		line, err := c.reader.ReadString('\n')
		if err != nil {
			return into, err
		}
		size, err := strconv.ParseUint(strings.TrimSpace(line), 16, 24)
		if err != nil {
			return into, err
		}
		at := len(into)
		into = append(into, make([]byte, size)...)
		if _, err := io.ReadFull(c.reader, into[at:]); err != nil {
			return into, err
		}
		if _, err := c.reader.Discard(2); err != nil {
			return into, err
		}
		if size == 0 {
			return into, nil
		}
	}
}
