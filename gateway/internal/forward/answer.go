package forward

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"time"
)

// startAnswer writes the header of an answer: what is for us alone is left out, what the
// door says already stays as it says it, addresses are mended.
func (f *flow) startAnswer(status int, fields []field, named []string) {
	header := f.w.Header()
	var taken []string // names the door set
	for name := range header {
		if name != "Set-Cookie" {
			taken = append(taken, name)
		}
	}
	f.idle = f.pool.spans.idle
	values := make([]string, len(fields))
	typed := false
	for i, one := range fields {
		if hopByHop(one.name) || one.name == "Alt-Svc" || contains(named, one.name) || contains(taken, one.name) || f.foreignCookie(one) {
			continue
		}
		if one.name == "Content-Type" {
			typed = true
			if strings.HasPrefix(one.value, "text/event-stream") || strings.HasPrefix(one.value, "application/grpc") {
				f.idle = 0
			}
		}
		values[i] = f.mends.header(one.name, one.value)
		if before := header[one.name]; before != nil {
			header[one.name] = append(before, values[i])
		} else {
			header[one.name] = values[i : i+1 : i+1]
		}
	}
	if !typed && header["Content-Type"] == nil {
		header["Content-Type"] = nil // or net/http would guess one
	}
	if f.fresh != nil {
		http.SetCookie(f.w, f.fresh)
	}
	if f.parting {
		header["Connection"] = []string{"close"}
	}
	f.announce(status, header)
	f.res.Started, f.res.Status = true, status
	f.w.WriteHeader(status)
}

// foreignCookie says whether a back end tries to set a cookie of the door's.
func (f *flow) foreignCookie(one field) bool {
	if one.name != "Set-Cookie" {
		return false
	}
	name, _, _ := strings.Cut(one.value, "=")
	name = strings.Trim(name, " \t")
	return f.o.Own != nil && f.o.Own(name) || f.fresh != nil && name == f.fresh.Name
}

func contains(names []string, name string) bool {
	for _, one := range names {
		if one == name {
			return true
		}
	}
	return false
}

// answer writes the body. What is there already is written at once; before each wait the
// client gets what came so far.
func (f *flow) answer(length int64, from source) error {
	f.dirty = length < 0
	var err error
	if f.rework != nil {
		err = f.rework.copy(f, from)
	} else {
		err = f.copy(from)
	}
	if err != nil {
		return err
	}
	for _, one := range from.trailers() {
		f.w.Header().Add(http.TrailerPrefix+one.name, one.value)
	}
	return nil
}

func (f *flow) copy(from source) error {
	for {
		piece, err := from.next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if _, err := f.Write(piece); err != nil {
			return err
		}
	}
}

// Write writes to the client.
func (f *flow) Write(piece []byte) (n int, err error) {
	f.dirty = true
	n, err = f.w.Write(piece)
	f.res.Sent += int64(n)
	if err != nil {
		return n, errors.Join(errClientGone, err)
	}
	return n, nil
}

// pause is called before an answer's next piece is waited for.
func (f *flow) pause(c *conn) {
	f.flush()
	f.watch(c)
	c.patience(f.idle)
	f.hurry()
}

// hurry bounds how long a client may take over the next piece, the wait for it included.
// Servers take the limit back with the request's end.
func (f *flow) hurry() {
	var until time.Time
	if f.idle > 0 {
		until = time.Now().Add(2 * f.idle)
	}
	http.NewResponseController(f.w).SetWriteDeadline(until)
}

func (f *flow) flush() {
	if f.dirty {
		f.dirty = false
		if f.rework != nil {
			f.rework.flush()
		}
		http.NewResponseController(f.w).Flush()
	}
}
