package serve

import (
	"context"
	"log/slog"
	"net"
	"os"
	"strconv"
	"time"
)

// notifier tells systemd how a service of Type=notify is doing (sd_notify(3)): one
// datagram a message, to the socket it named. Without one it is silent.
type notifier struct {
	address string
	every   time.Duration // of the watchdog; 0: it is not watched
	log     *slog.Logger
}

// newNotifier reads what systemd has put into the environment.
func newNotifier(env func(string) string, log *slog.Logger) notifier {
	n := notifier{address: env("NOTIFY_SOCKET"), log: log}
	if pid := env("WATCHDOG_PID"); pid != "" && pid != strconv.Itoa(os.Getpid()) {
		return n // meant for another process
	}
	if limit, err := strconv.ParseInt(env("WATCHDOG_USEC"), 10, 64); err == nil && limit > 0 {
		n.every = time.Duration(limit) * time.Microsecond / 2
	}
	return n
}

func (n notifier) tell(state string) {
	if n.address == "" {
		return
	}
	name := n.address
	if name[0] == '@' {
		name = "\x00" + name[1:] // the abstract namespace
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: name, Net: "unixgram"})
	if err == nil {
		_, err = conn.Write([]byte(state))
		conn.Close()
	}
	if err != nil {
		n.log.Warn("systemd could not be told", "state", state, "error", err)
	}
}

// watch says at half of the watchdog's time that the process goes on, until ctx ends.
func (n notifier) watch(ctx context.Context) {
	if n.address == "" || n.every <= 0 {
		return
	}
	tick := time.NewTicker(n.every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			n.tell("WATCHDOG=1")
		}
	}
}
