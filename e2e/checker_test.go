package e2e

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rand"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"

	"onecert/cms"
	"onecert/pki"
)

func TestCheckerChain(t *testing.T) {
	for _, suite := range []pki.Suite{pki.SM2, pki.P256, pki.RSA2048} {
		t.Run(string(suite), func(t *testing.T) {
			h := newTree(t, suite)
			other := newTree(t, suite)
			root, ca, leaf := h.file("root"), h.file("ca"), h.file("leaf")
			javaSays(t, java(t, "chain", "--root", root, "--chain", ca, "--leaf", leaf), "valid=true", "length=2")
			javaRefuses(t, "chain", "--root", root, "--leaf", leaf)
			javaRefuses(t, "chain", "--root", other.file("root"), "--chain", ca, "--leaf", leaf)
			javaSays(t, javaRefuses(t, "chain", "--root", root, "--chain", ca, "--leaf", h.spoil(t, "leaf")), "valid=false", "depth=0")
			javaRefuses(t, "chain", "--root", h.spoil(t, "root"), "--chain", ca, "--leaf", leaf)
		})
	}
}

// What is refused for another reason than a signature needs no second algorithm.
func TestCheckerChainRules(t *testing.T) {
	h := newTree(t, pki.SM2)
	root, ca, leaf := h.file("root"), h.file("ca"), h.file("leaf")
	at := func(moment time.Time) []string {
		return []string{"chain", "--root", root, "--chain", ca, "--leaf", leaf, "--at", moment.Format(time.RFC3339)}
	}
	java(t, at(h.lapsing.Add(-time.Minute))...)
	javaRefuses(t, at(h.lapsing.Add(time.Minute))...)
	javaRefuses(t, at(h.started.Add(-time.Minute))...)

	below := h.issue(t, pki.SM2, "below", &h.leaf, smx509.KeyUsageDigitalSignature)
	h.writeBytes(t, "long", append(read(t, leaf), read(t, ca)...))
	javaRefuses(t, "chain", "--root", root, "--chain", h.file("long"), "--leaf", h.file("below"))
	if below.cert.Issuer.CommonName != "leaf" {
		t.Error("the planted fault is not there")
	}

	lists := []string{"--crl", h.revoke(t, "root.crl", h.root, 0), "--crl", h.revoke(t, "ca.crl", h.ca, 0)}
	java(t, append(at(h.started.Add(time.Hour)), lists...)...)
	lists[3] = h.revoke(t, "ca2.crl", h.ca, 0, h.leaf.cert.SerialNumber)
	answer := javaRefuses(t, append(at(h.started.Add(time.Hour)), lists...)...)
	if !strings.Contains(strings.ToLower(answer), "revo") {
		t.Errorf("refused for another reason: %s", answer)
	}
}

func TestCheckerCRL(t *testing.T) {
	for _, suite := range []pki.Suite{pki.SM2, pki.P256} {
		t.Run(string(suite), func(t *testing.T) {
			h := newTree(t, suite)
			serial := h.leaf.cert.SerialNumber
			full := h.revoke(t, "full.crl", h.ca, 0, serial)
			delta := h.revoke(t, "delta.crl", h.ca, 40, serial, big.NewInt(5))
			javaSays(t, java(t, "crl", "--issuer", h.file("ca"), "--crl", full, "--serial", serial.Text(16)),
				"signature=ok", "number=7", "base=", "delta=false", "current=true", "entries=1", "revoked=true", "reason=1",
				"revoked_at="+h.started.Format(time.RFC3339))
			javaSays(t, java(t, "crl", "--issuer", h.file("ca"), "--crl", full, "--serial", "abc"), "listed=false", "revoked=false")
			javaSays(t, java(t, "crl", "--issuer", h.file("ca"), "--crl", delta), "number=47", "base=40", "delta=true", "entries=2")
			javaRefuses(t, "crl", "--issuer", h.file("root"), "--crl", full)
			javaSays(t, javaRefuses(t, "crl", "--issuer", h.file("ca"), "--crl", h.spoil(t, "full.crl")), "signature=wrong")
		})
	}
}

