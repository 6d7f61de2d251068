package gateway

import (
	"time"

	"onecert/gateway/internal/forward"
	"onecert/gateway/internal/identity"
	"onecert/gateway/internal/pages"
	"onecert/gateway/internal/trust"
	"onecert/policy"
)

// Configuration is everything an administrator decides about a gateway, as one document.
// Each change makes a new version of the whole; what stands in one version refers only to
// what stands in the same one, by name.
type Configuration struct {
	Services     []Service     `json:"services" doc:"what listens"`
	Applications []Application `json:"applications" doc:"what is protected"`
	Certificates []Certificate `json:"certificates" doc:"what the services show"`
	Trust        trust.Config  `json:"trust" doc:"whose certificates are accepted, in named sets"`
	Policy       policy.Rules  `json:"policy" doc:"who may reach what"`
	Branding     []Branding    `json:"branding,omitempty" doc:"the look of the pages for people"`
}

// Kind is what a service carries.
type Kind string

const (
	Web Kind = "web"
	TCP Kind = "tcp"
)

// Ask says whether a client's certificate is asked for in the handshake. It is judged
// after it, so that people get a page and not a broken connection.
type Ask string

const (
	AskNone     Ask = "none"     // nobody is asked: the log in happens at another service
	AskOptional Ask = "optional" // asked; who has none may reach what is public
	AskRequired Ask = "required" // asked; without one there is only the page that says so
)

// Service is one door: addresses, what is spoken there, and what lies behind.
type Service struct {
	Name      string   `json:"name" pattern:"^[a-z0-9][a-z0-9-]{0,62}$"`
	Title     string   `json:"title,omitempty" maxLength:"200"`
	Kind      Kind     `json:"kind" enum:"web,tcp"`
	Listen    []string `json:"listen" doc:"host:port, several if need be" minItems:"1" maxItems:"16"`
	Protocols []string `json:"protocols,omitempty" doc:"tls1.2, tls1.3, tlcp; by default all three as far as certificates are there"`
	Groups    []string `json:"groups,omitempty" doc:"key exchange of TLS by preference: X25519, P-256, P-384, X25519MLKEM768; by default X25519 and P-256"`

	ClientCertificate Ask      `json:"clientCertificate,omitempty" enum:"none,optional,required" doc:"by default required"`
	NameAuthorities   bool     `json:"nameAuthorities,omitempty" doc:"tell clients which CAs are accepted: browsers then offer only fitting certificates, and holders of others see 'no certificate'"`
	Certificates      []string `json:"certificates" doc:"names of certificates; the name a client asks for picks"`
	Trust             string   `json:"trust,omitempty" doc:"name of a trust set; required where certificates are asked for"`
	TrustedProxies    []string `json:"trustedProxies,omitempty" doc:"networks whose X-Forwarded-For is believed"`
	Branding          string   `json:"branding,omitempty"`

	Applications []string   `json:"applications,omitempty" doc:"web: names, in the order they are tried"`
	Login        *LoginAt   `json:"login,omitempty" doc:"web: where people without a certificate in the connection are sent to log in"`
	LoginFor     []string   `json:"loginFor,omitempty" doc:"web: this service logs people in for these origins (https://host[:port])"`
	Target       *Target    `json:"target,omitempty" doc:"tcp: what lies behind"`
	Limits       DoorLimits `json:"limits,omitempty"`
}

// LoginAt sends people to another service of the same gateway (or of another one that
// shares its sessions), where their certificate is asked for: the public part of a site
// then never asks anybody.
type LoginAt struct {
	URL string `json:"url" doc:"https://host[:port] of the service that logs in" maxLength:"300"`
}

// Target is where a TCP service leads.
type Target struct {
	Application string       `json:"application" doc:"its name for the policy and the log"`
	Backends    []string     `json:"backends" doc:"host:port, tried in turn" minItems:"1" maxItems:"64"`
	Proxy       bool         `json:"proxyProtocol,omitempty" doc:"tell the back end who it is by PROXY protocol v2"`
	Dial        DurationText `json:"dial,omitempty" doc:"by default 5s"`
	Idle        DurationText `json:"idle,omitempty" doc:"without an octet either way; by default 1h"`
}

