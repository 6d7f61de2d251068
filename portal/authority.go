package portal

import (
	"bytes"
	"encoding/pem"
	"net/http"
	"slices"
	"strings"

	"github.com/emmansun/gmsm/smx509"
	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"onecert/pki"
)

// shown is a CA on its page.
type shown struct {
	Authority
	Certificates []facts
}

func (p *Portal) authorities(w http.ResponseWriter, r *http.Request) {
	var all []shown
	for _, a := range p.cfg.Authorities() {
		all = append(all, shown{a, chainOf(a)})
	}
	p.show(w, r, http.StatusOK, "authorities", all)
}

// download hands out a CA's certificate and chain under names that stay:
// {id}.cer (DER), {id}.pem (chain, its own first) and {id}.p7b (chain for Windows).
func (p *Portal) download(w http.ResponseWriter, r *http.Request) {
	id, kind, _ := cutLast(r.PathValue("file"))
	for _, a := range p.cfg.Authorities() {
		if a.ID != id || len(a.Chain) == 0 {
			continue
		}
		content, mime := file(a, kind)
		if content == nil {
			break
		}
		w.Header().Set("Content-Type", mime)
		w.Header().Set("Content-Disposition", `attachment; filename="`+id+"."+kind+`"`)
		w.Header().Set("Cache-Control", "max-age=3600")
		w.Write(content)
		return
	}
	p.missing(w, r)
}

func cutLast(name string) (before, after string, found bool) {
	i := strings.LastIndexByte(name, '.')
	if i < 0 {
		return name, "", false
	}
	return name[:i], name[i+1:], true
}

func file(a Authority, kind string) (content []byte, mime string) {
	switch kind {
	case "cer":
		return a.Chain[0], "application/pkix-cert"
	case "pem":
		for _, der := range a.Chain {
			content = append(content, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
		}
		return content, "application/x-pem-file"
	case "p7b":
		return bundle(a.Chain), "application/x-pkcs7-certificates"
	}
	return nil, ""
}

// bundle is a SignedData without content and signers that carries certificates (RFC
// 5652 5.1; "certs-only" of RFC 8551 3.2.2).
func bundle(chain [][]byte) []byte {
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(pki.OID{1, 2, 840, 113549, 1, 7, 2})
		b.AddASN1(asn1.Tag(0).Constructed().ContextSpecific(), func(b *cryptobyte.Builder) {
			b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1Int64(1)
				b.AddASN1(asn1.SET, func(*cryptobyte.Builder) {})
				b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
					b.AddASN1ObjectIdentifier(pki.OID{1, 2, 840, 113549, 1, 7, 1})
				})
				b.AddASN1(asn1.Tag(0).Constructed().ContextSpecific(), func(b *cryptobyte.Builder) {
					for _, der := range sorted(chain) {
						b.AddBytes(der)
					}
				})
				b.AddASN1(asn1.SET, func(*cryptobyte.Builder) {})
			})
		})
	})
	return b.BytesOrPanic() // only what we built ourselves
}

// sorted orders a SET OF by its octets (X.690 11.6) and leaves out what is no
// certificate.
func sorted(chain [][]byte) [][]byte {
	var all [][]byte
	for _, der := range chain {
		if _, err := smx509.ParseCertificate(der); err == nil {
			all = append(all, der)
		}
	}
	slices.SortFunc(all, bytes.Compare)
	return all
}