func TestCheckerMakesRequests(t *testing.T) {
	for algorithm, suite := range map[string]pki.Suite{"SM2": pki.SM2, "EC": pki.P256, "RSA": pki.RSA2048} {
		dir := t.TempDir()
		out, key := filepath.Join(dir, "csr"), filepath.Join(dir, "key")
		java(t, "csr", "--alg", algorithm, "--subject", "C=CN,O=示例单位,CN=爱丽丝", "--dns", "www.example.cn", "--out", out, "--key", key)
		request, err := pki.ParseRequest(read(t, out), false)
		if err != nil {
			t.Fatal(err)
		}
		if request.Suite != suite || request.Form != pki.Standard || len(request.AltNames) != 1 {
			t.Errorf("%s: %+v", algorithm, request)
		}
		openssl(t, "pkey", "-in", key, "-check", "-noout")
		javaSays(t, java(t, "csr-verify", out), "signature=ok", "subject=C=CN,O=示例单位,CN=爱丽丝", "attribute=1.2.840.113549.1.9.14")
	}
}

// OpenSSL signs SM2 requests with the user id it is told, an empty one unless told.
func TestCheckerVerifiesRequests(t *testing.T) {
	h := tree{folder: t.TempDir()}
	openssl(t, "genpkey", "-algorithm", "SM2", "-out", h.file("key"))
	ask := []string{"req", "-new", "-sm3", "-key", h.file("key"), "-subj", "/CN=bob"}
	openssl(t, append(ask, "-out", h.file("told"), "-sigopt", "distid:1234567812345678")...)
	openssl(t, append(ask, "-out", h.file("empty"))...)
	javaSays(t, java(t, "csr-verify", h.file("told")), "signature=ok", "subject=CN=bob", "key=EC 1.2.156.10197.1.301",
		"algorithm=1.2.156.10197.1.501")
	javaSays(t, javaRefuses(t, "csr-verify", h.file("empty")), "signature=wrong")
	javaRefuses(t, "csr-verify", h.spoil(t, "told"))
}

func TestCheckerOpensKeyEnvelope(t *testing.T) {
	h := newTree(t, pki.SM2)
	pair, err := sm2.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	h.certify(t, pair, "encrypt", &h.ca, smx509.KeyUsageKeyEncipherment)
	envelope, err := cms.SealSM2Key(rand.Reader, h.leaf.key.Public().(*ecdsa.PublicKey), pair)
	if err != nil {
		t.Fatal(err)
	}
	h.writeBytes(t, "envelope", envelope)
	open := func(key, name, cert string) []string {
		return []string{"envelope", "--key", h.file(key), "--der", h.file(name), "--out", h.file("opened"), "--cert", h.file(cert)}
	}
	javaSays(t, java(t, open("leaf.key", "envelope", "encrypt")...), "matches=true", "certificate=match")
	opened, err := smx509.ParsePKCS8PrivateKey(unpem(t, h.file("opened")))
	if err != nil {
		t.Fatal(err)
	}
	if !pair.Equal(opened) {
		t.Error("the checker wrote another key")
	}
	openssl(t, "pkey", "-in", h.file("opened"), "-check", "-noout")

	javaRefuses(t, open("ca.key", "envelope", "encrypt")...)
	javaRefuses(t, open("leaf.key", "envelope", "leaf")...)
	envelope[len(envelope)-1] ^= 1
	h.writeBytes(t, "spoiled", envelope)
	javaRefuses(t, open("leaf.key", "spoiled", "encrypt")...)
}

