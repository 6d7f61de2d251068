package ra_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"onecert/pki"
	"onecert/pkitest"
	"onecert/ra"
	"onecert/ra/internal/sheet"
)

// batches is what the tests ask of a registration and its client alike.
type batches interface {
	UploadBatch(context.Context, ra.BatchOrder, []byte) (*ra.Batch, error)
	Batch(context.Context, string) (*ra.Batch, error)
	Batches(context.Context, ra.BatchQuery) (*ra.Page[*ra.Batch], error)
	BatchRows(context.Context, string, ra.RowQuery) ([]*ra.BatchRow, error)
	ConfirmBatch(context.Context, string, ra.Confirmation) (*ra.Batch, error)
	WithdrawBatch(context.Context, string, int) (*ra.Batch, error)
	BatchTemplate(context.Context, ra.Kind, string) ([]byte, error)
	BatchResult(context.Context, string, string, string) ([]byte, error)
}

var _, _ batches = (*ra.Registration)(nil), (*ra.Client)(nil)

func (h *house) batches() batches { return h.office.(batches) }

const peopleHead = "姓名,证件类型,证件号码,单位,手机号码,证书请求\n"

// peopleSheet is a sheet of good rows; with their own keys where the request is there.
func peopleSheet(t testing.TB, count int, request []byte) []byte {
	var b bytes.Buffer
	b.WriteString(peopleHead)
	for n := range count {
		fmt.Fprintf(&b, "人%d,居民身份证,%s,示例市民政局,13900000000,%s\n", n, resident(n), base64.StdEncoding.EncodeToString(request))
	}
	return b.Bytes()
}

var serverKeys = ra.BatchOrder{Name: "人员.csv", Kind: ra.Person, KeyFrom: "server", Suite: pki.SM2}

// TestBatch: a sheet from the template to the results.
func TestBatch(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		h.makesKeys()
		who, batch := as("lra1.registrar"), must[*ra.Batch](t)
		template := must[[]byte](t)(h.batches().BatchTemplate(who, ra.Person, "zh"))
		_, err := h.batches().UploadBatch(who, serverKeys, template)
		wantCode(t, err, "sheet.empty")
		content := append(peopleSheet(t, 3, nil), []byte(
			"=1+1,居民身份证,"+resident(7)+",示例市民政局,13900000000,\n"+
				"人八,居民身份证,110105194912310021,示例市民政局,139,\n"+
				"人九,居民身份证,"+resident(1)+",示例市民政局,13900000000,\n"+
				resident(9)+",护照,A1234567,示例市民政局,13900000000,\n")...)
		b := batch(h.batches().UploadBatch(who, serverKeys, content))
		if b.State != ra.BatchChecked || b.Rows != 7 || b.Faulty != 4 || b.Node != "lra1" || b.Profile == "" {
			t.Fatalf("%+v", b)
		}
		if page := must[*ra.Page[*ra.Application]](t)(h.Applications(who, ra.Query{States: ra.AllStates()})); len(page.Items) != 0 {
			t.Error("something was registered before anybody confirmed it")
		}
		preview(t, h, b.ID)

		_, err = h.batches().ConfirmBatch(who, b.ID, ra.Confirmation{Version: b.Version + 1})
		wantCode(t, err, "stale")
		_, err = h.batches().ConfirmBatch(who, b.ID, ra.Confirmation{Version: b.Version})
		wantCode(t, err, "batch.faulty")
		b = batch(h.batches().ConfirmBatch(who, b.ID, ra.Confirmation{Version: b.Version, SkipFaulty: true}))
		if b.State != ra.BatchRunning || b.Registered != 0 {
			t.Errorf("%+v", b)
		}
		h.work()
		b = batch(h.batches().Batch(as("ra1.reviewer"), b.ID))
		if b.State != ra.BatchDone || b.Registered != 3 || b.Failed != 0 || b.Stopped != "" {
			t.Errorf("%+v", b)
		}
		h.issueBatch(b.ID, 3)
		results(t, h, b.ID)

		twin := batch(h.batches().UploadBatch(who, serverKeys, content))
		_, err = h.batches().ConfirmBatch(who, twin.ID, ra.Confirmation{Version: twin.Version, SkipFaulty: true})
		wantCode(t, err, "batch.again")
		twin = batch(h.batches().WithdrawBatch(who, twin.ID, twin.Version))
		_, err = h.batches().ConfirmBatch(who, twin.ID, ra.Confirmation{Version: twin.Version})
		wantCode(t, err, "batch.state")
		if all := must[*ra.Page[*ra.Batch]](t)(h.batches().Batches(who, ra.BatchQuery{Limit: 1})); len(all.Items) != 1 || all.After == "" {
			t.Errorf("%+v", all)
		}
	})
}

