package ceremony

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"onecert/keys"
	"onecert/pki"
	"onecert/shares"
)

// twoRoots is a first ceremony with two sets of shares.
func twoRoots(t *testing.T) *office {
	o := newOffice(t)
	o.hold(rootAct("root", pki.P256) + strings.Replace(rootAct("other", pki.P256), "set: roots", "set: others", 1) + listAct("root", ""))
	return o
}

func setOf(o *office, id string) string { return o.state().find(id).Custody.Set }

// wrongValue is a share whose every check is right and whose value is another's.
func wrongValue(t *testing.T, of shares.Share) shares.Share {
	t.Helper()
	drawn := append(mustHex(t, of.Set), bytes.Repeat([]byte{7, 99, 3, 41}, 40)...)
	all, err := shares.Split(bytes.NewReader(drawn), make([]byte, secretSize), of.Threshold, of.Total)
	if err != nil {
		t.Fatal(err)
	}
	return all[of.Index-1]
}

func mustHex(t *testing.T, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestSharesThatDoNotOpen(t *testing.T) {
	o := twoRoots(t)
	gone := errors.New("the custodians went home")
	for _, c := range []struct {
		name, code string
		bring      func(ask Ask, safe []shares.Share, n int) (shares.Share, error)
		refused    string // code of refusals in the transcript
	}{
		{"two of five", "internal", func(ask Ask, safe []shares.Share, n int) (shares.Share, error) {
			if len(ask.Have) == 2 {
				return shares.Share{}, gone
			}
			return copyOf(safe[n]), nil
		}, ""},
		{"shares of another root", "share.mixed", func(ask Ask, _ []shares.Share, _ int) (shares.Share, error) {
			if ask.Trouble != nil {
				return shares.Share{}, ask.Trouble
			}
			return copyOf(o.people.safe[setOf(o, "other")][1]), nil
		}, "share.mixed"},
		{"one three times", "share.duplicate", func(_ Ask, safe []shares.Share, _ int) (shares.Share, error) {
			return copyOf(safe[3]), nil
		}, "share.duplicate"},
		{"one wrong", "share.wrong", func(ask Ask, safe []shares.Share, _ int) (shares.Share, error) {
			if len(ask.Have) == 2 {
				return wrongValue(t, safe[2]), nil
			}
			return copyOf(safe[len(ask.Have)]), nil
		}, ""},
	} {
		o.people.bring, o.people.asked = c.bring, 0
		cfg := o.config(listAct("root", ""))
		o.breaksOff(cfg, c.code)
		text, err := os.ReadFile(filepath.Join(cfg.Out, transcriptFile))
		if err != nil || c.refused != "" && !bytes.Contains(text, []byte(`"act":"share-refused"`)) || !bytes.Contains(text, []byte(c.refused)) {
			t.Errorf("%s: %s %v", c.name, text, err)
		}
	}
	o.people.bring = nil
	o.hold(listAct("root", "")) // after all this the shares still open it
	if n := o.state().find("root").List.Number; n != 2 {
		t.Errorf("the list has number %d, want 2: broken-off ceremonies must not count", n)
	}
}

// A refused share can be followed by the right one.
func TestAShareIsBroughtAgain(t *testing.T) {
	o := twoRoots(t)
	o.people.bring = func(ask Ask, safe []shares.Share, n int) (shares.Share, error) {
		switch n {
		case 1, 2:
			return copyOf(safe[4]), nil
		case 3:
			if pki.CodeOf(ask.Trouble) != "share.duplicate" {
				t.Errorf("the trouble is %v", ask.Trouble)
			}
			return copyOf(o.people.safe[setOf(o, "other")][0]), nil
		}
		return copyOf(safe[n-4]), nil
	}
	o.hold(listAct("root", ""))
	if o.people.asked != 5 {
		t.Errorf("asked %d times, want 5", o.people.asked)
	}
}

// Any three of the five open the root, and one set opens all roots that share it.
func TestAnyThreeOfFive(t *testing.T) {
	o := newOffice(t)
	o.hold(rootAct("one", pki.P256) + rootAct("two", pki.SM2))
	for _, choice := range [][3]int{{0, 1, 2}, {4, 2, 0}, {3, 4, 1}} {
		o.people.asked = 0
		o.people.bring = func(ask Ask, safe []shares.Share, _ int) (shares.Share, error) {
			return copyOf(safe[choice[len(ask.Have)]]), nil
		}
		o.hold(listAct("one", "") + listAct("two", ""))
		if o.people.asked != 3 {
			t.Errorf("asked for %d shares, want 3 for both roots", o.people.asked)
		}
	}
}

// A share written down wrongly is noticed while everybody is still there.
func TestWrittenDownWrongly(t *testing.T) {
	o := newOffice(t)
	o.people.write = func(custodian string, s shares.Share) (shares.Share, error) {
		if custodian == "李丁" {
			return wrongValue(t, s), nil
		}
		return s, nil
	}
	err := o.refused(rootAct("root", pki.P256), "share.wrong")
	if !strings.Contains(err.Error(), "share 4 of set") {
		t.Error(err)
	}
}

// The key file of a root opens with the shares alone, by OpenSSL too; and nothing that
// opens it is on disk anywhere.
func TestNothingSecretOnDisk(t *testing.T) {
	for _, suite := range []pki.Suite{pki.SM2, pki.RSA2048, pki.P384} {
		o := newOffice(t)
		o.hold(rootAct("root", suite) + listAct("root", ""))
		r := o.state().find("root")
		secret, err := shares.Combine(o.people.safe[r.Custody.Set][1:4])
		if err != nil {
			t.Fatal(err)
		}
		passphrase := hex.EncodeToString(secret)
		location, err := keys.ParseURI(r.Key)
		if err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(filepath.Join(o.dir, "state", location.Path))
		if err != nil {
			t.Fatal(err)
		}
		said, ok := openssl(t, map[string][]byte{"key.pem": text}, "pkey", "-in", "key.pem", "-passin", "pass:"+passphrase, "-pubout")
		public, _ := openssl(t, map[string][]byte{"root.pem": certsPEM(chainOf(t, filepath.Join(o.dir, "state", r.Certificate))...)}, "x509", "-in", "root.pem", "-noout", "-pubkey")
		if !ok || said != public {
			t.Errorf("%s: openssl says %s, the certificate holds %s", suite, said, public)
		}
		secrets := []string{passphrase, string(secret), strings.ToUpper(passphrase)}
		for _, s := range o.people.safe[r.Custody.Set] {
			secrets = append(secrets, linesOf(s)...)
		}
		nowhere(t, o.dir, secrets)
	}
}

// linesOf returns a share's lines as they are written down, and run together, in capitals and
// small letters. Single words of four letters would be found in certificates by chance.
func linesOf(s shares.Share) []string {
	var lines []string
	for line := range strings.Lines(s.Words()) {
		line = strings.TrimSpace(line)
		together := strings.ReplaceAll(line, " ", "")
		lines = append(lines, line, together, strings.ToLower(line), strings.ToLower(together))
	}
	return lines
}

// nowhere fails if a file below dir holds one of the secrets.
func nowhere(t *testing.T, dir string, secrets []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		for _, secret := range secrets {
			if bytes.Contains(data, []byte(secret)) {
				t.Errorf("%s holds a secret", path)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A root's key file that was exchanged is not signed with.
func TestKeyOfAnotherRoot(t *testing.T) {
	o := newOffice(t)
	o.hold(rootAct("root", pki.P256) + rootAct("other", pki.P256))
	state := filepath.Join(o.dir, "state")
	one, two := filepath.Join(state, "keys", "root-"+setOf(o, "root")+".pem"), filepath.Join(state, "keys", "other-"+setOf(o, "root")+".pem")
	data, err := os.ReadFile(two)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(one, data, 0o600); err != nil {
		t.Fatal(err)
	}
	o.refused(listAct("root", ""), "ceremony.key")
}

// A root can be kept under a passphrase file instead.
func TestRootWithoutShares(t *testing.T) {
	o := newOffice(t)
	pass := filepath.Join(o.dir, "pass")
	if err := os.WriteFile(pass, []byte("a passphrase from a safe\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	act := strings.Replace(rootAct("root", pki.P256), "split: {set: roots, shares: 5, threshold: 3}", "key: 'file:keys/root.pem?pass=file:"+pass+"'", 1)
	o.hold(act)
	o.hold(listAct("root", ""))
	if o.people.asked != 0 || o.state().find("root").List.Number != 1 {
		t.Error("shares were asked for, or no list was made")
	}
}

// An issuing CA's key can be split too, for a CA that custodians start.
func TestSplitIssuingKey(t *testing.T) {
	o := newOffice(t)
	act := strings.Replace(issuingAct("web", "root", pki.P256, ""), "key: 'file:keys/web.pem?pass=file:passphrase'", "split: {shares: 5, threshold: 2}", 1)
	result := o.hold(rootAct("root", pki.P256) + act)
	custody := o.state().find("web").Custody
	secret, err := shares.Combine(o.people.safe[custody.Set][2:4])
	if err != nil {
		t.Fatal(err)
	}
	key, err := keys.Open("file:"+result+"/keys/web.pem", keys.Options{Passphrase: []byte(hex.EncodeToString(secret))})
	if err != nil || publicHash(key) != o.state().find("web").PublicKey {
		t.Error(err)
	}
}

// Custodians change: the new ones open the root, the old ones do not.
func TestReshare(t *testing.T) {
	o := newOffice(t)
	o.hold(rootAct("root", pki.SM2) + listAct("root", ""))
	before := setOf(o, "root")
	o.hold("  - reshare: {authority: root, split: {set: again, shares: 5, threshold: 4}}\n")
	after := o.state().find("root").Custody
	if after.Set == before || after.Threshold != 4 {
		t.Fatalf("%+v", after)
	}
	o.people.bring = func(ask Ask, safe []shares.Share, _ int) (shares.Share, error) {
		return copyOf(safe[len(ask.Have)+1]), nil
	}
	o.hold(listAct("root", ""))
	o.people.bring = func(ask Ask, _ []shares.Share, _ int) (shares.Share, error) {
		if ask.Trouble != nil {
			return shares.Share{}, ask.Trouble
		}
		return copyOf(o.people.safe[before][len(ask.Have)]), nil
	}
	o.refused(listAct("root", ""), "share.mixed")
}

func TestInterruptedWhileAsking(t *testing.T) {
	o := newOffice(t)
	o.hold(rootAct("root", pki.P256))
	ctx, cancel := context.WithCancel(context.Background())
	cfg := o.config(listAct("root", ""))
	o.people.bring = func(ask Ask, safe []shares.Share, _ int) (shares.Share, error) {
		cancel()
		return copyOf(safe[len(ask.Have)]), nil
	}
	if _, err := Run(ctx, cfg); pki.CodeOf(err) != "ceremony.interrupted" {
		t.Error(err)
	}
	if o.state().find("root").List != nil {
		t.Error("the state was changed")
	}
}
