package ca

import (
	"context"
	"strings"

	"onecert/audit"
	"onecert/officer"
)

// noteProfiles remembers which versions of profiles the log tells of, and how they
// came into effect.
func (c *invariants) noteProfiles(e audit.Entry) {
	if e.Result != audit.Done {
		return
	}
	for name, hash := range e.Detail {
		switch e.Act {
		case "profiles.import":
			c.profiles[name+" "+hash] = "" // without approval
		case string(officer.ChangeProfiles):
			if profile, ok := strings.CutPrefix(name, "profile "); ok {
				c.profiles[profile+" "+hash] = e.Detail["approval"]
			}
		}
	}
	if e.Act == "approval.use" && e.Detail["operation"] == string(officer.ChangeProfiles) {
		c.used[e.Object]++
	}
}

// versions checks that every profile ever in effect is what the log says, came in at
// the start or by an approval used once, and that every certificate names one.
func (c *invariants) versions(ctx context.Context, orders map[string]*storedOrder) {
	all, err := storedProfiles(ctx, c.ca.cfg.DB.Read(), "")
	if err != nil {
		c.fault("%v", err)
	}
	known, last := map[string]bool{}, map[string]int{}
	for _, v := range all {
		id := v.Name + " " + v.Hash
		approval, logged := c.profiles[id]
		switch {
		case contentHash([]byte(v.YAML)) != v.Hash:
			c.fault("profile %s %d: its hash is another", v.Name, v.Version)
		case !logged || approval != v.Approval:
			c.fault("profile %s %d: approval %q is not what the log says", v.Name, v.Version, v.Approval)
		case v.Approval != "" && c.used[v.Approval] != 1:
			c.fault("profile %s %d: approval %s was used %d times", v.Name, v.Version, v.Approval, c.used[v.Approval])
		case v.Version <= last[v.Name]:
			c.fault("profile %s: version %d after %d", v.Name, v.Version, last[v.Name])
		}
		known[id], last[v.Name] = true, v.Version
	}
	for _, o := range orders {
		for _, cert := range o.certs {
			if !known[cert.profile+" "+cert.profileHash] {
				c.fault("%s: made from a version of profile %s that never was", cert.serial, cert.profile)
			}
		}
	}
}
