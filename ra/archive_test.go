package ra_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"onecert/audit"
	"onecert/pki"
	"onecert/pkitest"
	"onecert/ra"
)

// later lets time pass and renews everybody's papers.
func (h *house) later(d time.Duration) {
	h.t.Helper()
	h.clock.add(d)
	deputy := fmt.Sprintf("centre.security-%d", h.clock.Now().Unix())
	if err := h.room.FirstPosts(context.Background(), []string{deputy}); err != nil {
		h.t.Fatal(err)
	}
	for _, p := range itemsOf[ra.Post](h.t)(h.room.Posts(as(deputy), ra.PostQuery{ListQuery: ra.ListQuery{Limit: 200}})) {
		p.Until = h.clock.Now().AddDate(1, 0, 0)
		must[*ra.Post](h.t)(h.room.SetPost(as(deputy), p))
	}
}

const archiveDay = 24 * time.Hour

// period is a house with an old period: what may be archived, and what may not.
type period struct {
	old, other, rejected *ra.Application // ended
	draft, good, about   *ra.Application // not ended
	before               time.Time
}

func (h *house) period() period {
	h.t.Helper()
	var p period
	h.ca.days = 30
	p.old = h.issued("lra1", person(h.t, 100, "许示例"))
	p.old = must[*ra.Application](h.t)(h.HandOver(as("lra1.registrar"), p.old.ID, ra.Decision{Version: p.old.Version}))
	p.other = h.issued("lra3", person(h.t, 101, "何示例"))
	p.rejected = h.submitted("lra1.registrar", person(h.t, 102, "吕示例"))
	p.rejected = must[*ra.Application](h.t)(h.Reject(as("ra1.reviewer"), p.rejected.ID, ra.Decision{Version: p.rejected.Version, Note: "材料不符"}))
	p.draft = must[*ra.Application](h.t)(h.Register(as("lra1.registrar"), person(h.t, 103, "施示例")))
	h.ca.days = 3000
	p.good = h.issued("lra1", person(h.t, 104, "张例"))
	p.about = h.submitted("lra1.registrar", ra.Entry{Operation: ra.Renew, Issuer: p.good.Issuer, Serial: p.good.Serial})
	p.about = must[*ra.Application](h.t)(h.Withdraw(as("lra1.registrar"), p.about.ID, ra.Decision{Version: p.about.Version}))
	p.before = h.clock.Now().Add(60 * archiveDay)
	h.later(500 * archiveDay)
	return p
}

// TestArchive: what ended leaves the lists and stays findable as it was; what is good,
// or about something good, stays; another branch sees nothing.
func TestArchive(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		p := h.period()
		was := must[*ra.Application](t)(h.Application(as("ra1.reviewer"), p.old.ID))
		history := must[[]ra.Moment](t)(h.History(as("ra1.reviewer"), p.old.ID))
		_, err := h.CloseVolume(as("centre.system"), ra.Closing{Before: h.clock.Now()})
		wantCode(t, err, "archive.before")
		_, err = h.CloseVolume(as("ra1.security"), ra.Closing{Before: p.before})
		wantCode(t, err, "officer.forbidden")
		v := must[*ra.Volume](t)(h.CloseVolume(as("ra1.system"), ra.Closing{Before: p.before}))
		if v.Records != 2 || v.More {
			t.Fatalf("%+v", v)
		}
		for _, a := range []*ra.Application{p.draft, p.good, p.about} {
			must[*ra.Application](t)(h.Application(as("ra1.reviewer"), a.ID))
		}
		must[*ra.Application](t)(h.Application(as("ra2.reviewer"), p.other.ID))
		_, err = h.Application(as("ra1.reviewer"), p.old.ID)
		wantCode(t, err, "application.unknown")
		for _, q := range []ra.ArchiveQuery{{Holder: p.old.Holder}, {Serial: p.old.Serial}, {Name: "许示例"}} {
			if found := must[*ra.Page[*ra.Archived]](t)(h.SearchArchive(as("lra1.registrar"), q)); len(found.Items) != 1 || found.Items[0].Application != p.old.ID {
				t.Errorf("%+v: %+v", q, found.Items)
			}
			if found := must[*ra.Page[*ra.Archived]](t)(h.SearchArchive(as("ra2.reviewer"), q)); len(found.Items) != 0 {
				t.Errorf("another branch finds %+v", found.Items)
			}
		}
		_, err = h.ArchivedApplication(as("ra2.reviewer"), p.old.ID)
		wantCode(t, err, "application.unknown")
		_, err = h.SearchArchive(as("ra1.reviewer"), ra.ArchiveQuery{})
		wantCode(t, err, "archive.query")
		file := must[*ra.ArchivedFile](t)(h.ArchivedApplication(as("ra1.reviewer"), p.old.ID))
		a := file.Application
		if !reflect.DeepEqual(a.Fields, was.Fields) || a.State != was.State || a.Version != was.Version || a.Serial != was.Serial || a.Certificate == nil || file.Made == nil {
			t.Errorf("archived %+v, was %+v", a, was)
		}
		if !reflect.DeepEqual(file.History, history) {
			t.Errorf("archived history %+v, was %+v", file.History, history)
		}
		if a.Fields["identity"] == resident(100) {
			t.Error("a number is shown in the clear")
		}
		_, err = h.CloseVolume(as("ra1.system"), ra.Closing{Before: p.before})
		wantCode(t, err, "archive.nothing")
		second := must[*ra.Volume](t)(h.CloseVolume(as("centre.system"), ra.Closing{Before: p.before}))
		if second.Previous != v.Digest || second.Records != 1 {
			t.Errorf("%+v after %+v", second, v)
		}
		if all := itemsOf[*ra.Volume](t)(h.Volumes(as("ra1.audit"), ra.ListQuery{})); len(all) != 1 {
			t.Errorf("%d volumes of the branch", len(all))
		}
		if faults := must[[]string](t)(h.VerifyArchive(as("centre.audit"))); len(faults) != 0 {
			t.Error(faults)
		}
	})
}

