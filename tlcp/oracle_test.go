package tlcp

import (
	"crypto/ecdsa"
	"crypto/rand"
	"io"
	"math/big"
	"slices"
	"testing"

	"github.com/emmansun/gmsm/sm2"
)

// sayInstead runs a client whose key exchange message has the given content, and which
// goes on as if it were right; it returns what the server says.
func (w *world) sayInstead(t *testing.T, content func(far *ecdsa.PublicKey) []byte) error {
	t.Helper()
	a, b := pipe(t)
	client, server := Client(a, w.client), Server(b, w.server)
	done := make(chan error, 1)
	go func() {
		err := server.Handshake()
		b.Close()
		done <- err
	}()
	h := &clientHandshake{handshake: newHandshake(client, t.Context())}
	client.in.Lock()
	defer client.in.Unlock()
	if err := walk(h.sayHello, h.hearHello, h.hearCertificates, h.hearKeyExchange, h.hearRequest, h.sayCertificates); err != nil {
		t.Fatal(err)
	}
	far, err := keyOf(h.peer.encrypt)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.say(marshalClientKeyExchange(h.suite, content(far))); err != nil {
		t.Fatal(err)
	}
	if err := h.secret(make([]byte, preMasterLen)); err != nil {
		t.Fatal(err)
	}
	walk(h.sayVerify, h.sayFinished)
	return <-done
}

