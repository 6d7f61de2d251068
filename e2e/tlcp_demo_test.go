package e2e

import (
	"crypto"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/emmansun/gmsm/smx509"

	"onecert/keys"
	"onecert/serve"
	"onecert/tlcp"
)

// TestPlatformPairWithTongsuo: the pairs this platform issues do for TLCP, at a server of
// ours whose keys are handles (as they are with hardware) and at a client of Tongsuo's.
func TestPlatformPairWithTongsuo(t *testing.T) {
	d := shared(t)
	host, alice, trust := d.Identities["server"].SM2, d.Identities["alice"].SM2, d.Trust["sm2"]
	chain := unpem(t, trust.Chain)
	pair, err := tlcp.LoadX509KeyPair(host.SignCert, host.SignKey, host.EncCert, host.EncKey)
	if err != nil {
		t.Fatal(err)
	}
	handle := func(key crypto.PrivateKey) *keys.Key {
		wrapped, err := keys.Wrap(key.(crypto.Signer))
		if err != nil {
			t.Fatal(err)
		}
		return wrapped
	}
	pair.SignKey, pair.EncryptKey = handle(pair.SignKey), handle(pair.EncryptKey)
	if len(pair.Sign) == 1 {
		pair.Sign = append(pair.Sign, chain)
	}
	root, err := smx509.ParseCertificate(unpem(t, trust.Root))
	if err != nil {
		t.Fatal(err)
	}
	anchors := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(anchors, append(read(t, trust.Root), read(t, trust.Chain)...), 0o600); err != nil {
		t.Fatal(err)
	}
	pool := smx509.NewCertPool()
	pool.AddCert(root)
	config := &tlcp.Config{Certificates: []tlcp.Certificate{pair}, ClientCAs: pool, ClientAuth: tlcp.RequireAndVerifyClientCert}
	// Of the agreement in the suites ECDHE a handle makes the shared point (keys.Key.SM2MQV).
	for _, suite := range []string{"ECC-SM2-SM4-GCM-SM3", "ECC-SM2-SM4-CBC-SM3", "ECDHE-SM2-SM4-GCM-SM3"} {
		conn, err := tongsuoDials(t, config, "ca="+anchors, "sign_cert="+alice.SignCert, "sign_key="+alice.SignKey,
			"enc_cert="+alice.EncCert, "enc_key="+alice.EncKey, "suites="+suite, "size=10000")
		if err != nil {
			t.Fatal(err)
		}
		if state := conn.ConnectionState(); len(state.PeerCertificates) < 2 || state.EncryptCertificate == nil {
			t.Errorf("%d certificates", len(state.PeerCertificates))
		}
		if n, err := io.CopyN(conn, conn, 10_000); n != 10_000 || err != nil {
			t.Errorf("%d octets, %v", n, err)
		}
		conn.Close()
	}
	// The port of a component, which callers without a pair may reach as well.
	own := &serve.Pair{}
	if err := own.Replace(pair); err != nil {
		t.Fatal(err)
	}
	port := serve.ServerTLCP(own, pool, nil)
	for suite, options := range map[string][]string{
		"ECDHE-SM2-SM4-GCM-SM3": {"sign_cert=" + alice.SignCert, "sign_key=" + alice.SignKey, "enc_cert=" + alice.EncCert, "enc_key=" + alice.EncKey},
		"ECC-SM2-SM4-GCM-SM3":   {},
	} {
		conn, err := tongsuoDials(t, port, append(options, "ca="+anchors, "suites="+suite, "size=10")...)
		if err != nil {
			t.Fatal(suite, err)
		}
		if shown := len(conn.ConnectionState().PeerCertificates); shown == 0 != (len(options) == 0) {
			t.Errorf("%s: %d certificates", suite, shown)
		}
		if n, err := io.CopyN(conn, conn, 10); n != 10 || err != nil {
			t.Errorf("%d octets, %v", n, err)
		}
		conn.Close()
	}
}
