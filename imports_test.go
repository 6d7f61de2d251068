package onecert_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// The import rules of the house. A room is a folder in the root.
//
//  1. A component never imports a component: what it needs from another it declares
//     as an interface of its own, and cmd puts in the object or its network client.
//  2. Shared rooms never import components.
//  3. Only cmd, e2e and bench see everything; sdk/go is for others' programs and
//     sees only what is useful there.
//
// A room without a row fails. Rooms decided on but not built yet have their row, so
// that their first file is judged already.

// commonRooms is what every component may import.
const commonRooms = "pki db serve audit officer"

// components and what each may import beyond commonRooms.
func components() map[string]string {
	return map[string]string{
		"agent":    "cms tlcp verify",
		"assess":   "keys status lint cms tsp verify tlcp",
		"ca":       "keys lint status",
		"ceremony": "keys lint shares",
		"console":  "",
		"crl":      "status",
		"gateway":  "status policy tlcp trustlist verify",
		"helpdesk": "notice",
		"kmc":      "keys cms",
		"kms":      "keys cms",
		"ldap":     "status",
		"observer": "status lint cms tsp verify",
		"ocsp":     "keys status",
		"portal":   "status cms",
		"ra":       "keys notice",
		"seal":     "keys status cms tsp verify",
		"sso":      "keys status policy verify",
		"svs":      "keys status cms tsp verify",
		"tsa":      "keys tsp",
		"vpn":      "status policy tlcp verify",
	}
}

// shared rooms and what each may import.
func shared() map[string]string {
	return map[string]string{
		"audit":     "pki db",
		"backup":    "pki db audit shares",
		"cms":       "pki",
		"db":        "",
		"keys":      "pki",
		"lint":      "pki",
		"notice":    "pki db",
		"officer":   "pki db audit",
		"pki":       "",
		"policy":    "pki",
		"serve":     "pki tlcp",
		"shares":    "pki",
		"status":    "pki db serve",
		"tlcp":      "",
		"trustlist": "pki cms",
		"tsp":       "pki",
		"verify":    "pki",
	}
}

// around the rooms: tools that see nothing of the platform, and the programs' kit.
func around() map[string]string {
	return map[string]string{
		"":        "",
		"pkitest": strings.Join(names(shared()), " "),
		"scripts": "",
		"sdk/go":  "pki verify cms tsp",
	}
}

// seesAll are the rooms that put the others together or try them from outside.
func seesAll() []string { return []string{"cmd", "e2e", "bench"} }

