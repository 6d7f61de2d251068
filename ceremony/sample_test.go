package ceremony_test

import (
	"context"
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
	t.Log(result)
}
