package ca

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"time"

	"onecert/audit"
	"onecert/db"
	"onecert/officer"
	"onecert/pki"
)

// profileSet is the profiles in effect as of one change. It never changes itself: an
// order takes the set it began with.
type profileSet struct {
	change  int // how many versions are stored
	current Profiles
}

// profiles returns the set in effect now. An order asks once.
func (ca *CA) profiles() Profiles { return ca.set.Load().current }

// adopt puts a set into effect, unless a later one is there already.
func (ca *CA) adopt(next *profileSet) {
	for {
		old := ca.set.Load()
		if old != nil && old.change >= next.change || ca.set.CompareAndSwap(old, next) {
			return
		}
	}
}

// ProfileVersion is one version of a profile as it is kept for ever.
type ProfileVersion struct {
	Name     string    `json:"name"`
	Version  int       `json:"version"`
	Hash     string    `json:"hash"`
	Added    time.Time `json:"added"`
	AddedBy  string    `json:"added_by"`
	Approval string    `json:"approval,omitempty" doc:"empty: the CA began with it"`
	YAML     string    `json:"yaml"`
}

// querier is a pool or a transaction.
type querier interface {
	db.RowQuerier
	QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error)
}

// storedProfiles reads versions, oldest first; rest is a constant of this room.
func storedProfiles(ctx context.Context, q querier, rest string, args ...any) ([]ProfileVersion, error) {
	rows, err := q.QueryContext(ctx, "SELECT name, version, hash, yaml, added_at, added_by, approval FROM ca_profile "+rest+" ORDER BY name, version", args...)
	if err != nil {
		return nil, fmt.Errorf("reading the profiles: %w", err)
	}
	defer rows.Close()
	all := []ProfileVersion{}
	for rows.Next() {
		var v ProfileVersion
		var text []byte
		var added int64
		if err := rows.Scan(&v.Name, &v.Version, &v.Hash, &text, &added, &v.AddedBy, &v.Approval); err != nil {
			return nil, fmt.Errorf("reading the profiles: %w", err)
		}
		v.YAML, v.Added = string(text), time.UnixMilli(added).UTC()
		all = append(all, v)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("reading the profiles: %w", err)
	}
	return all, nil
}

// currentProfiles reads the set in effect: the last version of each name.
func currentProfiles(ctx context.Context, q querier) (*profileSet, error) {
	versions, err := storedProfiles(ctx, q, "")
	if err != nil {
		return nil, err
	}
	set := &profileSet{change: len(versions), current: Profiles{}}
	for i, v := range versions {
		if i+1 < len(versions) && versions[i+1].Name == v.Name {
			continue
		}
		p, faults := ParseProfile(v.Name+".yaml", []byte(v.YAML))
		if p == nil || p.Name != v.Name || p.Version != v.Version || p.hash != v.Hash {
			return nil, pki.Errorf(pki.Internal, "profile.stored", "the stored version %d of profile %s is not what was stored: %v", v.Version, v.Name, faults).
				To("compare the database with its backup; nothing is issued until then")
		}
		set.current[v.Name] = p
	}
	return set, nil
}

// openProfiles takes the stored profiles into effect. The first start stores those
// of the configuration; afterwards they change by two persons only, so a file that
// says otherwise is not followed. What a newer program brings under a name not known
// before is added: it comes with the program, as its code does.
func (ca *CA) openProfiles(ctx context.Context) error {
	return ca.tx(ctx, func(tx *sql.Tx) error {
		set, err := currentProfiles(ctx, tx)
		if err != nil {
			return err
		}
		fresh := ca.unknownProfiles(set)
		if len(fresh) > 0 {
			if err := ca.importProfiles(ctx, tx, fresh); err != nil {
				return err
			}
			if set, err = currentProfiles(ctx, tx); err != nil {
				return err
			}
		}
		ca.adopt(set)
		return nil
	})
}

// unknownProfiles are those of the configuration that may be taken over.
func (ca *CA) unknownProfiles(set *profileSet) (fresh []*Profile) {
	delivered, err := DeliveredProfiles()
	if err != nil {
		ca.cfg.Log.Error("the delivered profiles cannot be read", "error", err)
	}
	for _, name := range slices.Sorted(maps.Keys(ca.cfg.Profiles)) {
		p := ca.cfg.Profiles[name]
		stored := set.current[name]
		switch {
		case stored != nil && stored.hash == p.hash:
		case set.change == 0, stored == nil && delivered[name] != nil && delivered[name].hash == p.hash:
			fresh = append(fresh, p)
		case stored == nil || stored.Version < p.Version:
			ca.cfg.Log.Warn("a profile of the configuration is not in effect: profiles change by two persons; propose it with 'onecert ca profiles propose'",
				"profile", name, "version", p.Version, "hash", p.hash)
		}
	}
	return fresh
}

// importProfiles stores what the CA begins with.
func (ca *CA) importProfiles(ctx context.Context, tx *sql.Tx, fresh []*Profile) error {
	now := ca.cfg.Now().UTC()
	detail := map[string]string{}
	for _, p := range fresh {
		detail[p.Name] = p.hash
	}
	actor := pki.Actor{Name: "ca"}
	err := ca.cfg.Audit.Append(ctx, tx, audit.Act{Actor: actor, Act: "profiles.import", Result: audit.Done, Detail: detail, At: now})
	if err != nil {
		return err
	}
	return insertProfiles(ctx, tx, fresh, actor.Name, "", now)
}

func insertProfiles(ctx context.Context, tx *sql.Tx, all []*Profile, by, approval string, at time.Time) error {
	rows := make([][]any, len(all))
	for i, p := range all {
		rows[i] = []any{p.Name, p.Version, p.hash, bytes.Clone(p.raw), at.UnixMilli(), by, approval}
	}
	return db.Insert(ctx, tx, "ca_profile", []string{"name", "version", "hash", "yaml", "added_at", "added_by", "approval"}, rows, "")
}

// VersionQuery says which versions of a profile are asked for. They are the last where
// they are fewer than Limit.
type VersionQuery struct {
	After int `query:"after" minimum:"0" doc:"for the next page: the last version that was read"`
	Limit int `query:"limit" minimum:"0" maximum:"200" doc:"how many at most; 50 if not said"`
}

// ProfileVersions returns versions of a profile, oldest first.
func (ca *CA) ProfileVersions(ctx context.Context, name string, q VersionQuery) ([]ProfileVersion, error) {
	if _, err := ca.cfg.Check(ctx, officer.ReadProfiles); err != nil {
		return nil, err
	}
	all, err := storedProfiles(ctx, ca.cfg.DB.Read(), "WHERE name = $1 AND version > $2", name, q.After)
	all = all[:min(len(all), pageSize(q.Limit))]
	if err == nil && len(all) == 0 && q.After == 0 {
		err = pki.Errorf(pki.Unknown, "profile.unknown", "there is no profile %.41q", name).To("'onecert ca profiles' lists them")
	}
	return all, storeFailed(err)
}
