package kmc

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"onecert/pki"
	"onecert/pkitest"
)

// pairState is what the model knows of one application's pair.
type pairState struct {
	order   pki.KeyOrder
	public  []byte
	retired bool
}

// TestModel does random acts against a model of what has to happen, with restarts
// in between, on each engine, through object and client alike.
func TestModel(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		seed := uint64(time.Now().UnixNano())
		t.Logf("seed %d", seed)
		m := &model{t: t, house: newHouse(t, source, nil), random: rand.New(rand.NewPCG(seed, 1)),
			token: newToken(t, pki.SM2), pairs: map[string]*pairState{}, seen: map[string]string{}}
		m.client, _ = m.house.wired(nil)
		for range 400 {
			m.act()
		}
	})
}

type model struct {
	t      *testing.T
	house  *house
	client *Client
	random *rand.Rand
	token  *token
	pairs  map[string]*pairState
	seen   map[string]string // application by public key
}

func (m *model) act() {
	n := m.random.IntN(60)
	name := fmt.Sprintf("application-%d", n)
	state := m.pairs[name]
	switch m.random.IntN(20) {
	case 0:
		m.house.settle()
		m.house.stop()
		m.house.start()
	case 1:
		m.house.clock.advance(time.Duration(m.random.IntN(3600)) * time.Second)
	case 2, 3, 4:
		err := m.house.centre.Retire(as("ca1"), certNo(n))
		if (err == nil) != (state != nil) {
			m.t.Errorf("retiring %s: %v", name, err)
		}
		if state != nil {
			state.retired = true
		}
	case 5, 6, 7:
		m.restore(n, state)
	default:
		m.generate(n, name, state)
	}
}

func (m *model) centre() (c centreLike) {
	if m.random.IntN(2) == 0 {
		return m.client
	}
	return m.house.centre
}

func (m *model) restore(n int, state *pairState) {
	holder := fmt.Sprintf("holder-%d", n)
	if m.random.IntN(4) == 0 {
		holder = "somebody"
	}
	g, err := m.centre().Restore(as("ca1"), pki.KeyRestore{CertNo: certNo(n), Recipient: m.token.spki, Holder: holder})
	switch {
	case state == nil:
		wantCode(m.t, err, pki.Unknown, codeNoKey)
	case holder == "somebody":
		wantCode(m.t, err, pki.Forbidden, codeOwner)
	case err != nil || !bytes.Equal(g.PublicKey, state.public):
		m.t.Errorf("restoring %d: %v", n, err)
	default:
		m.token.open(m.t, g)
	}
}

func (m *model) generate(n int, name string, state *pairState) {
	o := m.house.order(n, pki.SM2, m.token)
	if state != nil {
		o = state.order
	}
	changed := state != nil && m.random.IntN(4) == 0
	if changed {
		o.Holder = "somebody"
	}
	g, err := m.centre().Generate(as("ca1"), o)
	if changed {
		wantCode(m.t, err, pki.Conflict, codeOther)
		return
	}
	if err != nil {
		m.t.Fatal(err)
	}
	if state == nil {
		if other := m.seen[string(g.PublicKey)]; other != "" {
			m.t.Errorf("%s got the pair of %s", name, other)
		}
		m.seen[string(g.PublicKey)] = name
		m.pairs[name] = &pairState{order: o, public: g.PublicKey}
	} else if !bytes.Equal(g.PublicKey, state.public) {
		m.t.Errorf("%s got another pair", name)
	}
	m.token.open(m.t, g)
}
