package status

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"onecert/pki"
	"onecert/serve"
)

// Moment is the state of one certificate at a moment, with the journal entry that
// proves it. There is nothing of a person in it.
type Moment struct {
	Issuer string     `json:"issuer"`
	Serial pki.Serial `json:"serial"`
	At     time.Time  `json:"at"`
	State  pki.State  `json:"state"`
	// Reason and Since are of held and revoked certificates.
	Reason     string    `json:"reason,omitempty"`
	Since      time.Time `json:"since,omitzero"`
	Invalidity time.Time `json:"invalidity,omitzero"`
	NotAfter   time.Time `json:"not_after"`
	Entry      Entry     `json:"entry"`
	// AsOf is when the answering copy was last known to be complete; the journal
	// itself always is.
	AsOf time.Time `json:"as_of,omitzero"`
}

// LookUp answers what a certificate's state is, or was at a moment. It is public: the
// state of a certificate whose serial one knows is no secret (OCSP tells it too).
type LookUp struct {
	Journal *Journal
	Now     func() time.Time
	// Fresh is Copy.Freshness where the journal is a copy; nil for the writer's.
	Fresh func() Freshness
}

// Of returns the state now (at is zero) or at a moment. What lies after the copy's
// own knowledge is not answered: nobody could prove it.
func (l LookUp) Of(ctx context.Context, issuer, serial, at string) (*Moment, error) {
	if !plainID(issuer) || len(serial) > 3*pki.SerialOctets || len(at) > 40 {
		return nil, pki.Errorf(pki.Invalid, "state.question", "the question is malformed").To("ask for /status/ISSUER/SERIAL?at=2026-01-02T03:04:05Z")
	}
	number, err := pki.ParseSerial(serial)
	if err != nil {
		return nil, err
	}
	now := l.Now().UTC()
	moment := now
	if at != "" {
		if moment, err = time.Parse(time.RFC3339, at); err != nil {
			return nil, pki.Errorf(pki.Invalid, "state.time", "the moment is not a time").To("write it as 2026-01-02T03:04:05Z")
		}
	}
	m := &Moment{Issuer: issuer, Serial: number, At: moment.UTC()}
	complete := now
	if l.Fresh != nil {
		complete = l.Fresh().AsOf.UTC()
		m.AsOf = complete
	}
	if moment.After(now) {
		return nil, pki.Errorf(pki.Invalid, "state.future", "nothing can be proven of a moment after %s", now.Format(time.RFC3339))
	}
	if at != "" && moment.After(complete) {
		return nil, pki.Errorf(pki.Unavailable, "state.behind", "this copy of the journal is complete up to %s only", complete.Format(time.RFC3339)).
			To("ask again in a moment, or ask another node")
	}
	if at == "" { // the last entry counts, whatever its clock said: order is by number
		record, err := l.Journal.Record(ctx, issuer, number)
		if err != nil {
			return nil, err
		}
		if record.Changed.After(moment) {
			moment = record.Changed
		}
	}
	record, entry, err := l.Journal.At(ctx, issuer, number, moment)
	if err != nil {
		return nil, err
	}
	m.State, m.NotAfter, m.Entry = record.State, record.NotAfter, entry
	if entry.Event == Held || entry.Event == Revoked {
		m.Reason, m.Since, m.Invalidity = record.Reason.String(), record.Changed, record.Invalidity
	}
	return m, nil
}

// Register puts GET /status/{issuer}/{serial}?at=TIME on a mux.
func (l LookUp) Register(mux *http.ServeMux) {
	mux.HandleFunc("GET /status/{issuer}/{serial}", func(w http.ResponseWriter, r *http.Request) {
		at := r.URL.Query().Get("at")
		m, err := l.Of(r.Context(), r.PathValue("issuer"), r.PathValue("serial"), at)
		if l.Fresh != nil {
			w.Header().Set("Age-Of-Copy", strconv.FormatInt(int64(l.Fresh().Age/time.Second), 10))
		}
		if err != nil {
			serve.Refuse(w, r, err)
			return
		}
		text, err := json.Marshal(m)
		if err != nil {
			serve.Refuse(w, r, err)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store") // also of the past: a copy may have known less
		w.Write(append(text, '\n'))
	})
}
