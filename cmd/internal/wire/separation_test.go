package wire

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/x509/pkix"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/audit"
	"onecert/ca"
	"onecert/officer"
	"onecert/pki"
	"onecert/serve"
)

// trial is one way to call an operation, and what it takes. The body is one the
// operation can read, so that a refusal is about the caller and nothing else.
type trial struct {
	op    officer.Operation // by the table of rights; "" with open or identified
	path  string            // what stands for {…}; the description's own if empty
	query string
	body  any
	// open: nobody has to be identified; identified: anybody who is.
	open, identified bool
	// narrower says whom the room itself refuses for what it is, beyond the table.
	narrower map[string]string
	// own: of a registration, what may be answered to an officer of another branch, who
	// gets to see nothing of this one; all else is refused. across: it reaches another
	// branch because it is meant to, and shows nothing of it.
	own, across bool
}

// component is an API with the registry and log behind it.
type component struct {
	api      *serve.API
	door     http.Handler // before the API, which is below /api/NAME there; nil: none
	below    string
	officers *officer.Registry
	log      *audit.Log
	trials   map[string][]trial
	people   map[string]pki.Actor
	seen     int64 // the next number of the log
}

// Every call with every role: who may is exactly who the one table of rights says,
// and every refusal of a known caller stands in the audit log. The calls come from
// the OpenAPI descriptions, so a new one without a trial fails.
func TestEveryCallWithEveryRole(t *testing.T) {
	all := components(t)
	wholeTable(t, all)
	for name, c := range all {
		t.Run(name, func(t *testing.T) {
			operations := described(t, c.api)
			for id := range c.trials {
				if operations[id] == [2]string{} {
					t.Errorf("there is a trial for %s, which is no operation", id)
				}
			}
			for id, place := range operations {
				if len(c.trials[id]) == 0 {
					t.Errorf("%s (%s %s) has no trial: say in this test who may call it", id, place[0], place[1])
				}
				for n, try := range c.trials[id] {
					for _, role := range append(officer.Roles(), "") {
						c.attempt(t, fmt.Sprintf("%s/%d as %q", id, n, role), place, try, role)
					}
				}
			}
		})
	}
}

// described are the operations of an API, method and path by id.
func described(t *testing.T, api *serve.API) map[string][2]string {
	t.Helper()
	text, err := api.Description()
	if err != nil {
		t.Fatal(err)
	}
	var document struct {
		Paths map[string]map[string]struct{ OperationID string }
	}
	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	all := map[string][2]string{}
	for path, methods := range document.Paths {
		for method, o := range methods {
			all[o.OperationID] = [2]string{strings.ToUpper(method), path}
		}
	}
	if len(all) < 20 {
		t.Fatalf("only %d operations are described", len(all))
	}
	return all
}

// unread are the codes of calls that reach no room.
var unread = []string{"request.malformed", "request.path", "request.method", "request.accept", "request.slow", "request.too-large",
	"request.media-type", "request.invalid"}

func (c *component) attempt(t *testing.T, name string, place [2]string, try trial, role string) {
	t.Helper()
	c.refusals(t, "")
	status, code := c.call(t, place, try, role)
	refused := c.refusals(t, c.people[role].Name)
	if slices.Contains(unread, code) || status == http.StatusInternalServerError {
		t.Errorf("%s: the trial does not reach the operation: %d %s", name, status, code)
		return
	}
	byTable := try.open || role != "" && (try.identified || officer.May(pki.Actor{Roles: []string{role}}, try.op) == nil)
	switch {
	case role == "" && !try.open:
		if status != http.StatusUnauthorized || code != "officer.anonymous" || refused != 0 {
			t.Errorf("%s: %d %s, %d entries of refusals, not refused as anonymous", name, status, code, refused)
		}
	case !byTable:
		if status != http.StatusForbidden || code != "officer.forbidden" || refused != 1 {
			t.Errorf("%s: %d %s, %d entries of refusals, not refused", name, status, code, refused)
		}
	case try.narrower[role] != "":
		if status != http.StatusForbidden || code != try.narrower[role] || refused != 1 {
			t.Errorf("%s: %d %s, %d entries of refusals, not refused with %s", name, status, code, refused, try.narrower[role])
		}
	case code == "officer.forbidden" || code == "officer.anonymous":
		t.Errorf("%s: refused with %s although the table allows it", name, code)
	}
}