// TestOneAnswerForEveryCiphertext: whatever is wrong with the encrypted pre-master
// secret, the server says the same, at the same step: no oracle in Bleichenbacher's way.
func TestOneAnswerForEveryCiphertext(t *testing.T) {
	encrypt := func(far *ecdsa.PublicKey, plain []byte) []byte {
		ciphertext, err := sm2.EncryptASN1(rand.Reader, far, plain)
		if err != nil {
			t.Fatal(err)
		}
		return ciphertext
	}
	right := append([]byte{1, 1}, make([]byte, 46)...)
	for name, content := range map[string]func(*ecdsa.PublicKey) []byte{
		"another secret": func(far *ecdsa.PublicKey) []byte {
			return encrypt(far, append([]byte{1, 1}, slices.Repeat([]byte{9}, 46)...))
		},
		"another key":     func(*ecdsa.PublicKey) []byte { return encrypt(&newKey(t).PublicKey, right) },
		"another version": func(far *ecdsa.PublicKey) []byte { return encrypt(far, append([]byte{3, 3}, make([]byte, 46)...)) },
		"too short":       func(far *ecdsa.PublicKey) []byte { return encrypt(far, right[:47]) },
		"too long":        func(far *ecdsa.PublicKey) []byte { return encrypt(far, append(right, 0)) },
		"one octet":       func(far *ecdsa.PublicKey) []byte { return encrypt(far, []byte{1}) },
		"no DER":          func(*ecdsa.PublicKey) []byte { return []byte("nonsense") },
		"cut":             func(far *ecdsa.PublicKey) []byte { return encrypt(far, right)[:100] },
		"a changed octet": func(far *ecdsa.PublicKey) []byte {
			c := encrypt(far, right)
			c[len(c)-1] ^= 1
			return c
		},
		"a point off the curve": func(far *ecdsa.PublicKey) []byte {
			c := encrypt(far, right)
			c[10] ^= 1
			return c
		},
	} {
		for _, id := range []uint16{ECC_SM4_GCM_SM3, ECC_SM4_CBC_SM3} {
			w := newWorld()
			w.client.CipherSuites = []uint16{id}
			err := w.sayInstead(t, content)
			failure, ok := err.(*Error)
			if !ok || failure.Alert != AlertBadRecordMAC || failure.Remote {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if want := map[bool]Cause{true: CauseRecord, false: CauseEncryptionKey}[name == "another secret"]; failure.Cause != want {
				t.Errorf("%s: the cause is %s", name, failure.Cause)
			}
		}
	}
}

// crooked answers key exchanges with a point of its own.
type crooked struct {
	card
	point []byte
}

func (c crooked) InitiateExchange(r io.Reader) ([]byte, FinishExchange, error) {
	_, finish, err := c.card.InitiateExchange(r)
	return c.point, finish, err
}

func (c crooked) RespondExchange(r io.Reader, peer *ecdsa.PublicKey, point []byte) ([]byte, []byte, error) {
	_, secret, err := c.card.RespondExchange(r, peer, point)
	return c.point, secret, err
}

// TestPoints: ephemeral points that are not on the curve, or are none, are refused by
// either side with illegal_parameter.
func TestPoints(t *testing.T) {
	p := sm2.P256().Params().P
	point := func(x, y *big.Int) []byte {
		return slices.Concat([]byte{4}, x.FillBytes(make([]byte, 32)), y.FillBytes(make([]byte, 32)))
	}
	zero, one := big.NewInt(0), big.NewInt(1)
	for name, bad := range map[string][]byte{
		"zero":            point(zero, zero),
		"small":           point(one, one),
		"off the curve":   point(sm2.P256().Params().Gx, one),
		"not reduced":     point(p, sm2.P256().Params().Gy),
		"P-256 generator": point(new(big.Int).SetBytes([]byte("\x6b\x17\xd1\xf2\xe1\x2c\x42\x47\xf8\xbc\xe6\xe5\x63\xa4\x40\xf2")), one),
	} {
		for _, atServer := range []bool{true, false} {
			w := newWorld()
			w.server.ClientAuth, w.client.CipherSuites = RequireAndVerifyClientCert, []uint16{ECDHE_SM4_GCM_SM3}
			side := w.client
			if !atServer {
				side = w.server
			}
			own := side.Certificates[0]
			own.EncryptKey = crooked{card{own.EncryptKey.(*sm2.PrivateKey), false}, bad}
			side.Certificates = []Certificate{own}
			_, _, clientErr, serverErr := w.meet(t)
			found, told := clientErr, serverErr
			if atServer {
				found, told = serverErr, clientErr
			}
			if failure, ok := found.(*Error); !ok || failure.Cause != CausePoint || failure.Alert != AlertIllegalParameter {
				t.Errorf("%s, found by the server %v: %v", name, atServer, found)
			}
			if failure, ok := told.(*Error); !ok || failure.Alert != AlertIllegalParameter || !failure.Remote {
				t.Errorf("%s, told: %v", name, told)
			}
		}
	}
	for _, content := range [][]byte{{}, {4}, make([]byte, 69), marshalPoint(append([]byte{2}, make([]byte, 64)...)), marshalPoint(make([]byte, 33))} {
		if got, err := parseClientKeyExchange(content, true); err == nil {
			t.Errorf("%x is read as %x", content, got)
		}
	}
}

// TestMalleableSignatures: a signature has one form; another reading of the same two
// numbers, and numbers out of their range, are refused.
func TestMalleableSignatures(t *testing.T) {
	key, message := newKey(t), []byte("message")
	good, err := key.Sign(rand.Reader, message, sm2.DefaultSM2SignerOpts)
	if err != nil {
		t.Fatal(err)
	}
	z, err := sm2.CalculateZA(&key.PublicKey, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !verifySignature(&key.PublicKey, z, message, good) {
		t.Fatal("a right signature is refused")
	}
	n := sm2.P256().Params().N
	body := func(r, s []byte) []byte {
		inner := slices.Concat([]byte{2, byte(len(r))}, r, []byte{2, byte(len(s))}, s)
		return append([]byte{0x30, byte(len(inner))}, inner...)
	}
	rLen := int(good[3])
	r, s := good[4:4+rLen], good[6+rLen:]
	over := append([]byte{1}, new(big.Int).Add(new(big.Int).SetBytes(s), n).FillBytes(make([]byte, 33))...)
	for name, bad := range map[string][]byte{
		"trailing octet":      append(slices.Clone(good), 0),
		"indefinite length":   slices.Concat([]byte{0x30, 0x80}, good[2:], []byte{0, 0}),
		"long form length":    slices.Concat([]byte{0x30, 0x81}, good[1:]),
		"padded number":       body(append([]byte{0}, r...), append([]byte{0, 0}, s...)),
		"r is zero":           body([]byte{0}, s),
		"s is zero":           body(r, []byte{0}),
		"negative":            body([]byte{0xff}, s),
		"s plus the order":    body(r, over[1:]),
		"s turned":            body(r, derNumber(new(big.Int).Sub(n, new(big.Int).SetBytes(s)))),
		"the numbers changed": body(s, r),
	} {
		if verifySignature(&key.PublicKey, z, message, bad) {
			t.Errorf("%s: accepted", name)
		}
	}
}

func derNumber(n *big.Int) []byte {
	b := n.Bytes()
	if len(b) == 0 || b[0]&0x80 != 0 {
		b = append([]byte{0}, b...)
	}
	return b
}
