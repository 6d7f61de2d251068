package serve

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
)

// linearKeys is how many keys of one object are compared one by one before a map
// takes over, so that an object of 50,000 keys does not cost their square.
const linearKeys = 16

// unmarshal is json.Unmarshal that refuses an object with the same key twice and
// whose errors name places, never content. encoding/json takes the last of two
// equal keys, other readers the first; a request that means different things to
// different readers is refused.
func unmarshal(text []byte, into any) error {
	if err := json.Unmarshal(text, into); err != nil {
		return placeOf(err)
	}
	// huma reads each body twice, into any to validate it and then into the
	// input; once is enough to look.
	if _, validating := into.(*any); validating {
		s := scanner{text: text}
		if at, twice := s.duplicate(); twice {
			return fmt.Errorf("a key is given twice at octet %d", at+1)
		}
	}
	return nil
}

func placeOf(err error) error {
	if e, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Errorf("malformed JSON at octet %d", e.Offset)
	}
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Errorf("a value of the wrong type ends at octet %d", e.Offset)
	}
	if _, ok := errors.AsType[base64.CorruptInputError](err); ok {
		return errors.New("octets are not in base64")
	}
	return errors.New("a value has the wrong form")
}

// scanner walks over JSON that json.Unmarshal has accepted.
type scanner struct {
	text []byte
	at   int
	keys [][]byte // of the objects open now, the innermost last
}

type level struct {
	object bool
	first  int                 // where this object's keys begin in keys
	many   map[string]struct{} // its keys once they are many
}

// duplicate returns where the first key stands that its object already has.
func (s *scanner) duplicate() (at int, found bool) {
	var open []level
	wantKey := false
	for s.at < len(s.text) {
		switch s.text[s.at] {
		case '{':
			open = append(open, level{object: true, first: len(s.keys)})
			wantKey = true
		case '[':
			open = append(open, level{first: len(s.keys)})
			wantKey = false
		case '}', ']':
			s.keys = s.keys[:open[len(open)-1].first]
			open = open[:len(open)-1]
			wantKey = false
		case ',':
			wantKey = open[len(open)-1].object
		case '"':
			start := s.at
			key, plain := s.str()
			if wantKey {
				if s.note(&open[len(open)-1], key, plain) {
					return start, true
				}
				wantKey = false
			}
			continue
		}
		s.at++
	}
	return 0, false
}

// str reads the string that begins here; plain says that its octets are its value.
func (s *scanner) str() (raw []byte, plain bool) {
	start, plain := s.at, true
	for s.at++; s.at < len(s.text); s.at++ {
		switch b := s.text[s.at]; {
		case b == '"':
			s.at++
			return s.text[start:s.at], plain
		case b == '\\':
			plain = false
			s.at++
		case b >= 0x80: // may be malformed UTF-8, which reads as U+FFFD
			plain = false
		}
	}
	return s.text[start:], false
}

// note adds a key to its object and reports whether it was there.
func (s *scanner) note(l *level, key []byte, plain bool) bool {
	if plain {
		key = key[1 : len(key)-1]
	} else {
		var value string
		if json.Unmarshal(key, &value) != nil {
			return true // cannot be: the whole was accepted
		}
		key = []byte(value)
	}
	if l.many != nil {
		if _, twice := l.many[string(key)]; twice {
			return true
		}
		l.many[string(key)] = struct{}{}
		return false
	}
	mine := s.keys[l.first:]
	for _, k := range mine {
		if string(k) == string(key) {
			return true
		}
	}
	if len(mine) == linearKeys {
		l.many = make(map[string]struct{}, 2*linearKeys)
		for _, k := range mine {
			l.many[string(k)] = struct{}{}
		}
		l.many[string(key)] = struct{}{}
		return false
	}
	s.keys = append(s.keys, key)
	return false
}
