package wire

import (
	"context"
	"crypto/tls"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"onecert/ca"
	"onecert/keys"
	"onecert/kmc"
	"onecert/officer"
	"onecert/pki"
	"onecert/serve"
	"onecert/tlcp"
)

// pairedInstall is a CA and a KMC in one process with keys for pairs; the CA serves.
func pairedInstall(t *testing.T, clock *lateClock) *installation {
	t.Helper()
	i := &installation{T: t, dir: t.TempDir(), clock: clock, options: Options{Now: clock.now, Log: slog.New(slog.DiscardHandler)}}
	n := NewCA{Dir: filepath.Join(i.dir, "ca"), Organisation: "示例省电子政务", Host: "127.0.0.1", Listen: freeAddress(t),
		Partitions: 1, Families: []string{"sm2", "ecdsa"}, Link: "tlcp",
		Addresses: ca.Addresses{CRL: "http://pki.example/crl", AIA: "http://pki.example/aia", OCSP: "http://pki.example/ocsp"}}
	if _, err := InitCA(t.Context(), n, i.options); err != nil {
		t.Fatal(err)
	}
	trust, err := os.ReadFile(filepath.Join(i.dir, "ca/trust.pem"))
	if err != nil {
		t.Fatal(err)
	}
	path, err := InitKMC(NewKMC{Dir: filepath.Join(i.dir, "kmc"), Host: "127.0.0.1", Listen: freeAddress(t), CA: "https://" + n.Listen, Trust: trust, SealWith: keys.AES256GCM, Link: "tlcp"})
	if err != nil {
		t.Fatal(err)
	}
	config, err := LoadKMC(path)
	if err != nil {
		t.Fatal(err)
	}
	config.Pool, config.MessageKey = map[pki.Suite]kmc.PoolSize{pki.SM2: {Target: 2, Low: 1}}, ""
	if i.kmc, err = OpenKMC(t.Context(), config, i.options); err != nil {
		t.Fatal(err)
	}
	i.options.KMC = InProcess{Centre: i.kmc, Name: "ca"}
	i.start()
	t.Cleanup(i.stop)
	return i
}

// siteOfKMC enrols the centre's certificate for TLS.
func (i *installation) siteOfKMC() {
	i.Helper()
	shown(i.T, i) // it answers
	if _, err := EnrolKMC(i.Context(), i.kmcConfig(), "https://"+i.ca.config.Listen, i.code("kmc")); err != nil {
		i.Fatal(err)
	}
}

func (i *installation) kmcConfig() string { return filepath.Join(i.dir, "kmc/kmc.yaml") }

func (i *installation) code(name string) string {
	i.Helper()
	ctx := pki.WithActor(i.Context(), pki.Actor{Name: "test", Roles: []string{officer.Security}})
	code, err := i.ca.Officers.NewCode(ctx, officer.Site, name, time.Hour)
	if err != nil {
		i.Fatal(err)
	}
	return code
}

func (i *installation) await(what string, done func() bool) {
	i.Helper()
	for deadline := time.Now().Add(20 * time.Second); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			i.Fatalf("%s has not come about", what)
		}
	}
}

// pairOfKMC opens what EnrolPair has put away.
func (i *installation) pairOfKMC() *serve.Pair {
	i.Helper()
	own, err := i.kmc.config.Pair.open(i.kmc.config.dir)
	if err != nil || own.Certificate() == nil {
		i.Fatal("the centre has no pair", err)
	}
	return own
}

