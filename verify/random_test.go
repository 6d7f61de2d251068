package verify

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"onecert/pki"
)

// hierarchy is a random path with a clean list of every CA, each certificate of a
// random suite: specs first, so that a fault can be planted before anything is signed.
type hierarchy struct {
	t      *testing.T
	l      *lab
	random *rand.Rand
	rsa    crypto.Signer // made once, because it is slow
	tweaks [][]tweak     // root first, leaf last
	lists  []pki.List    // of the CAs
	listed [][]pki.Listed
	signer []int // who signs the list of a CA: itself, or with -1 somebody unknown
	forged int   // a certificate whose signature is changed; -1 for none
	absent int   // a list that is not given; -1 for none

	made []*made
}

func newHierarchy(t *testing.T, random *rand.Rand, rsa crypto.Signer) *hierarchy {
	n := 2 + random.IntN(5)
	h := &hierarchy{t: t, l: &lab{t: t}, random: random, rsa: rsa, tweaks: make([][]tweak, n), lists: make([]pki.List, n-1),
		listed: make([][]pki.Listed, n-1), signer: make([]int, n-1), forged: -1, absent: -1}
	for i := range h.lists {
		h.signer[i] = i
		h.lists[i] = pki.List{ThisUpdate: now.Add(-time.Hour), NextUpdate: now.Add(time.Hour), Number: 1}
	}
	return h
}

// build signs everything and returns the question.
func (h *hierarchy) build() Request {
	var parent *made
	last := len(h.tweaks) - 1
	for i, tweaks := range h.tweaks {
		h.l.suite = []pki.Suite{pki.SM2, pki.P256, pki.P384, pki.RSA2048}[h.random.IntN(4)]
		own := []tweak{func(s *spec) { s.serial = []byte{1, 2, byte(i)} }}
		if h.l.suite == pki.RSA2048 {
			h.l.suite = pki.P256 // for a key that is thrown away
			own = append(own, func(s *spec) { s.key = h.rsa })
		}
		if i == last {
			parent = h.l.leaf(parent, append(own, tweaks...)...)
		} else {
			parent = h.l.ca(fmt.Sprint("ca", i), parent, append(own, tweaks...)...)
		}
		h.made = append(h.made, parent)
	}
	if h.forged >= 0 {
		h.made[h.forged] = h.forge(h.made[h.forged])
	}
	others := slices.Clone(h.made[1:last])
	h.random.Shuffle(len(others), func(i, j int) { others[i], others[j] = others[j], others[i] })
	r := ask(h.made[last], h.made[:1], others...)
	r.Revocation = RequireStatus
	for i := range h.lists {
		if i != h.absent {
			r.Lists = append(r.Lists, h.list(i))
		}
	}
	return r
}

// forge changes what is signed: the identifier of the own key.
func (h *hierarchy) forge(c *made) *made {
	der := slices.Clone(c.Raw)
	der[bytes.LastIndex(der, c.keyID)+3] ^= 1
	changed, err := ParseCertificate(der)
	if err != nil {
		h.t.Fatal(err)
	}
	return &made{changed, c.key}
}

func (h *hierarchy) list(i int) *CRL {
	h.t.Helper()
	list, key := h.lists[i], newKey(h.t, pki.P256)
	if h.signer[i] >= 0 {
		key = h.made[h.signer[i]].key
	}
	suite, err := pki.SuiteOf(key.Public())
	if err != nil {
		h.t.Fatal(err)
	}
	list.Suite, list.Issuer, list.KeyID = suite, h.made[i].Subject, h.made[i].keyID
	var entries []byte
	for _, e := range h.listed[i] {
		entries = pki.AddListed(entries, e)
	}
	tbs, err := list.TBS(entries)
	if err != nil {
		h.t.Fatal(err)
	}
	parsed, err := ParseCRL(pki.Assemble(tbs, suite, signWith(h.t, key, suite, tbs)))
	if err != nil {
		h.t.Fatal(err)
	}
	return parsed
}

// fault plants one and returns the code that must be told. at is a place of its kind.
type fault struct {
	name  string
	place func(last int) (from, to int) // certificates it may be planted in
	plant func(h *hierarchy, at int) (code string)
}

func anywhere(last int) (int, int)  { return 0, last }
func inCAs(last int) (int, int)     { return 0, last - 1 }
func belowRoot(last int) (int, int) { return 1, last }
func inLeaf(last int) (int, int)    { return last, last }

