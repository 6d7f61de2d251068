package onecert_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// bounded are the lists that need no cursor, with what bounds them.
func bounded() map[string]string {
	return map[string]string{
		"ca issuers":             "the CAs of the configuration",
		"ca lists":               "an issuer's partitions",
		"ca profiles":            "each name was agreed to by two persons",
		"gateway backends":       "the configuration",
		"gateway platform":       "the CAs of the platform",
		"gateway trust":          "the trust sources of the configuration",
		"gateway trust-lists":    "the lists of the trust sources of the configuration",
		"gateway compare":        "two versions of the configuration",
		"gateway connections":    "those of this moment, the first so many",
		"gateway handshakes":     "no more are remembered",
		"gateway statistics":     "the steps between two moments",
		"gateway state":          "the addresses and certificates of the configuration",
		"ra history":             "ra.mostMoments",
		"ra kinds":               "a constant",
		"ra link-news":           "ra.dossiersAtOnce",
		"ra statistics":          "figures by node, period, kind and operation",
		"ra ticket":              "what one ticket may hold",
		"ra ticket-report":       "five ratings",
		"console session":        "the places of the configuration",
		"node report":            "what the observer is told to look at",
		"ca order":               "one order's chain and keys",
		"ra application":         "one application's documents",
		"ra archive-application": "one application's documents and history",
		"ra result":              "one application's chain",
		"ra me":                  "one officer's rights",
		"kmc case":               "the keys and persons of one case",
		"kmc kmc-status":         "a line for each suite",
		"self self-download":     "one certificate's chain",
	}
}

// TestListsHaveBounds: every call of every API that answers with a list takes a limit and
// a place to go on from, unless something else bounds it.
func TestListsHaveBounds(t *testing.T) {
	files, err := filepath.Glob("api/*.json")
	if err != nil || len(files) < 6 {
		t.Fatal(files, err)
	}
	known := bounded()
	for _, file := range files {
		component := strings.TrimSuffix(filepath.Base(file), ".json")
		for id, params := range listing(t, file) {
			name := component + " " + id
			pages := slices.Contains(params, "limit") && slices.ContainsFunc([]string{"after", "before", "from"}, func(p string) bool { return slices.Contains(params, p) })
			switch _, ok := known[name]; {
			case common(id):
			case pages && ok:
				t.Errorf("%s has pages and stands among those that need none", name)
			case !pages && !ok:
				t.Errorf("%s lists without a limit and a place to go on from: %v", name, params)
			}
			delete(known, name)
		}
	}
	for name := range known {
		t.Errorf("%s is no list any more", name)
	}
}

// common says whether every component has it, and something else bounds it: the votes of
// one approval, proofs of the numbers named, the certificates and checks of one process,
// and what a replacement missed, which comes a thousand at a time.
func common(id string) bool {
	return slices.Contains([]string{"approval", "audit-proof", "component", "replacement-missed"}, id)
}

// listing are the reading calls whose answer is a list or holds one, with their parameters.
func listing(t *testing.T, file string) map[string][]string {
	t.Helper()
	type schema struct {
		Type       any                       `json:"type"`
		Ref        string                    `json:"$ref"`
		Properties map[string]map[string]any `json:"properties"`
	}
	var api struct {
		Paths map[string]map[string]struct {
			ID         string                  `json:"operationId"`
			Parameters []struct{ Name string } `json:"parameters"`
			Responses  map[string]struct {
				Content map[string]struct{ Schema schema }
			} `json:"responses"`
		} `json:"paths"`
		Components struct {
			Schemas map[string]schema `json:"schemas"`
		} `json:"components"`
	}
	text, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(text, &api)
	}
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	all := map[string][]string{}
	for _, calls := range api.Paths {
		call, ok := calls["get"]
		if !ok {
			continue
		}
		for _, content := range call.Responses["200"].Content {
			s := content.Schema
			list := s.Type == "array"
			for _, p := range api.Components.Schemas[strings.TrimPrefix(s.Ref, "#/components/schemas/")].Properties {
				list = list || p["type"] == "array"
			}
			if list {
				all[call.ID] = []string{}
				for _, p := range call.Parameters {
					all[call.ID] = append(all[call.ID], p.Name)
				}
			}
		}
	}
	return all
}
