package audit

import (
	"context"
	"fmt"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"

	"onecert/pki"
)

// Inclusion proves that an entry is in the tree of a head (RFC 6962 2.1.1).
type Inclusion struct {
	Number int64    `json:"number"`
	Size   int64    `json:"size"`
	Root   []byte   `json:"root"`
	Hashes [][]byte `json:"hashes"`
}

// Consistency proves that the tree of one head begins with that of an older one
// (RFC 6962 2.1.2): nothing was changed between them, only appended.
type Consistency struct {
	OldSize int64    `json:"oldSize"`
	Size    int64    `json:"size"`
	Root    []byte   `json:"root"`
	Hashes  [][]byte `json:"hashes"`
}

// Inclusion returns an entry and the proof that it is in the log's present head.
func (l *Log) Inclusion(ctx context.Context, number int64) (Entry, Inclusion, error) {
	q := l.d.Read() // nothing proofs are made of ever changes, so no snapshot is needed
	size, root, err := head(ctx, q)
	if err != nil {
		return Entry{}, Inclusion{}, err
	}
	if number < 0 || number >= size {
		return Entry{}, Inclusion{}, pki.Errorf(pki.Unknown, "audit.unknown", "the audit log has no entry %d", number)
	}
	rows, err := selectRows(ctx, q, "number = $1", number)
	if err != nil || len(rows) != 1 {
		return Entry{}, Inclusion{}, fmt.Errorf("reading audit entry %d: %d found: %w", number, len(rows), err)
	}
	entry, err := rows[0].entry()
	if err != nil {
		return Entry{}, Inclusion{}, err
	}
	nodes, err := proof.Inclusion(uint64(number), uint64(size))
	if err != nil {
		return Entry{}, Inclusion{}, fmt.Errorf("proving audit entry %d: %w", number, err)
	}
	hashes, err := rehash(ctx, q, nodes)
	return entry, Inclusion{number, size, root, hashes}, err
}

// Proofs returns the log's present head, signed by every signer, and for each number the
// proof that its entry is in the tree of that head: a page of entries is proven at once.
func (l *Log) Proofs(ctx context.Context, numbers ...int64) (signed []byte, all []Inclusion, err error) {
	c, signed, err := l.checkpoint(ctx)
	if err != nil {
		return nil, nil, err
	}
	for _, number := range numbers {
		if number < 0 || number >= c.Size {
			return nil, nil, pki.Errorf(pki.Unknown, "audit.unknown", "the audit log has no entry %d", number)
		}
		nodes, err := proof.Inclusion(uint64(number), uint64(c.Size))
		if err != nil {
			return nil, nil, fmt.Errorf("proving audit entry %d: %w", number, err)
		}
		hashes, err := rehash(ctx, l.d.Read(), nodes) // nodes never change, so no snapshot is needed
		if err != nil {
			return nil, nil, err
		}
		all = append(all, Inclusion{number, c.Size, c.Root, hashes})
	}
	return signed, all, nil
}

// ConsistencyTo returns the proof that the tree of one size the log has had begins with
// that of an older one.
func (l *Log) ConsistencyTo(ctx context.Context, oldSize, size int64) ([][]byte, error) {
	if oldSize < 0 || oldSize > size {
		return nil, pki.Errorf(pki.Unknown, "audit.unknown", "the audit log has %d entries, fewer than %d", size, oldSize).
			To("if it once had that many, its tail was cut: run 'onecert audit verify'")
	}
	nodes, err := proof.Consistency(uint64(oldSize), uint64(size))
	if err != nil {
		return nil, fmt.Errorf("proving the audit log's growth: %w", err)
	}
	return rehash(ctx, l.d.Read(), nodes)
}

// Consistency returns the proof that the log's present head continues the one it
// had at oldSize.
func (l *Log) Consistency(ctx context.Context, oldSize int64) (Consistency, error) {
	q := l.d.Read()
	size, root, err := head(ctx, q)
	if err != nil {
		return Consistency{}, err
	}
	hashes, err := l.ConsistencyTo(ctx, oldSize, size)
	return Consistency{oldSize, size, root, hashes}, err
}

func rehash(ctx context.Context, q querier, nodes proof.Nodes) ([][]byte, error) {
	hashes, err := fetch(ctx, q, nodes.IDs)
	if err != nil {
		return nil, err
	}
	return nodes.Rehash(hashes, rfc6962.DefaultHasher.HashChildren)
}

// Check reports whether the proof shows that entry is in the tree of head. The head
// must come from OpenCheckpoint.
func (p Inclusion) Check(entry Entry, head Checkpoint) error {
	if entry.Number != p.Number || head.Size != p.Size || p.Number < 0 || p.Size < 0 {
		return pki.Errorf(pki.Invalid, "audit.proof", "the proof is for another entry or another head")
	}
	err := proof.VerifyInclusion(rfc6962.DefaultHasher, uint64(p.Number), uint64(p.Size), entry.LeafHash(), p.Hashes, head.Root)
	if err != nil {
		return pki.Errorf(pki.Invalid, "audit.proof", "audit entry %d is not the one the log recorded", p.Number).Because(err)
	}
	return nil
}

// Check reports whether the proof shows that the tree of head begins with that of old.
func (p Consistency) Check(old, head Checkpoint) error {
	if old.Size != p.OldSize || head.Size != p.Size || p.OldSize < 0 || p.Size < 0 {
		return pki.Errorf(pki.Invalid, "audit.proof", "the proof is for other heads")
	}
	err := proof.VerifyConsistency(rfc6962.DefaultHasher, uint64(p.OldSize), uint64(p.Size), p.Hashes, old.Root, head.Root)
	if err != nil {
		return pki.Errorf(pki.Invalid, "audit.proof", "the log of %d entries does not continue the one of %d", p.Size, p.OldSize).Because(err)
	}
	return nil
}
