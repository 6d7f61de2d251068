package e2e

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"
)

// The program is killed in the middle of its work, several times, and what it had
// said before must hold after: design rule 2 of the accidents that cannot happen.
const (
	killRounds  = 6
	killClients = 8
	killAtMost  = 1500 * time.Millisecond // from the start of the clients
	killLeast   = 10                      // pairs promised in a round before it is killed
)

// promises is what clients have been told, and what they do not know.
type promises struct {
	mu      sync.Mutex
	issued  map[string]*issued // by application
	open    map[string]order   // asked, and no answer came
	revoked map[string]bool    // applications of pairs whose revocation was answered
	crl     int64              // the highest number seen
}

func TestKilled(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "demo")
	killedFirstStart(t, folder)
	p := &promises{issued: map[string]*issued{}, open: map[string]order{}, revoked: map[string]bool{}}
	d := demoIn(t, folder, "--quiet")
	for round := range killRounds {
		p.work(t, d, round)
		d.kill(t)
		d = demoIn(t, folder, "--quiet")
		p.held(t, d)
	}
	t.Logf("%d pairs promised, %d revoked, %d orders interrupted, CRL number %d", len(p.issued), len(p.revoked), len(p.open), p.crl)
	if len(p.issued) < 50 || len(p.open) == 0 {
		t.Error("too little was interrupted to prove anything")
	}
	p.askAgain(t, d)
	p.held(t, d)
	p.strangersAgree(t, d)
	auditHolds(t, d)
	stops(t, d.process, os.Interrupt)
	auditHolds(t, d)
}

// killedFirstStart breaks off a first start; the next one begins anew.
func killedFirstStart(t *testing.T, folder string) {
	p, err := launch(folder, "--quiet")
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(upTo(2 * time.Second))
	p.kill(t)
}

// upTo is a random time.
func upTo(most time.Duration) time.Duration {
	n, err := rand.Int(rand.Reader, big.NewInt(int64(most)))
	if err != nil {
		panic(err) // without randomness nothing here proves anything
	}
	return time.Duration(n.Int64())
}

// work lets the clients order and revoke until a random moment; then it returns, with
// the clients still under way, so that the program can be killed.
func (p *promises) work(t *testing.T, d *demo, round int) {
	promised := func() (n int) {
		p.note(func() { n = len(p.issued) })
		return n
	}
	before := promised()
	for client := range killClients {
		c := d.as(t, "centre.issuer")
		go func() {
			for n := 0; ; n++ {
				if !p.one(c, fmt.Sprintf("kill-%d-%d-%d", round, client, n)) {
					return
				}
			}
		}()
	}
	time.Sleep(upTo(killAtMost))
	for deadline := time.Now().Add(time.Minute); promised() < before+killLeast && time.Now().Before(deadline); {
		time.Sleep(10 * time.Millisecond) // a busy machine has not done enough to prove anything
	}
	if number := crlNumber(t, d, "sm2"); number > p.crl {
		p.crl = number
	} else if number < p.crl {
		t.Errorf("the CRL's number went back from %d to %d", p.crl, number)
	}
	time.Sleep(upTo(killAtMost / 8))
}

// one orders a pair and revokes every fourth; false when the program is gone.
func (p *promises) one(c *caller, application string) bool {
	key, err := sm2.GenerateKey(rand.Reader)
	if err != nil {
		return false
	}
	request, err := smx509.CreateCertificateRequest(rand.Reader, template(), key)
	if err != nil {
		return false
	}
	o := order{Application: application, Profile: "person-sign", Request: request, Holder: "K-" + unused()}
	p.note(func() { p.open[application] = o })
	var got issued
	if err := c.call("POST", "/v1/orders", o, &got); err != nil {
		return false
	}
	p.note(func() {
		delete(p.open, application)
		p.issued[application] = &got
	})
	if upTo(4) != 0 {
		return true
	}
	if err := c.call("POST", got.Sign.path("revoke"), map[string]string{"reason": "superseded"}, nil); err != nil {
		return false
	}
	p.note(func() { p.revoked[application] = true })
	return true
}

