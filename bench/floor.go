package main

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"runtime"
	"sync"
	"time"

	"github.com/emmansun/gmsm/sm2"

	"onecert/pki"
)

// bodyLen is the length of a usual to-be-signed certificate, in octets.
const bodyLen = 700

// loop runs act on all processors for a while, as the measured server has them
// busy too, and returns the processor time of one.
func loop(last time.Duration, act func() error) (each time.Duration, err error) {
	workers := runtime.GOMAXPROCS(0)
	done, errs := make([]int, workers), make([]error, workers)
	var group sync.WaitGroup
	runtime.GC() // what came before is not this loop's
	before, end := ownTime(), time.Now().Add(last)
	for w := range workers {
		group.Go(func() {
			for time.Now().Before(end) && errs[w] == nil {
				errs[w] = act()
				done[w]++
			}
		})
	}
	group.Wait()
	total := 0
	for w := range workers {
		total += done[w]
		if errs[w] != nil {
			return 0, errs[w]
		}
	}
	return (ownTime() - before) / time.Duration(max(1, total)), nil
}

// dualFloor is the bare cryptography of a dual order, keys parsed and nothing
// stored: verify the request, sign two certificates, make one envelope.
type dualFloor struct {
	issuer, holder, pair *sm2.PrivateKey
	body, signature      []byte
}

func newDualFloor() (*dualFloor, error) {
	f := &dualFloor{body: make([]byte, bodyLen)}
	for _, key := range []**sm2.PrivateKey{&f.issuer, &f.holder, &f.pair} {
		var err error
		if *key, err = sm2.GenerateKey(rand.Reader); err != nil {
			return nil, fmt.Errorf("making a key: %w", err)
		}
	}
	var err error
	f.signature, err = f.holder.Sign(rand.Reader, f.body, sm2.DefaultSM2SignerOpts)
	return f, err
}

func (f *dualFloor) verify() error {
	if !sm2.VerifyASN1WithSM2(&f.holder.PublicKey, nil, f.body, f.signature) {
		return fmt.Errorf("a good signature was refused")
	}
	return nil
}

func (f *dualFloor) sign() error {
	_, err := f.issuer.Sign(rand.Reader, f.body, sm2.DefaultSM2SignerOpts)
	return err
}

func (f *dualFloor) envelope() error {
	_, err := sm2.MarshalEnvelopedPrivateKey(rand.Reader, &f.holder.PublicKey, f.pair)
	return err
}

func (f *dualFloor) all() error {
	for _, act := range []func() error{f.verify, f.sign, f.sign, f.envelope} {
		if err := act(); err != nil {
			return err
		}
	}
	return nil
}

// singleFloor is what a bare loop needs for a P-256 certificate: parse the request,
// verify it, sign a certificate, all by the standard library.
type singleFloor struct {
	issuer  *ecdsa.PrivateKey
	parent  *x509.Certificate
	request []byte
	serial  *big.Int
}

func newSingleFloor() (*singleFloor, error) {
	f := &singleFloor{serial: new(big.Int).Lsh(big.NewInt(1), 126)}
	key, err := pki.GenerateKey(rand.Reader, pki.P256)
	if err != nil {
		return nil, fmt.Errorf("making a key: %w", err)
	}
	f.issuer = key.(*ecdsa.PrivateKey)
	applicant, err := pki.GenerateKey(rand.Reader, pki.P256)
	if err != nil {
		return nil, fmt.Errorf("making a key: %w", err)
	}
	f.parent = &x509.Certificate{SerialNumber: f.serial, Subject: pkix.Name{CommonName: "floor"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now(), NotAfter: time.Now().AddDate(1, 0, 0), SubjectKeyId: make([]byte, 20)}
	f.request, err = x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: "h.example.test"}}, applicant)
	return f, err
}

func (f *singleFloor) parse() (*x509.CertificateRequest, error) {
	request, err := x509.ParseCertificateRequest(f.request)
	if err != nil {
		return nil, fmt.Errorf("parsing a request: %w", err)
	}
	return request, request.CheckSignature()
}

func (f *singleFloor) all() error {
	request, err := f.parse()
	if err != nil {
		return err
	}
	template := &x509.Certificate{SerialNumber: f.serial, Subject: request.Subject, NotBefore: f.parent.NotBefore, NotAfter: f.parent.NotAfter,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, DNSNames: []string{"h.example.test"}}
	_, err = x509.CreateCertificate(rand.Reader, template, f.parent, request.PublicKey, f.issuer)
	return err
}

func (f *singleFloor) sign() error {
	sum := sha256.Sum256(f.request)
	_, err := f.issuer.Sign(rand.Reader, sum[:], crypto.SHA256)
	return err
}

// settle lets what the last act left running come to rest before the next is measured.
func settle(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(100 * time.Millisecond):
		return nil
	}
}
