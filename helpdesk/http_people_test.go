package helpdesk_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"onecert/helpdesk"
	"onecert/pki"
	"onecert/pkitest"
	"onecert/serve"
)

// visitors knows holders by the actor's name and lets each address leave most things.
type visitors struct {
	most  int
	calls map[string]int
}

func (v *visitors) Visit(ctx context.Context, _ string) (string, string, error) {
	actor, _ := pki.ActorFrom(ctx)
	return actor.Name, "ra1", nil
}

func (v *visitors) Write(_ context.Context, address string) error {
	host, _, _ := strings.Cut(address, ":")
	if v.calls[host]++; v.calls[host] > v.most {
		return pki.Errorf(pki.Unavailable, "self.often", "too often")
	}
	return nil
}

// people calls the desk as people do.
type people struct {
	t    *testing.T
	base string
}

func newPeople(t *testing.T, d *helpdesk.Desk, v helpdesk.Visitors) people {
	t.Helper()
	api := serve.New(serve.Config{Title: "Self", Version: "test", Log: slog.New(slog.DiscardHandler)})
	d.PeopleRoutes(api.Huma, v)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if name := r.Header.Get(pkitest.ActorHeader); name != "" {
			r = r.WithContext(pki.WithActor(r.Context(), pki.Actor{Name: name}))
		}
		api.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return people{t, server.URL + "/v1/self/tickets"}
}

// call sends a body as a holder, or as nobody, and returns the answer or its code.
func (p people) call(holder, path, text string) (opened helpdesk.Opened, code string) {
	p.t.Helper()
	method := http.MethodPost
	if text == "" {
		method = http.MethodGet
	}
	r, err := http.NewRequest(method, p.base+path, strings.NewReader(text))
	if err != nil {
		p.t.Fatal(err)
	}
	if text != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	r.Header.Set(pkitest.ActorHeader, holder)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer answer.Body.Close()
	var all struct {
		helpdesk.Opened
		*helpdesk.Ticket
		Wrong string `json:"code"`
	}
	if answer.StatusCode != http.StatusOK {
		if err := json.NewDecoder(answer.Body).Decode(&all); err != nil {
			p.t.Fatal(err)
		}
		return opened, all.Wrong
	}
	if method == http.MethodGet {
		var page helpdesk.Page
		err = json.NewDecoder(answer.Body).Decode(&page)
		if len(page.Items) > 0 {
			opened.Ticket = page.Items[0]
		}
	} else if path == "" {
		err = json.NewDecoder(answer.Body).Decode(&opened)
	} else {
		err = json.NewDecoder(answer.Body).Decode(&opened.Ticket)
	}
	if err != nil {
		p.t.Fatal(err)
	}
	return opened, ""
}

const inquiry = `{"kind":"pin","name":"李四","contact":"li@people.example","subject":"PIN 忘记了","text":"怎么办？"`

// TestPeopleAtTheDesk: a person opens a ticket, reads what is said to her, answers and
// rates, by her certificate or by number and code; another's is not there for anybody.
func TestPeopleAtTheDesk(t *testing.T) {
	for _, holder := range []string{"H17", ""} {
		h := open(t, pkitest.SQLite(t))
		p := newPeople(t, h.desk, &visitors{most: 100, calls: map[string]int{}})
		opened, wrong := p.call(holder, "", inquiry+"}")
		if wrong != "" || len(opened.Code) != 26 || opened.Ticket.Node != "ra1" || opened.Ticket.Holder != holder {
			t.Fatal(opened, wrong)
		}
		number := opened.Ticket.Number
		h.must(h.do("ra1.reviewer", number, helpdesk.Take, ""))
		h.must(h.do("ra1.reviewer", number, helpdesk.Note, "内部：第三次"))
		h.must(h.do("ra1.reviewer", number, helpdesk.Ask, "哪个读卡器？"))
		which := `{"number":"` + number + `"`
		if holder == "" {
			which += `,"code":"` + strings.ToLower(opened.Code) + `"`
		}
		seen, wrong := p.call(holder, "/look", which+"}")
		if wrong != "" || len(seen.Ticket.Turns) != 2 || !slices.Equal(seen.Ticket.Legal, []helpdesk.Event{helpdesk.Reply}) {
			t.Fatalf("%+v %s", seen.Ticket, wrong)
		}
		if text, _ := json.Marshal(seen.Ticket); strings.Contains(string(text), "内部") || strings.Contains(string(text), "reviewer") || strings.Contains(string(text), "/centre/") {
			t.Errorf("a person sees %s", text)
		}
		for path, rest := range map[string]string{"/look": "}", "/reply": `,"text":"x"}`, "/rate": `,"rating":1}`} {
			for _, stranger := range []string{`{"number":"` + number + `"`, `{"number":"` + number + `","code":"AAAAAAAAAAAAAAAAAAAAAAAAAA"`, `{"number":"T-2026-999999"`} {
				if _, wrong := p.call("H18", path, stranger+rest); wrong != "desk.unknown" {
					t.Errorf("%s by a stranger: %s", path, wrong)
				}
			}
		}
		if said, wrong := p.call(holder, "/reply", which+`,"text":"蓝色的"}`); wrong != "" || said.Ticket.State != helpdesk.Working {
			t.Fatal(said, wrong)
		}
		h.must(h.do("ra1.reviewer", number, helpdesk.Resolve, "已寄出"))
		if rated, wrong := p.call(holder, "/rate", which+`,"rating":5}`); wrong != "" || rated.Ticket.State != helpdesk.Closed || rated.Ticket.Rating != 5 {
			t.Fatal(rated, wrong)
		}
		list, wrong := p.call(holder, "", "")
		if holder == "" && wrong != "desk.unknown" || holder != "" && (wrong != "" || list.Ticket.Number != number) {
			t.Errorf("the list of %q: %+v %s", holder, list.Ticket, wrong)
		}
	}
}

// TestPeopleWithBounds: who leaves too much is refused, nobody says whose a ticket is,
// and a page of another site can send nothing.
func TestPeopleWithBounds(t *testing.T) {
	h := open(t, pkitest.SQLite(t))
	p := newPeople(t, h.desk, &visitors{most: 3, calls: map[string]int{}})
	for body, code := range map[string]string{inquiry + `,"holder":"H17"}`: "request.invalid", inquiry + `,"node":"nowhere"}`: "node.unknown", `{"kind":"gin","name":"a","subject":"b","text":"c"}`: "request.invalid"} {
		if _, wrong := p.call("", "", body); wrong != code {
			t.Errorf("%.80s: %s", body, wrong)
		}
	}
	for range 2 {
		p.call("", "", inquiry+"}")
	}
	if _, wrong := p.call("", "", inquiry+"}"); wrong != "self.often" {
		t.Errorf("a fourth: %s", wrong)
	}
	for _, kind := range []string{"text/plain", "application/x-www-form-urlencoded", ""} {
		r, err := http.NewRequest(http.MethodPost, p.base, strings.NewReader(inquiry+"}"))
		if err != nil {
			t.Fatal(err)
		}
		if r.Header.Set("Content-Type", kind); kind == "" {
			r.Header.Del("Content-Type")
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != http.StatusUnsupportedMediaType {
			t.Errorf("%q: %d", kind, answer.StatusCode)
		}
	}
}