// TestArchivedDocument: a scan can be opened as long as its application is archived, by
// its branch only, and each look is in the log.
func TestArchivedDocument(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		paper := picture(t, 1, 40)
		a := must[*ra.Application](t)(h.Register(as("lra1.registrar"), person(t, 110, "孔示例")))
		a = must[*ra.Application](t)(h.Attach(as("lra1.registrar"), a.ID, a.Version, "form", "form.png", paper))
		hash := must[*ra.Application](t)(h.Application(as("lra1.registrar"), a.ID)).Documents[0].Hash
		must[*ra.Application](t)(h.Withdraw(as("lra1.registrar"), a.ID, ra.Decision{Version: a.Version}))
		_, _, err := h.ArchivedDocument(as("ra1.reviewer"), a.ID, hash)
		wantCode(t, err, "application.unknown")
		h.later(400 * archiveDay)
		must[*ra.Volume](t)(h.CloseVolume(as("ra1.system"), ra.Closing{Before: h.clock.Now().Add(-370 * archiveDay)}))
		if _, content, err := h.ArchivedDocument(as("ra1.reviewer"), a.ID, hash); err != nil || !bytes.Equal(content, paper) {
			t.Errorf("%d octets, %v", len(content), err)
		}
		_, _, err = h.ArchivedDocument(as("ra2.reviewer"), a.ID, hash)
		wantCode(t, err, "application.unknown")
		_, _, err = h.ArchivedDocument(as("ra1.reviewer"), a.ID, strings.Repeat("0", 64))
		wantCode(t, err, "document.unknown")
		if looks := must[[]audit.Entry](t)(h.cfg.Audit.Search(t.Context(), audit.Query{Act: "archive.document"})); len(looks) != 1 || looks[0].Object != a.ID {
			t.Errorf("%d looks are in the log", len(looks))
		}
	})
}

