package kmc

import (
	"bytes"
	"context"
	"crypto"
	"database/sql"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/audit"
	"onecert/officer"
	"onecert/pki"
	"onecert/pkitest"
)

// court is who investigates: a CA of its own, trusted for that only.
type court struct {
	*holderCA
	tokens       map[string]*token // by family
	certificates [][]byte
}

// TestSeveralPersons runs every case on the object and on the client, on each engine.
func TestSeveralPersons(t *testing.T) {
	cases := []struct {
		name string
		run  func(t *testing.T, s *seats, j *court)
	}{
		{"judicial recovery", testCase},
		{"the ledger waits", testWithheld},
		{"bad cases", testBadCases},
		{"investigators", testInvestigators},
		{"what was approved", testApprovedContent},
		{"destruction", testDestruction},
		{"retention", testRetention},
		{"a key in a case", testHeldByCase},
	}
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		for way, name := range []string{"object", "client"} {
			for i, c := range cases {
				t.Run(c.name+", "+name, func(t *testing.T) {
					from := source
					if i > 0 || way > 0 {
						from = fresh(t, source)
					}
					s, j := staffed(t, from, way > 0)
					c.run(t, s, j)
				})
			}
		}
	})
}

func staffed(t *testing.T, source string, network bool) (*seats, *court) {
	j := &court{holderCA: newHolderCA(t, time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)), tokens: map[string]*token{}}
	h := newStaffed(t, source, func(c *Config) { c.Investigators = []*smx509.Certificate{j.certificate} })
	for _, suite := range []pki.Suite{pki.SM2, pki.RSA2048} {
		k := newToken(t, suite)
		j.tokens[suite.Family()] = k
		j.certificates = append(j.certificates, j.issue(t, "Example Investigator", k.signer.Public(), nil))
	}
	return &seats{house: h, network: network, clients: map[string]*Client{}}, j
}

// give makes a pair for a holder and returns what opens with it.
func (s *seats) give(n int, suite pki.Suite, holder string) (pki.KeyOrder, crypto.Signer) {
	s.t.Helper()
	k := newToken(s.t, suite)
	o := s.order(n, suite, k)
	o.Holder = holder
	g, err := s.centre.Generate(s.as("ca1"), o)
	if err != nil {
		s.t.Fatal(err)
	}
	return o, k.open(s.t, g)
}

func (j *court) order(holder string) CaseOrder {
	return CaseOrder{Number: "(2026)刑字第17号", Authority: "示例市公安局", Reason: "电信诈骗案侦查", Holder: holder, Certificates: j.certificates}
}

func (s *seats) open(o CaseOrder) (Case, error) {
	ctx, c := s.at("keeper")
	return c.OpenCase(ctx, o)
}

func (s *seats) mustOpen(o CaseOrder) Case {
	s.t.Helper()
	opened, err := s.open(o)
	if err != nil {
		s.t.Fatal(err)
	}
	return opened
}

// agree has persons approve; the approvals are a component's, not the centre's.
func (s *seats) agree(id, digest string, names ...string) {
	s.t.Helper()
	for _, name := range names {
		if _, err := s.config.Officers.Approve(s.as(name), id, digest); err != nil {
			s.t.Fatalf("%s: %v", name, err)
		}
	}
}

func (s *seats) exportCase(name, id string) (Export, error) {
	ctx, c := s.at(name)
	return c.ExportCase(ctx, id)
}

func (s *seats) ledger(holder string) []Touch {
	s.t.Helper()
	ctx, c := s.at("ca1")
	all, err := c.Ledger(ctx, holder, LedgerQuery{})
	if err != nil {
		s.t.Fatal(err)
	}
	return all
}

// logged counts entries of the audit log.
func (s *seats) logged(act string, result audit.Result) (n int) {
	s.t.Helper()
	all, err := s.config.Audit.Search(context.Background(), audit.Query{Act: act})
	if err != nil {
		s.t.Fatal(err)
	}
	for _, e := range all {
		if e.Result == result {
			n++
		}
	}
	return n
}

