package main

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"

	"onecert/ca"
	"onecert/cms"
	"onecert/keys"
	"onecert/pki"
)

// maker makes orders beforehand, each of another holder with another key. It keeps
// every hundredth key to check the answer with.
type maker struct {
	suite pki.Suite
	order func(n int) (ca.Order, pki.Name)
	made  int
	kept  map[int]crypto.Signer
}

const keptEvery = 100

// persons order dual certificates.
func persons() *maker {
	return &maker{suite: pki.SM2, kept: map[int]crypto.Signer{}, order: func(n int) (ca.Order, pki.Name) {
		return ca.Order{Application: fmt.Sprintf("person-%07d", n), Profile: "person-sign", Holder: fmt.Sprintf("B-%07d", n)},
			pki.Name{{Type: "C", Value: "CN"}, {Type: "ST", Value: "示例省"}, {Type: "O", Value: "示例市民政局"}, {Type: "CN", Value: fmt.Sprintf("试用者%07d", n)}}
	}}
}

// servers order single P-256 certificates.
func servers() *maker {
	return &maker{suite: pki.P256, kept: map[int]crypto.Signer{}, order: func(n int) (ca.Order, pki.Name) {
		host := fmt.Sprintf("h%07d.example.test", n)
		return ca.Order{Application: fmt.Sprintf("server-%07d", n), Profile: "device-server-tls", AltNames: []pki.AltName{{Kind: "dns", Value: host}}},
			pki.Name{{Type: "C", Value: "CN"}, {Type: "O", Value: "示例市民政局"}, {Type: "CN", Value: host}}
	}}
}

// prepared is an order rendered for the wire; key is nil unless it was kept.
type prepared struct {
	n      int
	key    crypto.Signer
	render []byte
}

// make makes the next n orders on all processors.
func (m *maker) make(host string, n int) ([]prepared, error) {
	all := make([]prepared, n)
	workers := runtime.GOMAXPROCS(0)
	errs := make([]error, workers)
	var group sync.WaitGroup
	for w := range workers {
		group.Go(func() {
			for i := w; i < n && errs[w] == nil; i += workers {
				all[i], errs[w] = m.one(host, m.made+i)
			}
		})
	}
	group.Wait()
	m.made += n
	return all, errors.Join(errs...)
}

func (m *maker) one(host string, n int) (prepared, error) {
	key, err := pki.GenerateKey(rand.Reader, m.suite)
	if err != nil {
		return prepared{}, fmt.Errorf("making a key: %w", err)
	}
	order, subject := m.order(n)
	if order.Request, err = newRequest(key, subject); err != nil {
		return prepared{}, err
	}
	body, err := json.Marshal(order)
	if err != nil {
		return prepared{}, fmt.Errorf("rendering an order: %w", err)
	}
	p := prepared{n: n, render: post(host, "/v1/orders", body)}
	if n%keptEvery == 0 {
		p.key = key
	}
	return p, nil
}

// orders makes the next n orders for a CA in this process.
func (m *maker) orders(n int) ([]ca.Order, error) {
	all := make([]ca.Order, n)
	for i := range all {
		key, err := pki.GenerateKey(rand.Reader, m.suite)
		if err != nil {
			return nil, fmt.Errorf("making a key: %w", err)
		}
		order, subject := m.order(m.made)
		m.made++
		if order.Request, err = newRequest(key, subject); err != nil {
			return nil, err
		}
		all[i] = order
	}
	return all, nil
}

// check holds an answer against its order: certificates that the issuer signed and
// an envelope that opens with the applicant's key.
func (p prepared) check(body []byte) error {
	var issued ca.Issued
	if err := json.Unmarshal(body, &issued); err != nil {
		return fmt.Errorf("reading an answer: %w", err)
	}
	if len(issued.Chain) == 0 || issued.Sign == nil {
		return errors.New("the answer holds no certificate")
	}
	issuer, err := smx509.ParseCertificate(issued.Chain[0])
	if err != nil {
		return fmt.Errorf("reading the issuer: %w", err)
	}
	for _, c := range []*ca.Certificate{issued.Sign, issued.Encrypt} {
		if c == nil {
			continue
		}
		certificate, err := smx509.ParseCertificate(c.DER)
		if err != nil {
			return fmt.Errorf("reading a certificate: %w", err)
		}
		if err := certificate.CheckSignatureFrom(issuer); err != nil {
			return fmt.Errorf("checking a certificate: %w", err)
		}
	}
	if issued.Encrypt == nil {
		return nil
	}
	return p.opens(&issued)
}

func (p prepared) opens(issued *ca.Issued) error {
	key, err := keys.Wrap(p.key)
	if err != nil {
		return err
	}
	opened, err := cms.OpenSM2Key(key, issued.Envelope.DER)
	if err != nil {
		return err
	}
	certificate, err := smx509.ParseCertificate(issued.Encrypt.DER)
	if err != nil {
		return fmt.Errorf("reading a certificate: %w", err)
	}
	if public, ok := certificate.PublicKey.(*ecdsa.PublicKey); !ok || !opened.PublicKey.Equal(public) || public.Curve != sm2.P256() {
		return errors.New("the envelope holds another key than the certificate")
	}
	return nil
}

// reserve makes enough orders for a run that is not faster than guess a second.
func (m *maker) reserve(ctx context.Context, host string, guess int, seconds float64) ([]prepared, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return m.make(host, int(float64(guess)*seconds)+keptEvery)
}
