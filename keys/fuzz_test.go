package keys

import (
	"bytes"
	"crypto/rand"
	"testing"

	"onecert/pki"
)

// FuzzReadKey holds that no key file kills the process, that what is read is a
// key of a suite, and that it encodes to a key that reads the same.
func FuzzReadKey(f *testing.F) {
	for _, suite := range quickSuites() {
		signer, err := pki.GenerateKey(rand.Reader, suite)
		if err != nil {
			f.Fatal(err)
		}
		info, err := marshalPKCS8(signer)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(encodePEM(labelPKCS8, info))
		f.Add(encodePEM(labelEncrypted, cheaply(f, info, []byte("x"))))
		if _, _, key, ok := splitPKCS8(info); ok {
			f.Add(encodePEM(labelSEC1, key))
			f.Add(encodePEM(labelPKCS1, key))
		}
	}
	f.Add([]byte("-----BEGIN SM2 PARAMETERS-----\nBggqgRzPVQGCLQ==\n-----END SM2 PARAMETERS-----\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if block, err := keyBlock(text); err == nil && block.Type == labelEncrypted {
			if p, _, err := parsePBES2(block.Bytes); err != nil || p.n*p.r*p.p > 1<<10 || p.iterations > 1<<10 {
				return // refused, or allowed but too slow for a fuzzer
			}
		}
		signer, err := readKey(text, []byte("x"), true)
		if err != nil {
			return
		}
		if _, err := pki.SuiteOf(signer.Public()); err != nil {
			return // an RSA key of another size; Wrap refuses it
		}
		info, err := marshalPKCS8(signer)
		if err != nil {
			t.Fatalf("what was read does not encode: %v", err)
		}
		again, err := parsePKCS8(info)
		if err != nil || !samePublic(again.Public(), signer.Public()) {
			t.Fatalf("what was read reads otherwise again: %v", err)
		}
	})
}

func FuzzPKCS8(f *testing.F) {
	for _, suite := range quickSuites() {
		signer, err := pki.GenerateKey(rand.Reader, suite)
		if err != nil {
			f.Fatal(err)
		}
		info, err := marshalPKCS8(signer)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(info)
	}
	f.Fuzz(func(_ *testing.T, info []byte) {
		_, _ = parsePKCS8(info)
		_, _ = parseSEC1(info, nil)
		_, _, _ = parsePBES2(info)
	})
}

func FuzzSealerFile(f *testing.F) {
	f.Add(encodePEM(labelSealer, sealerBody(1)))
	f.Add(encodePEM(labelSealer, sealerBody(2)))
	f.Fuzz(func(t *testing.T, text []byte) {
		_, body, err := parseSealer(text)
		if err != nil || body[2] > 6 || body[3] > 2 || body[4] > 2 {
			return
		}
		if _, _, err := readSealer(text, []byte("x")); err == nil {
			t.Fatal("a file nobody made opens")
		}
	})
}

// FuzzDeviceSealer: a file that was never wrapped does not open, whatever the device says.
func FuzzDeviceSealer(f *testing.F) {
	secret := bytes.Repeat([]byte{7}, secretLen)
	echo := &wrapping{wrappingCard,
		func(_, blocks []byte) ([]byte, []byte, error) {
			turned := bytes.Clone(blocks)
			for i := range turned {
				turned[i] ^= 0xff
			}
			return []byte("wrapped"), turned, nil
		},
		func(_, _, ciphertext []byte) ([]byte, error) {
			return bytes.Repeat([]byte{ciphertext[0] ^ 0xff}, secretLen), nil
		},
	}
	text, err := wrapSealer(echo, bytes.NewReader(make([]byte, saltLen)), SM4GCM, secret)
	if err != nil {
		f.Fatal(err)
	}
	body, err := sealerBlock(text, sealerDeviceVersion)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(body)
	f.Add(body[:20])
	f.Add(sealerBody(1))
	f.Fuzz(func(t *testing.T, foreign []byte) {
		_, got, err := unwrapSealer(echo, foreign)
		if err == nil && !(bytes.Equal(foreign, body) && bytes.Equal(got, secret)) {
			t.Fatalf("%x opens", foreign)
		}
	})
}

// FuzzOpenSealed holds that only what was sealed opens.
func FuzzOpenSealed(f *testing.F) {
	s, err := newSealer(AES256GCM, bytes.Repeat([]byte{1}, secretLen))
	if err != nil {
		f.Fatal(err)
	}
	// Fixed randomness: the fuzzer's processes must all hold the same record.
	blob, err := s.Seal(bytes.NewReader(make([]byte, saltLen+nonceLen)), []byte("record"), []byte("aad"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(blob, []byte("aad"))
	f.Add(blob[:20], []byte{})
	f.Fuzz(func(t *testing.T, foreign, aad []byte) {
		got, err := s.Open(foreign, aad)
		if err == nil && (!bytes.Equal(foreign, blob) || string(aad) != "aad" || string(got) != "record") {
			t.Fatal("a forged record opens")
		}
	})
}
