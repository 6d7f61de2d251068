package ca

import (
	"strings"

	"onecert/pki"
)

// Canaries are certificates the observer orders each minute, to see from outside that
// issuing, revoking and every service of status work. They live for minutes and come
// from issuers of their own, whose ids begin with "canary-": such an issuer's chain
// ends in a root of its own that nobody is told to trust, and issues nothing else but
// the certificates their OCSP answers are signed with.

// canaryPrefix begins the id of every issuer of canaries.
const canaryPrefix = "canary-"

// IsCanary reports whether an issuer's id is one of those that only make canaries:
// its certificates stand in no statistics.
func IsCanary(issuer string) bool { return strings.HasPrefix(issuer, canaryPrefix) }

// CanaryID is the id of a family's issuer of canaries.
func CanaryID(family string) string { return canaryPrefix + family }

// passCanaries returns where a list of every issuer's certificates goes on: behind the
// canaries, of which there are thousands a day, where nothing stands before them.
func (ca *CA) passCanaries(f Filter) (after string) {
	const behind = "canary." // '.' follows '-'
	if f.Issuer != "" || f.After >= behind {
		return f.After
	}
	for _, i := range ca.cfg.Issuers {
		if i.ID < canaryPrefix {
			return f.After
		}
	}
	return behind + "/"
}

// maxMinutes is how long a canary may live.
const maxMinutes = 60

// refuseCanary keeps canaries and certificates that people trust apart.
func refuseCanary(i *Issuer, p *Profile) error {
	switch {
	case IsCanary(i.ID) && p.Kind != Canary && p.Kind != OCSP: // their state is told as any other's
		return pki.Errorf(pki.Invalid, "canary.issuer", "issuer %s makes canaries only; nobody trusts it", i.ID).To("leave the issuer out")
	case !IsCanary(i.ID) && p.Kind == Canary:
		return pki.Errorf(pki.Invalid, "canary.profile", "profile %s is for issuers of canaries", p.Name).To("name an issuer whose id begins with %s", canaryPrefix)
	}
	return nil
}
