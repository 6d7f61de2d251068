package ocsp

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"hash"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"onecert/status"
)

// The copy of the journal is written to one file, so that a restart reads ten million
// certificates in seconds and then follows from where it stood. It is only ever a
// saving of time: what is damaged, of other issuers or of another journal is put
// aside, and the journal read from its beginning.
//
// Records are written while the journal goes on: some may be newer than the position
// beside them. The entries from the position on are read again afterwards, each sets
// its certificate's state whole, and nothing is answered from the copy before the
// last of them; so the end is the same.

const (
	copyName   = "status.copy"
	copyMagic  = "onecert status copy 1\n"
	maxHeader  = 64 << 10
	copyBuffer = 1 << 20
	copyRecord = serialOctets + 6 + 17
	sumOctets  = 4 // CRC-32C of all before, at the end
)

// header stands at the beginning of the file, its length before it.
type header struct {
	Issuers []string     `json:"issuers"`
	Last    status.Entry `json:"last"` // the last entry applied: proves that the journal is the same
}

var errCopy = errors.New("the file is not a whole copy of the journal")

func newSum() hash.Hash32 { return crc32.New(crc32.MakeTable(crc32.Castagnoli)) }

func (r *Responder) ids() (all []string) {
	for _, i := range r.issuers {
		all = append(all, i.ID)
	}
	return all
}

// saveCopies writes the copy down each time Save has passed and something has changed.
func (r *Responder) saveCopies(ctx context.Context) {
	tick := time.NewTicker(r.cfg.Save)
	defer tick.Stop()
	saved := r.follow.position.Load()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		position := r.follow.position.Load()
		if position == saved || !r.follow.complete() {
			continue
		}
		if err := r.saveCopy(); err != nil {
			r.cfg.Log.Warn("the copy of the status journal cannot be saved", "error", err)
			continue
		}
		saved = position
	}
}

// saveCopy writes the copy: beside the old one, then in its place.
func (r *Responder) saveCopy() error {
	r.follow.mu.Lock()
	last := r.follow.last
	r.follow.mu.Unlock()
	if last.Number == 0 || !r.follow.complete() {
		return nil
	}
	return writeFile(filepath.Join(r.cfg.Dir, copyName), func(to io.Writer) error { return r.writeCopy(to, last) })
}

func (r *Responder) writeCopy(to io.Writer, last status.Entry) error {
	text, err := json.Marshal(header{Issuers: r.ids(), Last: last})
	if err != nil {
		return wrap("encoding the copy's header", err)
	}
	sum := newSum()
	out := bufio.NewWriterSize(io.MultiWriter(to, sum), copyBuffer)
	out.WriteString(copyMagic)
	out.Write(binary.LittleEndian.AppendUint32(nil, uint32(len(text))))
	out.Write(text)
	var part []byte
	for n := range shardCount { // into memory first: nobody waits for a slow disk
		part = part[:0]
		r.known.each(n, func(key certKey, found record) { part = appendRecord(part, key, found) })
		out.Write(part)
	}
	if err := out.Flush(); err != nil { // it remembers what went wrong before
		return wrap("writing the copy of the journal", err)
	}
	_, err = to.Write(binary.LittleEndian.AppendUint32(nil, sum.Sum32()))
	return err
}

func appendRecord(b []byte, key certKey, found record) []byte {
	b = append(b, key.serial[:]...)
	b = append(b, key.issuer, found.state)
	b = binary.LittleEndian.AppendUint32(b, found.notAfter)
	b = binary.LittleEndian.AppendUint64(b, uint64(found.at))
	b = binary.LittleEndian.AppendUint64(b, uint64(found.invalidity))
	return append(b, found.reason)
}

func decodeRecord(line *[copyRecord]byte) (key certKey, found record) {
	copy(key.serial[:], line[:])
	rest := line[serialOctets:]
	key.issuer, found.state, found.notAfter = rest[0], rest[1], binary.LittleEndian.Uint32(rest[2:])
	found.at = int64(binary.LittleEndian.Uint64(rest[6:]))
	found.invalidity = int64(binary.LittleEndian.Uint64(rest[14:]))
	found.reason = rest[22]
	return key, found
}

