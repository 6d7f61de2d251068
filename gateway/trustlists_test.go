package gateway_test

import (
	"crypto/rand"
	"math/big"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/gateway"
	"onecert/pki"
	"onecert/trustlist"
)

// listed is a list of the authorities given, signed by one.
func listed(t *testing.T, by *authority, number int64, life time.Duration, cas ...*authority) []byte {
	t.Helper()
	l := &trustlist.List{Format: trustlist.Format, Name: "national", Number: number, Publisher: "示例中心", Issued: time.Now().Add(-time.Minute), Ends: time.Now().Add(life)}
	for _, ca := range cas {
		l.CAs = append(l.CAs, trustlist.CA{Name: "ca" + ca.cert.Subject.CommonName[:1], Anchors: ca.pem(), Level: 2, Revocation: []trustlist.Source{{Name: "list", Kind: "upload"}}})
	}
	message, err := trustlist.Sign(rand.Reader, trustlist.Author{Key: by.key, Certificate: by.cert, At: time.Now()}, l)
	if err != nil {
		t.Fatal(err)
	}
	return message
}

// nothingRevoked is an empty revocation list.
func nothingRevoked(t *testing.T, a *authority) []byte {
	t.Helper()
	der, err := smx509.CreateRevocationList(rand.Reader, &smx509.RevocationList{Number: big.NewInt(1), ThisUpdate: time.Now().Add(-time.Hour), NextUpdate: time.Now().Add(time.Hour)}, a.cert, a.key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// TestTrustListsOfServices: one service takes a centre's list by itself, another by
// approval. What a list says shows before it counts; a rollback stays a rollback.
func TestTrustListsOfServices(t *testing.T) {
	h := newHouse(t)
	signs, a, b := newAuthority(t, "signs", true), newAuthority(t, "a", false), newAuthority(t, "b", false)
	var list atomic.Pointer[[]byte]
	publish := func(message []byte) { list.Store(&message) }
	publish(listed(t, signs, 1, time.Hour, a))
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write(*list.Load()) }))
	t.Cleanup(web.Close)
	c := h.document()
	row := gateway.TrustList{Name: "asked", Of: "national", Signers: signs.pem(), URL: web.URL, Allow: []string{"127.0.0.0/8"}}
	itself := row
	itself.Name, itself.Adopt = "itself", "automatic"
	c.Trust.Lists = []gateway.TrustList{row, itself}
	c.Trust.Sets = append(c.Trust.Sets, gateway.TrustSet{Name: "asks", CAs: []string{}, Lists: []string{"asked"}}, gateway.TrustSet{Name: "follows", CAs: []string{}, Lists: []string{"itself"}})
	h.apply(c)

	admin := as("security")
	state := func(name string) gateway.TrustListState {
		all, err := h.g.TrustLists(as("audit"))
		if err != nil {
			t.Fatal(err)
		}
		return all[slices.IndexFunc(all, func(s gateway.TrustListState) bool { return s.Name == name })]
	}
	eventually(t, func() bool { return state("itself").Adopted == 1 && state("asked").Held == 1 })
	waiting := state("asked")
	if waiting.State != "missing" || waiting.Fault != nil || len(waiting.Differences) != 2 || !slices.Equal(waiting.Sets, []string{"asks"}) {
		t.Errorf("before it is adopted: %+v", waiting)
	}
	if d := waiting.Differences[0]; d.Kind != gateway.PartTrustCA || d.Name != "asked-caa" || d.What != "added" {
		t.Errorf("the difference is %+v", d)
	}
	newest := func() int64 {
		s, err := h.g.State(as("audit"))
		if err != nil {
			t.Fatal(err)
		}
		return s.Newest
	}
	if _, err := h.g.AdoptTrustList(as("system"), "asked", gateway.Adoption{Number: 1, Base: newest()}); pki.KindOf(err) != pki.Forbidden {
		t.Errorf("the system administrator may: %v", err)
	}
	if _, err := h.g.AdoptTrustList(admin, "asked", gateway.Adoption{Number: 2, Base: newest()}); pki.CodeOf(err) != "gateway.list-number" {
		t.Errorf("a number nobody looked at: %v", err)
	}
	before := newest()
	if _, err := h.g.AdoptTrustList(admin, "asked", gateway.Adoption{Number: 1, Base: before, Note: "已核对"}); err != nil {
		t.Fatal(err)
	}
	if s := state("asked"); s.State != "good" || len(s.Differences) != 0 {
		t.Errorf("once adopted: %+v", s)
	}

	// The next comes: one waits, the other counts.
	second := listed(t, signs, 2, time.Hour, a, b)
	publish(second)
	for _, name := range []string{"asked", "itself"} {
		if err := h.g.RefreshTrustList(admin, name); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, func() bool { return state("itself").Adopted == 2 })
	if s := state("asked"); s.State != "waiting" || s.Adopted != 1 || s.Held != 2 {
		t.Errorf("the one that asks: %+v", s)
	}
	// One that only ends later counts by itself everywhere.
	publish(listed(t, signs, 3, time.Hour, a))
	if err := h.g.RefreshTrustList(admin, "asked"); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() bool { return state("asked").Adopted == 3 })

	// Gone back from, it does not come again by itself, not after a restart either.
	publish(second)
	if _, err := h.g.Rollback(as("system", "security"), before, newest(), "恢复"); err != nil {
		t.Fatal(err)
	}
	h.g.Close()
	h.start()
	time.Sleep(300 * time.Millisecond) // time to do what must not be done
	if s := state("itself"); s.Adopted != 1 || s.State != "waiting" {
		t.Errorf("after a rollback and a restart: %+v", s)
	}
	if err := h.g.UploadTrustList(admin, "asked", []byte("x")); pki.CodeOf(err) != "trustlist.format" {
		t.Errorf("nonsense: %v", err)
	}
	if _, err := h.g.ChangePart(admin, gateway.PartChange{Kind: gateway.PartTrustList, Name: "asked", Base: newest()}); err == nil {
		t.Error("a list that a set follows could be taken away")
	}
}

// TestTrustListAtTheDoor: somebody of a listed CA gets in, and no longer when the next list
// leaves his CA out, on the connection he has.
func TestTrustListAtTheDoor(t *testing.T) {
	h := newHouse(t)
	signs, a := newAuthority(t, "signs", false), newAuthority(t, "a", false)
	c := h.document(`"sets": [{"name": "staff", "cas": ["own", "national"]}]`, `"sets": [{"name": "staff", "cas": ["own", "national"], "lists": ["centre"]}]`, `"trust": {"cas"`, `"trust": {"lists": [{"name": "centre", "of": "national", "adopt": "automatic", "signers": "`+strings.ReplaceAll(signs.pem(), "\n", `\n`)+`"}], "cas"`)
	h.apply(c)
	stranger := h.browser(a.issue("张三", nil))
	status := func() int { answer, _ := h.get(stranger, h.url("oa.example.gov", "/")); return answer.StatusCode }
	if got := status(); got != http.StatusForbidden {
		t.Errorf("%d before any list", got)
	}
	hand := func(message []byte) {
		t.Helper()
		if err := h.g.UploadTrustList(as("security"), "centre", message); err != nil {
			t.Fatal(err)
		}
	}
	hand(listed(t, signs, 1, time.Hour, a))
	eventually(t, func() bool {
		_, err := h.g.UploadList(as("security"), "centre-caa", "list", nothingRevoked(t, a))
		return err == nil
	})
	eventually(t, func() bool { return status() == http.StatusOK })
	hand(listed(t, signs, 2, time.Hour))
	eventually(t, func() bool { return status() == http.StatusForbidden })
}
