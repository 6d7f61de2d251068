package kmc

import (
	"bytes"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"onecert/pki"
)

func testCAs(t *testing.T, s *seats) {
	k := newToken(t, pki.SM2)
	o := s.order(1, pki.SM2, k)
	one, two := s.must("ca1", o), s.must("ca2", o)
	if bytes.Equal(one.PublicKey, two.PublicKey) {
		t.Error("two CAs got one pair")
	}
	if err := s.retire("ca1", o.CertNo); err != nil {
		t.Fatal(err)
	}
	g, err := s.restore("ca2", pki.KeyRestore{CertNo: o.CertNo, Recipient: k.spki, Holder: o.Holder})
	if err != nil || !bytes.Equal(g.PublicKey, two.PublicKey) {
		t.Errorf("the second CA's pair: %v", err)
	}
	s.must("ca1", s.order(2, pki.SM2, k))
	_, err = s.restore("ca2", pki.KeyRestore{CertNo: certNo(2), Recipient: k.spki, Holder: "holder-2"})
	wantCode(t, err, pki.Unknown, "km.no-key")
}

func testRights(t *testing.T, s *seats) {
	k := newToken(t, pki.SM2)
	o := s.order(1, pki.SM2, k)
	s.must("ca1", o)
	for _, name := range []string{"keeper", "system", "auditor"} {
		ctx, c := s.at(name)
		_, generate := c.Generate(ctx, o)
		retire := c.Retire(ctx, o.CertNo)
		if s.network { // officers have no message key, so the client knows already
			wantCode(t, generate, pki.Invalid, "km.message-key")
			wantCode(t, retire, pki.Invalid, "km.message-key")
		} else {
			wantCode(t, generate, pki.Forbidden, "officer.forbidden")
			wantCode(t, retire, pki.Forbidden, "officer.forbidden")
		}
	}
	ctx, c := s.at("system")
	_, err := c.Ledger(ctx, "holder-1", LedgerQuery{})
	wantCode(t, err, pki.Forbidden, "officer.forbidden")
	_, err = c.Recover(ctx, Recovery{CertNo: o.CertNo, Certificate: []byte{1}, Reason: "x"})
	wantCode(t, err, pki.Forbidden, "officer.forbidden")
	ctx, c = s.at("ca1")
	_, err = c.Status(ctx)
	wantCode(t, err, pki.Forbidden, "officer.forbidden")
	wantCode(t, c.Fill(ctx), pki.Forbidden, "officer.forbidden")
	if !s.network {
		_, err := s.centre.Generate(t.Context(), o)
		wantCode(t, err, pki.Forbidden, "officer.anonymous")
	}
}

