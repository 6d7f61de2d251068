package pkitest

import "testing"

func TestServerIsKilledAndReplaced(t *testing.T) {
	s := NewServer(t)
	source := s.Database(t)
	for range 2 {
		if err := s.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := s.Start(); err != nil {
			t.Fatal(err)
		}
	}
	r := s.Replica(t)
	if err := s.of.exec("CREATE DATABASE late"); err != nil {
		t.Fatal(err)
	}
	if err := s.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := r.Promote(); err != nil {
		t.Fatal(err)
	}
	if err := r.of.exec("DROP DATABASE late"); err != nil {
		t.Errorf("what was committed is not in the replica: %v", err)
	}
	if r.Moved(t, source) == source {
		t.Error("the replica has the address of the other")
	}
}
