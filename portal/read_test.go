package portal

import (
	"bytes"
	"encoding/base64"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/emmansun/gmsm/smx509"
)

func pemOf(certs ...*smx509.Certificate) []byte {
	var out bytes.Buffer
	for _, c := range certs {
		out.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
	}
	return out.Bytes()
}

// bundle is what OpenSSL makes of certificates.
func bundle(t *testing.T, form string, certs ...*smx509.Certificate) []byte {
	t.Helper()
	file := filepath.Join(t.TempDir(), "all.pem")
	if err := os.WriteFile(file, pemOf(certs...), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("openssl", "crl2pkcs7", "-nocrl", "-certfile", file, "-outform", form).Output()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// utf16Of writes ASCII as editors of Windows do.
func utf16Of(text []byte, big bool) []byte {
	var out []byte
	for _, unit := range utf16.Encode([]rune("\uFEFF" + string(text))) {
		if big {
			out = append(out, byte(unit>>8), byte(unit))
		} else {
			out = append(out, byte(unit), byte(unit>>8))
		}
	}
	return out
}

// TestUploadForms: what people have is read, whatever it was saved with and by.
func TestUploadForms(t *testing.T) {
	s := newSite(t)
	c := s.issue("李四", false)
	text, long := pemOf(c), base64.StdEncoding.EncodeToString(c.Raw)
	lines := strings.Join(strings.Split(strings.TrimSpace(string(text)), "\n")[1:], "\r\n")
	lines = lines[:strings.Index(lines, "-----END")]
	for name, content := range map[string][]byte{
		"DER":                        c.Raw,
		"PEM":                        text,
		"PEM with a mark":            append([]byte("\xef\xbb\xbf"), text...),
		"PEM, Windows lines, a mark": append([]byte("\xef\xbb\xbf"), bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n"))...),
		"PEM in UTF-16":              utf16Of(text, false),
		"PEM in UTF-16, big":         utf16Of(text, true),
		"PEM after words":            append([]byte("subject=CN = 李四\n\n"), text...),
		"old label":                  bytes.ReplaceAll(text, []byte("CERTIFICATE"), []byte("X509 CERTIFICATE")),
		"CA before it":               pemOf(s.ca, c),
		"a key before it":            append(pem.EncodeToMemory(&pem.Block{Type: "EC PARAMETERS", Bytes: []byte{5, 0}}), text...),
		"base64":                     []byte(long),
		"base64 in lines":            []byte(lines),
		"base64 with a mark":         []byte("\xef\xbb\xbf" + long + "\r\n"),
		"base64 in UTF-16":           utf16Of([]byte(long), false),
		"base64 of URLs":             []byte(base64.RawURLEncoding.EncodeToString(c.Raw)),
		"bundle":                     bundle(t, "DER", c, s.ca),
		"bundle, CA first":           bundle(t, "DER", s.ca, c),
		"bundle in PEM":              bundle(t, "PEM", s.ca, c),
		"bundle in base64":           []byte(base64.StdEncoding.EncodeToString(bundle(t, "DER", s.ca, c))),
	} {
		t.Run(name, func(t *testing.T) {
			(&site{Portal: s.Portal, t: t}).shows(s.upload(content), 200, "李四", "有效")
		})
	}
	for name, content := range map[string][]byte{"a key": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: c.Raw}), "base64 of nothing": []byte("aGVsbG8="),
		"a mark alone": []byte("\xef\xbb\xbf"), "half UTF-16": {0xff, 0xfe, 'a'}, "text": []byte("-----BEGIN CERTIFICATE-----\n\n-----END CERTIFICATE-----\n")} {
		t.Run(name, func(t *testing.T) {
			(&site{Portal: s.Portal, t: t}).shows(s.upload(content), 400, "不是证书")
		})
	}
}
