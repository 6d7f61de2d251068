package ra_test

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"

	"onecert/audit"
	"onecert/pki"
	"onecert/pkitest"
	"onecert/ra"
	"onecert/serve"
)

// counter is what the suite asks of self-service: the object and its client.
type counter interface {
	MyCertificates(context.Context, ra.ListQuery) (*ra.Page[*ra.Certificate], error)
	Download(context.Context, string, pki.Serial) (*ra.Copies, error)
	RenewMine(context.Context, ra.Which) (*ra.Progress, error)
	MyApplications(context.Context, ra.ListQuery) (*ra.Page[*ra.Progress], error)
	MyLedger(context.Context, ra.TouchQuery) ([]ra.Touch, error)
	ChangeContact(context.Context, ra.ContactChange) (*ra.Ticket, error)
	ConfirmContact(context.Context, ra.Proof) error
	ReportLoss(context.Context, ra.LossReport) (*ra.Ticket, error)
	ConfirmLoss(context.Context, ra.Proof) (*ra.Frozen, error)
	Progress(context.Context, ra.Look) (*ra.Progress, error)
	Announced(context.Context, ra.ListQuery) (*ra.Page[ra.Announcement], error)
	AnnouncementText(context.Context, string) (*ra.Announcement, error)
}

var _, _ counter = ra.Self{}, (*ra.SelfClient)(nil)

// mailbox keeps what is sent to holders.
type mailbox struct {
	mu   sync.Mutex
	all  []letter
	fail error
}

type letter struct {
	to     ra.Contact
	kind   string
	values map[string]string
}

func (m *mailbox) Send(_ context.Context, to ra.Contact, kind string, values map[string]string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.all = append(m.all, letter{to, kind, values})
	return m.fail
}

// last waits for the n-th letter, which goes beside the answer.
func (m *mailbox) last(t testing.TB, n int) letter {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		m.mu.Lock()
		if len(m.all) >= n {
			defer m.mu.Unlock()
			return m.all[n-1]
		}
		m.mu.Unlock()
	}
	t.Fatalf("letter %d never came", n)
	return letter{}
}

func (m *mailbox) count() int { m.mu.Lock(); defer m.mu.Unlock(); return len(m.all) }

// book is a key management centre's ledger.
type book map[string][]ra.Touch

func (b book) Ledger(_ context.Context, holder string, from int64, limit int) ([]ra.Touch, error) {
	var all []ra.Touch
	for _, t := range b[holder] {
		if t.Entry >= from && len(all) < limit {
			all = append(all, t)
		}
	}
	return all, nil
}

// holder is the context of one who came with a certificate.
func holder(id string) context.Context {
	return pki.WithActor(context.Background(), pki.Actor{Name: id, Roles: []string{ra.HolderRole}})
}

// onSelf runs a test of self-service on both engines, in process and over the network.
func onSelf(t *testing.T, test func(t *testing.T, h *house, self counter, box *mailbox)) {
	for _, remote := range []bool{false, true} {
		t.Run(fmt.Sprintf("remote=%t", remote), func(t *testing.T) {
			pkitest.EachDatabase(t, func(t *testing.T, source string) {
				box := &mailbox{}
				h := newHouse(t, source, func(c *ra.Config) {
					c.Self = ra.SelfConfig{Messenger: box, Ledger: book{"H1": {{Act: "key.generate"}}}, PerSource: 100_000}
				})
				var self counter = h.room.Self()
				if remote {
					self = selfOverNetwork(t, h.room)
				}
				test(t, h, self, box)
			})
		})
	}
}

func selfOverNetwork(t testing.TB, room *ra.Registration) *ra.SelfClient {
	t.Helper()
	api := serve.New(serve.Config{Title: "RA", Version: "test", Log: slog.New(slog.DiscardHandler)})
	room.SelfRoutes(api.Huma)
	client, err := serve.NewClient(pkitest.ServeCarried(t, api), nil)
	if err != nil {
		t.Fatal(err)
	}
	client.HTTP.Transport = pkitest.Carried{}
	return ra.NewSelfClient(client)
}

