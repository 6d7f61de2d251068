package main

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/asn1"
	"fmt"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm3"
	"github.com/emmansun/gmsm/smx509"

	"onecert/ca"
	"onecert/cms"
	"onecert/lint"
	"onecert/officer"
	"onecert/pki"
)

// part is one small thing measured in a loop beside its floor.
type part struct {
	name      string
	act       func() error
	floor     func() error
	floorName string
}

// parts shows what the steps of an order cost by themselves.
func (b *bench) parts(ctx context.Context) error {
	var all []part
	for _, add := range []func() ([]part, error){requestParts, b.certificateParts, envelopeParts} {
		some, err := add()
		if err != nil {
			return err
		}
		all = append(all, some...)
	}
	rows := [][]string{{"", "µs", "floor µs", "ratio", "floor"}}
	for _, p := range all {
		row, err := b.part(p)
		if err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		rows = append(rows, row)
	}
	b.out.table("Parts of an order, processor time of one", rows)
	return b.generate(ctx)
}

// part measures act and floor in turns.
func (b *bench) part(p part) ([]string, error) {
	type pair struct{ act, floor time.Duration }
	var runs []pair
	for range pick(b, 1, 3) {
		act, err := loop(pick(b, 50*time.Millisecond, 150*time.Millisecond), p.act)
		if err != nil {
			return nil, err
		}
		floor, err := loop(pick(b, 50*time.Millisecond, 150*time.Millisecond), p.floor)
		if err != nil {
			return nil, err
		}
		runs = append(runs, pair{act, floor})
	}
	return []string{p.name, micros(median(runs, func(r pair) time.Duration { return r.act })),
		micros(median(runs, func(r pair) time.Duration { return r.floor })),
		times(median(runs, func(r pair) float64 { return r.act.Seconds() / r.floor.Seconds() })), p.floorName}, nil
}

// requestParts reads and checks requests in each form they come in.
func requestParts() (all []part, err error) {
	for _, suite := range []pki.Suite{pki.SM2, pki.P256, pki.RSA2048} {
		key, err := pki.GenerateKey(rand.Reader, suite)
		if err != nil {
			return nil, fmt.Errorf("making a key: %w", err)
		}
		standard, err := newRequest(key, pki.Name{{Type: "C", Value: "CN"}, {Type: "O", Value: "示例市民政局"}, {Type: "CN", Value: "试用者"}})
		if err != nil {
			return nil, err
		}
		body, verify, err := verification(standard, suite)
		if err != nil {
			return nil, err
		}
		forms := []requestForm{{"", standard}}
		if suite == pki.SM2 {
			for _, form := range []pki.Form{pki.EmptyID, pki.DoubleHash} {
				der, err := signedAs(form, body, key.(*sm2.PrivateKey))
				if err != nil {
					return nil, err
				}
				forms = append(forms, requestForm{", " + string(form), der})
			}
			der, err := cfcaRequest(key)
			if err != nil {
				return nil, err
			}
			forms = append(forms, requestForm{", CFCA's dialect with a temporary key", der})
		}
		for _, form := range forms {
			all = append(all, part{"parse and check a request, " + string(suite) + form.name,
				func() error { _, err := pki.ParseRequest(form.der, true); return err }, verify, "one verification"})
		}
	}
	return all, nil
}

type requestForm struct {
	name string
	der  []byte
}

func cfcaRequest(key crypto.Signer) ([]byte, error) {
	temporary, err := pki.GenerateKey(rand.Reader, pki.SM2)
	if err != nil {
		return nil, fmt.Errorf("making a key: %w", err)
	}
	subject, err := pki.Name{{Type: "C", Value: "CN"}, {Type: "CN", Value: "试用者"}}.DER()
	if err != nil {
		return nil, err
	}
	der, err := smx509.CreateCFCACertificateRequest(rand.Reader, &smx509.CertificateRequest{RawSubject: subject}, key, temporary.Public(), "111111")
	if err != nil {
		return nil, fmt.Errorf("making a request: %w", err)
	}
	return der, nil
}

