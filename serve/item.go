package serve

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
)

// Level is how an item of health stands.
type Level string

// The three levels. Warning asks for a look within days, Failing for one now.
const (
	Fine    Level = "ok"
	Warning Level = "warning"
	Failing Level = "failing"
)

// Item is one figure of a component's health. The same items stand at /readyz, in
// the metrics and in the answer of 'onecert health'.
type Item struct {
	Name  string  `json:"name"` // stable: "crl.sm2"
	Level Level   `json:"level"`
	Says  string  `json:"says"` // what it says, a key of texts: "crl.late"
	Value float64 `json:"value"`
	Unit  string  `json:"unit,omitempty"` // seconds, octets or nothing: a count
	// Stops says that the component cannot do its work while the item fails: it is not
	// ready then. A late backup does not stop it.
	Stops bool `json:"stops,omitempty"`
	// Metric names the figure among the metrics, without onecert_; "": only its level.
	Metric string            `json:"-"`
	Labels map[string]string `json:"-"`
}

// Watch adds items to /readyz and to the metrics. look is called at most once a
// second; what it cannot find out is an item, too.
func (a *API) Watch(look func(context.Context) []Item) {
	a.health.mu.Lock()
	first := a.health.look == nil
	a.health.look = look
	a.health.mu.Unlock()
	if first {
		a.Metrics.MustRegister(gauges{&a.health})
	}
}

// gauges shows the items to Prometheus. It describes none beforehand: which there are
// depends on the configuration.
type gauges struct{ of *health }

// Describe implements prometheus.Collector.
func (g gauges) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (g gauges) Collect(to chan<- prometheus.Metric) {
	level := prometheus.NewDesc("onecert_health", "How an item of health stands: 0 ok, 1 warning, 2 failing.", []string{"item"}, nil)
	for _, item := range g.of.items(context.Background()) {
		to <- prometheus.MustNewConstMetric(level, prometheus.GaugeValue, item.Level.number(), item.Name)
		if item.Metric == "" {
			continue
		}
		names := slices.Sorted(maps.Keys(item.Labels))
		values := make([]string, len(names))
		for i, name := range names {
			values[i] = item.Labels[name]
		}
		figure := prometheus.NewDesc("onecert_"+item.Metric, "A figure of health: "+strings.ReplaceAll(item.Metric, "_", " ")+".", names, nil)
		to <- prometheus.MustNewConstMetric(figure, prometheus.GaugeValue, item.Value, values...)
	}
}

func (l Level) number() float64 {
	switch l {
	case Fine:
		return 0
	case Warning:
		return 1
	}
	return 2
}
