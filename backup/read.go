package backup

import (
	"bufio"
	"bytes"
	"compress/flate"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"hash"
	"io"

	"onecert/db"
	"onecert/pki"
)

// Reader reads an archive from its beginning. What it hands out is authentic; that
// nothing is missing is known when Next has returned io.EOF.
type Reader struct {
	Head
	About

	stream *opened
	in     *source
	now    *Part // the part being read
	found  Manifest
	said   Manifest
	parts  int
	done   bool
}

// Part is a file or a table of an archive.
type Part struct {
	Name    string
	Table   bool
	Columns []db.Column // of a table
	Mode    uint32      // permission bits of a file
	Size    int64       // of a file, in octets

	of   *Reader
	left int64 // octets of a file
	rows int64
	over bool
}

// Open reads the head and what the archive says of itself. Errors: those of
// ParseHead, backup.key, backup.shares, those of shares.Combine, backup.damaged,
// backup.cut, backup.longer, backup.parts.
func Open(r io.Reader, key Key) (*Reader, error) {
	head, err := readHead(r)
	if err != nil {
		return nil, err
	}
	secret, err := head.open(key)
	if err != nil {
		return nil, err
	}
	defer clear(secret)
	a := &Reader{Head: head, found: Manifest{Files: []Sum{}, Tables: []Sum{}}}
	if a.stream, err = newOpened(r, head, secret); err != nil {
		return nil, err
	}
	a.in = &source{Reader: bufio.NewReaderSize(flate.NewReader(a.stream), 256<<10), hash: sha256.New()}
	return a, a.in.explain(a.readAbout(), "what it says of itself")
}

func (r *Reader) readAbout() error {
	letter, err := r.in.ReadByte()
	if err != nil {
		return err
	}
	if letter != partAbout {
		return errParts("it does not begin with what it says of itself")
	}
	text, err := r.in.octets(maxText)
	if err != nil {
		return err
	}
	return decodeJSON(text, &r.About)
}

// Next returns the next file or table; what is left of the one before is passed over,
// and still summed. io.EOF says that the archive is whole: every sum agrees.
func (r *Reader) Next() (*Part, error) {
	if r.done {
		return nil, io.EOF
	}
	if r.now != nil {
		if err := r.now.skip(); err != nil {
			return nil, err
		}
		r.now = nil
	}
	part, err := r.next()
	if err != nil {
		return nil, r.in.explain(err, "what comes after "+r.last())
	}
	if part == nil {
		r.done = true
		return nil, io.EOF
	}
	r.now = part
	return part, nil
}

// last names the part read last, for errors.
func (r *Reader) last() string {
	if n := len(r.found.Tables); n > 0 {
		return "table " + r.found.Tables[n-1].Name
	}
	if n := len(r.found.Files); n > 0 {
		return "file " + r.found.Files[n-1].Name
	}
	return "its beginning"
}

func (r *Reader) next() (*Part, error) {
	letter, err := r.in.ReadByte()
	if err != nil {
		return nil, err
	}
	if r.parts++; r.parts > maxParts {
		return nil, errParts("it has too many parts")
	}
	switch letter {
	case partFile:
		return r.file()
	case partTable:
		return r.table()
	case partEnd:
		return nil, r.end()
	}
	return nil, errParts("a part is of no known kind")
}

func (r *Reader) file() (*Part, error) {
	name, err := r.in.text(maxName)
	if err != nil {
		return nil, err
	}
	mode, err1 := r.in.count(0o777)
	size, err2 := r.in.count(maxFile)
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	if !isLocal(name) || has(r.found.Files, name) {
		return nil, errParts("a file's name leads elsewhere or stands twice")
	}
	r.in.begin()
	return &Part{Name: name, Mode: uint32(mode), Size: int64(size), left: int64(size), of: r}, nil
}

func (r *Reader) table() (*Part, error) {
	name, err := r.in.text(maxName)
	if err != nil {
		return nil, err
	}
	if !isLocal(name) || has(r.found.Tables, name) {
		return nil, errParts("a table's name is none or stands twice")
	}
	r.in.begin()
	n, err := r.in.count(maxColumns)
	if err != nil {
		return nil, err
	}
	p := &Part{Name: name, Table: true, of: r}
	for range n {
		column, err1 := r.in.text(maxName)
		kind, err2 := r.in.text(maxName)
		if err := errors.Join(err1, err2); err != nil {
			return nil, err
		}
		if column == "" || !knownKind(db.Kind(kind)) {
			return nil, errParts("a column of table " + name + " is of no known kind")
		}
		p.Columns = append(p.Columns, db.Column{Name: column, Kind: db.Kind(kind)})
	}
	return p, nil
}

