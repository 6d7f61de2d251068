package ca

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"strings"

	"onecert/audit"
	"onecert/officer"
	"onecert/pki"
)

// ProfileChange proposes new profiles and new versions of others, in effect together
// or not at all: the two halves of a pair come in one change.
type ProfileChange struct {
	Profiles []string `json:"profiles" minItems:"1" maxItems:"32" doc:"each the YAML of one profile"`
	Reason   string   `json:"reason" minLength:"1" maxLength:"1000"`
}

// ProposedProfiles says what would change.
type ProposedProfiles struct {
	officer.Receipt
	Changes []ProfileDifference `json:"changes"`
}

// ProfileDifference is one profile's new version beside the one in effect.
type ProfileDifference struct {
	Name  string `json:"name"`
	From  int    `json:"from" doc:"version in effect; 0: a new profile"`
	To    int    `json:"to"`
	Hash  string `json:"hash"`
	Lines string `json:"lines" doc:"the lines that differ, marked - and +"`
}

// ProposeProfiles proposes a change of profiles. It is checked against the whole set
// now, and again when it is approved, which puts it into effect. Errors:
// profile.wrong, profile.version, profile.kind, and those of the approval.
func (ca *CA) ProposeProfiles(ctx context.Context, c ProfileChange) (*ProposedProfiles, error) {
	if _, err := ca.cfg.Check(ctx, officer.ChangeProfiles); err != nil {
		return nil, err
	}
	if ca.cfg.Officers == nil {
		return nil, noApprovals()
	}
	set := ca.profiles()
	fresh, _, err := set.with(c.Profiles)
	if err != nil {
		return nil, err
	}
	content, err := json.Marshal(c.Profiles)
	if err != nil {
		return nil, fmt.Errorf("proposing profiles: %w", err)
	}
	out := &ProposedProfiles{Changes: set.differences(fresh)}
	a, err := ca.cfg.Officers.Propose(ctx, officer.Proposal{Operation: officer.ChangeProfiles, Object: namesOf(fresh),
		Content: string(content), Summary: summarise(out.Changes), Reason: c.Reason}, nil)
	out.Receipt = a.Receipt()
	return out, err
}

func noApprovals() error {
	return pki.Errorf(pki.NotImplemented, "approval.none", "this CA has no registry of officers, so nobody can approve")
}

// namesOf names the profiles of a change, as many as fit.
func namesOf(fresh []*Profile) string {
	names := make([]string, len(fresh))
	for i, p := range fresh {
		names[i] = p.Name
	}
	if text := strings.Join(names, " "); len(text) <= 100 {
		return text
	}
	return fmt.Sprintf("%s and %d more", names[0], len(names)-1)
}

// with returns the profiles of the texts and the set as it would be with them.
func (all Profiles) with(texts []string) (fresh []*Profile, next Profiles, err error) {
	next = maps.Clone(all)
	var faults []string
	seen := map[string]bool{}
	for i, text := range texts {
		file := fmt.Sprintf("%d.yaml", i+1)
		if len(text) > maxProfile {
			return nil, nil, pki.Errorf(pki.Invalid, "profile.size", "profile %d is larger than %d octets", i+1, maxProfile)
		}
		p, wrong := ParseProfile(file, []byte(text))
		faults = append(faults, wrong...)
		if p == nil {
			continue
		}
		if seen[p.Name] {
			faults = append(faults, fmt.Sprintf("%s:1: name-unique: profile %q stands in two files", file, p.Name))
		}
		if err := p.follows(all[p.Name]); err != nil {
			return nil, nil, err
		}
		seen[p.Name], next[p.Name] = true, p
		fresh = append(fresh, p)
	}
	if len(faults) == 0 {
		faults = next.checkPairs()
	}
	if len(faults) > 0 || len(fresh) == 0 {
		return nil, nil, pki.Errorf(pki.Invalid, "profile.wrong", "%s", strings.Join(faults, "\n")).To("mend the profile; nothing was proposed")
	}
	return fresh, next, nil
}

// follows says whether p may take the place of old. Its kind says who may order it,
// so certificates of one name never change hands by a new version.
func (p *Profile) follows(old *Profile) error {
	switch {
	case old == nil:
		return nil
	case p.Version <= old.Version:
		return pki.Errorf(pki.Conflict, "profile.version", "version %d of profile %s is in effect, so %d is no new one", old.Version, p.Name, p.Version).
			To("count the version up")
	case p.Kind != old.Kind || p.HalfOf != old.HalfOf || p.CA != old.CA:
		return pki.Errorf(pki.Conflict, "profile.kind", "profile %s cannot become one of another kind", p.Name).To("give the new kind a name of its own")
	}
	return nil
}

// changeProfiles is done with the last approval: in its transaction the versions are
// stored, and once that is committed orders see them. No process restarts.
func (ca *CA) changeProfiles(ctx context.Context, tx *sql.Tx, a officer.Approval) (func(), error) {
	var texts []string
	if err := json.Unmarshal([]byte(a.Content), &texts); err != nil {
		return nil, fmt.Errorf("reading the approved profiles: %w", err)
	}
	set, err := currentProfiles(ctx, tx)
	if err != nil {
		return nil, err
	}
	fresh, next, err := set.current.with(texts)
	if err != nil {
		return nil, err
	}
	now, detail := ca.cfg.Now().UTC(), a.Trail()
	for _, p := range fresh {
		detail["profile "+p.Name] = p.hash
	}
	actor, _ := pki.ActorFrom(ctx)
	err = ca.cfg.Audit.Append(ctx, tx, audit.Act{Actor: actor, Act: string(officer.ChangeProfiles), Object: a.Object, Result: audit.Done, Detail: detail, At: now})
	if err != nil {
		return nil, err
	}
	if err := insertProfiles(ctx, tx, fresh, a.ProposedBy, a.ID, now); err != nil {
		return nil, err
	}
	return func() { ca.adopt(&profileSet{change: set.change + len(fresh), current: next}) }, nil
}
