package gateway

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"onecert/pki"
)

// AccessConfig says where visits are logged. Dir is required.
type AccessConfig struct {
	Dir      string        // of access.log and of those before it
	MaxBytes int64         // of one file; 0: 256 MiB
	Keep     time.Duration // files are removed that long after their last line; 0: 180 days
	Queue    int           // visits that may wait to be written; 0: 16384
	// Send hands lines to a collector as well; what it does not take is lost there and
	// stands in the file all the same. nil: none.
	Send func(ctx context.Context, lines [][]byte) error
	Now  func() time.Time
	Log  *slog.Logger
}

// AccessLog writes visits down, beside the requests: a full disk or a slow one keeps
// nobody waiting. What could not be written is counted, and said in the log itself as
// soon as it can be written again.
type AccessLog struct {
	cfg     AccessConfig
	queue   chan Visit
	sending chan [][]byte
	closed  chan struct{}
	group   sync.WaitGroup
	ending  sync.Once

	lost   atomic.Int64 // since the start
	unsent atomic.Int64
	fault  atomic.Pointer[error] // of the last write; nil: it went well

	// What follows belongs to the goroutine that writes.
	lines lineWriter
	file  *os.File
	size  int64
	day   string
	said  int64 // lost lines that the log says
}

const (
	accessName     = "access.log"
	defaultMax     = 256 << 20
	defaultKeep    = 180 * 24 * time.Hour
	defaultQueue   = 16_384
	accessBatch    = 256 << 10
	accessInterval = 200 * time.Millisecond
)

// OpenAccessLog goes on with the log in a folder. Close it.
func OpenAccessLog(cfg AccessConfig) (*AccessLog, error) {
	if cfg.MaxBytes <= 0 {
		cfg.MaxBytes = defaultMax
	}
	if cfg.Keep <= 0 {
		cfg.Keep = defaultKeep
	}
	if cfg.Queue <= 0 {
		cfg.Queue = defaultQueue
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return nil, pki.Errorf(pki.Unavailable, "gateway.log", "the folder of the access log cannot be made").To("check the rights of %s", cfg.Dir).Because(err)
	}
	l := &AccessLog{cfg: cfg, queue: make(chan Visit, cfg.Queue), sending: make(chan [][]byte, 16), closed: make(chan struct{})}
	if err := l.open(); err != nil {
		return nil, pki.Errorf(pki.Unavailable, "gateway.log", "the access log cannot be opened").To("check the rights of %s", cfg.Dir).Because(err)
	}
	l.group.Go(l.write)
	if cfg.Send != nil {
		l.group.Go(l.send)
	}
	return l, nil
}

// Write takes a visit. It never waits: with the queue full the line is lost and counted.
func (l *AccessLog) Write(v Visit) {
	select {
	case l.queue <- v:
	default:
		l.lost.Add(1)
	}
}

// Lost is how many lines could not be written since the start, Unsent how many the
// collector did not get.
func (l *AccessLog) Lost() int64   { return l.lost.Load() }
func (l *AccessLog) Unsent() int64 { return l.unsent.Load() }

// Fault is why the last line could not be written; nil: it could.
func (l *AccessLog) Fault() error {
	if e := l.fault.Load(); e != nil {
		return *e
	}
	return nil
}

// Close writes what waits and ends. Write must not be called any more.
func (l *AccessLog) Close() error {
	l.ending.Do(func() { close(l.closed) })
	l.group.Wait()
	if l.file == nil {
		return nil
	}
	return l.file.Close()
}

// write is the goroutine that writes: many lines at once, a fifth of a second late.
func (l *AccessLog) write() {
	defer close(l.sending)
	tick := time.NewTicker(accessInterval)
	defer tick.Stop()
	var batch []byte
	count := int64(0)
	flush := func() {
		if count > 0 || l.lost.Load() != l.said {
			l.put(batch, count)
		}
		batch, count = batch[:0], 0
	}
	take := func(v Visit) {
		batch, count = l.lines.line(batch, &v), count+1
		if len(batch) >= accessBatch {
			flush()
		}
	}
	for {
		select {
		case v := <-l.queue:
			take(v)
		case <-tick.C:
			flush()
		case <-l.closed:
			for len(l.queue) > 0 {
				take(<-l.queue)
			}
			flush()
			return
		}
	}
}