// makesKeys gives the house a way to keys made at the centre, after a new start.
func (h *house) makesKeys() {
	h.t.Helper()
	remote := h.office != office(h.room)
	h.room.Close()
	h.cfg.DB.Close()
	h.cfg.Keys = &fakeKeys{t: h.t, keys: map[string][]byte{}, tick: map[string][]byte{}, given: map[string]string{}}
	h.start()
	if remote {
		h.office = overNetwork(h.t, h.room)
	}
}

// preview is what the office sees before it confirms.
func preview(t *testing.T, h *house, id string) {
	t.Helper()
	rows := must[[]*ra.BatchRow](t)(h.batches().BatchRows(as("lra1.registrar"), id, ra.RowQuery{}))
	if len(rows) != 7 || rows[0].Row != 2 || rows[0].Name != "人0" || rows[0].State != "ready" || rows[0].Fields["unit"] != "示例市民政局" ||
		!strings.Contains(rows[0].Fields["identity"], "****") || !strings.Contains(rows[0].Fields["phone"], "****") {
		t.Fatalf("%+v", rows[0])
	}
	want := [][]string{{"A5 sheet.formula"}, {"C6 identity.number", "E6 field.form"}, {"C7 batch.twice"}, {"A8 identity.clear"}}
	for i, row := range rows[3:] {
		var got []string
		for _, f := range row.Faults {
			got = append(got, f.Cell+" "+f.Code)
		}
		if !slices.Equal(got, want[i]) || row.State != "faulty" || row.Fields != nil {
			t.Errorf("row %d: %q, want %q (%+v)", row.Row, got, want[i], row)
		}
	}
	if rows[6].Name != "" {
		t.Error("an identity number is shown as a name")
	}
	if rows := must[[]*ra.BatchRow](t)(h.batches().BatchRows(as("lra1.registrar"), id, ra.RowQuery{State: "faulty", After: 5, Limit: 2})); len(rows) != 2 || rows[0].Row != 6 {
		t.Errorf("%d rows", len(rows))
	}
}

func (h *house) work() {
	h.t.Helper()
	if err := h.room.WorkBatches(context.Background()); err != nil {
		h.t.Fatal(err)
	}
}

// issueBatch approves and issues what a batch has handed to review.
func (h *house) issueBatch(id string, count int) {
	h.t.Helper()
	app := must[*ra.Application](h.t)
	page := must[*ra.Page[*ra.Application]](h.t)(h.Applications(as("ra1.reviewer"), ra.Query{Batch: id}))
	if len(page.Items) != count {
		h.t.Fatalf("%d applications wait", len(page.Items))
	}
	for _, a := range page.Items {
		if a.State != ra.Submitted || a.Node != "lra1" || a.RegisteredBy != "lra1.registrar" || a.KeyFrom != "server" || a.Holder == "" {
			h.t.Errorf("%+v", a)
		}
		a = app(h.Approve(as("ra1.reviewer"), a.ID, ra.Decision{Version: a.Version}))
		app(h.CarryOut(as("lra1.issuer"), a.ID, ra.Decision{Version: a.Version}))
	}
}