func testCase(t *testing.T, s *seats, j *court) {
	one, sm2 := s.give(1, pki.SM2, "holder-x")
	s.clock.advance(time.Millisecond)
	two, rsa := s.give(2, pki.RSA2048, "holder-x")
	if err := s.centre.Retire(s.as("ca1"), two.CertNo); err != nil { // in history, and had all the same
		t.Fatal(err)
	}
	s.give(3, pki.SM2, "holder-y")
	opened := s.mustOpen(j.order("holder-x"))
	if again := s.mustOpen(j.order("holder-x")); again.ID != opened.ID {
		t.Error("the same case was proposed twice")
	}
	s.give(4, pki.SM2, "holder-x") // too late for this case
	if len(opened.Keys) != 2 || opened.Keys[0].CertNo != one.CertNo || opened.State != officer.Pending || len(opened.Investigators) != 2 ||
		opened.Investigators[0].Subject != "CN=Example Investigator" || opened.Missing[0] != (officer.Need{Role: officer.Custodian, Count: 2}) {
		t.Errorf("%+v", opened)
	}
	_, err := s.config.Officers.Approve(s.as("keeper"), opened.ID, opened.Digest)
	wantCode(t, err, pki.Forbidden, "approval.own")
	_, err = s.config.Officers.Approve(s.as("boss"), opened.ID, opened.Digest)
	wantCode(t, err, pki.Forbidden, "approval.role")
	s.agree(opened.ID, opened.Digest, "keeper2")
	_, err = s.exportCase("keeper", opened.ID)
	wantCode(t, err, pki.Conflict, "approval.pending")
	s.agree(opened.ID, opened.Digest, "keeper3")
	for _, name := range []string{"boss", "system", "auditor", "ca1"} {
		_, err = s.exportCase(name, opened.ID)
		wantCode(t, err, pki.Forbidden, "officer.forbidden")
	}
	if len(s.ledger("holder-x")) != 4 {
		t.Errorf("the ledger tells of what has not happened: %+v", s.ledger("holder-x"))
	}
	export, err := s.exportCase("keeper", opened.ID)
	if err != nil || len(export.Keys) != 2 || export.Number != opened.Number || !export.Shown.Equal(s.clock.Now()) {
		t.Fatalf("%+v %v", export, err)
	}
	for i, want := range []crypto.Signer{sm2, rsa} {
		k := export.Keys[i]
		g := pki.KeyGrant{PublicKey: k.PublicKey, Envelope: k.Envelope}
		got := j.tokens[k.Suite.Family()].open(t, g)
		if !want.Public().(interface{ Equal(crypto.PublicKey) bool }).Equal(got.Public()) || k.Certificate != opened.Investigators[i].Fingerprint {
			t.Errorf("%s: another key or certificate", k.Suite)
		}
		if _, err := newToken(t, k.Suite).tryOpen(g); err == nil {
			t.Errorf("%s: a stranger opens it", k.Suite)
		}
	}
	last := s.ledger("holder-x")[4]
	if last.Act != "key.disclose" || last.Case != opened.Number || last.Authority != "示例市公安局" || last.Reason != "电信诈骗案侦查" || last.By != "keeper" ||
		last.ApprovedBy != "keeper2, keeper3" && last.ApprovedBy != "keeper3, keeper2" || last.WithheldBy != "" || last.Result != "done" || !last.WithheldUntil.IsZero() {
		t.Errorf("%+v", last)
	}
	again, err := s.exportCase("keeper4", opened.ID) // a lost answer
	if err != nil || len(again.Keys) != 2 || !bytes.Equal(again.Keys[0].Envelope.DER, export.Keys[0].Envelope.DER) ||
		!bytes.Equal(again.Keys[1].PublicKey, export.Keys[1].PublicKey) || len(s.ledger("holder-x")) != 6-1+1 || s.logged("case.fetch", audit.Done) != 1 {
		t.Errorf("asked again: %+v %v", again, err)
	}
	if len(s.ledger("holder-y")) != 1 {
		t.Error("another holder's ledger tells of it")
	}
	ctx, c := s.at("auditor")
	list, err := c.Cases(ctx, "", 0)
	if err != nil || len(list) != 1 || list[0].State != officer.Used || list[0].ExportedBy != "keeper" || len(list[0].Votes) != 2 || !list[0].Shown.Equal(s.clock.Now()) {
		t.Errorf("%+v %v", list, err)
	}
	for _, name := range []string{"ca1", "system", "boss"} {
		ctx, c := s.at(name)
		_, err := c.Cases(ctx, "", 0)
		wantCode(t, err, pki.Forbidden, "officer.forbidden")
	}
	ctx, c = s.at("boss")
	_, err = c.OpenCase(ctx, j.order("holder-x"))
	wantCode(t, err, pki.Forbidden, "officer.forbidden")
}

