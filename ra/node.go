package ra

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"onecert/pki"
)

// Level is what a node of the tree is.
type Level string

// The levels. Local counters may hang below local counters (a county below a city).
const (
	Centre Level = "centre"
	RA     Level = "ra"
	LRA    Level = "lra"
)

// NodeState is how a node stands.
type NodeState string

// The states of a node. Pending waits for the approval of the level above; closed is
// for good.
const (
	Pending   NodeState = "pending"
	Active    NodeState = "active"
	Suspended NodeState = "suspended"
	Closed    NodeState = "closed"
)

// Node is one place of the tree (features H1).
type Node struct {
	ID        string    `json:"id" pattern:"^[a-z0-9]([a-z0-9-]{0,22}[a-z0-9])?$" doc:"short and for good; stands in the numbers of applications"`
	Parent    string    `json:"parent,omitempty" maxLength:"24"`
	Level     Level     `json:"level" enum:"centre,ra,lra"`
	Name      string    `json:"name" minLength:"2" maxLength:"100"`
	Region    string    `json:"region,omitempty" pattern:"^([0-9]{6})?$" doc:"administrative division, GB/T 2260"`
	Contact   string    `json:"contact,omitempty" maxLength:"200" doc:"whom to call: an office, a telephone"`
	Rights    Rights    `json:"rights"`
	Agreement string    `json:"agreement,omitempty" maxLength:"64" doc:"SHA-256 of the signed agreement, hexadecimal"`
	Site      string    `json:"site,omitempty" maxLength:"64" doc:"of a node with a process of its own: the name its site is registered under, or the fingerprint of its certificate"`
	Path      string    `json:"path" readOnly:"true"`
	State     NodeState `json:"state" readOnly:"true"`
	Version   int       `json:"version" doc:"of what was read; a change of another version is refused"`
	AddedBy   string    `json:"added_by" readOnly:"true"`
	Changed   time.Time `json:"changed" readOnly:"true"`
}

// Rights are what a node may do. They come from the level above and end with it: what
// counts is what every node on the way to the centre allows.
type Rights struct {
	Profiles   []string    `json:"profiles,omitempty" maxItems:"50" doc:"certificate profiles; empty: those of the level above"`
	Operations []Operation `json:"operations,omitempty" maxItems:"20" doc:"empty: those of the level above"`
	Subject    pki.Name    `json:"subject,omitempty" maxItems:"10" doc:"attributes every name must have, the name subtree"`
	Quota      int         `json:"quota,omitempty" minimum:"0" doc:"certificates a year; 0: no limit of its own"`
	Grace      int         `json:"grace,omitempty" minimum:"0" maximum:"365" doc:"days after its end in which a holder may renew a certificate; 0: none"`
}

var nodeForm = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,22}[a-z0-9])?$`)

// IsNodeID says whether a text can be a node's id.
func IsNodeID(text string) bool { return nodeForm.MatchString(text) }

// Check says what is wrong with a node by itself, wherever it hangs.
func (n *Node) Check() error { return n.check() }

func (n *Node) check() error {
	switch {
	case !nodeForm.MatchString(n.ID):
		return pki.Errorf(pki.Invalid, "node.id", "the node's id is not 1 to 24 of a-z, 0-9 and hyphen").To("write it like ra-north or lra3")
	case len(strings.TrimSpace(n.Name)) < 2:
		return pki.Errorf(pki.Invalid, "node.name", "the node has no name").To("give the office's full name")
	case n.Level != Centre && n.Level != RA && n.Level != LRA:
		return pki.Errorf(pki.Invalid, "node.level", "a node is a centre, an ra or an lra")
	case (n.Level == Centre) != (n.Parent == ""):
		return pki.Errorf(pki.Invalid, "node.parent", "every node but the centre has one above it")
	case n.Region != "" && len(n.Region) != 6:
		return pki.Errorf(pki.Invalid, "node.region", "the region is not a code of six digits (GB/T 2260)")
	}
	if err := checkText("name", n.Name); err != nil {
		return err
	}
	for _, o := range n.Rights.Operations {
		if err := o.check(); err != nil {
			return err
		}
	}
	if _, err := n.Rights.Subject.DER(); len(n.Rights.Subject) > 0 && err != nil {
		return err
	}
	return checkText("contact", n.Contact)
}

// under says whether a level may hang below another.
func (l Level) under(above Level) bool {
	return l == RA && above == Centre || l == LRA && (above == RA || above == LRA)
}

// pathOf is where a node stands: "/centre/ra1/lra3/". What lies at or below a node
// has its path as a beginning.
func pathOf(above, id string) string {
	if above == "" {
		return "/" + id + "/"
	}
	return above + id + "/"
}

// within says whether a path lies at or below another.
func within(path, top string) bool { return top != "" && strings.HasPrefix(path, top) }

// nodesOf lists the ids on a path, the top first.
func nodesOf(path string) []string { return strings.Split(strings.Trim(path, "/"), "/") }

// narrower says whether rights stay within those of the level above, field by field.
func (r Rights) narrower(above Rights) error {
	for _, p := range r.Profiles {
		if len(above.Profiles) > 0 && !slices.Contains(above.Profiles, p) {
			return wider("profile " + p)
		}
	}
	for _, o := range r.Operations {
		if len(above.Operations) > 0 && !slices.Contains(above.Operations, o) {
			return wider("operation " + string(o))
		}
	}
	if above.Quota > 0 && r.Quota > above.Quota {
		return wider("quota")
	}
	if r.Grace > above.Grace {
		return wider("days of grace")
	}
	return nil
}

func wider(what string) *pki.Error {
	return pki.Errorf(pki.Invalid, "node.rights", "the level above does not have the right it hands down: %s", what).
		To("have the level above get it first, or leave it out")
}

// allows says whether one node's rights cover an application.
func (r Rights) allows(a *Application) error {
	switch {
	case len(r.Operations) > 0 && !slices.Contains(r.Operations, a.Operation):
		return lacks("the operation "+string(a.Operation), a)
	case len(r.Profiles) > 0 && a.Profile != "" && !slices.Contains(r.Profiles, a.Profile):
		return lacks("the profile "+a.Profile, a)
	}
	if !a.Operation.changesData() {
		return nil
	}
	subject := a.subject()
	for _, want := range r.Subject {
		if !slices.Contains(subject, want) {
			return lacks("names without "+want.Type+"="+want.Value, a)
		}
	}
	return nil
}

func lacks(what string, a *Application) *pki.Error {
	return pki.Errorf(pki.Forbidden, "node.right", "%s has no right to %s", a.Node, what).
		To("the security administrator of the level above can give it")
}
