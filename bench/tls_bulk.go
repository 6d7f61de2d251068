package main

import (
	"context"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"runtime"

	"github.com/emmansun/gmsm/sm3"
	"github.com/emmansun/gmsm/sm4"

	"onecert/tlcp"
)

// recordLen is a full record's content.
const recordLen = 16 << 10

// bulk moves records of 16 KiB through a connection, both sides, beside the library's
// bare sealing and opening of the same.
func (b *bench) bulk(ctx context.Context, people *tlsPeople) error {
	rows := [][]string{{"", "MB a second and core", "floor", "of the floor", "allocations a record"}}
	for _, s := range []struct {
		id    uint16
		floor func() (func() error, error)
	}{{tlcp.ECC_SM4_GCM_SM3, bareGCM}, {tlcp.ECC_SM4_CBC_SM3, bareCBC}} {
		if err := settle(ctx); err != nil {
			return err
		}
		floor, err := s.floor()
		if err != nil {
			return err
		}
		move, err := people.mover(s.id)
		if err != nil {
			return err
		}
		row, err := b.part(part{name: tlcp.CipherSuiteName(s.id), act: move, floor: floor})
		if err != nil {
			return err
		}
		allocations, err := mallocs(move, pick(b, 200, 2000))
		if err != nil {
			return err
		}
		rows = append(rows, append(bulkRow(row), digits(allocations)))
	}
	b.out.table("Data in records of 16 KiB, sealed and opened, both in one process", rows,
		"Floor: gmsm's GCM, or HMAC-SM3 and CBC, sealing and opening the same record with keys at hand. Aim: 90%.",
		"Allocations: of the whole process, for a record written and read once the connections have their buffers. Aim: 0.")
	return nil
}

// bulkRow makes throughput of part's times in µs.
func bulkRow(row []string) []string {
	speed := func(text string) (v float64) {
		fmt.Sscan(text, &v)
		return recordLen / v // octets a µs are MB a second
	}
	return []string{row[0], digits(speed(row[1])), digits(speed(row[2])), fmt.Sprintf("%.0f%%", 100*speed(row[1])/speed(row[2]))}
}

// mover returns an act that takes one record through a connection. Several workers
// have one each.
func (p *tlsPeople) mover(id uint16) (act func() error, err error) {
	pool := make(chan *moving, runtime.GOMAXPROCS(0))
	for range cap(pool) {
		m, err := p.connect(id)
		if err != nil {
			return nil, err
		}
		pool <- m
	}
	act = func() error {
		m := <-pool
		defer func() { pool <- m }()
		if _, err := m.client.Write(m.data); err != nil {
			return err
		}
		_, err := io.ReadFull(m.server, m.back)
		return err
	}
	return act, nil
}

type moving struct {
	client, server net.Conn
	data, back     []byte
}

func (p *tlsPeople) connect(id uint16) (*moving, error) {
	near, far := newPipe()
	client := tlcp.Client(near, &tlcp.Config{RootCAs: p.roots, ServerName: benchName, CipherSuites: []uint16{id}})
	server := tlcp.Server(far, &tlcp.Config{Certificates: []tlcp.Certificate{p.server}})
	var clock serverClock
	if err := clock.meet(near, far, client, server); err != nil {
		return nil, err
	}
	return &moving{client, server, make([]byte, recordLen), make([]byte, recordLen)}, nil
}

func bareGCM() (func() error, error) {
	pool := make(chan cipher.AEAD, runtime.GOMAXPROCS(0))
	for range cap(pool) {
		block, err := sm4.NewCipher(make([]byte, 16))
		if err != nil {
			return nil, err
		}
		aead, err := cipher.NewGCM(block)
		if err != nil {
			return nil, err
		}
		pool <- aead
	}
	return func() error {
		aead := <-pool
		defer func() { pool <- aead }()
		nonce, extra := make([]byte, 12), make([]byte, 13)
		buffer := make([]byte, recordLen, recordLen+16)
		sealed := aead.Seal(buffer[:0], nonce, buffer, extra)
		_, err := aead.Open(sealed[:0], nonce, sealed, extra)
		return err
	}, nil
}

func bareCBC() (func() error, error) {
	block, err := sm4.NewCipher(make([]byte, 16))
	if err != nil {
		return nil, err
	}
	key := make([]byte, 32)
	return func() error {
		iv := make([]byte, 16)
		if _, err := rand.Read(iv); err != nil {
			return err
		}
		body := make([]byte, recordLen+48)
		for range 2 { // the MAC on each side
			mac := hmac.New(sm3.New, key)
			mac.Write(body[:recordLen])
			mac.Sum(body[:recordLen])
		}
		cipher.NewCBCEncrypter(block, iv).CryptBlocks(body, body)
		cipher.NewCBCDecrypter(block, iv).CryptBlocks(body, body)
		return nil
	}, nil
}