// call calls as somebody of a role and returns the code of a refusal.
func (c *component) call(t *testing.T, place [2]string, try trial, role string) (status int, code string) {
	t.Helper()
	who := pki.Actor{}
	if role != "" {
		who = c.people[role]
	}
	answer, _ := c.ask(t, place, try, who)
	var problem struct{ Code string }
	if answer.Code >= 300 {
		if err := json.Unmarshal(answer.Body.Bytes(), &problem); err != nil {
			t.Fatalf("%s %s: %d %s", place[0], place[1], answer.Code, answer.Body)
		}
	}
	return answer.Code, problem.Code
}

// ask calls as the front end would once it has verified the certificate, and returns
// what was sent as well; who without a name is a stranger.
func (c *component) ask(t *testing.T, place [2]string, try trial, who pki.Actor) (answer *httptest.ResponseRecorder, sent string) {
	t.Helper()
	path := place[1]
	if try.path != "" {
		path = try.path
	}
	var body []byte
	kind := "application/json"
	switch content := try.body.(type) {
	case nil:
	case []byte:
		body, kind = content, "application/octet-stream"
	default:
		var err error
		if body, err = json.Marshal(content); err != nil {
			t.Fatal(err)
		}
	}
	request := httptest.NewRequest(place[0], c.below+path+try.query, bytes.NewReader(body))
	if body != nil {
		request.Header.Set("Content-Type", kind)
	}
	if who.Name != "" {
		request = request.WithContext(pki.WithActor(request.Context(), who))
	}
	answer = httptest.NewRecorder()
	if c.door != nil {
		c.door.ServeHTTP(answer, request)
		return answer, path + try.query + string(body)
	}
	c.api.ServeHTTP(answer, request)
	return answer, path + try.query + string(body)
}

// refusals counts those of somebody that have come since it was last asked; what an earlier
// call goes on doing in the background is another's.
func (c *component) refusals(t *testing.T, name string) (n int) {
	t.Helper()
	for {
		page, err := c.log.Search(t.Context(), audit.Query{From: c.seen})
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			return n
		}
		for _, e := range page {
			if e.Result == audit.Refused && e.Actor == name {
				n++
			}
		}
		c.seen = page[len(page)-1].Number + 1
	}
}

// components are a CA and a KMC with one officer or site of each role.
func components(t *testing.T) map[string]*component {
	t.Helper()
	authority, trust := smallAuthority(t)
	centre := centreFor(t, trust)
	all := map[string]*component{
		"ca":      {api: authority.API, officers: authority.Officers, log: authority.Audit, trials: caTrials(t, authority)},
		"kmc":     {api: centre.API, officers: centre.Officers, log: centre.Audit, trials: kmcTrials()},
		"ra":      registrationComponent(t, authority, trust),
		"gateway": gatewayComponent(t, trust),
	}
	for _, c := range all {
		if c.people != nil {
			continue
		}
		c.people = map[string]pki.Actor{}
		for _, role := range officer.Roles() {
			c.people[role] = admit(t, c.officers, role)
		}
	}
	return all
}