// verification returns a request's signed body and the bare check of its signature.
func verification(der []byte, suite pki.Suite) (body []byte, verify func() error, err error) {
	var request struct {
		Body      asn1.RawValue
		Algorithm asn1.RawValue
		Signature asn1.BitString
	}
	if _, err := asn1.Unmarshal(der, &request); err != nil {
		return nil, nil, fmt.Errorf("taking a request apart: %w", err)
	}
	parsed, err := pki.ParseRequest(der, false)
	if err != nil {
		return nil, nil, err
	}
	body, signature := request.Body.FullBytes, request.Signature.Bytes
	sum := sha256.Sum256(body)
	good := func() bool { return sm2.VerifyASN1WithSM2(parsed.PublicKey.(*ecdsa.PublicKey), nil, body, signature) }
	switch suite {
	case pki.P256:
		good = func() bool { return ecdsa.VerifyASN1(parsed.PublicKey.(*ecdsa.PublicKey), sum[:], signature) }
	case pki.RSA2048:
		good = func() bool {
			return rsa.VerifyPKCS1v15(parsed.PublicKey.(*rsa.PublicKey), crypto.SHA256, sum[:], signature) == nil
		}
	}
	return body, func() error {
		if !good() {
			return fmt.Errorf("a good signature was refused")
		}
		return nil
	}, nil
}

// signedAs signs a request's body as some tools do (pki.Form says which).
func signedAs(form pki.Form, body []byte, key *sm2.PrivateKey) ([]byte, error) {
	var signature []byte
	var err error
	if form == pki.DoubleHash {
		sum := sm3.Sum(body)
		signature, err = key.Sign(rand.Reader, sum[:], sm2.DefaultSM2SignerOpts)
	} else {
		signature, err = key.Sign(rand.Reader, emptyIDDigest(&key.PublicKey, body), nil)
	}
	if err != nil {
		return nil, fmt.Errorf("signing a request: %w", err)
	}
	return pki.Assemble(body, pki.SM2, signature), nil
}

// emptyIDDigest is SM3(Z ‖ body) with a user id of no octets (GB/T 32918.2 5.5).
func emptyIDDigest(key *ecdsa.PublicKey, body []byte) []byte {
	curve := key.Params()
	z := make([]byte, 2, 2+6*32)
	a := curve.P.FillBytes(make([]byte, 32))
	a[31] -= 3
	z = append(z, a...)
	z = append(z, curve.B.FillBytes(make([]byte, 32))...)
	z = append(z, curve.Gx.FillBytes(make([]byte, 32))...)
	z = append(z, curve.Gy.FillBytes(make([]byte, 32))...)
	z = append(z, pki.Point(key)[1:]...)
	hash := sm3.Sum(z)
	sum := sm3.Sum(append(hash[:], body...))
	return sum[:]
}

