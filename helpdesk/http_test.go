package helpdesk_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"onecert/helpdesk"
	"onecert/pki"
	"onecert/pkitest"
	"onecert/serve"
)

// officers is what the suite asks of a desk: the object and its client.
type officers interface {
	Enter(context.Context, helpdesk.Question) (*helpdesk.Ticket, string, error)
	Tickets(context.Context, helpdesk.Query) (*helpdesk.Page, error)
	Ticket(context.Context, string) (*helpdesk.Ticket, error)
	Do(context.Context, string, helpdesk.Step) (*helpdesk.Ticket, error)
	Report(context.Context, string) (*helpdesk.Month, error)
}

var _, _ officers = (*helpdesk.Desk)(nil), (*helpdesk.Client)(nil)

// overNetwork serves a desk and returns its client and address.
func overNetwork(t *testing.T, d *helpdesk.Desk) (*helpdesk.Client, string) {
	t.Helper()
	api := serve.New(serve.Config{Title: "Desk", Version: "test", Log: slog.New(slog.DiscardHandler)})
	d.Routes(api.Huma)
	address := pkitest.ServeCarried(t, api)
	client, err := serve.NewClient(address, nil)
	if err != nil {
		t.Fatal(err)
	}
	client.HTTP.Transport = pkitest.Carried{}
	return helpdesk.NewClient(client), address
}

// In process and across the network a desk does and refuses the same.
func TestDeskAcrossTheNetwork(t *testing.T) {
	var told [2][]string
	for i, remote := range []bool{false, true} {
		h := open(t, pkitest.SQLite(t))
		var desk officers = h.desk
		if remote {
			desk, _ = overNetwork(t, h.desk)
		}
		tell := func(value any, err error) {
			if err != nil {
				told[i] = append(told[i], pki.KindOf(err).String()+" "+pki.CodeOf(err)+" "+err.Error())
				return
			}
			text, err := json.Marshal(value)
			if err != nil {
				t.Fatal(err)
			}
			told[i] = append(told[i], string(text))
		}
		ticket, code, err := desk.Enter(as("ra1.registrar"), question())
		if err != nil || len(code) != 26 {
			t.Fatal(code, err)
		}
		tell(ticket, nil)
		h.clock.on(90 * time.Minute)
		for _, step := range []helpdesk.Step{{Version: 1, Event: helpdesk.Take}, {Version: 1, Event: helpdesk.Take}, {Version: 2, Event: helpdesk.Answer}, {Version: 2, Event: helpdesk.Answer, Text: "请重启"},
			{Version: 3, Event: helpdesk.Ask, Text: "哪个系统？"}, {Version: 4, Event: helpdesk.Resolve, Text: "好"}, {Version: 5, Event: helpdesk.Take}} {
			tell(desk.Do(as("ra1.reviewer"), ticket.Number, step))
		}
		tell(desk.Ticket(as("ra2.reviewer"), ticket.Number))
		tell(desk.Ticket(as("centre.audit"), ticket.Number))
		tell(desk.Ticket(as("centre.system"), ticket.Number))
		tell(desk.Tickets(as("ra1.issuer"), helpdesk.Query{State: helpdesk.Resolved, Officer: "ra1.reviewer", Limit: 3}))
		tell(desk.Tickets(as("ra1.issuer"), helpdesk.Query{After: "1.T-2026-000009"}))
		tell(desk.Report(as("centre.security"), "2026-11"))
		tell(desk.Report(as("centre.security"), "2026/11"))
	}
	if !reflect.DeepEqual(told[0], told[1]) {
		for i := range told[0] {
			if told[0][i] != told[1][i] {
				t.Errorf("in process:  %s\nover network: %s", told[0][i], told[1][i])
			}
		}
	}
	if all := strings.Join(told[0], "\n"); !strings.Contains(all, "desk.version") || !strings.Contains(all, "desk.state") || !strings.Contains(all, `"resolved":1`) {
		t.Error(all)
	}
}

// What a browser or a script could send wrong is refused before the desk is asked.
func TestDeskBodies(t *testing.T) {
	h := open(t, pkitest.SQLite(t))
	_, address := overNetwork(t, h.desk)
	for body, status := range map[string]int{
		`{"kind":"pin","name":"a","subject":"b","text":"c","rating":5}`: http.StatusUnprocessableEntity, // an unknown field
		`{"kind":"pin","name":"a","subject":"b","text":"c","Kind":"x"}`: http.StatusUnprocessableEntity,
		`{"kind":7}`: http.StatusUnprocessableEntity,
		`[`:          http.StatusBadRequest,
		`{"kind":"pin","name":"a","subject":"b","text":"` + strings.Repeat("x", 5000) + `"}`: http.StatusUnprocessableEntity,
		`{"kind":"gin","name":"a","subject":"b","text":"c"}`:                                 http.StatusUnprocessableEntity,
		`{"kind":"pin","name":"a","subject":"b","text":"c"}`:                                 http.StatusOK,
	} {
		r, err := http.NewRequest(http.MethodPost, address+"/v1/tickets", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set(pkitest.ActorHeader, `{"Name":"ra1.registrar","Roles":["registrar"]}`)
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != status && !(status == http.StatusUnprocessableEntity && answer.StatusCode == http.StatusBadRequest) {
			t.Errorf("%.60s: %d", body, answer.StatusCode)
		}
	}
}
