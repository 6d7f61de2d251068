package kmc

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/rand"
	"testing"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/audit"
	"onecert/cms"
	"onecert/pki"
	"onecert/pkitest"
)

// speakerOf is a CA as the other end sees it.
func (h *house) speakerOf(name string) *speaker {
	h.t.Helper()
	s, err := newSpeaker(h.ca, h.caCert)
	if err != nil {
		h.t.Fatal(err)
	}
	return s
}

// requestOf is a request of ca1 with a new task number.
func (h *house) requestOf(operations ...operation) *request {
	task, err := pki.NewSerial(rand.Reader)
	if err != nil {
		h.t.Fatal(err)
	}
	return &request{ca: h.speakerOf("ca1").entity, operations: operations, at: h.clock.Now(), task: task}
}

func (h *house) seal(r *request) []byte {
	h.t.Helper()
	body, err := r.marshal()
	if err != nil {
		h.t.Fatal(err)
	}
	der, err := h.speakerOf("ca1").seal(rand.Reader, body)
	if err != nil {
		h.t.Fatal(err)
	}
	return der
}

// ask hands a message to the centre and reads the answer, which has to be signed.
func (h *house) ask(r *request) *respond {
	h.t.Helper()
	der, err := h.centre.Answer(as("ca1"), h.seal(r))
	if err != nil {
		h.t.Fatal(err)
	}
	return h.readAnswer(der, r.task)
}

func (h *house) readAnswer(der []byte, task pki.Serial) *respond {
	h.t.Helper()
	message, err := readSigned(der)
	if err != nil {
		h.t.Fatal(err)
	}
	if err := message.verify(h.kmcCert.PublicKey.(*ecdsa.PublicKey)); err != nil {
		h.t.Fatal(err)
	}
	got, err := readRespond(message.body)
	if err != nil {
		h.t.Fatal(err)
	}
	if got.task != task || !got.kmc.same(entityOf(h.kmcCert)) || !got.at.Equal(h.clock.Now().Truncate(time.Second)) {
		h.t.Errorf("the head of the answer: %+v", got)
	}
	return got
}

func applyOf(o pki.KeyOrder) operation {
	recipient, _ := pki.ParsePublicKey(o.Recipient)
	protect, _ := protectionFor(recipient)
	return operation{apply: &applyKey{suite: o.Suite, protect: protect, certNo: o.CertNo, recipient: o.Recipient,
		notBefore: o.NotBefore, notAfter: o.NotAfter, userName: []byte(o.Holder), extend: []byte(o.Application)}}
}

// One message, all operations, each with its own answer in order.
func TestAnswerSeveral(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		h := newHouse(t, source, nil)
		k := newToken(t, pki.SM2)
		one, two := h.order(1, pki.SM2, k), h.order(2, pki.SM2, k)
		other := one
		other.Holder = "somebody"
		wish := applyOf(h.order(3, pki.SM2, k))
		wish.apply.protect.symmetric = oidAES256CBC
		restore := &restoreKey{protect: applyOf(one).apply.protect, certNo: certNo(50), recipient: k.spki, userName: []byte("x")}
		got := h.ask(h.requestOf(applyOf(one), applyOf(two), applyOf(other), operation{revoke: &revokeKey{certNo(50)}},
			operation{restore: restore}, wish, applyOf(one)))
		if len(got.answers) != 7 {
			t.Fatalf("%d answers", len(got.answers))
		}
		for i, want := range []int{0, 0, 402, 301, 301, 104, 0} {
			a := got.answers[i]
			switch {
			case want == 0 && (a.apply == nil || a.apply.certNo != certNo(1+i%2) && i != 6):
				t.Errorf("answer %d: %+v", i, a)
			case want != 0 && (a.failed == nil || a.failed.number != want):
				t.Errorf("answer %d: %+v, want %d", i, a, want)
			}
		}
		if !bytes.Equal(got.answers[0].apply.publicKey, got.answers[6].apply.publicKey) {
			t.Error("one order twice in a message got two pairs")
		}
		for _, a := range []*returnedKey{got.answers[0].apply, got.answers[1].apply} {
			if err := cms.VerifyAnswer(a.sealed, h.kmcCert.PublicKey.(*ecdsa.PublicKey)); err != nil {
				t.Error(err)
			}
		}
	})
}

