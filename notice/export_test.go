package notice

import (
	"context"
	"net"
	"net/netip"
	"time"
)

// Settle sends by every channel until nothing is due now, as Run does, and sweeps.
func (o *Outbox) Settle(ctx context.Context) error {
	for _, w := range o.ways {
		for more := true; more; {
			var err error
			if more, err = o.round(ctx, w); err != nil {
				return err
			}
		}
		w.carrier.rest()
	}
	_, err := o.sweep(ctx)
	return err
}

// For tests of what is inside.
var (
	EncodeText    = encodeText
	EncodeAddress = encodeAddress
	Sign          = sign
)

// Allows asks a guard.
func Allows(g string, allow ...string) bool { return guardOf(allow...).allows(addr(g)) }

// Write makes the mail of a message.
func Write(m Message, from, to Address, posted time.Time) ([]byte, error) {
	return letter{id: identify([]row{{key: "k"}}), posted: posted, to: to, words: m}.write(from)
}

// Backoff shows the waits between tries.
func (o *Outbox) Backoff(try int) time.Duration { return o.backoff(try) }

// PlainTo asks whether a server at an address is spoken to without TLS.
func PlainTo(address string) error {
	return isHere(net.TCPAddrFromAddrPort(netip.MustParseAddrPort(address)))
}
