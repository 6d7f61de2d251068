package gateway

import (
	"encoding/binary"
	"net"

	"onecert/policy"
)

// The PROXY protocol, version 2, as HAProxy defined it (proxy-protocol.txt, 2.2): a header
// before the first octet that tells the back end who is connected.

const (
	proxyLocal   = 0x20 // version 2, LOCAL: addresses not known
	proxyProxied = 0x21 // version 2, PROXY
	proxyTCP4    = 0x11
	proxyTCP6    = 0x21

	tlvAuthority = 0x02
	tlvUniqueID  = 0x05
	tlvSSL       = 0x20
	tlvSSLVer    = 0x21
	tlvSSLCN     = 0x22
	tlvSSLCipher = 0x23

	sslClient   = 0x01 // connected over TLS or TLCP
	sslCertConn = 0x02 // with a certificate in this connection
)

// proxySignature begins every header.
const proxySignature = "\r\n\r\n\x00\r\nQUIT\n"

func tlv(kind byte, value []byte) []byte {
	return append(binary.BigEndian.AppendUint16([]byte{kind}, uint16(len(value))), value...)
}

// proxyHeader writes the header for one connection.
func proxyHeader(p *peer, local net.Addr, who *policy.Subject) []byte {
	var rest []byte
	command, family := byte(proxyLocal), byte(0)
	from, to := addrPort(p.conn.RemoteAddr()), addrPort(local)
	if from.IsValid() && to.IsValid() && from.Addr().Is4() == to.Addr().Is4() {
		command, family = proxyProxied, proxyTCP6
		if from.Addr().Is4() {
			family = proxyTCP4
		}
		rest = append(append(rest, from.Addr().AsSlice()...), to.Addr().AsSlice()...)
		rest = binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(rest, from.Port()), to.Port())
	}
	if name := p.transport.ServerName; name != "" {
		rest = append(rest, tlv(tlvAuthority, []byte(name))...)
	}
	ssl := []byte{sslClient, 0, 0, 0, 1} // verify: 0 only where a certificate was found good
	if who != nil && who.Certificate != nil {
		ssl[0] |= sslCertConn
		ssl[4] = 0
		ssl = append(ssl, tlv(tlvSSLCN, []byte(cut(who.Certificate.Subject.Get("CN"), 256)))...)
		rest = append(rest, tlv(tlvUniqueID, []byte(cut(who.User, 128)))...)
	}
	ssl = append(ssl, tlv(tlvSSLVer, []byte(p.transport.Protocol))...)
	ssl = append(ssl, tlv(tlvSSLCipher, []byte(p.transport.Suite))...)
	rest = append(rest, tlv(tlvSSL, ssl)...)
	header := append([]byte(proxySignature), command, family)
	return append(binary.BigEndian.AppendUint16(header, uint16(len(rest))), rest...)
}
