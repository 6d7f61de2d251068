package wire

import (
	"context"
	"slices"
	"strings"
	"time"

	"onecert/db"
	"onecert/keys"
	"onecert/pki"
	"onecert/serve"
)

// look collects a gateway's health as its machine shows it.
func (c *Gateway) look(ctx context.Context, d *db.DB, now time.Time) []serve.Item {
	l := c.looker(d, now)
	l.common(ctx)
	l.certificate("tls", c.TLSCertificate, true)
	l.twin(c.Pair, c.Protocol)
	return goingOn(l.items)
}

// goingOn: a gateway whose database is away serves on with the configuration it has; what
// it cannot do is change that, and begin sessions that are kept there.
func goingOn(items []serve.Item) []serve.Item {
	for i := range items {
		if items[i].Name == "database" {
			items[i].Stops = false
			if items[i].Level == serve.Failing {
				items[i].Says = "store.down"
			}
		}
	}
	return items
}

func (c *Gateway) looker(d *db.DB, now time.Time) *looker {
	source, err := databaseSource(c.dir, c.Database, c.DatabaseFile)
	if err != nil {
		source = ""
	}
	return &looker{dir: c.dir, now: now, d: d, log: c.log(), care: c.Health.complete(), ask: statfs,
		spaces: spaces(c.dir, source, c.AuditHeads, space{"log", c.Path(c.Log.Dir)})}
}

// health is what the gateway itself sees as well: whether what was wanted runs, whether
// revocations are known, what the services show, and the log.
func (p *GatewayProcess) health(ctx context.Context) []serve.Item {
	now := p.options.now()()
	all := slices.Concat(p.config.look(ctx, p.database, now), copied(p.Audit, now), p.door(), p.ends(now), p.sources(ctx), p.trustLists(ctx, now), p.sharedSessions(ctx), p.accessItems())
	fresh := p.Copy.Freshness()
	age := fresh.Age.Seconds()
	return append(all, serve.Item{Name: "copy", Level: level(age, slow.Seconds(), time.Minute.Seconds()), Says: "copy.age", Value: age, Unit: "seconds", Metric: "journal_copy_age_seconds"})
}

// askedGateway is what only the running gateway knows.
func askedGateway(ctx context.Context, listen string) []serve.Item {
	ready, items := askReady(ctx, listen)
	for _, name := range sortedKeys(ready) {
		if !slices.ContainsFunc([]string{"configuration", "trust.", "trust-list.", "sessions.", "access-log", "copy", "certificate.service.", "audit.cop"}, func(known string) bool { return strings.HasPrefix(name, known) }) {
			continue // looked at from here as well
		}
		says := map[serve.Level]string{serve.Fine: "gateway.ok", serve.Warning: "gateway.warning"}[serve.Level(ready[name])]
		if says == "" {
			says = "gateway.failing"
		}
		items = append(items, serve.Item{Name: name, Level: serve.Level(ready[name]), Says: says})
	}
	return items
}

// door: the newest configuration runs, or an older one does.
func (p *GatewayProcess) door() []serve.Item {
	i := serve.Item{Name: "configuration", Level: serve.Fine, Says: "configuration.ok"}
	switch {
	case p.Fault() != nil:
		i.Level, i.Says = serve.Failing, "configuration.older"
	case len(p.Warnings()) > 0:
		i.Level, i.Says = serve.Warning, "configuration.warning"
	}
	return []serve.Item{i}
}

// sessionsTime is how long the database of sessions may take to answer.
const sessionsTime = 2 * time.Second

// sharedSessions: the database that several gateways keep their sessions in answers.
// Without it those who are logged in go on, and nobody can log in.
func (p *GatewayProcess) sharedSessions(ctx context.Context) []serve.Item {
	if p.shared == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, sessionsTime)
	defer cancel()
	i := serve.Item{Name: "sessions.database", Level: serve.Fine, Says: "sessions.ok", Unit: "seconds", Metric: "sessions_database_answer_seconds"}
	started := time.Now()
	if p.shared.Read().PingContext(ctx) != nil {
		i.Level, i.Says = serve.Failing, "sessions.down"
	}
	i.Value = time.Since(started).Seconds()
	return []serve.Item{i}
}