// The largest message there may be.
func TestAnswerMost(t *testing.T) {
	h := newHouse(t, pkitest.SQLite(t), nil)
	k := newToken(t, pki.SM2)
	var all []operation
	for n := range maxOperations {
		all = append(all, applyOf(h.order(n, pki.SM2, k)))
	}
	got := h.ask(h.requestOf(all...))
	pairs := map[string]bool{}
	for i, a := range got.answers {
		if a.apply == nil || a.apply.certNo != certNo(i) {
			t.Fatalf("answer %d: %+v", i, a)
		}
		pairs[string(a.apply.publicKey)] = true
	}
	if len(pairs) != maxOperations {
		t.Errorf("%d pairs", len(pairs))
	}
}

// A foreign CA that writes the standard's own fields and no more.
func TestAnswerForeign(t *testing.T) {
	h := newHouse(t, pkitest.SQLite(t), nil)
	k, next := newToken(t, pki.SM2), newToken(t, pki.SM2)
	bare := applyOf(h.order(1, pki.SM2, k))
	bare.apply.userName, bare.apply.extend = nil, nil
	first, again := h.ask(h.requestOf(bare)), h.ask(h.requestOf(bare))
	if first.answers[0].apply == nil || !bytes.Equal(first.answers[0].apply.publicKey, again.answers[0].apply.publicKey) {
		t.Fatalf("%+v", first.answers[0].failed)
	}
	other := applyOf(h.order(1, pki.SM2, next))
	other.apply.userName, other.apply.extend = nil, nil
	if got := h.ask(h.requestOf(other)).answers[0]; got.failed == nil || got.failed.number != 402 {
		t.Errorf("the same number for another key: %+v", got)
	}
	restore := operation{restore: &restoreKey{protect: bare.apply.protect, certNo: certNo(1), recipient: next.spki}}
	if got := h.ask(h.requestOf(restore)).answers[0]; got.restore == nil || !bytes.Equal(got.restore.publicKey, first.answers[0].apply.publicKey) {
		t.Errorf("restoring: %+v", got)
	}
	named := h.ask(h.requestOf(applyOf(h.order(2, pki.SM2, k)))).answers[0]
	restore.restore.certNo = certNo(2)
	if got := h.ask(h.requestOf(restore)).answers[0]; named.apply == nil || got.failed == nil || got.failed.number != 204 {
		t.Errorf("restoring a named holder's pair without a name: %+v", got)
	}
}

// What is wrong with the message as a whole stops all of it.
func TestAnswerRefuses(t *testing.T) {
	var expired *smx509.Certificate
	h := newHouse(t, pkitest.SQLite(t), nil)
	k := newToken(t, pki.SM2)
	otherKey, otherCert := messageKey(t, "Stranger", h.clock.Now())
	_, expired = messageKey(t, "Example Issuing CA", h.clock.Now().AddDate(-6, 0, 0))
	stranger, err := newSpeaker(otherKey, otherCert)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, b := range []struct {
		name   string
		change func(*request)
		number int
	}{
		{"another CA's entity", func(r *request) { r.ca = stranger.entity }, 201},
		{"another serial", func(r *request) { r.ca.serial = "77" }, 201},
		{"another key hash", func(r *request) { r.ca.keyHash = bytes.Repeat([]byte{1}, 32) }, 201},
		{"an expired certificate", func(r *request) { r.ca = entityOf(expired) }, 201},
		{"too old", func(r *request) { r.at = r.at.Add(-5*time.Minute - time.Second) }, 203},
		{"too early", func(r *request) { r.at = r.at.Add(5*time.Minute + time.Second) }, 203},
		{"just old enough", func(r *request) { r.at = r.at.Add(-5 * time.Minute) }, 0},
		{"another name", func(r *request) { r.ca.name = []byte{0x82, 1, 'x'} }, 0},
	} {
		n++
		r := h.requestOf(applyOf(h.order(n, pki.SM2, k)))
		h.centre.config.Peers["ca1"] = []*smx509.Certificate{expired, h.caCert}
		b.change(r)
		got := h.ask(r)
		if len(got.answers) != 1 {
			t.Fatalf("%s: %d answers", b.name, len(got.answers))
		}
		failed := got.answers[0].failed
		if b.number == 0 && failed != nil || b.number != 0 && (failed == nil || failed.number != b.number) {
			t.Errorf("%s: %+v, want %d", b.name, failed, b.number)
		}
	}
	r := h.requestOf(applyOf(h.order(n+1, pki.SM2, k)))
	body, _ := r.marshal()
	forged, _ := stranger.seal(rand.Reader, body) // says it is ca1, signed by another key
	h.refuses(as("ca1"), forged, r.task, 202)
	h.refuses(as("ca3"), h.seal(r), r.task, 201) // the message is ca1's, the connection another site's
	refusals, err := h.config.Audit.Search(t.Context(), audit.Query{Act: "message.receive"})
	if err != nil || len(refusals) != 8 || refusals[7].Actor != "ca3" {
		t.Errorf("%d refusals in the log, %v", len(refusals), err)
	}
	_, err = h.centre.Answer(as("keeper"), h.seal(r))
	wantCode(t, err, pki.Forbidden, "officer.forbidden")
	_, err = h.centre.Answer(context.Background(), h.seal(r))
	wantCode(t, err, pki.Forbidden, "officer.anonymous")
	_, err = h.centre.Answer(as("ca1"), []byte("hello"))
	wantCode(t, err, pki.Invalid, "km.malformed")
}

