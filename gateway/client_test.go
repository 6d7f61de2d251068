package gateway_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"regexp"
	"testing"
	"time"

	"onecert/gateway"
	"onecert/pki"
	"onecert/pkitest"
	"onecert/policy"
	"onecert/serve"
)

// administered is what the suite asks of a gateway: the object and its client.
type administered interface {
	State(context.Context) (*gateway.State, error)
	Current(context.Context) (*gateway.Configuration, gateway.Version, error)
	Version(context.Context, int64) (*gateway.Configuration, gateway.Version, error)
	Versions(context.Context, int64, int) ([]gateway.Version, error)
	Examine(context.Context, *gateway.Configuration) (*gateway.Checked, error)
	Apply(context.Context, gateway.Change) (gateway.Version, error)
	Rollback(context.Context, int64, int64, string) (gateway.Version, error)
	Compare(context.Context, int64, int64) (*gateway.Comparison, error)
	Part(context.Context, gateway.PartKind, string) (*gateway.Part, error)
	ChangePart(context.Context, gateway.PartChange) (gateway.Version, error)
	TrustHealth(context.Context) ([]gateway.SourceHealth, error)
	UploadList(context.Context, string, string, []byte) (gateway.SourceHealth, error)
	RefreshList(context.Context, string, string) (gateway.SourceHealth, error)
	Backends(context.Context) ([]gateway.BackendStatus, error)
	Statistics(context.Context, gateway.StatisticsQuery) (*gateway.Statistics, error)
	StatisticsFile(context.Context, gateway.StatisticsQuery, string) ([]byte, error)
	FailedHandshakes(context.Context, gateway.HandshakeQuery) ([]gateway.FailedHandshake, error)
	SessionList(context.Context, gateway.SessionQuery) ([]gateway.SessionRow, error)
	EndSession(context.Context, string) error
	Connections(context.Context, gateway.ConnectionQuery) ([]gateway.Connection, error)
	Explain(context.Context, gateway.Question) (*gateway.Answer, error)
	Simulate(context.Context, gateway.Simulation) (*gateway.Altered, error)
}

var _, _ administered = (*gateway.Gateway)(nil), (*gateway.Client)(nil)

// overNetwork serves the administration of the house's gateway and returns its client.
func (h *house) overNetwork() *gateway.Client {
	h.t.Helper()
	api := serve.New(serve.Config{Title: "Gateway", Version: "test", Log: slog.New(slog.DiscardHandler)})
	h.g.Routes(api.Huma)
	client, err := serve.NewClient(pkitest.ServeCarried(h.t, api), nil)
	if err != nil {
		h.t.Fatal(err)
	}
	client.HTTP.Transport = pkitest.Carried{}
	return gateway.NewClient(client)
}

// changing is what differs between two runs: keys, ports and times.
var changing = regexp.MustCompile(`127\.0\.0\.1:\d+|\d{4}-\d\d-\d\dT[0-9:.]+Z|[0-9a-f]{64}|-----BEGIN[^"]+|"(age|seconds|[a-zA-Z]*[lL]atency|duration)":[0-9.e+-]+`)

// TestAcrossTheNetwork: in process and across the network a gateway does and refuses the
// same, call by call.
func TestAcrossTheNetwork(t *testing.T) {
	var told [2][]string
	for i, remote := range []bool{false, true} {
		h := newHouse(t)
		var g administered = h.g
		if remote {
			g = h.overNetwork()
		}
		tell := func(what string, value any, err error) {
			text := ""
			if err != nil {
				text = pki.KindOf(err).String() + " " + pki.CodeOf(err) + " " + err.Error()
			} else if octets, err := json.Marshal(value); err != nil {
				t.Fatal(err)
			} else {
				text = string(octets)
			}
			told[i] = append(told[i], what+": "+changing.ReplaceAllString(text, "·"))
		}
		administer(h, g, tell)
	}
	if len(told[0]) != len(told[1]) {
		t.Fatalf("%d answers in process, %d across the network", len(told[0]), len(told[1]))
	}
	for n, here := range told[0] {
		if there := told[1][n]; here != there {
			t.Errorf("in process\n%.1500s\nacross the network\n%.1500s", here, there)
		}
	}
}

