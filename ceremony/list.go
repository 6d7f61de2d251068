package ceremony

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"onecert/pki"
)

// listDays is how long a root's list lives where the plan does not say.
const listDays = 365

// makeList makes a root's list: everything it ever revoked and its certificates are
// few, so that nothing is taken off it.
func (s *session) makeList(ctx context.Context, a *ListAct) error {
	m, err := s.opened(ctx, a.Root)
	if err != nil {
		return err
	}
	for _, r := range a.Revoke {
		if err := s.revoke(m, r); err != nil {
			return err
		}
	}
	number, err := m.record.nextNumber(a.Number)
	if err != nil {
		return err
	}
	from := s.cfg.Now().UTC().Truncate(time.Second)
	days := a.Days
	if days == 0 {
		days = listDays
	}
	until := earliest(from.AddDate(0, 0, days), m.certificate.NotAfter)
	entries, err := m.record.entries()
	if err != nil {
		return err
	}
	o, err := prepareList(fmt.Sprintf("%s-%d", a.Root, number), listOf(m.signer(), number, from, until), entries, m.certificate)
	if err != nil {
		return err
	}
	der, err := s.sign(ctx, o, m.key)
	if err != nil {
		return err
	}
	return s.keepList(m, number, der)
}

// keepList reads a new list back, notes it and writes it.
func (s *session) keepList(m *member, number int64, der []byte) error {
	list, err := readList(der, m.certificate)
	if err != nil {
		return err
	}
	id := m.record.ID
	m.record.List = &ListRecord{Number: number, SHA256: hash(der), File: listFile(id, number), ThisUpdate: list.ThisUpdate, NextUpdate: list.NextUpdate}
	if err := s.log.add(Entry{Act: actSigned, Object: fmt.Sprintf("%s-%d", id, number), Detail: map[string]string{"kind": string(List),
		"sha256": hash(der), "number": fmt.Sprint(number)}}); err != nil {
		return err
	}
	if err := s.write("public/crl/"+id+"/complete.crl", der, 0o644); err != nil {
		return err
	}
	return s.write(stateFolder+"/"+listFile(id, number), der, 0o644)
}

// nextNumber is one above the last; wanted, where the plan names one, may be further.
func (r *Record) nextNumber(wanted int64) (int64, error) {
	last := int64(0)
	if r.List != nil {
		last = r.List.Number
	}
	if wanted == 0 {
		return last + 1, nil
	}
	if wanted <= last {
		return 0, pki.Errorf(pki.Conflict, "ceremony.number", "list %d of %s is wanted, and %d was signed already", wanted, r.ID, last).
			To("numbers only grow: leave number out, or look for a newer state")
	}
	return wanted, nil
}

// entries encodes what the record has revoked.
func (r *Record) entries() (out []byte, err error) {
	for _, i := range r.Issued {
		if i.Revoked == nil {
			continue
		}
		reason, err := pki.ParseReason(i.Revoked.Reason)
		if err != nil {
			return nil, err
		}
		out = pki.AddListed(out, pki.Listed{Serial: i.Serial, At: i.Revoked.At, Reason: reason, Invalidity: i.Revoked.Invalid})
	}
	return out, nil
}

// revoke notes a revocation; it takes effect with the root's list.
func (s *session) revoke(by *member, r Revoke) error {
	entry, err := by.record.issued(r)
	if err != nil {
		return err
	}
	entry.Revoked = &RevokedRecord{At: s.cfg.Now().UTC().Truncate(time.Second), Reason: r.Reason}
	if r.Invalid != "" {
		if entry.Revoked.Invalid, err = time.Parse(day, r.Invalid); err != nil {
			return err
		}
	}
	return s.log.add(Entry{Act: actListed, Object: entry.Authority, Detail: map[string]string{"serial": string(entry.Serial), "subject": entry.Subject, "reason": r.Reason}})
}

// retire ends an issuing CA: its last list is kept as evidence, its certificate goes
// onto the root's.
func (s *session) retire(a *RetireAct) error {
	m, err := s.find(a.Authority)
	if err != nil {
		return err
	}
	parent, err := s.find(m.record.Parent)
	if err != nil {
		return err
	}
	data, err := readBounded(s.plan.path(a.FinalCRL), "final list")
	if err != nil {
		return err
	}
	by := m.real()
	list, err := readList(data, by)
	if err != nil {
		return err
	}
	m.record.Final = &ListRecord{Number: list.Number.Int64(), SHA256: hash(data), ThisUpdate: list.ThisUpdate, NextUpdate: list.NextUpdate}
	if err := s.log.add(Entry{Act: actImported, Object: a.Authority, Detail: map[string]string{"kind": string(List), "sha256": hash(data),
		"number": list.Number.String(), "note": fmt.Sprintf("%d entries", len(list.RevokedCertificateEntries))}}); err != nil {
		return err
	}
	reason := a.Reason
	if reason == "" {
		reason = pki.CessationOfOperation.String()
	}
	// By serial number: an outside or earlier certificate of the CA is another matter.
	return s.revoke(parent, Revoke{Serial: string(pki.SerialOf(by.SerialNumber)), Reason: reason})
}

// sameKey reports whether a certificate is for the key of a record.
func (r *Record) sameKey(public any) bool {
	spki, err := pki.MarshalPublicKey(public)
	return err == nil && pki.KeyHash(spki) == r.PublicKey
}

// sameName reports whether two DER names are the same octets.
func sameName(a, b []byte) bool { return bytes.Equal(a, b) }
