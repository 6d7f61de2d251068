package pkitest

// Cluster is a throw-away PostgreSQL with fsync on, for a program that measures
// and has no testing.TB. It ends with the process at the latest.
type Cluster struct{ of *cluster }

// StartDurable makes and starts a cluster.
func StartDurable() (*Cluster, error) {
	c, err := startCluster("on")
	if err != nil {
		return nil, err
	}
	return &Cluster{c}, nil
}

// Database makes an empty database and returns what db.Open takes, and how to
// remove it, whoever is still connected.
func (c *Cluster) Database() (source string, drop func() error, err error) { return c.of.create() }

// Stop ends the server and removes its files.
func (c *Cluster) Stop() error { return c.of.stop() }