func testBadOrders(t *testing.T, s *seats) {
	k := newToken(t, pki.SM2)
	for name, b := range map[string]struct {
		change func(*pki.KeyOrder)
		code   string
	}{
		"no application":       {func(o *pki.KeyOrder) { o.Application = "" }, "km.order"},
		"long application":     {func(o *pki.KeyOrder) { o.Application = strings.Repeat("x", 201) }, "km.order"},
		"NUL":                  {func(o *pki.KeyOrder) { o.Application = "a\x00b" }, "km.order"},
		"not UTF-8":            {func(o *pki.KeyOrder) { o.Holder = "\xff" }, "km.order"},
		"no holder":            {func(o *pki.KeyOrder) { o.Holder = "" }, "km.order"},
		"bidirectional":        {func(o *pki.KeyOrder) { o.Holder = "a\u202eb" }, "km.order"},
		"no number":            {func(o *pki.KeyOrder) { o.CertNo = "" }, "km.order"},
		"number not canonical": {func(o *pki.KeyOrder) { o.CertNo = "00FF" }, "km.order"},
		"long number":          {func(o *pki.KeyOrder) { o.CertNo = pki.Serial(strings.Repeat("7f", 21)) }, "km.order"},
		"unknown suite":        {func(o *pki.KeyOrder) { o.Suite = "des" }, "km.order"},
		"ends first":           {func(o *pki.KeyOrder) { o.NotAfter = o.NotBefore }, "km.order"},
		"far future":           {func(o *pki.KeyOrder) { o.NotAfter = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) }, "km.order"},
		"no recipient":         {func(o *pki.KeyOrder) { o.Recipient = nil }, "km.recipient"},
		"cut recipient":        {func(o *pki.KeyOrder) { o.Recipient = o.Recipient[:50] }, "km.recipient"},
		"off the curve": {func(o *pki.KeyOrder) {
			o.Recipient = bytes.Clone(o.Recipient)
			o.Recipient[len(o.Recipient)-1] ^= 1
		}, "km.recipient"},
		"RSA pair to SM2":   {func(o *pki.KeyOrder) { o.Suite = pki.RSA2048 }, "km.recipient"},
		"SM2 pair to P-256": {func(o *pki.KeyOrder) { o.Recipient = newToken(t, pki.P256).spki }, "km.recipient"},
		"huge recipient":    {func(o *pki.KeyOrder) { o.Recipient = make([]byte, 1<<20) }, "km.recipient"},
	} {
		o := s.order(1, pki.SM2, k)
		b.change(&o)
		_, err := s.generate("ca1", o)
		t.Log(name)
		wantCode(t, err, pki.Invalid, b.code)
	}
	_, err := s.restore("ca1", pki.KeyRestore{CertNo: certNo(1), Recipient: k.spki, Holder: "h", Reason: strings.Repeat("x", 1001)})
	wantCode(t, err, pki.Invalid, "km.order")
	wantCode(t, s.retire("ca1", "xyz"), pki.Invalid, "km.order")
	ctx, c := s.at("keeper")
	_, err = c.Ledger(ctx, "a\nb", LedgerQuery{})
	wantCode(t, err, pki.Invalid, "km.order")
}

