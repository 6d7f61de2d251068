package wire

import (
	"crypto/x509"
	"time"
)

// What each component's state is seen from.

func (p *CAProcess) vantage() vantage {
	c := p.config
	var messages []string
	if c.KMC != nil && c.KMC.MessageCertificate != "" {
		messages = append(messages, c.Path(c.KMC.MessageCertificate))
	}
	return vantage{component: "ca", name: c.Origin, api: p.API, options: p.options, database: p.database, log: p.Audit, dir: c.dir,
		spaces: c.looker(nil, time.Time{}).spaces, certificates: presented(p.identity, p.pair, true, messages...)}
}

func (p *KMCProcess) vantage() vantage {
	c := p.config
	var messages []string
	if c.speaks() {
		messages = append(messages, c.Path(c.MessageCertificate))
	}
	return vantage{component: "kmc", name: c.Origin, api: p.API, options: p.options, database: p.database, log: p.Audit, dir: c.dir,
		spaces: c.looker(nil, time.Time{}).spaces, certificates: presented(p.identity, p.pair, c.CA != "", messages...)}
}

func (p *RAProcess) vantage() vantage {
	c := p.config
	return vantage{component: c.Component, name: c.Home.ID, api: p.API, options: p.options, database: p.database, log: p.Audit, dir: c.dir,
		spaces: c.looker(nil, time.Time{}).spaces, certificates: presented(p.identity, p.pair, c.CA != "")}
}

func (p *GatewayProcess) vantage() vantage {
	c := p.config
	return vantage{component: componentGateway, name: c.Name, api: p.API, options: p.options, database: p.database, log: p.Audit, dir: c.dir,
		spaces: c.looker(nil, time.Time{}).spaces, certificates: presented(p.identity, p.pair, true)}
}

func (p *NodeProcess) vantage() vantage {
	c := p.config
	return vantage{component: "node", name: hostOf(p.identity.Certificate()), api: p.API, options: p.options, database: p.database,
		spaces: c.spaces(), certificates: presented(p.identity, p.pair, true)}
}

// hostOf is the first name or address a certificate is for.
func hostOf(c *x509.Certificate) string {
	switch {
	case len(c.DNSNames) > 0:
		return c.DNSNames[0]
	case len(c.IPAddresses) > 0:
		return c.IPAddresses[0].String()
	}
	return c.Subject.CommonName
}