// loadCopy takes up the copy that was left, if it is a copy of this journal.
func (r *Responder) loadCopy(ctx context.Context) {
	file, err := os.Open(filepath.Join(r.cfg.Dir, copyName))
	if errors.Is(err, os.ErrNotExist) {
		return
	}
	if err == nil {
		defer file.Close()
		var last status.Entry
		if last, err = r.readCopy(file); err == nil {
			err = r.sameJournal(ctx, last)
		}
		if err == nil {
			r.follow.mu.Lock()
			r.follow.last = last
			r.follow.position.Store(last.Number)
			r.follow.mu.Unlock()
			return
		}
	}
	r.known.clear()
	r.cfg.Log.Warn("the saved copy of the status journal is of no use: the journal is read from its beginning", "error", err)
}

// sameJournal looks whether the journal has the entry the copy ends with.
func (r *Responder) sameJournal(ctx context.Context, last status.Entry) error {
	end, err := r.cfg.Journal.Last(ctx)
	if err != nil {
		return err
	}
	if end < last.Number {
		return errCopy
	}
	found, err := r.cfg.Journal.Next(ctx, last.Number-1, 1)
	if err != nil {
		return err
	}
	a, errA := json.Marshal(found[0])
	b, errB := json.Marshal(last)
	if errA != nil || errB != nil || string(a) != string(b) {
		return errCopy
	}
	return nil
}

func (r *Responder) readCopy(file *os.File) (status.Entry, error) {
	info, err := file.Stat()
	if err != nil || info.Size() < int64(len(copyMagic)+sumOctets) {
		return status.Entry{}, errCopy
	}
	sum := newSum()
	in := bufio.NewReaderSize(io.TeeReader(io.LimitReader(file, info.Size()-sumOctets), sum), copyBuffer)
	head, err := r.readHeader(in)
	if err != nil {
		return status.Entry{}, err
	}
	r.known.reserve(int(info.Size() / copyRecord))
	var line [copyRecord]byte
	for {
		_, err := io.ReadFull(in, line[:])
		if errors.Is(err, io.EOF) {
			break
		}
		key, found := decodeRecord(&line)
		if err != nil || int(key.issuer) >= len(r.issuers) || found.state < slotValid || found.state > slotRevoked {
			return status.Entry{}, errCopy
		}
		r.known.set(key, found)
	}
	var end [sumOctets]byte
	if _, err := io.ReadFull(file, end[:]); err != nil || binary.LittleEndian.Uint32(end[:]) != sum.Sum32() {
		return status.Entry{}, errCopy
	}
	return head.Last, nil
}

func (r *Responder) readHeader(in io.Reader) (head header, err error) {
	start := make([]byte, len(copyMagic)+4)
	if _, err := io.ReadFull(in, start); err != nil || string(start[:len(copyMagic)]) != copyMagic {
		return head, errCopy
	}
	n := binary.LittleEndian.Uint32(start[len(copyMagic):])
	if n > maxHeader {
		return head, errCopy
	}
	text := make([]byte, n)
	if _, err := io.ReadFull(in, text); err != nil {
		return head, errCopy
	}
	if err := json.Unmarshal(text, &head); err != nil || head.Last.Number < 1 || !slices.Equal(head.Issuers, r.ids()) {
		return head, errCopy
	}
	return head, nil
}

// replaceFile puts content under a name, whole or not at all.
func replaceFile(name string, content []byte) error {
	return writeFile(name, func(to io.Writer) error {
		_, err := to.Write(content)
		return err
	})
}

func writeFile(name string, write func(io.Writer) error) (err error) {
	file, err := os.OpenFile(name+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return wrap("creating a file", err)
	}
	err = write(file)
	if err == nil {
		err = file.Sync()
	}
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(name+".new", name)
	}
	if err != nil {
		_ = os.Remove(name + ".new") // half a file would only take room
		return wrap("writing "+filepath.Base(name), err)
	}
	return nil
}
