package wire

import (
	"errors"
	"path/filepath"
	"slices"

	"onecert/pki"
	"onecert/ra"
)

// The two sorts of registration, which are one program: a local counter has a
// registration above it and no way to the CA.
const (
	componentRA  = "ra"
	componentLRA = "lra"
)

// RA is the configuration of a registration, or of a local counter.
type RA struct {
	Component    string `yaml:"component"` // "ra" or "lra"
	Origin       string `yaml:"origin"`
	Database     string `yaml:"database,omitempty"`
	DatabaseFile string `yaml:"database_file,omitempty"`
	// Listen is the address of the API (mutual TLS).
	Listen string `yaml:"listen"`
	// SelfListen is the address of self-service, where holders come with their
	// certificates or without; empty: there is none.
	SelfListen string `yaml:"self_listen,omitempty"`
	// SelfPerSource is how many calls without a certificate one address has there in an
	// hour; 0: 60. Where a front end stands before it, a high number, and a limit there.
	SelfPerSource int `yaml:"self_per_source,omitempty"`
	// SelfOldDays is how many days a phone or mail that its holder replaced there still
	// gets the codes of loss reports beside the new one; 0: 7, below 0: none.
	SelfOldDays int `yaml:"self_old_days,omitempty"`
	// DraftDays is after how many days without a touch drafts and returned applications are
	// given up and erased; 0: 90, below 0: never.
	DraftDays int `yaml:"draft_days,omitempty"`
	// Desk says when the service desk closes what nobody comes back to, and erases it.
	Desk DeskFile `yaml:"desk,omitempty"`
	// Home is the place in the tree this process works for.
	Home RAHome `yaml:"home"`
	// CA is the address of the CA's API, where orders go and the site certificate is
	// renewed at half its life; Upstream is that of the registration above.
	CA       string `yaml:"ca,omitempty"`
	Upstream string `yaml:"upstream,omitempty"`
	// KMC is the address of the key management centre, which tells holders what was done
	// with their keys; empty: self-service does not show it.
	KMC string `yaml:"kmc,omitempty"`
	// Agreements says that no node becomes active without a signed agreement on record.
	Agreements bool `yaml:"agreements,omitempty"`
	// TLSKey and TLSCertificate are the API's own, enrolled at the CA as a site.
	TLSKey         string `yaml:"tls_key"`
	TLSCertificate string `yaml:"tls_certificate"`
	// Protocol is what this component speaks to the others: tls (the default), or tlcp
	// with its Pair. With a Pair the API takes TLCP beside TLS.
	Protocol string    `yaml:"protocol,omitempty"`
	Pair     *PairFile `yaml:"pair,omitempty"`
	// Trust is a PEM file of the CA certificates that officers' and sites' lead to.
	Trust string `yaml:"trust"`
	// SealKey seals what applicants say of themselves.
	SealKey     string     `yaml:"seal_key"`
	AuditKey    string     `yaml:"audit_key"`
	AuditHeads  string     `yaml:"audit_heads"`
	AuditCopies []CopyFile `yaml:"audit_copies,omitempty"`
	Health      HealthFile `yaml:"health,omitempty"`
	// Console is where officers work with a browser; without it there is none here.
	Console *ConsoleFile `yaml:"console,omitempty"`
	// Notices says how holders are told; without it nobody is.
	Notices *NoticesFile `yaml:"notices,omitempty"`

	dir string
}

// DeskFile is what the service desk keeps how long, in days.
type DeskFile struct {
	// WaitingDays is after how many days a person who was asked and says nothing is taken
	// to need no more help; 0: 30.
	WaitingDays int `yaml:"waiting_days,omitempty"`
	// SilentDays is after how many days a ticket is closed on which nobody at all has done
	// anything; 0: 180.
	SilentDays int `yaml:"silent_days,omitempty"`
	// KeepDays is how many days after its end what a ticket says is erased; 0: three years.
	KeepDays int `yaml:"keep_days,omitempty"`
}