func (p *promises) note(act func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	act()
}

// held compares what the program says now with what was promised. Clients of a
// killed program may still be writing down an answer, so it takes the lock.
func (p *promises) held(t *testing.T, d *demo) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	list := d.as(t, "centre.issuer").list(t)
	serials, pairs := map[string]certificate{}, map[string][]certificate{}
	for _, c := range list {
		if _, twice := serials[c.Serial]; twice {
			t.Errorf("serial %s is there twice", c.Serial)
		}
		serials[c.Serial] = c
		pairs[c.Application] = append(pairs[c.Application], c)
	}
	for application, of := range pairs {
		if len(application) > 5 && application[:5] == "kill-" && len(of) != 2 {
			t.Errorf("%s has %d certificates", application, len(of))
		}
		if len(of) == 2 && of[0].State != of[1].State {
			t.Errorf("%s is half %s, half %s", application, of[0].State, of[1].State)
		}
	}
	for application, got := range p.issued {
		for _, c := range []*certificate{got.Sign, got.Encrypt} {
			now, there := serials[c.Serial]
			if !there || now.Application != application {
				t.Errorf("%s was given certificate %s, which the CA does not list", application, c.Serial)
			}
			if p.revoked[application] && now.State != "revoked" {
				t.Errorf("%s was revoked and is %s", application, now.State)
			}
		}
	}
	if number := crlNumber(t, d, "sm2"); number < p.crl {
		t.Errorf("the CRL's number went back from %d to %d", p.crl, number)
	}
}

// askAgain orders what was interrupted once more, twice: one and the same pair.
func (p *promises) askAgain(t *testing.T, d *demo) {
	office := d.as(t, "centre.issuer")
	before := map[string]string{} // what a killed program had finished by itself
	for _, c := range office.list(t) {
		if c.Role == "sign" {
			before[c.Application] = c.Serial
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for application, o := range p.open {
		first, second := office.issue(t, o), office.issue(t, o)
		if !bytes.Equal(first.Sign.DER, second.Sign.DER) || !bytes.Equal(first.Encrypt.DER, second.Encrypt.DER) ||
			!bytes.Equal(first.Envelope.DER, second.Envelope.DER) {
			t.Errorf("%s asked twice gives two pairs", application)
		}
		if serial, there := before[application]; there && serial != first.Sign.Serial {
			t.Errorf("%s was listed as %s and is %s", application, serial, first.Sign.Serial)
		}
		p.issued[application] = first
	}
	for application, got := range p.issued {
		if _, interrupted := p.open[application]; interrupted {
			continue
		}
		var now issued
		office.must(t, "GET", "/v1/orders/"+application, nil, &now)
		if !bytes.Equal(now.Sign.DER, got.Sign.DER) || !bytes.Equal(now.Encrypt.DER, got.Encrypt.DER) {
			t.Errorf("%s was given other certificates than are on record", application)
		}
		if len(p.issued) > 200 && upTo(4) != 0 {
			break // enough of them, whichever they were
		}
	}
	p.open = map[string]order{}
}

// strangersAgree: some pairs verify, and the revoked are on the list.
func (p *promises) strangersAgree(t *testing.T, d *demo) {
	checked := 0
	for application, got := range p.issued {
		sign, encrypt := got.files(t, t.TempDir())
		d.verifies(t, "sm2", sign)
		d.verifies(t, "sm2", encrypt)
		if p.revoked[application] {
			d.everyList(t, "sm2", "4", sign, encrypt)
		}
		if checked++; checked == 20 {
			return
		}
	}
}

// auditHolds lets the program check its audit logs, which it does without the
// server, whether that runs or not.
func auditHolds(t *testing.T, d *demo) {
	t.Helper()
	for _, component := range []string{"ca", "kmc"} {
		config := filepath.Join(d.folder, component, component+".yaml")
		if out, complaint, code := onecert(t, "audit", "verify", "--config", config); code != 0 {
			t.Errorf("the audit log of the %s: %s%s", component, out, complaint)
		}
	}
}
