package identity

import (
	"net/netip"
	"time"
)

// Facts are what is the same for all requests of one session with one certificate.
type Facts struct {
	Certificate []byte   // DER; nil: nobody presented one that was accepted
	Chain       [][]byte // DER, issuing CA first, without the certificate itself
	Refused     string   // why the certificate presented was not accepted ("expired"), where the application lets such people in

	User      string   // account
	Name      string   // as people call him
	Email     string   //
	Groups    []string //
	Level     string   // authentication level
	Method    string   // how he proved who he is: "certificate"
	Profile   string   // of the certificate, where it is ours
	Privilege string   // what policy gave him, in the application's words

	Session string    // its id, never the token that opens it
	Since   time.Time // of the session
}

// nobody: nothing is known but why a certificate was refused.
func (f *Facts) nobody() bool {
	return f.Certificate == nil && len(f.Chain) == 0 && len(f.Groups) == 0 && f.Since.IsZero() &&
		f.User+f.Name+f.Email+f.Level+f.Method+f.Profile+f.Privilege+f.Session == ""
}

// Request is what is different for each request. The door has judged all of it: Host is one
// of its own, Address is the client's even behind proxies it trusts.
type Request struct {
	ID       string
	Address  netip.Addr
	Via      []netip.Addr // proxies between client and gateway that are trusted, nearest to the client first
	Scheme   string       // "https", "http"
	Host     string       // as in the request, with the port if it named one
	Port     uint16       // of the gateway's listener as the client sees it
	Protocol string       // "TLSv1.3", "TLCPv1.1"
	Cipher   string
}
