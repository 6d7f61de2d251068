package main

import (
	"bytes"
	"encoding/pem"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	asn1 "golang.org/x/crypto/cryptobyte/asn1"

	"onecert/pki"
)

// Limits on a foreign file: the largest CRLs in public use are under 100 MiB.
const (
	maxFile    = 256 << 20
	maxObjects = 10_000
)

// kind is what a DER object is.
type kind string

const (
	kindCertificate kind = "certificate"
	kindCRL         kind = "crl"
	kindRequest     kind = "request"
)

// object is one certificate, CRL or request out of a file.
type object struct {
	kind   kind
	der    []byte
	source string // FILE, or FILE#2 where there are several
}

// readFile reads a named file, or standard input for "-".
func (c *console) readFile(path string) ([]byte, error) {
	reader := c.in
	if path != "-" {
		file, err := os.Open(path)
		if err != nil {
			return nil, fileError(err)
		}
		defer file.Close()
		if info, err := file.Stat(); err == nil && info.IsDir() {
			return nil, pki.Errorf(pki.Invalid, "file.directory", "it is a directory").To("name a file")
		}
		reader = file
	}
	data, err := io.ReadAll(io.LimitReader(reader, maxFile+1))
	if err != nil {
		return nil, fileError(err)
	}
	if len(data) > maxFile {
		return nil, pki.Errorf(pki.Invalid, "file.size", "it is larger than %d MiB", maxFile>>20)
	}
	return data, nil
}

func fileError(err error) error {
	switch {
	case os.IsNotExist(err):
		return pki.Errorf(pki.Unknown, "file.missing", "there is no such file").To("check the path").Because(err)
	case os.IsPermission(err):
		return pki.Errorf(pki.Forbidden, "file.permission", "the file may not be read").To("check its owner and mode").Because(err)
	}
	return pki.Errorf(pki.Unavailable, "file.unreadable", "the file cannot be read").Because(err)
}

// readObjects reads all certificates, CRLs and requests of a file, PEM or DER.
func (c *console) readObjects(path string) ([]object, error) {
	data, err := c.readFile(path)
	if err == nil {
		var all []object
		if all, err = splitObjects(data, path); err == nil {
			return all, nil
		}
	}
	return nil, c.doing("doing.reading", path, err)
}

// readKind reads a file that must hold objects of one kind only.
func (c *console) readKind(path string, want kind) ([]object, error) {
	all, err := c.readObjects(path)
	if err != nil {
		return nil, err
	}
	for _, o := range all {
		if o.kind != want {
			wrong := pki.Errorf(pki.Invalid, "file.kind", c.text("file.kind"), c.text("kind."+string(o.kind)), c.text("kind."+string(want)))
			return nil, c.doing("doing.reading", o.source, wrong)
		}
	}
	return all, nil
}

func splitObjects(data []byte, path string) ([]object, error) {
	var all []object
	var err error
	if bytes.HasPrefix(data, []byte{0x30}) {
		all, err = splitDER(data)
	} else {
		all, err = splitPEM(data)
	}
	if err != nil {
		return nil, err
	}
	for i := range all {
		all[i].source = path
		if len(all) > 1 {
			all[i].source = fmt.Sprintf("%s#%d", path, i+1)
		}
	}
	return all, nil
}

func splitDER(data []byte) ([]object, error) {
	var all []object
	for rest := cryptobyte.String(data); !rest.Empty(); {
		var one cryptobyte.String
		if !rest.ReadASN1Element(&one, asn1.SEQUENCE) || len(all) == maxObjects {
			return nil, pki.Errorf(pki.Invalid, "file.der", "DER object %d is cut short or not DER", len(all)+1).
				To("give the whole file, unchanged")
		}
		k, ok := classify(one)
		if !ok {
			return nil, unknownObject(len(all) + 1)
		}
		all = append(all, object{kind: k, der: one})
	}
	return all, nil
}

