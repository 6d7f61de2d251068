package main

import (
	"errors"
	"slices"
	"strings"

	"github.com/emmansun/gmsm/smx509"
	"github.com/spf13/cobra"

	"onecert/pki"
	"onecert/tlcp"
)

// tlsCommand is for people who connect things: look at an endpoint, be one, reach one.
func tlsCommand(io *console) *cobra.Command {
	return io.group("tls", "cmd.tls", tlsProbeCommand(io), tlsConnectCommand(io), tlsServeCommand(io), tlsProxyCommand(io))
}

// ownPair is the files of a pair of certificates, in flags.
type ownPair struct{ signCert, signKey, encryptCert, encryptKey string }

func (io *console) pairFlags(command *cobra.Command, p *ownPair) {
	flags := command.Flags()
	flags.StringVar(&p.signCert, "sign-cert", "", io.text("flag.tls.sign-cert"))
	flags.StringVar(&p.signKey, "sign-key", "", io.text("flag.tls.sign-key"))
	flags.StringVar(&p.encryptCert, "enc-cert", "", io.text("flag.tls.enc-cert"))
	flags.StringVar(&p.encryptKey, "enc-key", "", io.text("flag.tls.enc-key"))
}

// load returns the pair; none where no flag names it.
func (io *console) load(p ownPair) ([]tlcp.Certificate, error) {
	if p == (ownPair{}) {
		return nil, nil
	}
	if p.signCert == "" || p.signKey == "" || p.encryptCert == "" || p.encryptKey == "" {
		return nil, io.wrongUsage("usage.tls.pair")
	}
	var texts [4][]byte
	for i, file := range []string{p.signCert, p.signKey, p.encryptCert, p.encryptKey} {
		text, err := io.readFile(file)
		if err != nil {
			return nil, io.doing("doing.reading", file, err)
		}
		texts[i] = text
	}
	c, err := tlcp.X509KeyPair(texts[0], texts[1], texts[2], texts[3])
	if err != nil {
		return nil, pki.Errorf(pki.Invalid, "tls.pair", "the pair of certificates and keys cannot be used").
			To("name PEM files: certificate and unencrypted key of each half").Because(err)
	}
	return []tlcp.Certificate{c}, nil
}

// anchors reads trusted certificates; none where no file is named.
func (io *console) anchorsOf(file string) (list []*smx509.Certificate, pool *smx509.CertPool, err error) {
	pool = smx509.NewCertPool()
	if file == "" {
		return nil, pool, nil
	}
	objects, err := io.readKind(file, kindCertificate)
	if err != nil {
		return nil, nil, err
	}
	for _, o := range objects {
		c, err := smx509.ParseCertificate(o.der)
		if err != nil {
			return nil, nil, io.doing("doing.reading", o.source, pki.Errorf(pki.Invalid, "certificate.malformed", "the certificate is malformed").Because(err))
		}
		list = append(list, c)
		pool.AddCert(c)
	}
	return list, pool, nil
}

// suitesNamed reads names of TLCP's suites, separated by commas; "" is all of them.
func (io *console) suitesNamed(names string) ([]uint16, error) {
	if names == "" {
		return nil, nil
	}
	var ids []uint16
	for name := range strings.SplitSeq(names, ",") {
		at := slices.IndexFunc(tlcp.CipherSuites(), func(id uint16) bool { return strings.EqualFold(tlcp.CipherSuiteName(id), strings.TrimSpace(name)) })
		if at < 0 {
			return nil, io.wrongUsage("usage.tls.suite", safe(name), strings.Join(allSuites(), ", "))
		}
		ids = append(ids, tlcp.CipherSuites()[at])
	}
	return ids, nil
}

func allSuites() (names []string) {
	for _, id := range tlcp.CipherSuites() {
		names = append(names, tlcp.CipherSuiteName(id))
	}
	return names
}

// commaList splits a flag; "" is nothing.
func commaList(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, ",")
}

// failedHandshake tells a handshake's error in the person's language.
func (io *console) failedHandshake(address string, err error) error {
	failure, ok := errors.AsType[*tlcp.Error](err)
	if !ok {
		return pki.Errorf(pki.Unavailable, "tls.unreachable", "%s", io.text("tls.unreachable", safe(address))).Because(err)
	}
	return pki.Errorf(pki.Conflict, "tls."+string(failure.Cause), "%s", io.text("tls.failed", safe(address), safe(failure.Text(io.lang))))
}

// shown is a connection for programs.
type shown struct {
	Peer         string        `json:"peer"`
	Protocol     string        `json:"protocol"`
	Suite        string        `json:"suite"`
	Resumed      bool          `json:"resumed"`
	Application  string        `json:"application_protocol"`
	ServerName   string        `json:"server_name"`
	Verified     bool          `json:"verified"`
	Certificates []shownHolder `json:"certificates"`
}

type shownHolder struct {
	Role    string `json:"role"` // signing, encryption, ca
	Subject string `json:"subject"`
	Issuer  string `json:"issuer"`
	Serial  string `json:"serial"`
	Until   string `json:"until"`
}

func showConnection(conn *tlcp.Conn) shown {
	state := conn.ConnectionState()
	s := shown{Peer: conn.RemoteAddr().String(), Protocol: "TLCP 1.1", Suite: tlcp.CipherSuiteName(state.CipherSuite), Resumed: state.DidResume,
		Application: state.NegotiatedProtocol, ServerName: state.ServerName, Verified: len(state.VerifiedChains) > 0, Certificates: []shownHolder{}}
	for i, c := range state.PeerCertificates {
		role := "ca"
		switch {
		case i == 0:
			role = "signing"
		case c == state.EncryptCertificate:
			role = "encryption"
		}
		s.Certificates = append(s.Certificates, shownHolder{role, c.Subject.String(), c.Issuer.String(), c.SerialNumber.Text(16), date(c.NotAfter)})
	}
	return s
}

func (p *printer) connection(s shown) {
	resumed := ""
	if s.Resumed {
		resumed = ", " + p.text("tls.resumed")
	}
	p.line(0, "%s: %s, %s%s", safe(s.Peer), s.Protocol, s.Suite, resumed)
	p.labelled(1, "tls.application", s.Application)
	for _, c := range s.Certificates {
		p.line(1, "%s: %s", p.text("tls.role."+c.Role), safe(c.Subject))
		p.line(2, "%s", p.text("tls.issued", safe(c.Issuer), c.Serial, c.Until))
	}
}
