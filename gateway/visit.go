package gateway

import (
	"net/netip"
	"time"

	"onecert/policy"
)

// Visit is one request, or one TCP connection, when it is over: what the log says and the
// statistics count.
type Visit struct {
	policy.Recorded // At is when it began

	Service  string
	Version  string // of HTTP: "HTTP/2.0"; empty for TCP
	Query    bool   // there was a query; it is not logged, for it may say who somebody is
	Suite    string // of the connection
	TLS      string // "TLS 1.3", "TLCP 1.1"
	Resumed  bool
	Peer     netip.Addr // who is connected: a proxy, or the person
	Session  string
	Serial   string // of the certificate, hex; also of one that was refused
	Agent    string // User-Agent, cut
	Status   int
	Problem  string // code of the page that was shown; empty: none
	Sent     int64
	Received int64
	Backend  string
	Error    string // code of what went wrong with the back end
	Detail   string // more about it, for the administrator
	Took     time.Duration
	Wait     time.Duration // until the back end answered
	Upgraded bool
}

// maxAgent bounds what is logged of what clients call themselves.
const maxAgent = 200
