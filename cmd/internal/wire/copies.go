package wire

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"time"

	"onecert/audit"
	"onecert/pki"
)

// CopyFile is a further place for the signed heads of the audit log: one of Folder,
// URL and Syslog.
type CopyFile struct {
	Folder string `yaml:"folder,omitempty"`
	// URL takes each head by POST and answers 2xx.
	URL string `yaml:"url,omitempty"`
	// Syslog is a collector: tls://host:6514, tcp://host:601 or udp://host:514.
	Syslog string `yaml:"syslog,omitempty"`
	// Trust is a PEM file of roots for https and tls; without it the system's are trusted.
	Trust string `yaml:"trust,omitempty"`
}

// copyPeriod is how often further places are looked after.
const copyPeriod = 5 * time.Second

// check refuses what could never work.
func (c CopyFile) check(path string) error {
	given := 0
	for _, value := range []string{c.Folder, c.URL, c.Syslog} {
		if value != "" {
			given++
		}
	}
	if given != 1 {
		return pki.Errorf(pki.Invalid, "config.copy", "%s: an entry of audit_copies is one of folder, url and syslog", path).To("see the commented samples under deploy/")
	}
	if c.URL != "" {
		if u, err := url.Parse(c.URL); err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http" {
			return pki.Errorf(pki.Invalid, "config.copy", "%s: a url of audit_copies is not http://… or https://… without a password", path)
		}
	}
	if c.Syslog != "" {
		if _, _, err := c.collector(); err != nil {
			return pki.Errorf(pki.Invalid, "config.copy", "%s: a syslog of audit_copies is not tls://HOST:PORT, tcp://HOST:PORT or udp://HOST:PORT", path)
		}
	}
	return nil
}

func (c CopyFile) collector() (audit.Transport, string, error) {
	u, err := url.Parse(c.Syslog)
	if err != nil || u.Path != "" || u.RawQuery != "" || u.User != nil {
		return "", "", fmt.Errorf("reading a collector's address: malformed")
	}
	if _, port, err := net.SplitHostPort(u.Host); err != nil || port == "" {
		return "", "", fmt.Errorf("reading a collector's address: no port")
	}
	switch t := audit.Transport(u.Scheme); t {
	case audit.TLS, audit.TCP, audit.UDP:
		return t, u.Host, nil
	}
	return "", "", fmt.Errorf("reading a collector's address: another scheme")
}

// destination makes what the log sends to.
func (c CopyFile) destination(dir string, now func() time.Time) (audit.Destination, error) {
	config, err := c.tls(dir)
	if err != nil {
		return audit.Destination{}, err
	}
	switch {
	case c.Folder != "":
		return audit.Folder(resolve(dir, c.Folder)), nil
	case c.URL != "":
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: config, MaxIdleConns: 1, IdleConnTimeout: time.Minute}}
		return audit.Post(c.URL, client), nil
	}
	transport, address, err := c.collector()
	if err != nil {
		return audit.Destination{}, err
	}
	return audit.Syslog(transport, address, config, now), nil
}

func (c CopyFile) tls(dir string) (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.Trust == "" {
		return config, nil
	}
	text, err := os.ReadFile(resolve(dir, c.Trust))
	if err != nil {
		return nil, pki.Errorf(pki.Invalid, "config.certificate", "the certificate file %s cannot be read", c.Trust).Because(err)
	}
	config.RootCAs, err = TrustPool(text)
	return config, err
}

// startCopies begins to send heads to every further place.
func startCopies(ctx context.Context, log *audit.Log, dir string, all []CopyFile, now func() time.Time) error {
	var to []audit.Destination
	for _, c := range all {
		d, err := c.destination(dir, now)
		if err != nil {
			return err
		}
		to = append(to, d)
	}
	return log.StartCopies(ctx, copyPeriod, to...)
}