// end compares the sums and wants nothing after them.
func (r *Reader) end() error {
	text, err := r.in.octets(maxText)
	if err != nil {
		return err
	}
	if err := decodeJSON(text, &r.said); err != nil {
		return err
	}
	if _, err := r.in.ReadByte(); err != io.EOF {
		if err == nil {
			err = errParts("something follows its end")
		}
		return err
	}
	// The squeezed stream has ended; the encrypted one has to end with it.
	if n, err := r.stream.Read(make([]byte, 1)); err != io.EOF {
		if n > 0 {
			err = errParts("something follows its end")
		}
		return err
	}
	if err := compare("file", r.said.Files, r.found.Files); err != nil {
		return err
	}
	return compare("table", r.said.Tables, r.found.Tables)
}

func compare(what string, said, found []Sum) error {
	for i, s := range said {
		if i >= len(found) || found[i].Name != s.Name {
			return errSum(what, s.Name)
		}
		if found[i].Count != s.Count || !bytes.Equal(found[i].SHA256, s.SHA256) {
			return errSum(what, s.Name)
		}
	}
	if len(found) > len(said) {
		return errSum(what, found[len(said)].Name)
	}
	return nil
}

func errSum(what, name string) error {
	return pki.Errorf(pki.Conflict, "backup.sum", "%s %.100s of the archive is not what its last part says", what, name).
		To("do not restore it; take another copy")
}

func has(sums []Sum, name string) bool {
	for _, s := range sums {
		if s.Name == name {
			return true
		}
	}
	return false
}

// Manifest returns what the archive holds, once Next has returned io.EOF.
func (r *Reader) Manifest() Manifest {
	r.said.About = r.About
	return r.said
}

// source reads parts and sums what it reads.
type source struct {
	*bufio.Reader
	hash    hash.Hash
	summing bool
	seen    []byte // not yet in hash
}

// begin starts a new sum.
func (s *source) begin() {
	s.hash.Reset()
	s.seen, s.summing = s.seen[:0], true
}

func (s *source) sum() []byte {
	s.hash.Write(s.seen)
	s.seen, s.summing = s.seen[:0], false
	return s.hash.Sum(nil)
}

func (s *source) see(b ...byte) {
	if !s.summing {
		return
	}
	if s.seen = append(s.seen, b...); len(s.seen) > 32<<10 {
		s.hash.Write(s.seen)
		s.seen = s.seen[:0]
	}
}

// ReadByte implements io.ByteReader.
func (s *source) ReadByte() (byte, error) {
	b, err := s.Reader.ReadByte()
	if err == nil {
		s.see(b)
	}
	return b, err
}

// count reads a number that is at most max.
func (s *source) count(max uint64) (uint64, error) {
	n, err := binary.ReadUvarint(s)
	if err != nil {
		return 0, unexpected(err)
	}
	if n > max {
		return 0, errParts("a length is beyond all measure")
	}
	return n, nil
}

// octets reads a length and as many octets. They are read a piece at a time: a
// length alone allocates nothing.
func (s *source) octets(max uint64) ([]byte, error) {
	n, err := s.count(max)
	if err != nil {
		return nil, err
	}
	if n <= 64<<10 {
		b := make([]byte, n)
		_, err = io.ReadFull(s.Reader, b)
		s.see(b...)
		return b, unexpected(err)
	}
	var b bytes.Buffer
	_, err = io.CopyN(&b, s.Reader, int64(n))
	s.see(b.Bytes()...)
	return b.Bytes(), unexpected(err)
}

func (s *source) text(max uint64) (string, error) {
	b, err := s.octets(max)
	return string(b), err
}

func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// explain makes an error of reading one a person can act on: where is what part was
// being read. Squeezed octets run ahead of the parts, so it is near, not exact.
func (s *source) explain(err error, where string) error {
	if err == nil {
		return err
	}
	e, ok := errors.AsType[*pki.Error](err)
	if !ok { // all that reading itself can fail with is one; the rest is about the form
		e = errParts("it ends or breaks off inside").Because(err)
	}
	named := *e
	named.Wrong += ", in or near " + where
	return &named
}
