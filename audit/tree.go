package audit

import (
	"bytes"
	"context"
	"crypto/sha256"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"

	"onecert/pki"
)

const codeBroken = "audit.broken"

func factory() *compact.RangeFactory {
	return &compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}
}

// node is an inner node of the tree, level 1 and up, or a leaf. Only perfect subtrees
// are stored, so a node never changes.
type node struct {
	level int
	pos   int64
	hash  []byte
}

// first and last are the entries below a node. The last one completes it, and there it
// stands.
func (n node) first() int64 { return n.pos << n.level }
func (n node) last() int64  { return (n.pos+1)<<n.level - 1 }

// among returns the hash of a node among those its last entry completed, nil if they
// are too few.
func (n node) among(nodes []byte) []byte {
	from := (n.level - 1) * sha256.Size
	if len(nodes) < from+sha256.Size {
		return nil
	}
	return nodes[from : from+sha256.Size]
}

// edge is the tree's right edge: the roots of the perfect subtrees that cover it.
type edge struct {
	of   *compact.Range
	root []byte
}

func emptyEdge() *edge {
	return &edge{factory().NewEmptyRange(0), rfc6962.DefaultHasher.EmptyRoot()}
}

func (e *edge) size() int64 { return int64(e.of.End()) }

func (e *edge) is(size int64, root []byte) bool { return e.size() == size && bytes.Equal(e.root, root) }

// grow numbers the rows, sets their leaves and nodes, and appends them.
func (e *edge) grow(rows []row) error {
	for i := range rows {
		rows[i].number = e.size()
		rows[i].leaf, rows[i].nodes = rows[i].hash(), []byte{}
		nodes, err := e.add(rows[i].leaf)
		if err != nil {
			return err
		}
		for _, n := range nodes {
			rows[i].nodes = append(rows[i].nodes, n.hash...)
		}
	}
	root, err := e.of.GetRootHash(nil)
	if err != nil {
		return err
	}
	e.root = root
	return nil
}

// add appends one leaf and returns the inner nodes it completes, from level 1 up; the
// root is left for the caller to compute.
func (e *edge) add(leaf []byte) (nodes []node, err error) {
	err = e.of.Append(leaf, func(id compact.NodeID, hash []byte) {
		if id.Level > 0 {
			nodes = append(nodes, node{int(id.Level), int64(id.Index), hash})
		}
	})
	return nodes, err
}

// edgeAt reads the right edge the tree had at a size it has had.
func edgeAt(ctx context.Context, q querier, size int64) (*edge, error) {
	if size == 0 {
		return emptyEdge(), nil
	}
	hashes, err := fetch(ctx, q, compact.RangeNodes(0, uint64(size), nil))
	if err != nil {
		return nil, err
	}
	of, err := factory().NewRange(0, uint64(size), hashes)
	if err != nil {
		return nil, err
	}
	root, err := of.GetRootHash(nil)
	if err != nil {
		return nil, err
	}
	return &edge{of, root}, nil
}

// loadEdge reads the right edge and holds it against the recorded root.
func loadEdge(ctx context.Context, q querier, size int64, root []byte) (*edge, error) {
	e, err := edgeAt(ctx, q, size)
	if err != nil {
		return nil, err
	}
	if !e.is(size, root) {
		return nil, pki.Errorf(pki.Internal, codeBroken, "the audit log does not agree with its own tree, so nothing is done").
			To("it was changed from outside: run 'onecert audit verify' with the heads kept on another machine")
	}
	return e, nil
}

// fetch reads the hashes of nodes, leaves from their entries.
func fetch(ctx context.Context, q querier, ids []compact.NodeID) ([][]byte, error) {
	hashes := make([][]byte, len(ids))
	for i, id := range ids {
		hash, err := nodeHash(ctx, q, id)
		if err != nil {
			return nil, err
		}
		hashes[i] = hash
	}
	return hashes, nil
}