func (h *house) loss(n int) ra.LossReport {
	return ra.LossReport{Kind: ra.Person, DocumentKind: "resident", Number: resident(n), By: "phone"}
}

// TestLossByCode: who has no certificate freezes all of his at once, and a counter
// takes it back.
func TestLossByCode(t *testing.T) {
	onSelf(t, func(t *testing.T, h *house, self counter, box *mailbox) {
		a := h.issued("lra1", person(t, 50, "张示例"))
		other := h.issued("lra1", person(t, 51, "李示例"))
		ticket := must[*ra.Ticket](t)(self.ReportLoss(context.Background(), h.loss(50)))
		code := box.last(t, 1)
		if code.to != (ra.Contact{By: "phone", At: "13900000000"}) || code.kind != ra.MessageLossCode || len(code.values["code"]) < 6 {
			t.Fatalf("%+v", code)
		}
		proof := ra.Proof{Ticket: ticket.ID, Code: code.values["code"]}
		frozen := must[*ra.Frozen](t)(self.ConfirmLoss(context.Background(), proof))
		if len(frozen.Applications) != 1 || h.ca.states[a.Serial] != pki.Held || h.ca.states[other.Serial] != pki.Valid {
			t.Fatalf("%+v; %v", frozen, h.ca.states)
		}
		_, err := self.ConfirmLoss(context.Background(), proof)
		wantCode(t, err, "code.wrong") // used up
		f := must[*ra.Application](t)(h.Application(as("ra1.reviewer"), frozen.Applications[0]))
		if f.State != ra.Submitted || f.Node != "lra1" || f.RegisteredBy != a.Holder {
			t.Errorf("%+v", f)
		}
		must[*ra.Application](t)(h.Reject(as("ra1.reviewer"), f.ID, ra.Decision{Version: f.Version, Note: "已找回"}))
		if h.ca.states[a.Serial] != pki.Valid {
			t.Errorf("released, and the certificate is %s", h.ca.states[a.Serial])
		}
		entries := must[[]audit.Entry](t)(h.cfg.Audit.Search(context.Background(), audit.Query{Act: "self.", Subject: a.Holder}))
		if len(entries) < 2 {
			t.Errorf("%d entries tell of it", len(entries))
		}
		for _, e := range entries {
			if strings.Contains(fmt.Sprint(e), code.values["code"]) || strings.Contains(fmt.Sprint(e), resident(50)) {
				t.Errorf("the log tells a secret: %+v", e)
			}
		}
	})
}

// TestNobodyIsTold: a known and an unknown holder, a wrong and an unknown ticket, give
// the same answers and the same limits.
func TestNobodyIsTold(t *testing.T) {
	onSelf(t, func(t *testing.T, h *house, self counter, box *mailbox) {
		h.issued("lra1", person(t, 52, "王示例"))
		var answers [2][]string
		for i, n := range []int{52, 53} { // 53 has nothing here
			for range 5 {
				ticket, err := self.ReportLoss(context.Background(), h.loss(n))
				text := pki.CodeOf(err)
				if err == nil {
					text = fmt.Sprint(len(ticket.ID), ticket.Until)
					_, err = self.ConfirmLoss(context.Background(), ra.Proof{Ticket: ticket.ID, Code: "00000000"})
					text += err.Error()
				}
				answers[i] = append(answers[i], text)
			}
		}
		if fmt.Sprint(answers[0]) != fmt.Sprint(answers[1]) {
			t.Errorf("known: %v\nunknown: %v", answers[0], answers[1])
		}
		if answers[0][4] != "self.often" {
			t.Errorf("no limit: %v", answers[0])
		}
		if box.last(t, 3); box.count() != 3 {
			t.Errorf("%d letters", box.count())
		}
		_, err := self.ConfirmLoss(context.Background(), ra.Proof{Ticket: strings.Repeat("0", 32), Code: "00000000"})
		wantCode(t, err, "code.wrong")
	})
}

