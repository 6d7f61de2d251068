package wire

import (
	"crypto/sha256"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"onecert/backup"
	"onecert/gateway"
	"onecert/officer"
	"onecert/pki"
	"onecert/policy"
	"onecert/sso"
)

// TestGatewayBackup: a gateway's archive is whole, its drill works, and what is brought
// back from it has the configuration and the keys, and nobody logged in: neither whose
// session was ended after the backup nor anybody else.
func TestGatewayBackup(t *testing.T) {
	_, trust := smallAuthority(t)
	config := newGateway(t, trust)
	p := gatewayWithoutCA(t, config)
	who := pki.WithActor(t.Context(), admit(t, p.Officers, officer.Security))
	document := &gateway.Configuration{Policy: policy.Rules{Version: 1, Rules: []policy.Rule{{ID: "all", Effect: policy.Allow}}}}
	if _, err := p.Apply(who, gateway.Change{Note: "first", Document: document}); err != nil {
		t.Fatal(err)
	}
	token, session, err := p.Logins.Open(t.Context(), sso.Login{Fingerprint: sha256.Sum256([]byte("alice")), Issuer: "sm2", Serial: "7abc", User: "alice", Level: 2,
		Steps: []sso.Step{sso.Certificate}})
	if err != nil {
		t.Fatal(err)
	}
	var h held
	dir := t.TempDir()
	made, err := CreateBackup(t.Context(), NewBackup{Config: config, Out: filepath.Join(dir, "gateway.backup"),
		Lock: backup.Lock{Cipher: backup.SM4GCM, Threshold: 2, Total: 3}, Deliver: h.deliver(t)}, quietly())
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Logins.End(t.Context(), session.ID, sso.LoggedOut); err != nil {
		t.Fatal(err)
	}
	secrets := filepath.Join(dir, "secrets")
	if err := os.Mkdir(secrets, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range made.Manifest.Apart {
		text, err := os.ReadFile(filepath.Join(filepath.Dir(config), name))
		if err != nil {
			t.Fatal(err)
		}
		write(t, secrets, name, string(text))
	}
	key := backup.Key{Shares: h.all[1:]}
	done, err := RestoreBackup(t.Context(), NewRestore{Archive: made.File, Key: key, Dir: filepath.Join(dir, "new"), Component: componentGateway, Secrets: secrets}, quietly())
	if err != nil || len(done.Missing) > 0 || done.Sessions != 1 {
		t.Fatalf("%+v, %v", done, err)
	}
	again := gatewayWithoutCA(t, done.Config)
	if _, err := again.Logins.Read(token, again.options.now()()); pki.CodeOf(err) != "sso.token" {
		t.Errorf("the token of a session that was ended since: %v", err)
	}
	for _, fault := range sso.CheckInvariants(t.Context(), again.Logins) {
		t.Error(fault)
	}
	c, v, err := again.Current(who)
	if err != nil || v.Number != 1 || len(c.Policy.Rules) != 1 {
		t.Errorf("%+v %+v %v", c, v, err)
	}
	scratch := t.TempDir()
	drilled, err := RunDrill(t.Context(), NewDrill{Archives: []string{made.File}, Key: key, Secrets: secrets, Config: config, Scratch: scratch, Thorough: true}, quietly())
	if err != nil || !drilled.Good || !slices.Contains(names(drilled), "start gateway") || !slices.Contains(names(drilled), "check gateway") {
		t.Errorf("%v, %q", err, names(drilled))
	}
	if left, _ := os.ReadDir(scratch); len(left) > 0 {
		t.Errorf("left in the scratch place: %v", left)
	}
}

// TestGatewayBackupWithSharedSessions: sessions that several gateways share are no part of
// one's backup; bringing it back, and a drill, leave them alone.
func TestGatewayBackupWithSharedSessions(t *testing.T) {
	_, trust := smallAuthority(t)
	config := newGateway(t, trust)
	c, err := LoadGateway(config)
	if err != nil {
		t.Fatal(err)
	}
	c.Sessions.Database = "sqlite:" + filepath.Join(t.TempDir(), "sessions.db")
	if err := replaceConfig(config, c); err != nil {
		t.Fatal(err)
	}
	p := machineAt(t, config, "127.0.0.1")
	token, _, err := p.Logins.Open(t.Context(), sso.Login{Fingerprint: sha256.Sum256([]byte("alice")), Issuer: "sm2", Serial: "7abc", User: "alice", Level: 2, Steps: []sso.Step{sso.Certificate}})
	if err != nil {
		t.Fatal(err)
	}
	var h held
	dir := t.TempDir()
	made, err := CreateBackup(t.Context(), NewBackup{Config: config, Out: filepath.Join(dir, "gateway.backup"), Secrets: true,
		Lock: backup.Lock{Cipher: backup.SM4GCM, Threshold: 2, Total: 3}, Deliver: h.deliver(t)}, quietly())
	if err != nil {
		t.Fatal(err)
	}
	key := backup.Key{Shares: h.all[1:]}
	done, err := RestoreBackup(t.Context(), NewRestore{Archive: made.File, Key: key, Dir: filepath.Join(dir, "new"), Component: componentGateway}, quietly())
	if err != nil || len(done.Missing) > 0 || done.Sessions != 0 {
		t.Fatalf("%+v, %v", done, err)
	}
	drilled, err := RunDrill(t.Context(), NewDrill{Archives: []string{made.File}, Key: key, Config: config, Scratch: t.TempDir(), Thorough: true}, quietly())
	if err != nil || !drilled.Good {
		t.Errorf("%v, %q", err, names(drilled))
	}
	again := machineAt(t, done.Config, "127.0.0.1")
	if _, err := again.Logins.Read(token, again.options.now()()); err != nil {
		t.Errorf("the session goes on no longer: %v", err)
	}
	if rows, err := p.Logins.List(t.Context(), sso.Query{Limit: 10}); err != nil || len(rows) != 1 {
		t.Errorf("%d sessions, %v", len(rows), err)
	}
}
