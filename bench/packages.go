package main

import (
	"context"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/kmc"
	"onecert/pki"
)

// packages measures packaging under a password: a signing key made at the centre, with
// its certificate, as PKCS#12. The floor is PBKDF2 alone, for the parts that are
// encrypted: that is what the rounds cost anybody.
func (b *bench) packages(ctx context.Context) error {
	rows := [][]string{{"", "files/s", "rounds", "ms/file", "floor ms", "ratio"}}
	var rounds int
	for _, e := range b.engines {
		h, err := b.house(e, 0)
		if err != nil {
			return err
		}
		for _, suite := range []pki.Suite{pki.SM2, pki.P256, pki.RSA2048} {
			row, n, err := b.packaging(ctx, h, suite)
			if err != nil {
				h.close()
				return err
			}
			rounds = n
			rows = append(rows, append([]string{e.name + ", " + string(suite)}, row...))
		}
		h.close()
	}
	b.out.table("Packaging under a password, PKCS#12 of one key", rows)
	b.out.line("The floor: PBKDF2 with HMAC-SHA-256, %d rounds, for each of the two encrypted parts (key, certificates), on all processors.", rounds)
	b.out.line("The file's MAC has as many rounds of its own, of one hash each instead of two.")
	return nil
}

// packageParts are those of a PKCS#12 file that are encrypted.
const packageParts = 2

// packaging makes keys with certificates beforehand and packages them on all
// processors at once.
func (b *bench) packaging(ctx context.Context, h *house, suite pki.Suite) (row []string, rounds int, err error) {
	n := pick(b, 8, 64)
	orders := make([]pki.PackageOrder, n)
	for i := range orders {
		if orders[i], err = toPackage(ctx, h.kmc, suite, fmt.Sprintf("package-%s-%d", suite, i)); err != nil {
			return nil, 0, err
		}
	}
	var seen atomic.Int64
	act, err := each(n, func(i int) error {
		p, err := h.kmc.Package(asSite(ctx), orders[i])
		seen.Store(int64(p.Rounds))
		return err
	})
	if err != nil {
		return nil, 0, err
	}
	rounds = int(seen.Load())
	floor, err := each(n*packageParts, func(int) error {
		_, err := pbkdf2.Key(sha256.New, "AAAAA-BBBBB-CCCCC-DDDDD-EEEEE", make([]byte, 16), rounds, 32)
		return err
	})
	if err != nil {
		return nil, 0, err
	}
	one := func(d time.Duration) float64 { return d.Seconds() * 1000 / float64(n) }
	return []string{fmt.Sprintf("%.1f", float64(n)/act.Seconds()), fmt.Sprint(rounds), fmt.Sprintf("%.1f", one(act)), fmt.Sprintf("%.1f", one(floor)),
		times(act.Seconds() / floor.Seconds())}, rounds, nil
}

// each does n things on all processors and returns how long it took.
func each(n int, act func(i int) error) (time.Duration, error) {
	start := time.Now()
	var group sync.WaitGroup
	var next atomic.Int64
	errs := make([]error, runtime.GOMAXPROCS(0))
	for worker := range errs {
		group.Go(func() {
			for i := int(next.Add(1)) - 1; i < n && errs[worker] == nil; i = int(next.Add(1)) - 1 {
				errs[worker] = act(i)
			}
		})
	}
	group.Wait()
	return time.Since(start), errors.Join(errs...)
}

// toPackage makes a key at the centre, a certificate for it and its password.
func toPackage(ctx context.Context, centre *kmc.Centre, suite pki.Suite, application string) (o pki.PackageOrder, err error) {
	ticket := make([]byte, pki.LeastTicket)
	if _, err := rand.Read(ticket); err != nil {
		return o, fmt.Errorf("drawing a ticket: %w", err)
	}
	made, err := centre.MakeSigning(asSite(ctx), pki.SigningOrder{Application: application, Suite: suite, Ticket: ticket})
	if err != nil {
		return o, err
	}
	request, err := smx509.ParseCertificateRequest(made.Request)
	if err != nil {
		return o, fmt.Errorf("reading a request: %w", err)
	}
	above, err := pki.GenerateKey(rand.Reader, pki.P256)
	if err != nil {
		return o, fmt.Errorf("making a key: %w", err)
	}
	issuer := &smx509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "bench"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().AddDate(1, 0, 0), IsCA: true, BasicConstraintsValid: true, KeyUsage: smx509.KeyUsageCertSign}
	root, err := smx509.CreateCertificate(rand.Reader, issuer, issuer, above.Public(), above)
	if err != nil {
		return o, fmt.Errorf("making a certificate: %w", err)
	}
	leaf := &smx509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: application}, NotBefore: issuer.NotBefore, NotAfter: issuer.NotAfter}
	der, err := smx509.CreateCertificate(rand.Reader, leaf, issuer, request.PublicKey, above)
	if err != nil {
		return o, fmt.Errorf("making a certificate: %w", err)
	}
	if _, err := centre.SigningPassword(asSite(ctx), pki.PasswordOrder{Application: application, Nonce: ticket}); err != nil {
		return o, err
	}
	return pki.PackageOrder{Application: application, Form: pki.FormPKCS12, Ticket: ticket, Certificate: der, Chain: [][]byte{root}}, nil
}
