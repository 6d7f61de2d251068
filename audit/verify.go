package audit

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"slices"

	"onecert/db"
)

// Limits of one check.
const (
	verifyChunk = 1000
	maxFaults   = 100
)

// Fault is one thing wrong with a log.
type Fault struct {
	// Kind is stable: entry.changed, entry.missing, entry.malformed and tree.changed
	// about what is stored, head.row about the head stored with it, and head.forged,
	// head.differs and tail.cut about the signed heads.
	Kind  string `json:"kind"`
	First int64  `json:"first"` // the first entry concerned, -1 if none can be named
	Last  int64  `json:"last"`  // the last entry concerned
	Text  string `json:"text"`
}

// Report is the outcome of a check.
type Report struct {
	Size    int64   `json:"size"`    // entries found
	Root    []byte  `json:"root"`    // recomputed; nil where entries are missing
	Heads   int     `json:"heads"`   // that were held against the log and agree
	Covered int64   `json:"covered"` // entries below the largest of them: a cut or rewritten tail beyond does not show
	Faults  []Fault `json:"faults"`  // those at entries first, in order; at most 100; never null
	More    int     `json:"more"`    // faults beyond that
}

// Good reports whether nothing was found wrong.
func (r Report) Good() bool { return len(r.Faults) == 0 }

// Verify recomputes a whole log from its entries and holds it against its tree, its
// head and the signed heads kept elsewhere. It reads only and needs no more of the
// database than db.OpenReadOnly; one that is being written is seen as of one commit.
// The error says that the check could not be made, never that it found something.
func Verify(ctx context.Context, d *db.DB, keys []Verifier, heads [][]byte) (Report, error) {
	v := check{tree: emptyEdge(), roots: map[int64][]byte{}, report: Report{Faults: []Fault{}}}
	v.openHeads(keys, heads)
	err := d.Snapshot(ctx, func(tx *sql.Tx) error {
		v.q = tx
		if err := v.entries(ctx); err != nil {
			return err
		}
		return v.ownHead(ctx)
	})
	if err != nil {
		return Report{}, err
	}
	v.signedHeads()
	return v.report, nil
}

// check is one run of Verify.
type check struct {
	q      querier
	report Report
	heads  []Checkpoint     // in order of size
	forged []string         // about heads that are none
	tree   *edge            // of the stored leaves; its root is not kept up
	roots  map[int64][]byte // of the sizes that heads name
	inner  []Fault          // of the tree; reported after those of entries
	broken bool             // an entry is missing: no tree can be computed beyond it
	next   int64            // number of the entry that should come next
}

func (v *check) fault(kind string, first, last int64, format string, args ...any) {
	if len(v.report.Faults) == maxFaults {
		v.report.More++
		return
	}
	v.report.Faults = append(v.report.Faults, Fault{kind, first, last, fmt.Sprintf(format, args...)})
}

func (v *check) openHeads(keys []Verifier, heads [][]byte) {
	for i, signed := range heads {
		c, err := OpenCheckpoint(signed, keys...)
		if err != nil {
			v.forged = append(v.forged, fmt.Sprintf("head %d of %d: %s", i+1, len(heads), err))
			continue
		}
		v.heads = append(v.heads, c)
		v.roots[c.Size] = nil
	}
	slices.SortFunc(v.heads, func(a, b Checkpoint) int { return cmp.Compare(a.Size, b.Size) })
}

// entries reads the log in chunks and rebuilds its tree.
func (v *check) entries(ctx context.Context) error {
	if err := v.noteRoot(); err != nil {
		return err
	}
	for {
		// From the smallest number there is, so that one below 0 is seen too.
		where, args := "number >= $1 ORDER BY number LIMIT $2", []any{v.next, verifyChunk}
		if v.report.Size == 0 {
			where, args = "number IS NOT NULL ORDER BY number LIMIT $1", []any{verifyChunk}
		}
		rows, err := selectRows(ctx, v.q, where, args...)
		if err != nil {
			return err
		}
		for i := range rows {
			if err := v.entry(&rows[i]); err != nil {
				return err
			}
		}
		if len(rows) < verifyChunk {
			return nil
		}
	}
}

