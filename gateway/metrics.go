package gateway

import (
	"maps"

	"github.com/prometheus/client_golang/prometheus"
)

// Describe implements prometheus.Collector.
func (g *Gateway) Describe(to chan<- *prometheus.Desc) { prometheus.DescribeByCollect(g, to) }

// Collect implements prometheus.Collector. Users are in no metric: they are many, and
// metrics are for who runs the machine.
func (g *Gateway) Collect(to chan<- prometheus.Metric) {
	for key, c := range g.statistics.sums() {
		switch key.kind {
		case FigureApplication:
			g.applicationMetrics(to, key.name, c)
		case FigurePage:
			counted(to, "pages_total", "Requests answered by a page of the gateway.", "code", key.name, c.Requests)
		case FigureFault:
			counted(to, "backend_faults_total", "Requests a back end did not answer well.", "code", key.name, c.Requests)
		case FigureHandshake:
			counted(to, "handshakes_total", "Handshakes by result.", "result", key.name, c.Requests)
		}
	}
	now := g.liveNow()
	for service, n := range now.Connections {
		to <- prometheus.MustNewConstMetric(desc("connections", "Open connections.", "service"), prometheus.GaugeValue, float64(n), service)
	}
	for _, b := range now.Backends {
		up := 0.0
		if b.Up {
			up = 1
		}
		to <- prometheus.MustNewConstMetric(desc("backend_up", "Whether a back end is up.", "application", "backend"), prometheus.GaugeValue, up, b.Application, b.Name)
		to <- prometheus.MustNewConstMetric(desc("backend_active", "Requests a back end has now.", "application", "backend"), prometheus.GaugeValue, float64(b.Active), b.Application, b.Name)
	}
}

func (g *Gateway) applicationMetrics(to chan<- prometheus.Metric, name string, c Counts) {
	counted(to, "requests_total", "Requests that are over.", "application", name, c.Requests)
	counted(to, "sent_bytes_total", "Octets sent to clients.", "application", name, c.Sent)
	counted(to, "received_bytes_total", "Octets received from clients.", "application", name, c.Received)
	buckets, sum := map[float64]uint64{}, uint64(0)
	for i, bound := range latencyBounds() {
		sum += uint64(c.Latency[i])
		buckets[bound.Seconds()] = sum
	}
	to <- prometheus.MustNewConstHistogram(desc("request_seconds", "How long requests took.", "application"), uint64(c.Requests), float64(c.Took)/1e6, buckets, name)
}

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("onecert_gateway_"+name, help, labels, nil)
}

func counted(to chan<- prometheus.Metric, name, help, label, value string, n int64) {
	to <- prometheus.MustNewConstMetric(desc(name, help, label), prometheus.CounterValue, float64(n), value)
}

// sums are the counts since the start, without users.
func (s *statistics) sums() map[figureKey]Counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.collect()
	all := make(map[figureKey]Counts, len(s.totals))
	for key, c := range maps.All(s.totals) {
		all[key] = *c
	}
	return all
}