// smallAuthority is a CA of one family, and the PEM of what it is trusted by.
func smallAuthority(t *testing.T) (*CAProcess, []byte) {
	t.Helper()
	dir, quiet := t.TempDir(), quietly()
	config, err := InitCA(t.Context(), NewCA{Dir: filepath.Join(dir, "ca"), Organisation: "示例省", Host: "127.0.0.1", Listen: "127.0.0.1:0", Partitions: 1,
		Families: []string{"ecdsa"}, Suites: map[string][2]pki.Suite{"ecdsa": {pki.P256, pki.P256}},
		Addresses: ca.Addresses{CRL: "http://pki.example/crl", AIA: "http://pki.example/aia", OCSP: "http://pki.example/ocsp"}}, quiet)
	if err != nil {
		t.Fatal(err)
	}
	authority := openCA(t, config, nil)
	t.Cleanup(func() { authority.Close() })
	trust, err := os.ReadFile(filepath.Join(dir, "ca", "trust.pem"))
	if err != nil {
		t.Fatal(err)
	}
	return authority, trust
}

// admit registers somebody with a role.
func admit(t *testing.T, registry *officer.Registry, role string) pki.Actor {
	t.Helper()
	return admitAs(t, registry, "trial."+role, role)
}

func admitAs(t *testing.T, registry *officer.Registry, name, role string) pki.Actor {
	t.Helper()
	key, err := pki.GenerateKey(rand.Reader, pki.P256)
	if err != nil {
		t.Fatal(err)
	}
	serial, err := pki.NewSerial(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &smx509.Certificate{SerialNumber: serial.Big(), Subject: pkix.Name{CommonName: role}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := smx509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	kind := officer.KindOf(role)
	o, err := registry.Register(pki.WithActor(context.Background(), pki.Actor{Name: "machine"}),
		officer.Registration{Certificate: der, Name: name, Kind: kind, Roles: []string{role}, Issuer: "ecdsa"})
	if err != nil {
		t.Fatal(err)
	}
	return pki.Actor{Name: o.Name, Roles: o.Roles, Certificate: o.Fingerprint, Address: "192.0.2.9"}
}

type object map[string]any

// commonTrials are the operations every component has.
func commonTrials() map[string][]trial {
	digest := strings.Repeat("0", 64)
	return map[string][]trial{
		"officers":     {{op: officer.ReadOfficers}},
		"officer-code": {{op: officer.WriteOfficers, body: object{"name": "trial.new", "role": "issuer"}}},
		"officer-end":  {{op: officer.WriteOfficers, path: "/v1/officers/" + digest + "/end"}},
		"audit":        {{op: officer.ReadAudit}},
		"audit-proof":  {{op: officer.ReadAudit, path: "/v1/audit/proof?numbers=0"}},
		"component":    {{op: officer.ReadSystem}},
		"approvals":    {{op: officer.ReadApprovals}},
		"approval":     {{op: officer.ReadApprovals, path: "/v1/approvals/x"}},
		"approve":      {{op: officer.DecideApproval, path: "/v1/approvals/x/approve", body: object{"digest": digest}}},
		"reject":       {{op: officer.DecideApproval, path: "/v1/approvals/x/reject", body: object{"reason": "r"}}},
		"withdraw":     {{op: officer.WithdrawApproval, path: "/v1/approvals/x/withdraw", body: object{}}},
	}
}

// caTrials tries certificates of holders and those of officers and sites, which are
// the security administrator's.
func caTrials(t *testing.T, p *CAProcess) map[string][]trial {
	t.Helper()
	made := func(profile, cn string) string {
		der, err := newRequest(mustKey(t), cn)
		if err != nil {
			t.Fatal(err)
		}
		o := ca.Order{Application: "trial-" + profile, Profile: profile, Request: der, Subject: pki.Name{{Type: "C", Value: "CN"}, {Type: "O", Value: "示例"}, {Type: "CN", Value: cn}}}
		if profile == "device-server-tls" {
			o.AltNames = []pki.AltName{{Kind: "dns", Value: "a.example"}}
		}
		issued, err := p.Issue(pki.WithActor(t.Context(), pki.Actor{Name: "office", Roles: []string{officer.Issuer, officer.Security}}), o)
		if err != nil {
			t.Fatal(err)
		}
		return "/v1/certificates/" + issued.Sign.Issuer + "/" + string(issued.Sign.Serial)
	}
	device, person := made("device-server-tls", "a.example"), made("officer", "zhang")
	none := "/v1/certificates/ecdsa/" + strings.Repeat("7f", 20)
	order := func(profile string) object {
		return object{"application": "trial", "profile": profile, "request": []byte("x")}
	}
	// each is the same act on a holder's certificate, on none, and on an officer's.
	each := func(act string, op officer.Operation, body any) []trial {
		return []trial{{op: op, path: device + act, body: body}, {op: op, path: none + act, body: body}, {op: officer.IssueOfficer, path: person + act, body: body}}
	}
	trials := commonTrials()
	for id, these := range map[string][]trial{
		"issue": {{op: officer.Issue, body: order("person-sign")}, {op: officer.IssueOfficer, body: order("officer")}, {op: officer.IssueOfficer, body: order("site")}, {op: officer.Issue, body: order("nosuch")},
			{op: officer.IssueResponder, body: order("ocsp-responder")}, {op: officer.IssueCanary, body: order("canary")}},
		"order":  {{op: officer.Read, path: "/v1/orders/nosuch"}},
		"renew":  each("/renew", officer.Renew, object{"application": "trial-2", "days": 9999}),
		"modify": each("/modify", officer.Modify, object{"application": "trial-2", "days": 9999}), "reissue": each("/reissue", officer.Reissue, object{"application": "trial-2"}),
		"hold":   each("/hold", officer.Hold, nil),
		"revoke": each("/revoke", officer.Revoke, object{"reason": "unheard-of"}), "release": each("/release", officer.Release, nil),
		"show":     {{op: officer.Read, path: device}},
		"state-at": {{op: officer.Read, path: device + "/state", query: "?at=2026-01-02T03:04:05Z"}},
		"list":     {{op: officer.Read}}, "issuers": {{op: officer.ReadIssuers}},
		"identify": {{op: officer.Issue, body: object{"kind": "passport", "number": "E00000000"}}},
		"profiles": {{op: officer.ReadProfiles}}, "profile-versions": {{op: officer.ReadProfiles, path: "/v1/profiles/site/versions"}},
		"propose-profiles":    {{op: officer.ChangeProfiles, body: object{"profiles": []string{"name: x"}, "reason": "r"}}},
		"propose-crl-number":  {{op: officer.RaiseCRLNumber, path: "/v1/issuers/ecdsa/crl-number", body: object{"number": 1, "reason": "r"}}},
		"published":           {{op: officer.FollowStatus, path: "/v1/published", body: object{"issuer": "ecdsa", "serials": []string{"0a"}}}},
		"propose-replacement": {{op: officer.ReplaceIssuer, path: "/v1/issuers/ecdsa/replacement", body: object{"to": "nosuch", "reason": "r"}}},
		"replacements":        {{op: officer.Read}}, "replacement-missed": {{op: officer.Read, path: "/v1/replacements/x/missed"}},
		"issued-certificates": {{op: officer.FollowStatus, path: "/v1/issued", body: object{"issuer": "ecdsa", "serials": []string{"0a"}}}},
		"sign-crls":           {{op: officer.SignCRL, path: "/v1/issuers/ecdsa/crls"}},
		"journal":             {{op: officer.FollowStatus}},
		"holder-key":          {{op: officer.MakeHolderKey, path: "/v1/holder-keys", body: object{"application": "trial", "profile": "nosuch", "suite": "p256", "ticket": make([]byte, 32)}}},
		"holder-key-password": {{op: officer.ShowHolderPassword, path: "/v1/holder-keys/nosuch/password", body: object{"nonce": make([]byte, 32)}}},
		"holder-key-package":  {{op: officer.PackageHolderKey, path: "/v1/holder-keys/nosuch/package", body: object{"form": "pkcs12", "ticket": make([]byte, 32)}}},
		"holder-key-end":      {{op: officer.EndHolderKey, path: "/v1/holder-keys/nosuch/end", body: object{"reason": "r"}}},
		// Lists are public; a code is the right to enrol.
		"crl":       {{open: true, path: "/v1/issuers/ecdsa/crls/-1"}},
		"lists":     {{open: true, path: "/v1/issuers/ecdsa/lists"}},
		"list-file": {{open: true, path: "/v1/issuers/ecdsa/lists/complete/1"}},
		"enrol":     {{open: true, body: object{"code": "AAAA-AAAA", "request": []byte("x")}}},
	} {
		trials[id] = these
	}
	return trials
}

func kmcTrials() map[string][]trial {
	trials := commonTrials()
	for id, these := range map[string][]trial{
		// A message asks for keys, for keys again and ends them; who may not have keys
		// made speaks no message at all. This centre has none to answer with.
		"km":               {{op: officer.Generate, body: []byte{0x30, 0x00}}},
		"signing-make":     {{op: officer.Signing, body: object{"application": "trial", "suite": "p256", "ticket": make([]byte, 32)}}},
		"signing-password": {{op: officer.Signing, body: object{"application": "nosuch", "nonce": make([]byte, 32)}}},
		"signing-package":  {{op: officer.Signing, body: object{"application": "nosuch", "form": "pkcs12", "ticket": make([]byte, 32), "certificate": []byte("x"), "chain": [][]byte{[]byte("x")}}}},
		"signing-end":      {{op: officer.Signing, body: object{"application": "nosuch", "reason": "r"}}},
		"kmc-status":       {{op: officer.ReadKMC}},
		"fill":             {{op: officer.FillPool}},
		"ledger":           {{op: officer.ReadLedger, path: "/v1/ledger/holder"}},
		"recover": {{op: officer.Recover, body: object{"cert_no": "0a", "certificate": []byte("x"), "reason": "r"},
			narrower: map[string]string{officer.Site: "km.holder", officer.Custodian: "km.certificate"}}},
		"case-open":   {{op: officer.Disclose, body: object{"number": "1", "authority": "a", "reason": "r", "holder": "h", "certificates": [][]byte{[]byte("x")}}, narrower: map[string]string{officer.Custodian: "km.investigator"}}},
		"cases":       {{op: officer.ReadCases}},
		"case":        {{op: officer.ReadCases, path: "/v1/cases/x"}},
		"case-export": {{op: officer.Disclose, path: "/v1/cases/x/export"}},
		"retention":   {{op: officer.ReadRetention}},
		"destroy":     {{op: officer.DestroyKeys, body: object{"keys": []object{{"cert_no": "0a"}}, "reason": "r"}}},
		// A code is the right to join; a successor speaks for the certificate it shows.
		"join":    {{open: true, body: object{"code": "AAAA-AAAA", "certificate": []byte("x")}}},
		"succeed": {{identified: true, body: object{"certificate": []byte("x")}}},
	} {
		trials[id] = these
	}
	return trials
}

// wholeTable: every operation of the table of rights is needed by some call.
func wholeTable(t *testing.T, all map[string]*component) {
	t.Helper()
	var met []officer.Operation
	for _, c := range all {
		for _, these := range c.trials {
			for _, try := range these {
				met = append(met, try.op)
			}
		}
	}
	// These are parts of acts above: of a message, of ending an officer, of consenting to
	// what somebody proposed.
	for _, op := range []officer.Operation{officer.RetireKey, officer.EndSecurity, officer.DecidePolicy, officer.DecideDestroy} {
		if slices.Contains(met, op) {
			t.Errorf("%s has a trial of its own now: take it out here", op)
		}
		met = append(met, op)
	}
	for _, op := range officer.Operations() {
		if !slices.Contains(met, op) {
			t.Errorf("no call needs %s", op)
		}
	}
}