// A pair comes over TLS, makes its holder known over TLCP, renews itself there in the
// same keys, and is worth nothing once it is revoked.
func TestPairOfACentre(t *testing.T) {
	clock := &lateClock{}
	i := pairedInstall(t, clock)
	i.siteOfKMC()
	i.await("the CA's pair", func() bool { return i.ca.pair.Certificate() != nil })
	if _, err := EnrolPair(t.Context(), i.kmcConfig(), "", i.code("kmc")); err != nil {
		t.Fatal(err)
	}
	i.kmc.pair = i.pairOfKMC()
	old := i.kmc.pair.Certificate()
	own := renewablePair{i.kmc.caller(), i.kmc.config.CA, i.kmc.config.dir, i.kmc.config.Pair}
	own.identity = nil // nothing of this goes over TLS

	clock.add(old.SignLeaf.NotAfter.Sub(old.SignLeaf.NotBefore)/2 + time.Hour)
	if now := clock.now(); now.Before(i.kmc.pair.RenewAt()) {
		t.Fatal("it is not half-lived")
	}
	if err := own.renew(t.Context()); err != nil {
		t.Fatal(err)
	}
	next := i.kmc.pair.Certificate()
	if next.SignLeaf.SerialNumber.Cmp(old.SignLeaf.SerialNumber) == 0 || next.EncryptLeaf.SerialNumber.Cmp(old.EncryptLeaf.SerialNumber) == 0 ||
		string(next.EncryptLeaf.RawSubjectPublicKeyInfo) != string(old.EncryptLeaf.RawSubjectPublicKeyInfo) {
		t.Error("not both halves were renewed in their keys")
	}
	again := i.pairOfKMC().Certificate()
	if string(again.Sign[0]) != string(next.Sign[0]) || string(again.Encrypt[0]) != string(next.Encrypt[0]) {
		t.Error("the renewed pair is not the one on file")
	}
	actor, err := i.ca.Officers.Actor(t.Context(), next.Sign[0])
	if err != nil || actor.Name != "kmc" || actor.Roles[0] != officer.Site {
		t.Errorf("the renewed pair is %+v, %v", actor, err)
	}
	read := func() error {
		api, err := own.over(overTLCP, i.kmc.config.CA)
		if err != nil {
			t.Fatal(err)
		}
		defer api.HTTP.CloseIdleConnections()
		_, err = ca.NewClient(api).Issuers(t.Context())
		return err
	}
	if err := read(); err != nil {
		t.Errorf("with the renewed pair: %v", err)
	}
	if _, err := i.ca.Hold(machineOf(t), "sm2", pki.SerialOf(next.EncryptLeaf.SerialNumber)); err != nil {
		t.Fatal(err)
	}
	i.await("the refusal of the held pair", func() bool { return pki.CodeOf(read()) == "officer.certificate" })
}

func machineOf(t *testing.T) context.Context {
	return pki.WithActor(t.Context(), pki.Actor{Name: "test", Roles: []string{officer.Security, officer.Issuer}})
}

// The CA renews its own pair without its centre: the keys stay.
func TestPairOfTheCARenews(t *testing.T) {
	clock := &lateClock{later: -25 * 30 * 24 * time.Hour}
	i := pairedInstall(t, clock)
	i.await("the CA's pair", func() bool { return i.ca.pair.Certificate() != nil })
	first := i.ca.pair.Certificate()
	kept, err := contentsOf(filepath.Join(i.dir, "ca/ca.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{pairSignKey, pairEncryptKey, pairCertificate} {
		if !slices.Contains(kept.files, filepath.Join(i.dir, "ca", name)) {
			t.Errorf("a backup leaves out %s", name)
		}
	}
	i.stop()
	i.kmc, i.options.KMC = nil, nil
	clock.add(25 * 30 * 24 * time.Hour)
	if !time.Now().After(first.SignLeaf.NotAfter) {
		t.Fatal("the old pair has not expired; the test proves nothing")
	}
	i.start()
	i.await("the CA's next pair", func() bool { return i.ca.pair.Certificate().SignLeaf.NotAfter.After(time.Now()) })
	conn, err := tlcp.Dial("tcp", i.ca.config.Listen, serve.ClientTLCP(i.ca.pair, i.ca.nation, clock.now))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if state := conn.ConnectionState(); state.CipherSuite != tlcp.ECDHE_SM4_GCM_SM3 {
		t.Errorf("components speak %s", tlcp.CipherSuiteName(state.CipherSuite))
	}
	plain, err := tls.Dial("tcp", i.ca.config.Listen, serve.ClientTLS(nil, i.ca.roots, clock.now))
	if err != nil {
		t.Fatal("TLS beside TLCP:", err)
	}
	plain.Close()
}

// Files of a pair that do not belong together stop the start, with the reason.
func TestPairThatIsNone(t *testing.T) {
	i := pairedInstall(t, &lateClock{})
	i.siteOfKMC()
	if _, err := EnrolPair(t.Context(), i.kmcConfig(), "", i.code("kmc")); err != nil {
		t.Fatal(err)
	}
	f, dir := i.kmc.config.Pair, i.kmc.config.dir
	path := filepath.Join(dir, f.Certificate)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	blocks := pemBlocks(text)
	for name, bad := range map[string][]byte{"one certificate": PEM(blocks[0]), "swapped": PEM(blocks[1], blocks[0], blocks[2]), "no certificate": []byte("x")} {
		if err := os.WriteFile(path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := f.open(dir); pki.KindOf(err) != pki.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Enrolled anew it is whole again, with another encryption key.
	if _, err := EnrolPair(t.Context(), i.kmcConfig(), "", i.code("kmc")); err != nil {
		t.Fatal(err)
	}
	i.pairOfKMC()
	if _, err := EnrolPair(t.Context(), filepath.Join(i.dir, "ca/ca.yaml"), "", "x"); pki.CodeOf(err) != "config.component" {
		t.Errorf("a CA enrols at itself: %v", err)
	}
}