// 64 callers ask for 16 applications at once: 16 pairs.
func testConcurrent(t *testing.T, s *seats) {
	k := newToken(t, pki.SM2)
	grants := make([]pki.KeyGrant, 64)
	var group sync.WaitGroup
	for i := range grants {
		group.Go(func() {
			var err error
			if grants[i], err = s.generate("ca1", s.order(i%16, pki.SM2, k)); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	pairs := map[string]int{}
	for i, g := range grants {
		if n, seen := pairs[string(g.PublicKey)]; seen && n != i%16 {
			t.Errorf("applications %d and %d got one pair", n, i%16)
		}
		pairs[string(g.PublicKey)] = i % 16
	}
	if len(pairs) != 16 {
		t.Errorf("%d pairs for 16 applications", len(pairs))
	}
}

func testStatus(t *testing.T, s *seats) {
	k := newToken(t, pki.SM2)
	for n := range 5 {
		s.must("ca1", s.order(n, pki.SM2, k))
	}
	for n := range 2 {
		if err := s.retire("ca1", certNo(n)); err != nil {
			t.Fatal(err)
		}
	}
	ctx, c := s.at("system")
	if err := c.Fill(ctx); err != nil {
		t.Fatal(err)
	}
	status, err := c.Status(ctx)
	if err != nil || len(status.Suites) != 6 {
		t.Fatalf("%+v, %v", status, err)
	}
	got := status.Suites[0]
	if got.Suite != pki.SM2 || got.InUse != 3 || got.History != 2 || got.Spare != 24 || got.Target != 24 || got.Low != 8 ||
		got.OldestSpare == nil || !got.OldestSpare.Equal(s.clock.Now()) || got.MadePerSecond <= 0 {
		t.Errorf("%+v", got)
	}
	if last := status.Suites[5]; last.Suite != pki.P384 || last.Spare != 0 || last.OldestSpare != nil {
		t.Errorf("%+v", last)
	}
}

func testLedger(t *testing.T, s *seats) {
	k := newToken(t, pki.SM2)
	o := s.order(1, pki.SM2, k)
	s.must("ca1", o)
	s.must("ca1", s.order(2, pki.SM2, k))
	s.must("ca1", o)
	restore := pki.KeyRestore{CertNo: o.CertNo, Recipient: k.spki, Holder: o.Holder, Reason: "新介质"}
	if _, err := s.restore("ca1", restore); err != nil {
		t.Fatal(err)
	}
	restore.Holder = "holder-2"
	_, err := s.restore("ca1", restore)
	wantCode(t, err, pki.Forbidden, "km.holder")
	if err := s.retire("ca1", o.CertNo); err != nil {
		t.Fatal(err)
	}
	ctx, c := s.at("keeper")
	recovery := Recovery{CertNo: o.CertNo, Certificate: s.holders.issue(t, "holder-2", k.signer.Public(), nil), Reason: "mine?"}
	_, err = c.Recover(ctx, recovery)
	wantCode(t, err, pki.Forbidden, "km.holder")
	recovery.Certificate = s.holders.issue(t, o.Holder, k.signer.Public(), nil)
	if _, err := c.Recover(ctx, recovery); err != nil {
		t.Fatal(err)
	}
	ledger, err := c.Ledger(ctx, o.Holder, LedgerQuery{})
	if err != nil {
		t.Fatal(err)
	}
	want := []Touch{
		{Act: "key.generate", By: "ca1", Result: "done"},
		{Act: "key.generate", By: "ca1", Result: "done", Repeat: true},
		{Act: "key.restore", By: "ca1", Result: "done", Reason: "新介质"},
		{Act: "key.restore", By: "ca1", Result: "refused", Reason: "新介质", Code: "km.holder"},
		{Act: "key.retire", By: "ca1", Result: "done"},
		{Act: "key.recover", By: "keeper", Result: "refused", Reason: "mine?", Code: "km.holder"},
		{Act: "key.recover", By: "keeper", Result: "done", Reason: "mine?"},
	}
	if len(ledger) != len(want) {
		t.Fatalf("%d touches: %+v", len(ledger), ledger)
	}
	for i, got := range ledger {
		if got.CA != "ca1" || got.CertNo != string(o.CertNo) || !got.At.Equal(s.clock.Now()) || i > 0 && got.Entry <= ledger[i-1].Entry {
			t.Errorf("touch %d: %+v", i, got)
		}
		got.CA, got.CertNo, got.At, got.Entry, got.Address = "", "", time.Time{}, 0, ""
		if got != want[i] {
			t.Errorf("touch %d: %+v, want %+v", i, got, want[i])
		}
	}
	walked := []Touch{}
	for q := (LedgerQuery{Limit: 2}); ; q.From = walked[len(walked)-1].Entry + 1 {
		some, err := c.Ledger(ctx, o.Holder, q)
		if err != nil {
			t.Fatal(err)
		}
		if walked = append(walked, some...); len(some) < q.Limit {
			break
		}
	}
	if !slices.Equal(walked, ledger) {
		t.Errorf("by twos: %+v", walked)
	}
	nobody, err := c.Ledger(ctx, "a/b?c=%2e 张三", LedgerQuery{})
	if err != nil || nobody == nil || len(nobody) != 0 {
		t.Errorf("a holder without keys: %v, %v", nobody, err)
	}
}

// What several persons do is not offered where nobody could agree.
func testWithoutOfficers(t *testing.T, s *seats) {
	ctx, c := s.at("keeper")
	_, err := c.Destroy(ctx, Destruction{Keys: []KeyName{{CertNo: certNo(1)}}, Reason: "x"})
	wantCode(t, err, pki.NotImplemented, "km.not-implemented")
	_, err = c.OpenCase(ctx, CaseOrder{Number: "1", Authority: "a", Reason: "r", Holder: "h", Certificates: [][]byte{{1}}})
	wantCode(t, err, pki.NotImplemented, "km.not-implemented")
	_, err = c.ExportCase(ctx, "x")
	wantCode(t, err, pki.NotImplemented, "km.not-implemented")
	_, err = c.Cases(ctx, "", 0)
	wantCode(t, err, pki.NotImplemented, "km.not-implemented")
}