// TestGuessingCodes: a thousand tries find no code, and after the fifth the right one
// does not help either.
func TestGuessingCodes(t *testing.T) {
	onSelf(t, func(t *testing.T, h *house, self counter, box *mailbox) {
		a := h.issued("lra1", person(t, 54, "赵示例"))
		ticket := must[*ra.Ticket](t)(self.ReportLoss(context.Background(), h.loss(54)))
		code := box.last(t, 1).values["code"]
		tries := 1000
		if _, remote := self.(*ra.SelfClient); remote {
			tries = 20 // the way there is the same for each
		}
		for i := range tries {
			if guess := fmt.Sprintf("%08d", i); guess != code {
				_, err := self.ConfirmLoss(context.Background(), ra.Proof{Ticket: ticket.ID, Code: guess})
				wantCode(t, err, "code.wrong")
			}
		}
		_, err := self.ConfirmLoss(context.Background(), ra.Proof{Ticket: ticket.ID, Code: code})
		wantCode(t, err, "code.wrong")
		if h.ca.states[a.Serial] != pki.Valid {
			t.Errorf("the certificate is %s", h.ca.states[a.Serial])
		}
		h.clock.add(time.Hour)
		ticket = must[*ra.Ticket](t)(self.ReportLoss(context.Background(), h.loss(54)))
		h.clock.add(11 * time.Minute)
		_, err = self.ConfirmLoss(context.Background(), ra.Proof{Ticket: ticket.ID, Code: box.last(t, 2).values["code"]})
		wantCode(t, err, "code.wrong") // too late
	})
}

// TestMyOwn: a holder sees and renews what is his and nothing else, and an officer is
// no holder.
func TestMyOwn(t *testing.T) {
	onSelf(t, func(t *testing.T, h *house, self counter, _ *mailbox) {
		a, b := h.issued("lra1", person(t, 55, "钱示例")), h.issued("lra3", person(t, 56, "孙示例"))
		mine := holder(a.Holder)
		all := itemsOf[*ra.Certificate](t)(self.MyCertificates(mine, ra.ListQuery{}))
		if len(all) != 1 || all[0].Serial != a.Serial {
			t.Fatalf("%+v", all)
		}
		if copies := must[*ra.Copies](t)(self.Download(mine, a.Issuer, a.Serial)); len(copies.Sign) == 0 {
			t.Errorf("%+v", copies)
		}
		_, err := self.Download(mine, b.Issuer, b.Serial)
		wantCode(t, err, "certificate.unknown")
		_, err = self.RenewMine(mine, ra.Which{Issuer: b.Issuer, Serial: b.Serial})
		wantCode(t, err, "certificate.unknown")
		for _, who := range []context.Context{context.Background(), as("centre.system"), as("lra1.registrar")} {
			_, err = self.MyCertificates(who, ra.ListQuery{})
			wantCode(t, err, "self.anonymous")
		}
		_, err = h.Application(mine, a.ID) // nor a holder an officer
		wantCode(t, err, "officer.forbidden")
		if touches := must[[]ra.Touch](t)(self.MyLedger(holder("H1"), ra.TouchQuery{})); len(touches) != 1 {
			t.Errorf("%+v", touches)
		}
		if touches := must[[]ra.Touch](t)(self.MyLedger(holder("H1"), ra.TouchQuery{From: 1})); len(touches) != 0 {
			t.Errorf("after the last: %+v", touches)
		}
		if touches := must[[]ra.Touch](t)(self.MyLedger(mine, ra.TouchQuery{})); len(touches) != 0 {
			t.Errorf("another's ledger: %+v", touches)
		}
	})
}

