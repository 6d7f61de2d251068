package kmc

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"

	"onecert/audit"
	"onecert/pki"
	"onecert/pkitest"
	"onecert/serve"
)

// The checker finds what it is there to find.
func TestInvariantsFind(t *testing.T) {
	for name, c := range map[string]struct {
		statement string
		finds     string
	}{
		"a record replaced":     {"UPDATE kmc_key SET sealed = (SELECT sealed FROM kmc_key k WHERE k.id <> kmc_key.id LIMIT 1) WHERE id = (SELECT min(key_id) FROM kmc_use)", "opening the record"},
		"a public key replaced": {"UPDATE kmc_key SET spki = (SELECT spki FROM kmc_key k WHERE k.id <> kmc_key.id LIMIT 1) WHERE id = (SELECT min(key_id) FROM kmc_use)", "one public key"},
		"back to in use":        {"UPDATE kmc_use SET ended_at = NULL", "in history false, retired 1 times"},
		"ended without a word":  {"UPDATE kmc_use SET ended_at = 5", "retired 0 times"},
		"another owner":         {"UPDATE kmc_use SET holder = 'thief'", "names another holder"},
		"a use removed":         {"DELETE FROM kmc_use WHERE application = 'application-1'", "has no use"},
		"a key put in":          {"INSERT INTO kmc_key SELECT 'x', suite, spki, sealed, made_at FROM kmc_key LIMIT 1", "the log tells of"},
		"a key removed":         {"DELETE FROM kmc_key WHERE id = (SELECT min(id) FROM kmc_key WHERE id NOT IN (SELECT key_id FROM kmc_use))", "the log tells of"},
		"a count changed":       {"UPDATE kmc_count SET in_use = in_use + 1 WHERE suite = 'sm2'", "counted of sm2"},
		"the mark moved":        {"UPDATE kmc_count SET spare_from = spare_from + 100000000000", "a restart would not find it"},
		"the log changed":       {"UPDATE audit_entry SET subject = 'holder-9' WHERE act = 'key.generate'", "does not verify"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, pkitest.SQLite(t), nil)
			k := newToken(t, pki.SM2)
			for n := 1; n <= 2; n++ {
				if _, err := h.centre.Generate(as("ca1"), h.order(n, pki.SM2, k)); err != nil {
					t.Fatal(err)
				}
			}
			if err := h.centre.Retire(as("ca1"), certNo(1)); err != nil {
				t.Fatal(err)
			}
			h.settle()
			if err := execute(t.Context(), h.config.DB, c.statement); err != nil {
				t.Fatal(err)
			}
			faults := strings.Join(CheckInvariants(t.Context(), h.centre), "\n")
			if !strings.Contains(faults, c.finds) {
				t.Errorf("found only %q", faults)
			}
			h.stop()
		})
	}
}

// The description names every path, and the message's media type.
func TestDescription(t *testing.T) {
	h := newHouse(t, pkitest.SQLite(t), nil)
	api := serve.New(serve.Config{Title: "kmc", Version: "test"})
	h.centre.Routes(api)
	text, err := api.Description()
	if err != nil {
		t.Fatal(err)
	}
	var described struct {
		Paths map[string]map[string]struct {
			OperationID string `json:"operationId"`
			RequestBody struct {
				Content map[string]any
			} `json:"requestBody"`
		}
	}
	if err := json.Unmarshal(text, &described); err != nil {
		t.Fatal(err)
	}
	for path, method := range map[string]string{"/v1/km": "post", "/v1/status": "get", "/v1/recoveries": "post", "/v1/ledger/{holder}": "get", "/v1/pool/fill": "post",
		"/v1/cases": "post", "/v1/cases/{id}": "get", "/v1/cases/{id}/export": "post", "/v1/retention": "get", "/v1/destructions": "post",
		"/v1/signing-keys": "post", "/v1/signing-keys/password": "post", "/v1/signing-keys/package": "post", "/v1/signing-keys/end": "post"} {
		if described.Paths[path][method].OperationID == "" {
			t.Errorf("%s %s is not described", method, path)
		}
	}
	if _, ok := described.Paths["/v1/km"]["post"].RequestBody.Content[octetStream]; !ok || len(described.Paths) != 14 {
		t.Errorf("%d paths; /v1/km takes %v", len(described.Paths), described.Paths["/v1/km"]["post"].RequestBody.Content)
	}
}

// Nothing secret reaches the log: no private octet, no sealed record.
func TestLogHoldsNoSecret(t *testing.T) {
	h := newHouse(t, pkitest.SQLite(t), nil)
	k := newToken(t, pki.SM2)
	g, err := h.centre.Generate(as("ca1"), h.order(1, pki.SM2, k))
	if err != nil {
		t.Fatal(err)
	}
	key := k.open(t, g)
	h.settle()
	entries, err := h.config.Audit.Search(context.Background(), audit.Query{})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(entries)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range secretsOf(t, key) {
		if strings.Contains(string(text), string(secret)) || strings.Contains(string(text), hex.EncodeToString(secret)) {
			t.Error("the private key stands in the log")
		}
	}
}
