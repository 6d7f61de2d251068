package wire

import (
	"context"
	"crypto"
	"fmt"

	"onecert/audit"
	"onecert/db"
	"onecert/pki"
)

// AuditSource is where an audit log is read without its component: for an auditor
// with a copy, or on the machine while it serves.
type AuditSource struct {
	Database string // "sqlite:PATH" or a postgres URL
	Heads    string // folder of signed heads; "" is none
	Verifier []audit.Verifier
}

// logFiles are the parts of a configuration that an audit log and a registry stand on.
type logFiles struct{ dir, database, databaseFile, origin, key, heads string }

func (c *CA) log() logFiles {
	return logFiles{c.dir, c.Database, c.DatabaseFile, c.Origin, c.AuditKey, c.AuditHeads}
}

func (c *KMC) log() logFiles {
	return logFiles{c.dir, c.Database, c.DatabaseFile, c.Origin, c.AuditKey, c.AuditHeads}
}

// AuditOf returns the source a configuration names, of a component with an audit log.
func AuditOf(path string) (AuditSource, error) {
	component, err := Component(path)
	if err != nil {
		return AuditSource{}, err
	}
	var f logFiles
	switch component {
	case "ca":
		c, err := LoadCA(path)
		if err != nil {
			return AuditSource{}, err
		}
		f = c.log()
	case "kmc":
		c, err := LoadKMC(path)
		if err != nil {
			return AuditSource{}, err
		}
		f = c.log()
	case componentRA, componentLRA:
		c, err := LoadRA(path)
		if err != nil {
			return AuditSource{}, err
		}
		f = c.log()
	case componentGateway:
		c, err := LoadGateway(path)
		if err != nil {
			return AuditSource{}, err
		}
		f = c.log()
	default:
		return AuditSource{}, unknownComponent(path, component)
	}
	s := AuditSource{Heads: resolve(f.dir, f.heads)}
	if s.Database, err = databaseSource(f.dir, f.database, f.databaseFile); err != nil {
		return s, err
	}
	opened, err := openKey(f.dir, f.key)
	if err != nil {
		return s, fmt.Errorf("opening the audit key: %w", err)
	}
	return s, s.trust(f.origin, opened.Public())
}

func (s *AuditSource) trust(origin string, public crypto.PublicKey) error {
	verifier, err := audit.NewVerifier(origin, public)
	if err != nil {
		return err
	}
	s.Verifier = append(s.Verifier, verifier)
	return nil
}

func unknownComponent(path, component string) error {
	return pki.Errorf(pki.Invalid, "config.component", "%s: component is %.20q, none of ca, kmc, ra, lra and gateway", path, component).
		To("see the commented samples under deploy/")
}

// Verify checks the whole log. Without heads only what the database itself says is
// held against its entries.
func (s AuditSource) Verify(ctx context.Context) (audit.Report, error) {
	var heads [][]byte
	if s.Heads != "" {
		var err error
		if heads, err = audit.ReadHeads(s.Heads); err != nil {
			return audit.Report{}, err
		}
	}
	d, err := s.open(ctx)
	if err != nil {
		return audit.Report{}, err
	}
	defer d.Close()
	return audit.Verify(ctx, d, s.Verifier, heads)
}

// Tail returns the last n entries.
func (s AuditSource) Tail(ctx context.Context, n int) ([]audit.Entry, error) {
	d, err := s.open(ctx)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	return audit.OpenReadOnly(d).Tail(ctx, n)
}

func (s AuditSource) open(ctx context.Context) (*db.DB, error) {
	d, err := db.OpenReadOnly(ctx, s.Database)
	if err != nil {
		return nil, pki.Errorf(pki.Invalid, "database.open", "the database cannot be opened for reading").
			To("name it as sqlite:PATH or as a postgres URL, and check that this user may read it").Because(err)
	}
	return d, nil
}