// TestRenewMine: not too early, once, reviewed like any other, and after its end only
// within the grace every node on the way allows.
func TestRenewMine(t *testing.T) {
	onSelf(t, func(t *testing.T, h *house, self counter, _ *mailbox) {
		h.ca.days = 100
		a := h.issued("lra1", person(t, 57, "周示例"))
		mine, which := holder(a.Holder), ra.Which{Issuer: a.Issuer, Serial: a.Serial}
		_, err := self.RenewMine(mine, which)
		wantCode(t, err, "renew.early")
		h.clock.add(70 * 24 * time.Hour)
		first := must[*ra.Progress](t)(self.RenewMine(mine, which))
		if again := must[*ra.Progress](t)(self.RenewMine(mine, which)); again.Number != first.Number || first.State != ra.Submitted {
			t.Errorf("%+v, %+v", first, again)
		}
		r := must[*ra.Application](t)(h.Application(as("ra1.reviewer"), first.Number))
		must[*ra.Application](t)(h.Return(as("ra1.reviewer"), r.ID, ra.Decision{Version: r.Version, Note: "请补充"}))
		if all := itemsOf[*ra.Progress](t)(self.MyApplications(mine, ra.ListQuery{})); len(all) != 2 || all[0].Note != "请补充" {
			t.Errorf("%+v", all)
		}
		h.clock.add(31 * 24 * time.Hour)
		b := h.issued("lra1", person(t, 58, "吴示例"))
		_, err = self.RenewMine(holder(b.Holder), which)
		wantCode(t, err, "certificate.unknown")
		r = must[*ra.Application](t)(h.Application(as("ra1.reviewer"), first.Number))
		must[*ra.Application](t)(h.Withdraw(as("lra1.registrar"), r.ID, ra.Decision{Version: r.Version}))
		_, err = self.RenewMine(mine, which)
		wantCode(t, err, "renew.late")
	})
}

// TestChangeContact: by a code to the new one, told to the old one, and nothing else
// than phone, mail and address.
func TestChangeContact(t *testing.T) {
	onSelf(t, func(t *testing.T, h *house, self counter, box *mailbox) {
		a := h.issued("lra1", person(t, 59, "郑示例"))
		mine := holder(a.Holder)
		for _, c := range []ra.ContactChange{{Field: "phone", Value: "not a phone"}, {Field: "mail", Value: "<x@y>\r\nBcc: z"}, {Field: "phone", Value: " "}} {
			if _, err := self.ChangeContact(mine, c); pki.KindOf(err) != pki.Invalid {
				t.Errorf("%+v: %v", c, err)
			}
		}
		if _, err := self.ChangeContact(mine, ra.ContactChange{Field: "identity", Value: resident(1)}); err == nil {
			t.Error("a holder changes his number")
		}
		ticket := must[*ra.Ticket](t)(self.ChangeContact(mine, ra.ContactChange{Field: "phone", Value: "13911111111"}))
		code := box.last(t, 1)
		if code.to.At != "13911111111" {
			t.Errorf("%+v", code)
		}
		proof := ra.Proof{Ticket: ticket.ID, Code: code.values["code"]}
		wantCode(t, self.ConfirmContact(holder("HOTHER"), proof), "code.wrong")
		if err := self.ConfirmContact(mine, proof); err != nil {
			t.Fatal(err)
		}
		if told := box.last(t, 2); told.to.At == "13911111111" || told.kind != ra.MessageContactChanged {
			t.Errorf("%+v", told)
		}
		must[*ra.Ticket](t)(self.ReportLoss(context.Background(), h.loss(59)))
		was := box.last(t, 2).to.At
		sent := map[string]string{box.last(t, 3).to.At: box.last(t, 3).values["code"], box.last(t, 4).to.At: box.last(t, 4).values["code"]}
		if len(sent) != 2 || sent["13911111111"] == "" || sent[was] != sent["13911111111"] {
			t.Errorf("the code went to %v", sent)
		}
		h.clock.add(8 * 24 * time.Hour)
		must[*ra.Ticket](t)(self.ReportLoss(context.Background(), h.loss(59)))
		if code := box.last(t, 5); code.to.At != "13911111111" {
			t.Errorf("the code went to %s", code.to.At)
		}
		ren := h.submitted("lra1.registrar", ra.Entry{Operation: ra.Renew, Issuer: a.Issuer, Serial: a.Serial})
		if phone := must[map[string]string](t)(h.Unmasked(as("ra1.reviewer"), ren.ID, "核对电话"))["phone"]; phone != "13911111111" {
			t.Errorf("a renewal knows %s", phone)
		}
	})
}