// trustLists are the signed lists of foreign CAs: past its end, none of its CAs is accepted.
func (p *GatewayProcess) trustLists(ctx context.Context, now time.Time) (all []serve.Item) {
	lists, err := p.TrustLists(p.itself(ctx))
	if err != nil {
		return nil
	}
	for _, l := range lists {
		i := serve.Item{Name: "trust-list." + l.Name, Level: serve.Fine, Says: "trust-list.ok", Unit: "seconds", Metric: "trust_list_end_seconds", Labels: map[string]string{"list": l.Name}}
		if !l.Ends.IsZero() {
			i.Value = l.Ends.Sub(now).Seconds()
		}
		switch {
		case l.State == "ended":
			i.Level, i.Says = serve.Failing, "trust-list.ended"
		case l.State == "missing":
			i.Level, i.Says = serve.Warning, "trust-list.missing"
		case l.Fault != nil || l.Failures > 0:
			i.Level, i.Says = serve.Warning, "trust-list.failures"
		case l.State == "waiting":
			i.Level, i.Says = serve.Warning, "trust-list.waiting"
		}
		all = append(all, i)
	}
	return all
}

// ends are the certificates the services show.
func (p *GatewayProcess) ends(now time.Time) (all []serve.Item) {
	for _, c := range p.CertificateEnds() {
		left := c.Ends.Sub(now)
		i := serve.Item{Name: "certificate.service." + c.Name, Level: serve.Fine, Says: "certificate.ok", Value: left.Seconds(), Unit: "seconds",
			Metric: "certificate_not_after_seconds", Labels: map[string]string{"certificate": "service." + c.Name}}
		switch {
		case left <= 0:
			i.Level, i.Says = serve.Failing, "certificate.expired"
		case left < 7*24*time.Hour:
			i.Level, i.Says = serve.Failing, "certificate.late"
		case left < 30*24*time.Hour:
			i.Level, i.Says = serve.Warning, "certificate.late"
		}
		all = append(all, i)
	}
	return all
}

// sources are those of revocation data: without one that is current, certificates of its
// CA are refused.
func (p *GatewayProcess) sources(ctx context.Context) (all []serve.Item) {
	sources, err := p.TrustHealth(p.itself(ctx))
	if err != nil {
		return nil
	}
	for _, s := range sources {
		i := serve.Item{Name: "trust." + s.CA + "." + s.Source, Level: serve.Fine, Says: "trust.ok", Value: s.Age, Unit: "seconds",
			Metric: "revocation_data_age_seconds", Labels: map[string]string{"ca": s.CA, "source": s.Source}}
		switch {
		case s.State == "missing":
			i.Level, i.Says = serve.Failing, "trust.missing"
		case s.State == "stale":
			i.Level, i.Says = serve.Failing, "trust.stale"
		case s.Failures > 0:
			i.Level, i.Says = serve.Warning, "trust.failures"
		}
		all = append(all, i)
	}
	return all
}

func (p *GatewayProcess) accessItems() []serve.Item {
	i := serve.Item{Name: "access-log", Level: serve.Fine, Says: "access.ok", Value: float64(p.Access.Lost()), Metric: "access_log_lost_lines"}
	switch {
	case p.Access.Fault() != nil:
		i.Level, i.Says = serve.Failing, "access.losing"
	case p.Access.Lost() > 0:
		i.Level, i.Says = serve.Warning, "access.lost"
	}
	if p.config.Log.Syslog == "" {
		return []serve.Item{i}
	}
	sent := serve.Item{Name: "access-log.collector", Level: serve.Fine, Says: "access.ok", Value: float64(p.Access.Unsent()), Metric: "access_log_unsent_lines"}
	if p.Access.Unsent() > 0 {
		sent.Level, sent.Says = serve.Warning, "access.unsent"
	}
	return []serve.Item{i, sent}
}

func (p *GatewayProcess) reserve() *reserve {
	return newReserve(p.config.Health.complete().Reserve, p.options.now(), p.config.looker(nil, time.Time{}).spaces)
}

// gateway looks at everything a gateway's configuration names.
func (k *checker) gateway(ctx context.Context, c *Gateway) {
	_, err := readCertificates(c.Path(c.Trust))
	k.note("trust", err)
	k.pair("tls", c.TLSKey, c.TLSCertificate, NoteAwaited)
	k.twin(c.Pair, NoteAwaited)
	_, _, err = c.openSecret()
	k.note("secret", err)
	_, err = c.assertionKeys()
	k.note("assertion_keys", err)
	for _, name := range sortedKeys(c.ServiceHardware) {
		key, err := openKey(c.dir, c.ServiceHardware[name])
		if err == nil && key == nil {
			err = pki.Errorf(pki.Internal, "config.key", "the key did not open")
		}
		k.note("service_hardware."+name, err)
	}
	if s := c.Sessions; s.Database != "" || s.DatabaseFile != "" {
		_, err = databaseSource(c.dir, s.Database, s.DatabaseFile)
		k.note("sessions.database", err)
	}
	_, err = keys.ParseURI(keyURI(c.ServiceKeys, c.ServicePassphrase))
	k.note("service_keys", err)
	k.log(ctx, c.log())
}
