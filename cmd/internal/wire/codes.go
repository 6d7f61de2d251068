package wire

import (
	"context"
	"slices"
	"time"

	"onecert/db"
	"onecert/officer"
	"onecert/pki"
)

// firstCodeLife is how long a code of a first start is good: administrators may be
// in other towns.
const firstCodeLife = 7 * 24 * time.Hour

// FirstCodes makes the one-time codes of a first start: each enrols the key of one
// of the three administrators (design.md decision 14). Roles that have had an
// administrator get none: there is one way in for each, once.
func FirstCodes(ctx context.Context, registry *officer.Registry) (map[string]string, error) {
	return firstCodes(ctx, registry, "centre")
}

// firstCodes makes them for the administrators of one place: centre, ra1.
func firstCodes(ctx context.Context, registry *officer.Registry, place string) (map[string]string, error) {
	all, err := registry.List(ctx)
	if err != nil {
		return nil, err
	}
	ctx = pki.WithActor(ctx, pki.Actor{Name: "first-start"})
	codes := map[string]string{}
	for _, role := range []string{officer.System, officer.Security, officer.Audit} {
		if slices.ContainsFunc(all, func(o officer.Officer) bool { return slices.Contains(o.Roles, role) }) {
			continue
		}
		if codes[role], err = registry.NewCode(ctx, role, place+"."+role, firstCodeLife); err != nil {
			return nil, err
		}
	}
	if len(codes) == 0 {
		return nil, pki.Errorf(pki.Conflict, "codes.done", "all three administrators have enrolled").
			To("further codes are made by the security administrator: 'onecert officer code'")
	}
	return codes, nil
}

// FirstCodes makes them in the CA's database, whether or not it is being served.
func (c *CA) FirstCodes(ctx context.Context) (map[string]string, error) {
	return c.log().codes(ctx, "centre")
}

// FirstCodes makes them in the KMC's database, whether or not it is being served.
func (c *KMC) FirstCodes(ctx context.Context) (map[string]string, error) {
	return c.log().codes(ctx, "centre")
}

// FirstCodes makes them in the registration's database, whether or not it is being
// served. The posts that belong to them are made at its first start.
func (c *RA) FirstCodes(ctx context.Context) (map[string]string, error) {
	return c.log().codes(ctx, c.Home.ID)
}

func (f logFiles) codes(ctx context.Context, place string) (map[string]string, error) {
	source, err := databaseSource(f.dir, f.database, f.databaseFile)
	if err != nil {
		return nil, err
	}
	d, err := db.Open(ctx, source)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	log, err := openAudit(ctx, d, f.dir, f.origin, f.key)
	if err != nil {
		return nil, err
	}
	registry, err := officer.Open(ctx, d, log, nil)
	if err != nil {
		return nil, err
	}
	defer registry.Close()
	return firstCodes(ctx, registry, place)
}
