package pkitest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// One cluster of each kind a process, started by the first test that asks.
var (
	hasty   = sync.OnceValues(func() (*cluster, error) { return startCluster("off") })
	durable = sync.OnceValues(func() (*cluster, error) { return startCluster("on") })
)

var (
	errNoPostgres = errors.New("PostgreSQL is not installed (no /usr/lib/postgresql/*/bin/initdb): run 'make deps', it installs what the tests need")
	errNoFolder   = errors.New("starting PostgreSQL: neither the temporary folder nor /tmp can be entered by the user postgres: set TMPDIR to a folder that can")
)

// cluster is a throw-away PostgreSQL that listens on a Unix socket in its own
// folder only, so it takes no port and nobody else on the machine reaches it.
type cluster struct {
	dir  string
	user string
	last atomic.Int64
	// leash is the write end of the watchdog's standard input. The kernel closes
	// it when this process ends, however it ends; then the watchdog stops
	// PostgreSQL and removes the folder. It stands here so that it is not collected.
	leash io.WriteCloser
	dog   *exec.Cmd
}

func startCluster(fsync string) (*cluster, error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	owner, err := serverAccount()
	if err != nil {
		return nil, err
	}
	dir, err := folder(owner, fsync == "on")
	if err != nil {
		return nil, err
	}
	data := filepath.Join(dir, "data")
	initdb := owner.command(dir, filepath.Join(bin, "initdb"), "--pgdata", data, "--username", "postgres",
		"--auth", "trust", "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync")
	if out, err := initdb.CombinedOutput(); err != nil {
		os.RemoveAll(dir)
		return nil, fmt.Errorf("making a PostgreSQL cluster: %w: %s", err, out)
	}
	c := &cluster{dir: dir, user: "postgres"}
	if err := c.watch(owner, bin, data, fsync); err != nil {
		os.RemoveAll(dir)
		return nil, err
	}
	return c, c.await()
}

// watchdog starts PostgreSQL and stops it at the end of its standard input. In a
// session of its own, an interrupt from the keyboard does not reach it first.
const watchdog = `
dir=$1 bin=$2 data=$3 fsync=$4
"$bin/postgres" -D "$data" -c listen_addresses= -c unix_socket_directories="$dir" \
	-c fsync="$fsync" -c synchronous_commit=on -c full_page_writes="$fsync" -c max_connections=200 \
	>"$dir/log" 2>&1 </dev/null &
server=$!
cat >/dev/null
kill -QUIT $server
wait $server
for try in 1 2 3 4 5 6 7 8 9 10; do
	rm -rf "$dir" && exit 0
	sleep 1 # a server process on its last breath still writes
done
exit 1
`

func (c *cluster) watch(owner account, bin, data, fsync string) error {
	dog := owner.command(c.dir, "/bin/sh", "-c", watchdog, "sh", c.dir, bin, data, fsync)
	dog.SysProcAttr.Setsid = true
	leash, err := dog.StdinPipe()
	if err != nil {
		return fmt.Errorf("starting PostgreSQL: %w", err)
	}
	if err := dog.Start(); err != nil {
		return fmt.Errorf("starting PostgreSQL: %w", err)
	}
	c.leash, c.dog = leash, dog
	return nil
}

// stop ends the server and returns when its folder is gone.
func (c *cluster) stop() error {
	c.leash.Close()
	if err := c.dog.Wait(); err != nil {
		return fmt.Errorf("stopping PostgreSQL: %w", err)
	}
	return nil
}

// await returns when the server answers, or after two minutes with its log.
func (c *cluster) await() error {
	var err error
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if err = c.exec("SELECT 1"); err == nil {
			return nil
		}
	}
	log, _ := os.ReadFile(filepath.Join(c.dir, "log"))
	c.leash.Close()
	return fmt.Errorf("waiting for PostgreSQL: %w: %s", err, bytes.TrimSpace(log))
}

func (c *cluster) source(name string) string {
	query := url.Values{"host": {c.dir}}
	return "postgres://" + c.user + "@/" + name + "?" + query.Encode()
}

// create makes a fresh database; drop removes it, whoever is still connected.
func (c *cluster) create() (source string, drop func() error, err error) {
	name := "test" + strconv.FormatInt(c.last.Add(1), 10)
	if err := c.exec("CREATE DATABASE " + name); err != nil {
		return "", nil, fmt.Errorf("creating a database: %w", err)
	}
	return c.source(name), func() error { return c.exec("DROP DATABASE " + name + " WITH (FORCE)") }, nil
}

func (c *cluster) exec(text string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, c.source("postgres"))
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, text)
	return err
}

// binaries finds the folder of initdb and postgres, which Debian keeps out of
// PATH; of several versions it takes the newest.
func binaries() (string, error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	best, bestVersion := "", -1
	for _, path := range found {
		dir := filepath.Dir(path)
		version, _ := strconv.Atoi(strings.Split(dir, "/")[4])
		if version > bestVersion {
			best, bestVersion = dir, version
		}
	}
	if best != "" {
		return best, nil
	}
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path), nil
	}
	return "", errNoPostgres
}

// account is the user the server runs as; PostgreSQL refuses root.
type account struct {
	credential *syscall.Credential // nil: as ourselves
}

func serverAccount() (account, error) {
	if os.Geteuid() != 0 {
		return account{}, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return account{}, fmt.Errorf("starting PostgreSQL as root: %w: run 'make deps'", err)
	}
	uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
	gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
	if err := errors.Join(err1, err2); err != nil {
		return account{}, fmt.Errorf("starting PostgreSQL as root: %w", err)
	}
	return account{&syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, nil
}

// owns hands dir to the account and reports whether the account can enter it.
func (a account) owns(dir string) error {
	if a.credential != nil {
		if err := os.Chown(dir, int(a.credential.Uid), int(a.credential.Gid)); err != nil {
			return err
		}
	}
	return a.command(dir, "/bin/sh", "-c", "test -w .").Run()
}

func (a account) command(dir, name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	cmd.Env = []string{"PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: a.credential}
	return cmd
}