// results reads both files of results.
func results(t *testing.T, h *house, id string) {
	t.Helper()
	columns := []sheet.Column{{Key: "row", Heading: sheet.Words{Chinese: "原表行号"}}, {Key: "name", Heading: sheet.Words{Chinese: "名称"}}, {Key: "result", Heading: sheet.Words{Chinese: "结果"}},
		{Key: "application", Heading: sheet.Words{Chinese: "申请编号"}}, {Key: "state", Heading: sheet.Words{Chinese: "申请状态"}}, {Key: "serial", Heading: sheet.Words{Chinese: "证书序列号"}},
		{Key: "cell", Heading: sheet.Words{Chinese: "有误的单元格"}}, {Key: "code", Heading: sheet.Words{Chinese: "错误代码"}}, {Key: "wrong", Heading: sheet.Words{Chinese: "错误说明"}, Most: 4000}}
	for _, form := range []string{"xlsx", "csv"} {
		content := must[[]byte](t)(h.batches().BatchResult(as("lra1.registrar"), id, form, "zh"))
		all, err := sheet.Read(content, columns, sheet.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		var rows [][]string
		for row, err := range all.All() {
			if err != nil || len(row.Faults) > 0 {
				t.Fatal(err, row.Faults)
			}
			rows = append(rows, row.Values)
		}
		if len(rows) != 7 || rows[0][1] != "人0" || rows[0][2] != "已登记" || rows[0][3] == "" || rows[0][4] != "已制证" || rows[0][5] == "" {
			t.Errorf("%s: %q", form, rows)
		}
		if rows[4][2] != "有误" || rows[4][3] != "" || rows[4][6] != "C6 E6" || rows[4][7] != "identity.number field.form" || !strings.HasPrefix(rows[4][8], "证件号码不正确") {
			t.Errorf("%s: %q", form, rows[4])
		}
		if bytes.Contains(content, []byte(resident(0))) {
			t.Error("an identity number stands in the results")
		}
	}
	_, err := h.batches().BatchResult(as("ra2.reviewer"), id, "csv", "zh")
	wantCode(t, err, "batch.unknown")
}

// TestBatchOwnKeys: rows that bring a request are handed to review, others become
// drafts; formulas in names are texts, and stay so in what is given out.
func TestBatchOwnKeys(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		h := newHouse(t, source, nil)
		who := as("lra1.registrar")
		content := append(peopleSheet(t, 1, newRequest(t)), []byte(
			"'=SUM(1),居民身份证,"+resident(5)+",示例市民政局,13900000000,\n"+
				"人六,居民身份证,"+resident(6)+",示例市民政局,13900000000,MIIB\n")...)
		b := must[*ra.Batch](t)(h.room.UploadBatch(who, ra.BatchOrder{Kind: ra.Person}, content))
		if b.Faulty != 1 || b.KeyFrom != "request" {
			t.Fatalf("%+v", b)
		}
		must[*ra.Batch](t)(h.room.ConfirmBatch(who, b.ID, ra.Confirmation{Version: b.Version, SkipFaulty: true}))
		h.work()
		page := must[*ra.Page[*ra.Application]](t)(h.Applications(who, ra.Query{States: ra.AllStates(), Batch: b.ID}))
		states := map[string]ra.State{}
		for _, a := range page.Items {
			states[a.Fields["name"]] = a.State
		}
		if len(states) != 2 || states["人0"] != ra.Submitted || states["=SUM(1)"] != ra.Draft {
			t.Errorf("%v", states)
		}
		result := string(must[[]byte](t)(h.room.BatchResult(who, b.ID, "csv", "en")))
		if !strings.Contains(result, ",'=SUM(1),") {
			t.Errorf("%s", result)
		}
		_, err := h.room.UploadBatch(who, serverKeys, content)
		if err != nil {
			t.Fatal(err)
		}
	})
}

// TestBatchRefusals: sheets and orders nobody should get through.
func TestBatchRefusals(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		who, good := as("lra1.registrar"), peopleSheet(t, 2, nil)
		for code, try := range map[string]func() error{
			"officer.forbidden": func() error { _, err := h.batches().UploadBatch(as("lra1.reviewer"), serverKeys, good); return err },
			"identity.clear": func() error {
				_, err := h.batches().UploadBatch(who, ra.BatchOrder{Name: resident(1) + ".csv", Kind: ra.Person}, good)
				return err
			},
			"application.kind": func() error {
				_, err := h.batches().UploadBatch(who, ra.BatchOrder{Kind: "animal"}, good)
				return err
			},
			"sheet.format": func() error { _, err := h.batches().UploadBatch(who, serverKeys, []byte("%PDF-1.7")); return err },
			"sheet.missing-column": func() error {
				_, err := h.batches().UploadBatch(who, serverKeys, []byte("姓名\n张三\n"))
				return err
			},
			"batch.unknown": func() error { _, err := h.batches().Batch(who, "batch-none"); return err },
		} {
			wantCode(t, try(), code)
		}
		b := must[*ra.Batch](t)(h.batches().UploadBatch(who, serverKeys, good))
		_, err := h.batches().Batch(as("lra2.registrar"), b.ID)
		wantCode(t, err, "batch.unknown")
		_, err = h.batches().BatchRows(as("ra2.reviewer"), b.ID, ra.RowQuery{})
		wantCode(t, err, "batch.unknown")
		_, err = h.batches().ConfirmBatch(as("lra2.registrar"), b.ID, ra.Confirmation{Version: b.Version})
		wantCode(t, err, "batch.unknown")
		_, err = h.batches().ConfirmBatch(as("ra1.registrar"), b.ID, ra.Confirmation{Version: b.Version})
		wantCode(t, err, "batch.node")
	})
}

