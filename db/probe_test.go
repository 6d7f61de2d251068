package db_test

import (
	"database/sql"
	"fmt"
	"testing"

	"onecert/db"
	"onecert/pkitest"
)

func TestExists(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		d, ctx := open(t, source), t.Context()
		table(t, d)
		change(t, d, "INSERT INTO thing (id, name) VALUES (1, 'a'), (2, 'b''?'), (3, '甲')")
		const name, high = "thing WHERE name = ?", "thing WHERE id > 2 AND name = ?"
		many := make([]string, 100)
		for i := range many {
			many[i] = fmt.Sprintf("n%d", i)
		}
		for _, test := range []struct {
			probes []db.Probe
			want   bool
		}{
			{nil, false},
			{[]db.Probe{{name, nil}}, false},
			{[]db.Probe{{name, []string{""}}}, false},
			{[]db.Probe{{name, []string{"a"}}}, true},
			{[]db.Probe{{name, []string{"A", "x' OR '1'='1", "b''?"}}}, false},
			{[]db.Probe{{name, []string{"b'?"}}}, true},
			{[]db.Probe{{high, []string{"a"}}}, false},
			{[]db.Probe{{high, []string{"a", "甲"}}}, true},
			{[]db.Probe{{high, []string{"a"}}, {name, nil}, {name, []string{"x", "y", "甲"}}}, true},
			{[]db.Probe{{name, []string{"x", "y", "z"}}, {high, []string{"a", "甲"}}}, true},
			{[]db.Probe{{name, many}, {high, many[:1]}}, false},
			{[]db.Probe{{name, append(many, "a")}, {high, many[:1]}}, true},
		} {
			for range 2 { // the second time with a kept statement
				err := d.Tx(ctx, func(tx *sql.Tx) error {
					found, err := db.Exists(ctx, tx, test.probes...)
					if err != nil || found != test.want {
						t.Errorf("%v: %v %v", test.probes, found, err)
					}
					return err
				})
				if err != nil {
					t.Error(err)
				}
			}
		}
		err := d.Tx(ctx, func(tx *sql.Tx) error {
			_, err := db.Exists(ctx, tx, db.Probe{In: "nothing WHERE name = ?", Values: []string{"a"}})
			return err
		})
		if err == nil {
			t.Error("a table that is not there was searched")
		}
	})
}
