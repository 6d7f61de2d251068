package gateway_test

import (
	"testing"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/gateway"
	"onecert/pki"
)

// TestEndedCertificate: a certificate that ends while it is shown keeps neither other
// changes from being made nor the gateway from starting again; one that has ended is not
// taken anew.
func TestEndedCertificate(t *testing.T) {
	h := newHouse(t)
	brief := h.ca.issue("brief", func(c *smx509.Certificate) {
		server("oa.example.gov")(c)
		c.NotAfter = time.Now().Add(2 * time.Second)
	})
	h.keys["brief"] = brief.key
	c := h.document()
	c.Certificates = append(c.Certificates, gateway.Certificate{Name: "brief", Chain: asPEM(brief.cert.Raw), Key: "brief"})
	h.apply(c)
	time.Sleep(time.Until(brief.cert.NotAfter) + 10*time.Millisecond)
	c.Applications[0].Title = "changed"
	h.apply(c)
	h.g.Close()
	h.start()
	if _, v, err := h.g.Current(as("audit")); err != nil || v.Number != 2 || h.g.Fault() != nil {
		t.Errorf("after a restart %+v runs: %v, %v", v, err, h.g.Fault())
	}
	c.Certificates[len(c.Certificates)-1].Name = "again"
	if _, err := h.try(c); pki.KindOf(err) != pki.Invalid {
		t.Errorf("an ended certificate is taken: %v", err)
	}
}
