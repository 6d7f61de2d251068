package policy

import (
	"net/netip"
	"time"
)

// Protocol is how a request comes.
type Protocol string

// The protocols. TLS and TLCP carry HTTP, judged request by request; TCP is a
// connection through the gateway, VPN one through a tunnel, and both are judged when
// they are opened.
const (
	ProtocolTLS  Protocol = "tls"
	ProtocolTLCP Protocol = "tlcp"
	ProtocolTCP  Protocol = "tcp"
	ProtocolVPN  Protocol = "vpn"
)

// Protocols lists every protocol.
func Protocols() []Protocol { return []Protocol{ProtocolTLS, ProtocolTLCP, ProtocolTCP, ProtocolVPN} }

// Request asks whether a subject may reach something.
type Request struct {
	Subject     *Subject   `json:"subject,omitempty"` // nil: an anonymous visitor
	Address     netip.Addr `json:"address"`           // the person's, resolved from trusted proxies only
	At          time.Time  `json:"at"`
	Application string     `json:"application"`
	Protocol    Protocol   `json:"protocol"`
	Method      string     `json:"method,omitempty"` // GET; empty for TCP and VPN
	Host        string     `json:"host,omitempty"`   // lower case, without port
	// Path is decoded and normal: it begins with "/", and has no ".", "..", empty segment
	// (but the last), backslash, control character or escape in it. A path that is not
	// normal is denied. A parameter of a segment (";jsessionid=1") is passed over.
	Path string `json:"path,omitempty"`
}

// Decision is the answer to a Request.
type Decision struct {
	Allowed bool   `json:"allowed"`
	Reason  Reason `json:"reason"`
	Rule    string `json:"rule,omitempty"` // id of the rule that decided; empty: the default, or a fault
	Name    string `json:"name,omitempty"` // of that rule, for people
	// Missing is the level a login needs to change the answer, 0 where none would. With
	// Reason "level" it is certain that it does; else a rule could then match.
	Missing Level `json:"missing,omitempty"`
	// Fault says what of the request cannot be judged: "path", "moment", ….
	Fault string `json:"fault,omitempty"`
}

// Reason is why a Decision is as it is.
type Reason string

// The reasons.
const (
	ReasonRule    Reason = "rule"    // Rule allows or denies it
	ReasonDefault Reason = "default" // no rule matches
	ReasonLevel   Reason = "level"   // Rule would allow it at the level Missing
	ReasonFault   Reason = "fault"   // the request cannot be judged; see Fault
	ReasonNoRules Reason = "no-rules"
)

// Recorded is one line of an access log, in JSON: a request with the decision it had.
// The log may have further members; they are passed over when it is read.
type Recorded struct {
	Request
	ID       string   `json:"request_id,omitempty"`
	Decision Decision `json:"decision"`
}
