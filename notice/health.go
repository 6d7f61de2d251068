package notice

import (
	"context"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Health is how the outbox stands, for the component's health.
type Health struct {
	Waiting int64         // notices due and not sent
	Oldest  time.Duration // how long the oldest of them has been due; more than some minutes asks for a look
	Failed  int64         // refused or given up, and not yet erased: an operator has not dealt with them
	// Channels that fail or are off.
	Failing []TargetState
}

// Health looks how the outbox stands.
func (o *Outbox) Health(ctx context.Context) (h Health, err error) {
	now := o.cfg.Now()
	var oldest int64
	// A notice put off by a failure has been due since its first time, give_up_at less the patience.
	err = o.cfg.DB.Read().QueryRowContext(ctx, "SELECT COUNT(*), COALESCE(MIN(give_up_at), 0) FROM notice WHERE state = 'waiting' AND give_up_at - $1 <= $2",
		o.cfg.Limits.GiveUp.Milliseconds(), now.UnixMilli()).Scan(&h.Waiting, &oldest)
	if err == nil {
		err = o.cfg.DB.Read().QueryRowContext(ctx, "SELECT COUNT(*) FROM notice WHERE state IN ('refused', 'given-up') AND key_id <> ''").Scan(&h.Failed)
	}
	if err != nil {
		return h, fmt.Errorf("counting notices: %w", err)
	}
	if h.Waiting > 0 {
		h.Oldest = max(now.Sub(moment(oldest).Add(-o.cfg.Limits.GiveUp)), 0)
	}
	all, err := o.Channels(ctx)
	for _, c := range all {
		if !c.Since.IsZero() || !c.Off.IsZero() {
			h.Failing = append(h.Failing, c)
		}
	}
	return h, err
}

// count is what of notices is counted since the process began.
type count struct {
	channel Channel
	verdict verdict
}

func (v verdict) String() string {
	return [...]string{"accepted", "later", "refused", "down", "off"}[v]
}

// figures describes what the outbox shows to Prometheus.
func figures() (tries, waiting, oldest, failed, channel *prometheus.Desc) {
	d := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("onecert_notice_"+name, help, labels, nil)
	}
	return d("tries_total", "Notices tried, by channel and how it ended.", "channel", "result"),
		d("waiting", "Notices due and not sent."),
		d("oldest_seconds", "How long the oldest notice not sent has been due."),
		d("failed", "Notices refused or given up that were not dealt with."),
		d("channel_up", "Whether a channel gets through: 0 no, 1 yes.", "channel")
}

// Describe implements prometheus.Collector.
func (o *Outbox) Describe(to chan<- *prometheus.Desc) { prometheus.DescribeByCollect(o, to) }

// Collect implements prometheus.Collector. What the database does not tell is left out.
func (o *Outbox) Collect(to chan<- prometheus.Metric) {
	tries, waiting, oldest, failed, channel := figures()
	o.mu.Lock()
	for _, w := range o.ways {
		for v := accepted; v <= off; v++ {
			to <- prometheus.MustNewConstMetric(tries, prometheus.CounterValue, float64(o.counts[count{w.channel, v}]), string(w.channel), v.String())
		}
	}
	o.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	h, err := o.Health(ctx)
	if err != nil {
		return
	}
	to <- prometheus.MustNewConstMetric(waiting, prometheus.GaugeValue, float64(h.Waiting))
	to <- prometheus.MustNewConstMetric(oldest, prometheus.GaugeValue, h.Oldest.Seconds())
	to <- prometheus.MustNewConstMetric(failed, prometheus.GaugeValue, float64(h.Failed))
	up := map[Channel]float64{}
	for _, f := range h.Failing {
		up[f.Channel] = -1
	}
	for _, w := range o.ways {
		to <- prometheus.MustNewConstMetric(channel, prometheus.GaugeValue, 1+up[w.channel], string(w.channel))
	}
}