// RAHome is a node of the tree.
type RAHome struct {
	ID     string `yaml:"id"`
	Level  string `yaml:"level"` // centre, ra or lra
	Name   string `yaml:"name"`
	Region string `yaml:"region,omitempty"` // GB/T 2260
	// Above are the ids of the nodes above, the centre first; a centre has none.
	Above []string `yaml:"above,omitempty"`
}

// node is the home as the registration knows it.
func (h RAHome) node() ra.Node {
	n := ra.Node{ID: h.ID, Level: ra.Level(h.Level), Name: h.Name, Region: h.Region}
	if len(h.Above) > 0 {
		n.Parent = h.Above[len(h.Above)-1]
	}
	n.Path = "/"
	for _, id := range append(slices.Clone(h.Above), h.ID) {
		n.Path += id + "/"
	}
	return n
}

// LoadRA reads and checks the configuration of a registration or a local counter.
func LoadRA(path string) (*RA, error) {
	c := &RA{dir: filepath.Dir(path)}
	if err := load(path, c); err != nil {
		return nil, err
	}
	return c, c.check(path)
}

func (c *RA) check(path string) error {
	if c.Component != componentRA && c.Component != componentLRA {
		return pki.Errorf(pki.Invalid, "config.component", "%s: component is %.20q, neither ra nor lra", path, c.Component)
	}
	if (c.Database == "") == (c.DatabaseFile == "") {
		return pki.Errorf(pki.Invalid, "config.database", "%s: give database or database_file, one of the two", path)
	}
	if c.CA == "" && c.Upstream == "" {
		return pki.Errorf(pki.Invalid, "config.ca", "%s: neither ca nor upstream is given, so nothing could be carried out", path)
	}
	if c.SelfPerSource < 0 {
		return pki.Errorf(pki.Invalid, "config.self", "%s: self_per_source is below 0", path)
	}
	if min(c.Desk.WaitingDays, c.Desk.SilentDays, c.Desk.KeepDays) < 0 {
		return pki.Errorf(pki.Invalid, "config.desk", "%s: a number of days of desk is below 0", path)
	}
	if err := c.checkHome(path); err != nil {
		return err
	}
	if err := checkCare(path, c.AuditCopies, c.Health); err != nil {
		return err
	}
	if err := errors.Join(c.speech().check(path), c.Notices.check(path), c.Console.check(path)); err != nil {
		return err
	}
	return needs(path, map[string]string{"origin": c.Origin, "listen": c.Listen, "tls_key": c.TLSKey, "tls_certificate": c.TLSCertificate,
		"trust": c.Trust, "seal_key": c.SealKey, "audit_key": c.AuditKey, "audit_heads": c.AuditHeads, "home.id": c.Home.ID, "home.name": c.Home.Name})
}

// checkHome holds the place in the tree against the sort of component.
func (c *RA) checkHome(path string) error {
	h := c.Home
	if (h.Level == string(ra.LRA)) != (c.Component == componentLRA) {
		return pki.Errorf(pki.Invalid, "config.home", "%s: home.level is %.20q and component %s", path, h.Level, c.Component).
			To("component lra has a home of level lra; component ra one of level centre or ra")
	}
	if (h.Level == string(ra.Centre)) != (len(h.Above) == 0) {
		return pki.Errorf(pki.Invalid, "config.home", "%s: home.above has to name the nodes above, the centre first; of a centre it is empty", path)
	}
	for _, id := range h.Above {
		if !ra.IsNodeID(id) {
			return pki.Errorf(pki.Invalid, "config.home", "%s: %.30q in home.above is no node's id", path, id)
		}
	}
	return nil
}

// Path resolves a path of the configuration.
func (c *RA) Path(path string) string { return resolve(c.dir, path) }

func (c *RA) log() logFiles {
	return logFiles{c.dir, c.Database, c.DatabaseFile, c.Origin, c.AuditKey, c.AuditHeads}
}

func (c *RA) speech() speech { return speech{protocol: c.Protocol, pair: c.Pair} }

// administrator is the name of one of the three administrators of a first start.
func (c *RA) administrator(role string) string { return c.Home.ID + "." + role }
