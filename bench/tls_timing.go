package main

import (
	"bytes"
	"context"
	"crypto/cipher"
	"crypto/hmac"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/emmansun/gmsm/sm3"
	"github.com/emmansun/gmsm/sm4"

	"onecert/tlcp"
)

// forgery is a kind of CBC record that a server must refuse, in a time that does not
// say which kind it is (Lucky Thirteen).
type forgery struct {
	name string
	body func() []byte // before encryption
}

// forgedLen is the same for all kinds, and holds the longest padding.
const forgedLen = 512

func forgeries() []forgery {
	padded := func(pad int) func() []byte {
		return func() []byte {
			body := make([]byte, forgedLen)
			for i := range pad + 1 {
				body[forgedLen-1-i] = byte(pad)
			}
			return body
		}
	}
	return []forgery{
		{"right padding of 1 octet, wrong MAC", padded(0)},
		{"right padding of 256 octets, wrong MAC", padded(255)},
		{"right padding of 64 octets, wrong MAC", padded(63)},
		{"wrong padding", func() []byte { return bytes.Repeat([]byte{7, 9}, forgedLen/2) }},
	}
}

// timing measures how long a server takes to refuse each kind, in random order, and
// compares the means by Welch's t. Beyond 4.5, as is usual, the kinds can be told apart.
func (b *bench) timing(ctx context.Context, people *tlsPeople) error {
	kinds := forgeries()
	took := make([][]float64, len(kinds))
	victim := newVictim(people)
	for range pick(b, 400, 20_000) {
		if err := ctx.Err(); err != nil {
			return err
		}
		k := rand.IntN(len(kinds))
		d, err := victim.refuses(kinds[k].body())
		if err != nil {
			return fmt.Errorf("%s: %w", kinds[k].name, err)
		}
		took[k] = append(took[k], float64(d.Nanoseconds())/1e3)
	}
	rows := [][]string{{"", "records", "median µs", "t"}}
	for k, kind := range kinds {
		took[k] = calm(took[k])
		t := ""
		if k > 0 {
			t = fmt.Sprintf("%.1f", welch(took[0], took[k]))
		}
		rows = append(rows, []string{kind.name, fmt.Sprint(len(took[k])), digits(took[k][len(took[k])/2]), t})
	}
	b.out.table("Refusing a forged CBC record: does the time say why?", rows, "t is Welch's against the first row; kinds beyond 4.5 can be told apart.")
	return nil
}

// calm sorts and leaves out the slowest tenth: the machine's other work.
func calm(values []float64) []float64 {
	slices.Sort(values)
	return values[:max(1, len(values)*9/10)]
}

func welch(a, b []float64) float64 {
	meanA, varA := moments(a)
	meanB, varB := moments(b)
	return (meanA - meanB) / math.Sqrt(varA/float64(len(a))+varB/float64(len(b)))
}

func moments(values []float64) (mean, variance float64) {
	for _, v := range values {
		mean += v / float64(len(values))
	}
	for _, v := range values {
		variance += (v - mean) * (v - mean) / float64(max(1, len(values)-1))
	}
	return mean, variance
}

// victim is a server, and a client that knows its own keys.
type victim struct{ client, server *tlcp.Config }

func newVictim(people *tlsPeople) *victim {
	suites := []uint16{tlcp.ECC_SM4_CBC_SM3}
	return &victim{
		client: &tlcp.Config{RootCAs: people.roots, ServerName: benchName, CipherSuites: suites, SessionCache: tlcp.NewLRUSessionCache(1)},
		server: &tlcp.Config{Certificates: []tlcp.Certificate{people.server}, SessionCache: tlcp.NewLRUSessionCache(1)}}
}

// listening keeps the first octets that come: the server's hello.
type listening struct {
	*pipeEnd
	first []byte
}

// Read implements net.Conn.
func (l *listening) Read(b []byte) (int, error) {
	n, err := l.pipeEnd.Read(b)
	if len(l.first) < 64 {
		l.first = append(l.first, b[:n]...)
	}
	return n, err
}

func (v *victim) refuses(body []byte) (time.Duration, error) {
	var log bytes.Buffer
	client := v.client.Clone()
	client.KeyLogWriter = &log
	near, far := newPipe()
	ear := &listening{pipeEnd: near}
	server := tlcp.Server(far, v.server)
	var clock serverClock
	if err := clock.meet(near, far, tlcp.Client(ear, client), server); err != nil {
		return 0, err
	}
	record, err := seal(log.String(), ear.first, body)
	if err != nil {
		return 0, err
	}
	near.Write(record)
	begin := time.Now()
	_, err = server.Read(make([]byte, 1))
	took := time.Since(begin)
	if failure, ok := errors.AsType[*tlcp.Error](err); !ok || failure.Alert != tlcp.AlertBadRecordMAC {
		return 0, fmt.Errorf("the server did not refuse the record: %w", err)
	}
	return took, nil
}

// seal encrypts a body as the client would, with keys from the key log and the
// server's random (GB/T 38636 6.5.2).
func seal(log string, hello, body []byte) ([]byte, error) {
	words := strings.Fields(log)
	if len(words) != 3 || len(hello) < 43 {
		return nil, errors.New("the secrets of the connection are not known")
	}
	clientRandom, err := hex.DecodeString(words[1])
	if err != nil {
		return nil, err
	}
	master, err := hex.DecodeString(words[2])
	if err != nil {
		return nil, err
	}
	seed := slices.Concat([]byte("key expansion"), hello[11:43], clientRandom)
	mac := func(data ...[]byte) []byte {
		h := hmac.New(sm3.New, master)
		for _, d := range data {
			h.Write(d)
		}
		return h.Sum(nil)
	}
	var keys []byte
	for a := mac(seed); len(keys) < 80; a = mac(a) {
		keys = append(keys, mac(a, seed)...)
	}
	block, err := sm4.NewCipher(keys[64:80])
	if err != nil {
		return nil, err
	}
	iv := make([]byte, 16)
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(body, body)
	length := len(iv) + len(body)
	return slices.Concat([]byte{23, 1, 1, byte(length >> 8), byte(length)}, iv, body), nil
}
