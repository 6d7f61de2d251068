package pkitest

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Server is a PostgreSQL of one test, which the test may kill, start again and copy.
// It listens on a Unix socket in its own folder only. It does not sync to disk: a
// killed process loses nothing that the kernel has.
type Server struct {
	of    cluster
	owner account
	bin   string
	data  string
}

// NewServer makes and starts a server, which ends with the test.
func NewServer(t testing.TB) *Server {
	t.Helper()
	s := bare(t)
	initdb := s.owner.command(s.of.dir, filepath.Join(s.bin, "initdb"), "--pgdata", s.data, "--username", "postgres",
		"--auth", "trust", "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync")
	if out, err := initdb.CombinedOutput(); err != nil {
		t.Fatalf("making a PostgreSQL cluster: %v: %s", err, out)
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	return s
}

func bare(t testing.TB) *Server {
	t.Helper()
	bin, err := binaries()
	if err != nil {
		t.Fatal(err)
	}
	owner, err := serverAccount()
	if err != nil {
		t.Fatal(err)
	}
	dir, err := folder(owner, false)
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{of: cluster{dir: dir, user: "postgres"}, owner: owner, bin: bin, data: filepath.Join(dir, "data")}
	t.Cleanup(func() {
		s.end()
		os.RemoveAll(dir)
	})
	return s
}

// keeper starts PostgreSQL and stops it at the end of its standard input, as watchdog
// does, and leaves its files. It ends with the server, too.
const keeper = `
dir=$1 bin=$2 data=$3
"$bin/postgres" -D "$data" -c listen_addresses= -c unix_socket_directories="$dir" -c fsync=off \
	-c max_connections=100 >>"$dir/log" 2>&1 </dev/null &
server=$!
cat >/dev/null
kill -KILL $server 2>/dev/null # a shell's background process ignores QUIT until it has its own handlers
wait $server
exit 0
`

// Start starts a server that does not run, after whatever end, and waits until it
// answers.
func (s *Server) Start() error {
	s.end()
	patience := 2 * time.Second
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(20 * time.Millisecond) {
		if err := s.launch(); err != nil {
			return err
		}
		err := s.answers(patience)
		patience *= 2 // a busy machine takes long over a start, and it must not be broken off for ever
		if err == nil {
			return nil
		}
		s.end() // what is left of a killed server may still hold its memory
		if time.Now().After(deadline) {
			log, _ := os.ReadFile(filepath.Join(s.of.dir, "log"))
			return fmt.Errorf("waiting for PostgreSQL: %w: %s", err, log)
		}
	}
}

func (s *Server) launch() error {
	// A server that was killed before it had written its lock would keep all others out.
	lock := filepath.Join(s.data, "postmaster.pid")
	if info, err := os.Stat(lock); err == nil && info.Size() == 0 {
		if err := os.Remove(lock); err != nil {
			return fmt.Errorf("starting PostgreSQL: %w", err)
		}
	}
	dog := s.owner.command(s.of.dir, "/bin/sh", "-c", keeper, "sh", s.of.dir, s.bin, s.data)
	dog.SysProcAttr.Setsid = true
	var leash io.WriteCloser
	leash, err := dog.StdinPipe()
	if err == nil {
		err = dog.Start()
	}
	if err != nil {
		return fmt.Errorf("starting PostgreSQL: %w", err)
	}
	s.of.leash, s.of.dog = leash, dog
	return nil
}

// answers waits some time for an answer, and less long for a server that has given up.
func (s *Server) answers(patience time.Duration) (err error) {
	const look = 20 * time.Millisecond
	enough := int(patience/look) / 4 // looks that found none; one that starts has its file after a few
	gone := 0
	for deadline := time.Now().Add(patience); time.Now().Before(deadline) && gone < enough; time.Sleep(look) {
		if err = s.of.exec("SELECT 1"); err == nil {
			return nil
		}
		if pid, found := s.pid(); !found || syscall.Kill(pid, 0) != nil {
			gone++
		}
	}
	return err
}

func (s *Server) end() {
	if s.of.dog == nil {
		return
	}
	s.of.leash.Close()
	_ = s.of.dog.Wait() // its end is what is wanted, whichever
	s.of.dog = nil
}

func (s *Server) pid() (int, bool) {
	text, err := os.ReadFile(filepath.Join(s.data, "postmaster.pid"))
	if err != nil {
		return 0, false
	}
	first, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(first)
	return pid, err == nil && pid > 0
}

// Kill ends the server as a crash would: SIGKILL, no word to anybody.
func (s *Server) Kill() error {
	pid, found := s.pid()
	if !found {
		return fmt.Errorf("killing PostgreSQL: it does not run")
	}
	return syscall.Kill(pid, syscall.SIGKILL)
}

// Database makes an empty database and returns what db.Open takes.
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	source, _, err := s.of.create()
	if err != nil {
		t.Fatal(err)
	}
	return source
}

// Moved is a source of another server as it is called here.
func (s *Server) Moved(t testing.TB, source string) string {
	t.Helper()
	config, err := pgx.ParseConfig(source)
	if err != nil {
		t.Fatal(err)
	}
	return s.of.source(config.Database)
}

// Replica makes a streaming replica and returns when the server waits for it at each
// commit (synchronous replication).
func (s *Server) Replica(t testing.TB) *Server {
	t.Helper()
	r := bare(t)
	copying := s.owner.command(r.of.dir, filepath.Join(s.bin, "pg_basebackup"), "--host", s.of.dir, "--username", "postgres",
		"--pgdata", r.data, "--write-recovery-conf", "--wal-method", "stream", "--checkpoint", "fast", "--no-sync")
	if out, err := copying.CombinedOutput(); err != nil {
		t.Fatalf("copying a PostgreSQL cluster: %v: %s", err, out)
	}
	if err := r.Start(); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"ALTER SYSTEM SET synchronous_standby_names = '*'", "SELECT pg_reload_conf()"} {
		if err := s.of.exec(text); err != nil {
			t.Fatal(err)
		}
	}
	s.awaitSync(t)
	return r
}

func (s *Server) awaitSync(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, s.of.source("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	for sync := false; !sync; time.Sleep(20 * time.Millisecond) {
		if err := conn.QueryRow(ctx, "SELECT count(*) > 0 FROM pg_stat_replication WHERE sync_state = 'sync'").Scan(&sync); err != nil {
			t.Fatalf("waiting for the replica: %v", err)
		}
	}
}

// Promote makes a replica a server of its own.
func (s *Server) Promote() error { return s.of.exec("SELECT pg_promote()") }
