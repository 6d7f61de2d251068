package observer

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"onecert/pki"
	"onecert/serve"
	"onecert/verify"
)

// Authority is the CA as the observer uses it; ca has one.
type Authority interface {
	// Canary orders a canary of an issuer for a PKCS#10 request and returns it, DER.
	Canary(ctx context.Context, issuer string, request []byte) ([]byte, error)
	// End revokes a canary.
	End(ctx context.Context, issuer string, serial pki.Serial) error
}

// Canary is an issuer that makes canaries, with what is to be asked about them. The
// addresses of OCSP and lists stand in the canaries themselves.
type Canary struct {
	Issuer      string // its id
	Suite       pki.Suite
	Certificate *verify.Certificate // its certificate, which is its own root
	Directory   string              // ldap://host:port; "" where lists stand in no directory
	Base        string              // the directory's base
}

// Watched is something of the platform that ends by itself.
type Watched struct {
	Name string // "site certificate of the CA"
	// Look returns from when until when it lasts.
	Look func(ctx context.Context) (begin, end time.Time, err error)
}

// Config is what an Observer needs.
type Config struct {
	Authority Authority
	Canaries  []Canary
	Watched   []Watched
	Relint    *Relint       // nil: nothing is linted again
	HTTP      *http.Client  // nil: one with limits of its own
	Every     time.Duration // between two rounds; 0: a minute
	Within    time.Duration // a revocation has to be seen within it; 0: 5 s
	Random    io.Reader
	Now       func() time.Time
	Log       *slog.Logger
}

// Observer runs rounds and keeps the last results.
type Observer struct {
	cfg Config

	findings int // of linting again, by the one round under way

	mu   sync.Mutex
	last map[string]Result // by name
	ran  time.Time         // when the last round ended
}

// New makes an Observer; Run starts it.
func New(cfg Config) *Observer {
	if cfg.Every == 0 {
		cfg.Every = time.Minute
	}
	if cfg.Within == 0 {
		cfg.Within = 5 * time.Second
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	if cfg.HTTP == nil {
		cfg.HTTP = &http.Client{Timeout: askTime, Transport: &http.Transport{Proxy: nil, MaxIdleConnsPerHost: 2, ResponseHeaderTimeout: askTime}}
	}
	return &Observer{cfg: cfg, last: map[string]Result{}}
}

// Result is the last word on one thing observed.
type Result struct {
	Name  string        `json:"name"` // stable: "sm2.ocsp.get.good"
	Good  bool          `json:"good"`
	Says  string        `json:"says,omitempty"` // what is wrong, or what was seen
	Took  time.Duration `json:"took_ns"`
	At    time.Time     `json:"at"`
	Since time.Time     `json:"since"` // when it became so
	// Left is how long something watched still lasts.
	Left time.Duration `json:"left_ns,omitempty"`
}

// Run makes rounds until ctx ends.
func (o *Observer) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		begin := time.Now()
		o.Round(ctx)
		select {
		case <-ctx.Done():
		case <-time.After(max(o.cfg.Every-time.Since(begin), time.Second)):
		}
	}
	return ctx.Err()
}

// Round makes one round: every canary side by side, then what is watched, then what
// was issued since the last one.
func (o *Observer) Round(ctx context.Context) {
	var all sync.WaitGroup
	for _, c := range o.cfg.Canaries {
		all.Go(func() { o.canary(ctx, c) })
	}
	all.Wait()
	for _, w := range o.cfg.Watched {
		o.watch(ctx, w)
	}
	if o.cfg.Relint != nil {
		o.relint(ctx)
	}
	o.mu.Lock()
	o.ran = o.cfg.Now()
	o.mu.Unlock()
}

// note keeps a result and raises or ends its alarm. What was cut short because the
// process ends is no finding.
func (o *Observer) note(ctx context.Context, r Result) {
	if ctx.Err() != nil {
		return
	}
	r.At = o.cfg.Now().UTC()
	o.mu.Lock()
	before, known := o.last[r.Name]
	r.Since = r.At
	if known && before.Good == r.Good {
		r.Since = before.Since
	}
	o.last[r.Name] = r
	o.mu.Unlock()
	switch {
	case !r.Good && (!known || before.Good):
		o.cfg.Log.Error("alarm", "what", r.Name, "says", r.Says)
	case r.Good && known && !before.Good:
		o.cfg.Log.Info("alarm ended", "what", r.Name, "lasted", r.At.Sub(before.Since).Round(time.Second).String())
	}
}

// Results returns the last results, by name, and when the last round ended.
func (o *Observer) Results() ([]Result, time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	all := make([]Result, 0, len(o.last))
	for _, r := range o.last {
		all = append(all, r)
	}
	sortResults(all)
	return all, o.ran
}

// Health are the results as items of health and metrics.
func (o *Observer) Health(context.Context) []serve.Item {
	all, ran := o.Results()
	items := []serve.Item{{Name: "observer.round", Level: serve.Fine, Says: "observer.round", Value: o.age(ran), Unit: "seconds", Metric: "observer_round_age_seconds"}}
	if o.age(ran) > 3*o.cfg.Every.Seconds() {
		items[0].Level = serve.Failing
	}
	for _, r := range all {
		item := serve.Item{Name: "observer." + r.Name, Level: serve.Fine, Says: "observer.seen", Value: r.Took.Seconds(), Unit: "seconds",
			Metric: "observer_seconds", Labels: map[string]string{"what": r.Name}}
		if r.Left != 0 {
			item.Value, item.Metric = r.Left.Seconds(), "observer_left_seconds"
		}
		if !r.Good {
			item.Level, item.Says = serve.Failing, "observer.wrong"
		}
		items = append(items, item)
	}
	return items
}

// age is how long ago the last round ended, from the first start on.
func (o *Observer) age(ran time.Time) float64 {
	if ran.IsZero() {
		return 0
	}
	return o.cfg.Now().Sub(ran).Seconds()
}