// The law may delay what the holder sees, for a stated time and no longer. Nobody has
// to do anything when it is over, and the audit log and the case have it at once.
func testWithheld(t *testing.T, s *seats, j *court) {
	s.give(1, pki.SM2, "holder-x")
	o := j.order("holder-x")
	o.WithholdDays, o.WithholdLaw = 180, "刑事诉讼法第一百五十条"
	opened := s.mustOpen(o)
	s.agree(opened.ID, opened.Digest, "keeper2", "keeper3")
	a, err := s.config.Officers.Approval(s.as("keeper4"), opened.ID)
	if err != nil || !strings.Contains(a.Summary, "after 180 days, by 刑事诉讼法第一百五十条") {
		t.Errorf("those who agree are not told: %q %v", a.Summary, err)
	}
	export, err := s.exportCase("keeper", opened.ID)
	if err != nil || !export.Shown.Equal(s.clock.Now().AddDate(0, 0, 180)) {
		t.Fatalf("%+v %v", export, err)
	}
	seen := func() int { return len(s.ledger("holder-x")) }
	if seen() != 1 || s.logged("key.disclose", audit.Done) != 1 {
		t.Errorf("the ledger shows %d, the log %d", seen(), s.logged("key.disclose", audit.Done))
	}
	for _, name := range []string{"keeper", "auditor"} { // it is the holder's view, whoever looks
		ctx, c := s.at(name)
		if all, err := c.Ledger(ctx, "holder-x", LedgerQuery{}); err != nil || len(all) != 1 {
			t.Errorf("%s: %+v %v", name, all, err)
		}
	}
	ctx, c := s.at("auditor")
	if one, err := c.Case(ctx, opened.ID); err != nil || one.WithholdDays != 180 || one.WithholdLaw == "" || !one.Shown.Equal(export.Shown) {
		t.Errorf("%+v %v", one, err)
	}
	s.clock.advance(180*24*time.Hour - time.Millisecond)
	if seen() != 1 {
		t.Error("shown too early")
	}
	s.clock.advance(time.Millisecond)
	all := s.ledger("holder-x")
	if len(all) != 2 || all[1].WithheldBy != o.WithholdLaw || !all[1].WithheldUntil.Equal(s.clock.Now()) || !all[1].At.Equal(s.clock.Now().AddDate(0, 0, -180)) {
		t.Errorf("after the delay: %+v", all)
	}
	err = execute(context.Background(), s.config.DB, "UPDATE kmc_disclosure SET shown_at = shown_at + 1")
	if err == nil {
		t.Error("the table lets a ledger wait longer than 180 days")
	}
}