// certificateParts builds and lints certificates as the CA issued them.
func (b *bench) certificateParts() (all []part, err error) {
	h, err := b.house(b.engines[0], 10)
	if err != nil {
		return nil, err
	}
	defer h.close()
	f, err := newDualFloor()
	if err != nil {
		return nil, err
	}
	s, err := newSingleFloor()
	if err != nil {
		return nil, err
	}
	for _, m := range []*maker{persons(), servers()} {
		issued, err := h.issue(m, 0)
		if err != nil {
			return nil, err
		}
		floor := map[pki.Suite]func() error{pki.SM2: f.sign, pki.P256: s.sign}[m.suite]
		some, err := buildAndLint(issued, m.suite, floor)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

// house builds one in this process.
func (b *bench) house(e engine, pool int) (*house, error) {
	p, err := b.plan(e, pool)
	if err != nil {
		return nil, err
	}
	h, err := build(context.Background(), p)
	if err != nil {
		return nil, err
	}
	if err := h.fill(); err != nil {
		h.close()
		return nil, err
	}
	return h, nil
}

// issue has a house issue what order n of a maker asks for.
func (h *house) issue(m *maker, n int) (*ca.Issued, error) {
	key, err := pki.GenerateKey(rand.Reader, m.suite)
	if err != nil {
		return nil, fmt.Errorf("making a key: %w", err)
	}
	order, subject := m.order(n)
	if order.Request, err = newRequest(key, subject); err != nil {
		return nil, err
	}
	return h.ca.Issue(as("ra", officer.Site), order)
}

// buildAndLint writes the certificate's bytes anew from its parts, and lints them.
func buildAndLint(issued *ca.Issued, suite pki.Suite, sign func() error) ([]part, error) {
	certificate, err := smx509.ParseCertificate(issued.Sign.DER)
	if err != nil {
		return nil, fmt.Errorf("reading a certificate: %w", err)
	}
	t := pki.Template{Serial: issued.Sign.Serial, Suite: suite, Issuer: certificate.RawIssuer, Subject: certificate.RawSubject,
		NotBefore: certificate.NotBefore, NotAfter: certificate.NotAfter, PublicKey: certificate.RawSubjectPublicKeyInfo}
	for _, e := range certificate.Extensions {
		t.Extensions = append(t.Extensions, pki.Extension{OID: pki.OID(e.Id), Critical: e.Critical, Value: e.Value})
	}
	if tbs, err := t.TBS(); err != nil || string(tbs) != string(certificate.RawTBSCertificate) {
		return nil, fmt.Errorf("the certificate's bytes cannot be made again (%w)", err)
	}
	authority, err := lint.ReadAuthority(issued.Chain[0])
	if err != nil {
		return nil, err
	}
	options := lint.Options{Authority: authority, Ours: true, Zlint: suite != pki.SM2}
	if issued.Encrypt != nil {
		options.Pair = issued.Encrypt.DER
	}
	name := "lint a certificate, " + string(suite)
	if options.Zlint {
		name += ", with zlint"
	}
	return []part{
		{"write a certificate's bytes, " + string(suite), func() error { _, err := t.TBS(); return err }, sign, "one signature"},
		{name, func() error { _, err := lint.Certificate(issued.Sign.DER, options); return err }, sign, "one signature"},
	}, nil
}

func envelopeParts() ([]part, error) {
	f, err := newDualFloor()
	if err != nil {
		return nil, err
	}
	key, err := pki.GenerateKey(rand.Reader, pki.P256)
	if err != nil {
		return nil, fmt.Errorf("making a key: %w", err)
	}
	private, err := smx509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("encoding a key: %w", err)
	}
	agree := func() error {
		own, err := pki.GenerateKey(rand.Reader, pki.P256)
		if err != nil {
			return fmt.Errorf("making a key: %w", err)
		}
		mine, err := own.(*ecdsa.PrivateKey).ECDH()
		if err != nil {
			return fmt.Errorf("agreeing: %w", err)
		}
		theirs, err := key.Public().(*ecdsa.PublicKey).ECDH()
		if err != nil {
			return fmt.Errorf("agreeing: %w", err)
		}
		_, err = mine.ECDH(theirs)
		return err
	}
	return []part{
		{"SM2EnvelopedKey", func() error { _, err := cms.SealSM2Key(rand.Reader, &f.holder.PublicKey, f.pair); return err },
			f.envelope, "the library's envelope"},
		{"EnvelopedData of a P-256 key", func() error {
			_, err := cms.Envelope(rand.Reader, cms.Recipient{Public: key.Public()}, private)
			return err
		}, agree, "one key made, one agreed"},
	}, nil
}

// generate measures the key management centre alone: orders in process by 32 callers.
func (b *bench) generate(ctx context.Context) error {
	f, err := newDualFloor()
	if err != nil {
		return err
	}
	spki, err := pki.MarshalPublicKey(&f.holder.PublicKey)
	if err != nil {
		return err
	}
	floor, err := loop(pick(b, 100*time.Millisecond, 300*time.Millisecond), f.envelope)
	if err != nil {
		return err
	}
	rows := [][]string{{"", "orders/s", "µs/order", "floor µs", "ratio", "database µs/order"}}
	for _, e := range b.engines {
		n := pick(b, 2000, 10_000)
		h, err := b.house(e, n)
		if err != nil {
			return err
		}
		order := func(i int) error {
			serial, err := pki.NewSerial(rand.Reader)
			if err != nil {
				return err
			}
			_, err = beside{h.kmc}.Generate(ctx, pki.KeyOrder{Application: fmt.Sprintf("a%d", i), CertNo: serial, Suite: pki.SM2, Recipient: spki,
				Holder: fmt.Sprintf("B-%d", i), NotBefore: time.Now(), NotAfter: time.Now().AddDate(3, 0, 0)})
			return err
		}
		own, database, start := ownTime(), treeTime(e.pid), time.Now()
		err = together(32, n, order)
		took := time.Since(start)
		own, database = (ownTime()-own)/time.Duration(n), (treeTime(e.pid)-database)/time.Duration(n)
		h.close()
		if err != nil {
			return err
		}
		rows = append(rows, []string{e.name, digits(float64(n) / took.Seconds()), micros(own), micros(floor),
			times(own.Seconds() / floor.Seconds()), micros(database)})
	}
	b.out.table("An SM2 pair from the key management centre, in process, 32 callers, durable storage", rows,
		"Floor: one SM2EnvelopedKey.")
	return nil
}
