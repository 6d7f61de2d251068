package serve

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"onecert/pki"
)

// counts is what an API counts by itself. Labels are operation ids and statuses
// only: nothing a caller chooses may become a label.
type counts struct {
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
}

func newCounts(registry *prometheus.Registry) counts {
	c := counts{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "onecert_requests_total",
			Help: "Requests answered, by operation and HTTP status."}, []string{"operation", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "onecert_request_seconds",
			Help:    "Time to answer, by operation.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, 1, 5, 30}}, []string{"operation"}),
	}
	registry.MustRegister(c.requests, c.seconds, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return c
}

func (c counts) add(operation string, status int, took time.Duration) {
	if operation == "" {
		operation = "other"
	}
	if status == 0 {
		status = http.StatusOK
	}
	c.requests.WithLabelValues(operation, strconv.Itoa(status)).Inc()
	c.seconds.WithLabelValues(operation).Observe(took.Seconds())
}

// serveMetrics shows the registry to whoever is identified: how much a CA issues
// is nobody else's business.
func (a *API) serveMetrics(w http.ResponseWriter, r *http.Request) {
	if actor, _ := pki.ActorFrom(r.Context()); a.guarded && actor.Name == "" {
		Refuse(w, r, pki.Errorf(pki.Forbidden, "metrics.anonymous", "metrics are not shown to anonymous callers").
			To("connect with a registered certificate"))
		return
	}
	promhttp.HandlerFor(a.Metrics, promhttp.HandlerOpts{MaxRequestsInFlight: 4}).ServeHTTP(w, r)
}
