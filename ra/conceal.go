package ra

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
)

// conceal moves the sensitive fields of an application out of sight: sealed, bound to
// the application's id. What is left in clear is what lists and certificates show.
func (r *Registration) conceal(a *Application) error {
	open, secret := map[string]string{}, map[string]string{}
	for name, value := range a.Fields {
		if f, _ := fieldOf(a.Kind, name); f.Sensitive {
			secret[name] = value
		} else {
			open[name] = value
		}
	}
	a.Fields, a.sealed = open, nil
	if len(secret) == 0 {
		return nil
	}
	blob, err := r.cfg.Sealer.Seal(r.cfg.Random, []byte(encoded(secret)), []byte("ra application "+a.ID))
	if err != nil {
		return fmt.Errorf("sealing the fields of %s: %w", a.ID, err)
	}
	a.sealed = blob
	return nil
}

// reveal puts the sensitive fields back into an application, which must not be stored
// or shown so.
func (r *Registration) reveal(a *Application) error { return r.revealInto(a, a) }

// revealInto puts the sensitive fields of one application into another.
func (r *Registration) revealInto(from, a *Application) error {
	if from.sealed == nil {
		return nil
	}
	text, err := r.cfg.Sealer.Open(from.sealed, []byte("ra application "+from.ID))
	if err != nil {
		return fmt.Errorf("opening the fields of %s: %w", from.ID, err)
	}
	defer clear(text)
	secret := map[string]string{}
	if err := json.Unmarshal(text, &secret); err != nil {
		return fmt.Errorf("opening the fields of %s: %w", from.ID, err)
	}
	maps.Copy(a.Fields, secret)
	return nil
}

// view is an application as an officer sees it: what is sensitive masked.
func (r *Registration) view(a *Application) *Application {
	shown := *a
	shown.Fields = maps.Clone(a.Fields)
	if err := r.reveal(&shown); err != nil {
		r.cfg.Log.Error("the sealed fields of an application cannot be opened", "application", a.ID, "error", err)
	}
	for name, value := range shown.Fields {
		if f, _ := fieldOf(a.Kind, name); f.Sensitive {
			shown.Fields[name] = masked(f, value)
		}
	}
	shown.sealed, shown.Request = nil, nil
	return &shown
}

// masked leaves as much of a text as helps to recognise it: a phone's last four, a
// document's first and last, a mail's domain.
func masked(f Field, value string) string {
	runes := []rune(value)
	switch {
	case f.Form == formMail:
		_, domain, _ := strings.Cut(value, "@")
		return string(runes[:1]) + "***@" + domain
	case f.Form == formPhone && len(runes) > 8:
		return string(runes[:3]) + "****" + string(runes[len(runes)-4:])
	case f.Form == formIdentity && len(runes) > 8:
		return string(runes[:1]) + strings.Repeat("*", len(runes)-2) + string(runes[len(runes)-1:])
	case len(runes) > 1:
		return string(runes[:1]) + strings.Repeat("*", min(len(runes)-1, 6))
	}
	return "*"
}