func splitPEM(data []byte) ([]object, error) {
	var all []object
	for {
		block, rest := pem.Decode(data)
		if block == nil {
			break
		}
		data = rest
		o, err := fromBlock(block, len(all)+1)
		if err != nil {
			return nil, err
		}
		if len(all) == maxObjects {
			return nil, pki.Errorf(pki.Invalid, "file.objects", "it holds more than %d objects", maxObjects)
		}
		all = append(all, o)
	}
	switch {
	case bytes.Contains(data, []byte("-----BEGIN ")):
		return nil, pki.Errorf(pki.Invalid, "file.pem", "PEM block %d is damaged or has no END line", len(all)+1).
			To("give the whole file, unchanged")
	case len(all) == 0:
		return nil, pki.Errorf(pki.Invalid, "file.nothing", "it holds no certificate, CRL or request in PEM or DER").
			To("give a file with a BEGIN CERTIFICATE line, or DER")
	}
	return all, nil
}

// fromBlock judges a block by its content; the label must not contradict it.
func fromBlock(block *pem.Block, number int) (object, error) {
	if strings.Contains(block.Type, "PRIVATE KEY") {
		return object{}, pki.Errorf(pki.Invalid, "file.private-key", "PEM block %d is a private key", number).
			To("take it out of the file: private keys are not for inspection")
	}
	k, ok := classify(block.Bytes)
	if !ok {
		return object{}, unknownObject(number)
	}
	return object{kind: k, der: block.Bytes}, nil
}

func unknownObject(number int) error {
	return pki.Errorf(pki.Invalid, "file.object", "object %d is no certificate, CRL or certificate request", number).
		To("give certificates, CRLs or PKCS#10 requests")
}

// classify tells the three kinds apart by the first fields of what is signed, so
// that an object which does not parse in full still gets to the linter.
func classify(der []byte) (kind, bool) {
	input := cryptobyte.String(der)
	var outer, tbs, skip cryptobyte.String
	if !input.ReadASN1(&outer, asn1.SEQUENCE) || !input.Empty() || !outer.ReadASN1(&tbs, asn1.SEQUENCE) {
		return "", false
	}
	if tbs.PeekASN1Tag(asn1.Tag(0).Constructed().ContextSpecific()) {
		return kindCertificate, true
	}
	numbered := tbs.PeekASN1Tag(asn1.INTEGER)
	if numbered && !tbs.ReadASN1(&skip, asn1.INTEGER) || !tbs.ReadASN1(&skip, asn1.SEQUENCE) || !tbs.ReadASN1(&skip, asn1.SEQUENCE) {
		return "", false
	}
	switch {
	case tbs.PeekASN1Tag(asn1.UTCTime) || tbs.PeekASN1Tag(asn1.GeneralizedTime):
		return kindCRL, true
	case numbered && tbs.PeekASN1Tag(asn1.SEQUENCE):
		return kindCertificate, true // version 1: no version is written
	case numbered:
		return kindRequest, true
	}
	return "", false
}

// names returns issuer and subject as DER, nil where there is none or it cannot be read.
func (o object) names() (issuer, subject []byte) {
	input := cryptobyte.String(o.der)
	var outer, tbs, skip, name cryptobyte.String
	if o.kind == kindRequest || !input.ReadASN1(&outer, asn1.SEQUENCE) || !outer.ReadASN1(&tbs, asn1.SEQUENCE) {
		return nil, nil
	}
	version := asn1.Tag(0).Constructed().ContextSpecific()
	if o.kind == kindCRL {
		version = asn1.INTEGER
	}
	if !tbs.SkipOptionalASN1(version) || o.kind == kindCertificate && !tbs.SkipASN1(asn1.INTEGER) ||
		!tbs.ReadASN1(&skip, asn1.SEQUENCE) || !tbs.ReadASN1Element(&name, asn1.SEQUENCE) {
		return nil, nil
	}
	issuer = name
	if o.kind == kindCertificate && tbs.ReadASN1(&skip, asn1.SEQUENCE) && tbs.ReadASN1Element(&name, asn1.SEQUENCE) {
		subject = name
	}
	return issuer, subject
}
