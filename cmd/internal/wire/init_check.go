package wire

import (
	"net"
	"regexp"
	"slices"
	"strings"

	"onecert/ca"
	"onecert/pki"
)

// check refuses what would fail after the keys are made, or worse: after the first
// certificates are issued.
func (n *NewCA) check() error {
	if strings.TrimSpace(n.Organisation) == "" {
		return pki.Errorf(pki.Invalid, "init.organisation", "the CA's organisation is not given").To("it stands in the name of every CA certificate")
	}
	if err := checkPlace(n.Host, n.Listen); err != nil {
		return err
	}
	for _, listen := range []string{n.Public, n.Accept, n.Console} {
		if listen == "" {
			continue
		}
		if err := checkListen(listen); err != nil {
			return err
		}
	}
	for _, address := range []string{n.Addresses.CRL, n.Addresses.AIA, n.Addresses.OCSP} {
		if !strings.HasPrefix(address, "http://") || strings.HasSuffix(address, "/") || len(address) < len("http://x") {
			return pki.Errorf(pki.Invalid, "init.address", "the address relying parties fetch from is not http://… without a final slash").
				To("it stands in every certificate for ever: give a name that stays, such as http://pki.gov.example")
		}
	}
	for i, family := range n.Families {
		if familyNames[family] == "" || slices.Contains(n.Families[:i], family) {
			return pki.Errorf(pki.Invalid, "init.family", "%.20q is no family of algorithms, or stands twice", family).To("use sm2, rsa and ecdsa")
		}
	}
	if n.tlsSuite() == "" {
		return pki.Errorf(pki.Invalid, "init.tls", "the API needs an RSA or ECDSA issuer for its own certificate").
			To("add ecdsa or rsa to the families; SM2 alone needs TLCP, which is not built yet")
	}
	if n.Link == overTLCP && !slices.Contains(n.Families, "sm2") {
		return pki.Errorf(pki.Invalid, "init.link", "TLCP between components needs an SM2 issuer").To("add sm2 to the families, or leave --link out")
	}
	return checkLink(n.Link)
}

// checkLink comes before any key is made.
func checkLink(link string) error {
	if link == "" || link == overTLS || link == overTLCP {
		return nil
	}
	return pki.Errorf(pki.Invalid, "init.link", "%.20q is not what components speak to one another", link).To("use tls or tlcp")
}

// tlsSuite is the suite of the API's own key.
func (n *NewCA) tlsSuite() pki.Suite {
	switch {
	case slices.Contains(n.Families, "ecdsa"):
		return pki.P256
	case slices.Contains(n.Families, "rsa"):
		return pki.RSA2048
	}
	return ""
}

var peerName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{0,63}$`)

func (n *NewKMC) check() error {
	if err := checkPlace(n.Host, n.Listen); err != nil {
		return err
	}
	for _, out := range n.DialOut {
		if err := checkListen(out.Address); err != nil {
			return err
		}
	}
	if err := checkConsole(n.Console); err != nil {
		return err
	}
	if err := checkLink(n.Link); err != nil {
		return err
	}
	for name, text := range n.Peers {
		blocks := pemBlocks(text)
		if !peerName.MatchString(name) || len(blocks) == 0 {
			return pki.Errorf(pki.Invalid, "init.peer", "a peer is not NAME=FILE with the PEM message certificate of a CA").
				To("use the name the CA will be registered under here, and the message.pem that 'onecert ca init' wrote")
		}
	}
	return nil
}

func checkPlace(host, listen string) error {
	if err := pki.CheckAltName(ca.HostName(host)); err != nil {
		return pki.Errorf(pki.Invalid, "init.host", "the host is neither a name nor an address").
			To("give the one under which the API is reached, such as ca.gov.example").Because(err)
	}
	return checkListen(listen)
}

func checkListen(listen string) error {
	if _, port, err := net.SplitHostPort(listen); err != nil || port == "" {
		return pki.Errorf(pki.Invalid, "init.listen", "an address to listen or dial at is not HOST:PORT").To("write it like 0.0.0.0:8443").Because(err)
	}
	return nil
}