// administer does everything once, and much that is refused.
func administer(h *house, g administered, tell func(what string, value any, err error)) {
	both, reader, nobody := as("system", "security"), as("audit"), context.Background()
	configuration := func(what string, c *gateway.Configuration, v gateway.Version, err error) {
		tell(what, []any{c, v}, err)
	}
	c, v, err := g.Current(reader)
	configuration("empty", c, v, err)
	document := h.document()
	v, err = g.Apply(as("audit"), gateway.Change{Document: document})
	tell("apply as auditor", v, err)
	checked, err := g.Examine(reader, document)
	tell("examine", checked, err)
	v, err = g.Apply(both, gateway.Change{Note: "first", Document: document})
	tell("apply", v, err)
	v, err = g.Apply(both, gateway.Change{Note: "stale", Document: document})
	tell("apply stale", v, err)
	broken := h.document(`"trust": "staff"`, `"trust": "nowhere"`)
	checked, err = g.Examine(reader, broken)
	tell("examine broken", checked, err)
	v, err = g.Apply(both, gateway.Change{Base: 1, Document: broken})
	tell("apply broken", v, err)
	p, err := g.Part(reader, gateway.PartApplication, "oa")
	tell("part", p, err)
	p, err = g.Part(reader, gateway.PartApplication, "none")
	tell("part unknown", p, err)
	p, err = g.Part(reader, "nothing", "oa")
	tell("part of no kind", p, err)
	v, err = g.ChangePart(both, gateway.PartChange{Kind: gateway.PartPolicy, Name: "policy", Base: 1, Note: "nobody", Value: json.RawMessage(`{"version":1,"rules":[]}`)})
	tell("policy", v, err)
	v, err = g.ChangePart(both, gateway.PartChange{Kind: gateway.PartApplication, Name: "oa", Base: 2})
	tell("an application in use is taken away", v, err)
	comparison, err := g.Compare(reader, 1, 2)
	tell("compare", comparison, err)
	v, err = g.Rollback(both, 1, 2, "back")
	tell("rollback", v, err)
	v, err = g.Rollback(both, 77, 3, "back")
	tell("rollback to nothing", v, err)
	all, err := g.Versions(reader, 0, 10)
	tell("versions", all, err)
	c, v, err = g.Version(reader, 2)
	configuration("version", c, v, err)
	state, err := g.State(reader)
	tell("state", state, err)
	h.watched(g, tell)
	_, err = g.State(nobody)
	tell("nobody", nil, err)
}

// kindOnly leaves of an error what both ways share where the description of the API refuses
// first.
func kindOnly(err error) error {
	if err == nil {
		return nil
	}
	return pki.Errorf(pki.KindOf(err), "any", "refused")
}

// watched looks at what happens, and ends it.
func (h *house) watched(g administered, tell func(what string, value any, err error)) {
	both, reader := as("system", "security"), as("audit")
	sources, err := g.TrustHealth(reader)
	tell("trust", sources, err)
	source, err := g.UploadList(both, "own", "off", []byte("no list"))
	tell("upload", source, err)
	source, err = g.RefreshList(both, "own", "none")
	tell("refresh", source, err)
	back, err := g.Backends(reader)
	tell("backends", len(back), err)
	connections, err := g.Connections(reader, gateway.ConnectionQuery{Service: "front", Limit: 5})
	tell("connections", connections, err)
	failed, err := g.FailedHandshakes(reader, gateway.HandshakeQuery{Service: "front", Limit: 5})
	tell("handshakes", failed, err)
	rows, err := g.SessionList(reader, gateway.SessionQuery{Limit: 5})
	tell("sessions", rows, err)
	tell("end", nil, g.EndSession(both, "unknown"))
	tell("end as auditor", nil, g.EndSession(reader, "unknown"))
	day := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	figures, err := g.Statistics(reader, gateway.StatisticsQuery{Step: "day", Kind: "application", From: day, To: day.AddDate(0, 0, 1)})
	tell("statistics", figures, err)
	_, err = g.Statistics(reader, gateway.StatisticsQuery{Step: "century"})
	tell("statistics of no step", nil, kindOnly(err)) // the network's own check has other words
	file, err := g.StatisticsFile(reader, gateway.StatisticsQuery{Step: "day", Kind: "application", From: day, To: day.AddDate(0, 0, 1)}, "en")
	tell("file", string(file), err)
	answer, err := g.Explain(reader, gateway.Question{Address: "192.0.2.1", Application: "oa"})
	tell("explain", answer, err)
	answer, err = g.Explain(reader, gateway.Question{Address: "nowhere", Application: "oa"})
	tell("explain nonsense", answer, err)
	altered, err := g.Simulate(reader, gateway.Simulation{Rules: &policy.Rules{Version: 1, Rules: []policy.Rule{}}})
	tell("simulate", altered, err)
}
