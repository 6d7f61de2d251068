package fault

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/audit"
	"onecert/ca"
	"onecert/db"
	"onecert/keys"
	"onecert/kmc"
	"onecert/officer"
	"onecert/pki"
	"onecert/serve"
	"onecert/status"
)

// childVariable names the file of the part a child plays.
const childVariable = "ONECERT_FAULT_CHILD"

// part is what a child is told.
type part struct {
	Component string // "ca" or "kmc"
	Database  string
	Material  string // folder
	Home      string // folder of its own: lists, heads of the audit log
	Listen    string // Unix socket of its API
	KMC       string // the CA's: Unix socket of its centre
	WeakDisk  string // folder whose disk misbehaves when it is told to
}

// Rooms' own packages prove who may do what; here everybody may, under the name and
// role that a header says.
const actorHeader = "X-Test-Actor"

func everybody(ctx context.Context, _ officer.Operation) (pki.Actor, error) {
	actor, ok := pki.ActorFrom(ctx)
	if !ok {
		return actor, pki.Errorf(pki.Forbidden, "officer.none", "nobody is known to be asking")
	}
	return actor, nil
}

// live plays a part until standard input ends: a child does not outlive its parent.
func live(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var p part
	if err := json.Unmarshal(text, &p); err != nil {
		return err
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	api := serve.New(serve.Config{Title: p.Component, Version: "test", Log: complaints()})
	mux := http.NewServeMux()
	if p.WeakDisk != "" {
		disk, err := newWeakDisk(p.WeakDisk)
		if err != nil {
			return err
		}
		disk.routes(mux)
	}
	open := map[string]func(context.Context, part, *serve.API, *http.ServeMux) error{"ca": openCA, "kmc": openKMC}[p.Component]
	if err := open(context.Background(), p, api, mux); err != nil {
		return err
	}
	mux.Handle("/", api)
	if err := os.Remove(p.Listen); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	listener, err := net.Listen("unix", p.Listen)
	if err != nil {
		return err
	}
	fmt.Println(readyLine)
	return http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var actor pki.Actor
		if err := json.Unmarshal([]byte(r.Header.Get(actorHeader)), &actor); err == nil {
			r = r.WithContext(pki.WithActor(r.Context(), actor))
		}
		mux.ServeHTTP(w, r)
	}))
}

// readyLine is what a child prints when it answers.
const readyLine = "ready"

// headsPeriod is short, so that heads are copied in the middle of everything.
const headsPeriod = 20 * time.Millisecond

func openLog(ctx context.Context, p part) (*db.DB, *audit.Log, error) {
	d, err := db.Open(ctx, p.Database)
	if err != nil {
		return nil, nil, err
	}
	key, err := material{p.Material}.key(p.Component + "-heads")
	if err != nil {
		return nil, nil, err
	}
	signer, err := audit.NewSigner("fault.example/"+p.Component, key)
	if err != nil {
		return nil, nil, err
	}
	log, err := audit.Open(ctx, d, "fault.example/"+p.Component, signer)
	if err != nil {
		return nil, nil, err
	}
	if err := os.MkdirAll(p.heads(), 0o700); err != nil {
		return nil, nil, err
	}
	return d, log, log.StartHeads(ctx, p.heads(), headsPeriod)
}

func (p part) heads() string { return p.Home + "/heads" }
func (p part) lists() string { return p.Home + "/crl" }

func openCA(ctx context.Context, p part, api *serve.API, mux *http.ServeMux) error {
	m := material{p.Material}
	d, log, err := openLog(ctx, p)
	if err != nil {
		return err
	}
	config := ca.Config{DB: d, Audit: log, HolderKey: make([]byte, 32), Check: everybody, Log: complaints(),
		CRL: ca.CRLRules{Dir: p.lists(), Pause: 50 * time.Millisecond}}
	if config.Status, err = status.Open(ctx, d); err != nil {
		return err
	}
	if config.Profiles, err = ca.DeliveredProfiles(); err != nil {
		return err
	}
	for _, family := range []string{"sm2", "ecdsa"} {
		issuer, err := m.issuer(family)
		if err != nil {
			return err
		}
		config.Issuers = append(config.Issuers, issuer)
	}
	centre, err := newCentreClient(m, p.KMC)
	if err != nil {
		return err
	}
	config.KMC = centre
	room, err := ca.New(ctx, config)
	if err != nil {
		return err
	}
	room.Routes(api.Huma)
	go room.KeepCRLs(ctx)
	go room.KeepRetired(ctx)
	mux.HandleFunc("/check", answers(func(ctx context.Context) (checked, error) {
		dropIdle(d)
		return checked{Faults: append(ca.CheckInvariants(ctx, room), auditFaults(ctx, d, m, p)...)}, nil
	}))
	return nil
}

// complaints logs on standard error what goes wrong, not what is refused meanwhile;
// the parent keeps it.
func complaints() *slog.Logger {
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))
}