// TestArchiveTampered: whatever is changed in the archive is found, also after a restore.
func TestArchiveTampered(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		h := newHouse(t, source, nil)
		p := h.period()
		v := must[*ra.Volume](t)(h.CloseVolume(as("centre.system"), ra.Closing{Before: p.before}))
		ctx := context.Background()
		for what, statements := range map[string][2]string{
			"a record's place":  {"UPDATE ra_archived SET line = line + 100 WHERE line = 0", "UPDATE ra_archived SET line = line - 100 WHERE line >= 100"},
			"a record's digest": {"UPDATE ra_archived SET digest = 'a' || digest WHERE line = 0", "UPDATE ra_archived SET digest = substr(digest, 2) WHERE line = 0"},
			"a volume's digest": {"UPDATE ra_volume SET digest = 'a' || digest", "UPDATE ra_volume SET digest = substr(digest, 2)"},
			"a volume gone":     {"UPDATE ra_volume SET number = number + 7", "UPDATE ra_volume SET number = number - 7"},
		} {
			for i, statement := range statements {
				if err := h.cfg.DB.Tx(ctx, execAll(ctx, statement)); err != nil {
					t.Fatalf("%s: %v", what, err)
				}
				if faults := must[[]string](t)(h.VerifyArchive(as("centre.audit"))); (len(faults) > 0) != (i == 0) {
					t.Errorf("%s, step %d: %v", what, i, faults)
				}
			}
		}
		file := must[[]byte](t)(h.VolumeFile(as("centre.audit"), v.Number))
		if number, digest, err := ra.CheckVolume(bytes.NewReader(file)); err != nil || number != v.Number || digest != v.Digest {
			t.Errorf("%d, %s, %v", number, digest, err)
		}
		lines := bytes.SplitAfter(file, []byte("\n"))
		for what, changed := range map[string][]byte{
			"a record less":   bytes.Join(lines[:len(lines)-2], nil),
			"another order":   bytes.Join([][]byte{lines[0], lines[2], lines[1], lines[3]}, nil),
			"another content": bytes.Replace(file, []byte("许示例"), []byte("许示别"), 1),
			"no header":       bytes.Join(lines[1:], nil),
			"nothing":         {},
		} {
			if _, _, err := ra.CheckVolume(bytes.NewReader(changed)); pki.KindOf(err) != pki.Invalid {
				t.Errorf("%s: %v", what, err)
			}
		}
		if err := h.cfg.DB.Tx(ctx, execAll(ctx, "DELETE FROM ra_archived WHERE line = 1")); err != nil {
			t.Fatal(err)
		}
		if faults := must[[]string](t)(h.VerifyArchive(as("centre.audit"))); len(faults) == 0 {
			t.Error("a record is gone, and nobody says so")
		}
	})
}

// TestRetention: nothing is destroyed within five years of its end, nor by one person;
// afterwards it is gone, and the statistics go on telling of it.
func TestRetention(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		p := h.period()
		v := must[*ra.Volume](t)(h.CloseVolume(as("centre.system"), ra.Closing{Before: p.before}))
		_, err := h.DestroyVolume(as("centre.system"), v.Number, ra.Ending{Reason: "期满"})
		wantCode(t, err, "archive.retention")
		h.later(5 * 365 * archiveDay)
		_, err = h.DestroyVolume(as("ra1.system"), v.Number, ra.Ending{Reason: "期满"})
		wantCode(t, err, "archive.unknown")
		m := must[*ra.Motion](t)(h.DestroyVolume(as("centre.system"), v.Number, ra.Ending{Reason: "期满"}))
		_, err = h.DecideMotion(as("centre.system"), m.ID, ra.MotionDecision{Decision: ra.Decision{Version: 1}, Consent: true})
		wantCode(t, err, "officer.forbidden")
		must[*ra.Motion](t)(h.DecideMotion(as("centre.security"), m.ID, ra.MotionDecision{Decision: ra.Decision{Version: 1}, Consent: true}))
		_, err = h.ArchivedApplication(as("ra1.reviewer"), p.old.ID)
		wantCode(t, err, "archive.destroyed")
		for _, q := range []ra.ArchiveQuery{{Holder: p.old.Holder}, {Name: "许示例"}} {
			if found := must[*ra.Page[*ra.Archived]](t)(h.SearchArchive(as("centre.reviewer"), q)); len(found.Items) != 0 {
				t.Errorf("destroyed, and found: %+v", found.Items)
			}
		}
		_, err = h.VolumeFile(as("centre.audit"), v.Number)
		wantCode(t, err, "archive.destroyed")
		if faults := must[[]string](t)(h.VerifyArchive(as("centre.audit"))); len(faults) != 0 {
			t.Error(faults)
		}
		if entries := must[[]audit.Entry](t)(h.cfg.Audit.Search(t.Context(), audit.Query{Act: "destroy."})); len(entries) != 2 {
			t.Errorf("%d entries", len(entries))
		}
	})
}

// everything is every row that belongs to an application, by table, as text.
func (h *house) everything() map[string]map[string]bool {
	h.t.Helper()
	all := map[string]map[string]bool{}
	for _, table := range []string{"ra_application", "ra_history", "ra_result", "ra_certificate", "ra_other", "ra_document"} {
		all[table] = map[string]bool{}
		rows, err := h.cfg.DB.Read().Query("SELECT * FROM " + table)
		if err != nil {
			h.t.Fatal(err)
		}
		columns, err := rows.Columns()
		if err != nil {
			h.t.Fatal(err)
		}
		for rows.Next() {
			values, into := make([]any, len(columns)), make([]any, len(columns))
			for i := range values {
				into[i] = &values[i]
			}
			if err := rows.Scan(into...); err != nil {
				h.t.Fatal(err)
			}
			row := map[string]any{}
			for i, name := range columns {
				if row[name] = values[i]; values[i] != nil {
					if octets, ok := values[i].([]byte); ok {
						row[name] = "\x00base64:" + base64.StdEncoding.EncodeToString(octets)
					}
				}
			}
			text, err := json.Marshal(row)
			if err != nil {
				h.t.Fatal(err)
			}
			all[table][string(text)] = true
		}
		if err := rows.Err(); err != nil {
			h.t.Fatal(err)
		}
		rows.Close()
	}
	return all
}