func testBadCases(t *testing.T, s *seats, j *court) {
	one, _ := s.give(1, pki.SM2, "holder-x")
	s.give(2, pki.RSA2048, "holder-x")
	for name, b := range map[string]struct {
		change func(*CaseOrder)
		kind   pki.Kind
		code   string
	}{
		"no keys":            {func(o *CaseOrder) { o.Holder = "" }, pki.Invalid, "km.order"},
		"holder and keys":    {func(o *CaseOrder) { o.Keys = []KeyName{{CertNo: one.CertNo}} }, pki.Invalid, "km.order"},
		"control characters": {func(o *CaseOrder) { o.Reason = "a\nb" }, pki.Invalid, "km.order"},
		"unknown holder":     {func(o *CaseOrder) { o.Holder = "nobody" }, pki.Unknown, "km.no-key"},
		"unknown key":        {func(o *CaseOrder) { o.Holder, o.Keys = "", []KeyName{{CertNo: certNo(99)}} }, pki.Unknown, "km.no-key"},
		"a key twice": {func(o *CaseOrder) {
			o.Holder, o.Keys = "", []KeyName{{CertNo: one.CertNo}, {CertNo: one.CertNo, CA: "ca1"}}
		}, pki.Invalid, "km.order"},
		"days without law":    {func(o *CaseOrder) { o.WithholdDays = 30 }, pki.Invalid, "km.order"},
		"law without days":    {func(o *CaseOrder) { o.WithholdLaw = "law" }, pki.Invalid, "km.order"},
		"no certificate fits": {func(o *CaseOrder) { o.Certificates = o.Certificates[:1] }, pki.Invalid, "km.recipient"},
	} {
		o := j.order("holder-x")
		b.change(&o)
		_, err := s.open(o)
		t.Log(name)
		wantCode(t, err, b.kind, b.code)
	}
	for name, change := range map[string]func(*CaseOrder){ // the API's own description refuses some of them
		"181 days":       func(o *CaseOrder) { o.WithholdDays, o.WithholdLaw = 181, "law" },
		"minus one day":  func(o *CaseOrder) { o.WithholdDays, o.WithholdLaw = -1, "law" },
		"no number":      func(o *CaseOrder) { o.Number = "" },
		"no authority":   func(o *CaseOrder) { o.Authority = "" },
		"long authority": func(o *CaseOrder) { o.Authority = strings.Repeat("x", 201) },
		"nobody":         func(o *CaseOrder) { o.Certificates = [][]byte{} },
	} {
		o := j.order("holder-x")
		change(&o)
		if _, err := s.open(o); pki.KindOf(err) != pki.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := s.exportCase("keeper", "nosuch")
	wantCode(t, err, pki.Unknown, "km.no-case")
	if s.logged("kmc.disclose", audit.Refused) == 0 {
		t.Error("a refused export is not in the log")
	}
}

func testInvestigators(t *testing.T, s *seats, j *court) {
	s.give(1, pki.SM2, "holder-x")
	k := newToken(t, pki.SM2)
	issue := func(a *holderCA, change func(*smx509.Certificate)) []byte {
		return a.issue(t, "Example Investigator", k.signer.Public(), change)
	}
	own := issue(s.holders, nil)
	_, err := s.config.Officers.Register(pki.WithActor(t.Context(), pki.Actor{Name: "machine"}),
		officer.Registration{Certificate: own, Name: "keeper9", Kind: officer.Person, Roles: []string{officer.Custodian}, Issuer: "test"})
	if err != nil {
		t.Fatal(err)
	}
	good := issue(j.holderCA, nil)
	for name, der := range map[string][]byte{
		"another CA":         issue(newHolderCA(t, s.clock.Now()), nil),
		"expired":            issue(j.holderCA, func(c *smx509.Certificate) { c.NotAfter = s.clock.Now().Add(-time.Second) }),
		"not yet valid":      issue(j.holderCA, func(c *smx509.Certificate) { c.NotBefore = s.clock.Now().Add(time.Minute) }),
		"the CA itself":      j.certificate.Raw,
		"for no use":         issue(j.holderCA, func(c *smx509.Certificate) { c.KeyUsage = 0 }),
		"cut":                good[:len(good)-4],
		"an officer of ours": own,
	} {
		o := j.order("holder-x")
		o.Certificates = [][]byte{der}
		_, err := s.open(o)
		t.Log(name)
		wantCode(t, err, pki.Forbidden, "km.investigator")
	}
	if n := s.logged("kmc.disclose", audit.Refused); n != 7 {
		t.Errorf("%d refusals in the log", n)
	}
	o := j.order("holder-x") // of a CA this centre trusts anyway
	o.Certificates = [][]byte{s.holders.issue(t, "Example Prosecutor", newToken(t, pki.SM2).signer.Public(),
		func(c *smx509.Certificate) { c.KeyUsage = smx509.KeyUsageKeyEncipherment })}
	s.mustOpen(o)
	// What has expired when the case is carried out gets nothing.
	short := issue(j.holderCA, func(c *smx509.Certificate) { c.NotAfter = s.clock.Now().Add(time.Hour) })
	o.Certificates = [][]byte{short}
	opened := s.mustOpen(o)
	s.agree(opened.ID, opened.Digest, "keeper2", "keeper3")
	s.clock.advance(2 * time.Hour)
	_, err = s.exportCase("keeper", opened.ID)
	wantCode(t, err, pki.Forbidden, "km.investigator")
}

// What was approved is done and nothing else, whatever hand is in the database.
func testApprovedContent(t *testing.T, s *seats, j *court) {
	s.give(1, pki.SM2, "holder-x")
	s.give(2, pki.SM2, "holder-y")
	opened := s.mustOpen(j.order("holder-x"))
	s.agree(opened.ID, opened.Digest, "keeper2", "keeper3")
	content := func() (text string) {
		if err := s.config.DB.Read().QueryRowContext(t.Context(), "SELECT content FROM kmc_case").Scan(&text); err != nil {
			t.Fatal(err)
		}
		return text
	}
	good := content()
	for name, other := range map[string]string{
		"another law":  strings.Replace(good, `"withhold_days":0`, `"withhold_days":90`, 1),
		"a reason":     strings.Replace(good, "电信诈骗案侦查", "别的", 1),
		"one key more": strings.Replace(good, `"keys":[`, `"keys":[`+good[strings.Index(good, `"keys":[`)+8:strings.Index(good, `],"certificates"`)]+",", 1),
	} {
		if other == good {
			t.Fatal(name)
		}
		if err := execute(t.Context(), s.config.DB, "UPDATE kmc_case SET content = $1", other); err != nil {
			t.Fatal(err)
		}
		_, err := s.exportCase("keeper", opened.ID)
		t.Log(name)
		wantCode(t, err, pki.Conflict, "approval.content")
	}
	if err := execute(t.Context(), s.config.DB, "UPDATE kmc_case SET content = $1", good); err != nil {
		t.Fatal(err)
	}
	s.clock.advance(7 * 24 * time.Hour)
	_, err := s.exportCase("keeper", opened.ID)
	wantCode(t, err, pki.Conflict, "approval.expired")
	if n := s.logged("approval.use", audit.Refused); n != 4 || s.logged("key.disclose", audit.Done) != 0 {
		t.Errorf("%d refusals in the log", n)
	}
	ctx, c := s.at("auditor")
	if one, err := c.Case(ctx, opened.ID); err != nil || one.State != officer.Expired {
		t.Errorf("%s %v", one.State, err)
	}
	_, err = c.Case(ctx, "nosuch")
	wantCode(t, err, pki.Unknown, "km.no-case")
}

// A failure while sealing leaves the approval good and hands out nothing.
func TestCaseSurvivesFaults(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		s, j := staffed(t, source, false)
		s.give(1, pki.SM2, "holder-x")
		s.give(2, pki.SM2, "holder-x")
		opened := s.mustOpen(j.order("holder-x"))
		s.agree(opened.ID, opened.Digest, "keeper2", "keeper3")
		right := s.centre.config.Random
		s.centre.config.Random = brokenRandom{}
		_, err := s.exportCase("keeper", opened.ID)
		wantCode(t, err, pki.Unavailable, "km.sealing")
		s.centre.config.Random = right
		if err := execute(t.Context(), s.config.DB, "ALTER TABLE kmc_export RENAME TO gone"); err != nil {
			t.Fatal(err)
		}
		if _, err := s.exportCase("keeper", opened.ID); err == nil {
			t.Error("handed out what could not be stored")
		}
		if err := execute(t.Context(), s.config.DB, "ALTER TABLE gone RENAME TO kmc_export"); err != nil {
			t.Fatal(err)
		}
		if len(s.ledger("holder-x")) != 2 || s.logged("key.disclose", audit.Done) != 0 {
			t.Error("the ledger tells of what failed")
		}
		h := s.house
		h.stop()
		h.start() // the approval outlives a restart
		if export, err := s.exportCase("keeper", opened.ID); err != nil || len(export.Keys) != 2 {
			t.Errorf("%+v %v", export, err)
		}
	})
}

