package audit_test

import (
	"bytes"
	"database/sql"
	"slices"
	"testing"

	"onecert/audit"
)

// replay sends the rows of h through a Replay; harm may change or drop (nil) a row.
func replay(t *testing.T, h house, heads [][]byte, harm func(table string, row []any) []any) audit.Report {
	t.Helper()
	r, err := audit.NewReplay(h.keys, heads)
	if err != nil {
		t.Fatal(err)
	}
	err = h.d.Snapshot(t.Context(), func(tx *sql.Tx) error {
		tables, err := h.d.Tables(t.Context(), tx)
		if err != nil {
			return err
		}
		for _, table := range tables {
			err := table.Each(t.Context(), tx, func(row []any) error {
				if row = harm(table.Name, row); row == nil {
					return nil
				}
				return r.Row(table.Name, table.Names(), row)
			})
			if err != nil {
				return err
			}
		}
		return r.Row("somebody_else", nil, nil)
	})
	if err != nil {
		t.Fatal(err)
	}
	report, err := r.Report()
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func untouched(_ string, row []any) []any { return row }

func TestReplayAgreesWithVerify(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		if r := replay(t, h, nil, untouched); !r.Good() || r.Size != 0 {
			t.Errorf("empty: %+v", r)
		}
		h.record(t, acts(0, 13)...)
		heads := [][]byte{h.head(t)}
		h.record(t, acts(13, 20)...)
		heads = append(heads, h.head(t))
		got, want := replay(t, h, heads, untouched), h.verify(t, heads...)
		if !got.Good() || got.Size != 33 || got.Heads != 2 || got.Covered != want.Covered || !bytes.Equal(got.Root, want.Root) {
			t.Errorf("replayed %+v, verified %+v", got, want)
		}
	})
}

func TestReplayFinds(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		h.record(t, acts(0, 12)...)
		heads := [][]byte{h.head(t)}
		for name, c := range map[string]struct {
			harm func(string, []any) []any
			want string
		}{
			"changed entry": {func(table string, row []any) []any {
				if table == "audit_entry" && row[0] == int64(5) {
					row = slices.Clone(row)
					row[2] = "somebody else"
				}
				return row
			}, "entry.changed 5-5"},
			"missing entry": {func(table string, row []any) []any {
				if table == "audit_entry" && row[0] == int64(5) {
					return nil
				}
				return row
			}, "entry.missing 5-5"},
			"cut end": {func(table string, row []any) []any {
				if table == "audit_entry" && row[0].(int64) >= 9 {
					return nil
				}
				return row
			}, "entry.missing 9-11"},
			"changed node": {func(table string, row []any) []any {
				if table == "audit_entry" && row[0] == int64(5) {
					row = slices.Clone(row)
					row[12] = bytes.Repeat([]byte{7}, 32)
				}
				return row
			}, "tree.changed 4-5"},
			"missing node": {func(table string, row []any) []any {
				if table == "audit_entry" && row[0] == int64(7) {
					row = slices.Clone(row)
					row[12] = row[12].([]byte)[:64]
				}
				return row
			}, "tree.changed 0-7"},
			"no head": {func(table string, row []any) []any {
				if table == "audit_head" {
					return nil
				}
				return row
			}, "head.row -1--1"},
			"another head": {func(table string, row []any) []any {
				if table == "audit_head" {
					return []any{row[0], row[1], bytes.Repeat([]byte{7}, 32)}
				}
				return row
			}, "head.row -1--1"},
		} {
			r := replay(t, h, heads, c.harm)
			if got := faults(r); len(got) == 0 || got[0] != c.want {
				t.Errorf("%s: %v, want %s first", name, got, c.want)
			}
		}
		if r := replay(t, h, [][]byte{[]byte("no head at all")}, untouched); len(r.Faults) != 1 || r.Faults[0].Kind != "head.forged" {
			t.Errorf("forged: %v", faults(r))
		}
	})
}

func TestReplayRefusesOtherRows(t *testing.T) {
	r, err := audit.NewReplay(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for table, row := range map[string][]any{"audit_entry": {int64(0)}, "audit_head": {nil}} {
		if err := r.Row(table, []string{"number", "level", "size"}, row); err == nil {
			t.Errorf("%s: taken", table)
		}
	}
}

// TestHeadInATransaction: a signed head of just what a snapshot sees.
func TestHeadInATransaction(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		h.record(t, acts(0, 3)...)
		s, keys := signers(t)
		err := h.d.Snapshot(t.Context(), func(tx *sql.Tx) error {
			c, signed, err := audit.HeadIn(t.Context(), tx, origin, s...)
			if err != nil {
				return err
			}
			h.record(t, acts(3, 3)...)
			opened, err := audit.OpenCheckpoint(signed, keys...)
			if err != nil || c.Size != 3 || opened.Size != 3 || !bytes.Equal(c.Root, opened.Root) {
				t.Errorf("%+v, %+v, %v", c, opened, err)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}