func (h *house) refuses(ctx context.Context, der []byte, task pki.Serial, number int) {
	h.t.Helper()
	answer, err := h.centre.Answer(ctx, der)
	if err != nil {
		h.t.Fatal(err)
	}
	if got := h.readAnswer(answer, task).answers[0]; got.failed == nil || got.failed.number != number {
		h.t.Errorf("%+v, want %d", got, number)
	}
}

// A message is done once, also across a restart; its task number is forgotten only
// when its time is refused.
func TestReplay(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		h := newHouse(t, source, nil)
		k := newToken(t, pki.SM2)
		o := h.order(1, pki.SM2, k)
		r := h.requestOf(applyOf(o), operation{revoke: &revokeKey{o.CertNo}})
		der := h.seal(r)
		if got := h.ask(r); got.answers[0].apply == nil || got.answers[1].revoke == nil && got.answers[1].failed.number != 301 {
			t.Fatalf("%+v", got.answers)
		}
		h.refuses(as("ca1"), der, r.task, 401)
		h.settle()
		h.stop()
		h.start()
		h.refuses(as("ca1"), der, r.task, 401)
		if _, err := h.centre.Answer(as("ca2"), der); err != nil { // another site's numbers are its own
			t.Error(err)
		}
		h.clock.advance(16 * time.Minute)
		h.centre.tidy(t.Context())
		h.refuses(as("ca1"), der, r.task, 203)
		var kept int
		if err := h.config.DB.Read().QueryRow("SELECT count(*) FROM kmc_task").Scan(&kept); err != nil || kept != 0 {
			t.Errorf("%d task numbers kept, %v", kept, err)
		}
		entries, err := h.config.Audit.Search(t.Context(), audit.Query{Act: "key.generate", Object: string(o.CertNo)})
		if err != nil || len(entries) != 4 {
			t.Errorf("%d entries, %v", len(entries), err)
		}
		for i, want := range []audit.Result{audit.Done, audit.Refused, audit.Refused, audit.Done} {
			if entries[i].Result != want {
				t.Errorf("entry %d: %+v", i, entries[i])
			}
		}
	})
}

// Without a message key messages are not served, and say so.
func TestAnswerWithoutKey(t *testing.T) {
	h := newHouse(t, pkitest.SQLite(t), func(c *Config) { c.MessageKey, c.MessageCertificate = nil, nil })
	_, err := h.centre.Answer(as("ca1"), []byte{0x30, 0})
	wantCode(t, err, pki.NotImplemented, "km.not-implemented")
}

// FuzzAnswer: whatever a configured CA signs, no panic, an answer to each operation
// or one refusal. The body's head is made good, so that the operations are reached.
func FuzzAnswer(f *testing.F) {
	h := newHouse(f, pkitest.SQLite(f), nil)
	k := newToken(f, pki.SM2)
	body, err := h.requestOf(applyOf(h.order(1, pki.SM2, k))).marshal()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(body)
	for _, v := range readVectors(f) {
		if message, err := readSigned(v.der(f)); err == nil {
			f.Add([]byte(message.body))
		}
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		asked, err := readRequest(body)
		if err != nil {
			return
		}
		inner := *h // its failures are this input's
		inner.t = t
		good := inner.requestOf(asked.operations...)
		got := inner.ask(good)
		if len(got.answers) != len(good.operations) && (len(got.answers) != 1 || got.answers[0].failed == nil) {
			t.Errorf("%d answers to %d operations", len(got.answers), len(good.operations))
		}
		for _, a := range got.answers {
			if a.failed != nil && a.failed.number >= 500 {
				t.Errorf("refused as the centre's own fault: %d %s", a.failed.number, a.failed.text)
			}
		}
	})
}
