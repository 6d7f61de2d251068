package wire

import (
	"context"
	"slices"
	"strings"
	"time"

	"onecert/audit"
	"onecert/officer"
	"onecert/pki"
)

// Rescued is what a rescue has done.
type Rescued struct {
	Component    string        `json:"component"`
	Certificates []RescuedFile `json:"certificates,omitempty"`
	Registered   []string      `json:"registered,omitempty"` // sites whose new certificate is known here
	Codes        []RescuedCode `json:"codes,omitempty"`
	Lists        []RescuedList `json:"lists,omitempty"`
}

// RescuedFile is a certificate made or put in place.
type RescuedFile struct {
	Subject  string     `json:"subject"`
	Serial   pki.Serial `json:"serial"`
	NotAfter time.Time  `json:"not_after"`
	File     string     `json:"file"`
}

// RescuedCode lets an administrator in again; it is shown once.
type RescuedCode struct {
	Name    string    `json:"name"`
	Role    string    `json:"role"`
	Code    string    `json:"code"`
	Expires time.Time `json:"expires"`
}

// RescuedList is a CRL that was signed.
type RescuedList struct {
	Issuer     string    `json:"issuer"`
	Number     int64     `json:"number"`
	NextUpdate time.Time `json:"next_update"`
}

// RescueCodes makes a one-time code for each administrator all of whose certificates
// have ended, under the name and the role they have: nobody gets more than before. It
// is refused while a security administrator can log in, who makes codes. names narrows
// it; none is all. The component may be served meanwhile.
func RescueCodes(ctx context.Context, n NewRescue, names []string, options Options) (Rescued, error) {
	r, condition, err := beginRescue(ctx, n, MendCodes, false, options)
	if err != nil {
		return Rescued{}, err
	}
	defer r.close()
	done := Rescued{Component: r.component}
	all, err := administrators(ctx, r.d, r.component, r.now)
	if err != nil {
		return done, err
	}
	for _, name := range names {
		if !slices.ContainsFunc(condition.Parts, func(p Part) bool { return p.Name == "officer."+name && p.Mend == MendCodes }) {
			return done, pki.Errorf(pki.Conflict, "rescue.officer", "%.64q is no administrator whose certificates have all ended", name).
				To("see 'onecert rescue look'; other officers get codes from the security administrator")
		}
	}
	chosen, told := []administrator{}, []string{}
	for _, a := range all {
		if a.says == "officer.expired" && (len(names) == 0 || slices.Contains(names, a.name)) {
			chosen, told = append(chosen, a), append(told, a.name)
		}
	}
	// The entry first: what is made is in the log, whatever happens then.
	if err := r.note(ctx, "rescue.codes", "", audit.Done, map[string]string{"names": strings.Join(told, " ")}); err != nil {
		return done, err
	}
	for _, a := range chosen {
		code, err := r.registry.NewCode(pki.WithActor(ctx, r.actor()), a.role, a.name, firstCodeLife)
		if err != nil {
			return done, err
		}
		done.Codes = append(done.Codes, RescuedCode{Name: a.name, Role: a.role, Code: code, Expires: r.now.Add(firstCodeLife).UTC()})
	}
	return done, nil
}

// RescueLists signs the lists that have lapsed. The CA does so by itself as soon as it
// runs; this is for one that cannot be let run yet.
func RescueLists(ctx context.Context, n NewRescue, options Options) (Rescued, error) {
	r, condition, err := beginRescue(ctx, n, MendLists, false, options)
	if err != nil {
		return Rescued{}, err
	}
	defer r.close()
	done := Rescued{Component: r.component}
	p, err := r.openCA(ctx)
	if err != nil {
		return done, err
	}
	defer p.Close()
	var issuers []string
	for _, part := range condition.Parts {
		if part.Mend == MendLists {
			issuers = append(issuers, strings.TrimPrefix(part.Name, "crl."))
		}
	}
	if err := r.note(ctx, "rescue.crl", "", audit.Done, map[string]string{"issuers": strings.Join(issuers, " ")}); err != nil {
		return done, err
	}
	for _, issuer := range issuers {
		lists, err := p.SignCRLs(pki.WithActor(ctx, r.actor(officer.System)), issuer)
		if err != nil {
			return done, err
		}
		done.Lists = append(done.Lists, RescuedList{Issuer: issuer, Number: lists[0].Number, NextUpdate: lists[0].NextUpdate})
	}
	return done, nil
}

// openCA opens the CA without serving it; it makes its API's own certificate anew where
// that has ended. While the CA is served another process holds the lease, and it is
// refused.
func (r *rescue) openCA(ctx context.Context) (*CAProcess, error) {
	c, err := LoadCA(r.config)
	if err != nil {
		return nil, err
	}
	return OpenCA(ctx, c, r.options)
}
