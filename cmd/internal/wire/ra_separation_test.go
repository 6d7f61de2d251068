package wire

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"onecert/helpdesk"
	"onecert/keys"
	"onecert/officer"
	"onecert/pki"
	"onecert/ra"
)

// The two branches of the registration under test. What belongs to the first holds one
// of these marks, or an id that marks collects.
const (
	branchA, counterA = "aaone", "aacounter"
	secondA           = "aasecond"
	branchB, counterB = "bbtwo", "bbcounter"
	nameA             = "甲甲枝"
	numberA           = "999901199001010010"
	numberB           = "999901199102020023"
)

// branches is a registration with two branches and what the first has in hand.
type branches struct {
	*testing.T
	p      *RAProcess
	people map[string]pki.Actor // by name: aaone.reviewer
	// What branch A has, by what the calls are about.
	app, waiting, holder, issuer, serial, hash, batch, system, motion, fingerprint string
	old, oldHash                                                                   string // archived, and its scan
	ticket, note                                                                   string
	version                                                                        int
	clock                                                                          time.Duration // how far it is wrong
}

// as is the context of one of the people.
func (b *branches) as(name string) context.Context {
	return pki.WithActor(context.Background(), b.people[name])
}

// newBranches builds both branches, with one officer of each role at each office, and
// gives the first something of everything.
func newBranches(t *testing.T, authority *CAProcess, trust []byte) *branches {
	t.Helper()
	config, err := InitRA(NewRA{Dir: filepath.Join(t.TempDir(), "ra"), Component: "ra", Host: "127.0.0.1", Listen: "127.0.0.1:0", Trust: trust, SealWith: keys.AES256GCM,
		CA: "https://127.0.0.1:1", Home: RAHome{ID: "centre", Level: "centre", Name: "示例中心"}})
	if err != nil {
		t.Fatal(err)
	}
	c, err := LoadRA(config)
	if err != nil {
		t.Fatal(err)
	}
	b := &branches{T: t, people: map[string]pki.Actor{}}
	options := quietly()
	options.Now = func() time.Time { return time.Now().Add(b.clock) }
	options.CA, options.Good = authority.CA, authority.Good
	p, err := OpenRA(t.Context(), c, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	b.p = p
	for _, role := range []string{officer.System, officer.Security, officer.Audit} {
		b.people["centre."+role] = admitAs(t, p.Officers, "centre."+role, role)
	}
	for _, n := range []ra.Node{{ID: branchA, Parent: "centre", Level: ra.RA, Name: nameA + "机构"}, {ID: counterA, Parent: branchA, Level: ra.LRA, Name: nameA + "窗口"},
		{ID: secondA, Parent: branchA, Level: ra.LRA, Name: nameA + "二窗口"},
		{ID: branchB, Parent: "centre", Level: ra.RA, Name: "乙机构"}, {ID: counterB, Parent: branchB, Level: ra.LRA, Name: "乙窗口"}} {
		b.office(n)
	}
	b.archived()
	b.fill()
	return b
}

func (b *branches) office(n ra.Node) {
	b.Helper()
	added, err := b.p.AddNode(b.as("centre.system"), n)
	if err == nil {
		_, err = b.p.SetNode(b.as("centre.security"), added.ID, added.Version, ra.Active)
	}
	if err != nil {
		b.Fatal(err)
	}
	for _, role := range officer.Roles() {
		name := n.ID + "." + role
		b.people[name] = admitAs(b.T, b.p.Officers, name, role)
		b.sit(name, n.ID)
	}
}

func (b *branches) sit(name, node string) {
	b.Helper()
	if _, err := b.p.SetPost(b.as("centre.security"), ra.Post{Officer: name, Node: node, Title: "岗位", Until: time.Now().AddDate(0, 6, 0)}); err != nil {
		b.Fatal(err)
	}
}

// archived is an application that ended long ago, in a volume of branch A.
func (b *branches) archived() {
	b.Helper()
	registrar := b.as(counterA + ".registrar")
	b.clock = -400 * 24 * time.Hour
	a := b.submitted(registrar, nameA+"旧", numberB)
	b.oldHash = b.must(b.p.Application(registrar, a.ID)).Documents[0].Hash
	a = b.must(b.p.Reject(b.as(branchA+".reviewer"), a.ID, ra.Decision{Version: a.Version, Note: "旧案"}))
	b.clock = 0
	if _, err := b.p.CloseVolume(b.as("centre.system"), ra.Closing{Before: time.Now().AddDate(0, 0, -367)}); err != nil {
		b.Fatal(err)
	}
	b.old = a.ID
}

// fill gives branch A a holder with a certificate, an application that waits with its
// papers, a batch, an application that uses certificates, and a proposed move.
func (b *branches) fill() {
	b.Helper()
	registrar, reviewer, issuer := b.as(counterA+".registrar"), b.as(branchA+".reviewer"), b.as(counterA+".issuer")
	done := b.submitted(registrar, nameA+"一", numberA)
	done = b.must(b.p.Approve(reviewer, done.ID, ra.Decision{Version: done.Version}))
	done = b.must(b.p.CarryOut(issuer, done.ID, ra.Decision{Version: done.Version}))
	b.app, b.holder, b.issuer, b.serial = done.ID, done.Holder, done.Issuer, string(done.Serial)
	waiting := b.submitted(registrar, nameA+"二", numberA)
	waiting = b.must(b.p.Application(registrar, waiting.ID))
	b.waiting, b.version, b.hash = waiting.ID, waiting.Version, waiting.Documents[0].Hash
	request, err := newRequest(mustKey(b.T), "anyone")
	if err != nil {
		b.Fatal(err)
	}
	sheet := "姓名,证件类型,证件号码,单位,手机号码,证书请求\n" + nameA + "三,居民身份证," + numberB + ",示例市民政局,13900000000," + base64.StdEncoding.EncodeToString(request) + "\n"
	batch, err := b.p.UploadBatch(registrar, ra.BatchOrder{Name: nameA + ".csv", Kind: ra.Person}, []byte(sheet))
	if err != nil {
		b.Fatal(err)
	}
	system, err := b.p.SetSystem(b.as(branchA+".registrar"), ra.System{ID: "aasystem", Name: nameA + "系统", Owner: nameA + "局", Contact: nameA + "科", Kinds: []ra.Kind{ra.Person},
		Services: []ra.Service{ra.Services()[0]}, Reader: branchA})
	if err != nil {
		b.Fatal(err)
	}
	if _, err := b.p.SetSystemState(b.as(branchA+".reviewer"), system.ID, system.Version, ra.SystemActive); err != nil {
		b.Fatal(err)
	}
	motion, err := b.p.MoveHolder(b.as(branchA+".registrar"), b.holder, ra.Move{To: secondA, Reason: nameA + "调动"})
	if err != nil {
		b.Fatal(err)
	}
	if _, err := b.p.SetRule(b.as(branchA+".security"), ra.Rule{Name: "aarule", Node: branchA, Operations: []ra.Operation{ra.Renew}, Kinds: []ra.Kind{ra.Person}, Quota: 7, Until: time.Now().AddDate(0, 1, 0)}); err != nil {
		b.Fatal(err)
	}
	ticket, _, err := b.p.Desk.Enter(registrar, helpdesk.Question{Kind: helpdesk.Other, Name: nameA, Subject: nameA + "来问", Text: nameA + "问题"})
	if err != nil {
		b.Fatal(err)
	}
	b.ticket = ticket.Number
	note, err := b.p.Announce(b.as(branchA+".system"), ra.Announcement{TitleZH: nameA + "公告", TitleEN: "Notice", TextZH: "正文", TextEN: "Text", Begins: time.Now()})
	if err != nil {
		b.Fatal(err)
	}
	b.note = note.Object
	b.batch, b.system, b.motion, b.fingerprint = batch.ID, system.ID, motion.ID, b.people[counterA+".registrar"].Certificate
}

func (b *branches) must(a *ra.Application, err error) *ra.Application {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
	return a
}

// submitted enters a person with the papers and hands it to review.
func (b *branches) submitted(ctx context.Context, name, number string) *ra.Application {
	b.Helper()
	request, err := newRequest(mustKey(b.T), "anyone")
	if err != nil {
		b.Fatal(err)
	}
	a := b.must(b.p.Register(ctx, ra.Entry{Operation: ra.Issue, Kind: ra.Person, Request: request, Single: true, Reason: "第二张", Fields: map[string]string{
		"name": name, "unit": "示例市民政局", "identity_kind": pki.Resident, "identity": number, "phone": "13900000000"}}))
	for _, sort := range []string{"form", "identity"} {
		a = b.must(b.p.Attach(ctx, a.ID, a.Version, sort, name+".png", b.paper(sort+a.ID)))
	}
	return b.must(b.p.Submit(ctx, a.ID, ra.Decision{Version: a.Version}))
}

// paper is a picture, a different one for each text.
func (b *branches) paper(text string) []byte {
	b.Helper()
	var paper bytes.Buffer
	page := image.NewGray(image.Rect(0, 0, 20, 20))
	copy(page.Pix, text)
	if err := png.Encode(&paper, page); err != nil {
		b.Fatal(err)
	}
	return paper.Bytes()
}

// marks are what nobody of another branch may get to see.
func (b *branches) marks() []string {
	return []string{branchA, counterA, secondA, nameA, numberA, b.app, b.waiting, b.holder, b.serial, b.hash, b.batch, b.system, b.motion, b.fingerprint, b.old, b.ticket, b.note, "aarule"}
}

// component is the registration for the test of every call with every role, whose people
// sit at home and see everything.
func registrationComponent(t *testing.T, authority *CAProcess, trust []byte) *component {
	b := newBranches(t, authority, trust)
	c := &component{api: b.p.API, officers: b.p.Officers, log: b.p.Audit, trials: raTrials(b), people: map[string]pki.Actor{}}
	for _, role := range officer.Roles() {
		c.people[role] = admit(t, b.p.Officers, role)
		b.people["trial."+role] = c.people[role]
		b.sit("trial."+role, "centre")
	}
	return c
}

// raTrials is the table of the registration's operations, each with what branch A has in
// its parameters. It serves both tests: who may call an operation at all, and that an
// officer of another branch gets nothing by it. A new operation is one line here.
func raTrials(b *branches) map[string][]trial {
	app := func(act string) string { return "/v1/applications/" + b.app + act }
	wait := func(act string) string { return "/v1/applications/" + b.waiting + act }
	decision := object{"version": b.version, "note": "说明"}
	trials := commonTrials()
	for _, these := range trials { // the log and approvals are kept at home
		these[0].own = true
	}
	trials["officer-code"] = []trial{{op: officer.WriteOfficers, body: object{"name": counterA + ".registrar", "role": "registrar"}}}
	trials["officer-end"] = []trial{{op: officer.WriteOfficers, path: "/v1/officers/" + b.fingerprint + "/end"}}
	for id, these := range map[string][]trial{
		"join":    {{open: true, own: true, body: object{"code": "AAAA-AAAA", "certificate": []byte("x")}}},
		"succeed": {{identified: true, own: true, body: object{"certificate": []byte("x")}}},

		"me":    {{op: officer.ReadTree, own: true}},
		"work":  {{op: officer.ReadTree, own: true}},
		"kinds": {{identified: true, own: true}},

		"register": {{op: officer.Register, body: object{"operation": "revoke", "issuer": b.issuer, "serial": b.serial, "reason": "keyCompromise"}},
			{op: officer.Register, body: object{"operation": "cancel", "holder": b.holder}}},
		"applications": {{op: officer.ReadApplications, own: true, query: "?state=submitted&state=issued&state=draft"}, {op: officer.ReadApplications, query: "?node=" + counterA},
			{op: officer.ReadApplications, own: true, query: "?holder=" + b.holder}},
		"application":          {{op: officer.ReadApplications, path: app("")}},
		"edit":                 {{op: officer.Register, path: wait("/edit"), body: object{"version": b.version, "operation": "issue", "fields": object{"unit": "别处"}}}},
		"history":              {{op: officer.ReadApplications, path: app("/history")}},
		"unmask":               {{op: officer.Unmask, path: app("/unmask"), body: object{"reason": "核对号码"}}},
		"result":               {{op: officer.Deliver, path: app("/result")}},
		"receipt":              {{op: officer.Register, path: app("/receipt")}},
		"application-submit":   {{op: officer.Register, path: wait("/submit"), body: decision}},
		"application-withdraw": {{op: officer.Register, path: wait("/withdraw"), body: decision}},
		"application-return":   {{op: officer.Review, path: wait("/return"), body: decision}},
		"application-approve":  {{op: officer.Review, path: wait("/approve"), body: decision}},
		"application-reject":   {{op: officer.Review, path: wait("/reject"), body: decision}},
		"application-issue":    {{op: officer.CarryOut, path: wait("/issue"), body: decision}},
		"application-deliver":  {{op: officer.Deliver, path: app("/deliver"), body: decision}},
		"settle":               {{op: officer.ReadApplications, path: wait("/settle"), body: decision}},
		"certificates": {{op: officer.ReadApplications, own: true}, {op: officer.ReadApplications, own: true, query: "?holder=" + b.holder},
			{op: officer.ReadApplications, query: "?node=" + counterA}},
		"issue-all": {{op: officer.CarryOut, body: object{"batch": b.batch}, own: true}, {op: officer.CarryOut, body: object{"node": counterA}}},
		"carryings": {{op: officer.CarryOut, own: true}},

		"attach":   {{op: officer.Register, path: wait("/documents"), query: fmt.Sprintf("?version=%d&sort=other", b.version), body: b.paper("another")}},
		"detach":   {{op: officer.Register, path: wait("/documents/" + b.hash + "/detach"), query: fmt.Sprintf("?version=%d", b.version)}},
		"document": {{op: officer.Unmask, path: wait("/documents/" + b.hash)}},
		"form":     {{op: officer.Register, path: app("/form")}},

		"delivery-code":     {{op: officer.Deliver, path: app("/code")}},
		"delivery-password": {{op: officer.Deliver, path: app("/password"), body: object{"nonce": bytes.Repeat([]byte{7}, 32)}}},
		"delivery-package":  {{op: officer.Deliver, path: app("/package"), body: object{}}},

		"batch-template": {{op: officer.Register, own: true, query: "?kind=person"}},
		"batches":        {{op: officer.ReadApplications, own: true}},
		"batch-upload":   {{op: officer.Register, own: true, query: "?kind=person&key_from=server", body: []byte("x")}},
		"batch":          {{op: officer.ReadApplications, path: "/v1/batches/" + b.batch}},
		"batch-rows":     {{op: officer.ReadApplications, path: "/v1/batches/" + b.batch + "/rows"}},
		"batch-result":   {{op: officer.ReadApplications, path: "/v1/batches/" + b.batch + "/result", query: "?form=csv"}},
		"batch-confirm":  {{op: officer.Register, path: "/v1/batches/" + b.batch + "/confirm", body: object{"version": 1}}},
		"batch-withdraw": {{op: officer.Register, path: "/v1/batches/" + b.batch + "/withdraw", body: object{"version": 1}}},

		"nodes": {{op: officer.ReadTree, own: true}, {op: officer.ReadTree, query: "?node=" + counterA}, {op: officer.ReadTree, own: true, query: "?parent=" + branchA}},
		"node-add": {{op: officer.WriteTree, body: object{"id": "cc", "parent": branchA, "level": "lra", "name": "插入", "rights": object{}, "version": 0}},
			{op: officer.WriteTree, body: object{"id": counterA, "parent": branchA, "level": "lra", "name": "插入", "rights": object{}, "version": 0}}},
		"node-change": {{op: officer.WriteTree, body: object{"id": counterA, "level": "lra", "name": "改名", "rights": object{}, "version": 2}}},
		"node-state":  {{op: officer.ApproveTree, path: "/v1/nodes/" + counterA + "/state", body: object{"version": 2, "state": "suspended"}}},
		"posts":       {{op: officer.ReadPosts, own: true}, {op: officer.ReadPosts, query: "?node=" + branchA}, {op: officer.ReadPosts, own: true, query: "?officer=" + counterA + ".registrar"}},
		"post-set": {{op: officer.WritePosts, body: object{"officer": counterA + ".registrar", "node": branchB, "until": "2099-01-01T00:00:00Z", "version": 1}},
			{op: officer.WritePosts, body: object{"officer": "new.one", "node": counterA, "until": "2099-01-01T00:00:00Z", "version": 0}}},
		"post-code": {{op: officer.WritePosts, body: object{"officer": counterA + ".registrar", "role": "registrar", "node": counterA, "until": "2099-01-01T00:00:00Z"}}},

		"rules": {{op: officer.ReadRules, own: true}, {op: officer.ReadRules, own: true, query: "?name=aarule"}},
		"rule-set": {{op: officer.SetRules, body: object{"name": "aarule", "node": branchA, "operations": []string{"renew"}, "kinds": []string{"person"}, "quota": 9, "active": true,
			"until": time.Now().AddDate(0, 2, 0).UTC().Format(time.RFC3339), "version": 1}}},

		"holders":       {{op: officer.ReadApplications, own: true}, {op: officer.ReadApplications, query: "?node=" + branchA}},
		"holder-move":   {{op: officer.MoveHolder, path: "/v1/holders/" + b.holder + "/move", body: object{"to": branchB, "reason": "拿走"}}},
		"motions":       {{op: officer.ReadMotions, own: true}, {op: officer.ReadMotions, own: true, query: "?id=" + b.motion}},
		"motion-decide": {{op: officer.DecideMove, path: "/v1/motions/" + b.motion + "/decide", body: object{"consent": true, "version": 1}}},
		"nearby":        {{op: officer.FreezeNearby, across: true, body: object{"kind": "person", "document_kind": "resident", "number": numberA, "vetted": "出示身份证"}}},

		"statistics":      {{op: officer.ReadStatistics, own: true}, {op: officer.ReadStatistics, query: "?node=" + branchA}},
		"statistics-file": {{op: officer.ReadStatistics, own: true, query: "?format=csv"}, {op: officer.ReadStatistics, query: "?format=csv&node=" + branchA}},

		"systems":       {{op: officer.ReadSystems, own: true}, {op: officer.ReadSystems, own: true, query: "?id=" + b.system}},
		"systems-file":  {{op: officer.ReadSystems, own: true, query: "?form=csv"}},
		"system-set":    {{op: officer.WriteSystems, body: object{"id": b.system, "name": "改名", "owner": "别局", "contact": "别科", "kinds": []string{"person"}, "services": []any{ra.Services()[0]}, "version": 1}}},
		"system-state":  {{op: officer.ApproveSystems, path: "/v1/systems/" + b.system + "/state", body: object{"version": 1, "state": "active"}}},
		"members":       {{op: officer.ReadMembers, path: "/v1/systems/" + b.system + "/members"}},
		"member-add":    {{op: officer.WriteMembers, path: "/v1/systems/" + b.system + "/members", body: object{"holder": b.holder}}},
		"member-remove": {{op: officer.WriteMembers, path: "/v1/systems/" + b.system + "/members/remove", body: object{"holder": b.holder}}},
		"glances":       {{op: officer.ReadMembers, own: true}},

		"archive":             {{op: officer.ReadApplications, own: true, query: "?name=" + url.QueryEscape(nameA)}},
		"archive-application": {{op: officer.ReadApplications, path: "/v1/archive/applications/" + b.old}},
		"archive-document":    {{op: officer.Unmask, path: "/v1/archive/applications/" + b.old + "/documents/" + b.oldHash}},
		"archive-verify":      {{op: officer.VerifyArchive, own: true}},
		"volumes":             {{op: officer.VerifyArchive, own: true}},
		"volume-close":        {{op: officer.Archive, own: true, body: object{"before": "2020-01-01T00:00:00Z"}}},
		"volume-file":         {{op: officer.VerifyArchive, path: "/v1/archive/volumes/1/file"}},
		"volume-destroy":      {{op: officer.DestroyArchive, path: "/v1/archive/volumes/1/destroy", body: object{"reason": "到期"}}},
		"holder-export":       {{op: officer.ExportHolder, path: "/v1/holders/" + b.holder + "/export", body: object{"reason": "本人申请"}}},
		"tickets":             {{op: officer.ReadTickets, own: true}},
		"ticket":              {{op: officer.ReadTickets, path: "/v1/tickets/" + b.ticket}},
		"ticket-enter":        {{op: officer.WorkTickets, own: true, body: object{"kind": "other", "name": "来电人", "subject": "问题", "text": "说明"}}},
		"ticket-step":         {{op: officer.WorkTickets, path: "/v1/tickets/" + b.ticket + "/step", body: object{"version": 1, "event": "take"}}},
		"ticket-report":       {{op: officer.ReadStatistics, own: true, path: "/v1/ticket-reports/" + time.Now().Format("2006-01")}},
		// The rules of the service are published; editions are the centre's.
		"policies":      {{open: true, own: true}},
		"policies-text": {{open: true, own: true, path: "/v1/policies/practice-statement/1"}},
		// What is announced belongs to the office that does; b.note is branch A's, not approved.
		"announcements":         {{op: officer.ReadTree, own: true}},
		"announcement":          {{op: officer.ReadTree, path: "/v1/announcements/" + b.note}},
		"announce":              {{op: officer.ProposePolicy, own: true, body: object{"title_zh": "通知", "title_en": "Notice", "text_zh": "正文", "text_en": "Text", "begins": "2026-01-01T00:00:00Z"}}},
		"announcement-withdraw": {{op: officer.ProposePolicy, path: "/v1/announcements/" + b.note + "/withdraw", body: object{"reason": "过期"}}},
		"policy-propose":        {{op: officer.ProposePolicy, own: true, body: object{"kind": "practice-statement", "oid": "2.999.1", "edition": "9", "title": "规则", "begins": "2099-01-01T00:00:00Z", "content": []byte("文本")}}},

		"links":         {{op: officer.ReadTree, own: true}},
		"link-up":       {{op: officer.Replicate, body: []object{}}},
		"link-news":     {{op: officer.Replicate, query: "?after=0"}},
		"link-document": {{op: officer.Replicate, path: "/v1/link/none/documents?hash=" + strings.Repeat("0", 64) + "&sort=identity", body: object{}}},
	} {
		trials[id] = these
	}
	return trials
}

// TestEveryCallFromAnotherBranch: everything there is at the API is called about what
// branch A has, by an officer of each role of branch B and of a counter in it. Each call
// is refused or answered without anything of A, and A is afterwards as it was. The calls
// come from the API's description, so that none can be forgotten.
func TestEveryCallFromAnotherBranch(t *testing.T) {
	authority, trust := smallAuthority(t)
	b := newBranches(t, authority, trust)
	c := &component{api: b.p.API, officers: b.p.Officers, log: b.p.Audit, trials: raTrials(b)}
	operations := described(t, b.p.API)
	before := b.stands()
	attack := func(across bool) {
		for id, place := range operations {
			if len(c.trials[id]) == 0 {
				t.Errorf("%s (%s %s) has no line in raTrials: say there what it is called with", id, place[0], place[1])
			}
			for n, try := range c.trials[id] {
				for name, who := range b.people {
					if node, _, _ := strings.Cut(name, "."); try.across == across && (node == branchB || node == counterB) {
						b.attempt(c, fmt.Sprintf("%s/%d as %s", id, n, name), place, try, who)
					}
				}
			}
		}
	}
	attack(false)
	if after := b.stands(); after != before {
		t.Errorf("branch A was\n%s\nand is\n%s", before, after)
	}
	attack(true)
	b.isReal(c, operations)
}

// attempt is one call of somebody of branch B.
func (b *branches) attempt(c *component, name string, place [2]string, try trial, who pki.Actor) {
	b.Helper()
	answer, sent := c.ask(b.T, place, try, who)
	if answer.Code >= http.StatusInternalServerError {
		b.Errorf("%s: %d %s", name, answer.Code, answer.Body)
	}
	if answer.Code < 300 && !try.own && !try.across {
		b.Errorf("%s is answered: %d %.300s", name, answer.Code, answer.Body)
	}
	for _, mark := range b.marks() {
		// Who reports a loss for a holder of another branch is told the report's number,
		// which says which office has it.
		number := try.across && strings.HasPrefix(b.app, mark)
		if strings.Contains(answer.Body.String(), mark) && !strings.Contains(sent, mark) && !number {
			b.Errorf("%s shows %q: %d %.500s", name, mark, answer.Code, answer.Body)
		}
	}
}

// isReal: the same reading calls are answered to somebody of branch A, so that what is
// refused above is refused for the branch and for nothing else.
func (b *branches) isReal(c *component, operations map[string][2]string) {
	b.Helper()
	for id, place := range operations {
		if place[0] != http.MethodGet || slices.Contains([]string{"approvals", "approval", "audit", "audit-proof", "component", "link-news", "volume-file", "policies-text"}, id) {
			continue
		}
		for n, try := range c.trials[id] {
			answered := 0
			for name, who := range b.people {
				if node, _, _ := strings.Cut(name, "."); node != branchA && node != counterA {
					continue
				}
				if answer, _ := c.ask(b.T, place, try, who); answer.Code == http.StatusOK {
					answered++
				}
			}
			if answered == 0 {
				b.Errorf("%s/%d is answered to nobody of its own branch: the line in raTrials is about nothing", id, n)
			}
		}
	}
}

// stands is everything of branch A that somebody else could have changed.
func (b *branches) stands() string {
	b.Helper()
	var all strings.Builder
	show := func(v any, err error) {
		text, failed := json.Marshal(v)
		if err != nil || failed != nil {
			b.Fatal(err, failed)
		}
		all.Write(append(text, '\n'))
	}
	reviewer, security := b.as(branchA+".reviewer"), b.as(branchA+".security")
	for _, id := range []string{b.app, b.waiting} {
		a, err := b.p.Application(reviewer, id)
		show(a, err)
		history, err := b.p.History(reviewer, id)
		show(history, err)
	}
	page, err := b.p.Applications(reviewer, ra.Query{States: ra.AllStates()})
	show(page, err)
	certificates, err := b.p.Certificates(reviewer, ra.CertificateQuery{})
	show(certificates, err)
	holders, err := b.p.Holders(reviewer, ra.HolderQuery{})
	show(holders, err)
	batches, err := b.p.Batches(reviewer, ra.BatchQuery{})
	show(batches, err)
	motions, err := b.p.Motions(reviewer, ra.MotionQuery{})
	show(motions, err)
	nodes, err := b.p.Nodes(security, ra.NodeQuery{})
	show(nodes, err)
	posts, err := b.p.Posts(security, ra.PostQuery{})
	show(posts, err)
	rules, err := b.p.Rules(security, ra.RuleQuery{})
	show(rules, err)
	notes, err := b.p.Announcements(reviewer, ra.AnnouncementQuery{})
	show(notes, err)
	systems, err := b.p.Systems(reviewer, ra.SystemQuery{})
	show(systems, err)
	officers, err := b.p.Officers.List(context.Background())
	show(officers, err)
	return all.String()
}
