package trust

import (
	"crypto/rand"
	"testing"
	"time"

	"onecert/pki"
	"onecert/trustlist"
)

// centre signs lists.
type centre struct{ *labCA }

func (c centre) list(number int64, ends time.Time, cas ...trustlist.CA) []byte {
	c.t.Helper()
	message, err := trustlist.Sign(rand.Reader, trustlist.Author{Key: c.key, Certificate: c.c, At: moment}, &trustlist.List{Format: trustlist.Format, Name: "national",
		Number: number, Publisher: "示例中心", Issued: moment, Ends: ends, CAs: cas})
	if err != nil {
		c.t.Fatal(err)
	}
	return message
}

func foreign(ca *labCA, name string) trustlist.CA {
	return trustlist.CA{Name: name, Anchors: ca.pem(), Level: 2, Revocation: []trustlist.Source{{Name: "list", Kind: "upload"}}}
}

// adopted adopts the newest list and applies that.
func adopted(t *testing.T, s *Store, c *Config) {
	t.Helper()
	held, err := s.Held("centre")
	if err != nil || held == nil {
		t.Fatalf("no list is held: %v", err)
	}
	if _, err := c.Adopt("centre", held); err != nil {
		t.Fatal(err)
	}
	if err := s.Apply(*c); err != nil {
		t.Fatal(err)
	}
}

// TestTrustListFollowed: a fetched list is verified by its pinned signer, counts only when
// adopted, and its CAs go when the next leaves them out, or with its end.
func TestTrustListFollowed(t *testing.T) {
	for _, kind := range []string{"sm2", "ec"} {
		t.Run(kind, func(t *testing.T) {
			signs, web, now := centre{newCA(t, kind, "中心", nil)}, newPlace(t), newClock()
			one, two := newCA(t, kind, "外省一", nil), newCA(t, "ec", "外省二", nil)
			ends := moment.Add(30 * 24 * time.Hour)
			address := web.put("/list.p7", signs.list(1, ends, foreign(one, "one"), foreign(two, "two")))
			came := make(chan struct{}, 8)
			c := Config{Lists: []ListRow{{Name: "centre", Of: "national", Signers: signs.pem(), URL: address, Allow: []string{"127.0.0.0/8"}}},
				Sets: []SetRow{{Name: "people", Lists: []string{"centre"}}}}
			dir := t.TempDir()
			s, err := New(c, Options{Now: now.now, Dir: dir, OnList: func() { came <- struct{}{} }})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			<-came
			person := one.issue(nil)
			wants(t, "before it counts", judge(s, moment, person), UnknownIssuer)
			adopted(t, s, &c)
			for _, name := range []string{"centre-one", "centre-two"} {
				ca := map[string]*labCA{"centre-one": one, "centre-two": two}[name]
				if _, err := s.Upload(t.Context(), name, "list", ca.list(paper{number: 1, next: ends.Add(time.Hour)})); err != nil {
					t.Fatal(err)
				}
			}
			v := judge(s, moment, person)
			if wants(t, "once it counts", v, Good); v.CA != "centre-one" || v.Level != 2 {
				t.Errorf("it stands for %s at level %d", v.CA, v.Level)
			}
			wants(t, "past the list's end", judge(s, ends.Add(time.Second), person), UnknownIssuer)

			web.put("/list.p7", signs.list(2, ends, foreign(two, "two")))
			if err := s.RefreshTrustList(t.Context(), "centre"); err != nil {
				t.Fatal(err)
			}
			wants(t, "before the next counts", judge(s, moment, person), Good)
			adopted(t, s, &c)
			wants(t, "left out by the next", judge(s, moment, person), UnknownIssuer)
			wants(t, "still in the next", judge(s, moment, two.issue(nil)), Good)

			// A restart without the network still knows the highest number.
			web.Close()
			again, err := New(c, Options{Now: now.now, Dir: dir})
			if err != nil {
				t.Fatal(err)
			}
			defer again.Close()
			if h := again.ListHealth()[0]; h.Held != 2 || h.Adopted != 2 || h.State != "good" {
				t.Errorf("after a restart: %+v", h)
			}
			if err := again.UploadTrustList("centre", signs.list(1, ends, foreign(one, "one"))); pki.CodeOf(err) != "trustlist.older" {
				t.Errorf("an older one after a restart: %v", err)
			}
		})
	}
}

