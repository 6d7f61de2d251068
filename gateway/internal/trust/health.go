package trust

import (
	"cmp"
	"context"
	"slices"
	"time"

	"onecert/pki"
)

// SourceHealth is how one source is, for people.
type SourceHealth struct {
	CA         string    `json:"ca"`
	Source     string    `json:"source"`
	Kind       string    `json:"kind"`
	Address    string    `json:"address,omitempty" doc:"without credentials"`
	State      string    `json:"state" enum:"good,stale,missing" doc:"whether its data is there and current"`
	Issuer     string    `json:"issuer,omitempty" doc:"of the list"`
	Delta      bool      `json:"delta,omitempty"`
	Number     string    `json:"number,omitempty"`
	ThisUpdate time.Time `json:"thisUpdate,omitzero"`
	NextUpdate time.Time `json:"nextUpdate,omitzero"`
	Entries    int64     `json:"entries"`
	Bytes      int64     `json:"bytes" doc:"of memory"`
	Age        float64   `json:"age" doc:"seconds since its data was last known to be current"`
	Fetched    time.Time `json:"fetched,omitzero"`
	Next       time.Time `json:"next,omitzero" doc:"when it is looked at again"`
	Failures   int       `json:"failures" doc:"in a row"`
	Error      string    `json:"error,omitempty" doc:"the last failure since it was good, in words"`
}

// Health tells how every source is, by CA and name.
func (s *Store) Health() []SourceHealth {
	now := s.opts.Now()
	s.mu.Lock()
	all := make([]SourceHealth, 0, len(s.running))
	for _, r := range s.running {
		all = append(all, r.health(now))
	}
	s.mu.Unlock()
	slices.SortFunc(all, func(a, b SourceHealth) int {
		return cmp.Or(cmp.Compare(a.CA, b.CA), cmp.Compare(a.Source, b.Source))
	})
	return all
}

func (r *running) health(now time.Time) SourceHealth {
	switch {
	case r.responder != nil:
		return r.responder.health(now)
	case r.journal != nil:
		return r.journal.health(now)
	}
	return r.feed.health(now)
}

// find returns a list's source.
func (s *Store) find(ca, source string) (*feed, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.running {
		if r.feed != nil && r.feed.ca == ca && r.feed.row.Name == source {
			return r.feed, nil
		}
	}
	return nil, pki.Errorf(pki.Unknown, "trust.source", "there is no list of that CA and name").To("see the sources of the trust sets")
}

// Upload hands a list to a source of kind upload, PEM or DER.
func (s *Store) Upload(ctx context.Context, ca, source string, data []byte) (SourceHealth, error) {
	f, err := s.find(ca, source)
	if err != nil {
		return SourceHealth{}, err
	}
	if f.row.Kind != SourceUpload {
		return SourceHealth{}, pki.Errorf(pki.Conflict, "trust.not-upload", "the source fetches its list itself").To("refresh it, or make one of kind upload")
	}
	if int64(len(data)) > f.maxBytes {
		return SourceHealth{}, pki.Errorf(pki.Invalid, "trust.too-long", "the list has more octets than the source may give").To("raise maxBytes")
	}
	f.loading.Lock()
	defer f.loading.Unlock()
	changed, err := f.take(data)
	f.note(fetched{}, err)
	if err == nil && changed && s.opts.Dir != "" {
		if err = s.write(f.sourcePlan, data); err != nil {
			err = pki.Errorf(pki.Unavailable, "trust.keep", "the list is in force, but could not be kept for the next start").
				To("look at the disk and upload it again").Because(err)
		}
	}
	return f.health(s.opts.Now()), err
}

// Refresh fetches a list now.
func (s *Store) Refresh(ctx context.Context, ca, source string) (SourceHealth, error) {
	f, err := s.find(ca, source)
	if err != nil {
		return SourceHealth{}, err
	}
	if f.url == nil {
		return SourceHealth{}, pki.Errorf(pki.Conflict, "trust.upload", "the source is handed its list").To("upload it")
	}
	if err = f.load(ctx); err != nil && pki.KindOf(err) == pki.Internal {
		err = pki.Errorf(pki.Unavailable, "trust.fetch", "the list could not be fetched: %s", plainly(err)).To("look at the address and at the server")
	}
	return f.health(s.opts.Now()), err
}