// Messages by OpenSSL first, so that the checker is not judged by what it judges.
func TestCheckerDecryptsMessages(t *testing.T) {
	for _, suite := range []pki.Suite{pki.RSA2048, pki.P256} {
		t.Run(string(suite), func(t *testing.T) {
			h := newTree(t, suite)
			text := []byte("an example text, 示例\n")
			h.writeBytes(t, "text", text)
			decrypt := func(name, key string) []string {
				return []string{"cms-decrypt", "--key", h.file(key), "--in", h.file(name), "--out", h.file("out")}
			}
			openssl(t, "cms", "-encrypt", "-aes256", "-binary", "-in", h.file("text"), "-outform", "DER", "-out", h.file("theirs"), h.file("leaf"))
			java(t, decrypt("theirs", "leaf.key")...)
			if got := read(t, h.file("out")); !bytes.Equal(got, text) {
				t.Errorf("OpenSSL's: %q", got)
			}
			javaRefuses(t, decrypt("theirs", "ca.key")...)

			ours, err := cms.Envelope(rand.Reader, cms.Recipient{Public: h.leaf.key.Public()}, unpem(t, h.file("ca.key")))
			if err != nil {
				t.Fatal(err)
			}
			h.writeBytes(t, "ours", ours)
			java(t, append(decrypt("ours", "leaf.key"), "--cert", h.file("ca"))...)
			if !bytes.Equal(unpem(t, h.file("out")), unpem(t, h.file("ca.key"))) {
				t.Error("another key came out")
			}
			javaRefuses(t, append(decrypt("ours", "leaf.key"), "--cert", h.file("root"))...)
		})
	}
}

func TestCheckerDumps(t *testing.T) {
	h := newTree(t, pki.SM2)
	javaSays(t, java(t, "dump", h.file("leaf")),
		"subject=C=CN,O=示例单位,CN=leaf", "issuer=C=CN,O=示例单位,CN=ca", "serial="+h.leaf.cert.SerialNumber.Text(16),
		"usages=digitalSignature", "ca=false", "key=EC 1.2.156.10197.1.301", "algorithm=1.2.156.10197.1.501",
		"subject_encoding=2.5.4.6:DERPrintableString,2.5.4.10:DERUTF8String,2.5.4.3:DERPrintableString",
		"extension.2.5.29.15=critical", "not_after="+h.lapsing.Format(time.RFC3339))
	if ca := javaValues(java(t, "dump", h.file("ca"))); ca["ca"] != "true" || ca["usages"] != "keyCertSign,cRLSign" {
		t.Errorf("the CA: %v", ca)
	}
}

// TestCheckerOnOthersFiles asks whether strangers agree among themselves, where the
// sample files lie beside the checkout. Where they do not it says so.
func TestCheckerOnOthersFiles(t *testing.T) {
	samples := filepath.Join("..", "..", "shared", "samples")
	if _, err := os.Stat(samples); err != nil {
		t.Log("no sample files beside this checkout: nothing compared")
		return
	}
	certs := filepath.Join(samples, "gm-certs")
	for _, name := range []string{"server_sign", "server_enc", "client_sign", "client_enc"} {
		java(t, "dump", filepath.Join(certs, "tongsuo-"+name+".crt"))
	}
	h := tree{folder: t.TempDir()}
	root, rest := pem.Decode(read(t, filepath.Join(certs, "tongsuo-chain-ca.crt")))
	sub, _ := pem.Decode(rest)
	h.write(t, "sub", "CERTIFICATE", sub.Bytes)
	h.write(t, "root", "CERTIFICATE", root.Bytes)
	for name, verdict := range map[string]func(testing.TB, ...string) string{
		"client_sign": java, "server_enc": java, "client_sign_expire": javaRefuses,
	} {
		verdict(t, "chain", "--root", h.file("root"), "--chain", h.file("sub"), "--leaf", filepath.Join(certs, "tongsuo-"+name+".crt"))
	}
	// Tongsuo names the key's algorithm by SM2's own number, which BouncyCastle does not know.
	if answer := javaRefuses(t, "csr-verify", filepath.Join(samples, "gm-csr", "tongsuo-sm2.csr")); !strings.Contains(answer, "1.2.156.10197.1.301") {
		t.Errorf("refused for another reason: %s", answer)
	}
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func unpem(t testing.TB, path string) []byte {
	t.Helper()
	block, _ := pem.Decode(read(t, path))
	if block == nil {
		t.Fatalf("%s is not PEM", path)
	}
	return block.Bytes
}
