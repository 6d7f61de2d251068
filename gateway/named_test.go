package gateway_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/emmansun/gmsm/smx509"

	"onecert/tlcp"
)

// offered are the DER names of CAs a TLCP client is told.
func (h *house) offered() (names [][]byte) {
	h.t.Helper()
	roots := smx509.NewCertPool()
	roots.AddCert(h.sm2.cert)
	config := &tlcp.Config{RootCAs: roots, ServerName: "oa.example.gov",
		GetClientCertificate: func(info *tlcp.CertificateRequestInfo) (*tlcp.Certificate, error) {
			names = info.AcceptableCAs
			return nil, nil
		}}
	conn, err := tlcp.Dial("tcp", h.address, config)
	if err != nil {
		h.t.Fatal(err)
	}
	conn.Close()
	return names
}

// TestNamedAuthorities: who is told in a TLCP handshake whose certificates are taken hears
// it of the configuration that runs, from the first one on, and not of the one before.
func TestNamedAuthorities(t *testing.T) {
	h := newHouse(t)
	named := []string{`"trust": "staff",`, `"trust": "staff", "nameAuthorities": true,`}
	wants := func(what string, cas ...*authority) {
		t.Helper()
		names := h.offered()
		missing := slices.ContainsFunc(cas, func(ca *authority) bool {
			return !slices.ContainsFunc(names, func(name []byte) bool { return bytes.Equal(name, ca.cert.RawSubject) })
		})
		if missing || len(names) != len(cas) {
			t.Errorf("%s: %q are named", what, names)
		}
	}
	h.apply(h.document(named...))
	wants("the first configuration", h.ca, h.sm2)
	h.apply(h.document(append(named, `"cas": ["own", "national"]`, `"cas": ["national"]`)...))
	wants("one CA less", h.sm2)
	h.apply(h.document(named...))
	wants("and back", h.ca, h.sm2)
}
