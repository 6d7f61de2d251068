package observer

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"database/sql"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"onecert/db"
	"onecert/pki"
	"onecert/pkitest"
	"onecert/status"
)

// mark is a position in memory.
type mark struct{ at int64 }

func (m *mark) Read(context.Context) (int64, error)         { return m.at, nil }
func (m *mark) Write(_ context.Context, number int64) error { m.at = number; return nil }

// TestRelint: a certificate that breaks a rule and one the CA lost are found, good ones
// and canaries pass, and nothing is looked at twice.
func TestRelint(t *testing.T) {
	d, err := db.Open(t.Context(), pkitest.SQLite(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	journal, err := status.Open(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	tn := newTown(t)
	all := map[pki.Serial][]byte{}
	issue := func(issuer string, keep bool, change func(*x509.Certificate)) pki.Serial {
		serial, err := pki.NewSerial(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		template := &x509.Certificate{SerialNumber: serial.Big(), Subject: pkix.Name{Country: []string{"CN"}, Organization: []string{"Example"}, CommonName: "example"},
			NotBefore: time.Now(), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageDigitalSignature, BasicConstraintsValid: true,
			ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}, SubjectKeyId: []byte{2}, OCSPServer: []string{"http://ocsp.example.cn"},
			IssuingCertificateURL: []string{"http://ca.example.cn/ca.cer"}, CRLDistributionPoints: []string{"http://crl.example.cn/1.crl"}}
		change(template)
		if keep {
			all[serial] = tn.sign(template, tn.cert, tn.key.Public()).Raw
		}
		err = d.Tx(t.Context(), func(tx *sql.Tx) error {
			_, err := journal.Append(t.Context(), tx, status.Change{Issuer: issuer, Serial: serial, Event: status.Issued, At: time.Now(), NotAfter: template.NotAfter})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return serial
	}
	nothing := func(*x509.Certificate) {}
	issue("ecdsa", true, nothing)
	bad := issue("ecdsa", true, func(c *x509.Certificate) { c.Subject.CommonName = "li\u202esi" })
	lost := issue("ecdsa", false, nothing)
	issue("canary-ecdsa", false, nothing)
	at := &mark{}
	asked, fail := 0, errors.New("the line is cut")
	o := New(Config{Log: slog.New(slog.DiscardHandler), Relint: &Relint{Status: journal, Issuers: map[string][]byte{"ecdsa": tn.cert.Raw}, Position: at,
		Skip: func(issuer string) bool { return strings.HasPrefix(issuer, "canary-") },
		Issued: func(_ context.Context, _ string, serials []pki.Serial) (map[pki.Serial][]byte, error) {
			asked += len(serials)
			return all, fail
		}}})
	o.Round(t.Context())
	if r := o.last["relint.progress"]; r.Good || at.at != 0 {
		t.Errorf("a source that fails: %+v at %d", r, at.at)
	}
	asked, fail = 0, nil
	o.Round(t.Context())
	o.Round(t.Context())
	want := map[string]bool{"relint.progress": true, "relint.ecdsa/" + string(bad): false, "relint.ecdsa/" + string(lost): false}
	for name, good := range want {
		if r, ok := o.last[name]; !ok || r.Good != good {
			t.Errorf("%s: %+v", name, r)
		}
	}
	if len(o.last) != len(want) || asked != 3 || at.at != 4 {
		t.Errorf("%d results, %d asked for, at %d: %+v", len(o.last), asked, at.at, o.last)
	}
}
