package wire

import (
	"context"
	"os"
	"time"

	"onecert/db"
	"onecert/pki"
	"onecert/serve"
)

// node looks at everything a node's configuration names without starting it.
func (k *checker) node(ctx context.Context, c *Node) {
	_, err := readCertificates(c.Path(c.Trust))
	k.note("trust", err)
	k.pair("tls", c.TLSKey, c.TLSCertificate, NoteAwaited)
	k.twin(c.Pair, NoteAwaited)
	k.note("ocsp.key", c.OCSP.keyFits(c.dir))
	if c.LDAP != nil {
		for _, t := range c.LDAP.Targets {
			_, err := (&NodeProcess{config: c}).target(t)
			if err == nil && t.PasswordFile != "" {
				_, err = os.Stat(c.Path(t.PasswordFile))
			}
			k.note("ldap.targets."+t.Name, err)
		}
	}
	source, err := databaseSource(c.dir, c.Database, c.DatabaseFile)
	if err == nil {
		var d *db.DB
		if d, err = db.Open(ctx, source); err == nil {
			err = d.Close()
		}
	}
	k.note("database", err)
}

// keyFits tries the URI of the responder's keys with some issuer.
func (o NodeOCSP) keyFits(dir string) error {
	_, err := resolveURI(dir, o.Key)
	if err == nil && o.MaxLag > 0 && o.Life > 0 && o.MaxLag >= o.Life {
		err = pki.Errorf(pki.Invalid, "config.ocsp", "ocsp.max_lag is not less than ocsp.life").To("leave both out for 10m and 1h")
	}
	return err
}

// nodeHealth is what a node says of itself, and what can be seen without it.
func nodeHealth(ctx context.Context, path string, now time.Time) ([]serve.Item, error) {
	c, err := LoadNode(path)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	l := &looker{dir: c.dir, now: now, care: c.Health.complete(), ask: statfs, spaces: c.spaces()}
	l.disks()
	l.certificate("tls", c.TLSCertificate, true)
	return append(l.items, askedNode(ctx, c.Listen)...), nil
}

// spaces are the folders a node writes to.
func (c *Node) spaces() []space {
	source, err := databaseSource(c.dir, c.Database, c.DatabaseFile)
	if err != nil {
		source = ""
	}
	return spaces(c.dir, source, "", space{"lists", c.Path(c.CRL.Dir)})
}

// askedNode puts everything a node says at /readyz into words that fit all of it: the
// figures are in its metrics.
func askedNode(ctx context.Context, listen string) []serve.Item {
	ready, items := askReady(ctx, listen)
	for _, name := range sortedKeys(ready) {
		says := map[serve.Level]string{serve.Fine: "node.ok", serve.Warning: "node.warning"}[serve.Level(ready[name])]
		if says == "" {
			says = "node.failing"
		}
		items = append(items, serve.Item{Name: name, Level: serve.Level(ready[name]), Says: says})
	}
	return items
}
