package keys

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"onecert/pki"
)

func TestLaterOpensOnceWhenUsed(t *testing.T) {
	key := throwAway(t, pki.SM2)
	var opened atomic.Int64
	later := OpenLater(key.Public(), func() (*Key, error) { opened.Add(1); return key, nil })
	if !samePublic(later.Public(), key.Public()) || opened.Load() != 0 {
		t.Error("it was opened before its use")
	}
	if open, err := later.Tried(); open || err != nil {
		t.Error(open, err)
	}
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			signature, err := later.SignMessage(nil, []byte("m"), nil)
			if err != nil || !verify(key.Public(), []byte("m"), signature) {
				t.Errorf("a bad signature: %v", err)
			}
		})
	}
	group.Wait()
	if open, err := later.Tried(); opened.Load() != 1 || !open || err != nil {
		t.Errorf("opened %d times; %v, %v", opened.Load(), open, err)
	}
}

func TestLaterTriesAgain(t *testing.T) {
	key, other := throwAway(t, pki.P256), throwAway(t, pki.P256)
	gone := errors.New("gone")
	answers := []func() (*Key, error){
		func() (*Key, error) { return nil, gone },
		func() (*Key, error) { return other, nil },
		func() (*Key, error) { return key, nil },
	}
	later := OpenLater(key.Public(), func() (*Key, error) { next := answers[0]; answers = answers[1:]; return next() })
	if _, err := later.SignMessage(nil, []byte("m"), nil); !errors.Is(err, gone) {
		t.Errorf("%v", err)
	}
	if open, err := later.Tried(); open || !errors.Is(err, gone) {
		t.Errorf("%v, %v", open, err)
	}
	if _, err := later.SignMessage(nil, []byte("m"), nil); pki.CodeOf(err) != "key.another" {
		t.Errorf("another key was taken: %v", err)
	}
	if _, err := later.SignMessage(nil, []byte("m"), nil); err != nil {
		t.Errorf("it does not recover: %v", err)
	}
	if open, err := later.Tried(); !open || err != nil {
		t.Errorf("%v, %v", open, err)
	}
}

// TestLook: what is plainly wrong shows without a key being opened, as Open would say
// it; a wrong passphrase does not.
func TestLook(t *testing.T) {
	dir := t.TempDir()
	pass := writePass(t, dir, "right")
	uri := "file:" + dir + "/key.pem?pass=file:" + pass
	if _, err := Generate(uri, pki.P256, Options{}); err != nil {
		t.Fatal(err)
	}
	plain := filepath.Join(dir, "plain.pem")
	if key, err := Open(uri, Options{}); err != nil || Store("file:"+plain, key, Options{AllowPlain: true}) != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(filepath.Join(dir, "key.pem"))
	if err != nil {
		t.Fatal(err)
	}
	open := writeFile(t, filepath.Join(dir, "open.pem"), string(good), 0o644)
	noise := writeFile(t, filepath.Join(dir, "noise.pem"), "noise", 0o600)
	empty := writeFile(t, filepath.Join(dir, "empty"), "", 0o600)
	for _, c := range []struct{ uri, code string }{
		{uri, ""},
		{"file:" + dir + "/nowhere.pem?pass=file:" + pass, "key.missing"},
		{"file:" + dir + "/key.pem?pass=file:" + dir + "/nowhere", "key.missing"},
		{"file:" + dir + "/key.pem?pass=file:" + empty, "key.passphrase-file"},
		{"file:" + dir + "/key.pem", "key.passphrase-missing"},
		{"file:" + open + "?pass=file:" + pass, "key.mode"},
		{"file:" + noise + "?pass=file:" + pass, "key.not-a-key"},
		{"file:" + plain, "key.plain"},
		{"file:" + dir + "/key.pem?device=" + "sdf%3A%2Fx.so%3Findex%3D1", "key.uri"},
		{"sdf:/nowhere/lib.so?index=1", ""},
		{"pkcs11:object=x", "key.uri"},
	} {
		err := Look(c.uri, Options{})
		if c.code == "" {
			if err != nil {
				t.Errorf("%s: %v", c.uri, err)
			}
			continue
		}
		if _, opening := Open(c.uri, Options{}); pki.CodeOf(err) != c.code || pki.CodeOf(opening) != c.code {
			t.Errorf("%s: %v, want %s; Open says %v", c.uri, err, c.code, opening)
		}
	}
	writeFile(t, pass, "wrong\n", 0o600)
	if err := Look(uri, Options{}); err != nil {
		t.Errorf("a passphrase was tried: %v", err)
	}
}
