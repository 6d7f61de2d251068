package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"

	"onecert/gateway/internal/trust"
	"onecert/officer"
	"onecert/pki"
	"onecert/policy"
)

// PartKind is a kind of named part of a configuration.
type PartKind string

// The kinds. There is one policy, under the name "policy".
const (
	PartService     PartKind = "services"
	PartApplication PartKind = "applications"
	PartCertificate PartKind = "certificates"
	PartTrustCA     PartKind = "trust-cas"
	PartTrustSet    PartKind = "trust-sets"
	PartTrustList   PartKind = "trust-lists"
	PartBranding    PartKind = "branding"
	PartPolicy      PartKind = "policy"
)

// PartKinds lists every kind.
func PartKinds() []PartKind {
	return []PartKind{PartService, PartApplication, PartCertificate, PartTrustCA, PartTrustSet, PartTrustList, PartBranding, PartPolicy}
}

// Part is one named part, and the version it stands in.
type Part struct {
	Version int64
	Value   json.RawMessage
}

// PartChange puts a part in its place, or takes it away where Value is nil.
type PartChange struct {
	Kind  PartKind
	Name  string
	Base  int64
	Note  string
	Value json.RawMessage
}

// editor reads and changes the parts of one kind.
type editor struct {
	names  func(c *Configuration) []string
	get    func(c *Configuration, name string) any // nil: there is none
	put    func(c *Configuration, name string, value json.RawMessage) error
	remove func(c *Configuration, name string) bool
}

// listEditor edits a list whose elements have names.
func listEditor[T any](of func(*Configuration) *[]T, nameOf func(*T) string) editor {
	find := func(c *Configuration, name string) int {
		return slices.IndexFunc(*of(c), func(v T) bool { return nameOf(&v) == name })
	}
	return editor{
		names: func(c *Configuration) (all []string) {
			for i := range *of(c) {
				all = append(all, nameOf(&(*of(c))[i]))
			}
			return all
		},
		get: func(c *Configuration, name string) any {
			if i := find(c, name); i >= 0 {
				return (*of(c))[i]
			}
			return nil
		},
		put: func(c *Configuration, name string, value json.RawMessage) error {
			v, err := strictly[T](value)
			if err != nil {
				return err
			}
			if nameOf(&v) != name {
				return pki.Errorf(pki.Invalid, "gateway.name", "the part is called %.63q and is put under %.63q", nameOf(&v), name).To("write the same name; a part under another name is another part")
			}
			if i := find(c, name); i >= 0 {
				(*of(c))[i] = v
				return nil
			}
			*of(c) = append(*of(c), v)
			return nil
		},
		remove: func(c *Configuration, name string) bool {
			i := find(c, name)
			if i >= 0 {
				*of(c) = slices.Delete(*of(c), i, i+1)
			}
			return i >= 0
		},
	}
}

// nameOfPolicy is what the one policy is called among the parts.
const nameOfPolicy = "policy"

func policyEditor() editor {
	return editor{
		names: func(*Configuration) []string { return []string{nameOfPolicy} },
		get: func(c *Configuration, name string) any {
			if name != nameOfPolicy {
				return nil
			}
			return c.Policy
		},
		put: func(c *Configuration, name string, value json.RawMessage) error {
			if name != nameOfPolicy {
				return pki.Errorf(pki.Invalid, "gateway.name", "there is one policy, called %q", nameOfPolicy)
			}
			rules, err := strictly[policy.Rules](value)
			if err == nil {
				c.Policy = rules
			}
			return err
		},
		remove: func(*Configuration, string) bool { return false },
	}
}

func editors() map[PartKind]editor {
	return map[PartKind]editor{
		PartService:     listEditor(func(c *Configuration) *[]Service { return &c.Services }, func(v *Service) string { return v.Name }),
		PartApplication: listEditor(func(c *Configuration) *[]Application { return &c.Applications }, func(v *Application) string { return v.Name }),
		PartCertificate: listEditor(func(c *Configuration) *[]Certificate { return &c.Certificates }, func(v *Certificate) string { return v.Name }),
		PartTrustCA:     listEditor(func(c *Configuration) *[]trust.CA { return &c.Trust.CAs }, func(v *trust.CA) string { return v.Name }),
		PartTrustSet:    listEditor(func(c *Configuration) *[]trust.SetRow { return &c.Trust.Sets }, func(v *trust.SetRow) string { return v.Name }),
		PartTrustList:   trustListEditor(),
		PartBranding:    listEditor(func(c *Configuration) *[]Branding { return &c.Branding }, func(v *Branding) string { return v.Name }),
		PartPolicy:      policyEditor(),
	}
}

func editorOf(kind PartKind) (editor, error) {
	e, ok := editors()[kind]
	if !ok {
		return e, pki.Errorf(pki.Unknown, "gateway.part", "there is no kind of part %.20q", string(kind))
	}
	return e, nil
}

// strictly reads a part: a field nobody knows is an error.
func strictly[T any](value json.RawMessage) (v T, err error) {
	decoder := json.NewDecoder(bytes.NewReader(value))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&v); err != nil {
		return v, pki.Errorf(pki.Invalid, "gateway.document", "the part does not decode: %s", decodeFault(err)).To("mend that place").Because(err)
	}
	return v, nil
}

// newest is the newest configuration there is, also where it cannot run.
func (g *Gateway) newest(ctx context.Context) (*Configuration, Version, error) {
	v, document, err := lastVersion(ctx, g.cfg.DB.Read())
	if err != nil || v.Number == 0 {
		return nothing(), v, err
	}
	c, err := Parse(document)
	return c, v, err
}

// Part returns one part of the newest configuration.
func (g *Gateway) Part(ctx context.Context, kind PartKind, name string) (*Part, error) {
	if _, err := g.enterOffice(ctx, officer.ReadGateway); err != nil {
		return nil, err
	}
	e, err := editorOf(kind)
	if err != nil {
		return nil, err
	}
	c, v, err := g.newest(ctx)
	if err != nil {
		return nil, err
	}
	value := e.get(c, name)
	if value == nil {
		return nil, noPart(kind, name)
	}
	text, err := json.Marshal(value)
	return &Part{Version: v.Number, Value: text}, err
}

func noPart(kind PartKind, name string) error {
	return pki.Errorf(pki.Unknown, "gateway.part", "there is no %.63q among the %s", name, kind).To("list them")
}

// ChangePart makes and applies a version in which one part is another, or gone.
func (g *Gateway) ChangePart(ctx context.Context, change PartChange) (Version, error) {
	actor, err := g.enterOffice(ctx, officer.WriteGateway)
	if err != nil {
		return Version{}, err
	}
	e, err := editorOf(change.Kind)
	if err != nil {
		return Version{}, err
	}
	c, last, err := g.newest(ctx)
	if err != nil {
		return Version{}, err
	}
	if last.Number != change.Base {
		return Version{}, stale(last)
	}
	if change.Value != nil {
		err = e.put(c, change.Name, change.Value)
	} else if !e.remove(c, change.Name) {
		err = noPart(change.Kind, change.Name)
	}
	if err != nil {
		return Version{}, err
	}
	if err := g.rights(actor, c); err != nil {
		return Version{}, err
	}
	return g.apply(ctx, actor, Change{Base: change.Base, Note: change.Note, Document: c}, 0)
}

// PartNames are the names of the parts of a kind in a configuration, in its order.
func PartNames(c *Configuration, kind PartKind) []string {
	e, err := editorOf(kind)
	if err != nil {
		return nil
	}
	return e.names(c)
}
