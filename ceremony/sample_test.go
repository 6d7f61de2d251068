package ceremony_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"onecert/ceremony"
)

// The sample that is delivered can be rehearsed as it is.
func TestSampleRehearsed(t *testing.T) {
	plan, err := ceremony.LoadPlan("../deploy/ceremony.yaml")
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "out")
	result, err := ceremony.Run(context.Background(), ceremony.Config{Plan: plan, Out: out, Rehearse: true, People: ceremony.Rehearsal{},
		Version: "test", Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	report, err := ceremony.VerifyFolder(out)
	if err != nil || !report.Ended || !report.Rehearsal || len(report.Faults)+len(report.Missing) > 0 || len(report.Signers) != 7 {
		t.Errorf("%+v %v", report, err)
	}
	if len(result.Authorities) != 6 || result.Hash != report.Hash || result.State != filepath.Join(out, "result", "state") {
		t.Errorf("%+v", result)
	}
	for _, chain := range [][2]string{{"rsa", "rsa-root"}, {"ecdsa", "ecdsa-root"}} {
		certs := filepath.Join(out, "result", "certs")
		said, err := exec.Command("openssl", "verify", "-x509_strict", "-CAfile", filepath.Join(certs, chain[1]+".pem"), filepath.Join(certs, chain[0]+".pem")).CombinedOutput()
		if err != nil {
			t.Errorf("%s: %v %s", chain[0], err, said)
		}
	}
	if _, err := os.Stat("../deploy/root-state"); err == nil {
		t.Error("a rehearsal has made the roots' state")
	}
}
