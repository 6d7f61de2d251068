package ocsp

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"onecert/serve"
)

// kind is how a request ended, for the metrics.
type kind int

const (
	kindGood kind = iota
	kindRevoked
	kindHeld
	kindUnknown
	kindMalformed
	kindTooLarge
	kindUnauthorized
	kindTryLater
	kindInternal
	kindCount
)

func (k kind) String() string {
	return [kindCount]string{"good", "revoked", "held", "unknown", "malformed", "too_large", "unauthorized", "try_later", "internal"}[k]
}

// counts are kept without locks: a request costs one addition or two.
type counts struct {
	answers []atomic.Uint64 // by kind
	signed  *atomic.Uint64
	ready   *atomic.Uint64
}

func newCounts() counts {
	return counts{answers: make([]atomic.Uint64, kindCount), signed: new(atomic.Uint64), ready: new(atomic.Uint64)}
}

// Items is the responder's health (serve.API.Watch): how far its copy of the journal
// is behind, whether the clock is in doubt, and each issuer's certificate.
func (r *Responder) Items(context.Context) []serve.Item {
	now, err := r.clock.read()
	clock := serve.Item{Name: "ocsp.clock", Level: serve.Fine, Says: "ocsp.clock-goes", Stops: true}
	if err != nil {
		clock.Level, clock.Says = serve.Failing, "ocsp.clock-back"
		now = time.Unix(0, r.clock.high.Load())
	}
	all := []serve.Item{clock, r.lagItem(now)}
	for _, i := range r.issuers {
		all = append(all, r.signerItem(i, now))
	}
	return all
}

func (r *Responder) lagItem(now time.Time) serve.Item {
	item := serve.Item{Name: "ocsp.copy", Level: serve.Fine, Says: "ocsp.copy-follows", Unit: "seconds", Stops: true, Metric: "ocsp_behind_seconds"}
	if !r.follow.complete() {
		item.Level, item.Says, item.Stops = serve.Warning, "ocsp.copy-loading", false
		return item
	}
	behind := now.Sub(r.follow.freshness())
	item.Value = behind.Seconds()
	switch {
	case behind > r.cfg.MaxLag:
		item.Level, item.Says = serve.Failing, "ocsp.copy-behind"
	case behind > r.cfg.MaxLag/2:
		item.Level, item.Says = serve.Warning, "ocsp.copy-behind"
	}
	return item
}

// signerItem warns when a renewal has failed for a quarter of the certificate's life.
// One issuer without a certificate does not stop the others.
func (r *Responder) signerItem(i *issuer, now time.Time) serve.Item {
	item := serve.Item{Name: "ocsp.signer." + i.ID, Level: serve.Fine, Says: "ocsp.signer-signs", Unit: "seconds",
		Stops: len(r.issuers) == 1, Metric: "ocsp_signer_seconds", Labels: map[string]string{"issuer": i.ID}}
	s := i.signer.Load()
	if s == nil || !now.Before(s.notAfter) {
		item.Level, item.Says = serve.Failing, "ocsp.signer-missing"
		return item
	}
	item.Value = s.notAfter.Sub(now).Seconds()
	switch f := i.failed.Load(); {
	case now.After(s.notAfter.Add(-s.notAfter.Sub(s.notBefore) / 4)):
		item.Level, item.Says = serve.Warning, "ocsp.signer-late"
	case f != nil && f.signing:
		item.Level, item.Says = serve.Failing, "ocsp.signer-failing"
	}
	return item
}

// The figures beside health, for a prometheus.Registry.
func descriptions() (answers, signed, ready, keptAnswers, keptOctets, certificates, position *prometheus.Desc) {
	d := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("onecert_ocsp_"+name, help, labels, nil)
	}
	return d("answers_total", "Requests answered, by what was said.", "answer"),
		d("signed_total", "Answers signed."),
		d("ready_total", "Requests answered by an answer that was ready."),
		d("ready_answers", "Answers kept ready."),
		d("ready_octets", "Memory that answers kept ready take."),
		d("certificates", "Certificates in the copy of the journal."),
		d("position", "Number of the last journal entry applied.")
}

// Describe implements prometheus.Collector.
func (r *Responder) Describe(to chan<- *prometheus.Desc) { prometheus.DescribeByCollect(r, to) }

// Collect implements prometheus.Collector.
func (r *Responder) Collect(to chan<- prometheus.Metric) {
	answers, signed, ready, keptAnswers, keptOctets, certificates, position := descriptions()
	for k := range kindCount {
		to <- prometheus.MustNewConstMetric(answers, prometheus.CounterValue, float64(r.counts.answers[k].Load()), k.String())
	}
	to <- prometheus.MustNewConstMetric(signed, prometheus.CounterValue, float64(r.counts.signed.Load()))
	to <- prometheus.MustNewConstMetric(ready, prometheus.CounterValue, float64(r.counts.ready.Load()))
	n, octets := r.ready.size()
	to <- prometheus.MustNewConstMetric(keptAnswers, prometheus.GaugeValue, float64(n))
	to <- prometheus.MustNewConstMetric(keptOctets, prometheus.GaugeValue, float64(octets))
	n, _ = r.known.size()
	to <- prometheus.MustNewConstMetric(certificates, prometheus.GaugeValue, float64(n))
	to <- prometheus.MustNewConstMetric(position, prometheus.GaugeValue, float64(r.follow.position.Load()))
}
