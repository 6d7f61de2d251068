package keys

import (
	"bytes"
	"crypto/rand"
	"errors"
	"os"
	"sync"
	"testing"
	"testing/iotest"

	"onecert/pki"
)

func throwAwaySealer(t testing.TB, algorithm SealAlgorithm) *Sealer {
	t.Helper()
	secret := make([]byte, secretLen)
	if _, err := rand.Read(secret); err != nil {
		t.Fatal(err)
	}
	s, err := newSealer(algorithm, secret)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSealAndOpen(t *testing.T) {
	for _, algorithm := range []SealAlgorithm{AES256GCM, SM4GCM} {
		s := throwAwaySealer(t, algorithm)
		for _, size := range []int{0, 1, 15, 16, 17, 32, 2400, MaxSealed} {
			plain := bytes.Repeat([]byte{7}, size)
			blob, err := s.Seal(rand.Reader, plain, []byte("row 1"))
			if err != nil {
				t.Fatal(err)
			}
			if len(blob) != size+SealOverhead || blob[0] != 1 || !bytes.Equal(blob[2:6], s.id[:]) {
				t.Errorf("%s: the blob is not as documented", algorithm)
			}
			got, err := s.Open(blob, []byte("row 1"))
			if err != nil || !bytes.Equal(got, plain) {
				t.Errorf("%s %d octets: %v", algorithm, size, err)
			}
			if _, err := s.Open(blob, []byte("row 2")); pki.CodeOf(err) != "seal.damaged" {
				t.Errorf("%s: a record opens in another row: %v", algorithm, err)
			}
		}
		if _, err := s.Seal(nil, make([]byte, MaxSealed+1), nil); pki.CodeOf(err) != "seal.size" {
			t.Errorf("too much: %v", err)
		}
	}
}

// Any changed octet, anywhere, any truncation, is noticed.
func TestSealNoticesEveryChange(t *testing.T) {
	for _, algorithm := range []SealAlgorithm{AES256GCM, SM4GCM} {
		s := throwAwaySealer(t, algorithm)
		blob, err := s.Seal(nil, []byte("0123456789abcdef0123456789abcdef"), []byte("aad"))
		if err != nil {
			t.Fatal(err)
		}
		for i := range blob {
			bad := bytes.Clone(blob)
			bad[i] ^= 1
			if _, err := s.Open(bad, []byte("aad")); err == nil {
				t.Errorf("%s: octet %d changed, and it opens", algorithm, i)
			}
			if _, err := s.Open(blob[:i], []byte("aad")); err == nil {
				t.Errorf("%s: cut to %d octets, and it opens", algorithm, i)
			}
		}
		if _, err := s.Open(append(bytes.Clone(blob), 0), []byte("aad")); err == nil {
			t.Errorf("%s: one octet more, and it opens", algorithm)
		}
	}
}

func TestSealNamesTheKey(t *testing.T) {
	one, two := throwAwaySealer(t, AES256GCM), throwAwaySealer(t, AES256GCM)
	blob, err := one.Seal(nil, []byte("x"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := two.Open(blob, nil); pki.CodeOf(err) != "seal.key" {
		t.Errorf("%v", err)
	}
	if _, err := one.Open([]byte{9, 9}, nil); pki.CodeOf(err) != "seal.format" {
		t.Errorf("%v", err)
	}
	// The same secret under the other algorithm is another key.
	secret := bytes.Repeat([]byte{1}, secretLen)
	a, _ := newSealer(AES256GCM, secret)
	b, _ := newSealer(SM4GCM, secret)
	if a.ID() == b.ID() || bytes.Equal(a.master(), b.master()) {
		t.Error("the algorithms share keys")
	}
}

// The same plaintext twice gives unrelated records: salt, nonce and key are new.
func TestSealIsFresh(t *testing.T) {
	s := throwAwaySealer(t, SM4GCM)
	seen := map[string]bool{}
	for range 200 {
		blob, err := s.Seal(nil, make([]byte, 32), nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range [][]byte{blob[headerLen:prefixLen], blob[prefixLen : prefixLen+nonceLen], blob[prefixLen+nonceLen:]} {
			if seen[string(part)] {
				t.Fatal("salt, nonce or ciphertext repeats")
			}
			seen[string(part)] = true
		}
	}
}

func TestSealNeedsRandomness(t *testing.T) {
	s := throwAwaySealer(t, AES256GCM)
	broken := errors.New("no entropy")
	for _, random := range []*bytes.Reader{bytes.NewReader(nil), bytes.NewReader(make([]byte, 27))} {
		if blob, err := s.Seal(random, []byte("x"), nil); err == nil || blob != nil {
			t.Error("sealed without randomness")
		}
	}
	if _, err := s.Seal(iotest.ErrReader(broken), []byte("x"), nil); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
}

func TestSealConcurrently(t *testing.T) {
	s := throwAwaySealer(t, AES256GCM)
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			for range 50 {
				blob, err := s.Seal(nil, []byte("record"), []byte("a"))
				if err != nil {
					t.Error(err)
				}
				if got, err := s.Open(blob, []byte("a")); err != nil || string(got) != "record" {
					t.Error(err)
				}
			}
		})
	}
	wait.Wait()
}

func TestSealerFile(t *testing.T) {
	for _, algorithm := range []SealAlgorithm{AES256GCM, SM4GCM} {
		dir := t.TempDir()
		pass := writePass(t, dir, "an example passphrase")
		uri := "file:" + dir + "/master.pem?pass=file:" + pass
		made, err := GenerateSealer(uri, algorithm, Options{})
		if err != nil {
			t.Fatal(err)
		}
		blob, err := made.Seal(nil, []byte("record"), nil)
		if err != nil {
			t.Fatal(err)
		}
		opened, err := OpenSealer(uri, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := opened.Open(blob, nil); err != nil || string(got) != "record" {
			t.Errorf("%s: %v", algorithm, err)
		}
		if opened.Algorithm() != algorithm || opened.ID() != made.ID() {
			t.Errorf("%s: another key", algorithm)
		}
		if _, err := GenerateSealer(uri, algorithm, Options{}); pki.CodeOf(err) != "key.exists" {
			t.Errorf("overwritten: %v", err)
		}
		if _, err := OpenSealer(uri, Options{Passphrase: []byte("wrong")}); pki.CodeOf(err) != "key.passphrase" {
			t.Errorf("wrong passphrase: %v", err)
		}
		if _, err := OpenSealer("file:"+dir+"/master.pem", Options{}); pki.CodeOf(err) != "key.passphrase-missing" {
			t.Errorf("no passphrase: %v", err)
		}
		if err := os.Chmod(dir+"/master.pem", 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenSealer(uri, Options{}); pki.CodeOf(err) != "key.mode" {
			t.Errorf("readable by all: %v", err)
		}
	}
	if _, err := GenerateSealer("file:"+t.TempDir()+"/k", "rot13", Options{Passphrase: []byte("x")}); pki.CodeOf(err) != "seal.algorithm" {
		t.Errorf("unknown algorithm: %v", err)
	}
}

// sealerBody returns a file's content that parses, for tests that change it.
func sealerBody(number byte) []byte {
	body := make([]byte, sealerFileLen)
	copy(body, []byte{sealerVersion, number, 1, 1, 1})
	return body
}

func TestSealerFileRefuses(t *testing.T) {
	change := func(i int, b byte) []byte {
		body := sealerBody(1)
		body[i] = b
		return encodePEM(labelSealer, body)
	}
	whole := encodePEM(labelSealer, sealerBody(1))
	for name, c := range map[string]struct {
		text []byte
		code string
	}{
		"empty":             {nil, "key.not-a-key"},
		"a private key":     {encodePEM(labelPKCS8, sealerBody(1)), "key.not-a-key"},
		"cut":               {whole[:len(whole)-20], "key.truncated"},
		"cut inside":        {encodePEM(labelSealer, sealerBody(1)[:60]), "key.truncated"},
		"longer":            {encodePEM(labelSealer, append(sealerBody(1), 0)), "key.truncated"},
		"something after":   {append(bytes.Clone(whole), "x"...), "key.truncated"},
		"other version":     {change(0, 3), "seal.format"},
		"a device's":        {change(0, 2), "seal.protection"},
		"no content":        {encodePEM(labelSealer, nil), "seal.format"},
		"unknown algorithm": {change(1, 3), "seal.algorithm"},
		"huge N":            {change(2, 60), "seal.format"},
		"N of 1":            {change(2, 0), "seal.format"},
		"r of 0":            {change(3, 0), "seal.format"},
		"p of 0":            {change(4, 0), "seal.format"},
		"wrong secret":      {whole, "key.passphrase"},
	} {
		if _, _, err := readSealer(c.text, []byte("x")); pki.CodeOf(err) != c.code {
			t.Errorf("%s: %v (%s)", name, err, pki.CodeOf(err))
		}
	}
}

// The formats are promises to databases that outlive this code: one record and
// one file of version 1 each must open for ever.
func TestVersion1StillOpens(t *testing.T) {
	for _, c := range recorded {
		algorithm, secret, err := readSealer([]byte(c.file), []byte("an example passphrase"))
		if err != nil {
			t.Fatalf("%s: %v", c.algorithm, err)
		}
		s, err := newSealer(algorithm, secret)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := s.Open(unhex(t, c.record), []byte("row 1")); err != nil || string(got) != "an example record" {
			t.Errorf("%s: %v", c.algorithm, err)
		}
	}
}