func faults() []fault {
	tweaked := func(name string, place func(int) (int, int), code string, t tweak) fault {
		return fault{name, place, func(h *hierarchy, at int) string {
			h.tweaks[at] = append(h.tweaks[at], t)
			return code
		}}
	}
	names := &lab{}
	revoked := func(reason pki.Reason, code string) fault {
		return fault{code, belowRoot, func(h *hierarchy, at int) string {
			h.listed[at-1] = []pki.Listed{{Serial: pki.Serial(fmt.Sprintf("0102%02x", at)), At: now.Add(-time.Hour), Reason: reason}}
			return code
		}}
	}
	return []fault{
		tweaked("expired", anywhere, "path.expired", func(s *spec) { s.after = now.Add(-time.Second) }),
		tweaked("not yet valid", anywhere, "path.not-yet-valid", func(s *spec) { s.before = now.Add(time.Second) }),
		tweaked("unknown critical extension", anywhere, "path.critical-extension", raw(pki.OID{1, 2, 3}, true, "\x05\x00")),
		tweaked("malformed extension", anywhere, "path.malformed-extension", raw(pki.OIDAIA, false, "a")),
		tweaked("an extension twice", anywhere, "path.duplicate-extension", func(s *spec) { also(s.extensions[0])(s) }),
		tweaked("no CA", inCAs, "path.not-a-ca", with(pki.BasicConstraintsExtension(false, -1))),
		tweaked("may not sign certificates", inCAs, "path.ca-usage", usage(x509.KeyUsageCRLSign)),
		tweaked("may not sign lists", inCAs, "crl.issuer-usage", usage(x509.KeyUsageCertSign)),
		tweaked("name excluded", inCAs, "path.name-constraints", names.excludes("dns", "com")),
		tweaked("other names permitted", inCAs, "path.name-constraints", names.permits("dns", "example.net")),
		tweaked("other purpose", inCAs, "path.extended-usage", extendedUsage(4)),
		tweaked("leaf of other purpose", inLeaf, "usage.extended", extendedUsage(4)),
		tweaked("leaf of other name", inLeaf, "name.dns", names.alternatives("dns", "example.org")),
		tweaked("policy demanded", func(last int) (int, int) { return 1, last - 1 }, "path.policy", raw(oidPolicyConstraints, true, sequence("\x80\x01\x00"))),
		{"path too long", inCAs, func(h *hierarchy, at int) string {
			below := len(h.tweaks) - 2 - at
			if below == 0 {
				h.tweaks[at] = append(h.tweaks[at], func(s *spec) { s.after = now.Add(-time.Second) })
				return "path.expired"
			}
			h.tweaks[at] = append(h.tweaks[at], length(below-1))
			return "path.length"
		}},
		{"forged", belowRoot, func(h *hierarchy, at int) string { h.forged = at; return "path.signature" }},
		revoked(pki.KeyCompromise, "revocation.revoked"),
		revoked(pki.CertificateHold, "revocation.held"),
		{"list left out", inCAs, func(h *hierarchy, at int) string { h.absent = at; return "crl.missing" }},
		{"list stale", inCAs, func(h *hierarchy, at int) string { h.lists[at].NextUpdate = now.Add(-time.Second); return "crl.stale" }},
		{"list of tomorrow", inCAs, func(h *hierarchy, at int) string {
			h.lists[at].ThisUpdate, h.lists[at].NextUpdate = now.Add(time.Hour), now.Add(2*time.Hour)
			return "crl.future"
		}},
		{"list by another key", inCAs, func(h *hierarchy, at int) string { h.signer[at] = -1; return "crl.signature" }},
	}
}

// TestPlantedFaults: of random hierarchies all are good, and none with one fault; the
// fault is told by its code. The seed is in the name of a failing case.
func TestPlantedFaults(t *testing.T) {
	rsa := newKey(t, pki.RSA2048)
	asked := 0
	for seed := range uint64(8) {
		for _, f := range append([]fault{{name: "none"}}, faults()...) {
			random := rand.New(rand.NewPCG(seed, 1))
			h := newHierarchy(t, random, rsa)
			code := ""
			if f.plant != nil {
				if from, to := f.place(len(h.tweaks) - 1); to >= from {
					code = f.plant(h, from+random.IntN(to-from+1))
				}
			}
			v := Check(t.Context(), h.build())
			asked++
			found := code == "" && v.Good
			for _, r := range v.Reasons {
				found = found || r.Code == code
			}
			if !found || v.Good != (code == "") {
				t.Errorf("seed %d, %d certificates, %s: good %v, %v, want %q", seed, len(h.made), f.name, v.Good, v.Reasons, code)
			}
		}
	}
	t.Logf("%d hierarchies", asked)
}
