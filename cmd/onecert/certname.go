package main

import (
	"bytes"
	"context"
	"os"

	"github.com/emmansun/gmsm/smx509"

	"onecert/ca"
	"onecert/cmd/internal/wire"
	"onecert/pki"
)

// certName is how the API names a certificate.
type certName struct {
	Issuer string     `json:"issuer"`
	Serial pki.Serial `json:"serial"`
}

func (n certName) String() string { return n.Issuer + "/" + string(n.Serial) }

// certNames reads ISSUER SERIAL…, or certificate files, whose issuer is found by
// asking the CA. The first word decides: an issuer is no file.
func (io *console) certNames(ctx context.Context, s *wire.Session, args []string) ([]certName, error) {
	if isFile(args[0]) {
		return io.namesOfFiles(ctx, s, args)
	}
	if len(args) < 2 {
		return nil, io.wrongUsage("usage.certificate", safe(args[0]))
	}
	var names []certName
	for _, text := range args[1:] {
		serial, err := pki.ParseSerial(text)
		if err != nil {
			return nil, io.doing("doing.serial", text, err)
		}
		names = append(names, certName{args[0], serial})
	}
	return names, nil
}

func isFile(word string) bool {
	if word == "-" {
		return true
	}
	info, err := os.Stat(word)
	return err == nil && info.Mode().IsRegular()
}

func (io *console) namesOfFiles(ctx context.Context, s *wire.Session, paths []string) ([]certName, error) {
	issuers, err := s.CA.Issuers(ctx)
	if err != nil {
		return nil, err
	}
	var names []certName
	for _, path := range paths {
		certificate, err := io.readCertificate(path)
		if err != nil {
			return nil, err
		}
		issuer, ok := issuerOf(certificate, issuers)
		if !ok {
			return nil, io.doing("doing.reading", path, pki.Errorf(pki.Unknown, "certificate.stranger", "the certificate was not issued by this CA").
				To("see the issuers with 'onecert ca issuers'"))
		}
		names = append(names, certName{issuer, pki.SerialOf(certificate.SerialNumber)})
	}
	return names, nil
}

// readCertificate reads the first certificate of a file: a bundle begins with the
// holder's own.
func (io *console) readCertificate(path string) (*smx509.Certificate, error) {
	objects, err := io.readKind(path, kindCertificate)
	if err != nil {
		return nil, err
	}
	certificate, err := smx509.ParseCertificate(objects[0].der)
	if err != nil {
		return nil, io.doing("doing.reading", path, pki.Errorf(pki.Invalid, "certificate.malformed", "the data is no DER certificate").
			To("give one whole certificate in DER").Because(err))
	}
	return certificate, nil
}

// issuerOf finds who issued a certificate: by name and key, since an issuer whose
// key was changed keeps its name.
func issuerOf(c *smx509.Certificate, issuers []ca.IssuerView) (string, bool) {
	for _, i := range issuers {
		if len(i.Chain) == 0 {
			continue
		}
		own, err := smx509.ParseCertificate(i.Chain[0])
		if err == nil && bytes.Equal(own.RawSubject, c.RawIssuer) && bytes.Equal(own.SubjectKeyId, c.AuthorityKeyId) {
			return i.ID, true
		}
	}
	return "", false
}
