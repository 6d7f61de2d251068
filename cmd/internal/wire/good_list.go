package wire

import (
	"bytes"
	"math"
	"math/big"
	"time"

	"github.com/emmansun/gmsm/smx509"
	"golang.org/x/crypto/cryptobyte"

	"onecert/ca"
	"onecert/pki"
)

// verifiedList is a CRL that a trusted issuer signed and that is current.
type verifiedList struct {
	number, base int64 // base is 0 for a complete list
	until        time.Time
	reasons      map[pki.Serial]pki.Reason
}

// newest puts together what the CA's newest lists say. The delta is asked for first: the
// complete list that is fetched after it is never older than what it builds on. One at
// hand that the delta builds on is kept: it may have a million entries.
func (l *lists) newest(name []byte, have *revoked, ask func(delta bool) (*ca.CRL, error)) (*revoked, error) {
	now := l.options.now()()
	found := &revoked{fetched: now}
	crl, err := ask(true)
	switch {
	case pki.CodeOf(err) == "crl.none": // the complete list is the first there is
	case err != nil:
		return nil, err
	default:
		if found.delta, err = l.verified(crl.DER, name, now); err != nil {
			return nil, err
		}
		if found.delta.base == 0 {
			return nil, unusable("is no delta")
		}
	}
	if have != nil && found.delta != nil && found.delta.base <= have.full.number && now.Before(have.full.until) {
		found.full = have.full
		return found, nil
	}
	if crl, err = ask(false); err != nil {
		return nil, err
	}
	if found.full, err = l.verified(crl.DER, name, now); err != nil {
		return nil, err
	}
	if found.full.base != 0 {
		return nil, unusable("is a delta in the place of the complete one")
	}
	if found.delta != nil && found.delta.base > found.full.number {
		return nil, unusable("is older than what its delta builds on")
	}
	return found, nil
}

func unusable(how string) *pki.Error {
	return pki.Errorf(pki.Unavailable, "crl.unusable", "the CA's CRL %s", how)
}

// verified reads a list that has every entry of its issuer, or its delta. What is
// critical and not known could change what it means (RFC 5280 5.2): so could a
// distribution point, which makes it a part.
func (l *lists) verified(der, name []byte, now time.Time) (*verifiedList, error) {
	parsed, err := smx509.ParseRevocationList(der)
	if err != nil || !bytes.Equal(parsed.RawIssuer, name) {
		return nil, unusable("is not readable, or another issuer's").Because(err)
	}
	if !now.Before(parsed.NextUpdate) {
		return nil, unusable("has lapsed")
	}
	if err := l.signed(parsed); err != nil {
		return nil, err
	}
	if parsed.Number == nil || parsed.Number.Sign() <= 0 || parsed.Number.Cmp(big.NewInt(math.MaxInt64)) > 0 {
		return nil, unusable("has no number")
	}
	list := &verifiedList{number: parsed.Number.Int64(), until: parsed.NextUpdate, reasons: map[pki.Serial]pki.Reason{}}
	for _, e := range parsed.Extensions {
		value := cryptobyte.String(e.Value)
		switch {
		case e.Id.Equal(pki.OIDDeltaCRLIndicator):
			base := new(big.Int)
			if !value.ReadASN1Integer(base) || base.Sign() <= 0 || base.Cmp(parsed.Number) > 0 {
				return nil, unusable("builds on an impossible one")
			}
			list.base = base.Int64()
		case e.Critical:
			return nil, unusable("is not of every certificate of its issuer")
		}
	}
	for _, entry := range parsed.RevokedCertificateEntries {
		list.reasons[pki.SerialOf(entry.SerialNumber)] = pki.Reason(entry.ReasonCode)
	}
	return list, nil
}

func (l *lists) signed(list *smx509.RevocationList) error {
	for _, trusted := range l.trust {
		if bytes.Equal(trusted.RawSubject, list.RawIssuer) && list.CheckSignatureFrom(trusted) == nil {
			return nil
		}
	}
	return pki.Errorf(pki.Unavailable, "crl.forged", "the CA's CRL is not signed by an issuer this centre trusts")
}
