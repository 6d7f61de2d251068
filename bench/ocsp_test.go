package main

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/pki"
)

// TestOCSPLoads: each way of asking is answered by a server process, its time counted;
// a second start takes up the copy the first left.
func TestOCSPLoads(t *testing.T) {
	b := &bench{quick: true, dir: t.TempDir(), out: &report{to: &bytes.Buffer{}}}
	floor, err := b.startOCSP(t.Context(), ocspPlan{Bare: bareBody})
	if err != nil {
		t.Fatal(err)
	}
	defer floor.stop()
	plan := ocspPlan{Suite: pki.SM2, Certificates: 10_000, Dir: t.TempDir()}
	server, err := b.startOCSP(t.Context(), plan)
	if err != nil {
		t.Fatal(err)
	}
	loads, err := ocspLoads(pki.SM2, floor, server, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range loads {
		r, err := l.run(t.Context(), 200*time.Millisecond)
		if err != nil || r.orders == 0 || len(r.waits) != r.orders {
			t.Errorf("%s: %+v, %v", l.name, r, err)
		}
	}
	var f ocspFigures
	if err := server.ask("figures", &f); err != nil || f.Resident == 0 || f.Heap == 0 {
		t.Errorf("%+v, %v", f, err)
	}
	if err := server.stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(plan.Dir, "status.copy")); err != nil {
		t.Fatal(err)
	}
	again, err := b.startOCSP(t.Context(), plan)
	if err != nil {
		t.Fatal(err)
	}
	defer again.stop()
	issuer, err := smx509.ParseCertificate(again.Issuer)
	if err != nil {
		t.Fatal(err)
	}
	der, err := ocspRequest(issuer, inventedSerial(3), nil)
	if err != nil {
		t.Fatal(err)
	}
	l := ocspLoad{name: "again", server: again, requests: [][]byte{render(http.MethodGet, again.Address, der)}}
	if r, err := l.run(t.Context(), 50*time.Millisecond); err != nil || r.orders == 0 {
		t.Error(r, err)
	}
}

func TestOCSPSigningTable(t *testing.T) {
	var out bytes.Buffer
	b := &bench{quick: true, dir: t.TempDir(), out: &report{to: &out}}
	if err := b.ocspSigning(t.Context()); err != nil || !strings.Contains(out.String(), "sm2") {
		t.Error(err, out.String())
	}
}
