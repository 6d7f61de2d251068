package wire

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"onecert/audit"
	"onecert/db"
	"onecert/officer"
	"onecert/serve"
)

// pathSystem is where every component says how it stands.
const pathSystem = "/v1/system"

// System is how the process of a component stands: one type for all of them, so that one
// page and one verb show any.
type System struct {
	Component string    `json:"component" enum:"ca,kmc,ra,lra,gateway,node"`
	Name      string    `json:"name" doc:"what this one is called among its kind"`
	Version   string    `json:"version" doc:"of the program; empty where nobody gave it one"`
	Started   time.Time `json:"started"`
	Now       time.Time `json:"now" doc:"by its clock"`
	Ready     bool      `json:"ready"`
	// Checks are the items of /readyz with what they say: a key of texts, 'onecert health'
	// has the words.
	Checks       []serve.Standing `json:"checks"`
	Certificates []OwnCertificate `json:"certificates" doc:"the platform's, which this process shows others"`
	Audit        *AuditState      `json:"audit,omitempty" doc:"missing: a node of status keeps no log"`
	Database     DatabaseState    `json:"database"`
	Backups      *BackupState     `json:"backups,omitempty" doc:"missing: a node of status has copies only, which it makes again"`
	Process      ProcessFigures   `json:"process"`
}

// AuditState is what the audit log stands on. A key has no end; it is changed with its
// origin.
type AuditState struct {
	Origin  string   `json:"origin"`
	Keys    []string `json:"keys" doc:"public, as 'onecert audit verify' takes them"`
	Entries int64    `json:"entries"`
}

// DatabaseState is what a component keeps its records in.
type DatabaseState struct {
	Engine  string           `json:"engine" enum:"sqlite,postgres"`
	Octets  int64            `json:"octets" doc:"on disk; 0 where it cannot be asked"`
	Schemas map[string]int64 `json:"schemas" doc:"version of each room's tables"`
}

// BackupState is what is known of backups: 'onecert backup create' and 'drill' write it
// down beside the configuration.
type BackupState struct {
	Record
	Unreadable bool `json:"unreadable,omitempty" doc:"what was written down cannot be read"`
	Verified   bool `json:"verified" doc:"the last archive was restored in a drill, and worked"`
}

// vantage is what a component's state is seen from.
type vantage struct {
	component, name string
	api             *serve.API
	options         Options
	database        *db.DB
	log             *audit.Log // nil: none is kept
	dir             string     // of the configuration; "": no backups are made
	spaces          []space
	certificates    []OwnCertificate
}

// look puts everything together. What cannot be asked is empty and stands as an item
// among the checks; it is no error.
func (v vantage) look(ctx context.Context) (System, error) {
	s := System{Component: v.component, Name: v.name, Version: cmp.Or(v.options.Program, v.options.Version), Started: v.api.Started().UTC(), Now: v.options.now()().UTC(), Certificates: v.certificates}
	if s.Certificates == nil {
		s.Certificates = []OwnCertificate{}
	}
	s.Ready, s.Checks = v.api.State(ctx)
	if v.log != nil {
		s.Audit = &AuditState{Origin: v.log.Origin(), Keys: v.log.Verifiers()}
		s.Audit.Entries, _ = v.log.Size(ctx)
	}
	s.Database = databaseState(ctx, v.database)
	if v.dir != "" {
		s.Backups = backupState(v.dir)
	}
	s.Process = figures(v.spaces)
	return s, ctx.Err()
}

func databaseState(ctx context.Context, d *db.DB) DatabaseState {
	s := DatabaseState{Engine: string(d.Dialect), Schemas: map[string]int64{}}
	s.Octets, _ = d.Size(ctx)
	_ = d.Snapshot(ctx, func(tx *sql.Tx) error {
		versions, err := d.Versions(ctx, tx)
		if err == nil {
			s.Schemas = versions
		}
		return err
	})
	return s
}

func backupState(dir string) *BackupState {
	r, err := readRecord(resolve(dir, recordName))
	return &BackupState{Record: r, Unreadable: err != nil,
		Verified: r.Backup != nil && r.Drill != nil && r.Drill.Good && r.Drill.Archive == r.Backup.Archive}
}

// systemRoute puts the one call on a component's API. may says who gets an answer.
func systemRoute(api huma.API, may func(context.Context) error, look func() vantage) {
	huma.Register(api, operation("component", http.MethodGet, pathSystem, "How this component stands: health, own certificates, database, backups, process"),
		func(ctx context.Context, _ *struct{}) (*body[System], error) {
			if err := may(ctx); err != nil {
				return nil, err
			}
			s, err := look().look(ctx)
			return &body[System]{s}, err
		})
}

// mayReadSystem is for components that keep a registry of officers.
func (d desk) mayReadSystem(ctx context.Context) error { return d.whole(ctx, officer.ReadSystem) }

// lookEvery is how often a component looks at itself where nobody asks.
const lookEvery = time.Minute

// System asks a component how it stands.
func (r *Registry) System(ctx context.Context) (System, error) {
	return serve.Call[struct{}, System](ctx, r.c, http.MethodGet, pathSystem, nil)
}

// Node is a node of status, which has no registry of its own: it answers officers and
// components of the platform by their certificates.
func (s *Session) Node(address string) (*Registry, error) {
	if s.reach == nil {
		return nil, errors.New("reaching a node: the session is not open")
	}
	api, err := s.reach(address)
	if err != nil {
		return nil, err
	}
	return &Registry{api}, nil
}