// put writes lines, or counts them as lost.
func (l *AccessLog) put(batch []byte, count int64) {
	owed := l.lost.Load() - l.said
	if owed > 0 {
		batch = append(l.lossLine(owed), batch...)
	}
	err := l.turn(int64(len(batch)))
	if err == nil {
		err = l.append(batch)
	}
	l.hand(batch)
	if err == nil {
		l.said += owed
		l.fault.Store(nil)
		return
	}
	if l.fault.Swap(&err) == nil {
		l.cfg.Log.Error("the access log cannot be written; requests go on, and lines are lost until it can", "error", err)
	}
	l.lost.Add(count)
}

// lossLine says how many lines are missing before it.
func (l *AccessLog) lossLine(lost int64) []byte {
	return fmt.Appendf(nil, `{"at":%q,"address":"","application":"","protocol":"","decision":{"allowed":false,"reason":""},"lost":%d}`+"\n",
		l.cfg.Now().UTC().Format(time.RFC3339Nano), lost)
}

// append writes whole lines or nothing.
func (l *AccessLog) append(batch []byte) error {
	if l.file == nil {
		if err := l.open(); err != nil {
			return err
		}
	}
	n, err := l.file.Write(batch)
	if err != nil {
		if n > 0 {
			err = errors.Join(err, l.file.Truncate(l.size))
		}
		l.file.Close() // and opened anew for the next
		l.file = nil
		return err
	}
	l.size += int64(n)
	return nil
}

// open goes on with the file; one that ends within a line gets the end of it.
func (l *AccessLog) open() error {
	file, err := os.OpenFile(filepath.Join(l.cfg.Dir, accessName), os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	info, err := file.Stat()
	if err != nil {
		file.Close()
		return err
	}
	l.file, l.size, l.day = file, info.Size(), info.ModTime().In(china()).Format(time.DateOnly)
	if l.size == 0 {
		l.day = l.cfg.Now().In(china()).Format(time.DateOnly)
		return nil
	}
	var last [1]byte
	if _, err := file.ReadAt(last[:], l.size-1); err != nil && !errors.Is(err, io.EOF) {
		file.Close()
		l.file = nil
		return err
	}
	if last[0] != '\n' {
		if _, err := file.WriteString("\n"); err == nil {
			l.size++
		}
	}
	return nil
}

// turn begins another file on another day, or where this one would become too large.
func (l *AccessLog) turn(more int64) error {
	today := l.cfg.Now().In(china()).Format(time.DateOnly)
	if l.file == nil || l.size == 0 || l.day == today && l.size+more <= l.cfg.MaxBytes {
		l.day = today
		return nil
	}
	name := filepath.Join(l.cfg.Dir, "access-"+l.cfg.Now().UTC().Format("20060102T150405.000000000Z")+".log")
	if err := os.Rename(filepath.Join(l.cfg.Dir, accessName), name); err != nil {
		return err
	}
	l.file.Close()
	l.file = nil
	l.forget()
	return l.open()
}

// forget removes files whose time is over. One that cannot be removed is tried again.
func (l *AccessLog) forget() {
	for _, file := range accessFiles(l.cfg.Dir) {
		info, err := os.Stat(file)
		if err == nil && filepath.Base(file) != accessName && l.cfg.Now().Sub(info.ModTime()) > l.cfg.Keep {
			if err := os.Remove(file); err != nil {
				l.cfg.Log.Warn("an old access log cannot be removed", "file", filepath.Base(file), "error", err)
			}
		}
	}
}

// accessFiles are the files of a log, the oldest first.
func accessFiles(dir string) []string {
	files, err := filepath.Glob(filepath.Join(dir, "access-*.log"))
	if err != nil {
		return nil
	}
	slices.Sort(files)
	return append(files, filepath.Join(dir, accessName))
}

// hand gives lines to the goroutine that sends them, if it keeps up.
func (l *AccessLog) hand(batch []byte) {
	if l.cfg.Send == nil {
		return
	}
	var lines [][]byte
	for _, line := range strings.SplitAfter(string(batch), "\n") {
		if line != "" {
			lines = append(lines, []byte(strings.TrimSuffix(line, "\n")))
		}
	}
	select {
	case l.sending <- lines:
	default:
		l.unsent.Add(int64(len(lines)))
	}
}

func (l *AccessLog) send() {
	for lines := range l.sending {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		if err := l.cfg.Send(ctx, lines); err != nil {
			if l.unsent.Add(int64(len(lines))) == int64(len(lines)) {
				l.cfg.Log.Warn("the collector does not take the access log; the file has everything", "error", err)
			}
		}
		cancel()
	}
}
