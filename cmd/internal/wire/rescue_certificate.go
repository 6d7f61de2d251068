package wire

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/audit"
	"onecert/ca"
	"onecert/officer"
	"onecert/pki"
)

// RescueCertificates has a CA make the certificates that components know each other by,
// in the keys they have: its own for its API and its messages, and a successor for each
// certificate in the files of others (a KMC's tls.pem and message.pem, carried here).
// Only sites' certificates that have ended are succeeded. All go into the folder out,
// to be carried to the other components. The CA must not be served meanwhile.
func RescueCertificates(ctx context.Context, n NewRescue, others []string, out string, options Options) (Rescued, error) {
	m := &certificateMaker{out: out, now: options.now()()}
	for _, file := range others {
		chain, err := readCertificates(file)
		if err != nil {
			return Rescued{}, err
		}
		if !m.now.After(chain[0].NotAfter) {
			return Rescued{}, stillGood(chain[0])
		}
		m.others = append(m.others, chain[0])
	}
	// Another component's trouble need not be this one's.
	var err error
	if m.rescue, _, err = beginRescue(ctx, n, MendCertificates, len(others) > 0, options); err != nil {
		return Rescued{}, err
	}
	defer m.rescue.close()
	if m.config, err = LoadCA(n.Config); err != nil {
		return Rescued{}, err
	}
	m.done.Component = m.rescue.component
	err = m.all(ctx)
	return m.done, err
}

func stillGood(c *smx509.Certificate) error {
	return pki.Errorf(pki.Conflict, "rescue.good", "the certificate %s is good until %s", pki.SerialOf(c.SerialNumber), c.NotAfter.UTC().Format(time.DateOnly)).
		To("leave it out: a rescue replaces only what has ended")
}

// certificateMaker is one RescueCertificates under way.
type certificateMaker struct {
	rescue *rescue
	config *CA
	others []*smx509.Certificate
	out    string
	now    time.Time
	done   Rescued
}

func (m *certificateMaker) all(ctx context.Context) error {
	if err := os.MkdirAll(m.out, 0o700); err != nil {
		return pki.Errorf(pki.Invalid, "rescue.folder", "the folder %s cannot be made", m.out).To("name another with --out").Because(err)
	}
	tls, message := m.config.Path(m.config.TLSCertificate), m.messageFile()
	wasTLS, wasMessage := expiredFile(tls, m.now), expiredFile(message, m.now)
	if err := m.rescue.note(ctx, "rescue.certificates", "", audit.Done, m.detail()); err != nil {
		return err
	}
	p, err := m.rescue.openCA(ctx) // makes tls.pem anew by itself
	if err != nil {
		return err
	}
	defer p.Close()
	if wasTLS != nil {
		chain, err := readCertificates(tls)
		if err != nil {
			return err
		}
		if err := m.give("ca-tls", rawChain(chain)); err != nil {
			return err
		}
	}
	if wasMessage != nil {
		chain, err := m.succeed(ctx, p, wasMessage)
		if err != nil {
			return err
		}
		if err := ReplaceFile(message, PEM(chain...), 0o644); err != nil {
			return err
		}
		if err := m.give("ca-message", chain); err != nil {
			return err
		}
	}
	return m.forOthers(ctx, p)
}

// detail names what is going to be made.
func (m *certificateMaker) detail() map[string]string {
	text := ""
	for _, c := range m.others {
		text += " " + string(pki.SerialOf(c.SerialNumber))
	}
	return map[string]string{"for": fmt.Sprintf("own%s", text)}
}

func (m *certificateMaker) messageFile() string {
	if m.config.KMC != nil {
		return m.config.Path(m.config.KMC.MessageCertificate)
	}
	return m.config.Path(messageCertificate)
}

// forOthers makes the successors of what was carried here. The one this CA keeps of its
// centre's message certificate is replaced at once.
func (m *certificateMaker) forOthers(ctx context.Context, p *CAProcess) error {
	for _, old := range m.others {
		chain, err := m.succeed(ctx, p, old)
		if err != nil {
			return err
		}
		if err := m.give(string(pki.SerialOf(old.SerialNumber)), chain); err != nil {
			return err
		}
		if m.config.KMC == nil {
			continue
		}
		centre := m.config.Path(m.config.KMC.Centre)
		if kept := expiredFile(centre, m.now); kept != nil && sameKey(kept, old) {
			if err := ReplaceFile(centre, PEM(chain...), 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}

// succeed makes the next certificate of a site: same key, same name, same profile, as
// long a life as the old one had.
func (m *certificateMaker) succeed(ctx context.Context, p *CAProcess, old *smx509.Certificate) ([][]byte, error) {
	ctx = pki.WithActor(ctx, m.rescue.actor(officer.Security))
	issuer, err := p.issuerOf(old)
	if err != nil {
		return nil, err
	}
	serial := pki.SerialOf(old.SerialNumber)
	known, err := p.Show(ctx, issuer, serial)
	if err != nil {
		return nil, err
	}
	if known.Kind != ca.Site {
		return nil, pki.Errorf(pki.Forbidden, "rescue.site", "the certificate %s is not a site's", serial).
			To("administrators get codes ('rescue codes'), and everybody else their certificate from an officer")
	}
	issued, err := p.Renew(ctx, issuer, serial, ca.Change{Application: "rescue-" + pki.Fingerprint(old.Raw)[:32],
		Days: int(old.NotAfter.Sub(old.NotBefore) / (24 * time.Hour))})
	if err != nil {
		return nil, fmt.Errorf("making the successor of %s: %w", serial, err)
	}
	return append([][]byte{issued.Sign.DER}, issued.Chain[:len(issued.Chain)-1]...), nil
}

// issuerOf finds the issuer of this CA that signed a certificate.
func (p *CAProcess) issuerOf(c *smx509.Certificate) (string, error) {
	for _, file := range p.config.Issuers {
		if i, err := p.Issuer(file.ID); err == nil && c.CheckSignatureFrom(i.Certificate) == nil {
			return file.ID, nil
		}
	}
	return "", pki.Errorf(pki.Invalid, "rescue.issuer", "the certificate %s was not issued by this CA", pki.SerialOf(c.SerialNumber)).
		To("take it to the CA that issued it")
}

// give writes a certificate for other components.
func (m *certificateMaker) give(name string, chain [][]byte) error {
	path := filepath.Join(m.out, name+".pem")
	if err := ReplaceFile(path, PEM(chain...), 0o644); err != nil {
		return err
	}
	c, err := smx509.ParseCertificate(chain[0])
	if err != nil {
		return fmt.Errorf("reading what was made: %w", err)
	}
	m.done.Certificates = append(m.done.Certificates, rescuedFile(c, path))
	return nil
}

func rescuedFile(c *smx509.Certificate, path string) RescuedFile {
	f := RescuedFile{Serial: pki.SerialOf(c.SerialNumber), NotAfter: c.NotAfter.UTC(), File: path}
	if name, err := pki.NameOf(c.RawSubject); err == nil {
		f.Subject = name.String()
	}
	return f
}

// expiredFile returns the first certificate of a file if it has ended, nil if there is
// none or it is good.
func expiredFile(path string, now time.Time) *smx509.Certificate {
	chain, err := readCertificates(path)
	if err != nil || !now.After(chain[0].NotAfter) {
		return nil
	}
	return chain[0]
}

func sameKey(a, b *smx509.Certificate) bool {
	return string(a.RawSubjectPublicKeyInfo) == string(b.RawSubjectPublicKeyInfo)
}
