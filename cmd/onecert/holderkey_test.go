package main

import (
	"bytes"
	"crypto/ecdsa"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/emmansun/gmsm/smx509"

	"onecert/ca"
	"onecert/kmc"
	"onecert/pki"
)

// lifeOfHolderKey is a key made at the centre, across the network: OpenSSL opens what is
// handed over, the key works with its certificate, and nothing of key or password
// stands in any file of the CA or the centre.
func lifeOfHolderKey(t *town) {
	iss := []string{"--as", t.in("id", "centre.issuer")}
	for _, c := range []struct{ profile, suite, digest string }{{"device-client", "sm2", "-sm3"}, {"device-server-tls", "p256", "-sha256"}} {
		out, letter := t.in("holder-key-"+c.suite), t.in("letter-"+c.suite)
		order := append([]string{"ca", "holder-key", "issue", "--profile", c.profile, "--suite", c.suite, "--subject", "O=示例市水务局, CN=camera.example",
			"--dns", "camera.example", "--application", "camera-" + c.suite, "--out", out, "--password-file", letter}, iss...)
		done := answers[handedOver](t, order...)
		if done.Password != "" || done.Rounds < 100_000 {
			t.Errorf("%+v", done)
		}
		names := []string{"sign"}
		if c.suite == "sm2" {
			names = append(names, "encrypt")
		}
		for _, name := range names {
			p12 := filepath.Join(out, name+".p12")
			key, certificate := t.in(c.suite+name+".key"), t.in(c.suite+name+".crt")
			openssl(t.T, "pkcs12", "-in", p12, "-passin", "file:"+letter, "-nodes", "-nocerts", "-out", key)
			openssl(t.T, "pkcs12", "-in", p12, "-passin", "file:"+letter, "-clcerts", "-nokeys", "-out", certificate)
			public := filepath.Join(t.dir, c.suite+name+".pub")
			openssl(t.T, "x509", "-in", certificate, "-noout", "-pubkey", "-out", public)
			text, signature := file(t.T, "text", []byte("text")), filepath.Join(t.dir, "signature")
			openssl(t.T, "dgst", c.digest, "-sign", key, "-out", signature, text)
			openssl(t.T, "dgst", c.digest, "-verify", public, "-signature", signature, text)
			t.standsNowhere(key, letter)
		}
		if issued, written := readFile(t.T, filepath.Join(out, fileSign)), readFile(t.T, t.in(c.suite+"sign.crt")); !bytes.Contains(written, bytes.TrimSpace(issued)) {
			t.Error("the file holds another certificate than was issued")
		}
		if _, err := os.Stat(filepath.Join(out, fileTicket)); err == nil {
			t.Error("the ticket is still there")
		}
		// Typed once more there is nothing left to hand over, and nothing is overwritten.
		t.refused("out.exists", order...)
		t.refused("km.delivered", append([]string{"ca", "holder-key", "letter", "camera-" + c.suite}, iss...)...)
	}
	t.interrupted(iss)
	t.refused("profile.server-key", append([]string{"ca", "holder-key", "issue", "--profile", "person-sign", "--suite", "sm2", "--holder", "H-77",
		"--subject", "O=示例市民政局, CN=李四", "--out", t.in("holder-key-person")}, iss...)...)
	t.refused("officer.forbidden", "ca", "holder-key", "end", "camera-sm2", "--reason", "x", "--as", t.in("id", "centre.system"))
	t.refused("order.unknown", append([]string{"ca", "holder-key", "letter", "nosuch"}, iss...)...)
	issued := answers[ca.Certificate](t, append([]string{"ca", "show", t.in("holder-key-sm2", fileSign)}, iss...)...)
	var acts []string
	for _, touch := range answers[[]kmc.Touch](t, "kmc", "ledger", issued.Holder, "--as", t.in("id", "centre.custodian")) {
		acts = append(acts, touch.Act+" "+touch.AskedBy)
	}
	want := "key.signing-make centre.issuer,key.generate ,key.signing-password centre.issuer,key.signing-package centre.issuer,key.signing-wipe centre.issuer,key.package centre.issuer"
	if told := strings.Join(acts, ","); !strings.HasPrefix(told, want) {
		t.Errorf("the ledger tells %s", told)
	}
}

// interrupted: the command fails after the key was packaged; typed again it goes on.
func (t *town) interrupted(iss []string) {
	t.Helper()
	out := t.in("holder-key-again")
	if err := os.MkdirAll(filepath.Join(out, "sign.p12"), 0o700); err != nil { // a folder where the file is to be
		t.Fatal(err)
	}
	order := append([]string{"ca", "holder-key", "issue", "--profile", "device-client", "--suite", "p256", "--subject", "O=示例市水务局, CN=again", "--out", out}, iss...)
	if _, _, code := onecert(t.T, order...); code != exitRefused {
		t.Fatalf("exit code %d", code)
	}
	if err := os.Remove(filepath.Join(out, "sign.p12")); err != nil {
		t.Fatal(err)
	}
	done := answers[handedOver](t, order...)
	openssl(t.T, "pkcs12", "-in", filepath.Join(out, "sign.p12"), "-passin", "pass:"+done.Password, "-nodes", "-out", t.in("again.pem"))
	for _, gone := range []string{fileTicket, filePassword} {
		if _, err := os.Stat(filepath.Join(out, gone)); err == nil {
			t.Errorf("%s is left in the folder", gone)
		}
	}
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// standsNowhere looks for a key and its password in every file of CA and centre, as
// they are while both run.
func (t *town) standsNowhere(key, letter string) {
	t.Helper()
	text := readFile(t.T, key)
	block, _ := pem.Decode(text[bytes.Index(text, []byte("-----BEGIN")):])
	private, err := smx509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	secrets := [][]byte{block.Bytes, bytes.TrimSpace(readFile(t.T, letter))}
	if k, ok := private.(*ecdsa.PrivateKey); ok {
		scalar, err := k.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		secrets = append(secrets, scalar)
	} else if k, ok := private.(interface{ Bytes() []byte }); ok {
		secrets = append(secrets, k.Bytes())
	} else {
		secrets = append(secrets, block.Bytes[len(block.Bytes)-104:len(block.Bytes)-72]) // of the ECPrivateKey in it
	}
	seen := 0
	for _, room := range []string{"ca", "kmc"} {
		err := filepath.WalkDir(t.in(room), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			content, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			seen++
			for i, secret := range secrets {
				for _, spelled := range []string{string(secret), hex.EncodeToString(secret), strings.ToUpper(hex.EncodeToString(secret)), base64.StdEncoding.EncodeToString(secret)} {
					if bytes.Contains(content, []byte(spelled)) {
						t.Errorf("secret %d stands in %s", i, path)
					}
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if seen < 10 {
		t.Errorf("only %d files were looked at", seen)
	}
}

// A command that was interrupted goes on with the ticket it wrote down; a file that is
// none is not taken for one.
func TestTicketIsKept(t *testing.T) {
	dir := t.TempDir()
	first, err := ticketIn(dir)
	if err != nil || len(first) != pki.LeastTicket {
		t.Fatal(err)
	}
	again, err := ticketIn(dir)
	if err != nil || !bytes.Equal(first, again) {
		t.Errorf("another ticket: %v", err)
	}
	info, err := os.Stat(filepath.Join(dir, fileTicket))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("others may read it: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, fileTicket), []byte("0a0b\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ticketIn(dir); pki.CodeOf(err) != "ticket.file" {
		t.Errorf("%v", err)
	}
}