func (v *check) entry(r *row) error {
	v.report.Size++
	if r.number < v.next {
		v.fault("entry.changed", r.number, r.number, "entry %d was never given that number", r.number)
		return nil
	}
	if r.number > v.next {
		v.fault("entry.missing", v.next, r.number-1, "%s missing", span(v.next, r.number-1))
		v.broken = true
	}
	v.next = r.number + 1
	// The tree goes on with the stored leaf: an entry changed without its leaf is then
	// the only fault, one changed with it shows in the node above and nowhere before.
	if !bytes.Equal(r.hash(), r.leaf) {
		v.fault("entry.changed", r.number, r.number, "entry %d was changed", r.number)
	} else if _, err := r.entry(); err != nil {
		v.fault("entry.malformed", r.number, r.number, "entry %d is not in the form this program writes", r.number)
	}
	if v.broken {
		return nil
	}
	nodes, err := v.tree.add(r.leaf)
	if err != nil {
		return err
	}
	v.compareNodes(r, nodes)
	return v.noteRoot()
}

// noteRoot keeps the present root if a head names this size.
func (v *check) noteRoot() error {
	size := v.tree.size()
	if _, wanted := v.roots[size]; !wanted {
		return nil
	}
	root, err := v.root()
	v.roots[size] = root
	return err
}

func (v *check) root() ([]byte, error) {
	if v.tree.size() == 0 {
		return v.tree.root, nil
	}
	return v.tree.of.GetRootHash(nil)
}

// compareNodes holds the inner nodes that an entry completes against the stored ones.
func (v *check) compareNodes(r *row, nodes []node) {
	for _, n := range nodes {
		switch stored := n.among(r.nodes); {
		case stored == nil:
			v.treeFault(n, "the tree's node over %s is missing")
		case !bytes.Equal(n.hash, stored):
			v.treeFault(n, "the tree does not agree with %s: one of them or the tree was changed")
		}
	}
	if len(r.nodes) > len(nodes)*sha256.Size {
		v.treeFault(node{pos: r.number}, "the tree has nodes too many at %s")
	}
}

func (v *check) treeFault(n node, format string) {
	f := Fault{"tree.changed", n.first(), n.last(), fmt.Sprintf(format, span(n.first(), n.last()))}
	if len(v.inner) <= maxFaults { // more are not told, but that there are some
		v.inner = append(v.inner, f)
	}
}

// tellInner reports what was found wrong with the tree.
func (v *check) tellInner() {
	for _, f := range v.inner {
		v.fault(f.Kind, f.First, f.Last, "%s", f.Text)
	}
}

// ownHead compares the head the database itself records.
func (v *check) ownHead(ctx context.Context) error {
	size, stored, err := head(ctx, v.q)
	if err != nil {
		return err
	}
	if size > v.next {
		v.fault("entry.missing", v.next, size-1, "%s missing: the log's end was cut", span(v.next, size-1))
		v.broken = true
	}
	v.tellInner()
	if v.broken {
		return nil
	}
	root, err := v.root()
	if err != nil {
		return err
	}
	v.report.Root = root
	if size != v.next || !bytes.Equal(root, stored) {
		v.fault("head.row", -1, -1, "the head in the database, of %d entries, does not agree with the entries", size)
	}
	return nil
}

// signedHeads compares what others keep, from the smallest head to the largest.
func (v *check) signedHeads() {
	for _, text := range v.forged {
		v.fault("head.forged", -1, -1, "%s", text)
	}
	for _, c := range v.heads {
		switch root := v.roots[c.Size]; {
		case c.Size > v.next:
			v.fault("tail.cut", v.next, c.Size-1, "a signed head has %d entries, the log ends at %d: %s missing", c.Size, v.next, span(v.next, c.Size-1))
		case root == nil || !bytes.Equal(root, c.Root):
			v.fault("head.differs", v.report.Covered, c.Size-1, "the signed head of %d entries does not agree: among %s there is a change",
				c.Size, span(v.report.Covered, c.Size-1))
		default:
			v.report.Heads++
			v.report.Covered = c.Size
		}
	}
}

func span(first, last int64) string {
	if first >= last {
		return fmt.Sprintf("entry %d", first)
	}
	return fmt.Sprintf("entries %d to %d", first, last)
}