// TestBatchStops: a batch goes on only while the CA answers and who confirmed it may
// still register; then it goes on by itself.
func TestBatchStops(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		h := newHouse(t, source, nil)
		who := as("lra1.registrar")
		b := must[*ra.Batch](t)(h.room.UploadBatch(who, serverKeys, peopleSheet(t, 60, nil)))
		must[*ra.Batch](t)(h.room.ConfirmBatch(who, b.ID, ra.Confirmation{Version: b.Version}))
		stopped := func(words string) {
			t.Helper()
			if err := h.room.WorkBatches(context.Background()); err == nil {
				t.Error("no error is told")
			}
			if b := must[*ra.Batch](t)(h.room.Batch(as("ra1.reviewer"), b.ID)); b.State != ra.BatchRunning || b.Registered != 0 || !strings.Contains(b.Stopped, words) {
				t.Errorf("%+v", b)
			}
		}
		h.ca.fail = errors.New("no way to the CA")
		stopped("could not be stored")
		h.ca.fail = nil
		office := must[*ra.Node](t)(h.SetNode(as("centre.security"), "lra1", h.node("lra1").Version, ra.Suspended))
		stopped("suspended")
		must[*ra.Node](t)(h.SetNode(as("centre.security"), "lra1", office.Version, ra.Active))
		h.work()
		if b := must[*ra.Batch](t)(h.room.Batch(who, b.ID)); b.State != ra.BatchDone || b.Registered != 60 || b.Stopped != "" {
			t.Errorf("%+v", b)
		}
	})
}

// TestBatchHolderHasOne: a holder who may have no second certificate is the row's
// failure, and the others are registered.
func TestBatchHolderHasOne(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		h := newHouse(t, source, nil)
		who := as("lra1.registrar")
		holder := must[string](t)(h.ca.Identify(context.Background(), "resident", resident(1)))
		h.ca.held = map[string][]ra.Certificate{holder: {{Kind: ra.Person, State: "valid", NotAfter: h.clock.Now().AddDate(1, 0, 0)}}}
		b := must[*ra.Batch](t)(h.room.UploadBatch(who, serverKeys, peopleSheet(t, 3, nil)))
		must[*ra.Batch](t)(h.room.ConfirmBatch(who, b.ID, ra.Confirmation{Version: b.Version}))
		h.work()
		if b := must[*ra.Batch](t)(h.room.Batch(who, b.ID)); b.State != ra.BatchDone || b.Registered != 2 || b.Failed != 1 {
			t.Errorf("%+v", b)
		}
		rows := must[[]*ra.BatchRow](t)(h.room.BatchRows(who, b.ID, ra.RowQuery{State: "failed"}))
		if len(rows) != 1 || len(rows[0].Faults) != 1 || rows[0].Faults[0].Code != "holder.has-one" {
			t.Errorf("%+v", rows)
		}
	})
}

// TestBatchByRule: what a standing rule reviews stays within its quota, and the rest
// waits for a person.
func TestBatchByRule(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		h := newHouse(t, source, nil)
		who := as("lra1.registrar")
		h.aRule(h.usualRule(), true) // for two persons
		b := must[*ra.Batch](t)(h.room.UploadBatch(who, serverKeys, peopleSheet(t, 5, nil)))
		must[*ra.Batch](t)(h.room.ConfirmBatch(who, b.ID, ra.Confirmation{Version: b.Version}))
		h.work()
		count := map[ra.State]int{}
		for _, a := range must[*ra.Page[*ra.Application]](t)(h.Applications(who, ra.Query{States: ra.AllStates(), Batch: b.ID})).Items {
			count[a.State]++
		}
		if count[ra.Approved] != 2 || count[ra.Submitted] != 3 {
			t.Errorf("%v", count)
		}
	})
}

// TestBatchForgotten: a sheet that nobody confirms is not kept.
func TestBatchForgotten(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		h := newHouse(t, source, nil)
		who := as("lra1.registrar")
		b := must[*ra.Batch](t)(h.room.UploadBatch(who, serverKeys, peopleSheet(t, 2, nil)))
		h.clock.add(6 * 24 * time.Hour)
		h.work()
		if b := must[*ra.Batch](t)(h.room.Batch(who, b.ID)); b.State != ra.BatchChecked {
			t.Errorf("%+v", b)
		}
		h.clock.add(2 * 24 * time.Hour)
		h.work()
		rows := must[[]*ra.BatchRow](t)(h.room.BatchRows(who, b.ID, ra.RowQuery{}))
		if b := must[*ra.Batch](t)(h.room.Batch(who, b.ID)); b.State != ra.BatchWithdrawn || rows[0].Fields != nil {
			t.Errorf("%+v", b)
		}
	})
}