// TestStolenCertificate: who takes over a certificate and changes phone and mail, again
// and again, is found out by the holder, who reports the loss by the phone of before.
func TestStolenCertificate(t *testing.T) {
	onSelf(t, func(t *testing.T, h *house, self counter, box *mailbox) {
		a := h.issued("lra1", person(t, 59, "郑示例"))
		thief, n := holder(a.Holder), 0
		var was string
		for i := range 5 {
			ticket := must[*ra.Ticket](t)(self.ChangeContact(thief, ra.ContactChange{Field: "phone", Value: fmt.Sprintf("1391111111%d", i)}))
			n++
			if err := self.ConfirmContact(thief, ra.Proof{Ticket: ticket.ID, Code: box.last(t, n).values["code"]}); err != nil {
				t.Fatal(err)
			}
			told := map[string]bool{}
			for range min(i+1, 4) { // of before, and up to three older
				n++
				told[box.last(t, n).to.At] = true
			}
			if i == 0 {
				was = box.last(t, n).to.At
			}
			if !told[was] {
				t.Errorf("change %d was told to %v", i, told)
			}
			h.clock.add(time.Hour)
		}
		h.clock.add(5 * 24 * time.Hour)
		loss := must[*ra.Ticket](t)(self.ReportLoss(context.Background(), h.loss(59)))
		codes := map[string]string{}
		for range 4 {
			n++
			codes[box.last(t, n).to.At] = box.last(t, n).values["code"]
		}
		if frozen := must[*ra.Frozen](t)(self.ConfirmLoss(context.Background(), ra.Proof{Ticket: loss.ID, Code: codes[was]})); len(frozen.Applications) != 1 {
			t.Errorf("%+v, codes went to %v", frozen, codes)
		}
		h.clock.add(3 * 24 * time.Hour)
		if err := h.room.Self().Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		var left int
		if err := h.cfg.DB.Read().QueryRowContext(t.Context(), "SELECT COUNT(*) FROM ra_old_contact").Scan(&left); err != nil || left != 0 {
			t.Errorf("%d old contacts are kept, %v", left, err)
		}
	})
}

// TestProgress: by number and printed code; a wrong code and an unknown number answer
// the same, and both are locked in the same way.
func TestProgress(t *testing.T) {
	onSelf(t, func(t *testing.T, h *house, self counter, _ *mailbox) {
		a := h.submitted("lra1.registrar", person(t, 60, "冯示例"))
		_, err := h.Receipt(as("lra2.registrar"), a.ID)
		wantCode(t, err, "application.unknown")
		receipt := must[*ra.Receipt](t)(h.Receipt(as("lra1.registrar"), a.ID))
		p := must[*ra.Progress](t)(self.Progress(context.Background(), ra.Look{Number: a.ID, Code: strings.ToLower(receipt.Code)}))
		if p.State != ra.Submitted || p.Operation != ra.Issue {
			t.Errorf("%+v", p)
		}
		var answers [2][]string
		for i, number := range []string{a.ID, "lra1-261123-aaaaaaaa"} {
			for range 12 {
				_, err := self.Progress(context.Background(), ra.Look{Number: number, Code: "AAAAA-AAAAA"})
				answers[i] = append(answers[i], err.Error())
			}
		}
		if fmt.Sprint(answers[0]) != fmt.Sprint(answers[1]) {
			t.Errorf("known: %v\nunknown: %v", answers[0], answers[1])
		}
		_, err = self.Progress(context.Background(), ra.Look{Number: a.ID, Code: receipt.Code})
		wantCode(t, err, "self.often")
		h.clock.add(time.Hour)
		must[*ra.Progress](t)(self.Progress(context.Background(), ra.Look{Number: a.ID, Code: receipt.Code}))
	})
}