// DoorLimits bound what clients can make a service hold. Zero is the default of each.
type DoorLimits struct {
	Connections int          `json:"connections,omitempty" minimum:"0" maximum:"1000000" doc:"open at once; by default 20000"`
	Handshakes  int          `json:"handshakes,omitempty" minimum:"0" maximum:"100000" doc:"under way at once; by default 1024"`
	HeaderBytes int          `json:"headerBytes,omitempty" minimum:"0" maximum:"1048576" doc:"of a request; by default 65536"`
	Header      DurationText `json:"header,omitempty" doc:"to send a request's header; by default 10s"`
	Idle        DurationText `json:"idle,omitempty" doc:"between two requests on a connection; by default 2m"`
}

// Application is what is protected: part of the space of hosts and paths of a service.
type Application struct {
	Name   string   `json:"name" pattern:"^[a-z0-9][a-z0-9-]{0,62}$"`
	Title  string   `json:"title,omitempty" maxLength:"200"`
	Hosts  []string `json:"hosts,omitempty" doc:"names it answers to, *.example.gov allowed; none: any name"`
	Prefix string   `json:"prefix,omitempty" doc:"beginning of the path, whole segments; by default /"`
	Strip  bool     `json:"strip,omitempty" doc:"take the prefix away before the back end sees the path"`

	Access   []Access        `json:"access,omitempty" doc:"the first that fits says whether a certificate is needed; none fits: required"`
	Backend  forward.Config  `json:"backend"`
	Identity identity.Config `json:"identity,omitempty"`
	FoldCase bool            `json:"foldCase,omitempty" doc:"the back end takes paths without regard to case: access and policy compare them in lower case"`
}

// Access says for a part of an application whether a certificate is needed.
type Access struct {
	Path        string   `json:"path" doc:"/a/b exactly, /a/* one segment, /a/** everything beneath"`
	Methods     []string `json:"methods,omitempty" doc:"none: all"`
	Certificate Ask      `json:"certificate" enum:"none,optional,required"`
}

// Certificate is what a service shows: one chain for TLS, or a pair for TLCP.
type Certificate struct {
	Name  string `json:"name" pattern:"^[a-z0-9][a-z0-9-]{0,62}$"`
	Chain string `json:"chain" doc:"PEM: the certificate, then the CAs above it without the root; for TLCP the signing certificate" maxLength:"65536"`
	Key   string `json:"key" doc:"URI of its key, as the process's configuration names keys" maxLength:"1024"`

	EncryptChain string `json:"encryptChain,omitempty" doc:"TLCP: PEM of the encryption certificate" maxLength:"65536"`
	EncryptKey   string `json:"encryptKey,omitempty" doc:"TLCP: URI of its key" maxLength:"1024"`
}

// Branding is a look under a name.
type Branding struct {
	Name string         `json:"name" pattern:"^[a-z0-9][a-z0-9-]{0,62}$"`
	Look pages.Branding `json:"look" doc:"logo, colour, whom to call"`
}

// DurationText is a time span as people write it: 30s, 5m, 12h.
type DurationText string

// Or returns the span, or otherwise where none is written. Call it on checked
// configurations only.
func (d DurationText) Or(otherwise time.Duration) time.Duration {
	if d == "" {
		return otherwise
	}
	span, _ := time.ParseDuration(string(d))
	return span
}

// whole writes lists that are empty as such: null is none of what the API takes.
func (c *Configuration) whole() {
	list(&c.Services)
	list(&c.Applications)
	list(&c.Certificates)
	list(&c.Policy.Rules)
	for i := range c.Services {
		list(&c.Services[i].Listen)
		list(&c.Services[i].Certificates)
	}
	for i := range c.Applications {
		list(&c.Applications[i].Backend.Backends)
	}
	for i := range c.Trust.Sets {
		list(&c.Trust.Sets[i].CAs)
	}
}

func list[T any](all *[]T) {
	if *all == nil {
		*all = []T{}
	}
}