type brokenRandom struct{}

func (brokenRandom) Read([]byte) (int, error) { return 0, errors.New("no randomness") }

// Several at the same time carry a case out once, and all get the same.
func TestCaseIsCarriedOutOnce(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		s, j := staffed(t, source, false)
		s.give(1, pki.SM2, "holder-x")
		opened := s.mustOpen(j.order("holder-x"))
		s.agree(opened.ID, opened.Digest, "keeper2", "keeper3")
		type answer struct {
			export Export
			err    error
		}
		answers := make(chan answer, 8)
		for range cap(answers) {
			go func() {
				e, err := s.centre.ExportCase(s.as("keeper"), opened.ID)
				answers <- answer{e, err}
			}()
		}
		var first []byte
		for range cap(answers) {
			a := <-answers
			if pki.CodeOf(a.err) == "approval.ended" {
				continue // it was carried out while this one waited
			}
			if a.err != nil {
				t.Error(a.err)
				continue
			}
			if first == nil {
				first = a.export.Keys[0].Envelope.DER
			}
			if !bytes.Equal(first, a.export.Keys[0].Envelope.DER) {
				t.Error("two envelopes were handed out")
			}
		}
		if s.logged("key.disclose", audit.Done) != 1 {
			t.Error("it was carried out twice")
		}
	})
}