// TestPerSource: one address does not try for ever.
func TestPerSource(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		h := newHouse(t, source, func(c *ra.Config) { c.Self = ra.SelfConfig{Messenger: &mailbox{fail: errors.New("down")}} })
		refused := 0
		for i := range 1000 {
			_, err := h.room.Self().ConfirmLoss(context.Background(), ra.Proof{Ticket: fmt.Sprint(i), Code: "1"})
			if pki.CodeOf(err) == "self.often" {
				refused++
			}
		}
		if refused != 940 {
			t.Errorf("%d of 1000 refused", refused)
		}
		h.clock.add(25 * time.Hour)
		if err := h.room.Self().Sweep(context.Background()); err != nil {
			t.Fatal(err)
		}
		_, err := h.room.Self().ConfirmLoss(context.Background(), ra.Proof{Ticket: "x", Code: "1"})
		wantCode(t, err, "code.wrong")
	})
}

// TestHolderOf: a certificate of ours speaks for its holder while it is good; one of a
// device does not speak for the unit, and one of a stranger for nobody.
func TestHolderOf(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		h := newHouse(t, source, nil)
		a := h.issued("lra1", person(t, 62, "金示例"))
		peer := func(serial pki.Serial, after time.Time) *x509.Certificate {
			n, ok := new(big.Int).SetString(string(serial), 16)
			if !ok {
				t.Fatal(serial)
			}
			return &x509.Certificate{SerialNumber: n, NotAfter: after, Raw: []byte{0x30, 0}} // as fakeCA makes them
		}
		end := must[*ra.Page[*ra.Certificate]](t)(h.Certificates(as("lra1.registrar"), ra.CertificateQuery{})).Items[0].NotAfter
		who, err := h.room.HolderOf(t.Context(), peer(a.Serial, end))
		if err != nil || who.Name != a.Holder || len(who.Roles) != 1 || who.Roles[0] != ra.HolderRole || who.Certificate == "" {
			t.Errorf("%+v, %v", who, err)
		}
		_, err = h.room.HolderOf(t.Context(), peer(a.Serial, end.Add(time.Hour)))
		wantCode(t, err, "self.certificate")
		forged := peer(a.Serial, end) // by another CA under the same root
		forged.Raw = []byte{0x30, 1, 0}
		_, err = h.room.HolderOf(t.Context(), forged)
		wantCode(t, err, "self.certificate")
		_, err = h.room.HolderOf(t.Context(), peer("0102030405060708", end))
		wantCode(t, err, "self.certificate")
		h.issued("lra1", ra.Entry{Operation: ra.Freeze, Issuer: a.Issuer, Serial: a.Serial})
		_, err = h.room.HolderOf(t.Context(), peer(a.Serial, end))
		wantCode(t, err, "self.certificate")
		d := h.issued("lra1", ra.Entry{Operation: ra.Issue, Kind: ra.Device, Request: newRequest(t), Fields: map[string]string{"name": "www.office.example", "unit": "示例市民政局",
			"credit_code": "91350100M000100Y43", "agent": "经办", "agent_identity": resident(63), "phone": "13900000000"}})
		_, err = h.room.HolderOf(t.Context(), peer(d.Serial, end))
		wantCode(t, err, "self.certificate")
	})
}
