package pkitest

import (
	"math/rand/v2"
	"net"
	"strconv"
	"testing"
)

// FreeAddress returns an address of this machine that nobody listens at, for what has
// to know its port beforehand. It lies below the ports the system gives to connections
// and to listeners without a wish (from 32768 on Linux), so that nobody is given it by
// chance before it is used.
func FreeAddress(t testing.TB) string {
	t.Helper()
	const lowest, highest = 10_000, 32_000
	for range 1000 {
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(lowest+rand.IntN(highest-lowest))))
		if err == nil {
			l.Close()
			return l.Addr().String()
		}
	}
	t.Fatal("no port is free")
	return ""
}
