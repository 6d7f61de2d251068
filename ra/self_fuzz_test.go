package ra_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"onecert/pki"
	"onecert/pkitest"
	"onecert/ra"
	"onecert/serve"
)

// FuzzSelfBodies sends any octets to self-service, by nobody and by a holder: a clear
// refusal or a success, never a fault of ours.
func FuzzSelfBodies(f *testing.F) {
	h := newHouse(f, pkitest.SQLite(f), func(c *ra.Config) { c.Self = ra.SelfConfig{Messenger: &mailbox{}, PerSource: 1 << 30} })
	api := serve.New(serve.Config{Title: "RA", Version: "test", Log: slog.New(slog.DiscardHandler)})
	h.room.SelfRoutes(api.Huma)
	a := h.issued("lra1", person(f, 1, "模糊"))
	paths := []string{"/v1/self/loss", "/v1/self/loss/confirm", "/v1/self/look", "/v1/self/contact", "/v1/self/contact/confirm", "/v1/self/certificates/renew"}
	for i := range paths {
		f.Add(i, []byte(`{"kind":"person","document_kind":"resident","number":"`+resident(1)+`","by":"phone"}`))
		f.Add(i, []byte(`{"ticket":"00","code":"12345678"}`))
		f.Add(i, []byte(`{"field":"mail","value":"a@b.example\r\nBcc: c@d.example"}`))
		f.Add(i, []byte(`{"number":"lra1-1","code":"AAAAA-AAAAA","issuer":"sm2","serial":"zz"}`))
	}
	f.Fuzz(func(t *testing.T, path int, text []byte) {
		target := paths[uint(path)%uint(len(paths))]
		for _, ctx := range []context.Context{context.Background(), holder(a.Holder)} {
			request := httptest.NewRequest(http.MethodPost, target, bytes.NewReader(text)).WithContext(ctx)
			request.Header.Set("Content-Type", "application/json")
			answer := httptest.NewRecorder()
			api.ServeHTTP(answer, request)
			if answer.Code >= 500 && !bytes.Contains(answer.Body.Bytes(), []byte("self.often")) {
				t.Errorf("%s: %d %s", target, answer.Code, answer.Body)
			}
		}
	})
}

// TestGuessingTogether: many guesses at once are no more than five, whatever the order.
func TestGuessingTogether(t *testing.T) {
	onSelf(t, func(t *testing.T, h *house, self counter, box *mailbox) {
		h.issued("lra1", person(t, 61, "华示例"))
		ticket := must[*ra.Ticket](t)(self.ReportLoss(context.Background(), h.loss(61)))
		code := box.last(t, 1).values["code"]
		var wait sync.WaitGroup
		for i := range 20 {
			wait.Go(func() {
				_, err := self.ConfirmLoss(context.Background(), ra.Proof{Ticket: ticket.ID, Code: fmt.Sprintf("%08d", i)})
				if pki.CodeOf(err) != "code.wrong" {
					t.Error(err)
				}
			})
		}
		wait.Wait()
		_, err := self.ConfirmLoss(context.Background(), ra.Proof{Ticket: ticket.ID, Code: code})
		wantCode(t, err, "code.wrong")
	})
}