func TestTrustListRefused(t *testing.T) {
	signs, stranger, ca := centre{newCA(t, "ec", "中心", nil)}, centre{newCA(t, "ec", "中心", nil)}, newCA(t, "ec", "外省", nil)
	c := Config{Lists: []ListRow{{Name: "centre", Of: "national", Signers: signs.pem()}}}
	now := newClock()
	s, err := New(c, Options{Now: now.now})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ends := moment.Add(time.Hour)
	if err := s.UploadTrustList("centre", signs.list(5, ends)); err != nil {
		t.Fatal(err)
	}
	other, err := trustlist.Sign(rand.Reader, trustlist.Author{Key: signs.key, Certificate: signs.c, At: moment},
		&trustlist.List{Format: trustlist.Format, Name: "trial", Number: 9, Issued: moment, Ends: ends})
	if err != nil {
		t.Fatal(err)
	}
	for name, one := range map[string]struct {
		message []byte
		code    string
	}{
		"another signer of the same name": {stranger.list(6, ends), "trustlist.signer"},
		"an older number":                 {signs.list(4, ends), "trustlist.older"},
		"the same number, another text":   {signs.list(5, ends, foreign(ca, "x")), "trustlist.twice"},
		"another list of the signer":      {other, "trustlist.another"},
		"nothing":                         {nil, "trustlist.format"},
	} {
		if err := s.UploadTrustList("centre", one.message); pki.CodeOf(err) != one.code {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := s.UploadTrustList("centre", signs.list(5, ends)); err != nil {
		t.Errorf("the same once more: %v", err)
	}
	now.forward(2 * time.Hour)
	if err := s.UploadTrustList("centre", signs.list(8, ends)); pki.CodeOf(err) != "trustlist.ended" {
		t.Errorf("one that has ended: %v", err)
	}
	if held, err := s.Held("centre"); held != nil || err != nil {
		t.Errorf("an ended list can be adopted: %v", err)
	}
}

// TestTrustListRows: rows of a list are those the centre signed, or the configuration is
// refused.
func TestTrustListRows(t *testing.T) {
	signs, ca := centre{newCA(t, "ec", "中心", nil)}, newCA(t, "ec", "外省", nil)
	fresh := func() Config {
		c := Config{Lists: []ListRow{{Name: "centre", Of: "national", Signers: signs.pem()}}, Sets: []SetRow{{Name: "people", Lists: []string{"centre"}}}}
		if _, err := c.Adopt("centre", &trustlist.List{Number: 3, Ends: moment, CAs: []trustlist.CA{foreign(ca, "x")}}); err != nil {
			t.Fatal(err)
		}
		return c
	}
	if err := Check(fresh()); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Config){
		"a level by hand":      func(c *Config) { c.CAs[0].Level = 9 },
		"one taken away":       func(c *Config) { c.CAs = nil },
		"one more":             func(c *Config) { more := c.CAs[0]; more.Name = "centre-y"; c.CAs = append(c.CAs, more) },
		"no number":            func(c *Config) { c.Lists[0].Adopted = nil },
		"no list":              func(c *Config) { c.Lists, c.Sets = nil, nil },
		"a set of no list":     func(c *Config) { c.Sets[0].Lists = []string{"other"} },
		"nobody may sign":      func(c *Config) { c.Lists[0].Signers = "" },
		"neither way to adopt": func(c *Config) { c.Lists[0].Adopt = "perhaps" },
		"a list of no name":    func(c *Config) { c.Lists[0].Of = "" },
		"two of a name":        func(c *Config) { c.Lists = append(c.Lists, c.Lists[0]) },
	} {
		c := fresh()
		if change(&c); pki.CodeOf(Check(c)) != "trust.config" {
			t.Errorf("%s: %v", name, Check(c))
		}
	}
	c := fresh()
	if renews, err := c.Adopt("centre", &trustlist.List{Number: 4, Ends: moment.Add(time.Hour), CAs: []trustlist.CA{foreign(ca, "x")}}); !renews || err != nil || len(c.CAs) != 1 {
		t.Errorf("the same rows with a later end: %v %v", renews, err)
	}
}
