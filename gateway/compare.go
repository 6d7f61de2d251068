package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"onecert/officer"
)

// Difference is one named part that two configurations do not have alike.
type Difference struct {
	Kind   PartKind     `json:"kind"`
	Name   string       `json:"name"`
	What   string       `json:"what" enum:"added,removed,changed"`
	Fields []FieldValue `json:"fields,omitempty" doc:"of a part that was changed"`
}

// FieldValue is one field before and after.
type FieldValue struct {
	Field  string `json:"field" doc:"such as limits.connections or rules[2].effect"`
	Before string `json:"before,omitempty" doc:"JSON, cut; none: it was not there"`
	After  string `json:"after,omitempty"`
}

// Comparison is what changes from one version to another.
type Comparison struct {
	From        int64        `json:"from"`
	To          int64        `json:"to"`
	Differences []Difference `json:"differences"`
}

// Compare says what is different in two versions, part by part.
func (g *Gateway) Compare(ctx context.Context, from, to int64) (*Comparison, error) {
	if _, err := g.enterOffice(ctx, officer.ReadGateway); err != nil {
		return nil, err
	}
	both := [2]*Configuration{}
	for i, number := range []int64{from, to} {
		if number == 0 {
			both[i] = &Configuration{} // before the first
			continue
		}
		_, document, err := oneVersion(ctx, g.cfg.DB.Read(), number)
		if err != nil {
			return nil, err
		}
		if both[i], err = Parse(document); err != nil {
			return nil, err
		}
	}
	differences, err := differencesOf(both[0], both[1])
	return &Comparison{from, to, differences}, err
}

// differencesOf goes through the parts by kind and name.
func differencesOf(a, b *Configuration) ([]Difference, error) {
	all := []Difference{}
	known := editors()
	for _, kind := range PartKinds() {
		e := known[kind]
		names := append(e.names(a), e.names(b)...)
		slices.Sort(names)
		for _, name := range slices.Compact(names) {
			before, after := e.get(a, name), e.get(b, name)
			d := Difference{Kind: kind, Name: name, What: "changed"}
			switch {
			case before == nil:
				d.What = "added"
			case after == nil:
				d.What = "removed"
			default:
				fields, err := fieldsOf(before, after)
				if err != nil {
					return nil, err
				}
				if len(fields) == 0 {
					continue
				}
				d.Fields = fields
			}
			all = append(all, d)
		}
	}
	return all, nil
}

// maxFields bounds what is listed of one part; maxShown is how much of a value is shown.
const (
	maxFields = 500
	maxShown  = 200
)

func fieldsOf(before, after any) ([]FieldValue, error) {
	a, err := leavesOf(before)
	if err != nil {
		return nil, err
	}
	b, err := leavesOf(after)
	if err != nil {
		return nil, err
	}
	names := []string{}
	for name := range a {
		names = append(names, name)
	}
	for name := range b {
		names = append(names, name)
	}
	slices.Sort(names)
	all := []FieldValue{}
	for _, name := range slices.Compact(names) {
		if a[name] != b[name] && len(all) < maxFields {
			all = append(all, FieldValue{name, cut(a[name], maxShown), cut(b[name], maxShown)})
		}
	}
	return all, nil
}

// leavesOf are the fields of a part that have no others below them, as JSON.
func leavesOf(value any) (map[string]string, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	var tree any
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&tree); err != nil {
		return nil, err
	}
	all := map[string]string{}
	var walk func(at string, v any) error
	walk = func(at string, v any) error {
		switch v := v.(type) {
		case map[string]any:
			for name, child := range v {
				below := name
				if at != "" {
					below = at + "." + name
				}
				if err := walk(below, child); err != nil {
					return err
				}
			}
		case []any:
			for i, child := range v {
				if err := walk(at+"["+strconv.Itoa(i)+"]", child); err != nil {
					return err
				}
			}
		default:
			leaf, err := json.Marshal(v)
			if err != nil {
				return fmt.Errorf("comparing %s: %w", at, err)
			}
			all[at] = string(leaf)
		}
		return nil
	}
	return all, walk("", tree)
}
