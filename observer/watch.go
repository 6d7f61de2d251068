package observer

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"slices"
	"time"

	"onecert/verify"
)

func sortResults(all []Result) {
	slices.SortFunc(all, func(a, b Result) int { return cmp.Compare(a.Name, b.Name) })
}

// watch judges what ends by itself: an alarm at three quarters of its life, when it
// should long have been renewed (design.md §3.5, §3.7: at half).
func (o *Observer) watch(ctx context.Context, w Watched) {
	ask, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	start := time.Now()
	begin, end, err := w.Look(ask)
	r := Result{Name: "end." + w.Name, Took: time.Since(start)}
	now := o.cfg.Now()
	switch {
	case err != nil:
		r.Says = err.Error()
	case now.Before(begin):
		r.Says = "begins only at " + begin.UTC().Format(time.RFC3339)
	default:
		r.Left = end.Sub(now)
		r.Good = now.Before(end.Add(-end.Sub(begin) / 4))
		r.Says = "ends at " + end.UTC().Format(time.RFC3339)
	}
	o.note(ctx, r)
}

// WatchTLS watches the certificate a server shows at an address, whatever issued it:
// who may trust it is its clients' question.
func WatchTLS(name, address string) Watched {
	return Watched{Name: name, Look: func(ctx context.Context) (begin, end time.Time, err error) {
		d := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}} // looked at, not trusted
		conn, err := d.DialContext(ctx, "tcp", address)
		if err != nil {
			return begin, end, err
		}
		defer conn.Close()
		shown := conn.(*tls.Conn).ConnectionState().PeerCertificates[0]
		return shown.NotBefore, shown.NotAfter, nil
	}}
}

// WatchCertificate watches a certificate there is, such as an issuing CA's. CAs live
// long and their successors take months: the alarm comes by the same rule.
func WatchCertificate(name string, c *verify.Certificate) Watched {
	return Watched{Name: name, Look: func(context.Context) (begin, end time.Time, err error) {
		return c.NotBefore, c.NotAfter, nil
	}}
}

// WatchList watches a published list.
func (o *Observer) WatchList(name, url string) {
	o.cfg.Watched = append(o.cfg.Watched, Watched{Name: name, Look: func(ctx context.Context) (begin, end time.Time, err error) {
		list, err := o.List(ctx, url)
		if err != nil {
			return begin, end, err
		}
		if list.NextUpdate().IsZero() {
			return begin, end, fmt.Errorf("the list does not say when it ends")
		}
		return list.ThisUpdate(), list.NextUpdate(), nil
	}})
}
