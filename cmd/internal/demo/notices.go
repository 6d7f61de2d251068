package demo

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"time"

	"onecert/cmd/internal/wire"
	"onecert/notice"
	"onecert/serve"
)

// The demonstration has no network of telephones. What the registration sends to one it
// sends to a listener of the demonstration, as to an operator's, which writes it to
// DIR/notices/NUMBER.txt: whoever tries self-service reads there.

// operator is the listener of short messages. They go to it without TLS, so it is on
// this machine wherever the demonstration listens.
const operator = "sms"

// phones makes the registration send its short messages to that listener.
func phones(o Options, s *state) (*wire.NoticesFile, error) {
	secret := make([]byte, 32)
	rand.Read(secret) // never fails
	if err := writeFile(filepath.Join(o.Dir, "ra/sms-secret"), []byte(hex.EncodeToString(secret)+"\n"), 0o600); err != nil {
		return nil, err
	}
	return &wire.NoticesFile{Key: "notices-key", Site: "https://" + s.address("self"),
		Webhooks: []wire.WebhookFile{{Name: "sms", URL: "http://" + s.address(operator) + "/", Secret: "sms-secret", Allow: []string{"127.0.0.0/8"}}}}, nil
}

// message is what an operator of telephones is sent.
type message struct {
	Phone  string            `json:"phone"`
	Kind   string            `json:"kind"`
	Values map[string]string `json:"values"`
}

// telephones takes short messages, and shows the first page beside them: both are for this
// machine only.
func (t *tree) telephones() serve.Server {
	pages := t.start.handler()
	return serve.Server{Name: "short messages", Address: t.s.address(operator), Log: t.o.Log, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			pages.ServeHTTP(w, r)
			return
		}
		var sent notice.Delivery
		var m message
		err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10)).Decode(&sent)
		if err == nil {
			err = json.Unmarshal(sent.Data, &m)
		}
		if err != nil || m.Phone == "" {
			http.Error(w, "no short message", http.StatusBadRequest)
			return
		}
		if err := t.ring(m, sent.Posted); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})}
}

// notNumber keeps a telephone's number from naming a file elsewhere.
var notNumber = regexp.MustCompile(`[^0-9]`)

// ring adds a message to the file of its number; the newest is in the last line.
func (t *tree) ring(m message, at time.Time) error {
	line := at.Format(time.RFC3339) + " " + m.Kind
	for _, name := range slices.Sorted(maps.Keys(m.Values)) {
		line += " " + name + "=" + m.Values[name]
	}
	path := filepath.Join(t.o.Dir, "notices", notNumber.ReplaceAllString(m.Phone, "")+".txt")
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	defer file.Close()
	if _, err := fmt.Fprintln(file, line); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}
