package crl

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"time"

	"onecert/pki"
)

// history is the full lists that were published under a name, as files that never
// change: {dir}/{issuer}/history/{name}/{number}.crl, with an index of a line each.
// Deltas have none: what a delta said, the next full list says.
type history struct {
	kept []kept // in the order of their time
}

// kept is one list of the past.
type kept struct {
	Number     int64     `json:"number"`
	ThisUpdate time.Time `json:"this_update"`
	NextUpdate time.Time `json:"next_update"`
}

const historyIndex = "index.jsonl"

// spacing is the shortest time between two lists of a name that are kept. Short lists
// are all kept; of one that is long and made anew every minute or two, one an hour: what
// was true in between, the journal tells to the second.
func spacing(size int64) time.Duration {
	if size <= inMemory {
		return 0
	}
	return min(time.Hour, time.Duration(size/inMemory)*time.Minute)
}

// remember keeps a list that was just published. It shares the file: nothing is copied.
func (s *shelf) remember(head pki.ListHead) error {
	if head.Base > 0 {
		return nil
	}
	h := s.past(head.Name)
	if n := len(h); n > 0 && (h[n-1].Number >= head.Number || head.ThisUpdate.Sub(h[n-1].ThisUpdate) < spacing(head.Size)) {
		return nil
	}
	dir := filepath.Join(s.dir, "history", head.Name)
	err := os.MkdirAll(dir, 0o755)
	if err == nil {
		err = os.Link(filepath.Join(s.dir, head.Name+".crl"), filepath.Join(dir, strconv.FormatInt(head.Number, 10)+".crl"))
	}
	if os.IsExist(err) {
		err = nil // of a process that was killed before it wrote the index
	}
	k := kept{head.Number, head.ThisUpdate, head.NextUpdate}
	if err == nil {
		err = appendLine(filepath.Join(dir, historyIndex), k)
	}
	if err != nil {
		return pki.Errorf(pki.Unavailable, "crl.history", "list %s of issuer %s is published but cannot be kept for later", head.Name, s.issuer.ID).
			To("check the folder's space and rights").Because(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.history[head.Name].kept = append(s.history[head.Name].kept, k)
	return nil
}

func appendLine(path string, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = file.Write(append(text, '\n'))
	return err
}

// past returns the kept lists of a name; the index is read once.
func (s *shelf) past(name string) []kept {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.history[name]
	if h == nil {
		h = &history{kept: readHistory(filepath.Join(s.dir, "history", name, historyIndex))}
		s.history[name] = h
	}
	return h.kept
}

func readHistory(path string) (all []kept) {
	file, err := os.Open(path)
	if err != nil {
		return nil // nothing is kept yet
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var k kept
		if json.Unmarshal(lines.Bytes(), &k) == nil && k.Number > 0 { // else cut off by a full disk
			all = append(all, k)
		}
	}
	sort.SliceStable(all, func(a, b int) bool { return all[a].Number < all[b].Number })
	return all
}

// at returns the number of the list that was the newest at a moment.
func (s *shelf) at(name string, moment time.Time) (kept, error) {
	all := s.past(name)
	n := sort.Search(len(all), func(n int) bool { return all[n].ThisUpdate.After(moment) })
	if n == 0 {
		return kept{}, pki.Errorf(pki.Unknown, "crl.before", "no list %s of issuer %s is kept from then", name, s.issuer.ID).
			To("ask for a later moment, or for the state of one certificate")
	}
	return all[n-1], nil
}

// open opens a list of the past.
func (s *shelf) open(name string, number int64) (*os.File, error) {
	file, err := os.Open(filepath.Join(s.dir, "history", name, strconv.FormatInt(number, 10)+".crl"))
	if missing(err) {
		return nil, pki.Errorf(pki.Unknown, "crl.unknown", "no list of this number is kept here").To("see the index of the history")
	}
	if err != nil {
		return nil, fmt.Errorf("opening a list of the past: %w", err)
	}
	return file, nil
}