func newCentreClient(m material, socket string) (*kmc.Client, error) {
	key, err := m.key("ca1")
	if err != nil {
		return nil, err
	}
	own, err := m.certificate("ca1")
	if err != nil {
		return nil, err
	}
	centre, err := m.certificate("kmc")
	if err != nil {
		return nil, err
	}
	api, err := dial(socket, pki.Actor{Name: "ca1", Roles: []string{officer.Site}})
	if err != nil {
		return nil, err
	}
	return kmc.NewClient(kmc.ClientConfig{API: api, Key: key, Certificate: own, Centre: []*smx509.Certificate{centre}})
}

// smallPool is often empty, so that pairs are also made on demand.
var smallPool = map[pki.Suite]kmc.PoolSize{pki.SM2: {Target: 24, Low: 12}, pki.P256: {Target: 4, Low: 2}}

func openKMC(ctx context.Context, p part, api *serve.API, mux *http.ServeMux) error {
	m := material{p.Material}
	d, log, err := openLog(ctx, p)
	if err != nil {
		return err
	}
	config := kmc.Config{DB: d, Audit: log, Check: everybody, Pool: smallPool, HolderOf: ca.HolderOf, Log: complaints(),
		Peers: map[string][]*smx509.Certificate{}}
	if config.Sealer, err = keys.OpenSealer("file:"+m.in("master.pem"), keys.Options{Passphrase: []byte(masterPassphrase)}); err != nil {
		return err
	}
	if config.MessageKey, err = m.key("kmc"); err != nil {
		return err
	}
	if config.MessageCertificate, err = m.certificate("kmc"); err != nil {
		return err
	}
	peer, err := m.certificate("ca1")
	if err != nil {
		return err
	}
	config.Peers["ca1"] = []*smx509.Certificate{peer}
	for _, family := range []string{"sm2", "ecdsa"} {
		trusted, err := m.certificate(family)
		if err != nil {
			return err
		}
		config.Trust = append(config.Trust, trusted)
	}
	centre, err := kmc.New(ctx, config)
	if err != nil {
		return err
	}
	centre.Routes(api)
	mux.HandleFunc("/check", answers(func(ctx context.Context) (checked, error) {
		dropIdle(d)
		if err := centre.Fill(ctx); err != nil { // then the fillers find nothing to do
			return checked{}, err
		}
		return checked{Faults: append(kmc.CheckInvariants(ctx, centre), auditFaults(ctx, d, m, p)...)}, nil
	}))
	mux.HandleFunc("/uses", answers(func(ctx context.Context) (checked, error) {
		uses, err := readUses(ctx, d)
		return checked{Uses: uses}, err
	}))
	return nil
}

// dropIdle closes connections that nobody uses: some may have been cut, and those who
// look through a database take that for a fault of it.
func dropIdle(d *db.DB) {
	d.Read().SetMaxIdleConns(-1)
	d.Read().SetMaxIdleConns(8)
}

// checked is what a child says of itself while nobody acts.
type checked struct {
	Faults []string
	Uses   []use // the KMC's
	Weak   int64 // calls that met the disk's weakness
}

// use is a pair that was handed out, as the KMC's tables have it.
type use struct {
	Application string
	Numbers     []pki.Serial // of certificates it stands under
	PublicKey   string       // SPKI, hexadecimal
	Ended       bool
}

func readUses(ctx context.Context, d *db.DB) (all []use, err error) {
	rows, err := d.Read().QueryContext(ctx, `SELECT u.application, s.cert_no, k.spki, u.ended_at IS NOT NULL
		FROM kmc_use u JOIN kmc_key k ON k.id = u.key_id JOIN kmc_standing s ON s.key_id = u.key_id WHERE u.ca = 'ca1' ORDER BY u.application`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var u use
		var number pki.Serial
		var public []byte
		if err := rows.Scan(&u.Application, (*string)(&number), &public, &u.Ended); err != nil {
			return nil, err
		}
		if last := len(all) - 1; last < 0 || all[last].Application != u.Application {
			u.PublicKey = hex.EncodeToString(public)
			all = append(all, u)
		}
		here := &all[len(all)-1]
		here.Numbers = append(here.Numbers, number)
	}
	return all, rows.Err()
}

// auditFaults holds the log against every head that was ever copied away.
func auditFaults(ctx context.Context, d *db.DB, m material, p part) (faults []string) {
	key, err := m.key(p.Component + "-heads")
	if err != nil {
		return []string{err.Error()}
	}
	verifier, err := audit.NewVerifier("fault.example/"+p.Component, key.Public())
	if err != nil {
		return []string{err.Error()}
	}
	heads, err := audit.ReadHeads(p.heads())
	if err != nil {
		return []string{err.Error()}
	}
	report, err := audit.Verify(ctx, d, []audit.Verifier{verifier}, heads)
	if err != nil {
		return []string{err.Error()}
	}
	for _, f := range report.Faults {
		faults = append(faults, f.Kind+": "+f.Text)
	}
	return faults
}

func answers(look func(context.Context) (checked, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		found, err := look(r.Context())
		if err != nil {
			serve.Refuse(w, r, err)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(found) // who asked sees half an answer
	}
}