func TestCaseConfiguration(t *testing.T) {
	for _, change := range []func(*Config){
		func(c *Config) { c.Retention = leastRetention - 1 }, func(c *Config) { c.Retention = mostRetention + 1 },
		func(c *Config) { c.CaseApprovals = -1 }, func(c *Config) { c.CaseApprovals = 10 },
	} {
		h := newHouse(t, pkitest.SQLite(t), nil)
		config := h.config
		change(&config)
		_, err := New(t.Context(), config)
		wantCode(t, err, pki.Invalid, "km.config")
	}
	h := newStaffed(t, pkitest.SQLite(t), func(c *Config) { c.CaseApprovals = 3; c.Investigators = []*smx509.Certificate{} })
	s := &seats{house: h}
	s.give(1, pki.SM2, "holder-x")
	o := (&court{}).order("holder-x")
	o.Certificates = [][]byte{h.holders.issue(t, "Example Investigator", newToken(t, pki.SM2).signer.Public(), nil)}
	opened := s.mustOpen(o)
	if len(opened.Missing) != 1 || opened.Missing[0].Count != 3 {
		t.Errorf("%+v", opened.Missing)
	}
	var n int
	err := h.config.DB.Tx(t.Context(), func(tx *sql.Tx) error {
		return tx.QueryRowContext(t.Context(), "SELECT count(*) FROM kmc_case_key").Scan(&n)
	})
	if err != nil || n != 1 {
		t.Errorf("%d %v", n, err)
	}
}
