package audit

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"strconv"
	"sync"
	"time"
)

// streamPriority: facility "local use 0" (16), severity informational (6).
const streamPriority = 16*8 + 6

// Stream sends lines of a log that is not this one to a collector of syslog (RFC 5424),
// over a connection that stays open. Nobody answers over syslog: lines count as sent when
// they were written.
type Stream struct {
	transport Transport
	address   string
	config    *tls.Config
	id        string // MSGID
	now       func() time.Time

	mu   sync.Mutex
	conn net.Conn
}

// NewStream returns a stream of messages with an id ("access"); it connects when there is
// something to send.
func NewStream(transport Transport, address string, config *tls.Config, id string, now func() time.Time) *Stream {
	return &Stream{transport: transport, address: address, config: config, id: syslogName(id, 32), now: now}
}

// Send sends each line as a message. A connection that broke is made anew once.
func (s *Stream) Send(ctx context.Context, lines [][]byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	fresh := s.conn == nil
	err := s.try(ctx, lines)
	if err != nil && !fresh {
		err = s.try(ctx, lines)
	}
	return err
}

func (s *Stream) try(ctx context.Context, lines [][]byte) (err error) {
	if s.conn == nil {
		if s.conn, err = dialSyslog(ctx, s.transport, s.address, s.config); err != nil {
			s.conn = nil
			return fmt.Errorf("reaching the collector: %w", err)
		}
	}
	defer func() {
		if err != nil {
			s.conn.Close()
			s.conn = nil
		}
	}()
	deadline, _ := ctx.Deadline()
	if err := s.conn.SetDeadline(deadline); err != nil {
		return err
	}
	var out bytes.Buffer
	for _, line := range lines {
		message := s.message(line)
		if s.transport == UDP {
			if _, err := s.conn.Write(message); err != nil {
				return err
			}
			continue
		}
		out.WriteString(strconv.Itoa(len(message)) + " ")
		out.Write(message)
	}
	_, err = s.conn.Write(out.Bytes())
	return err
}

func (s *Stream) message(line []byte) []byte {
	host, err := os.Hostname()
	if err != nil {
		host = ""
	}
	return fmt.Appendf(nil, "<%d>1 %s %s %s %d %s - %s", streamPriority, s.now().UTC().Format("2006-01-02T15:04:05.000000Z"), syslogName(host, 255),
		syslogApp, os.Getpid(), s.id, line)
}

// Close ends the connection.
func (s *Stream) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn == nil {
		return nil
	}
	err := s.conn.Close()
	s.conn = nil
	return err
}
