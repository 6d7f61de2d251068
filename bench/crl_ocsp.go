package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"time"

	"onecert/ca"
	"onecert/ocsp"
	"onecert/officer"
	"onecert/pki"
	"onecert/status"
	"onecert/verify"
)

// Enrol implements ocsp.Enroller.
func (h *house) Enrol(_ context.Context, issuer, application string, request []byte) ([]byte, error) {
	issued, err := h.ca.Issue(as("node", officer.Node), ca.Order{Application: application, Profile: "ocsp-responder", Issuer: issuer, Request: request})
	if err != nil {
		return nil, err
	}
	return issued.Sign.DER, nil
}

// witness asks a responder that answers from a copy of the journal, and judges its
// answers as a relying party.
type witness struct {
	responder *ocsp.Responder
	handler   http.Handler
	issuer    *verify.Certificate
}

// witness makes the responder; its Run is the caller's.
func (h *house) witness(dir string, copied *status.Journal) (*witness, error) {
	issuer, err := h.ca.Issuer("sm2")
	if err != nil {
		return nil, err
	}
	pass := filepath.Join(dir, "pass")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	if err := os.WriteFile(pass, []byte("bench"), 0o600); err != nil {
		return nil, fmt.Errorf("writing a passphrase: %w", err)
	}
	w := &witness{}
	if w.issuer, err = verify.ParseCertificate(issuer.Certificate.Raw); err != nil {
		return nil, err
	}
	w.responder, err = ocsp.New(ocsp.Config{Issuers: []ocsp.Issuer{{ID: "sm2", Certificate: issuer.Certificate}}, Journal: copied, Enroller: h, Dir: dir,
		Key: "file:" + dir + "/{issuer}-{n}.key?pass=file:" + pass, Log: quiet(),
		Subject: pki.Name{{Type: "C", Value: "CN"}, {Type: "O", Value: "bench"}, {Type: "CN", Value: "OCSP"}}})
	if err != nil {
		return nil, err
	}
	w.handler = w.responder.Handler(nil)
	return w, nil
}

// revoked reports whether the responder says of a certificate that it is revoked.
func (w *witness) revoked(ctx context.Context, certificate *verify.Certificate) bool {
	request := httptest.NewRequest(http.MethodPost, "/ocsp", bytes.NewReader(verify.BuildOCSPRequest(certificate, w.issuer, nil)))
	request.Header.Set("Content-Type", "application/ocsp-request")
	recorder := httptest.NewRecorder()
	w.handler.ServeHTTP(recorder, request)
	answer, err := verify.ParseAnswer(recorder.Body.Bytes())
	if err != nil {
		return false
	}
	verdict := verify.Check(ctx, verify.Request{Certificate: certificate, Roots: []*verify.Certificate{w.issuer}, Purpose: verify.Any,
		At: time.Now(), Skew: time.Minute, Answers: []*verify.Answer{answer}})
	for _, reason := range verdict.Reasons {
		if reason.Code == "revocation.revoked" {
			return true
		}
	}
	return false
}