func names(rows map[string]string) (all []string) {
	for name := range rows {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

// allowed returns the rooms that a room may import; ok is false without a row.
func allowed(room string) (rooms []string, ok bool) {
	if also, found := components()[room]; found {
		return strings.Fields(commonRooms + " " + also), true
	}
	for _, rows := range []map[string]string{shared(), around()} {
		if row, found := rows[room]; found {
			return strings.Fields(row), true
		}
	}
	return nil, false
}

// importRule holds the table.
func importRule(t *tree) (breaches []string) {
	for _, file := range t.code {
		room := file.room()
		if slices.Contains(seesAll(), room) {
			continue
		}
		may, ok := allowed(room)
		if !ok {
			breaches = append(breaches, fmt.Sprintf("%s: the room %q has no row in imports_test.go", file.path, room))
			continue
		}
		if file.test {
			may = append(may, "pkitest")
		}
		for _, path := range file.imports() {
			if other, ours := roomOf(path); ours && other != room && !slices.Contains(may, other) {
				breaches = append(breaches, fmt.Sprintf("%s: %s may not import %s", file.path, name(room), other))
			}
		}
	}
	return breaches
}

// roomOf returns the room of an import path of this module.
func roomOf(importPath string) (room string, ours bool) {
	rest, ours := strings.CutPrefix(importPath, "onecert/")
	if !ours {
		return "", importPath == "onecert"
	}
	return goFile{dir: rest}.room(), true
}

func name(room string) string {
	if room == "" {
		return "the root"
	}
	return room
}

// tableRule holds the table itself: no component stands in another's row.
func tableRule() (breaches []string) {
	for _, rows := range []map[string]string{components(), shared(), around()} {
		for room, row := range rows {
			for _, other := range strings.Fields(row) {
				if _, ok := shared()[other]; !ok {
					breaches = append(breaches, fmt.Sprintf("the row of %s names %s, which is no shared room", name(room), other))
				}
			}
		}
	}
	return breaches
}

// pkiRule: the vocabulary stays free of the world (its package comment says so).
func pkiRule(t *tree) (breaches []string) {
	for _, file := range t.code {
		if file.room() != "pki" || file.test {
			continue
		}
		for _, path := range file.imports() {
			first, _, _ := strings.Cut(path, "/")
			standard := !strings.Contains(first, ".") && first != "onecert"
			if !standard && !within(path, "github.com/emmansun/gmsm") && !within(path, "golang.org/x/crypto/cryptobyte") &&
				!within(path, "golang.org/x/text/unicode/norm") {
				breaches = append(breaches, fmt.Sprintf("%s: pki may not import %s", file.path, path))
			}
		}
	}
	return breaches
}

func within(importPath, module string) bool {
	return importPath == module || strings.HasPrefix(importPath, module+"/")
}

// pureRule: the rooms that say "no I/O" of themselves do none.
func pureRule(t *tree) (breaches []string) {
	pure := []string{"pki", "cms", "tsp", "lint", "verify", "policy", "trustlist"}
	impure := []string{"os", "io/ioutil", "net/http", "net/rpc", "database/sql", "log", "log/slog", "syscall"}
	for _, file := range t.code {
		if file.test || !slices.Contains(pure, file.room()) {
			continue
		}
		for _, path := range file.imports() {
			if slices.Contains(impure, path) || within(path, "os") {
				breaches = append(breaches, fmt.Sprintf("%s: %s does no I/O and may not import %s", file.path, file.room(), path))
			}
		}
	}
	return breaches
}

func TestImports(t *testing.T) {
	holds(t, importRule)
	holds(t, pkiRule)
	holds(t, pureRule)
	for _, breach := range tableRule() {
		t.Error(breach)
	}
}

// TestImportRulesFind plants what the rules forbid, and what they allow.
func TestImportRulesFind(t *testing.T) {
	file := func(pkg string, imports ...string) string {
		text := "package " + pkg + "\n"
		for _, path := range imports {
			text += "import _ \"" + path + "\"\n"
		}
		return text
	}
	const none = ""
	for _, c := range []struct{ name, path, imports, breach string }{
		{"component to component", "ca/a.go", "onecert/kmc", "ca may not import kmc"},
		{"component to component, in a test", "kmc/a_test.go", "onecert/ca", "kmc may not import ca"},
		{"component to a part of a component", "ca/a.go", "onecert/kmc/part", "ca may not import kmc"},
		{"a part of a component to a component", "ca/part/a.go", "onecert/kmc", "ca may not import kmc"},
		{"shared to component", "status/a.go", "onecert/ca", "status may not import ca"},
		{"shared to shared outside its row", "cms/a.go", "onecert/db", "cms may not import db"},
		{"a room nobody knows", "drawer/a.go", "fmt", `"drawer" has no row`},
		{"product code to pkitest", "ca/a.go", "onecert/pkitest", "ca may not import pkitest"},
		{"anybody to cmd", "ca/a.go", "onecert/cmd/internal/wire", "ca may not import cmd"},
		{"anybody to e2e", "ca/a_test.go", "onecert/e2e", "ca may not import e2e"},
		{"pkitest to a component", "pkitest/a.go", "onecert/ca", "pkitest may not import ca"},
		{"the kit to a component", "sdk/go/a.go", "onecert/ca", "sdk/go may not import ca"},
		{"the kit to a room not meant for it", "sdk/go/a.go", "onecert/db", "sdk/go may not import db"},
		{"a room to the kit", "svs/a.go", "onecert/sdk/go", "svs may not import sdk/go"},
		{"the root to a room", "a.go", "onecert/pki", "the root may not import pki"},
		{"a tool to a room", "scripts/x/a.go", "onecert/pki", "scripts may not import pki"},

		{"a component's row", "ca/a.go", "onecert/lint", none},
		{"every component's rooms", "kmc/a.go", "onecert/officer", none},
		{"the room itself", "ca/part/a_test.go", "onecert/ca", none},
		{"pkitest in a test", "ca/a_test.go", "onecert/pkitest", none},
		{"pkitest to shared", "pkitest/a.go", "onecert/keys", none},
		{"the kit", "sdk/go/a.go", "onecert/verify", none},
		{"cmd", "cmd/internal/wire/a.go", "onecert/ca", none},
		{"e2e", "e2e/a_test.go", "onecert/kmc", none},
		{"bench", "bench/a.go", "onecert/kmc", none},
	} {
		t.Run(c.name, func(t *testing.T) {
			finds(t, importRule, c.breach, c.path, file("a", c.imports))
		})
	}
	finds(t, pkiRule, "may not import golang.org/x/text/cases", "pki/a.go", file("pki", "golang.org/x/text/cases"))
	finds(t, pkiRule, "may not import golang.org/x/crypto/scrypt", "pki/a.go", file("pki", "golang.org/x/crypto/scrypt"))
	finds(t, pkiRule, "may not import onecert/db", "pki/a.go", file("pki", "onecert/db"))
	finds(t, pkiRule, none, "pki/a.go", file("pki", "math/big", "github.com/emmansun/gmsm/sm2", "golang.org/x/crypto/cryptobyte/asn1"))
	finds(t, pureRule, "cms does no I/O and may not import net/http", "cms/a.go", file("cms", "net/http"))
	finds(t, pureRule, "may not import os/exec", "lint/a.go", file("lint", "os/exec"))
	finds(t, pureRule, none, "cms/a_test.go", file("cms", "os"))
}
