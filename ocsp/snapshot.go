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
// last of them; so the end is the same. The journal has to have the newest entry that
// may be in the file: one restored from a backup would not take it back.

const (
	copyName   = "status.copy"
	copyMagic  = "onecert status copy 1\n"
	maxTrailer = 64 << 10
	copyBuffer = 1 << 20
	copyRecord = serialOctets + 6 + 17
	sumOctets  = 4 // CRC-32C of all before, at the end
)

// trailer stands after the records, its length before it.
type trailer struct {
	Issuers []string     `json:"issuers"` // in the order of their places
	Last    status.Entry `json:"last"`    // all up to this one is in the records
	Ahead   status.Entry `json:"ahead"`   // nothing after this one is
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
	if !r.follow.complete() || r.follow.position.Load() == 0 {
		return nil
	}
	return writeFile(filepath.Join(r.cfg.Dir, copyName), r.writeCopy)
}

func (r *Responder) writeCopy(to io.Writer) error {
	end := trailer{Issuers: r.ids()}
	r.follow.mu.Lock()
	end.Last = r.follow.last // before the records
	r.follow.mu.Unlock()
	sum := newSum()
	out := bufio.NewWriterSize(io.MultiWriter(to, sum), copyBuffer)
	out.WriteString(copyMagic)
	var part []byte
	for n := range shardCount { // into memory first: nobody waits for a slow disk
		part = part[:0]
		r.known.each(n, func(key certKey, found record) { part = appendRecord(part, key, found) })
		out.Write(part)
	}
	out.Write(make([]byte, copyRecord)) // no serial is zero: this is the end of them
	r.follow.mu.Lock()
	end.Ahead = r.follow.ahead // after the records
	r.follow.mu.Unlock()
	text, err := json.Marshal(end)
	if err != nil {
		return wrap("encoding the copy's trailer", err)
	}
	out.Write(binary.LittleEndian.AppendUint32(nil, uint32(len(text))))
	out.Write(text)
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
		var end trailer
		if end, err = r.readCopy(file); err == nil {
			err = r.sameJournal(ctx, end.Last)
		}
		if err == nil { // the two are of different lives if the journal was exchanged in between
			err = r.sameJournal(ctx, end.Ahead)
		}
		if err == nil {
			r.follow.mu.Lock()
			r.follow.last, r.follow.ahead = end.Last, end.Ahead
			r.follow.position.Store(end.Last.Number)
			r.follow.mu.Unlock()
			return
		}
	}
	r.known.clear()
	r.cfg.Log.Warn("the saved copy of the status journal is of no use: the journal is read from its beginning", "error", err)
}

// sameJournal looks whether the journal has an entry.
func (r *Responder) sameJournal(ctx context.Context, want status.Entry) error {
	end, err := r.cfg.Journal.Last(ctx)
	if err != nil {
		return err
	}
	if end < want.Number {
		return errCopy
	}
	found, err := r.cfg.Journal.Next(ctx, want.Number-1, 1)
	if err != nil {
		return err
	}
	a, errA := json.Marshal(found[0])
	b, errB := json.Marshal(want)
	if errA != nil || errB != nil || string(a) != string(b) {
		return errCopy
	}
	return nil
}

func (r *Responder) readCopy(file *os.File) (end trailer, err error) {
	info, err := file.Stat()
	if err != nil || info.Size() < int64(len(copyMagic)+copyRecord+sumOctets) {
		return end, errCopy
	}
	sum := newSum()
	in := bufio.NewReaderSize(io.TeeReader(io.LimitReader(file, info.Size()-sumOctets), sum), copyBuffer)
	magic := make([]byte, len(copyMagic))
	if _, err := io.ReadFull(in, magic); err != nil || string(magic) != copyMagic {
		return end, errCopy
	}
	r.known.reserve(int(info.Size() / copyRecord))
	for {
		var line [copyRecord]byte
		if _, err := io.ReadFull(in, line[:]); err != nil {
			return end, errCopy
		}
		key, found := decodeRecord(&line)
		if key == (certKey{}) {
			break
		}
		if int(key.issuer) >= len(r.issuers) || found.state < slotValid || found.state > slotRevoked {
			return end, errCopy
		}
		r.known.set(key, found)
	}
	if end, err = r.readTrailer(in); err != nil {
		return end, err
	}
	var stored [sumOctets]byte
	if _, err := io.ReadFull(file, stored[:]); err != nil || binary.LittleEndian.Uint32(stored[:]) != sum.Sum32() {
		return end, errCopy
	}
	return end, nil
}

// readTrailer reads to the end of what the sum covers.
func (r *Responder) readTrailer(in io.Reader) (end trailer, err error) {
	text, err := io.ReadAll(io.LimitReader(in, maxTrailer+5))
	if err != nil || len(text) < 4 || len(text) > maxTrailer+4 || int(binary.LittleEndian.Uint32(text)) != len(text)-4 {
		return end, errCopy
	}
	if err := json.Unmarshal(text[4:], &end); err != nil || !slices.Equal(end.Issuers, r.ids()) ||
		end.Last.Number < 1 || end.Ahead.Number < end.Last.Number {
		return end, errCopy
	}
	return end, nil
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
