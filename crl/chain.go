package crl

import (
	"bytes"
	"encoding/asn1"
	"encoding/pem"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"github.com/emmansun/gmsm/smx509"
	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"onecert/pki"
	"onecert/serve"
)

// Chains are CA certificates under stable names: {issuer}.cer is what certificates name
// as their issuer's (RFC 5280 4.2.2.1), {issuer}-root.cer the root's, {issuer}.p7c and
// {issuer}-chain.pem the whole chain, the issuer first and the root last.
type Chains struct{ files map[string]chainFile }

type chainFile struct {
	kind   string
	octets []byte
}

// NewChains makes the files of some issuers.
func NewChains(issuers []Issuer) (*Chains, error) {
	c := &Chains{files: map[string]chainFile{}}
	for _, i := range issuers {
		all := append([]*smx509.Certificate{i.Certificate}, i.Chain...)
		var text bytes.Buffer
		for _, certificate := range all {
			if err := pem.Encode(&text, &pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw}); err != nil {
				return nil, err
			}
		}
		bundle, err := certsOnly(all)
		if err != nil {
			return nil, err
		}
		c.files[i.ID+".cer"] = chainFile{"application/pkix-cert", i.Certificate.Raw}
		c.files[i.ID+".p7c"] = chainFile{"application/pkcs7-mime; smime-type=certs-only", bundle}
		c.files[i.ID+"-chain.p7b"] = chainFile{"application/x-pkcs7-certificates", bundle}
		c.files[i.ID+"-chain.pem"] = chainFile{"application/x-pem-file", text.Bytes()}
		for n, above := range i.Chain {
			name := i.ID + "-root.cer"
			if n < len(i.Chain)-1 {
				name = i.ID + "-above-" + string(rune('1'+n)) + ".cer"
			}
			c.files[name] = chainFile{"application/pkix-cert", above.Raw}
		}
	}
	return c, nil
}

// Write puts the files into a folder, for any web server.
func (c *Chains) Write(dir string) error {
	for name, file := range c.files {
		if err := writeFile(dir, name, func(w io.Writer) error { _, err := w.Write(file.octets); return err }); err != nil {
			return pki.Errorf(pki.Unavailable, "chain.write", "the CA certificates cannot be written to their folder").
				To("check the space and rights of %s", filepath.Base(dir)).Because(err)
		}
	}
	return nil
}

// ServeHTTP implements http.Handler.
func (c *Chains) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	file, ok := c.files[strings.TrimPrefix(r.URL.Path, "/")]
	if !ok || r.Method != http.MethodGet && r.Method != http.MethodHead {
		serve.Refuse(w, r, pki.Errorf(pki.Unknown, "chain.path", "no CA certificate is published under this address"))
		return
	}
	header := w.Header()
	header.Set("Content-Type", file.kind)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Cache-Control", "public, max-age=3600")
	header.Set("ETag", `"`+pki.Fingerprint(file.octets)[:32]+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(file.octets))
}

// certsOnly is a SignedData without signers (RFC 5652 5, RFC 8551 3.8): certificates and
// nothing else.
func certsOnly(all []*smx509.Certificate) ([]byte, error) {
	signedData, data := asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}, asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	tag := cbasn1.Tag(0).ContextSpecific().Constructed()
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(signedData)
		b.AddASN1(tag, func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1Int64(1)
				b.AddASN1(cbasn1.SET, func(*cryptobyte.Builder) {})
				b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(data) })
				b.AddASN1(tag, func(b *cryptobyte.Builder) {
					for _, certificate := range all {
						b.AddBytes(certificate.Raw)
					}
				})
				b.AddASN1(cbasn1.SET, func(*cryptobyte.Builder) {})
			})
		})
	})
	return b.Bytes()
}
