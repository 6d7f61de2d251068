package main

import (
	"bufio"
	"context"
	"crypto"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"
	"runtime/pprof"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/audit"
	"onecert/db"
	"onecert/gateway"
	"onecert/keys"
	"onecert/pki"
	"onecert/sso"
)

// gatewayWord makes the program the gateway that is measured, as a process of its own.
const gatewayWord = "gateway-for-bench"

// doorPlan is all a gateway needs.
type doorPlan struct {
	Dir           string
	Configuration json.RawMessage
	Keys          map[string][]byte // PKCS#8, by the name in the configuration
	Lists         map[string]string // CA -> file with its revocation list
	Person        doorPerson        // for decisions
	Profile       string            // folder for a processor profile; empty: none
}

// doorPerson is somebody who is asked about.
type doorPerson struct {
	Service string
	Chain   [][]byte
}

// doorOrder is what the bench asks of it beside requests; each is answered by one line of
// JSON.
type doorOrder struct{ Do string }

// doorAnswer answers it.
type doorAnswer struct {
	Error string
	Rows  []decisionRow
}

// serveGateway serves the gateway of a plan until standard input ends.
func serveGateway() error {
	debug.SetGCPercent(productGarbage)
	input, output := json.NewDecoder(bufio.NewReader(os.Stdin)), json.NewEncoder(os.Stdout)
	var p doorPlan
	if err := input.Decode(&p); err != nil {
		return fmt.Errorf("reading the plan: %w", err)
	}
	d, err := openDoor(context.Background(), p)
	if err != nil {
		return err
	}
	defer d.close()
	if p.Profile != "" {
		file, err := os.Create(filepath.Join(p.Profile, filepath.Base(p.Dir)+".prof"))
		if err != nil {
			return fmt.Errorf("making the profile: %w", err)
		}
		defer file.Close()
		pprof.StartCPUProfile(file)
		defer pprof.StopCPUProfile()
	}
	if err := output.Encode(d.gateway.Addresses()); err != nil {
		return fmt.Errorf("saying hello: %w", err)
	}
	for {
		var order doorOrder
		if err := input.Decode(&order); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("reading an order: %w", err)
		}
		var a doorAnswer
		switch order.Do {
		case "collect":
			debug.FreeOSMemory()
		case "decide":
			if a.Rows, err = d.decisions(p.Person); err != nil {
				a.Error = err.Error()
			}
		default:
			a.Error = "the gateway does not know " + order.Do
		}
		if err := output.Encode(a); err != nil {
			return fmt.Errorf("answering: %w", err)
		}
	}
}

// productGarbage is what serve.Run sets for every component.
const productGarbage = 400

// door is a gateway as its process puts it together, without a CA.
type door struct {
	gateway  *gateway.Gateway
	sessions *sso.Sessions
	log      *gateway.AccessLog
	store    *db.DB
}

func openDoor(ctx context.Context, p doorPlan) (d *door, err error) {
	d = &door{}
	defer func() {
		if err != nil {
			d.close()
		}
	}()
	if d.store, err = db.Open(ctx, "sqlite:"+filepath.Join(p.Dir, "gateway.db")); err != nil {
		return nil, err
	}
	key, err := newKey(pki.SM2)
	if err != nil {
		return nil, err
	}
	signer, err := audit.NewSigner(houseOrigin+"gateway", key)
	if err != nil {
		return nil, err
	}
	log, err := audit.Open(ctx, d.store, houseOrigin+"gateway", signer)
	if err != nil {
		return nil, err
	}
	sealer, err := keys.GenerateSealer("file:"+filepath.Join(p.Dir, "seal.pem"), keys.SM4GCM, keys.Options{Passphrase: []byte("throw-away words")})
	if err != nil {
		return nil, err
	}
	if d.sessions, err = sso.New(ctx, sso.Config{DB: d.store, Audit: log, Sealer: sealer}); err != nil {
		return nil, err
	}
	if d.log, err = gateway.OpenAccessLog(gateway.AccessConfig{Dir: p.Dir}); err != nil {
		return nil, err
	}
	assertion, err := newKey(pki.P256)
	if err != nil {
		return nil, err
	}
	d.gateway, err = gateway.New(ctx, gateway.Config{DB: d.store, Audit: log, Sessions: doorSessions{d.sessions}, Keys: p.key, Secret: make([]byte, 32),
		Name: "https://" + benchName, Assertions: []crypto.Signer{assertion}, Access: d.log, Failed: func(gateway.Failure) {},
		Log: slog.New(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))})
	if err != nil {
		return nil, err
	}
	return d, d.configure(p)
}

func (d *door) configure(p doorPlan) error {
	c, err := gateway.Parse(p.Configuration)
	if err != nil {
		return err
	}
	who := as("bench", "system", "security")
	if _, err := d.gateway.Apply(who, gateway.Change{Document: c}); err != nil {
		return err
	}
	for ca, file := range p.Lists {
		list, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if _, err := d.gateway.UploadList(who, ca, "list", list); err != nil {
			return err
		}
	}
	return nil
}

func (p *doorPlan) key(name string) (crypto.Signer, error) {
	key, err := smx509.ParsePKCS8PrivateKey(p.Keys[name])
	if err != nil {
		return nil, err
	}
	return key.(crypto.Signer), nil
}

func (d *door) close() {
	if d.gateway != nil {
		d.gateway.Close()
	}
	if d.log != nil {
		d.log.Close()
	}
	if d.sessions != nil {
		d.sessions.Close()
	}
	if d.store != nil {
		d.store.Close()
	}
}

// doorSessions are the sessions of sso as a gateway needs them.
type doorSessions struct{ *sso.Sessions }

func doorSession(s sso.Session) gateway.Session {
	return gateway.Session{ID: s.ID, Fingerprint: s.Fingerprint, Issuer: s.Issuer, Serial: s.Serial, User: s.User, Level: s.Level,
		Started: s.Started, LastSeen: s.LastSeen, Until: s.Until}
}

// Open implements gateway.Sessions.
func (s doorSessions) Open(ctx context.Context, l gateway.Login) (string, gateway.Session, error) {
	token, opened, err := s.Sessions.Open(ctx, sso.Login{Fingerprint: l.Fingerprint, Issuer: l.Issuer, Serial: l.Serial, NotAfter: l.NotAfter, User: l.User,
		Level: l.Level, Steps: []sso.Step{sso.Certificate}, Address: l.Address, Replaces: l.Replaces})
	return token, doorSession(opened), err
}

// Read implements gateway.Sessions.
func (s doorSessions) Read(token string, now time.Time) (gateway.Session, string, error) {
	read, err := s.Sessions.Read(token, now)
	if err != nil {
		return gateway.Session{}, "", err
	}
	fresh, _, err := s.Renew(read, now)
	return doorSession(read), fresh, err
}

// End implements gateway.Sessions.
func (s doorSessions) End(ctx context.Context, id, why string) error {
	return s.Sessions.End(ctx, id, sso.Why(why))
}

// EndOfCertificate implements gateway.Sessions.
func (s doorSessions) EndOfCertificate(ctx context.Context, issuer string, serial pki.Serial) error {
	return s.Sessions.EndOfCertificate(ctx, issuer, serial, sso.CertRevoked)
}

// List implements gateway.Sessions; nobody asks for it here.
func (s doorSessions) List(context.Context, gateway.SessionQuery) ([]gateway.SessionRow, error) {
	return nil, pki.Errorf(pki.NotImplemented, "bench.list", "the bench lists no sessions")
}