// TestArchiveLosesNothing: whatever happened, every row is afterwards either where it
// was or in a volume's file, octet for octet, and nothing is in both.
func TestArchiveLosesNothing(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		h := newHouse(t, source, nil)
		random := rand.New(rand.NewPCG(7, 11))
		for i := range 25 {
			h.ca.days = []int{20, 20, 2000}[random.IntN(3)]
			node := []string{"lra1", "lra2", "lra3"}[random.IntN(3)]
			top := map[string]string{"lra1": "ra1", "lra2": "ra1", "lra3": "ra2"}[node]
			a := h.submitted(node+".registrar", person(t, 200+i, "某示例"))
			switch random.IntN(4) {
			case 0:
				must[*ra.Application](t)(h.Withdraw(as(node+".registrar"), a.ID, ra.Decision{Version: a.Version}))
			case 1:
				must[*ra.Application](t)(h.Return(as(top+".reviewer"), a.ID, ra.Decision{Version: a.Version, Note: "补"}))
			default:
				a = must[*ra.Application](t)(h.Approve(as(top+".reviewer"), a.ID, ra.Decision{Version: a.Version}))
				a = must[*ra.Application](t)(h.CarryOut(as(node+".issuer"), a.ID, ra.Decision{Version: a.Version}))
				if op := []ra.Operation{ra.Renew, ra.Freeze, ra.Revoke, ""}[random.IntN(4)]; op != "" {
					h.issuedBy(node, top, ra.Entry{Operation: op, Issuer: a.Issuer, Serial: a.Serial, Reason: map[ra.Operation]string{ra.Revoke: "superseded"}[op]})
				}
			}
		}
		before, limit := h.everything(), h.clock.Now().Add(40*archiveDay)
		h.later(500 * archiveDay)
		var files []byte
		for _, who := range []string{"ra2.system", "centre.system"} {
			v := must[*ra.Volume](t)(h.CloseVolume(as(who), ra.Closing{Before: limit}))
			files = append(files, must[[]byte](t)(h.VolumeFile(as("centre.audit"), v.Number))...)
		}
		after := h.everything()
		archived := 0
		lines := bufio.NewScanner(bytes.NewReader(files))
		lines.Buffer(nil, 1<<24)
		for lines.Scan() {
			if strings.HasPrefix(lines.Text(), `{"format"`) {
				continue
			}
			var record struct {
				Tables map[string][]json.RawMessage `json:"tables"`
			}
			if err := json.Unmarshal(lines.Bytes(), &record); err != nil {
				t.Fatal(err)
			}
			for table, rows := range record.Tables {
				for _, row := range rows {
					if after[table][string(row)] {
						t.Errorf("%s: in both: %s", table, row)
					}
					after[table][string(row)] = true
					archived++
				}
			}
		}
		for table := range before {
			if !maps.Equal(before[table], after[table]) {
				t.Errorf("%s: %d rows before, %d after", table, len(before[table]), len(after[table]))
			}
		}
		if archived < 40 {
			t.Errorf("only %d rows were archived", archived)
		}
		if names := slices.Sorted(maps.Keys(after)); len(names) != len(before) {
			t.Error(names)
		}
	})
}

func FuzzCheckVolume(f *testing.F) {
	f.Add([]byte(`{"format":"onecert-archive-1","number":1,"before":1,"previous":"","records":0,"digest":""}` + "\n"))
	f.Add([]byte(`{"format":"onecert-archive-1","number":1,"records":1}` + "\n" + `{"application":"a","tables":{"ra_application":[{"id":"a"}]}}` + "\n"))
	f.Add([]byte("\n\n{}"))
	f.Fuzz(func(t *testing.T, file []byte) {
		if _, _, err := ra.CheckVolume(bytes.NewReader(file)); err != nil && pki.KindOf(err) != pki.Invalid {
			t.Errorf("%v", err)
		}
	})
}