// tripping is a sealer that ends what is going on at each so many-th seal: in the middle
// of a transaction.
type tripping struct {
	ra.Sealer
	calls, each int
	kill        func()
}

func (s *tripping) Seal(random io.Reader, plaintext, aad []byte) ([]byte, error) {
	if s.calls++; s.kill != nil && s.calls%s.each == 0 {
		s.kill()
	}
	return s.Sealer.Seal(random, plaintext, aad)
}

// TestBatchBrokenOff: killed again and again, within a transaction and between two, a
// batch ends with one application for each row.
func TestBatchBrokenOff(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		sealer := &tripping{Sealer: testSealer(), each: 70}
		h := newHouse(t, source, func(cfg *ra.Config) { cfg.Sealer = sealer })
		who := as("lra1.registrar")
		const count = 400
		b := must[*ra.Batch](t)(h.room.UploadBatch(who, serverKeys, peopleSheet(t, count, nil)))
		must[*ra.Batch](t)(h.room.ConfirmBatch(who, b.ID, ra.Confirmation{Version: b.Version}))
		var seen []int
		for b.State != ra.BatchDone {
			ctx, kill := context.WithCancel(context.Background())
			sealer.kill = kill
			if err := h.room.WorkBatches(ctx); err != nil && ctx.Err() == nil {
				t.Fatal(err)
			}
			kill()
			h.room.Close()
			h.cfg.DB.Close()
			h.start()
			b = must[*ra.Batch](t)(h.room.Batch(who, b.ID))
			if seen = append(seen, b.Registered); len(seen) > 50 {
				t.Fatalf("%+v", b)
			}
		}
		if b.Registered != count || b.Failed != 0 || !slices.IsSorted(seen) || len(seen) < 5 {
			t.Errorf("%+v, progress %v", b, seen)
		}
		made := map[string]bool{}
		for after := 0; ; {
			rows := must[[]*ra.BatchRow](t)(h.room.BatchRows(who, b.ID, ra.RowQuery{After: after, Limit: 200}))
			if len(rows) == 0 {
				break
			}
			for _, row := range rows {
				made[row.Application] = true
			}
			after = rows[len(rows)-1].Row
		}
		page := must[*ra.Page[*ra.Application]](t)(h.Applications(who, ra.Query{Batch: b.ID, Limit: 200}))
		second := must[*ra.Page[*ra.Application]](t)(h.Applications(who, ra.Query{Batch: b.ID, Limit: 200, After: page.After}))
		if len(made) != count || made[""] || len(page.Items)+len(second.Items) != count {
			t.Errorf("%d rows made %d applications", len(made), len(page.Items)+len(second.Items))
		}
	})
}

// TestBatchOfTenThousand: the largest sheet is judged in seconds.
func TestBatchOfTenThousand(t *testing.T) {
	h := newHouse(t, pkitest.SQLite(t), nil)
	content := peopleSheet(t, 10_000, nil)
	begun := time.Now()
	b := must[*ra.Batch](t)(h.room.UploadBatch(as("lra1.registrar"), serverKeys, content))
	if b.Rows != 10_000 || b.Faulty != 0 {
		t.Fatalf("%+v", b)
	}
	t.Logf("10,000 rows judged and stored in %v", time.Since(begun).Round(time.Millisecond))
	_, err := h.room.UploadBatch(as("lra1.registrar"), serverKeys, append(content, content[len(peopleHead):]...))
	wantCode(t, err, "sheet.rows")
}

// BenchmarkBatch registers a sheet in the background, up to the review.
func BenchmarkBatch(b *testing.B) {
	for _, source := range pkitest.Databases(b) {
		b.Run(source.Engine, func(b *testing.B) {
			h := newHouse(b, source.Source, nil)
			const count = 2000
			for b.Loop() {
				b.StopTimer()
				sheet := append(peopleSheet(b, count, nil), fmt.Appendf(nil, "人,护照,P%08d,示例市民政局,13900000000,\n", time.Now().UnixNano()%1e8)...)
				up := must[*ra.Batch](b)(h.room.UploadBatch(as("lra1.registrar"), serverKeys, sheet))
				must[*ra.Batch](b)(h.room.ConfirmBatch(as("lra1.registrar"), up.ID, ra.Confirmation{Version: up.Version}))
				b.StartTimer()
				h.work()
			}
			b.ReportMetric(count*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
